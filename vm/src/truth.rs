//! Two databases, one truth: the last accepted block is noted in the host's database, too.
//!
//! The host keeps records of the chain of its own and refuses to start where we have accepted a block that they lack. They
//! are lost with the host's write-ahead log, or put back from a backup, without us. Our note shares that log; so where it
//! is behind us we go back to it ([`pars_chain::engine::Agreement`]).

use alloy_primitives::B256;
use bytes::Bytes;
use pars_chain::block::BlockId;
use pars_chain::error::Fatal;
use pars_chain::state::meta::Head;
use pars_chain::store::StoreError;
use pars_host::{Host, HostError};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Where the note lies among our keys of the host's database.
const KEY: &[u8] = b"pars/last-accepted";
/// Layout of the note: this byte, the height (8 bytes, big-endian), the id (32 bytes).
const VERSION: u8 = 1;
/// A host that takes longer for one small write is given up. Shorter pauses are those of its disk.
const NOTE_TIMEOUT: Duration = Duration::from_secs(60);

/// Why the note cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The host's database failed.
    #[error("reading the last accepted block from the host's database: {0}")]
    Host(#[from] HostError),
    /// Another release wrote it.
    #[error(
        "the note of the last accepted block in the host's database has version {got}, and this release reads {VERSION}; use the release that wrote it, or a newer one"
    )]
    Version {
        /// Its first byte.
        got: u8,
    },
    /// It is damaged.
    #[error("the note of the last accepted block in the host's database has {got} bytes, expected 41")]
    Length {
        /// Bytes found.
        got: usize,
    },
}

/// Notes accepted blocks in the host's database.
#[derive(Debug, Clone)]
pub struct Recorder {
    host: Arc<dyn Host>,
    runtime: Handle,
}

/// A note that is under way.
#[derive(Debug)]
pub struct Noting {
    put: JoinHandle<Result<(), HostError>>,
    runtime: Handle,
}

impl Recorder {
    /// Opens the host's database and reads what was noted last; no recorder where the host lends none.
    ///
    /// # Errors
    /// When the database failed, or holds something else. It is never taken for empty then.
    pub async fn open(host: Arc<dyn Host>) -> Result<(Option<Self>, Option<Head>), NoteError> {
        match host.get(Bytes::from_static(KEY)).await {
            Err(HostError::NotLent(_)) => Ok((None, None)),
            Err(error) => Err(error.into()),
            Ok(bytes) => {
                let noted = bytes.as_deref().map(decode).transpose()?;
                Ok((Some(Self { host, runtime: Handle::current() }), noted))
            }
        }
    }

    /// Begins to note a block.
    #[must_use]
    pub fn begin(&self, head: Head) -> Noting {
        let host = Arc::clone(&self.host);
        let put = async move {
            let put = host.put(Bytes::from_static(KEY), encode(head));
            let late = || Err(HostError::Call(format!("no answer within {} s", NOTE_TIMEOUT.as_secs())));
            timeout(NOTE_TIMEOUT, put).await.unwrap_or_else(|_| late())
        };
        Noting { put: self.runtime.spawn(put), runtime: self.runtime.clone() }
    }
}

impl Noting {
    /// Waits until the host has it. Not for threads of the runtime.
    ///
    /// # Errors
    /// When the host's database failed. Whether it has the note is known after a restart.
    pub fn wait(self) -> Result<(), Fatal> {
        let Self { put, runtime } = self;
        let put = runtime.block_on(put).unwrap_or_else(|panic| Err(HostError::Call(panic.to_string())));
        put.map_err(|error| StoreError::Io(format!("noting the last accepted block: {error}")).into())
    }
}

fn encode(head: Head) -> Bytes {
    [&[VERSION], head.height.to_be_bytes().as_slice(), head.id.0.as_slice()].concat().into()
}

fn decode(bytes: &[u8]) -> Result<Head, NoteError> {
    let length = || NoteError::Length { got: bytes.len() };
    let (version, rest) = bytes.split_first().ok_or_else(length)?;
    if *version != VERSION {
        return Err(NoteError::Version { got: *version });
    }
    let (height, id) = rest.split_first_chunk::<8>().ok_or_else(length)?;
    let id = B256::try_from(id).map_err(|_| length())?;
    Ok(Head { height: u64::from_be_bytes(*height), id: BlockId(id) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_have_one_form() {
        let head = Head { height: 0x0102, id: BlockId(B256::repeat_byte(7)) };
        let bytes = encode(head);
        assert_eq!(bytes[..9], [1, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(bytes[9..], [7; 32]);
        assert_eq!(decode(&bytes), Ok(head));
    }

    #[test]
    fn malformed() {
        let good = encode(Head { height: 1, id: BlockId::default() });
        for (bytes, error) in [
            (Vec::new(), NoteError::Length { got: 0 }),
            (vec![1; 8], NoteError::Length { got: 8 }),
            (good[..40].to_vec(), NoteError::Length { got: 40 }),
            ([&good[..], &[0]].concat(), NoteError::Length { got: 42 }),
            ([&[2], &good[1..]].concat(), NoteError::Version { got: 2 }),
        ] {
            assert_eq!(decode(&bytes), Err(error), "{bytes:?}");
        }
    }
}

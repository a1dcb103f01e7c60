//! [`Held`]: what gossip asks of the pool.

use alloy_primitives::B256;
use bytes::Bytes;
use pars_chain::pool::Pool;

/// Transactions that wait for a block.
pub trait Held {
    /// Where a transaction stands.
    fn standing(&self, hash: B256) -> Standing;

    /// Its canonical form, while it is there.
    fn bytes(&self, hash: B256) -> Option<Bytes>;

    /// All executable ones: a list a sender, by nonce.
    fn executable(&self) -> Vec<Vec<B256>>;
}

/// Where a transaction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is not there.
    Absent,
    /// It waits for a nonce before it, or for funds.
    Parked,
    /// A block can hold it.
    Executable,
}

impl Held for Pool {
    fn standing(&self, hash: B256) -> Standing {
        match self.is_executable(hash) {
            None => Standing::Absent,
            Some(false) => Standing::Parked,
            Some(true) => Standing::Executable,
        }
    }

    fn bytes(&self, hash: B256) -> Option<Bytes> {
        self.get(hash).map(|tx| tx.encode().0)
    }

    fn executable(&self) -> Vec<Vec<B256>> {
        let hashes = |content: pars_chain::pool::Content| content.executable.iter().map(|tx| tx.hash()).collect();
        self.content().into_iter().map(hashes).collect()
    }
}

//! [`Journal`]: the file that keeps submitted transactions over a restart.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `parspool` |
//! | 4 | version of the layout, 1, big endian |
//! | then, for each transaction: 4 | length, big endian |
//! | 8 | start of the transaction's hash, which is a checksum of its bytes |
//! | length | the transaction, EIP-2718 |
//!
//! A transaction is appended before its submission is answered, with one write and no sync: what was answered survives
//! the end of the process, however it ends. Once a second the file is synced: a machine that loses its power loses that
//! second at most. Whatever cannot be read at the end of the file, where a write was cut off, is left out.
//!
//! Now and then the file is written anew with what still waits, beside the old one, which it then replaces; meanwhile
//! new transactions go to both.

use alloy_primitives::B256;
use alloy_primitives::map::B256Set;
use pars_chain::pool::{Pool, TX_BYTES_MAX};
use pars_chain::tx::Tx;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The file, open.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    inner: Mutex<Inner>,
    /// Held by whoever writes the file anew.
    rewriting: Mutex<()>,
}

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The system says no.
    #[error("{}: {cause}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// No room for it.
    #[error("no space left on the disk that holds {}; free some and start again, nothing is lost", .0.display())]
    DiskFull(PathBuf),
    /// Another file, or one of a newer release.
    #[error("{} is no list of transactions that this release can read; move it away", .0.display())]
    Foreign(PathBuf),
}

#[derive(Debug)]
struct Inner {
    current: Sink,
    /// The file that is being written anew, and what came in since.
    next: Option<(Sink, B256Set)>,
    /// What the file holds.
    kept: B256Set,
    /// Bytes of the file when it was last written anew.
    fresh: u64,
    /// Something is not synced.
    dirty: bool,
}

/// A file that grows by whole frames.
#[derive(Debug)]
struct Sink {
    file: File,
    bytes: u64,
}

const MAGIC: &[u8; 8] = b"parspool";
const VERSION: u32 = 1;
const HEADER_BYTES: u64 = 12;
const CHECK_BYTES: usize = 8;
/// Bytes of the file at most; beyond them nothing is appended until it is written anew.
const BYTES_MAX: u64 = 256 << 20;
/// A file this long is not worth writing anew.
const SHORT_BYTES: u64 = 1 << 20;

impl Journal {
    /// Opens a journal, or makes an empty one. The transactions that it holds come in the order in which they were
    /// appended, each once.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(path: PathBuf) -> Result<(Self, Vec<Arc<Tx>>), JournalError> {
        let io = |cause: io::Error| {
            if cause.kind() == io::ErrorKind::StorageFull {
                JournalError::DiskFull(folder(&path).to_owned())
            } else {
                JournalError::Io { path: path.clone(), cause }
            }
        };
        // One that was not finished is of no use.
        drop(std::fs::remove_file(beside(&path)));
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let Some((whole, transactions)) = read(&file).map_err(io)? else { return Err(JournalError::Foreign(path)) };
        if whole < length {
            tracing::warn!(file = %path.display(), bytes = length - whole, "the end of the journal cannot be read");
            file.set_len(whole).map_err(io)?;
        }
        if whole == 0 {
            file.write_all(&header()).map_err(io)?;
        }
        let bytes = whole.max(HEADER_BYTES);
        let kept = transactions.iter().map(|tx| tx.hash()).collect();
        let current = Sink { file, bytes };
        let inner = Inner { current, next: None, kept, fresh: bytes, dirty: true };
        Ok((Self { path, inner: Mutex::new(inner), rewriting: Mutex::new(()) }, transactions))
    }

    /// Appends a transaction that is not there yet. One that cannot be written is in the log, and in the pool all the
    /// same.
    pub fn append(&self, tx: &Tx) {
        let mut inner = self.lock();
        if inner.kept.contains(&tx.hash()) {
            return;
        }
        let frame = frame(tx);
        if let Err(cause) = inner.append(tx.hash(), &frame) {
            tracing::warn!(%cause, file = %self.path.display(), "a transaction is not kept over a restart");
        }
    }

    /// Whether it is worth writing anew.
    #[must_use]
    pub fn is_long(&self) -> bool {
        let inner = self.lock();
        inner.current.bytes > SHORT_BYTES.max(inner.fresh.saturating_mul(2))
    }

    /// Writes it anew with those of its transactions that are in the pool. Where that fails, it stays as it is.
    pub fn rewrite(&self, pool: &Pool) {
        let _alone = self.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(cause) = self.try_rewrite(pool) {
            self.lock().next = None;
            drop(std::fs::remove_file(beside(&self.path)));
            tracing::warn!(%cause, file = %self.path.display(), "the journal cannot be written anew");
        }
    }

    /// Makes what was appended survive the end of the machine.
    pub fn sync(&self) {
        let file = {
            let mut inner = self.lock();
            if !std::mem::take(&mut inner.dirty) {
                return;
            }
            inner.current.file.try_clone()
        };
        // Not under the lock: submissions go on meanwhile.
        if let Err(cause) = file.and_then(|file| file.sync_data()) {
            self.lock().dirty = true;
            tracing::warn!(%cause, file = %self.path.display(), "syncing the journal");
        }
    }

    fn try_rewrite(&self, pool: &Pool) -> io::Result<()> {
        let beside = beside(&self.path);
        let file = OpenOptions::new().append(true).create_new(true).open(&beside)?;
        let mut next = Sink { file: file.try_clone()?, bytes: 0 };
        next.append(&header())?;
        // From here on what comes in goes to both files; so what is in this one but not yet in the pool's list is there.
        self.lock().next = Some((next, B256Set::default()));
        let listed =
            pool.content().into_iter().flat_map(|content| content.executable.into_iter().chain(content.parked));
        let mut live = B256Set::default();
        let mut piece = Vec::new();
        for tx in listed {
            if !self.lock().kept.contains(&tx.hash()) {
                continue;
            }
            piece.extend_from_slice(&frame(&tx));
            live.insert(tx.hash());
            if piece.len() >= PIECE_BYTES {
                self.append_next(&piece)?;
                piece.clear();
            }
        }
        self.append_next(&piece)?;
        file.sync_all()?;
        {
            let mut inner = self.lock();
            let Some((next, since)) = inner.next.take() else { return Err(io::ErrorKind::NotFound.into()) };
            std::fs::rename(&beside, &self.path)?;
            live.extend(since);
            inner.fresh = next.bytes;
            inner.current = next;
            inner.kept = live;
            // What came in after the sync.
            inner.dirty = true;
        }
        File::open(folder(&self.path))?.sync_all()
    }

    fn append_next(&self, frames: &[u8]) -> io::Result<()> {
        let mut inner = self.lock();
        // It is gone where a submission could not be written to it.
        let (next, _) = inner.next.as_mut().ok_or(io::ErrorKind::StorageFull)?;
        next.append(frames)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes that are written at once when the file is written anew.
const PIECE_BYTES: usize = 256 << 10;

impl Inner {
    fn append(&mut self, hash: B256, frame: &[u8]) -> io::Result<()> {
        if self.current.bytes.saturating_add(len(frame)) > BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.current.append(frame)?;
        self.kept.insert(hash);
        self.dirty = true;
        if let Some((next, since)) = &mut self.next {
            match next.append(frame) {
                Ok(()) => {
                    since.insert(hash);
                }
                // The file at hand has it. The other one must not replace that.
                Err(_) => self.next = None,
            }
        }
        Ok(())
    }
}

impl Sink {
    /// Appends all of it or nothing.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match written {
            Ok(()) => self.bytes += len(bytes),
            // A piece of it would hide what comes after.
            Err(_) => self.file.set_len(self.bytes)?,
        }
        written
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("next")
}

const fn header() -> [u8; 12] {
    let mut header = [0; 12];
    let (magic, version) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    version.copy_from_slice(&VERSION.to_be_bytes());
    header
}

fn frame(tx: &Tx) -> Vec<u8> {
    let bytes = tx.encode();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let check = tx.hash();
    let (check, _) = check.split_at(CHECK_BYTES);
    [length.to_be_bytes().as_slice(), check, &bytes].concat()
}

/// Bytes that are whole, and the transactions in them; none for another kind of file.
fn read(file: &File) -> io::Result<Option<(u64, Vec<Arc<Tx>>)>> {
    let mut from = BufReader::with_capacity(PIECE_BYTES, file);
    let mut found = [0; 12];
    let got = fill(&mut from, &mut found)?;
    let start = header();
    if got < start.len() {
        // Cut off while it was made.
        return Ok(start.starts_with(found.get(..got).unwrap_or_default()).then(|| (0, Vec::new())));
    }
    if found != start {
        return Ok(None);
    }
    let (mut whole, mut seen, mut transactions) = (HEADER_BYTES, B256Set::default(), Vec::new());
    let mut bytes = Vec::new();
    loop {
        let (mut length, mut check) = ([0; 4], [0; CHECK_BYTES]);
        if fill(&mut from, &mut length)? < length.len() || fill(&mut from, &mut check)? < check.len() {
            break;
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > TX_BYTES_MAX {
            break;
        }
        bytes.resize(length, 0);
        if fill(&mut from, &mut bytes)? < length {
            break;
        }
        let hash = alloy_primitives::keccak256(&bytes);
        if !hash.starts_with(&check) {
            break;
        }
        whole += len(&bytes) + len(&check) + 4;
        if seen.insert(hash) {
            match Tx::decode(&bytes) {
                Ok(tx) => transactions.push(Arc::new(tx)),
                Err(cause) => tracing::warn!(%hash, %cause, "a kept transaction does not decode"),
            }
        }
    }
    Ok(Some((whole, transactions)))
}

/// Reads as much as there is.
fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = into.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(filled)
}

fn len(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::crypto::secp256k1::sign_message;
    use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip4844, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use alloy_primitives::{Address, U256};
    use pars_chain::engine::{Chain, Opening};
    use pars_chain::pool::{Limits, Origin};
    use pars_chain::store::Memory;
    use pars_genesis::presets::{self, LOCAL_ACCOUNTS};
    use std::fs;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tempfile::TempDir;

    fn tx(account: usize, nonce: u64) -> Arc<Tx> {
        let unsigned = TxLegacy {
            chain_id: Some(1_337),
            nonce,
            gas_price: 1_000_000_000_000,
            gas_limit: 21_000,
            to: Address::repeat_byte(7).into(),
            value: U256::ONE,
            ..TxLegacy::default()
        };
        let signature = sign_message(LOCAL_ACCOUNTS[account].1, unsigned.signature_hash()).unwrap();
        let signed = EthereumTxEnvelope::<TxEip4844>::from(unsigned.into_signed(signature));
        Arc::new(Tx::decode(&signed.encoded_2718()).unwrap())
    }

    fn pool() -> Pool {
        let genesis = presets::local(1);
        let chain = Chain::open(Arc::new(Memory::new()), &Opening::new(&genesis)).unwrap();
        Pool::new(Arc::clone(chain.spec()), Limits::default(), chain.head()).unwrap()
    }

    fn open(folder: &TempDir) -> (Journal, Vec<Arc<Tx>>) {
        Journal::open(folder.path().join("pool.journal")).unwrap()
    }

    fn nonces(kept: &[Arc<Tx>]) -> Vec<u64> {
        kept.iter().map(|tx| tx.nonce()).collect()
    }

    #[test]
    fn what_was_appended_is_there_again_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, kept) = open(&folder);
        assert_eq!(kept, []);
        for nonce in [3, 1, 2, 1, 3] {
            journal.append(&tx(0, nonce));
        }
        drop(journal);
        for _ in 0..2 {
            let (journal, kept) = open(&folder);
            assert_eq!(kept, [tx(0, 3), tx(0, 1), tx(0, 2)]);
            journal.append(&tx(0, 2));
        }
    }

    /// Cut anywhere: what is whole before the cut is there, and appending goes on from it.
    #[test]
    fn a_torn_end_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.journal");
        let (journal, _) = open(&folder);
        let ends: Vec<usize> = (0..3)
            .map(|nonce| {
                journal.append(&tx(0, nonce));
                fs::read(&path).unwrap().len()
            })
            .collect();
        drop(journal);
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let (journal, kept) = open(&folder);
            let before = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(nonces(&kept), (0..3).take(before).collect::<Vec<_>>(), "cut at {cut}");
            journal.append(&tx(0, 9));
            drop(journal);
            let (_, kept) = open(&folder);
            assert_eq!(nonces(&kept), (0..3).take(before).chain([9]).collect::<Vec<_>>(), "cut at {cut}");
        }
    }

    /// A byte changed anywhere: another file, or fewer transactions; never others, and no panic.
    #[test]
    fn a_changed_byte_gives_nothing_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.journal");
        let (journal, _) = open(&folder);
        (0..3).for_each(|nonce| journal.append(&tx(0, nonce)));
        drop(journal);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x41;
            fs::write(&path, &changed).unwrap();
            match Journal::open(path.clone()) {
                Ok((_, kept)) => {
                    assert!(at >= 12 && kept.len() < 3, "byte {at}");
                    assert_eq!(kept, (0..3).take(kept.len()).map(|nonce| tx(0, nonce)).collect::<Vec<_>>());
                }
                Err(JournalError::Foreign(_)) => {
                    assert!(at < 12, "byte {at}");
                    assert_eq!(fs::read(&path).unwrap(), changed, "it is left as it is");
                }
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }

    #[test]
    fn a_frame_longer_than_a_transaction_is_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.journal");
        drop(open(&folder));
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(&u32::MAX.to_be_bytes());
        bytes.extend_from_slice(&[0; 100]);
        fs::write(&path, bytes).unwrap();
        let (_, kept) = open(&folder);
        assert_eq!(kept, []);
        assert_eq!(fs::read(&path).unwrap(), header());
    }

    #[test]
    fn written_anew_it_holds_what_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pool.journal");
        let (journal, pool) = (open(&folder).0, pool());
        for nonce in 0..6 {
            journal.append(&tx(0, nonce));
        }
        // 5 waits for 4, which never came in; 2 came another way.
        for tx in [tx(0, 1), tx(0, 0), tx(0, 5)] {
            pool.submit(tx, Origin::Remote, 0).unwrap();
        }
        pool.submit(tx(1, 0), Origin::Remote, 0).unwrap();
        let before = fs::metadata(&path).unwrap().len();
        journal.rewrite(&pool);
        assert!(fs::metadata(&path).unwrap().len() < before);
        assert!(!folder.path().join("pool.next").exists());
        // What left it may come again.
        journal.append(&tx(0, 3));
        journal.append(&tx(0, 0));
        drop(journal);
        let (_, kept) = open(&folder);
        assert_eq!(kept, [tx(0, 0), tx(0, 1), tx(0, 5), tx(0, 3)]);
        // One that was not finished does no harm.
        fs::write(folder.path().join("pool.next"), "half").unwrap();
        let (journal, kept) = open(&folder);
        assert_eq!(kept.len(), 4);
        journal.rewrite(&pool);
        assert_eq!(open(&folder).1.len(), 3);
    }

    /// Submissions go on while the file is written anew, again and again; none is lost.
    #[test]
    fn nothing_is_lost_between_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool) = (open(&folder).0, pool());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..4)
                .map(|account| {
                    let (journal, pool) = (&journal, &pool);
                    scope.spawn(move || {
                        for nonce in 0..200 {
                            let tx = tx(account, nonce);
                            pool.submit(Arc::clone(&tx), Origin::Remote, 0).unwrap();
                            journal.append(&tx);
                        }
                    })
                })
                .collect();
            let (journal, pool, done) = (&journal, &pool, &done);
            let rewriter = scope.spawn(move || {
                let mut times = 0;
                while !done.load(Ordering::Relaxed) {
                    journal.rewrite(pool);
                    journal.sync();
                    times += 1;
                }
                times
            });
            senders.into_iter().for_each(|sender| sender.join().unwrap());
            done.store(true, Ordering::Relaxed);
            println!("written anew {} times", rewriter.join().unwrap());
        });
        drop(journal);
        let (_, kept) = open(&folder);
        let mut places: Vec<_> = kept.iter().map(|tx| (tx.sender(), tx.nonce())).collect();
        places.sort_unstable();
        assert_eq!(places.len(), 800);
        places.dedup();
        assert_eq!(places.len(), 800);
    }

    #[test]
    fn long_ones_are_worth_writing_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool) = (open(&folder).0, pool());
        assert!(!journal.is_long());
        journal.lock().current.bytes = SHORT_BYTES + 1;
        assert!(journal.is_long());
        journal.rewrite(&pool);
        assert!(!journal.is_long());
        // Beyond the bound nothing is appended, and nothing breaks.
        journal.lock().current.bytes = BYTES_MAX;
        journal.append(&tx(0, 0));
        assert!(journal.is_long());
        drop(journal);
        assert_eq!(open(&folder).1, []);
    }
}

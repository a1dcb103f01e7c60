//! [`Journal`]: the file that keeps submitted transactions over a restart. `journal/records.rs` has its layout.
//!
//! A transaction is appended before its submission is answered, with one write and no sync, and with it whatever has left
//! the pool until then: what was answered survives the end of the process, however it ends, and what left does not come
//! back in its place. Once a second the file is synced: a machine that loses its power loses that second at most.
//! Whatever cannot be read, where a write was cut off or the file is damaged, is left out.
//!
//! Now and then the file is written anew with what still waits, beside the old one, which it then replaces; meanwhile
//! new records go to both.

mod records;

pub use records::Contents;

use pars_chain::pool::{Arrived, Departed, Pool};
use pars_chain::tx::Tx;
use records::{HEADER_BYTES, VERSION, header};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
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
    /// A pipe, a device or a folder: opening it might wait for ever.
    #[error("{} is no ordinary file, which the list of transactions must be; move it away", .0.display())]
    NoFile(PathBuf),
}

/// Transactions are named by their places in the pool's order of arrival.
#[derive(Debug)]
struct Inner {
    current: Sink,
    /// The file that is being written anew, and what came in since.
    next: Option<(Sink, BTreeSet<u64>)>,
    /// What the file holds and has not left. Mined ones are among them until it is written anew.
    kept: BTreeSet<u64>,
    /// Bytes of the file when it was last written anew.
    fresh: u64,
    /// Something is not synced.
    dirty: bool,
    /// Something is missing in it, and only writing it anew brings it in.
    stale: bool,
}

/// A file that grows by whole records.
#[derive(Debug)]
struct Sink {
    file: File,
    bytes: u64,
}

/// Bytes of the file at most; beyond them nothing is appended until it is written anew.
const BYTES_MAX: u64 = 256 << 20;
/// A file this long is not worth writing anew.
const SHORT_BYTES: u64 = 1 << 20;
/// Bytes that are written at once when the file is written anew.
const PIECE_BYTES: usize = 256 << 10;

impl Journal {
    /// Opens a journal, or makes an empty one. Gives what it holds.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(path: PathBuf) -> Result<(Self, Contents), JournalError> {
        let io = |cause: io::Error| {
            if cause.kind() == io::ErrorKind::StorageFull {
                JournalError::DiskFull(folder(&path).to_owned())
            } else {
                JournalError::Io { path: path.clone(), cause }
            }
        };
        match std::fs::metadata(&path) {
            Ok(there) if !there.is_file() => return Err(JournalError::NoFile(path)),
            Ok(there) if there.len() > BYTES_MAX => return Err(JournalError::Foreign(path)),
            Ok(_) | Err(_) => {}
        }
        // One that was not finished is of no use.
        drop(std::fs::remove_file(beside(&path)));
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path).map_err(io)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let Some(contents) = Contents::read(&bytes) else { return Err(JournalError::Foreign(path)) };
        let Contents { whole, damaged, undecodable, .. } = contents;
        let torn = bytes.len() - whole;
        if torn + damaged + undecodable > 0 {
            tracing::warn!(file = %path.display(), torn, damaged, undecodable, "some of the journal cannot be read");
        }
        let current = if contents.version == VERSION {
            file.set_len(count(whole)).map_err(io)?;
            if whole == 0 {
                file.write_all(&header()).map_err(io)?;
            }
            Sink { file, bytes: count(whole.max(HEADER_BYTES)) }
        } else {
            upgraded(&path, &contents).map_err(io)?
        };
        let kept = contents.alive.iter().map(|kept| kept.arrival).collect();
        let fresh = current.bytes;
        let inner = Inner { current, next: None, kept, fresh, dirty: true, stale: false };
        Ok((Self { path, inner: Mutex::new(inner), rewriting: Mutex::new(()) }, contents))
    }

    /// Notes a transaction that is in the pool and was not noted yet, and what has left the pool. One that cannot be
    /// written is in the log, and in the pool all the same.
    pub fn keep(&self, tx: &Tx, pool: &Pool) {
        self.note(Some(tx), pool);
    }

    /// Notes what has left the pool.
    pub fn follow(&self, pool: &Pool) {
        self.note(None, pool);
    }

    /// Bytes of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.lock().current.bytes
    }

    /// Whether it should be written anew.
    #[must_use]
    pub fn wants_rewrite(&self) -> bool {
        let inner = self.lock();
        inner.stale || inner.current.bytes > SHORT_BYTES.max(inner.fresh.saturating_mul(2))
    }

    /// Writes it anew with those of its transactions that are in the pool. Where that fails, it stays as it is.
    pub fn rewrite(&self, pool: &Pool) {
        let _alone = self.rewriting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(cause) = self.try_rewrite(pool) {
            let mut inner = self.lock();
            inner.next = None;
            inner.stale = true;
            drop(inner);
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

    fn note(&self, tx: Option<&Tx>, pool: &Pool) {
        // The pool is asked under the lock. So whoever returns from here knows that everything that left before is noted,
        // and a transaction is noted before its leaving; one that replaced another before that one's, also where somebody
        // else is about to note it.
        let mut inner = self.lock();
        let departed = pool.take_departed();
        let hashes = departed.replacing.iter().copied().chain(tx.map(Tx::hash));
        let came: Vec<_> = hashes.filter_map(|hash| Some((pool.arrival(hash)?, pool.get(hash)?))).collect();
        if let Err(cause) = inner.note(&came, departed) {
            tracing::warn!(%cause, file = %self.path.display(), "what changed in the pool is not kept over a restart yet");
        }
    }

    fn try_rewrite(&self, pool: &Pool) -> io::Result<()> {
        let beside = beside(&self.path);
        let mut next = Sink::create(&beside)?;
        next.append(&header())?;
        let file = next.file.try_clone()?;
        {
            // From here on what comes in goes to both files; so what is in this one but not yet in the pool's list is
            // there.
            let mut inner = self.lock();
            inner.next = Some((next, BTreeSet::new()));
            inner.stale = false;
        }
        let mut live = BTreeSet::new();
        let mut piece = Vec::new();
        for Arrived { tx, arrival } in pool.arrived() {
            if !self.lock().kept.contains(&arrival) {
                continue;
            }
            piece.extend_from_slice(&records::came(arrival, &tx));
            live.insert(arrival);
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
            inner.kept.retain(|arrival| live.contains(arrival) || since.contains(arrival));
            inner.fresh = next.bytes;
            inner.current = next;
            // What came in after the sync.
            inner.dirty = true;
        }
        File::open(folder(&self.path))?.sync_all()
    }

    fn append_next(&self, records: &[u8]) -> io::Result<()> {
        let mut inner = self.lock();
        // It is gone where a submission could not be written to it.
        let (next, _) = inner.next.as_mut().ok_or(io::ErrorKind::StorageFull)?;
        next.append(records)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn note(&mut self, came: &[(u64, Arc<Tx>)], departed: Departed) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut arrived = Vec::new();
        for (arrival, tx) in came {
            if self.kept.insert(*arrival) {
                // Before what left: cut off in between, there is one too many, and the later one of a nonce counts.
                bytes.extend(records::came(*arrival, tx));
                arrived.push(*arrival);
            }
        }
        for arrival in departed.arrivals {
            if self.kept.remove(&arrival) {
                bytes.extend(records::left(arrival));
            }
        }
        self.stale |= departed.overflowed;
        if bytes.is_empty() {
            return Ok(());
        }
        let written = self.append(&bytes);
        self.stale |= written.is_err();
        if let Some((next, since)) = &mut self.next {
            since.extend(arrived);
            // The file at hand has it. The other one must not replace that.
            if written.is_err() || next.append(&bytes).is_err() {
                self.next = None;
            }
        }
        written
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.current.bytes.saturating_add(count(bytes.len())) > BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.current.append(bytes)?;
        self.dirty = true;
        Ok(())
    }
}

impl Sink {
    fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        Ok(Self { file, bytes: 0 })
    }

    /// Appends all of it or nothing.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match written {
            Ok(()) => self.bytes += count(bytes.len()),
            // A piece of it would hide what comes after.
            Err(_) => self.file.set_len(self.bytes)?,
        }
        written
    }
}

/// Puts a file of this release's layout in the place of an older one: records of both do not go together.
fn upgraded(path: &Path, contents: &Contents) -> io::Result<Sink> {
    let beside = beside(path);
    let mut next = Sink::create(&beside)?;
    next.append(&contents.write())?;
    next.file.sync_all()?;
    std::fs::rename(&beside, path)?;
    Ok(next)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension("next")
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::crypto::secp256k1::sign_message;
    use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip4844, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use alloy_primitives::{Address, U256};
    use pars_chain::engine::{Chain, Opening};
    use pars_chain::pool::{Limits, Origin, Refused};
    use pars_chain::store::Memory;
    use pars_chain::view::View;
    use pars_genesis::presets::{self, LOCAL_ACCOUNTS};
    use pars_genesis::spec::ChainSpec;
    use std::fs;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, LazyLock};
    use tempfile::TempDir;

    static HEAD: LazyLock<(Arc<ChainSpec>, View)> = LazyLock::new(|| {
        let genesis = presets::local(1);
        let chain = Chain::open(Arc::new(Memory::new()), &Opening::new(&genesis)).unwrap();
        (Arc::clone(chain.spec()), chain.head().clone())
    });

    fn tx(account: usize, nonce: u64) -> Arc<Tx> {
        dear(account, nonce, 1)
    }

    /// A transfer at so many times the usual price.
    fn dear(account: usize, nonce: u64, times: u128) -> Arc<Tx> {
        let unsigned = TxLegacy {
            chain_id: Some(1_337),
            nonce,
            gas_price: times * 1_000_000_000_000,
            gas_limit: 21_000,
            to: Address::repeat_byte(7).into(),
            value: U256::ONE,
            ..TxLegacy::default()
        };
        let signature = sign_message(LOCAL_ACCOUNTS[account].1, unsigned.signature_hash()).unwrap();
        let signed = EthereumTxEnvelope::<TxEip4844>::from(unsigned.into_signed(signature));
        Arc::new(Tx::decode(&signed.encoded_2718()).unwrap())
    }

    fn path(folder: &TempDir) -> PathBuf {
        folder.path().join("pool.journal")
    }

    fn limited(limits: Limits) -> Pool {
        let (spec, head) = &*HEAD;
        Pool::new(Arc::clone(spec), limits, head).unwrap()
    }

    /// A process starts: the journal, a pool with what it held, and that.
    fn start_with(folder: &TempDir, limits: Limits) -> (Journal, Pool, Vec<Arc<Tx>>) {
        let (journal, contents) = Journal::open(path(folder)).unwrap();
        let pool = limited(limits);
        let kept = contents.alive.iter().map(|kept| (kept.clone(), Origin::Remote)).collect();
        pool.restore(kept, contents.arrivals, 0).unwrap();
        (journal, pool, contents.alive.into_iter().map(|kept| kept.tx).collect())
    }

    fn start(folder: &TempDir) -> (Journal, Pool, Vec<Arc<Tx>>) {
        start_with(folder, Limits::default())
    }

    /// Submits as a node does.
    fn submit(journal: &Journal, pool: &Pool, tx: &Arc<Tx>) {
        let taken = pool.submit(Arc::clone(tx), Origin::Remote, 0);
        assert!(matches!(taken, Ok(_) | Err(Refused::AlreadyKnown)), "{taken:?}");
        journal.keep(tx, pool);
    }

    fn nonces(kept: &[Arc<Tx>]) -> Vec<u64> {
        kept.iter().map(|tx| tx.nonce()).collect()
    }

    #[test]
    fn what_was_appended_is_there_again_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool, kept) = start(&folder);
        assert_eq!(kept, []);
        for nonce in [3, 1, 2, 1, 3] {
            submit(&journal, &pool, &tx(0, nonce));
        }
        drop(journal);
        for _ in 0..2 {
            let (journal, pool, kept) = start(&folder);
            assert_eq!(kept, [tx(0, 3), tx(0, 1), tx(0, 2)]);
            submit(&journal, &pool, &tx(0, 2));
        }
    }

    /// Replaced, evicted and expired ones do not come back, and one that came again does.
    #[test]
    fn what_left_stays_away() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { account_queue: 1, global_queue: 2, lifetime_ms: 10, ..Limits::default() };
        let (journal, pool, _) = start_with(&folder, limits);
        submit(&journal, &pool, &tx(0, 5));
        submit(&journal, &pool, &dear(0, 5, 2));
        submit(&journal, &pool, &tx(0, 6));
        submit(&journal, &pool, &tx(1, 7));
        assert_eq!(pool.get(tx(0, 6).hash()), None, "beyond its sender's share");
        assert_eq!(start_with(&folder, limits).2, [dear(0, 5, 2), tx(1, 7)]);
        assert_eq!(pool.expire(11), 2);
        assert_eq!(start_with(&folder, limits).2, [dear(0, 5, 2), tx(1, 7)], "nobody has looked since");
        submit(&journal, &pool, &tx(1, 7));
        assert_eq!(start_with(&folder, limits).2, [tx(1, 7)]);
        pool.expire(11);
        journal.follow(&pool);
        let (journal, pool, kept) = start_with(&folder, limits);
        assert_eq!(kept, []);
        // Numbers go on where they were, or what comes now would be taken for what left.
        submit(&journal, &pool, &tx(2, 1));
        assert_eq!(start_with(&folder, limits).2, [tx(2, 1)]);
    }

    /// More leaves at once than is remembered: the file is written anew from what is there.
    #[test]
    fn more_departures_than_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits { global_queue: 10_000, account_queue: 10_000, lifetime_ms: 10, ..Limits::default() };
        let (journal, pool, _) = start_with(&folder, limits);
        for _ in 0..9 {
            for nonce in 1..=1_000 {
                submit_unnoted(&pool, nonce);
            }
            pool.expire(11);
        }
        submit(&journal, &pool, &tx(0, 1));
        assert!(journal.wants_rewrite());
        journal.rewrite(&pool);
        assert!(!journal.wants_rewrite());
        assert_eq!(start_with(&folder, limits).2, [tx(0, 1)]);
    }

    fn submit_unnoted(pool: &Pool, nonce: u64) {
        static SIGNED: LazyLock<Vec<Arc<Tx>>> = LazyLock::new(|| (0..=1_000).map(|nonce| tx(0, nonce)).collect());
        let tx = &SIGNED[usize::try_from(nonce).unwrap()];
        pool.submit(Arc::clone(tx), Origin::Remote, 0).unwrap();
    }

    /// Cut anywhere: what is whole before the cut is there, and appending goes on from it.
    #[test]
    fn a_torn_end_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool, _) = start(&folder);
        let ends: Vec<usize> = (0..3)
            .map(|nonce| {
                submit(&journal, &pool, &tx(0, nonce));
                fs::read(path(&folder)).unwrap().len()
            })
            .collect();
        drop(journal);
        let whole = fs::read(path(&folder)).unwrap();
        for cut in 0..=whole.len() {
            fs::write(path(&folder), &whole[..cut]).unwrap();
            let (journal, pool, kept) = start(&folder);
            let before = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(nonces(&kept), (0..3).take(before).collect::<Vec<_>>(), "cut at {cut}");
            submit(&journal, &pool, &tx(0, 9));
            drop(journal);
            let (_, _, kept) = start(&folder);
            assert_eq!(nonces(&kept), (0..3).take(before).chain([9]).collect::<Vec<_>>(), "cut at {cut}");
        }
    }

    /// A byte changed anywhere: another file, or the one record that it is in is gone; never others, and no panic.
    #[test]
    fn a_changed_byte_costs_one_record() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool, _) = start(&folder);
        let mut ends = vec![HEADER_BYTES];
        for nonce in 0..4 {
            submit(&journal, &pool, &tx(0, nonce));
            ends.push(fs::read(path(&folder)).unwrap().len());
        }
        drop(journal);
        let whole = fs::read(path(&folder)).unwrap();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x41;
            fs::write(path(&folder), &changed).unwrap();
            match Journal::open(path(&folder)) {
                Ok((_, Contents { alive, .. })) => {
                    let touched = ends.iter().filter(|end| **end <= at).count() - 1;
                    let rest: Vec<_> =
                        (0..4).filter(|nonce| *nonce != touched).map(|nonce| u64::try_from(nonce).unwrap()).collect();
                    assert_eq!(alive.iter().map(|kept| kept.tx.nonce()).collect::<Vec<_>>(), rest, "byte {at}");
                }
                Err(JournalError::Foreign(_)) => {
                    assert!(at < HEADER_BYTES, "byte {at}");
                    assert_eq!(fs::read(path(&folder)).unwrap(), changed, "it is left as it is");
                }
                Err(other) => panic!("byte {at}: {other}"),
            }
        }
    }

    #[test]
    fn a_record_longer_than_a_transaction_is_none() {
        let folder = tempfile::tempdir().unwrap();
        drop(start(&folder));
        let mut bytes = fs::read(path(&folder)).unwrap();
        bytes.extend_from_slice(&u32::MAX.to_be_bytes());
        bytes.extend_from_slice(&[0; 100]);
        fs::write(path(&folder), bytes).unwrap();
        assert_eq!(start(&folder).2, []);
        assert_eq!(fs::read(path(&folder)).unwrap(), header());
    }

    /// A pipe would be waited for until somebody writes to it.
    #[test]
    fn what_is_no_file_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path(&folder)).status().unwrap().success());
        let words = format!(
            "{} is no ordinary file, which the list of transactions must be; move it away",
            path(&folder).display()
        );
        assert_eq!(Journal::open(path(&folder)).unwrap_err().to_string(), words);
        fs::remove_file(path(&folder)).unwrap();
        fs::create_dir(path(&folder)).unwrap();
        assert_eq!(Journal::open(path(&folder)).unwrap_err().to_string(), words);
    }

    /// A file of the release before: everything in it is alive, and of two with one nonce the later one counts.
    #[test]
    fn version_1_is_read_and_becomes_version_2() {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = b"parspool\0\0\0\x01".to_vec();
        for tx in [tx(0, 3), tx(0, 1), dear(0, 3, 2)] {
            let encoded = tx.encode();
            bytes.extend(u32::try_from(encoded.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(&tx.hash()[..8]);
            bytes.extend_from_slice(&encoded);
        }
        bytes.extend_from_slice(&[0, 0, 0]);
        fs::write(path(&folder), bytes).unwrap();
        let (journal, pool, kept) = start(&folder);
        assert_eq!(kept, [tx(0, 3), tx(0, 1), dear(0, 3, 2)]);
        assert_eq!((pool.len(), pool.get(tx(0, 3).hash())), (2, None));
        submit(&journal, &pool, &tx(0, 2));
        assert!(fs::read(path(&folder)).unwrap().starts_with(b"parspool\0\0\0\x02"));
        assert_eq!(start(&folder).2, [tx(0, 1), dear(0, 3, 2), tx(0, 2)]);
    }

    #[test]
    fn written_anew_it_holds_what_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool, _) = start(&folder);
        // 5 waits for 4, which never came in.
        for tx in [tx(0, 1), tx(0, 0), tx(0, 5), tx(0, 3)] {
            submit(&journal, &pool, &tx);
        }
        for times in 2..9 {
            submit(&journal, &pool, &dear(0, 3, times));
        }
        // This one came another way.
        pool.submit(tx(1, 0), Origin::Remote, 0).unwrap();
        let before = fs::metadata(path(&folder)).unwrap().len();
        journal.rewrite(&pool);
        assert!(fs::metadata(path(&folder)).unwrap().len() < before);
        assert!(!folder.path().join("pool.next").exists());
        // What has another place now is noted again.
        submit(&journal, &pool, &dear(0, 3, 10));
        submit(&journal, &pool, &tx(0, 0));
        drop(journal);
        let (_, _, kept) = start(&folder);
        assert_eq!(kept, [tx(0, 1), tx(0, 0), tx(0, 5), dear(0, 3, 10)]);
        // One that was not finished does no harm.
        fs::write(folder.path().join("pool.next"), "half").unwrap();
        let (journal, _, kept) = start(&folder);
        assert_eq!(kept.len(), 4);
        journal.rewrite(&pool);
        assert_eq!(start(&folder).2.len(), 4);
    }

    /// Whoever strikes out the old one notes the new one, even where its own submission has not come so far.
    #[test]
    fn one_of_a_nonce_is_always_there() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool, _) = start(&folder);
        submit(&journal, &pool, &tx(0, 5));
        let replacement = dear(0, 5, 2);
        pool.submit(Arc::clone(&replacement), Origin::Remote, 0).unwrap();
        // The keeper, or another submission, between that and the rest of this one.
        journal.follow(&pool);
        drop((journal, pool));
        assert_eq!(start(&folder).2, [replacement]);
    }

    /// Submissions go on while the file is written anew, again and again; none is lost, and none that was replaced is back.
    #[test]
    fn nothing_is_lost_between_two_files() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool, _) = start(&folder);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..4)
                .map(|account| {
                    let (journal, pool) = (&journal, &pool);
                    scope.spawn(move || {
                        for nonce in 0..200 {
                            submit(journal, pool, &tx(account, nonce));
                            if nonce % 3 == 0 {
                                submit(journal, pool, &dear(account, nonce, 2));
                            }
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
        let (_, contents) = Journal::open(path(&folder)).unwrap();
        let mut there = pool.arrived();
        there.sort_by_key(|kept| kept.arrival);
        assert_eq!(there.len(), 800);
        assert_eq!(contents.alive, there);
    }

    #[test]
    fn long_ones_are_worth_writing_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, pool, _) = start(&folder);
        assert!(!journal.wants_rewrite());
        journal.lock().current.bytes = SHORT_BYTES + 1;
        assert!(journal.wants_rewrite());
        journal.rewrite(&pool);
        assert!(!journal.wants_rewrite());
        // Beyond the bound nothing is appended, and nothing breaks; written anew, the file has it.
        journal.lock().current.bytes = BYTES_MAX;
        submit(&journal, &pool, &tx(0, 0));
        assert!(journal.wants_rewrite());
        assert_eq!(start(&folder).2, []);
        journal.rewrite(&pool);
        assert!(!journal.wants_rewrite());
        assert_eq!(start(&folder).2, [tx(0, 0)]);
    }
}

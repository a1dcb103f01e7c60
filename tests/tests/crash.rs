//! Stops of the store: kill -9, folders copied while they are written, write-ahead logs cut anywhere. Whatever is
//! opened again is some earlier head, whole, and the chain goes on from it.
//!
//! 50 runs; with `PARS_FULL=1` 500. The seed is printed and is the reproduction.

#![expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "heights of recorded chains are small")]

use pars_chain::block::Block;
use pars_chain::engine::{Chain, Context, OpenError, Verdict};
use pars_chain::error::Fatal;
use pars_chain::state::audit::{Report, audit};
use pars_chain::state::commit::History;
use pars_chain::store::{Batch, Column, Durability, Memory, Store};
use pars_tests::random::Random;
use pars_vm::replay::record::Record;
use pars_vm::store::rocks::Rocks;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use strum::IntoEnumIterator;

/// A chain with precompiles switched on and off, a state upgrade, and storage that is wiped.
const RECORD: &str = "vectors/subnet-evm/precompiles-12.json.gz";
/// Short, so that pruning runs on most blocks.
const WINDOW: u64 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    /// The folder is copied while the child writes.
    CopiedWhileRunning,
    /// The child is killed.
    Killed,
    /// The child is killed and the newest write-ahead log loses its end.
    LogCut,
}

#[test]
fn process_stops_leave_a_whole_head() {
    let runs = if std::env::var_os("PARS_FULL").is_some() { 500 } else { 50 };
    let mut random = Random::of_now();
    println!("seed {}", random.0);
    let record = Record::read(&record_file()).expect("the recorded chain is checked in");
    let mut lost: BTreeMap<Stop, Vec<u64>> = BTreeMap::new();
    for run in 0..runs {
        let stop = [Stop::CopiedWhileRunning, Stop::Killed, Stop::LogCut][run % 3];
        let behind = one_stop(&record, stop, &mut random);
        lost.entry(stop).or_default().push(behind);
    }
    for (stop, behind) in &lost {
        let most = behind.iter().max().copied().unwrap_or_default();
        println!("{stop:?}: {} runs, all whole; blocks behind the last answer: at most {most}", behind.len());
    }
}

/// Runs a child into a stop and checks what it left. How many answered blocks are gone.
fn one_stop(record: &Record, stop: Stop, random: &mut Random) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    let mut child = Running::start(&data);
    let last = record.blocks.len() as u64 - 1;
    // Before its first block the child may have no log yet.
    let until = 1 + random.below(last - 20);
    while child.answered() < until {
        std::thread::yield_now();
    }
    let before = child.answered();
    let copy = folder.path().join("copy");
    let opened = if stop == Stop::CopiedWhileRunning {
        copy_folder(&data, &copy);
        copy
    } else {
        data
    };
    let answered = child.kill();
    if stop == Stop::LogCut {
        cut_newest_log(&opened, random);
    }
    let (head, report) = check(record, &opened);
    assert!(head <= answered + 1, "{stop:?}: head {head} was never accepted, the last answer was {answered}");
    if stop != Stop::LogCut {
        assert!(head >= before, "{stop:?}: head {head}, but {before} was answered before");
    }
    if stop == Stop::Killed {
        assert!(head >= answered, "{stop:?}: head {head}, but {answered} was answered");
    }
    assert_eq!(report.height, head);
    answered.saturating_sub(head)
}

/// Opens a folder, checks that everything in it agrees, and goes on for a few blocks.
fn check(record: &Record, folder: &Path) -> (u64, Report) {
    let store = Arc::new(Rocks::open(folder).expect("RocksDB opens what a stop left"));
    let opening = record.opening(History::Pruned(WINDOW));
    let mut chain = Chain::open(Arc::clone(&store) as Arc<dyn Store>, &opening).expect("the head is whole");
    let head = chain.head().height();
    let report = audit(store.snapshot().expect("snapshot"), WINDOW).expect("everything agrees");
    for recorded in record.blocks.iter().skip(head as usize + 1).take(5) {
        let block = chain.parse(recorded.rlp.clone()).expect("recorded");
        let context = Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
        assert_eq!(chain.verify(&block, context), Ok(Verdict::Valid), "block {}", recorded.number);
        chain.accept(block.id(), Durability::Synced).expect("goes on");
    }
    drop(chain);
    audit(store.snapshot().expect("snapshot"), WINDOW).expect("everything agrees after going on");
    (head, report)
}

/// The batch of a block with all writes of one column left out, for every column: opening or the audit finds each.
#[test]
fn a_planted_half_block_is_found() {
    let record = Record::read(&record_file()).expect("the recorded chain is checked in");
    let opening = record.opening(History::Pruned(WINDOW));
    let height = 60;
    let mut found_at_open = 0;
    let mut tried = 0;
    for missing in Column::iter().filter(|column| !matches!(column, Column::Meta)) {
        let store = Arc::new(Memory::new());
        let mut chain = Chain::open(Arc::clone(&store) as Arc<dyn Store>, &opening).expect("fresh");
        accept_until(&mut chain, &record, height - 1);
        let before = store.dump();
        accept_until(&mut chain, &record, height);
        let after = store.dump();
        drop(chain);
        audit(store.snapshot().expect("snapshot"), WINDOW).expect("whole before anything is taken out");
        let mut batch = Batch::default();
        for (key, value) in &before {
            if key.0 == missing && after.get(key) != Some(value) {
                batch.put(key.0, key.1.clone(), value.clone());
            }
        }
        for key in after.keys().filter(|key| key.0 == missing && !before.contains_key(*key)) {
            batch.delete(key.0, key.1.clone());
        }
        if batch.writes.is_empty() {
            continue;
        }
        tried += 1;
        store.commit(batch, Durability::Synced).expect("memory takes it");
        match Chain::open(Arc::clone(&store) as Arc<dyn Store>, &opening) {
            Err(OpenError::Fatal(Fatal::Corrupt(_))) => found_at_open += 1,
            Ok(_) => {
                let audited = audit(store.snapshot().expect("snapshot"), WINDOW);
                assert!(matches!(audited, Err(Fatal::Corrupt(_))), "{missing:?} is missing: {audited:?}");
            }
            Err(other) => panic!("{missing:?} is missing: {other}"),
        }
    }
    println!("{tried} half blocks planted, {found_at_open} found at opening, the others by the audit");
    assert!(tried >= 9 && found_at_open >= 5, "{tried} {found_at_open}");
}

fn accept_until(chain: &mut Chain, record: &Record, height: u64) {
    while chain.head().height() < height {
        let next = chain.head().height() as usize + 1;
        let block = Arc::new(Block::decode(record.blocks[next].rlp.clone()).expect("recorded"));
        let context = Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
        assert_eq!(chain.verify(&block, context), Ok(Verdict::Valid));
        chain.accept(block.id(), Durability::Synced).expect("memory takes it");
    }
}

/// A child that accepts blocks.
struct Running {
    child: Child,
    answered: Arc<AtomicU64>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crash-child"))
            .args([record_file().as_os_str(), folder.as_os_str()])
            .arg(WINDOW.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let answered = Arc::new(AtomicU64::new(0));
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let heard = Arc::clone(&answered);
        let reader = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                // The last line may be cut off by the kill; then it was not answered.
                if let Ok(height) = line.parse() {
                    heard.store(height, Ordering::SeqCst);
                }
            }
        });
        Self { child, answered, reader: Some(reader) }
    }

    fn answered(&self) -> u64 {
        self.answered.load(Ordering::SeqCst)
    }

    /// kill -9; the last height that was answered.
    fn kill(&mut self) -> u64 {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
        self.reader.take().expect("killed once").join().expect("the reader ends");
        self.answered()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A failed assertion must not leave a child behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn record_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD)
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).expect("a new folder");
    for entry in std::fs::read_dir(from).expect("readable") {
        let entry = entry.expect("readable");
        // A file that is renamed or removed meanwhile is none of the copy.
        drop(std::fs::copy(entry.path(), to.join(entry.file_name())));
    }
}

fn cut_newest_log(folder: &Path, random: &mut Random) {
    let logs = std::fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path());
    let newest = logs.filter(|path| path.extension().is_some_and(|end| end == "log")).max();
    let newest = newest.expect("RocksDB keeps a write-ahead log");
    let length = std::fs::metadata(&newest).expect("readable").len();
    let file = std::fs::OpenOptions::new().write(true).open(newest).expect("writable");
    file.set_len(random.below(length + 1)).expect("can be cut");
}

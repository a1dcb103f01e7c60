//! Recorded chains on RocksDB: the same ids, roots, receipts, gas and proofs as in memory, with all history and with a
//! window, and the same again after going back.

use clap::Parser;
use pars_chain::engine::{Chain, Context, Verdict};
use pars_chain::error::{Error, Misuse};
use pars_chain::state::audit::audit;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Store};
use pars_vm::command::{Command, Options};
use pars_vm::replay::record::Record;
use pars_vm::store::rocks::Rocks;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// The command itself, over both stores and both kinds of history.
#[test]
fn all_recorded_chains_replay_on_both_stores() {
    let files = recorded();
    assert_eq!(files.len(), 12, "{files:?}");
    for store in ["memory", "rocksdb"] {
        for history in
            [&["--history", "archive"][..], &["--history", "pruned"], &["--history", "pruned", "--window", "16"]]
        {
            let arguments = ["pars-vm", "replay", "--store", store].into_iter().chain(history.iter().copied());
            let files = files.iter().map(|file| file.to_str().expect("checked-in names are ASCII"));
            let options = Options::parse_from(arguments.chain(files));
            let Some(Command::Replay(options)) = options.command else { panic!("{options:?}") };
            let code = pars_vm::replay::run(&options).expect("standard output is open");
            assert_eq!(code, ExitCode::SUCCESS, "{store} {history:?}");
        }
    }
}

/// A difference is found, in blocks that a folder holds from an earlier replay as well; without one the same is ok.
#[test]
fn a_difference_is_found() {
    let record = Record::read(&recorded()[0]).expect("checked in");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, wrong: Option<u64>| {
        let receipts = |block: &pars_vm::replay::record::Block| -> Vec<String> {
            let text = |receipt: &alloy_primitives::Bytes| receipt.to_string();
            block
                .receipts
                .iter()
                .map(|it| if wrong == Some(block.number) { "0x01".to_owned() } else { text(it) })
                .collect()
        };
        let blocks = record.blocks.iter().take(3).map(|block| {
            serde_json::json!({
                "number": block.number, "hash": block.hash, "rlp": block.rlp, "receipts": receipts(block),
            })
        });
        let text = serde_json::json!({
            "genesis": record.genesis, "upgrade": record.upgrade, "networkId": record.network_id,
            "blockchainId": record.blockchain_id, "proofs": [], "blocks": blocks.collect::<Vec<_>>(),
        });
        let path = folder.path().join(name);
        let file = std::fs::File::create(&path).expect("writable");
        let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut gz, text.to_string().as_bytes()).expect("writable");
        gz.finish().expect("writable");
        path
    };
    let data = folder.path().join("data");
    let on_disk = ["--store", "rocksdb", "--data-dir", data.to_str().expect("ASCII")];
    let replay = |file: &Path, more: &[&str]| {
        let arguments = ["pars-vm", "replay"].iter().chain(more).copied().chain(file.to_str());
        let options = Options::parse_from(arguments);
        let Some(Command::Replay(options)) = options.command else { panic!("{options:?}") };
        pars_vm::replay::run(&options).expect("standard output is open")
    };
    let (right, wrong) = (write("right.json.gz", None), write("wrong.json.gz", Some(2)));
    assert_eq!(replay(&right, &[]), ExitCode::SUCCESS);
    assert_eq!(replay(&wrong, &[]), ExitCode::FAILURE);
    assert_eq!(replay(&right, &on_disk), ExitCode::SUCCESS);
    assert_eq!(replay(&right, &on_disk), ExitCode::SUCCESS, "stored already");
    assert_eq!(replay(&wrong, &on_disk), ExitCode::FAILURE, "stored already, and another in the file");
}

/// Going back by 1, 2, 50 and as far as the window allows, then accepting the same blocks again: same roots, and a
/// store in which everything agrees.
#[test]
fn rewinding_on_disk_and_accepting_again() {
    for file in recorded() {
        let record = Record::read(&file).expect("checked in");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(Rocks::open(folder.path()).expect("a new store"));
        let shared: Arc<dyn Store> = store.clone();
        let opening = record.opening(History::Pruned(WINDOW));
        let mut chain = Chain::open(shared, &opening).expect("opens");
        accept_rest(&mut chain, &record);
        let head = chain.head().height();
        for back in [1, 2, 50, WINDOW.min(head)] {
            // Each rewind shortens what can be taken back no further than the blocks accepted since.
            chain.rewind(head - back).expect("within the window");
            assert_eq!(chain.head().id().0, record.blocks[usize::try_from(head - back).expect("small")].hash);
            audit(store.snapshot().expect("snapshot"), 4).expect("everything agrees after going back");
            accept_rest(&mut chain, &record);
            assert_eq!(chain.head().height(), head);
        }
        let oldest = head.saturating_sub(WINDOW);
        if oldest > 0 {
            let refused = chain.rewind(oldest - 1).map(|_| ());
            assert_eq!(refused, Err(Error::Misuse(Misuse::Pruned { wanted: oldest - 1, oldest })));
        }
        let report = audit(store.snapshot().expect("snapshot"), 64).expect("everything agrees at the end");
        assert_eq!((report.height, report.oldest), (head, oldest));
    }
}

/// Longer than the shortest chains, shorter than the longest.
const WINDOW: u64 = 64;

fn accept_rest(chain: &mut Chain, record: &Record) {
    for recorded in record.blocks.iter().skip_while(|block| block.number <= chain.head().height()).collect::<Vec<_>>() {
        let block = chain.parse(recorded.rlp.clone()).expect("recorded");
        let context = Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
        assert_eq!(chain.verify(&block, context), Ok(Verdict::Valid), "block {}", recorded.number);
        chain.accept(block.id(), Durability::Buffered).expect("accepts");
    }
}

fn recorded() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/subnet-evm");
    let entries = std::fs::read_dir(folder).expect("checked in");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "gz"));
    files.sort();
    files
}

//! `pars-vm replay`: recorded chains through parse, verify and accept on a fresh store, compared with the record.

pub mod answers;
pub mod record;

use crate::command::{HistoryKind, Replay, StoreKind};
use crate::store::rocks::Rocks;
use alloy_primitives::{B256, Bytes};
use anyhow::{Context as _, Result, bail, ensure};
use pars_chain::block::BlockId;
use pars_chain::engine::{Chain, Context, Opening, Verdict};
use pars_chain::execution::executor::Place;
use pars_chain::execution::receipt::Receipt;
use pars_chain::state::account::Account;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory, Store};
use record::{Proof, Record};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use tempfile::TempDir;

/// Replays the files one after another.
///
/// # Errors
/// Only when standard output is closed; what is wrong with a file is printed and gives the exit code.
pub fn run(options: &Replay) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    let mut out = std::io::stdout();
    let mut answers = answers::Tally::default();
    for file in &options.files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let replayed = if options.answers {
            answers::run(file, options).map(|tally| {
                answers.add(tally);
                "asked".to_owned()
            })
        } else {
            replay(file, options)
                .map(|(blocks, transactions)| format!("{blocks} blocks, {transactions} transactions, ok"))
        };
        match replayed {
            Ok(text) => writeln!(out, "{name}: {text}")?,
            Err(error) => {
                writeln!(out, "{name}: {error:#}")?;
                code = ExitCode::FAILURE;
            }
        }
    }
    if options.answers {
        answers.print(&mut out, options.show)?;
        if !answers.is_clean() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn replay(file: &Path, options: &Replay) -> Result<(usize, usize)> {
    let record = Record::read(file)?;
    let (chain, ..) = open_and_replay(&record, options)?;
    for recorded in &record.proofs {
        compare_proof(&chain, recorded).with_context(|| format!("proof of {}", recorded.address))?;
    }
    let transactions = record.blocks.iter().map(|block| block.receipts.len()).sum();
    Ok((record.blocks.len().saturating_sub(1), transactions))
}

/// The recorded chain, replayed; its store; and the folder that goes when it is dropped.
fn open_and_replay(record: &Record, options: &Replay) -> Result<(Chain, Arc<dyn Store>, Option<TempDir>)> {
    let mut temporary = None;
    let store: Arc<dyn Store> = match (options.store, &options.data_dir) {
        (StoreKind::Memory, None) => Arc::new(Memory::new()),
        (StoreKind::Memory, Some(_)) => bail!("--data-dir needs --store rocksdb"),
        (StoreKind::Rocksdb, Some(folder)) => Arc::new(Rocks::open(folder)?),
        (StoreKind::Rocksdb, None) => {
            let folder = temporary.insert(tempfile::tempdir().context("making a temporary folder")?);
            Arc::new(Rocks::open(folder.path())?)
        }
    };
    let history = match options.history {
        HistoryKind::Archive => History::Archive,
        HistoryKind::Pruned => History::Pruned(options.window),
    };
    let mut chain = Chain::open(Arc::clone(&store), &record.opening(history))?;
    let (first, rest) = record.blocks.split_first().context("the record has no blocks")?;
    compare("genesis hash", &chain.genesis(), &BlockId(first.hash))?;
    for recorded in rest {
        let replayed = if recorded.number <= chain.head().height() {
            compare_stored(&chain, recorded)
        } else {
            replay_block(&mut chain, recorded)
        };
        replayed.with_context(|| format!("block {}", recorded.number))?;
    }
    Ok((chain, store, temporary))
}

fn replay_block(chain: &mut Chain, recorded: &record::Block) -> Result<()> {
    let block = chain.parse(recorded.rlp.clone())?;
    compare("hash", &block.id(), &BlockId(recorded.hash))?;
    // The clock is the block's own time, so that the rule of future blocks never fires.
    let context = Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
    match chain.verify(&block, context)? {
        Verdict::Valid => {}
        Verdict::Invalid(reason) => bail!("refused: {reason}"),
        Verdict::Needs(needs) => bail!("refused: it needs {needs:?}"),
    }
    let receipts = Arc::clone(chain.processing_receipts(block.id()).context("its receipts are not held")?);
    compare_receipts(&receipts, &recorded.receipts)?;
    chain.accept(block.id(), Durability::Buffered)?.context("it was accepted already")?;
    Ok(())
}

/// A block that the folder holds from an earlier replay.
fn compare_stored(chain: &Chain, recorded: &record::Block) -> Result<()> {
    let block = chain.head().block(recorded.number)?.context("it is not stored")?;
    compare("hash", &block.id(), &BlockId(recorded.hash))?;
    compare("bytes", block.bytes(), &recorded.rlp)?;
    let receipts = chain.head().receipts(recorded.number)?.context("its receipts are not stored")?;
    compare_receipts(&receipts, &recorded.receipts)
}

fn compare_receipts(receipts: &[Receipt], expected: &[Bytes]) -> Result<()> {
    compare("number of receipts", &receipts.len(), &expected.len())?;
    for (index, (receipt, expected)) in receipts.iter().zip(expected).enumerate() {
        compare(&format!("receipt {index}"), &Bytes::from(receipt.to_bytes()), expected)?;
    }
    Ok(())
}

fn compare_proof(chain: &Chain, recorded: &Proof) -> Result<()> {
    let view = chain.view_at(recorded.block)?;
    let slots: Vec<B256> =
        recorded.proof.storage_proof.iter().map(record::StorageProof::slot).collect::<Result<_>>()?;
    let proof = view.proof(recorded.address, &slots)?;
    // The Go node shows an account that does not exist with hashes of zeros.
    let absent = Account { code_hash: B256::ZERO, storage_root: B256::ZERO, ..Account::EMPTY };
    let account = proof.account.unwrap_or(absent);
    compare("balance", &account.balance, &recorded.proof.balance)?;
    compare("nonce", &account.nonce, &recorded.proof.nonce.to::<u64>())?;
    compare("code hash", &account.code_hash, &recorded.proof.code_hash)?;
    compare("storage root", &account.storage_root, &recorded.proof.storage_hash)?;
    compare_nodes("account proof", &proof.account_proof, &recorded.proof.account_proof)?;
    for ((slot, value, nodes), expected) in proof.storage.iter().zip(&recorded.proof.storage_proof) {
        compare(&format!("slot {slot}"), value, &expected.value)?;
        compare_nodes(&format!("proof of slot {slot}"), nodes, &expected.proof)?;
    }
    Ok(())
}

fn compare_nodes(what: &str, got: &[Bytes], expected: &[Bytes]) -> Result<()> {
    compare(&format!("length of {what}"), &got.len(), &expected.len())?;
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        compare(&format!("{what}, node {index}"), got, expected)?;
    }
    Ok(())
}

fn compare<T: PartialEq + std::fmt::Display>(what: &str, got: &T, expected: &T) -> Result<()> {
    ensure!(got == expected, "{what}: got {got}, recorded {expected}");
    Ok(())
}

impl Record {
    /// What the recorded chain is opened with. Upgrade times of its host are those of a local network.
    #[must_use]
    pub fn opening(&self, history: History) -> Opening<'_> {
        Opening {
            upgrade: self.upgrade.as_ref().map(|upgrade| upgrade.get().as_bytes()).unwrap_or_default(),
            place: Place { network_id: self.network_id, blockchain_id: self.blockchain_id },
            history,
            ..Opening::new(self.genesis.get().as_bytes())
        }
    }
}

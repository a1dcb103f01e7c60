//! Two databases, one truth: what the plugin notes in the host's database, and what it does when that is another than
//! its own.

use alloy_primitives::{Address, B256};
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use pars_proto::host::vm;
use pars_tests::process::folder;
use pars_tests::process::hosted::{self, Built, Files};
use pars_tests::process::rpc::number;
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TO: Address = Address::repeat_byte(0x77);
/// Blocks whose state `pruned` keeps.
const WINDOW: u64 = pars_chain::limits::HISTORY_WINDOW;

type Database = BTreeMap<Bytes, Bytes>;

/// The chain's blocks by height, and the host's database after each.
struct Past {
    blocks: Vec<Bytes>,
    notes: Vec<Database>,
    sent: Vec<Signed>,
}

#[tokio::test(flavor = "multi_thread")]
async fn process_truth_is_noted_before_it_is_answered() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let past = grow(&Files::local(folder.path()), 3).await?;
    for (height, (id, note)) in (0_u64..).zip(past.blocks.iter().zip(&past.notes)) {
        let expected = [&[1], height.to_be_bytes().as_slice(), id].concat();
        ensure!(note.values().collect::<Vec<_>>() == [&Bytes::from(expected)], "{height}: {note:?}");
        ensure!(note.contains_key(b"pars/last-accepted".as_slice()), "{note:?}");
    }
    Ok(())
}

/// The host's database is that of k blocks before: so is the chain then, its transactions wait again, and it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn process_truth_follows_a_host_that_is_behind() -> Result<()> {
    for k in [1, 2, 100] {
        let folder = tempfile::tempdir()?;
        let files = Files::local(folder.path());
        let past = grow(&files, 103).await?;
        goes_on_at(&files, &past, 103 - k).await.with_context(|| format!("{k} blocks behind"))?;
    }
    Ok(())
}

/// Further back than reverse diffs reach: the state is computed anew from the blocks. An archive would lose states by that
/// and refuses.
#[tokio::test(flavor = "multi_thread")]
async fn process_truth_follows_a_host_that_is_far_behind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let past = grow(&files, WINDOW + 10).await?;
    let archive = Files { config: Bytes::from_static(br#"{"pruning-enabled":false}"#), ..files.clone() };
    let error = refused(&archive, past.note(5)?).await?;
    for part in [&past.id(5)?, &past.id(WINDOW + 10)?, "archive holds no state before 10"] {
        ensure!(error.contains(part), "{error}");
    }
    goes_on_at(&files, &past, 5).await?;
    for left in ["pars.rebuild", "pars.replaced"] {
        ensure!(!folder.path().join(left).exists(), "{left} is left");
    }
    Ok(())
}

/// What a crash leaves between the two renames is completed.
#[tokio::test(flavor = "multi_thread")]
async fn process_truth_completes_a_replacement() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let past = grow(&files, 3).await?;
    let store = folder.path().join("pars");
    let (fresh, replaced) = (folder.path().join("pars.rebuild"), folder.path().join("pars.replaced"));
    // Both moments: before the second rename, and before the removal.
    folder::copy(&store, &replaced)?;
    std::fs::rename(&store, &fresh)?;
    let hosted = hosted::open_with(&files, past.note(3)?).await?;
    ensure!(hosted.shut_down().await?.code() == Some(0), "it does not stop");
    ensure!(store.exists() && !fresh.exists() && !replaced.exists(), "the folders are not in order");
    folder::copy(&store, &replaced)?;
    goes_on_at(&files, &past, 3).await?;
    ensure!(!replaced.exists(), "{} is left", replaced.display());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn process_truth_of_a_host_that_is_ahead_is_ours() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let past = grow(&files, 3).await?;
    let ahead = noting(9, [9; 32]);
    goes_on_at_with(&files, &past, 3, ahead).await?;
    // A folder that is new is behind, too.
    let fresh = tempfile::tempdir()?;
    let hosted = hosted::open_with(&Files::local(fresh.path()), past.note(3)?).await?;
    ensure!(hosted.host().database() == past.note(0)?, "{:?}", hosted.host().database());
    ensure!(hosted.shut_down().await?.code() == Some(0), "it does not stop");
    Ok(())
}

/// Each names both blocks, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn process_truth_refuses_what_is_not_of_this_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let past = grow(&files, 3).await?;
    for height in [0, 2, 3] {
        let error = refused(&files, noting(height, [9; 32])).await?;
        let theirs = B256::repeat_byte(9).to_string();
        for part in [&theirs, &format!("at height {height} "), &past.id(height)?, &past.id(3)?] {
            ensure!(error.contains(part), "{error}");
        }
    }
    let key = past.notes[0].keys().next().context("a note")?.clone();
    for (bytes, text) in [
        (vec![2; 41], "has version 2, and this release reads 1"),
        (vec![1; 40], "has 40 bytes, expected 41"),
        (vec![], "has 0 bytes, expected 41"),
    ] {
        let error = refused(&files, BTreeMap::from([(key.clone(), bytes.into())])).await?;
        ensure!(error.contains(text), "{error}");
    }
    goes_on_at(&files, &past, 3).await
}

/// A block that the host's database did not take is not shown, and the next start decides.
#[tokio::test(flavor = "multi_thread")]
async fn process_truth_that_cannot_be_noted_is_not_shown() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let mut past = grow(&files, 3).await?;
    let mut hosted = hosted::open_with(&files, past.note(3)?).await?;
    let signed = transfer(3)?;
    hosted.submit(&signed).await?;
    past.sent.push(signed);
    hosted.wanted().await?;
    let built = hosted.build().await?;
    hosted.verify(built.bytes.clone()).await?;
    hosted.host().faults().close_database();
    let error = hosted.accept(built.id.clone()).await.err().context("it was accepted")?;
    ensure!(error.message().contains("the host's database is closed"), "{error:?}");
    let again = hosted.accept(built.id.clone()).await.err().context("it was accepted after all")?;
    ensure!(again.message().contains("the host's database is closed"), "{again:?}");
    ensure!(hosted.call("eth_blockNumber", json!([])).await? == json!("0x3"), "it was shown");
    drop(hosted);
    // It is stored, and not noted.
    goes_on_at(&files, &past, 3).await
}

/// A chain of blocks with a transfer in each.
async fn grow(files: &Files, blocks: u64) -> Result<Past> {
    let mut hosted = hosted::open(files).await?;
    let mut past = Past { blocks: Vec::new(), notes: vec![hosted.host().database()], sent: Vec::new() };
    let genesis = hosted.plugin.vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height: 0 }).await?;
    past.blocks.push(genesis.into_inner().blk_id);
    for nonce in 0..blocks {
        let signed = transfer(nonce)?;
        hosted.submit(&signed).await?;
        let Built { id, height, .. } = hosted.seal().await?;
        ensure!(height == nonce + 1, "block {height}");
        past.blocks.push(id);
        past.notes.push(hosted.host().database());
        past.sent.push(signed);
    }
    ensure!(hosted.shut_down().await?.code() == Some(0), "it does not stop");
    Ok(past)
}

impl Past {
    fn note(&self, height: u64) -> Result<Database> {
        self.notes.get(usize::try_from(height)?).cloned().context("a note")
    }

    fn id(&self, height: u64) -> Result<String> {
        let id = self.blocks.get(usize::try_from(height)?).context("a block")?;
        Ok(B256::try_from(id.as_ref())?.to_string())
    }
}

async fn goes_on_at(files: &Files, past: &Past, height: u64) -> Result<()> {
    goes_on_at_with(files, past, height, past.note(height)?).await
}

/// With this database of the host, the head is at a height; what was mined above it waits and is mined in other blocks.
async fn goes_on_at_with(files: &Files, past: &Past, height: u64, database: Database) -> Result<()> {
    let mut hosted = hosted::open_with(files, database).await?;
    ensure!(number(&hosted.call("eth_blockNumber", json!([])).await?)? == height, "another head");
    ensure!(hosted.host().database() == past.note(height)?, "another note: {:?}", hosted.host().database());
    let at = usize::try_from(height)?;
    for (index, signed) in past.sent.iter().enumerate() {
        let receipt = hosted.call("eth_getTransactionReceipt", json!([signed.hash])).await?;
        ensure!((receipt != Value::Null) == (index < at), "transfer {index}: {receipt}");
    }
    let balance = number(&hosted.call("eth_getBalance", json!([TO, "latest"])).await?)?;
    ensure!(balance == height, "{balance} wei after {height} transfers");
    let next = if at < past.sent.len() {
        let waiting = hosted.call("eth_getTransactionByHash", json!([past.sent[at].hash])).await?;
        ensure!(waiting["blockHash"] == Value::Null && waiting["hash"] != Value::Null, "{waiting}");
        past.sent[at].clone()
    } else {
        let signed = transfer(height)?;
        hosted.submit(&signed).await?;
        signed
    };
    let built = hosted.seal().await?;
    ensure!(built.height == height + 1, "block {}", built.height);
    let receipt = hosted.call("eth_getTransactionReceipt", json!([next.hash])).await?;
    ensure!(receipt["status"] == "0x1", "{receipt}");
    ensure!(hosted.shut_down().await?.code() == Some(0), "it does not stop");
    let report = folder::check(&files.folder.join("pars"))?;
    ensure!(report.height == height + 1, "{report:?}");
    Ok(())
}

/// What `Initialize` says with this database of the host.
async fn refused(files: &Files, database: Database) -> Result<String> {
    let mut hosted = hosted::start().await?;
    hosted.host().set_database(database.clone());
    let error = hosted.initialize(files).await.err().context("it was taken")?;
    ensure!(hosted.host().database() == database, "the note was changed");
    ensure!(hosted.shut_down().await?.code() == Some(0), "it does not stop");
    Ok(error.message().to_owned())
}

fn noting(height: u64, id: [u8; 32]) -> Database {
    let note = [&[1], height.to_be_bytes().as_slice(), &id].concat();
    BTreeMap::from([(Bytes::from_static(b"pars/last-accepted"), note.into())])
}

fn transfer(nonce: u64) -> Result<Signed> {
    Wallet::local(0)?.sign(&Draft::transfer(nonce, TO, 1))
}

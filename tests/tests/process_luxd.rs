//! The chain under hosts of every row, and what only hosts of luxd do.

use alloy_primitives::{Address, B256, bytes};
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use pars_host::dialect::{Dialect, TABLE, Transport};
use pars_host::testhost::Vm;
use pars_proto::host::vm;
use pars_tests::process::folder;
use pars_tests::process::hosted::{Files, Hosted};
use pars_tests::process::wallet::{Draft, Wallet};
use pars_tests::random::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// Blocks of the chain that every row is given.
const BLOCKS: u64 = 40;

/// A genesis that names every fork, so that no row has to say anything of them.
fn files(folder: &Path) -> Result<Files> {
    let mut files = Files::local(folder);
    let mut genesis: Value = serde_json::from_slice(&files.genesis)?;
    genesis["config"]["fortunaTimestamp"] = genesis["config"]["durangoTimestamp"].clone();
    genesis["config"]["heliconTimestamp"] = json!(253_399_622_400_u64);
    files.genesis = genesis.to_string().into();
    Ok(files)
}

fn zap() -> Result<&'static Dialect> {
    TABLE.iter().find(|row| row.transport == Transport::Zap).context("a row")
}

/// Blocks in the order in which hosts give them: some are decided against.
struct Given {
    bytes: Bytes,
    accepted: bool,
}

/// A chain of random transactions. Half of its heights have a sibling that loses.
async fn make(folder: &Path, random: &mut Random) -> Result<Vec<Given>> {
    let mut hosted = Hosted::open(&files(folder)?).await?;
    let mut given = Vec::new();
    let mut nonces = [0_u64; 4];
    for _ in 0..BLOCKS {
        for (index, nonce) in nonces.iter_mut().enumerate() {
            let from = Wallet::local(index)?;
            for _ in 0..random.below(4).max(u64::from(index == 0)) {
                let draft = match random.below(4) {
                    0 => Draft::transfer(*nonce, Address::repeat_byte(7), 1),
                    // A slot is set: PUSH1 1, CALLDATASIZE, SSTORE.
                    1 => Draft { gas: 200_000, ..Draft::create(*nonce, bytes!("60013655")) },
                    // It ends in vain: INVALID.
                    2 => Draft { gas: 100_000, ..Draft::create(*nonce, bytes!("fe")) },
                    _ => Draft::transfer(*nonce, from.address, 0),
                };
                hosted.submit(&from.sign(&draft)?).await?;
                *nonce += 1;
            }
        }
        hosted.wanted().await?;
        let first = hosted.build().await?;
        hosted.verify(first.bytes.clone()).await?;
        if random.below(2) == 0 {
            // A second one on the same parent, a moment later.
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            let second = hosted.build().await?;
            ensure!(second.id != first.id && second.parent == first.parent, "no sibling");
            hosted.verify(second.bytes.clone()).await?;
            hosted.prefer(second.id.clone()).await?;
            hosted.accept(second.id).await?;
            hosted.reject(first.id).await?;
            given.push(Given { bytes: first.bytes, accepted: false });
            given.push(Given { bytes: second.bytes, accepted: true });
        } else {
            hosted.prefer(first.id.clone()).await?;
            hosted.accept(first.id).await?;
            given.push(Given { bytes: first.bytes, accepted: true });
        }
    }
    ensure!(hosted.shut_down().await?.code() == Some(0), "it does not stop");
    Ok(given)
}

/// What a host learns from an answer.
fn class<T>(answer: Result<T, tonic::Status>, err: impl FnOnce(&T) -> i32) -> &'static str {
    match answer.as_ref().map(err) {
        Ok(0) => "none",
        Ok(1) => "closed",
        Ok(2) => "not found",
        Ok(_) | Err(_) => "other",
    }
}

/// Everything that a host sees of a chain that it is given.
async fn given_to(row: &'static Dialect, folder: &Path, given: &[Given]) -> Result<String> {
    let mut seen = String::new();
    let mut hosted = Hosted::start_under(row, |plugin| plugin).await?;
    let unknown = || Bytes::from(vec![9; 32]);
    let vm = &mut hosted.plugin.vm;
    let early = vm.get_block(vm::GetBlockRequest { id: unknown() }).await.map(tonic::Response::into_inner);
    writeln!(seen, "get before Initialize: {}", class(early, |block| block.err))?;
    let opened = hosted.initialize(&files(folder)?).await?;
    writeln!(seen, "genesis {} at {}", B256::from_slice(&opened.last_accepted_id), opened.height)?;
    hosted.serve().await?;
    hosted.enter(row.states.bootstrapping).await?;
    let mut siblings = Vec::new();
    for (index, block) in given.iter().enumerate() {
        if index == given.len() / 2 {
            let last = hosted.call("eth_getBlockByNumber", json!(["latest", false])).await?;
            hosted.prefer(serde_json::from_value::<alloy_primitives::Bytes>(last["hash"].clone())?.0).await?;
            hosted.enter(row.states.normal).await?;
        }
        let vm = &mut hosted.plugin.vm;
        let parsed = vm.parse_block(vm::ParseBlockRequest { bytes: block.bytes.clone() }).await?.into_inner();
        let verified = hosted.verify(block.bytes.clone()).await?;
        ensure!(verified.timestamp == parsed.timestamp, "{verified:?}");
        let vm = &mut hosted.plugin.vm;
        let got = vm.get_block(vm::GetBlockRequest { id: parsed.id.clone() }).await?.into_inner();
        ensure!(
            got.bytes == block.bytes && got.parent_id == parsed.parent_id && got.height == parsed.height,
            "{got:?}"
        );
        let decided = if block.accepted {
            hosted.accept(parsed.id.clone()).await?;
            for sibling in siblings.drain(..) {
                hosted.reject(sibling).await?;
            }
            "accepted"
        } else {
            siblings.push(parsed.id.clone());
            "rejected"
        };
        writeln!(seen, "{decided} {} at {} {:?}", B256::from_slice(&parsed.id), parsed.height, parsed.timestamp)?;
    }
    let last = hosted.call("eth_getBlockByNumber", json!(["latest", false])).await?;
    writeln!(seen, "head {} {} {}", last["hash"], last["stateRoot"], last["receiptsRoot"])?;
    let head = serde_json::from_value::<alloy_primitives::Bytes>(last["hash"].clone())?.0;

    let lost = given.iter().find(|block| !block.accepted).context("a sibling")?;
    let vm = &mut hosted.plugin.vm;
    let lost = vm.parse_block(vm::ParseBlockRequest { bytes: lost.bytes.clone() }).await?.into_inner();
    for (what, id) in [("unknown", unknown()), ("rejected", lost.id), ("malformed", Bytes::from(vec![9; 31]))] {
        let vm = &mut hosted.plugin.vm;
        let got = vm.get_block(vm::GetBlockRequest { id: id.clone() }).await.map(tonic::Response::into_inner);
        writeln!(seen, "get {what}: {}", class(got, |block| block.err))?;
        writeln!(seen, "prefer {what}: {}", class(hosted.prefer(id.clone()).await, |()| 0))?;
        writeln!(seen, "accept {what}: {}", class(hosted.accept(id.clone()).await, |()| 0))?;
        writeln!(seen, "reject {what}: {}", class(hosted.reject(id).await, |()| 0))?;
    }
    for height in [0, 1, BLOCKS, BLOCKS + 1, u64::MAX] {
        let vm = &mut hosted.plugin.vm;
        let at = vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height }).await.map(|at| at.into_inner());
        writeln!(seen, "id at {height}: {}", class(at, |at| at.err))?;
    }
    for (what, blk_id) in [("head", head.clone()), ("unknown", unknown())] {
        let request = vm::GetAncestorsRequest {
            blk_id,
            max_blocks_num: 10,
            max_blocks_size: 1 << 20,
            max_blocks_retrival_time: 1_000_000_000,
        };
        let blocks = hosted.plugin.vm.get_ancestors(request).await?.into_inner().blks_bytes;
        writeln!(seen, "ancestors of {what}: {} of {} bytes", blocks.len(), blocks.concat().len())?;
    }
    let mut bent = given.last().context("a block")?.bytes.to_vec();
    let middle = bent.len() / 3;
    bent[middle] ^= 1;
    for (what, bytes) in [("garbage", Bytes::from_static(b"garbage")), ("bent", bent.into()), ("empty", Bytes::new())] {
        let parse = vm::ParseBlockRequest { bytes: bytes.clone() };
        let parsed = hosted.plugin.vm.parse_block(parse).await;
        writeln!(seen, "parse {what}: {}", class(parsed, |_| 0))?;
        writeln!(seen, "verify {what}: {}", class(hosted.verify(bytes).await, |_| 0))?;
    }
    let sync = hosted.plugin.vm.state_sync_enabled(()).await.map(tonic::Response::into_inner);
    writeln!(seen, "state sync: {}", class(sync, |sync| sync.err))?;

    // The chain goes on with a block of its own.
    let from = Wallet::local(5)?;
    let signed = from.sign(&Draft::transfer(0, Address::repeat_byte(7), 1))?;
    hosted.submit(&signed).await?;
    let own = hosted.seal().await?;
    let receipt = hosted.call("eth_getTransactionReceipt", json!([signed.hash])).await?;
    ensure!(B256::from_slice(&own.parent) == B256::from_slice(&head), "built elsewhere");
    writeln!(seen, "own block at {}: {}", own.height, receipt["status"])?;
    let code = hosted.shut_down().await?.code();
    writeln!(seen, "ended with {code:?}")?;

    let mut again = Hosted::start_under(row, |plugin| plugin).await?;
    let opened = again.initialize(&files(folder)?).await?;
    ensure!(opened.last_accepted_id == own.id, "another block after a restart");
    again.shut_down().await?;
    let report = folder::check(&folder.join("pars"))?;
    ensure!(report.height == BLOCKS + 1, "{report:?}");
    Ok(seen)
}

/// From one genesis: the same ids, roots, heights, decisions and kinds of errors, whatever the host speaks.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_every_row_sees_the_same_chain() -> Result<()> {
    let mut random = Random::of_now();
    println!("seed {}", random.0);
    let folder = tempfile::tempdir()?;
    let given = make(&folder.path().join("maker"), &mut random).await?;
    let mut first: Option<(String, String)> = None;
    for (index, row) in TABLE.iter().enumerate() {
        let since = Instant::now();
        let seen = given_to(row, &folder.path().join(index.to_string()), &given).await;
        let seen = seen.with_context(|| row.to_string())?;
        println!("{row:<20} {} lines, {} ms", seen.lines().count(), since.elapsed().as_millis());
        let (name, expected) = first.get_or_insert_with(|| (row.to_string(), seen.clone()));
        for (ours, theirs) in seen.lines().zip(expected.lines()) {
            ensure!(ours == theirs, "{row}: {ours}\n{name}: {theirs}");
        }
        ensure!(seen.lines().count() == expected.lines().count(), "{row} sees more or less than {name}");
    }
    println!("{}", first.context("a row")?.1);
    Ok(())
}

async fn tagged(hosted: &mut Hosted, tag: &str) -> Result<u64> {
    let block = hosted.call("eth_getBlockByNumber", json!([tag, false])).await?;
    pars_tests::process::rpc::number(&block["number"])
}

/// What a host of ZAP says is final is `finalized` and `safe`, before it says so the first block is, and a restart changes
/// nothing. Other hosts do not say: what is accepted is final.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_finality_is_the_hosts() -> Result<()> {
    for row in TABLE {
        let folder = tempfile::tempdir()?;
        let files = files(folder.path())?;
        let mut hosted = Hosted::open_under(row, &files, BTreeMap::new()).await?;
        let from = Wallet::local(0)?;
        for nonce in 0..5 {
            hosted.submit(&from.sign(&Draft::transfer(nonce, Address::repeat_byte(7), 1))?).await?;
            hosted.seal().await?;
        }
        if row.transport == Transport::Grpc {
            for tag in ["latest", "safe", "finalized"] {
                ensure!(tagged(&mut hosted, tag).await? == 5, "{row}: {tag}");
            }
            hosted.shut_down().await?;
            continue;
        }
        for (told, last) in [(None, 0), (Some(2), 2), (Some(1), 2), (Some(4), 4), (Some(9), 5)] {
            if let Some(height) = told {
                hosted.plugin.vm.set_quasar_finalized(height).await?;
            }
            for tag in ["safe", "finalized"] {
                ensure!(tagged(&mut hosted, tag).await? == last, "{told:?}: {tag}");
            }
            ensure!(hosted.plugin.vm.quasar_height().await? == last, "{told:?}");
            ensure!(tagged(&mut hosted, "latest").await? == 5);
        }
        let logs = json!([{ "fromBlock": "finalized", "toBlock": "latest" }]);
        ensure!(hosted.call("eth_getLogs", logs).await? == json!([]));
        // Kept, also where it is above the last block; and that becomes final as it comes.
        hosted.running.signal("KILL")?;
        drop(hosted);
        let mut hosted = Hosted::open_under(row, &files, BTreeMap::new()).await?;
        ensure!(tagged(&mut hosted, "finalized").await? == 5);
        hosted.submit(&from.sign(&Draft::transfer(5, Address::repeat_byte(7), 1))?).await?;
        hosted.seal().await?;
        ensure!(tagged(&mut hosted, "finalized").await? == 6);
        hosted.shut_down().await?;
        folder::check(&folder.path().join("pars"))?;
    }
    Ok(())
}

/// A host that closes its connection is gone: the chain is closed in order, and its folder is free.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_the_end_of_the_connection_closes_the_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = files(folder.path())?;
    let mut hosted = Hosted::open_under(zap()?, &files, BTreeMap::new()).await?;
    hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(0, Address::repeat_byte(7), 1))?).await?;
    let block = hosted.seal().await?;
    let since = Instant::now();
    let ended = hosted.hang_up().await?;
    ensure!(ended.code() == Some(0) && since.elapsed() < Duration::from_secs(3), "{ended:?}");
    ensure!(ended.err.contains("the host is gone without Shutdown"), "{}", ended.err);
    let mut again = Hosted::start_under(zap()?, |plugin| plugin).await?;
    ensure!(again.initialize(&files).await?.last_accepted_id == block.id);
    ensure!(matches!(again.plugin.vm, Vm::Zap(_)));
    again.shut_down().await?;
    Ok(())
}

/// The record beside the host's own is kept in its database, over ZAP too: a database that is put back takes the chain with
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_the_hosts_database_is_followed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = files(folder.path())?;
    let from = Wallet::local(0)?;
    let mut hosted = Hosted::open_under(zap()?, &files, BTreeMap::new()).await?;
    let mut before = BTreeMap::new();
    let mut ids = Vec::new();
    for nonce in 0..6 {
        hosted.submit(&from.sign(&Draft::transfer(nonce, Address::repeat_byte(7), 1))?).await?;
        ids.push(hosted.seal().await?.id);
        if nonce == 2 {
            before = hosted.host().database();
        }
    }
    ensure!(!before.is_empty(), "nothing is kept in the host's database");
    hosted.shut_down().await?;
    let mut hosted = Hosted::start_under(zap()?, |plugin| plugin).await?;
    hosted.host().set_database(before);
    let opened = hosted.initialize(&files).await?;
    ensure!(opened.height == 3 && ids.get(2) == Some(&opened.last_accepted_id), "{}", opened.height);
    hosted.shut_down().await?;
    Ok(())
}

//! Steps: a chain that is given, and one that goes on.

use crate::testhost::given::Given;
use crate::testhost::script::Run;
use crate::testhost::wallet::{Draft, Wallet};
use alloy_primitives::{Address, B256, hex, keccak256};
use anyhow::{Result, ensure};
use bytes::Bytes;
use pars_host::dialect::Transport;
use pars_proto::host::vm;
use prost_types::Timestamp;
use serde_json::json;
use std::fmt::Write as _;

/// The account that pays for the plugin's own blocks. No given block has transactions of it.
const PAYER: usize = 5;

pub(super) async fn initialize(run: &mut Run<'_>) -> Result<String> {
    let mut hosted = run.another().await?;
    let opened = hosted.initialize(&run.files).await?;
    run.hosted = Some(hosted);
    let vm::InitializeResponse { last_accepted_id, last_accepted_parent_id, height, bytes, timestamp } = opened;
    Ok(block(&last_accepted_id, &last_accepted_parent_id, height, timestamp.as_ref(), &bytes))
}

/// A block in words, all that a host is told of it.
pub(super) fn block(id: &Bytes, parent: &Bytes, height: u64, time: Option<&Timestamp>, bytes: &Bytes) -> String {
    let Timestamp { seconds, nanos } = time.copied().unwrap_or_default();
    let (id, parent) = (hex::encode_prefixed(id), hex::encode_prefixed(parent));
    let hash = keccak256(bytes);
    format!("{id} at {height} on {parent}, {seconds} s {nanos} ns, {} bytes of hash {hash}", bytes.len())
}

/// What the plugin says it can do: bit 0, to be told what is final; bit 1, state sync.
pub(super) async fn capabilities(run: &mut Run<'_>) -> Result<String> {
    Ok(run.hosted()?.plugin.vm.capabilities()?.to_string())
}

pub(super) async fn handlers(run: &mut Run<'_>) -> Result<String> {
    let hosted = run.hosted()?;
    hosted.serve().await?;
    Ok(format!("chain id {}", hosted.call("eth_chainId", json!([])).await?))
}

pub(super) async fn bootstrapping(run: &mut Run<'_>) -> Result<String> {
    let state = run.row.states.bootstrapping;
    enter(run, state).await?;
    Ok(String::new())
}

/// `SetState`, which is answered with the last accepted block. Hosts of ZAP have no field for that.
async fn enter(run: &mut Run<'_>, state: i32) -> Result<()> {
    let row = run.row;
    let hosted = run.hosted()?;
    let id = hosted.head().await?;
    let answer = hosted.enter(state).await?;
    if row.transport == Transport::Grpc {
        let last = hosted.plugin.vm.get_block(vm::GetBlockRequest { id: id.clone() }).await?.into_inner();
        let vm::GetBlockResponse { parent_id, bytes, height, timestamp, .. } = last;
        let last = (id, parent_id, height, timestamp, bytes);
        let vm::SetStateResponse { last_accepted_id, last_accepted_parent_id, height, bytes, timestamp } = answer;
        let told = (last_accepted_id, last_accepted_parent_id, height, timestamp, bytes);
        ensure!(told == last, "SetState gives another block: {told:?}, expected {last:?}");
    }
    Ok(())
}

pub(super) async fn blocks_while_bootstrapping(run: &mut Run<'_>) -> Result<String> {
    let (first, _) = halves(run.given);
    give(run, first, false).await
}

pub(super) async fn normal_operation(run: &mut Run<'_>) -> Result<String> {
    let state = run.row.states.normal;
    let hosted = run.hosted()?;
    let last = hosted.head().await?;
    hosted.prefer(last).await?;
    enter(run, state).await?;
    Ok(String::new())
}

pub(super) async fn blocks_in_normal_operation(run: &mut Run<'_>) -> Result<String> {
    let (_, second) = halves(run.given);
    give(run, second, true).await
}

/// A host that catches up has no preference yet.
fn halves(given: &[Given]) -> (&[Given], &[Given]) {
    given.split_at_checked(given.len() / 2).unwrap_or_default()
}

async fn give(run: &mut Run<'_>, given: &[Given], prefers: bool) -> Result<String> {
    let mut seen = String::new();
    let mut siblings = std::mem::take(&mut run.siblings);
    let hosted = run.hosted()?;
    for block in given {
        let vm = &mut hosted.plugin.vm;
        let parsed = vm.parse_block(vm::ParseBlockRequest { bytes: block.bytes.clone() }).await?.into_inner();
        let verified = hosted.verify(block.bytes.clone()).await?;
        ensure!(verified.timestamp == parsed.timestamp, "{verified:?}");
        let vm = &mut hosted.plugin.vm;
        let got = vm.get_block(vm::GetBlockRequest { id: parsed.id.clone() }).await?.into_inner();
        let stored = (&got.bytes, &got.parent_id, got.height, &got.timestamp);
        let same = stored == (&block.bytes, &parsed.parent_id, parsed.height, &parsed.timestamp);
        ensure!(same, "GetBlock gives another block: {got:?}");
        let decided = if block.accepted {
            if prefers {
                hosted.prefer(parsed.id.clone()).await?;
            }
            hosted.accept(parsed.id.clone()).await?;
            for sibling in siblings.drain(..) {
                hosted.reject(sibling).await?;
            }
            "accepted"
        } else {
            siblings.push(parsed.id.clone());
            "rejected"
        };
        let vm::ParseBlockResponse { id, parent_id, height, timestamp, verify_with_context } = parsed;
        let block = self::block(&id, &parent_id, height, timestamp.as_ref(), &block.bytes);
        writeln!(seen, "{decided} {block}, with context: {verify_with_context}")?;
    }
    run.siblings = siblings;
    Ok(seen)
}

pub(super) async fn head(run: &mut Run<'_>) -> Result<String> {
    let last = run.hosted()?.call("eth_getBlockByNumber", json!(["latest", false])).await?;
    Ok(format!("{} {} {} {}", last["number"], last["hash"], last["stateRoot"], last["receiptsRoot"]))
}

/// From a submitted transaction to the accepted block.
pub(super) async fn a_block_of_its_own(run: &mut Run<'_>) -> Result<String> {
    let signed = Wallet::local(PAYER)?.sign(&Draft::transfer(run.nonce, Address::repeat_byte(7), 1))?;
    run.nonce += 1;
    let hosted = run.hosted()?;
    let before = hosted.head().await?;
    hosted.submit(&signed).await?;
    let own = hosted.seal().await?;
    ensure!(own.parent == before, "it builds elsewhere than on the last accepted block");
    let number = hosted.call("eth_blockNumber", json!([])).await?;
    ensure!(number == json!(format!("{:#x}", own.height)), "{number} after block {}", own.height);
    let receipt = hosted.call("eth_getTransactionReceipt", json!([signed.hash])).await?;
    ensure!(receipt["blockHash"] == json!(B256::from_slice(&own.id)), "{receipt}");
    // Not its height: some hosts have more steps before.
    Ok(format!("status {}", receipt["status"]))
}

pub(super) async fn a_block_after_all_that(run: &mut Run<'_>) -> Result<String> {
    a_block_of_its_own(run).await
}

/// What the host says is final is `finalized` and `safe`, and never goes back.
pub(super) async fn finality(run: &mut Run<'_>) -> Result<String> {
    let hosted = run.hosted()?;
    let mut seen = String::new();
    for told in [None, Some(2), Some(1), Some(3)] {
        if let Some(height) = told {
            hosted.plugin.vm.set_quasar_finalized(height).await?;
        }
        let known = hosted.plugin.vm.quasar_height().await?;
        let mut tags = Vec::new();
        for tag in ["finalized", "safe"] {
            tags.push(hosted.call("eth_getBlockByNumber", json!([tag, false])).await?["number"].clone());
        }
        writeln!(seen, "told {told:?}: {known} {tags:?}")?;
    }
    Ok(seen)
}

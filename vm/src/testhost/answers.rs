//! Steps: what is answered to odd questions. Of an error its kind counts, as hosts tell it apart.

use crate::testhost::chain;
use crate::testhost::script::{Run, class};
use alloy_primitives::{hex, keccak256};
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use pars_host::testhost::Sent;
use pars_proto::host::vm;
use prost_types::Timestamp;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

fn unknown() -> Bytes {
    vec![9; 32].into()
}

/// In a process of its own.
#[expect(clippy::needless_pass_by_ref_mut, reason = "all steps have one form")]
pub(super) async fn calls_before_initialize(run: &mut Run<'_>) -> Result<String> {
    let mut hosted = run.another().await?;
    let vm = &mut hosted.plugin.vm;
    let version = vm.version(()).await.is_ok_and(|answer| !answer.into_inner().version.is_empty());
    let got = vm.get_block(vm::GetBlockRequest { id: unknown() }).await.map(tonic::Response::into_inner);
    let got = class(got, |block| block.err);
    Ok(format!("version told: {version}, block {got}, ended with {}", hosted.shut_down().await?.status))
}

/// An id that no block has, one of a block that was decided against where there is one, and one that is too short.
async fn odd_ids(run: &mut Run<'_>) -> Result<Vec<(&'static str, Bytes)>> {
    let mut ids = vec![("unknown", unknown()), ("malformed", Bytes::from(vec![9; 31]))];
    let lost = run.given.iter().find(|block| !block.accepted).map(|block| block.bytes.clone());
    if let Some(bytes) = lost {
        let parsed = run.hosted()?.plugin.vm.parse_block(vm::ParseBlockRequest { bytes }).await?.into_inner();
        ids.push(("rejected", parsed.id));
    }
    Ok(ids)
}

pub(super) async fn blocks_by_id(run: &mut Run<'_>) -> Result<String> {
    let mut seen = String::new();
    for (what, id) in odd_ids(run).await? {
        let got = run.hosted()?.plugin.vm.get_block(vm::GetBlockRequest { id }).await;
        writeln!(seen, "{what}: {}", class(got.map(tonic::Response::into_inner), |block| block.err))?;
    }
    Ok(seen)
}

pub(super) async fn blocks_by_height(run: &mut Run<'_>) -> Result<String> {
    let mut seen = String::new();
    let accepted = u64::try_from(run.given.iter().filter(|block| block.accepted).count())?;
    for height in [0, 1, accepted, accepted + 1, u64::MAX] {
        let request = vm::GetBlockIdAtHeightRequest { height };
        let at = run.hosted()?.plugin.vm.get_block_id_at_height(request).await.map(tonic::Response::into_inner);
        let id = at.as_ref().ok().filter(|at| at.err == 0).map(|at| hex::encode(&at.blk_id)).unwrap_or_default();
        writeln!(seen, "{height}: {} {id}", class(at, |at| at.err))?;
    }
    Ok(seen)
}

pub(super) async fn preferences(run: &mut Run<'_>) -> Result<String> {
    let mut seen = String::new();
    for (what, id) in odd_ids(run).await? {
        writeln!(seen, "{what}: {}", class(run.hosted()?.prefer(id).await, |()| 0))?;
    }
    Ok(seen)
}

pub(super) async fn decisions(run: &mut Run<'_>) -> Result<String> {
    let mut seen = String::new();
    for (what, id) in odd_ids(run).await? {
        let hosted = run.hosted()?;
        writeln!(seen, "accept {what}: {}", class(hosted.accept(id.clone()).await, |()| 0))?;
        writeln!(seen, "reject {what}: {}", class(hosted.reject(id).await, |()| 0))?;
    }
    Ok(seen)
}

pub(super) async fn malformed_blocks(run: &mut Run<'_>) -> Result<String> {
    let mut seen = String::new();
    let mut bent = run.given.last().context("a block")?.bytes.to_vec();
    let middle = bent.len() / 3;
    if let Some(byte) = bent.get_mut(middle) {
        *byte ^= 1;
    }
    for (what, bytes) in [("garbage", Bytes::from_static(b"garbage")), ("bent", bent.into()), ("empty", Bytes::new())] {
        let hosted = run.hosted()?;
        let parsed = hosted.plugin.vm.parse_block(vm::ParseBlockRequest { bytes: bytes.clone() }).await;
        writeln!(seen, "parse {what}: {}", class(parsed, |_| 0))?;
        writeln!(seen, "verify {what}: {}", class(hosted.verify(bytes).await, |_| 0))?;
    }
    Ok(seen)
}

pub(super) async fn ancestors(run: &mut Run<'_>) -> Result<String> {
    let hosted = run.hosted()?;
    let head = hosted.head().await?;
    let mut seen = String::new();
    for (what, blk_id) in [("head", head), ("unknown", unknown())] {
        let request = vm::GetAncestorsRequest {
            blk_id,
            max_blocks_num: 10,
            max_blocks_size: 1 << 20,
            max_blocks_retrival_time: 1_000_000_000,
        };
        let blocks = hosted.plugin.vm.get_ancestors(request).await?.into_inner().blks_bytes;
        writeln!(seen, "of {what}: {}", blocks.len())?;
        for bytes in blocks {
            writeln!(seen, "{}", keccak256(bytes))?;
        }
    }
    Ok(seen)
}

pub(super) async fn batches(run: &mut Run<'_>) -> Result<String> {
    let request: Vec<Bytes> = run.given.iter().map(|block| block.bytes.clone()).collect();
    let given = request.clone();
    let vm = &mut run.hosted()?.plugin.vm;
    let parsed = vm.batched_parse_block(vm::BatchedParseBlockRequest { request }).await?.into_inner().response;
    ensure!(parsed.len() == given.len(), "{} answers to {} blocks", parsed.len(), given.len());
    let mut seen = String::new();
    for (block, bytes) in parsed.iter().zip(&given) {
        let vm::ParseBlockResponse { id, parent_id, height, timestamp, verify_with_context } = block;
        let block = chain::block(id, parent_id, *height, timestamp.as_ref(), bytes);
        writeln!(seen, "{block}, with context: {verify_with_context}")?;
    }
    Ok(seen)
}

/// What the plugin wrote into the host's database by now.
pub(super) async fn services(run: &mut Run<'_>) -> Result<String> {
    Ok(format!("the host's database is used: {}", !run.hosted()?.host().database().is_empty()))
}

pub(super) async fn state_sync(run: &mut Run<'_>) -> Result<String> {
    // A chain without it may say so in either way.
    let enabled = match run.hosted()?.plugin.vm.state_sync_enabled(()).await {
        Ok(answer) => answer.into_inner().enabled,
        Err(_) => false,
    };
    Ok(format!("enabled: {enabled}"))
}

pub(super) async fn health(run: &mut Run<'_>) -> Result<String> {
    Ok(class(run.hosted()?.plugin.vm.health(()).await, |_| 0).to_owned())
}

/// Peers come, say odd things and leave; nothing of it is an error.
pub(super) async fn peers(run: &mut Run<'_>) -> Result<String> {
    let node_id = Bytes::from(vec![7; 20]);
    let vm = &mut run.hosted()?.plugin.vm;
    let (name, major, minor, patch) = ("host".to_owned(), 1, 14, 2);
    vm.connected(vm::ConnectedRequest { node_id: node_id.clone(), name, major, minor, patch }).await?;
    for msg in [Bytes::new(), Bytes::from_static(b"\xff"), Bytes::from(vec![0; 1 << 16])] {
        vm.app_gossip(vm::AppGossipMsg { node_id: node_id.clone(), msg: msg.clone() }).await?;
        let response = vm::AppResponseMsg { node_id: node_id.clone(), request_id: 8, response: msg };
        // An answer that nobody asked for. The Go node takes that for the end of the chain.
        drop(vm.app_response(response).await);
    }
    vm.disconnected(vm::DisconnectedRequest { node_id }).await?;
    Ok(String::new())
}

pub(super) async fn measurements(run: &mut Run<'_>) -> Result<String> {
    let families = run.hosted()?.plugin.vm.gather(()).await?.into_inner().metric_families;
    Ok(format!("some: {}", !families.is_empty()))
}

/// A question of a handler that nobody here has is refused, by the host's way to peers.
pub(super) async fn questions_that_nobody_knows(run: &mut Run<'_>) -> Result<String> {
    let hosted = run.hosted()?;
    drop(hosted.host().take_sent());
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)? + Duration::from_secs(10);
    let request = vm::AppRequestMsg {
        node_id: vec![7; 20].into(),
        request_id: 9,
        deadline: Some(Timestamp { seconds: i64::try_from(deadline.as_secs())?, nanos: 0 }),
        // The handler's number, 99, as a varint.
        request: Bytes::from_static(b"\x63question"),
    };
    hosted.plugin.vm.app_request(request).await?;
    for _ in 0..500 {
        for sent in hosted.host().take_sent() {
            if let Sent::Error(error) = sent {
                ensure!(error.request_id == 9 && error.node_id == [7; 20].as_slice(), "{error:?}");
                return Ok(format!("refused with {}", error.error_code));
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok("no answer".to_owned())
}

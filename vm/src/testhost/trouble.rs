//! Steps: hosts that stall, hang up and kill. The chain goes on from where it was.

use crate::testhost::chain::a_block_of_its_own;
use crate::testhost::child::Ended;
use crate::testhost::hosted::{END_MAX, Hosted};
use crate::testhost::script::{Run, class};
use anyhow::{Result, ensure};
use bytes::Bytes;
use pars_host::testhost::Vm;
use pars_proto::host::vm;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// By so much services are late.
const STALL: Duration = Duration::from_millis(200);
/// For so long a host does not listen.
const SILENCE: Duration = Duration::from_secs(1);
/// Calls that are made meanwhile: their answers are more than sockets hold.
const CALLS: usize = 1_024;
/// What they may cost.
const GROWTH_MAX_KB: u64 = 64 << 10;

/// The host's database and validator sets answer late.
pub(super) async fn services_that_stall(run: &mut Run<'_>) -> Result<String> {
    run.hosted()?.host().faults().stall(STALL);
    let seen = a_block_of_its_own(run).await;
    run.hosted()?.host().faults().stall(Duration::ZERO);
    seen
}

/// Answers to questions of long ago come before the right ones.
pub(super) async fn stray_answers_of_services(run: &mut Run<'_>) -> Result<String> {
    run.hosted()?.host().faults().stray(true);
    let seen = a_block_of_its_own(run).await;
    run.hosted()?.host().faults().stray(false);
    seen
}

/// Connections to them are closed between two questions, and while one is under way.
pub(super) async fn a_cut_line_to_the_services(run: &mut Run<'_>) -> Result<String> {
    run.hosted()?.host().faults().cut();
    let first = a_block_of_its_own(run).await?;
    let faults = Arc::clone(run.hosted()?.host().faults());
    faults.stall(STALL);
    let cutting = tokio::spawn(async move {
        for _ in 0..3 {
            tokio::time::sleep(STALL / 3).await;
            faults.cut();
        }
        faults.stall(Duration::ZERO);
    });
    let second = a_block_of_its_own(run).await;
    cutting.await?;
    Ok(format!("{first}; {}", second?))
}

/// The host reads no answers for a while, and asks on: they wait, and take little memory.
pub(super) async fn a_host_that_does_not_listen(run: &mut Run<'_>) -> Result<String> {
    let hosted = run.hosted()?;
    let blk_id = hosted.head().await?;
    let Vm::Zap(line) = &hosted.plugin.vm else { anyhow::bail!("no host of ZAP") };
    let line = line.clone();
    let before_kb = hosted.running.memory_kb()?;
    line.deafen(true);
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (mut vm, blk_id) = (hosted.plugin.vm.clone(), blk_id.clone());
        let (max_blocks_num, max_blocks_size, max_blocks_retrival_time) = (64, 1 << 20, 60_000_000_000);
        let request = vm::GetAncestorsRequest { blk_id, max_blocks_num, max_blocks_size, max_blocks_retrival_time };
        calls.spawn(async move { vm.get_ancestors(request).await });
    }
    tokio::time::sleep(SILENCE).await;
    let grown_kb = hosted.running.memory_kb()?.saturating_sub(before_kb);
    line.deafen(false);
    let mut answers: Vec<Vec<Bytes>> = Vec::new();
    while let Some(answer) = calls.join_next().await {
        answers.push(answer??.into_inner().blks_bytes);
    }
    ensure!(answers.iter().all(|blocks| Some(blocks) == answers.first() && !blocks.is_empty()), "answers differ");
    ensure!(grown_kb < GROWTH_MAX_KB, "memory grew by {grown_kb} kB");
    Ok(format!("{} answers", answers.len()))
}

/// The host closes its half of the connection, by which it ends: the plugin closes the chain and ends by itself.
pub(super) async fn a_host_that_closes_its_half(run: &mut Run<'_>) -> Result<String> {
    end(run, async |hosted| {
        let Vm::Zap(line) = &hosted.plugin.vm else { anyhow::bail!("no host of ZAP") };
        line.half_close().await?;
        hosted.outlive(END_MAX).await
    })
    .await
}

pub(super) async fn kill_minus_nine(run: &mut Run<'_>) -> Result<String> {
    let seen = end(run, async |hosted| hosted.kill()).await?;
    Ok(format!("{seen}; {}", a_block_of_its_own(run).await?))
}

pub(super) async fn shutdown_and_restart(run: &mut Run<'_>) -> Result<String> {
    end(run, Hosted::shut_down).await
}

/// After `Shutdown` the process lingers for the host's signal, and its chain is closed.
pub(super) async fn calls_after_shutdown(run: &mut Run<'_>) -> Result<String> {
    let mut hosted = run.take()?;
    let id = hosted.head().await?;
    let mut vm = hosted.plugin.vm.clone();
    vm.shutdown(()).await?;
    let got = vm.get_block(vm::GetBlockRequest { id: id.clone() }).await.map(tonic::Response::into_inner);
    let at = vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height: 1 }).await;
    let (got, at) = (class(got, |block| block.err), class(at.map(tonic::Response::into_inner), |at| at.err));
    let accepted = class(hosted.accept(id).await, |()| 0);
    drop(vm);
    hosted.running.signal("TERM")?;
    let ended = hosted.outlive(END_MAX).await?;
    Ok(format!("block {got}, height {at}, accept {accepted}, ended with {}", ended.status))
}

/// Ends the process in some way, and starts it anew: the same last block as before.
async fn end(run: &mut Run<'_>, way: impl AsyncFnOnce(Hosted) -> Result<Ended>) -> Result<String> {
    let mut hosted = run.take()?;
    let before = hosted.head().await?;
    let kept = hosted.host().kept();
    let ended = way(hosted).await?;
    ensure!(run.restart(kept.pairs()).await? == before, "another block after the restart");
    ensure!(run.hosted()?.head().await? == before, "JSON-RPC shows another block than the host is told");
    Ok(format!("ended with {}", ended.status))
}

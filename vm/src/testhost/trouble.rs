//! Steps: hosts that stall, hang up and kill. The chain goes on from where it was.

use crate::testhost::chain::{a_block_of_its_own, latest};
use crate::testhost::hosted::END_MAX;
use crate::testhost::script::Run;
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use pars_host::testhost::Vm;
use pars_proto::host::vm;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// By so much services are late.
const STALL: Duration = Duration::from_millis(200);
/// For so long a host does not listen.
const SILENCE: Duration = Duration::from_secs(1);
/// Calls that are made meanwhile.
const CALLS: usize = 256;

/// The host's database and validator sets answer late.
pub(super) async fn services_that_stall(run: &mut Run<'_>) -> Result<String> {
    run.hosted()?.host().faults().stall(STALL);
    let seen = a_block_of_its_own(run).await;
    run.hosted()?.host().faults().stall(Duration::ZERO);
    seen
}

/// Their answers come in another order than the questions.
pub(super) async fn services_in_disorder(run: &mut Run<'_>) -> Result<String> {
    run.hosted()?.host().faults().disorder(true);
    let seen = a_block_of_its_own(run).await;
    run.hosted()?.host().faults().disorder(false);
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

/// The host reads no answers for a while, and asks on.
pub(super) async fn a_host_that_does_not_listen(run: &mut Run<'_>) -> Result<String> {
    let hosted = run.hosted()?;
    let head = latest(hosted.call("eth_getBlockByNumber", json!(["latest", false])).await?)?;
    let Vm::Zap(line) = &hosted.plugin.vm else { anyhow::bail!("no host of ZAP") };
    let line = line.clone();
    line.deafen(true);
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (mut vm, id) = (hosted.plugin.vm.clone(), head.clone());
        calls.spawn(async move { vm.get_block(vm::GetBlockRequest { id }).await });
    }
    tokio::time::sleep(SILENCE).await;
    line.deafen(false);
    let mut answers: Vec<Bytes> = Vec::new();
    while let Some(answer) = calls.join_next().await {
        answers.push(answer??.into_inner().bytes);
    }
    ensure!(answers.iter().all(|bytes| Some(bytes) == answers.first() && !bytes.is_empty()), "answers differ");
    Ok(format!("{} answers", answers.len()))
}

/// The host closes its half of the connection, by which it ends: the plugin closes the chain and ends by itself.
pub(super) async fn a_host_that_closes_its_half(run: &mut Run<'_>) -> Result<String> {
    let mut hosted = run.take()?;
    let head = latest(hosted.call("eth_getBlockByNumber", json!(["latest", false])).await?)?;
    let Vm::Zap(line) = &hosted.plugin.vm else { anyhow::bail!("no host of ZAP") };
    line.half_close().await?;
    let database = hosted.host().database();
    let ended = hosted.outlive(END_MAX).await?;
    ensure!(run.restart(database).await? == head, "another block after the restart");
    Ok(format!("ended with {:?}", ended.code()))
}

pub(super) async fn kill_minus_nine(run: &mut Run<'_>) -> Result<String> {
    let mut hosted = run.take()?;
    let head = latest(hosted.call("eth_getBlockByNumber", json!(["latest", false])).await?)?;
    let database = hosted.host().database();
    let ended = hosted.kill()?;
    ensure!(ended.code().is_none(), "it ended before it was killed");
    let again = run.restart(database).await?;
    ensure!(again == head, "another block after the restart");
    a_block_of_its_own(run).await
}

pub(super) async fn shutdown_and_restart(run: &mut Run<'_>) -> Result<String> {
    let mut hosted = run.take()?;
    let head = latest(hosted.call("eth_getBlockByNumber", json!(["latest", false])).await?)?;
    let database = hosted.host().database();
    let ended = hosted.shut_down().await?;
    let again = run.restart(database).await?;
    ensure!(again == head, "another block after the restart");
    let by_number = run.hosted()?.call("eth_getBlockByNumber", json!(["latest", false])).await?;
    ensure!(latest(by_number).context("the last block")? == head, "JSON-RPC shows another block than the host is told");
    Ok(format!("ended with {:?}", ended.code()))
}

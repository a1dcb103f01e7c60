//! Faults that hosts and their users were seen to make, and all that they can take: the plugin answers, stays bounded, and
//! ends when it is told to.

#[allow(dead_code, reason = "shared with the tests in one process")]
#[path = "sockets/client.rs"]
mod client;

use alloy_primitives::Address;
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use client::Client;
use pars_chain::block::{Block, Header, transactions_root};
use pars_chain::tx::Tx;
use pars_genesis::presets;
use pars_proto::host::vm;
use pars_tests::process::child::Running;
use pars_tests::process::hosted::{self, END_MAX, Files, Hosted, NOT_FOUND, states};
use pars_tests::process::program::pars_vm;
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Code;

const TO: Address = Address::repeat_byte(0x99);
/// The end of a plugin, from the call to the end of its process, whatever it is at.
const SHUTDOWN_MAX: Duration = Duration::from_secs(10);
/// Gas of a block that runs for minutes.
const GAS: u64 = 400_000_000_000;
/// An endless loop, which ends with its gas.
const LOOP: [u8; 4] = [0x5b, 0x60, 0x00, 0x56];

/// What a chain is, and not how its file was written, decides whether a folder is its own.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_3_a_genesis_written_differently() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let mut hosted = hosted::open(&files).await?;
    hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(0, TO, 1))?).await?;
    let built = hosted.seal().await?;
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    let genesis: Value = serde_json::from_slice(&files.genesis)?;
    let turned: serde_json::Map<String, Value> =
        genesis.as_object().context("an object")?.clone().into_iter().rev().collect();
    for text in [serde_json::to_string_pretty(&genesis)?, Value::Object(turned).to_string()] {
        let mut hosted = hosted::start().await?;
        let opened = hosted.initialize(&Files { genesis: text.into(), ..files.clone() }).await?;
        assert_eq!((opened.height, opened.last_accepted_id), (1, built.id.clone()));
        assert_eq!(hosted.shut_down().await?.code(), Some(0));
    }
    Ok(())
}

/// A terminal and a service manager signal the whole group; the host decides when the plugin ends.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_4_signals_to_the_group() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let from = Wallet::local(0)?;
    let mut hosted = hosted::open(&files).await?;
    let mut last = Bytes::new();
    for nonce in 0..20 {
        hosted.submit(&from.sign(&Draft::transfer(nonce, TO, 1))?).await?;
        hosted.running.signal_group(["INT", "TERM", "PIPE"][usize::try_from(nonce % 3)?])?;
        last = hosted.seal().await?.id;
        assert_eq!(hosted.call("eth_blockNumber", json!([])).await?, json!(format!("{:#x}", nonce + 1)));
    }
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    let mut hosted = hosted::start().await?;
    let opened = hosted.initialize(&files).await?;
    assert_eq!((opened.height, opened.last_accepted_id), (20, last));
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// kill -9 of the parent: nobody says Shutdown, and the folder is free again.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_4_the_parent_is_killed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let under_a_shell = |plugin: Command| {
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().envs(plugin.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.args(["-c", "\"$0\" & wait"]).arg(plugin.get_program());
        shell
    };
    let mut hosted = hosted::start_as(under_a_shell).await?;
    hosted.initialize(&files).await?;
    let Hosted { running, .. } = hosted;
    // Its end is that of its pipes, which the plugin has too.
    let since = Instant::now();
    tokio::task::spawn_blocking(move || running.kill()).await??;
    println!("the plugin ended {:?} after its parent was killed", since.elapsed());
    ensure!(since.elapsed() < Duration::from_secs(3), "{:?}", since.elapsed());
    let hosted = hosted::open(&files).await?;
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// `Shutdown`, the signal after it, and how long all took.
async fn ended(mut hosted: Hosted) -> Result<(Result<(), tonic::Status>, Duration)> {
    let since = Instant::now();
    let answer = hosted.plugin.vm.shutdown(()).await.map(drop);
    let Hosted { running, .. } = hosted;
    running.signal("TERM")?;
    let ended = tokio::task::spawn_blocking(move || running.wait(END_MAX)).await??;
    let took = since.elapsed();
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    ensure!(took < SHUTDOWN_MAX, "{took:?}");
    Ok((answer, took))
}

/// While the chain opens: a file that it reads does not end.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_5_shutdown_while_opening() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pipe = folder.path().join("airdrop");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let config = json!({ "airdrop": pipe }).to_string();
    let files = Files { config: config.into(), ..Files::local(folder.path()) };
    let hosted = hosted::start().await?;
    let request = hosted.initialize_request(&files);
    let mut opener = hosted.plugin.vm.clone();
    let opening = tokio::spawn(async move { opener.initialize(request).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    ensure!(!opening.is_finished(), "it opened");
    let (answer, took) = ended(hosted).await?;
    println!("while opening: {took:?}");
    answer?;
    opening.await?.err().context("a chain that did not open")?;
    Ok(())
}

/// A chain whose blocks may run for minutes, and a transaction that does.
fn endless(folder: &Path) -> Result<(Files, Signed)> {
    let local = Files::local(folder);
    let mut genesis: Value = serde_json::from_slice(&local.genesis)?;
    genesis["config"]["feeConfig"]["gasLimit"] = json!(GAS);
    genesis["gasLimit"] = json!(format!("{GAS:#x}"));
    let config = Bytes::from_static(b"{\"rpc-tx-fee-cap\": 0}");
    let files = Files { genesis: genesis.to_string().into(), config, ..local };
    let long = Draft { gas: GAS - 1_000_000, fee_cap: 10_000_000_000, tip: 1, ..Draft::create(0, LOOP.to_vec()) };
    Ok((files, Wallet::local(0)?.sign(&long)?))
}

/// The end of a chain that is busy, and its next start; how many transactions of the sender it knows then.
async fn busy_end(hosted: Hosted, files: &Files) -> Result<Value> {
    let (answer, _) = ended(hosted).await?;
    let text = "the chain did not close within 4 s: the process ends with what is stored";
    assert_eq!(answer.err().context("a chain that is busy")?.message(), text);
    let mut hosted = hosted::start().await?;
    assert_eq!(hosted.initialize(files).await?.height, 0);
    hosted.serve().await?;
    let known = hosted.call("eth_getTransactionCount", json!([Wallet::local(0)?.address, "pending"])).await?;
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(known)
}

/// While a block is built that takes minutes: nothing waits for it, and its transaction is in the pool again.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_5_shutdown_while_building() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (files, long) = endless(folder.path())?;
    let mut hosted = hosted::open(&files).await?;
    hosted.submit(&long).await?;
    hosted.wanted().await?;
    let mut builder = hosted.plugin.vm.clone();
    let building = tokio::spawn(async move { builder.build_block(vm::BuildBlockRequest::default()).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(!building.is_finished(), "it is built already");
    assert_eq!(busy_end(hosted, &files).await?, "0x1");
    building.await?.err().context("no block")?;
    Ok(())
}

/// While a peer's block is executed that takes minutes.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_5_shutdown_while_verifying() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (files, long) = endless(folder.path())?;
    let mut hosted = hosted::open(&files).await?;
    hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(0, TO, 1))?).await?;
    hosted.wanted().await?;
    let short = Block::decode(hosted.build().await?.bytes.into())?;
    let transactions = vec![Arc::new(Tx::decode(&long.raw)?)];
    let transactions_root = transactions_root(&transactions);
    let block = Block::new(Header { transactions_root, gas_used: GAS - 1_000_000, ..short.header }, transactions);
    let mut verifier = hosted.plugin.vm.clone();
    let request = vm::BlockVerifyRequest { bytes: block.bytes().0.clone(), p_chain_height: None };
    let verifying = tokio::spawn(async move { verifier.block_verify(request).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(!verifying.is_finished(), "there is a verdict already: {:?}", verifying.await);
    assert_eq!(busy_end(hosted, &files).await?, "0x1");
    verifying.await?.err().context("no verdict")?;
    Ok(())
}

/// While users' requests run, and while an event is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_5_shutdown_while_answering() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = Bytes::from_static(b"{\"rpc-gas-cap\": 0}");
    let mut hosted = hosted::open(&Files { config, ..Files::local(folder.path()) }).await?;
    let mut waiter = hosted.plugin.vm.clone();
    let waiting = tokio::spawn(async move { waiter.wait_for_event(()).await });
    let mut asking = JoinSet::new();
    for _ in 0..4 {
        let mut http = hosted.http_client()?;
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [
            { "data": "0x5b600056", "gas": "0xffffffffffff" }, "latest"
        ] });
        let request = Hosted::http_request("POST", call.to_string().as_bytes());
        asking.spawn(async move { http.handle_simple(request).await });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(asking.try_join_next().is_none(), "an endless call ended");
    assert_eq!(hosted.call("eth_chainId", json!([])).await?, "0x539");
    let (answer, took) = ended(hosted).await?;
    println!("while answering: {took:?}");
    answer?;
    assert_eq!(waiting.await?.err().context("no event")?.code(), Code::Unavailable);
    Ok(())
}

/// A dead plugin is seen at once, and one that failed says so.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_6_a_dead_plugin_is_seen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hosted = hosted::open(&Files::local(folder.path())).await?;
    let mut vm = hosted.plugin.vm.clone();
    vm.health(()).await?;
    let mut waiter = vm.clone();
    let waiting = tokio::spawn(async move { waiter.wait_for_event(()).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    hosted.running.kill()?;
    let since = Instant::now();
    waiting.await?.err().context("an event of a dead plugin")?;
    vm.health(()).await.err().context("health of a dead plugin")?;
    ensure!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    Ok(())
}

/// What is not there is an answer with a number; a status would stop the chain for ever.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_7_unknown_blocks_are_an_answer() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let vm = &mut hosted.plugin.vm;
    let unknown = vm::GetBlockRequest { id: vec![9; 32].into() };
    assert_eq!(vm.get_block(unknown).await?.into_inner().err, NOT_FOUND);
    for height in [1, u64::MAX] {
        let at = vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height }).await?.into_inner();
        assert_eq!(at.err, NOT_FOUND);
    }
    let ancestors = vm::GetAncestorsRequest {
        blk_id: vec![9; 32].into(),
        max_blocks_num: 1,
        max_blocks_size: 1_000,
        max_blocks_retrival_time: 1_000_000,
    };
    assert!(vm.get_ancestors(ancestors).await?.into_inner().blks_bytes.is_empty());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// Long messages of the host, and long bodies of users within the configured bound, both ways.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_8_long_messages() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = Bytes::from_static(b"{\"http-body-limit\": 16000000}");
    let mut hosted = hosted::open(&Files { config, ..Files::local(folder.path()) }).await?;
    for mib in [8, 16, 64] {
        let bytes = Bytes::from(vec![0xf8; mib << 20]);
        let request = vm::ParseBlockRequest { bytes };
        let status = hosted.plugin.vm.parse_block(request).await.err().context("no block")?;
        ensure!(status.code() == Code::Unknown && status.message().len() <= 1_024, "{status:?}");
    }
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"web3_sha3","params":["0x"#;
    let long = format!("{call}{}\"]}}", "00".repeat(5 << 20));
    let answer = hosted.http("POST", long.as_bytes()).await?;
    ensure!(answer.code == 200 && answer.body.len() < 200, "{} {}", answer.code, answer.body.len());
    ensure!(answer.body.starts_with(br#"{"jsonrpc":"2.0","id":1,"result":"0x"#), "{:?}", answer.body);
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// A build that gives nothing, and a block of which nobody hears again: while the pool has something, the host is told to
/// build once more.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_18_a_build_that_came_to_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files { genesis: presets::local(1_000).into(), ..Files::local(folder.path()) };
    let mut hosted = hosted::open(&files).await?;
    let from = Wallet::local(0)?;
    hosted.submit(&from.sign(&Draft::transfer(0, TO, 1))?).await?;
    hosted.seal().await?;

    hosted.submit(&from.sign(&Draft::transfer(1, TO, 1))?).await?;
    let early = hosted.build().await.err().context("a block within the delay")?;
    ensure!(early.to_string().contains("too early: the next block may come at "), "{early:?}");
    for _ in 0..3 {
        hosted.wanted().await?;
        assert_eq!(hosted.build().await?.height, 2);
    }
    hosted.wanted().await?;
    let refused = hosted.build().await?;
    hosted.verify(refused.bytes.clone()).await?;
    hosted.reject(refused.id).await?;
    hosted.wanted().await?;
    assert_eq!(hosted.seal().await?.height, 2);
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// A text of 100 KB in an error is cut, and the next call works.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_9_long_error_texts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let good = Files::local(folder.path());
    let mut hosted = hosted::start().await?;
    let long = format!("{{\"{}\": 1}}", "\u{e9}".repeat(50_000));
    for files in [
        Files { config: long.clone().into(), ..good.clone() },
        Files { genesis: long.clone().into(), ..good.clone() },
        Files { upgrade: long.into(), ..good.clone() },
    ] {
        let refused = timeout(Duration::from_secs(2), hosted.initialize(&files)).await?;
        let refused = refused.err().context("a file of one long key")?;
        ensure!(!refused.message().is_empty() && refused.message().len() <= 1_024, "{refused:?}");
    }
    hosted.initialize(&good).await?;
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// One byte a chunk, and nobody says how many come.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_10_bodies_in_pieces() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let hosted = hosted::open(&Files::local(folder.path())).await?;
    let call = br#"{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}"#;
    let chunks: Vec<u8> = call.iter().flat_map(|letter| [b'1', b'\r', b'\n', *letter, b'\r', b'\n']).collect();
    let head = b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    for streamed in [true, false] {
        let mut user = TcpStream::connect(hosted.proxy("/rpc", streamed).await?).await?;
        for _ in 0..3 {
            user.write_all(&[&head[..], &chunks, b"0\r\n\r\n"].concat()).await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"}") {
                ensure!(timeout(END_MAX, user.read_buf(&mut answer)).await?? > 0, "the connection ended");
            }
            let answer = String::from_utf8(answer)?;
            let (head, body) = answer.split_once("\r\n\r\n").context("a head")?;
            ensure!(head.starts_with("HTTP/1.1 200 "), "{answer}");
            assert_eq!(serde_json::from_str::<Value>(body)?["result"], json!("0x539"));
        }
    }
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// One bad block fails its batch, by its place, and nothing of the batch is kept.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_11_a_batch_with_a_bad_block() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(0, TO, 1))?).await?;
    let good = hosted.seal().await?.bytes;
    let request = vec![good.clone(), Bytes::from_static(b"garbage"), good.clone()];
    let batch = vm::BatchedParseBlockRequest { request };
    let status = hosted.plugin.vm.batched_parse_block(batch).await.err().context("a bad batch")?;
    ensure!(status.message().starts_with("block 1 of the batch: "), "{status:?}");
    let batch = vm::BatchedParseBlockRequest { request: vec![good; 3] };
    assert_eq!(hosted.plugin.vm.batched_parse_block(batch).await?.into_inner().response.len(), 3);
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// A connection does not age: 2^17 calls on one, 64 of them at a time.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_12_many_calls_on_one_connection() -> Result<()> {
    const CALLS: u64 = 1 << 17;
    const AT_ONCE: u64 = 64;
    let folder = tempfile::tempdir()?;
    let hosted = hosted::open(&Files::local(folder.path())).await?;
    let before = hosted.running.memory_kb()?;
    let since = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let mut vm = hosted.plugin.vm.clone();
        callers.spawn(async move {
            for height in 0..CALLS / AT_ONCE {
                vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height }).await?;
            }
            Ok::<(), tonic::Status>(())
        });
    }
    while let Some(called) = callers.join_next().await {
        called??;
    }
    let after = hosted.running.memory_kb()?;
    println!("{CALLS} calls in {:?}; {before} kB before, {after} kB after", since.elapsed());
    ensure!(after < before + 50_000, "{before} kB before, {after} kB after");
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// A clock that is behind is measured: by a block that comes from what it takes for the future, refused or not.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_20_a_clock_behind() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    assert_eq!(hosted.measured("clock_skew_seconds", None).await?, Some(0.0));
    hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(0, TO, 1))?).await?;
    hosted.wanted().await?;
    let built = hosted.build().await?;
    let block = Block::decode(built.bytes.clone().into())?;
    let header = Header {
        time: block.header.time + 3_600,
        time_ms: block.header.time_ms.map(|time_ms| time_ms + 3_600_000),
        ..block.header.clone()
    };
    let early = Block::new(header, block.transactions.clone());
    ensure!(hosted.verify(early.bytes().to_vec().into()).await.is_err(), "an hour ahead");
    let lead = hosted.measured("clock_skew_seconds", None).await?.context("measured")?;
    ensure!((3_500.0..=3_600.0).contains(&lead), "{lead}");
    hosted.verify(built.bytes.clone()).await?;
    let lead = hosted.measured("clock_skew_seconds", None).await?.context("measured")?;
    ensure!(lead < 60.0, "{lead}");
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// The program says without a host which numbers it speaks, and what it was built from; verdicts on the same block and on
/// its siblings may be asked for at once.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_22_versions_and_calls_at_once() -> Result<()> {
    for arguments in [&["version", "--json"][..], &["version"], &["--version"]] {
        let ended = Running::start(Command::new(pars_vm()?).args(arguments).env_clear())?.wait(END_MAX)?;
        assert_eq!((ended.code(), ended.err.as_str()), (Some(0), ""));
        if arguments.contains(&"--json") {
            let version: Value = serde_json::from_str(&ended.out)?;
            assert_eq!(version["rpcchainvm"], json!([45, 44, 46, 42]));
            assert_eq!(version["library"]["name"], "pars-host");
            assert_eq!(version["proto_sha256"].as_str().map(str::len), Some(64));
        } else {
            let start = concat!("pars-vm ", env!("CARGO_PKG_VERSION"), " [rpcchainvm=45 44 46 42] avalanchego 45, ");
            assert!(ended.out.starts_with(start), "{}", ended.out);
        }
    }

    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let mut ours = hosted::open(&Files::local(folders[0].path())).await?;
    let mut theirs = hosted::open(&Files::local(folders[1].path())).await?;
    let mut blocks = Vec::new();
    for (hosted, account) in [(&mut ours, 0), (&mut theirs, 1)] {
        hosted.submit(&Wallet::local(account)?.sign(&Draft::transfer(0, TO, 1))?).await?;
        hosted.wanted().await?;
        blocks.push(hosted.build().await?);
    }
    let mut calls = JoinSet::new();
    for index in 0..64 {
        let mut vm = ours.plugin.vm.clone();
        let block = blocks[index % 2].clone();
        calls.spawn(async move {
            let request = vm::BlockVerifyRequest { bytes: block.bytes.clone(), p_chain_height: None };
            vm.block_verify(request).await?;
            let got = vm.get_block(vm::GetBlockRequest { id: block.id }).await?.into_inner();
            Ok::<_, tonic::Status>((got.err, got.bytes == block.bytes))
        });
    }
    while let Some(called) = calls.join_next().await {
        assert_eq!(called??, (0, true));
    }
    for hosted in [ours, theirs] {
        assert_eq!(hosted.shut_down().await?.code(), Some(0));
    }
    Ok(())
}

/// A host that closes the plugin's pipes ends it soon; until then it answers.
#[tokio::test(flavor = "multi_thread")]
async fn process_host_closed_pipes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let without_pipes = |plugin: Command| {
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().envs(plugin.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.args(["-c", "exec \"$0\" >&- 2>&-"]).arg(plugin.get_program());
        shell
    };
    let config = Bytes::from_static(b"{\"log-level\": \"debug\"}");
    let mut hosted = hosted::start_as(without_pipes).await?;
    hosted.initialize(&Files { config, ..Files::local(folder.path()) }).await?;
    hosted.serve().await?;
    hosted.enter(states()?.normal).await?;
    for nonce in 0..5 {
        hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(nonce, TO, 1))?).await?;
        hosted.seal().await?;
    }
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// Whatever lies beside the plugin, it starts; a file of the operator that is wrong is named.
#[tokio::test(flavor = "multi_thread")]
async fn process_host_side_files() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let plugin = folder.path().join("srEXiWaHuhNyGwPUi444Tu47ZEDwxTWrbQiuD7FmgSAQ6X7Dy");
    std::os::unix::fs::symlink(pars_vm()?, &plugin)?;
    let beside = folder.path().join("pars");
    let linked = |command: Command| {
        let mut linked = Command::new(&plugin);
        let host = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with("ENGINE_ADDR");
        let envs = command.get_envs().filter(|(name, _)| host(name));
        linked.env_clear().envs(envs.filter_map(|(name, value)| Some((name, value?))));
        linked
    };
    // The notes are a folder, then nonsense.
    std::fs::create_dir_all(beside.join("numbers"))?;
    assert_eq!(hosted::start_as(linked).await?.shut_down().await?.code(), Some(0));
    std::fs::remove_dir(beside.join("numbers"))?;
    std::fs::write(beside.join("numbers"), [0xff; 100_000])?;
    assert_eq!(hosted::start_as(linked).await?.shut_down().await?.code(), Some(0));
    std::fs::write(beside.join("host.toml"), "protocol = fortyfive\n")?;
    let host = pars_host::testhost::TestHost::start(&pars_host::dialect::TABLE[0]).await?;
    let mut command = Command::new(&plugin);
    command.env_clear().envs(host.own_variables());
    let ended = tokio::task::spawn_blocking(move || Running::start(&mut command)?.wait(END_MAX)).await??;
    let reason = "line 1: protocol is fortyfive, expected a number; mend it, or remove it to let this program find out";
    let text = format!("pars: {}: {reason}\n", beside.join("host.toml").display());
    assert_eq!((ended.code(), ended.err), (Some(1), text));
    Ok(())
}

/// Six bodies of 300 MiB at once, with a configuration that allows them: each is refused before it is here.
#[tokio::test(flavor = "multi_thread")]
async fn process_host_huge_bodies() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = Bytes::from_static(b"{\"http-body-limit\": 1073741824}");
    let mut hosted = hosted::open(&Files { config, ..Files::local(folder.path()) }).await?;
    let before = hosted.running.memory_kb()?;
    let body = vec![b' '; 300 << 20];
    let mut asking = JoinSet::new();
    for _ in 0..6 {
        let (mut http, request) = (hosted.http_client()?, Hosted::http_request("POST", &body));
        asking.spawn(async move { http.handle_simple(request).await });
    }
    drop(body);
    let mut most = before;
    while let Some(asked) = asking.join_next().await {
        let status = asked?.err().context("a body of 300 MiB")?;
        ensure!(status.message().contains("message length too large"), "{status:?}");
        most = most.max(hosted.running.memory_kb()?);
    }
    assert_eq!(hosted.call("eth_chainId", json!([])).await?, "0x539");
    // Shorter ones share their room.
    let body = vec![b' '; 100 << 20];
    for _ in 0..6 {
        let (mut http, request) = (hosted.http_client()?, Hosted::http_request("POST", &body));
        asking.spawn(async move { http.handle_simple(request).await });
    }
    drop(body);
    while let Some(asked) = asking.join_next().await {
        let refused = asked?.err().is_none_or(|status| status.code() == Code::ResourceExhausted);
        ensure!(refused, "another error");
        most = most.max(hosted.running.memory_kb()?);
    }
    println!("{before} kB before, {most} kB at most");
    ensure!(most < before + 700_000, "{before} kB before, {most} kB at most");
    assert_eq!(hosted.call("eth_chainId", json!([])).await?, "0x539");
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// All at once: 64 WebSockets that nobody reads, a thousand requests a second, and blocks full of transfers that are
/// accepted one after another.
#[tokio::test(flavor = "multi_thread")]
async fn process_host_under_load() -> Result<()> {
    const BLOCKS: u64 = 20;
    const TRANSFERS: u64 = 100;
    const SOCKETS: usize = 64;
    const PAUSE: Duration = Duration::from_millis(10);
    const IN_A_PAUSE: usize = 10;
    let folder = tempfile::tempdir()?;
    let config = Bytes::from_static(b"{\"tx-pool-account-slots\": 4096}");
    let mut hosted = hosted::open(&Files { config, ..Files::local(folder.path()) }).await?;
    let address = hosted.proxy("/ws", false).await?;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        let mut socket = Client::narrow(address).await;
        for kind in ["newHeads", "newPendingTransactions"] {
            socket
                .send(json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": [kind] }).to_string())
                .await;
        }
        sockets.push(socket);
    }
    let before = hosted.running.memory_kb()?;
    let (answered, slowest_us) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let asking = tokio::spawn({
        let (http, answered, slowest_us) = (hosted.http_client()?, Arc::clone(&answered), Arc::clone(&slowest_us));
        async move {
            let mut turns = tokio::time::interval(PAUSE);
            turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut asked = JoinSet::new();
            loop {
                turns.tick().await;
                for _ in 0..IN_A_PAUSE {
                    let mut http = http.clone();
                    let (answered, slowest_us) = (Arc::clone(&answered), Arc::clone(&slowest_us));
                    let call = br#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]}"#;
                    let request = Hosted::http_request("POST", call);
                    asked.spawn(async move {
                        let since = Instant::now();
                        if http.handle_simple(request).await.is_ok_and(|answer| answer.get_ref().code == 200) {
                            answered.fetch_add(1, Ordering::Relaxed);
                            let took = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
                            slowest_us.fetch_max(took, Ordering::Relaxed);
                        }
                    });
                }
                while asked.try_join_next().is_some() {}
            }
        }
    });
    let from = Wallet::local(0)?;
    let since = Instant::now();
    let mut slowest_accept = Duration::ZERO;
    for block in 0..BLOCKS {
        for transfer in 0..TRANSFERS {
            hosted.submit(&from.sign(&Draft::transfer(block * TRANSFERS + transfer, TO, 1))?).await?;
        }
        hosted.wanted().await?;
        let built = hosted.build().await?;
        hosted.verify(built.bytes.clone()).await?;
        hosted.prefer(built.id.clone()).await?;
        let accepting = Instant::now();
        hosted.accept(built.id).await?;
        slowest_accept = slowest_accept.max(accepting.elapsed());
    }
    let took = since.elapsed();
    asking.abort();
    let after = hosted.running.memory_kb()?;
    let (answered, slowest_us) = (answered.load(Ordering::Relaxed), slowest_us.load(Ordering::Relaxed));
    println!(
        "{BLOCKS} blocks of {TRANSFERS} in {took:?}, accepted within {slowest_accept:?}; {answered} requests, the slowest \
         {slowest_us} us; {before} kB before, {after} kB after"
    );
    ensure!(slowest_accept < Duration::from_secs(5), "{slowest_accept:?}");
    ensure!(answered > 100 && slowest_us < 10_000_000, "{answered} answers, {slowest_us} us");
    ensure!(after < before + 400_000, "{before} kB before, {after} kB after");
    for (name, expected) in [
        ("height", 20.0),
        ("blocks_accepted_total", 20.0),
        ("blocks_built_total", 20.0),
        ("transactions_accepted_total", 2_000.0),
        ("gas_used_total", 42_000_000.0),
        ("processing_blocks", 0.0),
        ("stopped", 0.0),
    ] {
        assert_eq!(hosted.measured(name, None).await?, Some(expected), "{name}");
    }
    assert!(hosted.measured("websockets_open", None).await? > Some(0.0));
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    drop(sockets);
    Ok(())
}

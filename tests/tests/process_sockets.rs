//! WebSockets of the real program: `dev`'s own port, and the plugin behind a host that passes connections on.

#[allow(dead_code, reason = "shared with the tests in one process")]
#[path = "sockets/client.rs"]
mod client;

use alloy_primitives::{Address, Bytes, bytes};
use anyhow::{Context as _, Result, ensure};
use client::Client;
use pars_tests::process::dev::{self, Dev, STOP_MAX};
use pars_tests::process::hosted::{self, Files};
use pars_tests::process::wallet::{Draft, Wallet};
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

/// What makes a contract that logs the number 1 under the topic 42.
const LOGS: Bytes = bytes!("6c6001600052602a60206000a100600052600d6013f3");

/// Follows everything on a port of this chain; the ids of heads, logs and pending transactions.
async fn follow(client: &mut Client) -> [Value; 3] {
    let heads = client.call("eth_subscribe", json!(["newHeads"])).await;
    let logs = client.call("eth_subscribe", json!(["logs", { "topics": [format!("0x{:064x}", 42)] }])).await;
    let pending = client.call("eth_subscribe", json!(["newPendingTransactions", true])).await;
    [heads, logs, pending]
}

/// The three things that one transaction makes, in whatever order.
async fn three(client: &mut Client, [heads, logs, pending]: &[Value; 3]) -> Result<[Value; 3]> {
    let mut told = [Value::Null, Value::Null, Value::Null];
    for _ in 0..3 {
        let (id, news) = client.news().await;
        let at = [heads, logs, pending].iter().position(|known| **known == id).context("a subscription of ours")?;
        ensure!(told[at].is_null(), "{news} came twice");
        told[at] = news;
    }
    Ok(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn process_dev_sockets() -> Result<()> {
    let dev = Dev::start(None)?;
    let wallet = Wallet::local(0)?;
    let contract = wallet.address.create(0);
    let mut client = Client::connect(dev.address).await;
    let ids = follow(&mut client).await;
    let create = wallet.sign(&Draft::create(0, LOGS))?;
    assert_eq!(client.call("eth_sendRawTransaction", create.params()).await, json!(create.hash));
    for _ in 0..2 {
        let (id, _) = client.news().await;
        assert_ne!(id, ids[1]);
    }
    for nonce in 1..20 {
        let call = wallet.sign(&Draft::call(nonce, contract, Bytes::new()))?;
        let since = Instant::now();
        client.call("eth_sendRawTransaction", call.params()).await;
        let [head, log, pending] = three(&mut client, &ids).await?;
        ensure!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
        let receipt = client.call("eth_getTransactionReceipt", json!([call.hash])).await;
        assert_eq!(head["hash"], receipt["blockHash"]);
        assert_eq!(receipt["logs"], json!([log]));
        assert_eq!((&pending["hash"], &pending["blockHash"]), (&json!(call.hash), &Value::Null));
    }
    // HTTP on the same port, at the same time.
    let address = dev.address;
    let height = tokio::task::spawn_blocking(move || pars_tests::process::rpc::Client::connect(address)?.height());
    assert_eq!(height.await??, 20);
    client.silence().await;
    // The end is told, and comes in time.
    let stopping = tokio::task::spawn_blocking(move || dev.stop("TERM"));
    assert_eq!(client.goodbye().await, (Some((1_001, "the node stops".to_owned())), 0));
    let ended = stopping.await??;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    ensure!(ended.took < Duration::from_secs(2), "{:?}", ended.took);
    Ok(())
}

/// Connections that nobody reads or ends do not keep the process, and cost it little memory; others go on.
#[tokio::test(flavor = "multi_thread")]
async fn process_dev_stalled_sockets() -> Result<()> {
    const STALLED: usize = 64;
    let dev = Dev::start(None)?;
    let wallet = Wallet::local(0)?;
    let mut live = Client::connect(dev.address).await;
    live.call("eth_subscribe", json!(["newHeads"])).await;
    let before = dev.running.memory_kb()?;
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x0",false]}"#;
    let batch = format!("[{}]", vec![call; 500].join(","));
    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        let mut client = Client::narrow(dev.address).await;
        for _ in 0..16 {
            client.call("eth_subscribe", json!(["newHeads"])).await;
        }
        // Answers of a megabyte, four of them, that nobody reads.
        for _ in 0..4 {
            client.send(batch.clone()).await;
        }
        stalled.push(client);
    }
    let mut slowest = Duration::ZERO;
    for nonce in 0..300 {
        let since = Instant::now();
        let transfer = wallet.sign(&Draft::transfer(nonce, Address::ZERO, 1))?;
        live.call("eth_sendRawTransaction", transfer.params()).await;
        live.news().await;
        slowest = slowest.max(since.elapsed());
    }
    let after = dev.running.memory_kb()?;
    println!("{STALLED} stalled: {before} kB before, {after} kB after 300 blocks; the slowest of them {slowest:?}");
    ensure!(after < before + 400_000, "{before} kB before, {after} kB after");
    ensure!(slowest < Duration::from_secs(5), "{slowest:?}");
    // Within the time that the process has, whatever they do.
    let ended = tokio::task::spawn_blocking(move || dev.stop("TERM")).await??;
    ensure!(ended.code() == Some(0) && ended.took < STOP_MAX, "{ended:?}");
    drop(stalled);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_sockets() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let wallet = Wallet::local(0)?;
    let contract = wallet.address.create(0);
    let ws = hosted.proxy("/ws", false).await?;
    let mut client = Client::connect(ws).await;
    assert_eq!(client.call("eth_chainId", json!([])).await, "0x539");
    let ids = follow(&mut client).await;
    let create = wallet.sign(&Draft::create(0, LOGS))?;
    hosted.submit(&create).await?;
    assert_eq!(client.news().await.0, ids[2]);
    hosted.seal().await?;
    assert_eq!(client.news().await.0, ids[0]);
    for nonce in 1..10 {
        let call = wallet.sign(&Draft::call(nonce, contract, Bytes::new()))?;
        assert_eq!(client.call("eth_sendRawTransaction", call.params()).await, json!(call.hash));
        let built = hosted.seal().await?;
        let [head, log, pending] = three(&mut client, &ids).await?;
        assert_eq!(head["hash"], json!(Bytes::from(built.id)));
        assert_eq!((&log["blockHash"], &log["transactionHash"]), (&head["hash"], &json!(call.hash)));
        assert_eq!(pending["hash"], json!(call.hash));
    }
    client.silence().await;
    // An answer and a question of many pieces.
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x0",false]}"#;
    client.send(format!("[{}]", vec![call; 1_000].join(","))).await;
    let answer = client.receive().await;
    assert_eq!(answer.as_array().context("a batch")?.len(), 1_000);
    client.send(format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}}{}", " ".repeat(4 << 20))).await;
    assert_eq!(client.receive().await["result"], "0x539");

    // The other path, and a host that streams, answer the same.
    let mut other = Client::connect(hosted.proxy("/rpc", false).await?).await;
    assert_eq!(other.call("eth_blockNumber", json!([])).await, "0xa");
    for (path, streamed) in [("/rpc", false), ("/rpc", true), ("/ws", true)] {
        let address = hosted.proxy(path, streamed).await?;
        let height = tokio::task::spawn_blocking(move || pars_tests::process::rpc::Client::connect(address)?.height());
        assert_eq!(height.await??, 10, "{path} {streamed}");
    }
    // A client that leaves is gone; those that stay are told the end, and do not hold it up.
    drop(other);
    let mut clients = vec![client];
    for _ in 0..30 {
        clients.push(Client::connect(ws).await);
    }
    let ended = hosted.shut_down().await?;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    ensure!(ended.took < Duration::from_secs(3), "{:?}", ended.took);
    for mut client in clients {
        assert_eq!(client.goodbye().await, (Some((1_001, "the node stops".to_owned())), 0));
    }
    Ok(())
}

/// More clients than a port has room for leave their connections open, or never end their request. The next one is answered
/// all the same, and the store has the files that it needs although the system allows few at first.
#[tokio::test(flavor = "multi_thread")]
async fn report_7_4_connections_that_wait_give_way() -> Result<()> {
    const IDLE: usize = 1_100;
    let folder = tempfile::tempdir()?;
    rlimit::increase_nofile_limit(4_096)?;
    let plain = dev::command(Some(folder.path()))?;
    let mut few = Command::new("sh");
    few.args(["-c", "ulimit -Sn 1024 && exec \"$0\" \"$@\""]).arg(plain.get_program()).args(plain.get_args());
    let dev = Dev::start_as(&mut few)?;
    let address = dev.address;
    let mut first = pars_tests::process::rpc::Client::connect(address)?;
    assert_eq!(first.height()?, 0);
    let mut idle = Vec::new();
    for index in 0..IDLE {
        let mut connection =
            tokio::net::TcpStream::connect(address).await.with_context(|| format!("connection {index}"))?;
        if index % 2 == 0 {
            connection.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{").await?;
        }
        idle.push(connection);
    }
    let since = Instant::now();
    let (wallet, to) = (Wallet::local(0)?, Address::repeat_byte(0x77));
    let mut sender = pars_tests::process::rpc::Client::connect(address)?;
    for _ in 0..10 {
        sender.pay(&wallet, to, 1)?;
    }
    assert_eq!(pars_tests::process::rpc::Client::connect(address)?.height()?, 10);
    ensure!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    drop(idle);
    let ended = dev.stop("TERM")?;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    Ok(())
}

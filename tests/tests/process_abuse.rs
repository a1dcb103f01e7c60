//! Clients that take all they can of the real program: memory stays bounded, and whoever asks for little is answered.

#[allow(dead_code, reason = "shared with the tests in one process")]
#[path = "sockets/client.rs"]
mod client;

use alloy_primitives::{Address, bytes};
use anyhow::{Context as _, Result, ensure};
use client::Client;
use futures_util::SinkExt as _;
use pars_tests::process::dev::{self, Dev};
use pars_tests::process::rpc;
use pars_tests::process::wallet::{Draft, Wallet};
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// Bytes of the longest request.
const REQUEST_BYTES: usize = 5 << 20;
/// What the process may take beside what it had, kB.
const MEMORY_KB: u64 = 400_000;
/// How long a short request may take while others do what they can.
const PATIENCE: Duration = Duration::from_secs(5);

/// An endless loop, which ends with its gas.
const LOOP: &str = r#"{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{"data":"0x5b600056"}]}"#;

/// Ticks of a processor that it has used, a hundred a second.
fn ticks(dev: &Dev) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", dev.running.id()))?;
    let (_, fields) = stat.rsplit_once(") ").context("fields behind the name")?;
    let times = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    Ok(times.sum::<Result<u64, _>>()?)
}

/// Somebody who asks for little, over HTTP and over a WebSocket that is open, and sends a transfer.
async fn modest(dev: &Dev, socket: &mut Client, nonce: u64) -> Result<()> {
    let since = Instant::now();
    assert_eq!(socket.call("eth_chainId", json!([])).await, "0x539");
    let wallet = Wallet::local(0)?;
    let transfer = wallet.sign(&Draft::transfer(nonce, Address::ZERO, 1))?;
    let address = dev.address;
    tokio::task::spawn_blocking(move || rpc::Client::connect(address)?.submit(&transfer)).await??;
    ensure!(since.elapsed() < PATIENCE, "{:?}", since.elapsed());
    Ok(())
}

/// A request over HTTP, without waiting for the answer.
async fn post(connection: &mut TcpStream, length: usize, body: &[u8]) -> std::io::Result<()> {
    let head =
        format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(body).await
}

/// Millions of items in a short body: as a batch, and as the parameters of a call.
#[tokio::test(flavor = "multi_thread")]
async fn report_7_lists_of_many_small_items() -> Result<()> {
    let dev = Dev::start(None)?;
    let mut socket = Client::connect(dev.address).await;
    let before = dev.running.memory_kb()?;
    let items = |length: usize| format!("[1{}]", ",1".repeat(length / 2));
    let batch = items(REQUEST_BYTES - 200);
    let params = items(REQUEST_BYTES - 200);
    let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{params}}}"#);
    let mut asking = Vec::new();
    for index in 0..24 {
        let (address, body) = (dev.address, if index % 2 == 0 { batch.clone() } else { call.clone() });
        asking.push(tokio::spawn(async move {
            let mut connection = TcpStream::connect(address).await?;
            for _ in 0..4 {
                post(&mut connection, body.len(), body.as_bytes()).await?;
                let mut answer = [0; 4_096];
                let read = connection.read(&mut answer).await?;
                ensure!(read > 0, "no answer");
            }
            Ok(())
        }));
    }
    for nonce in 0..5 {
        modest(&dev, &mut socket, nonce).await?;
    }
    for asked in asking {
        asked.await??;
    }
    let after = dev.running.memory_kb()?;
    ensure!(after < before + MEMORY_KB, "{before} kB before, {after} kB after");
    Ok(())
}

/// Long requests that never end, over HTTP and in pieces over WebSockets, and long ones that wait for their turn.
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_bounded_together() -> Result<()> {
    let dev = Dev::start(None)?;
    let mut socket = Client::connect(dev.address).await;
    let before = dev.running.memory_kb()?;
    let part = vec![b'1'; REQUEST_BYTES - 100];
    let (mut open, mut refused) = (Vec::new(), 0);
    for _ in 0..60 {
        let mut connection = TcpStream::connect(dev.address).await?;
        // Where there is no room for it, the rest of a request may find a closed connection.
        refused += u64::from(post(&mut connection, REQUEST_BYTES, &part).await.is_err());
        open.push(connection);
    }
    let mut sockets = Vec::new();
    for _ in 0..60 {
        let mut client = Client::connect(dev.address).await;
        for kind in [Data::Text, Data::Continue] {
            let frame = Frame::message(part[..part.len() / 2].to_vec(), OpCode::Data(kind), false);
            if client.socket.send(Message::Frame(frame)).await.is_err() {
                refused += 1;
                break;
            }
        }
        sockets.push(client);
    }
    for nonce in 0..5 {
        modest(&dev, &mut socket, nonce).await?;
    }
    let after = dev.running.memory_kb()?;
    println!("{refused} were refused while they came; {before} kB before, {after} kB after");
    ensure!(after < before + MEMORY_KB, "{before} kB before, {after} kB after");
    // A long request is refused in words now, and taken when the others are gone.
    let long =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[],"x":"{}"}}"#, "1".repeat(4 << 20));
    let address = dev.address;
    let ask = move || {
        let long = long.clone();
        tokio::task::spawn_blocking(move || {
            let mut client = rpc::Client::connect(address)?;
            client.send("POST", long.as_bytes())?;
            client.receive()
        })
    };
    let answer = ask().await??;
    assert_eq!((answer.status, answer.body.as_str()), (503, "too many long requests are here already\n"));
    drop((open, sockets));
    let since = Instant::now();
    while ask().await??.status != 200 {
        ensure!(since.elapsed() < PATIENCE, "what was open is not forgotten");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Long answers that nobody reads keep out nobody who asks for little.
#[tokio::test(flavor = "multi_thread")]
async fn unread_answers_keep_nobody_out() -> Result<()> {
    let dev = Dev::start(None)?;
    let mut socket = Client::connect(dev.address).await;
    // A contract of 24,576 zeros.
    let wallet = Wallet::local(1)?;
    let create = wallet.sign(&Draft { gas: 6_000_000, ..Draft::create(0, bytes!("6160006000f3")) })?;
    let address = dev.address;
    tokio::task::spawn_blocking(move || rpc::Client::connect(address)?.submit(&create)).await??;
    let contract = wallet.address.create(0);
    let call = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_getCode","params":["{contract}","latest"]}}"#);
    assert_eq!(socket.call("eth_getCode", json!([contract, "latest"])).await.as_str().map(str::len), Some(49_154));
    let body = format!("[{}]", vec![call; 999].join(","));
    let mut unread = Vec::new();
    for _ in 0..40 {
        let narrow = TcpSocket::new_v4()?;
        narrow.set_recv_buffer_size(4_096)?;
        let mut connection = narrow.connect(dev.address).await?;
        post(&mut connection, body.len(), body.as_bytes()).await?;
        unread.push(connection);
    }
    let (before, since) = (dev.running.memory_kb()?, Instant::now());
    let (mut nonce, mut most) = (0, 0);
    while since.elapsed() < Duration::from_secs(3) {
        modest(&dev, &mut socket, nonce).await?;
        nonce += 1;
        most = dev.running.memory_kb()?.max(most);
    }
    println!("{nonce} transfers; {before} kB after the requests, {most} kB at most");
    ensure!(most < 1_000_000, "{most} kB");
    drop(unread);
    Ok(())
}

/// Work ends when its client has left, also where something stands behind the request.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_works_for_clients_that_left() -> Result<()> {
    let dev = Dev::start(None)?;
    let batch = format!("[{}]", vec![LOOP; 1_000].join(","));
    for behind in ["", "POST / HTTP/1.1\r\n"] {
        for _ in 0..30 {
            let mut connection = TcpStream::connect(dev.address).await?;
            post(&mut connection, batch.len(), format!("{batch}{behind}").as_bytes()).await?;
            // It is taken before its client leaves.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let since = Instant::now();
        loop {
            let before = ticks(&dev)?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let used = ticks(&dev)? - before;
            if used <= 5 {
                break;
            }
            ensure!(since.elapsed() < PATIENCE, "{used} ticks in half a second with {behind:?} behind the request");
        }
    }
    Ok(())
}

/// A log that nobody reads does not hold up the node, nor its end.
#[test]
fn process_dev_with_a_full_log() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pipe = folder.path().join("log");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success());
    // Open for both, so that nobody waits for the other end.
    let _unread = std::fs::OpenOptions::new().read(true).write(true).open(&pipe)?;
    let plain = dev::command(Some(&folder.path().join("chain")))?;
    let mut command = Command::new("sh");
    command.env("LOG", &pipe).args(["-c", "exec \"$0\" \"$@\" 2> \"$LOG\""]);
    command.arg(plain.get_program()).args(plain.get_args());
    let dev = Dev::start_as(&mut command)?;
    let wallet = Wallet::local(0)?;
    let mut client = dev.client()?;
    // A pipe takes 64 KiB; each block is a line of a hundred letters.
    for nonce in 0..1_500 {
        client.submit(&wallet.sign(&Draft::transfer(nonce, Address::ZERO, 1))?)?;
    }
    assert_eq!(client.height()?, 1_500);
    let ended = dev.stop("HUP")?;
    assert_eq!(ended.code(), Some(0));
    assert_eq!(pars_tests::process::folder::check(&folder.path().join("chain"))?.height, 1_500);
    Ok(())
}

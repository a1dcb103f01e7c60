//! `pars-vm dev` as its users meet it.

use alloy_primitives::{Address, B256, Bytes, U256, address};
use anyhow::{Context as _, Result, ensure};
use pars_chain::block::{BlockId, Header, UNCLES_OF_NONE};
use pars_chain::engine::genesis_block;
use pars_chain::tx::Tx;
use pars_genesis::forks::HostUpgrades;
use pars_genesis::presets;
use pars_tests::process::dev::{Dev, STOP_MAX};
use pars_tests::process::folder;
use pars_tests::process::rpc::{Client, Refusal, number, outcome};
use pars_tests::process::wallet::{Draft, Kind, Wallet};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const BLACKHOLE: &str = "0x0100000000000000000000000000000000000000";
/// 10,000 coins.
const RICH: u128 = 10_000_000_000_000_000_000_000;
/// A contract that reverts whatever it is asked, and what makes it.
const REVERTS: [u8; 14] = [0x64, 0x60, 0, 0x60, 0, 0xfd, 0x60, 0, 0x52, 0x60, 5, 0x60, 0x1b, 0xf3];
/// What makes a contract that logs the number 1 under the topic 42.
const LOGS: [u8; 21] =
    [0x6c, 0x60, 1, 0x60, 0, 0x52, 0x60, 0x2a, 0x60, 0x20, 0x60, 0, 0xa1, 0, 0x60, 0, 0x52, 0x60, 13, 0x60, 19];
const RETURN: u8 = 0xf3;

/// Measurements follow what happens, on the port of JSON-RPC.
#[test]
fn process_dev_metrics() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start(Some(folder.path()))?;
    let mut client = dev.client()?;
    for _ in 0..3 {
        client.pay(&Wallet::local(0)?, Address::repeat_byte(9), 1)?;
    }
    ensure!(client.request("eth_getBalance", json!([]))?.is_err(), "a call without parameters");
    // A receipt is there a moment before its block is counted.
    let (last, since) = ("pars_chain_gas_used_total 63000", Instant::now());
    let text = loop {
        let text = scrape(&dev, "GET /metrics HTTP/1.1")?;
        if text.lines().any(|line| line == last) || since.elapsed() > Duration::from_secs(1) {
            break text;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    ensure!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.contains("text/plain; version=0.0.4"), "{text}");
    for line in [
        "# TYPE pars_chain_height gauge",
        "pars_chain_height 3",
        "pars_chain_blocks_accepted_total 3",
        "pars_chain_blocks_built_total 3",
        "pars_chain_transactions_accepted_total 3",
        last,
        "pars_chain_accept_seconds_bucket{le=\"+Inf\"} 3",
        "pars_chain_build_seconds_count 3",
        "pars_chain_pool_transactions{state=\"executable\"} 0",
        "pars_chain_rpc_requests_total{group=\"internal-transaction\"} 6",
        "pars_chain_rpc_errors_total{group=\"internal-blockchain\"} 1",
        "pars_chain_rpc_in_flight 0",
        "pars_chain_websockets_open 0",
        "pars_chain_stopped 0",
    ] {
        ensure!(text.lines().any(|got| got == line), "no {line} in {text}");
    }
    for start in
        ["pars_chain_store_bytes{column=\"blocks\"} ", "pars_chain_journal_bytes ", "pars_chain_disk_free_bytes "]
    {
        ensure!(text.lines().any(|got| got.starts_with(start)), "no {start} in {text}");
    }
    // Only this: other methods and paths are JSON-RPC's as before.
    ensure!(scrape(&dev, "GET /metric HTTP/1.1")?.starts_with("HTTP/1.1 200 OK\r\n"));
    ensure!(scrape(&dev, "PUT /metrics HTTP/1.1")?.starts_with("HTTP/1.1 405 "));
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

/// The whole answer to a request.
fn scrape(dev: &Dev, line: &str) -> Result<String> {
    use std::io::{Read as _, Write as _};
    let mut connection = std::net::TcpStream::connect(dev.address)?;
    connection.write_all(format!("{line}\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut text = String::new();
    connection.read_to_string(&mut text)?;
    Ok(text)
}

/// Ten methods, each answer in all its values, in a chain of one block; and the first answer within ten seconds.
#[test]
fn process_dev_ten_methods() -> Result<()> {
    let dev = Dev::start(None)?;
    println!("first answer {:?} after the start", dev.started);
    let mut client = dev.client()?;
    let (from, to) = (Wallet::local(0)?, address!("00000000000000000000000000000000000000ff"));
    let none: Vec<Value> = Vec::new();
    assert_eq!(client.call("eth_chainId", json!([]))?, "0x539");
    assert_eq!(client.call("net_version", json!([]))?, "1337");
    assert_eq!(client.call("web3_clientVersion", json!([]))?, concat!("pars-vm/v", env!("CARGO_PKG_VERSION")));
    assert_eq!(client.call("eth_blockNumber", json!([]))?, "0x0");

    let genesis = pars_genesis::parse::genesis(&presets::local(1), &[], Some(&HostUpgrades::LOCAL), None)?;
    let genesis = genesis_block(&genesis)?.0;
    let shown = client.call("eth_getBlockByNumber", json!(["earliest", true]))?;
    assert_eq!(shown["hash"], json!(genesis.id().0));
    assert_eq!(header(&shown)?, genesis.header);
    assert_eq!(shown["transactions"], json!(none));

    for (account, tag, wei) in
        [(from.address, json!("latest"), RICH), (from.address, json!("0x0"), RICH), (to, json!("pending"), 0)]
    {
        assert_eq!(client.call("eth_getBalance", json!([account, tag]))?, json!(U256::from(wei)));
        assert_eq!(client.call("eth_getTransactionCount", json!([account, tag]))?, "0x0");
    }

    let signed = from.sign(&Draft { tip: 5, ..Draft::transfer(0, to, 1_000) })?;
    assert_eq!(client.call("eth_sendRawTransaction", signed.params())?, json!(signed.hash));
    assert_eq!(client.call("eth_blockNumber", json!([]))?, "0x1");

    let block = client.call("eth_getBlockByNumber", json!(["0x1", false]))?;
    let header = header(&block)?;
    let id = BlockId(serde_json::from_value(block["hash"].clone())?);
    assert_eq!(header.id(), id, "the header of the answer has another hash");
    assert_eq!(block["parentHash"], json!(genesis.id().0));
    let expected = json!({
        "number": "0x1",
        "nonce": "0x0000000000000000",
        "mixHash": B256::ZERO,
        "sha3Uncles": UNCLES_OF_NONE,
        "logsBloom": format!("0x{}", "0".repeat(512)),
        "miner": BLACKHOLE,
        "difficulty": "0x1",
        "totalDifficulty": "0x1",
        "gasLimit": "0xe4e1c0",
        "gasUsed": "0x5208",
        "baseFeePerGas": "0x3b9aca00",
        "blockGasCost": "0x0",
        "blobGasUsed": "0x0",
        "excessBlobGas": "0x0",
        "parentBeaconBlockRoot": B256::ZERO,
        "extraData": Bytes::from(vec![0; 86]),
        "transactions": [signed.hash],
        "uncles": none,
    });
    let known = expected.as_object().context("an object")?;
    for (key, value) in known {
        assert_eq!(block[key], *value, "{key}");
    }
    let rest = ["hash", "parentHash", "transactionsRoot", "stateRoot", "receiptsRoot", "size", "timestamp"];
    let rest = [rest.as_slice(), &["timestampMilliseconds", "minDelayExcess"]].concat();
    for key in block.as_object().context("an object")?.keys() {
        assert!(known.contains_key(key) || rest.contains(&key.as_str()), "{key} is new");
    }
    let milliseconds = number(&block["timestampMilliseconds"])?;
    assert_eq!(number(&block["timestamp"])?, milliseconds / 1_000);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis();
    assert!(u128::from(milliseconds) <= now && now < u128::from(milliseconds) + 60_000, "{milliseconds}");

    assert_eq!(client.call("eth_getBlockByHash", json!([id.0, false]))?, block);
    for tag in ["latest", "safe", "finalized", "pending", "accepted"] {
        assert_eq!(client.call("eth_getBlockByNumber", json!([tag, false]))?, block, "{tag}");
    }
    let full = client.call("eth_getBlockByHash", json!([id.0, true]))?;
    let signature = Tx::decode(&signed.raw)?.signature();
    assert_eq!(
        full["transactions"],
        json!([{
            "blockHash": id.0,
            "blockNumber": "0x1",
            "blockTimestamp": block["timestamp"],
            "transactionIndex": "0x0",
            "hash": signed.hash,
            "type": "0x2",
            "chainId": "0x539",
            "nonce": "0x0",
            "from": from.address,
            "to": to,
            "value": "0x3e8",
            "gas": "0x5208",
            "gasPrice": "0x3b9aca05",
            "maxFeePerGas": "0xe8d4a51000",
            "maxPriorityFeePerGas": "0x5",
            "input": "0x",
            "accessList": none,
            "v": signature.v,
            "r": signature.r,
            "s": signature.s,
            "yParity": signature.v,
        }])
    );
    assert_eq!(
        client.call("eth_getTransactionReceipt", json!([signed.hash]))?,
        json!({
            "blockHash": id.0,
            "blockNumber": "0x1",
            "transactionHash": signed.hash,
            "transactionIndex": "0x0",
            "type": "0x2",
            "from": from.address,
            "to": to,
            "contractAddress": null,
            "status": "0x1",
            "gasUsed": "0x5208",
            "cumulativeGasUsed": "0x5208",
            "effectiveGasPrice": "0x3b9aca05",
            "logsBloom": format!("0x{}", "0".repeat(512)),
            "logs": none,
        })
    );

    let spent = 1_000 + 21_000 * 1_000_000_005;
    for (account, tag, wei, nonce) in [
        (from.address, "latest", RICH - spent, "0x1"),
        (from.address, "0x0", RICH, "0x0"),
        (to, "0x1", 1_000, "0x0"),
        (to, "earliest", 0, "0x0"),
        // Coinbase without fee recipients: fees go where nobody has them.
        (BLACKHOLE.parse()?, "latest", 21_000 * 1_000_000_005, "0x0"),
    ] {
        assert_eq!(client.call("eth_getBalance", json!([account, tag]))?, json!(U256::from(wei)), "{account} {tag}");
        assert_eq!(client.call("eth_getTransactionCount", json!([account, tag]))?, nonce, "{account} {tag}");
    }
    // What is not there is null, and a state that is not there is an error.
    for (method, params) in [
        ("eth_getBlockByNumber", json!(["0x2", false])),
        ("eth_getBlockByHash", json!([B256::repeat_byte(1), false])),
        ("eth_getTransactionReceipt", json!([B256::repeat_byte(1)])),
    ] {
        assert_eq!(client.call(method, params)?, Value::Null, "{method}");
    }
    for method in ["eth_getBalance", "eth_getTransactionCount"] {
        let refusal = client.refusal(method, json!([from.address, "0x2"]))?;
        assert_eq!(refusal, Refusal { code: -32_000, message: "cannot query unfinalized data".to_owned() });
    }
    Ok(())
}

/// What is not one of the ten methods, and what the ten do not take.
#[test]
fn process_dev_refused_requests() -> Result<()> {
    let dev = Dev::start(None)?;
    let mut client = dev.client()?;
    for method in [
        "eth_createAccessList",
        "eth_getUncleByBlockHashAndIndex",
        "eth_getUncleCountByBlockNumber",
        "eth_sendTransaction",
        "eth_sign",
        "eth_simulateV1",
        "evm_mine",
        "debug_traceTransaction",
        "trace_block",
        "personal_listAccounts",
        "admin_nodeInfo",
        "eth_chainid",
        "chainId",
    ] {
        let message = format!("the method {method} does not exist/is not available");
        assert_eq!(client.refusal(method, json!([]))?, Refusal { code: -32_601, message });
    }
    let account = Wallet::local(0)?.address;
    for (method, params, message) in [
        ("eth_chainId", json!([1]), "too many arguments, want at most 0"),
        ("eth_chainId", json!({}), "non-array args"),
        ("eth_getBlockByNumber", json!(["latest"]), "missing value for required argument 1"),
        ("eth_getBalance", json!([]), "missing value for required argument 0"),
        ("eth_getBalance", json!([account, "newest"]), "invalid argument 1: hex string without 0x prefix"),
        ("eth_getBalance", json!([account, "0x01"]), "invalid argument 1: hex number with leading zero digits"),
        ("eth_getBalance", json!(["0x12"]), "invalid argument 0: hex string has length 2, want 40"),
        ("eth_getTransactionReceipt", json!(["0x12"]), "invalid argument 0: hex string has length 2, want 64"),
    ] {
        let refusal = client.refusal(method, params)?;
        assert_eq!(refusal, Refusal { code: -32_602, message: message.to_owned() }, "{method}");
    }

    let id = json!({ "jsonrpc": "2.0", "id": 7, "result": "0x539" });
    let parse = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_700, "message": "parse error" } });
    let invalid =
        |id: Value| json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32_600, "message": "invalid request" } });
    let batch = |message| json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32_600, "message": message } });
    let call = r#"{"jsonrpc":"2.0","id":7,"method":"eth_chainId"}"#;
    let notification = r#"{"jsonrpc":"2.0","method":"eth_chainId"}"#;
    let many = format!("[{}]", vec![call; 1_001].join(","));
    for (body, answer) in [
        (call, Some(id.clone())),
        (r#" {"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]} "#, Some(id.clone())),
        (r#"{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":null}"#, Some(id.clone())),
        (
            r#"{"jsonrpc":"2.0","id":"7","method":"net_version"}"#,
            Some(json!({"jsonrpc":"2.0","id":"7","result":"1337"})),
        ),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"net_version"}"#,
            Some(json!({"jsonrpc":"2.0","id":null,"result":"1337"})),
        ),
        ("", None),
        ("{", Some(parse.clone())),
        ("\u{feff}{}", Some(parse.clone())),
        ("[1,", Some(parse.clone())),
        ("null", Some(invalid(Value::Null))),
        ("7", Some(invalid(Value::Null))),
        ("{}", Some(invalid(Value::Null))),
        (r#"{"jsonrpc":"1.0","id":7,"method":"eth_chainId"}"#, Some(invalid(json!(7)))),
        (r#"{"id":7,"method":"eth_chainId"}"#, Some(invalid(json!(7)))),
        (r#"{"jsonrpc":"2.0","id":7}"#, Some(invalid(json!(7)))),
        (r#"{"jsonrpc":"2.0","id":7,"method":1}"#, Some(invalid(json!(7)))),
        (r#"{"jsonrpc":"2.0","id":7,"method":""}"#, Some(invalid(json!(7)))),
        (&format!("{call} and more"), Some(id.clone())),
        (r#"{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}"#, Some(invalid(Value::Null))),
        (notification, None),
        ("[]", Some(batch("empty batch"))),
        (
            &many,
            Some(json!([{ "jsonrpc": "2.0", "id": 7, "error": { "code": -32_600, "message": "batch too large" } }])),
        ),
        (&format!("[{notification},{notification}]"), None),
        (&format!("[{call},{notification},1,{call}]"), Some(json!([id, invalid(Value::Null), id]))),
    ] {
        let response = client.post(body.as_bytes())?;
        assert_eq!(response.status, 200, "{body}");
        match answer {
            Some(answer) => assert_eq!(serde_json::from_str::<Value>(&response.body)?, answer, "{body}"),
            None => assert_eq!(response.body, "", "{body}"),
        }
    }
    for (method, status, body) in
        [("GET", 200, ""), ("PUT", 405, "method not allowed\n"), ("DELETE", 405, "method not allowed\n")]
    {
        client.send(method, b"")?;
        let response = client.receive()?;
        assert_eq!((response.status, response.body.as_str()), (status, body), "{method}");
    }
    // A body that is too large is refused before it is read.
    let mut client = dev.client()?;
    client.write(b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5242881\r\n\r\n")?;
    let piece = vec![b' '; 1 << 16];
    // The other side may close before it has taken all of it.
    for _ in 0..80 {
        if client.write(&piece).is_err() {
            break;
        }
    }
    drop(client.write(b" "));
    let response = client.receive()?;
    assert_eq!((response.status, response.body.as_str()), (413, "content length too large (5242881>5242880)\n"));
    // One that just fits is read: here, no JSON.
    let response = dev.client()?.post(&vec![b'x'; 5 << 20])?;
    assert_eq!(serde_json::from_str::<Value>(&response.body)?, parse);
    let mut client = dev.client()?;
    client.write(b"this is no HTTP\r\n\r\n")?;
    assert_eq!(client.receive()?.status, 400);
    assert_eq!(dev.client()?.height()?, 0);
    Ok(())
}

/// The receipt can be read as soon as eth_sendRawTransaction has answered.
#[test]
fn process_dev_fifty_transfers() -> Result<()> {
    let dev = Dev::start(None)?;
    let mut client = dev.client()?;
    let (from, to) = (Wallet::local(1)?, Wallet::local(2)?.address);
    let mut times = Vec::new();
    for nonce in 0..50 {
        let signed = from.sign(&Draft::transfer(nonce, to, 1))?;
        let since = Instant::now();
        client.submit(&signed)?;
        times.push(since.elapsed());
        let receipt = client.call("eth_getTransactionReceipt", json!([signed.hash]))?;
        assert_eq!((&receipt["status"], &receipt["transactionHash"]), (&json!("0x1"), &json!(signed.hash)));
        assert_eq!(number(&receipt["blockNumber"])?, client.height()?);
        assert_eq!(client.nonce(from.address)?, nonce + 1);
    }
    times.sort();
    println!("50 transfers, from sending to the answer: median {:?}, slowest {:?}", times[25], times[49]);
    assert_eq!(client.call("eth_getBalance", json!([to, "latest"]))?, json!(U256::from(RICH + 50)));
    Ok(())
}

/// A hundred transactions of one sender, the last one first, over eight connections.
#[test]
fn process_dev_burst_in_reverse() -> Result<()> {
    const COUNT: u64 = 100;
    const CONNECTIONS: usize = 8;
    let dev = Dev::start(None)?;
    let (from, to) = (Wallet::local(0)?, Wallet::local(3)?.address);
    let signed = (0..COUNT).rev().map(|nonce| from.sign(&Draft::transfer(nonce, to, 1))).collect::<Result<Vec<_>>>()?;
    let since = Instant::now();
    std::thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|first| {
                let (dev, signed) = (&dev, &signed);
                scope.spawn(move || -> Result<()> {
                    let mut client = dev.client()?;
                    signed.iter().skip(first).step_by(CONNECTIONS).try_for_each(|signed| client.submit(signed))
                })
            })
            .collect();
        senders.into_iter().try_for_each(|sender| sender.join().expect("a sender does not panic"))
    })?;
    let mut client = dev.client()?;
    while client.nonce(from.address)? < COUNT {
        ensure!(since.elapsed() < Duration::from_secs(10), "only {} are mined", client.nonce(from.address)?);
        std::thread::sleep(Duration::from_millis(5));
    }
    println!("{COUNT} transfers in reverse order mined after {:?}, in {} blocks", since.elapsed(), client.height()?);
    let mut mined = Vec::new();
    for height in 1..=client.height()? {
        let block = client.call("eth_getBlockByNumber", json!([format!("{height:#x}"), true]))?;
        for tx in block["transactions"].as_array().context("transactions")? {
            mined.push(number(&tx["nonce"])?);
            let receipt = client.call("eth_getTransactionReceipt", json!([tx["hash"]]))?;
            assert_eq!((&receipt["status"], &receipt["blockHash"]), (&json!("0x1"), &block["hash"]));
        }
    }
    assert_eq!(mined, (0..COUNT).collect::<Vec<_>>());
    Ok(())
}

/// Creations, logs, and calls that revert.
#[test]
fn process_dev_contracts() -> Result<()> {
    let dev = Dev::start(None)?;
    let mut client = dev.client()?;
    let from = Wallet::local(0)?;
    let reverts = from.address.create(0);
    client.submit(&from.sign(&Draft::create(0, REVERTS.to_vec()))?)?;
    let receipt = receipt(&mut client, &from.sign(&Draft::create(0, REVERTS.to_vec()))?.hash)?;
    assert_eq!((&receipt["contractAddress"], &receipt["to"]), (&json!(reverts), &Value::Null));
    assert_eq!(receipt["status"], "0x1");

    // It reverts, is mined all the same, and costs what it used.
    let call = from.sign(&Draft::call(1, reverts, Bytes::new()))?;
    client.submit(&call)?;
    let receipt = crate::receipt(&mut client, &call.hash)?;
    assert_eq!((&receipt["status"], &receipt["to"]), (&json!("0x0"), &json!(reverts)));
    assert_eq!((&receipt["contractAddress"], &receipt["gasUsed"]), (&Value::Null, &json!("0x520e")));

    // A creation that fails names the address that it would have had.
    let failed = from.sign(&Draft::create(2, vec![0xfe]))?;
    client.submit(&failed)?;
    let receipt = crate::receipt(&mut client, &failed.hash)?;
    assert_eq!((&receipt["status"], &receipt["gasUsed"]), (&json!("0x0"), &json!("0xf4240")));
    assert_eq!(receipt["contractAddress"], json!(from.address.create(2)));

    let logs = from.address.create(3);
    client.submit(&from.sign(&Draft::create(3, [LOGS.as_slice(), &[RETURN]].concat()))?)?;
    let call = from.sign_as(Kind::Legacy, &Draft::call(4, logs, Bytes::new()))?;
    client.submit(&call)?;
    let receipt = crate::receipt(&mut client, &call.hash)?;
    assert_eq!((&receipt["status"], &receipt["type"]), (&json!("0x1"), &json!("0x0")));
    assert_eq!(
        receipt["logs"],
        json!([{
            "address": logs,
            "topics": [B256::with_last_byte(42)],
            "data": B256::with_last_byte(1),
            "blockHash": receipt["blockHash"],
            "blockNumber": receipt["blockNumber"],
            "blockTimestamp": receipt["logs"][0]["blockTimestamp"],
            "transactionHash": call.hash,
            "transactionIndex": "0x0",
            "logIndex": "0x0",
            "removed": false,
        }])
    );
    let block = client.call("eth_getBlockByHash", json!([receipt["blockHash"], true]))?;
    assert_eq!(block["logsBloom"], receipt["logsBloom"]);
    let tx = &block["transactions"][0];
    assert_eq!((&tx["type"], &tx["gasPrice"]), (&json!("0x0"), &json!("0xe8d4a51000")));
    let legacy = tx.as_object().context("an object")?;
    for key in ["accessList", "maxFeePerGas", "maxPriorityFeePerGas", "yParity"] {
        assert!(!legacy.contains_key(key), "{key}");
    }
    assert!([json!("0xa95"), json!("0xa96")].contains(&tx["v"]), "{}", tx["v"]);
    Ok(())
}

/// Each reason of the pool that a client can run into here, in its own words.
#[test]
fn process_dev_refused_transactions() -> Result<()> {
    let dev = Dev::start(None)?;
    let mut client = dev.client()?;
    let (from, other, poor) = (Wallet::local(0)?, Wallet::local(1)?, Wallet::poor());
    let to = Address::repeat_byte(9);
    client.pay(&from, to, 1)?;
    let parked = Draft::transfer(5, to, 1);
    client.submit(&other.sign(&parked)?)?;
    let next = || Draft::transfer(1, to, 1);
    let create = |bytes: usize| Draft { gas: 10_000_000, ..Draft::create(1, vec![0; bytes]) };
    let sender = from.address;
    let mut trailing = from.sign(&next())?.raw.to_vec();
    trailing.push(0);
    let oversized = from.sign(&Draft { gas: 10_000_000, ..Draft::call(1, to, vec![0; 131_072]) })?;
    let size = oversized.raw.len();
    for (raw, message) in [
        (other.sign(&parked)?.raw, "already known".to_owned()),
        (other.sign(&Draft { value: U256::from(2), ..parked.clone() })?.raw, "replacement transaction underpriced".to_owned()),
        (from.sign(&Draft { nonce: 0, ..next() })?.raw, "nonce too low: next nonce 1, tx nonce 0".to_owned()),
        (from.sign(&Draft { nonce: u64::MAX, ..next() })?.raw, "nonce has max value".to_owned()),
        (from.sign(&Draft { chain_id: 1, ..next() })?.raw, "invalid sender".to_owned()),
        (from.sign(&Draft { tip: 2_000_000_000_000, ..next() })?.raw, "max priority fee per gas higher than max fee per gas".to_owned()),
        (
            from.sign(&Draft { fee_cap: 999_999_999, ..next() })?.raw,
            format!("transaction underpriced: address {sender} have gas fee cap (999999999) < pool minimum fee cap (1000000000)"),
        ),
        (
            from.sign(&Draft { gas: 20_999, ..next() })?.raw,
            format!("intrinsic gas too low: address {sender} tx gas (20999), minimum needed 21000"),
        ),
        (
            from.sign(&Draft { gas: 15_000_001, ..next() })?.raw,
            "exceeds block gas limit: tx gas (15000001) > current max gas (15000000)".to_owned(),
        ),
        (oversized.raw, format!("oversized data: transaction size {size}, limit 131072")),
        (from.sign(&create(49_153))?.raw, "max initcode size exceeded: code size 49153, limit 49152".to_owned()),
        (
            poor.sign(&Draft::transfer(0, to, 1))?.raw,
            "insufficient funds for gas * price + value: balance 0, tx cost 21000000000000001, overshot 21000000000000001".to_owned(),
        ),
        (from.sign_as(Kind::Eip4844, &next())?.raw, "transaction type not supported".to_owned()),
        (Bytes::new(), "typed transaction too short".to_owned()),
        (Bytes::from_static(&[2]), "typed transaction too short".to_owned()),
        (Bytes::from_static(&[4, 0xc0]), "transaction type not supported".to_owned()),
        (Bytes::from_static(&[2, 0xc0]), "input too short".to_owned()),
        (trailing.into(), "1 bytes after the end".to_owned()),
    ] {
        let refusal = client.refusal("eth_sendRawTransaction", json!([raw]))?;
        assert_eq!(refusal, Refusal { code: -32_000, message });
    }
    for (params, message) in [
        (json!([]), "missing value for required argument 0"),
        (json!(["0x123"]), "invalid argument 0: hex string of odd length"),
        (json!(["0x1g"]), "invalid argument 0: invalid hex string"),
        (json!(["12"]), "invalid argument 0: hex string without 0x prefix"),
        (json!([[1, 2]]), "invalid argument 0: a list where a string is expected"),
        (json!([7]), "invalid argument 0: a number where a string is expected"),
    ] {
        let refusal = client.refusal("eth_sendRawTransaction", params)?;
        assert_eq!(refusal, Refusal { code: -32_602, message: message.to_owned() });
    }
    // None of it is in a block, and the sender goes on.
    assert_eq!(client.height()?, 1);
    client.submit(&from.sign(&next())?)?;
    assert_eq!(client.nonce(from.address)?, 2);
    // What was parked is counted for `pending` only once the gap is closed.
    let pending = |client: &mut Client| client.call("eth_getTransactionCount", json!([other.address, "pending"]));
    assert_eq!(pending(&mut client)?, "0x0");
    for nonce in 0..5 {
        client.submit(&other.sign(&Draft::transfer(nonce, to, 1))?)?;
    }
    let since = Instant::now();
    while client.nonce(other.address)? < 6 {
        ensure!(since.elapsed() < Duration::from_secs(5), "the parked transaction is not mined");
    }
    assert_eq!(pending(&mut client)?, "0x6");
    Ok(())
}

/// A block an interval, and none where there is nothing for it; the answer comes after the block all the same.
#[test]
fn process_dev_block_time() -> Result<()> {
    const INTERVAL: Duration = Duration::from_millis(400);
    let dev = Dev::start_with(None, &["--block-time", "400"])?;
    let mut client = dev.client()?;
    let from = Wallet::local(0)?;
    client.pay(&from, Address::ZERO, 1)?;
    let since = Instant::now();
    for _ in 0..3 {
        let signed = client.pay(&from, Address::ZERO, 1)?;
        assert_eq!(receipt(&mut client, &signed.hash)?["status"], "0x1");
    }
    let took = since.elapsed();
    ensure!((2 * INTERVAL..6 * INTERVAL).contains(&took), "three blocks took {took:?}");
    std::thread::sleep(2 * INTERVAL);
    assert_eq!(client.height()?, 4);
    // Those that come within an interval share a block.
    std::thread::scope(|scope| {
        let senders: Vec<_> = (1..4)
            .map(|index| {
                let dev = &dev;
                scope.spawn(move || dev.client()?.pay(&Wallet::local(index)?, Address::ZERO, 1))
            })
            .collect();
        senders.into_iter().try_for_each(|sender| sender.join().expect("a sender does not panic").map(drop))
    })?;
    ensure!(client.height()? <= 6, "{} blocks", client.height()?);
    Ok(())
}

/// Slow blocks are not waited for: what is submitted is pending, and counted.
#[test]
fn process_dev_slow_blocks() -> Result<()> {
    let dev = Dev::start_with(None, &["--block-time", "1h"])?;
    let mut client = dev.client()?;
    let from = Wallet::local(0)?;
    let since = Instant::now();
    for nonce in 0..3 {
        client.submit(&from.sign(&Draft::transfer(nonce, Address::ZERO, 1))?)?;
    }
    ensure!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let count = |client: &mut Client, tag: &str| client.call("eth_getTransactionCount", json!([from.address, tag]));
    assert_eq!(count(&mut client, "pending")?, "0x3");
    assert_eq!(count(&mut client, "latest")?, "0x0");
    assert_eq!(client.call("eth_getBalance", json!([from.address, "pending"]))?, json!(U256::from(RICH)));
    assert_eq!(client.height()?, 0);
    let signed = from.sign(&Draft::transfer(1, Address::ZERO, 1))?;
    let refusal = client.refusal("eth_sendRawTransaction", signed.params())?;
    assert_eq!(refusal, Refusal { code: -32_000, message: "already known".to_owned() });
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

/// A genesis file of one's own: without `initialMinDelayMS` blocks are two seconds apart, and it says so.
#[test]
fn process_dev_own_genesis() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (file, upgrade, data) =
        (folder.path().join("genesis.json"), folder.path().join("upgrade.json"), folder.path().join("data"));
    let mut genesis: Value = serde_json::from_slice(&presets::local(1))?;
    genesis["config"].as_object_mut().context("an object")?.remove("initialMinDelayMS");
    genesis["config"]["chainId"] = json!(4_711);
    std::fs::write(&file, genesis.to_string())?;
    std::fs::write(&upgrade, json!({ "precompileUpgrades": [] }).to_string())?;
    let paths = [&file, &upgrade].map(|path| path.display().to_string());
    let options = ["--genesis", &paths[0], "--upgrade", &paths[1], "--archive"];
    let dev = Dev::start_with(Some(&data), &options)?;
    let said = dev.running.out();
    for text in [
        format!("Accounts  those of {}; no test account was given coins", file.display()),
        "Chain id  4711".to_owned(),
        "Delay     2s between blocks by the rules of this chain".to_owned(),
        "History   all states".to_owned(),
        format!("Answers   http://{}", dev.address),
        format!("Events    ws://{}", dev.address),
    ] {
        assert!(said.contains(&text), "{text:?} is not said: {said}");
    }
    let mut client = dev.client()?;
    assert_eq!(client.call("eth_chainId", json!([]))?, "0x1267");
    let from = Wallet::local(0)?;
    let mut times = Vec::new();
    for nonce in 0..2 {
        let since = Instant::now();
        let signed = from.sign(&Draft { chain_id: 4_711, ..Draft::transfer(nonce, Address::ZERO, 1) })?;
        client.submit(&signed)?;
        assert_eq!(receipt(&mut client, &signed.hash)?["status"], "0x1");
        times.push(since.elapsed());
    }
    println!("with the delay of the rules: {times:?}");
    ensure!(times[0] < Duration::from_secs(2) && times[1] > Duration::from_millis(1_500), "{times:?}");
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    // It is another chain than the built-in one.
    let ended = Dev::refused(Some(&data))?;
    let text =
        format!("pars-vm: {}: made with other --accounts, or with --genesis: the data folder holds", data.display());
    assert!(ended.err.starts_with(&text) && ended.err.lines().count() == 1, "{}", ended.err);
    let missing = folder.path().join("missing.json").display().to_string();
    let ended = Dev::refused_with(None, &["--genesis", &missing])?;
    assert!(ended.err.starts_with(&format!("pars-vm: {missing}: ")), "{}", ended.err);
    std::fs::write(&file, "{}")?;
    let ended = Dev::refused_with(None, &["--genesis", &paths[0]])?;
    assert!(ended.err.starts_with(&format!("pars-vm: {}: genesis: ", paths[0])), "{}", ended.err);
    Ok(())
}

/// So many accounts have coins, and no others.
#[test]
fn process_dev_accounts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start_with(Some(folder.path()), &["--accounts", "3"])?;
    let said = dev.running.out();
    let eleventh = address!("BcD4042DE499D14e55001CcbB24a551F3b954096");
    assert_eq!(said.matches("\n  (").count(), 4, "three, and the test key of Avalanche: {said}");
    let mut client = dev.client()?;
    for (index, wei) in [(0, RICH), (2, RICH), (3, 0), (9, 0), (10, RICH)] {
        let account = Wallet::local(index)?.address;
        assert_eq!(client.call("eth_getBalance", json!([account, "latest"]))?, json!(U256::from(wei)), "{index}");
    }
    client.pay(&Wallet::local(2)?, eleventh, 1)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    let ended = Dev::refused(Some(folder.path()))?;
    let hint = "made with other --accounts, or with --genesis";
    assert!(ended.err.contains(hint) && ended.err.lines().count() == 1, "{}", ended.err);
    let dev = Dev::start_with(None, &["--accounts", "11"])?;
    let balance = dev.client()?.call("eth_getBalance", json!([eleventh, "latest"]))?;
    assert_eq!(balance, json!(U256::from(RICH)));
    assert!(dev.running.out().contains("0xf214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897"));
    Ok(())
}

/// What waits when it stops waits when it starts again.
#[test]
fn process_dev_keeps_what_waits() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start_with(Some(folder.path()), &["--block-time", "1h"])?;
    let mut client = dev.client()?;
    let (from, other) = (Wallet::local(0)?, Wallet::local(1)?);
    let executable =
        (0..5).map(|nonce| from.sign(&Draft::transfer(nonce, Address::ZERO, 1))).collect::<Result<Vec<_>>>()?;
    let parked = other.sign(&Draft::transfer(7, Address::ZERO, 1))?;
    for signed in executable.iter().rev().chain([&parked]) {
        client.submit(signed)?;
    }
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    let dev = Dev::start(Some(folder.path()))?;
    let mut client = dev.client()?;
    let since = Instant::now();
    while client.nonce(from.address)? < 5 {
        ensure!(since.elapsed() < Duration::from_secs(5), "only {} are mined", client.nonce(from.address)?);
    }
    let again = client.refusal("eth_sendRawTransaction", parked.params())?;
    assert_eq!(again.message, "already known");
    // A file that is none of ours is not written over.
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    let journal = folder.path().join("pool.journal");
    std::fs::write(&journal, "something else entirely")?;
    let ended = Dev::refused(Some(folder.path()))?;
    let text = format!("{} is no list of transactions that this release can read; move it away", journal.display());
    assert_eq!(ended.err, format!("pars-vm: starting the chain: {text}\n"));
    assert_eq!(std::fs::read(&journal)?, b"something else entirely");
    Ok(())
}

/// SIGINT and SIGTERM: code 0, in time, with an answer to a request that is only half there; then the chain goes on.
#[test]
fn process_dev_stops_and_goes_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("new").join("chain");
    let (from, to) = (Wallet::local(0)?, Address::repeat_byte(0x77));
    let mut height = 0;
    for signal in ["TERM", "INT"] {
        let dev = Dev::start(Some(&data))?;
        let mut client = dev.client()?;
        assert_eq!(client.height()?, height);
        assert_eq!(client.call("eth_getBalance", json!([to, "latest"]))?, json!(U256::from(height * 10)));
        client.pay(&from, to, 10)?;
        // Connections that only wait, or never say what they want, hold nothing up.
        let idle = [dev.client()?, dev.client()?];
        let mut slow = dev.client()?;
        let signed = from.sign(&Draft::transfer(height + 1, to, 10))?;
        let body =
            json!({"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":signed.params()}).to_string();
        let (first, second) = body.split_at(100);
        slow.write(
            format!(
                "POST / HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{first}",
                body.len()
            )
            .as_bytes(),
        )?;
        std::thread::sleep(Duration::from_millis(100));
        dev.running.signal(signal)?;
        std::thread::sleep(Duration::from_millis(200));
        slow.write(second.as_bytes())?;
        let answer = slow.receive()?;
        assert_eq!(outcome(&serde_json::from_str(&answer.body)?, &json!(1))?, Ok(json!(signed.hash)), "{signal}");
        let ended = dev.running.wait(STOP_MAX)?;
        println!("SIG{signal}: ended {:?} after the last answer", ended.took);
        assert_eq!(ended.code(), Some(0), "{}", ended.err);
        assert!(!ended.err.contains("ERROR") && !ended.err.contains("panicked"), "{}", ended.err);
        drop(idle);
        height += 2;
    }
    let report = folder::check(&data)?;
    assert_eq!((report.height, report.transactions), (4, 4));
    // A request that never ends does not keep it.
    let dev = Dev::start(Some(&data))?;
    let mut endless = dev.client()?;
    endless.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")?;
    std::thread::sleep(Duration::from_millis(50));
    let ended = dev.stop("TERM")?;
    println!("with an endless request: ended after {:?}", ended.took);
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    Ok(())
}

/// kill -9 right after the answer, twenty times: the transaction is there.
#[test]
fn process_dev_killed_twenty_times() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (from, to) = (Wallet::local(0)?, Address::repeat_byte(0x78));
    let mut starts = Vec::new();
    let mut sent = Vec::new();
    for round in 0..20 {
        let dev = Dev::start(Some(folder.path()))?;
        starts.push(dev.started);
        let mut client = dev.client()?;
        assert_eq!(client.height()?, round, "round {round}");
        if let Some(hash) = sent.last() {
            assert_eq!(receipt(&mut client, hash)?["status"], "0x1");
        }
        let signed = from.sign(&Draft::transfer(round, to, 1))?;
        client.submit(&signed)?;
        let ended = dev.running.kill()?;
        assert_eq!(ended.code(), None);
        sent.push(signed.hash);
    }
    starts.sort();
    println!("start on a folder that was left by kill -9: median {:?}, slowest {:?}", starts[10], starts[19]);
    let report = folder::check(folder.path())?;
    assert_eq!((report.height, report.transactions), (20, 20));
    Ok(())
}

/// Folders and ports that cannot be had: one line that names them, and code 1.
#[test]
fn process_dev_refused_starts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // "lock" is part of the name, and no reason.
    let data = folder.path().join("blocks");
    let dev = Dev::start(Some(&data))?;
    let name = data.display();
    let holder = format!("process {} (pars-vm)", dev.running.id());
    refused(&data, &format!("{name} is in use by {holder}; stop that one or choose another folder"))?;
    // The first one goes on.
    dev.client()?.pay(&Wallet::local(0)?, Address::ZERO, 1)?;

    let port = dev.address.port();
    let ended = pars_vm(&["dev", "--port", &port.to_string()])?;
    let text = format!("listening on 127.0.0.1:{port}; is another chain running? choose another with --port");
    assert_eq!((ended.0, ended.1.lines().count()), (Some(1), 1), "{}", ended.1);
    assert!(ended.1.starts_with(&format!("pars-vm: {text}")), "{}", ended.1);
    assert_eq!(dev.stop("TERM")?.code(), Some(0));

    let local = pars_genesis::parse::genesis(&presets::local(1), &[], Some(&HostUpgrades::LOCAL), None)?;
    let given = genesis_block(&local)?.0.id();
    let other = folder.path().join("other");
    let stored = folder::with_genesis(&other, &presets::local(400))?;
    refused(
        &other,
        &format!(
            "{}: made with other --accounts, or with --genesis: the data folder holds the chain with genesis {stored}, \
             and this genesis file makes {given}; use the genesis file it was made with, or another data folder",
            other.display()
        ),
    )?;
    let format = folder::with_newer_format(&data)?;
    refused(
        &data,
        &format!(
            "{name}: the data folder has format {format}, which release 9.0.0 or a newer one reads; this is release 0.1.0 \
             and reads formats up to {}",
            format - 1
        ),
    )?;
    let file = folder.path().join("blocks.txt");
    std::fs::write(&file, "no folder")?;
    let ended = Dev::refused(Some(&file))?;
    assert_eq!((ended.code(), ended.err.lines().count()), (Some(1), 1), "{}", ended.err);
    assert!(ended.err.contains(&file.display().to_string()) && !ended.err.contains("in use"), "{}", ended.err);
    Ok(())
}

fn refused(folder: &Path, text: &str) -> Result<()> {
    let ended = Dev::refused(Some(folder))?;
    assert_eq!((ended.code(), ended.err), (Some(1), format!("pars-vm: {text}\n")));
    assert_eq!(ended.out, "");
    Ok(())
}

fn pars_vm(arguments: &[&str]) -> Result<(Option<i32>, String)> {
    let mut command = Command::new(pars_tests::process::program::pars_vm()?);
    let ended = pars_tests::process::child::Running::start(command.args(arguments))?.wait(STOP_MAX)?;
    Ok((ended.code(), ended.err))
}

fn receipt(client: &mut Client, hash: &B256) -> Result<Value> {
    client.call("eth_getTransactionReceipt", json!([hash]))
}

/// The header that an answer shows.
fn header(block: &Value) -> Result<Header> {
    fn read<T: serde::de::DeserializeOwned>(block: &Value, key: &str) -> Result<T> {
        serde_json::from_value(block[key].clone()).with_context(|| format!("{key}: {}", block[key]))
    }
    let quantity = |key: &str| number(&block[key]);
    Ok(Header {
        parent: read(block, "parentHash")?,
        uncles_hash: read(block, "sha3Uncles")?,
        coinbase: read(block, "miner")?,
        state_root: read(block, "stateRoot")?,
        transactions_root: read(block, "transactionsRoot")?,
        receipts_root: read(block, "receiptsRoot")?,
        bloom: read(block, "logsBloom")?,
        difficulty: U256::from(quantity("difficulty")?),
        number: U256::from(quantity("number")?),
        gas_limit: quantity("gasLimit")?,
        gas_used: quantity("gasUsed")?,
        time: quantity("timestamp")?,
        extra: read(block, "extraData")?,
        mix: read(block, "mixHash")?,
        nonce: read(block, "nonce")?,
        base_fee: Some(U256::from(quantity("baseFeePerGas")?)),
        block_gas_cost: Some(U256::from(quantity("blockGasCost")?)),
        blob_gas_used: Some(quantity("blobGasUsed")?),
        excess_blob_gas: Some(quantity("excessBlobGas")?),
        parent_beacon_root: read(block, "parentBeaconBlockRoot").map(Some)?,
        time_ms: Some(quantity("timestampMilliseconds")?),
        min_delay_excess: Some(quantity("minDelayExcess")?),
    })
}

/// A transaction that the next block cannot hold is answered at once: its fee cap is below the base fee, or the last block is
/// ahead of the clock.
#[test]
fn process_dev_does_not_wait_in_vain() -> Result<()> {
    const SOON: Duration = Duration::from_secs(2);
    let dev = Dev::start(None)?;
    let mut client = dev.client()?;
    let [rich, poor] = [Wallet::local(0)?, Wallet::local(1)?];
    // Full blocks raise the base fee.
    for nonce in 0..25 {
        let full = Draft { gas: 15_000_000, ..Draft::create(nonce, Bytes::from_static(&[0x5b, 0x60, 0, 0x56])) };
        client.submit(&rich.sign(&full)?)?;
    }
    let since = Instant::now();
    let low = poor.sign(&Draft { fee_cap: 1_000_000_000, tip: 0, ..Draft::transfer(0, poor.address, 1) })?;
    client.submit(&low)?;
    ensure!(since.elapsed() < SOON, "{:?}", since.elapsed());
    assert_eq!(client.call("eth_getTransactionReceipt", json!([low.hash]))?, Value::Null);
    drop(dev.stop("TERM")?);

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("genesis.json");
    let mut genesis: Value = serde_json::from_slice(&presets::local(1))?;
    let ahead = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs() + 3_600;
    genesis["timestamp"] = json!(format!("{ahead:#x}"));
    std::fs::write(&file, genesis.to_string())?;
    let dev = Dev::start_with(None, &["--genesis", file.to_str().context("a path")?])?;
    ensure!(dev.running.out().contains("ahead of this machine's clock"), "{}", dev.running.out());
    let since = Instant::now();
    dev.client()?.submit(&rich.sign(&Draft::transfer(0, poor.address, 1))?)?;
    ensure!(since.elapsed() < SOON, "{:?}", since.elapsed());
    Ok(())
}

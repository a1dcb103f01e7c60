//! The plugin as a host meets it: a process that is started, told, killed, and started again.

use alloy_primitives::{Address, B256, U256, address};
use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use pars_chain::block::Block;
use pars_chain::engine::{Built, Chain, InOrder, Opening, Wish};
use pars_chain::execution::executor::Place;
use pars_chain::rules::predicate::Verdicts;
use pars_chain::store::Memory;
use pars_chain::tx::Tx;
use pars_genesis::presets;
use pars_host::dialect::TABLE;
use pars_host::testhost::TestHost;
use pars_precompiles::subnet::warp::message::{Message, Payload, Unsigned};
use pars_precompiles::subnet::warp::predicate::pack;
use pars_proto::host::vm;
use pars_tests::process::child::{Ended, Running};
use pars_tests::process::folder;
use pars_tests::process::hosted::{self, END_MAX, Files, Hosted, NOT_FOUND, states};
use pars_tests::process::program::pars_vm;
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use pars_vm::config::table::{self, Effect};
use pars_vm::replay::record::Record;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tonic::Status;

const WARP: Address = address!("0200000000000000000000000000000000000005");
const TO: Address = Address::repeat_byte(0x99);

/// One line on standard error and code 1, whatever the environment says about backtraces; nothing on standard output.
#[test]
fn process_report_1_2_started_by_hand() -> Result<()> {
    let host = "AVALANCHE_VM_RUNTIME_ENGINE_ADDR";
    for (variables, text) in [
        (vec![], format!("this is a plugin and is started by a host, which sets {host}")),
        (
            vec![(host, "nowhere")],
            format!("{host}=\"nowhere\" is not an address: expected ip:port or localhost:port; "),
        ),
        (vec![(host, "127.0.0.1:1")], "cannot reach the host at 127.0.0.1:1: ".to_owned()),
        (
            vec![("VM_RUNTIME_ENGINE_ADDR", "127.0.0.1:1")],
            "cannot reach the host at 127.0.0.1:1: Connection refused (os error 111)".to_owned(),
        ),
    ] {
        let ended = run(Command::new(pars_vm()?).env_clear().env("RUST_BACKTRACE", "full").envs(variables))?;
        assert_eq!((ended.code(), ended.out.as_str(), ended.err.lines().count()), (Some(1), "", 1), "{}", ended.err);
        assert!(ended.err.starts_with(&format!("pars: {text}")), "{}", ended.err);
    }
    let ended = run(Command::new(pars_vm()?).arg("--version").env_clear())?;
    let version = concat!("pars-vm ", env!("CARGO_PKG_VERSION"), " [rpcchainvm=45 44 46 42] ");
    let version = format!("{version}{}\n", pars_host::dialect::spoken());
    assert_eq!((ended.code(), ended.out, ended.err.as_str()), (Some(0), version, ""));
    Ok(())
}

/// The host counts from the start of the process, whatever that took: a silent one is named before it ends the plugin.
#[test]
fn process_report_1_2_started_slowly() -> Result<()> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let addr = silent.local_addr()?.to_string();
    let mut command = Command::new("sh");
    command.arg("-c").arg("sleep 1; exec \"$0\"").arg(pars_vm()?);
    let since = Instant::now();
    let ended = run(command.env("AVALANCHE_VM_RUNTIME_ENGINE_ADDR", &addr))?;
    let took = since.elapsed();
    let (_, rest) =
        ended.err.split_once(" did not answer the handshake of avalanchego 45 within ").context("a text")?;
    let (within, _) = rest.split_once(" ms: ").context("a time")?;
    let within = Duration::from_millis(within.parse()?);
    assert!(
        within <= Duration::from_millis(3_500) && took > within + Duration::from_secs(1),
        "{took:?}: {}",
        ended.err
    );
    assert!(took < Duration::from_secs(5), "{took:?}");
    Ok(())
}

/// Another protocol number: both are named, in time for the host to read it.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_1_another_number() -> Result<()> {
    let dialect = TABLE.first().context("a dialect")?;
    for number in [43, 47] {
        let host = TestHost::start_with_protocol(dialect, number).await?;
        let mut command = Command::new(pars_vm()?);
        command.env_clear().envs(host.variables());
        let ended = tokio::task::spawn_blocking(move || run(&mut command)).await??;
        assert_eq!(ended.code(), Some(1));
        let text = format!("pars: protocol mismatch: the host speaks {number}, this plugin 45; ");
        assert!(ended.err.starts_with(&text) && ended.err.lines().count() == 1, "{}", ended.err);
    }
    Ok(())
}

/// A host asks for the version first, and may go at once.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_without_initialize() -> Result<()> {
    let mut hosted = hosted::start().await?;
    let version = hosted.plugin.vm.version(()).await?.into_inner().version;
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    assert_eq!(hosted.plugin.vm.health(()).await?.into_inner().details.as_ref(), b"{}");
    let early = hosted.build().await.err().context("a block of no chain")?;
    assert_eq!(early.message(), "Initialize has not come yet");
    for signal in ["INT", "TERM"] {
        hosted.running.signal(signal)?;
        tokio::time::sleep(Duration::from_millis(50)).await;
        hosted.plugin.vm.version(()).await?;
    }
    let ended = hosted.shut_down().await?;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    Ok(())
}

/// From a user's transaction to its receipt, step by step; nothing of it is seen before it is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_mines_a_transfer() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let since = Instant::now();
    let mut hosted = hosted::start().await?;
    let opened = hosted.initialize(&files).await?;
    println!("start to Initialize answered: {:?}", since.elapsed());
    assert_eq!((opened.height, opened.last_accepted_parent_id.as_ref()), (0, [0; 32].as_slice()));
    assert_eq!(opened.timestamp, Some(prost_types::Timestamp { seconds: 1_764_547_200, nanos: 0 }));
    let genesis = Block::decode(opened.bytes.clone().into())?;
    assert_eq!(opened.last_accepted_id.as_ref(), genesis.id().0.as_slice());
    let again = hosted.initialize(&files).await.err().context("a second Initialize")?;
    assert!(!again.message().is_empty());
    hosted.serve().await?;
    for state in [states()?.bootstrapping, states()?.normal] {
        let entered = hosted.enter(state).await?;
        assert_eq!((entered.last_accepted_id, entered.height), (opened.last_accepted_id.clone(), 0));
    }
    assert_eq!(hosted.enter(0).await.err().map(|error| error.to_string().contains("state 0")), Some(true));

    let from = Wallet::local(0)?;
    let signed = from.sign(&Draft::transfer(0, TO, 7))?;
    hosted.submit(&signed).await?;
    // The host decides when there is a block, so the answer does not wait for one.
    assert_eq!(hosted.call("eth_getTransactionReceipt", json!([signed.hash])).await?, Value::Null);
    assert_eq!(hosted.call("eth_getTransactionCount", json!([from.address, "pending"])).await?, "0x1");
    hosted.wanted().await?;
    let built = hosted.build().await?;
    assert_eq!((built.height, &built.parent), (1, &opened.last_accepted_id));
    let parse = vm::ParseBlockRequest { bytes: built.bytes.clone() };
    let parsed = hosted.plugin.vm.parse_block(parse).await?.into_inner();
    assert_eq!((&parsed.id, &parsed.parent_id, parsed.height), (&built.id, &built.parent, 1));
    assert!(!parsed.verify_with_context);
    // The host may verify as often as it likes.
    let first = hosted.verify(built.bytes.clone()).await?;
    assert_eq!(hosted.verify(built.bytes.clone()).await?, first);
    hosted.prefer(built.id.clone()).await?;
    let block = Block::decode(built.bytes.clone().into())?;
    for (method, params, before) in [
        ("eth_blockNumber", json!([]), json!("0x0")),
        ("eth_getTransactionReceipt", json!([signed.hash]), Value::Null),
        ("eth_getBlockByNumber", json!(["0x1", false]), Value::Null),
        ("eth_getBlockByHash", json!([block.id().0, false]), Value::Null),
        ("eth_getBalance", json!([TO, "latest"]), json!("0x0")),
        ("eth_getTransactionCount", json!([from.address, "latest"]), json!("0x0")),
    ] {
        assert_eq!(hosted.call(method, params).await?, before, "{method}");
    }
    assert_eq!(id_at(&mut hosted, 1).await?, Err(NOT_FOUND));
    assert_eq!(get(&mut hosted, built.id.clone()).await?, Ok(built.bytes.clone()));

    hosted.accept(built.id.clone()).await?;
    let receipt = hosted.call("eth_getTransactionReceipt", json!([signed.hash])).await?;
    assert_eq!((&receipt["status"], &receipt["blockHash"]), (&json!("0x1"), &json!(block.id().0)));
    assert_eq!(hosted.call("eth_blockNumber", json!([])).await?, "0x1");
    assert_eq!(hosted.call("eth_getBlockByNumber", json!(["0x1", false])).await?["hash"], json!(block.id().0));
    assert_eq!(hosted.call("eth_getBalance", json!([TO, "latest"])).await?, "0x7");
    assert_eq!(id_at(&mut hosted, 1).await?, Ok(built.id.clone()));
    assert_eq!(id_at(&mut hosted, 2).await?, Err(NOT_FOUND));
    assert_eq!(get(&mut hosted, built.id.clone()).await?, Ok(built.bytes));
    assert_eq!(get(&mut hosted, vec![9; 32].into()).await?, Err(NOT_FOUND));
    let health: Value = serde_json::from_slice(&hosted.plugin.vm.health(()).await?.into_inner().details)?;
    assert_eq!((&health["height"], &health["phase"]), (&json!(1), &json!("normal operation")));
    assert_eq!((&health["stopped"], &health["processing"]), (&json!(false), &json!(0)));
    assert_eq!(health["pool"], json!({ "executable": 0, "parked": 0, "bytes": 0 }));
    // Accepting it again changes nothing.
    hosted.accept(built.id).await?;

    assert_eq!(hosted.call("web3_clientVersion", json!([])).await?, concat!("pars-vm/v", env!("CARGO_PKG_VERSION")));
    let missing = hosted.request("eth_simulateV1", json!([])).await?.err().context("not in this release")?;
    assert_eq!(missing.code, -32_601);
    assert_eq!(hosted.http("PUT", b"").await?.code, 405);
    let ended = hosted.shut_down().await?;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    assert!(!ended.err.contains("ERROR"), "{}", ended.err);
    Ok(())
}

/// Whatever comes from others is refused, and the process goes on.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_survives_bad_calls() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let from = Wallet::local(0)?;
    hosted.submit(&from.sign(&Draft::transfer(0, TO, 1))?).await?;
    let built = hosted.seal().await?;
    let cut = built.bytes.slice(..built.bytes.len() - 1);
    let mut flipped = built.bytes.to_vec();
    flipped[600] ^= 1;
    for bytes in [Bytes::new(), Bytes::from_static(b"no block"), cut, vec![0xff; 9].into(), vec![0xf8; 3_000].into()] {
        let request = vm::ParseBlockRequest { bytes: bytes.clone() };
        let parsed = hosted.plugin.vm.parse_block(request).await.err().context("no block")?;
        let verified = hosted.verify(bytes).await.err().context("no block")?;
        assert_eq!(parsed.message(), verified.message());
        assert!(!parsed.message().is_empty() && parsed.message().len() < 1_024);
    }
    hosted.verify(flipped.into()).await.err().context("another block")?;
    let unknown = Bytes::from(vec![5; 32]);
    for error in [
        hosted.accept(unknown.clone()).await.err(),
        hosted.prefer(unknown.clone()).await.err(),
        hosted.accept(vec![5; 31].into()).await.err(),
    ] {
        assert!(!error.context("an unknown block")?.message().is_empty());
    }
    // A block that is not held any more is rejected.
    hosted.reject(unknown).await?;
    let build = hosted.build().await.err().context("nothing to build")?;
    assert_eq!(build.message(), "the pool has nothing for a block");
    // A price that Go reads and revm does not hold is no verdict, and no end either.
    let wide = wide_price(&built.bytes)?;
    let refused = hosted.verify(wide).await.err().context("a price of 2^128")?;
    let price = U256::from(1) << 128;
    assert_eq!(refused.message(), format!("gasPrice {price} is 2^128 or more: this release cannot compute with it"));

    let calls = (0..64_u64).map(|number| {
        let mut plugin = hosted.plugin.vm.clone();
        let (id, bytes) = (built.id.clone(), built.bytes.clone());
        tokio::spawn(async move {
            match number % 4 {
                0 => plugin.get_block(vm::GetBlockRequest { id }).await.map(drop),
                1 => plugin.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height: number }).await.map(drop),
                2 => plugin.parse_block(vm::ParseBlockRequest { bytes }).await.map(drop),
                _ => plugin.health(()).await.map(drop),
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await??;
    }
    hosted.submit(&from.sign(&Draft::transfer(1, TO, 1))?).await?;
    assert_eq!(hosted.seal().await?.height, 2);
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// Two blocks on one parent, of two nodes: what is only in the rejected one comes back and is mined.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_siblings() -> Result<()> {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let mut ours = hosted::open(&Files::local(folders[0].path())).await?;
    let mut theirs = hosted::open(&Files::local(folders[1].path())).await?;
    let shared = Wallet::local(0)?.sign(&Draft::transfer(0, TO, 1))?;
    let only_theirs = Wallet::local(1)?.sign(&Draft::transfer(0, TO, 2))?;
    for signed in [&shared, &only_theirs] {
        theirs.submit(signed).await?;
    }
    ours.submit(&shared).await?;
    theirs.wanted().await?;
    let their_block = theirs.build().await?;
    assert_eq!(Block::decode(their_block.bytes.clone().into())?.transactions.len(), 2);
    ours.wanted().await?;
    let our_block = ours.build().await?;
    for bytes in [&their_block.bytes, &our_block.bytes] {
        ours.verify(bytes.clone()).await?;
    }
    // A change of mind on the way.
    for block in [&their_block, &our_block, &their_block] {
        ours.prefer(block.id.clone()).await?;
    }
    ours.prefer(our_block.id.clone()).await?;
    ours.accept(our_block.id.clone()).await?;
    assert_eq!(ours.call("eth_getTransactionCount", json!([Wallet::local(1)?.address, "pending"])).await?, "0x0");
    ours.reject(their_block.id.clone()).await?;
    assert_eq!(get(&mut ours, their_block.id.clone()).await?, Err(NOT_FOUND));
    assert_eq!(ours.call("eth_getTransactionCount", json!([Wallet::local(1)?.address, "pending"])).await?, "0x1");
    let next = ours.seal().await?;
    assert_eq!((next.height, &next.parent), (2, &our_block.id));
    let transactions = Block::decode(next.bytes.clone().into())?.transactions;
    assert_eq!(transactions.iter().map(|tx| tx.hash()).collect::<Vec<_>>(), [only_theirs.hash]);
    assert_eq!(ours.call("eth_getBalance", json!([TO, "latest"])).await?, "0x3");

    // The other node follows, though it had preferred its own.
    theirs.prefer(their_block.id.clone()).await?;
    theirs.verify(our_block.bytes.clone()).await?;
    theirs.accept(our_block.id.clone()).await?;
    theirs.reject(their_block.id).await?;
    theirs.prefer(our_block.id).await?;
    theirs.verify(next.bytes.clone()).await?;
    theirs.accept(next.id.clone()).await?;
    assert_eq!(theirs.call("eth_getBlockByNumber", json!(["latest", false])).await?["hash"], json!(b256(&next.id)));
    let nothing = tokio::time::timeout(Duration::from_millis(300), theirs.plugin.vm.wait_for_event(())).await;
    assert!(nothing.is_err(), "a mined transaction is still waited for");
    assert_eq!(ours.shut_down().await?.code(), Some(0));
    assert_eq!(theirs.shut_down().await?.code(), Some(0));
    Ok(())
}

/// Events that were given up are not lost, an idle chain wakes up, and the end does not wait for one.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_19_events() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = hosted::open(&Files::local(folder.path())).await?;
    let from = Wallet::local(0)?;
    let mut slowest = Duration::ZERO;
    for round in 0..10 {
        let given_up =
            tokio::time::timeout(Duration::from_millis(20 * round), hosted.plugin.vm.wait_for_event(())).await;
        assert!(given_up.is_err(), "an event without a transaction");
        let since = Instant::now();
        hosted.submit(&from.sign(&Draft::transfer(round, TO, 1))?).await?;
        // Asked twice: each asker gets it.
        hosted.wanted().await?;
        hosted.wanted().await?;
        slowest = slowest.max(since.elapsed());
        hosted.seal().await?;
    }
    println!("from a transaction to its event after up to 180 ms of rest: at most {slowest:?}");
    assert!(slowest < Duration::from_secs(2));
    let mut waiter = hosted.plugin.vm.clone();
    let waiting = tokio::spawn(async move { waiter.wait_for_event(()).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let ended = hosted.shut_down().await?;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    let status = waiting.await?.err().context("an event of a chain that is shut down")?;
    assert_eq!(status.code(), tonic::Code::Unavailable);
    Ok(())
}

/// Files that are refused: the answer names key and path, and the process waits for Shutdown.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_bad_files() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let good = Files::local(folder.path());
    let genesis = |change: &dyn Fn(&mut Value)| -> Result<Files> {
        let mut genesis: Value = serde_json::from_slice(&good.genesis)?;
        change(&mut genesis);
        Ok(Files { genesis: genesis.to_string().into(), ..good.clone() })
    };
    let upgrade = |upgrade: Value| Files { upgrade: upgrade.to_string().into(), ..good.clone() };
    let config = |config: &'static str| Files { config: Bytes::from_static(config.as_bytes()), ..good.clone() };
    let mut hosted = hosted::start().await?;
    for (files, text) in [
        (Files { genesis: Bytes::from_static(b"{"), ..good.clone() }, GENESIS_CUT),
        (Files { genesis: Bytes::new(), ..good.clone() }, GENESIS_EMPTY),
        (genesis(&|genesis| genesis["config"]["chainId"] = json!("x"))?, CHAIN_ID),
        (genesis(&|genesis| genesis["config"]["feeConfig"]["gasLimit"] = json!(-1))?, FEE_CONFIG),
        (genesis(&|genesis| genesis["alloc"][TO.to_string()] = json!({ "balance": "much" }))?, ALLOC),
        (genesis(&|genesis| genesis["config"]["warpConfig"] = json!({ "quorumNumerator": 101 }))?, WARP_CONFIG),
        (upgrade(json!({ "precompileUpgrades": [{ "noConfig": { "blockTimestamp": 1 } }] })), UPGRADE),
        (config("{\"pruning-enabled\": 1}"), "configuration: pruning-enabled is 1, expected true or false"),
        (config("{\"tx-pool-global-slot\": 1}"), UNKNOWN_KEY),
        (config("{\"eth-apis\": [\"eth\", \"web4\"]}"), UNKNOWN_API),
        (config("nonsense"), "configuration: expected ident at line 1 column 2"),
    ] {
        let refused = hosted.initialize(&files).await.err().context(text)?;
        assert_eq!(refused.message(), text);
        assert!(hosted.running.is_alive()?);
        assert_eq!(hosted.plugin.vm.version(()).await?.into_inner().version, env!("CARGO_PKG_VERSION"));
    }
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

const GENESIS_CUT: &str = "genesis: is not JSON: EOF while parsing an object at line 1 column 1";
const GENESIS_EMPTY: &str = "genesis: is not JSON: EOF while parsing a value at line 1 column 0";
const CHAIN_ID: &str =
    "genesis: config.chainId: got \"x\", expected a whole JSON number without quotes, sign, point or exponent";
const FEE_CONFIG: &str =
    "genesis: config.feeConfig.gasLimit: got -1, expected a whole JSON number without quotes, sign, point or exponent";
const ALLOC: &str = "genesis: alloc.0x9999999999999999999999999999999999999999.balance: got \"much\", expected a number: \
                     hex with 0x or decimal, quoted or not";
const WARP_CONFIG: &str =
    "genesis: config.warpConfig.quorumNumerator: got 101, expected 0 (meaning 67) or 33 to 100 percent";
const UNKNOWN_KEY: &str = "configuration: unknown key `tx-pool-global-slot`; did you mean `tx-pool-global-slots`?";
const UNKNOWN_API: &str = "configuration: eth-apis is [\"eth\",\"web4\"], expected names of API groups; did you mean \"web3\" \
                           by \"web4\"?";
const UPGRADE: &str = "upgrade file: precompileUpgrades[0].noConfig: no such key; remove it";

/// A new chain starts without a configuration, with an empty one, and with each key alone, at its default and at another
/// value; what does nothing is said.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_14_and_1_15_every_configuration_boots() -> Result<()> {
    let mut configurations: Vec<(String, usize)> = ["", "{}", " \n"].map(|text| (text.to_owned(), 0)).to_vec();
    for key in table::TABLE {
        let notes = usize::from(matches!(key.effect, Effect::Nothing(_)));
        configurations.push((format!("{{\"{}\":{}}}", key.name, key.default), notes));
        if key.example != key.default {
            configurations.push((format!("{{\"{}\":{}}}", key.name, key.example), 0));
        }
    }
    let since = Instant::now();
    for (config, notes) in &configurations {
        let folder = tempfile::tempdir()?;
        let files = Files { config: config.clone().into(), ..Files::local(folder.path()) };
        let mut hosted = hosted::open(&files).await.with_context(|| config.clone())?;
        let off = config.contains("eth-apis") && !config.contains("internal-transaction");
        if !off {
            hosted
                .submit(&Wallet::local(0)?.sign(&Draft::transfer(0, TO, 1))?)
                .await
                .with_context(|| config.clone())?;
            assert_eq!(hosted.seal().await?.height, 1, "{config}");
        }
        let err = hosted.running.err();
        assert_eq!(err.matches("configuration: ").count(), *notes, "{config}: {err}");
    }
    println!("{} configurations booted a new chain in {:?}", configurations.len(), since.elapsed());
    Ok(())
}

/// What is configured holds, the log is JSON, and it repeats no value of a key that it does not know what to do with.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_configured() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = json!({
        "eth-apis": ["eth", "internal-public-transaction-pool", "public-debug"],
        "rpc-tx-fee-cap": 0.02,
        "batch-request-limit": 2,
        "batch-response-max-size": 4,
        "http-body-limit": 1_000,
        "tx-pool-price-limit": 2,
        "tx-pool-price-bump": 50,
        "log-json-format": true,
        "database-config": "s3cret",
        "keystore-external-signer": "s3cret",
    });
    let files = Files { config: config.to_string().into(), ..Files::local(folder.path()) };
    let mut hosted = hosted::open(&files).await?;
    let from = Wallet::local(0)?;
    let off = hosted.request("eth_chainId", json!([])).await?.err().context("a method that is off")?;
    assert_eq!((off.code, off.message.as_str()), (-32_601, "the method eth_chainId does not exist/is not available"));
    let draft = |price: u128, tip: u128| Draft { fee_cap: price, tip, ..Draft::transfer(0, TO, 1) };
    for (signed, text) in [
        (from.sign(&draft(1_000_000_000_000, 2))?, "tx fee (0.02 ether) exceeds the configured cap (0.02 ether)"),
        (from.sign(&draft(2_000_000_000, 1))?, "transaction underpriced: gas tip cap 1, minimum needed 2"),
    ] {
        let refused = hosted.request("eth_sendRawTransaction", signed.params()).await?.err().context(text)?;
        assert_eq!((refused.code, refused.message.as_str()), (-32_000, text));
    }
    hosted.submit(&from.sign(&draft(2_000_000_000, 10))?).await?;
    let low = hosted.request("eth_sendRawTransaction", from.sign(&draft(2_999_999_999, 15))?.params()).await?;
    assert_eq!(low.err().map(|refusal| refusal.message).as_deref(), Some("replacement transaction underpriced"));
    hosted.submit(&from.sign(&draft(3_000_000_000, 15))?).await?;
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_getTransactionCount", "params": [TO] });
    let batch = |calls: usize| json!(vec![call.clone(); calls]).to_string();
    let errors = |body: &[u8]| -> Result<Vec<Value>> {
        let answer: Value = serde_json::from_slice(body)?;
        let answers = if answer.is_array() { answer.as_array().cloned().unwrap_or_default() } else { vec![answer] };
        Ok(answers.into_iter().map(|answer| answer["error"]["code"].clone()).collect())
    };
    let two = hosted.http("POST", batch(2).as_bytes()).await?;
    assert_eq!(errors(&two.body)?, [Value::Null, json!(-32_003)]);
    let three = hosted.http("POST", batch(3).as_bytes()).await?;
    assert_eq!(errors(&three.body)?.first(), Some(&json!(-32_600)));
    let long = hosted.http("POST", &[b' '; 1_001]).await?;
    assert_eq!(long.code, 413);
    let err = hosted.running.err();
    let mut lines = err.lines().skip_while(|line| !line.starts_with('{')).peekable();
    assert!(lines.peek().is_some(), "{err}");
    for line in lines {
        let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        assert!(line["level"].is_string() && line["message"].is_string() && line["timestamp"].is_string(), "{line}");
    }
    assert!(err.contains("database-config does nothing here") && !err.contains("s3cret"), "{err}");
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// What users submitted and no block holds yet is there after a restart, in its order.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_keeps_what_waits() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let from = Wallet::local(0)?;
    let mut hosted = hosted::open(&files).await?;
    let signed = (0..10).map(|nonce| from.sign(&Draft::transfer(nonce, TO, 1))).collect::<Result<Vec<_>>>()?;
    for signed in signed.iter().rev() {
        hosted.submit(signed).await?;
    }
    assert_eq!(hosted.running.kill()?.code(), None);
    let mut hosted = hosted::open(&files).await?;
    assert_eq!(hosted.call("eth_getTransactionCount", json!([from.address, "pending"])).await?, "0xa");
    let built = hosted.seal().await?;
    let mined: Vec<B256> = Block::decode(built.bytes.into())?.transactions.iter().map(|tx| tx.hash()).collect();
    assert_eq!(mined, signed.iter().map(|signed| signed.hash).collect::<Vec<_>>());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// The same folder again goes on; with other files it is refused, and left as it was.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_restarts() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let from = Wallet::local(0)?;
    let mut last = Bytes::new();
    for round in 0..3 {
        let mut hosted = hosted::start().await?;
        let opened = hosted.initialize(&files).await?;
        assert_eq!(opened.height, round);
        assert!(round == 0 || opened.last_accepted_id == last, "another block at {round}");
        drop(hosted.shut_down().await?);
        let mut hosted = hosted::open(&files).await?;
        if round == 0 {
            hosted.submit(&from.sign(&Draft::transfer(round, TO, 1))?).await?;
        }
        // Later on it waits already: it was submitted in the round before.
        last = hosted.seal().await?.id;
        // Signals alone do not stop it, and the block that was verified last is forgotten.
        hosted.submit(&from.sign(&Draft::transfer(round + 1, TO, 1))?).await?;
        hosted.wanted().await?;
        let built = hosted.build().await?;
        for signal in ["INT", "TERM"] {
            hosted.running.signal(signal)?;
        }
        hosted.verify(built.bytes).await?;
        assert_eq!(hosted.shut_down().await?.code(), Some(0));
    }
    let mut hosted = hosted::start().await?;
    let other = Files { genesis: presets::local(400).into(), ..files.clone() };
    let refused = hosted.initialize(&other).await.err().context("another genesis")?;
    assert!(refused.message().starts_with("the data folder holds the chain with genesis "), "{refused}");
    let changed = json!({ "stateUpgrades": [{ "blockTimestamp": 1_764_547_201, "accounts": {} }] });
    let late = Files { upgrade: changed.to_string().into(), ..files.clone() };
    let refused = hosted.initialize(&late).await.err().context("an upgrade in the past")?;
    assert!(refused.message().starts_with("stateUpgrades[0]: blocks up to time "), "{refused}");
    assert!(refused.message().contains("the files now say an upgrade at 1764547201; put it back"), "{refused}");
    let opened = hosted.initialize(&files).await?;
    assert_eq!((opened.height, opened.last_accepted_id), (3, last));
    // Another process may not have the folder meanwhile.
    let mut second = hosted::start().await?;
    let refused = second.initialize(&files).await.err().context("a second process")?;
    let name = folder.path().join("pars");
    let holder = format!("process {} (pars-vm)", hosted.running.id());
    let text = format!("{} is in use by {holder}; stop that one or choose another folder", name.display());
    assert_eq!(refused.message(), text);
    assert_eq!(second.shut_down().await?.code(), Some(0));
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    assert_eq!(folder::check(&name)?.height, 3);
    Ok(())
}

/// kill -9 right after BlockAccept has answered, twenty times: the block is there.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_killed_twenty_times() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let from = Wallet::local(0)?;
    let mut last: Option<Bytes> = None;
    let since = Instant::now();
    for round in 0..20 {
        let mut hosted = hosted::start().await?;
        let opened = hosted.initialize(&files).await?;
        assert_eq!(opened.height, round);
        if let Some(last) = &last {
            assert_eq!(opened.last_accepted_id, last, "round {round}");
        }
        hosted.serve().await?;
        hosted.enter(states()?.normal).await?;
        hosted.submit(&from.sign(&Draft::transfer(round, TO, 1))?).await?;
        last = Some(hosted.seal().await?.id);
        let ended = hosted.running.kill()?;
        assert_eq!(ended.code(), None);
    }
    println!("20 rounds in {:?}", since.elapsed());
    let report = folder::check(&folder.path().join("pars"))?;
    assert_eq!((report.height, report.transactions), (20, 20));
    Ok(())
}

/// A chain that the Go node recorded, the first half while bootstrapping, the rest in normal operation.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_follows_a_recorded_chain() -> Result<()> {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/subnet-evm/classic-11.json.gz");
    let record = Record::read(&record)?;
    let folder = tempfile::tempdir()?;
    let files = Files::recorded(folder.path(), &record);
    let mut hosted = hosted::start().await?;
    let opened = hosted.initialize(&files).await?;
    assert_eq!(opened.last_accepted_id.as_ref(), record.blocks[0].hash.as_slice());
    hosted.enter(states()?.bootstrapping).await?;
    let half = u64::try_from(record.blocks.len() / 2)?;
    let since = Instant::now();
    for recorded in &record.blocks[1..] {
        if recorded.number == half {
            let entered = hosted.enter(states()?.normal).await?;
            assert_eq!(entered.height, recorded.number - 1);
        }
        let request = vm::ParseBlockRequest { bytes: recorded.rlp.0.clone() };
        let parsed = hosted.plugin.vm.parse_block(request).await?.into_inner();
        assert_eq!((b256(&parsed.id), parsed.height), (recorded.hash, recorded.number));
        hosted.verify(recorded.rlp.0.clone()).await.with_context(|| format!("block {}", recorded.number))?;
        hosted.accept(parsed.id).await.with_context(|| format!("block {}", recorded.number))?;
    }
    let blocks = record.blocks.len() - 1;
    println!("{blocks} blocks in {:?}", since.elapsed());
    for recorded in &record.blocks {
        assert_eq!(id_at(&mut hosted, recorded.number).await?.map(|id| b256(&id)), Ok(recorded.hash));
    }
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    let mut hosted = hosted::start().await?;
    let last = record.blocks.last().context("blocks")?;
    assert_eq!(hosted.initialize(&files).await?.last_accepted_id.as_ref(), last.hash.as_slice());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// Blocks with warp messages have no verdict in this release, except from those who decided on them already.
#[tokio::test(flavor = "multi_thread")]
async fn process_plugin_warp_predicates() -> Result<()> {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let mut genesis: Value = serde_json::from_slice(&presets::local(1))?;
    genesis["config"]["warpConfig"] = json!({ "blockTimestamp": 1_764_547_200, "quorumNumerator": 67 });
    let files = |folder: &Path| Files { genesis: genesis.to_string().into(), ..Files::local(folder) };
    let with_message = with_message()?;
    let block = warp_block(&files(folders[0].path()), &with_message)?;
    assert_eq!(block.transactions.len(), 1);

    let mut hosted = hosted::open(&files(folders[0].path())).await?;
    let request = vm::ParseBlockRequest { bytes: block.bytes().0.clone() };
    let parsed = hosted.plugin.vm.parse_block(request).await?.into_inner();
    assert!(parsed.verify_with_context);
    let refused = hosted.verify(block.bytes().0.clone()).await.err().context("a verdict")?;
    assert_eq!(refused.message(), "warp verification is not in this release");
    hosted.running.complaint("warp verification is not in this release", END_MAX)?;
    // The transaction is not taken in, where it would wait for ever, and others go on.
    let refused = hosted.request("eth_sendRawTransaction", with_message.params()).await?.err().context("a refusal")?;
    assert_eq!(refused.message, "warp verification is not in this release");
    let plain = Wallet::local(1)?.sign(&Draft::transfer(0, TO, 1))?;
    hosted.submit(&plain).await?;
    let built = hosted.seal().await?;
    let transactions = Block::decode(built.bytes.into())?.transactions;
    assert_eq!(transactions.iter().map(|tx| tx.hash()).collect::<Vec<_>>(), [plain.hash]);
    let nothing = hosted.build().await.err().context("a block with a message")?;
    assert_eq!(nothing.message(), "the pool has nothing for a block");
    assert_eq!(hosted.shut_down().await?.code(), Some(0));

    let mut hosted = hosted::start().await?;
    hosted.initialize(&files(folders[1].path())).await?;
    hosted.enter(states()?.bootstrapping).await?;
    hosted.verify(block.bytes().0.clone()).await?;
    hosted.accept(parsed.id.clone()).await?;
    assert_eq!(hosted.enter(states()?.normal).await?.last_accepted_id, parsed.id);
    hosted.serve().await?;
    let receipt = hosted.call("eth_getTransactionReceipt", json!([with_message.hash])).await?;
    assert_eq!(receipt["status"], "0x1");
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// A transfer that carries a message of another chain.
fn with_message() -> Result<Signed> {
    let source = alloy_primitives::Bytes::from(vec![0x99; 20]);
    let payload = Payload::AddressedCall { source, content: alloy_primitives::Bytes::from_static(b"hello") }.encode();
    let unsigned = Unsigned { network_id: 1_337, source_chain: B256::repeat_byte(0x66), payload: payload.into() };
    let message = Message { unsigned, signers: alloy_primitives::Bytes::from_static(&[3]), signature: [9; 96] };
    let mut draft = Draft { gas: 1_000_000, ..Draft::transfer(0, TO, 1) };
    draft.access.push(alloy_eips::eip2930::AccessListItem { address: WARP, storage_keys: pack(&message.encode()) });
    Wallet::local(0)?.sign(&draft)
}

/// A block with it, as a node that can verify messages builds it.
fn warp_block(files: &Files, signed: &Signed) -> Result<Arc<Block>> {
    let opening = Opening {
        place: Place { network_id: files.network_id, blockchain_id: files.chain_id },
        ..Opening::new(&files.genesis)
    };
    let mut chain = Chain::open(Arc::new(Memory::new()), &opening)?;
    let tx = Arc::new(Tx::decode(&signed.raw)?);
    let verdicts: Verdicts = BTreeMap::from([(tx.hash(), BTreeMap::from([(WARP, vec![true])]))]);
    let now_ms = pars_vm::clock::now_ms();
    let wish = Wish { now_ms, fee_recipient: None, min_delay_target: None, verdicts: Some(&verdicts) };
    let built = chain.build(&mut InOrder::new([tx]), wish)?;
    let Built::Block(block) = built else { bail!("no block: {built:?}") };
    Ok(block)
}

/// The block with one more transaction, whose gas price is 2^128.
fn wide_price(block: &Bytes) -> Result<Bytes> {
    use alloy_rlp::Header;
    let mut body = block.as_ref();
    let mut fields = Header::decode_bytes(&mut body, true)?;
    let header = fields;
    let head = Header::decode(&mut fields)?;
    let header = header.get(..header.len() - fields.len() + head.payload_length).context("a header")?;
    // nonce 0, price 2^128, gas 21000, to, value, input, v, r, s
    let mut tx = vec![0x80, 0x91, 1];
    tx.extend([0; 16]);
    tx.extend([0x82, 0x52, 0x08, 0x94]);
    tx.extend(TO);
    tx.extend([0x01, 0x80, 0x1b, 0x01, 0x01]);
    let mut list = Vec::new();
    Header { list: true, payload_length: tx.len() }.encode(&mut list);
    list.extend(tx);
    let mut payload = header.to_vec();
    Header { list: true, payload_length: list.len() }.encode(&mut payload);
    payload.extend(list);
    payload.push(0xc0);
    let mut out = Vec::new();
    Header { list: true, payload_length: payload.len() }.encode(&mut out);
    out.extend(payload);
    Ok(out.into())
}

async fn id_at(hosted: &mut Hosted, height: u64) -> Result<std::result::Result<Bytes, i32>, Status> {
    let request = vm::GetBlockIdAtHeightRequest { height };
    let got = hosted.plugin.vm.get_block_id_at_height(request).await?.into_inner();
    Ok(if got.err == 0 { Ok(got.blk_id) } else { Err(got.err) })
}

async fn get(hosted: &mut Hosted, id: Bytes) -> Result<std::result::Result<Bytes, i32>, Status> {
    let got = hosted.plugin.vm.get_block(vm::GetBlockRequest { id }).await?.into_inner();
    Ok(if got.err == 0 { Ok(got.bytes) } else { Err(got.err) })
}

fn b256(id: &Bytes) -> B256 {
    B256::try_from(id.as_ref()).expect("ids have 32 bytes")
}

fn run(command: &mut Command) -> Result<Ended> {
    let ended = Running::start(command)?.wait(END_MAX)?;
    ensure!(ended.took < END_MAX, "{:?}", ended.took);
    Ok(ended)
}

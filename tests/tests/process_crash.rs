//! kill -9 under load: what was shown before is there afterwards, and what was answered is mined or waits.
//!
//! 20 kills of `dev`, 20 of the plugin and 20 under each row of luxd; with `PARS_FULL=1` 50, 20 and 20 under each row of the
//! table while 300 blocks are accepted. The seed is printed.

use alloy_primitives::{Address, B256, bytes};
use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use parking_lot::Mutex;
use pars_host::dialect::{Dialect, TABLE};
use pars_proto::host::vm;
use pars_tests::process::dev::Dev;
use pars_tests::process::folder;
use pars_tests::process::hosted::{self, Files, Hosted};
use pars_tests::process::rpc::Client;
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use pars_tests::random::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

const TO: Address = Address::repeat_byte(0x5a);
/// Accounts that send one transaction after another.
const SENDERS: usize = 4;
/// The account whose transactions wait for one that never comes.
const PARKING: usize = 4;
/// The first of those.
const PARKED_FROM: u64 = 10_000;
/// Parked transactions a round: the pool holds 1,024, and nobody's leave.
const PARKED_MAX: u64 = 18;
/// Parked transactions of a plugin: a sender's fair share.
const PARKED_ALL: u64 = 60;
/// A plugin is in normal operation within this time of its start.
const OPENING_MS: u64 = 150;
/// Slower blocks than a client waits for: what is answered waits in the pool.
const SLOW: &[&str] = &["--block-time", "6s"];

/// What the chain has told.
#[derive(Debug, Default)]
struct Told {
    /// Transactions whose submission was answered.
    answered: Vec<Signed>,
    /// Receipts that were shown.
    receipts: BTreeMap<B256, Value>,
    /// The highest block that was shown.
    height: u64,
    /// Blocks that a subscriber was told of.
    heads: Vec<(u64, B256)>,
}

#[test]
fn process_crash_dev_under_load() -> Result<()> {
    let rounds = if std::env::var_os("PARS_FULL").is_some() { 50 } else { 20 };
    let mut random = Random::of_now();
    println!("seed {}", random.0);
    let folder = tempfile::tempdir()?;
    let told = Mutex::new(Told::default());
    let mut parked = PARKED_FROM;
    let (mut checked, mut waited) = (0, 0);
    for round in 0..=rounds {
        let slow = round % 2 == 1;
        let dev = Dev::start_with(Some(folder.path()), if slow { SLOW } else { &[] })?;
        let waiting = check_dev(&dev, &told.lock(), checked).with_context(|| format!("round {round}"))?;
        waited += waiting;
        checked = told.lock().answered.len();
        if round == rounds {
            ensure!(dev.stop("TERM")?.code() == Some(0), "it does not stop");
            break;
        }
        let pause = Duration::from_millis(50 + random.below(400));
        std::thread::scope(|scope| -> Result<()> {
            let (dev, told, parked) = (&dev, &told, &mut parked);
            let mut threads: Vec<_> =
                (0..SENDERS).map(|index| scope.spawn(move || send(dev, told, index, slow))).collect();
            threads.push(scope.spawn(move || park(dev, told, parked)));
            std::thread::sleep(pause);
            dev.running.signal("KILL")?;
            for thread in threads {
                thread.join().expect("a sender does not panic")?;
            }
            Ok(())
        })?;
        ensure!(dev.running.wait(Duration::from_secs(5))?.code().is_none(), "it ended by itself");
    }
    let told = told.into_inner();
    let (answered, receipts) = (told.answered.len(), told.receipts.len());
    println!(
        "dev: {rounds} kills, {answered} transactions answered, {receipts} receipts shown, {} blocks; nothing lost; {waited} \
         waited in the pool after a restart, {} of them parked ones again and again",
        told.height,
        parked - PARKED_FROM
    );
    ensure!(answered > 20 * rounds && receipts > 5 * rounds && waited > 0, "there was no load");
    let report = folder::check(folder.path())?;
    ensure!(report.height >= told.height, "{report:?}");
    Ok(())
}

/// One account's transfers, one after another, until the connection breaks.
fn send(dev: &Dev, told: &Mutex<Told>, index: usize, slow: bool) -> Result<()> {
    let from = Wallet::local(index)?;
    let Ok(mut client) = dev.client() else { return Ok(()) };
    let params = json!([from.address, "pending"]);
    let Ok(next) = client.call("eth_getTransactionCount", params) else { return Ok(()) };
    let mut nonce = pars_tests::process::rpc::number(&next)?;
    loop {
        let signed = from.sign(&Draft::transfer(nonce, TO, 1))?;
        match client.request("eth_sendRawTransaction", signed.params()) {
            Ok(Ok(_)) => told.lock().answered.push(signed.clone()),
            // A slow chain fills its pool.
            Ok(Err(refusal)) if slow && refusal.message.contains("full") => return Ok(()),
            Ok(Err(refusal)) => bail!("{refusal:?}"),
            Err(_) => return Ok(()),
        }
        nonce += 1;
        if slow {
            // No receipt comes, and the pool is not to be filled.
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        let Ok(receipt) = client.call("eth_getTransactionReceipt", json!([signed.hash])) else { return Ok(()) };
        ensure!(receipt != Value::Null, "{} was answered and has no receipt", signed.hash);
        let Ok(height) = client.height() else { return Ok(()) };
        let mut told = told.lock();
        told.receipts.insert(signed.hash, receipt);
        told.height = told.height.max(height);
    }
}

/// Transactions that wait for one that never comes.
fn park(dev: &Dev, told: &Mutex<Told>, nonce: &mut u64) -> Result<()> {
    let from = Wallet::local(PARKING)?;
    let Ok(mut client) = dev.client() else { return Ok(()) };
    for _ in 0..PARKED_MAX {
        let signed = from.sign(&Draft::transfer(*nonce, TO, 1))?;
        // Whether this one was answered or not, the next one is another.
        *nonce += 1;
        match client.request("eth_sendRawTransaction", signed.params()) {
            Ok(Ok(_)) => told.lock().answered.push(signed),
            Ok(Err(refusal)) => bail!("{refusal:?}"),
            Err(_) => return Ok(()),
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Everything that was told still holds. Those that were `checked` before and mined then need no second look. How many
/// wait in the pool.
fn check_dev(dev: &Dev, told: &Told, checked: usize) -> Result<usize> {
    let mut client = dev.client()?;
    ensure!(client.height()? >= told.height, "block {} was shown", told.height);
    for (hash, shown) in &told.receipts {
        ensure!(client.call("eth_getTransactionReceipt", json!([hash]))? == *shown, "the receipt of {hash} is another");
    }
    let mut waiting = 0;
    for (index, signed) in told.answered.iter().enumerate() {
        if told.receipts.contains_key(&signed.hash) {
            continue;
        }
        if index < checked && client.call("eth_getTransactionReceipt", json!([signed.hash]))? != Value::Null {
            continue;
        }
        if waits(&mut client, signed)? {
            waiting += 1;
        }
    }
    Ok(waiting)
}

/// Whether a transaction waits in the pool; an error where it is neither there nor mined.
fn waits(client: &mut Client, signed: &Signed) -> Result<bool> {
    let receipt = json!([signed.hash]);
    if client.call("eth_getTransactionReceipt", receipt.clone())? != Value::Null {
        return Ok(false);
    }
    // Whoever has it says so. Whoever lost it would take it.
    let again = client.request("eth_sendRawTransaction", signed.params())?;
    let words = again.err().map(|refusal| refusal.message).unwrap_or_default();
    if words == "already known" {
        return Ok(true);
    }
    // It may have been mined between the two questions.
    let mined = client.call("eth_getTransactionReceipt", receipt)? != Value::Null;
    ensure!(mined && words.starts_with("nonce too low"), "{} is lost: {words:?}", signed.hash);
    Ok(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn process_crash_plugin_under_load() -> Result<()> {
    crash_plugin(TABLE.first().context("a row")?, Load { kills: 20, blocks: 20, pause_ms: 400 }).await
}

/// The same under hosts of luxd's rows; at full size a longer chain under those of every row.
#[tokio::test(flavor = "multi_thread")]
async fn process_crash_every_row_under_load() -> Result<()> {
    let full = std::env::var_os("PARS_FULL").is_some();
    let load = if full {
        Load { kills: 20, blocks: 300, pause_ms: 500 }
    } else {
        Load { kills: 20, blocks: 20, pause_ms: 400 }
    };
    let rows: Vec<_> = TABLE.iter().filter(|row| full || row.name == "luxd").collect();
    ensure!(rows.len() == if full { TABLE.len() } else { 2 }, "{rows:?}");
    for row in rows {
        crash_plugin(row, load).await.with_context(|| row.to_string())?;
    }
    Ok(())
}

/// At least so many kills and accepted blocks, and at most so long between two kills.
#[derive(Debug, Clone, Copy)]
struct Load {
    kills: usize,
    blocks: usize,
    pause_ms: u64,
}

#[allow(clippy::print_stdout, reason = "what was done, beside the outcome")]
async fn crash_plugin(dialect: &'static Dialect, load: Load) -> Result<()> {
    let mut random = Random::of_now();
    println!("seed {}", random.0);
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let mut told = Told::default();
    let mut accepted: Vec<Bytes> = Vec::new();
    let mut parked = PARKED_FROM;
    let (mut waited, mut round, mut busy, mut unopened) = (0, 0, 0, 0);
    let mut database = BTreeMap::new();
    loop {
        if random.below(3) == 0 {
            let pause = Duration::from_millis(random.below(OPENING_MS));
            database = killed_while_opening(dialect, &files, database, pause).await?;
            unopened += 1;
        }
        let opened = hosted::open_under(dialect, &files, database).await;
        let mut hosted = opened.with_context(|| format!("round {round}"))?;
        waited += check_plugin(&mut hosted, &told, &mut accepted).await.with_context(|| format!("round {round}"))?;
        if round >= load.kills && accepted.len() >= load.blocks {
            ensure!(hosted.shut_down().await?.code() == Some(0), "it does not stop");
            break;
        }
        round += 1;
        let pause = Duration::from_millis(20 + random.below(load.pause_ms));
        let killer = kill_after(pause, &hosted);
        let shown = Arc::<Mutex<Vec<(u64, B256)>>>::default();
        let watching = tokio::spawn(watch(hosted.proxy("/ws", false).await?, Arc::clone(&shown)));
        // Whatever is under way when it dies is an error, and nothing was told then.
        let (since, before) = (Instant::now(), accepted.len());
        let ended = work(&mut hosted, &mut random, &mut told, &mut accepted, &mut parked).await;
        let worked = since.elapsed();
        ensure!(killer.join().expect("the killer does not panic")?.success(), "no kill");
        busy += usize::from(accepted.len() > before);
        let kept = hosted.host().kept();
        let died = hosted.outlive(Duration::from_secs(5)).await?;
        ensure!(died.code().is_none(), "it ended by itself: {}", died.err);
        ensure!(worked >= pause, "it failed before it was killed: {ended:?}: {}", died.err);
        drop(watching.await?);
        told.heads.append(&mut shown.lock());
        database = kept.pairs();
    }
    println!(
        "plugin under {dialect}: {round} kills under load and {unopened} while it opened, {} transactions answered, {} \
         blocks accepted, {} receipts and {} heads shown; nothing lost; {waited} waited in the pool after a restart",
        told.answered.len(),
        accepted.len(),
        told.receipts.len(),
        told.heads.len()
    );
    ensure!(busy * 2 > round && told.heads.len() > round, "blocks came in {busy} rounds, {} heads", told.heads.len());
    ensure!(told.answered.len() > 5 * round && waited > 0, "there was no load");
    let report = folder::check(&folder.path().join("pars"))?;
    ensure!(report.height >= u64::try_from(accepted.len())?, "{report:?}");
    Ok(())
}

/// Kills a plugin after a while.
fn kill_after(pause: Duration, hosted: &Hosted) -> JoinHandle<std::io::Result<ExitStatus>> {
    let id = hosted.running.id().to_string();
    std::thread::spawn(move || {
        std::thread::sleep(pause);
        Command::new("kill").args(["-KILL", &id]).status()
    })
}

/// A start that is killed on its way to normal operation, or where that was quicker, there. What its host then has in its
/// database.
async fn killed_while_opening(
    dialect: &'static Dialect,
    files: &Files,
    database: BTreeMap<Bytes, Bytes>,
    pause: Duration,
) -> Result<BTreeMap<Bytes, Bytes>> {
    let mut hosted = hosted::start_under(dialect).await?;
    hosted.host().set_database(database);
    let kept = hosted.host().kept();
    let killer = kill_after(pause, &hosted);
    let request = hosted.initialize_request(files);
    drop(hosted.begin(request).await);
    ensure!(killer.join().expect("the killer does not panic")?.success(), "no kill");
    let died = hosted.outlive(Duration::from_secs(5)).await?;
    ensure!(died.code().is_none(), "it ended by itself: {}", died.err);
    Ok(kept.pairs())
}

/// Submissions and blocks until the plugin is gone.
async fn work(
    hosted: &mut Hosted,
    random: &mut Random,
    told: &mut Told,
    accepted: &mut Vec<Bytes>,
    parked: &mut u64,
) -> Result<()> {
    let mut waiting = Vec::new();
    loop {
        for index in 0..SENDERS {
            let from = Wallet::local(index)?;
            let next = hosted.call("eth_getTransactionCount", json!([from.address, "pending"])).await?;
            let nonce = pars_tests::process::rpc::number(&next)?;
            for nonce in nonce..nonce + random.below(4) {
                let draft = match random.below(4) {
                    // A slot is set: PUSH1 1, CALLDATASIZE, SSTORE.
                    0 => Draft { gas: 200_000, ..Draft::create(nonce, bytes!("60013655")) },
                    // It ends in vain: INVALID.
                    1 => Draft { gas: 100_000, ..Draft::create(nonce, bytes!("fe")) },
                    _ => Draft::transfer(nonce, TO, 1),
                };
                let signed = from.sign(&draft)?;
                hosted.submit(&signed).await?;
                told.answered.push(signed.clone());
                waiting.push(signed.hash);
            }
        }
        // They stay in the pool over all rounds, whose room is bounded.
        if *parked < PARKED_FROM + PARKED_ALL {
            let signed = Wallet::local(PARKING)?.sign(&Draft::transfer(*parked, TO, 1))?;
            *parked += 1;
            hosted.submit(&signed).await?;
            told.answered.push(signed);
        }
        if random.below(2) == 0 && !waiting.is_empty() {
            let built = hosted.seal().await?;
            accepted.push(built.id);
            told.height = built.height;
            for hash in waiting.drain(..) {
                let receipt = hosted.call("eth_getTransactionReceipt", json!([hash])).await?;
                if receipt != Value::Null {
                    told.receipts.insert(hash, receipt);
                }
            }
        }
    }
}

/// Follows the heads of the chain until the connection breaks.
async fn watch(address: SocketAddr, shown: Arc<Mutex<Vec<(u64, B256)>>>) -> Result<()> {
    let stream = tokio::net::TcpStream::connect(address).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(format!("ws://{address}/ws"), stream).await?;
    let subscribe = json!({ "jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"] });
    socket.send(Message::text(subscribe.to_string())).await?;
    while let Some(Ok(message)) = socket.next().await {
        let Ok(text) = message.to_text() else { continue };
        let told: Value = serde_json::from_str(text)?;
        let head = &told["params"]["result"];
        if head.is_object() {
            let height = pars_tests::process::rpc::number(&head["number"])?;
            shown.lock().push((height, serde_json::from_value(head["hash"].clone())?));
        }
    }
    Ok(())
}

/// Everything that was told still holds. How many wait in the pool.
async fn check_plugin(hosted: &mut Hosted, told: &Told, accepted: &mut Vec<Bytes>) -> Result<usize> {
    let height = pars_tests::process::rpc::number(&hosted.call("eth_blockNumber", json!([])).await?)?;
    let count = u64::try_from(accepted.len())?;
    // The last accept may have been stored and not answered.
    ensure!(height == count || height == count + 1, "height {height}, and {count} blocks were accepted");
    for (height, id) in (1..).zip(accepted.iter()) {
        let request = vm::GetBlockIdAtHeightRequest { height };
        let there = hosted.plugin.vm.get_block_id_at_height(request).await?.into_inner().blk_id;
        ensure!(there == *id, "another block at {height}");
    }
    if height > count {
        let request = vm::GetBlockIdAtHeightRequest { height };
        accepted.push(hosted.plugin.vm.get_block_id_at_height(request).await?.into_inner().blk_id);
    }
    for (height, hash) in &told.heads {
        let index = usize::try_from(height.saturating_sub(1))?;
        ensure!(accepted.get(index).is_some_and(|id| *id == hash.as_slice()), "head {hash} at {height} was shown");
    }
    let mut waiting = 0;
    for signed in &told.answered {
        let receipt = hosted.call("eth_getTransactionReceipt", json!([signed.hash])).await?;
        if let Some(shown) = told.receipts.get(&signed.hash) {
            ensure!(receipt == *shown, "the receipt of {} is another", signed.hash);
        } else if receipt == Value::Null {
            let again = hosted.request("eth_sendRawTransaction", signed.params()).await?;
            let words = again.err().map(|refusal| refusal.message).unwrap_or_default();
            ensure!(words == "already known", "{} is lost: {words:?}", signed.hash);
            waiting += 1;
        }
    }
    Ok(waiting)
}

//! The pool of a running chain over kill -9 and SIGTERM, and what one sender can do to others in it.

use alloy_eips::eip2930::AccessListItem;
use alloy_primitives::{Address, B256, Bytes, U256, address};
use anyhow::{Context as _, Result, ensure};
use pars_genesis::presets;
use pars_precompiles::subnet::warp::message::{Message, Payload, Unsigned};
use pars_precompiles::subnet::warp::predicate::pack;
use pars_tests::process::dev::Dev;
use pars_tests::process::rpc::{Client, number};
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const TO: Address = Address::repeat_byte(0x5b);
const GWEI: u128 = 1_000_000_000;
const COIN: u64 = 1_000_000_000_000_000_000;
/// Blocks come so rarely that a test sees none.
const STILL: &[&str] = &["--block-time", "1h"];
const WARP: Address = address!("0200000000000000000000000000000000000005");

/// A transfer that tips so much, gwei.
fn transfer(from: &Wallet, nonce: u64, tip: u128) -> Result<Signed> {
    let tip = tip * GWEI;
    from.sign(&Draft { tip, fee_cap: tip + 100 * GWEI, ..Draft::transfer(nonce, TO, 1) })
}

fn content(client: &mut Client) -> Result<Value> {
    client.call("txpool_content", json!([]))
}

/// Kills it, starts it again on the same folder, and looks whether the pool is what it was.
fn killed(dev: Dev, folder: &Path, options: &[&str]) -> Result<(Dev, Client)> {
    let before = content(&mut dev.client()?)?;
    ensure!(dev.running.kill()?.code().is_none(), "it ended by itself");
    again(folder, options, &before)
}

fn again(folder: &Path, options: &[&str], before: &Value) -> Result<(Dev, Client)> {
    let dev = Dev::start_with(Some(folder), options)?;
    let mut client = dev.client()?;
    let after = content(&mut client)?;
    ensure!(after == *before, "the pool was {before}\nand is {after}");
    Ok((dev, client))
}

/// Nonce 1 with most of the coins is answered first, then nonce 0 with what is left and more: both are back.
#[test]
fn process_pool_returns_what_cannot_be_paid_together() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start_with(Some(folder.path()), STILL)?;
    let mut client = dev.client()?;
    let from = Wallet::local(4)?;
    let value = U256::from(9_950) * U256::from(COIN);
    let dear = from.sign(&Draft { value, ..Draft::transfer(1, TO, 0) })?;
    let first = from.sign(&Draft { gas: 15_000_000, fee_cap: 6_000 * GWEI, ..Draft::transfer(0, TO, 1) })?;
    client.submit(&dear)?;
    client.submit(&first)?;
    assert_eq!(client.call("txpool_status", json!([]))?, json!({ "pending": "0x1", "queued": "0x1" }));
    let (dev, _) = killed(dev, folder.path(), STILL)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

/// A parked transaction becomes too dear and leaves, and another one with its nonce is answered: that one is back.
#[test]
fn process_pool_does_not_revive_what_left() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start(Some(folder.path()))?;
    let mut client = dev.client()?;
    let (from, bank) = (Wallet::local(2)?, Wallet::local(3)?);
    let half = U256::from(5_000) * U256::from(COIN);
    let dear = from.sign(&Draft { value: U256::from(9_000) * U256::from(COIN), ..Draft::transfer(3, TO, 0) })?;
    client.submit(&dear)?;
    client.submit(&from.sign(&Draft { value: half, ..Draft::transfer(0, bank.address, 0) })?)?;
    assert_eq!(client.call("eth_getTransactionByHash", json!([dear.hash]))?, Value::Null);
    client.submit(&bank.sign(&Draft { value: half, ..Draft::transfer(0, from.address, 0) })?)?;
    let new = transfer(&from, 3, 1)?;
    client.submit(&new)?;
    let (dev, mut client) = killed(dev, folder.path(), &[])?;
    for nonce in [1, 2] {
        client.submit(&transfer(&from, nonce, 1)?)?;
    }
    assert_eq!(client.nonce(from.address)?, 4);
    assert_eq!(client.call("eth_getTransactionReceipt", json!([new.hash]))?["status"], "0x1");
    assert_eq!(client.call("eth_getTransactionReceipt", json!([dear.hash]))?, Value::Null);
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

/// By address, as whoever recovered by address would have it: those who come first and last.
fn first_and_last() -> Result<[Wallet; 3]> {
    let mut all = (0..10).map(Wallet::local).collect::<Result<Vec<_>>>()?;
    all.sort_by_key(|wallet| wallet.address);
    Ok([all[0], all[1], all[9]])
}

/// What a sender has parked within its share stays, in a pool that somebody fills and over restarts.
#[test]
fn process_pool_keeps_who_parks_within_the_share() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start(Some(folder.path()))?;
    let mut client = dev.client()?;
    let [flooding, _, honest] = first_and_last()?;
    let parked = (5..15).map(|nonce| transfer(&honest, nonce, 1)).collect::<Result<Vec<_>>>()?;
    for signed in &parked {
        client.submit(signed)?;
    }
    let mut taken = 0;
    for nonce in (2_000..3_020).chain((1_900..2_000).rev()) {
        let signed = transfer(&flooding, nonce, 1_000)?;
        taken += u64::from(client.request("eth_sendRawTransaction", signed.params())?.is_ok());
    }
    assert_eq!(taken, 1_014 + 100, "then in the place of its own");
    // Cheaper than what fills the pool.
    client.submit(&transfer(&honest, 15, 0)?)?;
    let (dev, mut client) = killed(dev, folder.path(), &[])?;
    for signed in &parked {
        assert_eq!(client.refusal("eth_sendRawTransaction", signed.params())?.message, "already known");
    }
    let before = content(&mut client)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    let (dev, _) = again(folder.path(), &[], &before)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

/// The same for executable ones: one sender fills the pool, another one outbids it, and both restarts change nothing.
#[test]
fn process_pool_keeps_who_waits_within_the_share() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start_with(Some(folder.path()), STILL)?;
    let mut client = dev.client()?;
    let [first, second, honest] = first_and_last()?;
    for nonce in 0..8 {
        client.submit(&transfer(&honest, nonce, 1)?)?;
    }
    for nonce in 0..5_112 {
        client.submit(&transfer(&first, nonce, 500)?)?;
    }
    for nonce in 0..1_000 {
        client.submit(&transfer(&second, nonce, 600)?)?;
    }
    assert_eq!(client.call("txpool_status", json!([]))?, json!({ "pending": "0x1400", "queued": "0x0" }));
    let (dev, mut client) = killed(dev, folder.path(), STILL)?;
    let before = content(&mut client)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    let (dev, mut client) = again(folder.path(), STILL, &before)?;
    assert_eq!(client.call("eth_getTransactionCount", json!([honest.address, "pending"]))?, "0x8");
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

/// A byte in the middle of the journal is another: the transaction that it was in is gone, and no other.
#[test]
fn process_pool_journal_with_a_changed_byte() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start(Some(folder.path()))?;
    let mut client = dev.client()?;
    let from = Wallet::local(0)?;
    for nonce in 1..=20 {
        client.submit(&transfer(&from, nonce, 1)?)?;
    }
    ensure!(dev.running.kill()?.code().is_none(), "it ended by itself");
    let journal = folder.path().join("pool.journal");
    let mut bytes = std::fs::read(&journal)?;
    let middle = bytes.len() / 2;
    *bytes.get_mut(middle).context("there are records")? ^= 1;
    std::fs::write(&journal, bytes)?;
    let dev = Dev::start(Some(folder.path()))?;
    assert_eq!(dev.client()?.call("txpool_status", json!([]))?, json!({ "pending": "0x0", "queued": "0x13" }));
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

/// A pipe in the place of the journal would be waited for: it is named instead, at once.
#[test]
fn process_pool_journal_that_is_a_pipe() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let dev = Dev::start(Some(folder.path()))?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    let journal = folder.path().join("pool.journal");
    std::fs::remove_file(&journal)?;
    ensure!(Command::new("mkfifo").arg(&journal).status()?.success(), "no pipe");
    let ended = Dev::refused(Some(folder.path()))?;
    let text =
        format!("{} is no ordinary file, which the list of transactions must be; move it away", journal.display());
    assert_eq!((ended.code(), ended.err), (Some(1), format!("pars-vm: starting the chain: {text}\n")));
    Ok(())
}

/// On a chain with warp, a transaction with a message that nobody verifies does not take a place in the pool for ever.
#[test]
fn process_pool_refuses_what_nobody_verifies() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("genesis.json");
    let mut genesis: Value = serde_json::from_slice(&presets::local(1))?;
    let since = number(&genesis["timestamp"])?;
    genesis["config"]["warpConfig"] = json!({ "blockTimestamp": since, "quorumNumerator": 67 });
    std::fs::write(&file, genesis.to_string())?;
    let dev = Dev::start_with(None, &["--genesis", &file.display().to_string()])?;
    let mut client = dev.client()?;
    let payload = Payload::Hash(B256::ZERO).encode();
    let unsigned = Unsigned { network_id: 1, source_chain: B256::ZERO, payload: payload.into() };
    let message = Message { unsigned, signers: Bytes::from_static(&[3]), signature: [9; 96] }.encode();
    let access = vec![AccessListItem { address: WARP, storage_keys: pack(&message) }];
    let from = Wallet::local(0)?;
    let signed = from.sign(&Draft { access, gas: 1_000_000, ..Draft::transfer(0, TO, 1) })?;
    let refused = client.refusal("eth_sendRawTransaction", signed.params())?;
    assert_eq!(refused.message, "warp verification is not in this release");
    client.pay(&from, TO, 1)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

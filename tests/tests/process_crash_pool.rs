//! kill -9 of a chain whose pool is full: what it held before is what it holds after, no more and no less.
//!
//! Transactions cost more than their senders have, leave and come again with the same nonce, replace each other and take
//! each other's places. 15 kills; with `PARS_FULL=1` 51. The seed is printed.

use alloy_primitives::{Address, U256};
use anyhow::{Context as _, Result, ensure};
use pars_tests::process::dev::Dev;
use pars_tests::process::rpc::Client;
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use pars_tests::random::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

const TO: Address = Address::repeat_byte(0x5c);
const GWEI: u128 = 1_000_000_000;
/// No block comes while somebody looks.
const STILL: &[&str] = &["--block-time", "1h"];
/// Parks whatever there is room for, and more.
const FLOODING: usize = 0;
/// Parks its share, and replaces what it has.
const HONEST: usize = 1;
/// Has two transactions that it cannot pay together.
const SHORT: usize = 4;
/// Replaces what waits for a block.
const HASTY: usize = 5;
/// Slots for parked transactions of one sender, which are its share.
const SHARE: u64 = 64;

#[test]
fn process_crash_dev_with_a_full_pool() -> Result<()> {
    let rounds = if std::env::var_os("PARS_FULL").is_some() { 17 } else { 5 };
    let mut random = Random::of_now();
    println!("seed {}", random.0);
    let folder = tempfile::tempdir()?;
    let mut work = Work::default();
    let mut before = json!({ "pending": {}, "queued": {} });
    let mut counts = Vec::new();
    for round in 0..rounds {
        // Blocks are far away: what is executable waits.
        let dev = restarted(folder.path(), &before).with_context(|| format!("round {round}, after blocks"))?;
        work.still(&dev, &mut random)?;
        before = killed(dev)?;
        let dev = restarted(folder.path(), &before).with_context(|| format!("round {round}, without blocks"))?;
        ensure!(killed(dev)? == before, "it is not still");
        // Blocks come at once, and balances change.
        let dev = Dev::start(Some(folder.path()))?;
        work.moving(&dev, &mut random)?;
        before = killed(dev)?;
        counts.push(["pending", "queued"].map(|part| count(&before[part])));
    }
    println!(
        "{} kills, {} transactions answered, {} refused; pending and queued after each round: {counts:?}",
        3 * rounds,
        work.answered,
        work.refused
    );
    ensure!(counts.iter().all(|[_, queued]| *queued == 1_024), "the pool is not full");
    let dev = restarted(folder.path(), &before)?;
    ensure!(dev.stop("TERM")?.code() == Some(0), "it does not stop");
    Ok(())
}

/// Kills it, and gives what its pool held.
fn killed(dev: Dev) -> Result<Value> {
    let content = dev.client()?.call("txpool_content", json!([]))?;
    ensure!(dev.running.kill()?.code().is_none(), "it ended by itself");
    Ok(content)
}

/// Starts it where no block comes. Its pool is what it was.
fn restarted(folder: &Path, before: &Value) -> Result<Dev> {
    let dev = Dev::start_with(Some(folder), STILL)?;
    let after = dev.client()?.call("txpool_content", json!([]))?;
    for part in ["pending", "queued"] {
        let (was, is) = (&before[part], &after[part]);
        let senders = was.as_object().into_iter().chain(is.as_object()).flat_map(|senders| senders.keys());
        for sender in senders {
            ensure!(was[sender] == is[sender], "{part} of {sender}: {} before, {} after", was[sender], is[sender]);
        }
    }
    Ok(dev)
}

fn count(senders: &Value) -> usize {
    let of = |nonces: &Value| nonces.as_object().map_or(0, serde_json::Map::len);
    senders.as_object().into_iter().flat_map(|senders| senders.values()).map(of).sum()
}

#[derive(Default)]
struct Work {
    answered: usize,
    refused: usize,
    /// Nonces that the flooding sender has tried, one after another.
    flooded: u64,
    /// How often a nonce of the honest sender has got a better price.
    bumps: BTreeMap<u64, u32>,
}

impl Work {
    /// No block comes.
    fn still(&mut self, dev: &Dev, random: &mut Random) -> Result<()> {
        let mut client = dev.client()?;
        self.flood(&mut client, random)?;
        // Most of the coins first, and then what is left and more. Both are mined later, as they give the coins back.
        let short = Wallet::local(SHORT)?;
        let (next, balance) = (client.nonce(short.address)?, balance(&mut client, short.address)?);
        let value = balance / U256::from(1_000) * U256::from(995);
        let dear = Draft { value, ..Draft::transfer(next + 1, short.address, 0) };
        let first = Draft { gas: 15_000_000, fee_cap: 6_000 * GWEI, ..Draft::transfer(next, TO, 1) };
        for draft in [dear, first] {
            self.submit(&mut client, &short.sign(&draft)?)?;
        }
        let hasty = Wallet::local(HASTY)?;
        let next = client.nonce(hasty.address)?;
        for nonce in next..next + 3 {
            for times in 1..=1 + random.below(2) {
                self.submit(&mut client, &transfer(&hasty, nonce, u128::from(times))?)?;
            }
        }
        self.park(&mut client, random)
    }

    /// Each transaction is mined at once if it can be.
    fn moving(&mut self, dev: &Dev, random: &mut Random) -> Result<()> {
        let mut client = dev.client()?;
        let since = Instant::now();
        while client.call("txpool_status", json!([]))?["pending"] != "0x0" {
            ensure!(since.elapsed() < Duration::from_secs(5), "what waited is not mined");
        }
        // Parked, too dear when its sender has paid for another, and gone. Then its nonce is used anew.
        for [from, bank] in [[2, 3], [6, 7]] {
            let [from, bank] = [Wallet::local(from)?, Wallet::local(bank)?];
            let (next, coins) = (client.nonce(from.address)?, balance(&mut client, from.address)?);
            let half = coins / U256::from(2);
            let dear = Draft { value: half + half / U256::from(2), ..Draft::transfer(next + 3, TO, 0) };
            let dear = from.sign(&Draft { tip: 3_000 * GWEI, fee_cap: 4_000 * GWEI, ..dear })?;
            self.submit(&mut client, &dear)?;
            self.submit(&mut client, &from.sign(&Draft { value: half, ..Draft::transfer(next, bank.address, 0) })?)?;
            ensure!(client.call("eth_getTransactionByHash", json!([dear.hash]))? == Value::Null, "it is paid for");
            let back = client.nonce(bank.address)?;
            let back = bank.sign(&Draft { value: half, ..Draft::transfer(back, from.address, 0) })?;
            self.submit(&mut client, &back)?;
            self.submit(&mut client, &transfer(&from, next + 3, 1)?)?;
        }
        self.flood(&mut client, random)?;
        self.park(&mut client, random)
    }

    /// Fills what is free, and then takes the places of its own.
    fn flood(&mut self, client: &mut Client, random: &mut Random) -> Result<()> {
        let from = Wallet::local(FLOODING)?;
        loop {
            self.flooded += 1 + random.below(2);
            if !self.offer(client, &transfer(&from, 10_000 + self.flooded, 1_000)?)? {
                break;
            }
        }
        for _ in 0..20 {
            let nonce = 5_000 + random.below(5_000);
            self.offer(client, &transfer(&from, nonce, 1_000)?)?;
        }
        Ok(())
    }

    /// Comes in whatever the others pay, and replaces some.
    fn park(&mut self, client: &mut Client, random: &mut Random) -> Result<()> {
        let from = Wallet::local(HONEST)?;
        for nonce in 100..100 + SHARE {
            if let std::collections::btree_map::Entry::Vacant(none) = self.bumps.entry(nonce) {
                none.insert(0);
                self.submit(client, &transfer(&from, nonce, 1)?)?;
            }
        }
        for _ in 0..10 {
            let nonce = 100 + random.below(SHARE);
            let bumps = self.bumps.entry(nonce).or_default();
            *bumps += 1;
            let tip = 2_u128.pow(*bumps);
            self.submit(client, &transfer(&from, nonce, tip)?)?;
        }
        Ok(())
    }

    /// Must be taken.
    fn submit(&mut self, client: &mut Client, signed: &Signed) -> Result<()> {
        self.answered += 1;
        client.submit(signed)
    }

    fn offer(&mut self, client: &mut Client, signed: &Signed) -> Result<bool> {
        let answer = client.request("eth_sendRawTransaction", signed.params())?;
        let counted = if answer.is_ok() { &mut self.answered } else { &mut self.refused };
        *counted += 1;
        Ok(answer.is_ok())
    }
}

fn balance(client: &mut Client, address: Address) -> Result<U256> {
    Ok(serde_json::from_value(client.call("eth_getBalance", json!([address, "latest"]))?)?)
}

/// A transfer with so many times the usual price.
fn transfer(from: &Wallet, nonce: u64, times: u128) -> Result<Signed> {
    let tip = times * GWEI;
    from.sign(&Draft { tip, fee_cap: 100 * tip, ..Draft::transfer(nonce, TO, 1) })
}

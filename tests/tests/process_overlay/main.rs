//! Validators whose hosts lend no way to peers mine one chain over the overlay.

mod flood;
mod member;
mod stranger;

use alloy_primitives::Address;
use anyhow::{Context as _, Result, ensure};
use flood::Flood;
use member::{Member, Named, certify, config, files, node, secret, without_validators, zap};
use pars_host::dialect::{TABLE, Transport};
use pars_overlay::{Claim, Refusal, TransportKey};
use pars_tests::process::hosted::{self, Files};
use pars_tests::process::wallet::{Draft, Wallet};
use serde_json::{Value, json};
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
use stranger::{Reception, Stranger};

/// Memory that strangers may cost a validator.
const GROWTH_MAX_KB: u64 = 64 << 10;
/// Connections that are not proven yet, and two with each of four peers.
const CONNECTIONS_MAX: u64 = 64 + 8;
/// Whoever leaves the validators is dropped within this time.
const LEAVING_MAX: Duration = Duration::from_secs(60);
/// Whoever is to meet does so within this time.
const MEETING_MAX: Duration = Duration::from_secs(30);

/// One of the members is given a transaction, and another mines it; all decide for the block and agree.
struct Round<'a> {
    members: &'a mut [Member],
    nonces: &'a mut [u64],
}

impl Round<'_> {
    async fn mine(&mut self, given: usize, miner: usize) -> Result<Duration> {
        let since = Instant::now();
        let nonce = self.nonces.get_mut(given).context("a nonce")?;
        let signed = Wallet::local(given)?.sign(&Draft::transfer(*nonce, Address::repeat_byte(7), 1))?;
        *nonce += 1;
        self.of(given)?.hosted.submit(&signed).await?;
        let miner = self.of(miner)?;
        miner.hosted.wanted().await.with_context(|| miner.hosted.running.err())?;
        let built = miner.hosted.build().await?;
        let mut seen = Vec::new();
        for member in self.members.iter_mut() {
            member.hosted.verify(built.bytes.clone()).await?;
            member.hosted.prefer(built.id.clone()).await?;
            member.hosted.accept(built.id.clone()).await?;
            let receipt = member.hosted.call("eth_getTransactionReceipt", json!([signed.hash])).await?;
            let block = member.hosted.call("eth_getBlockByNumber", json!(["latest", false])).await?;
            seen.push((receipt["status"].clone(), block["hash"].clone(), block["stateRoot"].clone()));
        }
        ensure!(seen.iter().all(|it| Some(it) == seen.first() && it.0 == "0x1"), "{seen:?}");
        Ok(since.elapsed())
    }

    fn of(&mut self, member: usize) -> Result<&mut Member> {
        self.members.get_mut(member).context("a member")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn process_overlay_five_validators_mine_one_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let full = std::env::var_os("PARS_FULL").is_some();
    // The sixth is a stranger that validates; the fifth's host names nobody, so a file does.
    let (all, without_fourth) = ([1, 2, 3, 4, 5, 6], [1, 2, 3, 5, 6]);
    let mut members = vec![Member::start(1, folder.path(), &[], Named::ByHost, &all).await?];
    let first = members.first().context("a member")?.address;
    for number in 2..=5 {
        let named = if number == 5 { Named::ByFile } else { Named::ByHost };
        members.push(Member::start(number, folder.path(), &[first], named, &all).await?);
    }
    for member in &mut members {
        member.has_peers(4, MEETING_MAX).await?;
    }
    let mut nonces = vec![0; 5];
    let mut slowest = Duration::ZERO;
    for number in 0..if full { 100 } else { 15 } {
        let mut round = Round { members: &mut members, nonces: &mut nonces };
        slowest = slowest.max(round.mine(number % 5, (number + 1 + number / 5 % 4) % 5).await?);
    }
    println!("mined by others than it was given to: the slowest after {} ms", slowest.as_millis());

    introductions(&members).await?;
    flood(&mut members, &mut nonces, if full { 30 } else { 5 }).await?;

    // One is killed, and comes again at another port.
    let killed = members.remove(1);
    killed.hosted.running.kill()?;
    let again = Member::start(2, folder.path(), &[first], Named::ByHost, &all).await?;
    members.insert(1, again);
    for member in &mut members {
        member.has_peers(4, MEETING_MAX).await?;
    }
    let mut round = Round { members: &mut members, nonces: &mut nonces };
    round.mine(1, 2).await?;
    round.mine(3, 1).await?;

    // One leaves the validators.
    for member in &members {
        member.name(&without_fourth)?;
    }
    let mut dropped = Vec::new();
    let since = Instant::now();
    for (index, member) in members.iter_mut().enumerate() {
        let left = LEAVING_MAX.saturating_sub(since.elapsed());
        member.has_peers(if index == 3 { 0 } else { 3 }, left).await?;
        dropped.push(since.elapsed().as_millis());
    }
    println!("one left the validators: all were apart after {dropped:?} ms");
    drop(members.remove(3));
    nonces.remove(3);
    for member in &mut members {
        let err = member.hosted.running.err();
        ensure!(!err.contains("ERROR") && !err.contains("panic"), "{err}");
    }
    for member in members {
        ensure!(member.hosted.shut_down().await?.code() == Some(0), "it does not stop");
    }
    Ok(())
}

/// Certificates that each member refuses, each but for one thing good.
#[allow(clippy::print_stdout, reason = "what was done, beside the outcome")]
async fn introductions(members: &[Member]) -> Result<()> {
    let key = TransportKey::generate()?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let chain = files(Path::new(""), 0).chain_id.0;
    let good = Claim { chain: chain.into(), node: node(6), transport_key: *key.public(), not_after: now + 3_600 };
    let stranger = Stranger::with_key(Ipv4Addr::new(127, 5, 0, 1).into(), &key);
    let other_key = *TransportKey::generate()?.public();
    let refused = |refusal| Reception::Refused(refusal);
    for (what, claim, signer, now, expected) in [
        ("outsider", Claim { node: node(7), ..good }, 7, now, refused(Refusal::Outsider)),
        ("expired", Claim { not_after: now - 1, ..good }, 6, now - 10, refused(Refusal::Expired)),
        ("other chain", Claim { chain: [9; 32].into(), ..good }, 6, now, refused(Refusal::OtherChain)),
        ("other key", Claim { transport_key: other_key, ..good }, 6, now, refused(Refusal::OtherKey)),
        ("other signer", good, 7, now, refused(Refusal::Signature)),
        ("good", good, 6, now, Reception::Welcome),
    ] {
        for member in members {
            let received = stranger.introduce(member.address, claim.sign(&secret(signer)?, now)?).await?;
            ensure!(received == expected, "{what}: {received:?}");
            // An address may begin one more a second.
            tokio::time::sleep(Duration::from_millis(if what == "good" { 0 } else { 300 })).await;
        }
        println!("{what}: {expected:?} at all five");
    }
    Ok(())
}

/// The chain goes on while strangers flood one of its validators.
#[allow(clippy::print_stdout, reason = "what was done, beside the outcome")]
async fn flood(members: &mut [Member], nonces: &mut [u64], seconds: u64) -> Result<()> {
    // Whoever was welcome has gone without a word.
    for member in members.iter_mut() {
        member.has_peers(4, MEETING_MAX * 2).await?;
    }
    let first = members.first().context("a member")?;
    let before_kb = first.hosted.running.memory_kb()?;
    let flood = Flood::start(first.address).await;
    let since = Instant::now();
    let (mut rounds, mut slowest, mut highest_kb, mut most) = (0, Duration::ZERO, 0, 0);
    while since.elapsed() < Duration::from_secs(seconds) {
        let mut round = Round { members: &mut *members, nonces: &mut *nonces };
        // Given to the one that is flooded, or mined by it.
        slowest = slowest.max(if rounds % 2 == 0 { round.mine(0, 2).await? } else { round.mine(3, 0).await? });
        rounds += 1;
        let first = members.first_mut().context("a member")?;
        highest_kb = highest_kb.max(first.hosted.running.memory_kb()?);
        most = most.max(first.fact("connections").await?);
        for member in members.iter_mut() {
            ensure!(member.fact("peers").await? == 4, "a peer is lost");
        }
    }
    let sent = flood.stop().await;
    // Nothing of it is left: each of four peers may have two.
    let since = Instant::now();
    let first = members.first_mut().context("a member")?;
    while first.fact("connections").await? > 8 {
        ensure!(since.elapsed() < MEETING_MAX, "{}", first.hosted.health().await?["overlay"]);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let grown_kb = highest_kb.saturating_sub(before_kb);
    println!(
        "flooded for {seconds} s with {sent}: memory grew by {grown_kb} kB from {before_kb}, {most} connections at most, \
         {rounds} blocks, the slowest after {} ms",
        slowest.as_millis()
    );
    ensure!(grown_kb < GROWTH_MAX_KB && most <= CONNECTIONS_MAX && rounds > 2);
    ensure!(most > 10, "the flood did not come through to where it is bounded");
    Ok(())
}

/// What an operator hears who configured it wrongly: at once, and with the key or the file.
#[tokio::test(flavor = "multi_thread")]
async fn process_overlay_wrong_configurations_are_named() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let taken = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    fs::write(folder.path().join("validators.json"), "[]")?;
    certify(1, folder.path(), &files(folder.path(), 1))?;
    fs::create_dir(folder.path().join("other"))?;
    let other = Files { chain_id: [9; 32].into(), ..files(folder.path(), 1) };
    certify(1, &folder.path().join("other"), &other)?;
    fs::create_dir(folder.path().join("malformed"))?;
    fs::write(folder.path().join("malformed/validators.json"), "[{}]")?;
    let with = |key: &str, value: Value| {
        let mut config = config(folder.path(), &[]);
        config[key] = value;
        config
    };
    let at = |file: &str| json!(folder.path().join(file));
    let mut other_chain = with("overlay-key", at("other/overlay.key"));
    other_chain["overlay-certificate"] = at("other/overlay.certificate");
    for (config, number, words) in [
        (with("overlay-key", json!("")), 1, "overlay-listen is set, overlay-key is missing"),
        (with("overlay-certificate", json!(null)), 1, "overlay-listen is set, overlay-certificate is missing"),
        (with("overlay-validators", json!("")), 1, "overlay-listen is set, overlay-validators is missing"),
        (with("overlay-validators", at("none.json")), 1, "none.json: No such file"),
        (with("overlay-validators", at("malformed/validators.json")), 1, "missing field `nodeID`"),
        (with("overlay-key", at("none.key")), 1, "none.key: No such file"),
        (with("overlay-key", at("other/overlay.key")), 1, "the certificate is for another transport key"),
        (with("overlay-certificate", at("validators.json")), 1, "a certificate of 2 bytes"),
        (with("overlay-listen", json!(taken.local_addr()?)), 1, "Address already in use"),
        (config(folder.path(), &[]), 2, "this node's certificate is for"),
        (other_chain, 1, "this node's certificate: a certificate of another chain"),
    ] {
        let mut hosted = hosted::start_under(zap()?).await?;
        let chain = folder.path().join("chain");
        fs::create_dir_all(&chain)?;
        let files = Files { config: config.to_string().into(), ..files(&chain, number) };
        let mut request = hosted.initialize_request(&files);
        without_validators(&mut request, Named::ByFile);
        let refused = hosted.plugin.vm.initialize(request).await.err().context(words)?;
        ensure!(refused.message().contains(words), "{words}: {}", refused.message());
        ensure!(hosted.shut_down().await?.code() == Some(0), "{words}");
    }
    Ok(())
}

/// A host that lends a way to peers is enough: the same configuration does nothing there, not even its files are read.
#[tokio::test(flavor = "multi_thread")]
async fn process_overlay_is_off_where_the_host_lends_a_way_to_peers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for row in TABLE.iter().filter(|row| row.transport == Transport::Grpc) {
        let chain = folder.path().join(row.to_string());
        fs::create_dir(&chain)?;
        let config = config(Path::new("/nowhere"), &[]).to_string();
        let files = Files { config: config.into(), ..Files::local(&chain) };
        let mut hosted = hosted::start_under(row).await?;
        let request = hosted.initialize_request(&files);
        hosted.begin(request).await?;
        ensure!(hosted.health().await?["overlay"].is_null());
        ensure!(hosted.running.err().contains("the overlay is off"), "{}", hosted.running.err());
        hosted.shut_down().await?;
    }
    Ok(())
}

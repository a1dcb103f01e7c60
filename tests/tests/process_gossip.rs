//! Gossip of the real plugin under a host for tests that plays its peers.

use alloy_primitives::{Address, hex};
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use pars_host::Id;
use pars_host::testhost::Sent;
use pars_proto::host::appsender::{SendAppErrorMsg, SendAppGossipMsg, SendAppResponseMsg};
use pars_proto::host::{validatorstate, vm};
use pars_tests::process::hosted::{self, Files, Hosted, states};
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use pars_vm::gossip::bloom::Known;
use pars_vm::gossip::chance::Chance;
use pars_vm::gossip::message;
use prost_types::Timestamp;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const TO: Address = Address::repeat_byte(0x5b);
const WAIT_MAX: Duration = Duration::from_secs(20);

/// As in `Hosted::initialize`.
const SUBNET: [u8; 32] = [1; 32];
const PLUGIN: [u8; 20] = [3; 20];
const PEER: [u8; 20] = [9; 20];
const STRANGER: [u8; 20] = [8; 20];

/// A plugin that validates together with a peer.
async fn open(files: &Files) -> Result<Hosted> {
    surrounded(hosted::open(files).await?).await
}

async fn surrounded(mut hosted: Hosted) -> Result<Hosted> {
    let validator = |node: [u8; 20], weight| validatorstate::Validator {
        node_id: node.to_vec().into(),
        weight,
        ..Default::default()
    };
    let both = vec![validator(PLUGIN, 50), validator(PEER, 50)];
    hosted.host().set_validators(Id::from(SUBNET), both);
    for node in [PLUGIN, PEER, STRANGER] {
        let connected = vm::ConnectedRequest { node_id: node.to_vec().into(), ..Default::default() };
        hosted.plugin.vm.connected(connected).await?;
    }
    Ok(hosted)
}

/// Everything that the plugin sends until something of it is wanted.
async fn sent<T>(hosted: &Hosted, wanted: impl Fn(&Sent) -> Option<T>) -> Result<T> {
    let since = Instant::now();
    while since.elapsed() < WAIT_MAX {
        if let Some(found) = hosted.host().take_sent().iter().find_map(&wanted) {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("the plugin did not send it within {} s", WAIT_MAX.as_secs())
}

/// The push that holds these transactions and no others.
fn push_of(transactions: &[&Signed]) -> impl Fn(&Sent) -> Option<SendAppGossipMsg> {
    let wanted = message::push(transactions.iter().map(|signed| signed.raw.as_ref()));
    move |sent| {
        let Sent::Gossip(gossip) = sent else { return None };
        (gossip.msg == wanted).then(|| gossip.clone())
    }
}

/// Whether it is a push with this transaction, beside any others.
fn holds(sent: &Sent, signed: &Signed) -> Option<()> {
    let Sent::Gossip(gossip) = sent else { return None };
    gossip.msg.windows(signed.raw.len()).any(|window| window == signed.raw.as_ref()).then_some(())
}

async fn tell(hosted: &mut Hosted, from: [u8; 20], message: Bytes) -> Result<()> {
    let gossip = vm::AppGossipMsg { node_id: from.to_vec().into(), msg: message };
    hosted.plugin.vm.app_gossip(gossip).await?;
    Ok(())
}

async fn ask(hosted: &mut Hosted, from: [u8; 20], request_id: u32, request: Bytes) -> Result<()> {
    let deadline = Some(Timestamp { seconds: 4_000_000_000, nanos: 0 });
    let request = vm::AppRequestMsg { node_id: from.to_vec().into(), request_id, deadline, request };
    hosted.plugin.vm.app_request(request).await?;
    Ok(())
}

/// Until the plugin knows a transaction.
async fn known(hosted: &mut Hosted, signed: &Signed) -> Result<()> {
    let since = Instant::now();
    while hosted.call("eth_getTransactionByHash", json!([signed.hash])).await? == Value::Null {
        ensure!(since.elapsed() < WAIT_MAX, "it does not come into the pool");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn process_gossip_tells_what_is_submitted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files::local(folder.path());
    let mut hosted = open(&files).await?;
    let from = Wallet::local(0)?;
    let [first, second, third] = [0, 1, 2].map(|nonce| from.sign(&Draft::transfer(nonce, TO, 1)));
    let (first, second, third) = (first?, second?, third?);

    // One that waits for another is told when that one is there, which came from a peer.
    hosted.submit(&second).await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let early = hosted.host().take_sent();
    ensure!(!early.iter().any(|sent| matches!(sent, Sent::Gossip(_))), "{early:?}");
    tell(&mut hosted, STRANGER, message::push([first.raw.as_ref()])).await?;
    let push = sent(&hosted, push_of(&[&second])).await?;
    assert_eq!((push.validators, push.non_validators, push.peers), (100, 0, 0));

    // By then it knows the validators: the other one has half of the stake, and 90 % are wanted.
    let wants_peer = async |hosted: &mut Hosted, signed: &Signed| {
        let since = Instant::now();
        loop {
            let push = sent(hosted, push_of(&[signed])).await?;
            if push.node_ids == [Bytes::copy_from_slice(&PEER)] {
                return anyhow::Ok(());
            }
            ensure!(since.elapsed() < WAIT_MAX, "{push:?}");
            tokio::time::sleep(Duration::from_millis(1_100)).await;
            // The same bytes once more: refused, as they are known, and told again.
            let refusal = hosted.request("eth_sendRawTransaction", signed.params()).await?.unwrap_err();
            ensure!(refusal.message == "already known", "{refusal:?}");
        }
    };
    hosted.submit(&third).await?;
    wants_peer(&mut hosted, &third).await?;

    // After a restart it has what was submitted here. What came from a peer was not kept, so these two wait for it again.
    hosted.shut_down().await?;
    let mut hosted = open(&files).await?;
    tell(&mut hosted, PEER, message::push([first.raw.as_ref()])).await?;
    sent(&hosted, push_of(&[&second, &third])).await?;
    hosted.seal().await?;
    hosted.shut_down().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn process_gossip_answers_and_asks() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = open(&Files::local(folder.path())).await?;
    let from = Wallet::local(0)?;
    let [first, second, third] = [0, 1, 2].map(|nonce| from.sign(&Draft::transfer(nonce, TO, 1)));
    let (first, second, third) = (first?, second?, third?);
    hosted.submit(&first).await?;
    tell(&mut hosted, PEER, message::push([second.raw.as_ref()])).await?;
    known(&mut hosted, &second).await?;

    // The plugin asks the peer, with a filter that has both, and takes what it is given.
    let question = sent(&hosted, |sent| if let Sent::Request(request) = sent { Some(request.clone()) } else { None });
    let question = question.await?;
    assert_eq!(question.node_ids, [Bytes::copy_from_slice(&PEER)]);
    assert_eq!(question.request_id % 2, 1);
    let (handler, body) = message::split(&question.request)?;
    let (filter, salt) = message::pull(&body)?;
    assert_eq!(handler, message::TRANSACTIONS);
    assert!(filter.contains(first.hash.as_slice(), &salt) || filter.contains(second.hash.as_slice(), &salt));
    assert!(!filter.contains(third.hash.as_slice(), &salt));
    let answer = vm::AppResponseMsg {
        node_id: PEER.to_vec().into(),
        request_id: question.request_id,
        response: message::pulled([b"garbage".as_slice(), third.raw.as_ref()]),
    };
    hosted.plugin.vm.app_response(answer).await?;
    known(&mut hosted, &third).await?;

    // The peer asks, and knows the first: it gets the others.
    let mut peer = Known::new(0, &mut Chance::new([4; 32]));
    peer.add(first.hash.as_slice());
    let request = message::pull_request(peer.salt(), &peer.encode());
    ask(&mut hosted, PEER, 77, request.clone()).await?;
    let expected = message::pulled([second.raw.as_ref(), third.raw.as_ref()]);
    let answered =
        sent(&hosted, |sent| if let Sent::Response(response) = sent { Some(response.clone()) } else { None });
    let node_id = Bytes::copy_from_slice(&PEER);
    assert_eq!(answered.await?, SendAppResponseMsg { node_id, request_id: 77, response: expected });

    for (node, request_id, request, code, text) in [
        (STRANGER, 79, request.clone(), -3, "not a validator"),
        (PEER, 81, Bytes::from_static(&[2, 1]), -2, "unregistered handler"),
        (PEER, 83, Bytes::from_static(&[0, 0x0a]), -1, "unexpected error"),
    ] {
        ask(&mut hosted, node, request_id, request).await?;
        let refused = sent(&hosted, |sent| if let Sent::Error(error) = sent { Some(error.clone()) } else { None });
        let (node_id, error_message) = (Bytes::copy_from_slice(&node), text.to_owned());
        assert_eq!(refused.await?, SendAppErrorMsg { node_id, request_id, error_code: code, error_message });
    }
    // State sync of the Go node: silence.
    ask(&mut hosted, PEER, 84, hex!("000000000002").to_vec().into()).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let silent = hosted.host().take_sent();
    ensure!(!silent.iter().any(|sent| matches!(sent, Sent::Error(_) | Sent::Response(_))), "{silent:?}");

    // An operator sees all of it.
    for (name, label, expected) in [
        ("gossip_peers", None, 3.0),
        ("gossip_validators", None, 2.0),
        ("gossip_sent_total", Some("pull"), 2.0),
        ("gossip_received_total", Some("admitted"), 2.0),
        ("gossip_received_total", Some("refused"), 1.0),
        ("gossip_received_total", Some("dropped"), 0.0),
        ("gossip_faults_total", Some("refused"), 3.0),
        ("gossip_faults_total", Some("malformed"), 0.0),
        ("gossip_faults_total", Some("excess"), 0.0),
    ] {
        assert_eq!(hosted.measured(name, label).await?, Some(expected), "{name} {label:?}");
    }

    let block = hosted.seal().await?;
    assert_eq!(block.height, 1);
    let mined = hosted.call("eth_getBlockTransactionCountByNumber", json!(["0x1"])).await?;
    assert_eq!(mined, json!("0x3"));
    hosted.shut_down().await?;
    Ok(())
}

/// One peer tells 2 MiB of garbage, and transactions with bad signatures, as fast as it can; the other's is taken.
#[tokio::test(flavor = "multi_thread")]
async fn process_gossip_survives_a_flood() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut hosted = open(&Files::local(folder.path())).await?;
    let from = Wallet::local(0)?;
    let honest = from.sign(&Draft::transfer(0, TO, 1))?;
    let poor = Wallet::poor();
    let invalid: Vec<Signed> =
        (0..5_000).map(|nonce| poor.sign(&Draft::transfer(nonce, TO, 1))).collect::<Result<_>>()?;
    let flood = message::push(invalid.iter().map(|signed| signed.raw.as_ref()));
    let garbage = Bytes::from(vec![0; message::BYTES_MAX]);
    let before = hosted.running.memory_kb()?;
    for round in 0..50 {
        tell(&mut hosted, STRANGER, flood.clone()).await?;
        tell(&mut hosted, STRANGER, garbage.clone()).await?;
        tell(&mut hosted, STRANGER, vec![0xff; message::BYTES_MAX + 1].into()).await?;
        if round == 25 {
            tell(&mut hosted, PEER, message::push([honest.raw.as_ref()])).await?;
        }
    }
    known(&mut hosted, &honest).await?;
    for fault in ["excess", "malformed"] {
        let counted = hosted.measured("gossip_faults_total", Some(fault)).await?;
        ensure!(counted > Some(0.0), "{fault}: {counted:?}");
    }
    let grown = hosted.running.memory_kb()?.saturating_sub(before);
    println!("memory grown by {grown} kB");
    ensure!(grown < 256 << 10, "{grown} kB");
    hosted.seal().await?;
    hosted.shut_down().await?;
    Ok(())
}

/// A machine's clock that is a day ahead while a file is there. Other clocks are as they are.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    const char *ahead = getenv("CLOCK_AHEAD");
    if (clock == CLOCK_REALTIME && ahead && access(ahead, F_OK) == 0) time->tv_sec += 86400;
    return result;
}
"#;

fn make_clock(folder: &Path) -> Result<std::path::PathBuf> {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, CLOCK)?;
    let made = Command::new("cc").args(["-shared", "-fPIC", "-O", "-o"]).args([&library, &source]).status()?;
    ensure!(made.success(), "cc makes no library");
    Ok(library)
}

/// Field report: a machine began with a clock that was ahead, and told nothing again for as long as that was set back.
#[tokio::test(flavor = "multi_thread")]
async fn process_gossip_does_not_mind_a_clock_that_is_set_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (library, ahead) = (make_clock(folder.path())?, folder.path().join("ahead"));
    std::fs::write(&ahead, "")?;
    let mut files = Files::local(&folder.path().join("chain"));
    files.config = Bytes::from_static(br#"{"regossip-frequency":"1s"}"#);
    let mut hosted = hosted::start_as(|mut plugin| {
        plugin.env("LD_PRELOAD", &library).env("CLOCK_AHEAD", &ahead);
        plugin
    })
    .await?;
    let opened = hosted.initialize(&files).await?;
    hosted.serve().await?;
    hosted.enter(states()?.bootstrapping).await?;
    hosted.prefer(opened.last_accepted_id).await?;
    hosted.enter(states()?.normal).await?;
    let mut hosted = surrounded(hosted).await?;
    ensure!(hosted.build().await.is_err(), "there is nothing for a block");

    let from = Wallet::local(0)?;
    let [first, second] = [0, 1].map(|nonce| from.sign(&Draft::transfer(nonce, TO, 1)));
    let (first, second) = (first?, second?);
    hosted.submit(&first).await?;
    sent(&hosted, push_of(&[&first])).await?;
    std::fs::remove_file(&ahead)?;
    hosted.submit(&second).await?;
    sent(&hosted, push_of(&[&second])).await?;
    for signed in [&first, &second] {
        sent(&hosted, |sent| holds(sent, signed)).await?;
    }
    // Nor does the host wait for a day until it may build.
    let wanted = tokio::time::timeout(Duration::from_secs(5), hosted.wanted());
    wanted.await.context("no block is asked for")??;
    hosted.shut_down().await?;
    Ok(())
}

//! Every transaction reaches every node.

use crate::network_sim::{Network, Pool, Weather, id, transaction};
use alloy_primitives::keccak256;
use bytes::Bytes;
use pars_vm::gossip::allowance::Allowance;
use pars_vm::gossip::held::Held as _;
use pars_vm::gossip::state::Action;
use pars_vm::gossip::{Settings, State, message};
use std::time::Duration;

const BAD: Weather = Weather { lost: 200, pushes_lost: 0, twice: 100, late_ms: 500 };

/// Gives `count` transactions of 40 senders to random validators, each sender's to several.
fn submit(network: &mut Network, validators: usize, count: u32) {
    for number in 0..count {
        let bytes = transaction(number % 40, u64::from(number / 40));
        let node = usize::try_from(number.wrapping_mul(2_654_435_761) >> 8).unwrap() % validators;
        network.submit(node, &bytes);
        network.run(20);
    }
}

#[test]
fn all_nodes_get_all_transactions_in_bad_weather() {
    for seed in [1, 2] {
        let mut network = Network::new(100, 100, BAD, seed);
        submit(&mut network, 100, 400);
        let took = network.until_all_have(400, 60_000);
        let sent = network.bytes_sent / 100 / 400;
        println!("seed {seed}: all have all after {took:?} ms more; {sent} bytes sent by a node for a transaction");
        assert!(took.is_some(), "seed {seed}");
    }
}

/// Without pushes it takes a few questions of each node; with them, a fraction of a second.
#[test]
fn asking_alone_is_enough_and_telling_alone_is_fast() {
    let deaf = Weather { pushes_lost: 1_000, ..BAD };
    let mut network = Network::new(20, 20, deaf, 3);
    submit(&mut network, 20, 200);
    let took = network.until_all_have(200, 120_000).unwrap();
    assert!(took > 0, "without pushes");

    let fair = Weather { late_ms: 50, ..Weather::default() };
    let mut network = Network::new(20, 20, fair, 4);
    network.submit(3, &transaction(1, 0));
    network.run(200);
    assert!(network.nodes.iter().all(|node| node.pool.len() == 1), "100 ms until it is told, and 50 on the way");
}

/// Nonces 0 to 9 go to ten nodes, the last first: what waits for others is told when it is executable.
#[test]
fn parked_transactions_are_told_when_those_before_them_come() {
    for seed in 0..20 {
        let mut network = Network::new(10, 10, BAD, seed);
        for nonce in (0..10).rev() {
            network.submit(usize::try_from(nonce).unwrap(), &transaction(1, nonce));
            network.run(300);
        }
        assert!(network.until_all_have(10, 60_000).is_some(), "seed {seed}");
    }
}

/// A node that does not validate tells the validators, and is told by nobody: it has no part in building blocks.
#[test]
fn what_others_submit_reaches_the_validators() {
    let mut network = Network::new(12, 10, BAD, 5);
    for nonce in 0..20 {
        network.submit(11, &transaction(1, nonce));
    }
    network.run(60_000);
    assert!(network.nodes[..10].iter().all(|node| node.pool.len() == 20));
    assert_eq!(network.nodes[10].pool.len(), 0);
}

/// One node tells every other a thousand transactions in every millisecond, for a second.
#[test]
fn a_flood_is_cut_and_keeps_nobody_back() {
    let fair = Weather { late_ms: 50, ..Weather::default() };
    let mut network = Network::new(10, 10, fair, 6);
    for round in 0..1_000 {
        let flood: Vec<_> = (0..1_000).map(|number| transaction(1_000_000 + round * 1_000 + number, 0)).collect();
        let bytes = message::push(flood.iter().map(AsRef::as_ref));
        for to in 1..10 {
            network.tell(0, to, bytes.clone());
        }
        if round == 500 {
            network.submit(1, &transaction(1, 0));
        }
        network.run(1);
    }
    network.run(200);
    for node in &network.nodes[1..] {
        let counts = node.state.counts();
        // Of the flood what is saved up for 4 s, and one second's more. Of others one push, and two answers of 20 KiB.
        let most = 5 * 4_000 + 1 + 2 * 184;
        assert!((4 * 4_000..=most).contains(&counts.came), "{counts:?}");
        assert!(counts.excess >= 500, "{counts:?}");
        assert!(node.pool.len() <= usize::try_from(most).unwrap() + 1, "{}", node.pool.len());
    }
    let known = keccak256(transaction(1, 0));
    assert!(network.nodes[1..].iter().all(|node| node.pool.bytes(known).is_some()));
}

/// Field report: pushes each 10 ms were more than a node of the same kind looks at, and the rest was lost without a word.
#[test]
fn a_peer_takes_all_that_is_pushed_however_often() {
    for (push_ms, size, each_ms) in
        [(10, 100, 1), (10, 100, 12), (10, 30_000, 12), (100, 128 << 10, 50), (10, 6_000, 1)]
    {
        let settings = Settings { again_after: Duration::from_secs(1), ..Settings::default() };
        let mut state = State::new(id(0), settings, [0; 32]);
        state.serve(true);
        let (mut pool, mut peer, mut messages) = (Pool::default(), Allowance::new(0), 0);
        let filling = vec![7; size];
        for now_ms in 0..20_000_u64 {
            if now_ms % each_ms == 0 {
                let sender = u32::try_from(now_ms).unwrap().to_be_bytes();
                let bytes: Bytes = [&sender[..], &[0; 8], &filling].concat().into();
                pool.add(&bytes);
                state.submitted(keccak256(&bytes), now_ms);
            }
            let pushes = if now_ms % push_ms == 0 { state.push(now_ms, &pool) } else { Vec::new() };
            // Beside them a question and an answer of the common size each second.
            if now_ms % 1_000 == 0 {
                assert!(peer.take_message(now_ms) && peer.take_message(now_ms));
                assert!((0..184).all(|_| peer.take_transaction(112, now_ms)));
            }
            for push in pushes {
                let Action::Tell { bytes, .. } = push else { continue };
                let (_, body) = message::split(&bytes).unwrap();
                let transactions = message::elements(&body).unwrap();
                assert!(peer.take_message(now_ms), "{push_ms} ms, {size} bytes: a message at {now_ms} ms");
                let taken = transactions.iter().all(|bytes| peer.take_transaction(bytes.len(), now_ms));
                assert!(taken, "{push_ms} ms, {size} bytes: a transaction at {now_ms} ms");
                messages += 1;
            }
        }
        println!("each {push_ms} ms, {size} bytes: {messages} messages");
        assert!(messages >= 60, "{push_ms} ms, {size} bytes: {messages} messages");
    }
}

//! `eth_getLogs` against a search of everything, ranges and bounds.

use crate::world::{Populated, Refusal, World, words};
use alloy_primitives::{B256, Bytes, U256, bytes};
use pars_chain::state::commit::History;
use pars_tests::process::wallet::{Draft, Wallet};
use pars_vm::rpc::limits::Limits;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// As many topics as geth takes at each position, and no more.
#[test]
fn topics_are_bounded_at_each_position() {
    let world = World::new();
    let topics = |count: u64| (0..count).map(|topic| B256::from(U256::from(topic))).collect::<Vec<_>>();
    let get = |query: Value| world.ask("eth_getLogs", json!([{ "fromBlock": "0x0", "topics": query }]));
    assert_eq!(get(json!(vec![topics(1_000); 4])), Ok(json!([])));
    for too_many in [json!([topics(1_001)]), json!([null, topics(1_001)]), json!([null, null, null, null, null])] {
        assert_eq!(get(too_many), Err(invalid("exceed max topics")));
    }
}

/// By address and by topic, the bloom of a block never hides what its receipts hold.
#[test]
fn a_search_finds_what_the_receipts_hold() {
    let world = World::recorded("granite-precompiles-11");
    let head = world.node.head().height();
    let mut all: Vec<Value> = Vec::new();
    for height in 0..=head {
        let receipts = world.call("eth_getBlockReceipts", json!([format!("{height:#x}")]));
        all.extend(receipts.as_array().unwrap().iter().flat_map(|receipt| receipt["logs"].as_array().unwrap().clone()));
    }
    assert!(all.len() > 30, "{} logs", all.len());
    let get = |mut query: Value| {
        query["fromBlock"] = json!("earliest");
        world.call("eth_getLogs", json!([query]))
    };
    assert_eq!(get(json!({})), json!(all));
    let addresses: BTreeSet<&str> = all.iter().map(|log| log["address"].as_str().unwrap()).collect();
    for address in &addresses {
        let expected: Vec<_> = all.iter().filter(|log| log["address"] == **address).collect();
        assert_eq!(get(json!({ "address": address })), json!(expected));
    }
    let mut topics = BTreeSet::new();
    for log in &all {
        topics.extend(log["topics"].as_array().unwrap().iter().enumerate().map(|(at, topic)| (at, topic.to_string())));
    }
    for (at, topic) in &topics {
        let topic: Value = serde_json::from_str(topic).unwrap();
        let expected: Vec<_> = all.iter().filter(|log| log["topics"][at] == topic).collect();
        let mut query = vec![Value::Null; at + 1];
        query[*at] = json!([topic]);
        assert_eq!(get(json!({ "topics": query })), json!(expected), "{topic} at {at}");
        assert_eq!(get(json!({ "topics": query, "address": addresses })), json!(expected));
    }
    for height in 0..=head {
        let height = format!("{height:#x}");
        let hash = world.call("eth_getBlockByNumber", json!([height, false]))["hash"].clone();
        let expected: Vec<_> = all.iter().filter(|log| log["blockHash"] == hash).collect();
        assert_eq!(world.call("eth_getLogs", json!([{ "blockHash": hash }])), json!(expected));
        assert_eq!(world.call("eth_getLogs", json!([{ "fromBlock": height, "toBlock": height }])), json!(expected));
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal { code: -32_602, message: message.to_owned(), data: None }
}

#[test]
fn ranges_end_at_the_head() {
    let Populated { world, .. } = Populated::new();
    let refusal = |from: &str, to: &str| world.refusal("eth_getLogs", json!([{ "fromBlock": from, "toBlock": to }]));
    let count = |query: Value| world.call("eth_getLogs", json!([query])).as_array().unwrap().len();
    assert_eq!(count(json!({})), 1, "the last block alone");
    assert_eq!(count(json!({ "fromBlock": "0x0" })), 4);
    assert_eq!(count(json!({ "fromBlock": "0x3", "toBlock": "0x3" })), 2);
    assert_eq!(count(json!({ "fromBlock": "0x4", "toBlock": "latest" })), 2);
    assert_eq!(count(json!({ "fromBlock": "0x6", "toBlock": "0x6" })), 1);
    let beyond = "block range extends beyond current head block: requested to block 7 after last accepted block 6";
    assert_eq!(refusal("0x6", "0x7"), invalid(beyond));
    assert_eq!(refusal("0x7", "0x7"), invalid(beyond));
    for (from, to) in [("0x5", "0x1"), ("0x1", "0x0"), ("0x1", "earliest"), ("latest", "0x1")] {
        assert_eq!(refusal(from, to), invalid("invalid block range params"), "{from} {to}");
    }
    // Without a beginning it is the last block.
    assert_eq!(world.refusal("eth_getLogs", json!([{ "toBlock": "0x1" }])), invalid("invalid block range params"));
}

#[test]
fn ranges_are_bounded_in_words_that_indexers_read() {
    let unfinalized = Limits { unfinalized: true, ..Limits::default() };
    let Populated { world, .. } = Populated::with(unfinalized.clone(), History::Archive);
    let ask =
        |world: &World, from: &str, to: &str| world.ask("eth_getLogs", json!([{ "fromBlock": from, "toBlock": to }]));
    assert_eq!(ask(&world, "0x0", "0x186a0"), Err(invalid("query exceeds max block range 100000")));
    assert_eq!(ask(&world, "0x0", "0xf4240"), Err(invalid("query exceeds max block range 100000")));
    assert_eq!(ask(&world, "0x0", "0x1869f").unwrap().as_array().unwrap().len(), 4);
    // Above the head there is nothing, where asking is allowed.
    assert_eq!(ask(&world, "0x7", "0x9"), Ok(json!([])));

    let few = Limits { log_blocks: Some(3), ..unfinalized };
    let Populated { world, .. } = Populated::with(few, History::Archive);
    let message = "requested too many blocks from 3 to 6, maximum is set to 3".to_owned();
    assert_eq!(ask(&world, "0x3", "0x6"), Err(Refusal { code: -32_000, message, data: None }));
    assert_eq!(ask(&world, "0x3", "0x5").unwrap().as_array().unwrap().len(), 3);
    assert_eq!(ask(&world, "0x8b", "0x8c"), Ok(json!([])));
}

/// A contract that emits as many empty logs as its input says.
const FLOOD: Bytes = bytes!("6012600c60003960126000f3" "6000355b60006000a06001900380600357" "00");

#[test]
fn too_many_logs_name_a_range_that_works() {
    let world = World::new();
    let wallet = Wallet::local(0).unwrap();
    let seal = |draft| world.seal(&[wallet.sign(&draft).unwrap()]);
    seal(Draft::create(0, FLOOD));
    let flood = wallet.address.create(0);
    for (nonce, count) in [(1, 12_000), (2, 8_000), (3, 1), (4, 25_000)] {
        seal(Draft { gas: 14_000_000, ..Draft::call(nonce, flood, words(count, 0)) });
    }
    let ask = |from: &str, to: &str| {
        let answer = world.ask("eth_getLogs", json!([{ "fromBlock": from, "toBlock": to }]));
        answer.map(|logs| logs.as_array().unwrap().len())
    };
    let retry = |range| Err(invalid(&format!("query exceeds max results 20000, retry with the range {range}")));
    assert_eq!(ask("0x0", "0x5"), retry("0-3"));
    assert_eq!(ask("0x0", "0x3"), Ok(20_000));
    assert_eq!(ask("0x4", "0x5"), retry("4-4"));
    assert_eq!(ask("0x4", "0x4"), Ok(1));
    // The logs of one block are all given.
    assert_eq!(ask("0x5", "0x5"), Ok(25_000));
    // A filter goes on where it stopped.
    let id = world.call("eth_newFilter", json!([{ "address": flood }]));
    for (nonce, count) in [(5, 15_000), (6, 15_000)] {
        seal(Draft { gas: 14_000_000, ..Draft::call(nonce, flood, words(count, 0)) });
    }
    for expected in [15_000, 15_000, 0] {
        assert_eq!(world.call("eth_getFilterChanges", json!([id])).as_array().unwrap().len(), expected);
    }
}

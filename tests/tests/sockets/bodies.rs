//! Requests that mean nothing, or nearly: whatever the body is, the answer is JSON-RPC or nothing, and the node stands.

use crate::world::{Populated, ask};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

static CHAIN: LazyLock<Populated> = LazyLock::new(Populated::new);

/// No request may take longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

fn answer(body: &[u8]) -> Option<Value> {
    let since = Instant::now();
    let answer = CHAIN.world.runtime().block_on(CHAIN.world.caller().answer(body));
    assert!(since.elapsed() < PATIENCE, "{:?} for {}", since.elapsed(), String::from_utf8_lossy(body));
    if answer.is_empty() {
        return None;
    }
    let answer: Value = serde_json::from_slice(&answer).expect("the answer is JSON");
    for answer in answer.as_array().map_or_else(|| std::slice::from_ref(&answer), Vec::as_slice) {
        let members = answer.as_object().expect("an object");
        assert_eq!(members.len(), 3, "{answer}");
        assert_eq!(members["jsonrpc"], "2.0");
        assert!(members.contains_key("id"), "{answer}");
        assert!(members.contains_key("result") != members.contains_key("error"), "{answer}");
        if let Some(error) = members.get("error") {
            assert!(error["code"].is_i64() && error["message"].is_string(), "{answer}");
            // Something of ours broke.
            assert_ne!(error["code"], -32_603, "{answer} to {}", String::from_utf8_lossy(body));
        }
    }
    Some(answer)
}

fn method() -> impl Strategy<Value = String> {
    let known: Vec<String> = pars_vm::rpc::table::TABLE
        .iter()
        // It waits for a block, which nobody builds here, and what it takes in stays.
        .filter(|method| method.name != "eth_sendRawTransaction")
        .map(|method| method.name.to_owned())
        .collect();
    prop_oneof![9 => proptest::sample::select(known), 1 => ".{0,20}"]
}

/// Values that parameters have, and others.
fn leaf() -> impl Strategy<Value = Value> {
    let wallet = CHAIN.wallets[0].address;
    let known = vec![
        json!("latest"),
        json!("pending"),
        json!("earliest"),
        json!("0x0"),
        json!("0x3"),
        json!("0xffffffffffffffff"),
        json!("0x10000000000000000"),
        json!(wallet),
        json!(CHAIN.emitter),
        json!(CHAIN.reverter),
        json!(CHAIN.mined[1].hash),
        json!(CHAIN.blocks[2].id().0),
        json!("newHeads"),
        json!("logs"),
        json!("0x"),
        json!("0x6000"),
        json!(null),
        json!(true),
    ];
    prop_oneof![
        6 => proptest::sample::select(known),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<u64>().prop_map(|number| json!(format!("{number:#x}"))),
        1 => "(0x)?[0-9a-fA-F]{0,70}".prop_map(|text| json!(text)),
        1 => ".{0,30}".prop_map(|text| json!(text)),
    ]
}

fn name() -> impl Strategy<Value = String> {
    let known = [
        "from",
        "to",
        "data",
        "input",
        "gas",
        "gasPrice",
        "value",
        "nonce",
        "accessList",
        "maxFeePerGas",
        "blockHash",
        "blockNumber",
        "requireCanonical",
        "fromBlock",
        "toBlock",
        "address",
        "topics",
        "balance",
        "code",
        "state",
        "stateDiff",
        "number",
        "time",
        "maxPriorityFeePerGas",
        "chainId",
        "type",
    ];
    let known: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
    prop_oneof![9 => proptest::sample::select(known), 1 => ".{0,10}"]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec((name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn call() -> impl Strategy<Value = Value> {
    (method(), proptest::collection::vec(value(), 0..5), any::<bool>()).prop_map(|(method, params, notify)| {
        if notify && method.len() % 7 == 0 {
            json!({ "jsonrpc": "2.0", "method": method, "params": params })
        } else {
            json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
        }
    })
}

proptest! {
    #[test]
    fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        answer(&body);
    }

    #[test]
    fn any_json(body in value()) {
        answer(body.to_string().as_bytes());
    }

    #[test]
    fn any_parameters(call in call()) {
        let answered = answer(call.to_string().as_bytes());
        // What has neither id nor name is nothing that could be left unanswered.
        prop_assert_eq!(answered.is_some(), call.get("id").is_some() || call["method"] == "");
    }

    #[test]
    fn any_batch(calls in proptest::collection::vec(prop_oneof![4 => call(), 1 => value()], 0..8)) {
        answer(Value::Array(calls).to_string().as_bytes());
    }

    /// A request that was cut, or has a byte that does not belong there.
    #[test]
    fn damaged(call in call(), at in any::<proptest::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut body = call.to_string().into_bytes();
        let at = at.index(body.len());
        if cut {
            body.truncate(at);
        } else {
            body[at] = byte;
        }
        answer(&body);
    }
}

/// JSON that is deep or long, and nothing else.
#[test]
fn deep_and_long() {
    let deep = |count: usize| format!("{}{}", "[".repeat(count), "]".repeat(count));
    let objects = |count: usize| format!("{}1{}", "{\"a\":".repeat(count), "}".repeat(count));
    for inner in
        [deep(100_000), deep(127), objects(100_000), objects(100), format!("[{}]", vec!["1"; 500_000].join(","))]
    {
        answer(inner.as_bytes());
        answer(inner.get(..inner.len() / 2).unwrap().as_bytes());
        for member in ["id", "method", "params", "jsonrpc", "other"] {
            answer(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","{member}":{inner}}}"#).as_bytes());
        }
        for method in ["eth_call", "eth_getLogs", "eth_getProof", "eth_subscribe", "eth_getBlockByNumber"] {
            let params = format!("[{inner},{inner},{inner}]");
            answer(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#).as_bytes());
        }
    }
    let ours = CHAIN.world.runtime().block_on(ask(CHAIN.world.caller(), "eth_chainId", json!([])));
    assert_eq!(ours, Ok(json!("0x539")));
}

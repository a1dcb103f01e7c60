//! `eth_call` and `eth_estimateGas`: overrides, reverts, and calls that would never end.

use crate::world::World;
use alloy_primitives::{Address, B256, Bytes, U256, hex};
use pars_chain::state::commit::History;
use pars_tests::process::wallet::{Draft, Wallet};
use pars_vm::rpc::limits::Limits;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NOBODY: Address = Address::repeat_byte(0xbe);

fn word(number: u64) -> Value {
    json!(B256::from(U256::from(number)))
}

#[test]
fn report_5_11_overrides() {
    let world = World::new();
    let call = |data: &str, account: Value| {
        let mut overrides = serde_json::Map::new();
        overrides.insert(NOBODY.to_string(), account);
        world.ask("eth_call", json!([{ "to": NOBODY, "data": data }, "latest", overrides]))
    };
    // Returns SLOAD(calldata word 0).
    let code = "0x6000355460005260206000f3";
    let (zero, one) = (B256::ZERO.to_string(), B256::with_last_byte(1).to_string());
    let slots = |slot: &String, value: u8| json!({ slot.as_str(): B256::with_last_byte(value) });
    assert_eq!(call(&zero, json!({ "code": code })), Ok(word(0)), "code at an address without code");
    assert_eq!(call(&one, json!({ "code": code, "stateDiff": slots(&one, 5) })), Ok(word(5)));
    assert_eq!(call(&one, json!({ "code": code, "state": slots(&one, 6) })), Ok(word(6)));
    assert_eq!(call(&zero, json!({ "code": code, "state": slots(&one, 6) })), Ok(word(0)));
    // SELFBALANCE.
    assert_eq!(call("0x", json!({ "code": "0x4760005260206000f3", "balance": "0x2a" })), Ok(word(42)));
    let both = call("0x", json!({ "state": {}, "stateDiff": {} })).unwrap_err();
    assert_eq!(both.code, -32_000);
    assert!(both.message.ends_with("has both 'state' and 'stateDiff'"), "{both:?}");
    // Nothing of it stays.
    assert_eq!(world.call("eth_getCode", json!([NOBODY, "latest"])), "0x");
    // CREATE of nothing: the nonce decides the address.
    let created = call("0x", json!({ "code": "0x600060006000f060005260206000f3", "nonce": "0x7" }));
    assert_eq!(created, Ok(json!(NOBODY.create(7).into_word())));
}

#[test]
fn state_replaces_and_state_diff_adds() {
    let world = World::new();
    let a = Wallet::local(0).expect("there are eleven");
    // Its constructor sets slot 0 to 1 and slot 1 to 2; its code returns SLOAD(calldata word 0).
    let initcode = hex!("60016000556002600155600c6016600039600c6000f3" "6000355460005260206000f3");
    let initcode: Bytes = initcode.into();
    world.seal(&[a.sign(&Draft::create(0, initcode)).unwrap()]);
    let at = a.address.create(0);
    assert_eq!(world.call("eth_getCode", json!([at, "latest"])), "0x6000355460005260206000f3");
    let read = |slot: u8, account: Value| {
        let mut overrides = serde_json::Map::new();
        overrides.insert(at.to_string(), account);
        world.call("eth_call", json!([{ "to": at, "data": B256::with_last_byte(slot) }, "latest", overrides]))
    };
    let one = B256::with_last_byte(1).to_string();
    let changed = json!({ one.as_str(): B256::with_last_byte(9) });
    assert_eq!([read(0, json!({})), read(1, json!({}))], [word(1), word(2)]);
    assert_eq!(
        [read(0, json!({ "stateDiff": changed })), read(1, json!({ "stateDiff": changed }))],
        [word(1), word(9)]
    );
    assert_eq!([read(0, json!({ "state": changed })), read(1, json!({ "state": changed }))], [word(0), word(9)]);
}

#[test]
fn report_5_12_block_hashes_under_a_number_override_are_real() {
    let world = World::new();
    let a = Wallet::local(0).expect("there are eleven");
    for nonce in 0..3 {
        world.seal(&[a.sign(&Draft::transfer(nonce, NOBODY, 1)).unwrap()]);
    }
    // Returns BLOCKHASH(NUMBER - 1).
    let request = json!({ "data": "0x600143034060005260206000f3" });
    for (number, expected) in [("0x3", Some("0x2")), ("0x4", Some("0x3")), ("0x5", None)] {
        let got = world.call("eth_call", json!([request, "latest", {}, { "number": number }]));
        let hash = expected.map(|height| world.call("eth_getBlockByNumber", json!([height, false]))["hash"].take());
        assert_eq!(got, hash.unwrap_or_else(|| json!(B256::ZERO)), "{number}");
    }
    // No override makes it panic.
    for (number, time) in [("0xffffffffffffffff", "0xffffffffffffffff"), ("0x0", "0x0")] {
        drop(world.ask("eth_call", json!([request, "latest", {}, { "number": number, "time": time }])));
    }
    let wide = format!("0x{}", "f".repeat(64));
    drop(world.ask("eth_call", json!([request, "latest", {}, { "number": wide, "difficulty": wide }])));
    let refused = world.refusal("eth_call", json!([request, "latest", {}, { "baseFee": wide }]));
    assert!(refused.message.contains("baseFeePerGas"), "{refused:?}");
}

#[test]
fn reverts_have_code_3_and_their_data() {
    let world = World::new();
    // Reverts with its calldata.
    let code = "0x366000600037366000fd";
    let words =
        [U256::from(32), U256::from(4), U256::from_be_slice(b"nope") << 224].map(|word| word.to_be_bytes::<32>());
    let reason = hex::encode([&hex!("08c379a0")[..], &words.concat()].concat());
    for method in ["eth_call", "eth_estimateGas"] {
        for (data, code_expected, message) in [
            (format!("0x{reason}"), 3, "execution reverted: nope"),
            ("0xdeadbeef".to_owned(), 3, "execution reverted"),
            ("0x".to_owned(), -32_000, "execution reverted"),
        ] {
            let params = json!([{ "to": NOBODY, "data": data }, "latest", { NOBODY.to_string(): { "code": code } }]);
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
            let answer = world.runtime().block_on(world.caller().answer(body.as_bytes()));
            let answer: Value = serde_json::from_slice(&answer).expect("JSON");
            assert_eq!(answer["error"]["code"], code_expected);
            assert_eq!(answer["error"]["message"], message);
            assert_eq!(answer["error"].get("data"), (data != "0x").then(|| json!(data)).as_ref());
        }
    }
}

/// The 63/64 rule: what the outer call uses is not enough for the inner one.
#[test]
fn estimates_are_enough_and_not_much_more() {
    let world = World::new();
    let a = Wallet::local(0).expect("there are eleven");
    let inner = Address::repeat_byte(0xcc);
    // The inner one burns 100,000 gas in a loop; the outer one calls it with all gas and reverts where it fails.
    let burn = "0x6110005b600190038060035700";
    let outer = format!("0x6000600060006000600073{}5af160295760006000fd5b00", hex::encode(inner));
    let overrides = json!({ inner.to_string(): { "code": burn }, NOBODY.to_string(): { "code": outer } });
    let request = |gas: Option<u64>| {
        let mut request = json!({ "from": a.address, "to": NOBODY });
        if let Some(gas) = gas {
            request["gas"] = json!(format!("{gas:#x}"));
        }
        request
    };
    let estimate = world.call("eth_estimateGas", json!([request(None), "latest", overrides]));
    let gas = u64::from_str_radix(&estimate.as_str().unwrap()[2..], 16).unwrap();
    let works = |gas| world.ask("eth_call", json!([request(Some(gas)), "latest", overrides])).is_ok();
    assert!(works(gas), "{gas}");
    assert!(!works(gas - gas / 50), "{gas} is more than 2 % too much");
}

/// The cap of gas ends it.
#[test]
fn an_endless_loop_runs_out_of_gas() {
    let world = World::new();
    let endless = json!([{ "to": NOBODY }, "latest", { NOBODY.to_string(): { "code": "0x5b600056" } }]);
    let refusal = world.refusal("eth_call", endless);
    assert_eq!((refusal.code, refusal.message.as_str()), (-32_000, "out of gas"));
}

/// Without a cap, the time ends it, and the thread that ran it is free again.
#[test]
fn an_endless_loop_runs_out_of_time() {
    let limits = Limits { call_gas: None, duration: Some(Duration::from_millis(100)), ..Limits::default() };
    let world = World::with(limits, History::Archive);
    let endless = json!([{ "to": NOBODY }, "latest", { NOBODY.to_string(): { "code": "0x5b600056" } }]);
    // More of them than threads that read.
    for _ in 0..2 * std::thread::available_parallelism().unwrap().get() + 2 {
        let started = Instant::now();
        let refusal = world.refusal("eth_call", endless.clone());
        assert_eq!((refusal.code, refusal.message.as_str()), (-32_002, "request timed out"));
        assert!(started.elapsed() < Duration::from_secs(20), "the loop went on");
    }
    assert_eq!(world.call("eth_blockNumber", json!([])), "0x0");
}

#[test]
fn pending_is_the_next_block() {
    let world = World::new();
    let a = Wallet::local(0).expect("there are eleven");
    world.seal(&[a.sign(&Draft::transfer(0, NOBODY, 1)).unwrap()]);
    world.pass(60_000);
    let number = json!({ "data": "0x4360005260206000f3" });
    assert_eq!(world.call("eth_call", json!([number, "latest"])), word(1));
    assert_eq!(world.call("eth_call", json!([number, "pending"])), word(2));
}

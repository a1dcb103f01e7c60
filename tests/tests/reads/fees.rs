//! Suggestions of fees and estimates of gas, by what wallets once stumbled over (the numbers 4.x).

use crate::world::World;
use alloy_primitives::{Address, B256, U256, bytes, hex};
use pars_chain::engine::{Chain, Opening};
use pars_chain::store::Memory;
use pars_genesis::presets;
use pars_tests::process::wallet::{Draft, Kind, Wallet};
use pars_vm::rpc::limits::Limits;
use serde_json::{Value, json};
use std::sync::Arc;

const GWEI: u128 = 1_000_000_000;

fn wei(value: &Value) -> u128 {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).expect("a quantity");
    u128::from_str_radix(digits, 16).expect("a quantity")
}

/// A chain whose first account may change the fees.
fn managed() -> World {
    let mut genesis: Value = serde_json::from_slice(&presets::local(1)).expect("JSON");
    let manager = Wallet::local(0).expect("there are eleven").address;
    genesis["config"]["feeManagerConfig"] = json!({
        "blockTimestamp": genesis["timestamp"].as_str().map(|text| u64::from_str_radix(&text[2..], 16).expect("a number")),
        "adminAddresses": [manager],
    });
    let genesis = genesis.to_string();
    let opening = Opening::new(genesis.as_bytes());
    World::of(Chain::open(Arc::new(Memory::new()), &opening).expect("it opens"), Limits::default())
}

/// `setFeeConfig` with another minimum base fee.
fn set_min_base_fee(nonce: u64, min: u128) -> Draft {
    let words =
        [15_000_000, 2, min, 75_000_000, 36, 0, 1_000_000, 200_000].map(|word| U256::from(word).to_be_bytes::<32>());
    let input = [&hex!("8f10b586")[..], &words.concat()].concat();
    let manager = alloy_primitives::address!("0200000000000000000000000000000000000003");
    Draft { fee_cap: 10_000 * GWEI, ..Draft::call(nonce, manager, input) }
}

#[test]
fn report_4_1_and_4_9_suggestions_follow_the_fees_of_the_next_block() {
    let world = managed();
    let [a, b] = [0, 1].map(|index| Wallet::local(index).expect("there are eleven"));
    let before = wei(&world.call("eth_gasPrice", json!([])));
    let raised = world.seal(&[a.sign(&set_min_base_fee(0, 500 * GWEI)).unwrap()]);
    assert_eq!(raised.header.base_fee, Some(U256::from(GWEI)), "the block itself is under the old fees");
    let after = wei(&world.call("eth_gasPrice", json!([])));
    assert!(after > 500 * GWEI && before < 2 * GWEI, "{before} {after}");
    let history = world.call("eth_feeHistory", json!(["0x1", "latest", []]));
    assert_eq!(wei(&history["baseFeePerGas"][1]), 500 * GWEI, "the last entry is the next block's");
    // What was suggested is taken.
    world.pass(2_000);
    let draft = Draft { fee_cap: after, tip: 1, ..Draft::transfer(0, a.address, 1) };
    world.seal(&[b.sign(&draft).unwrap()]);
    // A call at the block before sees that block's own base fee, not one by today's rules.
    let basefee =
        json!({ "from": a.address, "data": "0x4860005260206000f3", "gas": "0x186a0", "gasPrice": "0xe8d4a51000" });
    let at = |block: &str| world.call("eth_call", json!([basefee, block]));
    assert_eq!(at("0x1"), json!(B256::from(U256::from(GWEI))));
    assert_eq!(at("0x2"), json!(B256::from(U256::from(500 * GWEI))));
}

#[test]
fn report_4_2_fee_history_has_one_base_fee_more_and_the_price_pays_it() {
    let world = World::new();
    let a = Wallet::local(0).expect("there are eleven");
    for nonce in 0..3 {
        world.seal(&[a.sign(&Draft::transfer(nonce, Address::repeat_byte(7), 1)).unwrap()]);
    }
    let history = world.call("eth_feeHistory", json!(["0x2", "latest", [50]]));
    let lengths = ["baseFeePerGas", "gasUsedRatio", "reward"].map(|name| history[name].as_array().unwrap().len());
    assert_eq!(lengths, [3, 2, 2]);
    assert!(wei(&world.call("eth_gasPrice", json!([]))) >= wei(&history["baseFeePerGas"][2]));
    // In the middle of the chain the last entry is the base fee of the block that came.
    let earlier = world.call("eth_feeHistory", json!([2, "0x2", []]));
    let third = world.call("eth_getBlockByNumber", json!(["0x3", false]));
    assert_eq!(earlier["baseFeePerGas"][2], third["baseFeePerGas"]);
    assert_eq!(earlier["oldestBlock"], "0x1");
    assert!(earlier.get("reward").is_none());
}

#[test]
fn report_4_3_estimates_ask_for_no_fee_unless_one_is_named() {
    let world = World::new();
    let a = Wallet::local(0).expect("there are eleven").address;
    let to = Address::repeat_byte(7);
    assert_eq!(world.call("eth_estimateGas", json!([{ "from": a, "to": to, "value": "0x1" }])), "0x5208");
    let poor = Wallet::poor().address;
    assert_eq!(world.call("eth_estimateGas", json!([{ "from": poor, "to": to }])), "0x5208");
    let low = world.refusal("eth_estimateGas", json!([{ "from": a, "to": to, "maxFeePerGas": "0x1" }]));
    assert!(low.message.contains("max fee per gas less than block base fee"), "{low:?}");
    assert_eq!(low.code, -32_000);
    let poor = world.refusal("eth_estimateGas", json!([{ "from": poor, "to": to, "gasPrice": "0xe8d4a51000" }]));
    assert!(poor.message.contains("insufficient funds"), "{poor:?}");
}

#[test]
fn report_4_6_an_idle_chain_suggests_the_least_tip_and_takes_it() {
    let world = World::new();
    let a = Wallet::local(0).expect("there are eleven");
    assert_eq!(world.call("eth_maxPriorityFeePerGas", json!([])), "0x1");
    let draft = Draft { tip: 50 * u128::from(1_000_000_000_u64), ..Draft::transfer(0, a.address, 1) };
    world.seal(&[a.sign(&draft).unwrap()]);
    world.pass(2_000);
    assert_eq!(wei(&world.call("eth_maxPriorityFeePerGas", json!([]))), 50 * GWEI, "the last block is fresh");
    world.pass(100_000);
    assert_eq!(world.call("eth_maxPriorityFeePerGas", json!([])), "0x1");
    let price = wei(&world.call("eth_gasPrice", json!([])));
    world.seal(&[a.sign(&Draft { fee_cap: price, tip: 1, ..Draft::transfer(1, a.address, 1) }).unwrap()]);
}

#[test]
fn report_4_7_rewards_are_weighed_by_gas_used() {
    let world = World::new();
    let [a, b] = [0, 1].map(|index| Wallet::local(index).expect("there are eleven"));
    // It burns several hundred thousand gas. By their limits, the small one would weigh far more.
    let burner = bytes!("6110005b600190038060035700");
    let small = a.sign(&Draft { tip: 1, gas: 14_000_000, ..Draft::transfer(0, b.address, 1) }).unwrap();
    let large = b.sign(&Draft { tip: 9, gas: 900_000, ..Draft::create(0, burner) }).unwrap();
    world.seal(&[large.clone(), small]);
    let used = wei(&world.call("eth_getTransactionReceipt", json!([large.hash]))["gasUsed"]);
    assert!((100_000..1_000_000).contains(&used), "{used}");
    let history = world.call("eth_feeHistory", json!([1, "latest", [1, 50, 100]]));
    assert_eq!(history["reward"], json!([["0x1", "0x9", "0x9"]]));
}

#[test]
fn rewards_of_an_empty_history_are_numbers() {
    let world = World::new();
    let history = world.call("eth_feeHistory", json!(["0x5", "latest", [25, 75]]));
    assert_eq!(history["reward"], json!([["0x0", "0x0"]]));
    assert_eq!(history["oldestBlock"], "0x0");
}

#[test]
fn report_4_8_a_legacy_transaction_with_the_suggested_price_is_mined() {
    let world = World::new();
    let [a, b] = [0, 1].map(|index| Wallet::local(index).expect("there are eleven"));
    for nonce in 0..5 {
        let price = wei(&world.call("eth_gasPrice", json!([])));
        // Others send in the meantime.
        world.seal(&[b.sign(&Draft::transfer(nonce, a.address, 1)).unwrap()]);
        world.pass(2_000);
        let draft = Draft { fee_cap: price, ..Draft::transfer(nonce, b.address, 1) };
        world.seal(&[a.sign_as(Kind::Legacy, &draft).unwrap()]);
        world.pass(2_000);
    }
}

#[test]
fn fee_history_is_bounded() {
    let world = World::new();
    let refused = |params: Value| world.refusal("eth_feeHistory", params);
    let many: Vec<u32> = (0..101).collect();
    for (params, code, text) in [
        (json!([1, "0x5", []]), -32_000, "request beyond head block: requested 5, head 0"),
        (json!([1, "latest", [101]]), -32_000, "invalid reward percentile: 101.000000"),
        (json!([1, "latest", [50, 50]]), -32_000, "invalid reward percentile: #0:50.000000 >= #1:50.000000"),
        (json!([1, "latest", many]), -32_000, "invalid reward percentile: over the query limit 100"),
        (json!(["1.5", "latest", []]), -32_602, "invalid argument 0: invalid hex or decimal integer \"1.5\""),
        (json!([1, "latest"]), -32_602, "missing value for required argument 2"),
    ] {
        let refusal = refused(params);
        assert_eq!((refusal.code, refusal.message.as_str()), (code, text));
    }
    let all = world.call("eth_feeHistory", json!(["0xffffffffffffffff", "latest", []]));
    assert_eq!(all["oldestBlock"], "0x0");
}

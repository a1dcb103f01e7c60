//! What clients of other nodes once stumbled over, by the numbers that the issue tracker of this project gave them. 5.5 is
//! in `visible.rs`, 5.13 in `malformed.rs`.

use crate::world::{Populated, World};
use alloy_primitives::{Address, B256, Bytes, address, keccak256};
use pars_chain::engine::{Built, InOrder, Wish};
use pars_chain::tx::Tx;
use pars_tests::process::wallet::Draft;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every mined receipt, alone and with its block.
fn receipts(chain: &Populated) -> Vec<Value> {
    let alone = chain.mined.iter().map(|tx| chain.world.call("eth_getTransactionReceipt", json!([tx.hash])));
    let mut all: Vec<Value> = alone.collect();
    for block in &chain.blocks {
        let of_block = chain.world.call("eth_getBlockReceipts", json!([block.id().0]));
        all.extend(of_block.as_array().expect("a list").clone());
    }
    assert_eq!(all.len(), 2 * chain.mined.len());
    all
}

#[test]
fn report_5_1_receipts_have_the_effective_gas_price() {
    for receipt in receipts(&Populated::new()) {
        assert!(receipt["effectiveGasPrice"].as_str().is_some_and(|price| price.len() > 3), "{receipt}");
    }
}

#[test]
fn report_5_2_receipts_and_transactions_have_a_type() {
    let chain = Populated::new();
    let mut seen: Vec<Value> = receipts(&chain).iter().map(|receipt| receipt["type"].clone()).collect();
    for tx in chain.mined.iter().chain(&chain.waiting) {
        seen.push(chain.world.call("eth_getTransactionByHash", json!([tx.hash]))["type"].clone());
    }
    assert!(seen.iter().all(|kind| [json!("0x0"), json!("0x1"), json!("0x2")].contains(kind)), "{seen:?}");
}

#[test]
fn report_5_3_receipts_have_a_status_and_no_root() {
    let chain = Populated::new();
    let all = receipts(&chain);
    assert!(all.iter().all(|receipt| receipt.get("root").is_none()));
    let failed = |receipt: &&Value| receipt["status"] == "0x0";
    assert_eq!(all.iter().filter(failed).count(), 8, "four, alone and in their block");
    assert!(all.iter().all(|receipt| receipt["status"] == "0x1" || failed(&receipt)));
}

#[test]
fn report_5_4_fields_have_their_width() {
    let Populated { world, .. } = Populated::new();
    for height in ["0x0", "0x3", "latest"] {
        let block = world.call("eth_getBlockByNumber", json!([height, true]));
        let width = |name: &str| block[name].as_str().map(str::len);
        assert_eq!(block["nonce"], "0x0000000000000000");
        assert_eq!(width("logsBloom"), Some(2 + 512));
        assert_eq!(width("miner"), Some(2 + 40));
        for name in ["hash", "parentHash", "mixHash", "sha3Uncles", "stateRoot", "transactionsRoot", "receiptsRoot"] {
            assert_eq!(width(name), Some(2 + 64), "{name}");
        }
        for transaction in block["transactions"].as_array().unwrap() {
            assert_eq!(transaction["hash"].as_str().map(str::len), Some(2 + 64));
        }
    }
}

#[test]
fn report_5_6_pending_is_accepted_everywhere() {
    let Populated { world, wallets, emitter, .. } = Populated::new();
    let a = wallets[0].address;
    for (method, params) in [
        ("eth_getBalance", json!([a, "pending"])),
        ("eth_getBalance", json!([a, { "blockNumber": "pending" }])),
        ("eth_getBlockByNumber", json!(["pending", true])),
        ("eth_getBlockReceipts", json!(["pending"])),
        ("eth_getBlockTransactionCountByNumber", json!(["pending"])),
        ("eth_getCode", json!([emitter, "pending"])),
        ("eth_getProof", json!([emitter, ["0x0"], "pending"])),
        ("eth_getStorageAt", json!([emitter, "0x0", "pending"])),
        ("eth_getTransactionByBlockNumberAndIndex", json!(["pending", "0x0"])),
    ] {
        let latest: Value = serde_json::from_str(&params.to_string().replace("pending", "latest")).unwrap();
        let answer = world.call(method, params);
        assert!(!answer.is_null(), "{method}");
        assert_eq!(answer, world.call(method, latest), "{method}");
    }
    // The pool counts: wallets send from here.
    assert_eq!(world.call("eth_getTransactionCount", json!([a, "latest"])), "0x5");
    for pending in [json!("pending"), json!({ "blockNumber": "pending" })] {
        assert_eq!(world.call("eth_getTransactionCount", json!([a, pending])), "0x6");
    }
}

#[test]
fn report_5_7_logs_are_found_by_every_tag() {
    let Populated { world, .. } = Populated::new();
    let tags = ["latest", "safe", "finalized", "pending", "accepted"];
    for from in tags {
        for to in tags {
            let logs = world.call("eth_getLogs", json!([{ "fromBlock": from, "toBlock": to }]));
            assert_eq!(logs.as_array().unwrap().len(), 1, "{from} to {to}");
        }
        let logs = world.call("eth_getLogs", json!([{ "fromBlock": "earliest", "toBlock": from }]));
        assert_eq!(logs.as_array().unwrap().len(), 4, "to {from}");
    }
}

#[test]
fn report_5_8_a_block_without_logs_has_none() {
    let Populated { world, blocks, .. } = Populated::new();
    assert_eq!(world.call("eth_getLogs", json!([{ "fromBlock": "0x1", "toBlock": "0x1" }])), json!([]));
    assert_eq!(world.call("eth_getLogs", json!([{ "blockHash": blocks[0].id().0 }])), json!([]));
    assert_eq!(world.call("eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": "0x0" }])), json!([]));
}

#[test]
fn report_5_9_logs_are_of_accepted_blocks_and_numbered_within_them() {
    let Populated { world, waiting, .. } = Populated::new();
    let txs: Vec<_> = waiting[..2].iter().map(|tx| Arc::new(Tx::decode(&tx.raw).unwrap())).collect();
    let engine = world.node.engine().unwrap();
    let building = engine.call(move |owner| {
        owner.attempt(|chain| {
            let now_ms = chain.head().header().unix_ms() + 2_000;
            let wish = Wish { now_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
            Ok(chain.build(&mut InOrder::new(txs), wish)?)
        })
    });
    let Built::Block(block) = world.runtime().block_on(building).unwrap().unwrap() else { panic!("no block") };
    // It is being processed; one of its transactions logs.
    let unknown = world.refusal("eth_getLogs", json!([{ "blockHash": block.id().0 }]));
    assert_eq!((unknown.code, unknown.message.as_str()), (-32_000, "unknown block"));
    assert_eq!(world.call("eth_getBlockByHash", json!([block.id().0, false])), Value::Null);
    assert_eq!(world.call("eth_getTransactionReceipt", json!([waiting[1].hash])), Value::Null);
    let logs = world.call("eth_getLogs", json!([{ "fromBlock": "0x0", "toBlock": "pending" }]));
    let places: Vec<_> = logs.as_array().unwrap().iter().map(|log| (&log["blockNumber"], &log["logIndex"])).collect();
    let expected = [("0x3", "0x0"), ("0x3", "0x1"), ("0x4", "0x0"), ("0x6", "0x0")];
    assert_eq!(
        places,
        expected.map(|(block, log)| (json!(block), json!(log))).iter().map(|(a, b)| (a, b)).collect::<Vec<_>>()
    );
}

/// A method that is not built is absent, and answers so, whatever it is asked.
#[test]
fn report_5_14_simulations_are_absent() {
    let world = World::new();
    for params in [json!([]), json!([{ "blockStateCalls": [{}] }, "latest"]), json!({})] {
        let refusal = world.refusal("eth_simulateV1", params);
        assert_eq!(refusal.code, -32_601);
        assert_eq!(refusal.message, "the method eth_simulateV1 does not exist/is not available");
    }
}

#[test]
fn report_5_15_queries_are_refused_with_the_codes_of_others() {
    let Populated { world, wallets, .. } = Populated::new();
    let refusal = |query: Value| world.refusal("eth_getLogs", json!([query]));
    let topic = B256::ZERO;
    assert_eq!(refusal(json!({ "topics": [topic, topic, topic, topic, topic] })).code, -32_602);
    assert_eq!(refusal(json!({ "fromBlock": "0x3", "toBlock": "0x2" })).code, -32_602);
    let unknown = refusal(json!({ "blockHash": B256::repeat_byte(0xab) }));
    assert_eq!((unknown.code, unknown.message.as_str()), (-32_000, "unknown block"));
    assert_eq!(world.refusal("eth_getBlockByNumber", json!(["0x01", false])).code, -32_602);
    assert_eq!(world.refusal("eth_getBalance", json!([wallets[0].address, "0x01"])).code, -32_602);
}

#[test]
fn report_5_16_a_pending_transaction_has_no_receipt() {
    let Populated { world, waiting, .. } = Populated::new();
    for tx in &waiting {
        assert_eq!(world.call("eth_getTransactionReceipt", json!([tx.hash])), Value::Null);
        let shown = world.call("eth_getTransactionByHash", json!([tx.hash]));
        for name in ["blockHash", "blockNumber", "blockTimestamp", "transactionIndex"] {
            assert_eq!(shown.get(name), Some(&Value::Null), "{name}");
        }
    }
}

#[test]
fn report_5_17_asking_for_a_receipt_does_not_wait() {
    let Populated { world, waiting, .. } = Populated::new();
    let begin = Instant::now();
    for hash in [waiting[0].hash, B256::repeat_byte(0xab)] {
        assert_eq!(world.call("eth_getTransactionReceipt", json!([hash])), Value::Null);
    }
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[test]
fn report_5_18_precompiles_have_code_while_they_are_on() {
    let world = World::recorded("precompiles-12");
    let head = world.node.head().height();
    let mut changes = 0;
    for last in 0..=5 {
        let mut address = address!("0200000000000000000000000000000000000000");
        address.0.0[19] = last;
        let mut before = None;
        for height in 0..=head {
            let height = format!("{height:#x}");
            let code = world.call("eth_getCode", json!([address, height]));
            let nonce = world.call("eth_getTransactionCount", json!([address, height]));
            let on = code == "0x01";
            assert!(on || code == "0x", "{code}");
            assert_eq!(nonce, if on { "0x1" } else { "0x0" }, "{address} at {height}");
            changes += usize::from(before.is_some_and(|before| before != on));
            before = Some(on);
        }
    }
    assert!(changes > 3, "{changes} were switched");
}

#[test]
fn report_5_19_raw_bytes_are_those_of_the_network() {
    let Populated { world, blocks, mined, waiting, .. } = Populated::new();
    for tx in mined.iter().chain(&waiting) {
        assert_eq!(world.call("debug_getRawTransaction", json!([tx.hash])), json!(tx.raw));
    }
    for block in &blocks {
        let id = block.id().0;
        assert_eq!(world.call("debug_getRawBlock", json!([id])), json!(block.bytes()));
        let header: Bytes = serde_json::from_value(world.call("debug_getRawHeader", json!([id]))).unwrap();
        assert_eq!(keccak256(header), id);
        let receipts = world.call("debug_getRawReceipts", json!([id]));
        assert_eq!(receipts.as_array().map(Vec::len), Some(block.transactions.len()));
    }
    assert_eq!(world.call("debug_getRawTransaction", json!([B256::ZERO])), "0x");
    assert_eq!(world.call("debug_getRawReceipts", json!([B256::ZERO])), json!([]));
}

/// What the pool holds moves into a block without a moment in which it is nowhere; a replaced one is gone.
#[test]
fn transactions_are_in_the_pool_or_in_a_block() {
    let Populated { world, wallets, waiting, .. } = Populated::new();
    assert_eq!(world.call("txpool_status", json!([])), json!({ "pending": "0x2", "queued": "0x1" }));
    world.seal(&waiting[..2]);
    assert_eq!(world.call("txpool_status", json!([])), json!({ "pending": "0x0", "queued": "0x1" }));
    for tx in &waiting[..2] {
        assert_eq!(world.call("eth_getTransactionByHash", json!([tx.hash]))["blockNumber"], "0x7");
    }
    let draft = Draft { fee_cap: 2_000_000_000_000, tip: 2_000_000_000_000, ..Draft::transfer(9, Address::ZERO, 1) };
    let replacing = wallets[1].sign(&draft).unwrap();
    world.submit(&replacing);
    assert_eq!(world.call("eth_getTransactionByHash", json!([waiting[2].hash])), Value::Null);
    assert_eq!(world.call("eth_getTransactionByHash", json!([replacing.hash]))["nonce"], "0x9");
}

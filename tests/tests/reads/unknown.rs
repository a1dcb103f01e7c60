//! Blocks that are not there, not yet there, or whose state is gone.

use crate::world::{Populated, Refusal};
use alloy_primitives::B256;
use pars_chain::state::commit::History;
use pars_vm::rpc::limits::Limits;
use serde_json::{Value, json};

fn server(message: &str) -> Refusal {
    Refusal { code: -32_000, message: message.to_owned(), data: None }
}

/// Methods that read the state, with their parameters for a block.
fn states(chain: &Populated, block: &Value) -> Vec<(&'static str, Value)> {
    let (a, emitter) = (chain.wallets[0].address, chain.emitter);
    vec![
        ("eth_getBalance", json!([a, block])),
        ("eth_getCode", json!([emitter, block])),
        ("eth_getProof", json!([emitter, ["0x0"], block])),
        ("eth_getStorageAt", json!([emitter, "0x0", block])),
        ("eth_getTransactionCount", json!([a, block])),
    ]
}

#[test]
fn heights_above_the_head() {
    for (unfinalized, text) in [(false, "cannot query unfinalized data"), (true, "header not found")] {
        let chain = Populated::with(Limits { unfinalized, ..Limits::default() }, History::Archive);
        for above in ["0x7", "0x7fffffffffffffff"] {
            for block in [json!(above), json!({ "blockNumber": above })] {
                let raw = ["debug_getRawBlock", "debug_getRawHeader", "debug_getRawReceipts"];
                let raw = raw.map(|method| (method, json!([block])));
                for (method, params) in states(&chain, &block).into_iter().chain(raw) {
                    assert_eq!(chain.world.refusal(method, params), server(text), "{method}");
                }
                assert_eq!(chain.world.call("eth_getBlockReceipts", json!([block])), Value::Null);
            }
            assert_eq!(chain.world.call("eth_getBlockByNumber", json!([above, true])), Value::Null);
            assert_eq!(chain.world.call("eth_getBlockTransactionCountByNumber", json!([above])), Value::Null);
            let at_index = chain.world.call("eth_getTransactionByBlockNumberAndIndex", json!([above, "0x0"]));
            assert_eq!(at_index, Value::Null);
        }
        let wide = chain.world.refusal("eth_getBlockByNumber", json!(["0xffffffffffffffff", true]));
        assert_eq!((wide.code, wide.message.as_str()), (-32_602, "invalid argument 0: block number larger than int64"));
    }
}

#[test]
fn hashes_that_nobody_knows() {
    let chain = Populated::new();
    let unknown = B256::repeat_byte(0xab);
    for block in [json!(unknown), json!({ "blockHash": unknown, "requireCanonical": true })] {
        for (method, params) in states(&chain, &block) {
            assert_eq!(chain.world.refusal(method, params), server("header for hash not found"), "{method}");
        }
        assert_eq!(chain.world.refusal("debug_getRawBlock", json!([block])), server("header for hash not found"));
        assert_eq!(chain.world.refusal("debug_getRawHeader", json!([block])), server("header for hash not found"));
        assert_eq!(chain.world.call("debug_getRawReceipts", json!([block])), json!([]));
        assert_eq!(chain.world.call("eth_getBlockReceipts", json!([block])), Value::Null);
    }
    for method in ["eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getBlockTransactionCountByHash"] {
        assert_eq!(chain.world.call(method, json!([unknown])), Value::Null, "{method}");
    }
    assert_eq!(chain.world.call("eth_getBlockByHash", json!([unknown, true])), Value::Null);
    assert_eq!(chain.world.call("eth_getTransactionByBlockHashAndIndex", json!([unknown, "0x0"])), Value::Null);
}

#[test]
fn blocks_that_nobody_named() {
    let chain = Populated::new();
    for (method, params) in states(&chain, &json!({})) {
        let nothing = server("invalid arguments; neither block nor hash specified");
        assert_eq!(chain.world.refusal(method, params), nothing, "{method}");
    }
    // Null and nothing at all mean the last block, as for eth_call.
    for (method, mut params) in states(&chain, &Value::Null) {
        let latest = chain.world.call(method, params.clone());
        params.as_array_mut().unwrap().pop();
        assert_eq!(chain.world.call(method, params), latest, "{method}");
    }
    assert_eq!(chain.world.call("eth_getBlockReceipts", json!([null])), Value::Null);
    assert_eq!(chain.world.refusal("eth_getBlockReceipts", json!([])).code, -32_602);
}

#[test]
fn state_that_is_pruned() {
    let chain = Populated::with(Limits::default(), History::Pruned(2));
    for (method, params) in states(&chain, &json!("0x3")) {
        assert_eq!(chain.world.refusal(method, params), server("state of block 3 is pruned; oldest is 4"), "{method}");
    }
    for (method, params) in states(&chain, &json!("0x4")) {
        chain.world.call(method, params);
    }
    // Blocks, receipts and logs stay.
    assert_eq!(chain.world.call("eth_getBlockReceipts", json!(["0x1"])).as_array().map(Vec::len), Some(1));
    assert_eq!(chain.world.call("eth_getLogs", json!([{ "fromBlock": "0x0" }])).as_array().map(Vec::len), Some(4));
}

#[test]
fn proofs_of_blocks_that_the_operator_closed() {
    let chain = Populated::with(Limits { proof_blocks: Some(2), ..Limits::default() }, History::Archive);
    let proof = |block: Value| chain.world.ask("eth_getProof", json!([chain.emitter, [], block]));
    for open in [json!("latest"), json!("0x4")] {
        assert!(proof(open).is_ok());
    }
    let closed = "historical proof query not allowed: block number 3 is before the oldest allowed block number 4 (window \
                  of 2 blocks)";
    assert_eq!(proof(json!("0x3")), Err(server(closed)));
    assert_eq!(proof(json!({ "blockHash": chain.blocks[2].id().0 })), Err(server(closed)));
}

/// An account that does not exist has the hashes of an empty one, and a proof that it is not there.
#[test]
fn proof_of_an_absent_account() {
    let Populated { world, .. } = Populated::new();
    let absent = alloy_primitives::Address::repeat_byte(0xdd);
    let mut proof = world.call("eth_getProof", json!([absent, ["0x1", B256::ZERO], "latest"]));
    assert!(!proof["accountProof"].as_array().unwrap().is_empty());
    proof["accountProof"] = json!([]);
    let expected = json!({
        "address": absent,
        "accountProof": [],
        "balance": "0x0",
        "codeHash": "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
        "nonce": "0x0",
        "storageHash": "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421",
        "storageProof": [
            { "key": "0x1", "value": "0x0", "proof": [] },
            { "key": B256::ZERO, "value": "0x0", "proof": [] },
        ],
    });
    assert_eq!(proof, expected);
}

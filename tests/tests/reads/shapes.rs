//! Recorded answers: mined and pending, types 0, 1 and 2, success and failure. `PARS_WRITE_SHAPES=1` records them anew.

use crate::world::{Populated, REFUSES, Refusal, words};
use alloy_primitives::{Address, B256};
use pars_tests::process::wallet::Draft;
use pars_vm::rpc::table::{Group, TABLE};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn answers_have_their_recorded_shapes() {
    let Populated { world, wallets, emitter, reverter, blocks, mined, waiting } = Populated::new();
    let [a, b, _] = wallets.map(|wallet| wallet.address);
    let ids: Vec<B256> = blocks.iter().map(|block| block.id().0).collect();
    let unknown = B256::repeat_byte(0xab);
    let hashes: Vec<B256> = mined.iter().chain(&waiting).map(|tx| tx.hash).collect();
    let by_hash = || hashes.iter().chain([&unknown]).map(|hash| json!([hash])).collect::<Vec<_>>();
    let blocks_of = |more: &[Value]| -> Vec<Value> {
        let all = [json!("earliest"), json!("0x1"), json!("0x3"), json!("0x4"), json!("0x7"), json!("latest")];
        all.iter().map(|block| [std::slice::from_ref(block), more].concat().into()).collect()
    };
    let state = |address| vec![json!([address]), json!([address, "0x3"]), json!([address, {"blockHash": ids[2]}])];
    let raw = || [json!(["0x0"]), json!(["0x3"]), json!([ids[2]]), json!([unknown]), json!(["0x7"])].to_vec();
    let topic = |word: u8| B256::with_last_byte(word);
    let everything = json!({"fromBlock": "0x0", "toBlock": "latest"});
    let cases: Vec<(&str, Vec<Value>)> = vec![
        ("debug_getRawBlock", raw()),
        ("debug_getRawHeader", raw()),
        ("debug_getRawReceipts", raw()),
        ("debug_getRawTransaction", by_hash()),
        ("eth_accounts", vec![json!([])]),
        ("eth_blockNumber", vec![json!([])]),
        (
            "eth_call",
            vec![
                json!([{"to": emitter, "data": words(1, 2)}]),
                json!([{"to": reverter}, "latest"]),
                json!([{"to": reverter}, "0x1"]),
                json!([{"from": a, "to": b, "value": "0xffffffffffffffffffffffffff"}, "latest"]),
                json!([{"to": unknown}, "latest"]),
                json!([{"to": Address::repeat_byte(0xab)}, "latest"]),
                json!([{"from": a, "data": REFUSES}, "latest"]),
            ],
        ),
        ("eth_chainId", vec![json!([])]),
        (
            "eth_estimateGas",
            vec![
                json!([{"from": a, "to": b, "value": "0x1"}]),
                json!([{"from": a, "to": emitter, "data": words(1, 2)}]),
                json!([{"from": a, "to": reverter}]),
                json!([{"from": a, "data": REFUSES}]),
                json!([{"from": a, "to": emitter, "data": words(1, 2), "gas": "0x5208"}]),
            ],
        ),
        (
            "eth_feeHistory",
            vec![
                json!(["0x3", "latest", [25, 75]]),
                json!([2, "0x3", []]),
                json!([1, "pending", []]),
                json!([0, "0x1", []]),
            ],
        ),
        ("eth_gasPrice", vec![json!([])]),
        ("eth_getBalance", state(b)),
        ("eth_getBlockByHash", vec![json!([ids[2], true]), json!([ids[2], false]), json!([unknown, false])]),
        ("eth_getBlockByNumber", [blocks_of(&[json!(true)]), blocks_of(&[json!(false)])].concat()),
        ("eth_getBlockReceipts", blocks_of(&[])),
        ("eth_getBlockTransactionCountByHash", vec![json!([ids[2]]), json!([unknown])]),
        ("eth_getBlockTransactionCountByNumber", blocks_of(&[])),
        ("eth_getCode", [state(emitter), state(reverter), state(a)].concat()),
        (
            "eth_getLogs",
            vec![
                json!([everything]),
                json!([{"blockHash": ids[2]}]),
                json!([{"blockHash": unknown}]),
                json!([{"fromBlock": "0x0", "topics": [topic(1)]}]),
                json!([{"fromBlock": "0x0", "topics": [null, [topic(20), topic(30)]], "address": [emitter]}]),
                json!([{"fromBlock": "0x0", "address": reverter}]),
            ],
        ),
        (
            "eth_getProof",
            vec![
                json!([emitter, ["0x0", topic(0), "0x07"], "latest"]),
                json!([emitter, ["0x0"], "0x1"]),
                json!([a, [], "0x3"]),
            ],
        ),
        (
            "eth_getStorageAt",
            vec![json!([emitter, "0x0"]), json!([emitter, topic(0), "0x3"]), json!([emitter, "0x1", "latest"])],
        ),
        ("eth_getTransactionByBlockHashAndIndex", vec![json!([ids[2], "0x1"]), json!([ids[2], "0x9"])]),
        (
            "eth_getTransactionByBlockNumberAndIndex",
            [blocks_of(&[json!("0x0")]), vec![json!(["0x3", "0x2"]), json!(["0x3", "0x9"])]].concat(),
        ),
        ("eth_getTransactionByHash", by_hash()),
        ("eth_getTransactionCount", [state(a), vec![json!([a, "pending"]), json!([b, "pending"])]].concat()),
        ("eth_getTransactionReceipt", by_hash()),
        ("eth_maxPriorityFeePerGas", vec![json!([])]),
        ("eth_syncing", vec![json!([])]),
        ("net_listening", vec![json!([])]),
        ("net_peerCount", vec![json!([])]),
        ("net_version", vec![json!([])]),
        ("rpc_modules", vec![json!([])]),
        ("txpool_content", vec![json!([])]),
        ("txpool_status", vec![json!([])]),
        ("web3_clientVersion", vec![json!([])]),
        ("web3_sha3", vec![json!(["0x"]), json!(["0x68656c6c6f"])]),
    ];
    let mut wrong = Vec::new();
    for (method, all) in cases {
        let answers = all.into_iter().map(|params| match world.ask(method, params.clone()) {
            Ok(result) => json!({ "params": params, "result": result }),
            Err(refusal) => refused(&params, refusal),
        });
        wrong.extend(differences(method, &lines(&answers.collect::<Vec<_>>())));
    }
    assert!(wrong.is_empty(), "other answers than recorded:\n{}", wrong.join("\n"));
}

/// Methods that change something or remember something, in order: filters see what is sent and mined between them.
#[test]
fn answers_in_order_have_their_recorded_shapes() {
    let Populated { world, wallets, emitter, waiting, .. } = Populated::new();
    let [_, b, c] = wallets;
    let more = c.sign(&Draft::call(3, emitter, words(6, 40))).expect("its key signs");
    let low = c.sign(&Draft { gas: 20_000, ..Draft::transfer(4, b.address, 1) }).expect("its key signs");
    let mut answers: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    let mut ids: Vec<String> = Vec::new();
    let mut ask = |method: &'static str, params: Value| {
        let answer = match world.ask(method, params.clone()) {
            Ok(result) => {
                if method.starts_with("eth_new") {
                    ids.push(result.as_str().expect("an id").to_owned());
                }
                json!({ "params": params, "result": result })
            }
            Err(refusal) => refused(&params, refusal),
        };
        // No two runs have the same ids.
        let mut text = answer.to_string();
        for (index, id) in ids.iter().enumerate() {
            text = text.replace(id, &format!("id {index}"));
        }
        answers.entry(method).or_default().push(serde_json::from_str(&text).expect("JSON"));
        ids.clone()
    };
    ask("eth_newFilter", json!([{"address": emitter}]));
    ask("eth_newFilter", json!([{"topics": [[1]]}]));
    ask("eth_newBlockFilter", json!([]));
    let ids = ask("eth_newPendingTransactionFilter", json!([]));
    for tx in [&more, &more, &low] {
        ask("eth_sendRawTransaction", json!([tx.raw]));
    }
    world.seal(&[waiting[0].clone(), waiting[1].clone(), more]);
    for id in &ids {
        ask("eth_getFilterChanges", json!([id]));
        ask("eth_getFilterChanges", json!([id]));
        ask("eth_getFilterLogs", json!([id]));
        ask("eth_uninstallFilter", json!([id]));
        ask("eth_uninstallFilter", json!([id]));
    }
    ask("eth_getFilterChanges", json!([ids[0]]));
    let wrong: Vec<String> =
        answers.iter().flat_map(|(method, answers)| differences(method, &lines(answers))).collect();
    assert!(wrong.is_empty(), "other answers than recorded:\n{}", wrong.join("\n"));
}

/// What is told over a WebSocket is compared with the answers of these methods elsewhere; what operators ask is a test of
/// the whole process.
#[test]
fn every_method_has_recorded_shapes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reads/shapes");
    for method in TABLE.iter().filter(|method| !method.name.ends_with("subscribe") && method.group != Group::Admin) {
        assert!(folder.join(method.name).with_extension("jsonl").is_file(), "{}", method.name);
    }
}

fn refused(params: &Value, Refusal { code, message, data }: Refusal) -> Value {
    match data {
        None => json!({ "params": params, "code": code, "message": message }),
        Some(data) => json!({ "params": params, "code": code, "message": message, "data": data }),
    }
}

/// One answer a line, so that a difference is one line.
fn lines(answers: &[Value]) -> String {
    answers.iter().map(|answer| format!("{answer}\n")).collect()
}

fn differences(method: &str, text: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reads/shapes").join(method).with_extension("jsonl");
    if std::env::var_os("PARS_WRITE_SHAPES").is_some() {
        std::fs::write(&file, text).expect("the folder is there");
    }
    let recorded = std::fs::read_to_string(&file).unwrap_or_default();
    let (before, after) = (recorded.lines().count(), text.lines().count());
    let count = (before != after).then(|| format!("{method}: {before} answers recorded, {after} got"));
    let pairs = recorded.lines().zip(text.lines()).zip(1..).filter(|((recorded, got), _)| recorded != got);
    let lines =
        pairs.map(|((recorded, got), line)| format!("{method}, line {line}:\n  recorded {recorded}\n  got {got}"));
    count.into_iter().chain(lines).collect()
}

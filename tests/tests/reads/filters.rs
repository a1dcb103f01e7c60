//! Filters: nothing is missed or told twice.

use crate::world::{EMITTER, Populated, Refusal, World, ask, local, sign, words};
use alloy_primitives::B256;
use pars_tests::process::wallet::{Draft, Wallet};
use pars_vm::rpc::limits::{FILTER_IDLE, FILTERS_MAX};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

fn not_found() -> Refusal {
    Refusal { code: -32_000, message: "filter not found".to_owned(), data: None }
}

fn changes(world: &World, id: &Value) -> Vec<Value> {
    world.call("eth_getFilterChanges", json!([id])).as_array().expect("a list").clone()
}

/// A chain with an emitter that `calls` calls.
struct Emitter {
    world: World,
    wallet: Wallet,
    nonce: u64,
}

impl Emitter {
    fn new() -> Self {
        let (world, wallet) = (World::new(), local(0));
        world.seal(&[sign(&wallet, &Draft::create(0, EMITTER))]);
        Self { world, wallet, nonce: 1 }
    }

    /// A block with one log.
    fn emit(&mut self, first: u64, second: u64) -> B256 {
        let draft = Draft::call(self.nonce, self.wallet.address.create(0), words(first, second));
        self.nonce += 1;
        self.world.seal(&[sign(&self.wallet, &draft)]).id().0
    }
}

#[test]
fn logs_are_told_once() {
    let mut chain = Emitter::new();
    chain.emit(1, 1);
    let new = |query: Value| chain.world.call("eth_newFilter", json!([query]));
    let all = new(json!({ "fromBlock": "0x0" }));
    let twos = new(json!({ "topics": [B256::with_last_byte(2)] }));
    let until = new(json!({ "fromBlock": "0x4", "toBlock": "0x5" }));
    let known = new(json!({ "blockHash": chain.world.node.head().id().0 }));
    assert!(changes(&chain.world, &all).is_empty(), "what is there already is not new");
    for (first, second) in [(1, 2), (2, 2)] {
        chain.emit(first, second);
    }
    let numbers = |id: &Value, world: &World| -> Vec<String> {
        changes(world, id).iter().map(|log| log["blockNumber"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(&all, &chain.world), ["0x3", "0x4"]);
    assert_eq!(numbers(&all, &chain.world), [""; 0]);
    chain.emit(2, 3);
    chain.emit(1, 1);
    assert_eq!(numbers(&all, &chain.world), ["0x5", "0x6"]);
    assert_eq!(numbers(&twos, &chain.world), ["0x4", "0x5"]);
    assert_eq!(numbers(&until, &chain.world), ["0x4", "0x5"]);
    for id in [&twos, &until, &known] {
        assert_eq!(numbers(id, &chain.world), [""; 0]);
    }
    let logs = |id: &Value| chain.world.call("eth_getFilterLogs", json!([id])).as_array().unwrap().len();
    assert_eq!((logs(&all), logs(&until), logs(&known)), (5, 2, 1));
}

/// Transactions that wait, whole: as `eth_getTransactionByHash` gives them while they do. Many come in several answers.
#[test]
fn whole_transactions_are_told_once() {
    let world = World::new();
    let wallet = local(0);
    let [whole, hashes] = [json!([true]), json!([false])].map(|p| world.call("eth_newPendingTransactionFilter", p));
    let refused = world.refusal("eth_newPendingTransactionFilter", json!([1]));
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (-32_602, "invalid argument 0: a number where true or false is expected")
    );
    let short = sign(&wallet, &Draft::transfer(0, wallet.address, 1));
    world.submit(&short);
    let waiting = world.call("eth_getTransactionByHash", json!([short.hash]));
    assert_eq!(waiting["blockHash"], Value::Null);
    // A block takes it before anybody asks.
    world.seal(std::slice::from_ref(&short));
    assert_eq!(changes(&world, &whole), [waiting]);
    assert_eq!(changes(&world, &whole), [Value::Null; 0]);
    let long = |nonce| Draft { gas: 2_200_000, ..Draft::call(nonce, wallet.address, vec![1; 120_000]) };
    let sent: Vec<_> = (1..50).map(|nonce| sign(&wallet, &long(nonce))).collect();
    for tx in &sent {
        world.submit(tx);
    }
    let mut told = Vec::new();
    let mut answers = 0;
    loop {
        let some = changes(&world, &whole);
        let size = Value::from(some.clone()).to_string().len();
        assert!(size < 10_000_000, "{size} bytes");
        if some.is_empty() {
            break;
        }
        told.extend(some.into_iter().map(|tx| tx["hash"].clone()));
        answers += 1;
    }
    assert_eq!((json!(told), answers), (json!(sent.iter().map(|tx| tx.hash).collect::<Vec<_>>()), 2));
    assert_eq!(changes(&world, &hashes).len(), 50);
}

/// Polls of one filter by many clients while blocks come: together they hear of each block and log once.
#[test]
fn polls_at_the_same_time_share_the_news() {
    let mut chain = Emitter::new();
    let blocks = chain.world.call("eth_newBlockFilter", json!([]));
    let logs = chain.world.call("eth_newFilter", json!([{}]));
    let done = AtomicBool::new(false);
    let caller = chain.world.caller().clone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (sent, hashes, told) = std::thread::scope(|scope| {
        let polls: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let (mut hashes, mut told) = (Vec::new(), Vec::new());
                    loop {
                        let last = done.load(Ordering::Acquire);
                        for (id, news) in [(&blocks, &mut hashes), (&logs, &mut told)] {
                            let answer = runtime.block_on(ask(&caller, "eth_getFilterChanges", json!([id])));
                            news.extend(answer.expect("the filter is there").as_array().unwrap().clone());
                        }
                        if last {
                            return (hashes, told);
                        }
                    }
                })
            })
            .collect();
        let sent: Vec<Value> = (0..100).map(|number| json!(chain.emit(number, 0))).collect();
        done.store(true, Ordering::Release);
        let (mut hashes, mut told) = (Vec::new(), Vec::new());
        for poll in polls {
            let (some_hashes, some_logs) = poll.join().unwrap();
            hashes.extend(some_hashes);
            told.extend(some_logs.iter().map(|log| log["blockHash"].clone()));
        }
        (sent, hashes, told)
    });
    let sorted = |mut list: Vec<Value>| {
        list.sort_by_key(ToString::to_string);
        list
    };
    let sent = sorted(sent);
    assert_eq!(sorted(hashes), sent);
    assert_eq!(sorted(told), sent);
}

#[test]
fn transactions_are_told_when_a_block_can_hold_them() {
    let world = World::new();
    let wallet = local(0);
    let sign = |nonce| sign(&wallet, &Draft::transfer(nonce, wallet.address, 1));
    let before = sign(0);
    world.submit(&before);
    let id = world.call("eth_newPendingTransactionFilter", json!([]));
    assert!(changes(&world, &id).is_empty());
    let (next, gap, filling) = (sign(1), sign(3), sign(2));
    world.submit(&next);
    world.submit(&gap);
    assert_eq!(changes(&world, &id), [json!(next.hash)]);
    world.submit(&filling);
    assert_eq!(changes(&world, &id), [json!(filling.hash), json!(gap.hash)]);
    assert!(changes(&world, &id).is_empty());
}

#[test]
fn filters_that_nobody_asks_for_go() {
    let world = World::new();
    let id = world.call("eth_newBlockFilter", json!([]));
    let text = id.as_str().unwrap();
    assert!(text.starts_with("0x") && (20..=34).contains(&text.len()), "{text}");
    let idle = u64::try_from(FILTER_IDLE.as_millis()).unwrap();
    for _ in 0..3 {
        world.pass(idle);
        assert!(changes(&world, &id).is_empty());
    }
    world.pass(idle + 1);
    assert_eq!(world.refusal("eth_getFilterChanges", json!([id])), not_found());
    assert_eq!(world.call("eth_uninstallFilter", json!([id])), json!(false));

    let id = world.call("eth_newBlockFilter", json!([]));
    assert_eq!(world.refusal("eth_getFilterLogs", json!([id])), not_found());
    assert_eq!(world.call("eth_uninstallFilter", json!([id])), json!(true));
    assert_eq!(world.call("eth_uninstallFilter", json!([id])), json!(false));
    for unknown in ["0x1", "0xffffffffffffffffffffffffffffffff", "", "0x", "newest", "0x1_1"] {
        assert_eq!(world.refusal("eth_getFilterChanges", json!([unknown])), not_found(), "{unknown}");
        assert_eq!(world.call("eth_uninstallFilter", json!([unknown])), json!(false), "{unknown}");
    }
}

#[test]
fn filters_are_bounded_and_room_comes_back() {
    let world = World::new();
    for _ in 0..FILTERS_MAX {
        world.call("eth_newBlockFilter", json!([]));
    }
    let message = format!("too many filters, at most {FILTERS_MAX} are kept");
    let full = Refusal { code: -32_005, message, data: None };
    assert_eq!(world.refusal("eth_newFilter", json!([{}])), full);
    world.pass(300_001);
    world.call("eth_newFilter", json!([{}]));
}

#[test]
fn filters_refuse_what_makes_no_sense() {
    let Populated { world, .. } = Populated::new();
    let refused = world.refusal("eth_newFilter", json!([{ "fromBlock": "0x5", "toBlock": "0x1" }]));
    assert_eq!(refused, Refusal { code: -32_602, message: "invalid block range params".to_owned(), data: None });
    for method in ["eth_getFilterChanges", "eth_getFilterLogs", "eth_uninstallFilter"] {
        assert_eq!(world.refusal(method, json!([])).message, "missing value for required argument 0");
        let number = world.refusal(method, json!([1]));
        assert_eq!(number.message, "invalid argument 0: a number where a string is expected");
        assert_eq!(number.code, -32_602);
    }
}

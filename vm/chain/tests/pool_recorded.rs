//! The pool against what the Go node does: its words for what it refuses, and the blocks it made.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod pooled;
    pub(crate) mod record;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_primitives::{Address, B256, Bytes, U64};
use pars_chain::engine::{Built, Chain, Verdict, Wish, next_block};
use pars_chain::pool::{Limits, Origin, Pool};
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory};
use pars_chain::tx::Tx;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::context::at_its_time;
use support::pooled::shuffled;
use support::record::{NAMES, Record};

#[derive(Deserialize)]
struct Answers {
    calls: Vec<Call>,
    steps: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    method: String,
    params: Vec<Value>,
    result: Option<Value>,
    error: Option<Failure>,
    note: Option<String>,
    save: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    message: String,
}

/// What the RPC in front of the pool refuses, by the notes of the record.
const NOT_FOR_THE_POOL: [&str; 3] = ["unprotected", "fee cap of the node", "no prefix"];

/// Limits of the recorded node.
const RECORDED: fn() -> Limits = || Limits { account_slots: 4_096, global_slots: 100_000, ..Limits::default() };

/// The chain at its last block, a pool on it, and the node's answers.
fn standing(name: &str) -> (Chain, Pool, Answers) {
    let name = format!("../rpc-subnet-evm/transactions-{name}");
    let record = Record::read(&name);
    let mut chain = record.open(Arc::new(Memory::new()), History::Archive);
    record.advance(&mut chain, record.height());
    let pool = Pool::new(Arc::clone(chain.spec()), RECORDED(), chain.head()).expect("memory reads");
    (chain, pool, support::record::read(&name))
}

/// The transaction of a call, where its parameter is one.
fn transaction(call: &Call) -> Option<Arc<Tx>> {
    let bytes: Bytes = call.params.first()?.as_str()?.parse().ok()?;
    Tx::decode(&bytes).ok().map(Arc::new)
}

fn send(pool: &Pool, tx: &Arc<Tx>) -> Result<B256, String> {
    pool.submit(Arc::clone(tx), Origin::Remote, 0).map_err(|refused| refused.to_string())
}

#[test]
fn refusals_in_the_words_of_the_go_node() {
    let mut compared = 0;
    for name in ["forks-21", "granite-precompiles-21"] {
        let (_, pool, answers) = standing(name);
        for call in &answers.calls {
            let note = call.note.as_deref().unwrap_or_default();
            let Some(tx) = transaction(call).filter(|_| !NOT_FOR_THE_POOL.contains(&note)) else { continue };
            let expected = &call.error.as_ref().expect("all of them were refused").message;
            assert_eq!(send(&pool, &tx).as_ref(), Err(expected), "{name}: {note}");
            compared += 1;
        }
        assert!(pool.is_empty());
    }
    assert_eq!(compared, 46);
}

#[test]
fn replacement_and_content_as_in_the_go_node() {
    for name in ["forks-21", "granite-precompiles-21"] {
        let (chain, pool, answers) = standing(name);
        let mut saved: BTreeMap<&str, B256> = BTreeMap::new();
        let mut compared = 0;
        for call in &answers.steps {
            match call.method.as_str() {
                "eth_sendRawTransaction" => {
                    let tx = transaction(call).expect("a transaction");
                    if tx.nonce() == u64::MAX {
                        // The one difference: the Go node queues what can never be mined.
                        assert_eq!(send(&pool, &tx), Err("nonce has max value".to_owned()));
                        continue;
                    }
                    let expected = match &call.error {
                        None => Ok(tx.hash()),
                        Some(failure) => Err(failure.message.clone()),
                    };
                    assert_eq!(send(&pool, &tx), expected, "{name}: step {compared}");
                    if let Some(as_name) = &call.save {
                        saved.insert(as_name, tx.hash());
                    }
                }
                "txpool_content" => assert_eq!(hashes_here(&pool), hashes_there(call), "{name}"),
                "txpool_status" => {
                    let queued: U64 = field(call.result.as_ref().expect("an answer"), "queued");
                    let stats = pool.stats();
                    assert_eq!(
                        (stats.executable, stats.parked + 1),
                        (0, queued.to()),
                        "{name}: all but the nonce 2^64 - 1"
                    );
                }
                "eth_getTransactionCount" => {
                    let account: Address = call.params[0].as_str().unwrap().parse().unwrap();
                    let expected: U64 = serde_json::from_value(call.result.clone().unwrap()).unwrap();
                    assert_eq!(pool.pending_nonce(account, chain.head()).unwrap(), expected.to::<u64>(), "{name}");
                }
                "eth_getRawTransactionByHash" => {
                    let name = call.params[0].as_str().unwrap().trim_start_matches('$');
                    let Some(hash) = saved.get(name) else { continue };
                    let expected: Bytes = serde_json::from_value(call.result.clone().unwrap()).unwrap();
                    assert_eq!(pool.get(*hash).map(|tx| tx.encode()).unwrap_or_default(), expected, "{name}");
                }
                _ => continue,
            }
            compared += 1;
        }
        assert_eq!(compared, 18, "{name}");
    }
}

fn field<T: for<'de> Deserialize<'de>>(of: &Value, name: &str) -> T {
    serde_json::from_value(of[name].clone()).expect(name)
}

/// What the pool has parked, by sender and nonce.
fn hashes_here(pool: &Pool) -> BTreeMap<(Address, u64), B256> {
    let content = pool.content();
    assert!(content.iter().all(|content| content.executable.is_empty()));
    let of = |content: pars_chain::pool::Content| {
        content.parked.into_iter().map(move |tx| ((content.sender, tx.nonce()), tx.hash()))
    };
    content.into_iter().flat_map(of).collect()
}

/// What the node had queued, but for the nonce that it should have refused.
fn hashes_there(call: &Call) -> BTreeMap<(Address, u64), B256> {
    let queued: BTreeMap<Address, BTreeMap<String, Value>> = field(call.result.as_ref().expect("an answer"), "queued");
    let of = |(sender, queue): (Address, BTreeMap<String, Value>)| {
        queue.into_iter().map(move |(nonce, tx)| ((sender, nonce.parse().expect("a nonce")), field(&tx, "hash")))
    };
    queued.into_iter().flat_map(of).filter(|((_, nonce), _)| *nonce != u64::MAX).collect()
}

/// The transactions of each recorded block go through one pool in random order; what the builder makes of them is
/// verified by another chain. Then both go on with the recorded block.
#[test]
fn blocks_from_random_arrival_order() {
    let (mut sent, mut left_out) = (0, 0);
    for name in NAMES {
        let record = Record::read(name);
        let mut builder = record.open(Arc::new(Memory::new()), History::Archive);
        let mut verifier = record.open(Arc::new(Memory::new()), History::Archive);
        let pool = Pool::new(Arc::clone(builder.spec()), Limits::default(), builder.head()).unwrap();
        for height in 1..=record.height() {
            let recorded = record.at(height).block(&builder);
            let refused: Vec<String> =
                shuffled(recorded.transactions.clone(), height).iter().filter_map(|tx| send(&pool, tx).err()).collect();
            let now_ms = recorded.header.unix_ms();
            let next = next_block(builder.spec(), builder.head(), now_ms).unwrap().expect("a next block");
            let mut candidates = pool.candidates(builder.head(), next.base_fee, 0);
            let wish = Wish {
                now_ms,
                fee_recipient: Some(recorded.header.coinbase),
                min_delay_target: Some(1),
                verdicts: None,
            };
            match builder.build(&mut candidates, wish).unwrap() {
                Built::Block(block) => {
                    let parsed = verifier.parse(block.bytes().clone()).unwrap();
                    assert_eq!(
                        verifier.verify(&parsed, at_its_time(&parsed)),
                        Ok(Verdict::Valid),
                        "{name}: block {height}"
                    );
                    let counts = (block.transactions.len(), recorded.transactions.len());
                    assert!(refused.is_empty(), "{name}: block {height}: {refused:?}");
                    // In another order, the limits of the last ones may not fit into the gas that is left.
                    let limits: u64 = recorded.transactions.iter().map(|tx| tx.gas_limit()).sum();
                    assert!(
                        counts.0 == counts.1 || limits > recorded.header.gas_limit,
                        "{name}: block {height}: {counts:?}"
                    );
                    left_out += counts.1 - counts.0;
                    if block.id() != recorded.id() {
                        for chain in [&mut builder, &mut verifier] {
                            assert_eq!(chain.reject(block.id()).unwrap().id(), block.id());
                        }
                    }
                }
                Built::Nothing | Built::TooEarly { .. } | Built::Refused(_) => {
                    panic!("{name}: block {height}: nothing built; refused: {refused:?}")
                }
            }
            sent += recorded.transactions.len();
            for chain in [&mut builder, &mut verifier] {
                assert_eq!(chain.verify(&recorded, at_its_time(&recorded)), Ok(Verdict::Valid));
                chain.accept(recorded.id(), Durability::Buffered).unwrap();
                chain.set_preference(recorded.id()).unwrap();
            }
            pool.reset(builder.head(), &[], now_ms).unwrap();
            assert!(pool.is_empty(), "{name}: block {height}: what is included has left");
        }
    }
    assert_eq!((sent, left_out), (10_647, 8));
}

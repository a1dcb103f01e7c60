//! A block is visible at once or not at all: 64 readers while 1,000 blocks are accepted.

use crate::world::{EMITTER, World, ask, words};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use pars_chain::state::commit::History;
use pars_chain::store::{Memory, Store};
use pars_tests::process::wallet::{Draft, Wallet};
use pars_vm::rpc::dispatch::Caller;
use pars_vm::rpc::limits::Limits;
use pars_vm::store::rocks::Rocks;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const READERS: usize = 64;
const BLOCKS: u64 = 1_000;

#[test]
fn report_5_5_blocks_are_visible_whole_in_memory() {
    watch(Arc::new(Memory::new()));
}

#[test]
fn report_5_5_blocks_are_visible_whole_on_rocksdb() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    watch(Arc::new(Rocks::open(folder.path()).expect("opens")));
}

/// What readers know.
struct Shared {
    emitter: Address,
    sender: Address,
    /// A transaction that the pool has taken: from then on it is somewhere.
    taken: parking_lot::Mutex<B256>,
    done: AtomicBool,
    looks: AtomicU64,
}

fn watch(store: Arc<dyn Store>) {
    let world = World::over(store, Limits::default(), History::Pruned(1_024));
    let [a, b] = [0, 1].map(|index| Wallet::local(index).unwrap());
    let first = a.sign(&Draft::create(0, EMITTER)).unwrap();
    world.submit(&first);
    world.seal(&[first.clone()]);
    let shared = Arc::new(Shared {
        emitter: a.address.create(0),
        sender: a.address,
        taken: parking_lot::Mutex::new(first.hash),
        done: AtomicBool::new(false),
        looks: AtomicU64::new(0),
    });
    world.runtime().block_on(async {
        let readers: Vec<_> =
            (0..READERS).map(|_| tokio::spawn(read(world.caller().clone(), Arc::clone(&shared)))).collect();
        for height in 2..=BLOCKS + 1 {
            let call = a.sign(&Draft::call(height - 1, shared.emitter, words(height, 0))).unwrap();
            let pay = b.sign(&Draft::transfer(height - 2, a.address, 1)).unwrap();
            for tx in [&call, &pay] {
                world.submit(tx);
            }
            *shared.taken.lock() = call.hash;
            let block = world.seal_soon(&[call, pay]).await;
            assert_eq!(block.height(), height);
        }
        shared.done.store(true, Ordering::Release);
        for reader in readers {
            reader.await.expect("no reader failed");
        }
    });
    let looks = shared.looks.load(Ordering::Relaxed);
    println!("{READERS} readers looked {looks} times during {BLOCKS} blocks");
    assert!(looks > 200, "{looks} looks");
}

/// Looks at the head again and again, and at all that belongs to it.
async fn read(caller: Caller, shared: Arc<Shared>) {
    while !shared.done.load(Ordering::Acquire) {
        let taken = *shared.taken.lock();
        let found = ask(&caller, "eth_getTransactionByHash", json!([taken])).await;
        assert!(found.as_ref().is_ok_and(|found| !found.is_null()), "{taken}: {found:?}");
        look(&caller, &shared).await;
        shared.looks.fetch_add(1, Ordering::Relaxed);
    }
}

async fn look(caller: &Caller, shared: &Shared) {
    let get = async |method: &str, params: Value| {
        let answer = ask(caller, method, params).await;
        answer.unwrap_or_else(|refusal| panic!("{method}: {refusal:?}"))
    };
    let height = get("eth_blockNumber", json!([])).await;
    let number = u64::from_str_radix(&height.as_str().unwrap()[2..], 16).unwrap();
    let block = get("eth_getBlockByNumber", json!([height, false])).await;
    assert!(!block.is_null(), "block {height}");
    let transactions = block["transactions"].as_array().unwrap();
    let receipts = get("eth_getBlockReceipts", json!([height])).await;
    assert_eq!(receipts.as_array().map(Vec::len), Some(transactions.len()), "receipts of {height}");
    for hash in transactions {
        let receipt = get("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!(receipt["blockHash"], block["hash"], "receipt of {hash}");
        let transaction = get("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!(transaction["blockHash"], block["hash"], "transaction {hash}");
    }
    let logs = get("eth_getLogs", json!([{ "fromBlock": height, "toBlock": height }])).await;
    assert_eq!(logs.as_array().map(Vec::len), Some(usize::from(number > 1)), "logs of {height}");
    assert_eq!(get("eth_getLogs", json!([{ "blockHash": block["hash"] }])).await, logs);
    // The emitter keeps the height of its last call.
    let expected = if number > 1 { U256::from(number) } else { U256::ZERO };
    let slot = get("eth_getStorageAt", json!([shared.emitter, "0x0", { "blockHash": block["hash"] }])).await;
    assert_eq!(slot, json!(B256::from(expected)), "slot at {height}");
    let nonce = get("eth_getTransactionCount", json!([shared.sender, height])).await;
    assert_eq!(nonce, height, "nonce at {height}");
    let proof = get("eth_getProof", json!([shared.emitter, ["0x0"], height])).await;
    assert_eq!(proof["storageProof"][0]["value"], json!(expected), "proof at {height}");
    let root: Bytes = serde_json::from_value(proof["accountProof"][0].clone()).unwrap();
    assert_eq!(json!(keccak256(root)), block["stateRoot"], "proof at {height}");
}

//! A chain whose blocks come when a test says so, and its JSON-RPC.

use alloy_primitives::{Address, B256, Bytes, bytes};
use pars_chain::block::Block;
use pars_chain::engine::{Built, Chain, Context, InOrder, Opening, Verdict, Wish};
use pars_chain::error::Error;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory, Store};
use pars_chain::tx::Tx;
use pars_genesis::presets;
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use pars_vm::clock::Clock;
use pars_vm::node::{Choices, Node, Sealing};
use pars_vm::replay::record::Record;
use pars_vm::rpc::api::Api;
use pars_vm::rpc::dispatch::Caller;
use pars_vm::rpc::limits::Limits;
use pars_vm::rpc::table::Group;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use strum::IntoEnumIterator as _;
use tokio::runtime::Runtime;

/// A contract that keeps its first word of input in slot 0 and logs it: topics are the two words, data the first.
pub(crate) const EMITTER: Bytes = bytes!("6016600c60003960166000f3" "6000358060005560005260203560003560206000a200");
/// What makes no contract, but reverts with the reason "no".
pub(crate) const REFUSES: Bytes = bytes!(
    "7f08c379a000000000000000000000000000000000000000000000000000000000600052"
    "60206004526002602452"
    "7f6e6f00000000000000000000000000000000000000000000000000000000000060445260646000fd"
);
/// A contract that always reverts.
pub(crate) const REVERTER: Bytes = bytes!("6005600c60003960056000f3" "60006000fd");

/// Time of genesis, Unix milliseconds.
const GENESIS_MS: u64 = 1_764_547_200_000;

/// A chain and its JSON-RPC.
pub(crate) struct World {
    pub(crate) node: Arc<Node>,
    pub(crate) clock: Arc<AtomicU64>,
    caller: Caller,
    runtime: Runtime,
}

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) message: String,
    pub(crate) data: Option<Value>,
}

impl World {
    /// The chain `local` in memory.
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), History::Archive)
    }

    pub(crate) fn with(limits: Limits, history: History) -> Self {
        Self::over(Arc::new(Memory::new()), limits, history)
    }

    pub(crate) fn over(store: Arc<dyn Store>, limits: Limits, history: History) -> Self {
        let genesis = presets::local(1);
        let opening = Opening { history, ..Opening::new(&genesis) };
        Self::of(Chain::open(store, &opening).expect("the preset opens"), limits)
    }

    /// A chain that the Go node recorded, all of it.
    pub(crate) fn recorded(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/subnet-evm");
        let record = Record::read(&folder.join(format!("{name}.json.gz"))).expect("checked in");
        let opening = record.opening(History::Archive);
        let mut chain = Chain::open(Arc::new(Memory::new()), &opening).expect("the recorded chain opens");
        for recorded in record.blocks.iter().skip(1) {
            let block = chain.parse(recorded.rlp.clone()).expect("a block");
            let context = Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
            assert_eq!(chain.verify(&block, context), Ok(Verdict::Valid));
            chain.accept(block.id(), Durability::Buffered).expect("memory stores");
        }
        Self::of(chain, Limits::default())
    }

    /// Any chain.
    pub(crate) fn of(chain: Chain, limits: Limits) -> Self {
        let node = Node::start(chain, Choices::default(), Sealing::Host, None).expect("a thread");
        let node = Arc::new(node);
        let clock = Arc::new(AtomicU64::new(GENESIS_MS));
        let api = Api::new(Arc::clone(&node), limits, Group::iter(), Clock::Set(Arc::clone(&clock)));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        Self { node, clock, caller: Caller::once(Arc::new(api)), runtime }
    }

    pub(crate) const fn caller(&self) -> &Caller {
        &self.caller
    }

    pub(crate) const fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Puts a transaction into the pool.
    pub(crate) fn submit(&self, tx: &Signed) -> B256 {
        let tx = Tx::decode(&tx.raw).expect("a transaction");
        self.node.submit(Arc::new(tx)).expect("the pool takes it")
    }

    /// Seals a block of these, two seconds after the last one, and accepts it.
    pub(crate) fn seal(&self, transactions: &[Signed]) -> Arc<Block> {
        self.runtime.block_on(self.seal_soon(transactions))
    }

    pub(crate) async fn seal_soon(&self, transactions: &[Signed]) -> Arc<Block> {
        let count = transactions.len();
        let decode = |tx: &Signed| Arc::new(Tx::decode(&tx.raw).expect("a transaction"));
        let candidates: Vec<_> = transactions.iter().map(decode).collect();
        let engine = self.node.engine().expect("the chain runs");
        let sealed = engine.call(move |owner| {
            let block = owner.attempt(|chain| {
                let now_ms = chain.head().header().unix_ms() + 2_000;
                let wish = Wish { now_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
                Ok(chain.build(&mut InOrder::new(candidates), wish)?)
            })?;
            let Built::Block(block) = block else { panic!("no block: {block:?}") };
            owner.set_preference(block.id())?;
            owner.accept(block.id(), Durability::Buffered)?;
            Ok::<_, Error>(block)
        });
        let block = sealed.await.expect("the chain runs").expect("the block is accepted");
        assert_eq!(block.transactions.len(), count, "the builder left some out");
        block
    }

    /// Moves the clock.
    pub(crate) fn pass(&self, ms: u64) {
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    /// What a method answers.
    pub(crate) fn call(&self, method: &str, params: Value) -> Value {
        self.ask(method, params).unwrap_or_else(|refusal| panic!("{method}: {refusal:?}"))
    }

    /// Why a method refuses.
    pub(crate) fn refusal(&self, method: &str, params: Value) -> Refusal {
        match self.ask(method, params) {
            Err(refusal) => refusal,
            Ok(result) => panic!("{method} answered {result}"),
        }
    }

    pub(crate) fn ask(&self, method: &str, params: Value) -> Result<Value, Refusal> {
        self.runtime.block_on(ask(&self.caller, method, params))
    }
}

/// Asks once.
pub(crate) async fn ask(caller: &Caller, method: &str, params: Value) -> Result<Value, Refusal> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let answer = caller.answer(body.as_bytes()).await;
    let mut answer: Value = serde_json::from_slice(&answer).expect("JSON");
    match answer.get("error") {
        None => Ok(answer["result"].take()),
        Some(error) => Err(Refusal {
            code: error["code"].as_i64().expect("a code"),
            message: error["message"].as_str().expect("a message").to_owned(),
            data: error.get("data").cloned(),
        }),
    }
}

/// The chain that most tests ask about, with what it holds.
pub(crate) struct Populated {
    pub(crate) world: World,
    pub(crate) wallets: [Wallet; 3],
    pub(crate) emitter: Address,
    pub(crate) reverter: Address,
    pub(crate) blocks: Vec<Arc<Block>>,
    /// In blocks, by their order: a transfer of each type, two creations, four calls that log; calls of each type that
    /// revert, and a creation that does.
    pub(crate) mined: Vec<Signed>,
    /// In the pool: of types 2 and 1, which a block can hold, and of type 0 behind a nonce that is missing.
    pub(crate) waiting: Vec<Signed>,
}

/// One of the accounts that have coins.
pub(crate) fn local(index: usize) -> Wallet {
    Wallet::local(index).expect("there are eleven")
}

/// A transaction of type 2.
pub(crate) fn sign(wallet: &Wallet, draft: &Draft) -> Signed {
    wallet.sign(draft).expect("its key signs")
}

/// Input of the emitter.
pub(crate) fn words(first: u64, second: u64) -> Bytes {
    [first, second].map(|word| B256::from(alloy_primitives::U256::from(word)).0).concat().into()
}

impl Populated {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), History::Archive)
    }

    pub(crate) fn with(limits: Limits, history: History) -> Self {
        use pars_tests::process::wallet::Kind::{Eip1559, Eip2930, Legacy};
        let world = World::with(limits, history);
        let wallets = [0, 1, 2].map(local);
        let ([a, b, c], d) = (wallets, local(3));
        let (emitter, reverter) = (a.address.create(1), b.address.create(1));
        let sign = |wallet: &Wallet, kind, draft| wallet.sign_as(kind, &draft).expect("its key signs");
        let access = vec![alloy_eips::eip2930::AccessListItem {
            address: emitter,
            storage_keys: vec![B256::ZERO, B256::with_last_byte(7)],
        }];
        let blocks = [
            vec![sign(&a, Legacy, Draft::transfer(0, c.address, 1))],
            vec![
                sign(&a, Eip1559, Draft { tip: 2, ..Draft::create(1, EMITTER) }),
                sign(&b, Eip2930, Draft { gas: 30_000, ..Draft::transfer(0, c.address, 2) }),
            ],
            vec![
                sign(&a, Eip1559, Draft::call(2, emitter, words(1, 10))),
                sign(&b, Legacy, Draft::create(1, REVERTER)),
                sign(&c, Eip2930, Draft { access: access.clone(), ..Draft::call(0, emitter, words(2, 10)) }),
            ],
            vec![
                sign(&a, Eip1559, Draft::call(3, reverter, words(9, 9))),
                sign(&d, Legacy, Draft::call(0, reverter, words(9, 9))),
                sign(&d, Eip2930, Draft { access: access.clone(), ..Draft::call(1, reverter, words(9, 9)) }),
                sign(&d, Eip1559, Draft::create(2, REFUSES)),
                sign(&b, Legacy, Draft::call(2, emitter, words(3, 20))),
            ],
            vec![sign(&c, Eip1559, Draft::transfer(1, Address::repeat_byte(0xee), 5))],
            vec![sign(&a, Eip1559, Draft::call(4, emitter, words(1, 20)))],
        ];
        let mined = blocks.concat();
        let blocks = blocks.iter().map(|transactions| world.seal(transactions)).collect();
        let waiting = vec![
            sign(&a, Eip1559, Draft { tip: 2_000_000_000, ..Draft::transfer(5, b.address, 7) }),
            sign(&c, Eip2930, Draft { access, ..Draft::call(2, emitter, words(4, 30)) }),
            sign(&b, Legacy, Draft::create(9, EMITTER)),
        ];
        for tx in &waiting {
            world.submit(tx);
        }
        Self { world, wallets, emitter, reverter, blocks, mined, waiting }
    }
}

//! Blocks on blocks that are not decided: contracts that come, fill their storage, go and come again at the same
//! address, on several branches. The store must not know whether a block was executed on layers or on what is stored.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use pars_chain::block::{Block, BlockId};
use pars_chain::engine::{Built, Chain, InOrder, Verdict, Wish};
use pars_chain::state::account::EMPTY_ROOT_HASH;
use pars_chain::state::audit::audit;
use pars_chain::state::commit::History;
use pars_chain::store::{Column, Durability, Memory, Store};
use std::sync::Arc;
use support::context::at_its_time;
use support::files::{Era, Files};
use support::wallet::{Draft, Key};

/// Initcode: sets slots 1 and 2, and leaves a contract that sets a slot, or is gone after a call without input:
/// PUSH1 1, PUSH1 1, SSTORE, PUSH1 2, PUSH1 2, SSTORE,
/// PUSH1 16, PUSH1 22, PUSH1 0, CODECOPY, PUSH1 16, PUSH1 0, RETURN,
/// code: CALLDATASIZE, ISZERO, PUSH1 13, JUMPI, PUSH1 32, CALLDATALOAD, PUSH1 0, CALLDATALOAD, SSTORE, STOP,
/// JUMPDEST, CALLER, SELFDESTRUCT
const MORTAL: [u8; 38] =
    hex!("6001600155 6002600255 6010 6016 6000 39 6010 6000 f3 36 15 600d 57 602035 600035 55 00 5b 33 ff");

/// Creates one at the salt in its input; [`MORTAL`] follows:
/// PUSH1 38, DUP1, PUSH1 18, PUSH1 0, CODECOPY, PUSH1 0, CALLDATALOAD, SWAP1, PUSH1 0, PUSH1 0, CREATE2, STOP
const FACTORY: [u8; 18] = hex!("6026 80 6012 6000 39 600035 90 6000 6000 f5 00");
const FACTORY_AT: Address = Address::repeat_byte(0xfa);

/// Ends the contract in its input, and then, in the same transaction, has it set slot 7 to 5:
/// PUSH1 7, PUSH1 0, MSTORE, PUSH1 5, PUSH1 32, MSTORE,
/// PUSH1 0 five times, PUSH1 0, CALLDATALOAD, GAS, CALL, POP,
/// PUSH1 0, PUSH1 0, PUSH1 64, PUSH1 0, PUSH1 0, PUSH1 0, CALLDATALOAD, GAS, CALL, POP, STOP
const UNDEAD: [u8; 43] = hex!(
    "6007 6000 52 6005 6020 52"
    "6000 6000 6000 6000 6000 600035 5a f1 50"
    "6000 6000 6040 6000 6000 600035 5a f1 50 00"
);
const UNDEAD_AT: Address = Address::repeat_byte(0xde);

#[test]
fn layers_leave_no_trace() {
    for era in [Era::Durango, Era::Etna] {
        let factory = [&FACTORY[..], &MORTAL].concat();
        let files = Files::new(era).code(FACTORY_AT, factory).code(UNDEAD_AT, UNDEAD);
        let (deep_store, straight_store) = (Memory::new(), Memory::new());
        let mut deep = files.open(Arc::new(deep_store.clone()), History::Archive);
        let mut straight = files.open(Arc::new(straight_store.clone()), History::Archive);
        let genesis = deep_store.dump();
        let mut random = Random(u64::from(era == Era::Etna));
        let mut wiped = 0;
        for round in 0..60 {
            let (path, siblings) = grow(&mut deep, &mut random);
            for block in &path {
                assert_eq!(straight.verify(block, at_its_time(block)), Ok(Verdict::Valid), "round {round}");
                straight.accept(block.id(), Durability::Buffered).expect("memory stores");
                deep.accept(block.id(), Durability::Buffered).expect("memory stores");
                wiped += usize::from(wipes(&deep, block.height()));
                for sibling in siblings.iter().filter(|sibling| sibling.height() == block.height()) {
                    deep.reject(sibling.id()).expect("held");
                }
            }
            assert!(deep_store.dump() == straight_store.dump(), "{era:?}, round {round}");
        }
        assert_eq!(wiped > 20, era == Era::Durango, "{wiped}");
        let height = deep.head().height();
        let read = deep_store.snapshot().expect("memory reads");
        let report = audit(read, height).expect("all of it agrees");
        assert_eq!((report.height, report.oldest), (height, 0));

        let whole = deep_store.dump();
        deep.rewind(0).expect("archive keeps all");
        let mut now = deep_store.dump();
        // Code is found by its hash, so what is left of it harms nobody.
        now.retain(|key, _| key.0 != Column::Code || genesis.contains_key(key));
        assert!(now == genesis, "{era:?}: a rewind of everything left something");
        for height in 1..=height {
            let block = Arc::new(straight.head().block(height).expect("memory reads").expect("accepted"));
            assert_eq!(deep.verify(&block, at_its_time(&block)), Ok(Verdict::Valid));
            deep.accept(block.id(), Durability::Buffered).expect("memory stores");
        }
        assert!(deep_store.dump() == whole);
    }
}

/// Builds a path of blocks on the head, and beside each of them another one that will lose.
fn grow(chain: &mut Chain, random: &mut Random) -> (Vec<Arc<Block>>, Vec<Arc<Block>>) {
    let mut parent = chain.head().id();
    let (mut path, mut siblings) = (Vec::new(), Vec::new());
    for _ in 0..=random.below(6) {
        let block = build(chain, parent, random);
        let sibling = build(chain, parent, random);
        parent = block.id();
        if sibling.id() != block.id() {
            siblings.push(sibling);
        }
        path.push(block);
    }
    (path, siblings)
}

fn build(chain: &mut Chain, parent: BlockId, random: &mut Random) -> Arc<Block> {
    chain.set_preference(parent).expect("held");
    let view = chain.view(parent).expect("held");
    let key = Key::new(u8::try_from(1 + random.below(3)).expect("small"));
    let account = view.account(&keccak256(key.address)).expect("memory reads").expect("rich");
    let transactions: Vec<_> =
        (account.nonce..=account.nonce + random.below(4)).map(|nonce| key.sign(&random.draft().nonce(nonce))).collect();
    let wish =
        Wish { now_ms: view.header().unix_ms() + 2_000, fee_recipient: None, min_delay_target: None, verdicts: None };
    match chain.build(&mut InOrder::new(transactions), wish) {
        Ok(Built::Block(block)) => block,
        Ok(other) => panic!("{other:?}"),
        Err(fatal) => panic!("{fatal}"),
    }
}

/// A block after which the storage of a contract is gone, or none of it is what it was.
fn wipes(chain: &Chain, height: u64) -> bool {
    let (before, after) = (chain.view_at(height - 1).expect("kept"), chain.view_at(height).expect("kept"));
    (0..SALTS).any(|salt| {
        let account = keccak256(child(salt));
        let root = |view: &pars_chain::view::View| {
            view.account(&account).expect("memory reads").map(|account| account.storage_root)
        };
        root(&before).is_some_and(|root| root != EMPTY_ROOT_HASH) && root(&after).is_none()
    })
}

const SALTS: u64 = 3;

fn child(salt: u64) -> Address {
    FACTORY_AT.create2(B256::from(U256::from(salt)), keccak256(MORTAL))
}

/// Splitmix64.
struct Random(u64);

impl Random {
    const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn draft(&mut self) -> Draft {
        let salt = self.below(SALTS);
        let word = |value: u64| B256::from(U256::from(value)).0;
        match self.below(6) {
            0 | 1 => Draft::call(FACTORY_AT, word(salt)),
            2 => Draft::call(child(salt), Vec::new()),
            3 => Draft::call(UNDEAD_AT, child(salt).into_word().0),
            _ => Draft::call(child(salt), [word(self.below(4)), word(self.below(3))].concat()),
        }
    }
}

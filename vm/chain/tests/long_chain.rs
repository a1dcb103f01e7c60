//! A chain longer than the history that is kept by default: proofs inside the window, and all the way back.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use alloy_trie::Nibbles;
use alloy_trie::proof::verify_proof;
use pars_chain::engine::Verdict;
use pars_chain::error::{Error, Misuse};
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::state::account::{Account, EMPTY_ROOT_HASH, slot_leaf};
use pars_chain::state::commit::History;
use pars_chain::store::{Column, Durability};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use support::context::at_its_time;
use support::files::{Era, Files, START};
use support::wallet::{Draft, Key};
use support::world::World;

const BLOCKS: u64 = 1_100;
/// Etna, with which SELFDESTRUCT stops to remove contracts, and Granite come during the run.
const ETNA_AFTER: u64 = 1_400;
const GRANITE_AFTER: u64 = 1_900;

/// Sets a slot:
/// PUSH1 32, CALLDATALOAD, PUSH1 0, CALLDATALOAD, SSTORE, STOP
const SETTER: [u8; 9] = hex!("602035 600035 55 00 00");
const SETTER_AT: Address = address!("00000000000000000000000000000000005e77e2");

/// Initcode: sets slots 1 and 2, and leaves a contract that sets a slot, or is gone after a call without input:
/// PUSH1 1, PUSH1 1, SSTORE, PUSH1 2, PUSH1 2, SSTORE,
/// PUSH1 16, PUSH1 22, PUSH1 0, CODECOPY, PUSH1 16, PUSH1 0, RETURN,
/// code: CALLDATASIZE, ISZERO, PUSH1 13, JUMPI, PUSH1 32, CALLDATALOAD, PUSH1 0, CALLDATALOAD, SSTORE, STOP,
/// JUMPDEST, CALLER, SELFDESTRUCT
const MORTAL: [u8; 38] =
    hex!("6001600155 6002600255 6010 6016 6000 39 6010 6000 f3 36 15 600d 57 602035 600035 55 00 5b 33 ff");

#[test]
fn a_chain_longer_than_the_window() {
    let files = Files::new(Era::Durango)
        .config("etnaTimestamp", json!(START + ETNA_AFTER))
        .config("graniteTimestamp", json!(START + GRANITE_AFTER))
        .code(SETTER_AT, SETTER);
    let mut world = World::with_history(&files, History::Pruned(HISTORY_WINDOW));
    let mut run = Run::default();
    let keys: Vec<Key> = (1..=4).map(Key::new).collect();
    for height in 1..=BLOCKS {
        let transactions: Vec<_> = (0..=run.random(3))
            .map(|_| {
                let (key, draft) = run.draft(&keys);
                world.sign(&key, draft)
            })
            .collect();
        let sealed = world.seal(transactions);
        assert_eq!(sealed.block.height(), height);
        assert!(sealed.receipts.iter().all(|receipt| receipt.success), "block {height}");
        run.settle(&world, height);
    }
    assert!(run.wiped.len() > 20, "only {} blocks wiped storage", run.wiped.len());
    assert!(world.chain.head().header().min_delay_excess.is_some(), "Granite never came");

    let oldest = BLOCKS - HISTORY_WINDOW;
    for _ in 0..60 {
        let height = oldest + run.random(HISTORY_WINDOW + 1);
        check_proofs(&world, &run, height);
    }
    for height in [oldest, oldest + 1, BLOCKS - 1, BLOCKS] {
        check_proofs(&world, &run, height);
    }
    let refused = world.chain.view_at(oldest - 1).map(|view| view.id());
    assert_eq!(refused, Err(Error::Misuse(Misuse::Pruned { wanted: oldest - 1, oldest })));

    rewind_and_accept(&mut world, &run, oldest);
}

/// As far back as the window reaches, over blocks that wiped storage, and forth again.
fn rewind_and_accept(world: &mut World, run: &Run, oldest: u64) {
    let wiped = run.wiped.iter().filter(|height| **height > oldest).count();
    assert!(wiped > 20, "only {wiped} of the blocks to rewind wiped storage");
    let head = world.chain.head().clone();
    let whole = world.store.dump();
    let refused = world.chain.rewind(oldest - 1).map(|view| view.id());
    assert_eq!(refused, Err(Error::Misuse(Misuse::Pruned { wanted: oldest - 1, oldest })));
    world.chain.rewind(oldest).expect("the edge of the window");
    assert_eq!(world.chain.head().height(), oldest);
    let kept = world.store.dump().keys().filter(|(column, _)| *column == Column::Changes).count();
    assert_eq!(kept, 0, "no reverse diff is left to use");
    for height in oldest + 1..=BLOCKS {
        let block = Arc::new(head.block(height).expect("memory reads").expect("its snapshot has it"));
        assert_eq!(world.chain.verify(&block, at_its_time(&block)), Ok(Verdict::Valid), "block {height}");
        world.chain.accept(block.id(), Durability::Buffered).expect("memory stores");
    }
    assert_eq!(world.chain.head().id(), head.id());
    assert!(world.store.dump() == whole, "accepting again gave another store");
}

/// Proofs of accounts and slots at a height, there and absent, by another implementation against that block's header.
fn check_proofs(world: &World, run: &Run, height: u64) {
    let view = world.chain.view_at(height).expect("inside the window");
    let root = view.header().state_root;
    assert_eq!(view.height(), height);
    let slots: Vec<B256> = (0..4).map(B256::with_last_byte).collect();
    let contracts = run.contracts.iter().take(6).map(|contract| contract.at);
    let accounts = [SETTER_AT, Key::new(1).address, Key::new(9).address, Address::repeat_byte(0xee)];
    for address in contracts.chain(accounts) {
        let proof = view.proof(address, &slots).expect("memory reads");
        let value = proof.account.map(|account| account.to_bytes());
        verify_proof(root, Nibbles::unpack(keccak256(address)), value, &proof.account_proof)
            .unwrap_or_else(|cause| panic!("{address} at {height}: {cause}"));
        let storage_root = proof.account.map_or(EMPTY_ROOT_HASH, |account: Account| account.storage_root);
        for (slot, value, nodes) in &proof.storage {
            let value = (!value.is_zero()).then(|| slot_leaf(*value));
            verify_proof(storage_root, Nibbles::unpack(keccak256(slot)), value, nodes)
                .unwrap_or_else(|cause| panic!("slot {slot} of {address} at {height}: {cause}"));
        }
    }
    for contract in &run.contracts {
        let there = contract.from <= height && contract.until.is_none_or(|until| height < until);
        let slot = view.slot_of(contract.at, B256::with_last_byte(2)).expect("memory reads");
        assert_eq!(U256::from_be_bytes(slot.0), U256::from(if there { 2 } else { 0 }), "{} at {height}", contract.at);
    }
}

/// What the random workload did.
#[derive(Default)]
struct Run {
    state: u64,
    contracts: Vec<Contract>,
    /// Blocks that removed a contract with storage.
    wiped: BTreeSet<u64>,
    created: Vec<Address>,
    killed: Vec<usize>,
    nonces: [u64; 4],
}

struct Contract {
    at: Address,
    /// Height of its block.
    from: u64,
    /// Height of the block that removed it.
    until: Option<u64>,
    called: bool,
}

impl Run {
    /// Below a bound (splitmix64).
    const fn random(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn draft(&mut self, keys: &[Key]) -> (Key, Draft) {
        let who = usize::try_from(self.random(4)).expect("small");
        let key = keys[who];
        let nonce = self.nonces[who];
        self.nonces[who] += 1;
        let draft = match self.random(10) {
            0..3 => Draft::transfer(Address::with_last_byte(u8::try_from(self.random(200) + 20).expect("small")), 7),
            3..6 => {
                let (slot, value) = (self.random(40), self.random(3));
                let input = [B256::from(U256::from(slot)).0, B256::from(U256::from(value)).0].concat();
                Draft::call(SETTER_AT, input)
            }
            6..8 => {
                self.created.push(key.address.create(nonce));
                Draft::create(MORTAL)
            }
            _ => {
                let alive: Vec<usize> =
                    (0..self.contracts.len()).filter(|index| !self.contracts[*index].called).collect();
                if alive.is_empty() {
                    return (key, Draft::transfer(key.address, 1));
                }
                let index =
                    alive[usize::try_from(self.random(u64::try_from(alive.len()).expect("small"))).expect("small")];
                self.contracts[index].called = true;
                self.killed.push(index);
                Draft::call(self.contracts[index].at, Vec::new())
            }
        };
        (key, draft)
    }

    /// After the block of this height.
    fn settle(&mut self, world: &World, height: u64) {
        for at in std::mem::take(&mut self.created) {
            self.contracts.push(Contract { at, from: height, until: None, called: false });
        }
        let etna = world.chain.head().header().time >= START + ETNA_AFTER;
        for index in std::mem::take(&mut self.killed) {
            let contract = &mut self.contracts[index];
            assert_eq!(world.account(contract.at).is_some(), etna, "SELFDESTRUCT removes until Etna");
            if !etna {
                contract.until = Some(height);
                self.wiped.insert(height);
            }
        }
    }
}

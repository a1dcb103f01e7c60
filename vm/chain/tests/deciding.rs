//! What a host may ask, in the orders in which it does: verify, accept, reject, prefer, restart.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_primitives::{Address, B256, U256, keccak256};
use pars_chain::block::{Block, BlockId};
use pars_chain::engine::{Built, Chain, InOrder, Verdict, Wish};
use pars_chain::error::{Invalid, Misuse};
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory};
use std::sync::Arc;
use support::context::at_its_time;
use support::files::{Era, Files};
use support::wallet::{Draft, Key};
use support::world::World;

/// A tree of verified blocks that are not decided: A1 - A2 - A3, and B1 - B2 beside it, C1 too.
struct Tree {
    chain: Chain,
    store: Memory,
    a: [Arc<Block>; 3],
    b: [Arc<Block>; 2],
    c: Arc<Block>,
}

impl Tree {
    fn new() -> Self {
        let store = Memory::new();
        let mut chain = files().open(Arc::new(store.clone()), History::Archive);
        let genesis = chain.genesis();
        let a1 = build(&mut chain, genesis, Key::new(1), 0, 0xa1);
        let a2 = build(&mut chain, a1.id(), Key::new(1), 1, 0xa2);
        let a3 = build(&mut chain, a2.id(), Key::new(1), 2, 0xa3);
        let b1 = build(&mut chain, genesis, Key::new(1), 0, 0xb1);
        let b2 = build(&mut chain, b1.id(), Key::new(2), 0, 0xb2);
        let c = build(&mut chain, genesis, Key::new(3), 0, 0xc1);
        Self { chain, store, a: [a1, a2, a3], b: [b1, b2], c }
    }

    fn all(&self) -> Vec<&Arc<Block>> {
        self.a.iter().chain(&self.b).chain([&self.c]).collect()
    }

    fn paid(&self, block: &Block, to: u8) -> bool {
        let view = self.chain.view(block.id()).expect("held");
        view.account(&keccak256(Address::repeat_byte(to))).expect("memory reads").is_some()
    }
}

fn files() -> Files {
    Files::new(Era::Durango)
}

/// Builds a block with one transfer on a parent.
fn build(chain: &mut Chain, parent: BlockId, key: Key, nonce: u64, to: u8) -> Arc<Block> {
    chain.set_preference(parent).expect("known");
    let tx = key.sign(&Draft::transfer(Address::repeat_byte(to), 1).nonce(nonce));
    let now_ms = chain.view(parent).expect("held").header().unix_ms() + 2_000;
    let wish = Wish { now_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
    match chain.build(&mut InOrder::new([tx]), wish) {
        Ok(Built::Block(block)) => block,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_branch_sees_itself() {
    let tree = Tree::new();
    for (block, sees, not) in [
        (&tree.a[0], &[0xa1][..], &[0xa2, 0xb1, 0xc1][..]),
        (&tree.a[2], &[0xa1, 0xa2, 0xa3], &[0xb1, 0xb2, 0xc1]),
        (&tree.b[1], &[0xb1, 0xb2], &[0xa1, 0xa2, 0xc1]),
        (&tree.c, &[0xc1], &[0xa1, 0xb1]),
    ] {
        assert!(sees.iter().all(|to| tree.paid(block, *to)), "{sees:?}");
        assert!(!not.iter().any(|to| tree.paid(block, *to)), "{not:?}");
        let view = tree.chain.view(block.id()).expect("held");
        assert_eq!(view.block_id(0), Ok(Some(tree.chain.genesis())));
        assert_eq!(view.block_id(block.height()), Ok(Some(block.id())));
        assert_eq!(view.block_id(block.height() + 1), Ok(None));
        // The root in the header is the root of what the picture shows, by its proof.
        let account = Address::repeat_byte(sees[0]);
        let proof = view.proof(account, &[]).expect("memory reads");
        let value = proof.account.map(|account| account.to_bytes());
        let path = alloy_trie::Nibbles::unpack(keccak256(account));
        alloy_trie::proof::verify_proof(block.header.state_root, path, value, &proof.account_proof).expect("proves");
    }
}

/// The same block again, and its bytes again: checked, held once.
#[test]
fn verified_twice() {
    let Tree { mut chain, a, .. } = Tree::new();
    for block in &a {
        assert_eq!(chain.verify(block, at_its_time(block)), Ok(Verdict::Valid));
        let again = chain.parse(block.bytes().clone()).expect("decodes");
        assert_eq!(chain.verify(&again, at_its_time(&again)), Ok(Verdict::Valid));
    }
    // A clock that has gone back is an answer about now; the block stays held.
    let early = pars_chain::engine::Context { now_ms: 0, ..at_its_time(&a[2]) };
    assert!(matches!(chain.verify(&a[2], early), Ok(Verdict::Invalid(Invalid::Header { .. }))));
    assert!(chain.processing(a[2].id()).is_some());
    chain.accept(a[0].id(), Durability::Synced).expect("next");
    assert_eq!(chain.head().id(), a[0].id());
}

/// One branch is accepted; the others are rejected, and what stood on them has no parent any more.
#[test]
fn siblings() {
    let Tree { mut chain, store, a, b, c } = Tree::new();
    let before = store.dump();
    chain.accept(b[0].id(), Durability::Synced).expect("next");
    for block in [&a[0], &c] {
        assert_eq!(chain.reject(block.id()).expect("held").id(), block.id());
        assert!(chain.processing(block.id()).is_none());
        assert!(chain.view(block.id()).is_none());
        // Its parent is an ancestor of the head now.
        let verdict = chain.verify(block, at_its_time(block));
        assert_eq!(verdict, Ok(Verdict::Invalid(Invalid::UnknownParent(block.parent()))));
    }
    assert!(chain.view(a[1].id()).is_none());
    for block in [&a[2], &a[1]] {
        chain.reject(block.id()).expect("still held");
    }
    chain.accept(b[1].id(), Durability::Synced).expect("next");
    assert_eq!(chain.head().height(), 2);
    assert!(before.iter().all(|(key, _)| store.dump().contains_key(key)), "genesis is still there");
    let of_others =
        a.iter().chain([&c]).any(|block| store.dump().keys().any(|(_, key)| key.as_ref() == block.id().0.as_slice()));
    assert!(!of_others, "nothing of a rejected block is stored");
}

/// Only a processing block whose parent is the head can be accepted.
#[test]
fn accepted_out_of_order() {
    let Tree { mut chain, store, a, b, c } = Tree::new();
    let before = store.dump();
    let head = chain.head().id();
    for block in [&a[1], &a[2], &b[1]] {
        let refused = chain.accept(block.id(), Durability::Synced).map(|accepted| accepted.is_some());
        assert_eq!(refused, Err(Misuse::NotNext { block: block.id(), head }.into()));
    }
    let unknown = BlockId(B256::repeat_byte(9));
    let refused = chain.accept(unknown, Durability::Synced).map(|accepted| accepted.is_some());
    assert_eq!(refused, Err(Misuse::NotProcessing(unknown).into()));
    assert!(store.dump() == before && chain.head().id() == head);

    assert!(chain.accept(a[0].id(), Durability::Synced).expect("next").is_some());
    // The last accepted block once more: hosts do that after a restart.
    assert!(chain.accept(a[0].id(), Durability::Synced).expect("it is the head").is_none());
    let refused = chain.accept(c.id(), Durability::Synced).map(|accepted| accepted.is_some());
    assert_eq!(refused, Err(Misuse::NotNext { block: c.id(), head: a[0].id() }.into()));
    assert!(chain.accept(a[1].id(), Durability::Synced).expect("next").is_some());
    let refused = chain.accept(a[0].id(), Durability::Synced).map(|accepted| accepted.is_some());
    assert_eq!(refused, Err(Misuse::NotProcessing(a[0].id()).into()));
}

#[test]
fn rejected_what_is_not_there() {
    let Tree { mut chain, a, .. } = Tree::new();
    let unknown = BlockId(B256::repeat_byte(9));
    assert_eq!(chain.reject(unknown).map(|block| block.id()), Err(Misuse::NotProcessing(unknown).into()));
    chain.accept(a[0].id(), Durability::Synced).expect("next");
    for accepted in [a[0].id(), chain.genesis()] {
        assert_eq!(chain.reject(accepted).map(|block| block.id()), Err(Misuse::AlreadyAccepted(accepted).into()));
    }
    chain.reject(a[2].id()).expect("held");
    assert_eq!(chain.reject(a[2].id()).map(|block| block.id()), Err(Misuse::NotProcessing(a[2].id()).into()));
}

/// The preferred block is what the next is built on, whichever branch it is on; what is decided moves it along.
#[test]
fn preference() {
    let Tree { mut chain, a, b, c, .. } = Tree::new();
    for block in [&a[2], &b[1], &c, &a[0]] {
        chain.set_preference(block.id()).expect("held");
        assert_eq!(chain.preferred(), block.id());
        let tx = Key::new(9).sign(&Draft::transfer(Address::ZERO, 1).nonce(0));
        let wish = Wish {
            now_ms: block.header.unix_ms() + 2_000,
            fee_recipient: None,
            min_delay_target: None,
            verdicts: None,
        };
        let Ok(Built::Block(built)) = chain.build(&mut InOrder::new([tx]), wish) else { panic!("no block") };
        assert_eq!(built.parent(), block.id());
        assert_eq!(built.height(), block.height() + 1);
        chain.reject(built.id()).expect("held");
        assert_eq!(chain.preferred(), block.id());
    }
    let unknown = BlockId(B256::repeat_byte(9));
    assert_eq!(chain.set_preference(unknown), Err(Misuse::NotProcessing(unknown).into()));

    // The preferred branch loses.
    chain.set_preference(a[2].id()).expect("held");
    chain.accept(b[0].id(), Durability::Synced).expect("next");
    assert_eq!(chain.preferred(), b[0].id());
    // The preferred block is rejected: its parent is next best.
    chain.set_preference(b[1].id()).expect("held");
    chain.reject(b[1].id()).expect("held");
    assert_eq!(chain.preferred(), b[0].id());
    // A host that is late names an ancestor: nothing happens.
    chain.set_preference(chain.genesis()).expect("tolerated");
    assert_eq!(chain.preferred(), b[0].id());
}

/// The block of a branch that lost stays held until it is rejected; preferring it must not lose the chain.
#[test]
fn a_lost_branch_is_not_built_on() {
    let Tree { mut chain, a, b, .. } = Tree::new();
    chain.accept(b[0].id(), Durability::Synced).expect("next");
    assert!(chain.processing(a[1].id()).is_some(), "the host has not rejected it yet");
    chain.set_preference(a[1].id()).expect("tolerated");
    assert_eq!(chain.preferred(), b[0].id());
    let tx = Key::new(9).sign(&Draft::transfer(Address::ZERO, 1).nonce(0));
    let wish =
        Wish { now_ms: b[0].header.unix_ms() + 2_000, fee_recipient: None, min_delay_target: None, verdicts: None };
    assert!(matches!(chain.build(&mut InOrder::new([tx]), wish), Ok(Built::Block(_))));
}

/// A store that is opened again has the last accepted block, none that was processing, and goes on.
#[test]
fn opened_again() {
    let mut tree = Tree::new();
    tree.chain.accept(tree.a[0].id(), Durability::Synced).expect("next");
    let (blocks, store) = (tree.all().into_iter().cloned().collect::<Vec<_>>(), tree.store.clone());
    let before = store.dump();
    drop(tree.chain);

    let mut chain = files().open(Arc::new(store.clone()), History::Archive);
    assert!(store.dump() == before, "opening again writes nothing");
    assert_eq!(chain.head().id(), blocks[0].id());
    assert_eq!(chain.preferred(), blocks[0].id());
    assert!(blocks[1..].iter().all(|block| chain.processing(block.id()).is_none()));
    assert_eq!(chain.head().receipts(1).expect("memory reads").map(|receipts| receipts.len()), Some(1));
    assert_eq!(chain.block(blocks[0].id()).expect("memory reads").map(|block| block.id()), Some(blocks[0].id()));
    for block in &blocks[1..3] {
        assert_eq!(chain.verify(block, at_its_time(block)), Ok(Verdict::Valid));
        chain.accept(block.id(), Durability::Synced).expect("next");
    }
    assert_eq!(chain.head().height(), 3);
}

/// After a rewind other blocks may follow at the same heights.
#[test]
fn another_history_after_a_rewind() {
    let mut world = World::new(&files());
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(world.send(&Key::new(1), Draft::transfer(Address::repeat_byte(n), 1)).block.id());
    }
    let old = world.chain.head().clone();
    world.chain.rewind(2).expect("kept");
    assert_eq!(world.chain.head().id(), ids[1]);
    for (height, id) in (1_u64..).zip(&ids) {
        let known = world.chain.head().height_of(*id).expect("memory reads");
        assert_eq!(known, (height <= 2).then_some(height));
    }
    let genesis = world.chain.head().block(0).expect("memory reads").expect("there");
    assert_eq!(genesis.id(), world.chain.genesis());
    for n in 0..4 {
        let head = world.chain.head().id();
        let nonce = 2 + u64::from(n);
        let block = build(&mut world.chain, head, Key::new(1), nonce, 0xd0 + n);
        assert!(!ids.contains(&block.id()));
        world.chain.accept(block.id(), Durability::Synced).expect("next");
    }
    assert_eq!(world.chain.head().height(), 6);
    // Who holds the old picture still reads the old chain.
    assert_eq!(old.height(), 5);
    let paid = old.account(&keccak256(Address::repeat_byte(4))).expect("memory reads");
    assert_eq!(paid.map(|account| account.balance), Some(U256::ONE));
    let now = world.chain.head().account(&keccak256(Address::repeat_byte(4))).expect("memory reads");
    assert_eq!(now, None);
    assert_eq!(world.chain.rewind(7).map(|view| view.id()), Err(Misuse::AboveHead { wanted: 7, head: 6 }.into()));
}

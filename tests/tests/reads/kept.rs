//! Blocks that are kept decoded: the same as the stored ones, few, and those of the picture that is asked.

use crate::world::{EMITTER, World};
use alloy_primitives::Address;
use pars_tests::process::wallet::{Draft, Wallet};

#[test]
fn what_is_kept_is_what_is_stored() {
    let world = World::new();
    let wallet = Wallet::local(0).unwrap();
    let create = world.seal(&[wallet.sign(&Draft::create(0, EMITTER)).unwrap()]);
    let call = Draft::call(1, wallet.address.create(0), vec![7; 64]);
    let logged = world.seal(&[wallet.sign(&call).unwrap()]);
    for nonce in 2..300 {
        world.seal(&[wallet.sign(&Draft::transfer(nonce, Address::ZERO, nonce)).unwrap()]);
    }
    let (head, blocks) = (world.node.head(), world.node.blocks());
    assert!(blocks.kept(&head, head.height()).unwrap().is_some(), "kept as it was accepted");
    assert!(blocks.kept(&head, 2).unwrap().is_none(), "pushed out by newer ones");
    for height in [0, 1, 2, 150, head.height()] {
        let mined = blocks.get(&head, height).unwrap().unwrap();
        assert_eq!(mined.block.bytes(), &head.block_bytes(height).unwrap().unwrap());
        assert_eq!(*mined.receipts, head.receipts(height).unwrap().unwrap());
        assert!(blocks.kept(&head, height).unwrap().is_some());
    }
    let mined = [1, 2].map(|height| blocks.get(&head, height).unwrap().unwrap());
    assert_eq!(mined.each_ref().map(|mined| mined.block.id()), [create.id(), logged.id()]);
    assert_eq!(mined[1].receipts[0].logs.len(), 1);
    assert!(blocks.get(&head, head.height() + 1).unwrap().is_none());
}

/// After a rewind a height has another block. Who holds an older picture is still shown that one's.
#[test]
fn each_picture_has_its_own_blocks() {
    let world = World::new();
    let wallet = Wallet::local(0).unwrap();
    let seal = |wei| world.seal(&[wallet.sign(&Draft::transfer(0, Address::ZERO, wei)).unwrap()]);
    let first = seal(1);
    let before = world.node.head();
    let engine = world.node.engine().unwrap();
    let rewound = engine.call(|owner| owner.attempt(|chain| chain.rewind(0).map(|_| ())));
    world.runtime().block_on(rewound).unwrap().unwrap();
    drop(engine);
    let second = seal(2);
    world.seal(&[wallet.sign(&Draft::transfer(1, Address::ZERO, 3)).unwrap()]);
    let after = world.node.head();
    assert_ne!(first.id(), second.id());
    let blocks = world.node.blocks();
    for _ in 0..2 {
        assert_eq!(blocks.get(&before, 1).unwrap().unwrap().block.id(), first.id());
        assert_eq!(blocks.get(&after, 1).unwrap().unwrap().block.id(), second.id());
        assert!(blocks.get(&before, 2).unwrap().is_none());
    }
}

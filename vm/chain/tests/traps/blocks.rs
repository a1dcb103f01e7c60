//! Blocks as a whole: times, transactions that no block may hold, gas that cannot be, what is shown.

use crate::support::context::{at_its_time, bootstrapping};
use crate::support::files::{Era, Files, START};
use crate::support::wallet::{Draft, Key};
use crate::support::world::{World, with_header};
use alloy_primitives::{Address, Bytes, U256, keccak256};
use pars_chain::block::Block;
use pars_chain::engine::{Built, Verdict};
use pars_chain::error::{Field, Invalid, InvalidTransaction};
use pars_chain::rules::time::INITIAL_EXCESS;
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

/// The parent's excess sets the delay, the block's own may move by 200; the first block with Granite starts from 2,000
/// ms and waits for nothing.
#[test]
fn trap_27_minimum_delay() {
    let key = Key::new(1);
    let mut world = World::new(&Files::new(Era::Granite).config("initialMinDelayMS", json!(400)));
    let genesis_ms = world.chain.head().header().unix_ms();
    let tx = world.sign(&key, Draft::transfer(Address::ZERO, 1));
    world.next_ms = genesis_ms + 399;
    match world.build([Arc::clone(&tx)]) {
        Built::TooEarly { at_ms } => assert_eq!(at_ms, genesis_ms + 400),
        other => panic!("{other:?}"),
    }
    world.next_ms = genesis_ms + 400;
    let Built::Block(block) = world.build([Arc::clone(&tx)]) else { panic!("no block") };
    let early = with_header(&block, |header| header.time_ms = Some(genesis_ms + 399));
    assert!(matches!(world.refusal(&early), Invalid::Header { field: Field::TimestampMilliseconds, .. }));
    world.accept(&block);

    // Granite comes after two seconds, in a chain without delays before it.
    for (excess, valid) in [
        (INITIAL_EXCESS, true),
        (INITIAL_EXCESS + 200, true),
        (INITIAL_EXCESS - 200, true),
        (INITIAL_EXCESS + 201, false),
        (INITIAL_EXCESS - 201, false),
        (0, false),
    ] {
        let mut world = World::new(&Files::new(Era::Etna).config("graniteTimestamp", json!(START + 2)));
        world.next_ms = START * 1_000 + 1_900;
        let sealed = world.send(&key, Draft::transfer(Address::ZERO, 1));
        assert_eq!(sealed.block.header.min_delay_excess, None);
        world.next_ms = START * 1_000 + 2_001;
        let tx = world.sign(&key, Draft::transfer(Address::ZERO, 1));
        let Built::Block(block) = world.build([tx]) else { panic!("Granite begins without delay") };
        assert_eq!(block.header.min_delay_excess, Some(INITIAL_EXCESS));
        let changed = with_header(&block, |header| header.min_delay_excess = Some(excess));
        match world.verify(&changed) {
            Verdict::Valid => assert!(valid, "{excess}"),
            Verdict::Invalid(Invalid::Header { field: Field::MinDelayExcess, .. }) => assert!(!valid, "{excess}"),
            other => panic!("{other:?}"),
        }
        let sealed = world.accept(&block);
        // From here on the parent's excess counts.
        world.next_ms = sealed.block.header.unix_ms() + 1_999;
        let tx = world.sign(&key, Draft::transfer(Address::ZERO, 1));
        assert!(matches!(world.build([tx]), Built::TooEarly { .. }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    /// Whatever bytes read as a block, what was read is what the bytes say: the id is the hash of the header as it came.
    #[test]
    fn trap_30_what_reads_writes_the_same(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::weighted(0.1, any::<prop::sample::Index>()),
        fields in 15..=23_usize,
        holes in prop::collection::vec(0..7_usize, 0..3),
    ) {
        let mut bytes = with_tail(fields, &holes);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let bytes = Bytes::from(bytes);
        if let Ok(block) = Block::decode(bytes.clone()) {
            let mut parts = alloy_rlp::Header::decode_bytes(&mut &bytes[..], true).expect("a block is a list");
            let start = parts;
            alloy_rlp::Header::decode_bytes(&mut parts, true).expect("a header is a list");
            let header = &start[..start.len() - parts.len()];
            prop_assert_eq!(alloy_rlp::encode(&block.header), header);
            prop_assert_eq!(block.id().0, keccak256(header));
            prop_assert_eq!(block.bytes(), &bytes);
        }
    }
}

/// A block of no transactions whose header has this many fields, some of the optional ones empty.
fn with_tail(fields: usize, holes: &[usize]) -> Vec<u8> {
    let mut payload = Vec::new();
    for size in [32, 32, 20, 32, 32, 32, 256] {
        alloy_rlp::Encodable::encode(&vec![7_u8; size][..], &mut payload);
    }
    for number in [1_u64, 9, 8_000_000, 21_000, START] {
        alloy_rlp::Encodable::encode(&number, &mut payload);
    }
    for size in [86, 32, 8] {
        alloy_rlp::Encodable::encode(&vec![0_u8; size][..], &mut payload);
    }
    for place in 0..fields - 15 {
        if holes.contains(&place) {
            payload.push(0x80);
        } else if place == 4 {
            alloy_rlp::Encodable::encode(&[0_u8; 32][..], &mut payload);
        } else {
            alloy_rlp::Encodable::encode(&1_000_000_u64, &mut payload);
        }
    }
    let list = |payload: &[u8]| {
        let mut out = Vec::new();
        alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
        [out, payload.to_vec()].concat()
    };
    list(&[list(&payload), vec![0xc0, 0xc0]].concat())
}

/// Blobs decode and are in no valid block; an empty block is none. (Later types do not decode: `headers.rs`.)
#[test]
fn trap_32_blobs_and_nothing() {
    let key = Key::new(1);
    for era in [Era::Durango, Era::Etna, Era::Granite] {
        let mut world = World::new(&Files::new(era));
        assert!(matches!(world.build([]), Built::Nothing));
        let draft = Draft::transfer(Address::ZERO, 1).nonce(0);
        let blob = key.sign_blob(&draft);
        assert!(matches!(world.build([Arc::clone(&blob)]), Built::Nothing));
        let Built::Block(block) = world.build([key.sign(&draft)]) else { panic!("no block") };
        let forged = world.forge(&block, vec![blob]);
        match world.refusal(&forged) {
            Invalid::Transaction { index: 0, reason, .. } => assert_eq!(reason, InvalidTransaction::Type(3)),
            other => panic!("{other}"),
        }
        let empty = Block::new(block.header.clone(), Vec::new());
        assert_eq!(world.refusal(&Arc::new(empty)), Invalid::Empty);
    }
}

/// Every kind of transaction that a block may hold, also those signed for no chain.
#[test]
fn kinds_of_transactions() {
    let key = Key::new(1);
    let mut world = World::new(&Files::new(Era::Granite));
    let next = |world: &mut World| world.number(&key, Draft::transfer(Address::repeat_byte(9), 1));
    let transactions = [
        key.sign_legacy(&next(&mut world), Some(1337)),
        key.sign_legacy(&next(&mut world), None),
        key.sign_access(&next(&mut world)),
        key.sign(&next(&mut world)),
    ];
    let sealed = world.seal(transactions);
    assert_eq!(sealed.receipts.iter().map(|receipt| receipt.kind).collect::<Vec<_>>(), [0, 0, 1, 2]);
    assert_eq!(world.balance(Address::repeat_byte(9)), U256::from(4));

    let draft = world.number(&key, Draft::transfer(Address::ZERO, 1));
    let Built::Block(block) = world.build([key.sign(&draft)]) else { panic!("no block") };
    let poor = Key::new(77);
    let refused = [
        (key.sign_legacy(&draft, Some(1338)), InvalidTransaction::ChainId { got: 1338, expected: 1337 }),
        (key.sign(&draft.clone().nonce(3)), InvalidTransaction::NonceTooLow { next: 4, got: 3 }),
        (key.sign(&draft.clone().nonce(5)), InvalidTransaction::NonceTooHigh { next: 4, got: 5 }),
        (key.sign(&draft.clone().gas(20_999)), InvalidTransaction::IntrinsicGas { got: 20_999, required: 21_000 }),
        (
            key.sign(&Draft { fee_cap: 999_999_999, ..draft.clone() }),
            InvalidTransaction::FeeCapTooLow { cap: 999_999_999, base_fee: U256::from(1_000_000_000) },
        ),
        (
            key.sign(&Draft { fee_cap: 1_000_000_000, tip: 1_000_000_001, ..draft.clone() }),
            InvalidTransaction::TipAboveFeeCap { tip: 1_000_000_001, cap: 1_000_000_000 },
        ),
        (
            poor.sign(&Draft { fee_cap: 1_000_000_000, ..draft.clone() }.nonce(0)),
            InvalidTransaction::InsufficientFunds {
                have: U256::ZERO,
                want: U256::from(21_000) * U256::from(1_000_000_000) + U256::ONE,
            },
        ),
        (
            key.sign(&Draft { nonce: draft.nonce, ..Draft::create(vec![0; 49_153]) }),
            InvalidTransaction::InitcodeTooLarge { got: 49_153, limit: 49_152 },
        ),
    ];
    for (tx, expected) in refused {
        let forged = world.forge(&block, vec![tx]);
        match world.refusal(&forged) {
            Invalid::Transaction { index: 0, reason, .. } => assert_eq!(reason, expected),
            other => panic!("{other}"),
        }
    }
}

/// A header that claims less gas than its transactions cost at least is refused before anything runs; a node that
/// bootstraps finds out by running them.
#[test]
fn trap_33_less_gas_than_intrinsic() {
    let key = Key::new(1);
    let mut world = World::new(&Files::new(Era::Granite));
    let transactions: Vec<_> = (0..3).map(|_| world.sign(&key, Draft::transfer(Address::ZERO, 1))).collect();
    let Built::Block(block) = world.build(transactions) else { panic!("no block") };
    let expected = |world: &mut World, gas_used, bootstrapped| {
        let changed = with_header(&block, |header| header.gas_used = gas_used);
        let context = if bootstrapped { at_its_time(&changed) } else { bootstrapping(&changed) };
        match world.twin.verify(&changed, context) {
            Ok(Verdict::Invalid(Invalid::Header { field: Field::GasUsed, expected, .. })) => expected,
            other => panic!("{other:?}"),
        }
    };
    let early = "at least the intrinsic gas 63000 of its transactions";
    assert_eq!(expected(&mut world, 62_999, true), early);
    assert_eq!(expected(&mut world, 0, true), early);
    assert_eq!(expected(&mut world, 15_000_001, true), "at most the gas limit 15000000");
    assert_eq!(expected(&mut world, 63_001, true), "63000");
    for gas in [0, 62_999, 63_001, 15_000_001] {
        assert_eq!(expected(&mut world, gas, false), "63000");
    }
}

/// The head is what is accepted; blocks in the making are seen by those who ask for them.
#[test]
fn trap_42_the_head_is_what_is_accepted() {
    let (key, target) = (Key::new(1), Address::repeat_byte(0x42));
    let mut world = World::new(&Files::new(Era::Granite));
    let tx = world.sign(&key, Draft::transfer(target, 5));
    let Built::Block(block) = world.build([tx]) else { panic!("no block") };
    world.chain.set_preference(block.id()).expect("held");
    assert_eq!(world.chain.head().height(), 0);
    assert_eq!(world.balance(target), U256::ZERO);
    let view = world.chain.view(block.id()).expect("held");
    assert_eq!((view.height(), view.accepted_height()), (1, 0));
    let account = view.account(&keccak256(target)).expect("memory reads").expect("paid");
    assert_eq!(account.balance, U256::from(5));
    assert!(world.chain.view_at(1).is_err());
    let old = world.chain.head().clone();
    world.accept(&block);
    assert_eq!(world.balance(target), U256::from(5));
    // A picture that somebody holds does not move.
    assert_eq!(old.account(&keccak256(target)), Ok(None));
    assert_eq!(old.height(), 0);
}

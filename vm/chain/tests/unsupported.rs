//! Values that the Go node computes with and this program does not: they are named, and never a verdict on a block.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_primitives::{Address, U256, address};
use alloy_rlp::{Encodable, Header};
use pars_chain::block::Block;
use pars_chain::engine::{Built, InOrder, Verdict, Wish};
use pars_chain::error::{DecodeError, Fatal, Field, Invalid, InvalidTransaction, Malformed};
use pars_chain::tx::Tx;
use serde_json::json;
use std::sync::Arc;
use support::context::{at_its_time, bootstrapping};
use support::files::{CHAIN_ID, ERAS, Era, Files};
use support::wallet::{Draft, Key};
use support::world::{World, with_header};

const TO: Address = Address::repeat_byte(0x99);
const FEE_MANAGER: Address = address!("0200000000000000000000000000000000000003");

/// 2 to this power.
fn power(exponent: usize) -> U256 {
    U256::from(1) << exponent
}

/// A transaction of a type with these prices. The signature fits no key: whether the bytes can be read comes first.
fn transaction(kind: u8, prices: &[U256]) -> Vec<u8> {
    let mut fields = Vec::new();
    if kind > 0 {
        CHAIN_ID.encode(&mut fields);
    }
    0_u64.encode(&mut fields);
    for price in prices {
        price.encode(&mut fields);
    }
    21_000_u64.encode(&mut fields);
    TO.encode(&mut fields);
    1_u64.encode(&mut fields);
    [].as_slice().encode(&mut fields);
    if kind > 0 {
        Header { list: true, payload_length: 0 }.encode(&mut fields);
    }
    (if kind > 0 { 1_u64 } else { 27 }).encode(&mut fields);
    7_u64.encode(&mut fields);
    7_u64.encode(&mut fields);
    let mut bytes = if kind > 0 { vec![kind] } else { Vec::new() };
    Header { list: true, payload_length: fields.len() }.encode(&mut bytes);
    bytes.extend(fields);
    bytes
}

/// A block with the header of another and these transactions.
fn with_transactions(block: &Block, transactions: &[Vec<u8>]) -> Vec<u8> {
    let mut list = Vec::new();
    for tx in transactions {
        // A typed one is a string.
        if tx[0] < 0xc0 { tx.as_slice().encode(&mut list) } else { list.extend(tx) }
    }
    let mut payload = Vec::new();
    block.header.encode(&mut payload);
    Header { list: true, payload_length: list.len() }.encode(&mut payload);
    payload.extend(list);
    Header { list: true, payload_length: 0 }.encode(&mut payload);
    let mut bytes = Vec::new();
    Header { list: true, payload_length: payload.len() }.encode(&mut bytes);
    bytes.extend(payload);
    bytes
}

#[test]
fn prices_of_2_to_the_128() {
    let key = Key::new(1);
    let mut world = World::new(&Files::new(Era::Granite));
    let good = world.send(&key, Draft::transfer(TO, 1)).block;
    let (low, top) = (U256::from(1_000_000_000), power(128) - U256::from(1));
    for (kind, wide, prices) in [
        (0, "gasPrice", vec![power(128)]),
        (0, "gasPrice", vec![U256::MAX]),
        (1, "gasPrice", vec![power(128)]),
        (2, "maxFeePerGas", vec![low, power(128)]),
        (2, "maxPriorityFeePerGas", vec![power(200), U256::MAX]),
        (2, "maxPriorityFeePerGas", vec![power(128), low]),
    ] {
        let value = prices.iter().find(|price| **price > top).expect("one is wide");
        let text = format!("{wide} {value} is 2^128 or more: this release cannot compute with it");
        let bytes = transaction(kind, &prices);
        let error = Tx::decode(&bytes).expect_err("a wide price");
        assert!(matches!(error, DecodeError::Unsupported(_)), "{error:?}");
        assert_eq!(error.to_string(), text);
        // Behind a good one, as part of a block.
        let first = good.transactions[0].encode().to_vec();
        let error = Block::decode(with_transactions(&good, &[first, bytes]).into()).expect_err("a wide price");
        assert!(matches!(error, DecodeError::Unsupported(_)), "{error:?}");
        assert_eq!(error.to_string(), text);

        // One less is read. What is wrong with it then is a verdict.
        let prices: Vec<U256> = prices.iter().map(|price| (*price).min(top)).collect();
        let bytes = transaction(kind, &prices);
        assert!(Tx::decode(&bytes).is_ok(), "{prices:?}");
        let block = Block::decode(with_transactions(&good, &[bytes]).into()).expect("it is read");
        assert_eq!(block.transactions.len(), 1);
    }
    // Wider than any number, or not written as one: the bytes are wrong.
    let mut fields = vec![0x80, 0xa1, 1];
    fields.extend([0; 32]);
    fields.extend([0x82, 0x52, 0x08, 0x80, 0x80, 0x80, 0x1b, 1, 1]);
    let mut bytes = Vec::new();
    Header { list: true, payload_length: fields.len() }.encode(&mut bytes);
    bytes.extend(fields);
    let error = Tx::decode(&bytes).expect_err("33 bytes");
    assert!(matches!(error, DecodeError::Malformed(Malformed::Transaction { .. })), "{error:?}");
}

/// The widest price that is read, signed: its cost passes 2^256 nowhere, and the sender does not have it.
#[test]
fn the_widest_price_is_a_verdict() {
    let key = Key::new(1);
    let mut world = World::new(&Files::new(Era::Granite));
    let draft = Draft { fee_cap: u128::MAX, tip: u128::MAX, ..Draft::transfer(TO, 1).nonce(0) };
    let wide = key.sign(&draft);
    assert!(matches!(world.build([Arc::clone(&wide)]), Built::Nothing));
    let Built::Block(block) = world.build([key.sign(&Draft::transfer(TO, 1).nonce(0))]) else { panic!("no block") };
    let root = alloy_trie::root::ordered_trie_root_with_encoder(&[Arc::clone(&wide)], |tx, out| {
        out.extend_from_slice(&tx.encode());
    });
    let header = pars_chain::block::Header { transactions_root: root, ..block.header.clone() };
    let block = Arc::new(Block::decode(Block::new(header, vec![wide]).bytes().clone()).expect("well-formed"));
    match world.refusal(&block) {
        Invalid::Transaction { index: 0, reason: InvalidTransaction::InsufficientFunds { .. }, .. } => {}
        other => panic!("{other:?}"),
    }
}

/// Asks the fee manager for a least base fee.
fn ask(min_base_fee: U256) -> Draft {
    let words = [U256::from(15_000_000), U256::from(2), min_base_fee, U256::from(75_000_000), U256::from(36)];
    let rest = [U256::ZERO, U256::from(1_000_000), U256::ZERO];
    let mut input = vec![0x8f, 0x10, 0xb5, 0x86];
    input.extend(words.iter().chain(&rest).flat_map(|word| word.to_be_bytes::<32>()));
    Draft::call(FEE_MANAGER, input)
}

fn with_fee_manager(era: Era, admin: &Key) -> World {
    World::new(&Files::new(era).row("feeManagerConfig", json!({ "adminAddresses": [admin.address] })))
}

/// The state asks for a base fee that 64 bits do not hold: the next block has no verdict, and nothing is lost.
#[test]
fn base_fees_of_2_to_the_64() {
    let key = Key::new(1);
    for era in ERAS {
        for exponent in [64, 65, 200] {
            let value = power(exponent) + U256::from(5);
            let mut world = with_fee_manager(era, &key);
            let sealed = world.send(&key, ask(value));
            assert!(sealed.receipts[0].success, "{era:?}");
            let first = sealed.block;
            let text = format!("baseFeePerGas {value} is 2^64 or more: this release cannot compute with it");
            let unsupported = |fatal: Fatal| {
                assert!(matches!(fatal, Fatal::Unsupported(_)), "{era:?} {fatal:?}");
                assert_eq!(fatal.to_string(), text, "{era:?}");
            };

            let tx = key.sign(&Draft::transfer(TO, 1).nonce(1));
            let wish = Wish { now_ms: world.next_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
            unsupported(world.chain.build(&mut InOrder::new([tx]), wish).expect_err("a wide base fee"));

            let (time, unix_ms) = (world.next_ms / 1_000, world.next_ms);
            let second = with_header(&first, |header| {
                header.parent = first.id().0;
                header.number = U256::from(2);
                header.time = time;
                header.time_ms = header.time_ms.map(|_| unix_ms);
                header.base_fee = Some(value);
                header.extra = second_window(&first).into();
            });
            for context in [at_its_time(&second), bootstrapping(&second)] {
                unsupported(world.twin.verify(&second, context).expect_err("a wide base fee"));
            }
            assert!(world.twin.processing(second.id()).is_none());
            // A base fee that is wrong all the same is a verdict, on whichever side of the limit it is.
            for wrong in [U256::from(5), power(64) - U256::from(1), value + U256::from(1)] {
                let block = with_header(&second, |header| header.base_fee = Some(wrong));
                match world.refusal(&block) {
                    Invalid::Header { field: Field::BaseFeePerGas, .. } => {}
                    other => panic!("{era:?} {other:?}"),
                }
            }
            assert_eq!((world.chain.head().id(), world.twin.head().id()), (first.id(), first.id()));
        }
    }
}

/// The window of a block that follows the first one two seconds later, and no predicates.
fn second_window(first: &Block) -> Vec<u8> {
    let mut window = vec![0; 80];
    // Two seconds: the parent's gas has moved from the last of ten entries to the eighth.
    window[56..64].copy_from_slice(&first.header.gas_used.to_be_bytes());
    let rest = first.header.extra.get(80..).unwrap_or_default();
    window.extend_from_slice(rest);
    window
}

/// The block that asks is valid; what follows it has no verdict, and its siblings, which do not ask, go on.
#[test]
fn a_fee_manager_asks_for_2_to_the_200() {
    let (admin, other) = (Key::new(1), Key::new(2));
    let mut world = with_fee_manager(Era::Granite, &admin);
    world.send(&admin, Draft::transfer(TO, 1));
    let ask = world.sign(&admin, ask(power(200)));
    let Built::Block(asks) = world.build([ask]) else { panic!("no block") };
    let Built::Block(sibling) = world.build([other.sign(&Draft::transfer(TO, 2).nonce(0))]) else { panic!("no block") };
    for block in [&asks, &sibling] {
        assert_eq!(world.verify(block), Verdict::Valid);
    }
    assert!(world.chain.processing_receipts(asks.id()).expect("held")[0].success);
    world.chain.set_preference(asks.id()).expect("held");
    let wish = Wish { now_ms: world.next_ms + 2_000, fee_recipient: None, min_delay_target: None, verdicts: None };
    let next = other.sign(&Draft::transfer(TO, 1).nonce(0));
    let fatal = world.chain.build(&mut InOrder::new([next]), wish).expect_err("a wide base fee");
    let text = format!("baseFeePerGas {} is 2^64 or more: this release cannot compute with it", power(200));
    assert!(matches!(fatal, Fatal::Unsupported(_)));
    assert_eq!(fatal.to_string(), text);
    world.accept(&sibling);
    for chain in [&mut world.chain, &mut world.twin] {
        chain.reject(asks.id()).expect("held");
    }
    world.send(&admin, Draft::transfer(TO, 1).nonce(1));
}

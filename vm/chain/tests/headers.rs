//! Recorded blocks with something changed: each header field, the body, the encoding, the clock.
//!
//! A changed header is re-encoded and decoded again, as a peer would send it. A field that is absent before one that is
//! present reads back as 0, so a field is taken away together with those behind it.

#![expect(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod record;
}

use alloy_primitives::{Address, B64, B256, Bytes, U256, keccak256};
use alloy_rlp::Header as RlpHeader;
use pars_chain::block::{Block, BlockId, Header};
use pars_chain::engine::{Chain, Verdict};
use pars_chain::error::{DecodeError, Field, Invalid, Malformed};
use pars_chain::limits::FUTURE_MS_MAX;
use pars_chain::rules::fee::WINDOW_BYTES;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::context::{at_its_time, bootstrapping};
use support::record::{NAMES, Record};

/// A change of a header, given the parent's: the field that the reason must name, what is done, how.
type Change = (Field, &'static str, fn(&mut Header, &Header));

/// What is free, and headers that use it, given the parent's.
type Freedom = (&'static str, fn(&Header, &Header) -> Vec<Header>);

/// Changes that the rules forbid in every era, with the field that the reason names.
const FORBIDDEN: &[Change] = &[
    (Field::Sha3Uncles, "another hash", |header, _| header.uncles_hash = B256::repeat_byte(1)),
    (Field::Sha3Uncles, "zero", |header, _| header.uncles_hash = B256::ZERO),
    (Field::StateRoot, "another root", |header, _| header.state_root.0[31] ^= 1),
    (Field::StateRoot, "the parent's", |header, parent| header.state_root = parent.state_root),
    (Field::TransactionsRoot, "another root", |header, _| header.transactions_root.0[0] ^= 1),
    (Field::ReceiptsRoot, "another root", |header, _| header.receipts_root.0[0] ^= 1),
    (Field::LogsBloom, "a bit more or less", |header, _| header.bloom.0[100] ^= 1),
    (Field::Difficulty, "0", |header, _| header.difficulty = U256::ZERO),
    (Field::Difficulty, "2", |header, _| header.difficulty = U256::from(2)),
    (Field::Number, "one more", |header, _| header.number += U256::ONE),
    (Field::Number, "the parent's", |header, parent| header.number = parent.number),
    (Field::Number, "65 bits", |header, _| header.number += U256::ONE << 64),
    (Field::GasLimit, "one more", |header, _| header.gas_limit += 1),
    (Field::GasLimit, "one less", |header, _| header.gas_limit -= 1),
    (Field::GasUsed, "one more", |header, _| header.gas_used += 1),
    (Field::GasUsed, "one less", |header, _| header.gas_used -= 1),
    (Field::GasUsed, "0", |header, _| header.gas_used = 0),
    (Field::GasUsed, "beyond the limit", |header, _| header.gas_used = header.gas_limit + 1),
    (Field::ExtraData, "nothing", |header, _| header.extra = Bytes::new()),
    (Field::ExtraData, "a byte too few for the window", |header, _| {
        header.extra = header.extra.slice(..WINDOW_BYTES - 1);
    }),
    (Field::ExtraData, "a byte more", |header, _| header.extra = [&header.extra[..], &[0]].concat().into()),
    (Field::ExtraData, "another oldest second", |header, _| header.extra = flipped(&header.extra, 0)),
    (Field::ExtraData, "another newest second", |header, _| {
        header.extra = flipped(&header.extra, WINDOW_BYTES - 1);
    }),
    (Field::MixHash, "not zero", |header, _| header.mix = B256::with_last_byte(1)),
    (Field::Nonce, "not zero", |header, _| header.nonce = B64::with_last_byte(1)),
    (Field::BaseFeePerGas, "one more", |header, _| header.base_fee = header.base_fee.map(|fee| fee + U256::ONE)),
    (Field::BaseFeePerGas, "one less", |header, _| header.base_fee = header.base_fee.map(|fee| fee - U256::ONE)),
    (Field::BaseFeePerGas, "0", |header, _| header.base_fee = Some(U256::ZERO)),
    (Field::BaseFeePerGas, "2^256 - 1", |header, _| header.base_fee = Some(U256::MAX)),
    (Field::BaseFeePerGas, "absent", |header, _| cut_tail(header, 0)),
    (Field::BlockGasCost, "one more", |header, _| {
        header.block_gas_cost = header.block_gas_cost.map(|cost| cost + U256::ONE);
    }),
    (Field::BlockGasCost, "65 bits", |header, _| header.block_gas_cost = Some(U256::ONE << 64)),
    (Field::BlockGasCost, "absent", |header, _| cut_tail(header, 1)),
    (Field::BlobGasUsed, "not 0", |header, _| header.blob_gas_used = Some(131_072)),
];

/// The same for blocks before Etna: nothing of Etna's may be there. Written without those before it, a field makes
/// those read back as 0, and the first of them is named.
const FORBIDDEN_BEFORE_ETNA: &[Change] = &[
    (Field::BlobGasUsed, "0", |header, _| header.blob_gas_used = Some(0)),
    (Field::BlobGasUsed, "read back before another", |header, _| header.excess_blob_gas = Some(0)),
    (Field::BlobGasUsed, "with all of Etna's", |header, _| {
        header.blob_gas_used = Some(0);
        header.excess_blob_gas = Some(0);
        header.parent_beacon_root = Some(B256::ZERO);
    }),
];

/// Before Durango the extra data is the window and nothing else.
const FORBIDDEN_BEFORE_DURANGO: &[Change] = &[(Field::ExtraData, "no predicates", |header, _| {
    header.extra = [&header.extra[..], &[0; 6]].concat().into();
})];

const FORBIDDEN_FROM_DURANGO: &[Change] = &[
    (Field::ExtraData, "no predicate results", |header, _| header.extra = header.extra.slice(..WINDOW_BYTES)),
    (Field::ExtraData, "other predicate results", |header, _| header.extra = flipped(&header.extra, WINDOW_BYTES + 5)),
];

const FORBIDDEN_FROM_ETNA: &[Change] = &[
    (Field::BlobGasUsed, "absent", |header, _| cut_tail(header, 2)),
    (Field::ExcessBlobGas, "not 0", |header, _| header.excess_blob_gas = Some(1)),
    (Field::ExcessBlobGas, "absent", |header, _| cut_tail(header, 3)),
    (Field::ParentBeaconBlockRoot, "absent", |header, _| cut_tail(header, 4)),
    (Field::ParentBeaconBlockRoot, "not zero", |header, _| header.parent_beacon_root = Some(B256::with_last_byte(1))),
];

const FORBIDDEN_BEFORE_GRANITE: &[Change] =
    &[(Field::Timestamp, "before the parent's", |header, parent| header.time = parent.time - 1)];

/// Etna, not Granite: nothing of Granite's may be there.
const FORBIDDEN_IN_ETNA: &[Change] = &[
    (Field::TimestampMilliseconds, "there", |header, _| header.time_ms = Some(header.time * 1_000)),
    (Field::TimestampMilliseconds, "0", |header, _| header.time_ms = Some(0)),
    (Field::MinDelayExcess, "there", |header, _| header.min_delay_excess = Some(7_970_124)),
];

const FORBIDDEN_FROM_GRANITE: &[Change] = &[
    (Field::Timestamp, "a second more than the milliseconds", |header, _| header.time += 1),
    (Field::Timestamp, "a second less than the milliseconds", |header, _| header.time -= 1),
    (Field::TimestampMilliseconds, "before the parent's", |header, parent| at_ms(header, parent.unix_ms() - 1)),
    (Field::MinDelayExcess, "absent", |header, _| cut_tail(header, 6)),
    (Field::MinDelayExcess, "absent with the milliseconds", |header, _| cut_tail(header, 5)),
    (Field::MinDelayExcess, "201 above the parent's", |header, parent| {
        header.min_delay_excess = Some(parent.min_delay_excess.unwrap_or(7_970_124) + 201);
    }),
    (Field::MinDelayExcess, "201 below the parent's", |header, parent| {
        header.min_delay_excess = Some(parent.min_delay_excess.unwrap_or(7_970_124) - 201);
    }),
];

/// What may be changed in a block that stays valid: the rules leave these free. Each is found in some recorded block.
///
/// | free | where | test |
/// |---|---|---|
/// | millisecond part | Granite, after the minimum delay | a row here |
/// | `minDelayExcess` | Granite, within 200 of the parent's | a row here |
/// | `timestamp` | before Granite, where window, base fee and cost stay equal | a row here |
/// | `miner` | where fee recipients are allowed | `coinbase`: the fees move, so the state root moves with it |
/// | withdrawals list | always: the header does not cover it | `withdrawals`: the id stays, the bytes are kept |
const FREE: &[Freedom] = &[
    ("the millisecond part", |header, _| {
        let Some(ms) = header.time_ms else { return Vec::new() };
        let second = ms - ms % 1_000;
        [second, second + 1, second + 999].map(|ms| Header { time_ms: Some(ms), ..header.clone() }).into()
    }),
    ("minDelayExcess within its step", |header, parent| {
        let (Some(_), Some(parent)) = (header.min_delay_excess, parent.min_delay_excess) else { return Vec::new() };
        [parent - 200, parent, parent + 199, parent + 200]
            .map(|excess| Header { min_delay_excess: Some(excess), ..header.clone() })
            .into()
    }),
    ("time before Granite where window, base fee and cost stay equal", |header, _| {
        if header.time_ms.is_some() {
            return Vec::new();
        }
        [header.time - 1, header.time + 1].map(|time| Header { time, ..header.clone() }).into()
    }),
];

#[test]
fn each_forbidden_change_is_refused_by_the_fields_name() {
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    // The forks go by in the first one; all of the second is Granite from its start on.
    for name in ["forks-11", "granite-precompiles-11"] {
        let record = Record::read(name);
        let mut chain = record.open(Arc::new(Memory::new()), History::Archive);
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for recorded in &record.blocks[1..] {
            let block = recorded.block(&chain);
            let parent = chain.head().header().clone();
            let era = era(&chain, &block.header);
            let seen = seen.entry(era).or_default();
            *seen += 1;
            // The first blocks of each era, and some later ones.
            if *seen <= 3 || seen.is_multiple_of(16) {
                for (field, what, change) in forbidden(era, &parent) {
                    let mut header = block.header.clone();
                    change(&mut header, &parent);
                    let changed = encoded(&block, header);
                    if self::era(&chain, &changed.header) != era {
                        // A time before a fork: what that fork brought is refused first.
                        continue;
                    }
                    let reason = refusal(&mut chain, &changed);
                    let Invalid::Header { field: named, got, expected } = &reason else {
                        panic!("{era}, block {}, {field} {what}: {reason}", recorded.number)
                    };
                    assert_eq!(*named, field, "{era}, block {}, {what}: {reason}", recorded.number);
                    assert!(reason.to_string().starts_with(&format!("{field} is {got}, expected {expected}")));
                    *refused.entry(era).or_default() += 1;
                }
            }
            record.advance(&mut chain, recorded.number);
        }
    }
    assert_eq!(refused.len(), 4, "{refused:?}");
    assert!(refused.values().all(|count| *count > 100), "{refused:?}");
}

/// The parent's hash is the one field whose change leaves no parent to compare with.
#[test]
fn another_parent_is_unknown() {
    let (mut chain, block) = granite_block();
    let grandparent = chain.head().header().parent;
    for parent in [B256::repeat_byte(7), grandparent, block.id().0] {
        let changed = encoded(&block, Header { parent, ..block.header.clone() });
        assert_eq!(refusal(&mut chain, &changed), Invalid::UnknownParent(BlockId(parent)));
    }
}

/// Where the coinbase is not free its change is refused by name; where it is free, only the state tells.
#[test]
fn coinbase() {
    let (mut bound, mut free) = (0, 0);
    for name in NAMES {
        let record = Record::read(name);
        let mut chain = record.open(Arc::new(Memory::new()), History::Archive);
        for recorded in &record.blocks[1..] {
            let block = recorded.block(&chain);
            let changed = encoded(&block, Header { coinbase: Address::repeat_byte(0xcb), ..block.header.clone() });
            match refusal(&mut chain, &changed) {
                Invalid::Header { field: Field::Miner, .. } => bound += 1,
                // It would have got the fees. With them in the state root the block is valid: traps/fees.rs.
                Invalid::Header { field: Field::StateRoot, .. } => free += 1,
                other => panic!("{name}, block {}: {other}", recorded.number),
            }
            record.advance(&mut chain, recorded.number);
        }
    }
    assert!(bound > 100 && free > 0, "bound in {bound} blocks, free in {free}");
}

#[test]
fn what_is_free() {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for name in ["classic-11", "forks-11", "granite-11", "precompiles-11"] {
        let record = Record::read(name);
        let mut chain = record.open(Arc::new(Memory::new()), History::Archive);
        for recorded in &record.blocks[1..] {
            let block = recorded.block(&chain);
            let parent = chain.head().header().clone();
            for (what, changes) in FREE {
                for header in changes(&block.header, &parent) {
                    if header == block.header {
                        continue;
                    }
                    let changed = encoded(&block, header);
                    assert_ne!(changed.id(), block.id());
                    match chain.verify(&changed, at_its_time(&changed)).expect("memory reads") {
                        Verdict::Valid => {
                            *found.entry(what).or_default() += 1;
                            chain.reject(changed.id()).expect("held");
                        }
                        // Too early or too late, a change of what follows from the time, or a contract saw it.
                        Verdict::Invalid(Invalid::Header { field, .. }) => assert!(
                            matches!(
                                field,
                                Field::Timestamp
                                    | Field::TimestampMilliseconds
                                    | Field::ExtraData
                                    | Field::BaseFeePerGas
                                    | Field::BlockGasCost
                                    | Field::BlobGasUsed
                                    | Field::MinDelayExcess
                                    | Field::StateRoot
                                    | Field::ReceiptsRoot
                                    | Field::LogsBloom
                                    | Field::GasUsed
                            ),
                            "{what}: {field}"
                        ),
                        Verdict::Invalid(Invalid::InsufficientBlockGas { .. }) => {}
                        other => panic!("{what}, block {}: {other:?}", recorded.number),
                    }
                }
            }
            record.advance(&mut chain, recorded.number);
        }
    }
    assert_eq!(found.len(), FREE.len(), "{found:?}");
}

/// A block may lie ten seconds ahead of the clock, and not a millisecond more; also before the host has caught up.
#[test]
fn report_1_20_a_block_of_the_future() {
    for (name, field) in [("classic-11", Field::Timestamp), ("granite-11", Field::TimestampMilliseconds)] {
        let record = Record::read(name);
        let mut chain = record.open(Arc::new(Memory::new()), History::Archive);
        let block = record.at(1).block(&chain);
        let earliest = block.header.unix_ms() - FUTURE_MS_MAX;
        for context in [at_its_time(&block), bootstrapping(&block)] {
            let early = pars_chain::engine::Context { now_ms: earliest - 1, ..context };
            match chain.verify(&block, early) {
                Ok(Verdict::Invalid(reason @ Invalid::Header { field: named, .. })) => {
                    assert_eq!(named, field);
                    // Whose clock is wrong is seen from both times.
                    let latest = block.header.unix_ms() - 1;
                    let words = format!("{latest} ms, {FUTURE_MS_MAX} ms ahead of this clock");
                    assert!(reason.to_string().contains(&words), "{reason}");
                }
                other => panic!("{other:?}"),
            }
            assert!(chain.processing(block.id()).is_none());
            let in_time = pars_chain::engine::Context { now_ms: earliest, ..context };
            assert_eq!(chain.verify(&block, in_time), Ok(Verdict::Valid));
            chain.reject(block.id()).expect("held");
        }
    }
}

#[test]
fn bodies() {
    let (mut chain, block) = granite_block();
    let header = &block.header;
    assert!(block.transactions.len() > 1);

    let empty = Header { transactions_root: alloy_trie::EMPTY_ROOT_HASH, ..header.clone() };
    assert_eq!(refusal(&mut chain, &decoded(&Block::new(empty, Vec::new()))), Invalid::Empty);
    assert_eq!(refusal(&mut chain, &decoded(&Block::new(header.clone(), Vec::new()))), Invalid::Empty);

    let mut swapped = block.transactions.clone();
    swapped.reverse();
    let missing = block.transactions[1..].to_vec();
    let twice = [&block.transactions[..], &block.transactions[..1]].concat();
    for transactions in [swapped, missing, twice] {
        let reason = refusal(&mut chain, &decoded(&Block::new(header.clone(), transactions)));
        assert!(matches!(reason, Invalid::Header { field: Field::TransactionsRoot, .. }), "{reason}");
    }

    // An uncle, with and without the hash that fits it.
    let uncle = alloy_rlp::encode(header);
    let uncles = list(&[&uncle]);
    for uncles_hash in [header.uncles_hash, keccak256(&uncles)] {
        let header = alloy_rlp::encode(Header { uncles_hash, ..header.clone() });
        let bytes = list(&[&header, &transactions(&block), &uncles]);
        let with_uncle = chain.parse(bytes.into()).expect("an uncle is a header");
        assert_eq!(refusal(&mut chain, &with_uncle), Invalid::Uncles);
    }
    assert!(chain.processing(block.id()).is_none());
}

/// A list of withdrawals behind the body is read over. The header does not cover it: the id is the same, the bytes are
/// others, and they are served as they came.
#[test]
fn withdrawals() {
    let withdrawal = list(&[&[1], &[2], &alloy_rlp::encode(Address::repeat_byte(3)), &[4]]);
    for withdrawals in [list(&[]), list(&[&withdrawal]), list(&[&withdrawal, &withdrawal])] {
        let (mut chain, block) = granite_block();
        let bytes = Bytes::from(list(&[&parts(&block), &withdrawals]));
        assert_ne!(&bytes, block.bytes());
        let with = chain.parse(bytes.clone()).expect("withdrawals are tolerated");
        assert_eq!(with.id(), block.id());
        assert_eq!(chain.verify(&with, at_its_time(&with)), Ok(Verdict::Valid));
        assert_eq!(
            chain.block(with.id()).expect("memory reads").map(|block| block.bytes().clone()),
            Some(bytes.clone())
        );
        chain.accept(with.id(), Durability::Buffered).expect("memory stores");
        assert_eq!(chain.head().block_bytes(with.height()), Ok(Some(bytes.clone())));
        assert_eq!(chain.block(with.id()).expect("memory reads").map(|block| block.bytes().clone()), Some(bytes));
    }
    let (chain, block) = granite_block();
    let bad = list(&[&parts(&block), &list(&[&list(&[&[1]])])]);
    assert!(matches!(chain.parse(bad.into()), Err(DecodeError::Malformed(Malformed::Rlp { what: "withdrawals", .. }))));
}

#[test]
fn bytes_that_are_no_block() {
    let (chain, block) = granite_block();
    let bytes = block.bytes();
    let header = alloy_rlp::encode(&block.header);
    let parse = |bytes: Vec<u8>| match chain.parse(bytes.into()) {
        Ok(block) => panic!("read as {}", block.id()),
        Err(DecodeError::Malformed(malformed)) => malformed,
        Err(other) => panic!("{other}"),
    };
    assert_eq!(parse([&bytes[..], &[0]].concat()), Malformed::Trailing { what: "block", count: 1 });
    assert_eq!(parse([&bytes[..], bytes].concat()), Malformed::Trailing { what: "block", count: bytes.len() });
    let behind = list(&[&parts(&block)[..], &[0xc0], &[0xc0]]);
    assert_eq!(parse(behind), Malformed::Trailing { what: "block", count: 1 });
    for end in 0..bytes.len() {
        assert!(matches!(parse(bytes[..end].to_vec()), Malformed::Rlp { .. }), "cut at {end}");
    }
    assert!(matches!(parse(Vec::new()), Malformed::Rlp { what: "block", .. }));
    assert!(matches!(parse(vec![0x80]), Malformed::Rlp { what: "block", .. }));

    // Another field behind the last, or the last one written with a leading zero.
    let fields = &header[header.len() - RlpHeader::decode(&mut &header[..]).expect("a list").payload_length..];
    let longer = list(&[fields, &[1]]);
    let body = list(&[&longer, &transactions(&block), &[0xc0]]);
    assert!(matches!(parse(body), Malformed::Rlp { what: "header", .. }));
    let beyond = list(&[fields, &[1], &[2]]);
    assert!(matches!(parse(list(&[&beyond, &transactions(&block), &[0xc0]])), Malformed::Rlp { what: "header", .. }));

    // A transaction of a later type, of no type, and one that ends early.
    let typed = |transaction: &[u8]| {
        let transactions = list(&[&alloy_rlp::encode(transaction)]);
        list(&[&header, &transactions, &[0xc0]])
    };
    let known = block.transactions.iter().find(|tx| tx.kind() == 2).expect("the workload sends some");
    let typed_transaction = &known.encode();
    for kind in [4, 5, 0x7f] {
        let bytes = typed(&[&[kind], &typed_transaction[1..]].concat());
        assert_eq!(parse(bytes), Malformed::TransactionType { index: 0, kind });
    }
    assert!(matches!(parse(typed(&[])), Malformed::TransactionType { index: 0, .. }));
    assert!(matches!(parse(typed(&[2, 0xc0])), Malformed::Transaction { index: 0, .. }));
    let longer = parse(typed(&[&typed_transaction[..], &[0]].concat()));
    assert!(matches!(longer, Malformed::Transaction { index: 0, .. } | Malformed::Trailing { .. }), "{longer}");
}

/// Parsing needs no parent, and no order.
#[test]
fn parsed_from_the_end() {
    for name in NAMES {
        let record = Record::read(name);
        let chain = record.open(Arc::new(Memory::new()), History::Archive);
        for recorded in record.blocks.iter().rev() {
            let block = recorded.block(&chain);
            assert_eq!(block.height(), recorded.number);
            assert_eq!(decoded(&Block::new(block.header.clone(), block.transactions.clone())).bytes(), &recorded.rlp);
        }
    }
}

fn forbidden(era: &str, parent: &Header) -> Vec<Change> {
    let mut all = FORBIDDEN.to_vec();
    let mut add = |more: &[Change]| all.extend_from_slice(more);
    match era {
        "before Durango" => {
            add(FORBIDDEN_BEFORE_ETNA);
            add(FORBIDDEN_BEFORE_DURANGO);
            add(FORBIDDEN_BEFORE_GRANITE);
        }
        "Durango" => {
            add(FORBIDDEN_BEFORE_ETNA);
            add(FORBIDDEN_FROM_DURANGO);
            add(FORBIDDEN_BEFORE_GRANITE);
        }
        "Etna" => {
            add(FORBIDDEN_FROM_DURANGO);
            add(FORBIDDEN_FROM_ETNA);
            add(FORBIDDEN_BEFORE_GRANITE);
            add(FORBIDDEN_IN_ETNA);
        }
        _ => {
            add(FORBIDDEN_FROM_DURANGO);
            add(FORBIDDEN_FROM_ETNA);
            add(FORBIDDEN_FROM_GRANITE);
            if parent.min_delay_excess.is_some() {
                add(&[(Field::TimestampMilliseconds, "a millisecond too early", |header, parent| {
                    let excess = parent.min_delay_excess.expect("checked");
                    at_ms(header, parent.unix_ms() + pars_chain::rules::time::delay_ms(excess) - 1);
                })]);
            }
        }
    }
    all
}

fn era(chain: &Chain, header: &Header) -> &'static str {
    let rules = chain.spec().rules(header.time);
    match (rules.durango, rules.etna, rules.granite) {
        (false, ..) => "before Durango",
        (true, false, _) => "Durango",
        (true, true, false) => "Etna",
        (true, true, true) => "Granite",
    }
}

/// A block with several transactions, one of them typed, of a chain that has Granite; and the chain before it.
fn granite_block() -> (Chain, Arc<Block>) {
    let record = Record::read("granite-11");
    let mut chain = record.open(Arc::new(Memory::new()), History::Archive);
    let several = |block: &Block| block.transactions.len() > 1 && block.transactions.iter().any(|tx| tx.kind() == 2);
    let block = (2..=record.height()).map(|height| record.at(height).block(&chain)).find(|block| several(block));
    let block = block.expect("the workload sends some");
    record.advance(&mut chain, block.height() - 1);
    (chain, block)
}

fn refusal(chain: &mut Chain, block: &Arc<Block>) -> Invalid {
    match chain.verify(block, at_its_time(block)).expect("memory reads") {
        Verdict::Invalid(reason) => reason,
        other => panic!("{other:?}: {:?}", block.header),
    }
}

fn encoded(block: &Block, header: Header) -> Arc<Block> {
    decoded(&Block::new(header, block.transactions.clone()))
}

fn decoded(block: &Block) -> Arc<Block> {
    Arc::new(Block::decode(block.bytes().clone()).expect("a changed header is still one"))
}

/// RLP list of encoded items.
fn list(items: &[&[u8]]) -> Vec<u8> {
    let payload = items.concat();
    let mut out = Vec::new();
    RlpHeader { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload].concat()
}

/// The encoded list of a block's transactions.
fn transactions(block: &Block) -> Vec<u8> {
    let whole = parts(block);
    let mut rest = &whole[..];
    RlpHeader::decode_bytes(&mut rest, true).expect("the header");
    rest[..rest.len() - 1].to_vec()
}

/// What is in a block's list: header, transactions, uncles.
fn parts(block: &Block) -> Vec<u8> {
    RlpHeader::decode_bytes(&mut &block.bytes()[..], true).expect("a list").to_vec()
}

/// Takes the field of this place in the optional tail away, and those behind it.
fn cut_tail(header: &mut Header, from: usize) {
    let keep = |place: usize| place < from;
    header.base_fee = header.base_fee.filter(|_| keep(0));
    header.block_gas_cost = header.block_gas_cost.filter(|_| keep(1));
    header.blob_gas_used = header.blob_gas_used.filter(|_| keep(2));
    header.excess_blob_gas = header.excess_blob_gas.filter(|_| keep(3));
    header.parent_beacon_root = header.parent_beacon_root.filter(|_| keep(4));
    header.time_ms = header.time_ms.filter(|_| keep(5));
    header.min_delay_excess = header.min_delay_excess.filter(|_| keep(6));
}

const fn at_ms(header: &mut Header, ms: u64) {
    header.time = ms / 1_000;
    header.time_ms = Some(ms);
}

fn flipped(bytes: &Bytes, at: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes.into()
}

//! Predicates of the warp row: what they cost, and how their results stand in the header. Verdicts on signatures come
//! from outside.

use crate::support::abi::{GET_VERIFIED_WARP_MESSAGE, WARP, input};
use crate::support::context::{at_its_time, bootstrapping};
use crate::support::files::{Era, Files, START};
use crate::support::probe::{Kind, Probe};
use crate::support::wallet::{Draft, Key};
use crate::support::world::{World, with_header};
use alloy_primitives::{Address, B256, Bytes, U256};
use pars_chain::block::Block;
use pars_chain::engine::{Built, Needs, Verdict};
use pars_chain::error::{Field, Invalid, InvalidTransaction};
use pars_chain::execution::executor::{Environment, Executor, Place};
use pars_chain::rules::fee::WINDOW_BYTES;
use pars_chain::rules::predicate::Verdicts;
use pars_chain::tx::Tx;
use pars_precompiles::predicate_results::Results;
use pars_precompiles::subnet::warp::message::{Message, Payload, Unsigned};
use pars_precompiles::subnet::warp::predicate::pack;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

fn files(era: Era) -> Files {
    Files::new(era).probes().row("warpConfig", json!({ "quorumNumerator": 67 }))
}

/// Storage keys of a message that two validators signed.
fn chunks(content: u8) -> Vec<B256> {
    let source = Bytes::copy_from_slice(Address::repeat_byte(0x99).as_slice());
    let payload = Payload::AddressedCall { source, content: Bytes::copy_from_slice(&[content]) }.encode();
    let unsigned = Unsigned { network_id: 7, source_chain: B256::repeat_byte(0x66), payload: payload.into() };
    pack(&Message { unsigned, signers: Bytes::from_static(&[3]), signature: [9; 96] }.encode())
}

/// Gas of such a predicate.
fn predicate_gas(era: Era) -> u64 {
    let count = u64::try_from(chunks(0).len()).expect("few");
    if era >= Era::Granite { 125_000 + 512 * count + 2 * 250 } else { 200_000 + 3_200 * count + 2 * 500 }
}

/// A transfer that carries this many messages.
fn with_messages(count: u8) -> Draft {
    (0..count).fold(Draft::transfer(Address::ZERO, 1).gas(5_000_000), |draft, n| draft.access(WARP, chunks(n)))
}

fn verdicts<'a>(passed: impl IntoIterator<Item = (&'a Arc<Tx>, Vec<bool>)>) -> Verdicts {
    passed.into_iter().map(|(tx, passed)| (tx.hash(), BTreeMap::from([(WARP, passed)]))).collect()
}

fn results(block: &Block) -> &[u8] {
    &block.header.extra[WINDOW_BYTES..]
}

fn with_results(block: &Block, results: &[u8]) -> Arc<Block> {
    with_header(block, |header| header.extra = [&header.extra[..WINDOW_BYTES], results].concat().into())
}

/// The tuple costs the predicate's price and nothing else, and is warm all the same. From the moment that warp is on, a
/// tuple without a message makes the transaction invalid.
#[test]
fn trap_21_what_a_tuple_costs() {
    let key = Key::new(1);
    for era in [Era::Durango, Era::Etna, Era::Granite] {
        let mut world = World::new(&files(era));
        let tx = world.sign(&key, with_messages(1));
        world.verdicts = Some(verdicts([(&tx, vec![true])]));
        let sealed = world.seal([tx]);
        assert_eq!(sealed.gas(0), 21_000 + predicate_gas(era), "{era:?}");

        // Another address beside it costs as ever; both are warm.
        let probe = Probe { measured: WARP, ..Probe::new(Kind::Call, Address::repeat_byte(0xdd), Vec::new()) };
        let bare = world.send(&key, probe.draft());
        assert_eq!(probe.outcome(&world).balance_gas, 2_600);
        // Once more, with the probe's slots written: now only what the list costs differs.
        let second = world.send(&key, probe.draft());
        assert!(second.gas(0) < bare.gas(0));
        let draft = probe.draft().access(WARP, chunks(1)).access(Address::repeat_byte(0xcc), vec![B256::ZERO; 2]);
        let tx = world.sign(&key, draft);
        world.verdicts = Some(verdicts([(&tx, vec![true])]));
        let sealed = world.seal([tx]);
        assert_eq!(probe.outcome(&world).balance_gas, 100, "{era:?}");
        // BALANCE costs 2,500 less, and writing that down 5,000 instead of 2,200 for a number that stays.
        let list = predicate_gas(era) + 2_400 + 2 * 1_900;
        assert_eq!(sealed.gas(0) + 2_500, second.gas(0) + list + (5_000 - 2_200), "{era:?}");
    }
}

#[test]
fn trap_21_a_tuple_without_a_message() {
    let key = Key::new(1);
    let warp_later = Files::new(Era::Granite).switch("warpConfig", 100, json!({ "quorumNumerator": 67 }));
    let mut world = World::new(&warp_later);
    let sealed = world.send(&key, Draft::transfer(Address::ZERO, 1).gas(100_000).access(WARP, Vec::new()));
    assert_eq!(sealed.gas(0), 21_000 + 2_400);
    let garbage = vec![B256::repeat_byte(1)];
    let sealed = world.send(&key, Draft::transfer(Address::ZERO, 1).gas(100_000).access(WARP, garbage.clone()));
    assert_eq!(sealed.gas(0), 21_000 + 2_400 + 1_900);

    world.next_ms = (START + 100) * 1_000;
    for keys in [Vec::new(), garbage, [chunks(1), vec![B256::ZERO]].concat()] {
        let tx = key.sign(&Draft::transfer(Address::ZERO, 1).gas(5_000_000).nonce(2).access(WARP, keys));
        world.verdicts = Some(verdicts([(&tx, vec![true])]));
        assert!(matches!(world.build([Arc::clone(&tx)]), Built::Nothing));
        let Built::Block(block) = world.build([key.sign(&Draft::transfer(Address::ZERO, 1).nonce(2))]) else {
            panic!("no block")
        };
        let forged = world.forge(&block, vec![tx]);
        for verdict in [world.verify(&forged), world.verify_bootstrapping(&forged)] {
            match verdict {
                Verdict::Invalid(Invalid::Transaction { index: 0, reason, .. }) => {
                    assert_eq!(reason, InvalidTransaction::BadPredicate(WARP));
                }
                other => panic!("{other:?}"),
            }
        }
        world.chain.reject(block.id()).expect("held");
    }
}

/// A bit is set for each predicate that failed; transactions whose predicates all passed stand there too, those without
/// any do not; all sorted by hash.
#[test]
fn trap_22_result_bytes() {
    let key = Key::new(1);
    let mut world = World::new(&files(Era::Granite));
    let counts: [u8; 5] = [1, 0, 9, 2, 1];
    let passed = |index: usize| match index {
        0 => vec![false],
        2 => vec![true, true, true, true, true, true, true, true, false],
        3 => vec![true, true],
        _ => vec![true],
    };
    let transactions: Vec<_> = counts.iter().map(|count| world.sign(&key, with_messages(*count))).collect();
    let listed: Vec<usize> = vec![0, 2, 3, 4];
    world.verdicts = Some(verdicts(listed.iter().map(|index| (&transactions[*index], passed(*index)))));
    let sealed = world.seal(transactions.clone());

    let bits: BTreeMap<usize, &[u8]> = [(0, &[1][..]), (2, &[1, 0]), (3, &[]), (4, &[])].into();
    let mut sorted: Vec<(B256, &[u8])> =
        bits.iter().map(|(index, bits)| (transactions[*index].hash(), *bits)).collect();
    sorted.sort_unstable();
    let mut expected = vec![0, 0, 0, 0, 0, 4];
    for (hash, bits) in sorted {
        expected.extend_from_slice(hash.as_slice());
        expected.extend_from_slice(&[0, 0, 0, 1]);
        expected.extend_from_slice(WARP.as_slice());
        expected.extend_from_slice(&u32::try_from(bits.len()).expect("short").to_be_bytes());
        expected.extend_from_slice(bits);
    }
    assert_eq!(results(&sealed.block), expected);
}

/// In normal operation the header must say what the verdicts say, and without verdicts there is no answer.
#[test]
fn trap_22_verdicts_decide() {
    let key = Key::new(1);
    let mut world = World::new(&files(Era::Granite));
    let tx = world.sign(&key, with_messages(2));
    assert!(matches!(world.build([Arc::clone(&tx)]), Built::Nothing), "left out without verdicts");
    let good = verdicts([(&tx, vec![true, false])]);
    world.verdicts = Some(good.clone());
    let Built::Block(block) = world.build([Arc::clone(&tx)]) else { panic!("no block") };
    for other in [vec![true, true], vec![false, false], vec![false, true]] {
        world.verdicts = Some(verdicts([(&tx, other)]));
        assert!(matches!(world.refusal(&block), Invalid::Header { field: Field::ExtraData, .. }));
    }
    let incomplete =
        [None, Some(Verdicts::new()), Some(verdicts([(&tx, vec![true])])), Some(verdicts([(&tx, vec![true; 3])]))];
    for verdicts in incomplete {
        world.verdicts = verdicts;
        assert_eq!(world.verify(&block), Verdict::Needs(Needs::PredicateVerdicts));
        assert!(world.twin.processing(block.id()).is_none());
    }
    world.verdicts = Some(good);
    assert_eq!(world.verify(&block), Verdict::Valid);
    // Held already, it is only checked again: another context, another answer.
    world.verdicts = None;
    assert_eq!(world.verify(&block), Verdict::Needs(Needs::PredicateVerdicts));
    assert_eq!(world.verify_bootstrapping(&block), Verdict::Valid);
    assert!(world.twin.processing(block.id()).is_some());
}

/// A block without predicates says so in six bytes; one without the six bytes is refused, unless the node bootstraps and
/// trusts.
#[test]
fn trap_23_no_predicates_are_six_bytes() {
    for warp in [true, false] {
        let files = if warp { files(Era::Granite) } else { Files::new(Era::Granite) };
        let mut world = World::new(&files);
        let tx = world.sign(&Key::new(1), Draft::transfer(Address::ZERO, 1));
        let Built::Block(block) = world.build([tx]) else { panic!("no block") };
        assert_eq!(results(&block), [0; 6]);
        for tail in [&[][..], &[0; 5], &[0; 7], &[0, 0, 0, 0, 0, 1], &[0xff; 40]] {
            let changed = with_results(&block, tail);
            assert!(matches!(world.refusal(&changed), Invalid::Header { field: Field::ExtraData, .. }));
            assert_eq!(world.verify_bootstrapping(&changed), Verdict::Valid, "trap 24: {tail:?}");
        }
    }
}

/// While bootstrapping the header's results are what counts; bytes that are no results are no results, so that no
/// predicate failed.
#[test]
fn trap_24_unparsable_results_are_none() {
    let key = Key::new(1);
    let build = |passed: bool| {
        let mut world = World::new(&files(Era::Granite));
        let probe = Probe::new(Kind::Call, WARP, input(GET_VERIFIED_WARP_MESSAGE, &[&0_u64]));
        let tx = world.sign(&key, probe.draft().access(WARP, chunks(1)));
        world.verdicts = Some(verdicts([(&tx, vec![passed])]));
        let Built::Block(block) = world.build([tx]) else { panic!("no block") };
        (world, block)
    };
    let (mut world, valid) = build(true);
    let (_, failed) = build(false);
    assert_ne!(valid.header.state_root, failed.header.state_root, "the contract sees the result");
    let tails = |block: &Block| {
        let good = results(block).to_vec();
        let mut cut: Vec<Vec<u8>> = (0..good.len()).map(|end| good[..end].to_vec()).collect();
        cut.extend([[&good[..], &[0]].concat(), vec![0xff; good.len()], [&[0, 1], &good[2..]].concat()]);
        cut
    };
    for (block, holds) in [(&valid, true), (&failed, false)] {
        assert_eq!(world.twin.verify(block, bootstrapping(block)), Ok(Verdict::Valid));
        for tail in tails(block) {
            let changed = with_results(block, &tail);
            match world.twin.verify(&changed, bootstrapping(&changed)) {
                Ok(Verdict::Valid) => assert!(holds, "{tail:?}"),
                Ok(Verdict::Invalid(Invalid::Header { field, .. })) => {
                    assert!(!holds && matches!(field, Field::GasUsed | Field::StateRoot), "{field} {tail:?}");
                }
                other => panic!("{other:?}"),
            }
            assert!(matches!(
                world.twin.verify(&changed, at_its_time(&changed)),
                Ok(Verdict::Needs(Needs::PredicateVerdicts))
            ));
        }
    }
    // Results that say the opposite are believed.
    let swapped = with_results(&valid, results(&failed));
    assert!(matches!(
        world.twin.verify(&swapped, bootstrapping(&swapped)),
        Ok(Verdict::Invalid(Invalid::Header { field: Field::GasUsed | Field::StateRoot, .. }))
    ));
}

/// An index beyond the transaction's own predicates is not valid though no result says so; beyond 2^31 - 1 the call
/// fails.
#[test]
fn trap_25_indices_beyond() {
    let key = Key::new(1);
    for era in [Era::Etna, Era::Granite] {
        let files = files(era);
        let mut world = World::new(&files);
        let (base, chunk) = if era == Era::Granite { (750, 512) } else { (2, 3_200) };
        let read = base + chunk * u64::try_from(chunks(0).len()).expect("few");
        // index, passed: success, bytes, gas
        let cases = [
            (0, true, true, 224, read),
            (0, false, true, 192, base),
            (1, true, true, 192, base),
            (u64::from(u32::MAX >> 1), true, true, 192, base),
            (1 << 31, true, false, 0, 300_000),
            (u64::from(u32::MAX), true, false, 0, 300_000),
            (1 << 32, true, false, 0, 300_000),
        ];
        for (index, passed, success, size, gas) in cases {
            let probe = Probe::new(Kind::Call, WARP, input(GET_VERIFIED_WARP_MESSAGE, &[&index]));
            let around = probe.around(&files);
            let tx = world.sign(&key, probe.draft().access(WARP, chunks(7)));
            world.verdicts = Some(verdicts([(&tx, vec![passed])]));
            world.seal([tx]);
            let outcome = probe.outcome(&world);
            assert_eq!((outcome.success, outcome.size), (success, size), "{era:?} {index}");
            // The tuple has warmed the address.
            assert_eq!(outcome.gas, around + 100 + gas, "{era:?} {index}");
            if success {
                assert_eq!(outcome.word, U256::from(0x40), "where the message stands");
            }
            assert_eq!(world.verdicts.as_ref().map(BTreeMap::len), Some(1));
        }
        // A transaction without predicates finds none, whatever others in the block carry.
        let probe = Probe::new(Kind::Call, WARP, input(GET_VERIFIED_WARP_MESSAGE, &[&0_u64]));
        let carrier = world.sign(&key, with_messages(1));
        let reader = world.sign(&key, probe.draft());
        world.verdicts = Some(verdicts([(&carrier, vec![true])]));
        world.seal([carrier, reader]);
        assert_eq!((probe.outcome(&world).success, probe.outcome(&world).size), (true, 192));
    }
}

/// Execution beside a block, which is what eth_call and eth_estimateGas do, asks nobody for verdicts: a well-formed
/// tuple counts as valid, also where the block that is built next says that it failed.
#[test]
fn trap_26_without_results_a_tuple_counts_as_valid() {
    let key = Key::new(1);
    let mut world = World::new(&files(Era::Granite));
    let probe = Probe::new(Kind::Call, WARP, input(GET_VERIFIED_WARP_MESSAGE, &[&0_u64]));
    let tx = world.sign(&key, probe.draft().access(WARP, chunks(1)));
    world.verdicts = Some(verdicts([(&tx, vec![false])]));
    let Built::Block(block) = world.build([Arc::clone(&tx)]) else { panic!("no block") };

    let environment = Environment::new(world.twin.spec(), &block.header).expect("small numbers");
    let head = world.twin.head().clone();
    let mut beside = Executor::new(world.twin.spec(), Place::default(), &head, environment).expect("memory reads");
    let receipt = beside.transact(&tx, &Results::default()).expect("it may be in this block");
    let read = 512 * u64::try_from(chunks(1).len()).expect("few");
    assert!(receipt.success);
    assert!(
        receipt.cumulative_gas_used > block.header.gas_used + read,
        "reading the message costs its chunks, and the contract stores more: {} beside, {} in the block",
        receipt.cumulative_gas_used,
        block.header.gas_used
    );
}

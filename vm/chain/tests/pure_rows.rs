//! Rows that only compute, as contracts and the chain meet them: every kind of call, every address, values, activation
//! and its end.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

#[allow(dead_code, reason = "shared with the tests of rows")]
#[path = "../../../precompiles/tests/pure/calling.rs"]
mod calling;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../../crypto/tests/support/load.rs"]
mod load;
#[allow(dead_code, reason = "shared with the tests of rows")]
#[path = "../../../precompiles/tests/pure/operations.rs"]
mod operations;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "support"]
mod support {
    pub(crate) mod abi;
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod probe;
    pub(crate) mod wallet;
    pub(crate) mod world;
}
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../../crypto/tests/support/vectors.rs"]
mod vectors;

use alloy_primitives::{Address, Bytes, U256, keccak256};
use operations::{Form, Operation, operations};
use pars_crypto::mldsa::{self, Set};
use pars_precompiles::pure::{MALFORMED_INPUT, ON_CHAIN_SECRETS_DISABLED, UNKNOWN_SELECTOR, high, low, truth};
use pars_precompiles::registry::{Entry, TABLE, keys, rows_of};
use serde_json::json;
use std::collections::BTreeSet;
use support::files::{Era, Files, START};
use support::probe::{KINDS, Kind, Probe};
use support::wallet::{Draft, Key};
use support::world::World;

fn pure() -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().filter(|entry| entry.pure)
}

fn addresses(entry: &'static Entry) -> impl Iterator<Item = Address> {
    [entry.at].into_iter().chain(entry.also.iter().copied())
}

/// All of them are on.
fn files() -> Files {
    let on = keys().filter(|(_, entry)| entry.pure);
    on.fold(Files::new(Era::Granite).probes(), |files, (_, entry)| files.row(entry.config_key, json!({})))
}

/// What a call is answered: with success or not, and with which bytes.
struct Expected {
    input: Vec<u8>,
    success: bool,
    answer: Bytes,
    gas: u64,
}

/// The shortest good call that all addresses of the row take, and one that is refused: with a named error where there are
/// functions, with false where there are none.
fn expected(entry: &Entry, operations: &[Operation]) -> [Expected; 2] {
    let of_row = operations.iter().filter(|one| one.row.at == entry.at && !one.secret);
    let good = of_row.filter(|one| !matches!(one.form, Form::Raw(_))).min_by_key(|one| one.input().len()).unwrap();
    let function = entry.interface.iter().flat_map(|part| part.functions).next();
    let (input, success, answer) = match function {
        Some(function) => (function.selector.to_vec(), false, Bytes::from_static(&MALFORMED_INPUT)),
        None => (Vec::new(), true, truth(false)),
    };
    let refused = Expected { input, success, answer, gas: 300_000 };
    [Expected { input: good.input(), success: true, answer: good.answer.clone(), gas: good.price }, refused]
}

#[test]
fn every_kind_of_call_is_answered_alike_at_every_address() {
    let (files, operations) = (files(), operations());
    let mut world = World::new(&files);
    let key = Key::new(1);
    let mut calls = 0;
    for entry in pure() {
        for Expected { input, success, answer, gas: given } in expected(entry, &operations) {
            let mut gas = BTreeSet::new();
            for at in addresses(entry) {
                for kind in KINDS {
                    let probe = Probe { gas: given, ..Probe::new(kind, at, input.clone()) };
                    let before = world.account(at).expect("on");
                    let outcome = probe.run(&mut world, &key);
                    let what = format!("{} {kind:?} {at}", entry.name);
                    let size = u64::try_from(answer.len()).unwrap();
                    assert_eq!(
                        (outcome.success, outcome.size, outcome.hash),
                        (success, size, keccak256(&answer)),
                        "{what}"
                    );
                    gas.insert(outcome.gas - probe.around(&files));
                    assert_eq!(world.account(at), Some(before), "{what}");
                    calls += 1;
                }
                // A value stays where it was sent, also where the call has an alias's address; CALLCODE sends it to
                // itself. A refused call leaves it with the caller.
                for kind in [Kind::CallCode, Kind::Call] {
                    let (there, here) = (world.balance(at), world.balance(kind.address()));
                    let probe = Probe { value: 7, gas: given, ..Probe::new(kind, at, input.clone()) };
                    assert_eq!(probe.run(&mut world, &key).success, success);
                    let sent = U256::from(if success && kind == Kind::Call { 7 } else { 0 });
                    assert_eq!(world.balance(at), there + sent, "{} {kind:?}", entry.name);
                    assert_eq!(world.balance(kind.address()), here + U256::from(7) - sent, "{} {kind:?}", entry.name);
                }
            }
            // Each address is cold, and none costs more than another.
            assert_eq!(gas.len(), 1, "{}: {gas:?}", entry.name);
            assert!(*gas.first().unwrap() > 2_600, "{}: {gas:?}", entry.name);
        }
    }
    println!("{calls} calls");
}

#[test]
fn a_signature_is_verified_on_chain() {
    let mut world = World::new(&files());
    let key = Key::new(1);
    for set in Set::ALL {
        let keys = mldsa::key_pair(set, &[1; 32]);
        let signature = mldsa::sign(set, &keys.secret_key, b"a vote", &[]).unwrap();
        let open = rows_of("mldsaEip8355").nth(Set::ALL.iter().position(|one| *one == set).unwrap()).unwrap();
        for (message, valid) in [(&b"a vote"[..], true), (b"another", false)] {
            let input = [&keys.public_key[..], &signature, message].concat();
            for kind in KINDS {
                let outcome = Probe::new(kind, TABLE[open].at, input.clone()).run(&mut world, &key);
                assert_eq!((outcome.success, outcome.word), (true, U256::from(u8::from(valid))), "{set:?} {kind:?}");
            }
        }
    }
}

#[test]
fn rows_come_and_go_with_their_key() {
    let key = Key::new(1);
    let eip = "mldsaEip8355";
    let files =
        Files::new(Era::Granite).probes().switch(eip, 20, json!({})).switch(eip, 40, json!({ "disable": true }));
    let mut world = World::new(&files);
    let all: Vec<Address> = rows_of(eip).flat_map(|row| addresses(&TABLE[row])).collect();
    assert_eq!(all.len(), 3);
    for (after, on) in [(10, false), (20, true), (40, false)] {
        world.next_ms = (START + after) * 1_000;
        world.send(&key, Draft::transfer(Address::repeat_byte(0x77), 1));
        for at in &all {
            let account = world.account(*at).filter(|account| account.nonce == 1);
            assert_eq!(account.map(|account| account.code_hash), on.then(|| keccak256([1])), "{after} {at}");
            // What is off is an account without code: a call of it succeeds and gives nothing.
            let outcome = Probe::new(Kind::StaticCall, *at, Vec::new()).run(&mut world, &key);
            assert_eq!((outcome.success, outcome.size), (true, if on { 32 } else { 0 }), "{after} {at}");
        }
    }
}

/// Some addresses answer for other rows too, while those are on; and an address is the one that was called, also where the
/// caller lends its own.
#[test]
fn foreign_functions_follow_the_called_address_and_the_keys_that_are_on() {
    const ENCAPSULATE: [u8; 4] = [0x52, 0x0b, 0x60, 0x72];
    const VERIFY: [u8; 4] = [0xde, 0x8f, 0x50, 0xa1];
    let (key, [kem, signatures]) = (Key::new(1), ["mlkemConfig", "slhdsaVerify"]);
    let files = Files::new(Era::Granite)
        .probes()
        .row("mldsaVerify", json!({}))
        .switch(kem, 1_000, json!({}))
        .switch(signatures, 2_000, json!({}))
        .switch(signatures, 3_000, json!({ "disable": true }))
        .switch(kem, 4_000, json!({ "disable": true }));
    let mut world = World::new(&files);
    // Mode 0x44, and zeros of the right lengths: false.
    let raw = [&[0x44][..], &[0; 1_312 + 32 + 2_420]].concat();
    let mldsa = [low(0x0601), low(0x1_2201), low(0x1_2202)];
    for (after, has_kem, has_signatures) in
        [(10, false, false), (1_000, true, false), (2_000, true, true), (3_000, true, false), (4_000, false, false)]
    {
        world.next_ms = (START + after) * 1_000;
        world.send(&key, Draft::transfer(Address::repeat_byte(0x77), 1));
        for kind in KINDS {
            let mut run = |at: Address, input: &[u8]| Probe::new(kind, at, input.to_vec()).run(&mut world, &key);
            let known = |selector: [u8; 4]| (false, keccak256(selector));
            let halted = (false, keccak256([]));
            for at in mldsa {
                // Two addresses tell by selector alone whom they are asked for, and one takes what is none as raw bytes.
                let takes_raw = at == low(0x0601);
                let unknown = if takes_raw { halted } else { known(UNKNOWN_SELECTOR) };
                let outcome = run(at, &ENCAPSULATE);
                let expected = if has_kem { known(MALFORMED_INPUT) } else { unknown };
                assert_eq!((outcome.success, outcome.hash), expected, "{after} {kind:?} {at}");
                let outcome = run(at, &raw);
                let expected = if takes_raw { (true, keccak256(truth(false))) } else { unknown };
                assert_eq!((outcome.success, outcome.hash), expected, "{after} {kind:?} {at}, raw");
            }
            // ML-KEM's own address, and the one where SLH-DSA is meant as well.
            for (at, takes_signatures) in [(low(0x0603), false), (high(0x0200, 7), true)] {
                let outcome = run(at, &VERIFY);
                let expected = match (has_kem, takes_signatures && has_signatures) {
                    (false, _) => (true, keccak256([])),
                    (true, false) => halted,
                    (true, true) => known(MALFORMED_INPUT),
                };
                assert_eq!((outcome.success, outcome.hash), expected, "{after} {kind:?} {at}");
            }
        }
    }
}

/// The permission to show secrets is a row's own, and changes by disabling and enabling it.
#[test]
fn secrets_are_shown_where_the_configuration_says_so() {
    let (key, row) = (Key::new(1), "mldsaVerify");
    let files = Files::new(Era::Granite)
        .probes()
        .row(row, json!({ "allowOnChainSecrets": true }))
        .row("mlkemConfig", json!({}))
        .switch(row, 20, json!({ "disable": true }))
        .switch(row, 21, json!({}));
    let mut world = World::new(&files);
    let mut key_gen = [&[0x04, 0xa6, 0x7f, 0xb1][..], &[0; 64]].concat();
    key_gen[35] = 3;
    let at = TABLE[rows_of(row).next().unwrap()].at;
    let other = TABLE[rows_of("mlkemConfig").next().unwrap()].at;
    for (after, shown) in [(10, true), (30, false)] {
        world.next_ms = (START + after) * 1_000;
        for (at, shown) in [(at, shown), (other, false)] {
            let outcome = Probe::new(Kind::Call, at, key_gen.clone()).run(&mut world, &key);
            assert_eq!(outcome.success, shown, "{after} {at}");
            if !shown {
                assert_eq!(outcome.hash, keccak256(ON_CHAIN_SECRETS_DISABLED), "{after} {at}");
            }
        }
    }
}

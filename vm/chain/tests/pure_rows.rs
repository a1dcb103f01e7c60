//! Rows that only compute, as contracts and the chain meet them: every kind of call, every address, values, activation
//! and its end.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

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

use alloy_primitives::{Address, Bytes, U256, keccak256};
use pars_crypto::mldsa::{self, Set};
use pars_precompiles::pure::{MALFORMED_INPUT, ON_CHAIN_SECRETS_DISABLED, truth};
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

/// A call that is cheap, and how it ends: with a named error where there are functions, with an answer where there are
/// none.
fn cheap(entry: &Entry) -> (Vec<u8>, bool, Bytes) {
    let function = entry.interface.iter().flat_map(|part| part.functions).next();
    match function {
        Some(function) => (function.selector.to_vec(), false, Bytes::from_static(&MALFORMED_INPUT)),
        None => (Vec::new(), true, truth(false)),
    }
}

#[test]
fn every_kind_of_call_is_answered_alike_at_every_address() {
    let files = files();
    let mut world = World::new(&files);
    let key = Key::new(1);
    let mut calls = 0;
    for entry in pure() {
        let (input, success, answer) = cheap(entry);
        let mut gas = BTreeSet::new();
        for at in addresses(entry) {
            for kind in KINDS {
                let probe = Probe::new(kind, at, input.clone());
                let before = world.account(at).expect("on");
                let outcome = probe.run(&mut world, &key);
                let what = format!("{} {kind:?} {at}", entry.name);
                assert_eq!((outcome.success, outcome.size), (success, u64::try_from(answer.len()).unwrap()), "{what}");
                assert_eq!(outcome.hash, keccak256(&answer), "{what}");
                gas.insert(outcome.gas - probe.around(&files));
                assert_eq!(world.account(at), Some(before), "{what}");
                calls += 1;
            }
            // A value stays where it was sent, also where the call has an alias's address; CALLCODE sends it to itself.
            for kind in [Kind::CallCode, Kind::Call] {
                let (there, here) = (world.balance(at), world.balance(kind.address()));
                let outcome = Probe { value: 7, ..Probe::new(kind, at, input.clone()) }.run(&mut world, &key);
                assert_eq!(outcome.success, success);
                let sent = U256::from(if success && kind == Kind::Call { 7 } else { 0 });
                assert_eq!(world.balance(at), there + sent, "{} {kind:?}", entry.name);
                assert_eq!(world.balance(kind.address()), here + U256::from(7) - sent, "{} {kind:?}", entry.name);
            }
        }
        // Each address is cold, and none costs more than another.
        assert_eq!(gas.len(), 1, "{}: {gas:?}", entry.name);
        assert!(*gas.first().unwrap() > 2_600, "{}: {gas:?}", entry.name);
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

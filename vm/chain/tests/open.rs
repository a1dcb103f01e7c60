//! Opening what is stored: the same chain goes on, anything else is refused, and nothing is changed by a refusal.

use alloy_primitives::Bytes;
use pars_chain::block::Block;
use pars_chain::engine::{Chain, OpenError, Opening};
use pars_chain::error::Fatal;
use pars_chain::store::{Batch, Column, Durability, Memory, Store};
use pars_genesis::forks::UNSCHEDULED;
use pars_genesis::presets;
use std::sync::Arc;

fn opening<'a>(genesis: &'a [u8], upgrade: &'a [u8]) -> Opening<'a> {
    Opening { upgrade, ..Opening::new(genesis) }
}

fn open(store: &Memory, opening: &Opening<'_>) -> Result<Chain, OpenError> {
    let store: Arc<dyn Store> = Arc::new(store.clone());
    Chain::open(store, opening)
}

/// The text of a refusal, which left the store as it was.
fn refused(store: &Memory, opening: &Opening<'_>) -> String {
    let before = store.dump();
    let error = open(store, opening).expect_err("refused");
    assert_eq!(store.dump(), before, "a refusal changes nothing");
    error.to_string()
}

fn put(store: &Memory, column: Column, key: &'static [u8], value: Option<&[u8]>) {
    let mut batch = Batch::default();
    batch.set(column, Bytes::from_static(key), value.map(<[u8]>::to_vec));
    store.commit(batch, Durability::Synced).expect("memory takes it");
}

#[test]
fn the_same_chain_goes_on() {
    let genesis = presets::local(1);
    let store = Memory::new();
    let first = open(&store, &opening(&genesis, b"")).expect("fresh").genesis();
    let before = store.dump();
    let again = open(&store, &opening(&genesis, b"")).expect("goes on");
    assert_eq!((again.genesis(), again.head().id()), (first, first));
    assert_eq!(store.dump(), before, "opening again writes nothing");
}

/// The header of genesis has the fields of the forks that it begins with, and none is missing before another one.
#[test]
fn report_1_16_genesis_of_every_fork_set() {
    const NAMES: [&str; 4] = ["durango", "etna", "fortuna", "granite"];
    let whole: serde_json::Value = serde_json::from_slice(&presets::local(1)).expect("a preset is JSON");
    let now = &whole["config"]["durangoTimestamp"];
    let mut sizes = Vec::new();
    for active in 0..=NAMES.len() {
        for fortuna in [true, false] {
            let mut genesis = whole.clone();
            let config = genesis["config"].as_object_mut().expect("a preset has a configuration");
            for (index, name) in NAMES.iter().enumerate() {
                let begun = index < active && (fortuna || *name != "fortuna");
                config.insert(format!("{name}Timestamp"), if begun { now.clone() } else { UNSCHEDULED.into() });
            }
            if !fortuna {
                config.remove("fortunaTimestamp");
            }
            if active < 4 {
                config.remove("initialMinDelayMS");
            }
            let genesis = genesis.to_string();
            let store = Memory::new();
            let chain =
                open(&store, &opening(genesis.as_bytes(), b"")).unwrap_or_else(|error| panic!("{active}: {error}"));
            let bytes = chain.head().block_bytes(0).expect("memory reads").expect("there is a genesis");
            let block = Block::decode(bytes.clone()).unwrap_or_else(|error| panic!("{active}: {error}"));
            assert_eq!((block.id(), block.height()), (chain.genesis(), 0));
            let again = Block::new(block.header.clone(), Vec::new());
            assert_eq!((again.id(), again.bytes()), (block.id(), &bytes), "{active}");
            let again = open(&store, &opening(genesis.as_bytes(), b"")).expect("goes on");
            assert_eq!(again.head().id(), block.id());
            sizes.push(bytes.len());
        }
    }
    sizes.dedup();
    assert!(sizes.is_sorted() && sizes.len() == 3, "before Etna, Etna, Granite: {sizes:?}");
}

#[test]
fn another_genesis_is_refused_with_both_ids() {
    let store = Memory::new();
    let (one, other) = (presets::local(1), presets::local(400));
    let stored = open(&store, &opening(&one, b"")).expect("fresh").genesis();
    let given = open(&Memory::new(), &opening(&other, b"")).expect("fresh").genesis();
    assert_ne!(stored, given, "the first delay is in the header of genesis");
    assert_eq!(
        refused(&store, &opening(&other, b"")),
        format!(
            "the data folder holds the chain with genesis {stored}, and this genesis file makes {given}; use the \
             genesis file it was made with, or another data folder"
        )
    );
}

#[test]
fn a_newer_format_is_refused_with_the_release_that_reads_it() {
    let genesis = presets::local(1);
    let store = Memory::new();
    drop(open(&store, &opening(&genesis, b"")).expect("fresh"));
    put(&store, Column::Meta, b"format", Some(&9_u32.to_be_bytes()));
    put(&store, Column::Meta, b"release", Some(b"4.0.0"));
    let before = store.dump();
    assert_eq!(
        refused(&store, &opening(&genesis, b"")),
        "the data folder has format 9, which release 4.0.0 or a newer one reads; this is release 0.1.0 and reads formats \
         up to 1"
    );
    assert!(store.dump() == before, "a store that is refused is not changed");
}

/// An unreadable head is never taken for an empty store (which would start again from genesis).
#[test]
fn an_unreadable_head_is_corrupt_not_empty() {
    let genesis = presets::local(1);
    for head in [None, Some(&b"short"[..])] {
        let store = Memory::new();
        drop(open(&store, &opening(&genesis, b"")).expect("fresh"));
        put(&store, Column::Meta, b"head", head);
        let error = open(&store, &opening(&genesis, b"")).expect_err("refused");
        assert!(matches!(error, OpenError::Fatal(Fatal::Corrupt(_))), "{error}");
        assert_eq!(
            error.to_string(),
            "corrupt data: record `head` of the data folder; restore the data folder from a backup, or delete it and \
             sync again"
        );
    }
}

/// Only a store that holds nothing is an empty one: where records are lost, no first block is written over the rest.
#[test]
fn a_store_that_lost_records_is_not_begun_anew() {
    let genesis = presets::local(1);
    let store = Memory::new();
    drop(open(&store, &opening(&genesis, b"")).expect("fresh"));
    let facts = store.dump().into_keys().filter(|(column, _)| *column == Column::Meta).map(|(_, name)| name);
    put(&store, Column::Meta, b"format", None);
    let text = refused(&store, &opening(&genesis, b""));
    assert_eq!(
        text,
        "corrupt data: record `format` of the data folder is missing, and the folder is not empty: it is damaged; restore \
         the data folder from a backup, or delete it and sync again"
    );
    let mut batch = Batch::default();
    facts.for_each(|name| batch.delete(Column::Meta, name));
    store.commit(batch, Durability::Synced).expect("memory takes it");
    assert_eq!(refused(&store, &opening(&presets::local(400), b"")), text, "blocks and state alone are a chain, too");
}

/// Trap 44: what lies ahead may change, what has happened may not.
#[test]
fn upgrades_may_change_only_ahead() {
    let genesis = presets::local(1);
    let at = |time: u64| {
        format!(r#"{{"precompileUpgrades":[{{"txAllowListConfig":{{"blockTimestamp":{time}}}}}]}}"#).into_bytes()
    };
    let (past, ahead, further) = (at(1_764_547_200), at(4_000_000_000), at(4_000_000_001));
    let store = Memory::new();
    drop(open(&store, &opening(&genesis, &ahead)).expect("fresh"));
    drop(open(&store, &opening(&genesis, &further)).expect("an upgrade ahead may move"));
    drop(open(&store, &opening(&genesis, b"")).expect("and go"));
    let text = refused(&store, &opening(&genesis, &past));
    assert!(text.contains("genesis"), "an upgrade at genesis makes another genesis: {text}");
}

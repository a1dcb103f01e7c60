//! Recorded chains through parse, verify and accept; back and forth again; and a chain longer than the history kept.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod record;
}

use alloy_primitives::Bytes;
use pars_chain::block::BlockId;
use pars_chain::engine::Chain;
use pars_chain::error::{Error, Misuse};
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::state::account::EMPTY_ROOT_HASH;
use pars_chain::state::commit::History;
use pars_chain::state::history::{self, Key};
use pars_chain::store::{Column, Memory};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::record::{NAMES, Record};

#[test]
fn recorded_chains_on_every_history() {
    for name in NAMES {
        let record = Record::read(name);
        let mut stores = Vec::new();
        for history in [History::Archive, History::Pruned(16), History::Pruned(HISTORY_WINDOW)] {
            let store = Memory::new();
            let mut chain = record.open(Arc::new(store.clone()), history);
            record.advance(&mut chain, record.height());
            record.check_proofs(&chain);
            stores.push(state(&store));
        }
        assert!(stores.windows(2).all(|pair| pair[0] == pair[1]), "{name}: states differ");
    }
}

/// Going back by reverse diffs gives the very store that never went further; going forth again gives the same one.
#[test]
fn rewound_and_accepted_again() {
    let mut wiped = BTreeMap::new();
    for name in NAMES {
        let record = Record::read(name);
        let store = Memory::new();
        let mut chain = record.open(Arc::new(store.clone()), History::Archive);
        let last = record.height();
        let targets: Vec<u64> = [last - 1, last - 2, last - 50, 0].into();
        let mut before = BTreeMap::new();
        for height in 0..=last {
            record.advance(&mut chain, height);
            if targets.contains(&height) {
                before.insert(height, store.dump());
            }
        }
        let whole = store.dump();
        wiped.insert(name, (1..=last).filter(|height| wipes_storage(&chain, *height)).count());
        for target in targets {
            chain.rewind(target).expect("archive keeps all");
            assert_eq!(chain.head().id(), BlockId(record.at(target).hash), "{name} at {target}");
            assert_eq!(chain.preferred(), chain.head().id());
            assert_same(&store.dump(), &before[&target], &format!("{name}: a rewind to {target}"));
            record.advance(&mut chain, last);
            assert!(store.dump() == whole, "{name}: accepting again from {target} on gave another store");
        }
        record.check_proofs(&chain);
    }
    // Precompiles that are disabled. SELFDESTRUCT of contracts with storage: see the long chain.
    let with = |part: &str| wiped.iter().any(|(name, count)| name.starts_with(part) && *count > 0);
    assert!(with("precompiles") && with("granite-precompiles"), "no block that wipes storage: {wiped:?}");
}

/// With the window at 16: as far back as it reaches, and no further.
#[test]
fn the_window_is_a_wall() {
    for name in NAMES {
        let record = Record::read(name);
        let store = Memory::new();
        let mut chain = record.open(Arc::new(store.clone()), History::Pruned(16));
        let last = record.height();
        record.advance(&mut chain, last - 16);
        let at_oldest = state(&store);
        record.advance(&mut chain, last);
        let whole = store.dump();
        assert_kept_from(&store, last - 16);

        let refused = format!("state of block {} is pruned; oldest is {}", last - 17, last - 16);
        let view = chain.view_at(last - 17).expect_err("one below the window");
        let rewind = chain.rewind(last - 17).expect_err("one below the window");
        assert_eq!((view.to_string(), rewind.to_string()), (refused.clone(), refused));
        assert!(matches!(view, Error::Misuse(Misuse::Pruned { .. })) && matches!(rewind, Error::Misuse(_)));
        assert!(store.dump() == whole, "{name}: a refused rewind changed the store");
        chain.view_at(last - 16).expect("the edge of the window");

        for back in [1, 2, 16] {
            chain.rewind(last - back).expect("inside the window");
            assert_eq!(chain.head().id(), BlockId(record.at(last - back).hash));
            assert_kept_from(&store, last - 16);
            if back == 16 {
                assert_same(&state(&store), &at_oldest, &format!("{name}: a rewind by 16"));
            }
            record.advance(&mut chain, last);
            assert!(store.dump() == whole, "{name}: back by {back} and forth again gave another store");
        }
        record.check_proofs(&chain);
    }
}

/// Reverse diffs are there for the heights above `oldest`, all of them and no others.
fn assert_kept_from(store: &Memory, oldest: u64) {
    let dump = store.dump();
    let head = pars_chain::state::meta::head(store).expect("memory reads").height;
    assert_eq!(pars_chain::state::meta::oldest(store), Ok(oldest));
    let heights = |column: Column| -> Vec<u64> {
        let mut heights: Vec<u64> = dump
            .keys()
            .filter(|(of, _)| *of == column)
            .map(|(_, key)| u64::from_be_bytes(*key.last_chunk().expect("a height is last")))
            .collect();
        heights.sort_unstable();
        heights.dedup();
        heights
    };
    let kept: Vec<u64> = (oldest + 1..=head).collect();
    assert_eq!(heights(Column::Changes), kept);
    assert_eq!(heights(Column::History), kept);
}

type Dump = BTreeMap<(Column, Bytes), Bytes>;

/// The contents without history, whose extent is the store's own choice.
fn state(store: &Memory) -> Dump {
    let mut dump = store.dump();
    let is_oldest = |column, key: &Bytes| column == Column::Meta && key.as_ref() == b"oldest";
    let is_history = |column| matches!(column, Column::History | Column::Changes);
    dump.retain(|(column, key), _| !is_history(*column) && !is_oldest(*column, key));
    dump
}

/// The same contents. Code is found by its hash, so what a rewind leaves of it harms nobody.
fn assert_same(got: &Dump, expected: &Dump, what: &str) {
    let left_code = |key: &(Column, Bytes)| key.0 == Column::Code && !expected.contains_key(key);
    let differs = |key: &&(Column, Bytes)| got.get(*key) != expected.get(*key) && !left_code(key);
    let key = expected.keys().chain(got.keys()).find(differs);
    assert!(key.is_none(), "{what} left another value at {key:?}");
}

/// A block after which an account with storage is gone.
fn wipes_storage(chain: &Chain, height: u64) -> bool {
    let (before, after) = (chain.view_at(height - 1).expect("kept"), chain.view_at(height).expect("kept"));
    let keys = history::changed(chain.head().base(), height).expect("memory reads").expect("kept");
    keys.iter().any(|key| {
        let Key::Account(account) = key else { return false };
        let before = before.account(account).expect("memory reads");
        before.is_some_and(|account| account.storage_root != EMPTY_ROOT_HASH)
            && after.account(account).expect("memory reads").is_none()
    })
}

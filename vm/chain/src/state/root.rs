//! From what a block changed to its state root, and to the layer that keeps it.

use crate::error::Fatal;
use crate::state::account::{Account, EMPTY_ROOT_HASH, slot_leaf};
use crate::state::layer::{AccountChange, Layer, SlotChange};
use crate::state::overlay::{Entry, Info, Overlay};
use crate::state::trie::{self, Change, Node, NodeChanges, NodePath, Source, update};
use crate::view::View;
use alloy_primitives::B256;
use alloy_trie::Nibbles;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// State root after the changes of `overlay`, and the layer that holds them. The parent's root comes from the view.
///
/// # Errors
/// When the store failed.
pub fn finish(overlay: Overlay<'_>) -> Result<(B256, Layer), Fatal> {
    let view = overlay.parent();
    let (entries, codes) = overlay.into_parts();
    let mut entries: Vec<Entry> = entries.into_values().filter(Entry::is_changed).collect();
    entries.sort_unstable_by_key(|entry| entry.hash);

    // Storage tries are independent of each other.
    let accounts: Vec<(B256, AccountChange, NodeChanges)> =
        entries.par_iter().map(|entry| settle(view, entry)).collect::<Result<_, Fatal>>()?;

    let changes: Vec<Change> = accounts
        .iter()
        .map(|(hash, change, _)| Change {
            key: Nibbles::unpack(hash),
            value: change.new.map(|account| account.to_bytes()),
            existed: change.old.is_some(),
        })
        .collect();
    let (root, account_nodes) = update(&AccountTrie(view), changes)?;

    let mut layer = Layer { account_nodes, ..Layer::default() };
    for (hash, change, nodes) in accounts {
        if !nodes.is_empty() {
            layer.storage_nodes.insert(hash, nodes);
        }
        layer.accounts.insert(hash, change);
    }
    layer.codes = codes.into_iter().map(|(hash, code)| (hash, code.original_bytes())).collect();
    Ok((root, layer))
}

/// One account: its new storage root, and with it the whole record.
fn settle(view: &View, entry: &Entry) -> Result<(B256, AccountChange, NodeChanges), Fatal> {
    let old_root = entry.old.map_or(EMPTY_ROOT_HASH, |account| account.storage_root);
    let wiped = entry.wiped && old_root != EMPTY_ROOT_HASH;
    let slots: BTreeMap<B256, SlotChange> = entry
        .slots
        .values()
        .filter(|slot| if wiped { !slot.now.is_zero() } else { slot.now != slot.old })
        .map(|slot| (slot.hash, SlotChange { old: slot.old, new: slot.now }))
        .collect();
    let changes: Vec<Change> = slots
        .iter()
        .map(|(hash, slot)| Change {
            key: Nibbles::unpack(hash),
            value: (!slot.new.is_zero()).then(|| slot_leaf(slot.new)),
            existed: !wiped && !slot.old.is_zero(),
        })
        .collect();
    let (storage_root, nodes) = if wiped {
        update(&trie::Memory::default(), changes)?
    } else if changes.is_empty() {
        (old_root, NodeChanges::new())
    } else {
        update(&StorageTrie { view, account: entry.hash }, changes)?
    };
    let new = entry.now.map(|Info { nonce, balance, code_hash }| Account { nonce, balance, storage_root, code_hash });
    Ok((entry.hash, AccountChange { old: entry.old, new, wiped, slots }, nodes))
}

impl Entry {
    fn is_changed(&self) -> bool {
        let old = self.old.map(|account| Info {
            nonce: account.nonce,
            balance: account.balance,
            code_hash: account.code_hash,
        });
        let stored = self.old.is_some_and(|account| account.storage_root != EMPTY_ROOT_HASH);
        self.now != old || (self.wiped && stored) || self.slots.values().any(|slot| slot.now != slot.old)
    }
}

/// The account trie of a view.
#[derive(Debug)]
pub struct AccountTrie<'v>(pub &'v View);

impl Source for AccountTrie<'_> {
    fn node(&self, path: &NodePath) -> Result<Option<Node>, Fatal> {
        self.0.account_node(path)
    }

    fn leaf(&self, key: B256) -> Result<Vec<u8>, Fatal> {
        let account = self.0.account(&key)?;
        Ok(account.ok_or_else(|| Fatal::Corrupt(format!("account {key} is in the trie only")))?.to_bytes())
    }
}

/// The storage trie of an account in a view.
#[derive(Debug)]
pub struct StorageTrie<'v> {
    /// The view.
    pub view: &'v View,
    /// Keccak-256 of the address.
    pub account: B256,
}

impl Source for StorageTrie<'_> {
    fn node(&self, path: &NodePath) -> Result<Option<Node>, Fatal> {
        self.view.storage_node(&self.account, path)
    }

    fn leaf(&self, key: B256) -> Result<Vec<u8>, Fatal> {
        let value = self.view.slot(&self.account, &key)?;
        if value.is_zero() {
            return Err(Fatal::Corrupt(format!("slot {key} of account {} is in the trie only", self.account)));
        }
        Ok(slot_leaf(value))
    }
}

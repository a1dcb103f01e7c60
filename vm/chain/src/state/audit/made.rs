//! What a block made. The walk through the state after it, along what differs from the state before, comes to everything
//! that it changed or made. What its list of changes does not name must have been there before; what the history says was
//! not there, the state before must not lead to.

use super::walk::{Trie, children, fits, place, value_at};
use super::{Audit, Step};
use crate::state::account::Account;
use crate::state::history::Key;
use crate::state::trie::{Branch, Node, NodePath};
use crate::store::Column;
use alloy_primitives::{B256, Bytes};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};
use std::collections::BTreeMap;

/// Values before a block of the keys that its list of changes names, empty where there was none.
type Old = BTreeMap<Key, Bytes>;

impl Audit<'_> {
    /// What the block after `height` made, where the walk through the state before it found nothing wrong.
    pub(super) fn check_made(&mut self, height: u64, old: &Old) -> Step {
        let next = height.saturating_add(1);
        for (key, _) in old.iter().filter(|(_, value)| value.is_empty()) {
            let (trie, target, is_flat) = target(key);
            if self.leads_to(trie, &target, is_flat, height, true)? == Some(true) {
                let what = format!("it says that nothing was there, and the state of block {height} leads to it");
                self.found(Column::History, key.at(next), Some(next), what)?;
            }
        }
        if self.state_root(next)? == Some(EMPTY_ROOT_HASH) {
            return Ok(());
        }
        Made { audit: self, height, next, old }.node(Trie::Accounts, NodePath::default())
    }
}

struct Made<'m, 'a> {
    audit: &'m mut Audit<'a>,
    height: u64,
    next: u64,
    old: &'m Old,
}

impl Made<'_, '_> {
    /// A node of the state after the block, which has another reference there than before, or none before.
    fn node(&mut self, trie: Trie, path: NodePath) -> Step {
        let key = trie.node(path);
        // What is missing or does not decode was told of with the state that it is in.
        let Some(node) = self.value(&key, self.next)?.and_then(|bytes| Node::from_bytes(&bytes).ok()) else {
            return Ok(());
        };
        if !fits(&path, &node) {
            return Ok(());
        }
        let is_named = self.is_named(&key)?;
        match node {
            Node::Leaf { rest } => self.leaf(trie, B256::from_slice(&path.join(&rest).pack())),
            // It is the one that was there, and so is what it leads to.
            Node::Extension { .. } | Node::Branch(_) if !is_named => Ok(()),
            Node::Extension { nibbles, .. } => self.node(trie, path.join(&nibbles)),
            Node::Branch(branch) => {
                let before = self.branch_before(&key)?;
                for (path, ..) in children(path, &branch, before.as_deref()) {
                    self.node(trie, path)?;
                }
                Ok(())
            }
        }
    }

    fn leaf(&mut self, trie: Trie, hash: B256) -> Step {
        let key = trie.leaf(hash);
        if !self.is_named(&key)? || trie != Trie::Accounts {
            return Ok(());
        }
        let (before, after) = (self.storage_root(&key, self.height)?, self.storage_root(&key, self.next)?);
        match after {
            Some(root) if root != EMPTY_ROOT_HASH && before != after => {
                self.node(Trie::Storage(hash), NodePath::default())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The list of changes names a key. One that it does not name was there before.
    fn is_named(&mut self, key: &Key) -> Step<bool> {
        if self.old.contains_key(key) {
            return Ok(true);
        }
        let (trie, target, is_flat) = target(key);
        if self.value(key, self.height)?.is_some()
            && self.audit.leads_to(trie, &target, is_flat, self.height, true)? == Some(false)
        {
            let what = format!("it does not name {}, which the block made", words(key));
            self.audit.found(Column::Changes, self.next.to_be_bytes(), Some(self.next), what)?;
        }
        Ok(false)
    }

    fn value(&self, key: &Key, height: u64) -> Step<Option<Bytes>> {
        value_at(self.audit.read, key, Some(height))
    }

    fn branch_before(&self, key: &Key) -> Step<Option<Box<Branch>>> {
        let node = self.value(key, self.height)?.map(|bytes| Node::from_bytes(&bytes));
        Ok(match node {
            Some(Ok(Node::Branch(branch))) => Some(branch),
            Some(Ok(Node::Leaf { .. } | Node::Extension { .. }) | Err(_)) | None => None,
        })
    }

    fn storage_root(&self, key: &Key, height: u64) -> Step<Option<B256>> {
        let account = self.value(key, height)?.and_then(|bytes| Account::from_bytes(&bytes).ok());
        Ok(account.map(|account| account.storage_root))
    }
}

/// The trie that a key is of, its path there, and whether it is that of a flat value.
fn target(key: &Key) -> (Trie, NodePath, bool) {
    match key {
        Key::Account(account) => (Trie::Accounts, Nibbles::unpack(account), true),
        Key::Slot(account, slot) => (Trie::Storage(*account), Nibbles::unpack(slot), true),
        Key::AccountNode(path) => (Trie::Accounts, *path, false),
        Key::StorageNode(account, path) => (Trie::Storage(*account), *path, false),
    }
}

/// A key for people.
fn words(key: &Key) -> String {
    match key {
        Key::Account(account) => format!("account {account}"),
        Key::Slot(account, slot) => format!("slot {slot} of account {account}"),
        Key::AccountNode(path) => format!("the trie node {}", place(path)),
        Key::StorageNode(account, path) => format!("the trie node {} of account {account}", place(path)),
    }
}

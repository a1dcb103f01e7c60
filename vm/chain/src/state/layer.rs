//! What one block changes in the state of its parent, in memory until the block is accepted.

use crate::state::account::Account;
use crate::state::trie::{Node, NodeChanges, NodePath};
use alloy_primitives::{B256, Bytes, U256};
use std::collections::BTreeMap;

/// Differences of one block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layer {
    /// By keccak of the address.
    pub accounts: BTreeMap<B256, AccountChange>,
    /// New code by its keccak.
    pub codes: BTreeMap<B256, Bytes>,
    /// Nodes of the account trie.
    pub account_nodes: NodeChanges,
    /// Nodes of storage tries by keccak of the address. Where the storage was wiped, these start from nothing.
    pub storage_nodes: BTreeMap<B256, NodeChanges>,
}

/// One account before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChange {
    /// In the parent's state.
    pub old: Option<Account>,
    /// After the block.
    pub new: Option<Account>,
    /// All storage that the parent's state has is gone; only `slots` are there.
    pub wiped: bool,
    /// By keccak of the slot: value before and after. Where the storage was wiped, the value before is not kept here.
    pub slots: BTreeMap<B256, SlotChange>,
}

/// One slot before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotChange {
    /// In the parent's state.
    pub old: U256,
    /// After the block.
    pub new: U256,
}

/// What a layer knows about a key: nothing, or its value after the block.
pub type Known<T> = Option<T>;

impl Layer {
    /// An account, where this block changed it.
    #[must_use]
    pub fn account(&self, account: &B256) -> Known<Option<Account>> {
        self.accounts.get(account).map(|change| change.new)
    }

    /// A slot, where this block changed it or its whole account.
    #[must_use]
    pub fn slot(&self, account: &B256, slot: &B256) -> Known<U256> {
        let change = self.accounts.get(account)?;
        match change.slots.get(slot) {
            Some(slot) => Some(slot.new),
            None => change.wiped.then_some(U256::ZERO),
        }
    }

    /// A node of the account trie, where this block changed it.
    #[must_use]
    pub fn account_node(&self, path: &NodePath) -> Known<Option<Node>> {
        self.account_nodes.get(path).map(|change| change.new.clone())
    }

    /// A node of a storage trie, where this block changed it or wiped the trie.
    #[must_use]
    pub fn storage_node(&self, account: &B256, path: &NodePath) -> Known<Option<Node>> {
        match self.storage_nodes.get(account).and_then(|nodes| nodes.get(path)) {
            Some(change) => Some(change.new.clone()),
            None => self.accounts.get(account)?.wiped.then_some(None),
        }
    }
}

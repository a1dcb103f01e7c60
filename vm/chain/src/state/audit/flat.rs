//! The head's state: the walk through its tries, the state root by another implementation of the trie, code, and records
//! that nothing leads to.

use super::walk::{Broken, Expected, Trie, Walk, fits, value_at};
use super::{Audit, Step};
use crate::block::Header;
use crate::state::account::{Account, slot_leaf, slot_value};
use crate::state::history::Key;
use crate::state::trie::{Node, NodePath, path_from_bytes};
use crate::store::Column;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::{EMPTY_ROOT_HASH, HashBuilder, Nibbles};

/// What a record's key leads to: a trie, a path in it, and whether the record is the flat value there.
type Target = (Trie, NodePath, bool);

impl Audit<'_> {
    /// State root of a block, where the block is whole.
    pub(super) fn state_root(&self, height: u64) -> Step<Option<B256>> {
        if self.bad_blocks.contains(&height) {
            return Ok(None);
        }
        let bytes = self.read.get(Column::Blocks, &height.to_be_bytes())?;
        Ok(bytes.and_then(|bytes| Header::of_block(&bytes).ok()).map(|header| header.state_root))
    }

    /// Every node and every flat value that the state root of the head leads to.
    pub(super) fn check_state(&mut self, height: u64) -> Step<Broken> {
        let root = self.state_root(height)?;
        let mut walk = Walk::new(self, height, None);
        let expected = root.map_or(Expected::Anything, Expected::Root);
        if root != Some(EMPTY_ROOT_HASH) {
            walk.visit(Trie::Accounts, NodePath::default(), &expected)?;
        }
        let Walk { accounts, slots, nodes, broken, .. } = walk;
        (self.report.accounts, self.report.slots, self.report.nodes) = (accounts, slots, nodes);
        Ok(broken)
    }

    /// Records that the walk did not come to.
    pub(super) fn check_unreachable(&mut self, height: u64, broken: &Broken) -> Step {
        let flat = |column: Column, key: &[u8]| {
            let (trie, key) = split(column == Column::Accounts, key)?;
            Some((trie, Nibbles::unpack(B256::try_from(key).ok()?), true))
        };
        let node = |column: Column, key: &[u8]| {
            let (trie, path) = split(column == Column::AccountTrie, key)?;
            Some((trie, path_from_bytes(path)?, false))
        };
        let tables = [(Column::Accounts, self.report.accounts), (Column::Slots, self.report.slots)];
        for (column, met) in tables {
            if self.count(column)? != met {
                self.find_unreachable(height, column, broken, flat)?;
            }
        }
        let tries = [Column::AccountTrie, Column::StorageTrie];
        if self.count(tries[0])?.saturating_add(self.count(tries[1])?) != self.report.nodes {
            for column in tries {
                self.find_unreachable(height, column, broken, node)?;
            }
        }
        Ok(())
    }

    fn find_unreachable(
        &mut self,
        height: u64,
        column: Column,
        broken: &Broken,
        target: fn(Column, &[u8]) -> Option<Target>,
    ) -> Step {
        for item in self.read.scan(column, &[]) {
            let (key, _) = item?;
            let Some((trie, path, is_flat)) = target(column, &key) else {
                self.found(column, key, Some(height), NO_KEY)?;
                continue;
            };
            if !broken.covers(trie, &path) && self.leads_to(trie, &path, is_flat, height, false)? != Some(true) {
                self.found(column, key, Some(height), "nothing leads to it")?;
            }
        }
        Ok(())
    }

    /// The tries of a state lead to a node, or to a flat record by its key. None where what is missing or damaged on the way
    /// keeps that from being known.
    pub(super) fn leads_to(
        &self,
        trie: Trie,
        target: &NodePath,
        is_flat: bool,
        height: u64,
        is_past: bool,
    ) -> Step<Option<bool>> {
        let past = is_past.then_some(height);
        let root = match trie {
            Trie::Accounts => self.state_root(height)?,
            Trie::Storage(account) => {
                let bytes = value_at(self.read, &Key::Account(account), past)?;
                let account = bytes.map(|bytes| Account::from_bytes(&bytes));
                match account {
                    None => return Ok(Some(false)),
                    Some(account) => account.ok().map(|account| account.storage_root),
                }
            }
        };
        if root == Some(EMPTY_ROOT_HASH) {
            return Ok(Some(false));
        }
        let mut path = NodePath::default();
        loop {
            if !is_flat && path == *target {
                return Ok(Some(true));
            }
            let node = value_at(self.read, &trie.node(path), past)?.and_then(|bytes| Node::from_bytes(&bytes).ok());
            let Some(node) = node.filter(|node| fits(&path, node)) else { return Ok(None) };
            match node {
                Node::Leaf { rest } => return Ok(Some(is_flat && path.join(&rest) == *target)),
                Node::Extension { nibbles, .. } => path = path.join(&nibbles),
                Node::Branch(branch) => match target.get(path.len()) {
                    Some(nibble) if branch.child(nibble).is_some() => path.push(nibble),
                    Some(_) | None => return Ok(Some(false)),
                },
            }
            if !target.starts_with(&path) {
                return Ok(Some(false));
            }
        }
    }

    /// Every code is that of its hash. Code that no account has is none too many: code is never removed, so blocks that were
    /// taken back and states that are not kept any more leave theirs, which is found by its hash alone.
    pub(super) fn check_code(&mut self) -> Step {
        for item in self.read.scan(Column::Code, &[]) {
            let (hash, code) = item?;
            if keccak256(code).as_slice() != hash.as_ref() {
                self.found(Column::Code, hash, None, "its hash is another")?;
            }
        }
        Ok(())
    }

    /// State root of the flat tables alone, by a builder that this program does not otherwise use. Where records of the
    /// state were told of, there is none. Every key has its length then: the builder ends the process on another one.
    pub(super) fn check_flat_root(&mut self, height: u64) -> Step {
        let Some(expected) = self.state_root(height)? else { return Ok(()) };
        let mut root = HashBuilder::default();
        let mut slots = self.read.scan(Column::Slots, &[]).peekable();
        for item in self.read.scan(Column::Accounts, &[]) {
            let (key, bytes) = item?;
            let Ok(account) = Account::from_bytes(&bytes) else { return Ok(()) };
            if key.len() != B256::len_bytes() {
                return self.found(Column::Accounts, key, Some(height), NO_KEY);
            }
            let mut storage = HashBuilder::default();
            while let Some(item) = slots.next_if(|item| is_below(item.as_ref().ok(), &key)) {
                let (slot, value) = item?;
                let Ok(value) = slot_value(&value) else { return Ok(()) };
                let place = slot.get(B256::len_bytes()..).filter(|place| place.len() == B256::len_bytes());
                let Some(place) = place else { return self.found(Column::Slots, slot, Some(height), NO_KEY) };
                storage.add_leaf(Nibbles::unpack(place), &slot_leaf(value));
            }
            let storage_root = storage.root();
            if storage_root != account.storage_root {
                let what = format!("its slots give the storage root {storage_root}, it has {}", account.storage_root);
                return self.found(Column::Accounts, key, Some(height), what);
            }
            root.add_leaf(Nibbles::unpack(&key), &bytes);
        }
        // A read that failed ends the slots of an account.
        if let Some(Err(error)) = slots.next() {
            return Err(error.into());
        }
        let root = root.root();
        if root != expected {
            let what = format!("the flat tables give the state root {root}, the block has {expected}");
            return self.found(Column::Blocks, height.to_be_bytes(), Some(height), what);
        }
        Ok(())
    }
}

/// What is said of a key that no record of its column can have.
const NO_KEY: &str = "its key is none of this column";

/// The trie that a record is of, and its place there.
fn split(is_accounts: bool, key: &[u8]) -> Option<(Trie, &[u8])> {
    if is_accounts {
        return Some((Trie::Accounts, key));
    }
    let (account, rest) = key.split_at_checked(32)?;
    Some((Trie::Storage(B256::try_from(account).ok()?), rest))
}

/// A slot's record belongs to an account.
fn is_below(item: Option<&(Bytes, Bytes)>, account: &Bytes) -> bool {
    item.is_some_and(|(key, _)| key.starts_with(account))
}

//! A trie from its root down. A node is right when its hash is the one that its parent has for it, and a flat value is
//! right when it makes the leaf that the trie has; so a record that is wrong is found at its own place, and what is
//! below a wrong node is still compared with each other.

use super::{Audit, Part, Step, Stop};
use crate::state::account::{Account, EMPTY_ROOT_HASH, KECCAK_EMPTY, slot_leaf, slot_value};
use crate::state::history::{self, Key};
use crate::state::trie::{Branch, Node, NodePath, extension_rlp, leaf_rlp};
use crate::store::{Column, Read};
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::Nibbles;
use alloy_trie::nodes::RlpNode;
use std::collections::BTreeMap;

/// One of the tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trie {
    /// That of the accounts.
    Accounts,
    /// That of an account's slots.
    Storage(B256),
}

impl Trie {
    pub(super) const fn node(self, path: NodePath) -> Key {
        match self {
            Self::Accounts => Key::AccountNode(path),
            Self::Storage(account) => Key::StorageNode(account, path),
        }
    }

    pub(super) const fn leaf(self, key: B256) -> Key {
        match self {
            Self::Accounts => Key::Account(key),
            Self::Storage(account) => Key::Slot(account, key),
        }
    }
}

/// What a node must be.
pub(super) enum Expected<'p> {
    /// The root of a trie with this root hash.
    Root(B256),
    /// The child that its parent has this reference for, and says whether it is a leaf.
    Child(&'p RlpNode, bool),
    /// Its parent is wrong, and nobody else says.
    Anything,
}

impl Expected<'_> {
    fn is(&self, rlp: &[u8], is_leaf: bool) -> bool {
        match self {
            Self::Root(hash) => keccak256(rlp) == *hash,
            Self::Child(reference, leaf) => *leaf == is_leaf && RlpNode::from_rlp(rlp) == **reference,
            Self::Anything => true,
        }
    }
}

/// Places below which nothing could be reached: what lies there is not said to belong to nobody.
#[derive(Debug, Default)]
pub(super) struct Broken(Vec<(Trie, NodePath)>);

impl Broken {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn covers(&self, trie: Trie, path: &NodePath) -> bool {
        let above = |of: Trie, path: &NodePath| self.0.iter().any(|(trie, top)| *trie == of && path.starts_with(top));
        let account = match trie {
            Trie::Storage(account) => Some(account),
            Trie::Accounts => None,
        };
        above(trie, path) || account.is_some_and(|account| above(Trie::Accounts, &Nibbles::unpack(account)))
    }
}

/// A walk through the state after a block.
pub(super) struct Walk<'w, 'a> {
    pub(super) audit: &'w mut Audit<'a>,
    pub(super) height: u64,
    /// What the next block changed, and whether it was met; none at the head, where everything is met.
    pub(super) changed: Option<BTreeMap<Key, bool>>,
    pub(super) broken: Broken,
    pub(super) accounts: u64,
    pub(super) slots: u64,
    pub(super) nodes: u64,
}

impl<'w, 'a> Walk<'w, 'a> {
    pub(super) fn new(audit: &'w mut Audit<'a>, height: u64, changed: Option<BTreeMap<Key, bool>>) -> Self {
        Self { audit, height, changed, broken: Broken::default(), accounts: 0, slots: 0, nodes: 0 }
    }

    /// Value of a key after the block.
    fn value(&self, key: &Key) -> Step<Option<Bytes>> {
        value_at(self.audit.read, key, self.changed.is_some().then_some(self.height))
    }

    /// Notes that a key was met; whether the next block changed it.
    fn meet(&mut self, key: &Key) -> bool {
        let Some(changed) = &mut self.changed else { return true };
        changed.get_mut(key).is_some_and(|met| {
            *met = true;
            true
        })
    }

    /// Tells that the record which holds this key's value is wrong.
    fn found(&mut self, key: &Key, what: String) -> Step {
        if self.changed.is_some()
            && let Some((record, _)) = history::kept(self.audit.read, key, self.height)?
        {
            return self.audit.found(Column::History, record, Some(self.height), what);
        }
        let (column, place) = key.place();
        self.audit.found(column, place, Some(self.height), what)
    }

    /// A node and, where the next block changed it, what is below.
    pub(super) fn visit(&mut self, trie: Trie, path: NodePath, expected: &Expected<'_>) -> Step {
        let key = trie.node(path);
        let changed = self.meet(&key);
        let Some(bytes) = self.value(&key)? else {
            self.broken.0.push((trie, path));
            return self.found(&key, format!("the trie node {} is missing", place(&path)));
        };
        let Ok(node) = Node::from_bytes(&bytes) else {
            self.broken.0.push((trie, path));
            return self.found(&key, format!("the trie node {} does not decode", place(&path)));
        };
        self.nodes = self.nodes.saturating_add(1);
        if !fits(&path, &node) {
            self.broken.0.push((trie, path));
            return self.found(&key, format!("the trie node {} leads to no key of 64 nibbles", place(&path)));
        }
        let (rlp, children) = match node {
            Node::Leaf { rest } => return self.leaf(trie, path, rest, expected),
            Node::Extension { nibbles, child } => {
                let rlp = extension_rlp(&nibbles, &child);
                (rlp, vec![(path.join(&nibbles), child, false)])
            }
            Node::Branch(branch) => {
                let later = if self.changed.is_some() { self.later(&key)? } else { None };
                (branch.rlp(), children(path, &branch, later.as_deref()))
            }
        };
        let right = expected.is(&rlp, false);
        if !right {
            self.found(&key, format!("the trie node {} does not have the hash that leads to it", place(&path)))?;
        }
        if !changed {
            return Ok(());
        }
        for (path, reference, is_leaf) in children {
            let expected = if right { Expected::Child(&reference, is_leaf) } else { Expected::Anything };
            self.visit(trie, path, &expected)?;
        }
        Ok(())
    }

    /// The branch that the next block made of a node: children that both have alike need no second look.
    fn later(&self, key: &Key) -> Step<Option<Box<Branch>>> {
        let bytes = history::get(self.audit.read, key, self.height.saturating_add(1))?;
        Ok(match bytes.map(|bytes| Node::from_bytes(&bytes)) {
            Some(Ok(Node::Branch(branch))) => Some(branch),
            Some(Ok(Node::Leaf { .. } | Node::Extension { .. }) | Err(_)) | None => None,
        })
    }

    fn leaf(&mut self, trie: Trie, path: NodePath, rest: Nibbles, expected: &Expected<'_>) -> Step {
        let hash = path.join(&rest).pack();
        let hash = B256::from_slice(&hash);
        let key = trie.leaf(hash);
        self.meet(&key);
        let Some(bytes) = self.value(&key)? else {
            self.broken.0.push((trie, path));
            let leads = format!("the trie node {} leads to ", place(&path));
            if self.has_flat_below(trie, &path)? {
                return self.found(&trie.node(path), format!("{leads}{hash}, and another one is there"));
            }
            return self.found(&key, format!("it is missing: {leads}it"));
        };
        match trie {
            Trie::Accounts => self.account(hash, &key, &bytes, rest, expected),
            Trie::Storage(_) => {
                self.slots = self.slots.saturating_add(1);
                let Ok(value) = slot_value(&bytes) else {
                    return self.found(&key, "the slot does not decode".to_owned());
                };
                if !expected.is(&leaf_rlp(&rest, &slot_leaf(value)), true) {
                    return self.found(&key, "the slot has another value than the trie".to_owned());
                }
                Ok(())
            }
        }
    }

    /// A flat record has a key below a path.
    fn has_flat_below(&self, trie: Trie, path: &NodePath) -> Step<bool> {
        let mut from = path.pack().to_vec();
        from.resize(B256::len_bytes(), 0);
        let (column, from) = trie.leaf(B256::from_slice(&from)).place();
        let Some(first) = self.audit.read.scan(column, &from).next().transpose()? else { return Ok(false) };
        let above = from.len().saturating_sub(B256::len_bytes());
        let (Some(first), true) = (first.0.get(above..), first.0.get(..above) == from.get(..above)) else {
            return Ok(false);
        };
        Ok(Nibbles::unpack(first).starts_with(path))
    }

    fn account(&mut self, hash: B256, key: &Key, bytes: &Bytes, rest: Nibbles, expected: &Expected<'_>) -> Step {
        self.accounts = self.accounts.saturating_add(1);
        if self.changed.is_none() {
            self.audit.checked(Part::State, self.accounts, 0)?;
        }
        let storage = Trie::Storage(hash);
        let Ok(account) = Account::from_bytes(bytes) else {
            self.broken.0.push((storage, NodePath::default()));
            return self.found(key, "the account does not decode".to_owned());
        };
        let right = expected.is(&leaf_rlp(&rest, bytes), true);
        if !right {
            self.found(key, "the account has another value than the trie".to_owned())?;
        }
        if account.code_hash != KECCAK_EMPTY
            && self.audit.read.get(Column::Code, account.code_hash.as_slice())?.is_none()
        {
            let what = format!("it is missing: account {hash} has it");
            self.audit.found(Column::Code, account.code_hash.to_vec(), Some(self.height), what)?;
        }
        let root = account.storage_root;
        let top = NodePath::default();
        if !right {
            // Its storage root may be wrong, too.
            if self.value(&storage.node(top))?.is_some() {
                self.visit(storage, top, &Expected::Anything)?;
            }
            return Ok(());
        }
        if root == EMPTY_ROOT_HASH || (self.changed.is_some() && self.storage_root_after(key)? == Some(root)) {
            return Ok(());
        }
        self.visit(storage, top, &Expected::Root(root))
    }

    /// Storage root of an account after the next block.
    fn storage_root_after(&self, key: &Key) -> Step<Option<B256>> {
        let bytes = history::get(self.audit.read, key, self.height.saturating_add(1))?;
        Ok(bytes.and_then(|bytes| Account::from_bytes(&bytes).ok()).map(|account| account.storage_root))
    }
}

/// Value of a key at the head, or after an older block.
pub(super) fn value_at(read: &dyn Read, key: &Key, past: Option<u64>) -> Result<Option<Bytes>, Stop> {
    match past {
        Some(height) => Ok(history::get(read, key, height)?),
        None => {
            let (column, place) = key.place();
            Ok(read.get(column, &place)?)
        }
    }
}

/// A node's keys have 64 nibbles, as far as it says.
pub(super) const fn fits(path: &NodePath, node: &Node) -> bool {
    match node {
        Node::Leaf { rest } => path.len().saturating_add(rest.len()) == KEY_NIBBLES,
        Node::Extension { nibbles, .. } => {
            !nibbles.is_empty() && path.len().saturating_add(nibbles.len()) < KEY_NIBBLES
        }
        Node::Branch(_) => path.len() < KEY_NIBBLES,
    }
}

/// Nibbles of a hashed key.
const KEY_NIBBLES: usize = 64;

/// Children of a branch with their references, those left out that a later one has alike.
pub(super) fn children(path: NodePath, branch: &Branch, later: Option<&Branch>) -> Vec<(NodePath, RlpNode, bool)> {
    (0..16)
        .filter_map(|nibble| {
            let reference = branch.child(nibble)?;
            let is_leaf = branch.is_leaf(nibble);
            let alike = |later: &Branch| later.child(nibble) == Some(reference) && later.is_leaf(nibble) == is_leaf;
            if later.is_some_and(alike) {
                return None;
            }
            let mut path = path;
            path.push(nibble);
            Some((path, reference.clone(), is_leaf))
        })
        .collect()
}

/// A path for people.
pub(super) fn place(path: &NodePath) -> String {
    if path.is_empty() {
        return "of the root".to_owned();
    }
    path.iter().fold("at ".to_owned(), |text, nibble| text + &format!("{nibble:x}"))
}

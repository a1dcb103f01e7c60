//! A trie in memory, for tests and tools that need no chain.

use crate::error::Fatal;
use crate::state::trie::{Change, Node, NodeChange, NodePath, Source, update};
use alloy_primitives::B256;
use alloy_trie::Nibbles;
use std::collections::BTreeMap;

/// A trie in memory: its nodes, and the leaves that the flat tables hold on a disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Nodes by path.
    pub nodes: BTreeMap<NodePath, Node>,
    /// Values by key, as the trie encodes them.
    pub leaves: BTreeMap<B256, Vec<u8>>,
}

impl Memory {
    /// Sets keys, and removes those without a value: the new root.
    ///
    /// # Errors
    /// When nodes and leaves contradict each other, or the update is wrong about a node that it replaces.
    pub fn apply(&mut self, batch: &BTreeMap<B256, Option<Vec<u8>>>) -> Result<B256, Fatal> {
        let change = |(key, value): (&B256, &Option<Vec<u8>>)| Change {
            key: Nibbles::unpack(key),
            value: value.clone(),
            existed: self.leaves.contains_key(key),
        };
        let (root, nodes) = update(self, batch.iter().map(change).collect())?;
        for (path, NodeChange { old, new }) in nodes {
            if self.nodes.get(&path) != old.as_ref() {
                return Err(Fatal::Bug(format!("an update replaces another node at {path:?} than there is")));
            }
            set(&mut self.nodes, path, new);
        }
        for (key, value) in batch {
            set(&mut self.leaves, *key, value.clone());
        }
        Ok(root)
    }
}

impl Source for Memory {
    fn node(&self, path: &NodePath) -> Result<Option<Node>, Fatal> {
        Ok(self.nodes.get(path).cloned())
    }

    fn leaf(&self, key: B256) -> Result<Vec<u8>, Fatal> {
        self.leaves.get(&key).cloned().ok_or_else(|| Fatal::Corrupt(format!("no leaf {key}")))
    }
}

fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}

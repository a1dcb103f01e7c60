//! Changes a trie by a sorted batch of keys, bottom up, touching only the paths of those keys.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use crate::error::Fatal;
use crate::state::trie::Source;
use crate::state::trie::node::{Branch, Node, NodePath, extension_rlp, leaf_rlp, root_hash};
use alloy_primitives::B256;
use alloy_trie::nodes::RlpNode;
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// A changed key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key, as nibbles.
    pub key: Nibbles,
    /// New value as the trie encodes it; none: the key goes.
    pub value: Option<Vec<u8>>,
    /// The trie has this key now.
    pub existed: bool,
}

/// Nodes before and after an update, by path.
pub type NodeChanges = BTreeMap<NodePath, NodeChange>;

/// A node before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    /// What the source has at this path.
    pub old: Option<Node>,
    /// What is there from now on.
    pub new: Option<Node>,
}

/// Applies changes, sorted by key and unique, to the trie of `source`: its new root, and the nodes that changed.
///
/// # Errors
/// When the source failed or contradicts itself.
pub fn update<S: Source>(source: &S, mut changes: Vec<Change>) -> Result<(B256, NodeChanges), Fatal> {
    debug_assert!(changes.is_sorted_by(|a, b| a.key < b.key), "sorted and unique");
    changes.retain(|change| change.existed || change.value.is_some());
    let mut work = Work { source, nodes: BTreeMap::new() };
    let top = NodePath::default();
    let old = source.node(&top)?;
    let built = work.subtree(&top, old, &changes)?;
    let root = built.rlp().map_or(EMPTY_ROOT_HASH, |rlp| root_hash(&rlp));
    work.place(&top, built);
    let mut nodes = work.nodes;
    nodes.retain(|_, change| change.old != change.new);
    Ok((root, nodes))
}

/// Changes from which the first fork is worked on by several threads. The result does not depend on it.
const PARALLEL_FROM: usize = 128;

struct Work<'s, S> {
    source: &'s S,
    nodes: NodeChanges,
}

/// A subtree's top, not yet at its place: it may still join what is above it.
enum Built {
    Empty,
    Leaf { rest: Nibbles, value: Vec<u8> },
    Extension { nibbles: Nibbles, child: RlpNode },
    Branch(Box<Branch>),
}

impl Built {
    fn rlp(&self) -> Option<Vec<u8>> {
        match self {
            Self::Empty => None,
            Self::Leaf { rest, value } => Some(leaf_rlp(rest, value)),
            Self::Extension { nibbles, child } => Some(extension_rlp(nibbles, child)),
            Self::Branch(branch) => Some(branch.rlp()),
        }
    }
}

impl<S: Source> Work<'_, S> {
    /// The subtree at `path`, where `old` is its node now, after `changes`.
    fn subtree(&mut self, path: &NodePath, old: Option<Node>, changes: &[Change]) -> Result<Built, Fatal> {
        let Some(old) = old else {
            let inserts = changes.iter().filter_map(|change| Some((change.key, change.value.clone()?)));
            return Ok(self.build(path, &inserts.collect::<Vec<_>>()));
        };
        self.retire(path, &old);
        match old {
            Node::Leaf { rest } => self.replace_leaf(path, path.join(&rest), changes),
            Node::Extension { nibbles, child } => self.extension(path, &nibbles, child, changes),
            Node::Branch(branch) => self.branch(path, branch, changes),
        }
    }

    fn replace_leaf(&mut self, path: &NodePath, key: Nibbles, changes: &[Change]) -> Result<Built, Fatal> {
        let mut inserts: Vec<(Nibbles, Vec<u8>)> =
            changes.iter().filter_map(|change| Some((change.key, change.value.clone()?))).collect();
        if !changes.iter().any(|change| change.key == key) {
            let at = inserts.partition_point(|(other, _)| *other < key);
            inserts.insert(at, (key, self.source.leaf(key_of(&key)?)?));
        }
        Ok(self.build(path, &inserts))
    }

    fn extension(
        &mut self,
        path: &NodePath,
        nibbles: &Nibbles,
        child: RlpNode,
        changes: &[Change],
    ) -> Result<Built, Fatal> {
        let end = path.join(nibbles);
        let shared = changes.iter().map(|change| change.key.common_prefix_length(&end)).min().unwrap_or(end.len());
        if shared == end.len() {
            let Node::Branch(branch) = self.load(&end)? else {
                return Err(Fatal::Corrupt(format!("no branch below the extension at {path:?}")));
            };
            self.retire(&end, &Node::Branch(branch.clone()));
            let built = self.branch(&end, branch, changes)?;
            return Ok(self.prepend(&end, nibbles, built));
        }
        // A new key leaves the stretch: a fork appears inside it.
        let fork = end.slice(..shared);
        let (Some(nibble), rest) = (end.get(shared), end.slice(shared.saturating_add(1)..)) else {
            return Err(Fatal::Bug("a fork lies inside its extension".to_owned()));
        };
        let below = if rest.is_empty() {
            Some((child, false))
        } else {
            self.place(&end.slice(..=shared), Built::Extension { nibbles: rest, child })
        };
        let mut branch = Box::<Branch>::default();
        branch.set(nibble, below);
        let built = self.branch(&fork, branch, changes)?;
        Ok(self.prepend(&fork, &fork.slice(path.len()..), built))
    }

    fn branch(&mut self, path: &NodePath, mut branch: Box<Branch>, changes: &[Change]) -> Result<Built, Fatal> {
        let depth = path.len();
        let groups: Vec<&[Change]> = changes.chunk_by(|a, b| a.key.get(depth) == b.key.get(depth)).collect();
        if depth == 0 && changes.len() >= PARALLEL_FROM {
            let source = self.source;
            let pending = &self.nodes;
            let done: Result<Vec<_>, Fatal> = groups
                .par_iter()
                .map(|group| {
                    let mut work = Work { source, nodes: pending.clone() };
                    Ok((work.child(path, &branch, group)?, work.nodes))
                })
                .collect();
            for ((nibble, child), nodes) in done? {
                branch.set(nibble, child);
                self.nodes.extend(nodes.into_iter().filter(|(path, _)| path.first() == Some(nibble)));
            }
        } else {
            for group in groups {
                let (nibble, child) = self.child(path, &branch, group)?;
                branch.set(nibble, child);
            }
        }
        match branch.only_child() {
            Some(nibble) => self.collapse(path, &branch, nibble, changes),
            None if branch.children.iter().all(Option::is_none) => Ok(Built::Empty),
            None => Ok(Built::Branch(branch)),
        }
    }

    /// The child of a branch that a group of changes leads to, after them.
    fn child(
        &mut self,
        path: &NodePath,
        branch: &Branch,
        group: &[Change],
    ) -> Result<(u8, Option<(RlpNode, bool)>), Fatal> {
        let depth = path.len();
        let first = group.first().ok_or_else(|| Fatal::Bug("an empty group of changes".to_owned()))?;
        let nibble = first.key.get(depth).ok_or_else(|| Fatal::Bug("a key ends at a branch".to_owned()))?;
        let rest_from = depth.saturating_add(1);
        // A leaf that only gets another value: its key is known, so nothing needs to be read or written.
        if let ([Change { key, value: Some(value), existed: true }], true) = (group, branch.is_leaf(nibble)) {
            let reference = RlpNode::from_rlp(&leaf_rlp(&key.slice(rest_from..), value));
            return Ok((nibble, Some((reference, true))));
        }
        let child_path = first.key.slice(..rest_from);
        let old = if branch.child(nibble).is_some() { Some(self.load(&child_path)?) } else { None };
        let built = self.subtree(&child_path, old, group)?;
        Ok((nibble, self.place(&child_path, built)))
    }

    /// A branch with one child is no branch: the child moves up.
    fn collapse(&mut self, path: &NodePath, branch: &Branch, nibble: u8, changes: &[Change]) -> Result<Built, Fatal> {
        let mut child_path = *path;
        child_path.push(nibble);
        let step = Nibbles::from_nibbles([nibble]);
        let child = self.load(&child_path)?;
        Ok(match child {
            Node::Leaf { rest } => {
                self.retire(&child_path, &Node::Leaf { rest });
                let key = child_path.join(&rest);
                let value = match changes.binary_search_by(|change| change.key.cmp(&key)) {
                    Ok(at) => changes.get(at).and_then(|change| change.value.clone()),
                    Err(_) => Some(self.source.leaf(key_of(&key)?)?),
                };
                let value = value.ok_or_else(|| Fatal::Bug("a removed leaf is still there".to_owned()))?;
                Built::Leaf { rest: step.join(&rest), value }
            }
            Node::Extension { nibbles, child } => {
                self.retire(&child_path, &Node::Extension { nibbles, child: child.clone() });
                Built::Extension { nibbles: step.join(&nibbles), child }
            }
            Node::Branch(_) => {
                let reference = branch.child(nibble).cloned();
                let child = reference.ok_or_else(|| Fatal::Bug("the only child has no reference".to_owned()))?;
                Built::Extension { nibbles: step, child }
            }
        })
    }

    /// Puts a stretch in front of what stands at its `end`.
    fn prepend(&mut self, end: &NodePath, nibbles: &Nibbles, built: Built) -> Built {
        match built {
            built if nibbles.is_empty() => built,
            Built::Empty => Built::Empty,
            Built::Leaf { rest, value } => Built::Leaf { rest: nibbles.join(&rest), value },
            Built::Extension { nibbles: more, child } => Built::Extension { nibbles: nibbles.join(&more), child },
            branch @ Built::Branch(_) => match self.place(end, branch) {
                Some((child, _)) => Built::Extension { nibbles: *nibbles, child },
                None => Built::Empty,
            },
        }
    }

    /// A subtree of these keys, sorted, where there was none.
    fn build(&mut self, path: &NodePath, inserts: &[(Nibbles, Vec<u8>)]) -> Built {
        let (Some((first, value)), Some((last, _))) = (inserts.first(), inserts.last()) else {
            return Built::Empty;
        };
        if inserts.len() == 1 {
            return Built::Leaf { rest: first.slice(path.len()..), value: value.clone() };
        }
        let fork = first.slice(..first.common_prefix_length(last));
        let depth = fork.len();
        let mut branch = Box::<Branch>::default();
        for group in inserts.chunk_by(|(a, _), (b, _)| a.get(depth) == b.get(depth)) {
            let Some((key, _)) = group.first() else { continue };
            let Some(nibble) = key.get(depth) else { continue };
            let child_path = key.slice(..=depth);
            let built = self.build(&child_path, group);
            let child = self.place(&child_path, built);
            branch.set(nibble, child);
        }
        self.prepend(&fork, &fork.slice(path.len()..), Built::Branch(branch))
    }

    /// Writes a subtree's top at its place; its reference, and whether it is a leaf.
    fn place(&mut self, path: &NodePath, built: Built) -> Option<(RlpNode, bool)> {
        let rlp = built.rlp()?;
        let (node, leaf) = match built {
            Built::Empty => return None,
            Built::Leaf { rest, .. } => (Node::Leaf { rest }, true),
            Built::Extension { nibbles, child } => (Node::Extension { nibbles, child }, false),
            Built::Branch(branch) => (Node::Branch(branch), false),
        };
        self.nodes.entry(*path).or_insert(NodeChange { old: None, new: None }).new = Some(node);
        Some((RlpNode::from_rlp(&rlp), leaf))
    }

    /// The node that stood at `path` is gone, unless another is placed there.
    fn retire(&mut self, path: &NodePath, old: &Node) {
        self.nodes.entry(*path).or_insert_with(|| NodeChange { old: Some(old.clone()), new: None }).new = None;
    }

    fn load(&self, path: &NodePath) -> Result<Node, Fatal> {
        let node = match self.nodes.get(path) {
            Some(change) => change.new.clone(),
            None => self.source.node(path)?,
        };
        node.ok_or_else(|| Fatal::Corrupt(format!("trie node {path:?} is missing")))
    }
}

fn key_of(nibbles: &Nibbles) -> Result<B256, Fatal> {
    B256::try_from(nibbles.pack().as_slice())
        .map_err(|_| Fatal::Corrupt(format!("trie key of {} nibbles", nibbles.len())))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests {
    use super::*;
    use crate::state::trie::Memory;
    use alloy_primitives::U256;
    use alloy_trie::HashBuilder;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// The root by another implementation, from nothing but the leaves.
    fn reference(trie: &Memory) -> B256 {
        let mut builder = HashBuilder::default();
        for (key, value) in &trie.leaves {
            builder.add_leaf(Nibbles::unpack(key), value);
        }
        builder.root()
    }

    /// Nodes as a fresh trie of the same leaves has them: nothing stale, nothing missing.
    fn assert_canonical(trie: &Memory) {
        let mut fresh = Memory::default();
        let batch = trie.leaves.iter().map(|(key, value)| (*key, Some(value.clone()))).collect();
        fresh.apply(&batch).expect("the trie is whole");
        assert_eq!(*trie, fresh);
    }

    /// Keys that share long prefixes, so that forks, stretches and inline nodes occur at every depth.
    fn key() -> impl Strategy<Value = B256> {
        (prop::collection::vec(0..3_u8, 1..5), 0..64_usize, any::<bool>()).prop_map(|(marks, at, low)| {
            let mut key = B256::ZERO;
            for (step, mark) in marks.iter().enumerate() {
                let nibble = (at + step * 7) % 64;
                key.0[nibble / 2] |= if nibble.is_multiple_of(2) { mark << 4 } else { *mark };
            }
            if low {
                key.0[31] ^= 1;
            }
            key
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn batches_give_the_root_of_another_implementation(
            batches in prop::collection::vec(
                prop::collection::btree_map(key(), prop::option::weighted(0.6, 0..1_000_u64), 0..20), 1..12),
        ) {
            let mut trie = Memory::default();
            for batch in batches {
                let batch = batch
                    .into_iter()
                    .map(|(key, value)| (key, value.map(|value| alloy_rlp::encode(U256::from(value)))))
                    .collect();
                let root = trie.apply(&batch).expect("the trie is whole");
                prop_assert_eq!(root, reference(&trie));
                assert_canonical(&trie);
            }
        }
    }

    /// Enough keys that the first fork is worked on in parallel; then most of them go again.
    #[test]
    fn large_batches_agree_too() {
        let mut trie = Memory::default();
        let key = |n: u64| alloy_primitives::keccak256(n.to_be_bytes());
        for step in 0..6_u64 {
            let batch: BTreeMap<B256, Option<Vec<u8>>> = (step * 300..step * 300 + 700)
                .map(|n| (key(n), Some(alloy_rlp::encode(U256::from(n * 31 + step)))))
                .chain((0..step * 250).map(|n| (key(n), None)))
                .collect();
            assert_eq!(trie.apply(&batch), Ok(reference(&trie)), "step {step}");
            assert_canonical(&trie);
        }
    }
}

//! Merkle proofs (EIP-1186) and the root of a stored trie.

use crate::error::Fatal;
use crate::state::trie::Source;
use crate::state::trie::node::{Node, NodePath, extension_rlp, leaf_rlp, root_hash};
use alloy_primitives::{B256, Bytes};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};

/// Nodes on the way from the root toward a key, RLP, as far as they go. A node that its parent holds inline is not
/// listed by itself.
///
/// # Errors
/// When the source failed or contradicts itself.
pub fn prove<S: Source>(source: &S, key: B256) -> Result<Vec<Bytes>, Fatal> {
    let key = Nibbles::unpack(key);
    let mut proof = Vec::new();
    let mut path = NodePath::default();
    while let Some(node) = source.node(&path)? {
        let rlp = rlp_of(source, &path, &node)?;
        if path.is_empty() || rlp.len() >= B256::len_bytes() {
            proof.push(rlp.into());
        }
        match node {
            Node::Leaf { .. } => break,
            Node::Extension { nibbles, .. } => path = path.join(&nibbles),
            Node::Branch(branch) => match key.get(path.len()) {
                Some(nibble) if branch.child(nibble).is_some() => path.push(nibble),
                Some(_) | None => break,
            },
        }
        if !key.starts_with(&path) {
            break;
        }
    }
    Ok(proof)
}

/// Root of a stored trie.
///
/// # Errors
/// When the source failed or contradicts itself.
pub fn root<S: Source>(source: &S) -> Result<B256, Fatal> {
    let top = NodePath::default();
    match source.node(&top)? {
        None => Ok(EMPTY_ROOT_HASH),
        Some(node) => Ok(root_hash(&rlp_of(source, &top, &node)?)),
    }
}

fn rlp_of<S: Source>(source: &S, path: &NodePath, node: &Node) -> Result<Vec<u8>, Fatal> {
    Ok(match node {
        Node::Leaf { rest } => {
            let key = path.join(rest);
            let key = B256::try_from(key.pack().as_slice())
                .map_err(|_| Fatal::Corrupt(format!("trie key of {} nibbles", key.len())))?;
            leaf_rlp(rest, &source.leaf(key)?)
        }
        Node::Extension { nibbles, child } => extension_rlp(nibbles, child),
        Node::Branch(branch) => branch.rlp(),
    })
}

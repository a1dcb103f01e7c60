//! Nodes of a trie and their stored form.
//!
//! | tag | then |
//! |---|---|
//! | 0 leaf | rest of the key: nibble count (1), packed nibbles |
//! | 1 extension | nibbles as above, then the child's reference |
//! | 2 branch | mask of children (2), of those which are leaves (2), of those whose reference is inline (2); references |
//!
//! A reference is the 32-byte hash of the child's RLP, or, where that RLP is shorter than 32 bytes, its length (1) and
//! the RLP itself.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::error::Fatal;
use alloy_primitives::{B256, keccak256};
use alloy_rlp::Header as RlpHeader;
use alloy_trie::Nibbles;
use alloy_trie::nodes::{ExtensionNodeRef, LeafNodeRef, RlpNode};

/// Path of a node from the root of its trie.
pub type NodePath = Nibbles;

/// Stored form of a path: count of nibbles, then the nibbles packed. No path's form begins another's.
#[must_use]
pub fn path_bytes(path: &NodePath) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(33);
    put_nibbles(&mut bytes, path);
    bytes
}

/// Reads the stored form of a path.
#[must_use]
pub fn path_from_bytes(mut bytes: &[u8]) -> Option<NodePath> {
    let path = take_nibbles(&mut bytes)?;
    bytes.is_empty().then_some(path)
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// The only key below this path.
    Leaf {
        /// What follows the path in the key.
        rest: Nibbles,
    },
    /// A stretch without a fork; its child is the branch at its end.
    Extension {
        /// The stretch.
        nibbles: Nibbles,
        /// Reference of the branch.
        child: RlpNode,
    },
    /// A fork.
    Branch(Box<Branch>),
}

/// Children of a branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch {
    /// Reference of each child.
    pub children: [Option<RlpNode>; 16],
    /// Bit `n`: child `n` is a leaf.
    pub leaves: u16,
}

impl Branch {
    /// Whether a child is a leaf.
    #[must_use]
    pub const fn is_leaf(&self, nibble: u8) -> bool {
        self.leaves & (1 << (nibble & 15)) != 0
    }

    /// Sets or removes a child.
    pub fn set(&mut self, nibble: u8, child: Option<(RlpNode, bool)>) {
        let bit = 1 << (nibble & 15);
        let leaf = matches!(child, Some((_, true)));
        if leaf {
            self.leaves |= bit;
        } else {
            self.leaves &= !bit;
        }
        if let Some(place) = self.children.get_mut(usize::from(nibble)) {
            *place = child.map(|(reference, _)| reference);
        }
    }

    /// A child's reference.
    #[must_use]
    pub fn child(&self, nibble: u8) -> Option<&RlpNode> {
        self.children.get(usize::from(nibble))?.as_ref()
    }

    /// The only child, where there is just one.
    #[must_use]
    pub fn only_child(&self) -> Option<u8> {
        let mut present = (0_u8..16).filter(|nibble| self.child(*nibble).is_some());
        let first = present.next()?;
        present.next().is_none().then_some(first)
    }

    /// RLP of the branch.
    #[must_use]
    pub fn rlp(&self) -> Vec<u8> {
        let empty: &[u8] = &[alloy_rlp::EMPTY_STRING_CODE];
        let child = |child: &'_ Option<RlpNode>| child.as_ref().map_or(1, |child| child.as_slice().len());
        // The seventeenth item is the value of a key that ends here; hashed keys never do.
        let payload_length = self.children.iter().map(child).sum::<usize>().saturating_add(1);
        let mut out = Vec::with_capacity(payload_length.saturating_add(3));
        RlpHeader { list: true, payload_length }.encode(&mut out);
        for child in &self.children {
            out.extend_from_slice(child.as_ref().map_or(empty, |child| child.as_slice()));
        }
        out.extend_from_slice(empty);
        out
    }
}

/// RLP of a leaf.
#[must_use]
pub(in crate::state) fn leaf_rlp(rest: &Nibbles, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len().saturating_add(40));
    alloy_rlp::Encodable::encode(&LeafNodeRef { key: rest, value }, &mut out);
    out
}

/// RLP of an extension.
#[must_use]
pub(in crate::state) fn extension_rlp(nibbles: &Nibbles, child: &RlpNode) -> Vec<u8> {
    let mut out = Vec::with_capacity(70);
    alloy_rlp::Encodable::encode(&ExtensionNodeRef { key: nibbles, child: child.as_slice() }, &mut out);
    out
}

/// Hash of a root node from its RLP.
#[must_use]
pub(super) fn root_hash(rlp: &[u8]) -> B256 {
    keccak256(rlp)
}

impl Node {
    /// Stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Leaf { rest } => {
                let mut out = vec![0];
                put_nibbles(&mut out, rest);
                out
            }
            Self::Extension { nibbles, child } => {
                let mut out = vec![1];
                put_nibbles(&mut out, nibbles);
                put_length_prefixed(&mut out, child.as_slice());
                out
            }
            Self::Branch(branch) => {
                let (mut mask, mut inline) = (0_u16, 0_u16);
                let mut references = Vec::with_capacity(16 * 32);
                for (nibble, child) in branch.children.iter().enumerate() {
                    let Some(child) = child else { continue };
                    let bit = 1_u16.wrapping_shl(u32::try_from(nibble).unwrap_or(0));
                    mask |= bit;
                    match child.as_hash() {
                        Some(hash) => references.extend_from_slice(hash.as_slice()),
                        None => {
                            inline |= bit;
                            put_length_prefixed(&mut references, child.as_slice());
                        }
                    }
                }
                let mut out = Vec::with_capacity(references.len().saturating_add(7));
                out.push(2);
                for mask in [mask, branch.leaves, inline] {
                    out.extend_from_slice(&mask.to_be_bytes());
                }
                out.extend_from_slice(&references);
                out
            }
        }
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// Bytes that no node was written as.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fatal> {
        read(bytes).ok_or_else(|| Fatal::Corrupt(format!("trie node of {} bytes", bytes.len())))
    }
}

fn put_nibbles(out: &mut Vec<u8>, nibbles: &Nibbles) {
    out.push(u8::try_from(nibbles.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(&nibbles.pack());
}

fn put_length_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

fn read(bytes: &[u8]) -> Option<Node> {
    let (tag, mut rest) = bytes.split_first()?;
    let node = match tag {
        0 => Node::Leaf { rest: take_nibbles(&mut rest)? },
        1 => {
            let nibbles = take_nibbles(&mut rest)?;
            Node::Extension { nibbles, child: take_length_prefixed(&mut rest)? }
        }
        2 => {
            let mask = take_mask(&mut rest)?;
            let leaves = take_mask(&mut rest)?;
            let inline = take_mask(&mut rest)?;
            if (leaves | inline) & !mask != 0 {
                return None;
            }
            let mut branch = Branch { leaves, ..Branch::default() };
            for (nibble, child) in branch.children.iter_mut().enumerate() {
                let bit = 1_u16.checked_shl(u32::try_from(nibble).ok()?)?;
                if mask & bit == 0 {
                    continue;
                }
                *child = Some(if inline & bit == 0 {
                    RlpNode::word_rlp(&B256::try_from(take(&mut rest, 32)?).ok()?)
                } else {
                    take_length_prefixed(&mut rest).filter(|child| !child.is_hash())?
                });
            }
            Node::Branch(Box::new(branch))
        }
        _ => return None,
    };
    rest.is_empty().then_some(node)
}

fn take<'a>(from: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(count)?;
    *from = rest;
    Some(taken)
}

fn take_mask(from: &mut &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(take(from, 2)?.try_into().ok()?))
}

/// A reference: an empty one would be no child.
fn take_length_prefixed(from: &mut &[u8]) -> Option<RlpNode> {
    let length = usize::from(take(from, 1)?.first().copied()?);
    RlpNode::from_raw(take(from, length)?).filter(|child| !child.is_empty())
}

fn take_nibbles(from: &mut &[u8]) -> Option<Nibbles> {
    let count = usize::from(take(from, 1)?.first().copied()?);
    if count > 64 {
        return None;
    }
    let packed = take(from, count.div_ceil(2))?;
    // Half of the last byte is of no nibble where their number is odd.
    if !count.is_multiple_of(2) && packed.last()? & 0xf != 0 {
        return None;
    }
    Some(Nibbles::unpack(packed).slice(..count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn nodes_round_trip_and_short_ones_are_refused() {
        let hash = RlpNode::word_rlp(&B256::repeat_byte(7));
        let inline = RlpNode::from_rlp(&[0xc2, 0x20, 0x05]);
        let mut branch = Branch::default();
        branch.set(3, Some((hash.clone(), true)));
        branch.set(15, Some((inline.clone(), true)));
        branch.set(0, Some((hash.clone(), false)));
        for node in [
            Node::Leaf { rest: Nibbles::from_nibbles([1, 2, 3]) },
            Node::Leaf { rest: Nibbles::unpack(B256::repeat_byte(0xab)) },
            Node::Extension { nibbles: Nibbles::from_nibbles([9]), child: hash },
            Node::Extension { nibbles: Nibbles::from_nibbles([9, 1]), child: inline },
            Node::Branch(Box::new(branch)),
        ] {
            let bytes = node.to_bytes();
            assert_eq!(Node::from_bytes(&bytes), Ok(node));
            for cut in 0..bytes.len() {
                assert!(Node::from_bytes(&bytes[..cut]).is_err());
            }
        }
    }

    /// What is read is written the same way, which these would not be. A fuzzer met the first.
    #[test]
    fn a_node_has_one_stored_form() {
        let refused: [(&str, &[u8]); 6] = [
            ("a path of one nibble, and more in its byte", &hex!("00 01 fb")),
            ("a branch whose leaf is no child", &hex!("02 0000 0001 0000")),
            ("a branch whose inline child is none", &hex!("02 0000 0000 8000")),
            ("a branch with an empty inline child", &hex!("02 0001 0000 0001 00")),
            (
                "a branch with a hash for an inline child",
                &hex!("02 0001 0000 0001 21 a00707070707070707070707070707070707070707070707070707070707070707"),
            ),
            ("an extension of nothing", &hex!("01 01 10 00")),
        ];
        for (what, bytes) in refused {
            let error = Fatal::Corrupt(format!("trie node of {} bytes", bytes.len()));
            assert_eq!(Node::from_bytes(bytes), Err(error), "{what}");
        }
        assert_eq!(path_from_bytes(&hex!("01 fb")), None);
        assert_eq!(path_from_bytes(&hex!("01 f0")), Some(Nibbles::from_nibbles([15])));
    }
}

//! Merkle Patricia tries over hashed keys, stored by path.
//!
//! A node lives under its path, so there is one version of it on disk and old ones need no collecting. A branch keeps
//! the references of all its children; a leaf keeps only the rest of its key, because its value is in the flat
//! tables. So a changed value costs one read and one write a level, and none for the leaf itself.

mod memory;
mod node;
mod proof;
mod update;

pub use memory::Memory;
pub use node::{Branch, Node, NodePath, path_bytes, path_from_bytes};
pub(super) use node::{extension_rlp, leaf_rlp};
pub use proof::{prove, root};
pub use update::{Change, NodeChange, NodeChanges, update};

use crate::error::Fatal;
use alloy_primitives::B256;

/// Where an update or a proof reads the trie that it starts from.
pub trait Source: Sync {
    /// Node at a path.
    ///
    /// # Errors
    /// When the store failed.
    fn node(&self, path: &NodePath) -> Result<Option<Node>, Fatal>;

    /// Value of a leaf, as the trie encodes it.
    ///
    /// # Errors
    /// When the store failed, or has no value for a key that the trie has.
    fn leaf(&self, key: B256) -> Result<Vec<u8>, Fatal>;
}

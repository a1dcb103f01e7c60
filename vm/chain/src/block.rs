//! Blocks: types and canonical bytes. Decoding needs no parent and no rules.

mod body;
mod header;

pub use body::{Block, UNCLES_OF_NONE, transactions_root};
pub use header::Header;

use alloy_primitives::B256;

/// Id of a block: keccak-256 of its header's RLP, which is also its Ethereum hash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BlockId(pub B256);

impl std::fmt::Display for BlockId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:#x}", self.0)
    }
}

impl std::fmt::Debug for BlockId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:#x}", self.0)
    }
}

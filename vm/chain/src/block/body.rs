//! A whole block: `[header, [transaction…], [uncle…], withdrawals?]`.
//!
//! Legacy transactions are RLP lists, typed ones RLP strings. The withdrawals element is tolerated and ignored, as in
//! the Go node: the header does not cover it, so bytes are kept as they came.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::block::{BlockId, Header};
use crate::error::{DecodeError, Malformed};
use crate::limits::BLOCK_BYTES_MAX;
use crate::tx::Tx;
use alloy_primitives::{Address, B256, Bytes, b256};
use alloy_rlp::{Encodable, Header as RlpHeader};
use alloy_trie::root::ordered_trie_root_with_encoder;
use std::sync::Arc;

/// Keccak-256 of the RLP of an empty list.
pub const UNCLES_OF_NONE: B256 = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");

/// `transactionsRoot`.
#[must_use]
pub fn transactions_root(transactions: &[Arc<Tx>]) -> B256 {
    ordered_trie_root_with_encoder(transactions, |tx, out| out.extend_from_slice(&tx.encode()))
}

/// A block whose bytes are well-formed.
#[derive(Debug, Clone)]
pub struct Block {
    /// Header.
    pub header: Header,
    /// Transactions, in order.
    pub transactions: Vec<Arc<Tx>>,
    /// Number of uncles; the rules allow none.
    pub uncles: usize,
    id: BlockId,
    bytes: Bytes,
}

impl Block {
    /// A block of these parts, without uncles and withdrawals.
    #[must_use]
    pub fn new(header: Header, transactions: Vec<Arc<Tx>>) -> Self {
        let mut list = Vec::new();
        for tx in &transactions {
            let bytes = tx.encode();
            if tx.kind() == 0 { list.extend_from_slice(&bytes) } else { bytes.encode(&mut list) }
        }
        let mut payload = Vec::with_capacity(list.len().saturating_add(1_024));
        header.encode(&mut payload);
        RlpHeader { list: true, payload_length: list.len() }.encode(&mut payload);
        payload.extend_from_slice(&list);
        payload.push(alloy_rlp::EMPTY_LIST_CODE);
        let mut bytes = Vec::with_capacity(payload.len().saturating_add(9));
        RlpHeader { list: true, payload_length: payload.len() }.encode(&mut bytes);
        bytes.extend_from_slice(&payload);
        Self { id: header.id(), header, transactions, uncles: 0, bytes: bytes.into() }
    }

    /// Decodes the bytes of exactly one block.
    ///
    /// # Errors
    /// Where they are no block, or hold a value that this program cannot compute with.
    pub fn decode(bytes: Bytes) -> Result<Self, DecodeError> {
        if bytes.len() > BLOCK_BYTES_MAX {
            return Err(Malformed::TooLong { got: bytes.len(), limit: BLOCK_BYTES_MAX }.into());
        }
        let rlp = |what| move |cause| Malformed::Rlp { what, cause };
        let mut rest: &[u8] = &bytes;
        let mut parts = RlpHeader::decode_bytes(&mut rest, true).map_err(rlp("block"))?;
        if !rest.is_empty() {
            return Err(Malformed::Trailing { what: "block", count: rest.len() }.into());
        }
        let header = Header::decode(&mut parts)?;
        let mut list = RlpHeader::decode_bytes(&mut parts, true).map_err(rlp("transactions"))?;
        let mut transactions = Vec::new();
        while !list.is_empty() {
            transactions.push(Arc::new(decode_transaction(&mut list, transactions.len())?));
        }
        let mut list = RlpHeader::decode_bytes(&mut parts, true).map_err(rlp("uncles"))?;
        let mut uncles: usize = 0;
        while !list.is_empty() {
            Header::decode(&mut list).map_err(|cause| Malformed::Uncle { index: uncles, cause: Box::new(cause) })?;
            uncles = uncles.saturating_add(1);
        }
        if !parts.is_empty() {
            let mut list = RlpHeader::decode_bytes(&mut parts, true).map_err(rlp("withdrawals"))?;
            while !list.is_empty() {
                decode_withdrawal(&mut list).map_err(rlp("withdrawals"))?;
            }
        }
        if !parts.is_empty() {
            return Err(Malformed::Trailing { what: "block", count: parts.len() }.into());
        }
        Ok(Self { id: header.id(), header, transactions, uncles, bytes })
    }

    /// Keccak-256 of the header.
    #[must_use]
    pub const fn id(&self) -> BlockId {
        self.id
    }

    /// The bytes as they came.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Recovers senders on all cores. Each is remembered by its transaction.
    pub fn recover_senders(&self) {
        use rayon::prelude::*;
        self.transactions.par_iter().for_each(|tx| {
            let _: Option<Address> = tx.sender();
        });
    }

    /// Height.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.header.height()
    }

    /// Id of the parent.
    #[must_use]
    pub const fn parent(&self) -> BlockId {
        BlockId(self.header.parent)
    }
}

fn decode_transaction(list: &mut &[u8], index: usize) -> Result<Tx, DecodeError> {
    let rlp = |cause| Malformed::Rlp { what: "transactions", cause };
    let start = *list;
    let item = RlpHeader::decode(list).map_err(rlp)?;
    let payload = list.get(..item.payload_length).ok_or_else(|| rlp(alloy_rlp::Error::InputTooShort))?;
    *list = list.get(item.payload_length..).unwrap_or_default();
    if item.list {
        let whole = start.get(..start.len().saturating_sub(list.len())).unwrap_or_default();
        Tx::decode_at(whole, index)
    } else if payload.first().is_some_and(|kind| *kind != 0 && *kind < 0xc0) {
        Tx::decode_at(payload, index)
    } else {
        // A legacy transaction in a string, or no type byte at all.
        Err(Malformed::TransactionType { index, kind: payload.first().copied().unwrap_or_default() }.into())
    }
}

/// EIP-4895 `[index, validator, address, amount]`.
fn decode_withdrawal(list: &mut &[u8]) -> alloy_rlp::Result<()> {
    use alloy_rlp::Decodable;
    let mut fields = RlpHeader::decode_bytes(list, true)?;
    u64::decode(&mut fields)?;
    u64::decode(&mut fields)?;
    Address::decode(&mut fields)?;
    u64::decode(&mut fields)?;
    if fields.is_empty() { Ok(()) } else { Err(alloy_rlp::Error::UnexpectedLength) }
}

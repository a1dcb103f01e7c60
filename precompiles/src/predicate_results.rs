//! Which predicates failed: the bytes that follow the fee window in `extraData` of a block's header.
//!
//! | bytes | what |
//! |---|---|
//! | 2 | codec version, 0 |
//! | 4 | count of transactions; then for each, rising by hash: |
//! | 32 | transaction hash |
//! | 4 | count of addresses; then for each, rising: |
//! | 20 | canonical address of the row |
//! | 4 + n | length and bytes of [`Bits`]: the predicates that failed |
//!
//! A transaction with predicates stands here even if all of them passed, one without never does. A block without
//! predicates has the six zero bytes of the empty map.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::bits::Bits;
use crate::codec::{self, Malformed, Reader};
use alloy_primitives::{Address, B256};
use std::collections::BTreeMap;

/// Largest size of the encoded results, bytes: the limit of the Go node's codec.
pub const SIZE_MAX: usize = 1 << 20;

/// Failed predicates of a block, by transaction and row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results(pub BTreeMap<B256, BTreeMap<Address, Bits>>);

impl Results {
    /// The predicates of a transaction for a row that failed. No entry means that none did.
    #[must_use]
    pub fn failed(&self, transaction: B256, row: Address) -> Option<&Bits> {
        self.0.get(&transaction)?.get(&row)
    }

    /// The bytes in the header.
    ///
    /// # Errors
    /// When they would be more than [`SIZE_MAX`].
    pub fn encode(&self) -> Result<Vec<u8>, Malformed> {
        let mut out = codec::open();
        codec::push_size(&mut out, self.0.len());
        for (transaction, rows) in &self.0 {
            out.extend_from_slice(transaction.as_slice());
            codec::push_size(&mut out, rows.len());
            for (row, failed) in rows {
                out.extend_from_slice(row.as_slice());
                codec::push_bytes(&mut out, failed.as_bytes());
            }
        }
        within_limit(out.len())?;
        Ok(out)
    }

    /// From the bytes in a header. Sets may have leading zero bytes, as in the Go node; a block whose bytes are
    /// compared with those of [`Self::encode`] cannot.
    ///
    /// # Errors
    /// When the bytes are no results.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        within_limit(bytes.len())?;
        let mut reader = Reader::open(bytes)?;
        let transactions = map(&mut reader, |reader| map(reader, |reader| reader.bytes().map(Bits::from_padded)))?;
        reader.close()?;
        Ok(Self(transactions))
    }
}

/// A map with rising keys. Nothing is allocated ahead, so a count costs no more than the bytes that back it.
fn map<'a, K, V, const N: usize>(
    reader: &mut Reader<'a>,
    mut value: impl FnMut(&mut Reader<'a>) -> Result<V, Malformed>,
) -> Result<BTreeMap<K, V>, Malformed>
where
    K: From<[u8; N]> + Ord,
{
    let mut out = BTreeMap::new();
    for index in 0..reader.u32()? {
        let key = K::from(reader.array()?);
        if out.last_key_value().is_some_and(|(last, _)| *last >= key) {
            return Err(Malformed::Order { index });
        }
        out.insert(key, value(reader)?);
    }
    Ok(out)
}

const fn within_limit(size: usize) -> Result<(), Malformed> {
    if size <= SIZE_MAX { Ok(()) } else { Err(Malformed::TooLarge { got: size, max: SIZE_MAX }) }
}

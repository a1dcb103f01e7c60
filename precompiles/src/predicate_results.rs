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

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

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

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, hex};

    const WARP: Address = address!("0200000000000000000000000000000000000005");

    fn transaction(first: u8) -> B256 {
        B256::right_padding_from(&[first])
    }

    fn results(failed: &[(u8, &[usize])]) -> Results {
        let one = |&(first, failed): &(u8, &[usize])| {
            (transaction(first), BTreeMap::from([(WARP, failed.iter().copied().collect())]))
        };
        Results(failed.iter().map(one).collect())
    }

    #[test]
    fn known_bytes() {
        let none = Results::default();
        assert_eq!(none.encode(), Ok(vec![0; 6]));
        assert_eq!(Results::decode(&[0; 6]), Ok(none));

        let one = results(&[(1, &[0])]);
        let bytes = hex!(
            "0000 00000001 0100000000000000000000000000000000000000000000000000000000000000 00000001
             0200000000000000000000000000000000000005 00000001 01"
        );
        assert_eq!(one.encode().as_deref(), Ok(&bytes[..]));
        assert_eq!(Results::decode(&bytes), Ok(one));

        // All passed, and the tenth failed; by hash whatever the order of execution.
        let two = results(&[(2, &[9]), (1, &[])]);
        let bytes = hex!(
            "0000 00000002 0100000000000000000000000000000000000000000000000000000000000000 00000001
             0200000000000000000000000000000000000005 00000000
             0200000000000000000000000000000000000000000000000000000000000000 00000001
             0200000000000000000000000000000000000005 00000002 0200"
        );
        assert_eq!(two.encode().as_deref(), Ok(&bytes[..]));
        assert_eq!(Results::decode(&bytes), Ok(two.clone()));
        assert_eq!(two.failed(transaction(2), WARP).map(|failed| failed.contains(9)), Some(true));
        assert_eq!(two.failed(transaction(1), WARP).map(|failed| failed.contains(9)), Some(false));
        assert_eq!(two.failed(transaction(3), WARP), None);
    }

    #[test]
    fn leading_zeros_of_a_set_are_read() {
        let mut bytes = results(&[(1, &[0, 8])]).encode().expect("small");
        let place = bytes.len() - 2;
        bytes[place - 1] = 3;
        bytes.insert(place, 0);
        assert_eq!(Results::decode(&bytes), Ok(results(&[(1, &[0, 8])])));
    }

    #[test]
    fn bytes_that_are_no_results() {
        let good = results(&[(1, &[0]), (2, &[1])]).encode().expect("small");
        for size in 0..good.len() {
            assert!(matches!(Results::decode(&good[..size]), Err(Malformed::Short { .. })), "{size} bytes");
        }
        let trailing = [&good[..], &[0]].concat();
        assert_eq!(Results::decode(&trailing), Err(Malformed::Trailing { got: 1 }));
        assert_eq!(Results::decode(&[0, 1, 0, 0, 0, 0]), Err(Malformed::Version { got: 1 }));
        let mut swapped = good.clone();
        swapped[6] = 3;
        assert_eq!(Results::decode(&swapped), Err(Malformed::Order { index: 1 }));
        let mut twice = good;
        twice[6] = 2;
        assert_eq!(Results::decode(&twice), Err(Malformed::Order { index: 1 }));
        // A count that nothing backs.
        assert_eq!(Results::decode(&[0, 0, 255, 255, 255, 255]), Err(Malformed::Short { offset: 6, missing: 32 }));
    }

    #[test]
    fn the_limit_is_a_mebibyte() {
        let rest = results(&[(1, &[])]).encode().expect("small").len();
        let largest = results(&[(1, &[(SIZE_MAX - rest) * 8 - 1])]);
        let bytes = largest.encode().expect("at the limit");
        assert_eq!(bytes.len(), SIZE_MAX);
        assert_eq!(Results::decode(&bytes), Ok(largest));
        let above = results(&[(1, &[(SIZE_MAX - rest) * 8])]);
        let refused = Malformed::TooLarge { got: SIZE_MAX + 1, max: SIZE_MAX };
        assert_eq!(above.encode(), Err(refused));
        assert_eq!(Results::decode(&vec![0; SIZE_MAX + 1]), Err(refused));
    }
}

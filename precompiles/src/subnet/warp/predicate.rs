//! Signed messages as storage keys of an access-list tuple, and what carrying one costs.
//!
//! The bytes are followed by `ff` and zeros up to whole words. The `ff` is always there, also after whole words, so
//! that the end is where the last byte that is not zero stands.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use super::message::{Message, Payload};
use crate::gas::linear;
use crate::registry::BadPredicate;
use alloy_primitives::{B256, Bytes};

/// Storage keys that carry these bytes.
#[must_use]
pub fn pack(bytes: &[u8]) -> Vec<B256> {
    let ended: Vec<u8> = bytes.iter().copied().chain([END]).collect();
    ended.chunks(32).map(B256::right_padding_from).collect()
}

/// The bytes that storage keys carry.
///
/// # Errors
/// When the end is missing, or whole words follow it.
pub fn unpack(chunks: &[B256]) -> Result<Bytes, BadPredicate> {
    let last = chunks.last().ok_or(BadPredicate)?;
    if last.is_zero() {
        return Err(BadPredicate);
    }
    let mut bytes = chunks.concat();
    while bytes.pop_if(|byte| *byte == 0).is_some() {}
    match bytes.pop() {
        Some(END) => Ok(bytes.into()),
        Some(_) | None => Err(BadPredicate),
    }
}

/// Intrinsic gas of a predicate: a base, and something for each storage key and each signer.
///
/// # Errors
/// When the keys carry no signed message with a payload of a known type and a minimal set of signers. Whether the
/// signature is good is not asked here.
pub fn gas(chunks: &[B256], granite: bool) -> Result<u64, BadPredicate> {
    let (base, chunk, signer) = if granite { (125_000, 512, 250) } else { (200_000, 3_200, 500) };
    let bytes = unpack(chunks)?;
    let message = Message::decode(&bytes).or(Err(BadPredicate))?;
    Payload::decode(&message.unsigned.payload).or(Err(BadPredicate))?;
    let signers = message.signer_set().ok_or(BadPredicate)?.count();
    let base = linear(base, chunk, chunks.len()).ok_or(BadPredicate)?;
    let signers = signers.checked_mul(signer).ok_or(BadPredicate)?;
    base.checked_add(signers).ok_or(BadPredicate)
}

const END: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::super::message::Unsigned;
    use super::*;

    fn message(payload: Vec<u8>, signers: &'static [u8]) -> Message {
        let unsigned = Unsigned { network_id: 1, source_chain: B256::ZERO, payload: payload.into() };
        Message { unsigned, signers: Bytes::from_static(signers), signature: [0; 96] }
    }

    fn block() -> Vec<u8> {
        Payload::Hash(B256::ZERO).encode()
    }

    #[test]
    fn bytes_fill_keys_with_an_end() {
        let key = |start: &[u8]| B256::right_padding_from(start);
        assert_eq!(pack(&[]), [key(&[0xff])]);
        assert_eq!(pack(&[1, 0]), [key(&[1, 0, 0xff])]);
        assert_eq!(pack(&[1; 31]), [key(&[&[1; 31][..], &[0xff]].concat())]);
        assert_eq!(pack(&[1; 32]), [key(&[1; 32]), key(&[0xff])]);
        for size in 0..100 {
            let bytes = vec![0xff; size];
            assert_eq!(unpack(&pack(&bytes)), Ok(bytes.into()));
            let zeros = vec![0; size];
            assert_eq!(unpack(&pack(&zeros)), Ok(zeros.into()));
        }
    }

    #[test]
    fn keys_without_an_end_or_with_more_behind_it() {
        assert_eq!(unpack(&[]), Err(BadPredicate));
        assert_eq!(unpack(&[B256::ZERO]), Err(BadPredicate));
        assert_eq!(unpack(&[B256::with_last_byte(0xfe)]), Err(BadPredicate));
        let mut behind = pack(&[1]);
        behind.push(B256::ZERO);
        assert_eq!(unpack(&behind), Err(BadPredicate));
    }

    /// 38 + 42 bytes of unsigned message with its payload, 4 of type, 4 + n of signers, 96 of signature, one end.
    #[test]
    fn keys_and_signers_cost() {
        let known: [(&'static [u8], u64, u64); 4] =
            [(&[], 6, 0), (&[1], 6, 1), (&[0x80, 0x81], 6, 3), (&[0xff; 30], 7, 240)];
        for (signers, chunks, count) in known {
            let keys = pack(&message(block(), signers).encode());
            assert_eq!(u64::try_from(keys.len()), Ok(chunks));
            assert_eq!(gas(&keys, false), Ok(200_000 + 3_200 * chunks + 500 * count));
            assert_eq!(gas(&keys, true), Ok(125_000 + 512 * chunks + 250 * count));
        }
    }

    #[test]
    fn a_transaction_with_these_is_invalid() {
        let bad = [
            vec![],
            vec![B256::ZERO],
            pack(&[]),
            pack(&message(block(), &[0, 1]).encode()),
            pack(&message(vec![], &[1]).encode()),
            pack(&message(vec![0, 0, 0, 0, 0, 2], &[1]).encode()),
            pack(&[message(block(), &[1]).encode(), vec![0]].concat()),
            [pack(&message(block(), &[1]).encode()), vec![B256::ZERO]].concat(),
        ];
        for keys in bad {
            for granite in [false, true] {
                assert_eq!(gas(&keys, granite), Err(BadPredicate), "{keys:?}");
            }
        }
    }
}

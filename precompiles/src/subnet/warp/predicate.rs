//! Signed messages as storage keys of an access-list tuple, and what carrying one costs.
//!
//! The bytes are followed by `ff` and zeros up to whole words. The `ff` is always there, also after whole words, so
//! that the end is where the last byte that is not zero stands.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

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

//! Signatures over secp256k1: Schnorr's as BIP-340 has them, and ECDSA (SEC 1) with the low one of the two possible s.
//!
//! Numbers are 32 bytes, highest first. A signature is two of them: x of the point R, or r, and then s.

mod c;
mod rust;

use crate::ask::ask;
use std::fmt::Debug;

/// An implementation.
pub trait Backend: Debug + Sync {
    /// Its name, for tables.
    fn name(&self) -> &'static str;

    /// Whether a message of any length was signed (BIP-340, "Verification"). The public key is x of a point.
    fn schnorr_verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;

    /// Whether a hash was signed. The public key has 33 bytes that begin with 02 or 03, or 65 that begin with 04. A
    /// signature with high s is none: whoever sees a signature could make the other one of it.
    fn ecdsa_verify(&self, public_key: &[u8], hash: &[u8; 32], signature: &[u8; 64]) -> bool;

    /// The public key, of 65 bytes, under which the signature of a hash is valid. Of the two there may be, `v` chooses:
    /// 0 for even y of the point R, 1 for odd. With any other `v`, and with high s, there is none.
    fn ecdsa_recover(&self, hash: &[u8; 32], signature: &[u8; 64], v: u8) -> Option<[u8; 65]>;
}

/// All implementations, the fastest first.
pub static BACKENDS: &[&dyn Backend] = &[&c::C, &rust::Rust];

/// The implementation in use.
#[must_use]
pub fn chosen() -> &'static dyn Backend {
    if cfg!(feature = "portable") { &rust::Rust } else { &c::C }
}

/// [`Backend::schnorr_verify`] of the implementation in use.
#[must_use]
pub fn schnorr_verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    ask(chosen(), BACKENDS, |backend| backend.schnorr_verify(public_key, message, signature))
}

/// [`Backend::ecdsa_verify`] of the implementation in use.
#[must_use]
pub fn ecdsa_verify(public_key: &[u8], hash: &[u8; 32], signature: &[u8; 64]) -> bool {
    ask(chosen(), BACKENDS, |backend| backend.ecdsa_verify(public_key, hash, signature))
}

/// [`Backend::ecdsa_recover`] of the implementation in use.
#[must_use]
pub fn ecdsa_recover(hash: &[u8; 32], signature: &[u8; 64], v: u8) -> Option<[u8; 65]> {
    ask(chosen(), BACKENDS, |backend| backend.ecdsa_recover(hash, signature, v))
}

/// A key has one encoding of each length. Libraries know more: 06 and 07 before both coordinates, 05 before x alone.
const fn has_usual_form(public_key: &[u8]) -> bool {
    matches!((public_key, public_key.len()), ([2 | 3, ..], 33) | ([4, ..], 65))
}

/// Whether s is at most half of the order of the group.
fn is_low(signature: &[u8; 64]) -> bool {
    signature.last_chunk::<32>().is_some_and(|s| *s <= HALF_ORDER)
}

const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

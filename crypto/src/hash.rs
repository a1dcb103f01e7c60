//! Hashes of SHA-3 (FIPS 202) over parts, one behind the other.

use sha3::digest::{Digest, ExtendableOutput, Update, XofReader};
use sha3::{Sha3_256, Shake256};

/// The first `N` bytes of SHAKE256.
#[must_use]
pub fn shake256<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hasher = Shake256::default();
    for part in parts {
        hasher.update(part);
    }
    let mut out = [0; N];
    hasher.finalize_xof().read(&mut out);
    out
}

/// SHA3-256.
#[must_use]
pub fn sha3_256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha3_256::default();
    for part in parts {
        Update::update(&mut hasher, part);
    }
    hasher.finalize().into()
}

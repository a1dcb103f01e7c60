//! Hashes of SHA-3 (FIPS 202) over parts, one behind the other.

mod aws_lc;
mod rust_crypto;

use crate::ask::ask;
use sha3::digest::{Digest as _, Update};
use std::fmt::Debug;

/// An implementation.
pub trait Backend: Debug + Sync {
    /// Its name, for tables.
    fn name(&self) -> &'static str;

    /// Fills `out` with the first bytes of SHAKE256.
    fn shake256(&self, parts: &[&[u8]], out: &mut [u8]);
}

/// All implementations, the fastest first.
pub static BACKENDS: &[&dyn Backend] = &[&aws_lc::AwsLc, &rust_crypto::RustCrypto];

/// The implementation in use.
#[must_use]
pub fn chosen() -> &'static dyn Backend {
    if cfg!(feature = "portable") { &rust_crypto::RustCrypto } else { &aws_lc::AwsLc }
}

/// The first `N` bytes of SHAKE256, by the implementation in use.
#[must_use]
pub fn shake256<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    ask(chosen(), BACKENDS, |backend| {
        let mut out = [0; N];
        backend.shake256(parts, &mut out);
        out
    })
}

/// SHA3-256.
#[must_use]
pub fn sha3_256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = sha3::Sha3_256::default();
    for part in parts {
        Update::update(&mut hasher, part);
    }
    hasher.finalize().into()
}

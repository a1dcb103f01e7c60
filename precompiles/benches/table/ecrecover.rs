//! What all is measured by: Ethereum's recovering of a signer.

use alloy_primitives::keccak256;
use k256::ecdsa::SigningKey;
use std::hint::black_box;

/// Ethereum's price.
pub(crate) const GAS: u64 = 3_000;

/// So much more of its time may a unit of gas cost elsewhere.
pub(crate) const LIMIT: f64 = 1.25;

/// A signature of a hash.
pub(crate) struct Ecrecover {
    hash: [u8; 32],
    signature: [u8; 64],
    v: u8,
}

impl Ecrecover {
    pub(crate) fn new() -> Self {
        let secret = SigningKey::from_bytes(&[2; 32].into()).unwrap();
        let hash = [0x33; 32];
        let (signature, v) = secret.sign_prehash_recoverable(&hash).unwrap();
        Self { hash, signature: signature.to_bytes().into(), v: v.to_byte() }
    }

    /// As the precompile works: the key, and its hash.
    pub(crate) fn recover(&self) {
        let key = pars_crypto::secp256k1::ecdsa_recover(black_box(&self.hash), &self.signature, self.v).unwrap();
        black_box(keccak256(&key[1..]));
    }

    /// As the precompile is asked.
    pub(crate) fn input(&self) -> Vec<u8> {
        [&self.hash[..], &[0; 31], &[27 + self.v], &self.signature].concat()
    }
}

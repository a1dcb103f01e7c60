//! ML-KEM of AWS-LC, which is mlkem-native: C with assembler for each processor.

use super::{
    Backend, COINS_BYTES, DecapsulationKey, Encapsulation, EncapsulationKey, KeyPair, SECRET_BYTES, SEED_BYTES, Set,
};
use crate::ffi;
use zeroize::Zeroizing;

/// The implementation.
#[derive(Debug)]
pub(super) struct AwsLc;

impl Backend for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc"
    }

    fn key_pair(&self, set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair {
        ffi::mlkem_key_pair(set, seed)
    }

    fn encapsulate(&self, set: Set, key: &EncapsulationKey<'_>, coins: &[u8; COINS_BYTES]) -> Option<Encapsulation> {
        ffi::mlkem_encapsulate(set, key.0, coins)
    }

    fn decapsulate(
        &self,
        set: Set,
        key: &DecapsulationKey<'_>,
        ciphertext: &[u8],
    ) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
        ffi::mlkem_decapsulate(set, key.0, ciphertext)
    }
}

//! ML-DSA of AWS-LC, which is mldsa-native: C with assembler for each processor.

use super::{Backend, CONTEXT_BYTES_MAX, KeyPair, MU_BYTES, SEED_BYTES, Set, lengths_fit};
use crate::ffi;

/// The implementation.
#[derive(Debug)]
pub(super) struct AwsLc;

impl Backend for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc"
    }

    fn verify(&self, set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
        context.len() <= CONTEXT_BYTES_MAX
            && lengths_fit(set, public_key, signature)
            && ffi::mldsa_verify(set, public_key, message, context, signature)
    }

    fn verify_mu(&self, set: Set, public_key: &[u8], mu: &[u8; MU_BYTES], signature: &[u8]) -> bool {
        lengths_fit(set, public_key, signature) && ffi::mldsa_verify_mu(set, public_key, mu, signature)
    }

    fn key_pair(&self, set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair {
        ffi::mldsa_key_pair(set, seed)
    }
}

//! Ed25519 of AWS-LC, which is C with assembler of s2n-bignum, behind a look at both points.

use super::{Backend, is_canonical};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use curve25519_dalek::edwards::CompressedEdwardsY;

/// The implementation.
#[derive(Debug)]
pub(super) struct AwsLc;

impl Backend for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc"
    }

    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        signature.first_chunk().is_some_and(is_of_large_order)
            && is_of_large_order(public_key)
            && UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
    }
}

/// The library takes points of small order. They cannot be told by a list of encodings alone, so the point is looked at.
fn is_of_large_order(point: &[u8; 32]) -> bool {
    is_canonical(point) && CompressedEdwardsY(*point).decompress().is_some_and(|point| !point.is_small_order())
}

//! SHAKE256 of AWS-LC, whose permutation is assembler.

use super::Backend;
use crate::ffi;

/// The implementation.
#[derive(Debug)]
pub(super) struct AwsLc;

impl Backend for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc"
    }

    fn shake256(&self, parts: &[&[u8]], out: &mut [u8]) {
        ffi::shake256(parts, out);
    }
}

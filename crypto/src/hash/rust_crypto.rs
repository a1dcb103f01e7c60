//! SHAKE256 of crate `sha3`.

use super::Backend;
use sha3::Shake256;
use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};

/// The implementation.
#[derive(Debug)]
pub(super) struct RustCrypto;

impl Backend for RustCrypto {
    fn name(&self) -> &'static str {
        "sha3"
    }

    fn shake256(&self, parts: &[&[u8]], out: &mut [u8]) {
        let mut hasher = Shake256::default();
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize_xof().read(out);
    }
}

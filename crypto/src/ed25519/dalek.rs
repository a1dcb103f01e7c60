//! Ed25519 of crate `ed25519-dalek`, in Rust with vector instructions where there are.

use super::{Backend, is_canonical};
use ed25519_dalek::{Signature, VerifyingKey};

/// The implementation.
#[derive(Debug)]
pub(super) struct Dalek;

impl Backend for Dalek {
    fn name(&self) -> &'static str {
        "ed25519-dalek"
    }

    fn verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        // R needs no such look: its bytes are compared with those of the point it must be.
        if !is_canonical(public_key) {
            return false;
        }
        let Ok(key) = VerifyingKey::from_bytes(public_key) else { return false };
        key.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

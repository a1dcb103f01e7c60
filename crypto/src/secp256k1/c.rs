//! secp256k1 of libsecp256k1, which is C.

use super::{Backend, has_usual_form, is_low};
use ::secp256k1::{
    Message, PublicKey, Secp256k1, VerifyOnlyPreallocated, XOnlyPublicKey,
    ecdsa::{RecoverableSignature, RecoveryId, Signature},
    ffi::types::AlignedType,
    schnorr,
};
use std::sync::LazyLock;

/// The implementation.
#[derive(Debug)]
pub(super) struct C;

/// Made in memory of its own: contexts that the crate allocates may be blinded with the system's randomness, depending
/// on what else is built. Verifying has no secrets to blind.
static CONTEXT: LazyLock<Secp256k1<VerifyOnlyPreallocated<'static>>> = LazyLock::new(|| {
    let memory = vec![AlignedType::zeroed(); Secp256k1::preallocate_verification_size()].leak();
    Secp256k1::preallocated_verification_only(memory).expect("the memory has the size that was asked for")
});

impl Backend for C {
    fn name(&self) -> &'static str {
        "libsecp256k1"
    }

    fn schnorr_verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let Ok(key) = XOnlyPublicKey::from_byte_array(*public_key) else { return false };
        CONTEXT.verify_schnorr(&schnorr::Signature::from_byte_array(*signature), message, &key).is_ok()
    }

    fn ecdsa_verify(&self, public_key: &[u8], hash: &[u8; 32], signature: &[u8; 64]) -> bool {
        if !has_usual_form(public_key) {
            return false;
        }
        let (Ok(key), Ok(signature)) = (PublicKey::from_slice(public_key), Signature::from_compact(signature)) else {
            return false;
        };
        // High s is refused by the library.
        CONTEXT.verify_ecdsa(Message::from_digest(*hash), &signature, &key).is_ok()
    }

    fn ecdsa_recover(&self, hash: &[u8; 32], signature: &[u8; 64], v: u8) -> Option<[u8; 65]> {
        let id = match v {
            0 => RecoveryId::Zero,
            1 => RecoveryId::One,
            _ => return None,
        };
        if !is_low(signature) {
            return None;
        }
        let signature = RecoverableSignature::from_compact(signature, id).ok()?;
        let key = CONTEXT.recover_ecdsa(Message::from_digest(*hash), &signature).ok()?;
        Some(key.serialize_uncompressed())
    }
}

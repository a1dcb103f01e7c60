//! secp256k1 of crate `k256`, in Rust.

use super::{Backend, has_usual_form, is_low};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
use k256::elliptic_curve::{
    PrimeField as _,
    group::prime::PrimeCurveAffine as _,
    ops::{LinearCombination as _, Reduce},
    point::{AffineCoordinates as _, DecompactPoint as _},
};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, U256};
use sha2::{Digest as _, Sha256};

/// The implementation.
#[derive(Debug)]
pub(super) struct Rust;

impl Backend for Rust {
    fn name(&self) -> &'static str {
        "k256"
    }

    /// The steps of BIP-340. The crate's own check refuses s = 0, which the rule does not.
    fn schnorr_verify(&self, public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let ([r, s], []) = signature.as_chunks::<32>() else { return false };
        let key: Option<AffinePoint> = AffinePoint::decompact(&FieldBytes::from(*public_key)).into();
        let s: Option<Scalar> = Scalar::from_repr(FieldBytes::from(*s)).into();
        let (Some(key), Some(s)) = (key, s) else { return false };
        let challenge = challenge(r, public_key, message);
        let point = ProjectivePoint::lincomb(&ProjectivePoint::GENERATOR, &s, &key.to_curve(), &-challenge).to_affine();
        // The bytes of x are compared, so an r that is no coordinate equals none.
        let is_even_point = !bool::from(point.is_identity() | point.y_is_odd());
        is_even_point && point.x() == FieldBytes::from(*r)
    }

    fn ecdsa_verify(&self, public_key: &[u8], hash: &[u8; 32], signature: &[u8; 64]) -> bool {
        if !has_usual_form(public_key) {
            return false;
        }
        let (Ok(key), Ok(signature)) =
            (VerifyingKey::from_sec1_bytes(public_key), Signature::try_from(signature.as_slice()))
        else {
            return false;
        };
        // High s is refused by the crate, for this curve.
        key.verify_prehash(hash, &signature).is_ok()
    }

    fn ecdsa_recover(&self, hash: &[u8; 32], signature: &[u8; 64], v: u8) -> Option<[u8; 65]> {
        let is_y_odd = match v {
            0 => false,
            1 => true,
            _ => return None,
        };
        if !is_low(signature) {
            return None;
        }
        let signature = Signature::try_from(signature.as_slice()).ok()?;
        let key = VerifyingKey::recover_from_prehash(hash, &signature, RecoveryId::new(is_y_odd, false)).ok()?;
        key.to_encoded_point(false).as_bytes().try_into().ok()
    }
}

/// `int(hash_BIP0340/challenge(r || key || message)) mod n`.
fn challenge(r: &[u8; 32], public_key: &[u8; 32], message: &[u8]) -> Scalar {
    let tag = Sha256::digest(b"BIP0340/challenge");
    let hash = Sha256::new_with_prefix(tag).chain_update(tag).chain_update(r).chain_update(public_key);
    Reduce::<U256>::reduce_bytes(&hash.chain_update(message).finalize())
}

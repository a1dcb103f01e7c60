//! FROST(secp256k1, SHA-256) of RFC 9591, section 6.5: what a group's signature is to those who verify it. How many
//! signed cannot be seen in it.
//!
//! The other two suites need nothing here: a signature of FROST(Ed25519, SHA-512) is one of [`crate::ed25519`], and the
//! variant for taproot makes those of [`crate::secp256k1::schnorr_verify`].
//!
//! The suite's own crate, `frost-secp256k1`, is what the tests compare with. It is not used here: it takes points in a
//! second encoding, with 05 before x, so that one signature could be written in two ways.

use k256::elliptic_curve::{
    PrimeField as _,
    hash2curve::{ExpandMsgXmd, hash_to_field},
    ops::LinearCombination as _,
    point::DecompressPoint as _,
};
use k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use sha2::Sha256;

/// Bytes of a public key: a point, compressed.
pub const PUBLIC_KEY_BYTES: usize = POINT_BYTES;
/// Bytes of a signature: the point R, compressed, and the number z, highest byte first.
pub const SIGNATURE_BYTES: usize = POINT_BYTES + 32;

const POINT_BYTES: usize = 33;

/// The context string of the suite and "chal", as section 6.5 has it for H2.
const CHALLENGE_TAG: &[u8] = b"FROST-secp256k1-SHA256-v1chal";

/// Whether a message was signed (RFC 9591, appendix B: z·G = R + c·key). Points begin with 02 or 03 and are not zero,
/// and z is below the order of the group.
#[must_use]
pub fn verify(public_key: &[u8; PUBLIC_KEY_BYTES], message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
    let (Some(r), Some(z)) = (signature.first_chunk(), signature.last_chunk::<32>()) else { return false };
    let z: Option<Scalar> = Scalar::from_repr(FieldBytes::from(*z)).into();
    let (Some(key), Some(commitment), Some(z)) = (point(public_key), point(r), z) else { return false };
    let mut challenge = [Scalar::ZERO];
    let parts: [&[u8]; 3] = [r, public_key, message];
    if hash_to_field::<ExpandMsgXmd<Sha256>, Scalar>(&parts, &[CHALLENGE_TAG], &mut challenge).is_err() {
        return false;
    }
    let [challenge] = challenge;
    ProjectivePoint::lincomb(&ProjectivePoint::GENERATOR, &z, &key, &-challenge) == commitment
}

/// The point of 33 bytes.
fn point(bytes: &[u8; POINT_BYTES]) -> Option<ProjectivePoint> {
    let [sign @ (2 | 3), x @ ..] = bytes else { return None };
    let point: Option<AffinePoint> = AffinePoint::decompress(&FieldBytes::from(*x), (sign & 1).into()).into();
    point.map(ProjectivePoint::from)
}

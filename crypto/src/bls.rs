//! Signatures of BLS12-381 with public keys in G1 and signatures in G2 (draft-irtf-cfrg-bls-signature), by blst.
//!
//! Points are compressed and have one encoding. Every point is checked to lie in its group, and the zero of a group is
//! neither a key nor a signature, also not as a sum: a key and its negative add up to no key. What
//! [`aggregate_signatures`] and [`aggregate_public_keys`] return can be given to [`verify`].
//!
//! An aggregate says that all signed only if each key's possession was proven ([`verify_possession`]): otherwise one
//! can make a key of others' keys, and sign for all of them alone.

use blst::min_pk::{AggregatePublicKey, AggregateSignature, PublicKey, Signature};
use blst::{BLST_ERROR, Pairing, blst_p1_affine, blst_p2_affine};
use std::any::Any;
use std::iter;

/// Bytes of a public key.
pub const PUBLIC_KEY_BYTES: usize = 48;
/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 96;

/// Domain of signatures, in the scheme with proofs of possession.
pub const SIGNATURE_DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/// Domain of proofs of possession.
pub const POSSESSION_DST: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Whether a message was signed in a domain (`CoreVerify`).
#[must_use]
pub fn verify(public_key: &[u8], message: &[u8], signature: &[u8], dst: &[u8]) -> bool {
    verify_each(&[(public_key, message)], signature, dst)
}

/// Whether each key signed its own message, and the signature is the sum of theirs (`CoreAggregateVerify`). Messages may
/// repeat. No keys have no signature.
#[must_use]
pub fn verify_each(signed: &[(&[u8], &[u8])], signature: &[u8], dst: &[u8]) -> bool {
    let Some(signature) = signature_point(signature) else { return false };
    // The pairing and not `Signature::verify`, which has a pool of threads for this.
    let mut pairing = Pairing::new(true, dst);
    // The signature goes in with the first key; a value of another type stands for none.
    let (signature, none): (&dyn Any, &dyn Any) = (&blst_p2_affine::from(signature), &());
    for (&(public_key, message), signature) in signed.iter().zip(iter::once(signature).chain(iter::repeat(none))) {
        let Some(key) = public_key_point(public_key) else { return false };
        // Both were checked when they were read.
        if pairing.aggregate(&blst_p1_affine::from(key), false, signature, false, message, &[])
            != BLST_ERROR::BLST_SUCCESS
        {
            return false;
        }
    }
    pairing.commit();
    !signed.is_empty() && pairing.finalverify(None)
}

/// Whether the owner of a public key proved to have its secret key (`PopVerify`): signed the 48 bytes of the key.
#[must_use]
pub fn verify_possession(public_key: &[u8], proof: &[u8]) -> bool {
    verify(public_key, public_key, proof, POSSESSION_DST)
}

/// The sum of signatures that stand one after the other (`Aggregate`). None where there are none, where one is no
/// signature, and where the sum is zero.
#[must_use]
pub fn aggregate_signatures(signatures: &[u8]) -> Option<[u8; SIGNATURE_BYTES]> {
    let (signatures, []) = signatures.as_chunks::<SIGNATURE_BYTES>() else { return None };
    let mut points = signatures.iter().map(|bytes| signature_point(bytes));
    let mut sum = AggregateSignature::from_signature(&points.next()??);
    for point in points {
        // It was checked when it was read.
        sum.add_signature(&point?, false).ok()?;
    }
    unless_zero(sum.to_signature().compress())
}

/// The sum of public keys that stand one after the other. None where there are none, where one is no key, and where the
/// sum is zero.
#[must_use]
pub fn aggregate_public_keys(public_keys: &[u8]) -> Option<[u8; PUBLIC_KEY_BYTES]> {
    let (public_keys, []) = public_keys.as_chunks::<PUBLIC_KEY_BYTES>() else { return None };
    let mut points = public_keys.iter().map(|bytes| public_key_point(bytes));
    let mut sum = AggregatePublicKey::from_public_key(&points.next()??);
    for point in points {
        sum.add_public_key(&point?, false).ok()?;
    }
    unless_zero(sum.to_public_key().compress())
}

fn public_key_point(bytes: &[u8]) -> Option<PublicKey> {
    // Of the two functions that read points, this one takes compressed ones only.
    let point = PublicKey::uncompress(bytes).ok()?;
    point.validate().ok()?;
    Some(point)
}

fn signature_point(bytes: &[u8]) -> Option<Signature> {
    let point = Signature::uncompress(bytes).ok()?;
    point.validate(true).ok()?;
    Some(point)
}

/// The second highest bit of a compressed point says that it is zero.
fn unless_zero<const N: usize>(point: [u8; N]) -> Option<[u8; N]> {
    point.first().is_some_and(|first| first & 0x40 == 0).then_some(point)
}

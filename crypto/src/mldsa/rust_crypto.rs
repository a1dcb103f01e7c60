//! ML-DSA of crate `ml-dsa`, in Rust.

use super::{Backend, CONTEXT_BYTES_MAX, KeyPair, MU_BYTES, RANDOMNESS_BYTES, SEED_BYTES, Set};
use ml_dsa::common::rand_core::{TryCryptoRng, TryRng};
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams, Signature, VerifyingKey};
use zeroize::Zeroizing;

/// The implementation.
#[derive(Debug)]
pub(super) struct RustCrypto;

/// Calls a function that is generic over the crate's parameters with those of a set.
macro_rules! of_set {
    ($set:expr, $function:ident($($argument:expr),*)) => {
        match $set {
            Set::MlDsa44 => $function::<MlDsa44>($($argument),*),
            Set::MlDsa65 => $function::<MlDsa65>($($argument),*),
            Set::MlDsa87 => $function::<MlDsa87>($($argument),*),
        }
    };
}

impl Backend for RustCrypto {
    fn name(&self) -> &'static str {
        "ml-dsa"
    }

    fn verify(&self, set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
        let check = Check { public_key, signature };
        of_set!(set, check_with(check, |key, signature| key.verify_with_context(message, context, signature)))
    }

    fn verify_mu(&self, set: Set, public_key: &[u8], mu: &[u8; MU_BYTES], signature: &[u8]) -> bool {
        let check = Check { public_key, signature };
        of_set!(set, check_with(check, |key, signature| key.verify_mu(&(*mu).into(), signature)))
    }

    fn key_pair(&self, set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair {
        of_set!(set, key_pair(seed))
    }
}

struct Check<'a> {
    public_key: &'a [u8],
    signature: &'a [u8],
}

fn check_with<P: MlDsaParams>(
    Check { public_key, signature }: Check<'_>,
    verify: impl FnOnce(&VerifyingKey<P>, &Signature<P>) -> bool,
) -> bool {
    let (Ok(public_key), Ok(signature)) = (public_key.try_into(), signature.try_into()) else { return false };
    let Some(signature) = Signature::decode(signature) else { return false };
    verify(&VerifyingKey::decode(public_key), &signature)
}

#[expect(deprecated, reason = "expanded keys are what FIPS 204 defines and what callers hold")]
fn key_pair<P: MlDsaParams>(seed: &[u8; SEED_BYTES]) -> KeyPair {
    let secret_key = ExpandedSigningKey::<P>::from_seed(&(*seed).into());
    KeyPair {
        public_key: secret_key.verifying_key().encode().to_vec(),
        secret_key: Zeroizing::new(secret_key.to_expanded().to_vec()),
    }
}

pub(super) fn sign(set: Set, secret_key: &[u8], message: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    if context.len() > CONTEXT_BYTES_MAX || !is_secret_key(set, secret_key) {
        return None;
    }
    of_set!(set, sign_with(secret_key, message, context))
}

fn sign_with<P: MlDsaParams>(secret_key: &[u8], message: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    // A secret key that was made up may have no signature at all.
    Some(expanded::<P>(secret_key)?.sign_deterministic(message, context).ok()?.encode().to_vec())
}

pub(super) fn sign_mu(
    set: Set,
    secret_key: &[u8],
    mu: &[u8; MU_BYTES],
    randomness: &[u8; RANDOMNESS_BYTES],
) -> Option<Vec<u8>> {
    if !is_secret_key(set, secret_key) {
        return None;
    }
    of_set!(set, sign_mu_with(secret_key, mu, randomness))
}

fn sign_mu_with<P: MlDsaParams>(
    secret_key: &[u8],
    mu: &[u8; MU_BYTES],
    randomness: &[u8; RANDOMNESS_BYTES],
) -> Option<Vec<u8>> {
    let signed = expanded::<P>(secret_key)?.sign_mu_randomized(&(*mu).into(), &mut Given(randomness));
    Some(signed.ok()?.encode().to_vec())
}

/// Randomness that is known.
struct Given<'a>(&'a [u8]);

impl TryRng for Given<'_> {
    type Error = OutOfBytes;

    fn try_next_u32(&mut self) -> Result<u32, OutOfBytes> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, OutOfBytes> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), OutOfBytes> {
        let (next, rest) = self.0.split_at_checked(out.len()).ok_or(OutOfBytes)?;
        out.copy_from_slice(next);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for Given<'_> {}

/// More randomness was asked for than was given.
#[derive(Debug)]
struct OutOfBytes;

impl std::fmt::Display for OutOfBytes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("no more randomness")
    }
}

impl std::error::Error for OutOfBytes {}

#[expect(deprecated, reason = "expanded keys are what FIPS 204 defines and what callers hold")]
fn expanded<P: MlDsaParams>(secret_key: &[u8]) -> Option<ExpandedSigningKey<P>> {
    Some(ExpandedSigningKey::from_expanded(secret_key.try_into().ok()?))
}

/// The crate panics at coefficients that no key has, so they are looked for first: those of s1 and s2 lie within η of
/// zero, and are kept as η minus them.
fn is_secret_key(set: Set, secret_key: &[u8]) -> bool {
    // ρ, K and tr; then s1 and s2, with as many polynomials of 256 coefficients as the matrix has columns and rows.
    const HEAD: usize = 32 + 32 + 64;
    let (eta, bits, polynomials): (u16, u32, usize) = match set {
        Set::MlDsa44 => (2, 3, 4 + 4),
        Set::MlDsa65 => (4, 4, 5 + 6),
        Set::MlDsa87 => (2, 3, 7 + 8),
    };
    // 256 coefficients of so many bits.
    let bytes = polynomials * usize::try_from(bits * 32).unwrap_or(0);
    let Some(packed) = secret_key.get(HEAD..HEAD + bytes) else { return false };
    let (mut kept, mut held): (u16, u32) = (0, 0);
    for byte in packed {
        kept |= u16::from(*byte) << held;
        held += 8;
        while held >= bits {
            if kept & ((1 << bits) - 1) > 2 * eta {
                return false;
            }
            kept >>= bits;
            held -= bits;
        }
    }
    secret_key.len() == set.secret_key_bytes()
}

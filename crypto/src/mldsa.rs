//! ML-DSA (FIPS 204): signatures from lattices, in three sets.

mod aws_lc;
mod rust_crypto;

use crate::ask::ask;
use std::fmt::Debug;
use zeroize::Zeroizing;

/// A set of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// ML-DSA-44, of NIST's level 2.
    MlDsa44,
    /// ML-DSA-65, of level 3.
    MlDsa65,
    /// ML-DSA-87, of level 5.
    MlDsa87,
}

impl Set {
    /// All, the smallest first.
    pub const ALL: [Self; 3] = [Self::MlDsa44, Self::MlDsa65, Self::MlDsa87];

    /// Bytes of a public key.
    #[must_use]
    pub const fn public_key_bytes(self) -> usize {
        match self {
            Self::MlDsa44 => 1_312,
            Self::MlDsa65 => 1_952,
            Self::MlDsa87 => 2_592,
        }
    }

    /// Bytes of an expanded secret key.
    #[must_use]
    pub const fn secret_key_bytes(self) -> usize {
        match self {
            Self::MlDsa44 => 2_560,
            Self::MlDsa65 => 4_032,
            Self::MlDsa87 => 4_896,
        }
    }

    /// Bytes of a signature.
    #[must_use]
    pub const fn signature_bytes(self) -> usize {
        match self {
            Self::MlDsa44 => 2_420,
            Self::MlDsa65 => 3_309,
            Self::MlDsa87 => 4_627,
        }
    }

    /// The set whose public keys have this size.
    #[must_use]
    pub fn of_public_key(bytes: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.public_key_bytes() == bytes)
    }

    /// The set whose secret keys have this size.
    #[must_use]
    pub fn of_secret_key(bytes: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.secret_key_bytes() == bytes)
    }
}

/// A context is at most so long.
pub const CONTEXT_BYTES_MAX: usize = 255;

/// A public key and its expanded secret key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// [`Set::public_key_bytes`] long.
    pub public_key: Vec<u8>,
    /// [`Set::secret_key_bytes`] long.
    pub secret_key: Zeroizing<Vec<u8>>,
}

impl Debug for KeyPair {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("KeyPair").finish_non_exhaustive()
    }
}

/// An implementation.
pub trait Backend: Debug + Sync {
    /// Its name, for tables.
    fn name(&self) -> &'static str;

    /// Whether a message with a context was signed (`ML-DSA.Verify`). Wrong lengths are no signature.
    fn verify(&self, set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool;

    /// The same of a message representative, by which `HashML-DSA` and `ML-DSA.Verify_internal` can be checked too.
    fn verify_mu(&self, set: Set, public_key: &[u8], mu: &[u8; MU_BYTES], signature: &[u8]) -> bool;

    /// The keys of a seed (`ML-DSA.KeyGen_internal`).
    fn key_pair(&self, set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair;
}

/// Bytes of a message representative µ.
pub const MU_BYTES: usize = 64;

/// Bytes of the seed ξ of a key pair.
pub const SEED_BYTES: usize = 32;

/// Bytes of the randomness of a signature.
pub const RANDOMNESS_BYTES: usize = 32;

/// All implementations, the fastest first.
pub static BACKENDS: &[&dyn Backend] = &[&aws_lc::AwsLc, &rust_crypto::RustCrypto];

/// The implementation in use.
#[must_use]
pub fn chosen() -> &'static dyn Backend {
    if cfg!(feature = "portable") { &rust_crypto::RustCrypto } else { &aws_lc::AwsLc }
}

/// [`Backend::verify`] of the implementation in use.
#[must_use]
pub fn verify(set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
    ask(chosen(), BACKENDS, |backend| backend.verify(set, public_key, message, context, signature))
}

/// [`Backend::key_pair`] of the implementation in use.
#[must_use]
pub fn key_pair(set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair {
    ask(chosen(), BACKENDS, |backend| backend.key_pair(set, seed))
}

/// Signs without randomness (`ML-DSA.Sign` with `rnd` = 0). There is one implementation: the interface of the other one
/// always draws randomness.
///
/// None where the context is too long, and where the secret key is none: of another length, or with a coefficient that
/// no key has.
#[must_use]
pub fn sign(set: Set, secret_key: &[u8], message: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    rust_crypto::sign(set, secret_key, message, context)
}

/// Signs a message representative with given randomness, by which `HashML-DSA` and `ML-DSA.Sign_internal` can be done too.
/// [`sign`] is what callers want.
#[must_use]
pub fn sign_mu(
    set: Set,
    secret_key: &[u8],
    mu: &[u8; MU_BYTES],
    randomness: &[u8; RANDOMNESS_BYTES],
) -> Option<Vec<u8>> {
    rust_crypto::sign_mu(set, secret_key, mu, randomness)
}

/// The lengths fit the set. What comes behind it may rely on them.
const fn lengths_fit(set: Set, public_key: &[u8], signature: &[u8]) -> bool {
    public_key.len() == set.public_key_bytes() && signature.len() == set.signature_bytes()
}

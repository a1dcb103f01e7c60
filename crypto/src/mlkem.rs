//! ML-KEM (FIPS 203): key encapsulation from lattices, in three sets.
//!
//! Everything is a function of its input: callers bring the coins.

mod aws_lc;
mod rust_crypto;

use crate::ask::ask;
use std::fmt::Debug;
use zeroize::Zeroizing;

/// A set of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// ML-KEM-512, of NIST's level 1.
    MlKem512,
    /// ML-KEM-768, of level 3.
    MlKem768,
    /// ML-KEM-1024, of level 5.
    MlKem1024,
}

impl Set {
    /// All, the smallest first.
    pub const ALL: [Self; 3] = [Self::MlKem512, Self::MlKem768, Self::MlKem1024];

    /// How many polynomials a key has.
    const fn polynomials(self) -> usize {
        match self {
            Self::MlKem512 => 2,
            Self::MlKem768 => 3,
            Self::MlKem1024 => 4,
        }
    }

    /// Bytes of an encapsulation key.
    #[must_use]
    pub const fn encapsulation_key_bytes(self) -> usize {
        POLYNOMIAL_BYTES * self.polynomials() + 32
    }

    /// Bytes of an expanded decapsulation key: the secret polynomials, the encapsulation key, its hash, and what a
    /// ciphertext that is none decapsulates to is made of.
    #[must_use]
    pub const fn decapsulation_key_bytes(self) -> usize {
        POLYNOMIAL_BYTES * self.polynomials() + self.encapsulation_key_bytes() + 32 + 32
    }

    /// Bytes of a ciphertext.
    #[must_use]
    pub const fn ciphertext_bytes(self) -> usize {
        match self {
            Self::MlKem512 => 768,
            Self::MlKem768 => 1_088,
            Self::MlKem1024 => 1_568,
        }
    }

    /// The set whose encapsulation keys have this size.
    #[must_use]
    pub fn of_encapsulation_key(bytes: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.encapsulation_key_bytes() == bytes)
    }

    /// The set whose decapsulation keys have this size.
    #[must_use]
    pub fn of_decapsulation_key(bytes: usize) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.decapsulation_key_bytes() == bytes)
    }
}

/// 256 coefficients of 12 bits.
const POLYNOMIAL_BYTES: usize = 384;

/// The modulus q of all coefficients.
const MODULUS: u16 = 3_329;

/// Bytes of a shared secret.
pub const SECRET_BYTES: usize = 32;

/// Bytes of the coins m of an encapsulation.
pub const COINS_BYTES: usize = 32;

/// Bytes of the seed d ‖ z of a key pair.
pub const SEED_BYTES: usize = 64;

/// An encapsulation key and its expanded decapsulation key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// [`Set::encapsulation_key_bytes`] long.
    pub encapsulation_key: Vec<u8>,
    /// [`Set::decapsulation_key_bytes`] long.
    pub decapsulation_key: Zeroizing<Vec<u8>>,
}

impl Debug for KeyPair {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("KeyPair").finish_non_exhaustive()
    }
}

/// A shared secret, and what tells it to the holder of the decapsulation key.
#[derive(Clone, PartialEq, Eq)]
pub struct Encapsulation {
    /// [`Set::ciphertext_bytes`] long.
    pub ciphertext: Vec<u8>,
    /// The secret.
    pub secret: Zeroizing<[u8; SECRET_BYTES]>,
}

impl Debug for Encapsulation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Encapsulation").finish_non_exhaustive()
    }
}

/// An implementation. What it is given has the right lengths, and keys whose coefficients are below the modulus.
pub trait Backend: Debug + Sync {
    /// Its name, for tables.
    fn name(&self) -> &'static str;

    /// The keys of a seed (`ML-KEM.KeyGen_internal`).
    fn key_pair(&self, set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair;

    /// `ML-KEM.Encaps_internal`. None for a key that is none.
    fn encapsulate(&self, set: Set, key: &EncapsulationKey<'_>, coins: &[u8; COINS_BYTES]) -> Option<Encapsulation>;

    /// `ML-KEM.Decaps_internal`. None for a key whose hash is wrong.
    fn decapsulate(
        &self,
        set: Set,
        key: &DecapsulationKey<'_>,
        ciphertext: &[u8],
    ) -> Option<Zeroizing<[u8; SECRET_BYTES]>>;
}

/// An encapsulation key of the right length, with coefficients below the modulus.
#[derive(Debug, Clone, Copy)]
pub struct EncapsulationKey<'a>(&'a [u8]);

impl<'a> EncapsulationKey<'a> {
    /// The two checks of FIPS 203, section 7.2.
    #[must_use]
    pub fn check(set: Set, bytes: &'a [u8]) -> Option<Self> {
        let coefficients = bytes.get(..POLYNOMIAL_BYTES * set.polynomials())?;
        (bytes.len() == set.encapsulation_key_bytes() && are_reduced(coefficients)).then_some(Self(bytes))
    }
}

/// A decapsulation key of the right length, with coefficients below the modulus. Its hash is the implementations' work.
#[derive(Clone, Copy)]
pub struct DecapsulationKey<'a>(&'a [u8]);

impl Debug for DecapsulationKey<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DecapsulationKey").finish_non_exhaustive()
    }
}

impl<'a> DecapsulationKey<'a> {
    /// The length, and the modulus of the secret polynomials and of the encapsulation key in it. FIPS 203 does not ask for
    /// the latter, and implementations differ about keys that were never made by it.
    #[must_use]
    pub fn check(set: Set, bytes: &'a [u8]) -> Option<Self> {
        let coefficients = bytes.get(..2 * POLYNOMIAL_BYTES * set.polynomials())?;
        (bytes.len() == set.decapsulation_key_bytes() && are_reduced(coefficients)).then_some(Self(bytes))
    }
}

/// Coefficients of 12 bits, least significant first, are all below the modulus.
fn are_reduced(packed: &[u8]) -> bool {
    packed.chunks_exact(3).all(|three| {
        let [low, middle, high] = [0, 1, 2].map(|index| u16::from(three.get(index).copied().unwrap_or(u8::MAX)));
        low | (middle & 0x0f) << 8 < MODULUS && middle >> 4 | high << 4 < MODULUS
    })
}

/// All implementations, the fastest first.
pub static BACKENDS: &[&dyn Backend] = &[&aws_lc::AwsLc, &rust_crypto::RustCrypto];

/// The implementation in use.
#[must_use]
pub fn chosen() -> &'static dyn Backend {
    if cfg!(feature = "portable") { &rust_crypto::RustCrypto } else { &aws_lc::AwsLc }
}

/// [`Backend::key_pair`] of the implementation in use.
#[must_use]
pub fn key_pair(set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair {
    ask(chosen(), BACKENDS, |backend| backend.key_pair(set, seed))
}

/// `ML-KEM.Encaps` with given coins. None for a key of another length, or with a coefficient beyond the modulus.
#[must_use]
pub fn encapsulate(set: Set, key: &[u8], coins: &[u8; COINS_BYTES]) -> Option<Encapsulation> {
    ask(chosen(), BACKENDS, |backend| encapsulate_with(backend, set, key, coins))
}

/// The same by one of the implementations.
#[must_use]
pub fn encapsulate_with(
    backend: &dyn Backend,
    set: Set,
    key: &[u8],
    coins: &[u8; COINS_BYTES],
) -> Option<Encapsulation> {
    backend.encapsulate(set, &EncapsulationKey::check(set, key)?, coins)
}

/// `ML-KEM.Decaps`. None for a key or ciphertext of another length, or a key that cannot be. A ciphertext that is none
/// gives a secret that nobody else knows.
#[must_use]
pub fn decapsulate(set: Set, key: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
    ask(chosen(), BACKENDS, |backend| decapsulate_with(backend, set, key, ciphertext))
}

/// The same by one of the implementations.
#[must_use]
pub fn decapsulate_with(
    backend: &dyn Backend,
    set: Set,
    key: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
    let key = DecapsulationKey::check(set, key)?;
    if ciphertext.len() != set.ciphertext_bytes() {
        return None;
    }
    backend.decapsulate(set, &key, ciphertext)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modulus_is_the_first_that_is_too_large() {
        // Two coefficients in three bytes.
        let packed = |first: u16, second: u16| {
            let [low, _] = first.to_le_bytes();
            let [high, _] = (second >> 4).to_le_bytes();
            [low, u8::try_from(first >> 8 | (second & 0xf) << 4).unwrap(), high]
        };
        for (first, second, reduced) in [
            (0, 0, true),
            (3_328, 3_328, true),
            (3_329, 0, false),
            (0, 3_329, false),
            (4_095, 4_095, false),
            (2_048, 256, true),
        ] {
            assert_eq!(are_reduced(&packed(first, second)), reduced, "{first} {second}");
        }
    }

    #[test]
    fn sizes_are_those_of_fips_203() {
        for (set, encapsulation, decapsulation) in
            [(Set::MlKem512, 800, 1_632), (Set::MlKem768, 1_184, 2_400), (Set::MlKem1024, 1_568, 3_168)]
        {
            assert_eq!(set.encapsulation_key_bytes(), encapsulation);
            assert_eq!(set.decapsulation_key_bytes(), decapsulation);
            assert_eq!(Set::of_encapsulation_key(encapsulation), Some(set));
            assert_eq!(Set::of_decapsulation_key(decapsulation), Some(set));
        }
    }
}

//! ML-KEM of crate `ml-kem`, in Rust.

use super::{
    Backend, COINS_BYTES, DecapsulationKey, Encapsulation, EncapsulationKey, KeyPair, SECRET_BYTES, SEED_BYTES, Set,
};
#[expect(deprecated, reason = "expanded keys are what FIPS 203 defines and what callers hold")]
use ml_kem::ExpandedKeyEncoding as _;
use ml_kem::KeyExport as _;
use ml_kem::kem::Decapsulate as _;
use zeroize::Zeroizing;

/// The implementation.
#[derive(Debug)]
pub(super) struct RustCrypto;

/// Runs an expression with the crate's module of a set, under the name `module`.
macro_rules! of_set {
    ($set:expr, $module:ident => $body:expr) => {
        match $set {
            Set::MlKem512 => {
                use ml_kem::ml_kem_512 as $module;
                $body
            }
            Set::MlKem768 => {
                use ml_kem::ml_kem_768 as $module;
                $body
            }
            Set::MlKem1024 => {
                use ml_kem::ml_kem_1024 as $module;
                $body
            }
        }
    };
}

impl Backend for RustCrypto {
    fn name(&self) -> &'static str {
        "ml-kem"
    }

    fn key_pair(&self, set: Set, seed: &[u8; SEED_BYTES]) -> KeyPair {
        of_set!(set, module => {
            let key = module::DecapsulationKey::from_seed((*seed).into());
            KeyPair {
                encapsulation_key: key.encapsulation_key().to_bytes().to_vec(),
                #[expect(deprecated, reason = "expanded keys are what FIPS 203 defines and what callers hold")]
                decapsulation_key: Zeroizing::new(key.to_expanded_bytes().to_vec()),
            }
        })
    }

    fn encapsulate(&self, set: Set, key: &EncapsulationKey<'_>, coins: &[u8; COINS_BYTES]) -> Option<Encapsulation> {
        of_set!(set, module => {
            let key = module::EncapsulationKey::new(key.0.try_into().ok()?).ok()?;
            let (ciphertext, secret) = key.encapsulate_deterministic(&(*coins).into());
            Some(Encapsulation { ciphertext: ciphertext.to_vec(), secret: Zeroizing::new(secret.into()) })
        })
    }

    #[expect(deprecated, reason = "expanded keys are what FIPS 203 defines and what callers hold")]
    fn decapsulate(
        &self,
        set: Set,
        key: &DecapsulationKey<'_>,
        ciphertext: &[u8],
    ) -> Option<Zeroizing<[u8; SECRET_BYTES]>> {
        of_set!(set, module => {
            let key = module::DecapsulationKey::from_expanded(key.0.try_into().ok()?).ok()?;
            Some(Zeroizing::new(key.decapsulate(ciphertext.try_into().ok()?).into()))
        })
    }
}

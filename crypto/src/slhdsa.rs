//! SLH-DSA (FIPS 205): signatures from hashes alone, in twelve sets.
//!
//! Only verifying is here: nothing that calls this signs. Keys and signatures are hashes, so any bytes of the right
//! length are well formed.

mod fips205;
mod rust_crypto;

use crate::ask::ask;
use std::fmt::Debug;

/// A set of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Set {
    /// SLH-DSA-SHA2-128s.
    Sha2_128s,
    /// SLH-DSA-SHA2-128f.
    Sha2_128f,
    /// SLH-DSA-SHA2-192s.
    Sha2_192s,
    /// SLH-DSA-SHA2-192f.
    Sha2_192f,
    /// SLH-DSA-SHA2-256s.
    Sha2_256s,
    /// SLH-DSA-SHA2-256f.
    Sha2_256f,
    /// SLH-DSA-SHAKE-128s.
    Shake128s,
    /// SLH-DSA-SHAKE-128f.
    Shake128f,
    /// SLH-DSA-SHAKE-192s.
    Shake192s,
    /// SLH-DSA-SHAKE-192f.
    Shake192f,
    /// SLH-DSA-SHAKE-256s.
    Shake256s,
    /// SLH-DSA-SHAKE-256f.
    Shake256f,
}

impl Set {
    /// All: those of SHA2 first, the weaker before the stronger, small signatures before fast ones.
    pub const ALL: [Self; 12] = [
        Self::Sha2_128s,
        Self::Sha2_128f,
        Self::Sha2_192s,
        Self::Sha2_192f,
        Self::Sha2_256s,
        Self::Sha2_256f,
        Self::Shake128s,
        Self::Shake128f,
        Self::Shake192s,
        Self::Shake192f,
        Self::Shake256s,
        Self::Shake256f,
    ];

    /// Its name in FIPS 205.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// Bytes of a public key: a seed and a root.
    #[must_use]
    pub const fn public_key_bytes(self) -> usize {
        self.row().1
    }

    /// Bytes of a signature.
    #[must_use]
    pub const fn signature_bytes(self) -> usize {
        self.row().2
    }

    /// Name, bytes of a public key, bytes of a signature: table 2 of FIPS 205.
    const fn row(self) -> (&'static str, usize, usize) {
        match self {
            Self::Sha2_128s => ("SLH-DSA-SHA2-128s", 32, 7_856),
            Self::Sha2_128f => ("SLH-DSA-SHA2-128f", 32, 17_088),
            Self::Sha2_192s => ("SLH-DSA-SHA2-192s", 48, 16_224),
            Self::Sha2_192f => ("SLH-DSA-SHA2-192f", 48, 35_664),
            Self::Sha2_256s => ("SLH-DSA-SHA2-256s", 64, 29_792),
            Self::Sha2_256f => ("SLH-DSA-SHA2-256f", 64, 49_856),
            Self::Shake128s => ("SLH-DSA-SHAKE-128s", 32, 7_856),
            Self::Shake128f => ("SLH-DSA-SHAKE-128f", 32, 17_088),
            Self::Shake192s => ("SLH-DSA-SHAKE-192s", 48, 16_224),
            Self::Shake192f => ("SLH-DSA-SHAKE-192f", 48, 35_664),
            Self::Shake256s => ("SLH-DSA-SHAKE-256s", 64, 29_792),
            Self::Shake256f => ("SLH-DSA-SHAKE-256f", 64, 49_856),
        }
    }
}

/// A context is at most so long.
pub const CONTEXT_BYTES_MAX: usize = 255;

/// An implementation.
pub trait Backend: Debug + Sync {
    /// Its name, for tables.
    fn name(&self) -> &'static str;

    /// Whether a message with a context was signed (`slh_verify`). Wrong lengths are no signature.
    fn verify(&self, set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool;

    /// The same of a message as it is hashed, without the prefix that carries the context (`slh_verify_internal`). For
    /// known answers; [`verify`] is what callers want.
    fn verify_internal(&self, set: Set, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool;
}

/// All implementations, the fastest first. Both are Rust: the second is there to compare with, and to fall back on.
pub static BACKENDS: &[&dyn Backend] = &[&rust_crypto::RustCrypto, &fips205::Fips205];

/// The implementation in use.
#[must_use]
pub fn chosen() -> &'static dyn Backend {
    if cfg!(feature = "portable") { &fips205::Fips205 } else { &rust_crypto::RustCrypto }
}

/// [`Backend::verify`] of the implementation in use.
#[must_use]
pub fn verify(set: Set, public_key: &[u8], message: &[u8], context: &[u8], signature: &[u8]) -> bool {
    ask(chosen(), BACKENDS, |backend| backend.verify(set, public_key, message, context, signature))
}

/// What is asked of an implementation.
struct Question<'a> {
    public_key: &'a [u8],
    message: &'a [u8],
    /// None where the message is taken as it is.
    context: Option<&'a [u8]>,
    signature: &'a [u8],
}

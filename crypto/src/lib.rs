//! Cryptographic primitives of Pars: signatures and key encapsulation, with exact sizes and nothing else.
//!
//! Callers bring bytes, and randomness where an algorithm needs it; nothing here reads a clock, a file or the system's
//! randomness. What is malformed is `false` or `None`, never a panic: most callers check what strangers send.
//!
//! Where two implementations exist, both are compiled and stand in the module's `BACKENDS`; `chosen()` is the one in use:
//! the fastest, which may be C and assembler, or with feature `portable` one that is all Rust (of SLH-DSA the other one;
//! Ed25519's is Rust anyway). Verdicts are the same, which the tests check on vectors and on mutated inputs: a chain may not
//! depend on how its nodes were built.
//!
//! | file | what lives there |
//! |---|---|
//! | `mldsa.rs` | ML-DSA (FIPS 204) |
//! | `mlkem.rs` | ML-KEM (FIPS 203) |
//! | `slhdsa.rs` | SLH-DSA (FIPS 205) |
//! | `secp256k1.rs` | Schnorr's signatures (BIP-340) and ECDSA over secp256k1 |
//! | `ed25519.rs` | Ed25519 (RFC 8032) |
//! | `frost.rs` | signatures of groups over secp256k1 (RFC 9591) |
//! | `bls.rs` | BLS12-381 with proofs of possession |
//! | `ask.rs` | the implementation in use is asked, and for a fuzzer all |
//! | `hash.rs` | SHA3-256 and SHAKE256 over parts |
//! | `ffi.rs` | every call of C that has no safe interface |

mod ask;
pub mod bls;
pub mod ed25519;
mod ffi;
pub mod frost;
pub mod hash;
pub mod mldsa;
pub mod mlkem;
pub mod secp256k1;
pub mod slhdsa;

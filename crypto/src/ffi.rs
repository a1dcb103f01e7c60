//! AWS-LC where its safe interface does not reach: ML-DSA with a context, ML-KEM with given coins, SHAKE256. The only file
//! with `unsafe`.
//!
//! All pointers come from slices of the stated length that outlive the call, and C keeps none of them. Objects of C are
//! owned by the types below, which free them once. C reports two things by one value, that an input is bad and that memory
//! ran out; only where an input can be bad the value is a verdict, everywhere else it ends the process as a failed
//! allocation of Rust does. A verdict may not depend on how much memory a machine has.
#![allow(unsafe_code, reason = "calls of C")]

use crate::mldsa;
use crate::mlkem;
use aws_lc_sys as c;
use std::ffi::c_int;
use std::ptr::{NonNull, null, null_mut};
use zeroize::Zeroizing;

/// C's answer to what went well.
const DONE: c_int = 1;

/// A key.
struct Key(NonNull<c::EVP_PKEY>);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the pointer came from C, is owned by this value alone and is freed here only.
        unsafe { c::EVP_PKEY_free(self.0.as_ptr()) };
    }
}

impl Key {
    fn owned(key: *mut c::EVP_PKEY) -> Self {
        Self(NonNull::new(key).unwrap_or_else(|| out_of_memory()))
    }

    fn mldsa_public(set: mldsa::Set, bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), set.public_key_bytes(), "checked before");
        // SAFETY: the slice is valid for its length, and is copied.
        Self::owned(unsafe { c::EVP_PKEY_pqdsa_new_raw_public_key(nid_of_mldsa(set), bytes.as_ptr(), bytes.len()) })
    }

    fn mlkem_public(set: mlkem::Set, bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), set.encapsulation_key_bytes(), "checked before");
        // SAFETY: the slice is valid for its length, and is copied.
        Self::owned(unsafe { c::EVP_PKEY_kem_new_raw_public_key(nid_of_mlkem(set), bytes.as_ptr(), bytes.len()) })
    }

    fn mlkem_secret(set: mlkem::Set, bytes: &[u8]) -> Self {
        assert_eq!(bytes.len(), set.decapsulation_key_bytes(), "checked before");
        // SAFETY: the slice is valid for its length, and is copied.
        Self::owned(unsafe { c::EVP_PKEY_kem_new_raw_secret_key(nid_of_mlkem(set), bytes.as_ptr(), bytes.len()) })
    }

    /// An operation with this key.
    fn operation(&self) -> Operation {
        // SAFETY: the key is valid; the new object holds a reference of its own to it.
        Operation::owned(unsafe { c::EVP_PKEY_CTX_new(self.0.as_ptr(), null_mut()) })
    }

    /// The public key's bytes.
    fn public_bytes(&self, bytes: usize) -> Vec<u8> {
        let mut out = vec![0; bytes];
        let mut length = bytes;
        // SAFETY: the key is valid, and `out` is as long as `length` says.
        let done = unsafe { c::EVP_PKEY_get_raw_public_key(self.0.as_ptr(), out.as_mut_ptr(), &raw mut length) };
        assert!(done == DONE && length == bytes, "a key that was just made has its public part");
        out
    }

    /// The secret key's bytes.
    fn secret_bytes(&self, bytes: usize) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(vec![0; bytes]);
        let mut length = bytes;
        // SAFETY: the key is valid, and `out` is as long as `length` says.
        let done = unsafe { c::EVP_PKEY_get_raw_private_key(self.0.as_ptr(), out.as_mut_ptr(), &raw mut length) };
        assert!(done == DONE && length == bytes, "a key that was just made has its secret part");
        out
    }
}

/// An operation with a key.
struct Operation(NonNull<c::EVP_PKEY_CTX>);

impl Drop for Operation {
    fn drop(&mut self) {
        // SAFETY: the pointer came from C, is owned by this value alone and is freed here only.
        unsafe { c::EVP_PKEY_CTX_free(self.0.as_ptr()) };
    }
}

impl Operation {
    fn owned(operation: *mut c::EVP_PKEY_CTX) -> Self {
        Self(NonNull::new(operation).unwrap_or_else(|| out_of_memory()))
    }
}

/// The state of a hash or of a verification.
struct State(NonNull<c::EVP_MD_CTX>);

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: the pointer came from C, is owned by this value alone and is freed here only.
        unsafe { c::EVP_MD_CTX_free(self.0.as_ptr()) };
    }
}

impl State {
    fn new() -> Self {
        // SAFETY: it takes nothing.
        let state = unsafe { c::EVP_MD_CTX_new() };
        Self(NonNull::new(state).unwrap_or_else(|| out_of_memory()))
    }

    /// Of a verification with a key and a context of at most 255 bytes.
    fn of_verification(key: &Key, context: &[u8]) -> Self {
        let state = Self::new();
        let mut operation = null_mut();
        // SAFETY: state and key are valid; `operation` is set to something that the state owns.
        let done = unsafe {
            c::EVP_DigestVerifyInit(state.0.as_ptr(), &raw mut operation, null(), null_mut(), key.0.as_ptr())
        };
        if done != DONE {
            out_of_memory();
        }
        if !context.is_empty() {
            // SAFETY: `operation` lives as long as `state`; the context is valid for its length, and is copied.
            let done = unsafe { c::EVP_PKEY_CTX_set_signature_context(operation, context.as_ptr(), context.len()) };
            assert_eq!(done, DONE, "the context's length was checked");
        }
        state
    }
}

pub(crate) fn mldsa_verify(
    set: mldsa::Set,
    public_key: &[u8],
    message: &[u8],
    context: &[u8],
    signature: &[u8],
) -> bool {
    let verification = State::of_verification(&Key::mldsa_public(set, public_key), context);
    // SAFETY: the state is valid, and both slices are for their lengths.
    verdict(unsafe {
        c::EVP_DigestVerify(
            verification.0.as_ptr(),
            signature.as_ptr(),
            signature.len(),
            message.as_ptr(),
            message.len(),
        )
    })
}

pub(crate) fn mldsa_verify_mu(
    set: mldsa::Set,
    public_key: &[u8],
    mu: &[u8; mldsa::MU_BYTES],
    signature: &[u8],
) -> bool {
    let operation = Key::mldsa_public(set, public_key).operation();
    // SAFETY: the operation is valid.
    if unsafe { c::EVP_PKEY_verify_init(operation.0.as_ptr()) } != DONE {
        out_of_memory();
    }
    // SAFETY: the operation is valid, and both slices are for their lengths.
    verdict(unsafe {
        c::EVP_PKEY_verify(operation.0.as_ptr(), signature.as_ptr(), signature.len(), mu.as_ptr(), mu.len())
    })
}

pub(crate) fn mldsa_key_pair(set: mldsa::Set, seed: &[u8; mldsa::SEED_BYTES]) -> mldsa::KeyPair {
    // SAFETY: the seed is valid for its length, which is that of a seed for C too.
    let key =
        Key::owned(unsafe { c::EVP_PKEY_pqdsa_new_raw_private_key(nid_of_mldsa(set), seed.as_ptr(), seed.len()) });
    mldsa::KeyPair {
        public_key: key.public_bytes(set.public_key_bytes()),
        secret_key: key.secret_bytes(set.secret_key_bytes()),
    }
}

pub(crate) fn mlkem_key_pair(set: mlkem::Set, seed: &[u8; mlkem::SEED_BYTES]) -> mlkem::KeyPair {
    // SAFETY: it takes a number and no engine.
    let operation = Operation::owned(unsafe { c::EVP_PKEY_CTX_new_id(c::EVP_PKEY_KEM, null_mut()) });
    let (mut key, mut length) = (null_mut(), seed.len());
    // SAFETY: the operation is valid in all three; the seed is valid for `length`; `key` is set to a new object.
    let done = unsafe {
        c::EVP_PKEY_CTX_kem_set_params(operation.0.as_ptr(), nid_of_mlkem(set)) == DONE
            && c::EVP_PKEY_keygen_init(operation.0.as_ptr()) == DONE
            && c::EVP_PKEY_keygen_deterministic(operation.0.as_ptr(), &raw mut key, seed.as_ptr(), &raw mut length)
                == DONE
    };
    if !done {
        out_of_memory();
    }
    let key = Key::owned(key);
    mlkem::KeyPair {
        encapsulation_key: key.public_bytes(set.encapsulation_key_bytes()),
        decapsulation_key: key.secret_bytes(set.decapsulation_key_bytes()),
    }
}

pub(crate) fn mlkem_encapsulate(
    set: mlkem::Set,
    key: &[u8],
    coins: &[u8; mlkem::COINS_BYTES],
) -> Option<mlkem::Encapsulation> {
    let operation = Key::mlkem_public(set, key).operation();
    let mut ciphertext = vec![0; set.ciphertext_bytes()];
    let mut secret = Zeroizing::new([0; mlkem::SECRET_BYTES]);
    let (mut ciphertext_length, mut secret_length, mut coins_length) = (ciphertext.len(), secret.len(), coins.len());
    // SAFETY: the operation is valid, and all three buffers are as long as their lengths say.
    let encapsulated = verdict(unsafe {
        c::EVP_PKEY_encapsulate_deterministic(
            operation.0.as_ptr(),
            ciphertext.as_mut_ptr(),
            &raw mut ciphertext_length,
            secret.as_mut_ptr(),
            &raw mut secret_length,
            coins.as_ptr(),
            &raw mut coins_length,
        )
    });
    encapsulated.then_some(mlkem::Encapsulation { ciphertext, secret })
}

pub(crate) fn mlkem_decapsulate(
    set: mlkem::Set,
    key: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<[u8; mlkem::SECRET_BYTES]>> {
    assert_eq!(ciphertext.len(), set.ciphertext_bytes(), "checked before");
    let operation = Key::mlkem_secret(set, key).operation();
    let mut secret = Zeroizing::new([0; mlkem::SECRET_BYTES]);
    let mut length = secret.len();
    // SAFETY: the operation is valid, `secret` is as long as `length` says, and the ciphertext is valid for its length.
    let decapsulated = verdict(unsafe {
        c::EVP_PKEY_decapsulate(
            operation.0.as_ptr(),
            secret.as_mut_ptr(),
            &raw mut length,
            ciphertext.as_ptr(),
            ciphertext.len(),
        )
    });
    decapsulated.then_some(secret)
}

/// Fills `out` with the first bytes of SHAKE256 of parts, one behind the other.
pub(crate) fn shake256(parts: &[&[u8]], out: &mut [u8]) {
    let state = State::new();
    // SAFETY: the state is valid, and so is what describes the hash, which lives for ever.
    let mut done = unsafe { c::EVP_DigestInit_ex(state.0.as_ptr(), c::EVP_shake256(), null_mut()) } == DONE;
    for part in parts {
        // SAFETY: the state is valid, and the slice is for its length.
        done &= unsafe { c::EVP_DigestUpdate(state.0.as_ptr(), part.as_ptr().cast(), part.len()) } == DONE;
    }
    // SAFETY: the state is valid, and `out` is for its length.
    done &= unsafe { c::EVP_DigestFinalXOF(state.0.as_ptr(), out.as_mut_ptr(), out.len()) } == DONE;
    if !done {
        out_of_memory();
    }
}

/// What C says of an input. It also notes why not, for this thread, where nobody asks.
fn verdict(answer: c_int) -> bool {
    if answer != DONE {
        // SAFETY: it takes nothing.
        unsafe { c::ERR_clear_error() };
    }
    answer == DONE
}

/// Ends the process, as Rust does where memory ran out.
fn out_of_memory() -> ! {
    std::alloc::handle_alloc_error(std::alloc::Layout::new::<c::EVP_PKEY>())
}

const fn nid_of_mldsa(set: mldsa::Set) -> c_int {
    match set {
        mldsa::Set::MlDsa44 => c::NID_MLDSA44,
        mldsa::Set::MlDsa65 => c::NID_MLDSA65,
        mldsa::Set::MlDsa87 => c::NID_MLDSA87,
    }
}

const fn nid_of_mlkem(set: mlkem::Set) -> c_int {
    match set {
        mlkem::Set::MlKem512 => c::NID_MLKEM512,
        mlkem::Set::MlKem768 => c::NID_MLKEM768,
        mlkem::Set::MlKem1024 => c::NID_MLKEM1024,
    }
}

//! Two signatures of one message, one of which withstands quantum computers: both must hold.

use crate::abi::Arguments;
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Stop};
use crate::pq::mldsa::base_gas;
use crate::pure::{BAD_FRAME, Fields, decoded, dispatch, high, low, price, size, truth, truth_byte};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::{Bytes, keccak256};
use pars_crypto::bls::{self, SIGNATURE_DST};
use pars_crypto::hash::sha3_256;
use pars_crypto::mldsa::{self, Set};
use pars_crypto::secp256k1;

/// BLS and ML-DSA.
pub const BLS: Entry = Entry {
    name: "HybridBlsMldsa",
    about: "Verifies a BLS signature and an ML-DSA signature of one message.",
    at: low(0x0610),
    also: &[high(0x0300, 0x24)],
    config_key: KEY,
    config: Kind::Plain,
    pure: true,
    run: run_bls,
    configure: configures_nothing,
    predicate_gas: None,
    interface: BLS_INTERFACES,
};

/// ECDSA and ML-DSA.
pub const ECDSA: Entry = Entry {
    name: "HybridEcdsaMldsa",
    about: "Verifies an ECDSA signature over secp256k1 and an ML-DSA signature of one message.",
    at: low(0x0611),
    also: &[],
    config_key: KEY,
    config: Kind::Plain,
    pure: true,
    run: run_ecdsa,
    configure: configures_nothing,
    predicate_gas: None,
    interface: ECDSA_INTERFACES,
};

const KEY: &str = "hybridVerify";

static BLS_INTERFACES: &[&Interface] = &[&Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0x5a, 0x1f, 0x65, 0x2e],
            solidity: "function verify(bytes calldata blsSignature, bytes calldata mldsaSignature, bytes32 hash, bytes calldata blsPublicKey, bytes calldata mldsaPublicKey) external view returns (bool valid)",
            about: "Whether both keys signed the hash itself, ML-DSA-65 with an empty context. Neither signature says that it belongs to the other.",
            from_durango: false,
            run: verify,
        },
        Function {
            selector: [0x3f, 0xeb, 0x52, 0x35],
            solidity: "function verifyBlsMldsa(bytes calldata blsPublicKey, bytes calldata mldsaPublicKey, bytes calldata message, bytes calldata blsSignature, bytes calldata mldsaSignature) external view returns (bool valid)",
            about: "Whether both keys signed T, which is the label pars/hybrid-bls-mldsa/v1, the SHA3-256 of both keys, and the message; ML-DSA with the label as context. The set is told by the key's length.",
            from_durango: false,
            run: verify_bls_mldsa,
        },
    ],
    events: &[],
}];

static ECDSA_INTERFACES: &[&Interface] = &[&Interface {
    structs: &[],
    functions: &[Function {
        selector: [0xaf, 0x74, 0x04, 0xab],
        solidity: "function verifyEcdsaMldsa(bytes calldata ecdsaPublicKey, bytes calldata mldsaPublicKey, bytes calldata message, bytes calldata ecdsaSignature, bytes calldata mldsaSignature) external view returns (bool valid)",
        about: "Whether both keys signed T, which is the label pars/hybrid-ecdsa-mldsa/v1, the SHA3-256 of both keys, and the message: ECDSA over its Keccak-256 with a low s, ML-DSA with the label as context. An ECDSA key has 33 or 65 bytes, its signature 64.",
        from_durango: false,
        run: verify_ecdsa_mldsa,
    }],
    events: &[],
}];

fn run_bls(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, BLS_INTERFACES, Some(raw))
}

fn run_ecdsa(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, ECDSA_INTERFACES, None)
}

/// BLS signature, ML-DSA-65 signature with its length in two bytes, hash, BLS key, ML-DSA-65 key.
fn raw(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    const SET: Set = Set::MlDsa65;
    let mut fields = Fields::new(call.input);
    let bls_signature = fields.take(bls::SIGNATURE_BYTES).ok_or(BAD_FRAME)?;
    let signature = fields.short().filter(|bytes| bytes.len() == SET.signature_bytes()).ok_or(BAD_FRAME)?;
    let hash = fields.take(32).ok_or(BAD_FRAME)?;
    let bls_key = fields.take(bls::PUBLIC_KEY_BYTES).ok_or(BAD_FRAME)?;
    let key = fields.take(SET.public_key_bytes()).ok_or(BAD_FRAME)?;
    if !fields.is_empty() {
        return Err(BAD_FRAME);
    }
    call.gas.charge(PUBLISHED_GAS)?;
    Ok(truth_byte(both(bls_key, bls_signature, key, signature, hash)))
}

fn verify(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(PUBLISHED_GAS)?;
    let (bls_signature, signature) = (decoded(arguments.bytes(0))?, decoded(arguments.bytes(1))?);
    let hash = decoded(arguments.word(2))?;
    let (bls_key, key) = (decoded(arguments.bytes(3))?, decoded(arguments.bytes(4))?);
    Ok(truth(both(bls_key, bls_signature, key, signature, hash.as_slice())))
}

/// As Lux has it: both sign the hash.
fn both(bls_key: &[u8], bls_signature: &[u8], key: &[u8], signature: &[u8], hash: &[u8]) -> bool {
    mldsa::verify(Set::MlDsa65, key, hash, &[], signature) && bls::verify(bls_key, hash, bls_signature, SIGNATURE_DST)
}

fn verify_bls_mldsa(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    bound(call, arguments, BLS_GAS, BLS_LABEL, &[bls::PUBLIC_KEY_BYTES], |key, signed, signature| {
        bls::verify(key, signed, signature, SIGNATURE_DST)
    })
}

fn verify_ecdsa_mldsa(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    bound(call, arguments, ECDSA_GAS, ECDSA_LABEL, &ECDSA_KEY_BYTES, |key, signed, signature| {
        signature.try_into().is_ok_and(|signature| secp256k1::ecdsa_verify(key, &keccak256(signed).0, signature))
    })
}

/// Both sign a text that names both keys, so that neither signature can be used without the other, or elsewhere.
fn bound(
    call: &mut Call<'_>,
    arguments: Arguments<'_>,
    gas: u64,
    label: &[u8],
    key_bytes: &[usize],
    classical: impl FnOnce(&[u8], &[u8], &[u8]) -> bool,
) -> Result<Bytes, Stop> {
    let [classical_key, key, message, classical_signature, signature] =
        [0, 1, 2, 3, 4].map(|place| arguments.bytes(place));
    let set = key.as_ref().ok().and_then(|key| Set::of_public_key(key.len()));
    let message_bytes = size(&message);
    call.gas.charge(price(gas.saturating_add(base_gas(set)), MESSAGE_BYTE_GAS, message_bytes))?;
    let (classical_key, key, message) = (decoded(classical_key)?, decoded(key)?, decoded(message)?);
    let (classical_signature, signature) = (decoded(classical_signature)?, decoded(signature)?);
    // The price counts the message's bytes only, so keys are hashed which have the size of one.
    let Some(set) = set.filter(|_| key_bytes.contains(&classical_key.len())) else { return Ok(truth(false)) };
    let signed = [label, &sha3_256(&[classical_key, key]), message].concat();
    let holds =
        mldsa::verify(set, key, &signed, label, signature) && classical(classical_key, &signed, classical_signature);
    Ok(truth(holds))
}

const BLS_LABEL: &[u8] = b"pars/hybrid-bls-mldsa/v1";
const ECDSA_LABEL: &[u8] = b"pars/hybrid-ecdsa-mldsa/v1";

/// Compressed, and not.
const ECDSA_KEY_BYTES: [usize; 2] = [33, 65];

/// Of the two forms that others publish. They ask for a 27th of it, which would be the cheapest way to keep nodes busy.
const PUBLISHED_GAS: u64 = 270_000;
const BLS_GAS: u64 = 120_000;
const ECDSA_GAS: u64 = 5_000;
const MESSAGE_BYTE_GAS: u64 = 10;

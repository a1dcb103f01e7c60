//! FROST (RFC 9591): Schnorr signatures of several signers, in three suites.

use crate::abi::Arguments;
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Stop};
use crate::pure::{BAD_FRAME, Fields, MALFORMED_INPUT, decoded, dispatch, high, low, named, price, size, truth};
use crate::registry::{Entry, configures_nothing};
use crate::threshold::Claim;
use alloy_primitives::Bytes;
use pars_crypto::{ed25519, frost, secp256k1};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "FROST",
    about: "Verifies FROST threshold signatures, which are Schnorr signatures under the group's key. That t of n made them cannot be proved and is not.",
    at: low(0x0802),
    also: &[high(0x0200, 0x0c), high(0x0800, 2)],
    config_key: "frostVerify",
    config: Kind::Plain,
    pure: true,
    run,
    configure: configures_nothing,
    predicate_gas: None,
    interface: INTERFACES,
};

static INTERFACES: &[&Interface] = &[&Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0xab, 0xd7, 0x0f, 0x77],
            solidity: "function verify(uint32 threshold, uint32 totalSigners, bytes32 publicKey, bytes32 messageHash, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a hash was signed under a group's key as BIP-340 has it. Threshold and number of signers, at most 1024, only set the price.",
            from_durango: false,
            run: verify,
        },
        Function {
            selector: [0x2f, 0x08, 0x53, 0xa3],
            solidity: "function verify(uint8 suite, bytes calldata publicKey, bytes calldata message, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a message was signed: suite 0 as BIP-340 has it, suite 1 by FROST(Ed25519, SHA-512), suite 2 by FROST(secp256k1, SHA-256). Keys have 32, 32 and 33 bytes, signatures 64, 64 and 65.",
            from_durango: false,
            run: verify_of_suite,
        },
    ],
    events: &[],
}];

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES, Some(raw))
}

/// Threshold and number of signers in four bytes each, key, hash, signature.
fn raw(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let mut fields = Fields::new(call.input);
    let claim = Claim::take(&mut fields).ok_or(BAD_FRAME)?;
    let (key, hash): (&[u8; 32], &[u8; 32]) = fields.array().zip(fields.array()).ok_or(BAD_FRAME)?;
    let signature = fields.rest().try_into().map_err(|_| BAD_FRAME)?;
    call.gas.charge(claim.gas(BASE_GAS, SIGNER_GAS))?;
    Ok(truth(secp256k1::schnorr_verify(key, hash, signature)))
}

fn verify(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    Claim::pay(call, arguments, BASE_GAS, SIGNER_GAS)?;
    let (key, hash) = (decoded(arguments.word(2))?, decoded(arguments.word(3))?);
    let signature = decoded(arguments.bytes(4))?;
    Ok(truth(signature.try_into().is_ok_and(|signature| secp256k1::schnorr_verify(&key.0, hash.as_slice(), signature))))
}

fn verify_of_suite(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let message = arguments.bytes(2);
    let message_bytes = size(&message);
    call.gas.charge(price(SUITE_GAS, MESSAGE_BYTE_GAS, message_bytes))?;
    let suite = decoded(arguments.uint8(0))?;
    let (key, message, signature) = (decoded(arguments.bytes(1))?, decoded(message)?, decoded(arguments.bytes(3))?);
    let valid = match suite {
        0 => sized(key, signature).is_some_and(|(key, signature)| secp256k1::schnorr_verify(key, message, signature)),
        1 => sized(key, signature).is_some_and(|(key, signature)| ed25519::verify(key, message, signature)),
        2 => sized(key, signature).is_some_and(|(key, signature)| frost::verify(key, message, signature)),
        _ => return Err(named(MALFORMED_INPUT)),
    };
    Ok(truth(valid))
}

/// Key and signature, where they have the suite's sizes.
fn sized<'a, const K: usize, const S: usize>(key: &'a [u8], signature: &'a [u8]) -> Option<(&'a [u8; K], &'a [u8; S])> {
    Some((key.try_into().ok()?, signature.try_into().ok()?))
}

const BASE_GAS: u64 = 50_000;
const SIGNER_GAS: u64 = 5_000;
const SUITE_GAS: u64 = 55_000;
const MESSAGE_BYTE_GAS: u64 = 10;

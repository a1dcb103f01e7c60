//! One address for the three algorithms, as some public code has it.

use crate::abi::{self, Arguments};
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Stop};
use crate::pq::{mldsa, mlkem, slhdsa};
use crate::pure::{
    BAD_FRAME, Fields, MALFORMED_INPUT, decoded, dispatch, high, low, named, size, truth, truth_byte, two_bytes,
};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::Bytes;
use pars_crypto::mldsa::{self as signatures, Set};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "PQCrypto",
    about: "Verifies ML-DSA and SLH-DSA signatures and encapsulates for ML-KEM keys, at one address.",
    at: low(0x0600),
    also: &[low(0x9003), high(0x0200, 8)],
    config_key: KEY,
    config: Kind::Secrets,
    pure: true,
    run,
    configure: configures_nothing,
    predicate_gas: None,
    interface: INTERFACES,
};

const KEY: &str = "pqCryptoConfig";

static INTERFACES: &[&Interface] = &[&INTERFACE];

static INTERFACE: Interface = Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0x5a, 0x85, 0xc8, 0xa7],
            solidity: "function mldsaVerify(uint8 mode, bytes calldata publicKey, bytes calldata message, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a message was signed by ML-DSA with an empty context. Mode 44, 65 or 87, or the same digits in hexadecimal.",
            from_durango: false,
            run: mldsa_verify,
        },
        Function {
            selector: [0xb1, 0x40, 0xc4, 0xd1],
            solidity: "function mlkemEncapsulate(uint8 mode, bytes calldata encapsulationKey) external view returns (bytes memory ciphertext, bytes memory secret)",
            about: "Encapsulates a secret that follows from the key alone. Mode 0, 1 or 2 for ML-KEM-512, 768 or 1024. Everybody sees it.",
            from_durango: false,
            run: mlkem_encapsulate,
        },
        Function {
            selector: [0xf7, 0xa8, 0x91, 0xf8],
            solidity: "function mlkemDecapsulate(uint8 mode, bytes calldata decapsulationKey, bytes calldata ciphertext) external view returns (bytes memory secret)",
            about: "The secret of a ciphertext. Everybody sees the key: for development networks, off elsewhere.",
            from_durango: false,
            run: mlkem_decapsulate,
        },
        Function {
            selector: [0xc7, 0xd6, 0x14, 0x23],
            solidity: "function slhdsaVerify(uint8 mode, bytes calldata publicKey, bytes calldata message, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a message was signed by SLH-DSA with an empty context. Modes as in ISLHDSA.",
            from_durango: false,
            run: slhdsa_verify,
        },
    ],
    events: &[],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES, Some(raw))
}

/// Four letters, and what the row of the algorithm has without its first byte or address.
fn raw(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let mut fields = Fields::new(call.input);
    let name: &[u8; 4] = fields.array().ok_or(BAD_FRAME)?;
    match name {
        b"mlds" => raw_mldsa(call, fields),
        b"slhs" => slhdsa::raw_verify(call, fields.rest()).map(truth_byte),
        b"encp" => {
            let set = fields.byte().and_then(mlkem::of_number).ok_or(BAD_FRAME)?;
            mlkem::raw_encapsulate(call, set, fields.rest())
        }
        b"decp" => {
            let set = fields.byte().and_then(mlkem::of_number).ok_or(BAD_FRAME)?;
            mlkem::raw_decapsulate(call, KEY, set, fields.rest())
        }
        _ => Err(BAD_FRAME),
    }
}

/// Mode, public key and message with their lengths in two bytes each, signature.
fn raw_mldsa(call: &mut Call<'_>, mut fields: Fields<'_>) -> Result<Bytes, Stop> {
    let set = fields.byte().and_then(of_mode).ok_or(BAD_FRAME)?;
    let (public_key, message) = fields.short().zip(fields.short()).ok_or(BAD_FRAME)?;
    let signature = fields.rest();
    if public_key.len() != set.public_key_bytes() || signature.len() != set.signature_bytes() {
        return Err(BAD_FRAME);
    }
    call.gas.charge(mldsa::verify_gas(Some(set), message.len()))?;
    Ok(truth_byte(signatures::verify(set, public_key, message, &[], signature)))
}

fn mldsa_verify(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let set = arguments.uint8(0).ok().and_then(of_mode);
    let [public_key, message, signature] = [1, 2, 3].map(|place| arguments.bytes(place));
    call.gas.charge(mldsa::verify_gas(set, size(&message)))?;
    let (public_key, message, signature) = (decoded(public_key)?, decoded(message)?, decoded(signature)?);
    let set = set.ok_or_else(|| named(MALFORMED_INPUT))?;
    Ok(truth(signatures::verify(set, public_key, message, &[], signature)))
}

fn mlkem_encapsulate(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let made = mlkem::abi_encapsulated(call, arguments.uint8(0), arguments.bytes(1), None)?;
    Ok(two_bytes(&made.ciphertext, &*made.secret))
}

fn mlkem_decapsulate(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let (mode, key, ciphertext) = (arguments.uint8(0), arguments.bytes(1), arguments.bytes(2));
    Ok(abi::dynamic(&mlkem::abi_decapsulated(call, KEY, mode, key, ciphertext)?))
}

fn slhdsa_verify(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    slhdsa::abi_verify(call, arguments, Ok(&[])).map(truth)
}

/// The set of a mode, in both ways in which it is written.
const fn of_mode(mode: u8) -> Option<Set> {
    match mode {
        44 => Some(Set::MlDsa44),
        65 => Some(Set::MlDsa65),
        87 => Some(Set::MlDsa87),
        _ => mldsa::of_mode(mode),
    }
}

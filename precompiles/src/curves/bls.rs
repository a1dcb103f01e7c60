//! BLS signatures over BLS12-381, keys of 48 bytes and signatures of 96, with proofs of possession.

use crate::abi::{self, Arguments};
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Halt, Stop};
use crate::pure::{
    BAD_FRAME, Fields, INVALID_KEY, MALFORMED_INPUT, decoded, dispatch, high, low, named, price, size, truth,
    truth_byte,
};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::Bytes;
use pars_crypto::bls::{self, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, SIGNATURE_DST};

/// Verification.
pub const VERIFY: Entry = Entry {
    name: "BLS",
    about: "Verifies BLS signatures over BLS12-381 and proofs of possession of their keys.",
    at: low(0x0b00),
    also: &[high(0x0300, 0x21)],
    config_key: KEY,
    config: Kind::Plain,
    pure: true,
    run: run_verify,
    configure: configures_nothing,
    predicate_gas: None,
    interface: VERIFY_INTERFACES,
};

/// Aggregation.
pub const AGGREGATE: Entry = Entry {
    name: "BLSAggregate",
    about: "Adds BLS signatures over BLS12-381, and keys whose possession is proved.",
    at: low(0x0b01),
    also: &[high(0x0300, 0x22)],
    config_key: KEY,
    config: Kind::Plain,
    pure: true,
    run: run_aggregate,
    configure: configures_nothing,
    predicate_gas: None,
    interface: AGGREGATE_INTERFACES,
};

const KEY: &str = "blsConfig";

static VERIFY_INTERFACES: &[&Interface] = &[&Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0x02, 0x4a, 0xd3, 0x18],
            solidity: "function verify(bytes calldata publicKey, bytes32 messageHash, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a hash was signed. A key that was made from others needs proofs of their possession first.",
            from_durango: false,
            run: verify_hash,
        },
        Function {
            selector: [0xde, 0x8f, 0x50, 0xa1],
            solidity: "function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a message was signed.",
            from_durango: false,
            run: verify_message,
        },
        Function {
            selector: [0xbf, 0xd2, 0x49, 0x65],
            solidity: "function popVerify(bytes calldata publicKey, bytes calldata proof) external view returns (bool valid)",
            about: "Whether a proof shows that somebody has the secret of a key.",
            from_durango: false,
            run: verify_possession,
        },
    ],
    events: &[],
}];

static AGGREGATE_INTERFACES: &[&Interface] = &[&Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0x01, 0xb0, 0x69, 0xc8],
            solidity: "function aggregate(bytes[] calldata signatures) external view returns (bytes memory signature)",
            about: "The sum of 1 to 1024 signatures.",
            from_durango: false,
            run: aggregate,
        },
        Function {
            selector: [0xd1, 0x0b, 0xb2, 0x8a],
            solidity: "function aggregatePublicKeys(bytes calldata keysWithProofs) external view returns (bytes memory publicKey)",
            about: "The sum of 1 to 128 keys, each of which stands before its proof of possession. Without proofs somebody could choose a key that cancels the others.",
            from_durango: false,
            run: aggregate_public_keys,
        },
    ],
    events: &[],
}];

fn run_verify(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, VERIFY_INTERFACES, Some(raw_verify))
}

fn run_aggregate(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, AGGREGATE_INTERFACES, Some(raw_aggregate))
}

/// Key, hash, signature.
fn raw_verify(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let mut fields = Fields::new(call.input);
    let (key, hash) = fields.take(PUBLIC_KEY_BYTES).zip(fields.take(32)).ok_or(BAD_FRAME)?;
    let signature = fields.rest();
    if signature.len() != SIGNATURE_BYTES {
        return Err(BAD_FRAME);
    }
    call.gas.charge(verify_gas(hash.len()))?;
    Ok(truth_byte(bls::verify(key, hash, signature, SIGNATURE_DST)))
}

fn verify_hash(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(verify_gas(32))?;
    let (key, hash, signature) =
        (decoded(arguments.bytes(0))?, decoded(arguments.word(1))?, decoded(arguments.bytes(2))?);
    Ok(truth(bls::verify(key, hash.as_slice(), signature, SIGNATURE_DST)))
}

fn verify_message(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let message = arguments.bytes(1);
    call.gas.charge(verify_gas(size(&message)))?;
    let (key, message, signature) = (decoded(arguments.bytes(0))?, decoded(message)?, decoded(arguments.bytes(2))?);
    Ok(truth(bls::verify(key, message, signature, SIGNATURE_DST)))
}

fn verify_possession(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(VERIFY_GAS)?;
    let (key, proof) = (decoded(arguments.bytes(0))?, decoded(arguments.bytes(1))?);
    Ok(truth(bls::verify_possession(key, proof)))
}

/// Signatures, one behind the other.
fn raw_aggregate(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let count = call.input.len() / SIGNATURE_BYTES;
    if !(1..=SIGNATURES_MAX).contains(&count) || !call.input.len().is_multiple_of(SIGNATURE_BYTES) {
        return Err(BAD_FRAME);
    }
    call.gas.charge(price(0, SIGNATURE_GAS, count))?;
    Ok(Bytes::copy_from_slice(&bls::aggregate_signatures(call.input).ok_or(BAD_FRAME)?))
}

fn aggregate(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let count = arguments.list(0).map(|list| list.len().clamp(1, SIGNATURES_MAX));
    call.gas.charge(price(0, SIGNATURE_GAS, count.unwrap_or(1)))?;
    let list = decoded(arguments.list(0))?;
    if !(1..=SIGNATURES_MAX).contains(&list.len()) {
        return Err(named(MALFORMED_INPUT));
    }
    let mut signatures = Vec::with_capacity(list.len() * SIGNATURE_BYTES);
    for place in 0..list.len() {
        let signature = decoded(list.bytes(place))?;
        if signature.len() != SIGNATURE_BYTES {
            return Err(named(MALFORMED_INPUT));
        }
        signatures.extend_from_slice(signature);
    }
    let sum = bls::aggregate_signatures(&signatures).ok_or_else(|| named(MALFORMED_INPUT))?;
    Ok(abi::dynamic(&sum))
}

fn aggregate_public_keys(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    const EACH: usize = PUBLIC_KEY_BYTES + SIGNATURE_BYTES;
    let keys = arguments.bytes(0).and_then(|bytes| {
        let fits = (1..=KEYS_MAX).contains(&(bytes.len() / EACH)) && bytes.len().is_multiple_of(EACH);
        if fits { Ok(bytes) } else { Err(Stop::Halt(Halt::BadInput)) }
    });
    call.gas.charge(price(KEYS_GAS, KEY_GAS, keys.as_ref().map_or(1, |keys| keys.len() / EACH)))?;
    let mut proved = Vec::new();
    for item in decoded(keys)?.chunks_exact(EACH) {
        let (key, proof) = item.split_at_checked(PUBLIC_KEY_BYTES).ok_or_else(|| named(MALFORMED_INPUT))?;
        if !bls::verify_possession(key, proof) {
            return Err(named(INVALID_KEY));
        }
        proved.extend_from_slice(key);
    }
    let sum = bls::aggregate_public_keys(&proved).ok_or_else(|| named(INVALID_KEY))?;
    Ok(abi::dynamic(&sum))
}

fn verify_gas(message_bytes: usize) -> u64 {
    price(VERIFY_GAS, MESSAGE_BYTE_GAS, message_bytes)
}

/// Two pairings. Others ask for a 24th of it, which would be the cheapest way to keep nodes busy.
const VERIFY_GAS: u64 = 120_000;
const MESSAGE_BYTE_GAS: u64 = 10;
const SIGNATURE_GAS: u64 = 8_000;
const SIGNATURES_MAX: usize = 1_024;
const KEYS_GAS: u64 = 5_000;
const KEY_GAS: u64 = VERIFY_GAS;
const KEYS_MAX: usize = 128;

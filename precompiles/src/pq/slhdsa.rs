//! SLH-DSA (FIPS 205): signatures from hash functions, all twelve sets.

use crate::abi::Arguments;
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Stop};
use crate::pure::{BAD_FRAME, Fields, MALFORMED_INPUT, decoded, dispatch, high, low, named, price, size, truth};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::Bytes;
use pars_crypto::slhdsa::{self, Set};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "SLHDSA",
    about: "Verifies SLH-DSA signatures (FIPS 205) of all twelve sets.",
    at: low(0x0604),
    also: &[low(0x1_2203), high(0x0200, 9), high(0x0600, 1)],
    config_key: "slhdsaVerify",
    config: Kind::Plain,
    pure: true,
    run,
    configure: configures_nothing,
    predicate_gas: None,
    interface: INTERFACES,
};

static INTERFACES: &[&Interface] = &[&VERIFY, &INTERFACE];

/// Selector of `verify(bytes,bytes,bytes)`.
pub(super) const VERIFY_SELECTOR: [u8; 4] = [0xde, 0x8f, 0x50, 0xa1];

/// The function that callers of another address may mean too.
pub(super) static VERIFY: Interface = Interface {
    structs: &[],
    functions: &[Function {
        selector: VERIFY_SELECTOR,
        solidity: "function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature) external view returns (bool valid)",
        about: "Whether a message was signed with an empty context by a set of SHA-2, which is told by the lengths of key and signature.",
        from_durango: false,
        run: verify,
    }],
    events: &[],
};

static INTERFACE: Interface = Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0xc7, 0xd6, 0x14, 0x23],
            solidity: "function slhdsaVerify(uint8 set, bytes calldata publicKey, bytes calldata message, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a message was signed with an empty context. Sets 0x00 to 0x05 are SHA2-128s, 128f, 192s, 192f, 256s and 256f, sets 0x10 to 0x15 the same of SHAKE.",
            from_durango: false,
            run: verify_of_set,
        },
        Function {
            selector: [0x2b, 0xa4, 0xca, 0x94],
            solidity: "function verifyWithContext(uint8 set, bytes calldata publicKey, bytes calldata message, bytes calldata signature, bytes calldata context) external view returns (bool valid)",
            about: "The same with a context, which is at most 255 bytes long.",
            from_durango: false,
            run: verify_with_context,
        },
    ],
    events: &[],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES, Some(raw))
}

fn raw(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    raw_verify(call, call.input).map(truth)
}

/// Mode, public key and message with their lengths in two bytes each, signature. For the unified row too.
pub(super) fn raw_verify(call: &mut Call<'_>, body: &[u8]) -> Result<bool, Stop> {
    let mut fields = Fields::new(body);
    let set = fields.byte().and_then(of_mode).ok_or(BAD_FRAME)?;
    let (public_key, message) = fields.short().zip(fields.short()).ok_or(BAD_FRAME)?;
    let signature = fields.rest();
    if public_key.len() != set.public_key_bytes() || signature.len() != set.signature_bytes() {
        return Err(BAD_FRAME);
    }
    call.gas.charge(gas(Some(set), message.len()))?;
    Ok(slhdsa::verify(set, public_key, message, &[], signature))
}

fn verify(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let [public_key, message, signature] = [0, 1, 2].map(|place| arguments.bytes(place));
    let set = public_key.as_ref().ok().zip(signature.as_ref().ok());
    let set = set.and_then(|(key, signature)| of_lengths(key.len(), signature.len()));
    call.gas.charge(gas(set, size(&message)))?;
    let (public_key, message, signature) = (decoded(public_key)?, decoded(message)?, decoded(signature)?);
    Ok(truth(set.is_some_and(|set| slhdsa::verify(set, public_key, message, &[], signature))))
}

fn verify_of_set(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    abi_verify(call, arguments, Ok(&[])).map(truth)
}

fn verify_with_context(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    abi_verify(call, arguments, arguments.bytes(4)).map(truth)
}

/// By a function that names the set. For the unified row too.
pub(super) fn abi_verify(
    call: &mut Call<'_>,
    arguments: Arguments<'_>,
    context: Result<&[u8], Stop>,
) -> Result<bool, Stop> {
    let mode = arguments.uint8(0);
    let set = mode.as_ref().ok().and_then(|mode| of_mode(*mode));
    let [public_key, message, signature] = [1, 2, 3].map(|place| arguments.bytes(place));
    call.gas.charge(gas(set, size(&message)))?;
    let (public_key, message) = (decoded(public_key)?, decoded(message)?);
    let (signature, context) = (decoded(signature)?, decoded(context)?);
    let set = set.ok_or_else(|| named(MALFORMED_INPUT))?;
    Ok(slhdsa::verify(set, public_key, message, context, signature))
}

/// The set of a mode.
const fn of_mode(mode: u8) -> Option<Set> {
    Some(match mode {
        0x00 => Set::Sha2_128s,
        0x01 => Set::Sha2_128f,
        0x02 => Set::Sha2_192s,
        0x03 => Set::Sha2_192f,
        0x04 => Set::Sha2_256s,
        0x05 => Set::Sha2_256f,
        0x10 => Set::Shake128s,
        0x11 => Set::Shake128f,
        0x12 => Set::Shake192s,
        0x13 => Set::Shake192f,
        0x14 => Set::Shake256s,
        0x15 => Set::Shake256f,
        _ => return None,
    })
}

/// The set of SHA-2 with these lengths.
fn of_lengths(public_key: usize, signature: usize) -> Option<Set> {
    let mut sets = (0x00..=0x05).filter_map(of_mode);
    sets.find(|set| (set.public_key_bytes(), set.signature_bytes()) == (public_key, signature))
}

/// Of the cheapest set where there is none. SHAKE's sets are dearer than those of other chains: there the work for one
/// unit of gas was up to five times that of a recovered signature.
fn gas(set: Option<Set>, message_bytes: usize) -> u64 {
    let base = match set {
        None | Some(Set::Sha2_128s) => 50_000,
        Some(Set::Sha2_128f) => 75_000,
        Some(Set::Sha2_192s) => 100_000,
        Some(Set::Sha2_192f) => 150_000,
        Some(Set::Sha2_256s | Set::Shake128s) => 175_000,
        Some(Set::Sha2_256f | Set::Shake192s) => 250_000,
        Some(Set::Shake256s) => 350_000,
        Some(Set::Shake128f) => 500_000,
        Some(Set::Shake192f | Set::Shake256f) => 725_000,
    };
    price(base, MESSAGE_BYTE_GAS, message_bytes)
}

const MESSAGE_BYTE_GAS: u64 = 10;

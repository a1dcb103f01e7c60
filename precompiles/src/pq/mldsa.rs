//! ML-DSA (FIPS 204): signatures of all three sets.

use crate::abi::{self, Arguments};
use crate::config::Kind;
use crate::interface::{Function, Interface, dispatch as by_selector};
use crate::port::{Call, Halt, Stop};
use crate::pq::mlkem;
use crate::pure::{
    BAD_FRAME, Fields, INVALID_KEY, MALFORMED_INPUT, SEED_REQUIRED, UNKNOWN_SELECTOR, bitmap, decoded, high, low,
    named, pay_for_secret, price, size, truth, two_bytes, words,
};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::{Address, B256, Bytes};
use pars_crypto::mldsa::{self, Set};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "MLDSA",
    about: "Verifies ML-DSA signatures (FIPS 204) of sets 44, 65 and 87.",
    at: low(0x0601),
    also: &[low(0x0602), low(0x1_2201), low(0x1_2202), high(0x0200, 6)],
    config_key: KEY,
    config: Kind::Secrets,
    pure: true,
    run,
    configure: configures_nothing,
    predicate_gas: None,
    interface: INTERFACES,
};

const KEY: &str = "mldsaVerify";

/// Two addresses that public sources give to ML-DSA and to ML-KEM, one the other way round than the other: what is called
/// there is told by selector only.
const EITHER: [Address; 2] = [low(0x1_2201), low(0x1_2202)];

static INTERFACES: &[&Interface] = &[&INTERFACE];

static INTERFACE: Interface = Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0xde, 0x8f, 0x50, 0xa1],
            solidity: "function verify(bytes calldata publicKey, bytes calldata message, bytes calldata signature) external view returns (bool valid)",
            about: "Whether a message was signed with an empty context. The set is told by the key's length.",
            from_durango: false,
            run: verify,
        },
        Function {
            selector: [0xaf, 0xad, 0xe8, 0x98],
            solidity: "function verifyWithContext(bytes calldata publicKey, bytes calldata message, bytes calldata signature, bytes calldata context) external view returns (bool valid)",
            about: "Whether a message was signed with this context, which is at most 255 bytes long.",
            from_durango: false,
            run: verify_with_context,
        },
        Function {
            selector: [0x9c, 0xed, 0xd8, 0x93],
            solidity: "function verifyBatch(uint8 set, bytes calldata context, bytes calldata items) external view returns (uint256 valid)",
            about: "Which of 1 to 256 messages were signed: bit i for item i, the least significant first. Set 0x44, 0x65 or 0x87; an item is the public key, the signature, the message's length in four bytes, and the message.",
            from_durango: false,
            run: verify_batch,
        },
        Function {
            selector: [0x04, 0xa6, 0x7f, 0xb1],
            solidity: "function keyGen(uint8 level, bytes32 seed) external view returns (bytes memory publicKey, bytes memory secretKey)",
            about: "The keys of a seed, of level 2, 3 or 5. Everybody sees the secret key: for development networks, off elsewhere.",
            from_durango: false,
            run: key_gen,
        },
        Function {
            selector: [0x01, 0x37, 0xe6, 0x1a],
            solidity: "function sign(bytes calldata secretKey, bytes calldata message) external view returns (bytes memory signature)",
            about: "Signs without randomness and with an empty context. Everybody sees the secret key: for development networks, off elsewhere.",
            from_durango: false,
            run: sign,
        },
        Function {
            selector: [0xf7, 0x9f, 0xa0, 0x94],
            solidity: "function keyGen(uint8 level) external view returns (bytes memory publicKey, bytes memory secretKey)",
            about: "Reverts with SeedRequired: a chain has no randomness of its own.",
            from_durango: false,
            run: key_gen_without_seed,
        },
    ],
    events: &[],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let either = EITHER.contains(&call.at);
    let own = by_selector(call, INTERFACES);
    if own != Err(Stop::Halt(Halt::UnknownSelector)) {
        return own;
    }
    // What was written for ML-KEM at these addresses goes on to work, while ML-KEM itself is on.
    if (either || call.at == ENTRY.at) && call.facts.rows.has(mlkem::ENTRY.config_key) {
        let foreign = by_selector(call, mlkem::INTERFACES);
        if foreign != Err(Stop::Halt(Halt::UnknownSelector)) {
            return foreign;
        }
    }
    if either { Err(named(UNKNOWN_SELECTOR)) } else { raw(call) }
}

/// Mode, public key, length of the message in 32 bytes, signature, message.
fn raw(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let mut fields = Fields::new(call.input);
    let set = fields.byte().and_then(of_mode).ok_or(BAD_FRAME)?;
    let public_key = fields.take(set.public_key_bytes()).ok_or(BAD_FRAME)?;
    let declared: &[u8; 32] = fields.array().ok_or(BAD_FRAME)?;
    let signature = fields.take(set.signature_bytes()).ok_or(BAD_FRAME)?;
    let message = fields.rest();
    // All 32 bytes count: other high ones would be another spelling of the same call.
    if *declared != B256::from(alloy_primitives::U256::from(message.len())).0 {
        return Err(BAD_FRAME);
    }
    call.gas.charge(verify_gas(Some(set), message.len()))?;
    Ok(truth(mldsa::verify(set, public_key, message, &[], signature)))
}

fn verify(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let [public_key, message, signature] = [0, 1, 2].map(|place| arguments.bytes(place));
    one(call, public_key, message, signature, Ok(&[]))
}

fn verify_with_context(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let [public_key, message, signature, context] = [0, 1, 2, 3].map(|place| arguments.bytes(place));
    one(call, public_key, message, signature, context)
}

type Read<'a> = Result<&'a [u8], Stop>;

fn one(
    call: &mut Call<'_>,
    public_key: Read<'_>,
    message: Read<'_>,
    signature: Read<'_>,
    context: Read<'_>,
) -> Result<Bytes, Stop> {
    let set = public_key.as_ref().ok().and_then(|key| Set::of_public_key(key.len()));
    call.gas.charge(verify_gas(set, size(&message)))?;
    let (public_key, message) = (decoded(public_key)?, decoded(message)?);
    let (signature, context) = (decoded(signature)?, decoded(context)?);
    Ok(truth(set.is_some_and(|set| mldsa::verify(set, public_key, message, context, signature))))
}

fn verify_batch(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    // Cutting the items apart is little work, and bounded.
    call.gas.charge(BATCH_GAS)?;
    let set = decoded(arguments.uint8(0))?;
    let (context, items) = (decoded(arguments.bytes(1))?, decoded(arguments.bytes(2))?);
    let items = of_mode(set).and_then(|set| Some((set, cut(set, items)?)));
    let (set, items) = items.ok_or_else(|| named(MALFORMED_INPUT))?;
    let each = items.iter().fold(0_u64, |gas, item| {
        gas.saturating_add(price(batch_item_gas(set), MESSAGE_WORD_GAS, words(item.message.len())))
    });
    call.gas.charge(each)?;
    Ok(bitmap(items.iter().map(|item| mldsa::verify(set, item.public_key, item.message, context, item.signature))))
}

struct Item<'a> {
    public_key: &'a [u8],
    signature: &'a [u8],
    message: &'a [u8],
}

/// 1 to 256 items without a byte between or behind them.
fn cut(set: Set, bytes: &[u8]) -> Option<Vec<Item<'_>>> {
    let mut fields = Fields::new(bytes);
    let mut items = Vec::new();
    while !fields.is_empty() {
        if items.len() == BATCH_MAX {
            return None;
        }
        let public_key = fields.take(set.public_key_bytes())?;
        let signature = fields.take(set.signature_bytes())?;
        let length = u32::from_be_bytes(*fields.array()?);
        items.push(Item { public_key, signature, message: fields.take(usize::try_from(length).ok()?)? });
    }
    (!items.is_empty()).then_some(items)
}

fn key_gen(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let set = arguments.uint8(0).ok().and_then(of_level);
    pay_for_secret(call, base_gas(set), KEY)?;
    let (set, seed) = (set.ok_or_else(|| named(MALFORMED_INPUT))?, decoded(arguments.word(1))?);
    let keys = mldsa::key_pair(set, &seed.0);
    Ok(two_bytes(&keys.public_key, &keys.secret_key))
}

fn sign(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let [secret_key, message] = [0, 1].map(|place| arguments.bytes(place));
    let set = secret_key.as_ref().ok().and_then(|key| Set::of_secret_key(key.len()));
    let gas = price(SIGN_FACTOR * base_gas(set), MESSAGE_BYTE_GAS, size(&message));
    pay_for_secret(call, gas, KEY)?;
    let (secret_key, message) = (decoded(secret_key)?, decoded(message)?);
    let signature = set.and_then(|set| mldsa::sign(set, secret_key, message, &[]));
    Ok(abi::dynamic(&signature.ok_or_else(|| named(INVALID_KEY))?))
}

fn key_gen_without_seed(_: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    Err(named(SEED_REQUIRED))
}

/// The set of a mode of the raw form: its name read as hexadecimal digits.
pub(super) const fn of_mode(mode: u8) -> Option<Set> {
    match mode {
        0x44 => Some(Set::MlDsa44),
        0x65 => Some(Set::MlDsa65),
        0x87 => Some(Set::MlDsa87),
        _ => None,
    }
}

/// The set of one of NIST's levels.
const fn of_level(level: u8) -> Option<Set> {
    match level {
        2 => Some(Set::MlDsa44),
        3 => Some(Set::MlDsa65),
        5 => Some(Set::MlDsa87),
        _ => None,
    }
}

/// Price of a verification, of the cheapest set where there is none.
pub(super) fn verify_gas(set: Option<Set>, message_bytes: usize) -> u64 {
    price(base_gas(set), MESSAGE_BYTE_GAS, message_bytes)
}

/// Fixed by what is deployed elsewhere: about ten times what the work costs.
pub(crate) const fn base_gas(set: Option<Set>) -> u64 {
    match set {
        None | Some(Set::MlDsa44) => 75_000,
        Some(Set::MlDsa65) => 100_000,
        Some(Set::MlDsa87) => 150_000,
    }
}

const fn batch_item_gas(set: Set) -> u64 {
    match set {
        Set::MlDsa44 => 6_000,
        Set::MlDsa65 => 8_000,
        Set::MlDsa87 => 12_000,
    }
}

const MESSAGE_BYTE_GAS: u64 = 10;
/// As Ethereum's precompile prices hashing.
const MESSAGE_WORD_GAS: u64 = 6;
const BATCH_GAS: u64 = 3_000;
const BATCH_MAX: usize = 256;
/// Signing repeats its work until a signature comes out, and is not what the row is for.
const SIGN_FACTOR: u64 = 10;

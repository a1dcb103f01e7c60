//! ML-KEM (FIPS 203): a secret for the holder of a key, as a function of the input.
//!
//! Whoever reads the chain knows every secret that goes through here. What encapsulation is good for is to check on chain
//! what somebody encapsulated elsewhere, with coins that are revealed.

use crate::abi::{self, Arguments};
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Stop};
use crate::pq::slhdsa;
use crate::pure::{
    BAD_FRAME, Fields, INVALID_KEY, MALFORMED_INPUT, bytes_and_word, decoded, dispatch, high, low, named,
    pay_for_secret, two_bytes,
};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::{Address, Bytes};
use pars_crypto::hash::shake256;
use pars_crypto::mlkem::{self, COINS_BYTES, Encapsulation, SECRET_BYTES, Set};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "MLKEM",
    about: "Encapsulates secrets for ML-KEM keys (FIPS 203) of sets 512, 768 and 1024. Everybody sees them.",
    at: low(0x0603),
    also: &[AT_OF_BOTH],
    config_key: KEY,
    config: Kind::Secrets,
    pure: true,
    run,
    configure: configures_nothing,
    predicate_gas: None,
    interface: INTERFACES,
};

const KEY: &str = "mlkemConfig";
const AT_OF_BOTH: Address = high(0x0200, 7);

pub(super) static INTERFACES: &[&Interface] = &[&INTERFACE];

static INTERFACE: Interface = Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0x52, 0x0b, 0x60, 0x72],
            solidity: "function encapsulate(uint8 set, bytes calldata encapsulationKey) external view returns (bytes memory ciphertext, bytes32 secret)",
            about: "Encapsulates a secret that follows from the key alone. Set 0, 1 or 2 for 512, 768 or 1024.",
            from_durango: false,
            run: encapsulate,
        },
        Function {
            selector: [0xea, 0x35, 0xb7, 0xec],
            solidity: "function encapsulateDerand(uint8 set, bytes calldata encapsulationKey, bytes32 coins) external view returns (bytes memory ciphertext, bytes32 secret)",
            about: "Encapsulates with given coins, the m of FIPS 203.",
            from_durango: false,
            run: encapsulate_derand,
        },
        Function {
            selector: [0x89, 0xcb, 0x2b, 0xd3],
            solidity: "function encapsulate(bytes calldata encapsulationKey) external view returns (bytes memory ciphertext, bytes memory secret)",
            about: "As the function of this name with a set, which is told by the key's length.",
            from_durango: false,
            run: encapsulate_by_length,
        },
        Function {
            selector: [0x2a, 0x7e, 0xb4, 0x17],
            solidity: "function decapsulate(uint8 set, bytes calldata decapsulationKey, bytes calldata ciphertext) external view returns (bytes32 secret)",
            about: "The secret of a ciphertext; of one that is none, a secret that nobody else knows. Everybody sees the key: for development networks, off elsewhere.",
            from_durango: false,
            run: decapsulate,
        },
        Function {
            selector: [0xa4, 0x68, 0x6c, 0x21],
            solidity: "function decapsulate(bytes calldata decapsulationKey, bytes calldata ciphertext) external view returns (bytes memory secret)",
            about: "As the function of this name with a set, which is told by the key's length.",
            from_durango: false,
            run: decapsulate_by_length,
        },
        Function {
            selector: [0x04, 0xa6, 0x7f, 0xb1],
            solidity: "function keyGen(uint8 level, bytes32 seed) external view returns (bytes memory encapsulationKey, bytes memory decapsulationKey)",
            about: "The keys of a seed, of level 2, 3 or 5 for set 512, 768 or 1024. Everybody sees both: for development networks, off elsewhere.",
            from_durango: false,
            run: key_gen,
        },
    ],
    events: &[],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    // Public Solidity has SLH-DSA at one of this row's addresses.
    if call.at == AT_OF_BOTH
        && call.facts.rows.has(slhdsa::ENTRY.config_key)
        && call.input.starts_with(&slhdsa::VERIFY_SELECTOR)
    {
        return dispatch(call, &[&slhdsa::VERIFY], None);
    }
    dispatch(call, INTERFACES, Some(raw))
}

/// What to do, set, key, and the ciphertext where there is one.
fn raw(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let mut fields = Fields::new(call.input);
    let (operation, set) = fields.byte().zip(fields.byte().and_then(of_number)).ok_or(BAD_FRAME)?;
    match operation {
        0x01 => raw_encapsulate(call, set, fields.rest()),
        0x02 => raw_decapsulate(call, KEY, set, fields.rest()),
        _ => Err(BAD_FRAME),
    }
}

/// Ciphertext and secret, one behind the other.
pub(super) fn raw_encapsulate(call: &mut Call<'_>, set: Set, key: &[u8]) -> Result<Bytes, Stop> {
    call.gas.charge(encapsulate_gas(Some(set)))?;
    let Encapsulation { ciphertext, secret } = encapsulated(set, key).ok_or(BAD_FRAME)?;
    Ok([&ciphertext[..], &secret[..]].concat().into())
}

/// The secret.
pub(super) fn raw_decapsulate(call: &mut Call<'_>, config_key: &str, set: Set, body: &[u8]) -> Result<Bytes, Stop> {
    let mut fields = Fields::new(body);
    let key = fields.take(set.decapsulation_key_bytes()).ok_or(BAD_FRAME)?;
    let ciphertext = fields.rest();
    if ciphertext.len() != set.ciphertext_bytes() {
        return Err(BAD_FRAME);
    }
    pay_for_secret(call, decapsulate_gas(Some(set)), config_key)?;
    Ok(Bytes::copy_from_slice(&*mlkem::decapsulate(set, key, ciphertext).ok_or(BAD_FRAME)?))
}

fn encapsulate(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let (set, key) = (arguments.uint8(0), arguments.bytes(1));
    let Encapsulation { ciphertext, secret } = abi_encapsulated(call, set, key, None)?;
    Ok(bytes_and_word(&ciphertext, &secret))
}

fn encapsulate_derand(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let (set, key, coins) = (arguments.uint8(0), arguments.bytes(1), arguments.word(2).map(|word| word.0));
    let Encapsulation { ciphertext, secret } = abi_encapsulated(call, set, key, Some(coins))?;
    Ok(bytes_and_word(&ciphertext, &secret))
}

/// By a function that names the set. For the unified row too.
pub(super) fn abi_encapsulated(
    call: &mut Call<'_>,
    set: Result<u8, Stop>,
    key: Result<&[u8], Stop>,
    coins: Option<Result<[u8; COINS_BYTES], Stop>>,
) -> Result<Encapsulation, Stop> {
    let known = set.as_ref().ok().and_then(|set| of_number(*set));
    call.gas.charge(encapsulate_gas(known))?;
    let (_, key, coins) = (decoded(set)?, decoded(key)?, coins.map(decoded).transpose()?);
    let made = known.and_then(|set| match &coins {
        Some(coins) => mlkem::encapsulate(set, key, coins),
        None => encapsulated(set, key),
    });
    made.ok_or_else(|| named(INVALID_KEY))
}

fn encapsulate_by_length(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let key = arguments.bytes(0);
    let set = key.as_ref().ok().and_then(|key| Set::of_encapsulation_key(key.len()));
    call.gas.charge(encapsulate_gas(set))?;
    let key = decoded(key)?;
    let Encapsulation { ciphertext, secret } =
        set.and_then(|set| encapsulated(set, key)).ok_or_else(|| named(INVALID_KEY))?;
    Ok(two_bytes(&ciphertext, &*secret))
}

/// With coins that follow from set and key: every node must get the same, and nothing else is the caller's own.
fn encapsulated(set: Set, key: &[u8]) -> Option<Encapsulation> {
    // The price does not count bytes, so no more of them are hashed than a key has.
    if key.len() != set.encapsulation_key_bytes() {
        return None;
    }
    let coins: [u8; COINS_BYTES] = shake256(&[b"pars/mlkem-encapsulate/v1", &[number_of(set)], key]);
    mlkem::encapsulate(set, key, &coins)
}

fn decapsulate(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let set = arguments.uint8(0);
    let secret = abi_decapsulated(call, KEY, set, arguments.bytes(1), arguments.bytes(2))?;
    Ok(Bytes::copy_from_slice(&secret))
}

fn decapsulate_by_length(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let key = arguments.bytes(0);
    let set = key.as_ref().ok().and_then(|key| Set::of_decapsulation_key(key.len()));
    // A length that no set has is no set.
    let number = Ok(set.map_or(u8::MAX, number_of));
    let secret = abi_decapsulated(call, KEY, number, key, arguments.bytes(1))?;
    Ok(abi::dynamic(&secret))
}

/// By a function of the ABI. For the unified row too.
pub(super) fn abi_decapsulated(
    call: &mut Call<'_>,
    config_key: &str,
    set: Result<u8, Stop>,
    key: Result<&[u8], Stop>,
    ciphertext: Result<&[u8], Stop>,
) -> Result<[u8; SECRET_BYTES], Stop> {
    let known = set.as_ref().ok().and_then(|set| of_number(*set));
    pay_for_secret(call, decapsulate_gas(known), config_key)?;
    let (_, key, ciphertext) = (decoded(set)?, decoded(key)?, decoded(ciphertext)?);
    let secret = known.and_then(|set| mlkem::decapsulate(set, key, ciphertext));
    Ok(*secret.ok_or_else(|| named(INVALID_KEY))?)
}

fn key_gen(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let level = arguments.uint8(0);
    let set = level.as_ref().ok().and_then(|level| of_level(*level));
    pay_for_secret(call, encapsulate_gas(set), KEY)?;
    let (level, seed) = (decoded(level)?, decoded(arguments.word(1))?);
    let set = set.ok_or_else(|| named(MALFORMED_INPUT))?;
    let keys = mlkem::key_pair(set, &shake256(&[b"pars/mlkem-keygen/v1", &[level], seed.as_slice()]));
    Ok(two_bytes(&keys.encapsulation_key, &keys.decapsulation_key))
}

/// The set of a number of the functions that name one.
pub(super) const fn of_number(number: u8) -> Option<Set> {
    match number {
        0 => Some(Set::MlKem512),
        1 => Some(Set::MlKem768),
        2 => Some(Set::MlKem1024),
        _ => None,
    }
}

const fn number_of(set: Set) -> u8 {
    match set {
        Set::MlKem512 => 0,
        Set::MlKem768 => 1,
        Set::MlKem1024 => 2,
    }
}

/// The set of a level, as key generation counts them: here 2 means the smallest.
const fn of_level(level: u8) -> Option<Set> {
    match level {
        2 => Some(Set::MlKem512),
        3 => Some(Set::MlKem768),
        5 => Some(Set::MlKem1024),
        _ => None,
    }
}

/// Of the cheapest set where there is none.
const fn encapsulate_gas(set: Option<Set>) -> u64 {
    match set {
        None | Some(Set::MlKem512) => 50_000,
        Some(Set::MlKem768) => 75_000,
        Some(Set::MlKem1024) => 100_000,
    }
}

const fn decapsulate_gas(set: Option<Set>) -> u64 {
    match set {
        None | Some(Set::MlKem512) => 60_000,
        Some(Set::MlKem768) => 90_000,
        Some(Set::MlKem1024) => 120_000,
    }
}

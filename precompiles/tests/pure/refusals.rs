//! What is far from every good call: sizes that no set has, numbers that name nothing, raw bytes whose own lengths agree with
//! each other and with no set. And what comes first: the price, the flag, then work.

use crate::calling::{Argument, Outcome, Setting, call, encoded};
use crate::operations::{Form, Operation, declared, operations, parameters, selector};
use alloy_primitives::Bytes;
use pars_precompiles::port::{Halt, Rows, Stop};
use pars_precompiles::pure::{INVALID_KEY, MALFORMED_INPUT, ON_CHAIN_SECRETS_DISABLED, named, truth};
use std::collections::BTreeSet;

const BAD_FRAME: Result<Bytes, Stop> = Err(Stop::Halt(Halt::BadInput));
const OUT_OF_GAS: Result<Bytes, Stop> = Err(Stop::Halt(Halt::OutOfGas));

/// Functions whose price depends on a set: which arguments tell it, and the price where they tell none, to which the bytes of
/// a message are added.
const OF_SETS: [(&str, &str, &[usize], u64); 20] = [
    ("mldsaVerify", "verify(bytes,bytes,bytes)", &[0], 75_000),
    ("mldsaVerify", "verifyWithContext(bytes,bytes,bytes,bytes)", &[0], 75_000),
    ("mldsaVerify", "keyGen(uint8,bytes32)", &[0], 75_000),
    ("mldsaVerify", "sign(bytes,bytes)", &[0], 750_000),
    ("mlkemConfig", "encapsulate(uint8,bytes)", &[0], 50_000),
    ("mlkemConfig", "encapsulateDerand(uint8,bytes,bytes32)", &[0], 50_000),
    ("mlkemConfig", "encapsulate(bytes)", &[0], 50_000),
    ("mlkemConfig", "decapsulate(uint8,bytes,bytes)", &[0], 60_000),
    ("mlkemConfig", "decapsulate(bytes,bytes)", &[0], 60_000),
    ("mlkemConfig", "keyGen(uint8,bytes32)", &[0], 50_000),
    ("slhdsaVerify", "verify(bytes,bytes,bytes)", &[0, 2], 50_000),
    ("slhdsaVerify", "slhdsaVerify(uint8,bytes,bytes,bytes)", &[0], 50_000),
    ("slhdsaVerify", "verifyWithContext(uint8,bytes,bytes,bytes,bytes)", &[0], 50_000),
    ("pqCryptoConfig", "mldsaVerify(uint8,bytes,bytes,bytes)", &[0], 75_000),
    ("pqCryptoConfig", "mlkemEncapsulate(uint8,bytes)", &[0], 50_000),
    ("pqCryptoConfig", "mlkemDecapsulate(uint8,bytes,bytes)", &[0], 60_000),
    ("pqCryptoConfig", "slhdsaVerify(uint8,bytes,bytes,bytes)", &[0], 50_000),
    ("hybridVerify", "verifyBlsMldsa(bytes,bytes,bytes,bytes,bytes)", &[1], 195_000),
    ("hybridVerify", "verifyEcdsaMldsa(bytes,bytes,bytes,bytes,bytes)", &[1], 80_000),
    ("frostVerify", "verify(uint8,bytes,bytes,bytes)", &[0], 55_000),
];

/// Arguments that may have any size, or hold several things with sizes of their own: tests of their rows see to them.
const ANY_SIZE: [&str; 3] = ["message", "ballots", "keysWithProofs"];

fn run(operation: &Operation, input: &[u8]) -> Outcome {
    call(operation.row, Setting::at(operation.row.at), input)
}

/// The same call with another argument.
fn with(operation: &Operation, place: usize, argument: Argument) -> Vec<u8> {
    let Form::Function(selector, arguments) = &operation.form else { panic!("{} has arguments", operation.name) };
    let mut arguments = arguments.clone();
    arguments[place] = argument;
    encoded(*selector, &arguments)
}

/// What the operation costs when this argument tells no set.
fn price_without(operation: &Operation, place: usize) -> u64 {
    let Form::Function(called, arguments) = &operation.form else { panic!("{} has arguments", operation.name) };
    let of_set = OF_SETS.iter().find(|(config_key, function, places, _)| {
        operation.row.config_key == *config_key && selector(function) == *called && places.contains(&place)
    });
    let Some((.., cheapest)) = of_set else { return operation.price };
    let message = parameters(operation.row, *called).iter().position(|name| *name == "message");
    let Some(Argument::Bytes(message)) = message.map(|place| &arguments[place]) else { return *cheapest };
    cheapest + 10 * u64::try_from(message.len()).unwrap()
}

/// Whoever verifies says no. Of a key that is none there is nothing that could be given.
#[test]
fn sizes_that_no_set_has() {
    let (mut seen, mut told) = (0, BTreeSet::new());
    for operation in operations() {
        let Form::Function(called, arguments) = &operation.form else { continue };
        let verifies = declared(operation.row, *called).ends_with("(bool valid)");
        let expected = if verifies { Ok(truth(false)) } else { Err(named(INVALID_KEY)) };
        let names = parameters(operation.row, *called);
        // The context of a batch is one of any size, which is that of no signature: an answer, and no refusal.
        let is_batch = names.contains(&"items");
        for (place, name) in names.iter().enumerate() {
            let Argument::Bytes(bytes) = &arguments[place] else { continue };
            if is_batch || ANY_SIZE.contains(name) {
                continue;
            }
            let price = price_without(&operation, place);
            for size in [0, bytes.len().saturating_sub(1), bytes.len() + 1, bytes.len() + 65_536] {
                let mut other = bytes.clone();
                other.resize(size, 0);
                if other == *bytes {
                    continue;
                }
                let ended = run(&operation, &with(&operation, place, Argument::Bytes(other)));
                assert_eq!(ended, (expected.clone(), price), "{} with {size} bytes of {name}", operation.name);
                seen += 1;
            }
            if price != operation.price {
                told.insert((operation.row.config_key, *called));
            }
        }
    }
    println!("{seen} sizes");
    assert!(seen > 800, "{seen}");
    // Of the functions above, those that tell a set by sizes.
    assert_eq!(told.len(), 8, "{told:?}");
}

#[test]
fn numbers_that_name_nothing() {
    let operations = operations();
    let mut seen = 0;
    for (config_key, function, places, _) in OF_SETS {
        let of_function = || {
            operations.iter().filter(|operation| {
                let is_called = matches!(&operation.form, Form::Function(called, _) if *called == selector(function));
                operation.row.config_key == config_key && is_called
            })
        };
        assert!(of_function().next().is_some(), "{function}");
        let number = |operation: &Operation| match &operation.form {
            Form::Function(_, arguments) => match arguments[places[0]] {
                Argument::Number(number) => Some(number),
                Argument::Bytes(_) | Argument::List(_) | Argument::Word(_) => None,
            },
            Form::Raw(_) | Form::Open(_) => None,
        };
        let known: BTreeSet<u64> = of_function().filter_map(number).collect();
        if known.is_empty() {
            continue;
        }
        let is_of_keys = !function.starts_with("keyGen") && function.to_lowercase().contains("capsulate");
        let error = if is_of_keys { INVALID_KEY } else { MALFORMED_INPUT };
        for operation in of_function() {
            for other in (0..256).filter(|number| !known.contains(number)) {
                let ended = run(operation, &with(operation, places[0], Argument::Number(other)));
                let expected = (Err(named(error)), price_without(operation, places[0]));
                assert_eq!(ended, expected, "{} with {other}", operation.name);
                seen += 1;
            }
        }
    }
    println!("{seen} numbers");
    assert!(seen > 15_000, "{seen}");
}

/// The bytes of raw calls that say what they are.
#[test]
fn raw_modes_that_name_nothing() {
    let operations = operations();
    let raws: Vec<(&Operation, &Vec<u8>)> = operations
        .iter()
        .filter_map(|operation| if let Form::Raw(bytes) = &operation.form { Some((operation, bytes)) } else { None })
        .collect();
    let mut seen = 0;
    for (config_key, place) in
        [("mldsaVerify", 0), ("mlkemConfig", 0), ("mlkemConfig", 1), ("slhdsaVerify", 0), ("pqCryptoConfig", 4)]
    {
        let of_row = || raws.iter().filter(|(operation, _)| operation.row.config_key == config_key);
        for (operation, bytes) in of_row() {
            let alike = of_row().filter(|(_, other)| other[..place] == bytes[..place]);
            let known: BTreeSet<u8> = alike.map(|(_, other)| other[place]).collect();
            for mode in (0..=u8::MAX).filter(|mode| !known.contains(mode)) {
                let mut other = (*bytes).clone();
                other[place] = mode;
                assert_eq!(run(operation, &other), (BAD_FRAME, 0), "{} with {mode:#04x}", operation.name);
                seen += 1;
            }
        }
    }
    println!("{seen} modes");
    assert!(seen > 10_000, "{seen}");
}

/// A key, or a signature, that is a byte too short or too long, and whose length says so.
#[test]
fn raw_lengths_that_no_set_has() {
    let mut seen = 0;
    for operation in operations() {
        let Form::Raw(bytes) = &operation.form else { continue };
        let place = match operation.row.config_key {
            "slhdsaVerify" => 1,
            "hybridVerify" => 96,
            "pqCryptoConfig" if bytes.starts_with(b"mlds") || bytes.starts_with(b"slhs") => 5,
            _ => continue,
        };
        let length = u16::from_be_bytes([bytes[place], bytes[place + 1]]);
        let start = place + 2;
        for other in [0, length - 1, length + 1] {
            let mut field = bytes[start..start + usize::from(length)].to_vec();
            field.resize(other.into(), 0);
            let rest = &bytes[start + usize::from(length)..];
            let bad = [&bytes[..place], &other.to_be_bytes(), &field, rest].concat();
            assert_eq!(run(&operation, &bad), (BAD_FRAME, 0), "{} with {other} bytes", operation.name);
            seen += 1;
        }
    }
    assert_eq!(seen, 3 * (12 + 1 + 12 + 6));
}

/// Whatever is wrong with a call shows only once it is paid, and what concerns secrets only where they may be seen.
#[test]
fn the_price_comes_first_and_then_the_flag() {
    let mut seen = 0;
    for operation in operations() {
        for bad in bent(&operation) {
            let (_, spent) = run(&operation, &bad);
            // What has other lengths inside may be of another price.
            assert!(spent > 0 && spent <= operation.price, "{}", operation.name);
            let less = Setting { gas: spent - 1, ..Setting::at(operation.row.at) };
            assert_eq!(call(operation.row, less, &bad).0, OUT_OF_GAS, "{}", operation.name);
            if operation.secret {
                let off = Setting { secrets: Rows::default(), ..Setting::at(operation.row.at) };
                let expected = (Err(named(ON_CHAIN_SECRETS_DISABLED)), spent);
                assert_eq!(call(operation.row, off, &bad), expected, "{}", operation.name);
            }
            seen += 1;
        }
    }
    println!("{seen} calls");
    assert!(seen > 300, "{seen}");
}

/// With a bit turned over in the middle of each argument, and of raw bytes, which is in a key or a signature.
fn bent(operation: &Operation) -> Vec<Vec<u8>> {
    let bend = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    match &operation.form {
        Form::Raw(bytes) | Form::Open(bytes) => vec![bend(bytes)],
        Form::Function(_, arguments) => arguments
            .iter()
            .enumerate()
            .filter_map(|(place, argument)| match argument {
                Argument::Bytes(bytes) if !bytes.is_empty() => Some((place, Argument::Bytes(bend(bytes)))),
                Argument::List(members) => {
                    Some((place, Argument::List(members.iter().map(|member| bend(member)).collect())))
                }
                Argument::Bytes(_) | Argument::Number(_) | Argument::Word(_) => None,
            })
            .map(|(place, argument)| with(operation, place, argument))
            .collect(),
    }
}

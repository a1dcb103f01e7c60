//! The largest inputs that the gas of a block pays for.

use crate::calling::{Argument, Setting, call, encoded, row};
use crate::operations::{Form, Operation, bls_key, bls_possession, bls_public, operations, selector};
use alloy_primitives::{Bytes, U256};
use pars_precompiles::port::{Halt, Stop};
use pars_precompiles::pure::truth;
use pars_precompiles::registry::{TABLE, rows_of};

/// Gas of a block.
const GAS: u64 = 15_000_000;
/// A byte of a message costs so much in all functions but the cheap ones.
const MESSAGE_BYTE_GAS: u64 = 10;
/// And a word in those.
const MESSAGE_WORD_GAS: u64 = 6;

const OUT_OF_GAS: Result<Bytes, Stop> = Err(Stop::Halt(Halt::OutOfGas));

fn run(operation: &Operation, input: &[u8]) -> (Result<Bytes, Stop>, u64) {
    call(operation.row, Setting { gas: GAS, ..Setting::at(operation.row.at) }, input)
}

/// What remains of a block's gas, in messages at a price.
fn affordable(price: u64, each: u64) -> usize {
    usize::try_from((GAS - price) / each).unwrap()
}

/// Which argument of a function is called `message`.
fn place_of_message(operation: &Operation, selector: [u8; 4]) -> Option<usize> {
    let mut functions = operation.row.interface.iter().flat_map(|part| part.functions);
    let declared = functions.find(|function| function.selector == selector).unwrap().solidity;
    let parameters = declared.split(['(', ')']).nth(1).unwrap();
    parameters.split(", ").position(|parameter| parameter.ends_with(" message"))
}

#[test]
fn messages_of_functions() {
    let (mut called, mut longest) = (0, 0);
    for operation in operations() {
        let Form::Function(selector, arguments) = &operation.form else { continue };
        let Some(place) = place_of_message(&operation, *selector) else { continue };
        let Argument::Bytes(message) = &arguments[place] else { panic!("{}", operation.name) };
        let more = affordable(operation.price, MESSAGE_BYTE_GAS);
        let with = |bytes: usize| {
            let mut arguments = arguments.clone();
            arguments[place] = Argument::Bytes(vec![0x61; bytes]);
            encoded(*selector, &arguments)
        };
        let (ended, spent) = run(&operation, &with(message.len() + more));
        let answer = ended.unwrap_or_else(|stop| panic!("{}: {stop:?}", operation.name));
        assert_eq!(answer.len(), operation.answer.len(), "{}", operation.name);
        assert_ne!(answer, operation.answer, "{}", operation.name);
        assert!(spent <= GAS && spent + MESSAGE_BYTE_GAS > GAS, "{} {spent}", operation.name);
        assert_eq!(run(&operation, &with(message.len() + more + 1)).0, OUT_OF_GAS, "{}", operation.name);
        called += 1;
        longest = longest.max(message.len() + more);
    }
    println!("{called} functions with messages of up to {longest} bytes");
    assert!(called >= 70, "{called}");
}

/// Whose length stands in 32 bytes, or nowhere.
#[test]
fn messages_of_raw_bytes() {
    const MESSAGE: usize = b"a message of more than a word of bytes".len();
    let mut called = 0;
    for operation in operations() {
        let (input, more) = match &operation.form {
            Form::Raw(input) if operation.row.config_key == "mldsaVerify" => {
                (input, affordable(operation.price, MESSAGE_BYTE_GAS))
            }
            // Whole words are paid for.
            Form::Open(input) => {
                let words = affordable(operation.price, MESSAGE_WORD_GAS);
                (input, 32 * words + MESSAGE.next_multiple_of(32) - MESSAGE)
            }
            Form::Raw(_) | Form::Function(..) => continue,
        };
        let with = |bytes: usize| {
            let mut input = [&input[..], &vec![0x61; bytes]].concat();
            if let Form::Raw(short) = &operation.form {
                let declared = U256::from(MESSAGE).to_be_bytes::<32>();
                let at = short.windows(32).position(|word| *word == declared).unwrap();
                input[at..at + 32].copy_from_slice(&U256::from(MESSAGE + bytes).to_be_bytes::<32>());
            }
            input
        };
        let (ended, spent) = run(&operation, &with(more));
        assert_eq!(ended, Ok(truth(false)), "{}", operation.name);
        assert!(spent <= GAS && spent + MESSAGE_BYTE_GAS > GAS, "{} {spent}", operation.name);
        assert_eq!(run(&operation, &with(more + 1)).0, OUT_OF_GAS, "{}", operation.name);
        println!("{}: a message of {} bytes", operation.name, MESSAGE + more);
        called += 1;
    }
    assert_eq!(called, 6);
}

/// A length of two bytes ends before the gas does.
#[test]
fn messages_of_65_535_bytes() {
    let mut called = 0;
    for operation in operations() {
        let Form::Raw(input) = &operation.form else { continue };
        let [name, rest] = match operation.row.config_key {
            "slhdsaVerify" => [&input[..0], &input[..]],
            "pqCryptoConfig" if [b"mlds", b"slhs"].iter().any(|name| input.starts_with(*name)) => {
                [&input[..4], &input[4..]]
            }
            _ => continue,
        };
        // Mode, key and message with their lengths, signature.
        let length = |at: usize| usize::from(u16::from_be_bytes([rest[at], rest[at + 1]]));
        let at = 1 + 2 + length(1);
        let message = length(at);
        let longest = [name, &rest[..at], &u16::MAX.to_be_bytes(), &[0x61; 65_535], &rest[at + 2 + message..]].concat();
        let (ended, spent) = run(&operation, &longest);
        assert!(ended.is_ok_and(|answer| answer.len() == operation.answer.len()), "{}", operation.name);
        let more = u64::try_from(65_535 - message).unwrap();
        assert_eq!(spent, operation.price + MESSAGE_BYTE_GAS * more, "{}", operation.name);
        called += 1;
    }
    assert_eq!(called, 12 + 12 + 6);
}

#[test]
fn a_batch_of_one_long_message() {
    let entry = row("mldsaVerify");
    let more = affordable(3_000 + 6_000, MESSAGE_WORD_GAS) * 32;
    let run = |bytes: usize| {
        let item = [&[0; 1_312 + 2_420][..], &u32::try_from(bytes).unwrap().to_be_bytes(), &vec![0x61; bytes]].concat();
        let arguments = [Argument::Number(0x44), Argument::Bytes(vec![]), Argument::Bytes(item)];
        let input = encoded(selector("verifyBatch(uint8,bytes,bytes)"), &arguments);
        call(entry, Setting { gas: GAS, ..Setting::at(entry.at) }, &input)
    };
    let (ended, spent) = run(more);
    assert_eq!(ended, Ok(truth(false)));
    assert!(spent <= GAS && spent + MESSAGE_WORD_GAS > GAS, "{spent}");
    assert_eq!(run(more + 1).0, OUT_OF_GAS);
    println!("verifyBatch: a message of {more} bytes");
}

#[test]
fn as_many_keys() {
    let entry = &TABLE[rows_of("blsConfig").nth(1).unwrap()];
    let (keys, secret) = (affordable(5_000, 120_000), bls_key(3));
    let proved = [bls_public(&secret), bls_possession(&secret)].concat();
    let run = |keys: usize| {
        let arguments = [Argument::Bytes(proved.repeat(keys))];
        let input = encoded(selector("aggregatePublicKeys(bytes)"), &arguments);
        call(entry, Setting { gas: GAS, ..Setting::at(entry.at) }, &input)
    };
    let (ended, spent) = run(keys);
    assert!(ended.is_ok() && spent <= GAS && spent + 120_000 > GAS, "{ended:?} {spent}");
    assert_eq!(run(keys + 1).0, OUT_OF_GAS);
    println!("aggregatePublicKeys: {keys} keys");
}

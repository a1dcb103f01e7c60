//! What holds for every operation.

use crate::calling::{Argument, Setting, call, encoded, row};
use crate::operations::{Form, Operation, ballot, operations, selector};
use alloy_primitives::{Address, B256, Bytes, U256};
use pars_crypto::mldsa::Set as Dsa;
use pars_precompiles::port::{Halt, Rows, Stop};
use pars_precompiles::pure::{
    INVALID_KEY, MALFORMED_INPUT, ON_CHAIN_SECRETS_DISABLED, SEED_REQUIRED, UNKNOWN_SELECTOR, high, low, truth,
};
use pars_precompiles::registry::{Entry, TABLE, rows_of};

fn addresses(entry: &Entry) -> impl Iterator<Item = Address> {
    [entry.at].into_iter().chain(entry.also.iter().copied())
}

fn reverted(error: [u8; 4]) -> Result<Bytes, Stop> {
    Err(Stop::Revert(Bytes::copy_from_slice(&error)))
}

/// Of `verify(uint32,uint32,bytes32,bytes32,bytes)` and `verify(uint32,uint32,bytes,bytes32,bytes)`.
const UINT32: [u8; 4] = [0xab, 0xd7, 0x0f, 0x77];
const UINT32_TOO: [u8; 4] = [0xf7, 0x3e, 0x92, 0x9b];

const BAD_FRAME: Result<Bytes, Stop> = Err(Stop::Halt(Halt::BadInput));

/// Two addresses tell by selector alone whom they are asked for.
fn takes_raw(at: Address) -> bool {
    ![low(0x1_2201), low(0x1_2202)].contains(&at)
}

#[test]
fn every_address_answers_for_its_price_and_not_for_less() {
    let operations = operations();
    let mut calls = 0;
    for operation in &operations {
        let (name, input, price) = (&operation.name, operation.input(), operation.price);
        for at in addresses(operation.row) {
            if matches!(operation.form, Form::Raw(_)) && !takes_raw(at) {
                assert_eq!(call(operation.row, Setting::at(at), &input).0, reverted(UNKNOWN_SELECTOR), "{name}");
                continue;
            }
            for (gas, read_only) in [(price, false), (price + 1, true)] {
                let ended = call(operation.row, Setting { gas, read_only, ..Setting::at(at) }, &input);
                assert_eq!(ended, (Ok(operation.answer.clone()), price), "{name} at {at}");
            }
            let (ended, _) = call(operation.row, Setting { gas: price - 1, ..Setting::at(at) }, &input);
            assert_eq!(ended, Err(Stop::Halt(Halt::OutOfGas)), "{name} at {at}");
            calls += 3;
        }
    }
    println!("{} operations, {calls} calls", operations.len());
    // Each row is there, and each function that does something.
    for entry in TABLE.iter().filter(|entry| entry.pure) {
        let of_row = || operations.iter().filter(|operation| operation.row.at == entry.at);
        assert!(of_row().next().is_some(), "{}", entry.name);
        for function in entry.interface.iter().flat_map(|part| part.functions) {
            let called = |form: &Form| matches!(form, Form::Function(selector, _) if *selector == function.selector);
            let does_nothing = function.selector == selector("keyGen(uint8)");
            assert!(does_nothing || of_row().any(|one| called(&one.form)), "{} {}", entry.name, function.solidity);
        }
    }
}

#[test]
fn secrets_are_off_where_nobody_allowed_them() {
    for operation in operations() {
        let off = Setting { secrets: Rows::default(), ..Setting::at(operation.row.at) };
        let (ended, spent) = call(operation.row, off, &operation.input());
        let expected =
            if operation.secret { reverted(ON_CHAIN_SECRETS_DISABLED) } else { Ok(operation.answer.clone()) };
        assert_eq!((ended, spent), (expected, operation.price), "{}", operation.name);
        // The flag of another row changes nothing.
        let others = (0..TABLE.len()).filter(|row| TABLE[*row].at != operation.row.at).collect();
        let (ended, _) = call(operation.row, Setting { secrets: others, ..off }, &operation.input());
        assert_eq!(ended.is_ok(), !operation.secret, "{}", operation.name);
    }
}

#[test]
fn one_byte_less_and_one_byte_more() {
    for operation in operations() {
        for at in addresses(operation.row) {
            if !matches!(operation.form, Form::Raw(_)) || takes_raw(at) {
                one_byte_less_or_more(&operation, at);
            }
        }
    }
}

fn one_byte_less_or_more(operation: &Operation, at: Address) {
    let (name, input, answer) = (&operation.name, operation.input(), operation.answer.clone());
    let run = |input: &[u8]| call(operation.row, Setting::at(at), input).0;
    let longer = [&input[..], &[0]].concat();
    let shorter = &input[..input.len() - 1];
    match &operation.form {
        Form::Raw(_) => {
            assert_eq!(run(&longer), BAD_FRAME, "{name}");
            assert_eq!(run(shorter), BAD_FRAME, "{name}");
            for head in 0..input.len().min(8) {
                assert_eq!(run(&input[..head]), BAD_FRAME, "{name} {head}");
            }
        }
        Form::Open(_) => {
            assert_eq!(run(&longer), Ok(truth(false)), "{name}");
            assert_eq!(run(shorter), Ok(truth(false)), "{name}");
        }
        // As Solidity reads it: nothing behind the arguments counts, and padding need not be there.
        Form::Function(_, arguments) => {
            assert_eq!(run(&longer), Ok(answer.clone()), "{name}");
            let padding = match arguments.last().unwrap() {
                Argument::Bytes(bytes) => bytes.len().next_multiple_of(32) - bytes.len(),
                Argument::Number(_) | Argument::Word(_) | Argument::List(_) => 0,
            };
            let last = arguments.iter().rposition(|argument| matches!(argument, Argument::Bytes(_)));
            if last == Some(arguments.len() - 1) {
                assert_eq!(run(&input[..input.len() - padding]), Ok(answer), "{name}");
                assert_eq!(run(&input[..input.len() - padding - 1]), reverted(MALFORMED_INPUT), "{name}");
            } else if last.is_none() {
                assert_eq!(run(shorter), reverted(MALFORMED_INPUT), "{name}");
            }
            assert_eq!(run(&input[..4]), reverted(MALFORMED_INPUT), "{name}");
        }
    }
}

/// Nothing at all is raw bytes too, and of no row's layout.
#[test]
fn empty_input() {
    let operations = operations();
    for entry in TABLE.iter().filter(|entry| entry.pure) {
        let of_row = || operations.iter().filter(|operation| operation.row.at == entry.at);
        let is_open = of_row().any(|operation| matches!(operation.form, Form::Open(_)));
        let has_raw = of_row().any(|operation| matches!(operation.form, Form::Raw(_)));
        for at in addresses(entry) {
            let expected = match (is_open, has_raw && takes_raw(at)) {
                (true, _) => Ok(truth(false)),
                (false, true) => BAD_FRAME,
                (false, false) => reverted(UNKNOWN_SELECTOR),
            };
            assert_eq!(call(entry, Setting::at(at), &[]).0, expected, "{} at {at}", entry.name);
        }
    }
}

/// What stands in the padding of an argument counts for nothing.
#[test]
fn padding_may_be_dirty() {
    let mut dirty = 0;
    for operation in operations() {
        let Form::Function(_, arguments) = &operation.form else { continue };
        let mut input = operation.input();
        let clean = input.clone();
        for (place, argument) in arguments.iter().enumerate() {
            let Argument::Bytes(bytes) = argument else { continue };
            let head = 4 + 32 * place;
            let start: usize = U256::from_be_slice(&clean[head..head + 32]).try_into().unwrap();
            let content = 4 + start + 32;
            input[content + bytes.len()..content + bytes.len().next_multiple_of(32)].fill(0xff);
        }
        let ended = call(operation.row, Setting::at(operation.row.at), &input);
        assert_eq!(ended, (Ok(operation.answer.clone()), operation.price), "{}", operation.name);
        dirty += usize::from(input != clean);
    }
    assert!(dirty > 60, "{dirty}");
}

#[test]
fn what_does_not_decode_reverts_once_it_is_paid() {
    for operation in operations() {
        let Form::Function(selector, arguments) = &operation.form else { continue };
        let name = &operation.name;
        let refused = |input: &[u8]| {
            let (ended, spent) = call(operation.row, Setting::at(operation.row.at), input);
            assert_eq!(ended, reverted(MALFORMED_INPUT), "{name}");
            assert!(spent > 0 && spent <= operation.price, "{name}");
            let less = Setting { gas: spent - 1, ..Setting::at(operation.row.at) };
            assert_eq!(call(operation.row, less, input).0, Err(Stop::Halt(Halt::OutOfGas)), "{name}");
        };
        let good = encoded(*selector, arguments);
        for (place, argument) in arguments.iter().enumerate() {
            let word = 4 + 32 * place..4 + 32 * (place + 1);
            let with = |value: U256| {
                let mut bad = good.clone();
                bad[word.clone()].copy_from_slice(&value.to_be_bytes::<32>());
                bad
            };
            match argument {
                // Dirty high bits of a number, of which the low ones are as before.
                Argument::Number(number) => {
                    // The two numbers of signers have 32 bits, all others eight.
                    let bits = if *selector == UINT32 || *selector == UINT32_TOO { 32 } else { 8 };
                    for bit in [bits, 64, 255] {
                        refused(&with(U256::from(*number) | U256::ONE << bit));
                    }
                }
                // Places beyond the end, and sizes beyond the end.
                Argument::Bytes(_) | Argument::List(_) => {
                    let end = U256::from(good.len() - 4);
                    for place in [end, end - U256::from(31), U256::from(u64::MAX), U256::ONE << 64, U256::MAX] {
                        refused(&with(place));
                    }
                    let start: usize = U256::from_be_slice(&good[word.clone()]).try_into().unwrap();
                    for size in [U256::from(good.len()), U256::from(u64::MAX), U256::ONE << 64, U256::MAX] {
                        let mut bad = good.clone();
                        bad[4 + start..4 + start + 32].copy_from_slice(&size.to_be_bytes::<32>());
                        refused(&bad);
                    }
                }
                Argument::Word(_) => {}
            }
        }
    }
}

/// Solidity's decoder allows that two arguments are the same bytes, and that one lies in the head or in the other.
#[test]
fn arguments_may_overlap() {
    let mut seen = 0;
    for operation in operations() {
        let Form::Function(selector, arguments) = &operation.form else { continue };
        let places = arguments.iter().enumerate().filter(|(_, argument)| matches!(argument, Argument::Bytes(_)));
        let places: Vec<usize> = places.map(|(place, _)| place).collect();
        let run = |input: &[u8]| call(operation.row, Setting::at(operation.row.at), input);
        let good = encoded(*selector, arguments);
        let word = |place: usize| 4 + 32 * place..4 + 32 * (place + 1);
        // With these bytes in an argument's place the call is the same as with its own copy of them.
        let same = |input: &[u8], place: usize, bytes: &[u8]| {
            let mut apart = arguments.clone();
            apart[place] = Argument::Bytes(bytes.to_vec());
            assert_eq!(run(input), run(&encoded(*selector, &apart)), "{} {place}", operation.name);
        };
        for pair in places.windows(2) {
            let Argument::Bytes(first) = &arguments[pair[0]] else { panic!("bytes") };
            let mut input = good.clone();
            input.copy_within(word(pair[0]), word(pair[1]).start);
            same(&input, pair[1], first);
            seen += 1;
        }
        // A length of 32 at the end of the head, and the word behind it.
        if let Some(place) = places.first() {
            let end = 32 * arguments.len();
            let mut input = good.clone();
            input.splice(4 + end..4 + end, U256::from(32).to_be_bytes::<32>().into_iter().chain([7; 32]));
            for other in &places[1..] {
                let moved = U256::from_be_slice(&input[word(*other)]) + U256::from(64);
                input[word(*other)].copy_from_slice(&moved.to_be_bytes::<32>());
            }
            input[word(*place)].copy_from_slice(&U256::from(end).to_be_bytes::<32>());
            same(&input, *place, &[7; 32]);
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn unknown_selectors_are_raw_bytes() {
    for entry in TABLE.iter().filter(|entry| entry.pure) {
        let known: Vec<[u8; 4]> =
            entry.interface.iter().flat_map(|part| part.functions).map(|function| function.selector).collect();
        let others = known
            .iter()
            .flat_map(|selector| (0..32).map(move |bit| (u32::from_be_bytes(*selector) ^ (1 << bit)).to_be_bytes()));
        for other in others.filter(|other| !known.contains(other)) {
            for at in addresses(entry) {
                let (ended, _) = call(entry, Setting::at(at), &other);
                let named = reverted(UNKNOWN_SELECTOR);
                assert!(ended == BAD_FRAME || ended == named, "{} at {at} {other:02x?}: {ended:?}", entry.name);
            }
        }
    }
}

/// Raw bytes of a row may begin so.
fn may_begin_raw(entry: &Entry, first: [u8; 4]) -> bool {
    match entry.name {
        "MLDSA" => [0x44, 0x65, 0x87].contains(&first[0]),
        "MLKEM" => [1, 2].contains(&first[0]) && first[1] <= 2,
        "SLHDSA" => first[0] & 0x0f <= 5 && first[0] & 0xf0 <= 0x10,
        "PQCrypto" => [b"mlds", b"slhs", b"encp", b"decp"].contains(&&first),
        // A compressed point: its x is below the modulus, whose first byte is 0x1a, or it is infinity.
        "HybridBlsMldsa" | "BLS" | "BLSAggregate" => match first[0] >> 5 {
            0b100 | 0b101 => first[0] & 0x1f <= 0x1a,
            0b110 => first == [0xc0, 0, 0, 0],
            _ => false,
        },
        "FROST" | "CGGMP21" => (1..=1_024).contains(&u32::from_be_bytes(first)),
        "HybridEcdsaMldsa" | "Ballots" => false,
        other => panic!("whatever is known of {other} belongs here"),
    }
}

/// No function can be meant where raw bytes were, be it the row's own or another's that it answers for.
#[test]
fn no_selector_begins_raw_bytes() {
    for operation in operations() {
        if let Form::Raw(bytes) = &operation.form {
            assert!(may_begin_raw(operation.row, *bytes.first_chunk().unwrap()), "{}", operation.name);
        }
    }
    let rows = || TABLE.iter().filter(|entry| entry.pure);
    let mut seen = 0;
    for entry in rows() {
        let of_others = rows().filter(|other| match entry.name {
            "MLDSA" => other.name == "MLKEM",
            "MLKEM" => other.name == "SLHDSA",
            _ => false,
        });
        for function in
            [entry].into_iter().chain(of_others).flat_map(|row| row.interface).flat_map(|part| part.functions)
        {
            assert!(!may_begin_raw(entry, function.selector), "{}: {}", entry.name, function.solidity);
            seen += 1;
        }
    }
    assert!(seen >= 40, "{seen}");
}

#[test]
fn foreign_functions_are_answered_while_their_row_is_on() {
    let (mldsa, mlkem) = (row("mldsaVerify"), row("mlkemConfig"));
    let operations = operations();
    let off = |entry: &Entry| (0..TABLE.len()).filter(|index| TABLE[*index].at != entry.at).collect::<Rows>();
    let own: Vec<[u8; 4]> =
        mldsa.interface.iter().flat_map(|part| part.functions).map(|function| function.selector).collect();
    let mut seen = 0;
    for operation in operations.iter().filter(|operation| operation.row.at == mlkem.at) {
        let Form::Function(selector, _) = &operation.form else { continue };
        if own.contains(selector) {
            continue;
        }
        for at in [low(0x0601), low(0x1_2201), low(0x1_2202)] {
            let (ended, spent) = call(mldsa, Setting::at(at), &operation.input());
            assert_eq!((ended, spent), (Ok(operation.answer.clone()), operation.price), "{} at {at}", operation.name);
            let (ended, _) = call(mldsa, Setting { rows: off(mlkem), ..Setting::at(at) }, &operation.input());
            assert!(ended == BAD_FRAME || ended == reverted(UNKNOWN_SELECTOR), "{} at {at}", operation.name);
            seen += 1;
        }
        for at in [low(0x0602), high(0x0200, 6)] {
            assert_eq!(call(mldsa, Setting::at(at), &operation.input()).0, BAD_FRAME, "{} at {at}", operation.name);
        }
    }
    assert!(seen >= 3 * 3 * 5, "{seen}");

    let (slhdsa, at) = (row("slhdsaVerify"), high(0x0200, 7));
    let verify = selector("verify(bytes,bytes,bytes)");
    let mut seen = 0;
    for operation in operations.iter().filter(|operation| operation.row.at == slhdsa.at) {
        let Form::Function(selector, _) = &operation.form else { continue };
        let (ended, _) = call(mlkem, Setting::at(at), &operation.input());
        let (there, _) = call(mlkem, Setting { rows: off(slhdsa), ..Setting::at(at) }, &operation.input());
        let (elsewhere, _) = call(mlkem, Setting::at(mlkem.at), &operation.input());
        let expected = if *selector == verify { Ok(operation.answer.clone()) } else { BAD_FRAME };
        assert_eq!((ended, there, elsewhere), (expected, BAD_FRAME, BAD_FRAME), "{}", operation.name);
        seen += usize::from(*selector == verify);
    }
    assert_eq!(seen, 6);
}

/// What a call claims about signers sets the price, and has limits.
#[test]
fn numbers_of_signers_have_limits() {
    for (key, signature, base) in [
        ("frostVerify", "verify(uint32,uint32,bytes32,bytes32,bytes)", 50_000),
        ("cggmp21Verify", "verify(uint32,uint32,bytes,bytes32,bytes)", 75_000),
    ] {
        let entry = row(key);
        let operations = operations();
        let one = operations.iter().find(|one| one.row.at == entry.at && matches!(&one.form, Form::Raw(_))).unwrap();
        for (t, n) in [(0_u32, 0_u32), (0, 3), (4, 3), (1, 1_025), (1_025, 1_025), (u32::MAX, u32::MAX)] {
            let raw = [&t.to_be_bytes()[..], &n.to_be_bytes(), &one.input()[8..]].concat();
            assert_eq!(call(entry, Setting::at(entry.at), &raw).0, BAD_FRAME, "{key} {t} of {n}");
            let third = if key == "frostVerify" { Argument::Word([1; 32]) } else { Argument::Bytes(vec![4; 65]) };
            let arguments = [
                Argument::Number(t.into()),
                Argument::Number(n.into()),
                third,
                Argument::Word([2; 32]),
                Argument::Bytes(vec![3; 65]),
            ];
            let ended = call(entry, Setting::at(entry.at), &encoded(selector(signature), &arguments));
            assert_eq!(ended, (reverted(MALFORMED_INPUT), base), "{key} {t} of {n}");
        }
    }
    let frost = row("frostVerify");
    for suite in [3, 255] {
        let bytes = || Argument::Bytes(vec![1; 64]);
        let arguments = [Argument::Number(suite), bytes(), bytes(), bytes()];
        let ended =
            call(frost, Setting::at(frost.at), &encoded(selector("verify(uint8,bytes,bytes,bytes)"), &arguments));
        assert_eq!(ended, (reverted(MALFORMED_INPUT), 55_640));
    }
}

/// Of all values of v those are taken that public code writes, and of them those that mean the key's half.
#[test]
fn a_signature_of_cggmp21_has_one_v_in_two_spellings() {
    let mut seen = 0;
    for operation in operations().iter().filter(|operation| operation.row.config_key == "cggmp21Verify") {
        let run = |input: &[u8]| call(operation.row, Setting::at(operation.row.at), input).0;
        let holding = (0..=u8::MAX).filter(|v| {
            let mut input = operation.input();
            // The last byte of raw bytes, and that of 65 bytes in an argument, which padding follows.
            let place = if matches!(operation.form, Form::Raw(_)) { input.len() - 1 } else { input.len() - 32 };
            input[place] = *v;
            let ended = run(&input);
            assert!([Ok(truth(true)), Ok(truth(false))].contains(&ended), "{} {v}", operation.name);
            ended == Ok(truth(true))
        });
        let holding: Vec<u8> = holding.collect();
        assert!(holding == [0, 27] || holding == [1, 28], "{} {holding:?}", operation.name);
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn aggregation_has_limits() {
    let entry = &TABLE[rows_of("blsConfig").nth(1).unwrap()];
    let run = |input: &[u8]| call(entry, Setting::at(entry.at), input);
    let operations = operations();
    let of_entry =
        |name: &str| operations.iter().find(|one| one.row.at == entry.at && one.name.ends_with(name)).unwrap();
    let raw = of_entry("raw").input();
    let one = &raw[..96];
    let bad = vec![0xff; 96];
    assert_eq!(run(&[one, &bad].concat()), (BAD_FRAME, 16_000));
    let list = encoded(selector("aggregate(bytes[])"), &[Argument::List(vec![one.to_vec(), bad])]);
    assert_eq!(run(&list), (reverted(MALFORMED_INPUT), 16_000));
    assert_eq!(run(one), (Ok(Bytes::copy_from_slice(one)), 8_000), "one signature is its own sum");
    // Twice the same is twice as much, not the same.
    let (twice, _) = run(&[one, one].concat());
    assert!(twice.as_ref().is_ok_and(|sum| sum.len() == 96 && sum[..] != *one), "{twice:?}");
    assert!(run(&one.repeat(1_024)).0.is_ok());
    assert_eq!(run(&one.repeat(1_025)).0, BAD_FRAME);
    for (members, gas) in [(vec![], 8_000), (vec![one.to_vec(); 1_025], 8_192_000), (vec![vec![1; 95]], 8_000)] {
        let list = encoded(selector("aggregate(bytes[])"), &[Argument::List(members)]);
        assert_eq!(run(&list), (reverted(MALFORMED_INPUT), gas));
    }
    let Form::Function(keys, arguments) = &of_entry("keys").form else { panic!("a function") };
    let [Argument::Bytes(proved)] = &arguments[..] else { panic!("bytes") };
    let run_keys = |bytes: Vec<u8>| run(&encoded(*keys, &[Argument::Bytes(bytes)]));
    for bad in [vec![], proved[1..].to_vec(), proved[..144].repeat(129)] {
        assert_eq!(run_keys(bad), (reverted(MALFORMED_INPUT), 125_000));
    }
    assert!(run_keys(proved[..144].repeat(128)).0.is_ok());
    let mut swapped = proved.clone();
    swapped[48..144].copy_from_slice(&proved[144 + 48..288]);
    assert_eq!(run_keys(swapped), (reverted(INVALID_KEY), 365_000));
}

/// One bad ballot of 64 is one bit, wherever it stands.
#[test]
fn one_bad_ballot_is_one_bit() {
    let entry = row("governanceConfig");
    let domain = B256::repeat_byte(0x0d);
    let good = ballot(Dsa::MlDsa65, domain, 1, true);
    let run = |ballots: Vec<u8>, domain: B256| {
        let arguments = [Argument::Word(domain.0), Argument::Bytes(ballots)];
        call(entry, Setting::at(entry.at), &encoded(selector("verifyBallots(bytes32,bytes)"), &arguments))
    };
    let answer = |bits: U256| Ok(Bytes::from(bits.to_be_bytes::<32>()));
    let all = (U256::ONE << 64) - U256::ONE;
    assert_eq!(run(good.repeat(64), domain), (answer(all), 3_000 + 64 * 8_000));
    assert_eq!(run(good.repeat(64), B256::ZERO), (answer(U256::ZERO), 3_000 + 64 * 8_000), "another domain");
    for bad in 0..64 {
        let mut ballots = good.repeat(64);
        ballots[bad * good.len() + good.len() - 1 - bad] ^= 1;
        assert_eq!(run(ballots, domain).0, answer(all ^ (U256::ONE << bad)), "{bad}");
    }
    let refused = (reverted(MALFORMED_INPUT), 3_000);
    assert_eq!(run(good.repeat(65), domain), refused);
    assert_eq!(run(good[1..].to_vec(), domain), refused);
    assert_eq!(run([&good[..], &[0x65]].concat(), domain), refused);
    assert_eq!(run([&[0x44], &good[1..]].concat(), domain), refused);
    // A support that nobody can give.
    let mut odd = good;
    odd[33] = 3;
    assert_eq!(run(odd, domain), (answer(U256::ZERO), 11_000));
}

#[test]
fn keys_and_seeds_that_are_none() {
    let (mldsa, mlkem) = (row("mldsaVerify"), row("mlkemConfig"));
    let at = |entry: &'static Entry, input: Vec<u8>| call(entry, Setting::at(entry.at), &input);
    let one = encoded(selector("keyGen(uint8)"), &[Argument::Number(3)]);
    assert_eq!(at(mldsa, one), (reverted(SEED_REQUIRED), 0));
    for level in [0, 1, 4, 6, 255] {
        let input = encoded(selector("keyGen(uint8,bytes32)"), &[Argument::Number(level), Argument::Word([1; 32])]);
        assert_eq!(at(mldsa, input.clone()), (reverted(MALFORMED_INPUT), 75_000));
        assert_eq!(at(mlkem, input), (reverted(MALFORMED_INPUT), 50_000));
    }
    // A secret key of no length, and one that nobody made.
    for key in [vec![0; 2_559], vec![0xff; 2_560]] {
        let input = encoded(selector("sign(bytes,bytes)"), &[Argument::Bytes(key), Argument::Bytes(vec![])]);
        assert_eq!(at(mldsa, input), (reverted(INVALID_KEY), 750_000));
    }
    // An encapsulation key of no length, of another set, and with coefficients beyond the modulus.
    for (set, key, price) in [(0, vec![0; 799], 50_000), (1, vec![0; 800], 75_000), (2, vec![0xff; 1_568], 100_000)] {
        let input =
            encoded(selector("encapsulate(uint8,bytes)"), &[Argument::Number(set), Argument::Bytes(key.clone())]);
        assert_eq!(at(mlkem, input), (reverted(INVALID_KEY), price));
        let raw = [&[1, u8::try_from(set).unwrap()], &key[..]].concat();
        assert_eq!(at(mlkem, raw).0, BAD_FRAME);
    }
    for set in [3, 44, 255] {
        let input =
            encoded(selector("encapsulate(uint8,bytes)"), &[Argument::Number(set), Argument::Bytes(vec![0; 800])]);
        assert_eq!(at(mlkem, input), (reverted(INVALID_KEY), 50_000));
    }
    // A decapsulation key whose hash is wrong, and ciphertexts of no length and of no key.
    let keys = pars_crypto::mlkem::key_pair(pars_crypto::mlkem::Set::MlKem512, &[9; 64]);
    let mut bad = keys.decapsulation_key.to_vec();
    bad[1_632 - 40] ^= 1;
    let decapsulate = |key: &[u8], ciphertext: usize| {
        let arguments = [Argument::Number(0), Argument::Bytes(key.to_vec()), Argument::Bytes(vec![0; ciphertext])];
        at(mlkem, encoded(selector("decapsulate(uint8,bytes,bytes)"), &arguments))
    };
    assert_eq!(decapsulate(&bad, 768), (reverted(INVALID_KEY), 60_000));
    assert_eq!(decapsulate(&keys.decapsulation_key, 767), (reverted(INVALID_KEY), 60_000));
    assert!(decapsulate(&keys.decapsulation_key, 768).0.is_ok(), "a secret that nobody knows");
    assert_eq!(at(mlkem, [&[2, 0], &bad[..], &[0; 768]].concat()).0, BAD_FRAME);
}

#[test]
fn batches_have_limits() {
    let mldsa = row("mldsaVerify");
    let run = |set: u64, context: usize, items: Vec<u8>| {
        let arguments = [Argument::Number(set), Argument::Bytes(vec![0; context]), Argument::Bytes(items)];
        call(mldsa, Setting::at(mldsa.at), &encoded(selector("verifyBatch(uint8,bytes,bytes)"), &arguments))
    };
    let item = vec![0; 1_312 + 2_420 + 4];
    let nothing = Ok(Bytes::from(vec![0; 32]));
    assert_eq!(run(0x44, 0, item.clone()), (nothing.clone(), 9_000));
    assert_eq!(run(0x44, 255, item.repeat(256)), (nothing.clone(), 3_000 + 256 * 6_000));
    assert_eq!(run(0x44, 256, item.clone()), (nothing, 9_000), "a context that nobody can sign with");
    let refused = (reverted(MALFORMED_INPUT), 3_000);
    assert_eq!(run(0x44, 0, item.repeat(257)), refused);
    assert_eq!(run(0x44, 0, vec![]), refused);
    assert_eq!(run(44, 0, item.clone()), refused);
    assert_eq!(run(0x44, 0, item[1..].to_vec()), refused);
    assert_eq!(run(0x44, 0, [&item[..], &[0]].concat()), refused);
    // A message that would go on behind the end.
    let mut long = item;
    long[1_312 + 2_420..].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(run(0x44, 0, long), refused);
}

/// The length of the message stands in 32 bytes, of which public code reads eight.
#[test]
fn high_bytes_of_a_length_count() {
    for operation in operations() {
        let Form::Raw(bytes) = &operation.form else { continue };
        if operation.row.config_key != "mldsaVerify" {
            continue;
        }
        let key = match bytes[0] {
            0x44 => 1_312,
            0x65 => 1_952,
            _ => 2_592,
        };
        for high in 0..31 {
            let mut bad = bytes.clone();
            bad[1 + key + high] ^= 1;
            assert_eq!(call(operation.row, Setting::at(operation.row.at), &bad).0, BAD_FRAME, "{high}");
        }
    }
}

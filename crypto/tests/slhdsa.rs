//! SLH-DSA: known answers through both implementations, and both on inputs that nobody made.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod effort;
    pub(crate) mod mutants;
    pub(crate) mod vectors;
}

use pars_crypto::slhdsa::{BACKENDS, CONTEXT_BYTES_MAX, Set, chosen, verify};
use support::effort::count;
use support::mutants::{Bounds, Mutants, Part};
use support::vectors::{bytes, is_valid, json, string, tests};

const EXTERNAL: &str = "slh-dsa/SLH-DSA-sigVer-external-pure.json.gz";
const INTERNAL: &str = "slh-dsa-internal/SLH-DSA-sigVer-FIPS205.internalProjection.json.gz";

fn set(name: &str) -> Set {
    Set::ALL.into_iter().find(|set| set.name() == name).unwrap_or_else(|| panic!("no set {name}"))
}

/// A signature as NIST has it: key, message, context, signature.
struct Signed {
    set: Set,
    input: [Vec<u8>; 4],
}

/// All valid ones of the external interface.
fn signed() -> Vec<Signed> {
    let file = json(EXTERNAL);
    let valid = tests(&file).into_iter().filter(|(_, test)| is_valid(test));
    let signed = valid.map(|(group, test)| Signed {
        set: set(string(&group["parameterSet"])),
        input: ["pk", "message", "context", "signature"].map(|field| bytes(&test[field])),
    });
    signed.collect()
}

#[test]
fn known_answers_with_a_context() {
    let file = json(EXTERNAL);
    for backend in BACKENDS {
        let (mut valid, mut invalid, mut empty) = (0, 0, 0);
        for (group, test) in tests(&file) {
            let [key, message, context, signature] =
                ["pk", "message", "context", "signature"].map(|field| bytes(&test[field]));
            let set = set(string(&group["parameterSet"]));
            let expected = is_valid(test);
            let verdict = backend.verify(set, &key, &message, &context, &signature);
            assert_eq!(verdict, expected, "{} {} {}", backend.name(), set.name(), test["tcId"]);
            *if expected { &mut valid } else { &mut invalid } += 1;
            empty += usize::from(context.is_empty());
        }
        println!("{}: {valid} valid, {invalid} invalid; {empty} without context", backend.name());
        assert_eq!((valid, invalid, empty), (24, 24, 6));
    }
}

#[test]
fn known_answers_without_a_prefix() {
    let file = json(INTERNAL);
    for backend in BACKENDS {
        let (mut valid, mut invalid) = (0, 0);
        for (group, test) in tests(&file) {
            let [key, message, signature] = ["pk", "message", "signature"].map(|field| bytes(&test[field]));
            let set = set(string(&group["parameterSet"]));
            let expected = is_valid(test);
            let verdict = backend.verify_internal(set, &key, &message, &signature);
            assert_eq!(verdict, expected, "{} {} {}", backend.name(), set.name(), test["tcId"]);
            *if expected { &mut valid } else { &mut invalid } += 1;
        }
        println!("{}: {valid} valid, {invalid} invalid", backend.name());
        assert_eq!((valid, invalid), (15, 30));
    }
}

/// The prefix is 00, the length of the context, and the context (FIPS 205, algorithm 24).
#[test]
fn both_interfaces_are_one() {
    for Signed { set, input: [key, message, context, signature] } in signed() {
        let length = u8::try_from(context.len()).unwrap();
        let prefixed = [&[0, length], &context[..], &message].concat();
        for backend in BACKENDS {
            assert!(backend.verify_internal(set, &key, &prefixed, &signature), "{} {}", backend.name(), set.name());
        }
    }
}

#[test]
fn what_cannot_be_a_signature_is_none() {
    for Signed { set, input: [key, message, context, signature] } in signed() {
        assert_eq!((key.len(), signature.len()), (set.public_key_bytes(), set.signature_bytes()));
        for backend in BACKENDS {
            let verify = |key: &[u8], context: &[u8], signature: &[u8]| {
                backend.verify(set, key, &message, context, signature)
                    || backend.verify_internal(set, key, &message, signature)
            };
            assert!(verify(&key, &context, &signature));
            for other in Set::ALL.into_iter().filter(|other| *other != set) {
                assert!(!backend.verify(other, &key, &message, &context, &signature), "{}", other.name());
            }
            for length in [0, 1, key.len() - 1, key.len() + 1, 2 * key.len()] {
                let key: Vec<u8> = key.iter().copied().cycle().take(length).collect();
                assert!(!verify(&key, &context, &signature), "a key of {length}");
            }
            for length in [0, 1, signature.len() - 1, signature.len() + 1, 2 * signature.len()] {
                let signature: Vec<u8> = signature.iter().copied().cycle().take(length).collect();
                assert!(!verify(&key, &context, &signature), "a signature of {length}");
            }
            for length in [CONTEXT_BYTES_MAX + 1, CONTEXT_BYTES_MAX + 1 + context.len(), 1 << 16] {
                let context: Vec<u8> = context.iter().copied().chain(std::iter::repeat(0)).take(length).collect();
                assert!(!verify(&key, &context, &signature), "a context of {length}");
            }
        }
    }
}

/// A signature of 50 kB lies on the stack, more than once. Callers have threads of the usual 2 MiB, with frames of
/// their own.
#[test]
fn a_small_stack_is_enough() {
    const STACK_BYTES: usize = 512 << 10;
    for Signed { set, input: [key, message, context, signature] } in signed() {
        let verdicts = move || BACKENDS.iter().all(|b| b.verify(set, &key, &message, &context, &signature));
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(verdicts).unwrap();
        assert!(thread.join().unwrap(), "{}", set.name());
    }
}

#[test]
fn both_refuse_every_mutant() {
    let each = count(20, 1_000);
    let mut mutants = Mutants::new(205, Bounds::default());
    let signed = signed();
    let mut tried = 0;
    for set in Set::ALL {
        let signed: Vec<_> = signed.iter().filter(|signed| signed.set == set).collect();
        assert_eq!(signed.len(), 2, "{}", set.name());
        for round in 0..each {
            let input = signed[round % signed.len()].input.clone().map(Part::Free);
            let mutant = mutants.of(&input);
            let [key, message, context, signature] = [0, 1, 2, 3].map(|part: usize| mutant[part].bytes());
            for backend in BACKENDS {
                let verdict = backend.verify(set, key, message, context, signature);
                assert!(!verdict, "{} {} round {round}", backend.name(), set.name());
            }
            tried += 1;
        }
    }
    println!("{tried} mutants");
    assert_eq!(tried, 12 * each);
}

/// Message and context are told apart, though they are hashed one after the other.
#[test]
fn a_context_is_no_message() {
    for Signed { set, input: [key, message, context, signature] } in signed() {
        let all = [&context[..], &message].concat();
        for cut in [0, context.len() / 2, context.len() + 1].into_iter().filter(|cut| *cut != context.len()) {
            let Some((context, message)) = all.split_at_checked(cut) else { continue };
            for backend in BACKENDS {
                assert!(!backend.verify(set, &key, message, context, &signature), "{} cut at {cut}", set.name());
            }
        }
    }
}

#[test]
fn the_implementation_in_use() {
    let place = if cfg!(feature = "portable") { 1 } else { 0 };
    assert_eq!(chosen().name(), BACKENDS[place].name());
    let Signed { set, input: [key, message, context, signature] } = signed().remove(0);
    assert!(verify(set, &key, &message, &context, &signature));
    assert!(!verify(set, &key, &message, b"another", &signature));
}

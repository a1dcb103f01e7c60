//! SLH-DSA: known answers through both implementations, and both on inputs that nobody made.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod chance;
    pub(crate) mod effort;
    pub(crate) mod vectors;
}

use pars_crypto::slhdsa::{BACKENDS, CONTEXT_BYTES_MAX, Set, chosen, verify};
use std::collections::BTreeMap;
use support::chance::Chance;
use support::effort::count;
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

/// What was done to an input.
const REGIONS: [&str; 8] = ["key seed", "key root", "message", "context", "randomness", "FORS", "hypertree", "lengths"];

/// Both implementations say the same of inputs that were bent, in every region. One in fifty is signed anew, or where
/// few are tried left as it was: verdicts that are all false would agree too.
#[test]
fn implementations_agree_on_bent_inputs() {
    let count = count(20, 1_000);
    let signed = signed();
    let reports = std::thread::scope(|scope| {
        let threads = Set::ALL.map(|set| {
            let signed: Vec<_> = signed.iter().filter(|signed| signed.set == set).collect();
            scope.spawn(move || agree(set, &signed, count))
        });
        threads.map(|thread| thread.join().unwrap())
    });
    println!("{}", reports.join("\n"));
}

fn agree(set: Set, signed: &[&Signed], count: usize) -> String {
    let mut chance = Chance::new(205);
    let (sign, seeds) = (signer(set), [0; 3].map(|_| chance.bytes(set.public_key_bytes() / 2)));
    let mut seen: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let (mut reached, mut valid, mut signed_anew) = (0, 0, 0);
    for round in 0..count {
        let region = REGIONS[round % REGIONS.len()];
        let original = &signed[round / REGIONS.len() % signed.len()].input;
        let [mut key, mut message, mut context, mut signature] = original.clone();
        let (n, fors) = (set.public_key_bytes() / 2, fors_bytes(set));
        match region {
            "key seed" => chance.bend(&mut key[..n]),
            "key root" => chance.bend(&mut key[n..]),
            "message" => chance.bend(&mut message),
            "context" if context.is_empty() => context.push(0),
            "context" => chance.bend(&mut context),
            "randomness" => chance.bend(&mut signature[..n]),
            "FORS" => chance.bend(&mut signature[n..n + fors]),
            "hypertree" => chance.bend(&mut signature[n + fors..]),
            _ => match chance.below(3) {
                0 => chance.stretch(&mut key),
                1 => chance.stretch(&mut signature),
                _ => context.resize(CONTEXT_BYTES_MAX + 1 + chance.below(9), 7),
            },
        }
        if round % 50 == 49 {
            context.truncate(CONTEXT_BYTES_MAX);
            [key, signature] = sign(&seeds, &message, &context);
            signed_anew += 1;
        } else if count < 50 && round == count - 1 {
            [key, message, context, signature] = original.clone();
        }
        let verdicts = BACKENDS.iter().map(|backend| backend.verify(set, &key, &message, &context, &signature));
        let verdicts: Vec<bool> = verdicts.collect();
        // What bends may find the same byte there.
        let expected = round % 50 == 49 || *original == [&key, &message, &context, &signature].map(Vec::clone);
        assert!(verdicts.iter().all(|verdict| *verdict == expected), "{} {region} {round}: {verdicts:?}", set.name());
        let lengths = (key.len(), signature.len());
        reached += usize::from(
            lengths == (set.public_key_bytes(), set.signature_bytes()) && context.len() <= CONTEXT_BYTES_MAX,
        );
        valid += usize::from(expected);
        seen.entry(region).or_default()[usize::from(expected)] += 1;
    }
    let name = set.name();
    let mut lines = vec![format!("{name}: {count} bent inputs, {reached} behind the lengths, {valid} valid")];
    lines.extend(seen.iter().map(|(region, [no, yes])| format!("  {region:<12} {no:>5} refused {yes:>4} valid")));
    assert!(reached >= count * 7 / 8 && seen.len() == REGIONS.len());
    assert!(valid >= 1.max(signed_anew) && signed_anew == count / 50, "{valid} {signed_anew}");
    lines.join("\n")
}

/// Bytes of the FORS signature: k trees of height a, a secret and a path each (FIPS 205, table 2).
const fn fors_bytes(set: Set) -> usize {
    let (k, a) = match set {
        Set::Sha2_128s | Set::Shake128s => (14, 12),
        Set::Sha2_128f | Set::Shake128f => (33, 6),
        Set::Sha2_192s | Set::Shake192s => (17, 14),
        Set::Sha2_192f | Set::Shake192f => (33, 8),
        Set::Sha2_256s | Set::Shake256s => (22, 14),
        Set::Sha2_256f | Set::Shake256f => (35, 9),
    };
    k * (a + 1) * set.public_key_bytes() / 2
}

/// Signs without randomness: seeds, message, context; key, signature.
type Sign = fn(&[Vec<u8>; 3], &[u8], &[u8]) -> [Vec<u8>; 2];

fn sign<P: slh_dsa::ParameterSet>(seeds: &[Vec<u8>; 3], message: &[u8], context: &[u8]) -> [Vec<u8>; 2] {
    let secret = slh_dsa::SigningKey::<P>::slh_keygen_internal(&seeds[0], &seeds[1], &seeds[2]);
    let signature = secret.try_sign_with_context(message, context, None).expect("a context");
    [secret.as_ref().to_bytes().to_vec(), signature.to_bytes().to_vec()]
}

fn signer(set: Set) -> Sign {
    match set {
        Set::Sha2_128s => sign::<slh_dsa::Sha2_128s>,
        Set::Sha2_128f => sign::<slh_dsa::Sha2_128f>,
        Set::Sha2_192s => sign::<slh_dsa::Sha2_192s>,
        Set::Sha2_192f => sign::<slh_dsa::Sha2_192f>,
        Set::Sha2_256s => sign::<slh_dsa::Sha2_256s>,
        Set::Sha2_256f => sign::<slh_dsa::Sha2_256f>,
        Set::Shake128s => sign::<slh_dsa::Shake128s>,
        Set::Shake128f => sign::<slh_dsa::Shake128f>,
        Set::Shake192s => sign::<slh_dsa::Shake192s>,
        Set::Shake192f => sign::<slh_dsa::Shake192f>,
        Set::Shake256s => sign::<slh_dsa::Shake256s>,
        Set::Shake256f => sign::<slh_dsa::Shake256f>,
    }
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

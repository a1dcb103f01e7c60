//! Schnorr and ECDSA over secp256k1: known answers through both implementations, and both on numbers at their bounds.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod effort;
    pub(crate) mod mutants;
    pub(crate) mod vectors;
}

use ::secp256k1::ecdsa::Signature;
use pars_crypto::secp256k1::{BACKENDS, Backend, chosen, ecdsa_recover, ecdsa_verify, schnorr_verify};
use sha2::{Digest as _, Sha256};
use std::ops::Range;
use support::effort::count;
use support::mutants::{Bounds, Mutants, Part};
use support::vectors::{array, bytes, hex, is_valid, json, string, tests, text};

/// Order of the field.
const P: &str = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
/// Order of the group.
const N: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
/// Half of it, rounded down: the highest s that is low.
const HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";

/// Numbers at the bounds of x, r and s.
fn bounds() -> Vec<[u8; 32]> {
    let mut bounds = vec![[0; 32], number("01"), number("02"), [0xff; 32]];
    for bound in [P, N, HALF] {
        let bound: [u8; 32] = array(bound);
        bounds.push(bound);
        for step in [1, 0xff] {
            let mut beside = bound;
            // One more, and one less: the lowest byte of none of them carries.
            beside[31] = beside[31].wrapping_add(step);
            bounds.push(beside);
        }
    }
    bounds
}

/// A number from its lowest digits.
fn number(digits: &str) -> [u8; 32] {
    array(&format!("{digits:0>64}"))
}

fn join(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    [*r, *s].concat().try_into().expect("two halves")
}

fn halves(signature: &[u8; 64]) -> [[u8; 32]; 2] {
    let half = |range: Range<usize>| signature[range].try_into().expect("a half");
    [half(0..32), half(32..64)]
}

/// Every implementation's answer, which is one.
fn agreed<T: PartialEq + std::fmt::Debug>(ask: impl Fn(&'static dyn Backend) -> T, what: impl Fn() -> String) -> T {
    let mut answers = BACKENDS.iter().map(|backend| ask(*backend));
    let first = answers.next().expect("an implementation");
    assert!(answers.all(|answer| answer == first), "{}", what());
    first
}

/// A line of BIP-340's file.
struct Line {
    public_key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
    is_valid: bool,
}

fn lines() -> Vec<Line> {
    let text = text("bip340/test-vectors.csv");
    let lines = text.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        Line {
            public_key: array(fields[2]),
            message: hex(fields[4]),
            signature: array(fields[5]),
            is_valid: match fields[6] {
                "TRUE" => true,
                "FALSE" => false,
                other => panic!("no verdict: {other}"),
            },
        }
    });
    lines.collect()
}

#[test]
fn bip_340() {
    for backend in BACKENDS {
        let (mut valid, mut invalid, mut lengths) = (0, 0, Vec::new());
        for (index, line) in lines().iter().enumerate() {
            let verdict = backend.schnorr_verify(&line.public_key, &line.message, &line.signature);
            assert_eq!(verdict, line.is_valid, "{} line {index}", backend.name());
            *if verdict { &mut valid } else { &mut invalid } += 1;
            lengths.push(line.message.len());
        }
        println!("{}: {valid} valid, {invalid} invalid", backend.name());
        assert_eq!((valid, invalid), (9, 10));
        assert_eq!(lengths[15..], [0, 1, 17, 100]);
    }
}

/// A signature of ECDSA, as Wycheproof has it.
struct Signed {
    name: String,
    /// 65 bytes.
    key: Vec<u8>,
    hash: [u8; 32],
    signature: Vec<u8>,
    is_valid: bool,
}

impl Signed {
    fn is_high(&self) -> bool {
        self.signature.len() == 64 && self.signature[32..] > hex(HALF)[..]
    }

    fn signature(&self) -> Option<[u8; 64]> {
        self.signature.clone().try_into().ok()
    }

    fn compressed_key(&self) -> Vec<u8> {
        [&[2 + (self.key[64] & 1)], &self.key[1..33]].concat()
    }
}

fn wycheproof(file: &str) -> Vec<Signed> {
    let file = json(file);
    let signed = tests(&file).into_iter().map(|(group, test)| Signed {
        name: format!("{} {}", test["tcId"], string(&test["comment"])),
        key: bytes(&group["publicKey"]["uncompressed"]),
        hash: Sha256::digest(bytes(&test["msg"])).into(),
        signature: bytes(&test["sig"]),
        is_valid: is_valid(test),
    });
    signed.collect()
}

fn p1363() -> Vec<Signed> {
    wycheproof("wycheproof-curves/ecdsa_secp256k1_sha256_p1363_test.json.gz")
}

/// Those that are valid to us.
fn low() -> Vec<(Signed, [u8; 64])> {
    let valid = p1363().into_iter().filter(|signed| signed.is_valid && !signed.is_high());
    let pairs = valid.map(|signed| {
        let signature = signature_of(&signed);
        (signed, signature)
    });
    pairs.collect()
}

fn signature_of(signed: &Signed) -> [u8; 64] {
    signed.signature().expect("64 bytes")
}

#[test]
fn ecdsa_of_64_bytes() {
    for backend in BACKENDS {
        let (mut valid, mut high, mut invalid, mut no_call) = (0, 0, 0, 0);
        for signed in p1363() {
            let Some(signature) = signed.signature() else {
                assert!(!signed.is_valid, "{}", signed.name);
                no_call += 1;
                continue;
            };
            let expected = signed.is_valid && !signed.is_high();
            for key in [signed.key.clone(), signed.compressed_key()] {
                let verdict = backend.ecdsa_verify(&key, &signed.hash, &signature);
                assert_eq!(verdict, expected, "{} {}", backend.name(), signed.name);
            }
            *match (signed.is_valid, signed.is_high()) {
                (true, false) => &mut valid,
                (true, true) => &mut high,
                (false, _) => &mut invalid,
            } += 1;
        }
        println!(
            "{}: {valid} valid, {high} refused for high s alone, {invalid} invalid, {no_call} not of 64 bytes",
            backend.name()
        );
        assert_eq!((valid, high, invalid, no_call), (95, 72, 67, 18));
    }
}

/// The file's encoding is read by libsecp256k1, since rows have r and s as they are; numbers beyond the order become
/// zero.
#[test]
fn ecdsa_with_low_s_alone() {
    for backend in BACKENDS {
        let (mut valid, mut invalid, mut no_call) = (0, 0, 0);
        for signed in wycheproof("wycheproof-curves/ecdsa_secp256k1_sha256_bitcoin_test.json.gz") {
            let Ok(signature) = Signature::from_der(&signed.signature) else {
                assert!(!signed.is_valid, "{}", signed.name);
                no_call += 1;
                continue;
            };
            let verdict = backend.ecdsa_verify(&signed.key, &signed.hash, &signature.serialize_compact());
            assert_eq!(verdict, signed.is_valid, "{} {}", backend.name(), signed.name);
            *if verdict { &mut valid } else { &mut invalid } += 1;
        }
        println!("{}: {valid} valid, {invalid} invalid, {no_call} not DER", backend.name());
        assert_eq!((valid, invalid, no_call), (162, 111, 190));
    }
}

#[test]
fn keys_have_one_encoding_of_each_length() {
    for (signed, signature) in low() {
        let (x, y) = (&signed.key[1..33], &signed.key[33..]);
        let parity = signed.key[64] & 1;
        let other: Vec<u8> = [&[3 - parity], x].concat();
        let wrong = [
            other,
            [&[5], x].concat(),
            [&[0], x].concat(),
            [&[4], x].concat(),
            [&[2 + parity], x, y].concat(),
            [&[6 + parity], x, y].concat(),
            [&[7 - parity], x, y].concat(),
            [&[0], x, y].concat(),
            [x, y].concat(),
            x.to_vec(),
            signed.key[..64].to_vec(),
            [&signed.key[..], &[0]].concat(),
            vec![0],
            vec![],
        ];
        for backend in BACKENDS {
            assert!(backend.ecdsa_verify(&signed.key, &signed.hash, &signature));
            for key in &wrong {
                let verdict = backend.ecdsa_verify(key, &signed.hash, &signature);
                assert!(!verdict, "{} {} {key:02x?}", backend.name(), signed.name);
            }
        }
    }
}

#[test]
fn keys_are_recovered() {
    let mut found = [0; 3];
    for (signed, signature) in low() {
        let keys = [0, 1].map(|v| {
            agreed(|backend| backend.ecdsa_recover(&signed.hash, &signature, v), || format!("{} v {v}", signed.name))
        });
        for key in keys.iter().flatten() {
            for backend in BACKENDS {
                assert!(backend.ecdsa_verify(key, &signed.hash, &signature), "{} {}", backend.name(), signed.name);
            }
        }
        let place = keys.iter().position(|key| key.is_some_and(|key| key[..] == signed.key));
        found[place.unwrap_or(2)] += 1;
        for (v, backend) in (2..=u8::MAX).flat_map(|v| BACKENDS.iter().map(move |backend| (v, backend))) {
            assert_eq!(backend.ecdsa_recover(&signed.hash, &signature, v), None, "{} v {v}", backend.name());
        }
    }
    println!("{} with v 0, {} with v 1, {} with neither, for x of R beyond the order", found[0], found[1], found[2]);
    assert_eq!(found.iter().sum::<usize>(), 95);
    assert_eq!(found[2], 0);
    let high: Vec<_> = p1363().into_iter().filter(|signed| signed.is_valid && signed.is_high()).collect();
    assert_eq!(high.len(), 72);
    for signed in high {
        for (v, backend) in (0..2).flat_map(|v| BACKENDS.iter().map(move |backend| (v, backend))) {
            let key = backend.ecdsa_recover(&signed.hash, &signature_of(&signed), v);
            assert_eq!(key, None, "{} {}", backend.name(), signed.name);
        }
    }
}

#[test]
fn schnorr_at_the_bounds() {
    let lines = lines();
    let line = &lines[1];
    assert!(line.is_valid);
    let [r, s] = halves(&line.signature);
    let with = |own: [u8; 32]| [bounds(), vec![own]].concat();
    let (mut tried, mut valid) = (0, 0);
    for public_key in with(line.public_key) {
        for r in with(r) {
            for s in with(s) {
                let signature = join(&r, &s);
                let verdict = agreed(
                    |backend| backend.schnorr_verify(&public_key, &line.message, &signature),
                    || format!("{public_key:02x?} {signature:02x?}"),
                );
                tried += 1;
                valid += usize::from(verdict);
            }
        }
    }
    println!("{tried} at the bounds");
    assert_eq!((tried, valid), (14 * 14 * 14, 1));
}

/// What is recovered is valid, whatever the numbers are.
#[test]
fn ecdsa_at_the_bounds() {
    let (signed, signature) = low().remove(0);
    let [r, s] = halves(&signature);
    let with = |own: [u8; 32]| [bounds(), vec![own]].concat();
    let (mut tried, mut recovered) = (0, 0);
    for hash in with(signed.hash) {
        for r in with(r) {
            for s in with(s) {
                let signature = join(&r, &s);
                let what = || format!("{hash:02x?} {signature:02x?}");
                let verdict = agreed(|backend| backend.ecdsa_verify(&signed.key, &hash, &signature), what);
                tried += 1;
                for v in [0, 1] {
                    let Some(key) = agreed(|backend| backend.ecdsa_recover(&hash, &signature, v), what) else {
                        continue;
                    };
                    assert!(agreed(|backend| backend.ecdsa_verify(&key, &hash, &signature), what), "{}", what());
                    recovered += 1;
                }
                assert!(!verdict || signature == signature_of(&signed), "{}", what());
            }
        }
    }
    println!("{tried} at the bounds, {recovered} keys recovered");
    assert_eq!(tried, 14 * 14 * 14);
    assert!(recovered > 0);
}

/// A hash is a number modulo the order: 0 and the order are the same one.
#[test]
fn hashes_beyond_the_order() {
    let signature = join(&number("01"), &number("01"));
    for (small, large) in [
        (number("00"), array(N)),
        (number("01"), {
            let mut beside: [u8; 32] = array(N);
            beside[31] += 1;
            beside
        }),
    ] {
        for v in [0, 1] {
            let [one, other] = [small, large]
                .map(|hash| agreed(|backend| backend.ecdsa_recover(&hash, &signature, v), || format!("{hash:02x?}")));
            assert!(one.is_some());
            assert_eq!(one, other);
        }
    }
}

#[test]
fn both_refuse_every_mutant() {
    let rounds = count(200, 10_000);
    let mut mutants = Mutants::new(340, Bounds { numbers: bounds(), lowest_first: false });
    let lines: Vec<_> = lines().into_iter().filter(|line| line.is_valid).collect();
    let low = low();
    for round in 0..rounds {
        let line = &lines[round % lines.len()];
        let fixed = |bytes: &[u8]| Part::Fixed(bytes.to_vec());
        let input = [fixed(&line.public_key), Part::Free(line.message.clone()), fixed(&line.signature)];
        let mutant = mutants.of(&input);
        let public_key = mutant[0].bytes().try_into().unwrap();
        let (message, signature) = (mutant[1].bytes(), mutant[2].bytes().try_into().unwrap());
        for backend in BACKENDS {
            assert!(!backend.schnorr_verify(public_key, message, signature), "{} round {round}", backend.name());
        }

        let (signed, signature) = &low[round % low.len()];
        let key = if round % 2 == 0 { signed.key.clone() } else { signed.compressed_key() };
        let mutant = mutants.of(&[Part::Free(key), fixed(&signed.hash), fixed(signature)]);
        let (key, hash) = (mutant[0].bytes(), mutant[1].bytes().try_into().unwrap());
        let signature = mutant[2].bytes().try_into().unwrap();
        for backend in BACKENDS {
            assert!(!backend.ecdsa_verify(key, hash, signature), "{} round {round}", backend.name());
        }
        for v in [0, 1] {
            agreed(|backend| backend.ecdsa_recover(hash, signature, v), || format!("round {round}"));
        }
    }
    println!("{rounds} mutants of each");
}

#[test]
fn the_implementation_in_use() {
    let place = if cfg!(feature = "portable") { 1 } else { 0 };
    assert_eq!(chosen().name(), BACKENDS[place].name());
    let line = lines().remove(0);
    assert!(schnorr_verify(&line.public_key, &line.message, &line.signature));
    let (signed, signature) = low().remove(0);
    assert!(ecdsa_verify(&signed.key, &signed.hash, &signature));
    assert!([0, 1].iter().any(|v| ecdsa_recover(&signed.hash, &signature, *v).is_some_and(|k| k[..] == signed.key)));
}

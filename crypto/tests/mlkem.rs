//! ML-KEM: known answers of NIST and of Wycheproof through every implementation, and both on inputs that were bent.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

#[path = "support/chance.rs"]
mod chance;
#[path = "support/effort.rs"]
mod effort;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "support/load.rs"]
mod load;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "support/vectors.rs"]
mod vectors;

use chance::Chance;
use effort::count;
use load::{Acvp, Wycheproof, acvp, hex, wycheproof};
use pars_crypto::hash::{sha3_256, shake256};
use pars_crypto::mlkem::{self, BACKENDS, Set, decapsulate_with, encapsulate_with};
use serde_json::Value;
use std::collections::BTreeMap;

fn set_of(group: &Value) -> Set {
    match group["parameterSet"].as_str().unwrap() {
        "ML-KEM-512" => Set::MlKem512,
        "ML-KEM-768" => Set::MlKem768,
        "ML-KEM-1024" => Set::MlKem1024,
        other => panic!("{other}"),
    }
}

/// The three sets with the number in the names of files.
const FILES: [(Set, u32); 3] = [(Set::MlKem512, 512), (Set::MlKem768, 768), (Set::MlKem1024, 1_024)];

#[test]
fn acvp_keys() {
    let tests = acvp("ML-KEM-keyGen-FIPS203");
    for Acvp { group, prompt, expected } in &tests {
        let seed = [hex(prompt, "d"), hex(prompt, "z")].concat().try_into().unwrap();
        for backend in BACKENDS {
            let keys = backend.key_pair(set_of(group), &seed);
            assert_eq!(keys.encapsulation_key, hex(expected, "ek"), "{} {}", backend.name(), prompt["tcId"]);
            assert_eq!(*keys.decapsulation_key, hex(expected, "dk"), "{} {}", backend.name(), prompt["tcId"]);
        }
    }
    println!("ML-KEM-keyGen-FIPS203: {} keys by {} implementations", tests.len(), BACKENDS.len());
    assert_eq!(tests.len(), 75);
}

#[test]
fn acvp_encapsulation_and_decapsulation() {
    let tests = acvp("ML-KEM-encapDecap-FIPS203");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for Acvp { group, prompt, expected } in &tests {
        let (set, what) = (set_of(group), group["function"].as_str().unwrap());
        *counts.entry(what.to_owned()).or_default() += 1;
        for backend in BACKENDS {
            let place = format!("{} {what} {}", backend.name(), prompt["tcId"]);
            match what {
                "encapsulation" => {
                    let made =
                        encapsulate_with(*backend, set, &hex(prompt, "ek"), &hex(prompt, "m").try_into().unwrap());
                    let made = made.unwrap();
                    assert_eq!(
                        (made.ciphertext, made.secret.to_vec()),
                        (hex(expected, "c"), hex(expected, "k")),
                        "{place}"
                    );
                }
                "decapsulation" => {
                    let secret = decapsulate_with(*backend, set, &hex(prompt, "dk"), &hex(prompt, "c")).unwrap();
                    assert_eq!(secret.to_vec(), hex(expected, "k"), "{place}");
                }
                "encapsulationKeyCheck" => {
                    let passes = encapsulate_with(*backend, set, &hex(prompt, "ek"), &[0; 32]).is_some();
                    assert_eq!(Some(passes), expected["testPassed"].as_bool(), "{place}");
                }
                "decapsulationKeyCheck" => {
                    let ciphertext = vec![0; set.ciphertext_bytes()];
                    let passes = decapsulate_with(*backend, set, &hex(prompt, "dk"), &ciphertext).is_some();
                    assert_eq!(Some(passes), expected["testPassed"].as_bool(), "{place}");
                }
                other => panic!("{other}"),
            }
        }
    }
    println!("ML-KEM-encapDecap-FIPS203: {counts:?} by {} implementations", BACKENDS.len());
    assert_eq!(tests.len(), 165);
}

/// Keys of a seed, a ciphertext and its secret.
#[test]
fn wycheproof_decapsulation() {
    let mut all = 0;
    for (set, number) in FILES {
        let file = format!("mlkem_{number}_test");
        let tests = wycheproof(&file);
        for Wycheproof { test, valid, .. } in &tests {
            for backend in BACKENDS {
                let place = format!("{file} {} {}", backend.name(), test["tcId"]);
                let Ok(seed) = hex(test, "seed").try_into() else {
                    assert!(!valid, "{place}");
                    continue;
                };
                let keys = backend.key_pair(set, &seed);
                if *valid {
                    assert_eq!(keys.encapsulation_key, hex(test, "ek"), "{place}");
                }
                let secret = decapsulate_with(*backend, set, &keys.decapsulation_key, &hex(test, "c"));
                assert_eq!(secret.map(|secret| secret.to_vec()), valid.then(|| hex(test, "K")), "{place}");
            }
        }
        let valid = tests.iter().filter(|test| test.valid).count();
        println!("{file}: {} tests, {valid} of them valid, by {} implementations", tests.len(), BACKENDS.len());
        all += tests.len();
    }
    assert_eq!(all, 579);
}

/// With coins; and keys with a coefficient beyond the modulus, which NIST's own tests do not have.
#[test]
fn wycheproof_encapsulation() {
    let (mut all, mut beyond) = (0, 0);
    for (set, number) in FILES {
        let file = format!("mlkem_{number}_encaps_test");
        let tests = wycheproof(&file);
        for Wycheproof { test, valid, .. } in &tests {
            let key = hex(test, "ek");
            beyond += usize::from(!valid && key.len() == set.encapsulation_key_bytes());
            for backend in BACKENDS {
                let made = encapsulate_with(*backend, set, &key, &hex(test, "m").try_into().unwrap());
                let made = made.map(|made| (made.ciphertext, made.secret.to_vec()));
                let expected = valid.then(|| (hex(test, "c"), hex(test, "K")));
                assert_eq!(made, expected, "{file} {} {}", backend.name(), test["tcId"]);
            }
        }
        let valid = tests.iter().filter(|test| test.valid).count();
        println!("{file}: {} tests, {valid} of them valid, by {} implementations", tests.len(), BACKENDS.len());
        all += tests.len();
    }
    println!("keys of the right length with a coefficient beyond the modulus: {beyond}");
    assert!(all > 780 && beyond > 300, "{all} {beyond}");
}

#[test]
fn wycheproof_keys() {
    for (set, number) in FILES {
        let file = format!("mlkem_{number}_keygen_seed_test");
        let tests = wycheproof(&file);
        for Wycheproof { test, valid, .. } in &tests {
            assert!(valid);
            for backend in BACKENDS {
                let keys = backend.key_pair(set, &hex(test, "seed").try_into().unwrap());
                assert_eq!(keys.encapsulation_key, hex(test, "ek"), "{file} {} {}", backend.name(), test["tcId"]);
                assert_eq!(*keys.decapsulation_key, hex(test, "dk"), "{file} {} {}", backend.name(), test["tcId"]);
            }
        }
        println!("{file}: {} keys by {} implementations", tests.len(), BACKENDS.len());
        assert_eq!(tests.len(), 100);
    }
}

/// What was done to an input.
const REGIONS: [&str; 9] = ["ek t", "ek rho", "dk s", "dk ek", "dk hash", "dk z", "ciphertext", "modulus", "lengths"];

/// Both implementations say the same of inputs that were bent, in every region.
#[test]
fn implementations_agree_on_bent_inputs() {
    let count = count(200, 10_000);
    let reports = std::thread::scope(|scope| {
        let threads = Set::ALL.map(|set| scope.spawn(move || agree(set, count)));
        threads.map(|thread| thread.join().unwrap())
    });
    println!("{}", reports.join("\n"));
}

fn agree(set: Set, count: usize) -> String {
    let mut chance = Chance::new(0x6d6c_6b65);
    let mut seen: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let (mut reached, mut both) = (0, 0);
    for round in 0..count {
        let region = REGIONS[round % REGIONS.len()];
        let keys = mlkem::key_pair(set, &chance.array());
        let coins: [u8; 32] = chance.array();
        let made = mlkem::encapsulate(set, &keys.encapsulation_key, &coins).unwrap();
        let (mut ek, mut dk, mut ciphertext) =
            (keys.encapsulation_key.clone(), keys.decapsulation_key.to_vec(), made.ciphertext.clone());
        let polynomials = ek.len() - 32;
        let hash = dk.len() - 64;
        match region {
            "ek t" => chance.bend(&mut ek[..polynomials]),
            "ek rho" => chance.bend(&mut ek[polynomials..]),
            "dk s" => chance.bend(&mut dk[..polynomials]),
            // With its hash put right in half of them.
            "dk ek" => {
                chance.bend(&mut dk[polynomials..hash]);
                if chance.below(2) == 0 {
                    let right = sha3_256(&[&dk[polynomials..hash]]);
                    dk[hash..hash + 32].copy_from_slice(&right);
                }
            }
            "dk hash" => chance.bend(&mut dk[hash..hash + 32]),
            "dk z" => chance.bend(&mut dk[hash + 32..]),
            "ciphertext" => chance.bend(&mut ciphertext),
            "modulus" => {
                // A coefficient at the edge: 3,328 is the last one.
                let value = u16::try_from(3_327 + chance.below(4)).unwrap().to_le_bytes();
                let at = 3 * chance.below(polynomials / 3);
                ek[at] = value[0];
                ek[at + 1] = ek[at + 1] & 0xf0 | value[1];
            }
            _ => match chance.below(3) {
                0 => chance.stretch(&mut ek),
                1 => chance.stretch(&mut dk),
                _ => chance.stretch(&mut ciphertext),
            },
        }
        let encapsulated: Vec<_> =
            BACKENDS.iter().map(|backend| encapsulate_with(*backend, set, &ek, &coins)).collect();
        let decapsulated: Vec<_> =
            BACKENDS.iter().map(|backend| decapsulate_with(*backend, set, &dk, &ciphertext)).collect();
        assert!(encapsulated.windows(2).all(|pair| pair[0] == pair[1]), "{set:?} {region} {round}");
        assert!(decapsulated.windows(2).all(|pair| pair[0] == pair[1]), "{set:?} {region} {round}");
        let lengths = (ek.len(), dk.len(), ciphertext.len());
        reached += usize::from(
            lengths == (set.encapsulation_key_bytes(), set.decapsulation_key_bytes(), set.ciphertext_bytes()),
        );
        let valid = encapsulated[0].is_some() && decapsulated[0].is_some();
        both += usize::from(valid);
        seen.entry(region).or_default()[usize::from(valid)] += 1;
    }
    let mut lines =
        vec![format!("{set:?}: {count} bent inputs, {reached} behind the lengths, {both} with keys that could be")];
    lines.extend(seen.iter().map(|(region, [no, yes])| format!("  {region:<12} {no:>5} refused {yes:>4} taken")));
    assert!(reached >= count * 8 / 9 && reached < count && seen.len() == REGIONS.len());
    assert!(both >= 20 && seen["lengths"][1] == 0, "{both}");
    lines.join("\n")
}

/// The stream behind everything that is derived here.
#[test]
fn shake256_of_nothing_and_of_parts() {
    // FIPS 202: SHAKE256 of the empty message.
    let expected = "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f";
    let hex: String = shake256::<32>(&[]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected);
    assert_eq!(shake256::<100>(&[b"a", b"", b"bc"]), shake256::<100>(&[b"abc"]));
    // FIPS 202: SHA3-256 of the empty message.
    let expected = "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a";
    let hex: String = sha3_256(&[]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected);
    assert_eq!(sha3_256(&[b"a", b"bc"]), sha3_256(&[b"abc"]));
}

//! ML-DSA: known answers of NIST and of Wycheproof through every implementation, and both on inputs that were bent.
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
use ml_dsa::{ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use pars_crypto::hash::shake256;
use pars_crypto::mldsa::{self, BACKENDS, MU_BYTES, Set};
use serde_json::Value;
use sha2_of_sha3::digest::{Digest, ExtendableOutput, Update, XofReader};
use std::collections::BTreeMap;

fn set_of(group: &Value) -> Set {
    match group["parameterSet"].as_str().unwrap() {
        "ML-DSA-44" => Set::MlDsa44,
        "ML-DSA-65" => Set::MlDsa65,
        "ML-DSA-87" => Set::MlDsa87,
        other => panic!("{other}"),
    }
}

/// µ of a test, given the hash of the public key.
fn mu(Acvp { group, prompt, .. }: &Acvp, public_key_hash: &[u8]) -> [u8; MU_BYTES] {
    if group["externalMu"] == true {
        return hex(prompt, "mu").try_into().unwrap();
    }
    let message = hex(prompt, "message");
    let represented = match (group["signatureInterface"].as_str(), group["preHash"].as_str()) {
        (Some("internal"), None) => message,
        (Some("external"), Some("pure")) => with_context(0, &hex(prompt, "context"), &message),
        (Some("external"), Some("preHash")) => {
            let hashed = hashed(prompt["hashAlg"].as_str().unwrap(), &message);
            with_context(1, &hex(prompt, "context"), &hashed)
        }
        other => panic!("{other:?}"),
    };
    shake256(&[public_key_hash, &represented])
}

fn with_context(kind: u8, context: &[u8], message: &[u8]) -> Vec<u8> {
    [&[kind, u8::try_from(context.len()).unwrap()], context, message].concat()
}

/// The identifier of a hash function, and the hash (FIPS 204, section 5.4).
fn hashed(name: &str, message: &[u8]) -> Vec<u8> {
    fn fixed<D: Digest>(message: &[u8]) -> Vec<u8> {
        D::digest(message).to_vec()
    }
    fn endless<D: Default + Update + ExtendableOutput>(message: &[u8], bytes: usize) -> Vec<u8> {
        let (mut hasher, mut out) = (D::default(), vec![0; bytes]);
        hasher.update(message);
        hasher.finalize_xof().read(&mut out);
        out
    }
    let (number, hash) = match name {
        "SHA2-256" => (1, fixed::<sha2_of_sha3::Sha256>(message)),
        "SHA2-384" => (2, fixed::<sha2_of_sha3::Sha384>(message)),
        "SHA2-512" => (3, fixed::<sha2_of_sha3::Sha512>(message)),
        "SHA2-224" => (4, fixed::<sha2_of_sha3::Sha224>(message)),
        "SHA2-512/224" => (5, fixed::<sha2_of_sha3::Sha512_224>(message)),
        "SHA2-512/256" => (6, fixed::<sha2_of_sha3::Sha512_256>(message)),
        "SHA3-224" => (7, fixed::<sha3::Sha3_224>(message)),
        "SHA3-256" => (8, fixed::<sha3::Sha3_256>(message)),
        "SHA3-384" => (9, fixed::<sha3::Sha3_384>(message)),
        "SHA3-512" => (10, fixed::<sha3::Sha3_512>(message)),
        "SHAKE-128" => (11, endless::<sha3::Shake128>(message, 32)),
        "SHAKE-256" => (12, endless::<sha3::Shake256>(message, 64)),
        other => panic!("{other}"),
    };
    [&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, number][..], &hash].concat()
}

#[test]
fn acvp_keys() {
    let tests = acvp("ML-DSA-keyGen-FIPS204");
    for Acvp { group, prompt, expected } in &tests {
        let seed = hex(prompt, "seed").try_into().unwrap();
        for backend in BACKENDS {
            let keys = backend.key_pair(set_of(group), &seed);
            assert_eq!(keys.public_key, hex(expected, "pk"), "{} {}", backend.name(), prompt["tcId"]);
            assert_eq!(*keys.secret_key, hex(expected, "sk"), "{} {}", backend.name(), prompt["tcId"]);
        }
    }
    println!("ML-DSA-keyGen-FIPS204: {} keys by {} implementations", tests.len(), BACKENDS.len());
    assert_eq!(tests.len(), 75);
}

/// The public key of a secret one.
fn public_key(set: Set, secret_key: &[u8]) -> Vec<u8> {
    #[expect(deprecated, reason = "the vectors have expanded keys")]
    fn of<P: MlDsaParams>(secret_key: &[u8]) -> Vec<u8> {
        ExpandedSigningKey::<P>::from_expanded(secret_key.try_into().unwrap()).verifying_key().encode().to_vec()
    }
    match set {
        Set::MlDsa44 => of::<MlDsa44>(secret_key),
        Set::MlDsa65 => of::<MlDsa65>(secret_key),
        Set::MlDsa87 => of::<MlDsa87>(secret_key),
    }
}

/// One implementation signs without randomness of its own. What it makes is verified by all.
#[test]
fn acvp_signatures_are_made() {
    let tests = acvp("ML-DSA-sigGen-FIPS204");
    let mut whole = 0;
    for test in &tests {
        let Acvp { group, prompt, expected } = test;
        let (set, secret_key) = (set_of(group), hex(prompt, "sk"));
        let mu = mu(test, &secret_key[64..128]);
        let randomness = hex(prompt, "rnd").try_into().unwrap_or([0; 32]);
        assert_eq!(group["deterministic"] == true, prompt.get("rnd").is_none());
        let signature = hex(expected, "signature");
        assert_eq!(mldsa::sign_mu(set, &secret_key, &mu, &randomness).as_ref(), Some(&signature), "{}", prompt["tcId"]);
        let public_key = public_key(set, &secret_key);
        assert_eq!(shake256::<64>(&[&public_key]), secret_key[64..128], "{}", prompt["tcId"]);
        for backend in BACKENDS {
            assert!(backend.verify_mu(set, &public_key, &mu, &signature), "{} {}", backend.name(), prompt["tcId"]);
        }
        if group["preHash"] == "pure" && group["deterministic"] == true {
            let made = mldsa::sign(set, &secret_key, &hex(prompt, "message"), &hex(prompt, "context"));
            assert_eq!(made, Some(signature), "{}", prompt["tcId"]);
            whole += 1;
        }
    }
    println!(
        "ML-DSA-sigGen-FIPS204: {} signatures, verified by {} implementations, {whole} made of message and context too",
        tests.len(),
        BACKENDS.len()
    );
    assert_eq!((tests.len(), whole), (360, 45));
}

#[test]
fn acvp_signatures_are_verified() {
    let tests = acvp("ML-DSA-sigVer-FIPS204");
    let (mut whole, mut valid) = (0, 0);
    for test in &tests {
        let Acvp { group, prompt, expected } = test;
        let (set, public_key, signature) = (set_of(group), hex(prompt, "pk"), hex(prompt, "signature"));
        let mu = mu(test, &shake256::<64>(&[&public_key]));
        let passes = expected["testPassed"].as_bool().unwrap();
        valid += usize::from(passes);
        for backend in BACKENDS {
            let verdict = backend.verify_mu(set, &public_key, &mu, &signature);
            assert_eq!(verdict, passes, "{} {}", backend.name(), prompt["tcId"]);
            if group["preHash"] == "pure" {
                let (message, context) = (hex(prompt, "message"), hex(prompt, "context"));
                let verdict = backend.verify(set, &public_key, &message, &context, &signature);
                assert_eq!(verdict, passes, "{} {}", backend.name(), prompt["tcId"]);
                whole += 1;
            }
        }
    }
    println!(
        "ML-DSA-sigVer-FIPS204: {} signatures, {valid} of them valid, by {} implementations; {} with message and context too",
        tests.len(),
        BACKENDS.len(),
        whole / BACKENDS.len()
    );
    assert_eq!((tests.len(), whole), (180, 45 * BACKENDS.len()));
}

#[test]
fn wycheproof_signatures_are_verified() {
    let mut all = 0;
    for (set, file) in
        Set::ALL.into_iter().zip(["mldsa_44_verify_test", "mldsa_65_verify_test", "mldsa_87_verify_test"])
    {
        let tests = wycheproof(file);
        for Wycheproof { group, test, valid } in &tests {
            let public_key = hex(group, "publicKey");
            for backend in BACKENDS {
                let verdict = backend.verify(set, &public_key, &hex(test, "msg"), &hex(test, "ctx"), &hex(test, "sig"));
                assert_eq!(verdict, *valid, "{file} {} {}: {}", backend.name(), test["tcId"], test["comment"]);
            }
        }
        let valid = tests.iter().filter(|test| test.valid).count();
        println!("{file}: {} signatures, {valid} of them valid, by {} implementations", tests.len(), BACKENDS.len());
        all += tests.len();
    }
    assert_eq!(all, 631);
}

#[test]
fn wycheproof_signatures_are_made() {
    let mut all = 0;
    for (set, file) in [(Set::MlDsa65, "mldsa_65_sign_seed_test"), (Set::MlDsa87, "mldsa_87_sign_seed_test")] {
        let tests = wycheproof(file);
        let (mut made, mut refused) = (0, 0);
        for Wycheproof { group, test, valid } in &tests {
            let (context, signature) = (hex(test, "ctx"), hex(test, "sig"));
            let Ok(seed) = hex(group, "privateSeed").try_into() else {
                assert!(!valid, "{file} {}", test["tcId"]);
                refused += 1;
                continue;
            };
            let keys = mldsa::key_pair(set, &seed);
            assert_eq!(keys.public_key, hex(group, "publicKey"));
            let randomness = hex(test, "rnd").try_into().unwrap_or([0; 32]);
            if let Ok(mu) = hex(test, "mu").try_into() {
                let by_mu = mldsa::sign_mu(set, &keys.secret_key, &mu, &randomness);
                assert_eq!(by_mu.as_ref(), Some(&signature), "{file} {}", test["tcId"]);
                assert!(BACKENDS.iter().all(|backend| backend.verify_mu(set, &keys.public_key, &mu, &signature)));
            }
            if test.get("msg").is_some() && test.get("rnd").is_none() {
                let signed = mldsa::sign(set, &keys.secret_key, &hex(test, "msg"), &context);
                assert_eq!(signed, valid.then_some(signature), "{file} {}", test["tcId"]);
            }
            if *valid {
                made += 1;
            } else {
                refused += 1;
            }
        }
        println!("{file}: {made} signatures made, {refused} refused");
        all += made + refused;
    }
    assert_eq!(all, 105 + 96);
}

#[test]
fn lengths_and_contexts_have_limits() {
    for set in Set::ALL {
        let keys = mldsa::key_pair(set, &[7; 32]);
        let longest = [9; mldsa::CONTEXT_BYTES_MAX];
        let signature = mldsa::sign(set, &keys.secret_key, b"message", &longest).unwrap();
        assert_eq!(mldsa::sign(set, &keys.secret_key, b"message", &[9; 256]), None);
        for backend in BACKENDS {
            let verify =
                |key: &[u8], context: &[u8], signature: &[u8]| backend.verify(set, key, b"message", context, signature);
            assert!(verify(&keys.public_key, &longest, &signature), "{}", backend.name());
            assert!(!verify(&keys.public_key, &[9; 256], &signature));
            assert!(!verify(&keys.public_key, &longest[1..], &signature));
            assert!(!verify(&keys.public_key[1..], &longest, &signature));
            assert!(!verify(&[&keys.public_key[..], &[0]].concat(), &longest, &signature));
            assert!(!verify(&keys.public_key, &longest, &signature[1..]));
            assert!(!verify(&keys.public_key, &longest, &[&signature[..], &[0]].concat()));
            assert!(!verify(&[], &longest, &[]));
        }
    }
}

/// What no key generation ever made: the crate that signs would panic.
#[test]
fn secret_keys_that_are_none_are_refused() {
    for set in Set::ALL {
        let bytes = set.secret_key_bytes();
        assert_eq!(mldsa::sign(set, &vec![0xff; bytes], b"", &[]), None);
        for short in [0, 1, 128, bytes - 1, bytes + 1] {
            assert_eq!(mldsa::sign(set, &vec![0; short], b"", &[]), None, "{short}");
        }
        // Every coefficient of s1 and s2 by itself, at the first value that is too large.
        let good = mldsa::key_pair(set, &[3; 32]).secret_key;
        let (bits, first_bad) = if set == Set::MlDsa65 { (4, 9_u8) } else { (3, 5) };
        let mut chance = Chance::new(7);
        let polynomials = match set {
            Set::MlDsa44 => 8,
            Set::MlDsa65 => 11,
            Set::MlDsa87 => 15,
        };
        for _ in 0..50 {
            let coefficient = chance.below(256 * polynomials);
            let mut bad = good.clone();
            for bit in 0..bits {
                let place = coefficient * bits + bit;
                let byte = &mut bad[128 + place / 8];
                *byte &= !(1 << (place % 8));
                *byte |= (first_bad >> bit & 1) << (place % 8);
            }
            assert_eq!(mldsa::sign(set, &bad, b"message", &[]), None, "{set:?} {coefficient}");
        }
    }
}

/// What was done to an input.
const REGIONS: [&str; 9] =
    ["key rho", "key t1", "message", "context", "c tilde", "z", "hints", "hint order", "lengths"];

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
    let mut chance = Chance::new(0x6d6c_6473);
    let mut seen: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let (mut reached, mut valid, mut reordered) = (0, 0, 0);
    for round in 0..count {
        let region = REGIONS[round % REGIONS.len()];
        let keys = mldsa::key_pair(set, &chance.array());
        let (mut message, mut context) = (chance.bytes(1 + round % 100), chance.bytes(1 + round % 9));
        let mut signature = mldsa::sign(set, &keys.secret_key, &message, &context).unwrap();
        let (mut public_key, mut swapped) = (keys.public_key.clone(), false);
        let hints = signature.len() - hint_bytes(set);
        let c_tilde = match set {
            Set::MlDsa44 => 32,
            Set::MlDsa65 => 48,
            Set::MlDsa87 => 64,
        };
        match region {
            "key rho" => chance.bend(&mut public_key[..32]),
            "key t1" => chance.bend(&mut public_key[32..]),
            "message" => chance.bend(&mut message),
            "context" => chance.bend(&mut context),
            "c tilde" => chance.bend(&mut signature[..c_tilde]),
            "z" => chance.bend(&mut signature[c_tilde..hints]),
            "hints" => chance.bend(&mut signature[hints..]),
            "hint order" => swapped = swap_hints(set, &mut signature[hints..], &mut chance),
            _ => match chance.below(3) {
                0 => chance.stretch(&mut public_key),
                1 => chance.stretch(&mut signature),
                _ => context.resize(256 + chance.below(9), 7),
            },
        }
        // One in a few is signed anew: verdicts that are all false would agree too.
        if round % 25 == 24 {
            context.truncate(mldsa::CONTEXT_BYTES_MAX);
            public_key.clone_from(&keys.public_key);
            signature = mldsa::sign(set, &keys.secret_key, &message, &context).unwrap();
            swapped = false;
        }
        let verdicts = BACKENDS.iter().map(|backend| backend.verify(set, &public_key, &message, &context, &signature));
        let verdicts: Vec<bool> = verdicts.collect();
        assert!(verdicts.windows(2).all(|pair| pair[0] == pair[1]), "{set:?} {region} {round}: {verdicts:?}");
        let lengths = (public_key.len(), signature.len());
        reached += usize::from(
            lengths == (set.public_key_bytes(), set.signature_bytes()) && context.len() <= mldsa::CONTEXT_BYTES_MAX,
        );
        valid += usize::from(verdicts[0]);
        reordered += usize::from(swapped);
        seen.entry(region).or_default()[usize::from(verdicts[0])] += 1;
    }
    let mut lines = vec![format!(
        "{set:?}: {count} bent inputs, {reached} behind the lengths, {valid} valid, {reordered} of other hint order only"
    )];
    lines.extend(seen.iter().map(|(region, [no, yes])| format!("  {region:<12} {no:>5} refused {yes:>4} valid")));
    assert!(reached >= count * 8 / 9 && reached < count && seen.len() == REGIONS.len());
    assert!(valid >= count / 25 && valid + reordered >= 20, "{valid} {reordered}");
    lines.join("\n")
}

const fn hint_bytes(set: Set) -> usize {
    match set {
        Set::MlDsa44 => 80 + 4,
        Set::MlDsa65 => 55 + 6,
        Set::MlDsa87 => 75 + 8,
    }
}

/// Two hints of one polynomial the other way round: the same hints, and no encoding of them. False where no polynomial has
/// two; then they are bent.
fn swap_hints(set: Set, hints: &mut [u8], chance: &mut Chance) -> bool {
    let rows = match set {
        Set::MlDsa44 => 4,
        Set::MlDsa65 => 6,
        Set::MlDsa87 => 8,
    };
    let (places, ends) = hints.split_at_mut(hints.len() - rows);
    let row = (0..rows)
        .map(|row| (if row == 0 { 0 } else { usize::from(ends[row - 1]) }, usize::from(ends[row])))
        .find(|(start, end)| end - start >= 2);
    match row {
        Some((start, end)) => {
            let first = start + chance.below(end - start - 1);
            places.swap(first, first + 1);
        }
        None => chance.bend(places),
    }
    row.is_some()
}

//! BLS12-381: known answers, aggregates, proofs of possession, and points that are none.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod effort;
    pub(crate) mod mutants;
    pub(crate) mod vectors;
}

use pars_crypto::bls::{
    POSSESSION_DST, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, SIGNATURE_DST, aggregate_public_keys, aggregate_signatures,
    verify, verify_each, verify_possession,
};
use serde_json::Value;
use support::effort::count;
use support::mutants::{Bounds, Mutants, Part};
use support::vectors::{bytes, is_valid, json, list, string, tests};

/// The generator of G1: the public key of the secret key 1.
const GENERATOR: &str =
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";

/// Signatures by one key each, as Wycheproof has them, in the domain that the group names.
fn wycheproof(file: &str, dst: &[u8]) -> (usize, usize) {
    let file = json(file);
    let (mut valid, mut invalid) = (0, 0);
    for (group, test) in tests(&file) {
        assert_eq!(string(&group["ciphersuite"]).as_bytes(), dst);
        let (key, message) = (bytes(&group["publicKey"]["pk"]), bytes(&test["msg"]));
        let verdict = verify(&key, &message, &bytes(&test["sig"]), dst);
        assert_eq!(verdict, is_valid(test), "{} {}", test["tcId"], test["comment"]);
        *if verdict { &mut valid } else { &mut invalid } += 1;
    }
    (valid, invalid)
}

#[test]
fn signatures_of_the_scheme_with_possession() {
    let done = wycheproof("wycheproof-curves/bls_sig_g2_pop_verify_test.json.gz", SIGNATURE_DST);
    println!("{} valid, {} invalid", done.0, done.1);
    assert_eq!(done, (13, 13));
}

#[test]
fn signatures_of_the_basic_scheme() {
    let dst = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";
    let done = wycheproof("wycheproof-curves/bls_sig_g2_basic_verify_test.json.gz", dst);
    println!("{} valid, {} invalid", done.0, done.1);
    assert_eq!(done, (29, 59));
}

#[test]
fn each_key_its_message() {
    let file = json("wycheproof-curves/bls_sig_g2_aggregate_verify_test.json.gz");
    let (mut valid, mut invalid, mut no_call) = (0, 0, 0);
    for (group, test) in tests(&file) {
        let (keys, messages) = (list(&test["pubkeys"]), list(&test["messages"]));
        if keys.len() != messages.len() {
            assert!(!is_valid(test));
            no_call += 1;
            continue;
        }
        let signed: Vec<_> = keys.iter().map(bytes).zip(messages.iter().map(bytes)).collect();
        let signed: Vec<_> = signed.iter().map(|(key, message)| (&key[..], &message[..])).collect();
        let verdict = verify_each(&signed, &bytes(&test["sig"]), string(&group["ciphersuite"]).as_bytes());
        assert_eq!(verdict, is_valid(test), "{} {}", test["tcId"], test["comment"]);
        *if verdict { &mut valid } else { &mut invalid } += 1;
    }
    println!("{valid} valid, {invalid} invalid, {no_call} not as many keys as messages");
    assert_eq!((valid, invalid, no_call), (6, 11, 2));
}

/// The point that a message is hashed to is its signature by the secret key 1.
#[test]
fn messages_are_hashed_to_their_points() {
    let file = json("wycheproof-curves/bls_hash_to_g2_test.json.gz");
    let generator = support::vectors::hex(GENERATOR);
    let mut valid = 0;
    for (group, test) in tests(&file) {
        let (message, dst) = (bytes(&test["msg"]), string(&group["dst"]).as_bytes());
        let point = bytes(&test["expected"]);
        assert!(is_valid(test));
        assert!(verify(&generator, &message, &point, dst), "{} {}", test["tcId"], test["comment"]);
        assert!(!verify(&generator, &message, &point, SIGNATURE_DST), "{}", test["tcId"]);
        valid += 1;
    }
    println!("{valid} points");
    assert_eq!(valid, 34);
}

fn possession() -> Value {
    json("bls-pop/bls_pop.json")
}

/// What lists of hex stand for, one after the other.
fn joined(values: &Value) -> Vec<u8> {
    list(values).iter().flat_map(bytes).collect()
}

#[test]
fn proofs_of_possession() {
    let (mut valid, mut invalid) = (0, 0);
    for test in list(&possession()["pop"]) {
        let (key, proof) = (bytes(&test["pk"]), bytes(&test["pop"]));
        let verdict = verify_possession(&key, &proof);
        assert_eq!(verdict, is_valid(test), "{test}");
        // The domain is what tells a proof from a signature of the same 48 bytes.
        assert!(!verify(&key, &key, &proof, SIGNATURE_DST) || !verdict);
        assert_eq!(verify(&key, &key, &proof, POSSESSION_DST), verdict);
        *if verdict { &mut valid } else { &mut invalid } += 1;
    }
    println!("{valid} valid, {invalid} invalid");
    assert_eq!((valid, invalid), (4, 3));
}

#[test]
fn aggregate_keys() {
    let file = possession();
    let aggregates = list(&file["fastAggregate"]);
    for test in aggregates {
        let key = aggregate_public_keys(&joined(&test["pks"])).unwrap();
        assert_eq!(key[..], bytes(&test["aggregateKey"]));
        let (message, signature) = (bytes(&test["message"]), bytes(&test["signature"]));
        assert!(is_valid(test));
        assert!(verify(&key, &message, &signature, SIGNATURE_DST), "{test}");
        let signed: Vec<_> = list(&test["pks"]).iter().map(bytes).collect();
        let signed: Vec<_> = signed.iter().map(|key| (&key[..], &message[..])).collect();
        assert!(verify_each(&signed, &signature, SIGNATURE_DST), "{test}");
        assert!(!verify_each(&signed, &signature, POSSESSION_DST), "{test}");
        for (key, proof) in list(&test["pks"]).iter().zip(list(&test["pops"])) {
            assert!(verify_possession(&bytes(key), &bytes(proof)), "{test}");
        }
    }
    println!("{} aggregates", aggregates.len());
    assert_eq!(aggregates.len(), 4);
}

#[test]
fn a_rogue_key_has_no_possession() {
    let file = possession();
    let [test] = list(&file["rogue"]) else { panic!("one") };
    let key = aggregate_public_keys(&joined(&test["pks"])).unwrap();
    let verdict = verify(&key, &bytes(&test["message"]), &bytes(&test["signature"]), SIGNATURE_DST);
    assert_eq!(Value::Bool(verdict), test["resultWithoutPossession"]);
    let pairs = list(&test["pks"]).iter().zip(list(&test["attackerPops"]));
    let proven: Vec<_> = pairs.map(|(key, proof)| verify_possession(&bytes(key), &bytes(proof))).collect();
    assert_eq!(proven, [true, false]);
    assert_eq!(test["resultWithPossession"], Value::Bool(false));
}

/// Keys, messages and signatures that are valid.
fn signed() -> Vec<[Vec<u8>; 3]> {
    let file = json("wycheproof-curves/bls_sig_g2_pop_verify_test.json.gz");
    let valid = tests(&file).into_iter().filter(|(_, test)| is_valid(test));
    valid.map(|(group, test)| [&group["publicKey"]["pk"], &test["msg"], &test["sig"]].map(bytes)).collect()
}

/// Signatures of two keys on one message, which are those of the proofs: each key signs its own bytes.
fn proofs() -> Vec<[Vec<u8>; 2]> {
    let file = possession();
    let valid = list(&file["pop"]).iter().filter(|test| is_valid(test));
    valid.map(|test| [&test["pk"], &test["pop"]].map(bytes)).collect()
}

#[test]
fn aggregate_signatures_of_several() {
    let proofs = proofs();
    for several in 1..=proofs.len() {
        let (mut signed, mut signatures) = (Vec::new(), Vec::new());
        for [key, proof] in &proofs[..several] {
            signed.push((&key[..], &key[..]));
            signatures.extend_from_slice(proof);
        }
        let signature = aggregate_signatures(&signatures).unwrap();
        assert!(verify_each(&signed, &signature, POSSESSION_DST));
        assert!(!verify_each(&signed, &signature, SIGNATURE_DST));
        assert!(!verify_each(&signed[1..], &signature, POSSESSION_DST));
        if several == 1 {
            assert_eq!(signature[..], signatures, "one alone is itself");
        }
        // The sum has no order.
        let backwards: Vec<u8> = signatures.chunks(SIGNATURE_BYTES).rev().flatten().copied().collect();
        assert_eq!(aggregate_signatures(&backwards), Some(signature));
    }
}

/// The same point with the other y.
fn negative(point: &[u8]) -> Vec<u8> {
    let mut negative = point.to_vec();
    negative[0] ^= 0x20;
    negative
}

/// Zero of a group, compressed.
fn zero(bytes: usize) -> Vec<u8> {
    let mut zero = vec![0; bytes];
    zero[0] = 0xc0;
    zero
}

#[test]
fn a_sum_of_zero_is_none() {
    let [[key, proof], [other_key, other_proof], ..] = &proofs()[..] else { panic!("two") };
    assert_eq!(aggregate_public_keys(&[&key[..], &negative(key)].concat()), None);
    assert_eq!(aggregate_signatures(&[&proof[..], &negative(proof)].concat()), None);
    // On the way zero is passed, and may be.
    let keys = [&key[..], &negative(key), other_key].concat();
    assert_eq!(aggregate_public_keys(&keys).unwrap()[..], other_key[..]);
    let signatures = [&proof[..], &negative(proof), other_proof].concat();
    assert_eq!(aggregate_signatures(&signatures).unwrap()[..], other_proof[..]);
    // Twice the same point is a point, as adding must know.
    let twice = aggregate_public_keys(&[&key[..], key].concat()).unwrap();
    let double = aggregate_signatures(&[&proof[..], proof].concat()).unwrap();
    assert!(verify(&twice, key, &double, POSSESSION_DST) != verify(&twice, key, proof, POSSESSION_DST));
    assert!(verify_each(&[(key, key), (key, key)], &double, POSSESSION_DST));
}

#[test]
fn points_that_are_none() {
    let [[key, proof], [other_key, other_proof], ..] = &proofs()[..] else { panic!("two") };
    let mut stray_key = vec![0; PUBLIC_KEY_BYTES];
    // x = 4 is on the curve, and not in the group.
    (stray_key[0], stray_key[47]) = (0x80, 4);
    let file = json("wycheproof-curves/bls_sig_g2_basic_verify_test.json.gz");
    let stray = tests(&file).into_iter().find(|(_, test)| string(&test["comment"]).contains("subgroup"));
    let (_, stray) = stray.expect("a signature outside the group");
    let stray_signature = bytes(&stray["sig"]);
    assert_eq!(stray_signature.len(), SIGNATURE_BYTES);
    let bad_keys = [zero(PUBLIC_KEY_BYTES), stray_key, vec![0; PUBLIC_KEY_BYTES], vec![0xff; PUBLIC_KEY_BYTES]];
    for bad in bad_keys {
        assert!(!verify_possession(&bad, proof));
        assert!(!verify_each(&[(key, key), (&bad, key)], proof, POSSESSION_DST));
        for keys in [bad.clone(), [&bad[..], key].concat(), [&key[..], &bad, other_key].concat()] {
            assert_eq!(aggregate_public_keys(&keys), None, "{bad:02x?}");
        }
    }
    let bad_signatures =
        [zero(SIGNATURE_BYTES), stray_signature, vec![0; SIGNATURE_BYTES], vec![0xff; SIGNATURE_BYTES]];
    for bad in bad_signatures {
        assert!(!verify_possession(key, &bad));
        for signatures in [bad.clone(), [&bad[..], proof].concat(), [&proof[..], &bad, other_proof].concat()] {
            assert_eq!(aggregate_signatures(&signatures), None, "{bad:02x?}");
        }
    }
    // Zero under zero, which the equation alone would take for any message.
    assert!(!verify(&zero(PUBLIC_KEY_BYTES), b"any", &zero(SIGNATURE_BYTES), SIGNATURE_DST));
    assert!(!verify_each(&[], &zero(SIGNATURE_BYTES), SIGNATURE_DST));
    assert!(!verify_each(&[], proof, SIGNATURE_DST));
}

#[test]
fn lengths() {
    let [[key, proof], ..] = &proofs()[..] else { panic!("one") };
    assert_eq!((key.len(), proof.len()), (PUBLIC_KEY_BYTES, SIGNATURE_BYTES));
    for length in 0..=2 * PUBLIC_KEY_BYTES {
        let bytes: Vec<u8> = key.iter().copied().cycle().take(length).collect();
        assert_eq!(verify(&bytes, key, proof, POSSESSION_DST), length == PUBLIC_KEY_BYTES, "{length}");
        let expected = [PUBLIC_KEY_BYTES, 2 * PUBLIC_KEY_BYTES].contains(&length);
        assert_eq!(aggregate_public_keys(&bytes).is_some(), expected, "{length}");
    }
    for length in 0..=2 * SIGNATURE_BYTES {
        let bytes: Vec<u8> = proof.iter().copied().cycle().take(length).collect();
        assert_eq!(verify(key, key, &bytes, POSSESSION_DST), length == SIGNATURE_BYTES, "{length}");
        let expected = [SIGNATURE_BYTES, 2 * SIGNATURE_BYTES].contains(&length);
        assert_eq!(aggregate_signatures(&bytes).is_some(), expected, "{length}");
    }
}

/// There is no second implementation here: what is changed must not be valid.
#[test]
fn every_mutant_is_refused() {
    let rounds = count(200, 10_000);
    let mut mutants = Mutants::new(381, Bounds::default());
    let signed = signed();
    for round in 0..rounds {
        let mutant = mutants.of(&signed[round % signed.len()].clone().map(Part::Free));
        let [key, message, signature] = [0, 1, 2].map(|part: usize| mutant[part].bytes());
        assert!(!verify(key, message, signature, SIGNATURE_DST), "round {round}");
    }
    println!("{rounds} mutants");
}

//! Signatures of groups: the known answers of the suites, ours against the suite's crate, and groups that really sign.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod effort;
    pub(crate) mod group;
    pub(crate) mod mutants;
    pub(crate) mod vectors;
}

use frost_core::{Ciphersuite, Group as _, SigningKey};
use frost_ed25519::Ed25519Sha512;
use frost_secp256k1::{Secp256K1Group, Secp256K1Sha256};
use frost_secp256k1_tr::Secp256K1Sha256TR;
use k256::ProjectivePoint;
use pars_crypto::{ed25519, frost, secp256k1};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use support::effort::count;
use support::group::Group;
use support::mutants::{Bounds, Mutants, Part};
use support::vectors::{array, bytes, json};

/// Order of the field.
const P: &str = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
/// Order of the group.
const N: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/// What verifies signatures of a suite; the last is the signature.
type Verify = fn(&[u8], &[u8], &[u8]) -> bool;

fn verify_ed25519(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (public_key, signature) = (public_key.try_into().expect("32 bytes"), signature.try_into().expect("64 bytes"));
    one(ed25519::BACKENDS.iter().map(|backend| backend.verify(public_key, message, signature)))
}

fn verify_taproot(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let [2 | 3, public_key @ ..] = public_key else { panic!("a point, compressed") };
    let (public_key, signature) = (public_key.try_into().expect("32 bytes"), signature.try_into().expect("64 bytes"));
    one(secp256k1::BACKENDS.iter().map(|backend| backend.schnorr_verify(public_key, message, signature)))
}

/// Ours, which agrees with the suite's crate wherever that reads points in their one encoding.
fn verify_secp256k1(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (key, sig) = (public_key.try_into().expect("33 bytes"), signature.try_into().expect("65 bytes"));
    let usual = [public_key[0], signature[0]].iter().all(|first| [2, 3].contains(first));
    one([frost::verify(key, message, sig), usual && suite_verify(public_key, message, signature)].into_iter())
}

fn suite_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Ok(key) = frost_secp256k1::VerifyingKey::deserialize(public_key) else { return false };
    frost_secp256k1::Signature::deserialize(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
}

fn one(mut verdicts: impl Iterator<Item = bool>) -> bool {
    let first = verdicts.next().expect("a verdict");
    assert!(verdicts.all(|verdict| verdict == first), "verdicts differ");
    first
}

/// Key, message and signature of a suite's file.
fn known(suite: &str) -> [Vec<u8>; 3] {
    let file = json(&format!("frost/{suite}.vectors.json"));
    let inputs = &file["inputs"];
    [bytes(&inputs["verifying_key_key"]), bytes(&inputs["message"]), bytes(&file["final_output"]["sig"])]
}

#[test]
fn known_answers() {
    let suites: [(&str, Verify); 3] = [
        ("frost-ed25519", verify_ed25519),
        ("frost-secp256k1", verify_secp256k1),
        ("frost-secp256k1-tr", verify_taproot),
    ];
    for (suite, verify) in suites {
        let [key, message, signature] = known(suite);
        assert_eq!(message, b"test");
        assert!(verify(&key, &message, &signature), "{suite}");
        assert!(!verify(&key, b"tesu", &signature), "{suite}");
    }
    println!("{} suites, one signature each", suites.len());
}

/// 05 before x stands for even y in some libraries. The suite's crate is one of them, and so is not what we verify with.
#[test]
fn points_have_one_encoding() {
    let [key, message, signature] = known("frost-secp256k1");
    assert_eq!((key[0], signature[0]), (2, 2));
    let (mut other_key, mut other_signature) = (key.clone(), signature.clone());
    (other_key[0], other_signature[0]) = (5, 5);
    assert!(suite_verify(&key, &message, &other_signature) && suite_verify(&other_key, &message, &signature));
    for first in (0..=u8::MAX).filter(|first| *first != 2) {
        (other_key[0], other_signature[0]) = (first, first);
        assert!(!verify_secp256k1(&key, &message, &other_signature), "{first:02x}");
        assert!(!verify_secp256k1(&other_key, &message, &signature), "{first:02x}");
    }
}

/// Numbers at the bounds of x and z.
fn bounds() -> Vec<[u8; 32]> {
    let mut bounds = vec![[0; 32], [0xff; 32]];
    for bound in [P, N] {
        for step in [0, 1, 0xff] {
            let mut number: [u8; 32] = array(bound);
            number[31] = number[31].wrapping_add(step);
            bounds.push(number);
        }
    }
    let mut one = [0; 32];
    one[31] = 1;
    bounds.push(one);
    bounds
}

#[test]
fn at_the_bounds() {
    let [key, message, signature] = known("frost-secp256k1");
    let points = |own: &[u8]| {
        let points = bounds().into_iter().flat_map(|x| [2, 3].map(|sign| [&[sign], &x[..]].concat()));
        points.chain([own.to_vec(), vec![0; 33]]).collect::<Vec<_>>()
    };
    let numbers = || bounds().into_iter().map(Vec::from).chain([signature[33..].to_vec()]);
    let (mut tried, mut valid) = (0, 0);
    for key in points(&key) {
        for r in points(&signature[..33]) {
            for z in numbers() {
                valid += usize::from(verify_secp256k1(&key, &message, &[&r[..], &z].concat()));
                tried += 1;
            }
        }
    }
    println!("{tried} at the bounds");
    assert_eq!((tried, valid), (20 * 20 * 10, 1));
}

#[test]
fn both_refuse_every_mutant() {
    let rounds = count(200, 10_000);
    let mut mutants = Mutants::new(9591, Bounds { numbers: bounds(), lowest_first: false });
    let [key, message, signature] = known("frost-secp256k1");
    let (r, z) = signature.split_at(33);
    let input = [Part::Fixed(key), Part::Free(message), Part::Fixed(r.to_vec()), Part::Fixed(z.to_vec())];
    for round in 0..rounds {
        let mutant = mutants.of(&input);
        let signature = [mutant[2].bytes(), mutant[3].bytes()].concat();
        assert!(!verify_secp256k1(mutant[0].bytes(), mutant[1].bytes(), &signature), "round {round}");
    }
    println!("{rounds} mutants");
}

/// Threshold and size.
const GROUPS: [(u16, u16); 4] = [(2, 2), (2, 3), (3, 5), (7, 10)];

/// Any `threshold` members sign, more of them too, and one fewer do not: neither by the rounds nor with a secret made of
/// their shares.
fn groups<C: Ciphersuite>(seed: u64, verify: Verify) -> (usize, usize) {
    let mut chance = ChaCha20Rng::seed_from_u64(seed);
    let (mut signed, mut forged) = (0, 0);
    for (threshold, size) in GROUPS {
        let group = Group::<C>::deal(threshold, size, &mut chance);
        let (key, members, threshold) = (group.key(), &group.members, group.threshold);
        for length in [0, 1, 32, 1_000] {
            let message = vec![0xa5; length];
            let other = vec![0xa5; length + 1];
            for signers in [&members[..threshold], &members[members.len() - threshold..], members] {
                let signature = group.sign(signers, &message, &mut chance).expect("enough signers");
                assert!(verify(&key, &message, &signature), "{threshold} of {size}");
                assert!(!verify(&key, &other, &signature), "{threshold} of {size}");
                signed += 1;
            }
            let whole =
                group.secret(&members[..threshold]).sign(&mut chance, &message).serialize().expect("a signature");
            assert!(verify(&key, &message, &whole), "the secret of {threshold} of {size}");

            let deceived = group.deceived();
            let few = &deceived.members[..deceived.threshold];
            assert!(group.sign(&members[..threshold - 1], &message, &mut chance).is_err());
            assert!(deceived.sign(few, &message, &mut chance).is_err(), "{} of {threshold}", few.len());
            let part = deceived.secret(few).sign(&mut chance, &message).serialize().expect("a signature");
            assert!(!verify(&key, &message, &part), "the secret of {} of {threshold}", few.len());
            forged += 1;
        }
    }
    (signed, forged)
}

#[test]
fn groups_sign_ed25519() {
    let done = groups::<Ed25519Sha512>(1, verify_ed25519);
    println!("{} signatures, {} forgeries refused", done.0, done.1);
    assert_eq!(done, (48, 16));
}

#[test]
fn groups_sign_secp256k1() {
    let done = groups::<Secp256K1Sha256>(2, verify_secp256k1);
    println!("{} signatures, {} forgeries refused", done.0, done.1);
    assert_eq!(done, (48, 16));
}

#[test]
fn groups_sign_taproot() {
    let done = groups::<Secp256K1Sha256TR>(3, verify_taproot);
    println!("{} signatures, {} forgeries refused", done.0, done.1);
    assert_eq!(done, (48, 16));
}

/// A forger who hashes the group's own key has all but the secret: with that of enough shares it is a signature, with
/// that of one fewer it is none.
#[test]
fn one_share_short_is_no_signature() {
    let mut chance = ChaCha20Rng::seed_from_u64(4);
    let group = Group::<Secp256K1Sha256>::deal(3, 5, &mut chance);
    let (key, message) = (group.key(), b"message");
    let mut forge = |secret: SigningKey<Secp256K1Sha256>| {
        let nonce = SigningKey::<Secp256K1Sha256>::new(&mut chance).to_scalar();
        let r = Secp256K1Group::serialize(&(ProjectivePoint::GENERATOR * nonce)).unwrap();
        let challenge = Secp256K1Sha256::H2(&[&r, &key[..], message].concat());
        [&r[..], &(nonce + challenge * secret.to_scalar()).to_bytes()].concat()
    };
    let enough = forge(group.secret(&group.members[1..4]));
    assert!(verify_secp256k1(&key, message, &enough));
    let deceived = group.deceived();
    for few in deceived.members.windows(2) {
        let short = forge(deceived.secret(few));
        assert!(!verify_secp256k1(&key, message, &short));
    }
}

/// A signer may hash points as they please. What they wrote in another way is no signature, though the equation holds.
#[test]
fn a_signer_cannot_choose_the_encoding() {
    let mut chance = ChaCha20Rng::seed_from_u64(5);
    let message = b"message";
    let (mut valid, mut invalid) = (0, 0);
    for _ in 0..16 {
        let [secret, nonce] = [0; 2].map(|_| SigningKey::<Secp256K1Sha256>::new(&mut chance).to_scalar());
        let [key, r] =
            [secret, nonce].map(|number| Secp256K1Group::serialize(&(ProjectivePoint::GENERATOR * number)).unwrap());
        for first in 0..=u8::MAX {
            let written = |point: [u8; 33]| [&[first], &point[1..]].concat();
            for (key, r, usual) in [(written(key), r.to_vec(), key[0]), (key.to_vec(), written(r), r[0])] {
                let challenge = Secp256K1Sha256::H2(&[&r[..], &key, message].concat());
                let signature = [&r[..], &(nonce + challenge * secret).to_bytes()].concat();
                let verdict = frost::verify(key[..].try_into().unwrap(), message, signature[..].try_into().unwrap());
                assert_eq!(verdict, first == usual, "{first:02x}");
                *if verdict { &mut valid } else { &mut invalid } += 1;
            }
        }
    }
    println!("{valid} valid, {invalid} invalid");
    assert_eq!((valid, invalid), (32, 32 * 255));
}

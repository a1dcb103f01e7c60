//! Points of BLS12-381 that are no keys and no signatures, and those that come twice, through both rows.

use crate::calling::{Argument, Setting, call, encoded};
use crate::load::hex;
use crate::operations::{bls_key, bls_possession, bls_public, bls_sign, selector};
use crate::vectors::{json, string, tests};
use Argument::{Bytes as B, List as L, Word as W};
use alloy_primitives::{Bytes, U256, uint};
use blst::min_pk::SecretKey;
use pars_precompiles::abi;
use pars_precompiles::port::{Halt, Stop};
use pars_precompiles::pure::{INVALID_KEY, MALFORMED_INPUT, named, truth, truth_byte};
use pars_precompiles::registry::{TABLE, rows_of};

const HASH: [u8; 32] = [0x55; 32];
const BAD_FRAME: Result<Bytes, Stop> = Err(Stop::Halt(Halt::BadInput));

/// By the first row of the key, which verifies, or the second one, which adds.
fn run(row: usize, input: &[u8]) -> Result<Bytes, Stop> {
    let entry = &TABLE[rows_of("blsConfig").nth(row).unwrap()];
    call(entry, Setting::at(entry.at), input).0
}

fn function(row: usize, signature: &str, arguments: &[Argument]) -> Result<Bytes, Stop> {
    run(row, &encoded(selector(signature), arguments))
}

/// What every form of verification says, which is one.
fn verify(key: &[u8], signature: &[u8]) -> bool {
    let [key_bytes, signature_bytes] = [key, signature].map(|bytes| B(bytes.to_vec()));
    let hash = [key_bytes.clone(), W(HASH), signature_bytes.clone()];
    let ended = function(0, "verify(bytes,bytes32,bytes)", &hash);
    let message = [key_bytes, B(HASH.to_vec()), signature_bytes];
    assert_eq!(function(0, "verify(bytes,bytes,bytes)", &message), ended);
    let holds = ended == Ok(truth(true));
    assert!(holds || ended == Ok(truth(false)));
    assert_eq!(run(0, &[key, &HASH, signature].concat()), Ok(truth_byte(holds)));
    holds
}

fn aggregate(signatures: &[&[u8]]) -> Result<Bytes, Stop> {
    function(1, "aggregate(bytes[])", &[L(signatures.iter().map(|bytes| bytes.to_vec()).collect())])
}

fn aggregate_keys(proved: &[&[u8]]) -> Result<Bytes, Stop> {
    function(1, "aggregatePublicKeys(bytes)", &[B(proved.concat())])
}

/// Infinity, a point of the curve outside the group, and bytes that are no point.
fn no_points<const N: usize>(outside: [u8; N]) -> [[u8; N]; 4] {
    let mut infinity = [0; N];
    infinity[0] = 0xc0;
    [infinity, outside, [0; N], [0xff; N]]
}

/// x = 4 is on the curve, and not in the group.
const fn key_outside() -> [u8; 48] {
    let mut key = [0; 48];
    (key[0], key[47]) = (0x80, 4);
    key
}

fn signature_outside() -> [u8; 96] {
    let file = json("wycheproof-curves/bls_sig_g2_basic_verify_test.json.gz");
    let outside = tests(&file).into_iter().find(|(_, test)| string(&test["comment"]).contains("subgroup"));
    hex(outside.unwrap().1, "sig").try_into().unwrap()
}

#[test]
fn no_point_is_a_key() {
    let secret = bls_key(7);
    let (key, signature, proof) = (bls_public(&secret), bls_sign(&secret, &HASH), bls_possession(&secret));
    assert!(verify(&key, &signature));
    for bad in no_points(key_outside()) {
        assert!(!verify(&bad, &signature), "{bad:02x?}");
        let possession = function(0, "popVerify(bytes,bytes)", &[B(bad.to_vec()), B(proof.clone())]);
        assert_eq!(possession, Ok(truth(false)), "{bad:02x?}");
        for proved in [&[&bad[..], &proof][..], &[&key, &proof, &bad, &proof]] {
            assert_eq!(aggregate_keys(proved), Err(named(INVALID_KEY)), "{bad:02x?}");
        }
    }
}

#[test]
fn no_point_is_a_signature() {
    let secret = bls_key(7);
    let (key, signature) = (bls_public(&secret), bls_sign(&secret, &HASH));
    for bad in no_points(signature_outside()) {
        assert!(!verify(&key, &bad), "{bad:02x?}");
        let possession = function(0, "popVerify(bytes,bytes)", &[B(key.clone()), B(bad.to_vec())]);
        assert_eq!(possession, Ok(truth(false)), "{bad:02x?}");
        assert_eq!(aggregate_keys(&[&key, &bad]), Err(named(INVALID_KEY)), "{bad:02x?}");
        for signatures in [&[&bad[..]][..], &[&signature, &bad]] {
            assert_eq!(aggregate(signatures), Err(named(MALFORMED_INPUT)), "{bad:02x?}");
            assert_eq!(run(1, &signatures.concat()), BAD_FRAME, "{bad:02x?}");
        }
    }
    // Infinity under infinity, which the equation alone would take for any message.
    assert!(!verify(&no_points(key_outside())[0], &no_points(signature_outside())[0]));
}

/// A key that comes twice counts twice, as its signature does.
#[test]
fn a_repeated_key_counts_twice() {
    let secret = bls_key(7);
    let (key, signature, proof) = (bls_public(&secret), bls_sign(&secret, &HASH), bls_possession(&secret));
    let double_key = aggregate_keys(&[&key, &proof, &key, &proof]).unwrap();
    let double_signature = run(1, &[&signature[..], &signature].concat()).unwrap();
    assert_eq!(aggregate(&[&signature, &signature]), Ok(abi::dynamic(&double_signature)));
    // Behind its place and its size.
    let double_key = &double_key[64..64 + 48];
    assert!(verify(double_key, &double_signature));
    assert!(!verify(double_key, &signature) && !verify(&key, &double_signature));
}

#[test]
fn a_sum_of_nothing_is_no_signature() {
    let signature = bls_sign(&bls_key(7), &HASH);
    // The same point with the other y.
    let mut negative = signature.clone();
    negative[0] ^= 0x20;
    assert_eq!(aggregate(&[&signature, &negative]), Err(named(MALFORMED_INPUT)));
    assert_eq!(run(1, &[&signature[..], &negative].concat()), BAD_FRAME);
}

/// Somebody who has both secrets proves possession of a key and of its opposite.
#[test]
fn a_sum_of_nothing_is_no_key() {
    let secret = bls_key(7);
    // The order of the group.
    let order = uint!(0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001_U256);
    let opposite = order - U256::from_be_bytes(secret.to_bytes());
    let opposite = SecretKey::from_bytes(&opposite.to_be_bytes::<32>()).unwrap();
    let proved = [&secret, &opposite].map(|secret| [bls_public(secret), bls_possession(secret)].concat());
    assert!(proved.iter().all(|proved| aggregate_keys(&[proved]).is_ok()));
    assert_eq!(aggregate_keys(&[&proved[0], &proved[1]]), Err(named(INVALID_KEY)));
}

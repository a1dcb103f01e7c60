//! Ed25519: known answers, points that rules differ on, and mutants, through both implementations.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod effort;
    pub(crate) mod mutants;
    pub(crate) mod vectors;
}

use pars_crypto::ed25519::{BACKENDS, chosen, verify};
use support::effort::count;
use support::mutants::{Bounds, Mutants, Part};
use support::vectors::{array, bytes, is_valid, json, list, string, tests};

const WYCHEPROOF: &str = "wycheproof-curves/ed25519_test.json.gz";
const EDGES: &str = "ed25519-edges/ed25519vectors.json.gz";

/// Order of the base point, lowest byte first.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
/// Order of the field, lowest byte first.
const P: &str = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";

struct Signed {
    public_key: [u8; 32],
    message: Vec<u8>,
    signature: [u8; 64],
}

/// All valid ones of Wycheproof.
fn signed() -> Vec<Signed> {
    let file = json(WYCHEPROOF);
    let valid = tests(&file).into_iter().filter(|(_, test)| is_valid(test));
    let signed = valid.map(|(group, test)| Signed {
        public_key: array(string(&group["publicKey"]["pk"])),
        message: bytes(&test["msg"]),
        signature: array(string(&test["sig"])),
    });
    signed.collect()
}

#[test]
fn known_answers() {
    let file = json(WYCHEPROOF);
    for backend in BACKENDS {
        let (mut valid, mut invalid, mut no_call) = (0, 0, 0);
        for (group, test) in tests(&file) {
            let Ok(signature) = <[u8; 64]>::try_from(bytes(&test["sig"])) else {
                assert!(!is_valid(test), "{}", test["tcId"]);
                no_call += 1;
                continue;
            };
            let public_key = array(string(&group["publicKey"]["pk"]));
            let verdict = backend.verify(&public_key, &bytes(&test["msg"]), &signature);
            assert_eq!(verdict, is_valid(test), "{} {} {}", backend.name(), test["tcId"], test["comment"]);
            *if verdict { &mut valid } else { &mut invalid } += 1;
        }
        println!("{}: {valid} valid, {invalid} invalid, {no_call} not of 64 bytes", backend.name());
        assert_eq!((valid, invalid, no_call), (88, 51, 12));
    }
}

/// Of all edges, those are taken that have points with a component of small order, where it cancels out.
#[test]
fn edges() {
    const TAKEN: [&str; 2] = ["low_order_component_A", "low_order_component_R"];
    let file = json(EDGES);
    for backend in BACKENDS {
        let (mut valid, mut invalid) = (0, 0);
        for edge in list(&file) {
            let flags = edge["flags"].as_array().map(Vec::as_slice).unwrap_or_default();
            let expected = flags.iter().all(|flag| TAKEN.contains(&string(flag)));
            let (public_key, signature) = (array(string(&edge["key"])), array(string(&edge["sig"])));
            let verdict = backend.verify(&public_key, string(&edge["msg"]).as_bytes(), &signature);
            assert_eq!(verdict, expected, "{} {edge}", backend.name());
            *if verdict { &mut valid } else { &mut invalid } += 1;
        }
        println!("{}: {valid} valid, {invalid} invalid", backend.name());
        assert_eq!((valid, invalid), (43, 871));
    }
}

/// s is below the order of the base point, though adding that would change nothing in the equation.
#[test]
fn s_has_one_encoding() {
    let order: [u8; 32] = array(L);
    for Signed { public_key, message, signature } in signed() {
        let mut other = signature;
        let mut tried = 0;
        // The order has 253 bits, so it fits several times.
        for _ in 0..15 {
            let mut carry = 0;
            for (digit, summand) in other[32..].iter_mut().zip(order) {
                let sum = u16::from(*digit) + u16::from(summand) + carry;
                (*digit, carry) = (u8::try_from(sum & 0xff).unwrap(), sum >> 8);
            }
            if carry > 0 {
                break;
            }
            tried += 1;
            for backend in BACKENDS {
                assert!(backend.verify(&public_key, &message, &signature));
                assert!(!backend.verify(&public_key, &message, &other), "{}", backend.name());
            }
        }
        assert!(tried >= 14);
    }
}

#[test]
fn both_refuse_every_mutant() {
    let rounds = count(200, 10_000);
    let mut numbers = vec![[0; 32], [0xff; 32], array(L), array(P)];
    for step in [1, 0xff] {
        for bound in [L, P] {
            let mut beside: [u8; 32] = array(bound);
            beside[0] = beside[0].wrapping_add(step);
            numbers.push(beside);
        }
    }
    let mut mutants = Mutants::new(8032, Bounds { numbers, lowest_first: true });
    let signed = signed();
    for round in 0..rounds {
        let Signed { public_key, message, signature } = &signed[round % signed.len()];
        let input = [Part::Fixed(public_key.to_vec()), Part::Free(message.clone()), Part::Fixed(signature.to_vec())];
        let mutant = mutants.of(&input);
        let public_key = mutant[0].bytes().try_into().unwrap();
        let (message, signature) = (mutant[1].bytes(), mutant[2].bytes().try_into().unwrap());
        for backend in BACKENDS {
            assert!(!backend.verify(public_key, message, signature), "{} round {round}", backend.name());
        }
    }
    println!("{rounds} mutants");
}

#[test]
fn the_implementation_in_use() {
    assert_eq!(chosen().name(), BACKENDS[0].name());
    let Signed { public_key, message, signature } = signed().remove(0);
    assert!(verify(&public_key, &message, &signature));
    assert!(!verify(&public_key, b"another", &signature));
}

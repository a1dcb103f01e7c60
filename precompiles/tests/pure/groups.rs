//! Groups that really sign, through the row of FROST: as many as the threshold do, and one fewer cannot.

use crate::calling::{Argument, Setting, call, encoded, row};
use crate::group::Group;
use crate::operations::selector;
use Argument::{Bytes as B, Number as N};
use frost_core::Ciphersuite;
use frost_ed25519::Ed25519Sha512;
use frost_secp256k1::Secp256K1Sha256;
use frost_secp256k1_tr::Secp256K1Sha256TR;
use pars_precompiles::pure::truth;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Threshold and size.
const GROUPS: [(u16, u16); 4] = [(2, 2), (2, 3), (3, 5), (7, 10)];

fn holds(suite: u64, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let entry = row("frostVerify");
    let four = [N(suite), B(key.to_vec()), B(message.to_vec()), B(signature.to_vec())];
    let input = encoded(selector("verify(uint8,bytes,bytes,bytes)"), &four);
    let answer = call(entry, Setting::at(entry.at), &input).0.unwrap();
    assert!(answer == truth(true) || answer == truth(false));
    answer == truth(true)
}

/// Signatures that hold, and forgeries that do not. BIP-340's keys are x alone.
fn groups<C: Ciphersuite>(suite: u64, key_of: fn(&[u8]) -> &[u8]) -> (usize, usize) {
    let mut chance = ChaCha20Rng::seed_from_u64(suite);
    let (mut signed, mut forged) = (0, 0);
    for (threshold, size) in GROUPS {
        let group = Group::<C>::deal(threshold, size, &mut chance);
        let (whole_key, members) = (group.key(), &group.members);
        let key = key_of(&whole_key);
        for message in [&[][..], &[0xa5; 32], &[0xa5; 1_000]] {
            for signers in [&members[..group.threshold], &members[members.len() - group.threshold..], members] {
                let signature = group.sign(signers, message, &mut chance).unwrap();
                assert!(holds(suite, key, message, &signature), "{threshold} of {size}");
                assert!(!holds(suite, key, &[message, &[1]].concat(), &signature), "{threshold} of {size}");
                signed += 1;
            }
            // One fewer: the rounds end without a signature, and what their shares make is none.
            let deceived = group.deceived();
            let few = &deceived.members[..deceived.threshold];
            assert!(group.sign(&members[..group.threshold - 1], message, &mut chance).is_err());
            assert!(deceived.sign(few, message, &mut chance).is_err());
            let part = deceived.secret(few).sign(&mut chance, message).serialize().unwrap();
            assert!(!holds(suite, key, message, &part), "{} of {threshold}", few.len());
            forged += 1;
        }
    }
    (signed, forged)
}

#[test]
fn groups_sign() {
    let done = [
        groups::<Secp256K1Sha256TR>(0, |key| &key[1..]),
        groups::<Ed25519Sha512>(1, |key| key),
        groups::<Secp256K1Sha256>(2, |key| key),
    ];
    println!("{done:?} signatures, and forgeries refused, by suite");
    assert_eq!(done, [(36, 12); 3]);
}

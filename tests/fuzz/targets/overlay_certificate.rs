//! Certificates of the overlay: what is read has one form, and proves nothing unless the validator signed it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_host::Validator;
use pars_overlay::bls::SecretKey;
use pars_overlay::certificate::CERTIFICATE_BYTES;
use pars_overlay::{Certificate, Refusal, Set};

/// Nothing is allocated.
const BOUND: Bound = Bound { each: 0, any: 1 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let Ok(certificate) = BOUND.check(bytes.len(), || Certificate::decode(bytes)) else {
        assert!(bytes.len() != CERTIFICATE_BYTES || bytes[..2] != [0, 1]);
        return;
    };
    assert_eq!(certificate.encode(), bytes);
    let claim = *certificate.claim();
    let key = SecretKey::from_bytes(&[1; 32]).expect("a key").public_key().to_long_bytes().to_vec();
    let set = Set::of(&[Validator { node: claim.node, weight: 1, public_key: key.into() }]);
    // The seeds are signed by another key, and nobody finds a signature of this one.
    let refused = certificate.verify(&set, claim.chain, claim.not_after).expect_err("nobody signed it");
    assert!(matches!(refused, Refusal::Signature | Refusal::Outsider));
});

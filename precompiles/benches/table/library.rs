//! Calls of libraries with nothing of the rows around them.

use crate::clock::Work;
use crate::operations::{Single, Verification};
use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024};
use aws_lc_rs::signature::{ML_DSA_44, ML_DSA_65, ML_DSA_87, UnparsedPublicKey};
use pars_crypto::{hash, mldsa, mlkem, slhdsa};
use std::hint::black_box;

/// A library, and what it is asked.
pub(crate) struct Library<'a> {
    pub(crate) name: &'static str,
    pub(crate) work: Work<'a>,
}

/// All that can do it: AWS-LC by its own safe interface where that reaches, and each implementation of ours.
pub(crate) fn libraries(single: &Single) -> Vec<Library<'_>> {
    match single {
        Single::MlDsa(set, asked) => mldsa(*set, asked),
        Single::MlKem { set, key, are_coins_given } => mlkem(*set, key, *are_coins_given),
        Single::SlhDsa(set, Verification { key, message, context, signature }) => {
            let ours = slhdsa::BACKENDS
                .iter()
                .map(|backend| library(backend.name(), move || backend.verify(*set, key, message, context, signature)));
            ours.collect()
        }
    }
}

fn mldsa(set: mldsa::Set, asked: &Verification) -> Vec<Library<'_>> {
    let Verification { key, message, context, signature } = asked;
    let ours = mldsa::BACKENDS
        .iter()
        .map(|backend| library(backend.name(), move || backend.verify(set, key, message, context, signature)));
    let mut all: Vec<_> = ours.collect();
    if context.is_empty() {
        let algorithm = match set {
            mldsa::Set::MlDsa44 => &ML_DSA_44,
            mldsa::Set::MlDsa65 => &ML_DSA_65,
            mldsa::Set::MlDsa87 => &ML_DSA_87,
        };
        all.push(library("aws-lc-rs", move || {
            UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
        }));
    }
    all
}

/// Where coins are not given, they are hashed from the key first.
fn mlkem(set: mlkem::Set, key: &[u8], are_given: bool) -> Vec<Library<'_>> {
    let coins = move |hash: &dyn hash::Backend| {
        let mut coins = [6; mlkem::COINS_BYTES];
        if !are_given {
            hash.shake256(&[b"pars/mlkem-encapsulate/v1", &[0], black_box(key)], &mut coins);
        }
        coins
    };
    let ours = mlkem::BACKENDS.iter().zip(hash::BACKENDS).map(move |(backend, hash)| {
        library(backend.name(), move || mlkem::encapsulate_with(*backend, set, key, &coins(*hash)).is_some())
    });
    let mut all: Vec<_> = ours.collect();
    let algorithm = match set {
        mlkem::Set::MlKem512 => &ML_KEM_512,
        mlkem::Set::MlKem768 => &ML_KEM_768,
        mlkem::Set::MlKem1024 => &ML_KEM_1024,
    };
    // It draws its coins, and takes none.
    all.push(library("aws-lc-rs", move || {
        black_box(coins(hash::BACKENDS[0]));
        EncapsulationKey::new(algorithm, key).is_ok_and(|key| key.encapsulate().is_ok())
    }));
    all
}

/// Asks once, whether it works at all.
fn library<'a>(name: &'static str, mut asks: impl FnMut() -> bool + 'a) -> Library<'a> {
    assert!(asks(), "{name} refuses what is accepted");
    Library { name, work: Box::new(move || assert!(black_box(asks()), "{name} refuses what it accepted")) }
}

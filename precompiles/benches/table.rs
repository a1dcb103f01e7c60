//! Time and time for a unit of gas of everything that the rows do, accepted and refused, beside ecrecover in the same run.
//!
//!     cargo bench -p pars-precompiles --bench table
//!     cargo bench -p pars-precompiles -p pars-crypto --features pars-crypto/portable --bench table
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a program that prints what it measured"
)]
#![allow(dead_code, reason = "shared with the tests")]

#[path = "../tests/pure/calling.rs"]
mod calling;
#[path = "../../crypto/tests/support/load.rs"]
mod load;
#[path = "../tests/pure/operations.rs"]
mod operations;
#[path = "../../crypto/tests/support/vectors.rs"]
mod vectors;

use calling::{Argument, Setting, call, encoded};
use operations::{Form, Operation, operations};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// For so long something is repeated, several times.
const BATCH: Duration = Duration::from_millis(40);
const BATCHES: usize = 5;
/// Ethereum's price of recovering a signer.
const ECRECOVER_GAS: u64 = 3_000;
/// So much more of ecrecover's time for a unit of gas is allowed.
const LIMIT: f64 = 1.25;

fn main() {
    let implementations = [pars_crypto::mldsa::chosen().name(), pars_crypto::secp256k1::chosen().name()];
    let ecrecover = per_gas(ecrecover_ns(), ECRECOVER_GAS);
    println!("in use: {}; ecrecover {ecrecover:.2} ns/gas\n", implementations.join(", "));
    println!(
        "{:<52} {:>9} {:>11} {:>11} {:>8} {:>8}",
        "operation", "gas", "accepted us", "refused us", "ns/gas", "ratio"
    );
    let mut worst = (0.0, String::new());
    for operation in operations() {
        let accepted = call_ns(&operation, &operation.input());
        let refused = call_ns(&operation, &bent(&operation));
        let slowest = per_gas(accepted.max(refused), operation.price);
        let ratio = slowest / ecrecover;
        let verdict = if ratio > LIMIT { "  beyond the limit" } else { "" };
        println!(
            "{:<52} {:>9} {:>11.1} {:>11.1} {slowest:>8.2} {ratio:>8.2}{verdict}",
            operation.name,
            operation.price,
            accepted / 1e3,
            refused / 1e3
        );
        if ratio > worst.0 {
            worst = (ratio, operation.name);
        }
    }
    println!("\nhighest ratio to ecrecover {:.2} ({}), limit {LIMIT}", worst.0, worst.1);
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "for people")]
fn per_gas(ns: f64, gas: u64) -> f64 {
    ns / gas as f64
}

fn call_ns(operation: &Operation, input: &[u8]) -> f64 {
    median_ns(|| drop(black_box(call(operation.row, Setting::at(operation.row.at), black_box(input)))))
}

/// The same call with one bit of its last bytes changed, which is a signature's, a key's or a message's.
fn bent(operation: &Operation) -> Vec<u8> {
    match &operation.form {
        Form::Function(selector, arguments) => {
            let mut arguments = arguments.clone();
            let last = arguments.iter_mut().rev().find_map(|argument| match argument {
                Argument::Bytes(bytes) => bytes.last_mut(),
                Argument::List(members) => members.last_mut()?.last_mut(),
                Argument::Number(_) | Argument::Word(_) => None,
            });
            if let Some(last) = last {
                *last ^= 1;
            }
            encoded(*selector, &arguments)
        }
        Form::Raw(bytes) | Form::Open(bytes) => {
            let mut bytes = bytes.clone();
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            bytes
        }
    }
}

/// As the EVM's precompile works: the key, and its hash.
fn ecrecover_ns() -> f64 {
    let secret = k256::ecdsa::SigningKey::from_bytes(&[2; 32].into()).unwrap();
    let hash = [0x33; 32];
    let (signature, v) = secret.sign_prehash_recoverable(&hash).unwrap();
    let signature: [u8; 64] = signature.to_bytes().into();
    median_ns(|| {
        let key = pars_crypto::secp256k1::ecdsa_recover(black_box(&hash), &signature, v.to_byte()).unwrap();
        black_box(alloy_primitives::keccak256(&key[1..]));
    })
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "for people")]
fn median_ns(mut work: impl FnMut()) -> f64 {
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let (since, mut count) = (Instant::now(), 0_u64);
            while since.elapsed() < BATCH {
                work();
                count += 1;
            }
            since.elapsed().as_nanos() as f64 / count as f64
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}

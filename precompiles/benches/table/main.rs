//! What the rows cost: the way through them beside a call of a library, and time for a unit of gas beside ecrecover. Ends
//! with 1 where a limit is broken.
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
#![allow(dead_code, reason = "shared with the tests, and with the bench of blocks")]

#[path = "../../tests/pure/calling.rs"]
mod calling;
mod case;
mod clock;
mod ecrecover;
mod gas;
mod library;
#[path = "../../../crypto/tests/support/load.rs"]
mod load;
#[path = "../../tests/pure/operations.rs"]
mod operations;
mod path;
#[path = "../../../crypto/tests/support/vectors.rs"]
mod vectors;

use pars_crypto::{mldsa, mlkem, secp256k1, slhdsa};
use std::process::ExitCode;

fn main() -> ExitCode {
    let in_use = [mldsa::chosen().name(), mlkem::chosen().name(), slhdsa::chosen().name(), secp256k1::chosen().name()];
    println!("in use: {}\n", in_use.join(", "));
    let slow = path::print();
    println!();
    let cheap = gas::print();
    println!("\nbeyond a limit: {slow} operations by their way, {cheap} by their price");
    if slow + cheap == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

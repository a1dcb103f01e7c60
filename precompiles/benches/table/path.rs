//! What the way through a row costs: dispatch, decoding and gas around one call of a library.

use crate::calling::{Setting, call};
use crate::clock::{Times, Work};
use crate::library::libraries;
use crate::operations::{Operation, Single, operations};
use std::hint::black_box;
use std::iter;

/// At least so much of a row's time is the library's.
const LEAST: f64 = 0.9;

/// Prints a line for each verification and encapsulation; how many lines are beyond the limit.
pub(crate) fn print() -> usize {
    println!("{:<40} {:>9} {:>6}  the same by libraries, us", "operation", "row us", "ratio");
    let mut broken = 0;
    for operation in operations() {
        if let Some(single) = &operation.single {
            broken += usize::from(is_slow(&operation, single));
        }
    }
    println!("\nratio: time of the fastest library / time of the row, at least {LEAST} for ML-DSA and ML-KEM");
    println!("where a row hashes coins from the key, libraries' times have that hash, too; \"with coins\" has none");
    broken
}

fn is_slow(operation: &Operation, single: &Single) -> bool {
    let input = operation.input();
    let setting = Setting::at(operation.row.at);
    let through_row: Work<'_> = Box::new(|| drop(black_box(call(operation.row, setting, black_box(&input)))));
    let (names, works): (Vec<_>, Vec<_>) = libraries(single).into_iter().map(|one| (one.name, one.work)).unzip();
    let mut works: Vec<Work<'_>> = iter::once(through_row).chain(works).collect();
    let times = Times::of(&mut works);
    // The row is the first.
    let ratio = (1..works.len()).map(|library| times.ratio(library, 0)).fold(f64::INFINITY, f64::min);
    let is_slow = ratio < LEAST && is_limited(single);
    let us = |work| times.ns(work) / 1e3;
    let libraries: Vec<String> =
        names.iter().zip(1..).map(|(name, library)| format!("{name} {:.1}", us(library))).collect();
    let verdict = if is_slow { "  BELOW THE LIMIT" } else { "" };
    println!("{:<40} {:>9.1} {ratio:>6.2}  {}{verdict}", operation.name, us(0), libraries.join(", "));
    is_slow
}

/// Where the fastest library is the one in use.
fn is_limited(single: &Single) -> bool {
    let is_portable = pars_crypto::mldsa::chosen().name() != pars_crypto::mldsa::BACKENDS[0].name();
    !is_portable && matches!(single, Single::MlDsa(..) | Single::MlKem { .. })
}

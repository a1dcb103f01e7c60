//! Time for a unit of gas of everything that the rows do, beside that of ecrecover.

use crate::case::{Case, cases};
use crate::clock::{Times, Work, median};
use crate::ecrecover::{self, Ecrecover};
use pars_precompiles::registry::TABLE;

/// A message of these many bytes costs what a block has, where a byte has the usual price.
const LONG_BYTES: usize = 1 << 20;

/// A case with its times.
struct Measured {
    case: Case,
    accepted_ns: Option<f64>,
    /// Of the slowest.
    refused_ns: Option<f64>,
    ecrecover_ns: f64,
    /// Of the slower one to ecrecover.
    times_ecrecover: f64,
}

/// Prints the cases of each row, the cheapest first; how many are beyond the limit.
pub(crate) fn print() -> usize {
    println!("{:<52} {:>10} {:>11} {:>11} {:>7} {:>6}", "input", "gas", "accepted us", "refused us", "ns/gas", "ratio");
    let mut measured: Vec<Measured> = cases(LONG_BYTES).into_iter().map(measure).collect();
    measured.sort_by_key(|one| one.case.gas);
    let (mut broken, mut worst) = (0, Vec::new());
    for row in TABLE.iter().filter(|row| row.pure) {
        println!("{}", row.name);
        let of_row = || measured.iter().filter(|one| one.case.row.at == row.at);
        for one in of_row() {
            one.print();
            broken += usize::from(one.ratio() > ecrecover::LIMIT);
        }
        worst.extend(of_row().max_by(|a, b| a.ratio().total_cmp(&b.ratio())));
    }
    let ns = median(measured.iter().map(|one| one.ecrecover_ns).collect());
    println!("\necrecover: {:.1} us, {:.2} ns/gas", ns / 1e3, per_gas(ns, ecrecover::GAS));
    println!(
        "ratio: ns/gas of the slowest input / that of ecrecover, at most {}; each row's highest:",
        ecrecover::LIMIT
    );
    for one in worst {
        one.print();
    }
    broken
}

fn measure(case: Case) -> Measured {
    let ecrecover = Ecrecover::new();
    let mut works: Vec<Work<'_>> = vec![Box::new(|| ecrecover.recover())];
    works.extend(case.inputs().map(|input| case.call(input)));
    let times = Times::of(&mut works);
    let accepted = usize::from(case.accepted.is_some());
    let of = |asked: bool, work: usize| asked.then(|| times.ns(work));
    let accepted_ns = of(case.accepted.is_some(), 1);
    let refused_ns = of(!case.refused.is_empty(), 1 + accepted);
    let times_ecrecover = (1..works.len()).map(|work| times.ratio(work, 0)).fold(0.0, f64::max);
    drop(works);
    Measured { accepted_ns, refused_ns, ecrecover_ns: times.ns(0), times_ecrecover, case }
}

impl Measured {
    fn ns_per_gas(&self) -> f64 {
        let slowest = self.accepted_ns.unwrap_or_default().max(self.refused_ns.unwrap_or_default());
        per_gas(slowest, self.case.gas)
    }

    /// To ecrecover's.
    fn ratio(&self) -> f64 {
        self.times_ecrecover * per_gas(1.0, self.case.gas) / per_gas(1.0, ecrecover::GAS)
    }

    fn print(&self) {
        let us = |ns: Option<f64>| ns.map_or_else(|| "-".to_owned(), |ns| format!("{:.1}", ns / 1e3));
        let (accepted, refused) = (us(self.accepted_ns), us(self.refused_ns));
        let verdict = if self.ratio() > ecrecover::LIMIT { "  BEYOND THE LIMIT" } else { "" };
        println!(
            "  {:<50} {:>10} {accepted:>11} {refused:>11} {:>7.2} {:>6.2}{verdict}",
            self.case.name,
            self.case.gas,
            self.ns_per_gas(),
            self.ratio()
        );
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "for people")]
fn per_gas(ns: f64, gas: u64) -> f64 {
    ns / gas as f64
}

//! How long blocks take that are full of calls of one row, beside a block that is full of ecrecover: for each row that
//! only computes, the input that takes most time for its gas, and the largest one without any gas. Ends with 1 where a
//! limit is broken.
//!
//!     cargo bench -p pars-chain --bench blocks
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::disallowed_methods,
    reason = "a program that prints what it measured"
)]
#![allow(dead_code, reason = "shared with tests and benches")]

#[path = "../../../../precompiles/tests/pure/calling.rs"]
mod calling;
#[path = "../../../../precompiles/benches/table/case.rs"]
mod case;
#[path = "../../../../precompiles/benches/table/clock.rs"]
mod clock;
#[path = "../../../../precompiles/benches/table/ecrecover.rs"]
mod ecrecover;
#[path = "../../../../crypto/tests/support/load.rs"]
mod load;
mod looping;
#[path = "../../../../precompiles/tests/pure/operations.rs"]
mod operations;
#[path = "../../tests/support"]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod wallet;
    pub(crate) mod world;
}
#[path = "../../../../crypto/tests/support/vectors.rs"]
mod vectors;

use alloy_primitives::{Address, Bytes};
use calling::{Setting, call};
use case::{Case, cases};
use clock::{Times, Work, median, nanoseconds, thread_ns};
use ecrecover::{Ecrecover, LIMIT};
use looping::{counts, looping};
use pars_chain::engine::{Built, Verdict};
use pars_precompiles::config::Kind;
use pars_precompiles::registry::{TABLE, keys};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use support::files::{Era, Files};
use support::wallet::{Draft, Key};
use support::world::World;

const BLOCK_GAS: u64 = 15_000_000;
/// Blocks of a kind.
const ROUNDS: usize = 3;
/// A longer message would cost more memory than it makes work.
const LONG_BYTES: usize = 256 << 10;
/// What a loop spends around a call, about.
const AROUND_GAS: u64 = 160;

/// A call that fills a block.
struct Call {
    name: String,
    row: &'static str,
    gas: u64,
    succeeds: bool,
    /// The contract that makes it.
    contract: Address,
    code: Vec<u8>,
}

fn main() -> ExitCode {
    let ecrecover =
        Call::new(0, "ecrecover", "", Address::with_last_byte(1), ecrecover::GAS, &Ecrecover::new().input(), true);
    let calls = calls();
    let mut world = World::new(&files(calls.iter().chain([&ecrecover])));
    println!(
        "{:<18} {:<50} {:>8} {:>7} {:>9} {:>9} {:>6}",
        "row", "input with most ns/gas", "gas", "calls", "block ms", "ecrecover", "ratio"
    );
    let mut broken = 0;
    for call in &calls {
        let mut times = [Vec::new(), Vec::new()];
        let mut made = 0;
        // In turns, so that a slower machine is slower for both.
        for _ in 0..ROUNDS {
            for (call, times) in [&ecrecover, call].into_iter().zip(&mut times) {
                let block = call.fill(&mut world);
                times.push(block.ns);
                made = block.calls;
            }
        }
        let [beside, own] = times.map(median);
        let ratio = own / beside;
        let verdict = if ratio > LIMIT { "  BEYOND THE LIMIT" } else { "" };
        println!(
            "{:<18} {:<50} {:>8} {made:>7} {:>9.1} {:>9.1} {ratio:>6.2}{verdict}",
            call.row,
            call.name,
            call.gas,
            own / 1e6,
            beside / 1e6,
        );
        broken += usize::from(ratio > LIMIT);
    }
    println!("\nmedians of {ROUNDS} blocks of {BLOCK_GAS} gas, each beside one of ecrecover; ratio at most {LIMIT}");
    println!("beyond the limit: {broken} of {}", calls.len());
    if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// For each row the slowest case for its gas, and the largest input that is not paid.
fn calls() -> Vec<Call> {
    let mut of_rows: BTreeMap<Address, Vec<Case>> = BTreeMap::new();
    for case in cases(LONG_BYTES) {
        of_rows.entry(case.row.at).or_default().push(case);
    }
    let mut calls = Vec::new();
    for row in TABLE.iter().filter(|row| row.pure) {
        let cases = of_rows.get(&row.at).expect("every row does something");
        let (case, input) = slowest(cases);
        let succeeds = call(row, Setting::at(row.at), input).0.is_ok();
        calls.push(Call::new(calls.len() + 1, row.name, &case.name, row.at, case.gas, input, succeeds));
        let inputs = cases.iter().flat_map(|case| case.accepted.iter().chain(&case.refused));
        let largest = inputs.max_by_key(|input| input.len()).expect("every row has input");
        let name = format!("{} bytes that are not paid", largest.len());
        calls.push(Call::new(calls.len() + 1, row.name, &name, row.at, 0, largest, false));
    }
    calls
}

fn slowest(cases: &[Case]) -> (&Case, &[u8]) {
    let inputs: Vec<(&Case, &[u8])> = cases
        .iter()
        // What no block pays for fills none.
        .filter(|case| 2 * case.gas < BLOCK_GAS)
        .flat_map(|case| case.inputs().map(move |input| (case, input)))
        .collect();
    let mut works: Vec<Work<'_>> = inputs.iter().map(|(case, input)| case.call(input)).collect();
    let times = Times::of(&mut works);
    let for_gas = (0..).zip(&inputs).map(|(work, (case, _))| per_gas(times.ns(work), case.gas + AROUND_GAS));
    let (_, slowest) = for_gas.zip(&inputs).max_by(|(a, _), (b, _)| a.total_cmp(b)).expect("a row has inputs");
    *slowest
}

/// All rows are on, and all contracts are there.
fn files<'a>(calls: impl Iterator<Item = &'a Call>) -> Files {
    let on = keys().filter(|(_, entry)| entry.pure);
    let files = on.fold(Files::new(Era::Granite), |files, (_, entry)| {
        let config = if entry.config == Kind::Secrets { json!({ "allowOnChainSecrets": true }) } else { json!({}) };
        files.row(entry.config_key, config)
    });
    calls.fold(files, |files, call| files.code(call.contract, call.code.clone()))
}

/// A block of one call again and again.
struct Filled {
    /// Time of the processor for its verification, for as much gas as a block has.
    ns: f64,
    calls: u64,
}

impl Call {
    fn new(
        number: usize,
        row: &'static str,
        name: &str,
        callee: Address,
        gas: u64,
        input: &[u8],
        succeeds: bool,
    ) -> Self {
        let contract = Address::left_padding_from(&[0x10, 0x0b, number.try_into().unwrap()]);
        Self { name: name.to_owned(), row, gas, succeeds, contract, code: looping(callee, gas, input) }
    }

    fn fill(&self, world: &mut World) -> Filled {
        let tx = world.sign(&Key::new(1), Draft::call(self.contract, Bytes::new()).gas(BLOCK_GAS));
        let built = world.build([tx]);
        let Built::Block(block) = built else { panic!("no block: {built:?}") };
        let parsed = world.twin.parse(block.bytes().clone()).unwrap();
        let since_ns = thread_ns();
        let verdict = world.verify(&parsed);
        let spent_ns = thread_ns() - since_ns;
        assert_eq!(verdict, Verdict::Valid);
        let sealed = world.accept(&block);
        assert!(sealed.receipts[0].success, "{}: the contract failed", self.name);
        let (calls, succeeded) = counts(world.slot(self.contract, 0));
        assert!(
            calls > 0 && succeeded == if self.succeeds { calls } else { 0 },
            "{}: {succeeded} of {calls}",
            self.name
        );
        // What is left for another transaction counts as filled alike.
        Filled { ns: nanoseconds(spent_ns) * per_gas(15_000_000.0, sealed.block.header.gas_used), calls }
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "for people")]
fn per_gas(ns: f64, gas: u64) -> f64 {
    ns / gas as f64
}

//! Ethereum's official state tests, and vectors over its later forks with this chain's fees, through the chain's own
//! execution path. Each prints what ran, what passed, and why the rest did not run.

use pars_tests::conformance::suite;
use pars_tests::conformance::tally::Tally;

fn report(what: &str, run: impl FnOnce() -> Result<Tally, pars_tests::conformance::Error>) -> Tally {
    let start = std::time::Instant::now();
    let tally = run().expect("the vectors are checked in");
    println!("{what}, {:.1} s\n{tally}", start.elapsed().as_secs_f32());
    assert!(tally.failures.is_empty(), "{} of the {what} fail:\n{tally}", tally.failures.len());
    tally
}

#[test]
fn official_state_tests() {
    report("official state tests", suite::official);
}

#[test]
fn forks_state_tests() {
    report("state tests over forks", suite::forks);
}

#[test]
fn forks_block_tests() {
    report("block tests over forks", suite::blocks);
}

//! Ethereum's official state tests, and vectors over its later forks with this chain's fees, through the chain's own
//! execution path. Each prints what ran, what passed, and why the rest did not run.

#![expect(clippy::print_stdout, reason = "the numbers are what these tests show")]

use pars_tests::conformance::fixture::StateTest;
use pars_tests::conformance::tally::{Count, Tally};
use pars_tests::conformance::{Error, archive, suite};
use serde_json::{Value, json};

fn report(what: &str, run: impl FnOnce() -> Result<Tally, Error>) -> Tally {
    let start = std::time::Instant::now();
    let tally = run().expect("the vectors are checked in");
    println!("{what}, {:.1} s\n{tally}", start.elapsed().as_secs_f32());
    assert!(tally.failures.is_empty(), "{} of the {what} fail:\n{tally}", tally.failures.len());
    tally
}

const fn all_passed(run: u64) -> Count {
    Count { run, passed: run, as_go: 0, not_run: 0 }
}

#[test]
fn official_state_tests() {
    let tally = report("official state tests", suite::official);
    assert_eq!(tally.count("Cancun"), Count { run: 15_547, passed: 15_547, as_go: 10, not_run: 233 });
    assert_eq!(tally.count("Shanghai"), all_passed(172));
    assert_eq!(tally.count("Paris"), all_passed(63));
    assert_eq!(tally.count("London"), all_passed(40));
}

#[test]
fn forks_state_tests() {
    let tally = report("state tests over forks", suite::forks);
    assert_eq!(tally.count("Cancun"), all_passed(189));
    assert_eq!(tally.count("Pars-Granite"), all_passed(189));
}

#[test]
fn forks_block_tests() {
    let tally = report("block tests over forks", suite::blocks);
    for rule_set in ["Cancun", "Cancun-norefund", "Pars-Granite"] {
        assert_eq!(tally.count(rule_set), all_passed(6), "{rule_set}");
    }
}

/// What a vector says is really looked at: each part of it, made wrong, is named.
#[test]
fn a_wrong_vector_fails() {
    const NAME: &str = "refund/clear 2 slots";
    let bytes = archive::gz(&archive::path("forks/state-rest.json.gz")).expect("checked in");
    let mut file: Value = serde_json::from_slice(&bytes).expect("JSON");
    let right = file[NAME].take();
    let outcome = |rule_set: &str, change: &dyn Fn(&mut Value)| {
        let mut test = right.clone();
        change(&mut test["post"][rule_set][0]);
        let test: StateTest = serde_json::from_value(test).expect("a state test");
        let tally = suite::state_test("file", NAME, &test);
        tally.failures.into_iter().map(|(name, how)| name + " " + &how).collect::<String>()
    };
    let other_hash = json!("0x0000000000000000000000000000000000000000000000000000000000000001");
    for rule_set in ["Cancun", "Pars-Granite"] {
        assert_eq!(outcome(rule_set, &|_| {}), "");
        let sees = |needle: &str, change: &dyn Fn(&mut Value)| {
            let text = outcome(rule_set, change);
            assert!(text.contains(&format!("{NAME} {rule_set}")) && text.contains(needle), "{needle}: {text}");
        };
        sees("logs: got", &|post| post["logs"] = other_hash.clone());
        sees("status: got 1, expected 0", &|post| post["status"] = json!("0x0"));
        sees("gasUsed: got", &|post| post["gasUsed"] = json!("0x5208"));
        sees("intrinsic gas: got 21000, expected 21001", &|post| post["gas"]["intrinsic"] = json!("0x5209"));
        sees("transaction: got included", &|post| post["expectException"] = json!("SomeError"));
        sees("state root: got", &|post| post["hash"] = other_hash.clone());
        let coinbase = "0x83ce1133258d17029b7326f0deeb1df91d4b3b80";
        sees(" balance: got", &|post| {
            post["hash"] = other_hash.clone();
            post["state"][coinbase]["balance"] = json!("0x1");
        });
    }
}

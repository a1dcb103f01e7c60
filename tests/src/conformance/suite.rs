//! Whole sets, on all cores.

use crate::conformance::Error;
use crate::conformance::archive::{self, Member};
use crate::conformance::compare::Differences;
use crate::conformance::fixture::{Post, Sequence, Sequences, StateTest, StateTests};
use crate::conformance::go;
use crate::conformance::rule_set::RuleSet;
use crate::conformance::run::{self, Outcome};
use crate::conformance::setting::{self, Setting};
use crate::conformance::tally::{Tally, Verdict, reasons};
use alloy_primitives::{Address, Bytes};
use pars_chain::error::Fatal;
use rayon::prelude::*;

/// Ethereum's official state tests.
///
/// # Errors
/// When the archive cannot be read.
pub fn official() -> Result<Tally, Error> {
    let file = archive::path("ethereum-tests/ethereum-tests.tar.xz");
    let members = archive::tar_xz(&file, |path| STATE_TEST_FOLDERS.iter().any(|folder| path.starts_with(folder)))?;
    let tallies: Result<Vec<Tally>, Error> = threads()?.install(|| members.par_iter().map(state_tests).collect());
    Ok(tallies?.into_iter().fold(Tally::default(), Tally::merge))
}

/// State tests over the forks that vectors name, in files of their own.
///
/// # Errors
/// When a file cannot be read.
pub fn forks() -> Result<Tally, Error> {
    let mut all = Vec::new();
    for name in FORK_FILES {
        let path = archive::path(&format!("forks/{name}.json.gz"));
        let bytes = archive::gz(&path)?;
        let tests: StateTests =
            serde_json::from_slice(&bytes).map_err(|cause| Error::Json { file: path.display().to_string(), cause })?;
        all.extend(tests.into_iter().map(|(test, body)| (*name, test, body)));
    }
    let tallies: Vec<Tally> =
        threads()?.install(|| all.par_iter().map(|(file, name, test)| state_test(file, name, test)).collect());
    Ok(tallies.into_iter().fold(Tally::default(), Tally::merge))
}

/// Sequences of blocks.
///
/// # Errors
/// When the file cannot be read.
pub fn blocks() -> Result<Tally, Error> {
    let path = archive::path("forks/blocks.json.gz");
    let sequences: Sequences = serde_json::from_slice(&archive::gz(&path)?)
        .map_err(|cause| Error::Json { file: path.display().to_string(), cause })?;
    let mut tally = Tally::default();
    for (name, sequence) in &sequences {
        for listed in sequence.post.keys() {
            run_sequence(name, sequence, listed, &mut tally);
        }
    }
    Ok(tally)
}

/// One state test of a file, under all its rule sets.
#[must_use]
pub fn state_test(file: &str, name: &str, test: &StateTest) -> Tally {
    let mut tally = Tally::default();
    let setting = Setting::of_state_test(test);
    for (rule_set, posts) in &test.post {
        for post in posts {
            let full_name = || {
                let at = post.indexes;
                format!("{file} {name} {rule_set} data {} gas {} value {}", at.data, at.gas, at.value)
            };
            let verdict = match &setting {
                Ok(setting) => case(name, test, setting, rule_set, post),
                Err(fatal) => Err(fatal.clone()),
            };
            tally.add(full_name, rule_set, verdict.unwrap_or_else(|fatal| Verdict::Failed(fatal.to_string())));
        }
    }
    tally
}

fn state_tests(member: &Member) -> Result<Tally, Error> {
    let tests: StateTests =
        serde_json::from_slice(&member.bytes).map_err(|cause| Error::Json { file: member.path.clone(), cause })?;
    let tallies = tests.iter().map(|(name, test)| state_test(&member.path, name, test));
    Ok(tallies.fold(Tally::default(), Tally::merge))
}

fn case(name: &str, test: &StateTest, setting: &Setting, rule_set: &str, post: &Post) -> Result<Verdict, Fatal> {
    let Some(rules) = RuleSet::named(rule_set) else { return Ok(Verdict::NotRun(why_not(rule_set))) };
    let bytes = &post.txbytes.0;
    if run::kind(bytes) == BLOB && post.expect_exception.is_none() {
        return Ok(Verdict::NotRun("a blob transaction: it decodes and is never valid on this chain"));
    }
    let environment = setting::of_env(&test.env, rules.rules);
    let outcome = run::block(rules, setting, &environment, &[bytes], false)?;
    let mut known: Vec<Address> = test.pre.keys().map(|address| address.0).collect();
    known.push(environment.coinbase);
    let differences = Differences::of_state_test(post, &outcome, &post.hash.0, setting, &known)?;
    let go = go::root(name, rule_set, post.indexes.data);
    if let Some(root) = go {
        // Where the Go node departs from the vector, this chain follows it: run again under its rule.
        let as_go = run::block(&rules.without_eip7610(), setting, &environment, &[bytes], false)?;
        if as_go.root != root {
            return Ok(Verdict::Failed(format!("as the Go node: root {}, expected {root}", as_go.root)));
        }
    }
    let expected = std::iter::once(post.expect_exception.as_deref());
    Ok(verdict(&differences, expected, &outcome, go.is_some()))
}

/// Runs the blocks of a sequence that are under rules the chain has: those before its fork.
fn run_sequence(name: &str, sequence: &Sequence, listed: &str, tally: &mut Tally) {
    let posts = sequence.post.get(listed).map(Vec::as_slice).unwrap_or_default();
    let mut setting = Setting::of_sequence(sequence);
    for (index, (block, post)) in sequence.blocks.iter().zip(posts).enumerate() {
        // Cancun with refunds off goes by the name of Cancun where the sequence is one of those.
        let without_refunds = listed.ends_with("-norefund") && post.rules == "Cancun";
        let rule_set = if without_refunds { "Cancun-norefund" } else { post.rules.as_str() };
        let name = || format!("blocks/{name} {listed} block {index}");
        let Some(rules) = RuleSet::named(rule_set) else {
            tally.add(name, rule_set, Verdict::NotRun(why_not(rule_set)));
            continue;
        };
        let environment = setting::of_block(block, rules.rules);
        let transactions: Vec<&Bytes> = block.transactions.iter().map(|bytes| &bytes.0).collect();
        let ran = setting.as_ref().map_err(Clone::clone).and_then(|setting| {
            let start = run::block(rules, setting, &environment, &[], true)?;
            let outcome = run::block(rules, setting, &environment, &transactions, true)?;
            let differences = Differences::of_block(post, &start, &outcome, setting)?;
            let next = sequence.blocks.get(index + 1).map(|next| next.parent_hash.0).unwrap_or_default();
            let after = setting.after(environment.number, next, &outcome.layer);
            let expected = post.transactions.iter().map(|tx| tx.expect_exception.as_deref());
            Ok((verdict(&differences, expected, &outcome, false), after))
        });
        match ran {
            Ok((verdict, after)) => {
                tally.add(name, rule_set, verdict);
                setting = Ok(after);
            }
            Err(fatal) => {
                tally.add(name, rule_set, Verdict::Failed(fatal.to_string()));
                setting = Err(fatal);
            }
        }
    }
}

fn verdict<'e>(
    differences: &Differences,
    expected: impl Iterator<Item = Option<&'e str>>,
    outcome: &Outcome,
    as_go: bool,
) -> Verdict {
    if !differences.is_empty() {
        return Verdict::Failed(differences.to_string());
    }
    let refused = outcome
        .transactions
        .iter()
        .zip(expected)
        .filter_map(|(transaction, expected)| Some(reasons(expected?, transaction.as_ref().err()?)));
    Verdict::Passed { refused: refused.collect(), as_go }
}

fn why_not(rule_set: &str) -> &'static str {
    match rule_set {
        "Frontier" | "Homestead" | "EIP150" | "EIP158" | "Byzantium" | "Constantinople" | "ConstantinopleFix"
        | "Istanbul" | "Berlin" => "older than London, which is the oldest this chain has",
        _ => "not in this release",
    }
}

/// Own threads: the deepest tests nest far, and a thread that waits for a storage root may take up a second case.
fn threads() -> Result<rayon::ThreadPool, Error> {
    Ok(rayon::ThreadPoolBuilder::new().stack_size(THREAD_STACK_BYTES).build()?)
}

const BLOB: u8 = 3;
const THREAD_STACK_BYTES: usize = 64 * 1024 * 1024;
const STATE_TEST_FOLDERS: &[&str] = &["ethereum-tests/GeneralStateTests/", "ethereum-tests/EIPTests/StateTests/"];
/// Those with cases from before Prague.
const FORK_FILES: &[&str] = &["state-2537", "state-7623", "state-modexp", "state-random", "state-rest"];

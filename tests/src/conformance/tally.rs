//! What ran, passed, was refused, did not run and why.

use crate::conformance::run::Refusal;
use std::collections::BTreeMap;
use std::fmt;

/// What became of one case.
#[derive(Debug)]
pub enum Verdict {
    /// As the vector says.
    Passed {
        /// For each refused transaction: the vector's reason and ours.
        refused: Vec<(String, String)>,
        /// Also run as the Go node executes, see [`crate::conformance::go`].
        as_go: bool,
    },
    /// The chain cannot have this case.
    NotRun(&'static str),
    /// Other than the vector says, and how.
    Failed(String),
}

/// Counts of a whole set.
#[derive(Debug, Default)]
pub struct Tally {
    /// By rule set.
    pub rule_sets: BTreeMap<String, Count>,
    /// By rule set and reason.
    pub not_run: BTreeMap<(String, &'static str), u64>,
    /// By the vector's reason and ours.
    pub refused: BTreeMap<(String, String), u64>,
    /// Name of the case, and what differs.
    pub failures: Vec<(String, String)>,
}

/// Counts of one rule set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Executed.
    pub run: u64,
    /// Executed, with the outcome expected.
    pub passed: u64,
    /// Of these, also run as the Go node executes, with its outcome.
    pub as_go: u64,
    /// Not executed.
    pub not_run: u64,
}

impl Tally {
    /// Counts one case.
    pub fn add(&mut self, name: impl FnOnce() -> String, rule_set: &str, verdict: Verdict) {
        let count = self.rule_sets.entry(rule_set.to_owned()).or_default();
        match verdict {
            Verdict::Passed { refused, as_go } => {
                count.run += 1;
                count.passed += 1;
                count.as_go += u64::from(as_go);
                for reasons in refused {
                    *self.refused.entry(reasons).or_default() += 1;
                }
            }
            Verdict::NotRun(reason) => {
                count.not_run += 1;
                *self.not_run.entry((rule_set.to_owned(), reason)).or_default() += 1;
            }
            Verdict::Failed(how) => {
                count.run += 1;
                self.failures.push((name(), how));
            }
        }
    }

    /// Counts what another part of the set counted.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        for (rule_set, more) in other.rule_sets {
            let count = self.rule_sets.entry(rule_set).or_default();
            count.run += more.run;
            count.passed += more.passed;
            count.as_go += more.as_go;
            count.not_run += more.not_run;
        }
        for (key, more) in other.not_run {
            *self.not_run.entry(key).or_default() += more;
        }
        for (key, more) in other.refused {
            *self.refused.entry(key).or_default() += more;
        }
        self.failures.extend(other.failures);
        self
    }

    /// Counts of a rule set.
    #[must_use]
    pub fn count(&self, rule_set: &str) -> Count {
        self.rule_sets.get(rule_set).copied().unwrap_or_default()
    }
}

/// Pairs the reasons of refused transactions.
#[must_use]
pub fn reasons(expected: &str, refusal: &Refusal) -> (String, String) {
    let expected = expected.replace("TransactionException.", "");
    (expected, refusal.name())
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:<20} {:>7} {:>7} {:>7}", "rule set", "run", "passed", "not run")?;
        for (rule_set, Count { run, passed, not_run, .. }) in &self.rule_sets {
            writeln!(out, "{rule_set:<20} {run:>7} {passed:>7} {not_run:>7}")?;
        }
        let as_go: u64 = self.rule_sets.values().map(|count| count.as_go).sum();
        if as_go > 0 {
            writeln!(out, "of these also run as the Go node executes, and equal to its state root:")?;
            writeln!(out, "{as_go:>7} a creation where storage is left (EIP-7610), which the Go node does not refuse")?;
        }
        if !self.not_run.is_empty() {
            writeln!(out, "not run:")?;
        }
        for ((rule_set, reason), count) in &self.not_run {
            writeln!(out, "{count:>7} {rule_set}: {reason}")?;
        }
        if !self.refused.is_empty() {
            writeln!(out, "refused, as expected (the vector's reason -> the chain's):")?;
        }
        for ((expected, ours), count) in &self.refused {
            writeln!(out, "{count:>7} {expected} -> {ours}")?;
        }
        for (name, how) in self.failures.iter().take(FAILURES_SHOWN) {
            writeln!(out, "FAILED {name}\n{how}")?;
        }
        if self.failures.len() > FAILURES_SHOWN {
            writeln!(out, "… and {} more failures", self.failures.len() - FAILURES_SHOWN)?;
        }
        Ok(())
    }
}

/// The first ones tell; the rest is scrolling.
const FAILURES_SHOWN: usize = 20;

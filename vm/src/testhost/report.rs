//! [`Report`]: outcomes side by side, and where they differ.

use crate::testhost::script::{Outcomes, STEPS};
use pars_host::dialect::Dialect;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// What runs under several hosts gave, beside what was expected.
#[derive(Debug, Default)]
pub struct Report {
    expected: BTreeMap<&'static str, String>,
    rows: Vec<(String, BTreeMap<&'static str, Fate>)>,
    /// Where something differs or failed, in words.
    pub differences: Vec<String>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Same,
    Differs,
    Failed,
}

impl Report {
    /// Everything that these steps gave is expected of others, where nothing was expected yet.
    ///
    /// # Errors
    /// When a step failed, or gave something else than is expected already.
    pub fn expect(&mut self, outcomes: &Outcomes) -> Result<(), String> {
        for (name, outcome) in &outcomes.steps {
            let seen = outcome.as_ref().map_err(|error| format!("{name}: {error}"))?;
            let known = self.expected.entry(name).or_insert_with(|| seen.clone());
            if known != seen {
                return Err(format!("{name}: {}", difference(seen, known)));
            }
        }
        Ok(())
    }

    /// What is expected of each step.
    #[must_use]
    pub fn expected(&self) -> String {
        let mut text = String::new();
        for step in STEPS {
            for line in self.expected.get(step.name).map(String::as_str).unwrap_or_default().lines() {
                text.extend([spaced(step.name).as_str(), ": ", line, "\n"]);
            }
        }
        text
    }

    /// Compares a run under a host.
    pub fn compare(&mut self, row: &'static Dialect, outcomes: &Outcomes) {
        let mut fates = BTreeMap::new();
        for (name, outcome) in &outcomes.steps {
            let fate = match (outcome, self.expected.get(name)) {
                (Ok(seen), Some(expected)) if seen == expected => Fate::Same,
                (Ok(seen), expected) => {
                    let expected = expected.map_or("", String::as_str);
                    self.differences.push(format!("{row}, {}: {}", spaced(name), difference(seen, expected)));
                    Fate::Differs
                }
                (Err(error), _) => {
                    // With words of the plugin, which are not to move the cursor.
                    let error = error.replace(|letter: char| letter.is_control(), " ");
                    self.differences.push(format!("{row}, {}: {error}", spaced(name)));
                    Fate::Failed
                }
            };
            fates.insert(*name, fate);
        }
        self.rows.push((row.to_string(), fates));
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// The first lines that differ.
fn difference(seen: &str, expected: &str) -> String {
    let (mut left, mut right) = (seen.lines(), expected.lines());
    loop {
        match (left.next(), right.next()) {
            (Some(seen), Some(expected)) if seen == expected => {}
            (None, None) => return "the same".to_owned(),
            (seen, expected) => {
                let shown = |line: Option<&str>| line.map_or_else(|| "nothing".to_owned(), |line| format!("{line:?}"));
                return format!("{}, expected {}", shown(seen), shown(expected));
            }
        }
    }
}

impl fmt::Display for Report {
    /// The table: a line a step, a column a host. `-` where hosts of that row have no such call.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = STEPS.iter().map(|step| spaced(step.name));
        let width = names.map(|name| name.len()).max().unwrap_or_default();
        let mut line = format!("{:width$}", "");
        for (row, _) in &self.rows {
            write!(line, "  {row}")?;
        }
        writeln!(out, "{line}")?;
        for step in STEPS {
            let mut line = format!("{:width$}", spaced(step.name));
            for (row, fates) in &self.rows {
                let fate = match fates.get(step.name) {
                    Some(Fate::Same) => "ok",
                    Some(Fate::Differs) => "DIFFERS",
                    Some(Fate::Failed) => "FAILED",
                    None => "-",
                };
                write!(line, "  {fate:columns$}", columns = row.len())?;
            }
            writeln!(out, "{}", line.trim_end())?;
        }
        for difference in &self.differences {
            writeln!(out, "{difference}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pars_host::dialect::TABLE;
    use std::time::Duration;

    fn outcomes(steps: Vec<(&'static str, Result<String, String>)>) -> Outcomes {
        Outcomes { steps, took: Duration::ZERO }
    }

    fn ok(seen: &str) -> Result<String, String> {
        Ok(seen.to_owned())
    }

    #[test]
    fn every_difference_is_seen_and_told() {
        let mut report = Report::default();
        report.expect(&outcomes(vec![("head", ok("a\nb\n")), ("initialize", ok("")), ("health", ok("none"))])).unwrap();
        assert_eq!(
            report.expect(&outcomes(vec![("head", ok("a\nc\n"))])),
            Err(r#"head: "c", expected "b""#.to_owned()),
            "two runs of which one is wrong"
        );
        assert!(report.expect(&outcomes(vec![("head", Err("no".to_owned()))])).is_err());

        report.compare(&TABLE[0], &outcomes(vec![("head", ok("a\nb\n")), ("initialize", ok(""))]));
        assert!(report.differences.is_empty());
        for (seen, words) in [
            (ok("a\n"), r#"head: nothing, expected "b""#),
            (ok("a\nb\nc\n"), r#"head: "c", expected nothing"#),
            (ok("a\nB\n"), r#"head: "B", expected "b""#),
            (Err("the end".to_owned()), "head: the end"),
        ] {
            let before = report.differences.len();
            report.compare(&TABLE[3], &outcomes(vec![("health", ok("none")), ("head", seen)]));
            assert_eq!(report.differences[before..], [format!("{}, {words}", TABLE[3])]);
        }
        let unknown = report.differences.len();
        report.compare(&TABLE[1], &outcomes(vec![("finality", ok("x"))]));
        assert_eq!(report.differences[unknown..], [format!(r#"{}, finality: "x", expected nothing"#, TABLE[1])]);
        let text = report.to_string();
        for words in ["avalanchego 45", "luxd 42 over ZAP", "ok", "DIFFERS", "FAILED", "-"] {
            assert!(text.contains(words), "{text}");
        }
        assert_eq!(text.lines().filter(|line| line.starts_with("blocks while bootstrapping ")).count(), 1);
    }
}

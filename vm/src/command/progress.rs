//! How far a command is: a line that is written over at a terminal, and a line every ten seconds elsewhere.

use crate::clock::now_ms;
use std::io::{IsTerminal, Write};

/// Says how far a command is, on standard error.
#[derive(Debug)]
pub struct Progress {
    pace: Pace,
    is_terminal: bool,
    is_open: bool,
}

impl Progress {
    /// Of a command that counts in these units, as in `blocks`.
    #[must_use]
    pub fn new(unit: &'static str) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let period_ms = if is_terminal { TERMINAL_PERIOD_MS } else { PERIOD_MS };
        Self { pace: Pace { unit, period_ms, began: None, shown_ms: now_ms() }, is_terminal, is_open: false }
    }

    /// So many of a total are done; 0 for a total that is not known.
    pub fn at(&mut self, done: u64, total: u64) {
        let Some(line) = self.pace.line(done, total, now_ms()) else { return };
        let mut err = std::io::stderr().lock();
        // Nobody is left to tell when standard error is closed.
        drop(if self.is_terminal { write!(err, "\r\x1b[K{line}") } else { writeln!(err, "{line}") });
        self.is_open = self.is_terminal;
    }

    /// Ends the line, so that another can follow.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.is_open) {
            drop(writeln!(std::io::stderr()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// When a line is due, and what it says.
#[derive(Debug)]
struct Pace {
    unit: &'static str,
    period_ms: u64,
    /// What was done when it began, and when that was.
    began: Option<(u64, u64)>,
    shown_ms: u64,
}

const PERIOD_MS: u64 = 10_000;
const TERMINAL_PERIOD_MS: u64 = 200;

impl Pace {
    fn line(&mut self, done: u64, total: u64, now_ms: u64) -> Option<String> {
        let (first, began_ms) = *self.began.get_or_insert((done, now_ms));
        if now_ms.saturating_sub(self.shown_ms) < self.period_ms {
            return None;
        }
        self.shown_ms = now_ms;
        let Self { unit, .. } = self;
        let (new, took_ms) = (done.saturating_sub(first), now_ms.saturating_sub(began_ms).max(1));
        let rate = new.saturating_mul(1_000) / took_ms;
        if total == 0 {
            return Some(format!("{done} {unit}, {rate}/s"));
        }
        let percent = done.saturating_mul(100) / total;
        let left = match new {
            0 => String::new(),
            _ => format!(", {} left", duration(total.saturating_sub(done).saturating_mul(took_ms) / new / 1_000)),
        };
        Some(format!("{done} of {total} {unit} ({percent} %), {rate}/s{left}"))
    }
}

/// Seconds for people.
fn duration(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Bytes for people.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let (mut tenths, mut unit) = (count / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if tenths < 1_000 { format!("{}.{} {name}", tenths / 10, tenths % 10) } else { format!("{} {name}", tenths / 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_when_it_is_due() {
        let mut pace = Pace { unit: "blocks", period_ms: 10_000, began: None, shown_ms: 0 };
        assert_eq!(pace.line(100, 1_100, 5_000), None);
        assert_eq!(
            pace.line(350, 1_100, 10_000).as_deref(),
            Some("350 of 1100 blocks (31 %), 50/s, 15 s left"),
            "what was there before is not counted into the rate"
        );
        assert_eq!(pace.line(360, 1_100, 19_999), None);
        assert_eq!(pace.line(360, 0, 20_000).as_deref(), Some("360 blocks, 17/s"));
    }

    #[test]
    fn for_people() {
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_599, "59 min"), (7_260, "2 h 1 min")] {
            assert_eq!(duration(seconds), text);
        }
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (99_999, "99.9 kB"),
            (100_000, "100 kB"),
            (999_999, "999 kB"),
            (1_234_567, "1.2 MB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}

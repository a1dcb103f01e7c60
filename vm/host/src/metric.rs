//! Measurements in the model of Prometheus, as a host scrapes them.

use std::time::Duration;

/// All series of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The name, which ends with the unit and, for what only grows, with `_total`.
    pub name: &'static str,
    /// What it counts, in a sentence.
    pub help: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// One for each set of labels.
    pub series: Vec<Series>,
}

/// How a measurement moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// It counts durations by their length.
    Histogram,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// What tells it from others of its family.
    pub labels: Vec<(&'static str, String)>,
    /// What was measured.
    pub value: Value,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of a counter or a gauge.
    Number(Number),
    /// Of a histogram.
    Times {
        /// How many there were.
        count: u64,
        /// All of them together.
        sum: Duration,
        /// For each bound, in order, how many were not longer.
        buckets: Vec<(Duration, u64)>,
    },
}

/// A number, which on the wire is a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Things, bytes, gas.
    Count(u64),
    /// Seconds.
    Time(Duration),
}

impl Number {
    /// The nearest float.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "the format has floats; beyond 2^53 the nearest one will do")]
    pub const fn float(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Time(time) => time.as_secs_f64(),
        }
    }
}

impl From<u64> for Number {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<Duration> for Number {
    fn from(time: Duration) -> Self {
        Self::Time(time)
    }
}

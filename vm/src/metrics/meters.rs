//! [`Meters`]: what is counted while it happens. Adding costs an atomic or two.

use crate::rpc::table::Group;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use strum::IntoEnumIterator as _;

/// What is counted while it happens.
#[derive(Debug, Default)]
pub struct Meters {
    /// Blocks built here.
    pub built: Counter,
    /// Blocks accepted.
    pub accepted: Counter,
    /// Blocks rejected.
    pub rejected: Counter,
    /// Transactions of accepted blocks.
    pub transactions: Counter,
    /// Gas of accepted blocks.
    pub gas: Counter,
    /// Blocks that are verified and not decided.
    pub processing: AtomicU64,
    /// Milliseconds that the last block which was to be verified was ahead of this machine's clock.
    pub lead_ms: AtomicU64,
    /// How long building took.
    pub build: Times,
    /// How long a verdict took.
    pub verify: Times,
    /// How long storing and showing a block took.
    pub accept: Times,
    /// Calls of JSON-RPC.
    pub calls: Calls,
}

impl Meters {
    /// Notes the own time of a block that is to be verified, and the time of this machine's clock.
    pub fn note_time(&self, block_ms: u64, now_ms: u64) {
        self.lead_ms.store(block_ms.saturating_sub(now_ms), Ordering::Relaxed);
    }
}

/// Something that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// So many by now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Bounds of the buckets of [`Times`], milliseconds: from a cached answer to what a host would call dead.
const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 10_000];

/// Durations, counted by their length.
#[derive(Debug, Default)]
pub struct Times {
    count: AtomicU64,
    sum_ns: AtomicU64,
    /// Each is counted once, in the first bucket that it fits.
    buckets: [AtomicU64; BOUNDS_MS.len()],
}

impl Times {
    /// Counts one.
    pub fn add(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let fits = BOUNDS_MS.iter().position(|bound| took <= Duration::from_millis(*bound));
        if let Some(bucket) = fits.and_then(|at| self.buckets.get(at)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_ns.fetch_add(nanos, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were, all of them together, and how many were not longer than each bound.
    #[must_use]
    pub fn read(&self) -> (u64, Duration, Vec<(Duration, u64)>) {
        // The total first: what is added meanwhile is in a bucket before it is in the total.
        let count = self.count.load(Ordering::Relaxed);
        let sum = Duration::from_nanos(self.sum_ns.load(Ordering::Relaxed));
        let mut so_far = 0;
        let cumulated = BOUNDS_MS.iter().zip(&self.buckets).map(|(bound, bucket)| {
            so_far += bucket.load(Ordering::Relaxed);
            (Duration::from_millis(*bound), so_far.min(count))
        });
        (count, sum, cumulated.collect())
    }
}

/// Calls of JSON-RPC.
#[derive(Debug)]
pub struct Calls {
    groups: BTreeMap<Option<Group>, (Counter, Counter)>,
    running: AtomicU64,
}

/// A call that runs.
#[derive(Debug)]
pub struct Running<'a> {
    calls: &'a Calls,
    group: Option<Group>,
}

impl Default for Calls {
    fn default() -> Self {
        let groups = Group::iter().chain([Group::Rpc]).map(Some).chain([None]);
        Self { groups: groups.map(|group| (group, Default::default())).collect(), running: AtomicU64::new(0) }
    }
}

impl Calls {
    /// Counts a call of a method in this group, of none where there is no such method.
    pub fn begin(&self, group: Option<Group>) -> Running<'_> {
        self.running.fetch_add(1, Ordering::Relaxed);
        if let Some((calls, _)) = self.groups.get(&group) {
            calls.add(1);
        }
        Running { calls: self, group }
    }

    /// Calls that run.
    #[must_use]
    pub fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// Calls, and how many of them had an error for an answer, by group.
    pub fn by_group(&self) -> impl Iterator<Item = (&'static str, u64, u64)> {
        self.groups.iter().map(|(group, (calls, errors))| (name(*group), calls.get(), errors.get()))
    }
}

/// A group as it is shown.
fn name(group: Option<Group>) -> &'static str {
    match group {
        None => "unknown",
        // The one that cannot be chosen has no name among those.
        Some(Group::Rpc) => "rpc",
        Some(group) => group.into(),
    }
}

impl Running<'_> {
    /// Its answer is an error.
    pub fn failed(&self) {
        if let Some((_, errors)) = self.calls.groups.get(&self.group) {
            errors.add(1);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.calls.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_buckets() {
        let times = Times::default();
        for ms in [0, 1, 3, 500, 20_000] {
            times.add(Duration::from_millis(ms));
        }
        let (count, sum, buckets) = times.read();
        assert_eq!((count, sum), (5, Duration::from_millis(20_504)));
        let within =
            |ms| buckets.iter().find(|(bound, _)| *bound == Duration::from_millis(ms)).map(|(_, count)| *count);
        assert_eq!([within(1), within(2), within(5), within(200), within(10_000)], [2, 2, 3, 3, 4].map(Some));
    }

    #[test]
    fn calls_are_counted_by_group() {
        let calls = Calls::default();
        let running = calls.begin(Some(Group::Eth));
        calls.begin(None).failed();
        assert_eq!(calls.running(), 1);
        drop(running);
        let counted: Vec<_> = calls.by_group().filter(|(_, calls, _)| *calls > 0).collect();
        assert_eq!((counted, calls.running()), (vec![("unknown", 1, 1), ("eth", 1, 0)], 0));
        assert!(calls.by_group().any(|(name, ..)| name == "rpc"));
    }
}

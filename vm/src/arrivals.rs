//! Transactions in the order in which they became executable: what pending subscriptions and filters follow.

use alloy_primitives::B256;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// Arrivals that are remembered. Whoever comes later than that has missed some.
pub const ARRIVALS_MAX: usize = 16_384;

/// The last transactions that became executable, each with its number.
#[derive(Debug)]
pub struct Arrivals {
    ring: Mutex<Ring>,
    /// The number that the next one gets. A watch: what arrives while nobody waits is still seen.
    next: watch::Sender<u64>,
    missed: AtomicU64,
}

#[derive(Debug, Default)]
struct Ring {
    hashes: VecDeque<B256>,
    next: u64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self { ring: Mutex::default(), next: watch::Sender::new(0), missed: AtomicU64::new(0) }
    }
}

impl Arrivals {
    /// Notes that these became executable, in this order.
    pub fn push(&self, hashes: &[B256]) {
        if hashes.is_empty() {
            return;
        }
        let mut ring = self.ring.lock();
        for hash in hashes {
            if ring.hashes.len() == ARRIVALS_MAX {
                ring.hashes.pop_front();
            }
            ring.hashes.push_back(*hash);
            ring.next += 1;
        }
        // Under the lock, so that numbers are told in order.
        self.next.send_replace(ring.next);
    }

    /// The number of the next arrival: where one begins who wants to hear of new ones only.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.ring.lock().next
    }

    /// What arrived from a number on, and the number to go on from. Those that are forgotten already are left out,
    /// counted and logged.
    pub fn since(&self, number: u64) -> (Vec<B256>, u64) {
        self.some_since(number, ARRIVALS_MAX)
    }

    /// As [`Self::since`], and at most so many.
    pub fn some_since(&self, number: u64, most: usize) -> (Vec<B256>, u64) {
        let (hashes, end, missed) = self.ring.lock().some_since(number, most);
        if missed > 0 {
            let ever = self.missed.fetch_add(missed, Ordering::Relaxed).saturating_add(missed);
            tracing::warn!(missed, ever, "a client asks too seldom for pending transactions, or reads too slowly");
        }
        (hashes, end)
    }

    /// How many were not told to somebody who came too late.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }

    /// Tells of each change of [`Self::next`].
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }
}

impl Ring {
    fn some_since(&self, number: u64, most: usize) -> (Vec<B256>, u64, u64) {
        let held = u64::try_from(self.hashes.len()).unwrap_or(u64::MAX);
        let oldest = self.next.saturating_sub(held);
        // A number from the future is nobody's.
        let from = number.clamp(oldest, self.next);
        let skip = usize::try_from(from - oldest).unwrap_or(usize::MAX);
        let hashes: Vec<B256> = self.hashes.iter().skip(skip).take(most).copied().collect();
        let end = from.saturating_add(u64::try_from(hashes.len()).unwrap_or(u64::MAX));
        (hashes, end, oldest.saturating_sub(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> B256 {
        alloy_primitives::U256::from(number).into()
    }

    #[test]
    fn each_arrival_is_told_once() {
        let arrivals = Arrivals::default();
        assert_eq!(arrivals.since(0), (vec![], 0));
        arrivals.push(&[hash(0), hash(1)]);
        arrivals.push(&[]);
        arrivals.push(&[hash(2)]);
        assert_eq!(arrivals.next(), 3);
        assert_eq!(arrivals.since(0), (vec![hash(0), hash(1), hash(2)], 3));
        assert_eq!(arrivals.some_since(0, 2), (vec![hash(0), hash(1)], 2));
        assert_eq!(arrivals.since(2), (vec![hash(2)], 3));
        assert_eq!(arrivals.since(3), (vec![], 3));
        assert_eq!(arrivals.since(9), (vec![], 3));
        assert_eq!(arrivals.missed(), 0);
    }

    #[test]
    fn the_oldest_are_forgotten_and_counted() {
        let arrivals = Arrivals::default();
        let all: Vec<B256> = (0..20_000).map(hash).collect();
        arrivals.push(&all);
        let (hashes, next) = arrivals.since(10);
        assert_eq!((hashes.as_slice(), next), (&all[20_000 - ARRIVALS_MAX..], 20_000));
        assert_eq!(arrivals.missed(), u64::try_from(20_000 - ARRIVALS_MAX - 10).unwrap());
    }
}

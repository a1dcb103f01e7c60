//! [`Budget`]: how many handshakes a source may begin. Only addresses that were shown to be real are counted, so nobody
//! spends what belongs to another.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

/// Handshakes that a source may begin at once.
pub const BURST: u64 = 8;
/// A source may begin another handshake after this time.
pub const EVERY_MS: u64 = 1_000;
/// Sources that are remembered.
pub const SOURCES_MAX: usize = 4_096;

/// What each source has left. Where it is spent, it fills up by one handshake a second.
#[derive(Debug, Default)]
pub struct Budget(BTreeMap<IpAddr, Bucket>);

/// What is left of something of which there is one more in each period, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    every_ms: u64,
    full_ms: u64,
    /// Time that was saved up.
    saved_ms: u64,
    seen_ms: u64,
}

impl Budget {
    /// Whether one more handshake of this source is within its budget.
    pub fn take(&mut self, source: IpAddr, now_ms: u64) -> bool {
        let source = network(source);
        if self.0.len() >= SOURCES_MAX && !self.0.contains_key(&source) {
            self.make_room(now_ms);
        }
        self.0.entry(source).or_insert_with(|| Bucket::full(BURST, EVERY_MS, now_ms)).take(now_ms)
    }

    /// Forgets sources whose budget is whole again, or the one that has most of it.
    fn make_room(&mut self, now_ms: u64) {
        self.0.retain(|_, bucket| {
            bucket.fill(now_ms);
            bucket.saved_ms < bucket.full_ms
        });
        if self.0.len() >= SOURCES_MAX {
            let richest = self.0.iter().max_by_key(|(_, bucket)| bucket.saved_ms).map(|(source, _)| *source);
            richest.and_then(|source| self.0.remove(&source));
        }
    }
}

impl Bucket {
    /// So many at once, and one more in each period.
    #[must_use]
    pub const fn full(burst: u64, every_ms: u64, now_ms: u64) -> Self {
        let full_ms = burst.saturating_mul(every_ms);
        Self { every_ms, full_ms, saved_ms: full_ms, seen_ms: now_ms }
    }

    /// Whether there is one left.
    pub fn take(&mut self, now_ms: u64) -> bool {
        self.fill(now_ms);
        let within = self.saved_ms >= self.every_ms;
        if within {
            self.saved_ms -= self.every_ms;
        }
        within
    }

    fn fill(&mut self, now_ms: u64) {
        // A time that goes back fills nothing.
        let gone_ms = now_ms.saturating_sub(self.seen_ms);
        self.seen_ms = now_ms;
        self.saved_ms = self.saved_ms.saturating_add(gone_ms).min(self.full_ms);
    }
}

/// What one owner has: an address of version 4, or 2^64 of version 6.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_budget_fills_up_again() {
        let mut budget = Budget::default();
        let source = ip("1.2.3.4");
        assert_eq!((0..20).filter(|_| budget.take(source, 5_000)).count(), 8);
        assert!(!budget.take(source, 5_999));
        assert!(budget.take(source, 6_000));
        assert!(!budget.take(source, 6_000));
        assert!(!budget.take(source, 0), "a time that goes back");
        assert_eq!((0..20).filter(|_| budget.take(source, u64::MAX)).count(), 8);
    }

    #[test]
    fn sources_are_networks() {
        let mut budget = Budget::default();
        assert_eq!((0..20).filter(|_| budget.take(ip("2001:db8::1"), 0)).count(), 8);
        assert!(!budget.take(ip("2001:db8::ffff:1"), 0), "the same network");
        assert!(budget.take(ip("2001:db8:0:1::1"), 0));
        assert!(budget.take(ip("1.2.3.4"), 0));
        assert_eq!((0..20).filter(|_| budget.take(ip("::ffff:1.2.3.4"), 0)).count(), 7, "the same address");
    }

    #[test]
    fn remembered_sources_are_bounded() {
        let mut budget = Budget::default();
        let spent = ip("9.9.9.9");
        while budget.take(spent, 0) {}
        for number in 0..u32::try_from(2 * SOURCES_MAX).unwrap() {
            assert!(budget.take(Ipv4Addr::from_bits(number).into(), 0));
        }
        assert!(budget.0.len() <= SOURCES_MAX);
        assert!(!budget.take(spent, 0), "who spent most is forgotten last");
        // All are whole by then.
        assert!(budget.take(ip("8.8.8.8"), 1_000_000));
        assert_eq!(budget.0.len(), 1);
    }
}

//! How much one peer may take of our time: [`Allowance`] by the second, [`Window`] by the hour. And how much this node takes
//! of that of others: [`Pace`].

use bytes::Bytes;
use pars_host::NodeId;
use std::collections::BTreeMap;

/// Messages, transactions and their bytes that a peer may still send. Each fills up again by the second; what goes beyond
/// it is dropped.
#[derive(Debug)]
pub struct Allowance {
    messages: Bucket,
    transactions: Bucket,
    bytes: Bucket,
}

/// Messages a second. A Go node sends 21.
pub const MESSAGES_PER_S: u64 = 100;
/// Transactions a second. A Go node pushes 20 KiB of new ones and 20 KiB of old ones each 100 ms, which are 3,700 of the
/// smallest; recovering so many senders keeps a fifth of a processor busy.
pub const TRANSACTIONS_PER_S: u64 = 4_000;
/// Bytes of transactions a second.
pub const BYTES_PER_S: u64 = 1 << 20;
/// How long a peer may save up for. The largest message takes two seconds' worth.
pub const BURST_S: u64 = 4;

impl Allowance {
    /// A whole one.
    #[must_use]
    pub const fn new(now_ms: u64) -> Self {
        Self {
            messages: Bucket::new(MESSAGES_PER_S, now_ms),
            transactions: Bucket::new(TRANSACTIONS_PER_S, now_ms),
            bytes: Bucket::new(BYTES_PER_S, now_ms),
        }
    }

    /// Whether one more message is within it.
    pub fn take_message(&mut self, now_ms: u64) -> bool {
        self.messages.take(1, now_ms)
    }

    /// Whether one more transaction of so many bytes is within it.
    pub fn take_transaction(&mut self, bytes: usize, now_ms: u64) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.transactions.has(1, now_ms) && self.bytes.take(bytes, now_ms) && self.transactions.take(1, now_ms)
    }

    /// Whether nothing is taken of it, so it need not be remembered.
    pub fn is_whole(&mut self, now_ms: u64) -> bool {
        [&mut self.messages, &mut self.transactions, &mut self.bytes].into_iter().all(|bucket| bucket.is_full(now_ms))
    }
}

/// Thousandths that are left, which fill up by the millisecond.
#[derive(Debug)]
struct Bucket {
    per_s: u64,
    left_milli: u64,
    seen_ms: u64,
}

impl Bucket {
    const fn new(per_s: u64, now_ms: u64) -> Self {
        Self { per_s, left_milli: per_s * BURST_S * 1_000, seen_ms: now_ms }
    }

    fn has(&mut self, amount: u64, now_ms: u64) -> bool {
        // A time that goes back fills nothing.
        let gone_ms = now_ms.saturating_sub(self.seen_ms);
        self.seen_ms = now_ms;
        let full = self.per_s * BURST_S * 1_000;
        self.left_milli = self.left_milli.saturating_add(gone_ms.saturating_mul(self.per_s)).min(full);
        amount.saturating_mul(1_000) <= self.left_milli
    }

    fn take(&mut self, amount: u64, now_ms: u64) -> bool {
        let has = self.has(amount, now_ms);
        if has {
            self.left_milli -= amount.saturating_mul(1_000);
        }
        has
    }

    fn is_full(&mut self, now_ms: u64) -> bool {
        self.has(self.per_s * BURST_S, now_ms)
    }
}

/// How fast this node pushes, so that a peer with the same [`Allowance`] takes all of it: three quarters of that. The rest
/// is for questions and answers.
#[derive(Debug, Default)]
pub struct Pace {
    /// What was pushed is worth the time until then.
    paid_ms: u64,
}

/// So much time's worth may be pushed at once. A peer that hears nothing for three seconds more takes it still.
const AHEAD_MS: u64 = 1_000;

impl Pace {
    /// Whether it is time for another push.
    #[must_use]
    pub const fn allows(&self, now_ms: u64) -> bool {
        self.paid_ms <= now_ms.saturating_add(AHEAD_MS)
    }

    /// These are pushed in one message.
    pub fn pushed(&mut self, transactions: &[Bytes], now_ms: u64) {
        let bytes: usize = transactions.iter().map(Bytes::len).sum();
        let parts = [(1, MESSAGES_PER_S), (transactions.len(), TRANSACTIONS_PER_S), (bytes, BYTES_PER_S)];
        let worth_ms = parts.map(|(amount, per_s)| {
            let amount = u64::try_from(amount).unwrap_or(u64::MAX);
            amount.saturating_mul(1_000 * 4).div_ceil(per_s * 3)
        });
        let worth_ms = worth_ms.into_iter().max().unwrap_or_default();
        self.paid_ms = self.paid_ms.max(now_ms).saturating_add(worth_ms);
    }
}

/// Counts over the last hour, as far as two counters a node tell: of the hour before, the part that is left of it.
#[derive(Debug, Default)]
pub struct Window {
    started_ms: u64,
    now: BTreeMap<NodeId, u64>,
    before: BTreeMap<NodeId, u64>,
}

impl Window {
    /// Counts one of a node; whether it is within a limit. Those beyond it count, too.
    pub fn allows(&mut self, node: NodeId, now_ms: u64, limit: u64) -> bool {
        let mut gone_ms = now_ms.saturating_sub(self.started_ms);
        if gone_ms >= PERIOD_MS {
            let next = std::mem::take(&mut self.now);
            self.before = if gone_ms >= 2 * PERIOD_MS { BTreeMap::new() } else { next };
            self.started_ms = now_ms;
            gone_ms = 0;
        }
        let left_ms = PERIOD_MS - gone_ms;
        let before = self.before.get(&node).copied().unwrap_or_default().saturating_mul(left_ms);
        if self.now.len() >= NODES_MAX && !self.now.contains_key(&node) {
            return false;
        }
        let count = self.now.entry(node).or_default();
        let counted = count.saturating_mul(PERIOD_MS).saturating_add(before);
        *count = count.saturating_add(1);
        counted < limit.saturating_mul(PERIOD_MS)
    }
}

const PERIOD_MS: u64 = crate::gossip::peers::HOUR_MS;

/// Nodes that are counted. Only validators are.
const NODES_MAX: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_fills_up_again() {
        let mut allowance = Allowance::new(1_000);
        let mut taken = 0;
        while allowance.take_message(1_000) {
            taken += 1;
        }
        assert_eq!(taken, MESSAGES_PER_S * BURST_S);
        assert!(!allowance.take_message(1_009));
        assert!(allowance.take_message(1_010));
        assert!(!allowance.is_whole(1_010));
        assert!(!allowance.take_message(0), "a time that goes back");
        assert!(allowance.is_whole(u64::MAX));
    }

    #[test]
    fn bytes_and_transactions_are_both_bounded() {
        let mut allowance = Allowance::new(0);
        let large = (0..).take_while(|_| allowance.take_transaction(128 << 10, 0)).count();
        assert_eq!(large, 32);
        let mut allowance = Allowance::new(0);
        let small = (0..).take_while(|_| allowance.take_transaction(110, 0)).count();
        assert_eq!(u64::try_from(small).unwrap(), TRANSACTIONS_PER_S * BURST_S);
        assert!(!allowance.take_transaction(usize::MAX, u64::MAX));
    }

    #[test]
    fn a_pace_is_three_quarters_of_an_allowance() {
        let pushed = |size: usize, count: usize| {
            let (mut pace, transactions) = (Pace::default(), vec![Bytes::from(vec![0; size]); count]);
            let mut messages = 0;
            for now_ms in 0..10_000 {
                if pace.allows(now_ms) {
                    pace.pushed(&transactions, now_ms);
                    messages += 1;
                }
            }
            messages
        };
        // Of 11 s, as one second may be had ahead: 75 messages, 3,000 transactions and 768 KiB, times rounded up.
        assert_eq!([pushed(110, 1), pushed(110, 186), pushed(128 << 10, 1)], [786, 178, 66]);
    }

    #[test]
    fn an_hour_slides() {
        let mut window = Window::default();
        let node = NodeId::from([1; 20]);
        let start = 10 * PERIOD_MS;
        assert!((0..100).all(|_| window.allows(node, start, 100)));
        assert!(!window.allows(node, start, 100), "the 101st");
        assert!(window.allows(NodeId::from([2; 20]), start, 100), "another node");
        // 101 counted. A quarter into the next hour three quarters of them are left.
        assert!(!window.allows(node, start + PERIOD_MS, 100));
        assert!(window.allows(node, start + PERIOD_MS + PERIOD_MS / 4, 100));
        assert!((0..100).all(|_| window.allows(node, start + 9 * PERIOD_MS, 100)));
    }
}

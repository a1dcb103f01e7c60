//! [`Push`]: transactions that were submitted here, and when peers are told of them.

use crate::gossip::held::{Held, Standing};
use alloy_primitives::B256;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

/// A message is sent when it has this many bytes of transactions, as in the Go node.
pub const TARGET_BYTES: usize = 20 << 10;
/// Transactions that are remembered. Beyond them those that were told longest ago are forgotten; peers can still ask.
pub const TRACKED_MAX: usize = 16_384;
/// A transaction that is submitted once more is told again, but not more often than this, milliseconds.
pub const REPEAT_MS: u64 = 1_000;

/// What was submitted here and still waits.
#[derive(Debug, Default)]
pub struct Push {
    tracked: BTreeMap<B256, Stage>,
    /// To be told next.
    fresh: VecDeque<B256>,
    /// Told, by place, the oldest first. There is one place a transaction.
    told: BTreeMap<u64, B256>,
    next_place: u64,
    /// In the order in which they were found to be.
    parked: Vec<B256>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    Parked,
    Told { at_ms: u64, place: u64 },
}

impl Push {
    /// A transaction was submitted here, for the first time or again. False where there is no room to remember it.
    pub fn add(&mut self, hash: B256, now_ms: u64) -> bool {
        match self.tracked.get(&hash) {
            Some(Stage::Fresh | Stage::Parked) => return true,
            Some(Stage::Told { at_ms, .. }) if now_ms < at_ms.saturating_add(REPEAT_MS) => return true,
            Some(Stage::Told { place, .. }) => {
                self.told.remove(place);
            }
            None if self.tracked.len() < TRACKED_MAX => {}
            None => {
                if !self.forget_oldest() {
                    return false;
                }
            }
        }
        self.tracked.insert(hash, Stage::Fresh);
        self.fresh.push_back(hash);
        true
    }

    /// Transactions for the next message: what is executable and was not told yet.
    pub fn fresh(&mut self, now_ms: u64, held: &impl Held) -> Vec<Bytes> {
        self.unpark(held);
        let mut message = Message::default();
        while message.has_room()
            && let Some(hash) = self.fresh.pop_front()
        {
            self.tell(hash, now_ms, held, &mut message);
        }
        message.transactions
    }

    /// Transactions for the next message: what was told before this long, and waits still.
    pub fn again(&mut self, now_ms: u64, after_ms: u64, held: &impl Held) -> Vec<Bytes> {
        let mut message = Message::default();
        while message.has_room()
            && let Some(place) = self.told.first_entry()
        {
            let hash = *place.get();
            if let Some(Stage::Told { at_ms, .. }) = self.tracked.get(&hash)
                && now_ms < at_ms.saturating_add(after_ms)
            {
                break;
            }
            place.remove();
            self.tell(hash, now_ms, held, &mut message);
        }
        message.transactions
    }

    /// Number of transactions that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tracked.len()
    }

    /// Nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tracked.is_empty()
    }

    fn tell(&mut self, hash: B256, now_ms: u64, held: &impl Held, message: &mut Message) {
        let stage = match (held.standing(hash), held.bytes(hash)) {
            (Standing::Absent, _) | (_, None) => {
                self.tracked.remove(&hash);
                return;
            }
            (Standing::Parked, Some(_)) => {
                self.parked.push(hash);
                Stage::Parked
            }
            (Standing::Executable, Some(bytes)) => {
                message.add(bytes);
                let place = self.next_place;
                self.next_place += 1;
                self.told.insert(place, hash);
                Stage::Told { at_ms: now_ms, place }
            }
        };
        self.tracked.insert(hash, stage);
    }

    /// What is parked no longer is told like a new one.
    fn unpark(&mut self, held: &impl Held) {
        let Self { tracked, fresh, parked, .. } = self;
        parked.retain(|hash| {
            match held.standing(*hash) {
                Standing::Parked => return true,
                Standing::Executable => {
                    tracked.insert(*hash, Stage::Fresh);
                    fresh.push_back(*hash);
                }
                Standing::Absent => drop(tracked.remove(hash)),
            }
            false
        });
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.told.pop_first().map(|(_, hash)| hash);
        oldest.is_some_and(|hash| self.tracked.remove(&hash).is_some())
    }
}

#[derive(Debug, Default)]
struct Message {
    transactions: Vec<Bytes>,
    size: usize,
}

impl Message {
    const fn has_room(&self) -> bool {
        self.size < TARGET_BYTES
    }

    fn add(&mut self, bytes: Bytes) {
        self.size += bytes.len();
        self.transactions.push(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// A pool whose transactions are `size` bytes long.
    #[derive(Debug, Default)]
    struct Some {
        standing: RefCell<BTreeMap<B256, Standing>>,
        size: usize,
    }

    impl Some {
        fn set(&self, number: u8, standing: Standing) {
            self.standing.borrow_mut().insert(B256::repeat_byte(number), standing);
        }
    }

    impl Held for Some {
        fn standing(&self, hash: B256) -> Standing {
            self.standing.borrow().get(&hash).copied().unwrap_or(Standing::Absent)
        }

        fn bytes(&self, hash: B256) -> Option<Bytes> {
            (self.standing(hash) != Standing::Absent).then(|| vec![hash[0]; self.size].into())
        }

        fn executable(&self) -> Vec<Vec<B256>> {
            Vec::new()
        }
    }

    fn first(transactions: &[Bytes]) -> Vec<u8> {
        transactions.iter().map(|bytes| bytes[0]).collect()
    }

    #[test]
    fn a_transaction_is_told_at_once_and_again_while_it_waits() {
        let (mut push, held) = (Push::default(), Some { size: 100, ..Some::default() });
        for number in 1..=3 {
            held.set(number, Standing::Executable);
            assert!(push.add(B256::repeat_byte(number), 0));
        }
        assert_eq!(first(&push.fresh(0, &held)), [1, 2, 3]);
        assert!(push.fresh(0, &held).is_empty());
        assert!(push.again(29_999, 30_000, &held).is_empty());
        held.set(2, Standing::Absent);
        assert_eq!(first(&push.again(30_000, 30_000, &held)), [1, 3]);
        assert!(push.again(30_001, 30_000, &held).is_empty());
        assert_eq!(push.len(), 2);
        for number in [1, 3] {
            held.set(number, Standing::Absent);
        }
        assert!(push.again(60_000, 30_000, &held).is_empty());
        assert!(push.is_empty());
    }

    /// Field report: a promoted transaction was never told.
    #[test]
    fn a_parked_transaction_is_told_when_it_becomes_executable() {
        let (mut push, held) = (Push::default(), Some { size: 100, ..Some::default() });
        held.set(1, Standing::Parked);
        push.add(B256::repeat_byte(1), 0);
        assert!(push.fresh(0, &held).is_empty());
        assert!(push.fresh(100, &held).is_empty());
        held.set(1, Standing::Executable);
        assert_eq!(first(&push.fresh(200, &held)), [1]);
        // Parked again, as the one before it was replaced by a dearer one, and promoted again.
        held.set(1, Standing::Parked);
        assert!(push.again(30_200, 30_000, &held).is_empty());
        held.set(1, Standing::Executable);
        assert_eq!(first(&push.fresh(30_300, &held)), [1]);
    }

    #[test]
    fn what_is_submitted_again_is_told_again_but_not_too_often() {
        let (mut push, held) = (Push::default(), Some { size: 100, ..Some::default() });
        held.set(1, Standing::Executable);
        let hash = B256::repeat_byte(1);
        push.add(hash, 0);
        push.add(hash, 0);
        assert_eq!(first(&push.fresh(0, &held)), [1]);
        push.add(hash, REPEAT_MS - 1);
        assert!(push.fresh(REPEAT_MS, &held).is_empty());
        push.add(hash, REPEAT_MS);
        assert_eq!(first(&push.fresh(REPEAT_MS, &held)), [1]);
        // Once, not once for each time it was told.
        assert_eq!(first(&push.again(REPEAT_MS + 30_000, 30_000, &held)), [1]);
        assert!(push.again(REPEAT_MS + 30_001, 30_000, &held).is_empty());
    }

    /// Field report: who submitted the same over and over grew what is remembered, as long as an older one stood before it.
    #[test]
    fn what_is_told_over_and_over_is_remembered_once() {
        let (mut push, held) = (Push::default(), Some { size: 100, ..Some::default() });
        for number in 1..=2 {
            held.set(number, Standing::Executable);
        }
        push.add(B256::repeat_byte(1), 0);
        for round in 0..1_000 {
            push.add(B256::repeat_byte(2), round * REPEAT_MS);
            assert!(!push.fresh(round * REPEAT_MS, &held).is_empty());
            assert!(push.again(round * REPEAT_MS, u64::MAX, &held).is_empty());
        }
        assert_eq!((push.len(), push.told.len()), (2, 2));
        assert_eq!(first(&push.again(2_000_000, 30_000, &held)), [1, 2], "each once");
    }

    #[test]
    fn a_message_ends_when_it_is_large_enough() {
        let (mut push, held) = (Push::default(), Some { size: 9 << 10, ..Some::default() });
        for number in 1..=5 {
            held.set(number, Standing::Executable);
            push.add(B256::repeat_byte(number), 0);
        }
        assert_eq!(first(&push.fresh(0, &held)), [1, 2, 3]);
        assert_eq!(first(&push.fresh(100, &held)), [4, 5]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut push, held) = (Push::default(), Some { size: 1, ..Some::default() });
        let hash = |number: usize| B256::from(alloy_primitives::U256::from(number));
        for number in 0..TRACKED_MAX {
            held.standing.borrow_mut().insert(hash(number), Standing::Executable);
            assert!(push.add(hash(number), 0));
        }
        assert!(!push.add(hash(TRACKED_MAX), 0), "none of them was told yet");
        assert_eq!(push.fresh(0, &held).len(), TRACKED_MAX);
        assert!(push.add(hash(TRACKED_MAX), 0));
        assert_eq!(push.len(), TRACKED_MAX);
    }
}

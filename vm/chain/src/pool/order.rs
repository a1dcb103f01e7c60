//! The order in which a builder takes transactions: local senders first, then those who tip most, then first come.

use crate::engine::Candidates;
use crate::tx::Tx;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::sync::Arc;

/// What a transaction is worth to a block builder at a base fee: any that can pay the base fee before any that cannot;
/// then by tip, or where there is none by fee cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Worth {
    pub(super) pays_base_fee: bool,
    wei: u128,
}

impl Worth {
    pub(super) fn new(tx: &Tx, base_fee: u128) -> Self {
        match tx.fee_cap().checked_sub(base_fee) {
            Some(room) => Self { pays_base_fee: true, wei: tx.tip_cap().min(room) },
            None => Self { pays_base_fee: false, wei: tx.fee_cap() },
        }
    }
}

/// A snapshot of what a builder may choose from. See [`Pool::candidates`](crate::pool::Pool::candidates).
#[derive(Debug)]
pub struct Ordered {
    heap: BinaryHeap<Top>,
    base_fee: u128,
}

/// A sender's transactions for a builder, by nonce, each with its place in the order of arrival.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) local: bool,
    pub(super) first: (Arc<Tx>, u64),
    pub(super) rest: Vec<(Arc<Tx>, u64)>,
}

/// A sender, with the transaction that is next.
#[derive(Debug)]
struct Top {
    local: bool,
    tip: u128,
    seen: Reverse<u64>,
    tx: Arc<Tx>,
    rest: std::vec::IntoIter<(Arc<Tx>, u64)>,
}

impl Ordered {
    pub(super) fn new(runs: impl Iterator<Item = Run>, base_fee: u128) -> Self {
        let top = |Run { local, first: (tx, seen), rest }: Run| Top {
            local,
            tip: tip(&tx, base_fee),
            seen: Reverse(seen),
            tx,
            rest: rest.into_iter(),
        };
        Self { heap: runs.map(top).collect(), base_fee }
    }
}

impl Candidates for Ordered {
    fn best(&self) -> Option<&Arc<Tx>> {
        self.heap.peek().map(|top| &top.tx)
    }

    fn take(&mut self) {
        let Some(mut top) = self.heap.peek_mut() else { return };
        match top.rest.next() {
            Some((tx, seen)) => {
                top.tip = tip(&tx, self.base_fee);
                top.seen = Reverse(seen);
                top.tx = tx;
            }
            None => {
                PeekMut::pop(top);
            }
        }
    }

    fn drop_sender(&mut self) {
        self.heap.pop();
    }
}

impl Top {
    const fn rank(&self) -> (bool, u128, Reverse<u64>) {
        (self.local, self.tip, self.seen)
    }
}

impl Ord for Top {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Top {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Top {
    fn eq(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }
}

impl Eq for Top {}

/// Tip a unit of gas, wei, of a transaction that can pay the base fee.
fn tip(tx: &Tx, base_fee: u128) -> u128 {
    tx.tip_cap().min(tx.fee_cap().saturating_sub(base_fee))
}

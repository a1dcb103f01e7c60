//! What left the pool although no block holds it, for the shell that keeps a list of the pool's content.

use alloy_primitives::B256;

/// Transactions that left since the last look: replaced, evicted, expired, or no longer valid at a new head. Those that a
/// block took are not among them: their nonces tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Departed {
    /// Their places in the order of arrival.
    pub arrivals: Vec<u64>,
    /// Hashes of those that replaced some of them: whoever strikes out the old one notes the new one first.
    pub replacing: Vec<B256>,
    /// There were more than are remembered: whoever keeps a list makes it anew from what is here.
    pub overflowed: bool,
}

/// Departures that are remembered between two looks. A pool of the usual size holds fewer transactions.
const REMEMBERED_MAX: usize = 8_192;

impl Departed {
    pub(super) fn note(&mut self, arrival: u64) {
        if self.arrivals.len() < REMEMBERED_MAX {
            self.arrivals.push(arrival);
        } else {
            self.overflowed = true;
        }
    }

    /// One was replaced by another.
    pub(super) fn note_replaced(&mut self, arrival: u64, by: B256) {
        if self.arrivals.len() < REMEMBERED_MAX {
            self.replacing.push(by);
        }
        self.note(arrival);
    }

    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

//! What left the pool although no block holds it, for the shell that keeps a list of the pool's content.

/// Transactions that left since the last look: replaced, evicted, expired, or no longer valid at a new head. Those that a
/// block took are not among them: their nonces tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Departed {
    /// Their places in the order of arrival.
    pub arrivals: Vec<u64>,
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

    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

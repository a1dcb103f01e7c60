//! Gas schedule that the rows share. The numbers are consensus rules of subnet-evm; what is special to one row stands
//! in its file, built from these.

/// Writing a slot, whatever it held: the price of the EVM for a fresh slot, taken for all.
pub const WRITE_SLOT: u64 = 20_000;

/// Reading a slot. The EVM once asked less; this schedule is flat and knows no warm slots.
pub const READ_SLOT: u64 = 5_000;

/// Gas of a log as the EVM charges it: 375, 375 for each topic (the signature is one), 8 for each byte of data.
#[must_use]
pub const fn log(topics: u64, bytes: u64) -> u64 {
    375 + 375 * topics + 8 * bytes
}

/// Gas for a function that emits a log: before Durango nothing is emitted and nothing asked.
#[must_use]
pub const fn with_event(base: u64, event: u64, durango: bool) -> u64 {
    if durango { base + event } else { base }
}

/// `base + each * count`; none beyond 64 bits.
#[must_use]
pub fn linear(base: u64, each: u64, count: usize) -> Option<u64> {
    each.checked_mul(u64::try_from(count).ok()?)?.checked_add(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_that_do_not_fit_are_none() {
        assert_eq!(linear(2, 3_200, 3), Some(9_602));
        assert_eq!(linear(1, u64::MAX, 1), None);
        assert_eq!(linear(0, u64::MAX, 2), None);
    }
}

//! [`Random`]: numbers that a printed seed gives again.

use std::time::{SystemTime, UNIX_EPOCH};

/// SplitMix64.
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// Seeded by the clock.
    #[must_use]
    pub fn of_now() -> Self {
        Self(SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs()))
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

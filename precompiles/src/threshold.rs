//! Signatures that several holders of a key make together. They verify as one; how many made them cannot be seen, so the
//! t and n that some calls carry prove nothing, and only set the price.

pub mod cggmp21;
pub mod frost;

use crate::pure::price;

/// t of n signers, as a call claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Claim {
    n: u32,
}

impl Claim {
    /// At least one of them, at most all, and no more than anybody would run.
    fn new(t: u32, n: u32) -> Option<Self> {
        (t >= 1 && t <= n && n <= SIGNERS_MAX).then_some(Self { n })
    }

    /// `base`, and `each` for every signer.
    fn gas(self, base: u64, each: u64) -> u64 {
        price(base, each, usize::try_from(self.n).unwrap_or(usize::MAX))
    }
}

const SIGNERS_MAX: u32 = 1_024;

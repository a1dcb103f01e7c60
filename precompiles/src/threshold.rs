//! Signatures that several holders of a key make together. They verify as one; how many made them cannot be seen, so the
//! t and n that some calls carry prove nothing, and only set the price.

pub mod cggmp21;
pub mod frost;

use crate::abi::Arguments;
use crate::port::{Call, Stop};
use crate::pure::{Fields, MALFORMED_INPUT, decoded, named, price};

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

    /// As it stands at the beginning of raw bytes, four bytes a number.
    fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let (t, n) = (fields.array()?, fields.array()?);
        Self::new(u32::from_be_bytes(*t), u32::from_be_bytes(*n))
    }

    /// Pays for a call by its first two arguments. A claim that cannot be costs `base`.
    fn pay(call: &mut Call<'_>, arguments: Arguments<'_>, base: u64, each: u64) -> Result<(), Stop> {
        let claim = arguments.uint32(0).and_then(|t| Ok(Self::new(t, arguments.uint32(1)?)));
        call.gas.charge(match &claim {
            Ok(Some(claim)) => claim.gas(base, each),
            Ok(None) | Err(_) => base,
        })?;
        decoded(claim)?.map(drop).ok_or_else(|| named(MALFORMED_INPUT))
    }

    /// `base`, and `each` for every signer.
    fn gas(self, base: u64, each: u64) -> u64 {
        price(base, each, usize::try_from(self.n).unwrap_or(usize::MAX))
    }
}

const SIGNERS_MAX: u32 = 1_024;

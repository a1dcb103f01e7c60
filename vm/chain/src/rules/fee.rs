//! Fee window, base fee and block gas cost.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::block::Header;
use alloy_primitives::{U256, aliases::U512};
use pars_precompiles::fee::FeeConfig;

/// Bytes of the fee window at the front of `extraData`.
pub const WINDOW_BYTES: usize = 80;
/// Seconds of the window, one entry each.
pub const WINDOW_SECONDS: usize = 10;

/// Gas used in each of the last ten seconds, oldest first; written as ten big-endian 64-bit numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window([u64; WINDOW_SECONDS]);

impl Window {
    /// The window of a child of `parent` at `time`, Unix seconds; none if that is before the parent's.
    ///
    /// Genesis starts from zeros; its own gas is not counted.
    #[must_use]
    pub fn of_child(parent: &Header, time: u64) -> Option<Self> {
        let elapsed = time.checked_sub(parent.time)?;
        if parent.number.is_zero() {
            return Some(Self::default());
        }
        let mut window = Self::from_bytes(parent.extra.get(..WINDOW_BYTES)?)?;
        if let Some(last) = window.0.last_mut() {
            *last = last.saturating_add(parent.gas_used);
        }
        let shift = usize::try_from(elapsed).map_or(WINDOW_SECONDS, |shift| shift.min(WINDOW_SECONDS));
        window.0.rotate_left(shift);
        window.0.iter_mut().rev().take(shift).for_each(|entry| *entry = 0);
        Some(window)
    }

    /// The ten numbers.
    #[must_use]
    pub fn to_bytes(self) -> [u8; WINDOW_BYTES] {
        let mut bytes = [0; WINDOW_BYTES];
        for (chunk, entry) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&entry.to_be_bytes());
        }
        bytes
    }

    /// Saturating sum.
    #[must_use]
    pub fn sum(self) -> u64 {
        self.0.iter().fold(0, |sum, entry| sum.saturating_add(*entry))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut window = Self::default();
        for (entry, chunk) in window.0.iter_mut().zip(bytes.chunks_exact(8)) {
            *entry = u64::from_be_bytes(chunk.try_into().ok()?);
        }
        Some(window)
    }
}

/// Why there is no base fee for a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBaseFee {
    /// The child is older than its parent.
    #[error("timestamp is before the parent's")]
    TimeTravel,
    /// The configuration gives a fee of zero or, through a signed 64-bit conversion in the first block, below.
    #[error("minBaseFee {0} gives no positive base fee")]
    NotPositive(U256),
    /// The parent has none.
    #[error("parent has no base fee")]
    NoParentFee,
    /// `targetGas` is 0 in its low 64 bits: the rule divides by it.
    #[error("targetGas {0} is zero in its low 64 bits")]
    NoTarget(U256),
}

/// Base fee that a child of `parent` at `time` must have.
///
/// # Errors
/// Where no block is possible.
pub fn base_fee(config: &FeeConfig, parent: &Header, time: u64) -> Result<U256, NoBaseFee> {
    let elapsed = time.checked_sub(parent.time).ok_or(NoBaseFee::TimeTravel)?;
    let fee = if parent.number.is_zero() {
        first_base_fee(config)
    } else {
        let window = Window::of_child(parent, time).ok_or(NoBaseFee::TimeTravel)?;
        let parent_fee = parent.base_fee.ok_or(NoBaseFee::NoParentFee)?;
        next_base_fee(config, parent_fee, window.sum(), elapsed)?
    };
    if fee.is_zero() { Err(NoBaseFee::NotPositive(config.min_base_fee)) } else { Ok(fee) }
}

/// The Go node converts `minBaseFee` to a signed 64-bit number here and nowhere else.
fn first_base_fee(config: &FeeConfig) -> U256 {
    let low: u64 = config.min_base_fee.wrapping_to();
    if i64::try_from(low).is_ok() { U256::from(low) } else { U256::ZERO }
}

/// Two floor divisions in this order; the change is at least 1; the result is not clamped where use equals the target.
fn next_base_fee(config: &FeeConfig, parent_fee: U256, used: u64, elapsed: u64) -> Result<U256, NoBaseFee> {
    let target: u64 = config.target_gas.wrapping_to();
    if used == target {
        return Ok(parent_fee);
    }
    if target == 0 {
        return Err(NoBaseFee::NoTarget(config.target_gas));
    }
    let off = U512::from(used.abs_diff(target));
    let scaled = off.saturating_mul(U512::from(parent_fee));
    let delta = scaled
        .checked_div(U512::from(target))
        .and_then(|delta| delta.checked_div(U512::from(config.base_fee_change_denominator)))
        .unwrap_or_default()
        .max(U512::ONE);
    let fee = if used > target {
        U512::from(parent_fee).saturating_add(delta)
    } else {
        // A quiet stretch of 20 seconds or more counts once for each window in it.
        let windows = elapsed.checked_div(WINDOW_SECONDS_U64).unwrap_or_default();
        let delta = if windows > 1 { delta.saturating_mul(U512::from(windows)) } else { delta };
        U512::from(parent_fee).saturating_sub(delta)
    };
    Ok(fee.clamp(U512::from(config.min_base_fee), U512::from(U256::MAX)).to::<U256>())
}

/// `blockGasCost` of a child of `parent` at `time`, before Granite. From Granite on it is 0.
#[must_use]
pub fn block_gas_cost(config: &FeeConfig, parent: &Header, time: u64) -> u64 {
    let min: u64 = config.min_block_gas_cost.wrapping_to();
    let max: u64 = config.max_block_gas_cost.wrapping_to();
    let step: u64 = config.block_gas_cost_step.wrapping_to();
    let Some(parent_cost) = parent.block_gas_cost else { return min };
    let parent_cost: u64 = parent_cost.saturating_to();
    let elapsed = time.saturating_sub(parent.time);
    let change = step.saturating_mul(elapsed.abs_diff(config.target_block_rate));
    let cost = if elapsed > config.target_block_rate {
        parent_cost.checked_sub(change).unwrap_or(min)
    } else {
        parent_cost.checked_add(change).unwrap_or(max)
    };
    // Not `clamp`: a stored configuration may have min above max in its low 64 bits.
    if cost < min {
        min
    } else if cost > max {
        max
    } else {
        cost
    }
}

const WINDOW_SECONDS_U64: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> FeeConfig {
        FeeConfig {
            gas_limit: U256::from(8_000_000),
            target_block_rate: 2,
            min_base_fee: U256::from(25_000_000_000_u64),
            target_gas: U256::from(15_000_000),
            base_fee_change_denominator: U256::from(36),
            min_block_gas_cost: U256::ZERO,
            max_block_gas_cost: U256::from(1_000_000),
            block_gas_cost_step: U256::from(200_000),
        }
    }

    /// Known answers: (base fee, window sum, seconds) and the next base fee.
    #[test]
    fn base_fee_known_answers() {
        for (fee, sum, elapsed, next) in [
            (225_000_000_000_u64, 0, 1, 218_750_000_000_u64),
            (225_000_000_000, 0, 20, 212_500_000_000),
            (25_000_000_000, 30_000_000, 1, 25_694_444_444),
            (30_000_000_000, 15_000_000, 3, 30_000_000_000),
            (26_000_000_000, 14_999_999, 1, 25_999_999_952),
            (24_000_000_000, 15_000_000, 1, 24_000_000_000),
            (26_000_000_000, 15_000_001, 1, 26_000_000_048),
        ] {
            assert_eq!(next_base_fee(&config(), U256::from(fee), sum, elapsed), Ok(U256::from(next)), "{fee} {sum}");
        }
    }

    /// Trap 7: the decrease is multiplied only by two and more whole windows.
    #[test]
    fn quiet_time_counts_whole_windows() {
        let fee = |elapsed| next_base_fee(&config(), U256::from(225_000_000_000_u64), 0, elapsed).expect("positive");
        let step = U256::from(225_000_000_000_u64) - fee(9);
        for (elapsed, windows) in [(9, 1), (10, 1), (19, 1), (20, 2), (21, 2), (30, 3)] {
            assert_eq!(U256::from(225_000_000_000_u64) - fee(elapsed), step * U256::from(windows), "{elapsed} s");
        }
    }

    /// Extreme configurations neither panic nor wrap (denominators from 1 to beyond 64 bits, fees up to 2^256 - 1).
    #[test]
    fn extreme_configurations() {
        for denominator in [U256::from(1), U256::from(2), U256::from(u64::MAX), U256::MAX] {
            let config = FeeConfig { base_fee_change_denominator: denominator, ..config() };
            assert_eq!(next_base_fee(&config, U256::MAX, u64::MAX, 0), Ok(U256::MAX));
            assert!(next_base_fee(&config, U256::MAX, 0, u64::MAX).expect("clamped") >= config.min_base_fee);
        }
        let zero = FeeConfig { target_gas: U256::from(1) << 64, ..config() };
        assert!(matches!(next_base_fee(&zero, U256::from(1), 1, 0), Err(NoBaseFee::NoTarget(_))));
    }

    /// Trap 45: only block 1 converts through a signed 64-bit number.
    #[test]
    fn first_block_uses_signed_conversion() {
        let genesis = Header { base_fee: Some(U256::from(7)), ..Header::default() };
        let with = |min_base_fee| FeeConfig { min_base_fee, ..config() };
        assert_eq!(base_fee(&with(U256::from(i64::MAX)), &genesis, 0), Ok(U256::from(i64::MAX)));
        let wrapped = U256::from(1) << 63;
        assert_eq!(base_fee(&with(wrapped), &genesis, 0), Err(NoBaseFee::NotPositive(wrapped)));
        assert_eq!(base_fee(&with((U256::from(1) << 64) + U256::from(5)), &genesis, 0), Ok(U256::from(5)));
        assert_eq!(base_fee(&with(U256::ZERO), &genesis, 0), Err(NoBaseFee::NotPositive(U256::ZERO)));
    }

    /// Trap 5: the parent's gas joins the window, genesis' does not.
    #[test]
    fn window_adds_the_parents_gas_and_shifts() {
        let genesis = Header { gas_used: 99, ..Header::default() };
        assert_eq!(Window::of_child(&genesis, 5).map(Window::sum), Some(0));
        let mut extra = vec![0; WINDOW_BYTES + 6];
        extra[79] = 1;
        let parent =
            Header { number: U256::from(1), time: 100, gas_used: 41, extra: extra.into(), ..Header::default() };
        assert_eq!(Window::of_child(&parent, 100).map(|window| window.0[9]), Some(42));
        assert_eq!(Window::of_child(&parent, 103).map(|window| window.0[6]), Some(42));
        assert_eq!(Window::of_child(&parent, 109).map(|window| window.0[0]), Some(42));
        assert_eq!(Window::of_child(&parent, 110).map(Window::sum), Some(0));
        assert_eq!(Window::of_child(&parent, 99), None);
    }

    /// Trap 34: an absent parent cost starts at the minimum; the rest moves by the step for each second off target.
    #[test]
    fn block_gas_cost_moves_by_the_step() {
        let parent = |cost| Header { block_gas_cost: cost, time: 100, number: U256::from(1), ..Header::default() };
        let cost = |parent_cost, time| block_gas_cost(&config(), &parent(parent_cost), time);
        assert_eq!(cost(None, 100), 0);
        assert_eq!(cost(Some(U256::from(500_000)), 102), 500_000);
        assert_eq!(cost(Some(U256::from(500_000)), 101), 700_000);
        assert_eq!(cost(Some(U256::from(500_000)), 104), 100_000);
        assert_eq!(cost(Some(U256::from(500_000)), 105), 0);
        assert_eq!(cost(Some(U256::from(900_000)), 100), 1_000_000);
    }
}

//! Block time in milliseconds and the minimum delay between blocks (ACP-226).

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::block::Header;
use crate::error::{Field, Invalid};
use crate::limits::FUTURE_MS_MAX;
use crate::rules::header::mismatch;
use alloy_primitives::U256;

/// Excess with which Granite starts: a delay of 2,000 ms.
pub const INITIAL_EXCESS: u64 = 7_970_124;
/// How far a block may move the excess.
pub const EXCESS_STEP_MAX: u64 = 200;
/// Excess from which on the delay is beyond 64 bits.
const EXCESS_MAX: u64 = 46_516_320;
/// K of `delay = e^(excess / K)` milliseconds.
const CONVERSION: u64 = 1 << 20;

/// Minimum delay to the next block, milliseconds: an integer approximation of `e^(excess / 2^20)`.
#[must_use]
pub fn delay_ms(excess: u64) -> u64 {
    let denominator = U256::from(CONVERSION);
    let numerator = U256::from(excess);
    let Some(limit) = denominator.checked_mul(U256::from(u64::MAX)) else { return u64::MAX };
    let mut sum = U256::ZERO;
    let mut term = denominator;
    let mut i = U256::ONE;
    while !term.is_zero() {
        sum = sum.saturating_add(term);
        if sum >= limit {
            return u64::MAX;
        }
        term = term
            .saturating_mul(numerator)
            .checked_div(denominator)
            .and_then(|term| term.checked_div(i))
            .unwrap_or_default();
        i = i.saturating_add(U256::ONE);
    }
    sum.checked_div(denominator).unwrap_or_default().saturating_to()
}

/// Smallest excess whose delay is at least `delay` milliseconds.
#[must_use]
pub fn excess_for(delay: u64) -> u64 {
    let (mut low, mut high) = (0, EXCESS_MAX);
    while low < high {
        let middle = low.midpoint(high);
        if delay_ms(middle) >= delay { high = middle } else { low = middle.saturating_add(1) }
    }
    low
}

/// `from` moved toward `want` by at most [`EXCESS_STEP_MAX`].
#[must_use]
pub fn step_toward(from: u64, want: u64) -> u64 {
    let step = from.abs_diff(want).min(EXCESS_STEP_MAX);
    if want > from { from.saturating_add(step) } else { from.saturating_sub(step) }
}

/// Excess that a child starts from.
#[must_use]
pub fn base_excess(parent: &Header) -> u64 {
    parent.min_delay_excess.unwrap_or(INITIAL_EXCESS)
}

/// The rule of `minDelayExcess`.
///
/// # Errors
/// Names the field.
pub fn check_excess(header: &Header, parent: &Header, granite: bool) -> Result<(), Invalid> {
    match (granite, header.min_delay_excess) {
        (false, None) => Ok(()),
        (false, Some(got)) => Err(mismatch(Field::MinDelayExcess, got, "none before Granite")),
        (true, None) => Err(mismatch(Field::MinDelayExcess, "absent", "a number from Granite on")),
        (true, Some(got)) => {
            let expected = step_toward(base_excess(parent), got);
            if got == expected { Ok(()) } else { Err(mismatch(Field::MinDelayExcess, got, expected)) }
        }
    }
}

/// The rules of `timestamp` and `timestampMilliseconds`.
///
/// # Errors
/// Names the field.
pub fn check_time(header: &Header, parent: &Header, granite: bool, now_ms: u64) -> Result<(), Invalid> {
    let (unix_ms, parent_ms) = (header.unix_ms(), parent.unix_ms());
    let field = if granite { Field::TimestampMilliseconds } else { Field::Timestamp };
    match (granite, header.time_ms) {
        (false, Some(got)) => return Err(mismatch(Field::TimestampMilliseconds, got, "none before Granite")),
        (true, None) => {
            return Err(mismatch(Field::TimestampMilliseconds, "absent", "a number from Granite on"));
        }
        (true, Some(got)) if got.checked_div(1_000) != Some(header.time) => {
            return Err(mismatch(Field::Timestamp, header.time, format!("the whole seconds of {got} ms")));
        }
        (false, None) | (true, Some(_)) => {}
    }
    if unix_ms < parent_ms {
        return Err(mismatch(field, unix_ms, format!("at least the parent's {parent_ms} ms")));
    }
    let latest = now_ms.saturating_add(FUTURE_MS_MAX);
    if unix_ms > latest {
        return Err(mismatch(field, unix_ms, format!("at most {latest} ms, {FUTURE_MS_MAX} ms ahead of this clock")));
    }
    if granite && let Some(excess) = parent.min_delay_excess {
        let delay = delay_ms(excess);
        let elapsed = unix_ms.saturating_sub(parent_ms);
        if elapsed < delay {
            return Err(mismatch(field, unix_ms, format!("at least {delay} ms after the parent's {parent_ms} ms")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_known_answers() {
        for (excess, delay) in [
            (0, 1),
            (726_817, 1),
            (726_820, 2),
            (4_828_871, 99),
            (4_828_872, 100),
            (6_516_490, 500),
            (7_243_307, 1_000),
            (7_970_123, 1_999),
            (7_970_124, 2_000),
            (8_930_925, 5_000),
            (9_657_742, 10_000),
            (11_536_538, 60_000),
            (46_516_319, 18_446_728_723_565_431_225),
            (46_516_320, u64::MAX),
            (u64::MAX, u64::MAX),
        ] {
            assert_eq!(delay_ms(excess), delay, "excess {excess}");
        }
    }

    #[test]
    fn excesses_known_answers() {
        for (delay, excess) in [
            (0, 0),
            (1, 0),
            (2, 726_820),
            (10, 2_414_437),
            (100, 4_828_872),
            (200, 5_555_689),
            (400, 6_282_507),
            (500, 6_516_490),
            (1_000, 7_243_307),
            (1_500, 7_668_468),
            (2_000, 7_970_124),
            (u64::MAX, EXCESS_MAX),
        ] {
            assert_eq!(excess_for(delay), excess, "delay {delay}");
        }
    }

    /// Trap 27: the parent's excess sets the delay; the own one moves by at most 200; Granite starts from 2,000 ms.
    #[test]
    fn excess_moves_by_at_most_200() {
        let parent = Header { min_delay_excess: Some(1_000), ..Header::default() };
        let child = |excess| Header { min_delay_excess: Some(excess), ..Header::default() };
        for (excess, ok) in [(800, true), (1_000, true), (1_200, true), (799, false), (1_201, false)] {
            assert_eq!(check_excess(&child(excess), &parent, true).is_ok(), ok, "{excess}");
        }
        assert!(check_excess(&child(INITIAL_EXCESS - 200), &Header::default(), true).is_ok());
        assert!(check_excess(&child(INITIAL_EXCESS - 201), &Header::default(), true).is_err());
        assert!(check_excess(&child(5), &parent, false).is_err());
        assert!(check_excess(&Header::default(), &parent, true).is_err());
    }

    /// Traps 28 and 29: milliseconds agree with seconds, never go back, keep the delay, and stay near the clock.
    #[test]
    fn times_at_their_bounds() {
        let parent =
            Header { time: 1_000, time_ms: Some(1_000_500), min_delay_excess: Some(4_828_872), ..Header::default() };
        let child = |time, time_ms| Header { time, time_ms, ..Header::default() };
        let now = 1_000_000;
        for (header, granite, ok) in [
            (child(1_000, Some(1_000_600)), true, true),
            (child(1_000, Some(1_000_599)), true, false),
            (child(1_001, Some(1_000_900)), true, false),
            (child(1_000, None), true, false),
            (child(1_010, Some(1_010_000)), true, true),
            (child(1_010, Some(1_010_001)), true, false),
            (child(1_001, None), false, true),
            (child(1_000, None), false, false),
            (child(1_001, Some(0)), false, false),
            (child(1_010, None), false, true),
            (child(1_011, None), false, false),
        ] {
            assert_eq!(check_time(&header, &parent, granite, now).is_ok(), ok, "{header:?}");
        }
    }
}

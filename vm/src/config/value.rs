//! Values of keys: JSON to what it means, or what was expected instead.

use alloy_primitives::{Address, B256, hex};
use serde_json::Value;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// A value, or what was expected.
pub(super) type Read<T> = Result<T, String>;

pub(super) fn boolean(value: &Value) -> Read<bool> {
    value.as_bool().ok_or_else(|| "true or false".to_owned())
}

pub(super) fn text(value: &Value) -> Read<&str> {
    value.as_str().ok_or_else(|| "a text".to_owned())
}

pub(super) fn whole(value: &Value, range: RangeInclusive<u64>) -> Read<u64> {
    value.as_u64().filter(|number| range.contains(number)).ok_or_else(|| {
        let (least, most) = (range.start(), range.end());
        if *most == u64::MAX {
            format!("a whole number from {least} up")
        } else {
            format!("a whole number from {least} to {most}")
        }
    })
}

/// A whole number of which 0 means that there is no bound.
pub(super) fn bound(value: &Value) -> Read<Option<u64>> {
    Ok(Some(whole(value, 0..=u64::MAX)?).filter(|number| *number > 0))
}

pub(super) fn bytes(value: &Value, range: RangeInclusive<u64>) -> Read<usize> {
    // The ranges here fit.
    Ok(usize::try_from(whole(value, range)?).unwrap_or(usize::MAX))
}

pub(super) fn address(value: &Value) -> Read<Address> {
    let text = value.as_str().unwrap_or_default();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let bytes = hex::decode(digits).ok().and_then(|bytes| <[u8; 20]>::try_from(bytes).ok());
    bytes.map(Address::from).ok_or_else(|| "an address: 0x and 40 hexadecimal digits".to_owned())
}

pub(super) fn addresses(value: &Value) -> Read<Vec<Address>> {
    list(value, address, "a list of addresses, each 0x and 40 hexadecimal digits")
}

pub(super) fn hashes(value: &Value) -> Read<Vec<B256>> {
    let hash = |value: &Value| {
        let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).unwrap_or_default();
        let bytes = hex::decode(digits).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        bytes.map(B256::from).ok_or_else(String::new)
    };
    list(value, hash, "a list of hashes, each 0x and 64 hexadecimal digits")
}

/// The path of a file; an empty one is none.
pub(super) fn path(value: &Value) -> Read<Option<PathBuf>> {
    Ok(Some(PathBuf::from(text(value)?)).filter(|path| !path.as_os_str().is_empty()))
}

pub(super) fn endpoint(value: &Value) -> Read<SocketAddr> {
    let read = value.as_str().and_then(|text| text.parse().ok());
    read.ok_or_else(|| "an address with a port, such as \"203.0.113.7:9652\" or \"[2001:db8::7]:9652\"".to_owned())
}

pub(super) fn endpoints(value: &Value) -> Read<Vec<SocketAddr>> {
    let expected = format!("a list of addresses with ports, {ENDPOINTS_MAX} at most");
    let endpoints = list(value, endpoint, &expected)?;
    if endpoints.len() > ENDPOINTS_MAX { Err(expected) } else { Ok(endpoints) }
}

const ENDPOINTS_MAX: usize = 1_024;

pub(super) fn list<T>(value: &Value, read: impl Fn(&Value) -> Read<T>, expected: &str) -> Read<Vec<T>> {
    let refuse = || expected.to_owned();
    value.as_array().ok_or_else(refuse)?.iter().map(|item| read(item).map_err(|_| refuse())).collect()
}

pub(super) fn duration(value: &Value, least: Duration) -> Read<Duration> {
    let read = match value {
        Value::String(text) => parse_duration(text),
        Value::Number(_) => value.as_u64().filter(|nanos| *nanos <= NANOS_MAX).map(Duration::from_nanos),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    read.filter(|duration| *duration >= least).ok_or_else(|| {
        let expected = "a duration such as \"1m30s\" or \"500ms\", or nanoseconds as a whole number";
        if least.is_zero() { expected.to_owned() } else { format!("{expected}, at least {least:?}") }
    })
}

/// What Go counts at most.
const NANOS_MAX: u64 = i64::MAX.unsigned_abs();

/// A duration as Go writes it, not negative: `1h15m30.918273645s`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() || rest.len() > 64 {
        return None;
    }
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, tail) = rest.split_at_checked(end)?;
        let end = tail.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(end)?;
        let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
        nanos = nanos.checked_add(scaled(number, *scale)?)?;
        rest = tail;
    }
    let nanos = u64::try_from(nanos).ok().filter(|nanos| *nanos <= NANOS_MAX)?;
    Some(Duration::from_nanos(nanos))
}

const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A decimal number times a scale, what is finer than one left out.
fn scaled(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut sum = if whole.is_empty() { 0 } else { whole.parse::<u128>().ok()?.checked_mul(scale)? };
    let mut place = scale;
    for digit in fraction.chars() {
        place /= 10;
        sum = sum.checked_add(place.checked_mul(digit.to_digit(10)?.into())?)?;
    }
    Some(sum)
}

/// Coins as wei; 0 means that there is no bound.
pub(super) fn coins(value: &Value) -> Read<Option<u128>> {
    let read = if let Value::Number(number) = value { parse_coins(&number.to_string()) } else { None };
    let wei = read.ok_or_else(|| "coins: a number from 0 to 10^20, with 18 decimals at most".to_owned())?;
    Ok(Some(wei).filter(|wei| *wei > 0))
}

/// A part of a whole, in millionths; what is finer is left out.
pub(super) fn share_ppm(value: &Value) -> Read<u64> {
    let read = if let Value::Number(number) = value { parse_coins(&number.to_string()) } else { None };
    let ppm = read.and_then(|parts| u64::try_from(parts / COIN_PER_PPM).ok()).filter(|ppm| *ppm <= 1_000_000);
    ppm.ok_or_else(|| "a number from 0 to 1".to_owned())
}

/// Smallest parts of a coin in a millionth of it.
const COIN_PER_PPM: u128 = 10_u128.pow(12);

/// Digits after the point of a coin.
const DECIMALS: i32 = 18;
/// 10^20 coins.
const COINS_MAX_WEI: u128 = 10_u128.pow(38);

/// A number as JSON writes it, in wei; none for one that is negative, too large or too fine.
fn parse_coins(text: &str) -> Option<u128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|exponent| (-100..=100).contains(exponent))?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let trailing = i32::try_from(digits.len().checked_sub(significant.len())?).ok()?;
    let shift = exponent + DECIMALS + trailing - i32::try_from(fraction.len()).ok()?;
    let scale = 10_u128.checked_pow(u32::try_from(shift).ok()?)?;
    significant.parse::<u128>().ok()?.checked_mul(scale).filter(|wei| *wei <= COINS_MAX_WEI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_go_writes_them() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("10m", Some(600_000_000_000)),
            ("+5s", Some(5_000_000_000)),
            ("1h15m30.918273645s", Some(4_530_918_273_645)),
            ("1.5h", Some(5_400_000_000_000)),
            (".5s", Some(500_000_000)),
            ("1.s", Some(1_000_000_000)),
            ("100ms", Some(100_000_000)),
            ("3us", Some(3_000)),
            ("3µs", Some(3_000)),
            ("3μs", Some(3_000)),
            ("7ns", Some(7)),
            ("0.3ns", Some(0)),
            ("2562047h", Some(9_223_369_200_000_000_000)),
            ("2562048h", None),
            ("99999999999999999999999999999999999999999h", None),
            ("", None),
            ("+", None),
            ("-1s", None),
            ("5", None),
            ("s", None),
            (".s", None),
            ("1x", None),
            ("1 s", None),
            ("1..5s", None),
            ("1d", None),
        ] {
            assert_eq!(parse_duration(text), nanos.map(Duration::from_nanos), "{text}");
        }
    }

    #[test]
    fn coins_are_exact() {
        let coin = 10_u128.pow(18);
        for (text, wei) in [
            ("0", Some(0)),
            ("0.0", Some(0)),
            ("0e5", Some(0)),
            ("1", Some(coin)),
            ("100", Some(100 * coin)),
            ("1.5", Some(3 * coin / 2)),
            ("0.1", Some(coin / 10)),
            ("1e9", Some(coin * 1_000_000_000)),
            ("1E+2", Some(coin * 100)),
            ("2.50e-3", Some(coin / 400)),
            ("0.000000000000000001", Some(1)),
            ("0.0000000000000000010", Some(1)),
            ("0.0000000000000000001", None),
            ("1e-19", None),
            ("1e20", Some(COINS_MAX_WEI)),
            ("100000000000000000000", Some(COINS_MAX_WEI)),
            ("100000000000000000001", None),
            ("1e21", None),
            ("1e99", None),
            ("1e999999999999", None),
            ("-1", None),
        ] {
            assert_eq!(parse_coins(text), wei, "{text}");
        }
    }
}

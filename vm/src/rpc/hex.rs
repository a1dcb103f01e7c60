//! Hexadecimal values inside objects, in the one form that EIP-1474 gives each.

use crate::rpc::params::text;
use alloy_primitives::{Bytes, U256};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// A number: no leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity(pub U256);

/// A number of 64 bits: no leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity64(pub u64);

/// Bytes: two digits each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Data(pub Bytes);

/// So many bytes: two digits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed<const N: usize>(pub [u8; N]);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::quantity256(&string(from)?).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Quantity64 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::quantity(&string(from)?).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::bytes(&string(from)?).map(Self).map_err(D::Error::custom)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::fixed(&string(from)?).map(Self).map_err(D::Error::custom)
    }
}

fn string<'de, D: Deserializer<'de>>(from: D) -> Result<Cow<'de, str>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    Text::deserialize(from).map(|text| text.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_form() {
        for (text, number) in [
            ("\"0x0\"", Ok(0)),
            ("\"0x1f\"", Ok(31)),
            ("\"0xffffffffffffffff\"", Ok(u64::MAX)),
            ("\"0x\"", Err("hex string \"0x\"")),
            ("\"0x01\"", Err("hex number with leading zero digits")),
            ("\"1\"", Err("hex string without 0x prefix")),
            ("\"\"", Err("empty hex string")),
            ("\"0x10000000000000000\"", Err("hex number > 64 bits")),
            ("\"0xg\"", Err("invalid hex string")),
            ("1", Err("invalid type: integer `1`, expected a string")),
        ] {
            let read = serde_json::from_str::<Quantity64>(text).map(|number| number.0).map_err(|e| e.to_string());
            match (read, number) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text}"),
                (Err(got), Err(expected)) => assert!(got.starts_with(expected), "{text}: {got}"),
                (got, expected) => panic!("{text}: {got:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn bytes_have_whole_digits() {
        let read = |text: &str| serde_json::from_str::<Data>(text).map(|data| data.0.to_vec()).ok();
        assert_eq!(read("\"0x\""), Some(vec![]));
        assert_eq!(read("\"0x0aFF\""), Some(vec![10, 255]));
        for bad in ["\"0x1\"", "\"zz\"", "\"0xzz\"", "5", "{}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let fixed = |text: &str| serde_json::from_str::<Fixed<2>>(text).map(|fixed| fixed.0).ok();
        assert_eq!(fixed("\"0x0aFF\""), Some([10, 255]));
        for bad in ["\"0aFF\"", "\"0x0a\"", "\"0x0aFF00\"", "\"0xzzzz\"", "10", "null"] {
            assert_eq!(fixed(bad), None, "{bad}");
        }
    }
}

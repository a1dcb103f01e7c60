//! Numbers and bytes as EIP-1474 writes them, and what is wrong with those that are written otherwise.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloy_primitives::{B256, Bytes, U256, hex};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What is wrong with a value, for the text of an error.
pub type Wrong = Cow<'static, str>;

/// A JSON string.
///
/// # Errors
/// Any other kind of value.
pub fn string(raw: &RawValue) -> Result<String, Wrong> {
    serde_json::from_str(raw.get()).map_err(|_| unexpected(raw, "a string"))
}

/// A JSON boolean; `null` is false.
///
/// # Errors
/// Any other kind of value.
pub fn flag(raw: &RawValue) -> Result<bool, Wrong> {
    let flag: Option<bool> = serde_json::from_str(raw.get()).map_err(|_| unexpected(raw, "true or false"))?;
    Ok(flag.unwrap_or_default())
}

/// A value of the wrong kind. The value is not repeated: it may be long.
#[must_use]
pub fn unexpected(raw: &RawValue, wanted: &str) -> Wrong {
    let kind = match raw.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        // A string with an escape that means nothing is one too.
        Some(b'"') => "a string",
        Some(b't' | b'f') => "true or false",
        Some(b'n') => "null",
        Some(_) | None => "a number",
    };
    format!("{kind} where {wanted} is expected").into()
}

/// A number of at most 64 bits: no leading zeros.
///
/// # Errors
/// What is wrong with the text.
pub fn quantity(text: &str) -> Result<u64, Wrong> {
    u64::from_str_radix(number(text)?, 16).map_err(|_| "hex number > 64 bits".into())
}

/// A number of at most 256 bits: no leading zeros.
///
/// # Errors
/// What is wrong with the text.
pub fn quantity256(text: &str) -> Result<U256, Wrong> {
    U256::from_str_radix(number(text)?, 16).map_err(|_| "hex number > 256 bits".into())
}

fn number(text: &str) -> Result<&str, Wrong> {
    if text.is_empty() {
        return Err("empty hex string".into());
    }
    let digits = digits(text)?;
    if digits.is_empty() {
        return Err("hex string \"0x\"".into());
    }
    if digits.len() > 1 && digits.starts_with('0') {
        return Err("hex number with leading zero digits".into());
    }
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("invalid hex string".into());
    }
    Ok(digits)
}

/// Exactly `N` bytes.
///
/// # Errors
/// What is wrong with the text.
pub fn fixed<const N: usize>(text: &str) -> Result<[u8; N], Wrong> {
    let digits = if text.is_empty() { text } else { digits(text)? };
    if !digits.len().is_multiple_of(2) {
        return Err("hex string of odd length".into());
    }
    let wanted = N.saturating_mul(2);
    if digits.len() != wanted {
        return Err(format!("hex string has length {}, want {wanted}", digits.len()).into());
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| "invalid hex string")?;
    Ok(bytes)
}

/// Any number of bytes.
///
/// # Errors
/// What is wrong with the text.
pub fn bytes(text: &str) -> Result<Bytes, Wrong> {
    let digits = if text.is_empty() { text } else { digits(text)? };
    if !digits.len().is_multiple_of(2) {
        return Err("hex string of odd length".into());
    }
    hex::decode(digits).map(Bytes::from).map_err(|_| "invalid hex string".into())
}

/// Key of a storage slot: at most 32 bytes, however short it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageKey {
    /// The slot.
    pub slot: B256,
    /// It was written with all 32 bytes, and is given back so.
    pub whole: bool,
}

/// A storage key. Tools write them with and without prefix, and of any length.
///
/// # Errors
/// What is wrong with the text.
pub fn storage_key(text: &str) -> Result<StorageKey, Wrong> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let bytes = digits.len().div_ceil(2);
    if bytes > 32 {
        // What is much longer is not repeated.
        let shown: String = text.chars().take(80).collect();
        return Err(format!("storage key too long (want at most 32 bytes): {shown:?}").into());
    }
    let padded = format!("{digits:0>64}");
    let mut slot = B256::ZERO;
    hex::decode_to_slice(padded.as_bytes(), slot.as_mut_slice())
        .map_err(|_| Wrong::from(format!("invalid hex in storage key: {text:?}")))?;
    Ok(StorageKey { slot, whole: bytes == 32 })
}

fn digits(text: &str) -> Result<&str, Wrong> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    digits.ok_or_else(|| "hex string without 0x prefix".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_one_form() {
        let long = format!("0x{}", "ab".repeat(32));
        for (text, number) in [
            ("0x0", Ok(0)),
            ("0x1f", Ok(31)),
            ("0X1F", Ok(31)),
            ("0xffffffffffffffff", Ok(u64::MAX)),
            ("", Err("empty hex string")),
            ("0x", Err("hex string \"0x\"")),
            ("0x01", Err("hex number with leading zero digits")),
            ("0x0g", Err("hex number with leading zero digits")),
            ("1", Err("hex string without 0x prefix")),
            ("0xg", Err("invalid hex string")),
            ("0x+1", Err("invalid hex string")),
            ("0x10000000000000000", Err("hex number > 64 bits")),
            (&long, Err("hex number > 64 bits")),
        ] {
            assert_eq!(quantity(text), number.map_err(Wrong::from), "{text}");
        }
    }

    #[test]
    fn fixed_bytes_have_their_length() {
        assert_eq!(fixed::<2>("0xabCD"), Ok([0xab, 0xcd]));
        assert_eq!(fixed::<2>("0XabCD"), Ok([0xab, 0xcd]));
        for (text, wrong) in [
            ("", "hex string has length 0, want 4"),
            ("0x", "hex string has length 0, want 4"),
            ("0xab", "hex string has length 2, want 4"),
            ("0xabcdef", "hex string has length 6, want 4"),
            ("0xabc", "hex string of odd length"),
            ("abcd", "hex string without 0x prefix"),
            ("0xzzzz", "invalid hex string"),
            ("0xäää", "invalid hex string"),
        ] {
            let got = fixed::<2>(text);
            assert!(got.is_err(), "{text}");
            // Two bytes a letter: the length is what is wrong first.
            if text != "0xäää" {
                assert_eq!(got, Err(Wrong::from(wrong)), "{text}");
            }
        }
    }

    #[test]
    fn storage_keys_of_any_length() {
        let key = |last: u8, whole| Ok(StorageKey { slot: B256::with_last_byte(last), whole });
        assert_eq!(storage_key(""), key(0, false));
        assert_eq!(storage_key("0x"), key(0, false));
        assert_eq!(storage_key("0"), key(0, false));
        assert_eq!(storage_key("0X1"), key(1, false));
        assert_eq!(storage_key("0x001"), key(1, false));
        assert_eq!(storage_key(&format!("{:064x}", 5)), key(5, true));
        assert_eq!(storage_key(&format!("0x{:063x}", 5)), key(5, true));
        let long = format!("0x{:065x}", 0);
        let wrong = format!("storage key too long (want at most 32 bytes): {long:?}");
        assert_eq!(storage_key(&long), Err(wrong.into()));
        assert_eq!(storage_key("0xasdf"), Err("invalid hex in storage key: \"0xasdf\"".into()));
        assert_eq!(storage_key("-1"), Err("invalid hex in storage key: \"-1\"".into()));
        assert_eq!(storage_key("ä"), Err("invalid hex in storage key: \"ä\"".into()));
    }
}

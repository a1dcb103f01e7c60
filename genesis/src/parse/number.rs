//! Numbers and bytes as the files write them.
//!
//! `config` and upgrade entries hold plain JSON numbers, as their readers elsewhere insist. Header fields, balances
//! and mints may be hex or decimal, quoted or not.

use crate::error::{Error, Offence};
use crate::parse::json::{Node, excerpt};
use alloy_primitives::{Address, B256, Bytes, U256, hex};

impl Node<'_> {
    /// A plain JSON number of 64 bits.
    pub(crate) fn plain_u64(&self) -> Result<u64, Error> {
        self.plain_u256().and_then(|value| self.narrow(value))
    }

    /// A plain JSON number of 256 bits.
    pub(crate) fn plain_u256(&self) -> Result<U256, Error> {
        let text = self.text();
        if !is_digits(text) {
            return Err(self.mismatch("a whole JSON number without quotes, sign, point or exponent"));
        }
        decimal(text).ok_or_else(|| self.beyond_256())
    }

    /// Hex or decimal of 64 bits, quoted or not.
    pub(crate) fn loose_u64(&self) -> Result<u64, Error> {
        self.loose_u256().and_then(|value| self.narrow(value))
    }

    /// Hex or decimal of 256 bits, quoted or not.
    pub(crate) fn loose_u256(&self) -> Result<U256, Error> {
        self.unsigned(&self.unquoted()?)
    }

    /// As [`Self::loose_u256`], and a decimal may be negative: modulo 2^256.
    pub(crate) fn loose_wrapping(&self) -> Result<U256, Error> {
        let text = self.unquoted()?;
        match text.strip_prefix('-') {
            Some(digits) if is_digits(digits) => {
                decimal(digits).map(U256::wrapping_neg).ok_or_else(|| self.beyond_256())
            }
            Some(_) => Err(self.mismatch(NUMBER)),
            None => self.unsigned(&text),
        }
    }

    /// Hex bytes with 0x; the empty string is none.
    pub(crate) fn bytes(&self) -> Result<Bytes, Error> {
        let text = self.string(BYTES)?;
        if text.is_empty() {
            return Ok(Bytes::new());
        }
        let digits = unprefixed(&text).ok_or_else(|| self.mismatch(BYTES))?;
        decode(digits).map(Bytes::from).ok_or_else(|| self.mismatch(BYTES))
    }

    /// An address with 0x.
    pub(crate) fn address(&self) -> Result<Address, Error> {
        let text = self.string(ADDRESS)?;
        prefixed(&text).map(Address::new).ok_or_else(|| self.mismatch(ADDRESS))
    }

    /// 32 bytes with 0x.
    pub(crate) fn hash(&self) -> Result<B256, Error> {
        let text = self.string(HASH)?;
        prefixed(&text).map(B256::new).ok_or_else(|| self.mismatch(HASH))
    }

    /// Up to 32 bytes, right-aligned, with or without 0x.
    pub(crate) fn word(&self) -> Result<B256, Error> {
        word(&self.string(WORD)?).ok_or_else(|| self.mismatch(WORD))
    }

    /// The key as an address with 0x.
    pub(crate) fn key_address(&self) -> Result<Address, Error> {
        prefixed(self.key()).map(Address::new).ok_or_else(|| self.bad_key(ADDRESS))
    }

    /// The key as an address with or without 0x.
    pub(crate) fn key_address_loose(&self) -> Result<Address, Error> {
        let digits = unprefixed(self.key()).unwrap_or_else(|| self.key());
        fixed(digits).map(Address::new).ok_or_else(|| self.bad_key("40 hex digits, with or without 0x"))
    }

    /// The key as 32 bytes with 0x.
    pub(crate) fn key_hash(&self) -> Result<B256, Error> {
        prefixed(self.key()).map(B256::new).ok_or_else(|| self.bad_key(HASH))
    }

    /// The key as up to 32 bytes, right-aligned, with or without 0x.
    pub(crate) fn key_word(&self) -> Result<B256, Error> {
        word(self.key()).ok_or_else(|| self.bad_key(WORD))
    }

    fn bad_key(&self, expected: &'static str) -> Error {
        self.error(Offence::Type { got: format!("the key \"{}\"", excerpt(self.key())), expected })
    }

    fn unquoted(&self) -> Result<String, Error> {
        if self.text().starts_with('"') { self.string(NUMBER) } else { Ok(self.text().to_owned()) }
    }

    fn unsigned(&self, text: &str) -> Result<U256, Error> {
        if text.is_empty() {
            return Ok(U256::ZERO);
        }
        let value = match unprefixed(text) {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
                U256::from_str_radix(digits, 16).ok()
            }
            None if is_digits(text) => decimal(text),
            Some(_) | None => return Err(self.mismatch(NUMBER)),
        };
        value.ok_or_else(|| self.beyond_256())
    }

    fn narrow(&self, value: U256) -> Result<u64, Error> {
        u64::try_from(value).map_err(|_| {
            self.error(Offence::TooBig { got: excerpt(self.text()), max: "18446744073709551615 (64 bits)" })
        })
    }

    fn beyond_256(&self) -> Error {
        self.error(Offence::TooBig { got: excerpt(self.text()), max: "2^256 - 1" })
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit())
}

fn decimal(digits: &str) -> Option<U256> {
    U256::from_str_radix(digits, 10).ok()
}

fn unprefixed(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

fn prefixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    unprefixed(text).and_then(fixed)
}

fn fixed<const N: usize>(digits: &str) -> Option<[u8; N]> {
    decode(digits)?.try_into().ok()
}

fn word(text: &str) -> Option<B256> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() > 64 {
        return None;
    }
    decode(digits).map(|bytes| B256::left_padding_from(&bytes))
}

/// Hex without a prefix; the library would skip one.
fn decode(digits: &str) -> Option<Vec<u8>> {
    if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) { hex::decode(digits).ok() } else { None }
}

const NUMBER: &str = "a number: hex with 0x or decimal, quoted or not";
const BYTES: &str = "hex bytes in quotes: 0x and an even number of digits";
const ADDRESS: &str = "an address in quotes: 0x and 40 hex digits";
const HASH: &str = "32 bytes in quotes: 0x and 64 hex digits";
const WORD: &str = "up to 32 bytes in quotes: 0x and an even number of hex digits, at most 64";

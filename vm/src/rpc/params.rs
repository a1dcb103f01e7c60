//! Reading of a method's parameters: a list of JSON values.

use crate::rpc::error::RpcError;
use alloy_primitives::{Address, B256, Bytes, U64, hex};
use pars_chain::execution::interrupt::Interrupt;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::str::FromStr;

/// Parameters of one call.
#[derive(Debug, Clone, Default)]
pub struct Params {
    values: Vec<Box<RawValue>>,
    interrupt: Interrupt,
}

/// A block by height or by one of the tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockNumber {
    /// The last accepted block: `latest`, `safe`, `finalized`, `accepted`, and, until a pending block is built,
    /// `pending`.
    Latest,
    /// Genesis.
    Earliest,
    /// This height.
    Number(u64),
}

impl Params {
    /// From the `params` member.
    ///
    /// # Errors
    /// Anything but a list.
    pub fn new(params: Option<&RawValue>, interrupt: Interrupt) -> Result<Self, RpcError> {
        let values = match params.filter(|params| params.get() != "null") {
            None => Vec::new(),
            Some(params) => serde_json::from_str(params.get()).map_err(|_| RpcError::params("non-array args"))?,
        };
        Ok(Self { values, interrupt })
    }

    /// Raised when nobody waits for the answer any more.
    #[must_use]
    pub const fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// At most this many.
    ///
    /// # Errors
    /// More than that.
    pub fn at_most(&self, count: usize) -> Result<(), RpcError> {
        if self.values.len() > count {
            return Err(RpcError::params(format!("too many arguments, want at most {count}")));
        }
        Ok(())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T, RpcError> {
        self.optional(index)?.ok_or_else(|| RpcError::params(format!("missing value for required argument {index}")))
    }

    /// A parameter that may be absent or null.
    ///
    /// # Errors
    /// Where it is something else.
    pub fn optional<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, RpcError> {
        let Some(raw) = self.values.get(index).filter(|raw| raw.get() != "null") else { return Ok(None) };
        let read = serde_json::from_str(raw.get());
        read.map(Some).map_err(|cause: serde_json::Error| {
            // A place within one argument says nothing to its sender.
            let cause = cause.to_string();
            let what = cause.rsplit_once(" at line ").map_or(cause.as_str(), |(what, _)| what);
            RpcError::params(format!("invalid argument {index}: {what}"))
        })
    }

    /// A block; absent means latest.
    ///
    /// # Errors
    /// No tag, and no number without leading zeros.
    pub fn block(&self, index: usize) -> Result<BlockNumber, RpcError> {
        let Some(text) = self.optional::<String>(index)? else { return Ok(BlockNumber::Latest) };
        match text.as_str() {
            "latest" | "safe" | "finalized" | "accepted" | "pending" => Ok(BlockNumber::Latest),
            "earliest" => Ok(BlockNumber::Earliest),
            number => quantity(number)
                .map(BlockNumber::Number)
                .ok_or_else(|| RpcError::params(format!("invalid argument {index}: invalid block number {number:?}"))),
        }
    }

    /// A 32-byte hash.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn hash(&self, index: usize) -> Result<B256, RpcError> {
        self.fixed(index, "32-byte hash")
    }

    /// An address.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn address(&self, index: usize) -> Result<Address, RpcError> {
        self.fixed(index, "20-byte address")
    }

    /// Bytes in hexadecimal.
    ///
    /// # Errors
    /// Where they are missing or something else. The text is not repeated: it may be long.
    pub fn bytes(&self, index: usize) -> Result<Bytes, RpcError> {
        let text: String = self.required(index)?;
        let digits = text.strip_prefix("0x");
        let digits = digits
            .ok_or_else(|| RpcError::params(format!("invalid argument {index}: hex string without 0x prefix")))?;
        let bytes = hex::decode(digits).map_err(|cause| RpcError::params(format!("invalid argument {index}: {cause}")));
        bytes.map(Bytes::from)
    }

    fn fixed<T: FromStr>(&self, index: usize, what: &str) -> Result<T, RpcError> {
        let text: String = self.required(index)?;
        let read = if text.starts_with("0x") { text.parse().ok() } else { None };
        read.ok_or_else(|| RpcError::params(format!("invalid argument {index}: {text:?} is no {what}")))
    }
}

/// A hexadecimal number as EIP-1474 writes it: no leading zeros.
fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    if digits.is_empty() || digits.len() > 16 || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    text.parse::<U64>().ok().map(|number| number.to())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_one_form() {
        for (text, number) in [
            ("0x0", Some(0)),
            ("0x1f", Some(31)),
            ("0xffffffffffffffff", Some(u64::MAX)),
            ("0x", None),
            ("0x01", None),
            ("1", None),
            ("0x10000000000000000", None),
            ("0xg", None),
        ] {
            assert_eq!(quantity(text), number, "{text}");
        }
    }
}

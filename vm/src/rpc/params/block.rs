//! Which block is meant: by height, by tag, or by hash (EIP-1898).

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::rpc::params::text::{Wrong, fixed, flag, quantity, string, unexpected};
use alloy_primitives::B256;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A block by height or by one of the tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockNumber {
    /// The last accepted block: `latest`, `accepted`.
    Latest,
    /// The last block that is never taken back: `safe`, `finalized`.
    Final,
    /// `pending`: the last accepted block, with what is in the pool where a method looks there.
    Pending,
    /// Genesis.
    Earliest,
    /// This height.
    Number(u64),
}

/// A block by height, tag or hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockRef {
    /// By height or tag.
    Number(BlockNumber),
    /// By hash. `requireCanonical` says nothing here: only accepted blocks are known, and each is canonical.
    Hash(B256),
    /// `null`, or an object that names no block.
    Nothing,
}

impl BlockNumber {
    /// Reads a JSON value.
    ///
    /// # Errors
    /// Neither a tag nor a number.
    pub fn read(raw: &RawValue) -> Result<Self, Wrong> {
        // Every other kind of value is taken for a number that is written badly, as the Go node does.
        string(raw).map_or_else(|_| Err("hex string without 0x prefix".into()), |text| Self::from_text(&text))
    }

    fn from_text(text: &str) -> Result<Self, Wrong> {
        match text {
            "latest" | "accepted" => Ok(Self::Latest),
            "safe" | "finalized" => Ok(Self::Final),
            "pending" => Ok(Self::Pending),
            "earliest" => Ok(Self::Earliest),
            number => match quantity(number)? {
                height if i64::try_from(height).is_err() => Err("block number larger than int64".into()),
                height => Ok(Self::Number(height)),
            },
        }
    }
}

impl BlockRef {
    /// The last accepted block.
    pub const LATEST: Self = Self::Number(BlockNumber::Latest);

    /// Reads a JSON value: a tag, a number, a hash, or an object with one of them.
    ///
    /// # Errors
    /// None of these.
    pub fn read(raw: &RawValue) -> Result<Self, Wrong> {
        match raw.get().as_bytes().first() {
            Some(b'{') => Self::from_object(raw),
            Some(b'n') => Ok(Self::Nothing),
            Some(b'"') => {
                let text = string(raw)?;
                // No number of 64 bits is that long.
                if text.len() == HASH_TEXT {
                    return fixed(&text).map(|hash| Self::Hash(hash.into()));
                }
                BlockNumber::from_text(&text).map(Self::Number)
            }
            Some(_) | None => Err(unexpected(raw, "a block number, tag or hash")),
        }
    }

    fn from_object(raw: &RawValue) -> Result<Self, Wrong> {
        let object: Object<'_> = serde_json::from_str(raw.get())
            .map_err(|_| "an object that names a block has blockNumber or blockHash, each once")?;
        if let Some(raw) = object.require_canonical {
            flag(raw).map_err(|wrong| format!("requireCanonical: {wrong}"))?;
        }
        match (object.block_number, object.block_hash) {
            (Some(_), Some(_)) => Err("cannot specify both BlockHash and BlockNumber, choose one or the other".into()),
            (Some(number), None) => BlockNumber::read(number).map(Self::Number),
            (None, Some(hash)) => {
                let hash = string(hash).and_then(|text| fixed(&text));
                hash.map(|hash| Self::Hash(hash.into())).map_err(|wrong| format!("blockHash: {wrong}").into())
            }
            (None, None) => Ok(Self::Nothing),
        }
    }
}

/// Letters of a hash.
const HASH_TEXT: usize = 66;

/// EIP-1898. Other members are ignored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    #[serde(borrow)]
    block_number: Option<&'a RawValue>,
    #[serde(borrow)]
    block_hash: Option<&'a RawValue>,
    #[serde(borrow)]
    require_canonical: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<BlockRef, Wrong> {
        BlockRef::read(&RawValue::from_string(json.to_owned()).unwrap())
    }

    #[test]
    fn all_forms_of_a_block() {
        let hash = format!("{:#x}", B256::repeat_byte(0xab));
        let by_hash = Ok(BlockRef::Hash(B256::repeat_byte(0xab)));
        let last = BlockRef::Number(BlockNumber::Final);
        for (tag, block) in
            [("latest", BlockRef::LATEST), ("accepted", BlockRef::LATEST), ("safe", last), ("finalized", last)]
        {
            assert_eq!(read(&format!("{tag:?}")), Ok(block));
            assert_eq!(read(&format!(r#"{{"blockNumber":{tag:?}}}"#)), Ok(block));
        }
        assert_eq!(read(r#""pending""#), Ok(BlockRef::Number(BlockNumber::Pending)));
        assert_eq!(read(r#""earliest""#), Ok(BlockRef::Number(BlockNumber::Earliest)));
        assert_eq!(read(r#""0x1f""#), Ok(BlockRef::Number(BlockNumber::Number(31))));
        assert_eq!(read(r#"{"blockNumber":"0x1f"}"#), Ok(BlockRef::Number(BlockNumber::Number(31))));
        assert_eq!(read(&format!("{hash:?}")), by_hash);
        assert_eq!(read(&format!(r#"{{"blockHash":{hash:?}}}"#)), by_hash);
        assert_eq!(read(&format!(r#"{{"blockHash":{hash:?},"blockNumber":null}}"#)), by_hash);
        assert_eq!(read(&format!(r#"{{"blockHash":{hash:?},"requireCanonical":true}}"#)), by_hash);
        for nothing in ["null", "{}", r#"{"blockHash":null}"#, r#"{"a":1}"#] {
            assert_eq!(read(nothing), Ok(BlockRef::Nothing), "{nothing}");
        }
    }

    #[test]
    fn what_is_no_block() {
        let hash = format!("{:#x}", B256::repeat_byte(0xab));
        for (json, wrong) in [
            ("1", "a number where a block number, tag or hash is expected"),
            ("true", "true or false where a block number, tag or hash is expected"),
            ("[]", "a list where a block number, tag or hash is expected"),
            (r#""LATEST""#, "hex string without 0x prefix"),
            (r#""0x01""#, "hex number with leading zero digits"),
            (r#""0xffffffffffffffff""#, "block number larger than int64"),
            (r#"{"blockHash":"0xab"}"#, "blockHash: hex string has length 2, want 64"),
            (r#"{"blockHash":5}"#, "blockHash: a number where a string is expected"),
            (r#"{"blockNumber":5}"#, "hex string without 0x prefix"),
            (
                &format!(r#"{{"blockHash":{hash:?},"blockNumber":"0x1"}}"#),
                "cannot specify both BlockHash and BlockNumber, choose one or the other",
            ),
            (
                &format!(r#"{{"blockHash":{hash:?},"requireCanonical":1}}"#),
                "requireCanonical: a number where true or false is expected",
            ),
            (
                r#"{"blockNumber":"0x1","blockNumber":"0x2"}"#,
                "an object that names a block has blockNumber or blockHash, each once",
            ),
        ] {
            assert_eq!(read(json), Err(Wrong::from(wrong.to_owned())), "{json}");
        }
    }
}

//! A recorded chain: one gzipped JSON object.

use alloy_primitives::{Address, B256, Bytes, U64, U256};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::io::Read;
use std::path::Path;

/// A recorded chain.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// As the host gave it.
    pub genesis: Box<RawValue>,
    /// As the host gave it.
    pub upgrade: Option<Box<RawValue>>,
    /// What the host gave at Initialize.
    #[serde(deserialize_with = "decimal")]
    pub network_id: u32,
    /// What the host gave at Initialize.
    pub blockchain_id: B256,
    /// From genesis on.
    pub blocks: Vec<Block>,
    /// Answers of eth_getProof.
    pub proofs: Vec<Proof>,
}

/// A recorded block.
#[derive(Debug, Deserialize)]
pub struct Block {
    /// Height.
    pub number: u64,
    /// Id.
    pub hash: B256,
    /// The whole block.
    pub rlp: Bytes,
    /// Consensus encodings.
    pub receipts: Vec<Bytes>,
}

/// A recorded answer of eth_getProof.
#[derive(Debug, Deserialize)]
pub struct Proof {
    /// Account asked for.
    pub address: Address,
    /// Height asked at.
    pub block: u64,
    /// The answer.
    pub proof: AccountProof,
}

/// The answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountProof {
    /// Nodes toward the account.
    pub account_proof: Vec<Bytes>,
    /// Wei.
    pub balance: U256,
    /// Keccak-256 of its code.
    pub code_hash: B256,
    /// Nonce.
    pub nonce: U64,
    /// Root of its storage.
    pub storage_hash: B256,
    /// A proof a slot.
    pub storage_proof: Vec<StorageProof>,
}

/// Proof of one slot.
#[derive(Debug, Deserialize)]
pub struct StorageProof {
    /// The slot as it was asked for.
    pub key: String,
    /// Its value.
    pub value: U256,
    /// Nodes toward it.
    pub proof: Vec<Bytes>,
}

/// Bytes of an unpacked record that are read.
const RECORD_BYTES_MAX: u64 = 1 << 30;

impl Record {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, or that holds something else.
    pub fn read(file: &Path) -> Result<Self> {
        let open = std::fs::File::open(file).with_context(|| format!("opening {}", file.display()))?;
        let mut text = String::new();
        flate2::read::GzDecoder::new(open)
            .take(RECORD_BYTES_MAX)
            .read_to_string(&mut text)
            .with_context(|| format!("unpacking {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("reading {}", file.display()))
    }
}

impl StorageProof {
    /// The slot as 32 bytes.
    ///
    /// # Errors
    /// Something that is no number.
    pub fn slot(&self) -> Result<B256> {
        let number: U256 = self.key.parse().with_context(|| format!("slot {}", self.key))?;
        Ok(number.into())
    }
}

fn decimal<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Text(String),
        Number(u32),
    }
    match Number::deserialize(from)? {
        Number::Number(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

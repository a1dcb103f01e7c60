//! The header: fifteen fields that every block has, and an optional tail that grows with the forks.
//!
//! | # | field | since |
//! |---|---|---|
//! | 1..15 | parentHash … nonce | always |
//! | 16 | baseFee | always here |
//! | 17 | blockGasCost | every block but a genesis before Etna |
//! | 18, 19, 20 | blobGasUsed, excessBlobGas, parentBeaconRoot | Etna |
//! | 21, 22 | timeMilliseconds, minDelayExcess | Granite |
//!
//! The tail is written up to its last present field; an absent one before it is written as 0x80. Read back, 0x80 is
//! the number 0, and an error for the root.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::block::BlockId;
use crate::error::{Field, Malformed};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U256, keccak256};
use alloy_rlp::{BufMut, Decodable, Encodable, Header as RlpHeader};

/// Header of a block.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Id of the parent.
    pub parent: B256,
    /// Hash of the uncles list.
    pub uncles_hash: B256,
    /// Who receives the fees.
    pub coinbase: Address,
    /// State after the block.
    pub state_root: B256,
    /// Root of the transactions.
    pub transactions_root: B256,
    /// Root of the receipts.
    pub receipts_root: B256,
    /// Bloom of all logs.
    pub bloom: Bloom,
    /// Always 1.
    pub difficulty: U256,
    /// Height.
    pub number: U256,
    /// Gas that the block may use.
    pub gas_limit: u64,
    /// Gas that it used.
    pub gas_used: u64,
    /// Unix seconds.
    pub time: u64,
    /// Fee window, then predicate results.
    pub extra: Bytes,
    /// Always zero.
    pub mix: B256,
    /// Always zero.
    pub nonce: B64,
    /// Wei.
    pub base_fee: Option<U256>,
    /// Gas that tips must pay for.
    pub block_gas_cost: Option<U256>,
    /// Always 0.
    pub blob_gas_used: Option<u64>,
    /// Always 0.
    pub excess_blob_gas: Option<u64>,
    /// Always zero.
    pub parent_beacon_root: Option<B256>,
    /// Unix milliseconds.
    pub time_ms: Option<u64>,
    /// ACP-226 excess that sets the minimum delay of the next block.
    pub min_delay_excess: Option<u64>,
}

impl Header {
    /// Keccak-256 of the encoding.
    #[must_use]
    pub fn id(&self) -> BlockId {
        let mut bytes = Vec::with_capacity(self.length());
        self.encode(&mut bytes);
        BlockId(keccak256(&bytes))
    }

    /// Height. Blocks whose number exceeds 64 bits fail the syntactic rules before anything asks.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.number.saturating_to()
    }

    /// Unix milliseconds: of the field where it is there, else of the seconds.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        self.time_ms.unwrap_or_else(|| self.time.saturating_mul(1_000))
    }

    /// Decodes one header; `bytes` moves behind it.
    ///
    /// # Errors
    /// Where the bytes are no header.
    pub fn decode(bytes: &mut &[u8]) -> Result<Self, Malformed> {
        let mut fields = RlpHeader::decode_bytes(bytes, true).map_err(whole)?;
        let header = decode_fields(&mut fields)?;
        if fields.is_empty() { Ok(header) } else { Err(whole(alloy_rlp::Error::UnexpectedLength)) }
    }

    /// Decodes the header of a block's bytes and nothing else of them.
    ///
    /// # Errors
    /// Where they do not begin with a header.
    pub fn of_block(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut rest = bytes;
        let parts = RlpHeader::decode_bytes(&mut rest, true).map_err(whole)?;
        Self::decode(&mut { parts })
    }

    fn tail_length(&self) -> usize {
        let present = [
            self.base_fee.is_some(),
            self.block_gas_cost.is_some(),
            self.blob_gas_used.is_some(),
            self.excess_blob_gas.is_some(),
            self.parent_beacon_root.is_some(),
            self.time_ms.is_some(),
            self.min_delay_excess.is_some(),
        ];
        present.iter().rposition(|present| *present).map_or(0, |last| last.saturating_add(1))
    }

    fn encode_fields(&self, out: &mut dyn BufMut) {
        self.parent.encode(out);
        self.uncles_hash.encode(out);
        self.coinbase.encode(out);
        self.state_root.encode(out);
        self.transactions_root.encode(out);
        self.receipts_root.encode(out);
        self.bloom.encode(out);
        self.difficulty.encode(out);
        self.number.encode(out);
        self.gas_limit.encode(out);
        self.gas_used.encode(out);
        self.time.encode(out);
        self.extra.encode(out);
        self.mix.encode(out);
        self.nonce.encode(out);
        let tail: [&dyn Optional; 7] = [
            &self.base_fee,
            &self.block_gas_cost,
            &self.blob_gas_used,
            &self.excess_blob_gas,
            &self.parent_beacon_root,
            &self.time_ms,
            &self.min_delay_excess,
        ];
        for field in tail.iter().take(self.tail_length()) {
            field.encode_optional(out);
        }
    }
}

impl Encodable for Header {
    fn encode(&self, out: &mut dyn BufMut) {
        let mut fields = Vec::with_capacity(700);
        self.encode_fields(&mut fields);
        RlpHeader { list: true, payload_length: fields.len() }.encode(out);
        out.put_slice(&fields);
    }
}

trait Optional {
    fn encode_optional(&self, out: &mut dyn BufMut);
}

impl<T: Encodable> Optional for Option<T> {
    fn encode_optional(&self, out: &mut dyn BufMut) {
        match self {
            Some(value) => value.encode(out),
            None => out.put_u8(alloy_rlp::EMPTY_STRING_CODE),
        }
    }
}

fn decode_fields(from: &mut &[u8]) -> Result<Header, Malformed> {
    Ok(Header {
        parent: required(Field::ParentHash, from)?,
        uncles_hash: required(Field::Sha3Uncles, from)?,
        coinbase: required(Field::Miner, from)?,
        state_root: required(Field::StateRoot, from)?,
        transactions_root: required(Field::TransactionsRoot, from)?,
        receipts_root: required(Field::ReceiptsRoot, from)?,
        bloom: required(Field::LogsBloom, from)?,
        difficulty: required(Field::Difficulty, from)?,
        number: required(Field::Number, from)?,
        gas_limit: required(Field::GasLimit, from)?,
        gas_used: required(Field::GasUsed, from)?,
        time: required(Field::Timestamp, from)?,
        extra: required(Field::ExtraData, from)?,
        mix: required(Field::MixHash, from)?,
        nonce: required(Field::Nonce, from)?,
        base_fee: optional(Field::BaseFeePerGas, from)?,
        block_gas_cost: optional(Field::BlockGasCost, from)?,
        blob_gas_used: optional(Field::BlobGasUsed, from)?,
        excess_blob_gas: optional(Field::ExcessBlobGas, from)?,
        parent_beacon_root: optional(Field::ParentBeaconBlockRoot, from)?,
        time_ms: optional(Field::TimestampMilliseconds, from)?,
        min_delay_excess: optional(Field::MinDelayExcess, from)?,
    })
}

fn required<T: Decodable>(field: Field, from: &mut &[u8]) -> Result<T, Malformed> {
    T::decode(from).map_err(|cause| Malformed::Header { field, cause })
}

fn optional<T: Decodable>(field: Field, from: &mut &[u8]) -> Result<Option<T>, Malformed> {
    if from.is_empty() { Ok(None) } else { required(field, from).map(Some) }
}

const fn whole(cause: alloy_rlp::Error) -> Malformed {
    Malformed::Rlp { what: "header", cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::b256;

    /// Known answer: every field filled with its own mark (hash checked against the upstream unit test's).
    #[test]
    fn full_header_has_the_known_hash() {
        let first = |byte: u8| {
            let mut value = B256::ZERO;
            value.0[0] = byte;
            value
        };
        let mut bloom = Bloom::ZERO;
        bloom.0[0] = 7;
        let mut coinbase = Address::ZERO;
        coinbase.0[0] = 3;
        let mut nonce = B64::ZERO;
        nonce.0[0] = 0x0f;
        let header = Header {
            parent: first(1),
            uncles_hash: first(2),
            coinbase,
            state_root: first(4),
            transactions_root: first(5),
            receipts_root: first(6),
            bloom,
            difficulty: U256::from(8),
            number: U256::from(9),
            gas_limit: 10,
            gas_used: 11,
            time: 12,
            extra: Bytes::from_static(&[0x0d]),
            mix: first(0x0e),
            nonce,
            base_fee: Some(U256::from(16)),
            block_gas_cost: Some(U256::from(23)),
            blob_gas_used: Some(18),
            excess_blob_gas: Some(19),
            parent_beacon_root: Some(first(0x14)),
            time_ms: Some(24),
            min_delay_excess: Some(25),
        };
        assert_eq!(header.id().0, b256!("460d4b45e82d1690f901bc1281125e51b138c7b0559dad122e2bc7386ecf3486"));
    }

    /// Trap 30: an absent field before a present one is 0x80, which reads back as 0, and as an error for the root.
    #[test]
    fn absent_fields_before_present_ones() {
        let header = Header { base_fee: Some(U256::from(1)), blob_gas_used: Some(3), ..Header::default() };
        let bytes = alloy_rlp::encode(&header);
        let read = Header::decode(&mut bytes.as_slice()).expect("decodes");
        assert_eq!(read.block_gas_cost, Some(U256::ZERO));
        assert_eq!(read.excess_blob_gas, None);
        assert_eq!(alloy_rlp::encode(&read), bytes);

        let holey = Header { time_ms: Some(1), ..Header::default() };
        let bytes = alloy_rlp::encode(&holey);
        assert!(Header::decode(&mut bytes.as_slice()).is_err(), "an empty root is no root");
    }

    /// Every length of the tail that a chain can have reads back as it was written.
    #[test]
    fn tails_of_every_length_round_trip() {
        for length in 0..=7 {
            let header = Header {
                base_fee: (length > 0).then_some(U256::from(5)),
                block_gas_cost: (length > 1).then_some(U256::from(6)),
                blob_gas_used: (length > 2).then_some(0),
                excess_blob_gas: (length > 3).then_some(0),
                parent_beacon_root: (length > 4).then_some(B256::ZERO),
                time_ms: (length > 5).then_some(7),
                min_delay_excess: (length > 6).then_some(8),
                ..Header::default()
            };
            let bytes = alloy_rlp::encode(&header);
            assert_eq!(Header::decode(&mut bytes.as_slice()).as_ref(), Ok(&header));
            for cut in 0..bytes.len() {
                assert!(Header::decode(&mut &bytes[..cut]).is_err(), "cut at {cut}");
            }
        }
    }
}

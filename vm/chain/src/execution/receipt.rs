//! Receipts: `[status, cumulativeGasUsed, bloom, logs]`, behind the type byte for typed transactions.

use alloy_primitives::{Address, B256, Bloom, Bytes, Log, LogData};
use alloy_rlp::{Decodable, Encodable, Header as RlpHeader};
use alloy_trie::root::ordered_trie_root_with_encoder;

/// Receipt of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// EIP-2718 type of the transaction.
    pub kind: u8,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas used in the block up to and including this transaction.
    pub cumulative_gas_used: u64,
    /// Bloom of its logs.
    pub bloom: Bloom,
    /// Logs, in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// A receipt with the bloom of its logs.
    #[must_use]
    pub fn new(kind: u8, success: bool, cumulative_gas_used: u64, logs: Vec<Log>) -> Self {
        let bloom = logs.iter().collect();
        Self { kind, success, cumulative_gas_used, bloom, logs }
    }

    /// Consensus encoding (EIP-2718).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload_length =
            self.success.length() + self.cumulative_gas_used.length() + self.bloom.length() + self.logs.length();
        let mut out = Vec::with_capacity(payload_length + 6);
        if self.kind != 0 {
            out.push(self.kind);
        }
        RlpHeader { list: true, payload_length }.encode(&mut out);
        self.success.encode(&mut out);
        self.cumulative_gas_used.encode(&mut out);
        self.bloom.encode(&mut out);
        self.logs.encode(&mut out);
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (kind, mut rest) = match bytes.split_first()? {
            (&kind, rest) if kind != 0 && kind < 0xc0 => (kind, rest),
            _ => (0, bytes),
        };
        let mut fields = RlpHeader::decode_bytes(&mut rest, true).ok()?;
        let from = &mut fields;
        let receipt = Self {
            kind,
            success: bool::decode(from).ok()?,
            cumulative_gas_used: u64::decode(from).ok()?,
            bloom: Bloom::decode(from).ok()?,
            logs: Vec::<Log>::decode(from).ok()?,
        };
        (from.is_empty() && rest.is_empty()).then_some(receipt)
    }
}

/// `receiptsRoot`.
#[must_use]
pub fn root(receipts: &[Receipt]) -> B256 {
    ordered_trie_root_with_encoder(receipts, |receipt, out| out.extend_from_slice(&receipt.to_bytes()))
}

/// `logsBloom` of a block.
#[must_use]
pub fn bloom(receipts: &[Receipt]) -> Bloom {
    receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.bloom)
}

/// Stored form of a block's receipts: a list of their consensus encodings.
#[must_use]
pub fn encode_list(receipts: &[Receipt]) -> Vec<u8> {
    alloy_rlp::encode(receipts.iter().map(|receipt| Bytes::from(receipt.to_bytes())).collect::<Vec<_>>())
}

/// Reads the stored form.
#[must_use]
pub fn decode_list(bytes: &[u8]) -> Option<Vec<Receipt>> {
    let list: Vec<Bytes> = alloy_rlp::decode_exact(bytes).ok()?;
    list.iter().map(|bytes| Receipt::decode(bytes)).collect()
}

/// A log.
#[must_use]
pub const fn log(address: Address, topics: Vec<B256>, data: Bytes) -> Log {
    Log { address, data: LogData::new_unchecked(topics, data) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_round_trip() {
        let logs = vec![log(Address::repeat_byte(3), vec![B256::repeat_byte(1)], Bytes::from_static(b"data"))];
        let receipts = vec![
            Receipt::new(0, true, 21_000, Vec::new()),
            Receipt::new(2, false, 50_000, Vec::new()),
            Receipt::new(1, true, 90_000, logs),
        ];
        let bytes = encode_list(&receipts);
        assert_eq!(decode_list(&bytes), Some(receipts));
        for cut in 0..bytes.len() {
            assert_eq!(decode_list(&bytes[..cut]), None);
        }
    }

    /// What is read is written the same way, and a legacy receipt has no type byte.
    #[test]
    fn a_receipt_of_type_0_is_no_receipt() {
        let plain = Receipt::new(0, true, 21_000, Vec::new()).to_bytes();
        let typed = [&[0], &plain[..]].concat();
        let list = |bytes: Vec<u8>| alloy_rlp::encode(vec![Bytes::from(bytes)]);
        assert!(decode_list(&list(plain)).is_some());
        assert_eq!(decode_list(&list(typed)), None);
    }
}

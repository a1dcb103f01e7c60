//! Transactions as this chain accepts them: types 0, 1 and 2; type 3 decodes and is never valid.

use crate::error::{DecodeError, Malformed, Unsupported};
use alloy_consensus::transaction::{RlpEcdsaDecodableTx, SignerRecoverable};
use alloy_consensus::{EthereumTxEnvelope, Transaction, TxEip4844, TxLegacy, Typed2718};
use alloy_eips::eip2718::{Decodable2718, Eip2718Error, Encodable2718};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use std::sync::OnceLock;

type Envelope = EthereumTxEnvelope<TxEip4844>;

/// A signed transaction. Its sender is recovered once and then remembered: pool, builder and verifier share the value.
#[derive(Debug)]
pub struct Tx {
    envelope: Envelope,
    hash: B256,
    size: usize,
    sender: OnceLock<Option<Address>>,
}

impl Tx {
    /// Decodes the canonical form (EIP-2718) of one transaction.
    ///
    /// # Errors
    /// Where the bytes are no transaction of a known type, or hold a price of 2^128 wei or more.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_at(bytes, 0)
    }

    pub(crate) fn decode_at(bytes: &[u8], index: usize) -> Result<Self, DecodeError> {
        let malformed = |cause: String| DecodeError::from(Malformed::Transaction { index, cause });
        let mut rest = bytes;
        let decoded = match bytes.first() {
            None => return Err(malformed(alloy_rlp::Error::InputTooShort.to_string())),
            // The envelope's own decoder would forget what it met in a list.
            Some(FIRST_LIST_BYTE..) => {
                TxLegacy::rlp_decode_signed(&mut rest).map(Envelope::from).map_err(Eip2718Error::from)
            }
            Some(1..=LAST_TYPE) => Envelope::decode_2718(&mut rest),
            Some(&kind) => return Err(Malformed::TransactionType { index, kind }.into()),
        };
        let envelope = decoded.map_err(|cause| match wide_price(bytes) {
            Some(unsupported) => DecodeError::Unsupported(unsupported),
            None => malformed(cause.to_string()),
        })?;
        if !rest.is_empty() {
            return Err(malformed(format!("{} bytes after the end", rest.len())));
        }
        let hash = *envelope.tx_hash();
        Ok(Self { envelope, hash, size: bytes.len(), sender: OnceLock::new() })
    }

    /// Hash of the canonical form.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// Bytes of the canonical form.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The canonical form.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        self.envelope.encoded_2718().into()
    }

    /// Who signed it; none for a signature that gives no address (a high `s` included).
    #[must_use]
    pub fn sender(&self) -> Option<Address> {
        *self.sender.get_or_init(|| self.envelope.recover_signer().ok())
    }

    /// EIP-2718 type.
    #[must_use]
    pub fn kind(&self) -> u8 {
        self.envelope.ty()
    }

    /// Chain id, absent in legacy transactions from before EIP-155.
    #[must_use]
    pub fn chain_id(&self) -> Option<u64> {
        self.envelope.chain_id()
    }

    /// Nonce.
    #[must_use]
    pub fn nonce(&self) -> u64 {
        self.envelope.nonce()
    }

    /// Gas limit.
    #[must_use]
    pub fn gas_limit(&self) -> u64 {
        self.envelope.gas_limit()
    }

    /// `maxFeePerGas`, or the gas price, wei.
    #[must_use]
    pub fn fee_cap(&self) -> u128 {
        self.envelope.max_fee_per_gas()
    }

    /// `maxPriorityFeePerGas`, or the gas price, wei.
    #[must_use]
    pub fn tip_cap(&self) -> u128 {
        self.envelope.max_priority_fee_per_gas().unwrap_or_else(|| self.envelope.max_fee_per_gas())
    }

    /// What a unit of gas costs at a base fee, wei.
    #[must_use]
    pub fn effective_gas_price(&self, base_fee: u64) -> u128 {
        self.fee_cap().min(self.tip_cap().saturating_add(u128::from(base_fee)))
    }

    /// What of [`Self::effective_gas_price`] is above a base fee that it can pay, wei.
    #[must_use]
    pub fn effective_tip(&self, base_fee: u64) -> u128 {
        self.effective_gas_price(base_fee) - u128::from(base_fee)
    }

    /// Recipient, or a creation.
    #[must_use]
    pub fn to(&self) -> TxKind {
        self.envelope.kind()
    }

    /// Wei.
    #[must_use]
    pub fn value(&self) -> U256 {
        self.envelope.value()
    }

    /// Calldata or initcode.
    #[must_use]
    pub fn input(&self) -> &Bytes {
        self.envelope.input()
    }

    /// Signature.
    #[must_use]
    pub fn signature(&self) -> Signature {
        let signature = self.envelope.signature();
        let odd = signature.v();
        let v = match (self.kind(), self.chain_id()) {
            (0, Some(id)) => U256::from(id) * U256::from(2) + U256::from(35 + u8::from(odd)),
            (0, None) => U256::from(27 + u8::from(odd)),
            _ => U256::from(odd),
        };
        Signature { v, r: signature.r(), s: signature.s(), odd }
    }

    /// EIP-2930 access list.
    #[must_use]
    pub fn access_list(&self) -> Option<&AccessList> {
        self.envelope.access_list()
    }
}

/// A signature as JSON-RPC shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Recovery value; in legacy transactions with the chain id folded in (EIP-155).
    pub v: U256,
    /// First half.
    pub r: U256,
    /// Second half.
    pub s: U256,
    /// Whether the y coordinate is odd.
    pub odd: bool,
}

impl PartialEq for Tx {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for Tx {}

/// Blob transactions decode, as the Go node's do.
const LAST_TYPE: u8 = 3;
/// A legacy transaction is an RLP list.
const FIRST_LIST_BYTE: u8 = 0xc0;
/// Bytes of the widest price this program computes with.
const PRICE_BYTES_MAX: usize = 16;

/// A price field that Go would read and 128 bits cannot hold.
fn wide_price(bytes: &[u8]) -> Option<Unsupported> {
    let (kind, mut body) = match bytes.split_first()? {
        (&kind, rest) if kind <= LAST_TYPE => (kind, rest),
        _ => (0, bytes),
    };
    let mut fields = alloy_rlp::Header::decode_bytes(&mut body, true).ok()?;
    let names: &[(usize, &'static str)] = match kind {
        0 => &[(1, "gasPrice")],
        1 => &[(2, "gasPrice")],
        _ => &[(2, "maxPriorityFeePerGas"), (3, "maxFeePerGas")],
    };
    let mut index = 0;
    while !fields.is_empty() {
        let before = fields;
        let header = alloy_rlp::Header::decode(&mut fields).ok()?;
        let payload = fields.get(..header.payload_length)?;
        fields = fields.get(header.payload_length..)?;
        debug_assert!(fields.len() < before.len(), "each step reads at least one byte");
        if let Some((_, what)) = names.iter().find(|(at, _)| *at == index)
            && payload.len() > PRICE_BYTES_MAX
            && payload.len() <= 32
            && payload.first() != Some(&0)
            && !header.list
        {
            return Some(Unsupported { what, value: U256::from_be_slice(payload), limit: "2^128" });
        }
        index += 1;
    }
    None
}

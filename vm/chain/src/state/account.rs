//! The account record: the four fields of an Ethereum account.

use crate::error::Fatal;
use alloy_primitives::{B256, U256};
use alloy_rlp::{Encodable, RlpDecodable, RlpEncodable};
pub use alloy_trie::{EMPTY_ROOT_HASH, KECCAK_EMPTY};

/// An account as the trie holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Account {
    /// Nonce.
    pub nonce: u64,
    /// Wei.
    pub balance: U256,
    /// Root of its storage.
    pub storage_root: B256,
    /// Keccak-256 of its code.
    pub code_hash: B256,
}

impl Account {
    /// Nonce, balance and code of nothing.
    pub const EMPTY: Self =
        Self { nonce: 0, balance: U256::ZERO, storage_root: EMPTY_ROOT_HASH, code_hash: KECCAK_EMPTY };

    /// RLP, which is both the trie's value and the stored form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        self.encode(&mut bytes);
        bytes
    }

    /// Reads a stored account.
    ///
    /// # Errors
    /// Bytes that no account was written as.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fatal> {
        alloy_rlp::decode_exact(bytes).map_err(|cause| Fatal::Corrupt(format!("account record: {cause}")))
    }
}

/// Stored form of a slot's value: big-endian without leading zeros.
#[must_use]
pub fn slot_bytes(value: U256) -> Vec<u8> {
    value.to_be_bytes_trimmed_vec()
}

/// Reads a stored slot.
///
/// # Errors
/// More than 32 bytes, or a leading zero.
pub fn slot_value(bytes: &[u8]) -> Result<U256, Fatal> {
    let trimmed = Some(bytes).filter(|bytes| bytes.first() != Some(&0));
    trimmed.and_then(U256::try_from_be_slice).ok_or_else(|| Fatal::Corrupt(format!("slot of {} bytes", bytes.len())))
}

/// A slot's value in the trie: RLP of the trimmed number.
#[must_use]
pub fn slot_leaf(value: U256) -> Vec<u8> {
    alloy_rlp::encode(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read is written the same way, which these would not be. A fuzzer met the slot of four bytes.
    #[test]
    fn a_record_has_one_stored_form() {
        let account = Account::EMPTY.to_bytes();
        assert_eq!(Account::from_bytes(&account), Ok(Account::EMPTY));
        let longer = [&account[..], &[0]].concat();
        let error = Fatal::Corrupt("account record: unexpected length".to_owned());
        assert_eq!(Account::from_bytes(&longer), Err(error));

        assert_eq!(slot_value(&[10, 73, 73]), Ok(U256::from(0x0a_4949)));
        assert_eq!(slot_value(&[0, 10, 73, 73]), Err(Fatal::Corrupt("slot of 4 bytes".to_owned())));
        assert_eq!(slot_value(&[0]), Err(Fatal::Corrupt("slot of 1 bytes".to_owned())));
        assert_eq!(slot_value(&[1; 33]), Err(Fatal::Corrupt("slot of 33 bytes".to_owned())));
    }
}

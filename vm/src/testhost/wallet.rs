//! Signed transactions of the accounts that have coins on the chain `local`.

use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256};
use anyhow::{Context as _, Result};
use pars_genesis::presets::LOCAL_ACCOUNTS;
use serde_json::{Value, json};

/// An account and its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wallet {
    /// Where its coins are.
    pub address: Address,
    key: B256,
}

/// A transaction before it is signed.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields of a transaction")]
pub struct Draft {
    pub chain_id: u64,
    pub nonce: u64,
    pub to: TxKind,
    pub value: U256,
    pub input: Bytes,
    pub gas: u64,
    pub fee_cap: u128,
    pub tip: u128,
    pub access: Vec<AccessListItem>,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its canonical form.
    pub raw: Bytes,
    /// Its hash.
    pub hash: B256,
}

/// Types of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their EIPs say what they are")]
pub enum Kind {
    Legacy,
    Eip2930,
    Eip1559,
    Eip4844,
}

impl Wallet {
    /// One of the accounts of the chain `local`.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn local(index: usize) -> Result<Self> {
        let (address, key) = *LOCAL_ACCOUNTS.get(index).with_context(|| format!("no account {index}"))?;
        Ok(Self { address, key })
    }

    /// An account that nobody has paid anything.
    #[must_use]
    pub const fn poor() -> Self {
        // The key is the number 1.
        let address = alloy_primitives::address!("7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
        Self { address, key: B256::with_last_byte(1) }
    }

    /// Signs a transaction of type 2.
    ///
    /// # Errors
    /// None for the keys here.
    pub fn sign(&self, draft: &Draft) -> Result<Signed> {
        self.sign_as(Kind::Eip1559, draft)
    }

    /// Signs a transaction of any type. Those with one price have the fee cap.
    ///
    /// # Errors
    /// A blob transaction that creates a contract.
    pub fn sign_as(&self, kind: Kind, draft: &Draft) -> Result<Signed> {
        let Draft { chain_id, nonce, to, value, input, gas, fee_cap, tip, access } = draft.clone();
        let access_list = AccessList(access);
        let (gas_price, gas_limit) = (fee_cap, gas);
        let (max_fee_per_gas, max_priority_fee_per_gas) = (fee_cap, tip);
        match kind {
            Kind::Legacy => {
                let chain_id = Some(chain_id);
                self.finish(TxLegacy { chain_id, nonce, gas_price, gas_limit, to, value, input })
            }
            Kind::Eip2930 => {
                self.finish(TxEip2930 { chain_id, nonce, gas_price, gas_limit, to, value, access_list, input })
            }
            Kind::Eip1559 => self.finish(TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to,
                value,
                access_list,
                input,
            }),
            Kind::Eip4844 => self.finish(TxEip4844 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: to.to().copied().context("blobs create nothing")?,
                value,
                access_list,
                blob_versioned_hashes: vec![B256::with_last_byte(1)],
                max_fee_per_blob_gas: 1,
                input,
            }),
        }
    }

    fn finish<T>(&self, tx: T) -> Result<Signed>
    where
        T: SignableTransaction<Signature>,
        EthereumTxEnvelope<TxEip4844>: From<alloy_consensus::Signed<T>>,
    {
        let signature = sign_message(self.key, tx.signature_hash()).context("signing")?;
        let envelope = EthereumTxEnvelope::<TxEip4844>::from(tx.into_signed(signature));
        Ok(Signed { raw: envelope.encoded_2718().into(), hash: *envelope.tx_hash() })
    }
}

impl Draft {
    /// A call with a million gas.
    #[must_use]
    pub fn call(nonce: u64, to: Address, input: impl Into<Bytes>) -> Self {
        Self {
            chain_id: 1_337,
            nonce,
            to: to.into(),
            value: U256::ZERO,
            input: input.into(),
            gas: 1_000_000,
            fee_cap: 1_000_000_000_000,
            tip: 1,
            access: Vec::new(),
        }
    }

    /// A transfer of so many wei.
    #[must_use]
    pub fn transfer(nonce: u64, to: Address, wei: u64) -> Self {
        Self { gas: 21_000, value: U256::from(wei), ..Self::call(nonce, to, Bytes::new()) }
    }

    /// A contract creation.
    #[must_use]
    pub fn create(nonce: u64, initcode: impl Into<Bytes>) -> Self {
        Self { to: TxKind::Create, ..Self::call(nonce, Address::ZERO, initcode) }
    }
}

impl Signed {
    /// As parameters of `eth_sendRawTransaction`.
    #[must_use]
    pub fn params(&self) -> Value {
        json!([self.raw])
    }
}

//! Keys that sign transactions of the test chains.

use crate::support::files::CHAIN_ID;
use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip1559, TxEip2930, TxEip4844, TxLegacy};
use alloy_eips::eip2718::Encodable2718;
use alloy_eips::eip2930::{AccessList, AccessListItem};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use pars_chain::tx::Tx;
use std::sync::Arc;

/// A key.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    secret: B256,
    pub(crate) address: Address,
}

/// A transaction that is not signed. Its nonce is the signer's next one unless it says otherwise.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) nonce: Option<u64>,
    pub(crate) to: TxKind,
    pub(crate) value: U256,
    pub(crate) input: Bytes,
    pub(crate) gas: u64,
    pub(crate) fee_cap: u128,
    pub(crate) tip: u128,
    pub(crate) access: Vec<AccessListItem>,
}

impl Draft {
    pub(crate) fn call(to: Address, input: impl Into<Bytes>) -> Self {
        Self {
            nonce: None,
            to: to.into(),
            value: U256::ZERO,
            input: input.into(),
            gas: 1_000_000,
            fee_cap: 1_000_000_000_000,
            tip: 1,
            access: Vec::new(),
        }
    }

    pub(crate) fn create(initcode: impl Into<Bytes>) -> Self {
        Self { to: TxKind::Create, ..Self::call(Address::ZERO, initcode) }
    }

    pub(crate) fn transfer(to: Address, wei: u64) -> Self {
        Self { gas: 21_000, ..Self::call(to, Bytes::new()) }.value(wei)
    }

    pub(crate) fn value(self, wei: u64) -> Self {
        Self { value: U256::from(wei), ..self }
    }

    pub(crate) fn gas(self, gas: u64) -> Self {
        Self { gas, ..self }
    }

    pub(crate) fn nonce(self, nonce: u64) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    pub(crate) fn access(mut self, address: Address, storage_keys: Vec<B256>) -> Self {
        self.access.push(AccessListItem { address, storage_keys });
        self
    }
}

impl Key {
    pub(crate) fn new(number: u8) -> Self {
        Self::from_secret(B256::with_last_byte(number))
    }

    pub(crate) fn from_secret(secret: B256) -> Self {
        let message = keccak256("who am I");
        let signature = sign_message(secret, message).expect("the secret is a key");
        let address = signature.recover_address_from_prehash(&message).expect("a signature that was just made");
        Self { secret, address }
    }

    /// Type 2.
    pub(crate) fn sign(&self, draft: &Draft) -> Arc<Tx> {
        self.finish(TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: draft.nonce.expect("the world numbers drafts"),
            gas_limit: draft.gas,
            max_fee_per_gas: draft.fee_cap,
            max_priority_fee_per_gas: draft.tip,
            to: draft.to,
            value: draft.value,
            access_list: AccessList(draft.access.clone()),
            input: draft.input.clone(),
        })
    }

    /// Type 1, with the fee cap as its price.
    pub(crate) fn sign_access(&self, draft: &Draft) -> Arc<Tx> {
        self.finish(TxEip2930 {
            chain_id: CHAIN_ID,
            nonce: draft.nonce.expect("the world numbers drafts"),
            gas_price: draft.fee_cap,
            gas_limit: draft.gas,
            to: draft.to,
            value: draft.value,
            access_list: AccessList(draft.access.clone()),
            input: draft.input.clone(),
        })
    }

    /// Legacy, with the fee cap as its price.
    pub(crate) fn sign_legacy(&self, draft: &Draft, chain_id: Option<u64>) -> Arc<Tx> {
        self.finish(TxLegacy {
            chain_id,
            nonce: draft.nonce.expect("the world numbers drafts"),
            gas_price: draft.fee_cap,
            gas_limit: draft.gas,
            to: draft.to,
            value: draft.value,
            input: draft.input.clone(),
        })
    }

    /// Type 3, which no block may hold.
    pub(crate) fn sign_blob(&self, draft: &Draft) -> Arc<Tx> {
        self.finish(TxEip4844 {
            chain_id: CHAIN_ID,
            nonce: draft.nonce.expect("the world numbers drafts"),
            gas_limit: draft.gas,
            max_fee_per_gas: draft.fee_cap,
            max_priority_fee_per_gas: draft.tip,
            to: draft.to.to().copied().expect("blobs create nothing"),
            value: draft.value,
            access_list: AccessList(draft.access.clone()),
            blob_versioned_hashes: vec![B256::with_last_byte(1)],
            max_fee_per_blob_gas: 1,
            input: draft.input.clone(),
        })
    }

    fn finish<T>(&self, tx: T) -> Arc<Tx>
    where
        T: SignableTransaction<Signature>,
        EthereumTxEnvelope<TxEip4844>: From<alloy_consensus::Signed<T>>,
    {
        let signature = sign_message(self.secret, tx.signature_hash()).expect("a key");
        let envelope = EthereumTxEnvelope::<TxEip4844>::from(tx.into_signed(signature));
        Arc::new(Tx::decode(&envelope.encoded_2718()).expect("a transaction that was just encoded"))
    }
}

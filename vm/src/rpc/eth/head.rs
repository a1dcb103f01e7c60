//! Headers, as those who follow new blocks see them.

use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U64, U256};
use pars_chain::block::Block;
use serde::Serialize;

/// A header as clients see it: a block without its transactions.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    number: U256,
    hash: B256,
    parent_hash: B256,
    nonce: B64,
    mix_hash: B256,
    sha3_uncles: B256,
    logs_bloom: Bloom,
    transactions_root: B256,
    state_root: B256,
    receipts_root: B256,
    miner: Address,
    difficulty: U256,
    extra_data: Bytes,
    gas_limit: U64,
    gas_used: U64,
    timestamp: U64,
    #[serde(skip_serializing_if = "Option::is_none")]
    base_fee_per_gas: Option<U256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_gas_cost: Option<U256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob_gas_used: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excess_blob_gas: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_beacon_block_root: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_milliseconds: Option<U64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_delay_excess: Option<U64>,
}

impl Head {
    /// The header of a block.
    pub(crate) fn new(block: &Block) -> Self {
        let header = &block.header;
        Self {
            number: header.number,
            hash: block.id().0,
            parent_hash: header.parent,
            nonce: header.nonce,
            mix_hash: header.mix,
            sha3_uncles: header.uncles_hash,
            logs_bloom: header.bloom,
            transactions_root: header.transactions_root,
            state_root: header.state_root,
            receipts_root: header.receipts_root,
            miner: header.coinbase,
            difficulty: header.difficulty,
            extra_data: header.extra.clone(),
            gas_limit: U64::from(header.gas_limit),
            gas_used: U64::from(header.gas_used),
            timestamp: U64::from(header.time),
            base_fee_per_gas: header.base_fee,
            block_gas_cost: header.block_gas_cost,
            blob_gas_used: header.blob_gas_used.map(U64::from),
            excess_blob_gas: header.excess_blob_gas.map(U64::from),
            parent_beacon_block_root: header.parent_beacon_root,
            timestamp_milliseconds: header.time_ms.map(U64::from),
            min_delay_excess: header.min_delay_excess.map(U64::from),
        }
    }
}

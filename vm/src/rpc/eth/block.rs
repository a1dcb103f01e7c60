//! Blocks.

use crate::rpc::api::Api;
use crate::rpc::eth::find;
use crate::rpc::eth::transaction::Transaction;
use crate::rpc::params::{BlockRef, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, U64, U256};
use pars_chain::block;
use serde::Serialize;

/// `eth_getBlockByNumber(block, full)`: the block, or null.
///
/// # Errors
/// Parameters.
pub fn by_number(api: &Api, params: &Params) -> Answer {
    params.at_most(2)?;
    show(api, BlockRef::Number(params.block_number(0)?), params.flag(1)?)
}

/// `eth_getBlockByHash(hash, full)`: the accepted block, or null.
///
/// # Errors
/// Parameters.
pub fn by_hash(api: &Api, params: &Params) -> Answer {
    params.at_most(2)?;
    show(api, BlockRef::Hash(params.hash(0)?), params.flag(1)?)
}

fn show(api: &Api, block: BlockRef, full: bool) -> Answer {
    let head = api.head();
    let Some(height) = find(&head, block)? else { return answer(&()) };
    answer(&head.block(height)?.map(|block| Block::new(&block, full)))
}

/// A block as clients see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Block {
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
    /// Every block has difficulty 1.
    total_difficulty: U256,
    extra_data: Bytes,
    size: U64,
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
    transactions: Transactions,
    uncles: [B256; 0],
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Transactions {
    Hashes(Vec<B256>),
    Full(Vec<Transaction>),
}

impl Block {
    fn new(block: &block::Block, full: bool) -> Self {
        let header = &block.header;
        let transactions = if full {
            Transactions::Full((0..block.transactions.len()).filter_map(|at| Transaction::at(block, at)).collect())
        } else {
            Transactions::Hashes(block.transactions.iter().map(|tx| tx.hash()).collect())
        };
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
            total_difficulty: header.number,
            extra_data: header.extra.clone(),
            size: U64::from(block.bytes().len()),
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
            transactions,
            uncles: [],
        }
    }
}

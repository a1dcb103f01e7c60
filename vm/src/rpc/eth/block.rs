//! Blocks.

use crate::rpc::api::Api;
use crate::rpc::eth::find;
use crate::rpc::eth::head::Head;
use crate::rpc::eth::transaction::Transaction;
use crate::rpc::params::{BlockRef, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{B256, U64, U256};
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
    let Some(height) = find(api, &head, block)? else { return answer(&()) };
    let Some(mined) = api.block(&head, height)? else { return answer(&()) };
    if full {
        mined.block.recover_senders();
    }
    answer(&Block::new(&mined.block, full))
}

/// A block as clients see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    #[serde(flatten)]
    head: Head,
    /// Every block has difficulty 1.
    total_difficulty: U256,
    size: U64,
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
        let transactions = if full {
            Transactions::Full((0..block.transactions.len()).filter_map(|at| Transaction::at(block, at)).collect())
        } else {
            Transactions::Hashes(block.transactions.iter().map(|tx| tx.hash()).collect())
        };
        Self {
            head: Head::new(block),
            total_difficulty: block.header.number,
            size: U64::from(block.bytes().len()),
            transactions,
            uncles: [],
        }
    }
}

//! Receipts.

use crate::blocks::Mined;
use crate::rpc::api::Api;
use crate::rpc::eth::find;
use crate::rpc::eth::log::MinedLog;
use crate::rpc::eth::transaction::price;
use crate::rpc::params::Params;
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{Address, B256, Bloom, TxKind, U64, U256};
use serde::Serialize;

/// `eth_getTransactionReceipt(hash)`: the receipt of an accepted transaction, or null.
///
/// # Errors
/// Parameters.
pub fn by_hash(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let head = api.head();
    let Some(place) = head.transaction(params.hash(0)?)? else { return answer(&()) };
    let Some(mined) = api.block(&head, place.height)? else { return answer(&()) };
    let at = usize::try_from(place.index).ok();
    answer(&at.and_then(|at| MinedReceipt::new(&mined, at)))
}

/// `eth_getBlockReceipts(block)`: all receipts of an accepted block, or null.
///
/// # Errors
/// Parameters.
pub fn of_block(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let block = params.required_block(0)?;
    let head = api.head();
    let Some(height) = find(api, &head, block)? else { return answer(&()) };
    let Some(mined) = api.block(&head, height)? else { return answer(&()) };
    mined.block.recover_senders();
    let all: Option<Vec<_>> = (0..mined.receipts.len()).map(|at| MinedReceipt::new(&mined, at)).collect();
    answer(&all)
}

/// A receipt as clients see it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MinedReceipt {
    block_hash: B256,
    block_number: U256,
    transaction_hash: B256,
    transaction_index: U64,
    r#type: U64,
    from: Address,
    to: Option<Address>,
    contract_address: Option<Address>,
    status: U64,
    gas_used: U64,
    cumulative_gas_used: U64,
    effective_gas_price: U256,
    logs_bloom: Bloom,
    logs: Vec<MinedLog>,
}

impl MinedReceipt {
    fn new(Mined { block, receipts, .. }: &Mined, at: usize) -> Option<Self> {
        let (tx, receipt) = (block.transactions.get(at)?, receipts.get(at)?);
        let before = receipts.get(..at)?;
        let gas_before = before.last().map_or(0, |receipt| receipt.cumulative_gas_used);
        let logs_before = before.iter().map(|receipt| receipt.logs.len()).sum::<usize>();
        let (index, first) = (u64::try_from(at).ok()?, u64::try_from(logs_before).ok()?);
        let hash = tx.hash();
        let from = tx.sender()?;
        let log = |(number, log)| MinedLog::new(log, block, hash, index, number);
        Some(Self {
            block_hash: block.id().0,
            block_number: block.header.number,
            transaction_hash: hash,
            transaction_index: U64::from(index),
            r#type: U64::from(receipt.kind),
            from,
            to: tx.to().into_to(),
            contract_address: matches!(tx.to(), TxKind::Create).then(|| from.create(tx.nonce())),
            status: U64::from(receipt.success),
            gas_used: U64::from(receipt.cumulative_gas_used - gas_before),
            cumulative_gas_used: U64::from(receipt.cumulative_gas_used),
            effective_gas_price: U256::from(price(tx, block)),
            logs_bloom: receipt.bloom,
            logs: (first..).zip(&receipt.logs).map(log).collect(),
        })
    }
}

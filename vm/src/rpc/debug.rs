//! `debug_`: bytes as the network and the hashes have them.

use crate::rpc::api::Api;
use crate::rpc::eth::transaction::{Found, look_up};
use crate::rpc::eth::{find, known};
use crate::rpc::params::{BlockRef, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::Bytes;

/// `debug_getRawBlock(block)`: an accepted block.
///
/// # Errors
/// Parameters, or a block that is not there.
pub fn raw_block(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let block = params.required_block(0)?;
    let head = api.head();
    let height = known(api, &head, block)?;
    answer(&head.block_bytes(height)?)
}

/// `debug_getRawHeader(block)`: header of an accepted block.
///
/// # Errors
/// Parameters, or a block that is not there.
pub fn raw_header(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let block = params.required_block(0)?;
    let head = api.head();
    let height = known(api, &head, block)?;
    let header = head.header_at(height)?;
    answer(&header.map(|header| Bytes::from(alloy_rlp::encode(&header))))
}

/// `debug_getRawReceipts(block)`: receipts of an accepted block, none for an unknown hash.
///
/// # Errors
/// Parameters, or a height that is not there.
pub fn raw_receipts(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let block = params.required_block(0)?;
    let head = api.head();
    let height = match block {
        BlockRef::Hash(_) => find(api, &head, block)?,
        BlockRef::Number(_) | BlockRef::Nothing => Some(known(api, &head, block)?),
    };
    let receipts = height.map(|height| head.receipts(height)).transpose()?.flatten().unwrap_or_default();
    answer(&receipts.iter().map(|receipt| Bytes::from(receipt.to_bytes())).collect::<Vec<_>>())
}

/// `debug_getRawTransaction(hash)`: a transaction, accepted or in the pool; no bytes where there is none.
///
/// # Errors
/// Parameters.
pub fn raw_transaction(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let bytes = match look_up(api, params.hash(0)?)? {
        Some(Found::Mined(mined, at)) => mined.block.transactions.get(at).map(|tx| tx.encode()),
        Some(Found::Waiting(tx)) => Some(tx.encode()),
        None => None,
    };
    answer(&bytes.unwrap_or_default())
}

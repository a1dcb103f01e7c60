//! `eth_`.

pub mod block;
pub mod call;
mod estimate;
pub mod fee;
pub mod filter;
pub(crate) mod head;
pub mod log;
pub mod logs;
pub mod proof;
pub mod receipt;
mod request;
mod revert;
pub mod state;
pub mod transaction;

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::params::{BlockNumber, BlockRef, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{Address, U64};
use pars_chain::block::BlockId;
use pars_chain::engine::view_at;
use pars_chain::error::Fatal;
use pars_chain::view::View;

/// `eth_blockNumber`: height of the last accepted block.
///
/// # Errors
/// Parameters.
pub fn block_number(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&U64::from(api.head().height()))
}

/// `eth_chainId`.
///
/// # Errors
/// Parameters.
pub fn chain_id(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&U64::from(api.node().spec().chain_id))
}

/// `eth_accounts`: none, for the node holds no keys.
///
/// # Errors
/// Parameters.
pub fn accounts(_: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    let none: [Address; 0] = [];
    answer(&none)
}

/// `eth_syncing`: false, for requests are answered from accepted blocks.
///
/// # Errors
/// Parameters.
pub fn syncing(_: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&false)
}

/// Height of a tag or number.
pub(crate) fn height_of(api: &Api, head: &View, number: BlockNumber) -> u64 {
    match number {
        BlockNumber::Latest | BlockNumber::Pending => head.height(),
        BlockNumber::Final => api.node().final_height(head),
        BlockNumber::Earliest => 0,
        BlockNumber::Number(height) => height,
    }
}

/// Height of an accepted block; none where there is no such block.
pub(crate) fn find(api: &Api, head: &View, block: BlockRef) -> Result<Option<u64>, Fatal> {
    match block {
        BlockRef::Number(number) => Ok(Some(height_of(api, head, number)).filter(|height| *height <= head.height())),
        BlockRef::Hash(hash) => head.height_of(BlockId(hash)),
        BlockRef::Nothing => Ok(None),
    }
}

/// Height of an accepted block, for methods to which an unknown block is an error.
pub(crate) fn known(api: &Api, head: &View, block: BlockRef) -> Result<u64, RpcError> {
    find(api, head, block)?.ok_or_else(|| {
        RpcError::server(match block {
            BlockRef::Number(_) if api.limits().unfinalized => "header not found",
            BlockRef::Number(_) => "cannot query unfinalized data",
            BlockRef::Hash(_) => "header for hash not found",
            BlockRef::Nothing => "invalid arguments; neither block nor hash specified",
        })
    })
}

/// Picture of the state at a block.
pub(crate) fn state_at(api: &Api, block: BlockRef) -> Result<View, RpcError> {
    let head = api.head();
    let height = known(api, &head, block)?;
    if height == head.height() {
        return Ok(head);
    }
    Ok(view_at(&head, height)?)
}

//! `eth_`.

pub mod block;
pub mod state;
pub mod transaction;

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::params::{BlockNumber, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::U64;
use pars_chain::engine::view_at;
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

/// Height of a tag or number.
pub(crate) fn height_of(head: &View, number: BlockNumber) -> u64 {
    match number {
        BlockNumber::Latest => head.height(),
        BlockNumber::Earliest => 0,
        BlockNumber::Number(height) => height,
    }
}

/// Picture of the state at a tag or number.
pub(crate) fn state_at(head: &View, number: BlockNumber) -> Result<View, RpcError> {
    let height = height_of(head, number);
    if height == head.height() {
        return Ok(head.clone());
    }
    if height > head.height() {
        return Err(RpcError::server("header not found"));
    }
    Ok(view_at(head, height)?)
}

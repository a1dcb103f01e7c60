//! `net_`.

use crate::rpc::api::Api;
use crate::rpc::params::Params;
use crate::rpc::table::{Answer, answer};
use alloy_primitives::U64;

/// `net_version`: the chain id in decimal, as wallets expect it.
///
/// # Errors
/// Parameters.
pub fn version(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&api.node().spec().chain_id.to_string())
}

/// `net_listening`: true.
///
/// # Errors
/// Parameters.
pub fn listening(_: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&true)
}

/// `net_peerCount`: zero. The host has the peers, and tells nobody here how many.
///
/// # Errors
/// Parameters.
pub fn peer_count(_: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&U64::ZERO)
}

//! `net_`.

use crate::rpc::api::Api;
use crate::rpc::params::Params;
use crate::rpc::table::{Answer, answer};

/// `net_version`: the chain id in decimal, as wallets expect it.
///
/// # Errors
/// Parameters.
pub fn version(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&api.node().spec().chain_id.to_string())
}

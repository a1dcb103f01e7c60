//! `web3_`.

use crate::rpc::api::Api;
use crate::rpc::params::Params;
use crate::rpc::table::{Answer, answer};
use alloy_primitives::keccak256;

/// Name and release of this program.
pub const CLIENT: &str = concat!("pars-vm/v", env!("CARGO_PKG_VERSION"));

/// `web3_clientVersion`.
///
/// # Errors
/// Parameters.
pub fn client_version(_: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&CLIENT)
}

/// `web3_sha3(bytes)`: their keccak-256.
///
/// # Errors
/// Parameters.
pub fn sha3(_: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    answer(&keccak256(params.bytes(0)?))
}

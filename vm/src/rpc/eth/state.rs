//! What accounts hold.

use crate::rpc::api::Api;
use crate::rpc::eth::state_at;
use crate::rpc::params::{BlockNumber, BlockRef, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{Bytes, U64, U256, keccak256};
use pars_chain::state::account::KECCAK_EMPTY;

/// `eth_getBalance(address, block?)`: wei.
///
/// # Errors
/// Parameters, or a state that is not kept.
pub fn balance(api: &Api, params: &Params) -> Answer {
    params.at_most(2)?;
    let address = params.address(0)?;
    let view = state_at(api, params.block(1)?)?;
    let account = view.account(&keccak256(address))?;
    answer(&account.map_or(U256::ZERO, |account| account.balance))
}

/// `eth_getTransactionCount(address, block?)`: nonce; for `pending`, with the transactions in the pool.
///
/// # Errors
/// Parameters, or a state that is not kept.
pub fn transaction_count(api: &Api, params: &Params) -> Answer {
    params.at_most(2)?;
    let address = params.address(0)?;
    let block = params.block(1)?;
    let nonce = if block == BlockRef::Number(BlockNumber::Pending) {
        api.node().pending_nonce(address)?
    } else {
        let account = state_at(api, block)?.account(&keccak256(address))?;
        account.map_or(0, |account| account.nonce)
    };
    answer(&U64::from(nonce))
}

/// `eth_getCode(address, block?)`: code, empty where there is none.
///
/// # Errors
/// Parameters, or a state that is not kept.
pub fn code(api: &Api, params: &Params) -> Answer {
    params.at_most(2)?;
    let address = params.address(0)?;
    let view = state_at(api, params.block(1)?)?;
    let account = view.account(&keccak256(address))?.filter(|account| account.code_hash != KECCAK_EMPTY);
    answer(&account.map_or(Ok(Bytes::new()), |account| view.code(&account.code_hash))?)
}

/// `eth_getStorageAt(address, slot, block?)`: a slot, 32 bytes.
///
/// # Errors
/// Parameters, or a state that is not kept.
pub fn storage_at(api: &Api, params: &Params) -> Answer {
    params.at_most(3)?;
    let address = params.address(0)?;
    let key = params.storage_key(1)?;
    let view = state_at(api, params.block(2)?)?;
    answer(&view.slot_of(address, key.slot)?)
}

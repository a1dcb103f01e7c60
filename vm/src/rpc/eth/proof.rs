//! Proofs of accounts and slots (EIP-1186).

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::{known, state_at};
use crate::rpc::limits::PROOF_SLOTS_MAX;
use crate::rpc::params::{BlockNumber, BlockRef, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use pars_chain::state::account::Account;
use serde::Serialize;

/// `eth_getProof(address, slots, block?)`: an account and some of its slots, with their proofs.
///
/// # Errors
/// Parameters, a block that is older than the operator allows, or a state that is not kept.
pub fn get(api: &Api, params: &Params) -> Answer {
    params.at_most(3)?;
    let address = params.address(0)?;
    let keys = params.storage_keys(1, PROOF_SLOTS_MAX)?;
    let block = params.block(2)?;
    let head = api.head();
    let height = known(api, &head, block)?;
    if let Some(window) = api.limits().proof_blocks {
        let oldest = head.height().saturating_sub(window);
        if height < oldest {
            return Err(RpcError::server(format!(
                "historical proof query not allowed: block number {height} is before the oldest allowed block number \
                 {oldest} (window of {window} blocks)"
            )));
        }
    }
    let view = state_at(api, BlockRef::Number(BlockNumber::Number(height)))?;
    let slots: Vec<B256> = keys.iter().map(|key| key.slot).collect();
    let proof = view.proof(address, &slots)?;
    let account = proof.account.unwrap_or(Account::EMPTY);
    let slot = |(key, (slot, value, proof))| SlotProof { key: Key::of(key, slot), value, proof };
    answer(&AccountProof {
        address,
        account_proof: proof.account_proof,
        balance: account.balance,
        code_hash: account.code_hash,
        nonce: U64::from(account.nonce),
        storage_hash: account.storage_root,
        storage_proof: keys.iter().map(|key| key.whole).zip(proof.storage).map(slot).collect(),
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountProof {
    address: Address,
    account_proof: Vec<Bytes>,
    balance: U256,
    code_hash: B256,
    nonce: U64,
    storage_hash: B256,
    storage_proof: Vec<SlotProof>,
}

#[derive(Debug, Serialize)]
struct SlotProof {
    key: Key,
    value: U256,
    proof: Vec<Bytes>,
}

/// A slot in the form in which it was asked for: all bytes of it, or a number.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Key {
    Whole(B256),
    Number(U256),
}

impl Key {
    fn of(whole: bool, slot: B256) -> Self {
        if whole { Self::Whole(slot) } else { Self::Number(slot.into()) }
    }
}

//! What a case starts from: a state in a view, and a block environment.

use crate::conformance::fixture::{Accounts, Block, Env, Sequence, StateTest};
use alloy_primitives::{B256, U256, keccak256};
use pars_chain::block::{BlockId, Header};
use pars_chain::error::Fatal;
use pars_chain::execution::executor::{Environment, Fixed};
use pars_chain::limits::BLOCK_HASH_DEPTH;
use pars_chain::state::layer::Layer;
use pars_chain::state::overlay::{Info, Overlay};
use pars_chain::state::root::finish;
use pars_chain::store::{Batch, Column, Durability, Memory, Store};
use pars_chain::view::View;
use pars_genesis::forks::Rules;
use std::sync::Arc;

/// What a case starts from.
#[derive(Debug, Clone)]
pub struct Setting {
    /// EVM chain id.
    pub chain_id: u64,
    /// The block before.
    pub parent: View,
}

impl Setting {
    /// Of a state test: the block before the one in its `env`, with its ancestors' hashes.
    ///
    /// # Errors
    /// When the chain's own code failed.
    pub fn of_state_test(test: &StateTest) -> Result<Self, Fatal> {
        let chain_id = test.config.as_ref().map_or(1, |config| config.chainid.0);
        let parent = test.env.current_number.0.saturating_sub(1);
        let ancestors = |number: u64| match test.info.block_hashes {
            None => Some(keccak256(number.to_string())),
            Some(known) => (parent.saturating_sub(number) < known).then(|| keccak256(format!("forks block {number}"))),
        };
        let view = view(&test.pre, parent, ancestors)?;
        Ok(Self { chain_id, parent: view })
    }

    /// Of a sequence of blocks: the block before its first one.
    ///
    /// # Errors
    /// When the chain's own code failed.
    pub fn of_sequence(sequence: &Sequence) -> Result<Self, Fatal> {
        let chain_id = sequence.info.chain_id.map_or(1, |id| id.0);
        let first = sequence.blocks.first();
        let parent = first.map_or(0, |block| block.number.0.saturating_sub(1));
        let hash = first.map(|block| block.parent_hash.0);
        let view = view(&sequence.pre, parent, |number| hash.filter(|_| number == parent))?;
        Ok(Self { chain_id, parent: view })
    }

    /// After a block with this height, hash and changes.
    #[must_use]
    pub fn after(&self, height: u64, hash: B256, layer: &Arc<Layer>) -> Self {
        let header = Header { number: U256::from(height), ..Header::default() };
        let parent = self.parent.child(BlockId(hash), Arc::new(header), Arc::clone(layer));
        Self { chain_id: self.chain_id, parent }
    }
}

/// Environment of a state test.
#[must_use]
pub fn of_env(env: &Env, rules: Rules) -> Environment {
    Environment {
        number: env.current_number.0,
        time: env.current_timestamp.0,
        coinbase: env.current_coinbase.0,
        gas_limit: env.current_gas_limit.0,
        base_fee: env.current_base_fee.map_or(0, |fee| fee.0),
        rules,
        predicate_rows: Vec::new(),
        fixed: Fixed {
            difficulty: env.current_difficulty.0,
            prevrandao: env.current_random.map_or(B256::ZERO, |random| random.0.into()),
            excess_blob_gas: env.current_excess_blob_gas.map_or(0, |gas| gas.0),
        },
    }
}

/// Environment of a block of a sequence: what such a block does not say is as on this chain.
#[must_use]
pub fn of_block(block: &Block, rules: Rules) -> Environment {
    Environment {
        number: block.number.0,
        time: block.timestamp.0,
        coinbase: block.coinbase.0,
        gas_limit: block.gas_limit.0,
        base_fee: block.base_fee.0,
        rules,
        predicate_rows: Vec::new(),
        fixed: Fixed::PARS,
    }
}

/// A processing block of this height over a store that knows its ancestors, with this state.
fn view(accounts: &Accounts, height: u64, hash: impl Fn(u64) -> Option<B256>) -> Result<View, Fatal> {
    let store = Memory::new();
    let mut ids = Batch::default();
    for number in height.saturating_sub(BLOCK_HASH_DEPTH)..height {
        if let Some(hash) = hash(number) {
            ids.put(Column::Ids, number.to_be_bytes().to_vec(), hash.to_vec());
        }
    }
    store.commit(ids, Durability::Buffered)?;
    let nothing = View::accepted(store.snapshot()?, BlockId::default(), Arc::new(Header::default()), 0);
    // Written as genesis is: an empty account stays.
    let mut state = Overlay::new(&nothing);
    for (address, account) in accounts {
        let info = Info { nonce: account.nonce.0, balance: account.balance.0, ..Info::EMPTY };
        state.set_info(address.0, info)?;
        state.set_code(address.0, &account.code.0)?;
        for (slot, value) in &account.storage {
            state.set_slot(address.0, slot.0, value.0)?;
        }
    }
    let (state_root, layer) = finish(state)?;
    let header = Header { number: U256::from(height), state_root, ..Header::default() };
    Ok(nothing.child(BlockId(hash(height).unwrap_or_default()), Arc::new(header), Arc::new(layer)))
}

//! The eight fee fields of a chain, in the order in which the fee manager stores them.

use alloy_primitives::U256;

/// Parameters of base fee and block gas cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeConfig {
    /// Gas of a block.
    pub gas_limit: U256,
    /// Aimed seconds between blocks.
    pub target_block_rate: u64,
    /// Floor of the base fee, wei.
    pub min_base_fee: U256,
    /// Aimed gas in a rolling window of ten seconds.
    pub target_gas: U256,
    /// The larger, the slower the base fee moves.
    pub base_fee_change_denominator: U256,
    /// Floor of the block gas cost.
    pub min_block_gas_cost: U256,
    /// Ceiling of the block gas cost.
    pub max_block_gas_cost: U256,
    /// Change of the block gas cost for each second off target.
    pub block_gas_cost_step: U256,
}

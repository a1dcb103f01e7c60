//! The six precompiles of subnet-evm, at its addresses, with its selectors, prices, events and slots.
//!
//! Four of them and the deployer list share the allow list: [`allow_list`]. Warp has no roles.

pub mod allow_list;
pub mod deployer_allow_list;
pub mod fee_manager;
pub mod native_minter;
pub mod reward_manager;
pub mod tx_allow_list;
pub mod warp;

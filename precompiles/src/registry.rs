//! The table: every stateful precompile, sorted by address.

use crate::config::{Config, Defaults, Kind};
use crate::interface::Interface;
use crate::port::{Call, Fatal, State, Stop};
use crate::subnet;
use alloy_primitives::{Address, B256, Bytes};

/// One precompile.
#[derive(Debug)]
pub struct Entry {
    /// Name of its Solidity interface without the leading I, such as `NativeMinter`.
    pub name: &'static str,
    /// What it is for, for readers of its interface.
    pub about: &'static str,
    /// Canonical address: state and logs live here whichever address was called.
    pub at: Address,
    /// Default aliases. Genesis `addressBook` replaces or, for the six of subnet-evm, adds them.
    pub also: &'static [Address],
    /// Key in genesis `config` and in `precompileUpgrades`.
    pub config_key: &'static str,
    /// Which fields its configuration has.
    pub config: Kind,
    /// Runs one call.
    pub run: fn(&mut Call<'_>) -> Result<Bytes, Stop>,
    /// Writes the first state at activation.
    pub configure: fn(&mut dyn State, &Config, &Defaults) -> Result<(), Fatal>,
    /// Intrinsic gas of an access-list tuple at the canonical address, where such tuples are predicates.
    pub predicate_gas: Option<PredicateGas>,
    /// Functions and events as Solidity declares them: the table that `run` dispatches by, and the source of the
    /// generated interface.
    pub interface: &'static [&'static Interface],
}

/// Gas of one predicate from the tuple's storage keys; the flag says whether Granite is active.
pub type PredicateGas = fn(&[B256], bool) -> Result<u64, BadPredicate>;

/// A predicate that makes its transaction invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPredicate;

/// Every stateful precompile, sorted by canonical address.
pub static TABLE: &[Entry] = &[
    subnet::deployer_allow_list::ENTRY,
    subnet::native_minter::ENTRY,
    subnet::tx_allow_list::ENTRY,
    subnet::fee_manager::ENTRY,
    subnet::reward_manager::ENTRY,
    subnet::warp::ENTRY,
];

//! The table: every stateful precompile, sorted by address.

use crate::config::{Config, Defaults, Kind};
use crate::curves::bls;
use crate::governance::ballots;
use crate::interface::Interface;
use crate::port::{Call, Fatal, State, Stop};
use crate::pq;
use crate::subnet;
use crate::threshold::{cggmp21, frost};
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
    /// Key in genesis `config` and in `precompileUpgrades`. Rows of one key are switched together.
    pub config_key: &'static str,
    /// Which fields its configuration has.
    pub config: Kind,
    /// It only computes: nobody's state is read or written, so it answers alike however it is called, DELEGATECALL
    /// included.
    pub pure: bool,
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

/// [`Entry::configure`] of a row without state.
///
/// # Errors
/// None.
pub fn configures_nothing(_: &mut dyn State, _: &Config, _: &Defaults) -> Result<(), Fatal> {
    Ok(())
}

/// Gas of one predicate from the tuple's storage keys; the flag says whether Granite is active.
pub type PredicateGas = fn(&[B256], bool) -> Result<u64, BadPredicate>;

/// A predicate that makes its transaction invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadPredicate;

/// Indices of the rows that a key switches.
pub fn rows_of(config_key: &str) -> impl Iterator<Item = usize> {
    TABLE.iter().enumerate().filter(move |(_, entry)| entry.config_key == config_key).map(|(row, _)| row)
}

/// The first row of each key with its index, in table order: what files say about a key is read by it.
pub fn keys() -> impl Iterator<Item = (usize, &'static Entry)> {
    TABLE.iter().enumerate().filter(|(row, entry)| rows_of(entry.config_key).next() == Some(*row))
}

/// Every stateful precompile, sorted by canonical address.
pub static TABLE: &[Entry] = &[
    pq::unified::ENTRY,
    pq::mldsa::ENTRY,
    pq::mlkem::ENTRY,
    pq::slhdsa::ENTRY,
    pq::hybrid::BLS,
    pq::hybrid::ECDSA,
    pq::mldsa_eip8355::ENTRY_44,
    pq::mldsa_eip8355::ENTRY_65,
    pq::mldsa_eip8355::ENTRY_87,
    frost::ENTRY,
    cggmp21::ENTRY,
    ballots::ENTRY,
    bls::VERIFY,
    bls::AGGREGATE,
    subnet::deployer_allow_list::ENTRY,
    subnet::native_minter::ENTRY,
    subnet::tx_allow_list::ENTRY,
    subnet::fee_manager::ENTRY,
    subnet::reward_manager::ENTRY,
    subnet::warp::ENTRY,
];

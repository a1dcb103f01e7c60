//! [`ChainSpec`]: the rules of one chain.

use crate::forks::{Forks, Rules};
use alloy_primitives::{Address, B256, Bytes, U256};
use pars_precompiles::config::Config;
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::registry::TABLE;
use std::collections::BTreeMap;

/// The rules of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainSpec {
    /// EVM chain id.
    pub chain_id: u64,
    /// Fork times.
    pub forks: Forks,
    /// `feeConfig`.
    pub fee: FeeConfig,
    /// `allowFeeRecipients`.
    pub allow_fee_recipients: bool,
    /// `initialMinDelayMS`.
    pub initial_min_delay_ms: Option<u64>,
    /// Switches of precompiles: those of genesis in table order, then those of the upgrade file in its order.
    pub switches: Vec<Switch>,
    /// `stateUpgrades`, by time.
    pub state_upgrades: Vec<StateUpgrade>,
    /// Addresses of each row, in table order: the canonical one first, then its aliases.
    pub addresses: Vec<Vec<Address>>,
}

/// A precompile is switched on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Index in [`TABLE`].
    pub row: usize,
    /// From the first block at or after this time, Unix seconds.
    pub time: u64,
    /// On with this configuration, or off.
    pub to: Option<Config>,
}

/// A change of state written into the upgrade file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateUpgrade {
    /// In the first block at or after this time, Unix seconds.
    pub time: u64,
    /// By address.
    pub accounts: BTreeMap<Address, AccountUpgrade>,
}

/// A change of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountUpgrade {
    /// Added modulo 2^256.
    pub balance_change: U256,
    /// New code, empty for none.
    pub code: Bytes,
    /// Slots to set.
    pub storage: BTreeMap<B256, B256>,
}

impl ChainSpec {
    /// Forks active in a block of this time.
    #[must_use]
    pub fn rules(&self, time: u64) -> Rules {
        self.forks.at(time)
    }

    /// Configuration of a row where it is on in a block of this time.
    #[must_use]
    pub fn enabled(&self, row: usize, time: u64) -> Option<&Config> {
        self.switches.iter().rfind(|switch| switch.row == row && switch.time <= time)?.to.as_ref()
    }

    /// Switches that a block makes, given its parent's time (none: genesis): by canonical address, and within a row
    /// in the order of the files.
    #[must_use]
    pub fn switches(&self, parent: Option<u64>, time: u64) -> Vec<&Switch> {
        let mut due: Vec<&Switch> = self.switches.iter().filter(|switch| is_due(parent, switch.time, time)).collect();
        due.sort_by_key(|switch| TABLE.get(switch.row).map(|entry| entry.at));
        due
    }

    /// State upgrades that a block makes, given its parent's time. Genesis makes none.
    pub fn state_upgrades(&self, parent: u64, time: u64) -> impl Iterator<Item = &StateUpgrade> {
        self.state_upgrades.iter().filter(move |upgrade| is_due(Some(parent), upgrade.time, time))
    }
}

fn is_due(parent: Option<u64>, start: u64, time: u64) -> bool {
    start <= time && parent.is_none_or(|parent| start > parent)
}

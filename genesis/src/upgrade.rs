//! What a restart may change: nothing that has already happened.

use crate::forks::Forks;
use crate::spec::{ChainSpec, StateUpgrade, Switch};
use pars_precompiles::config::{Config, Warp};
use pars_precompiles::registry::TABLE;

/// The given files say something else about the past than those the chain was run with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{entry}: the chain's blocks up to time {head_time} were made with {stored}, now the files say {given}; \
     put this entry back as it was, changes must lie after {head_time}"
)]
pub struct Incompatible {
    /// The first differing entry.
    pub entry: String,
    /// What the chain was run with.
    pub stored: String,
    /// What the files say.
    pub given: String,
    /// Time of the last accepted block, Unix seconds.
    pub head_time: u64,
}

impl ChainSpec {
    /// Checks that this specification tells the same past as the one that the chain was run with: values of genesis,
    /// and every fork, switch and state upgrade that is active at the head in either.
    ///
    /// # Errors
    /// The first differing entry.
    pub fn check_compatible(&self, stored: &Self, head_time: u64) -> Result<(), Incompatible> {
        let differs = |entry: String, stored: String, given: String| {
            if stored == given { Ok(()) } else { Err(Incompatible { entry, stored, given, head_time }) }
        };
        let constant = |entry: &str, stored: String, given: String| differs(entry.to_owned(), stored, given);
        constant("config.chainId", stored.chain_id.to_string(), self.chain_id.to_string())?;
        for ((name, old), new) in Forks::NAMES.into_iter().zip(stored.forks.times()).zip(self.forks.times()) {
            if [old, new].into_iter().flatten().any(|time| time <= head_time) {
                differs(format!("{name}Timestamp"), shown_time(old), shown_time(new))?;
            }
        }
        for ((key, old), new) in pars_precompiles::fee::FeeConfig::FIELDS.into_iter().zip(stored.fee.words()).zip(self.fee.words()) {
            differs(format!("config.feeConfig.{key}"), old.to_string(), new.to_string())?;
        }
        constant(
            "config.allowFeeRecipients",
            stored.allow_fee_recipients.to_string(),
            self.allow_fee_recipients.to_string(),
        )?;
        constant(
            "config.initialMinDelayMS",
            format!("{:?}", stored.initial_min_delay_ms),
            format!("{:?}", self.initial_min_delay_ms),
        )?;
        for (row, entry) in TABLE.iter().enumerate() {
            let key = entry.config_key;
            let (old, new) = (past(stored, row, head_time), past(self, row, head_time));
            for index in 0..old.len().max(new.len()) {
                let (old, new) = (old.get(index), new.get(index));
                differs(format!("{key}, change {}", index + 1), shown_switch(old), shown_switch(new))?;
            }
            differs(
                format!("config.addressBook.{key}"),
                format!("{:?}", stored.addresses.get(row)),
                format!("{:?}", self.addresses.get(row)),
            )?;
        }
        let old: Vec<_> = stored.state_upgrades.iter().filter(|upgrade| upgrade.time <= head_time).collect();
        let new: Vec<_> = self.state_upgrades.iter().filter(|upgrade| upgrade.time <= head_time).collect();
        for index in 0..old.len().max(new.len()) {
            differs(format!("stateUpgrades[{index}]"), shown_state(old.get(index)), shown_state(new.get(index)))?;
        }
        Ok(())
    }
}

/// What happened to a row, in order, with what blocks do not depend on taken out.
fn past(spec: &ChainSpec, row: usize, head_time: u64) -> Vec<Switch> {
    spec.switches
        .iter()
        .filter(|switch| switch.row == row && switch.time <= head_time)
        .cloned()
        .map(|mut switch| {
            if let Some(Config::Warp(Warp { require_primary_network_signers, .. })) = &mut switch.to {
                *require_primary_network_signers = false;
            }
            switch
        })
        .collect()
}

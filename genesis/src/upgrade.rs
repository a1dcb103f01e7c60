//! What a restart may change: nothing that has already happened.

use crate::forks::Forks;
use crate::spec::{AccountUpgrade, ChainSpec, StateUpgrade, Switch};
use alloy_primitives::{Address, B256};
use pars_precompiles::config::{Config, InitialReward, Roles, Warp};
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::registry::TABLE;
use std::fmt::Debug;

/// The files say something else about the past than those with which the chain was run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{entry}: blocks up to time {head_time} were made with {stored}, the files now say {given}; \
     put it back, only what begins after {head_time} can change"
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
    /// Checks that this specification tells the same past as `stored`, with which the chain was run: the values that
    /// hold from genesis on, and every fork, switch and state upgrade that is active at the head in either.
    ///
    /// # Errors
    /// The first differing entry.
    pub fn check_compatible(&self, stored: &Self, head_time: u64) -> Result<(), Incompatible> {
        let difference = constants(stored, self)
            .or_else(|| forks(&stored.forks, &self.forks, head_time))
            .or_else(|| {
                (0..TABLE.len())
                    .find_map(|row| switches(row, &past(stored, row, head_time), &past(self, row, head_time)))
            })
            .or_else(|| states(&past_states(stored, head_time), &past_states(self, head_time)));
        difference
            .map_or(Ok(()), |Difference { entry, stored, given }| Err(Incompatible { entry, stored, given, head_time }))
    }
}

struct Difference {
    entry: String,
    stored: String,
    given: String,
}

impl Difference {
    fn new(entry: impl Into<String>, stored: impl Into<String>, given: impl Into<String>) -> Self {
        Self { entry: entry.into(), stored: stored.into(), given: given.into() }
    }

    fn between(entry: impl Into<String>, stored: &impl Debug, given: &impl Debug) -> Self {
        Self::new(entry, format!("{stored:?}"), format!("{given:?}"))
    }
}

/// Values that the first block already depends on.
fn constants(old: &ChainSpec, new: &ChainSpec) -> Option<Difference> {
    if old.chain_id != new.chain_id {
        return Some(Difference::between("config.chainId", &old.chain_id, &new.chain_id));
    }
    if let Some(difference) = first_field(&fee_fields(&old.fee), &fee_fields(&new.fee), "config.feeConfig.") {
        return Some(difference);
    }
    if old.allow_fee_recipients != new.allow_fee_recipients {
        let (old, new) = (old.allow_fee_recipients, new.allow_fee_recipients);
        return Some(Difference::between("config.allowFeeRecipients", &old, &new));
    }
    if old.initial_min_delay_ms != new.initial_min_delay_ms {
        let shown = |delay: Option<u64>| delay.unwrap_or_default().to_string();
        let (old, new) = (shown(old.initial_min_delay_ms), shown(new.initial_min_delay_ms));
        return Some(Difference::new("config.initialMinDelayMS", old, new));
    }
    TABLE.iter().enumerate().find_map(|(row, entry)| {
        let addresses = |spec: &ChainSpec| spec.addresses.get(row).cloned().unwrap_or_default();
        let (old, new) = (addresses(old), addresses(new));
        let entry = || format!("config.addressBook.{}", entry.config_key);
        (old != new).then(|| Difference::between(entry(), &old, &new))
    })
}

fn forks(old: &Forks, new: &Forks, head_time: u64) -> Option<Difference> {
    let shown = |time: Option<u64>| time.map_or_else(|| "never".to_owned(), |time| time.to_string());
    let times = old.times().into_iter().zip(new.times());
    Forks::NAMES.into_iter().zip(times).find_map(|(name, (old, new))| {
        let begun = [old, new].into_iter().flatten().any(|time| time <= head_time);
        (begun && old != new).then(|| Difference::new(format!("{name}Timestamp"), shown(old), shown(new)))
    })
}

fn past(spec: &ChainSpec, row: usize, head_time: u64) -> Vec<&Switch> {
    spec.switches.iter().filter(|switch| switch.row == row && switch.time <= head_time).collect()
}

fn switches(row: usize, old: &[&Switch], new: &[&Switch]) -> Option<Difference> {
    let key = TABLE.get(row)?.config_key;
    let shown = |switch: &Switch| if switch.to.is_some() { "on" } else { "off" };
    for index in 0..old.len().max(new.len()) {
        let (old, new) = match (old.get(index), new.get(index)) {
            (Some(old), Some(new)) => (old, new),
            (Some(old), None) => {
                return Some(Difference::new(format!("{key} at {}", old.time), shown(old), "nothing"));
            }
            (None, Some(new)) => {
                return Some(Difference::new(format!("{key} at {}", new.time), "nothing", shown(new)));
            }
            (None, None) => return None,
        };
        if old.time != new.time {
            return Some(Difference::between(format!("{key} at {}: blockTimestamp", old.time), &old.time, &new.time));
        }
        let difference = match (&old.to, &new.to) {
            (Some(old_config), Some(new_config)) => {
                first_field(&fields(old_config), &fields(new_config), &format!("{key} at {}: ", old.time))
            }
            (None, None) => None,
            (_, _) => Some(Difference::new(format!("{key} at {}", old.time), shown(old), shown(new))),
        };
        if difference.is_some() {
            return difference;
        }
    }
    None
}

fn past_states(spec: &ChainSpec, head_time: u64) -> Vec<&StateUpgrade> {
    spec.state_upgrades.iter().filter(|upgrade| upgrade.time <= head_time).collect()
}

fn states(old: &[&StateUpgrade], new: &[&StateUpgrade]) -> Option<Difference> {
    let shown = |state: Option<&&StateUpgrade>| {
        state.map_or_else(|| "nothing".to_owned(), |state| format!("an upgrade at {}", state.time))
    };
    (0..old.len().max(new.len())).find_map(|index| {
        let path = format!("stateUpgrades[{index}]");
        let (Some(old), Some(new)) = (old.get(index), new.get(index)) else {
            return Some(Difference::new(path, shown(old.get(index)), shown(new.get(index))));
        };
        if old.time != new.time {
            return Some(Difference::between(format!("{path}.blockTimestamp"), &old.time, &new.time));
        }
        old.accounts.keys().chain(new.accounts.keys()).find_map(|address| account(&path, *address, old, new))
    })
}

fn account(path: &str, address: Address, old: &StateUpgrade, new: &StateUpgrade) -> Option<Difference> {
    let path = format!("{path}.accounts.{address}");
    let present = |upgrade: Option<&AccountUpgrade>| {
        if upgrade.is_some() { "a change" } else { "nothing" }
    };
    let (old, new) = (old.accounts.get(&address), new.accounts.get(&address));
    let (Some(old), Some(new)) = (old, new) else {
        return (old != new).then(|| Difference::new(path, present(old), present(new)));
    };
    if old.balance_change != new.balance_change {
        return Some(Difference::between(format!("{path}.balanceChange"), &old.balance_change, &new.balance_change));
    }
    if old.code != new.code {
        let shown = |upgrade: &AccountUpgrade| format!("{} bytes of code", upgrade.code.len());
        return Some(Difference::new(format!("{path}.code"), shown(old), shown(new)));
    }
    let slots = old.storage.keys().chain(new.storage.keys());
    slots.copied().find_map(|slot: B256| {
        let (old, new) = (old.storage.get(&slot), new.storage.get(&slot));
        let shown = |value: Option<&B256>| value.map_or_else(|| "nothing".to_owned(), B256::to_string);
        (old != new).then(|| Difference::new(format!("{path}.storage.{slot}"), shown(old), shown(new)))
    })
}

fn first_field(old: &[(&'static str, String)], new: &[(&'static str, String)], place: &str) -> Option<Difference> {
    let (old, new) = old.iter().zip(new).find(|(old, new)| old != new)?;
    let (name, old) = old;
    Some(Difference::new(format!("{place}{name}"), old, &new.1))
}

fn fee_fields(fee: &FeeConfig) -> Vec<(&'static str, String)> {
    FeeConfig::FIELDS.into_iter().zip(fee.words().map(|word| word.to_string())).collect()
}

/// What blocks depend on in a configuration, by key. Who signs for the primary network decides only which messages
/// verify, which the Go node lets its operators change too.
fn fields(config: &Config) -> Vec<(&'static str, String)> {
    let with_roles = |roles: &Roles, own: (&'static str, String)| {
        let Roles { admins, managers, enabled } = roles;
        vec![
            ("adminAddresses", format!("{admins:?}")),
            ("managerAddresses", format!("{managers:?}")),
            ("enabledAddresses", format!("{enabled:?}")),
            own,
        ]
    };
    let option = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    match config {
        Config::AllowList(roles) => with_roles(roles, ("", String::new())),
        Config::NativeMinter(roles, mints) => with_roles(roles, ("initialMint", format!("{mints:?}"))),
        Config::FeeManager(roles, fees) => {
            let shown = fees.as_ref().map(|fees| format!("{:?}", fees.words()));
            with_roles(roles, ("initialFeeConfig", option(shown)))
        }
        Config::RewardManager(roles, reward) => {
            let shown = reward.map(|InitialReward { allow_fee_recipients, reward_address }| {
                format!("allowFeeRecipients {allow_fee_recipients}, rewardAddress {reward_address}")
            });
            with_roles(roles, ("initialRewardConfig", option(shown)))
        }
        Config::Warp(Warp { quorum_numerator, .. }) => vec![("quorumNumerator", quorum_numerator.to_string())],
        Config::Plain => Vec::new(),
        Config::Secrets(allowed) => vec![("allowOnChainSecrets", allowed.to_string())],
    }
}

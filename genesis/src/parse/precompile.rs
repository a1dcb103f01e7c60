//! The configuration object of one precompile, in `config` and in `precompileUpgrades`.

use crate::error::{Error, File, Offence};
use crate::forks::Forks;
use crate::parse::json::{Node, Object};
use crate::parse::{fee, keys};
use crate::spec::Switch;
use alloy_primitives::{Address, U256};
use pars_precompiles::config::{Config, InitialReward, Kind, Roles, Warp};
use pars_precompiles::registry::{self, TABLE};
use std::collections::BTreeMap;

/// A configuration as read, before the forks are known.
#[derive(Debug, Clone)]
pub(crate) struct Parsed {
    /// Index in the table.
    pub(crate) row: usize,
    /// `blockTimestamp`.
    pub(crate) time: Option<u64>,
    /// `disable`.
    pub(crate) disable: bool,
    /// Everything else.
    pub(crate) config: Config,
    file: File,
    path: String,
}

impl Parsed {
    /// Reads the value of row `row`'s key.
    pub(crate) fn read(node: &Node<'_>, row: usize, kind: Kind) -> Result<Self, Error> {
        let object = node.object()?;
        keys::only(&object, &known(kind))?;
        let when = When::read(&object)?;
        let config = match kind {
            Kind::AllowList => Config::AllowList(roles(&object)?),
            Kind::NativeMinter => Config::NativeMinter(roles(&object)?, initial_mint(&object)?),
            Kind::FeeManager => {
                let fees = object.get("initialFeeConfig").map(|node| fee::read(&node)).transpose()?;
                Config::FeeManager(roles(&object)?, fees)
            }
            Kind::RewardManager => Config::RewardManager(roles(&object)?, initial_reward(&object)?),
            Kind::Warp => Config::Warp(warp(&object)?),
            Kind::Plain => Config::Plain,
            Kind::Secrets => Config::Secrets(object.flag("allowOnChainSecrets")?),
        };
        let When { time, disable } = when;
        Ok(Self { row, time, disable, config, file: node.origin(), path: node.path() })
    }

    /// Checks what depends on forks and on the chain.
    pub(crate) fn check_chain(&self, forks: &Forks, chain_id: u64) -> Result<(), Error> {
        if chain_id == MAINNET_CHAIN_ID && self.config == Config::Secrets(true) {
            return Err(self.error("allowOnChainSecrets", Offence::OnChainSecrets { chain_id }));
        }
        let Some(time) = self.time else { return Ok(()) };
        let durango = forks.durango;
        if forks.at(time).durango {
            return Ok(());
        }
        match &self.config {
            Config::AllowList(roles)
            | Config::NativeMinter(roles, _)
            | Config::FeeManager(roles, _)
            | Config::RewardManager(roles, _) => {
                if roles.managers.is_empty() {
                    return Ok(());
                }
                Err(self.error("managerAddresses", Offence::ManagersBeforeDurango { time, durango }))
            }
            Config::Warp(_) => Err(self.error("blockTimestamp", Offence::WarpBeforeDurango { time, durango })),
            Config::Plain | Config::Secrets(_) => Ok(()),
        }
    }

    /// Key of the row.
    pub(crate) fn key(&self) -> &'static str {
        TABLE.get(self.row).map_or("", |entry| entry.config_key)
    }

    /// The same switch of every row that has this key.
    pub(crate) fn switches(&self, time: u64) -> impl Iterator<Item = Switch> {
        let to = (!self.disable).then(|| self.config.clone());
        registry::rows_of(self.key()).map(move |row| Switch { row, time, to: to.clone() })
    }

    /// A refusal at a key of the object.
    pub(crate) fn error(&self, key: &str, offence: Offence) -> Error {
        Error { file: self.file, path: format!("{}.{key}", self.path), offence }
    }

    /// A refusal of the whole object.
    pub(crate) fn error_here(&self, offence: Offence) -> Error {
        Error { file: self.file, path: self.path.clone(), offence }
    }

    /// Path of the object.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Both say the same.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self.time == other.time && self.disable == other.disable && self.config == other.config
    }
}

/// `blockTimestamp` and `disable`, which stand in the object itself or in an object `upgrade` inside it.
#[derive(Debug, Clone, Copy)]
struct When {
    time: Option<u64>,
    disable: bool,
}

impl When {
    fn read(object: &Object<'_>) -> Result<Self, Error> {
        let nested_node = object.get("upgrade");
        let nested = nested_node.as_ref().map(Node::object).transpose()?;
        if let Some(nested) = &nested {
            keys::only(nested, &["blockTimestamp", "disable"])?;
        }
        let time = both(object, nested.as_ref(), "blockTimestamp", |node| node.plain_u64())?;
        let disable = both(object, nested.as_ref(), "disable", |node| node.boolean())?.unwrap_or(false);
        Ok(Self { time, disable })
    }
}

fn both<T: PartialEq>(
    flat: &Object<'_>,
    nested: Option<&Object<'_>>,
    key: &str,
    read: impl Fn(&Node<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let (Some(node), Some(other)) = (flat.get(key), nested.and_then(|nested| nested.get(key))) else {
        let only = flat.get(key).or_else(|| nested.and_then(|nested| nested.get(key)));
        return only.map(|node| read(&node)).transpose();
    };
    let (value, other_value) = (read(&node)?, read(&other)?);
    if value == other_value { Ok(Some(value)) } else { Err(other.error(Offence::Differs { other: node.path() })) }
}

fn known(kind: Kind) -> Vec<&'static str> {
    let own: &[&str] = match kind {
        Kind::AllowList | Kind::Plain => &[],
        Kind::NativeMinter => &["initialMint"],
        Kind::FeeManager => &["initialFeeConfig"],
        Kind::RewardManager => &["initialRewardConfig"],
        Kind::Warp => &["quorumNumerator", "requirePrimaryNetworkSigners"],
        Kind::Secrets => &["allowOnChainSecrets"],
    };
    let lists: &[&str] = if kind.has_roles() { &ROLE_LISTS } else { &[] };
    [&["blockTimestamp", "disable", "upgrade"], lists, own].concat()
}

fn roles(object: &Object<'_>) -> Result<Roles, Error> {
    let mut seen: BTreeMap<Address, &'static str> = BTreeMap::new();
    let mut lists = ROLE_LISTS.into_iter().map(|key| addresses(object, key, &mut seen));
    // The order of the names.
    let mut next = || lists.next().unwrap_or_else(|| Ok(Vec::new()));
    Ok(Roles { admins: next()?, managers: next()?, enabled: next()? })
}

fn addresses(
    object: &Object<'_>,
    key: &'static str,
    seen: &mut BTreeMap<Address, &'static str>,
) -> Result<Vec<Address>, Error> {
    let Some(node) = object.get(key) else {
        return Ok(Vec::new());
    };
    let mut addresses = Vec::new();
    for item in node.list()?.iter() {
        let address = item.address()?;
        if let Some(first) = seen.insert(address, key) {
            return Err(item.error(Offence::TwoRoles { address, first }));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

fn initial_mint(object: &Object<'_>) -> Result<Vec<(Address, U256)>, Error> {
    let Some(node) = object.get("initialMint") else {
        return Ok(Vec::new());
    };
    let mut mints = BTreeMap::new();
    for entry in node.object()?.iter() {
        let wei = entry.loose_u256()?;
        if wei.is_zero() {
            return Err(entry.error(Offence::NoMint));
        }
        if mints.insert(entry.key_address()?, wei).is_some() {
            return Err(entry.error(Offence::Twice));
        }
    }
    Ok(mints.into_iter().collect())
}

fn initial_reward(object: &Object<'_>) -> Result<Option<InitialReward>, Error> {
    let Some(node) = object.get("initialRewardConfig") else {
        return Ok(None);
    };
    let object = node.object()?;
    keys::only(&object, &["allowFeeRecipients", "rewardAddress"])?;
    let allow_fee_recipients = object.flag("allowFeeRecipients")?;
    let reward_address = object.get("rewardAddress").map(|node| node.address()).transpose()?.unwrap_or_default();
    if allow_fee_recipients && !reward_address.is_zero() {
        return Err(object.error("rewardAddress", Offence::TwoRewards { address: reward_address }));
    }
    Ok(Some(InitialReward { allow_fee_recipients, reward_address }))
}

fn warp(object: &Object<'_>) -> Result<Warp, Error> {
    let quorum_numerator = object.get("quorumNumerator").map(|node| node.plain_u64()).transpose()?.unwrap_or(0);
    if quorum_numerator != 0 && !(33..=100).contains(&quorum_numerator) {
        return Err(object.error("quorumNumerator", Offence::Quorum { got: quorum_numerator }));
    }
    let require_primary_network_signers = object.flag("requirePrimaryNetworkSigners")?;
    Ok(Warp { quorum_numerator, require_primary_network_signers })
}

/// The network whose coins have value.
const MAINNET_CHAIN_ID: u64 = 6_133;

const ROLE_LISTS: [&str; 3] = ["adminAddresses", "managerAddresses", "enabledAddresses"];

//! The upgrade file.

use crate::error::{Error, File, Offence};
use crate::forks::Forks;
use crate::parse::fork_times::{self, Times};
use crate::parse::json::Node;
use crate::parse::keys;
use crate::parse::precompile::Parsed;
use crate::spec::{AccountUpgrade, StateUpgrade, Switch};
use pars_precompiles::registry;
use std::collections::BTreeMap;

/// The upgrade file as read.
#[derive(Debug, Default)]
pub(crate) struct Upgrades {
    pub(crate) overrides: Times,
    /// In the order of the file.
    pub(crate) precompiles: Vec<Parsed>,
    pub(crate) states: Vec<StateUpgrade>,
}

impl Upgrades {
    /// Reads the file; no bytes and `null` say nothing.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let file = Node::file(File::Upgrade, bytes)?;
        if file.is_null() {
            return Ok(Self::default());
        }
        let object = file.object()?;
        keys::only(&object, &["networkUpgradeOverrides", "precompileUpgrades", "stateUpgrades"])?;
        Ok(Self {
            overrides: object
                .get("networkUpgradeOverrides")
                .map(|node| overrides(&node))
                .transpose()?
                .unwrap_or_default(),
            precompiles: object
                .get("precompileUpgrades")
                .map(|node| precompiles(&node))
                .transpose()?
                .unwrap_or_default(),
            states: object.get("stateUpgrades").map(|node| states(&node)).transpose()?.unwrap_or_default(),
        })
    }
}

/// Checks the switches of genesis and upgrade file against each other and the forks, and puts them in order: genesis
/// in table order, then the file's.
pub(crate) fn switches(
    genesis: Vec<Parsed>,
    upgrades: Vec<Parsed>,
    forks: &Forks,
    chain_id: u64,
) -> Result<Vec<Switch>, Error> {
    let mut switches = Vec::new();
    let mut last: BTreeMap<usize, (bool, u64)> = BTreeMap::new();
    for parsed in genesis {
        parsed.check_chain(forks, chain_id)?;
        // Without a time it is never on.
        let Some(time) = parsed.time else { continue };
        last.insert(parsed.row, (true, time));
        switches.extend(parsed.switches(time));
    }
    let mut before_any = None;
    for parsed in upgrades {
        let time = parsed
            .time
            .ok_or_else(|| parsed.error("blockTimestamp", Offence::Missing { expected: "a time in Unix seconds" }))?;
        if let Some(before) = before_any.replace(time)
            && time < before
        {
            return Err(parsed.error("blockTimestamp", Offence::Unsorted { got: time, before }));
        }
        let (on, before) = last.get(&parsed.row).map_or((false, None), |(on, before)| (*on, Some(*before)));
        if on != parsed.disable {
            return Err(parsed.error("disable", Offence::NoChange { key: parsed.key(), on }));
        }
        if let Some(before) = before
            && time <= before
        {
            return Err(parsed.error("blockTimestamp", Offence::NotAfter { got: time, before }));
        }
        parsed.check_chain(forks, chain_id)?;
        last.insert(parsed.row, (!on, time));
        switches.extend(parsed.switches(time));
    }
    Ok(switches)
}

fn overrides(node: &Node<'_>) -> Result<Times, Error> {
    let object = node.object()?;
    keys::only(&object, &fork_times::KEYS)?;
    fork_times::read(&object)
}

fn precompiles(node: &Node<'_>) -> Result<Vec<Parsed>, Error> {
    let mut found = Vec::new();
    for item in node.list()?.iter() {
        let object = item.object()?;
        keys::only(&object, &keys::rows())?;
        let mut named = registry::keys()
            .filter_map(|(row, entry)| object.get(entry.config_key).map(|node| (node, row, entry.config)));
        let (Some((node, row, kind)), None) = (named.next(), named.next()) else {
            return Err(item.error(Offence::NotOneKey { got: object.iter().filter(|node| !node.is_null()).count() }));
        };
        found.push(Parsed::read(&node, row, kind)?);
    }
    Ok(found)
}

fn states(node: &Node<'_>) -> Result<Vec<StateUpgrade>, Error> {
    let mut found: Vec<StateUpgrade> = Vec::new();
    for item in node.list()?.iter() {
        let object = item.object()?;
        keys::only(&object, &["blockTimestamp", "accounts"])?;
        let when = object.require("blockTimestamp", "a time in Unix seconds, more than 0")?;
        let time = when.plain_u64()?;
        if time == 0 {
            return Err(when.mismatch("a time in Unix seconds, more than 0"));
        }
        if let Some(before) = found.last().map(|upgrade| upgrade.time)
            && time <= before
        {
            return Err(when.error(Offence::NotAfter { got: time, before }));
        }
        let mut accounts = BTreeMap::new();
        if let Some(node) = object.get("accounts") {
            for entry in node.object()?.iter() {
                if accounts.insert(entry.key_address()?, account(&entry)?).is_some() {
                    return Err(entry.error(Offence::Twice));
                }
            }
        }
        found.push(StateUpgrade { time, accounts });
    }
    Ok(found)
}

fn account(node: &Node<'_>) -> Result<AccountUpgrade, Error> {
    let object = node.object()?;
    keys::only(&object, &["balanceChange", "code", "storage"])?;
    let mut storage = BTreeMap::new();
    if let Some(node) = object.get("storage") {
        for slot in node.object()?.iter() {
            if storage.insert(slot.key_hash()?, slot.hash()?).is_some() {
                return Err(slot.error(Offence::Twice));
            }
        }
    }
    Ok(AccountUpgrade {
        balance_change: object.get("balanceChange").map(|node| node.loose_wrapping()).transpose()?.unwrap_or_default(),
        code: object.get("code").map(|node| node.bytes()).transpose()?.unwrap_or_default(),
        storage,
    })
}

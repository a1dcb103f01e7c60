//! `config` of a genesis.

use crate::error::{Error, Offence};
use crate::parse::json::{Node, Object};
use crate::parse::keys::{self, Notes};
use crate::parse::precompile::Parsed;
use crate::parse::{address_book, fee, fork_times};
use alloy_primitives::Address;
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::registry;

/// `config` as read, before forks are known.
#[derive(Debug)]
pub(crate) struct ChainConfig {
    pub(crate) chain_id: u64,
    pub(crate) times: fork_times::Times,
    pub(crate) fee: FeeConfig,
    pub(crate) allow_fee_recipients: bool,
    pub(crate) initial_min_delay_ms: Option<u64>,
    /// In table order.
    pub(crate) precompiles: Vec<Parsed>,
    pub(crate) addresses: Vec<Vec<Address>>,
}

impl ChainConfig {
    /// What a genesis without `config` means.
    pub(crate) fn absent() -> Result<Self, Error> {
        Ok(Self {
            chain_id: CHAIN_ID_WITHOUT_CONFIG,
            times: fork_times::without_config(),
            fee: FeeConfig::DEFAULT,
            allow_fee_recipients: false,
            initial_min_delay_ms: None,
            precompiles: Vec::new(),
            addresses: address_book::read(None)?,
        })
    }

    /// Reads `config`.
    pub(crate) fn read(node: &Node<'_>, notes: &mut Notes) -> Result<Self, Error> {
        let object = node.object()?;
        let known = [&OWN_KEYS[..], &BLOCK_FORKS, &fork_times::KEYS, &keys::rows()].concat();
        keys::only_or_ignored(&object, &known, keys::is_foreign, notes)?;
        for fork in BLOCK_FORKS.iter().filter_map(|key| object.get(key)) {
            let got = fork.plain_u64()?;
            if got != 0 {
                return Err(fork.error(Offence::NotFromStart { got }));
            }
        }
        Ok(Self {
            chain_id: object.require("chainId", "the EVM chain id as a whole JSON number")?.plain_u64()?,
            times: fork_times::read(&object)?,
            fee: object.get("feeConfig").map(|node| fee::chain(&node)).transpose()?.unwrap_or(FeeConfig::DEFAULT),
            allow_fee_recipients: object.flag("allowFeeRecipients")?,
            initial_min_delay_ms: initial_min_delay(&object)?,
            precompiles: precompiles(&object)?,
            addresses: address_book::read(object.get("addressBook"))?,
        })
    }
}

/// 0 says the same as nothing.
fn initial_min_delay(object: &Object<'_>) -> Result<Option<u64>, Error> {
    let Some(node) = object.get("initialMinDelayMS") else {
        return Ok(None);
    };
    let got = node.plain_u64()?;
    if got > INITIAL_MIN_DELAY_MS_MAX {
        return Err(node.error(Offence::MinDelay { got, max: INITIAL_MIN_DELAY_MS_MAX }));
    }
    Ok(Some(got).filter(|delay| *delay != 0))
}

/// Precompiles stand in `config` itself, or in `genesisPrecompiles` inside it.
fn precompiles(object: &Object<'_>) -> Result<Vec<Parsed>, Error> {
    let nested_node = object.get("genesisPrecompiles");
    let nested = nested_node.as_ref().map(Node::object).transpose()?;
    if let Some(nested) = &nested {
        keys::only(nested, &keys::rows())?;
    }
    let mut found = Vec::new();
    for (row, entry) in registry::keys() {
        let read = |object: Option<&Object<'_>>| {
            let node = object.and_then(|object| object.get(entry.config_key));
            node.map(|node| Parsed::read(&node, row, entry.config)).transpose()
        };
        let parsed = match (read(Some(object))?, read(nested.as_ref())?) {
            (Some(flat), Some(inner)) if !flat.agrees(&inner) => {
                return Err(inner.error_here(Offence::Differs { other: flat.path().to_owned() }));
            }
            (flat, inner) => flat.or(inner),
        };
        if let Some(parsed) = parsed {
            if parsed.disable {
                return Err(parsed.error("disable", Offence::DisabledInGenesis));
            }
            found.push(parsed);
        }
    }
    Ok(found)
}

const OWN_KEYS: [&str; 6] =
    ["chainId", "feeConfig", "allowFeeRecipients", "initialMinDelayMS", "genesisPrecompiles", "addressBook"];

/// Ethereum's forks before the first of our own; every block has them.
const BLOCK_FORKS: [&str; 11] = [
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "muirGlacierBlock",
    "berlinBlock",
    "londonBlock",
];

/// The Go node's.
const CHAIN_ID_WITHOUT_CONFIG: u64 = 43_214;

/// The delay that Granite starts from; a genesis may only shorten it.
const INITIAL_MIN_DELAY_MS_MAX: u64 = 2_000;

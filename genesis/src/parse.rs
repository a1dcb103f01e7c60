//! JSON in, values out.
//!
//! The files are subnet-evm's, and luxfi's names for the same things are understood too. A value has one meaning or is
//! refused: a key given twice, in two spellings that differ, or that nobody knows is an error, not a choice. `null`
//! means the same as leaving the key out.
//!
//! Order of work, as the Go node has it: genesis is read; fork times that are absent or 0 become the host's; the
//! upgrade file is read and its overrides replace them; then everything is checked.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod address_book;
mod alloc;
mod config;
mod fee;
mod fork_times;
mod json;
mod keys;
mod number;
mod precompile;
mod upgrade;

use crate::error::{Error, File, Offence};
use crate::forks::HostUpgrades;
use crate::spec::ChainSpec;
use crate::{Genesis, Header};
use alloy_primitives::U256;
use config::ChainConfig;
use json::{Node, Object};
use keys::Notes;
use upgrade::Upgrades;

/// Reads and checks what makes a chain.
///
/// - `genesis`: the genesis file.
/// - `upgrade`: the upgrade file; nothing or `null` for none.
/// - `host`: the upgrade times that the host sent. [`HostUpgrades::LOCAL`] is what a host of a local network sends when
///   nobody set others. None is for hosts that send no times at all: then the times of the files hold where present,
///   else Durango, Etna and Granite begin at 0, Fortuna and Helicon never.
/// - `airdrop`: the airdrop file, needed where the genesis has an `airdropHash`.
///
/// The result's `notes` say what was read and has no effect; they belong in the log.
///
/// # Errors
/// The first offence, with file, path and what to do. Whatever the bytes are, this returns.
pub fn genesis(
    genesis: &[u8],
    upgrade: &[u8],
    host: Option<&HostUpgrades>,
    airdrop: Option<&[u8]>,
) -> Result<Genesis, Error> {
    let mut notes = Notes::default();
    let file = Node::file(File::Genesis, genesis)?;
    let object = file.object()?;
    keys::only(&object, &[&HEADER_KEYS[..], &["config", "alloc", "airdropHash", "airdropAmount"]].concat())?;
    let config = match object.get("config") {
        Some(node) => ChainConfig::read(&node, &mut notes)?,
        None => ChainConfig::absent()?,
    };
    let header = header(&object, config.fee.min_base_fee)?;
    let alloc = alloc::read(&object.require("alloc", "an object of accounts, {} for none")?, &mut notes)?;
    let airdrop_hash = object.get("airdropHash").map(|node| node.hash().map(|hash| (node, hash))).transpose()?;
    let airdrop_wei = object.get("airdropAmount").map(|node| node.loose_u256()).transpose()?;
    let airdrop = alloc::airdrop(airdrop, airdrop_hash, airdrop_wei, &mut notes)?;

    let upgrades = Upgrades::read(upgrade)?;

    if U256::from(header.gas_limit) != config.fee.gas_limit {
        return Err(object.error("gasLimit", Offence::GasLimit { got: header.gas_limit, fee: config.fee.gas_limit }));
    }
    let forks = fork_times::resolve(&config.times, &upgrades.overrides, host)?;
    let switches = upgrade::switches(config.precompiles, upgrades.precompiles, &forks, config.chain_id)?;
    let spec = ChainSpec {
        chain_id: config.chain_id,
        forks,
        fee: config.fee,
        allow_fee_recipients: config.allow_fee_recipients,
        initial_min_delay_ms: config.initial_min_delay_ms,
        switches,
        state_upgrades: upgrades.states,
        addresses: config.addresses,
    };
    Ok(Genesis { spec, header, alloc, airdrop, notes: notes.into_lines() })
}

fn header(object: &Object<'_>, min_base_fee: U256) -> Result<Header, Error> {
    let number = |key: &str| object.get(key).map(|node| node.loose_u64()).transpose().map(Option::unwrap_or_default);
    let hash = |key: &str| object.get(key).map(|node| node.hash()).transpose().map(Option::unwrap_or_default);
    let height = number("number")?;
    if height != 0 {
        return Err(object.error("number", Offence::Height { got: height }));
    }
    Ok(Header {
        number: height,
        nonce: number("nonce")?,
        time: number("timestamp")?,
        parent: hash("parentHash")?,
        extra: object.get("extraData").map(|node| node.bytes()).transpose()?.unwrap_or_default(),
        gas_limit: object.require("gasLimit", "the same number as config.feeConfig.gasLimit")?.loose_u64()?,
        gas_used: number("gasUsed")?,
        difficulty: object.require("difficulty", "a number, 0 unless the chain exists already")?.loose_u256()?,
        mix: hash("mixHash")?,
        coinbase: object.get("coinbase").map(|node| node.address()).transpose()?.unwrap_or_default(),
        base_fee: object.get("baseFeePerGas").map(|node| node.loose_u256()).transpose()?.unwrap_or(min_base_fee),
        excess_blob_gas: number("excessBlobGas")?,
        blob_gas_used: number("blobGasUsed")?,
    })
}

/// Longest file that is read, in bytes. A host hands over at most 1 MiB for a chain that was created by a transaction;
/// a network's own genesis with half a million accounts has about 50 MB.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

const HEADER_KEYS: [&str; 13] = [
    "nonce",
    "timestamp",
    "extraData",
    "gasLimit",
    "difficulty",
    "mixHash",
    "coinbase",
    "number",
    "gasUsed",
    "parentHash",
    "baseFeePerGas",
    "excessBlobGas",
    "blobGasUsed",
];

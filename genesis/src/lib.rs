//! The specification of a chain: what genesis and upgrade files say, as values.
//!
//! [`parse::genesis`] takes the three byte strings a host gives and returns a [`Genesis`]; the chain turns that into
//! its first block and asks the [`spec::ChainSpec`] inside for the rules of every later one.
//!
//! ```
//! use pars_genesis::forks::HostUpgrades;
//! use pars_genesis::{parse, presets};
//!
//! let genesis = parse::genesis(&presets::local(1), b"", Some(&HostUpgrades::LOCAL), None)?;
//! assert_eq!(genesis.spec.chain_id, 1337);
//! assert!(genesis.spec.rules(genesis.header.time).granite);
//!
//! let error = parse::genesis(br#"{"config":{"chainID":1337}}"#, b"", None, None).unwrap_err();
//! assert_eq!(error.to_string(), "genesis: config.chainID: no such key; did you mean chainId?");
//! # Ok::<(), pars_genesis::error::Error>(())
//! ```
//!
//! | file | what lives there |
//! |---|---|
//! | `spec.rs` | [`spec::ChainSpec`]: rules at a time, active precompiles, changes between two blocks |
//! | `forks.rs` | the forks, their order, times of the known hosts |
//! | `parse.rs` | JSON in, values out, both vocabularies; `parse/` has a file for each part of the files |
//! | `upgrade.rs` | what a restart with other files may change |
//! | `presets.rs` | chains that ship |
//! | `error.rs` | what is refused, with key and path |

pub mod error;
pub mod forks;
pub mod parse;
pub mod presets;
pub mod spec;
pub mod upgrade;

use alloy_primitives::{Address, B256, Bytes, U256};
use std::collections::BTreeMap;

/// A parsed and checked genesis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// Rules of the chain.
    pub spec: spec::ChainSpec,
    /// Header fields that the file sets.
    pub header: Header,
    /// Accounts, sorted by address.
    pub alloc: BTreeMap<Address, Account>,
    /// Accounts of the airdrop file and their balance, applied before everything else.
    pub airdrop: Vec<(Address, U256)>,
    /// What was read and has no effect, for the log.
    pub notes: Vec<String>,
}

/// Header fields that a genesis file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `number`.
    pub number: u64,
    /// `nonce`.
    pub nonce: u64,
    /// `timestamp`, Unix seconds.
    pub time: u64,
    /// `parentHash`.
    pub parent: B256,
    /// `extraData`.
    pub extra: Bytes,
    /// `gasLimit`.
    pub gas_limit: u64,
    /// `gasUsed`.
    pub gas_used: u64,
    /// `difficulty`.
    pub difficulty: U256,
    /// `mixHash`.
    pub mix: B256,
    /// `coinbase`.
    pub coinbase: Address,
    /// `baseFeePerGas`, else the chain's `minBaseFee`.
    pub base_fee: U256,
    /// `excessBlobGas`.
    pub excess_blob_gas: u64,
    /// `blobGasUsed`.
    pub blob_gas_used: u64,
}

/// An account of a genesis file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Wei.
    pub balance: U256,
    /// Nonce.
    pub nonce: u64,
    /// Code, empty for none.
    pub code: Bytes,
    /// Storage; a zero value is no entry.
    pub storage: BTreeMap<B256, B256>,
}

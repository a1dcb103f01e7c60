//! What is refused: the file, the JSON path, what is wrong there and what to do.

use alloy_primitives::{Address, B256};
use pars_precompiles::fee;
use std::fmt;

/// A refusal of one of the files that make a chain.
///
/// It reads as `genesis: config.feeConfig.gasLimit: <offence>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}{offence}", place(path))]
pub struct Error {
    /// Where the offence stands.
    pub file: File,
    /// JSON path of the offending key; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub offence: Offence,
}

/// A source of chain parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// Genesis bytes.
    Genesis,
    /// Upgrade bytes.
    Upgrade,
    /// The file whose accounts get `airdropAmount`.
    Airdrop,
    /// Upgrade times that the host sent.
    Host,
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Genesis => "genesis",
            Self::Upgrade => "upgrade file",
            Self::Airdrop => "airdrop file",
            Self::Host => "host",
        })
    }
}

/// What is wrong at a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Offence {
    /// The file is longer than is read.
    #[error("has {got} bytes, at most {max} are read; make it smaller")]
    TooLarge {
        /// Bytes.
        got: usize,
        /// Bytes.
        max: usize,
    },
    /// The file is no text.
    #[error("is not UTF-8 after byte {valid}; save it as UTF-8")]
    NotUtf8 {
        /// Length of the part that is.
        valid: usize,
    },
    /// The file is no JSON.
    #[error("is not JSON: {reason}")]
    Syntax {
        /// The parser's words, with line and column.
        reason: String,
    },
    /// A required key is absent.
    #[error("is missing; give {expected}")]
    Missing {
        /// What belongs there.
        expected: &'static str,
    },
    /// A key, or two spellings of one key, stands twice in one object.
    #[error("is given twice; keep one")]
    Twice,
    /// A key that nobody knows.
    #[error("no such key{}", nearest.map_or_else(|| "; remove it".to_owned(), |key| format!("; did you mean {key}?")))]
    Unknown {
        /// The most similar key that is known here.
        nearest: Option<&'static str>,
    },
    /// A known key whose meaning is not built.
    #[error("not in this release; remove it")]
    NotInRelease,
    /// Ethereum's name of a fork that has its own name here.
    #[error("Ethereum's fork times have no effect here; use {instead}, which is not in this release, or remove it")]
    EthereumFork {
        /// Name of the fork's key here.
        instead: &'static str,
    },
    /// A value of another type, or not written as it must be.
    #[error("got {got}, expected {expected}")]
    Type {
        /// Start of the value.
        got: String,
        /// What belongs there.
        expected: &'static str,
    },
    /// A number beyond its type.
    #[error("got {got}, expected at most {max}")]
    TooBig {
        /// Start of the number.
        got: String,
        /// Largest value.
        max: &'static str,
    },
    /// Two spellings of one thing say different things.
    #[error("differs from {other}, which means the same; keep one")]
    Differs {
        /// Path of the other one.
        other: String,
    },
    /// A block fork that this chain has had from its start.
    #[error("got {got}, expected 0: the chain has this fork from its first block; write 0 or leave it out")]
    NotFromStart {
        /// Value.
        got: u64,
    },
    /// A genesis with a height.
    #[error("got {got}, expected 0: a chain begins with block 0; write 0 or leave it out")]
    Height {
        /// Value.
        got: u64,
    },
    /// Header and fees name different limits.
    #[error("got {got}, expected config.feeConfig.gasLimit, which is {fee}; make them equal")]
    GasLimit {
        /// Of the header.
        got: u64,
        /// Of the fees.
        fee: alloy_primitives::U256,
    },
    /// Fees out of bounds.
    #[error("{0}")]
    Fee(fee::Invalid),
    /// The Go node takes the first block's base fee through a signed 64-bit number.
    #[error(
        "got {got}, expected less than 9223372036854775808 (2^63): base fees from there on wrap in the first block"
    )]
    MinBaseFee {
        /// Value.
        got: alloy_primitives::U256,
    },
    /// A fork before the network that hosts the chain has it.
    #[error(
        "got {got}, but the host has this fork from {host}; give {host} or later, or leave it out of both files for {host}"
    )]
    BeforeHost {
        /// Unix seconds.
        got: u64,
        /// Unix seconds.
        host: u64,
    },
    /// Forks out of order.
    #[error(
        "{later} at {later_time} would come before {earlier} at {earlier_time}; \
         give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)"
    )]
    ForkOrder {
        /// Fork that comes first by its rules.
        earlier: &'static str,
        /// Unix seconds, or `never`.
        earlier_time: String,
        /// Fork that needs it.
        later: &'static str,
        /// Unix seconds.
        later_time: u64,
    },
    /// More than the rules' own starting delay.
    #[error("got {got}, expected at most {max} milliseconds")]
    MinDelay {
        /// Milliseconds.
        got: u64,
        /// Milliseconds.
        max: u64,
    },
    /// An account got two roles, or one twice.
    #[error("{address} stands already in {first}; keep one")]
    TwoRoles {
        /// Account.
        address: Address,
        /// List that has it.
        first: &'static str,
    },
    /// Managers exist from Durango on.
    #[error("has managers at {time}, but Durango is {}; give a later time or no managers", begins(*.durango))]
    ManagersBeforeDurango {
        /// When the precompile is switched, Unix seconds.
        time: u64,
        /// When Durango begins, if ever.
        durango: Option<u64>,
    },
    /// Warp exists from Durango on.
    #[error("is switched at {time}, but Durango is {}; give a later time", begins(*.durango))]
    WarpBeforeDurango {
        /// When the precompile is switched, Unix seconds.
        time: u64,
        /// When Durango begins, if ever.
        durango: Option<u64>,
    },
    /// Required weight out of bounds.
    #[error("got {got}, expected 0 (meaning 67) or 33 to 100 percent")]
    Quorum {
        /// Percent.
        got: u64,
    },
    /// A mint of nothing.
    #[error("got 0, expected more than 0; remove the entry")]
    NoMint,
    /// Two answers to who gets the fees.
    #[error("got {address} while allowFeeRecipients is true; keep one of the two")]
    TwoRewards {
        /// `rewardAddress`.
        address: Address,
    },
    /// A precompile of a genesis that is not on.
    #[error("got true, but nothing is on before genesis; remove the precompile's key")]
    DisabledInGenesis,
    /// A switch that changes nothing.
    #[error(
        "{key} is {} at this point; {} it first or remove the entry",
        if *.on { "on already" } else { "off" },
        if *.on { "disable" } else { "enable" }
    )]
    NoChange {
        /// Key of the precompile.
        key: &'static str,
        /// It is on.
        on: bool,
    },
    /// An upgrade before the one above it.
    #[error("got {got}, but the entry before it has {before}; sort the list by time")]
    Unsorted {
        /// Unix seconds.
        got: u64,
        /// Unix seconds.
        before: u64,
    },
    /// An upgrade not after the one that it follows.
    #[error("got {got}, expected more than {before}, the time of the change before it")]
    NotAfter {
        /// Unix seconds.
        got: u64,
        /// Unix seconds.
        before: u64,
    },
    /// Not exactly one precompile in an entry.
    #[error("has {got} precompile keys, expected exactly one in each entry of the list")]
    NotOneKey {
        /// Count.
        got: usize,
    },
    /// An alias where another contract lives.
    #[error("{address} is taken by {by}; choose another address")]
    Taken {
        /// Alias.
        address: Address,
        /// Owner.
        by: String,
    },
    /// Aliases for a key with several precompiles, each of which answers something else.
    #[error("switches several precompiles, so an alias could be any of them; remove it")]
    NoAliases,
    /// Secrets that everybody sees, on the network with value.
    #[error("got true, but on chain {chain_id} secrets that everybody sees are not allowed; remove it")]
    OnChainSecrets {
        /// EVM chain id.
        chain_id: u64,
    },
    /// An airdrop file is needed and was not given.
    #[error("is set, but there is no airdrop file; name it in the chain's configuration (key airdrop)")]
    NoAirdropFile,
    /// The airdrop file is another one.
    #[error("hashes to {got}, expected {expected} as airdropHash of the genesis says; give the file it was made for")]
    AirdropHash {
        /// Keccak-256 of the file.
        got: B256,
        /// `airdropHash`.
        expected: B256,
    },
}

fn place(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

fn begins(durango: Option<u64>) -> String {
    durango.map_or_else(|| "never active".to_owned(), |time| format!("active from {time}"))
}

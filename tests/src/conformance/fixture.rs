//! The JSON of state tests and of block sequences. Fields that nothing here looks at are skipped.

mod hex;

pub use hex::{Quantity, Text};

use alloy_primitives::{Address, B256, Bloom, Bytes, U256};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Accounts by address.
pub type Accounts = BTreeMap<Text<Address>, Account>;

/// A file of state tests, by name.
pub type StateTests = BTreeMap<String, StateTest>;

/// A file of block sequences, by name.
pub type Sequences = BTreeMap<String, Sequence>;

/// One pre-state, one transaction in several variants, and the outcome of each variant under several rule sets.
#[derive(Debug, Deserialize)]
pub struct StateTest {
    /// Absent in the official files: chain 1.
    pub config: Option<Config>,
    /// Facts about the file.
    #[serde(rename = "_info", default)]
    pub info: Info,
    /// The block.
    pub env: Env,
    /// State before.
    pub pre: Accounts,
    /// By rule set. The transaction itself is in [`Post::txbytes`].
    pub post: BTreeMap<String, Vec<Post>>,
}

/// Chain of a case.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// EVM chain id.
    pub chainid: Quantity,
}

/// Facts about a case.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Known ancestor hashes. Absent in the official files, which have another rule.
    pub block_hashes: Option<u64>,
    /// Chain of a block sequence.
    pub chain_id: Option<Quantity>,
}

/// The block that a state test's transaction is in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Env {
    /// Fee recipient.
    pub current_coinbase: Text<Address>,
    /// Gas of the block.
    pub current_gas_limit: Quantity,
    /// Height.
    pub current_number: Quantity,
    /// Unix seconds.
    pub current_timestamp: Quantity,
    /// Wei; absent before London.
    pub current_base_fee: Option<Quantity>,
    /// Before the merge.
    pub current_difficulty: Text<U256>,
    /// From the merge on.
    pub current_random: Option<Text<U256>>,
    /// From Cancun on.
    pub current_excess_blob_gas: Option<Quantity>,
}

/// An account.
#[derive(Debug, Deserialize)]
pub struct Account {
    /// Nonce.
    pub nonce: Quantity,
    /// Wei.
    pub balance: Text<U256>,
    /// Code.
    pub code: Text<Bytes>,
    /// Slots.
    pub storage: BTreeMap<Text<U256>, Text<U256>>,
}

/// Outcome of one variant under one rule set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Post {
    /// Which variant.
    pub indexes: Indexes,
    /// The signed transaction.
    pub txbytes: Text<Bytes>,
    /// State root after it; of `pre` where it is refused.
    pub hash: Text<B256>,
    /// Keccak-256 of the RLP of its logs.
    pub logs: Text<B256>,
    /// Set where it is refused: the spec's name for why.
    pub expect_exception: Option<String>,
    /// All accounts after it, where the file has them.
    pub state: Option<Accounts>,
    /// More about its receipt, where the file has it.
    #[serde(flatten)]
    pub receipt: Receipt,
}

/// Which variant of the transaction.
#[derive(Debug, Clone, Copy, Deserialize)]
#[expect(missing_docs, reason = "positions in the lists of the transaction's parts")]
pub struct Indexes {
    pub data: u64,
    pub gas: u64,
    pub value: u64,
}

/// What a receipt says, and what the gas was made of.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// 1 where it succeeded.
    pub status: Option<Quantity>,
    /// Gas used.
    pub gas_used: Option<Quantity>,
    /// Parts of the gas.
    pub gas: Option<Gas>,
}

/// Parts of the gas of a transaction.
#[derive(Debug, Deserialize)]
pub struct Gas {
    /// Before it runs.
    pub intrinsic: Quantity,
}

/// Blocks on top of each other.
#[derive(Debug, Deserialize)]
pub struct Sequence {
    /// Facts about the sequence.
    #[serde(rename = "_info")]
    pub info: Info,
    /// State before the first.
    pub pre: Accounts,
    /// The blocks.
    pub blocks: Vec<Block>,
    /// By rule set, one for each block.
    pub post: BTreeMap<String, Vec<BlockPost>>,
}

/// A block of a sequence.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Height.
    pub number: Quantity,
    /// Unix seconds.
    pub timestamp: Quantity,
    /// Fee recipient.
    pub coinbase: Text<Address>,
    /// Gas of the block.
    pub gas_limit: Quantity,
    /// Wei.
    pub base_fee: Quantity,
    /// Hash of the block before.
    pub parent_hash: Text<B256>,
    /// Signed transactions.
    pub transactions: Vec<Text<Bytes>>,
}

/// Outcome of a block.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockPost {
    /// The rule set it ran under: in a sequence over a fork not the one that the sequence is listed under.
    pub rules: String,
    /// State root before its transactions.
    pub root_after_system_calls: Text<B256>,
    /// One for each transaction.
    pub transactions: Vec<TransactionPost>,
    /// Gas used.
    pub gas_used: Quantity,
    /// Bloom of all logs.
    pub logs_bloom: Text<Bloom>,
    /// Root of the receipts.
    pub receipts_root: Text<B256>,
    /// State root after it.
    pub state_root: Text<B256>,
    /// All accounts after it.
    pub state: Accounts,
}

/// Outcome of a transaction in a block.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransactionPost {
    /// Set where it is refused.
    pub expect_exception: Option<String>,
    /// Keccak-256 of the RLP of its logs.
    pub logs: Option<Text<B256>>,
    /// Gas used in the block so far.
    pub cumulative_gas_used: Quantity,
    /// More about its receipt.
    #[serde(flatten)]
    pub receipt: Receipt,
}

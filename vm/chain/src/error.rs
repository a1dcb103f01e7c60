//! Whose fault it is: the bytes, the block, the caller, or this machine.

use crate::block::BlockId;
use crate::store::StoreError;
use alloy_primitives::{Address, B256, U256};

/// Bytes that are no block or transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// More bytes than a block may have.
    #[error("block of {got} bytes, at most {limit} are read")]
    TooLong {
        /// Bytes given.
        got: usize,
        /// Bytes read at most.
        limit: usize,
    },
    /// No canonical RLP, or a field of the wrong size.
    #[error("{what}: {cause}")]
    Rlp {
        /// Part of the block.
        what: &'static str,
        /// What the decoder met.
        cause: alloy_rlp::Error,
    },
    /// A header field that is absent, no canonical RLP, or of the wrong size.
    #[error("header: {field}: {cause}")]
    Header {
        /// Which field.
        field: Field,
        /// What the decoder met.
        cause: alloy_rlp::Error,
    },
    /// A header among the uncles that does not decode.
    #[error("uncle {index}: {cause}")]
    Uncle {
        /// Position among the uncles.
        index: usize,
        /// What is wrong with it.
        cause: Box<Self>,
    },
    /// Bytes after the end.
    #[error("{what}: {count} bytes after the end")]
    Trailing {
        /// Part of the block.
        what: &'static str,
        /// Number of bytes.
        count: usize,
    },
    /// A transaction type that this chain does not have.
    #[error("transaction {index}: type {kind} is not supported")]
    TransactionType {
        /// Position in the block.
        index: usize,
        /// Type byte.
        kind: u8,
    },
    /// A transaction that does not decode.
    #[error("transaction {index}: {cause}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// What the decoder met.
        cause: String,
    },
}

/// Why bytes gave no block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They are wrong.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// They may be right, and hold a value that this program cannot compute with.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}

/// A value that the rules allow and this program cannot hold. It gives no verdict on the block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value} is {limit} or more: this release cannot compute with it")]
pub struct Unsupported {
    /// Which value.
    pub what: &'static str,
    /// The value.
    pub value: U256,
    /// First value that is too large, as text.
    pub limit: &'static str,
}

/// A header field, in the words of the JSON-RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "camelCase")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Field {
    ParentHash,
    Sha3Uncles,
    Miner,
    StateRoot,
    TransactionsRoot,
    ReceiptsRoot,
    LogsBloom,
    Difficulty,
    Number,
    GasLimit,
    GasUsed,
    Timestamp,
    ExtraData,
    MixHash,
    Nonce,
    BaseFeePerGas,
    BlockGasCost,
    BlobGasUsed,
    ExcessBlobGas,
    ParentBeaconBlockRoot,
    TimestampMilliseconds,
    MinDelayExcess,
}

/// Why a well-formed block breaks the rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// A header field has another value than the rules give it.
    #[error("{field} is {got}, expected {expected}")]
    Header {
        /// Which field.
        field: Field,
        /// What the block says.
        got: String,
        /// What it must say.
        expected: String,
    },
    /// No transaction.
    #[error("block has no transactions")]
    Empty,
    /// Uncles.
    #[error("block has uncles")]
    Uncles,
    /// The parent is neither the last accepted block nor being processed.
    #[error("parent {0} is neither the last accepted block nor being processed")]
    UnknownParent(BlockId),
    /// A predicate is there and the host gave no context to check it in.
    #[error("missing predicate context")]
    MissingPredicateContext,
    /// A transaction breaks a rule.
    #[error("transaction {index} ({hash}): {reason}")]
    Transaction {
        /// Position in the block.
        index: usize,
        /// Its hash.
        hash: B256,
        /// The rule.
        reason: InvalidTransaction,
    },
    /// The tips do not pay for a block this early.
    #[error("tips pay for {got} block gas, {required} required")]
    InsufficientBlockGas {
        /// Block gas that the tips pay for.
        got: U256,
        /// `blockGasCost`.
        required: U256,
    },
    /// The fee configuration in the parent's state breaks its own rules.
    #[error("fee configuration in the parent's state: {0}")]
    FeeConfig(String),
    /// The sum of intrinsic gas does not fit 64 bits.
    #[error("intrinsic gas of all transactions overflows")]
    IntrinsicGasOverflow,
}

/// Why a transaction cannot be executed here and now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTransaction {
    /// The signature gives no address.
    #[error("invalid signature")]
    Signature,
    /// Signed for another chain.
    #[error("invalid chain id {got}, expected {expected}")]
    ChainId {
        /// Of the transaction.
        got: u64,
        /// Of the chain.
        expected: u64,
    },
    /// Nonce below the account's.
    #[error("nonce too low: next nonce {next}, tx nonce {got}")]
    NonceTooLow {
        /// Of the account.
        next: u64,
        /// Of the transaction.
        got: u64,
    },
    /// Nonce above the account's.
    #[error("nonce too high: next nonce {next}, tx nonce {got}")]
    NonceTooHigh {
        /// Of the account.
        next: u64,
        /// Of the transaction.
        got: u64,
    },
    /// EIP-2681.
    #[error("nonce has max value")]
    NonceMax,
    /// EIP-3607.
    #[error("sender not an eoa")]
    SenderHasCode,
    /// The transaction allow list does not name the sender.
    #[error("cannot issue transaction from non-allow listed address: {0}")]
    NotAllowed(Address),
    /// `maxFeePerGas` or `gasPrice` below the base fee.
    #[error("max fee per gas less than block base fee: maxFeePerGas {cap}, baseFee {base_fee}")]
    FeeCapTooLow {
        /// Of the transaction.
        cap: u128,
        /// Of the block.
        base_fee: U256,
    },
    /// EIP-1559.
    #[error("max priority fee per gas higher than max fee per gas: {tip} > {cap}")]
    TipAboveFeeCap {
        /// `maxPriorityFeePerGas`.
        tip: u128,
        /// `maxFeePerGas`.
        cap: u128,
    },
    /// Less than `gasLimit * maxFeePerGas + value`.
    #[error("insufficient funds for gas * price + value: balance {have}, tx cost {want}")]
    InsufficientFunds {
        /// Of the account.
        have: U256,
        /// Of the transaction, capped at 2^256 - 1.
        want: U256,
    },
    /// Gas limit below what the transaction costs before it runs.
    #[error("intrinsic gas too low: have {got}, want {required}")]
    IntrinsicGas {
        /// Gas limit.
        got: u64,
        /// Intrinsic gas.
        required: u64,
    },
    /// Intrinsic gas does not fit 64 bits.
    #[error("gas uint64 overflow")]
    GasOverflow,
    /// More gas than the block has left.
    #[error("gas limit reached: {left} left, {wanted} wanted")]
    GasLimitReached {
        /// Left in the block.
        left: u64,
        /// Gas limit of the transaction.
        wanted: u64,
    },
    /// EIP-3860.
    #[error("max initcode size exceeded: code size {got}, limit {limit}")]
    InitcodeTooLarge {
        /// Bytes.
        got: usize,
        /// Bytes at most.
        limit: usize,
    },
    /// A type that this chain never executes.
    #[error("transaction type {0} not supported")]
    Type(u8),
    /// A predicate that does not decode.
    #[error("predicate of {0} does not decode")]
    BadPredicate(Address),
    /// A stateful precompile was the code of a DELEGATECALL or CALLCODE, between 2 August 2025 and Granite.
    #[error("delegated call of precompile {0}")]
    DelegatedPrecompile(Address),
}

/// This machine or this program failed: no answer, and the caller must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fatal {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store answered with something that cannot be.
    #[error("corrupt data: {0}; restore the data folder from a backup, or delete it and sync again")]
    Corrupt(String),
    /// See [`Unsupported`].
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// What this program believed does not hold.
    #[error("bug: {0}")]
    Bug(String),
    /// A call from outside was ended. Blocks are never interrupted.
    #[error("the call was ended")]
    Interrupted,
}

impl revm::database_interface::DBErrorMarker for Fatal {}

/// The caller asked for something that cannot be done now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// Not verified, or already rejected.
    #[error("block {0} is not being processed")]
    NotProcessing(BlockId),
    /// Accept out of order.
    #[error("block {block} does not follow the last accepted block {head}")]
    NotNext {
        /// The block.
        block: BlockId,
        /// Last accepted.
        head: BlockId,
    },
    /// Reject of a decided block.
    #[error("block {0} is accepted already")]
    AlreadyAccepted(BlockId),
    /// State that is kept no longer.
    #[error("state of block {wanted} is pruned; oldest is {oldest}")]
    Pruned {
        /// Height asked for.
        wanted: u64,
        /// Oldest height there is.
        oldest: u64,
    },
    /// A height above the last accepted block.
    #[error("block {wanted} is above the last accepted block {head}")]
    AboveHead {
        /// Height asked for.
        wanted: u64,
        /// Last accepted.
        head: u64,
    },
}

/// A call that can be misused and can fail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller's fault.
    #[error(transparent)]
    Misuse(#[from] Misuse),
    /// This machine's fault.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

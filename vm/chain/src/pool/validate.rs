//! What a transaction must fulfil to come in, and the words of each refusal: those of the Go node, which clients match.

use crate::engine::{FeeConfigError, fee_config};
use crate::error::{Fatal, InvalidTransaction};
use crate::execution::executor::predicate_rows;
use crate::limits::INITCODE_BYTES_MAX;
use crate::pool::limits::{Limits, TX_BYTES_MAX};
use crate::rules::intrinsic::{self, PredicateRows};
use crate::state::account::{Account, KECCAK_EMPTY};
use crate::tx::Tx;
use crate::view::View;
use alloy_primitives::{Address, B256, U256, keccak256};
use pars_genesis::forks::Rules;
use pars_genesis::spec::ChainSpec;
use pars_precompiles::registry::TABLE;
use pars_precompiles::subnet::{allow_list, tx_allow_list};

/// Why a transaction was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The same bytes are here.
    #[error("already known")]
    AlreadyKnown,
    /// A type that this chain never executes.
    #[error("transaction type not supported")]
    Type(u8),
    /// Too many bytes.
    #[error("oversized data: transaction size {got}, limit {limit}")]
    Oversized {
        /// Bytes.
        got: usize,
        /// Bytes at most.
        limit: usize,
    },
    /// EIP-3860.
    #[error("max initcode size exceeded: code size {got}, limit {limit}")]
    InitcodeTooLarge {
        /// Bytes.
        got: usize,
        /// Bytes at most.
        limit: usize,
    },
    /// No block has room for it.
    #[error("exceeds block gas limit: tx gas ({got}) > current max gas ({limit})")]
    GasLimit {
        /// Of the transaction.
        got: u64,
        /// Of the next block.
        limit: u64,
    },
    /// EIP-1559.
    #[error("max priority fee per gas higher than max fee per gas")]
    TipAboveFeeCap {
        /// `maxPriorityFeePerGas`.
        tip: u128,
        /// `maxFeePerGas`.
        cap: u128,
    },
    /// The signature gives no address, or is for another chain.
    #[error("invalid sender")]
    Sender,
    /// Gas limit below what the transaction costs before it runs.
    #[error("intrinsic gas too low: address {sender} tx gas ({got}), minimum needed {required}")]
    IntrinsicGas {
        /// Who sent it.
        sender: Address,
        /// Gas limit.
        got: u64,
        /// Intrinsic gas.
        required: u64,
    },
    /// The base fee never falls as low as this fee cap.
    #[error("transaction underpriced: address {sender} have gas fee cap ({got}) < pool minimum fee cap ({required})")]
    FeeCapTooLow {
        /// Who sent it.
        sender: Address,
        /// `maxFeePerGas` or `gasPrice`.
        got: u128,
        /// `minBaseFee` in the head's state.
        required: U256,
    },
    /// Less tip than this node asks for.
    #[error("transaction underpriced: gas tip cap {got}, minimum needed {required}")]
    TipTooLow {
        /// `maxPriorityFeePerGas` or `gasPrice`.
        got: u128,
        /// [`Limits::tip_min_wei`](crate::pool::Limits::tip_min_wei).
        required: u128,
    },
    /// Nonce below the account's.
    #[error("nonce too low: next nonce {next}, tx nonce {got}")]
    NonceTooLow {
        /// Of the account.
        next: u64,
        /// Of the transaction.
        got: u64,
    },
    /// EIP-2681.
    #[error("nonce has max value")]
    NonceMax,
    /// EIP-3607.
    #[error("sender not an eoa: address {0}")]
    SenderHasCode(Address),
    /// The transaction allow list does not name the sender.
    #[error("cannot issue transaction from non-allow listed address: {0}")]
    NotAllowed(Address),
    /// The sender cannot pay for it.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, tx cost {cost}, overshot {}",
        .cost.saturating_sub(*.balance)
    )]
    InsufficientFunds {
        /// Of the account.
        balance: U256,
        /// Of the transaction, capped at 2^256 - 1.
        cost: U256,
    },
    /// The sender cannot pay for it and for what waits already.
    #[error(
        "insufficient funds for gas * price + value: balance {balance}, queued cost {queued}, tx cost {cost}, \
         overshot {}", .cost.saturating_add(*.queued).saturating_sub(*.balance)
    )]
    InsufficientFundsForQueue {
        /// Of the account.
        balance: U256,
        /// Of the executable transactions, without the one to be replaced.
        queued: U256,
        /// Of the transaction.
        cost: U256,
    },
    /// The sender has another transaction with this nonce, and this one does not raise both caps enough.
    #[error("replacement transaction underpriced")]
    ReplacementUnderpriced,
    /// The pool is full of transactions that pay more or may not be displaced.
    #[error("transaction underpriced: the pool is full, and what may give way pays no less")]
    Outbid,
    /// The pool is full, and the sender has its share of it.
    #[error("txpool is full")]
    Full,
    /// It has a predicate, and nobody here gives a verdict on it: no block that is built here would hold it.
    #[error("warp verification is not in this release")]
    NoVerdict,
    /// No block may hold it.
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
    /// This machine failed: nothing is said about the transaction.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// The block that the pool stands on, and what its state asks of transactions.
#[derive(Debug)]
pub(super) struct Head {
    view: View,
    /// Of the block itself, wei; the next one's is near.
    pub(super) base_fee: u128,
    fee_cap_min: U256,
    gas_limit: u64,
    rules: Rules,
    predicates: PredicateRows,
    /// Where the transaction allow list lives, if it is on.
    allow_list: Option<Address>,
}

/// What the head's state says about a sender.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    /// Keccak of the address.
    pub(super) key: B256,
    pub(super) nonce: u64,
    pub(super) balance: U256,
    has_code: bool,
    allowed: bool,
}

/// A transaction that is valid at a head.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) address: Address,
    pub(super) sender: Sender,
    /// `gasLimit * maxFeePerGas + value`, wei.
    pub(super) cost: U256,
}

impl Head {
    pub(super) fn height(&self) -> u64 {
        self.view.height()
    }

    pub(super) fn new(spec: &ChainSpec, view: View) -> Result<Self, Fatal> {
        let config = match fee_config(spec, &view) {
            Ok(config) => config,
            // Then there is no next block. The pool goes on, with what the chain began with.
            Err(FeeConfigError::Invalid(_)) => spec.fee,
            Err(FeeConfigError::Fatal(fatal)) => return Err(fatal),
        };
        let time = view.header().time;
        let list = tx_allow_list::ENTRY.at;
        let row = TABLE.iter().position(|entry| entry.at == list);
        Ok(Self {
            base_fee: view.header().base_fee.unwrap_or_default().saturating_to(),
            fee_cap_min: config.min_base_fee,
            gas_limit: config.gas_limit.wrapping_to(),
            rules: spec.rules(time),
            predicates: predicate_rows(spec, time),
            allow_list: row.and_then(|row| spec.enabled(row, time)).map(|_| list),
            view,
        })
    }

    /// A sender as the head's state has it.
    pub(super) fn account(&self, address: Address) -> Result<Sender, Fatal> {
        let key = keccak256(address);
        let account = self.view.account(&key)?.unwrap_or(Account::EMPTY);
        let allowed = match self.allow_list {
            Some(list) => allow_list::is_enabled(|slot| self.view.slot_of(list, slot), address)?,
            None => true,
        };
        Ok(Sender {
            key,
            nonce: account.nonce,
            balance: account.balance,
            has_code: account.code_hash != KECCAK_EMPTY,
            allowed,
        })
    }

    /// Transactions that passed at the other head need no look at their bytes at this one.
    pub(super) fn same_rules(&self, other: &Self) -> bool {
        let names = |head: &Self| head.predicates.iter().map(|(address, _)| *address).collect::<Vec<_>>();
        self.rules == other.rules && names(self) == names(other)
    }

    /// What needs neither the sender's account nor a look at the bytes.
    pub(super) fn check_price_and_gas(&self, tx: &Tx, sender: Address, limits: &Limits) -> Result<(), Refused> {
        let (got, limit) = (tx.gas_limit(), self.gas_limit);
        if got > limit {
            return Err(Refused::GasLimit { got, limit });
        }
        let (got, required) = (tx.fee_cap(), self.fee_cap_min);
        if U256::from(got) < required {
            return Err(Refused::FeeCapTooLow { sender, got, required });
        }
        let (got, required) = (tx.tip_cap(), limits.tip_min_wei);
        if got < required {
            return Err(Refused::TipTooLow { got, required });
        }
        Ok(())
    }

    /// What the forks of the head say about the bytes, and what this node can do about them.
    pub(super) fn check_bytes(&self, tx: &Tx, sender: Address, limits: &Limits) -> Result<(), Refused> {
        let initcode = tx.input().len();
        if self.rules.durango && tx.to().is_create() && initcode > INITCODE_BYTES_MAX {
            return Err(Refused::InitcodeTooLarge { got: initcode, limit: INITCODE_BYTES_MAX });
        }
        let required = intrinsic::gas(tx, self.rules, &self.predicates)?;
        let got = tx.gas_limit();
        if got < required {
            return Err(Refused::IntrinsicGas { sender, got, required });
        }
        if !limits.predicates && self.has_predicate(tx) {
            return Err(Refused::NoVerdict);
        }
        Ok(())
    }

    /// Its access list names a precompile that is on and reads it as a predicate.
    fn has_predicate(&self, tx: &Tx) -> bool {
        let mut named = tx.access_list().into_iter().flat_map(|list| list.iter()).map(|item| item.address);
        named.any(|named| self.predicates.iter().any(|(address, _)| *address == named))
    }
}

impl Sender {
    /// May send at all.
    pub(super) const fn check(&self, address: Address) -> Result<(), Refused> {
        if self.has_code {
            return Err(Refused::SenderHasCode(address));
        }
        if !self.allowed {
            return Err(Refused::NotAllowed(address));
        }
        Ok(())
    }
}

impl Checked {
    /// Checks everything that does not depend on what else is in the pool.
    pub(super) fn new(tx: &Tx, head: &Head, chain_id: u64, limits: &Limits) -> Result<Self, Refused> {
        if tx.kind() > LAST_TYPE {
            return Err(Refused::Type(tx.kind()));
        }
        if tx.size() > TX_BYTES_MAX {
            return Err(Refused::Oversized { got: tx.size(), limit: TX_BYTES_MAX });
        }
        let (tip, cap) = (tx.tip_cap(), tx.fee_cap());
        if tip > cap {
            return Err(Refused::TipAboveFeeCap { tip, cap });
        }
        if tx.chain_id().is_some_and(|id| id != chain_id) {
            return Err(Refused::Sender);
        }
        let address = tx.sender().ok_or(Refused::Sender)?;
        head.check_price_and_gas(tx, address, limits)?;
        head.check_bytes(tx, address, limits)?;
        let sender = head.account(address)?;
        let (next, got) = (sender.nonce, tx.nonce());
        if got < next {
            return Err(Refused::NonceTooLow { next, got });
        }
        if got == u64::MAX {
            return Err(Refused::NonceMax);
        }
        sender.check(address)?;
        let cost = cost(tx);
        if cost.is_none_or(|cost| cost > sender.balance) {
            return Err(Refused::InsufficientFunds { balance: sender.balance, cost: cost.unwrap_or(U256::MAX) });
        }
        Ok(Self { address, sender, cost: cost.unwrap_or(U256::MAX) })
    }
}

/// Legacy, EIP-2930, EIP-1559.
const LAST_TYPE: u8 = 2;

/// None where it does not fit 256 bits.
fn cost(tx: &Tx) -> Option<U256> {
    // 64 and 128 bits fit 192.
    (U256::from(tx.gas_limit()) * U256::from(tx.fee_cap())).checked_add(tx.value())
}

//! Calls from outside: what a message would do in the state of some block. Nothing is kept.
//!
//! A [`Scene`] is the state and the block that calls run in, with what the caller wants otherwise; it can run many.

use crate::error::{Fatal, InvalidTransaction, Unsupported};
use crate::execution::evm::{Called, Fault, ParsEvm, Variant};
use crate::execution::executor::{Environment, Place, precompiles_of, predicate_rows, spec_id};
use crate::execution::interrupt::Interrupt;
use crate::limits::INITCODE_BYTES_MAX;
use crate::rules::{intrinsic, predicate};
use crate::state::overlay::{Info, Overlay};
use crate::view::View;
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use pars_genesis::spec::ChainSpec;
use pars_precompiles::port::Predicate;
use revm::bytecode::opcode::OpCode;
use revm::context::result::{ExecutionResult, HaltReason};
use revm::context::{CfgEnv, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use std::collections::BTreeMap;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// Who would send it.
    pub from: Address,
    /// Recipient, or a creation.
    pub to: TxKind,
    /// Gas.
    pub gas: u64,
    /// What a unit of gas may cost, wei; both zero: nothing is paid.
    pub fee_cap: U256,
    /// What of that is tip, wei.
    pub tip_cap: U256,
    /// Wei.
    pub value: U256,
    /// Calldata or initcode.
    pub input: Bytes,
    /// EIP-2930.
    pub access_list: AccessList,
}

/// What the caller wants otherwise in an account.
#[derive(Debug, Clone, Default)]
pub struct AccountOverride {
    /// Nonce.
    pub nonce: Option<u64>,
    /// Code.
    pub code: Option<Bytes>,
    /// Wei.
    pub balance: Option<U256>,
    /// The whole storage.
    pub state: Option<Vec<(B256, B256)>>,
    /// Some slots.
    pub state_diff: Option<Vec<(B256, B256)>>,
}

/// What the caller wants otherwise in the block.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlockOverrides {
    /// Height.
    pub number: Option<U256>,
    /// Unix seconds. It decides forks and precompiles.
    pub time: Option<u64>,
    /// Gas of the block.
    pub gas_limit: Option<u64>,
    /// Fee recipient.
    pub coinbase: Option<Address>,
    /// What DIFFICULTY pushes.
    pub difficulty: Option<U256>,
    /// What it pushes from Durango on, where that is another value.
    pub prevrandao: Option<B256>,
    /// Wei.
    pub base_fee: Option<U256>,
    /// What BLOBBASEFEE pushes, wei.
    pub blob_base_fee: Option<u128>,
}

/// State and block that calls run in.
#[derive(Debug)]
pub struct Scene<'v> {
    evm: ParsEvm<'v>,
    environment: Environment,
    chain_id: u64,
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Gas used.
    pub gas_used: u64,
    /// How it ended.
    pub end: End,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// With this output; a creation with the code.
    Returned(Bytes),
    /// With this revert data.
    Reverted(Bytes),
    /// Failed for want of gas.
    OutOfGas,
    /// Failed otherwise, and why.
    Failed(String),
}

/// Why a message was not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRun {
    /// More tip than fee.
    #[error(
        "max priority fee per gas higher than max fee per gas: address {from}, maxPriorityFeePerGas: {tip}, maxFeePerGas: {cap}"
    )]
    TipAboveFeeCap {
        /// Sender.
        from: Address,
        /// `maxPriorityFeePerGas`.
        tip: U256,
        /// `maxFeePerGas`.
        cap: U256,
    },
    /// Less than the block's base fee.
    #[error("max fee per gas less than block base fee: address {from}, maxFeePerGas: {cap}, baseFee: {base_fee}")]
    FeeCapTooLow {
        /// Sender.
        from: Address,
        /// `maxFeePerGas`.
        cap: U256,
        /// Of the block.
        base_fee: u64,
    },
    /// A price that this program cannot compute with.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// The sender cannot pay.
    #[error("insufficient funds for gas * price + value: address {from} have {have} want {want}")]
    InsufficientFunds {
        /// Sender.
        from: Address,
        /// Balance.
        have: U256,
        /// What it costs.
        want: U256,
    },
    /// Nobody can pay.
    #[error("insufficient funds for gas * price + value: address {0} required balance exceeds 256 bits")]
    CostOverflow(Address),
    /// Less gas than it costs before it runs.
    #[error("intrinsic gas too low: have {have}, want {want}")]
    IntrinsicGas {
        /// Given.
        have: u64,
        /// Intrinsic gas.
        want: u64,
    },
    /// EIP-3860.
    #[error("max initcode size exceeded: code size {got} limit {limit}")]
    InitcodeTooLarge {
        /// Bytes.
        got: usize,
        /// Bytes at most.
        limit: usize,
    },
    /// A predicate that does not decode, or intrinsic gas beyond 64 bits.
    #[error(transparent)]
    Invalid(#[from] InvalidTransaction),
    /// This machine failed, or the call was ended.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl<'v> Scene<'v> {
    /// State of `view`, and its block with what is wanted otherwise.
    ///
    /// # Errors
    /// A base fee that this program cannot compute with.
    pub fn new(
        spec: &ChainSpec,
        place: Place,
        view: &'v View,
        wanted: &BlockOverrides,
        interrupt: Interrupt,
    ) -> Result<Self, Unsupported> {
        let mut environment = Environment::new(spec, view.header())?;
        if let Some(time) = wanted.time {
            environment.time = time;
            environment.rules = spec.rules(time);
            environment.predicate_rows = predicate_rows(spec, time);
        }
        if let Some(number) = wanted.number {
            environment.number = number.saturating_to();
        }
        environment.gas_limit = wanted.gas_limit.unwrap_or(environment.gas_limit);
        environment.coinbase = wanted.coinbase.unwrap_or(environment.coinbase);
        // Genesis may have any; every block after it has 1.
        let difficulty = wanted.difficulty.unwrap_or_else(|| view.header().difficulty);
        environment.fixed.difficulty = difficulty;
        environment.fixed.prevrandao = wanted.prevrandao.unwrap_or_else(|| difficulty.into());
        if let Some(value) = wanted.base_fee {
            environment.base_fee = u64::try_from(value).map_err(|_| base_fee_too_high(value))?;
        }
        let mut block = environment.block_env();
        block.number = wanted.number.unwrap_or(block.number);
        if let Some(price) = wanted.blob_base_fee {
            block.blob_excess_gas_and_price = Some(BlobExcessGasAndPrice { excess_blob_gas: 0, blob_gasprice: price });
        }
        let (provider, lists) = precompiles_of(spec, place, &environment);
        let cfg = CfgEnv::new_with_spec(spec_id(environment.rules)).with_chain_id(spec.chain_id);
        let evm = ParsEvm::new(Overlay::new(view), block, cfg, provider, Variant::PARS, lists);
        Ok(Self { evm: evm.interruptible(interrupt), environment, chain_id: spec.chain_id })
    }

    /// Changes accounts for all calls that follow.
    ///
    /// # Errors
    /// When the store failed.
    pub fn override_accounts(&mut self, wanted: &BTreeMap<Address, AccountOverride>) -> Result<(), Fatal> {
        let state = self.evm.state();
        for (address, wanted) in wanted {
            let info = state.info(*address)?.unwrap_or(Info::EMPTY);
            let nonce = wanted.nonce.unwrap_or(info.nonce);
            let balance = wanted.balance.unwrap_or(info.balance);
            state.set_info(*address, Info { nonce, balance, ..info })?;
            if let Some(code) = &wanted.code {
                state.set_code(*address, code)?;
            }
            if wanted.state.is_some() {
                state.wipe(*address)?;
            }
            for (slot, value) in wanted.state.iter().chain(&wanted.state_diff).flatten() {
                state.set_slot(*address, (*slot).into(), (*value).into())?;
            }
        }
        Ok(())
    }

    /// Wei that an account has here.
    ///
    /// # Errors
    /// When the store failed.
    pub fn balance(&mut self, address: Address) -> Result<U256, Fatal> {
        Ok(self.evm.state().info(address)?.map(|info| info.balance).unwrap_or_default())
    }

    /// Whether an account has code here.
    ///
    /// # Errors
    /// When the store failed.
    pub fn has_code(&mut self, address: Address) -> Result<bool, Fatal> {
        Ok(self.evm.state().info(address)?.is_some_and(|info| info.code_hash != Info::EMPTY.code_hash))
    }

    /// Gas of the block.
    #[must_use]
    pub const fn gas_limit(&self) -> u64 {
        self.environment.gas_limit
    }

    /// Runs a message and forgets what it changed.
    ///
    /// # Errors
    /// Where it was not run.
    pub fn run(&mut self, message: &Message) -> Result<Outcome, NotRun> {
        let Message { from, to, gas, fee_cap: cap, tip_cap: tip, value, .. } = *message;
        let rules = self.environment.rules;
        let free = cap.is_zero() && tip.is_zero();
        if !free && tip > cap {
            return Err(NotRun::TipAboveFeeCap { from, tip, cap });
        }
        let base_fee = self.environment.base_fee;
        if !free && cap < U256::from(base_fee) {
            return Err(NotRun::FeeCapTooLow { from, cap, base_fee });
        }
        let want = U256::from(gas).checked_mul(cap).and_then(|cost| cost.checked_add(value));
        let want = want.ok_or(NotRun::CostOverflow(from))?;
        let have = self.balance(from)?;
        if have < want {
            return Err(NotRun::InsufficientFunds { from, have, want });
        }
        let list = &message.access_list;
        let rows = &self.environment.predicate_rows;
        let intrinsic = intrinsic::of_parts(to.is_create(), &message.input, list, rules, rows)?;
        if gas < intrinsic {
            return Err(NotRun::IntrinsicGas { have: gas, want: intrinsic });
        }
        let got = message.input.len();
        if rules.durango && to.is_create() && got > INITCODE_BYTES_MAX {
            return Err(NotRun::InitcodeTooLarge { got, limit: INITCODE_BYTES_MAX });
        }
        let narrow = |what, value: U256| u128::try_from(value).map_err(|_| Unsupported { what, value, limit: "2^128" });
        let tx = TxEnv {
            tx_type: 2,
            caller: from,
            gas_limit: gas,
            gas_price: narrow("maxFeePerGas", cap)?,
            kind: to,
            value,
            data: message.input.clone(),
            chain_id: Some(self.chain_id),
            access_list: list.clone(),
            gas_priority_fee: Some(narrow("maxPriorityFeePerGas", tip)?),
            ..TxEnv::default()
        };
        // Nobody has checked them: to a call they hold.
        let predicates = predicate::of_list(list, rows).into_iter().map(|(row, tuples)| {
            let predicate = |chunks: &[B256]| Predicate { chunks: chunks.to_vec(), valid: true };
            (row, tuples.into_iter().map(predicate).collect())
        });
        self.evm.precompiles().predicates = predicates.collect();
        // A call that pays nothing sees no base fee, so that it can tell itself from a transaction.
        let called = self.evm.call_at_base_fee(tx, intrinsic, if free { 0 } else { base_fee })?;
        Ok(Outcome { gas_used: called.result.gas().tx_gas_used(), end: end(called) })
    }
}

const fn base_fee_too_high(value: U256) -> Unsupported {
    Unsupported { what: "baseFeePerGas", value, limit: "2^64" }
}

fn end(called: Called) -> End {
    match called.result {
        ExecutionResult::Success { output, .. } => End::Returned(output.into_data()),
        ExecutionResult::Revert { output, .. } => End::Reverted(output),
        ExecutionResult::Halt { reason: HaltReason::OutOfGas(_), .. } => End::OutOfGas,
        ExecutionResult::Halt { reason: HaltReason::PrecompileError, .. } if called.precompile.is_none() => {
            End::OutOfGas
        }
        ExecutionResult::Halt { reason, .. } => End::Failed(why(&reason, called.fault, called.precompile)),
    }
}

/// The Go node's words, which clients know.
fn why(reason: &HaltReason, fault: Option<Fault>, precompile: Option<String>) -> String {
    let Fault { opcode, stack } = fault.unwrap_or(Fault { opcode: 0, stack: 0 });
    match reason {
        HaltReason::OpcodeNotFound | HaltReason::NotActivated | HaltReason::InvalidFEOpcode => {
            match OpCode::new(opcode).filter(|_| *reason != HaltReason::OpcodeNotFound) {
                Some(known) => format!("invalid opcode: {known}"),
                None => format!("invalid opcode: opcode {opcode:#x} not defined"),
            }
        }
        HaltReason::StackUnderflow => {
            let wanted = OpCode::new(opcode).map_or(0, |opcode| opcode.inputs());
            format!("stack underflow ({stack} <=> {wanted})")
        }
        HaltReason::StackOverflow => "stack limit reached 1024 (1023)".to_owned(),
        HaltReason::InvalidJump => "invalid jump destination".to_owned(),
        HaltReason::OutOfOffset => "return data out of bounds".to_owned(),
        HaltReason::CreateCollision => "contract address collision".to_owned(),
        HaltReason::PrecompileError | HaltReason::PrecompileErrorWithContext(_) => {
            precompile.unwrap_or_else(|| "precompile failed".to_owned())
        }
        HaltReason::NonceOverflow => "nonce uint64 overflow".to_owned(),
        HaltReason::CreateContractSizeLimit => "max code size exceeded".to_owned(),
        HaltReason::CreateContractStartingWithEF => "invalid code: must not begin with 0xef".to_owned(),
        HaltReason::CreateInitCodeSizeLimit => "max initcode size exceeded".to_owned(),
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
            "write protection".to_owned()
        }
        HaltReason::OutOfFunds | HaltReason::OverflowPayment => "insufficient balance for transfer".to_owned(),
        HaltReason::CallTooDeep => "max call depth exceeded".to_owned(),
        HaltReason::OutOfGas(_) => "out of gas".to_owned(),
    }
}

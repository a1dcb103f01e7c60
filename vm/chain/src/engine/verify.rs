//! Verifying a block: the rules in their order, then execution.

use crate::block::{Block, Header};
use crate::engine::{Chain, Processing};
use crate::error::{Fatal, Field, Invalid, InvalidTransaction};
use crate::execution::evm::NoResult;
use crate::execution::executor::{Environment, Executor, predicate_rows};
use crate::execution::receipt;
use crate::rules::fee::{NoBaseFee, WINDOW_BYTES};
use crate::rules::header::{Prescribed, equal, mismatch};
use crate::rules::intrinsic::{self, PredicateRows};
use crate::rules::predicate::{self, Verdicts};
use crate::rules::{syntax, time};
use crate::state::root::finish;
use crate::view::View;
use alloy_primitives::{Address, Bytes, U256};
use pars_genesis::spec::ChainSpec;
use pars_precompiles::bits::Bits;
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::predicate_results::Results;
use pars_precompiles::registry::TABLE;
use pars_precompiles::subnet::fee_manager;
use pars_precompiles::subnet::reward_manager::{self, BLACKHOLE, Recipient};
use std::sync::Arc;

/// What a block is verified with, beside the chain.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// This machine's clock, Unix milliseconds.
    pub now_ms: u64,
    /// The host has caught up: intrinsic gas and predicate results are checked, not trusted.
    pub bootstrapped: bool,
    /// Verdicts on the block's predicates, where they are known.
    pub verdicts: Option<&'a Verdicts>,
}

/// Answer on a block.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It follows the rules, and is being processed from now on.
    Valid,
    /// It breaks a rule.
    Invalid(Invalid),
    /// Something must be known first: call again with it.
    Needs(Needs),
}

/// What a verdict needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Verdicts on the predicates of the block's transactions.
    PredicateVerdicts,
}

enum Refusal {
    Invalid(Box<Invalid>),
    Needs(Needs),
    Fatal(Fatal),
}

impl Chain {
    /// Verifies a block and, where it is valid, keeps it as processing. A block that is held already is only checked.
    ///
    /// # Errors
    /// When this machine failed: that is no verdict.
    pub fn verify(&mut self, block: &Arc<Block>, context: Context<'_>) -> Result<Verdict, Fatal> {
        match self.try_verify(block, context) {
            Ok(Some(processing)) => {
                self.processing.insert(block.id(), processing);
                Ok(Verdict::Valid)
            }
            Ok(None) => Ok(Verdict::Valid),
            Err(Refusal::Invalid(reason)) => Ok(Verdict::Invalid(*reason)),
            Err(Refusal::Needs(needs)) => Ok(Verdict::Needs(needs)),
            Err(Refusal::Fatal(fatal)) => Err(fatal),
        }
    }

    fn try_verify(&self, block: &Arc<Block>, context: Context<'_>) -> Result<Option<Processing>, Refusal> {
        let header = &block.header;
        let rules = self.spec.rules(header.time);
        syntax::check(block, rules)?;
        let parent_view = self.view(block.parent()).ok_or_else(|| Invalid::UnknownParent(block.parent()))?;
        let parent = parent_view.header();
        time::check_excess(header, parent, rules.granite)?;
        time::check_time(header, parent, rules.granite, context.now_ms)?;
        let config = fee_config(&self.spec, &parent_view)?;
        let rows = predicate_rows(&self.spec, header.time);
        if context.bootstrapped {
            check_gas_and_predicates(block, &config, rules, &rows, context.verdicts)?;
        }
        if self.processing.contains_key(&block.id()) {
            return Ok(None);
        }
        self.check_room()?;
        let prescribed = Prescribed::new(&config, parent, header.time, rules).map_err(no_base_fee)?;
        prescribed.check(header, parent)?;
        match recipient(&self.spec, &parent_view)? {
            Recipient::Any => {}
            Recipient::Only(expected) => equal(Field::Miner, &header.coinbase, &expected)?,
        }
        let results = Results::decode(header.extra.get(WINDOW_BYTES..).unwrap_or_default()).unwrap_or_default();
        self.execute(block, &parent_view, &results).map(Some)
    }

    fn execute(&self, block: &Arc<Block>, parent: &View, results: &Results) -> Result<Processing, Refusal> {
        let header = &block.header;
        block.recover_senders();
        let environment = Environment::new(&self.spec, header).map_err(Fatal::from)?;
        let mut executor = Executor::new(&self.spec, self.place, parent, environment)?;
        for (index, tx) in block.transactions.iter().enumerate() {
            match executor.transact(tx, results) {
                Ok(_) => {}
                Err(NoResult::Invalid(reason)) => return Err(invalid_transaction(block, index, reason)),
                Err(NoResult::Fatal(fatal)) => return Err(Refusal::Fatal(fatal)),
            }
        }
        let executed = executor.finish();
        check_block_gas_cost(header, executed.tips)?;
        equal(Field::GasUsed, &header.gas_used, &executed.gas_used)?;
        equal(Field::LogsBloom, &header.bloom, &receipt::bloom(&executed.receipts))?;
        equal(Field::ReceiptsRoot, &header.receipts_root, &receipt::root(&executed.receipts))?;
        let (root, layer) = finish(executed.state)?;
        equal(Field::StateRoot, &header.state_root, &root)?;
        Ok(Processing { block: Arc::clone(block), receipts: Arc::new(executed.receipts), layer: Arc::new(layer) })
    }
}

/// Fee configuration that a child of this block must follow: from the parent's state, under the parent's time.
pub(crate) fn fee_config(spec: &ChainSpec, parent: &View) -> Result<FeeConfig, FeeConfigError> {
    let at = fee_manager::ENTRY.at;
    if !is_on(spec, at, parent) {
        return Ok(spec.fee);
    }
    let config = fee_manager::stored(|slot| parent.slot_of(at, slot)).map_err(FeeConfigError::Fatal)?;
    config.verify().map_err(|reason| FeeConfigError::Invalid(Box::new(Invalid::FeeConfig(reason.to_string()))))?;
    Ok(config)
}

/// Why there is no fee configuration.
pub(crate) enum FeeConfigError {
    Invalid(Box<Invalid>),
    Fatal(Fatal),
}

/// Who may receive the fees of a child of this block.
pub(super) fn recipient(spec: &ChainSpec, parent: &View) -> Result<Recipient, Fatal> {
    let at = reward_manager::ENTRY.at;
    if is_on(spec, at, parent) {
        return reward_manager::stored(|slot| parent.slot_of(at, slot));
    }
    Ok(if spec.allow_fee_recipients { Recipient::Any } else { Recipient::Only(BLACKHOLE) })
}

/// Whether the row at this address is on in a block.
fn is_on(spec: &ChainSpec, at: Address, view: &View) -> bool {
    let row = TABLE.iter().position(|entry| entry.at == at);
    row.is_some_and(|row| spec.enabled(row, view.header().time).is_some())
}

/// Rules that a node trusts others with until it has caught up.
fn check_gas_and_predicates(
    block: &Block,
    config: &FeeConfig,
    rules: pars_genesis::forks::Rules,
    rows: &PredicateRows,
    verdicts: Option<&Verdicts>,
) -> Result<(), Refusal> {
    let header = &block.header;
    let limit: u64 = config.gas_limit.wrapping_to();
    if header.gas_used > limit {
        return Err(mismatch(Field::GasUsed, header.gas_used, format!("at most the gas limit {limit}")).into());
    }
    let mut sum: u64 = 0;
    for (index, tx) in block.transactions.iter().enumerate() {
        let gas = intrinsic::gas(tx, rules, rows).map_err(|reason| invalid_transaction(block, index, reason))?;
        sum = sum.checked_add(gas).ok_or(Invalid::IntrinsicGasOverflow)?;
    }
    if sum > header.gas_used {
        let expected = format!("at least the intrinsic gas {sum} of its transactions");
        return Err(mismatch(Field::GasUsed, header.gas_used, expected).into());
    }
    if !rules.durango {
        return Ok(());
    }
    let results = results_of(block.transactions.iter().map(AsRef::as_ref), rows, verdicts)?;
    let expected = results.encode().map_err(|reason| Fatal::Bug(reason.to_string()))?;
    let got = header.extra.get(WINDOW_BYTES..).unwrap_or_default();
    equal(Field::ExtraData, &Bytes::copy_from_slice(got), &Bytes::from(expected))?;
    Ok(())
}

/// Predicate results of these transactions, from verdicts.
fn results_of<'t>(
    transactions: impl Iterator<Item = &'t crate::tx::Tx>,
    rows: &PredicateRows,
    verdicts: Option<&Verdicts>,
) -> Result<Results, Refusal> {
    let mut results = Results::default();
    for tx in transactions {
        let found = predicate::of(tx, rows);
        if found.is_empty() {
            continue;
        }
        let failed = failed_predicates(tx, &found, verdicts).ok_or(Refusal::Needs(Needs::PredicateVerdicts))?;
        results.0.insert(tx.hash(), failed);
    }
    Ok(results)
}

/// Which predicates of a transaction failed; none where the verdicts do not say.
pub(super) fn failed_predicates(
    tx: &crate::tx::Tx,
    found: &std::collections::BTreeMap<Address, Vec<&[alloy_primitives::B256]>>,
    verdicts: Option<&Verdicts>,
) -> Option<std::collections::BTreeMap<Address, Bits>> {
    let of_tx = verdicts?.get(&tx.hash())?;
    let row = |(row, tuples): (&Address, &Vec<_>)| {
        let passed = of_tx.get(row).filter(|passed| passed.len() == tuples.len())?;
        let mut failed = Bits::default();
        for (index, _) in passed.iter().enumerate().filter(|(_, passed)| !**passed) {
            failed.insert(index);
        }
        Some((*row, failed))
    };
    found.iter().map(row).collect()
}

/// Before Granite, a block that comes early must be paid for by tips.
pub(super) fn check_block_gas_cost(header: &Header, tips: U256) -> Result<(), Invalid> {
    let required = header.block_gas_cost.unwrap_or_default();
    if required.is_zero() {
        return Ok(());
    }
    let base_fee = header.base_fee.unwrap_or_default();
    let got = tips.checked_div(base_fee).unwrap_or_default();
    if got < required { Err(Invalid::InsufficientBlockGas { got, required }) } else { Ok(()) }
}

fn invalid_transaction(block: &Block, index: usize, reason: InvalidTransaction) -> Refusal {
    let hash = block.transactions.get(index).map(|tx| tx.hash()).unwrap_or_default();
    Invalid::Transaction { index, hash, reason }.into()
}

/// A parent and a configuration that allow no child say so through the field that has no possible value.
fn no_base_fee(reason: NoBaseFee) -> Refusal {
    match reason {
        NoBaseFee::NoTarget(value) => {
            Refusal::Fatal(crate::error::Unsupported { what: "targetGas", value, limit: "a multiple of 2^64" }.into())
        }
        NoBaseFee::TimeTravel | NoBaseFee::NotPositive(_) | NoBaseFee::NoParentFee => {
            mismatch(Field::BaseFeePerGas, "any value", reason).into()
        }
    }
}

impl From<Invalid> for Refusal {
    fn from(reason: Invalid) -> Self {
        Self::Invalid(Box::new(reason))
    }
}

impl From<Fatal> for Refusal {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

impl From<FeeConfigError> for Refusal {
    fn from(error: FeeConfigError) -> Self {
        match error {
            FeeConfigError::Invalid(reason) => Self::Invalid(reason),
            FeeConfigError::Fatal(fatal) => Self::Fatal(fatal),
        }
    }
}

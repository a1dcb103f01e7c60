//! Execution of a case's transactions, as the chain executes a block's.

use crate::conformance::rule_set::RuleSet;
use crate::conformance::setting::Setting;
use alloy_primitives::{B256, Bytes};
use pars_chain::error::{DecodeError, Fatal, InvalidTransaction};
use pars_chain::execution::evm::NoResult;
use pars_chain::execution::executor::Environment;
use pars_chain::execution::receipt::Receipt;
use pars_chain::rules::intrinsic;
use pars_chain::state::layer::Layer;
use pars_chain::state::root::finish;
use pars_chain::tx::Tx;
use pars_precompiles::predicate_results::Results;
use std::sync::Arc;

/// What a block did.
#[derive(Debug)]
pub struct Outcome {
    /// One for each transaction.
    pub transactions: Vec<Result<Included, Refusal>>,
    /// Receipts of those that were included.
    pub receipts: Vec<Receipt>,
    /// Gas used.
    pub gas_used: u64,
    /// State root.
    pub root: B256,
    /// What it changed in the state.
    pub layer: Arc<Layer>,
}

/// A transaction in the block.
#[derive(Debug)]
pub struct Included {
    /// Its receipt.
    pub receipt: Receipt,
    /// Gas it used.
    pub gas_used: u64,
    /// Gas it cost before it ran.
    pub intrinsic: u64,
}

/// Why a transaction is not in the block.
#[derive(Debug)]
pub enum Refusal {
    /// Its bytes.
    Decode(DecodeError),
    /// The rules.
    Invalid(InvalidTransaction),
}

impl Refusal {
    /// The reason without its values.
    #[must_use]
    pub fn name(&self) -> String {
        let (part, text) = match self {
            Self::Decode(reason) => ("decoding: ", format!("{reason:?}")),
            Self::Invalid(reason) => ("", format!("{reason:?}")),
        };
        // `Malformed(Transaction { … })` has the reason inside.
        let inner =
            text.split_once('(').filter(|(outer, _)| *outer == "Malformed").map_or(text.as_str(), |(_, inner)| inner);
        let name: String = inner.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        format!("{part}{name}")
    }
}

/// Executes a block. A transaction that is refused is left out, and the next is tried.
///
/// # Errors
/// When the chain's own code failed: that is no outcome.
pub fn block(
    rules: &RuleSet,
    setting: &Setting,
    environment: &Environment,
    transactions: &[&Bytes],
    start: bool,
) -> Result<Outcome, Fatal> {
    let mut executor = rules.executor(&setting.parent, environment.clone(), setting.chain_id, start)?;
    let mut outcomes = Vec::with_capacity(transactions.len());
    let mut gas_before = 0;
    for bytes in transactions {
        let tx = match Tx::decode(bytes) {
            Ok(tx) => tx,
            Err(reason) => {
                outcomes.push(Err(Refusal::Decode(reason)));
                continue;
            }
        };
        match executor.transact(&tx, &Results::default()) {
            Ok(receipt) => {
                let gas_used = receipt.cumulative_gas_used - gas_before;
                gas_before = receipt.cumulative_gas_used;
                let intrinsic = intrinsic::gas(&tx, rules.rules, &environment.predicate_rows).unwrap_or(u64::MAX);
                outcomes.push(Ok(Included { receipt: receipt.clone(), gas_used, intrinsic }));
            }
            Err(NoResult::Invalid(reason)) => outcomes.push(Err(Refusal::Invalid(reason))),
            Err(NoResult::Fatal(fatal)) => return Err(fatal),
        }
    }
    let executed = executor.finish();
    let (root, layer) = finish(executed.state)?;
    let layer = Arc::new(layer);
    Ok(Outcome { transactions: outcomes, receipts: executed.receipts, gas_used: executed.gas_used, root, layer })
}

/// EIP-2718 type of a signed transaction.
#[must_use]
pub fn kind(bytes: &[u8]) -> u8 {
    bytes.first().copied().filter(|first| *first < FIRST_LIST_BYTE).unwrap_or_default()
}

/// A legacy transaction is an RLP list.
const FIRST_LIST_BYTE: u8 = 0xc0;

//! Building a block on the preferred one. A built block is executed already and is not executed again.

use crate::block::{Block, Header, UNCLES_OF_NONE, transactions_root};
use crate::engine::verify::{FeeConfigError, check_block_gas_cost, failed_predicates, fee_config, recipient};
use crate::engine::{Chain, Processing};
use crate::error::{Fatal, Invalid, InvalidTransaction};
use crate::execution::evm::NoResult;
use crate::execution::executor::{Environment, Executor};
use crate::execution::receipt;
use crate::limits::BUILD_BYTES_MAX;
use crate::rules::header::Prescribed;
use crate::rules::predicate::{self, Verdicts};
use crate::rules::time::{base_excess, delay_ms, excess_for, step_toward};
use crate::state::root::finish;
use crate::tx::Tx;
use alloy_primitives::{Address, B64, B256, U256};
use pars_precompiles::predicate_results::Results;
use pars_precompiles::subnet::reward_manager::{BLACKHOLE, Recipient};
use std::sync::Arc;

/// What the builder is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// This machine's clock, Unix milliseconds.
    pub now_ms: u64,
    /// Who shall receive the fees, where the chain leaves it open.
    pub fee_recipient: Option<Address>,
    /// Minimum delay between blocks to move toward, milliseconds.
    pub min_delay_target: Option<u64>,
    /// Verdicts on predicates. A transaction whose predicates have none is left out.
    pub verdicts: Option<&'a Verdicts>,
}

/// What came of building.
#[derive(Debug, Clone)]
#[must_use]
pub enum Built {
    /// A block, which is being processed from now on.
    Block(Arc<Block>),
    /// No transaction fits.
    Nothing,
    /// The parent's minimum delay has not passed.
    TooEarly {
        /// Earliest time, Unix milliseconds.
        at_ms: u64,
    },
    /// The rules allow no such block now.
    Refused(Invalid),
}

/// Transactions to choose from, best first; those of a sender in the order of their nonces.
pub trait Candidates {
    /// The best one, without taking it.
    fn best(&self) -> Option<&Arc<Tx>>;
    /// Takes the best one; its sender's next one joins.
    fn take(&mut self);
    /// Drops the best one and all of its sender.
    fn drop_sender(&mut self);
}

/// Transactions in a given order.
#[derive(Debug, Clone, Default)]
pub struct InOrder(std::collections::VecDeque<Arc<Tx>>);

impl InOrder {
    /// These, as they come.
    #[must_use]
    pub fn new(transactions: impl IntoIterator<Item = Arc<Tx>>) -> Self {
        Self(transactions.into_iter().collect())
    }
}

impl Candidates for InOrder {
    fn best(&self) -> Option<&Arc<Tx>> {
        self.0.front()
    }

    fn take(&mut self) {
        self.0.pop_front();
    }

    fn drop_sender(&mut self) {
        if let Some(dropped) = self.0.pop_front() {
            self.0.retain(|tx| tx.sender() != dropped.sender());
        }
    }
}

/// Gas of the cheapest transaction.
const TRANSACTION_GAS_MIN: u64 = 21_000;

impl Chain {
    /// Builds a block on the preferred one and keeps it as processing.
    ///
    /// # Errors
    /// When this machine failed.
    pub fn build(&mut self, candidates: &mut dyn Candidates, wish: Wish<'_>) -> Result<Built, Fatal> {
        let parent_view =
            self.view(self.preferred).ok_or_else(|| Fatal::Bug("the preferred block is not held".to_owned()))?;
        self.check_room()?;
        let parent = parent_view.header();
        let config = match fee_config(&self.spec, &parent_view) {
            Ok(config) => config,
            Err(FeeConfigError::Invalid(reason)) => return Ok(Built::Refused(*reason)),
            Err(FeeConfigError::Fatal(fatal)) => return Err(fatal),
        };
        let unix_ms = wish.now_ms.max(parent.unix_ms());
        let time = unix_ms / 1_000;
        let rules = self.spec.rules(time);
        if rules.granite
            && let Some(excess) = parent.min_delay_excess
        {
            let at_ms = parent.unix_ms().saturating_add(delay_ms(excess));
            if unix_ms < at_ms {
                return Ok(Built::TooEarly { at_ms });
            }
        }
        let prescribed = match Prescribed::new(&config, parent, time, rules) {
            Ok(prescribed) => prescribed,
            Err(reason) => return Ok(Built::Refused(Invalid::FeeConfig(reason.to_string()))),
        };
        let coinbase = match recipient(&self.spec, &parent_view)? {
            Recipient::Only(address) => address,
            Recipient::Any => wish.fee_recipient.unwrap_or(BLACKHOLE),
        };
        let excess = wish
            .min_delay_target
            .map_or_else(|| base_excess(parent), |delay| step_toward(base_excess(parent), excess_for(delay)));
        let mut header = Header {
            parent: parent_view.id().0,
            uncles_hash: UNCLES_OF_NONE,
            coinbase,
            difficulty: U256::ONE,
            number: parent.number + U256::ONE,
            gas_limit: prescribed.gas_limit,
            time,
            nonce: B64::ZERO,
            base_fee: Some(prescribed.base_fee),
            block_gas_cost: Some(prescribed.block_gas_cost),
            blob_gas_used: rules.etna.then_some(0),
            excess_blob_gas: rules.etna.then_some(0),
            parent_beacon_root: rules.etna.then_some(B256::ZERO),
            time_ms: rules.granite.then_some(unix_ms),
            min_delay_excess: rules.granite.then_some(excess),
            ..Header::default()
        };
        let environment = Environment::new(&self.spec, &header)?;
        let rows = environment.predicate_rows.clone();
        let mut executor = Executor::new(&self.spec, self.place, &parent_view, environment)?;
        let mut results = Results::default();
        let mut chosen: Vec<Arc<Tx>> = Vec::new();
        let mut bytes: usize = 0;
        while let Some(tx) = candidates.best().cloned() {
            if executor.gas_left() < TRANSACTION_GAS_MIN {
                break;
            }
            let size = bytes.saturating_add(tx.size());
            let found = predicate::of(&tx, &rows);
            let of_tx = if found.is_empty() { None } else { failed_predicates(&tx, &found, wish.verdicts) };
            if tx.gas_limit() > executor.gas_left() || size > BUILD_BYTES_MAX || (!found.is_empty() && of_tx.is_none())
            {
                candidates.drop_sender();
                continue;
            }
            if let Some(failed) = of_tx {
                results.0.insert(tx.hash(), failed);
            }
            match executor.transact(&tx, &results) {
                Ok(_) => {
                    bytes = size;
                    candidates.take();
                    chosen.push(tx);
                    continue;
                }
                Err(NoResult::Invalid(InvalidTransaction::NonceTooLow { .. })) => candidates.take(),
                Err(NoResult::Invalid(_)) => candidates.drop_sender(),
                Err(NoResult::Fatal(fatal)) => return Err(fatal),
            }
            results.0.remove(&tx.hash());
        }
        if chosen.is_empty() {
            return Ok(Built::Nothing);
        }
        let executed = executor.finish();
        if let Err(reason) = check_block_gas_cost(&header, executed.tips) {
            return Ok(Built::Refused(reason));
        }
        let (state_root, layer) = finish(executed.state)?;
        let mut extra = prescribed.window.to_bytes().to_vec();
        if rules.durango {
            extra.extend(results.encode().map_err(|reason| Fatal::Bug(reason.to_string()))?);
        }
        header.extra = extra.into();
        header.state_root = state_root;
        header.gas_used = executed.gas_used;
        header.bloom = receipt::bloom(&executed.receipts);
        header.receipts_root = receipt::root(&executed.receipts);
        header.transactions_root = transactions_root(&chosen);
        let block = Arc::new(Block::new(header, chosen));
        let processing =
            Processing { block: Arc::clone(&block), receipts: Arc::new(executed.receipts), layer: Arc::new(layer) };
        self.processing.insert(block.id(), processing);
        Ok(Built::Block(block))
    }
}

//! Executes a block: start-of-block changes, then its transactions one by one.

use crate::block::Header;
use crate::error::{Fatal, InvalidTransaction, Unsupported};
use crate::execution::evm::{NoResult, ParsEvm, Variant};
use crate::execution::precompiles::{Delegated, Provider};
use crate::execution::receipt::Receipt;
use crate::execution::upgrade;
use crate::limits::{INITCODE_BYTES_MAX, SYSTEM_CALL_GAS};
use crate::rules::intrinsic::{self, PredicateRows};
use crate::rules::predicate;
use crate::state::overlay::Overlay;
use crate::tx::Tx;
use crate::view::View;
use alloy_primitives::map::AddressMap;
use alloy_primitives::{Address, B256, Bytes, U256, address};
use pars_genesis::forks::Rules;
use pars_genesis::spec::ChainSpec;
use pars_precompiles::config::Config;
use pars_precompiles::port::{Facts, Predicate};
use pars_precompiles::predicate_results::Results;
use pars_precompiles::registry::TABLE;
use pars_precompiles::subnet::{deployer_allow_list, tx_allow_list};
use revm::context::{BlockEnv, CfgEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN;
use revm::primitives::hardfork::SpecId;

/// What the chain is on its host: facts that only the warp precompile shows to contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// Network id.
    pub network_id: u32,
    /// Blockchain id.
    pub blockchain_id: B256,
}

/// What a block is executed under.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Height.
    pub number: u64,
    /// Unix seconds.
    pub time: u64,
    /// Fee recipient.
    pub coinbase: Address,
    /// Gas of the block.
    pub gas_limit: u64,
    /// Wei.
    pub base_fee: u64,
    /// Forks that are active.
    pub rules: Rules,
    /// Rows whose access-list tuples are predicates.
    pub predicate_rows: PredicateRows,
    /// What no header of this chain varies.
    pub fixed: Fixed,
}

/// Values that contracts can read and that are the same in every block of this chain. Ethereum's headers vary them, so
/// its official test vectors bring their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fixed {
    /// What DIFFICULTY pushes before Ethereum's merge: for this chain, before Durango.
    pub difficulty: U256,
    /// What the same opcode pushes from then on.
    pub prevrandao: B256,
    /// EIP-4844: BLOBBASEFEE follows from it.
    pub excess_blob_gas: u64,
}

impl Fixed {
    /// The opcode pushes 1 in every fork, and there are no blobs.
    pub const PARS: Self = Self { difficulty: U256::ONE, prevrandao: B256::with_last_byte(1), excess_blob_gas: 0 };
}

impl Environment {
    /// Of a block whose header follows the rules.
    ///
    /// # Errors
    /// A base fee that this program cannot compute with.
    pub fn new(spec: &ChainSpec, header: &Header) -> Result<Self, Unsupported> {
        let base_fee = header.base_fee.unwrap_or_default();
        Ok(Self {
            number: header.height(),
            time: header.time,
            coinbase: header.coinbase,
            gas_limit: header.gas_limit,
            base_fee: u64::try_from(base_fee).map_err(|_| Unsupported {
                what: "baseFeePerGas",
                value: base_fee,
                limit: "2^64",
            })?,
            rules: spec.rules(header.time),
            predicate_rows: predicate_rows(spec, header.time),
            fixed: Fixed::PARS,
        })
    }

    /// As revm sees it.
    #[must_use]
    pub fn block_env(&self) -> BlockEnv {
        BlockEnv {
            number: U256::from(self.number),
            beneficiary: self.coinbase,
            timestamp: U256::from(self.time),
            gas_limit: self.gas_limit,
            basefee: self.base_fee,
            difficulty: self.fixed.difficulty,
            prevrandao: Some(self.fixed.prevrandao),
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new(
                self.fixed.excess_blob_gas,
                BLOB_BASE_FEE_UPDATE_FRACTION_CANCUN,
            )),
            ..BlockEnv::default()
        }
    }
}

/// Addresses of the deployer and the transaction allow list, where they are on.
pub type Lists = (Option<Address>, Option<Address>);

/// Precompiles of a block, and where the allow lists live.
#[must_use]
pub fn precompiles_of(spec: &ChainSpec, place: Place, environment: &Environment) -> (Provider, Lists) {
    let Environment { number, time, rules, .. } = *environment;
    let on: Vec<(usize, &Config)> = (0..TABLE.len()).filter_map(|row| Some((row, spec.enabled(row, time)?))).collect();
    let addresses = |row: usize| spec.addresses.get(row).into_iter().flatten().map(move |address| (*address, row));
    let rows: AddressMap<usize> = on.iter().flat_map(|(row, _)| addresses(*row)).collect();
    let list = |at: Address| rows.contains_key(&at).then_some(at);
    let lists = (list(deployer_allow_list::ENTRY.at), list(tx_allow_list::ENTRY.at));
    let shows_secrets = |(_, config): &&(usize, &Config)| **config == Config::Secrets(true);
    let facts = Facts {
        number,
        time,
        durango: rules.durango,
        granite: rules.granite,
        network_id: place.network_id,
        blockchain_id: place.blockchain_id,
        rows: on.iter().map(|(row, _)| *row).collect(),
        secrets: on.iter().filter(shows_secrets).map(|(row, _)| *row).collect(),
    };
    let delegated = Delegated::at(time, rules.granite);
    (Provider::new(spec_id(rules), rules.granite, rows, facts, delegated), lists)
}

/// Rows whose access-list tuples are predicates in a block of this time.
#[must_use]
pub fn predicate_rows(spec: &ChainSpec, time: u64) -> PredicateRows {
    let on = |row: usize| spec.enabled(row, time).is_some();
    TABLE
        .iter()
        .enumerate()
        .filter(|(row, entry)| entry.predicate_gas.is_some() && on(*row))
        .filter_map(|(_, entry)| Some((entry.at, entry.predicate_gas?)))
        .collect()
}

/// A block that is being executed.
#[derive(Debug)]
pub struct Executor<'v> {
    evm: ParsEvm<'v>,
    environment: Environment,
    chain_id: u64,
    gas_used: u64,
    /// Sum of tip times gas, wei: what the block gas cost is paid with.
    tips: U256,
    receipts: Vec<Receipt>,
}

/// What a block did, beside its state.
#[derive(Debug)]
pub struct Executed<'v> {
    /// State after it.
    pub state: Overlay<'v>,
    /// Receipts in order.
    pub receipts: Vec<Receipt>,
    /// Gas used.
    pub gas_used: u64,
    /// Sum of tip times gas, wei.
    pub tips: U256,
}

impl<'v> Executor<'v> {
    /// A block of `spec` on top of `parent`, with its start-of-block changes made.
    ///
    /// # Errors
    /// When the store failed.
    pub fn new(spec: &ChainSpec, place: Place, parent: &'v View, environment: Environment) -> Result<Self, Fatal> {
        let mut state = Overlay::new(parent);
        let parent_time = parent.header().time;
        let (time, number) = (environment.time, environment.number);
        upgrade::switch_precompiles(&mut state, spec, Some(parent_time), time, number)?;
        for due in spec.state_upgrades(parent_time, time) {
            upgrade::upgrade_state(&mut state, due)?;
        }
        let rules = environment.rules;
        let (provider, lists) = precompiles_of(spec, place, &environment);
        let mut executor =
            Self::with_rules(state, environment, spec.chain_id, spec_id(rules), provider, Variant::PARS, lists);
        if rules.etna {
            executor.beacon_root_call()?;
        }
        Ok(executor)
    }

    /// A block under any of Ethereum's rule sets, for its official test vectors: no start-of-block changes are made.
    #[must_use]
    pub fn with_rules(
        state: Overlay<'v>,
        environment: Environment,
        chain_id: u64,
        spec: SpecId,
        provider: Provider,
        variant: Variant,
        lists: Lists,
    ) -> Self {
        let block = environment.block_env();
        let cfg = CfgEnv::new_with_spec(spec).with_chain_id(chain_id);
        let evm = ParsEvm::new(state, block, cfg, provider, variant, lists);
        Self { evm, environment, chain_id, gas_used: 0, tips: U256::ZERO, receipts: Vec::new() }
    }

    /// EIP-4788, which [`Self::new`] calls from Etna on. It has an effect only where somebody put the contract into
    /// genesis or a state upgrade.
    ///
    /// # Errors
    /// When the store failed.
    pub fn beacon_root_call(&mut self) -> Result<(), Fatal> {
        self.evm.system_call(SYSTEM_ADDRESS, BEACON_ROOTS, Bytes::from_static(&[0; 32]), SYSTEM_CALL_GAS)
    }

    /// Executes one transaction, with the results of its predicates.
    ///
    /// # Errors
    /// Where it may not be in this block; the block is as before.
    pub fn transact(&mut self, tx: &Tx, results: &Results) -> Result<&Receipt, NoResult> {
        let (sender, intrinsic) = self.check(tx).map_err(NoResult::Invalid)?;
        self.evm.precompiles().predicates = self.predicates(tx, results);
        let result = self.evm.transact(tx, sender, intrinsic)?;
        let gas_used = result.gas().tx_gas_used();
        self.gas_used += gas_used;
        let tip = tx.effective_tip(self.environment.base_fee);
        self.tips += U256::from(tip) * U256::from(gas_used);
        let success = result.is_success();
        self.receipts.push(Receipt::new(tx.kind(), success, self.gas_used, result.into_logs()));
        self.receipts.last().ok_or_else(|| NoResult::Fatal(Fatal::Bug("a receipt vanished".to_owned())))
    }

    /// Gas that is left in the block.
    #[must_use]
    pub const fn gas_left(&self) -> u64 {
        self.environment.gas_limit.saturating_sub(self.gas_used)
    }

    /// State as it is now.
    pub const fn state(&mut self) -> &mut Overlay<'v> {
        self.evm.state()
    }

    /// The block is done.
    #[must_use]
    pub fn finish(self) -> Executed<'v> {
        Executed { state: self.evm.into_state(), receipts: self.receipts, gas_used: self.gas_used, tips: self.tips }
    }

    /// What needs no state. The rest is checked inside revm's handler.
    fn check(&self, tx: &Tx) -> Result<(Address, u64), InvalidTransaction> {
        let rules = self.environment.rules;
        if tx.kind() == BLOB {
            return Err(InvalidTransaction::Type(BLOB));
        }
        if let Some(got) = tx.chain_id().filter(|id| *id != self.chain_id) {
            return Err(InvalidTransaction::ChainId { got, expected: self.chain_id });
        }
        let sender = tx.sender().ok_or(InvalidTransaction::Signature)?;
        let (tip, cap) = (tx.tip_cap(), tx.fee_cap());
        if tip > cap {
            return Err(InvalidTransaction::TipAboveFeeCap { tip, cap });
        }
        if tx.gas_limit() > self.gas_left() {
            return Err(InvalidTransaction::GasLimitReached { left: self.gas_left(), wanted: tx.gas_limit() });
        }
        let intrinsic = intrinsic::gas(tx, rules, &self.environment.predicate_rows)?;
        let initcode = tx.input().len();
        if rules.durango && tx.to().is_create() && initcode > INITCODE_BYTES_MAX {
            return Err(InvalidTransaction::InitcodeTooLarge { got: initcode, limit: INITCODE_BYTES_MAX });
        }
        Ok((sender, intrinsic))
    }

    fn predicates(&self, tx: &Tx, results: &Results) -> AddressMap<Vec<Predicate>> {
        let found = predicate::of(tx, &self.environment.predicate_rows);
        found
            .into_iter()
            .map(|(row, tuples)| {
                let failed = results.failed(tx.hash(), row);
                let predicate = |(index, chunks): (usize, &[B256])| Predicate {
                    chunks: chunks.to_vec(),
                    valid: failed.is_none_or(|failed| !failed.contains(index)),
                };
                (row, tuples.into_iter().enumerate().map(predicate).collect())
            })
            .collect()
    }
}

const BLOB: u8 = 3;
const SYSTEM_ADDRESS: Address = address!("fffffffffffffffffffffffffffffffffffffffe");
const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");

/// revm's name for what the forks switch on in the EVM.
#[must_use]
pub const fn spec_id(rules: Rules) -> SpecId {
    match (rules.durango, rules.etna) {
        (_, true) => SpecId::CANCUN,
        (true, false) => SpecId::SHANGHAI,
        (false, false) => SpecId::LONDON,
    }
}

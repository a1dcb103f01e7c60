//! revm's precompile provider: the classic precompiles of the fork, and the rows of the table that are on.

use crate::error::Fatal;
use crate::execution::interrupt::Interrupt;
use crate::state::overlay::Overlay;
use alloy_primitives::map::{AddressMap, AddressSet};
use alloy_primitives::{Address, B256, Bytes, U256};
use pars_precompiles::port::{self, Call, Facts, Halt, Predicate, State, Stop};
use pars_precompiles::registry::{Entry, TABLE};
use revm::Journal;
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::context_interface::journaled_state::JournalLoadError;
use revm::context_interface::journaled_state::account::JournaledAccountTr;
use revm::context_interface::{Cfg, ContextTr, JournalTr};
use revm::handler::PrecompileProvider;
use revm::handler::precompile_output_to_interpreter_result;
use revm::interpreter::{CallInputs, CallScheme, Gas, InstructionResult, InterpreterResult};
use revm::precompile::secp256r1::P256VERIFY_OSAKA;
use revm::precompile::{PrecompileHalt, PrecompileSpecId, Precompiles};
use revm::primitives::hardfork::SpecId;
use std::sync::OnceLock;

/// revm's context over the state of the executing block.
pub type EvmContext<'v> = Context<BlockEnv, TxEnv, CfgEnv, Overlay<'v>, Journal<Overlay<'v>>, Interrupt>;

/// Precompiles of one block.
#[derive(Debug)]
pub struct Provider {
    classic: &'static Precompiles,
    /// Rows that are on, by each of their addresses.
    rows: AddressMap<usize>,
    facts: Facts,
    delegated: Delegated,
    /// Predicates of the running transaction by canonical address.
    pub predicates: AddressMap<Vec<Predicate>>,
    /// Why execution had to stop without a result.
    pub stopped: Option<Stopped>,
    /// Why the last precompile that failed did, for people; none where it was gas.
    pub failure: Option<String>,
}

/// What a DELEGATECALL or CALLCODE of a row does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delegated {
    /// Runs, with the inherited caller and the row's own storage.
    Runs,
    /// Makes the transaction invalid, even where the caller would catch a failure.
    Invalidates,
    /// Fails and takes the frame's gas.
    Fails,
}

/// Before this time, 2 August 2025 04:00 UTC, delegated calls ran; from Granite on they fail.
const DELEGATED_UNTIL: u64 = 1_754_107_200;

impl Delegated {
    /// In a block of this time, Unix seconds.
    #[must_use]
    pub const fn at(time: u64, granite: bool) -> Self {
        match (granite, time >= DELEGATED_UNTIL) {
            (true, _) => Self::Fails,
            (false, true) => Self::Invalidates,
            (false, false) => Self::Runs,
        }
    }
}

/// Why execution had to stop without a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// The store failed.
    Fatal(Fatal),
    /// See [`Delegated::Invalidates`].
    Delegated(Address),
}

impl Provider {
    /// Precompiles of a block: those of the fork, P256VERIFY where it is on, and `rows` by address.
    #[must_use]
    pub fn new(spec: SpecId, p256: bool, rows: AddressMap<usize>, facts: Facts, delegated: Delegated) -> Self {
        let classic = if p256 && !spec.is_enabled_in(SpecId::OSAKA) {
            cancun_with_p256()
        } else {
            Precompiles::new(PrecompileSpecId::from_spec_id(spec))
        };
        Self { classic, rows, facts, delegated, predicates: AddressMap::default(), stopped: None, failure: None }
    }

    fn row(&self, address: &Address) -> Option<&'static Entry> {
        // Most calls in most blocks are to contracts.
        if self.rows.is_empty() {
            return None;
        }
        TABLE.get(*self.rows.get(address)?)
    }

    fn run_row(
        &mut self,
        row: &'static Entry,
        context: &mut EvmContext<'_>,
        inputs: &CallInputs,
    ) -> Result<InterpreterResult, String> {
        let failed = |failure: &mut Option<String>, why: &str| {
            *failure = Some(format!("{}: {why}", row.name));
            let mut gas = Gas::new(inputs.gas_limit);
            gas.spend_all();
            InterpreterResult::new(InstructionResult::PrecompileError, Bytes::new(), gas)
        };
        if !row.pure && matches!(inputs.scheme, CallScheme::DelegateCall | CallScheme::CallCode) {
            match self.delegated {
                Delegated::Runs => {}
                Delegated::Fails => return Ok(failed(&mut self.failure, "delegated calls are not allowed")),
                Delegated::Invalidates => {
                    self.stopped = Some(Stopped::Delegated(row.at));
                    return Err(format!("delegated call of precompile {}", row.at));
                }
            }
        }
        // Not copied: a copy would be work for every byte before anything is paid.
        let input = inputs.input.as_bytes_local(&context.local);
        let mut state = JournalState { journal: &mut context.journaled_state, at: row.at, fatal: None };
        let mut call = Call {
            state: &mut state,
            facts: &self.facts,
            input: &input,
            at: inputs.bytecode_address,
            caller: inputs.caller,
            read_only: inputs.is_static,
            gas: port::Gas::new(inputs.gas_limit),
            predicates: self.predicates.get(&row.at).map(Vec::as_slice).unwrap_or_default(),
        };
        let result = (row.run)(&mut call);
        let spent = call.gas.spent();
        let fatal = state.fatal.take();
        let mut gas = Gas::new(inputs.gas_limit);
        match result {
            Ok(output) if gas.record_regular_cost(spent) => {
                Ok(InterpreterResult::new(InstructionResult::Return, output, gas))
            }
            Err(Stop::Revert(data)) if gas.record_regular_cost(spent) => {
                Ok(InterpreterResult::new(InstructionResult::Revert, data, gas))
            }
            Ok(_) | Err(Stop::Revert(_)) => Ok(failed(&mut self.failure, Halt::OutOfGas.text())),
            Err(Stop::Halt(halt)) => Ok(failed(&mut self.failure, halt.text())),
            Err(Stop::Fatal(port::Fatal)) => {
                let cause = fatal.unwrap_or_else(|| Fatal::Bug(format!("precompile {} failed without cause", row.at)));
                let text = cause.to_string();
                self.stopped = Some(Stopped::Fatal(cause));
                Err(text)
            }
        }
    }
}

fn cancun_with_p256() -> &'static Precompiles {
    static SET: OnceLock<Precompiles> = OnceLock::new();
    SET.get_or_init(|| {
        let mut set = Precompiles::cancun().clone();
        set.extend([P256VERIFY_OSAKA]);
        set
    })
}

impl<'v> PrecompileProvider<EvmContext<'v>> for Provider {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _: <<EvmContext<'v> as ContextTr>::Cfg as Cfg>::Spec) -> bool {
        // A provider serves one block.
        false
    }

    fn run(&mut self, context: &mut EvmContext<'v>, inputs: &CallInputs) -> Result<Option<InterpreterResult>, String> {
        if let Some(row) = self.row(&inputs.bytecode_address) {
            return self.run_row(row, context, inputs).map(Some);
        }
        let Some(precompile) = self.classic.get(&inputs.bytecode_address) else { return Ok(None) };
        let input = inputs.input.as_bytes(context);
        let output = precompile.execute(&input, inputs.gas_limit, inputs.reservoir).map_err(|e| e.to_string())?;
        drop(input);
        if let Some(halt) = output.halt_reason() {
            // Sizes beyond 64 bits cost more gas than there is.
            let unpayable = matches!(
                halt,
                PrecompileHalt::ModexpExpOverflow
                    | PrecompileHalt::ModexpBaseOverflow
                    | PrecompileHalt::ModexpModOverflow
                    | PrecompileHalt::ModexpEip7823LimitSize
            );
            self.failure = (!unpayable).then(|| halt.to_string());
        }
        Ok(Some(precompile_output_to_interpreter_result(output, inputs.gas_limit)))
    }

    fn warm_addresses(&self) -> &AddressSet {
        self.classic.addresses_set()
    }

    fn contains(&self, address: &Address) -> bool {
        self.classic.contains(address) || self.row(address).is_some()
    }
}

/// [`State`] over revm's journal. Loading warms an account and a slot in revm; here they get back the temperature
/// that they had, because subnet-evm's precompiles do not touch the access list.
#[expect(missing_debug_implementations, reason = "holds a mutable borrow of the journal")]
pub struct JournalState<'j, 'v> {
    journal: &'j mut Journal<Overlay<'v>>,
    at: Address,
    fatal: Option<Fatal>,
}

impl<'j, 'v> JournalState<'j, 'v> {
    /// State of the row at this canonical address.
    pub const fn new(journal: &'j mut Journal<Overlay<'v>>, at: Address) -> Self {
        Self { journal, at, fatal: None }
    }

    /// The cause of a [`port::Fatal`].
    pub fn cause(self) -> Fatal {
        self.fatal.unwrap_or_else(|| Fatal::Bug(format!("state of {} failed without cause", self.at)))
    }

    fn account_is_warm(&self, address: Address) -> bool {
        let now = self.journal.inner.transaction_id;
        self.journal.inner.state.get(&address).is_some_and(|account| !account.is_cold_transaction_id(now))
    }

    fn cool_account(&mut self, address: Address) {
        if let Some(account) = self.journal.inner.state.get_mut(&address) {
            account.mark_cold();
        }
    }

    fn with_slot<T>(
        &mut self,
        slot: B256,
        access: impl FnOnce(&mut Journal<Overlay<'v>>, Address, U256) -> Result<T, Fatal>,
    ) -> Result<T, port::Fatal> {
        let (at, key) = (self.at, U256::from_be_bytes(slot.0));
        let now = self.journal.inner.transaction_id;
        let account_was_warm = self.account_is_warm(at);
        let slot_was_warm = self
            .journal
            .inner
            .state
            .get(&at)
            .and_then(|account| account.storage.get(&key))
            .is_some_and(|slot| !slot.is_cold_transaction_id(now));
        let result = access(self.journal, at, key);
        if !slot_was_warm
            && let Some(slot) = self.journal.inner.state.get_mut(&at).and_then(|account| account.storage.get_mut(&key))
        {
            slot.mark_cold();
        }
        if !account_was_warm {
            self.cool_account(at);
        }
        result.map_err(|cause| self.fail(cause))
    }

    fn fail(&mut self, cause: Fatal) -> port::Fatal {
        self.fatal = Some(cause);
        port::Fatal
    }
}

fn cause_of(error: JournalLoadError<Fatal>) -> Fatal {
    error.take_db_error().unwrap_or_else(|| Fatal::Bug("revm skipped a load that nobody asked it to skip".to_owned()))
}

impl State for JournalState<'_, '_> {
    fn load(&mut self, slot: B256) -> Result<B256, port::Fatal> {
        self.with_slot(slot, |Journal { database, inner }, at, key| {
            Ok(inner.sload(database, at, key, false).map_err(cause_of)?.data.into())
        })
    }

    fn store(&mut self, slot: B256, value: B256) -> Result<(), port::Fatal> {
        self.with_slot(slot, |Journal { database, inner }, at, key| {
            inner.sstore(database, at, key, value.into(), false).map_err(cause_of)?;
            Ok(())
        })
    }

    fn log(&mut self, topics: Vec<B256>, data: Bytes) {
        self.journal.log(crate::execution::receipt::log(self.at, topics, data));
    }

    fn mint(&mut self, to: Address, wei: U256) -> Result<(), port::Fatal> {
        let was_warm = self.account_is_warm(to);
        let minted = self.journal.load_account_mut(to).map(|mut account| {
            let balance = account.data.balance().wrapping_add(wei);
            account.data.set_balance(balance);
            account.data.touch();
        });
        if !was_warm {
            self.cool_account(to);
        }
        minted.map_err(|cause| self.fail(cause))
    }
}

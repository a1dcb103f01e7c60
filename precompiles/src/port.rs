//! What a precompile sees of the chain: its own storage, logs, one way to create coins, and plain facts.
//!
//! The chain implements [`State`] over the state of the executing block, bound to the canonical address of the row.
//! Accesses are journaled (a reverted frame takes them back) and leave the EIP-2929 access list, transient storage
//! and the refund counter alone.

pub mod memory;

use crate::registry;
use alloy_primitives::{Address, B256, Bytes, U256};

/// State of the executing block, seen from one row's canonical account.
pub trait State {
    /// Value of a storage slot of the canonical account.
    ///
    /// # Errors
    /// Only when the state could not be read.
    fn load(&mut self, slot: B256) -> Result<B256, Fatal>;

    /// Sets a storage slot of the canonical account.
    ///
    /// # Errors
    /// Only when the state could not be read.
    fn store(&mut self, slot: B256, value: B256) -> Result<(), Fatal>;

    /// Emits a log whose address is the canonical account.
    fn log(&mut self, topics: Vec<B256>, data: Bytes);

    /// Adds `wei` to an account, creating it if absent. Wraps modulo 2^256.
    ///
    /// # Errors
    /// Only when the state could not be read.
    fn mint(&mut self, to: Address, wei: U256) -> Result<(), Fatal>;
}

/// The state could not be read or written. The implementation of [`State`] keeps the cause; a precompile passes this
/// through unchanged, and the block gets no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fatal;

/// Facts of the block and the chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// Number of the executing block.
    pub number: u64,
    /// Time of the executing block, Unix seconds.
    pub time: u64,
    /// Durango is active: manager role, events, lenient calldata.
    pub durango: bool,
    /// Granite is active: the cheaper warp prices.
    pub granite: bool,
    /// Network id that the host gave at Initialize.
    pub network_id: u32,
    /// Blockchain id that the host gave at Initialize (32 bytes; not the EVM chain id).
    pub blockchain_id: B256,
    /// Rows that are on.
    pub rows: Rows,
    /// Rows whose configuration has `allowOnChainSecrets`.
    pub secrets: Rows,
}

/// Rows of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rows(u64);

impl Rows {
    /// All of them.
    #[must_use]
    pub fn all() -> Self {
        (0..registry::TABLE.len()).collect()
    }

    /// Whether a row with this key is among them.
    #[must_use]
    pub fn has(self, config_key: &str) -> bool {
        registry::rows_of(config_key).any(|row| self.0 & bit(row) != 0)
    }
}

impl FromIterator<usize> for Rows {
    fn from_iter<T: IntoIterator<Item = usize>>(rows: T) -> Self {
        Self(rows.into_iter().fold(0, |all, row| all | bit(row)))
    }
}

/// The tests see to it that the table has no more rows than this has bits.
fn bit(row: usize) -> u64 {
    u32::try_from(row).ok().and_then(|row| 1_u64.checked_shl(row)).unwrap_or(0)
}

/// One predicate of the running transaction for this row: an access-list tuple at its canonical address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicate {
    /// The tuple's storage keys, in order.
    pub chunks: Vec<B256>,
    /// The block's header says that it verified.
    pub valid: bool,
}

/// One call of a precompile.
#[expect(missing_debug_implementations, reason = "holds a mutable borrow of the state")]
pub struct Call<'a> {
    /// State of the block.
    pub state: &'a mut dyn State,
    /// Facts of the block.
    pub facts: &'a Facts,
    /// Calldata, selector included.
    pub input: &'a [u8],
    /// The address whose code was called: the row's canonical one, or an alias.
    pub at: Address,
    /// Who called. In a DELEGATECALL before Granite this is the inherited caller.
    pub caller: Address,
    /// Inside a static context: nothing may be written.
    pub read_only: bool,
    /// Gas of the frame.
    pub gas: Gas,
    /// Predicates of the running transaction for this row, in order.
    pub predicates: &'a [Predicate],
}

impl Call<'_> {
    /// Refuses to go on inside a static context.
    ///
    /// # Errors
    /// [`Halt::ReadOnly`] there.
    pub const fn write(&self) -> Result<(), Stop> {
        if self.read_only { Err(Stop::Halt(Halt::ReadOnly)) } else { Ok(()) }
    }
}

/// Gas of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gas {
    limit: u64,
    spent: u64,
}

impl Gas {
    /// Gas given to the frame.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { limit, spent: 0 }
    }

    /// Charges `amount`.
    ///
    /// # Errors
    /// [`Stop::Halt`] when less is left.
    pub const fn charge(&mut self, amount: u64) -> Result<(), Stop> {
        match self.spent.checked_add(amount) {
            Some(spent) if spent <= self.limit => {
                self.spent = spent;
                Ok(())
            }
            Some(_) | None => Err(Stop::Halt(Halt::OutOfGas)),
        }
    }

    /// Gas charged so far.
    #[must_use]
    pub const fn spent(&self) -> u64 {
        self.spent
    }
}

/// Why a call did not return output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The frame reverts with this data; gas that is left goes back.
    Revert(Bytes),
    /// The frame fails, takes all its gas and returns nothing.
    Halt(Halt),
    /// The state could not be read: the block gets no verdict.
    Fatal(Fatal),
}

impl From<Fatal> for Stop {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

/// Reason of a halt. It never reaches the chain; traces and tests show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Less gas than the call costs.
    OutOfGas,
    /// No selector, or one that the row does not know.
    UnknownSelector,
    /// Arguments that do not decode.
    BadInput,
    /// A write in a static context.
    ReadOnly,
    /// The caller's role does not allow it.
    NotAllowed,
    /// Arguments that decode but break a rule of the row.
    Refused,
}

impl Halt {
    /// For people who read a trace or the error of a call.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::OutOfGas => "out of gas",
            Self::UnknownSelector => "no such function",
            Self::BadInput => "arguments do not decode",
            Self::ReadOnly => "write protection",
            Self::NotAllowed => "the caller's role does not allow it",
            Self::Refused => "arguments break a rule of this precompile",
        }
    }
}

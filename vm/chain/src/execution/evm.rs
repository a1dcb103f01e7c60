//! revm with this chain's rules around it.

use crate::error::{Fatal, InvalidTransaction};
use crate::execution::interrupt::Interrupt;
use crate::execution::precompiles::{EvmContext, JournalState, Provider, Stopped};
use crate::state::overlay::Overlay;
use crate::tx::Tx;
use alloy_primitives::{Address, Bytes, U256};
use pars_precompiles::subnet::allow_list;
use revm::context::result::{ExecutionResult, FromStringError, HaltReason, InvalidHeader};
use revm::context::{BlockEnv, CfgEnv, Evm, FrameStack, TxEnv};
use revm::context_interface::context::ContextError;
use revm::context_interface::journaled_state::account::JournaledAccountTr;
use revm::context_interface::result::InvalidTransaction as RevmInvalidTransaction;
use revm::context_interface::{Block, Cfg, JournalTr, Transaction};
use revm::handler::instructions::EthInstructions;
use revm::handler::{EthFrame, EvmTr, FrameInitOrResult, FrameResult, FrameTr, Handler, ItemOrResult, post_execution};
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::interpreter_action::FrameInit;
use revm::interpreter::interpreter_types::{Jumps as _, LegacyBytecode as _};
use revm::interpreter::{
    CallValue, CreateOutcome, FrameInput, Gas, InitialAndFloorGas, Instruction, InstructionContext, InstructionResult,
    InterpreterResult,
};
use revm::primitives::constants::CALL_STACK_LIMIT;
use revm::primitives::hardfork::SpecId;
use std::marker::PhantomData;

type Instructions<'v> = EthInstructions<EthInterpreter, EvmContext<'v>>;
type Frame = EthFrame<EthInterpreter>;

/// Where this chain's execution departs from Ethereum's. Chains use [`Variant::PARS`]; Ethereum's own test vectors need
/// the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variant {
    /// EIP-3529 refunds reduce the gas that is paid for.
    pub refunds: bool,
    /// The base fee is burned (EIP-1559), not paid to the coinbase.
    pub burn_base_fee: bool,
    /// EIP-7610: no creation at an address where storage is left. The Go node does not have it.
    pub eip7610: bool,
}

impl Variant {
    /// No refunds; the coinbase gets everything; storage does not stop a creation.
    pub const PARS: Self = Self { refunds: false, burn_base_fee: false, eip7610: false };
    /// As Ethereum defines them.
    pub const ETHEREUM: Self = Self { refunds: true, burn_base_fee: true, eip7610: true };
}

/// revm, and what this chain asks it beside.
pub struct ParsEvm<'v> {
    inner: Evm<EvmContext<'v>, (), Instructions<'v>, Provider, Frame>,
    variant: Variant,
    /// Where the deployer allow list lives, if it is on.
    deployer_list: Option<Address>,
    /// Where the transaction allow list lives, if it is on.
    transaction_list: Option<Address>,
    /// Note where the outermost frame failed, for people who read it.
    watching: bool,
    fault: Option<Fault>,
}

/// Where the outermost frame of a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Opcode.
    pub opcode: u8,
    /// Values on the stack before it.
    pub stack: usize,
}

/// What a call did. It changed nothing.
#[derive(Debug, Clone)]
pub struct Called {
    /// Its result.
    pub result: ExecutionResult,
    /// Where it failed.
    pub fault: Option<Fault>,
    /// Why the last precompile that failed did.
    pub precompile: Option<String>,
}

/// Why a transaction has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoResult {
    /// It may not be in this block.
    Invalid(InvalidTransaction),
    /// This machine failed.
    Fatal(Fatal),
}

impl<'v> ParsEvm<'v> {
    /// For one block.
    pub fn new(
        database: Overlay<'v>,
        block: BlockEnv,
        cfg: CfgEnv,
        precompiles: Provider,
        variant: Variant,
        lists: (Option<Address>, Option<Address>),
    ) -> Self {
        let spec: SpecId = cfg.spec;
        let ctx = EvmContext::new(database, spec).with_block(block).with_cfg(cfg);
        let instruction = EthInstructions::new_mainnet_with_spec(spec);
        let inner = Evm::new(ctx, instruction, precompiles);
        Self { inner, variant, deployer_list: lists.0, transaction_list: lists.1, watching: false, fault: None }
    }

    /// For calls from outside, which may be ended: it looks at the flag at every JUMPDEST, which no loop can avoid.
    #[must_use]
    pub fn interruptible(mut self, interrupt: Interrupt) -> Self {
        self.inner.ctx.chain = interrupt;
        self.inner.instruction.insert_instruction(JUMPDEST, Instruction::new(look_at_flag), JUMPDEST_GAS);
        self.watching = true;
        self
    }

    /// Runs what would be a transaction, and forgets its changes. Its fees and funds are the caller's to check.
    ///
    /// # Errors
    /// Where it has no result; [`Fatal::Interrupted`] where the flag was raised.
    pub fn call_at_base_fee(&mut self, tx: TxEnv, intrinsic: u64, base_fee: u64) -> Result<Called, Fatal> {
        self.inner.ctx.tx = tx;
        self.inner.ctx.block.basefee = base_fee;
        self.fault = None;
        self.inner.precompiles.failure = None;
        let result = ParsHandler::call(intrinsic).run(self);
        self.inner.ctx.journaled_state.inner.finalize();
        if self.inner.ctx.chain.raised() {
            return Err(Fatal::Interrupted);
        }
        let precompile = self.inner.precompiles.failure.take();
        match (self.inner.precompiles.stopped.take(), result) {
            (Some(Stopped::Fatal(fatal)), _) | (None, Err(NoResult::Fatal(fatal))) => Err(fatal),
            (Some(Stopped::Delegated(at)), _) => {
                // A transaction would be invalid. A call says why.
                let reason = InvalidTransaction::DelegatedPrecompile(at);
                let gas = revm::context::result::ResultGas::default();
                let result = ExecutionResult::Halt { reason: HaltReason::PrecompileError, gas, logs: Vec::new() };
                Ok(Called { result, fault: None, precompile: Some(reason.to_string()) })
            }
            (None, Err(NoResult::Invalid(reason))) => Err(Fatal::Bug(format!("a call was refused: {reason}"))),
            (None, Ok(result)) => Ok(Called { result, fault: self.fault, precompile }),
        }
    }

    /// State of the block.
    pub const fn state(&mut self) -> &mut Overlay<'v> {
        &mut self.inner.ctx.journaled_state.database
    }

    /// State of the block, when it is done.
    pub fn into_state(self) -> Overlay<'v> {
        self.inner.ctx.journaled_state.database
    }

    /// The precompiles of the block.
    pub const fn precompiles(&mut self) -> &mut Provider {
        &mut self.inner.precompiles
    }

    /// Runs one transaction and merges its changes into the state.
    ///
    /// # Errors
    /// Where it has no result; the state is as before.
    pub fn transact(&mut self, tx: &Tx, sender: Address, intrinsic: u64) -> Result<ExecutionResult, NoResult> {
        self.inner.ctx.tx = environment(tx, sender);
        let result = ParsHandler::new(intrinsic).run(self);
        self.settle(result)
    }

    /// Runs a system call (EIP-4788) and merges its changes into the state. Its failure is ignored.
    ///
    /// # Errors
    /// Only when the store failed.
    pub fn system_call(&mut self, from: Address, to: Address, input: Bytes, gas_limit: u64) -> Result<(), Fatal> {
        self.inner.ctx.tx = TxEnv {
            caller: from,
            kind: to.into(),
            data: input,
            gas_limit,
            gas_price: 0,
            chain_id: None,
            ..TxEnv::default()
        };
        let result = ParsHandler::new(0).run_system_call(self);
        match self.settle(result) {
            Ok(_) | Err(NoResult::Invalid(_)) => Ok(()),
            Err(NoResult::Fatal(fatal)) => Err(fatal),
        }
    }

    fn settle(&mut self, result: Result<ExecutionResult, NoResult>) -> Result<ExecutionResult, NoResult> {
        let changes = self.inner.ctx.journaled_state.inner.finalize();
        match (self.inner.precompiles.stopped.take(), result) {
            (Some(Stopped::Fatal(fatal)), _) => Err(NoResult::Fatal(fatal)),
            (Some(Stopped::Delegated(at)), _) => Err(NoResult::Invalid(InvalidTransaction::DelegatedPrecompile(at))),
            (None, Err(no_result)) => Err(no_result),
            (None, Ok(result)) => {
                self.state().commit(changes).map_err(NoResult::Fatal)?;
                Ok(result)
            }
        }
    }

    /// Whether the running transaction's origin may create contracts, in the state as it is now.
    fn may_create(&mut self) -> Result<bool, Fatal> {
        let Some(list) = self.deployer_list else { return Ok(true) };
        let origin = self.inner.ctx.tx.caller;
        let mut state = JournalState::new(&mut self.inner.ctx.journaled_state, list);
        let allowed = allow_list::is_enabled(|slot| pars_precompiles::port::State::load(&mut state, slot), origin);
        allowed.map_err(|_| state.cause())
    }

    /// A creation that the deployer list or EIP-7610 refuses: the creator's nonce moves, the new address is warm, the
    /// gas is gone. Creations that fail earlier (depth, funds, nonce) are revm's to fail.
    fn refuse_creation(&mut self, init: &FrameInit) -> Result<Option<FrameResult>, Fatal> {
        let FrameInput::Create(inputs) = &init.frame_input else { return Ok(None) };
        let allowed = self.may_create()?;
        let nonce = self.inner.ctx.journaled_state.load_account(inputs.caller())?.data.info.nonce;
        let address = inputs.created_address(nonce);
        if allowed && !(self.variant.eip7610 && self.state().has_storage(address)?) {
            return Ok(None);
        }
        let depth_max = usize::try_from(CALL_STACK_LIMIT).unwrap_or(usize::MAX);
        let mut creator = self.inner.ctx.journaled_state.load_account_mut(inputs.caller())?.data;
        if init.depth > depth_max || *creator.balance() < inputs.value() || !creator.bump_nonce() {
            return Ok(None);
        }
        self.inner.ctx.journaled_state.load_account(address)?;
        let mut gas = Gas::new_with_regular_gas_and_reservoir(inputs.gas_limit(), inputs.reservoir());
        gas.spend_all();
        Ok(Some(FrameResult::Create(CreateOutcome {
            result: InterpreterResult::new(InstructionResult::CreateCollision, Bytes::new(), gas),
            address: None,
            charged_create_state_gas: inputs.charged_create_state_gas(),
        })))
    }
}

/// Coins that a call moves.
#[derive(Debug, Clone, Copy)]
struct Transfer {
    from: Address,
    to: Address,
    wei: U256,
}

impl ParsEvm<'_> {
    /// The transfer of a call that takes its recipient's balance beyond 2^256 - 1: a native minter can make balances
    /// that large. The Go node wraps them; revm fails the call, and the sender's coins are gone.
    fn wrapping_transfer(&self, init: &FrameInit) -> Option<Transfer> {
        let FrameInput::Call(inputs) = &init.frame_input else { return None };
        let CallValue::Transfer(wei) = inputs.value else { return None };
        if wei.is_zero() || inputs.caller == inputs.target_address {
            return None;
        }
        let transfer = Transfer { from: inputs.caller, to: inputs.target_address, wei };
        let state = &self.inner.ctx.journaled_state.inner.state;
        let balance = |address: Address| state.get(&address).map(|account| account.info.balance);
        let wraps = balance(transfer.to)?.checked_add(wei).is_none();
        (wraps && balance(transfer.from)? >= wei).then_some(transfer)
    }

    /// Starts such a call. Where it becomes a frame, the coins move inside it, so that they come back with it.
    fn start_wrapping(
        &mut self,
        mut init: FrameInit,
        transfer: Transfer,
    ) -> Result<ItemOrResult<&mut Frame, FrameResult>, ContextError<Fatal>> {
        if let FrameInput::Call(inputs) = &mut init.frame_input {
            inputs.value = CallValue::Apparent(transfer.wei);
        }
        let ended = match self.inner.frame_init(init)? {
            ItemOrResult::Item(_) => None,
            ItemOrResult::Result(result) => Some(result),
        };
        if ended.as_ref().is_none_or(|result| result.interpreter_result().result.is_ok()) {
            let Transfer { from, to, wei } = transfer;
            for (address, wei) in [(from, wei.wrapping_neg()), (to, wei)] {
                let mut account = self.inner.ctx.journaled_state.load_account_mut(address)?.data;
                let balance = account.balance().wrapping_add(wei);
                account.set_balance(balance);
                account.touch();
            }
        }
        Ok(ended.map_or_else(|| ItemOrResult::Item(self.inner.frame_stack.get()), ItemOrResult::Result))
    }
}

fn environment(tx: &Tx, sender: Address) -> TxEnv {
    let dynamic = tx.kind() == 2;
    TxEnv {
        tx_type: tx.kind(),
        caller: sender,
        gas_limit: tx.gas_limit(),
        gas_price: tx.fee_cap(),
        kind: tx.to(),
        value: tx.value(),
        data: tx.input().clone(),
        nonce: tx.nonce(),
        chain_id: tx.chain_id(),
        access_list: tx.access_list().cloned().unwrap_or_default(),
        gas_priority_fee: dynamic.then(|| tx.tip_cap()),
        ..TxEnv::default()
    }
}

impl<'v> EvmTr for ParsEvm<'v> {
    type Context = EvmContext<'v>;
    type Instructions = Instructions<'v>;
    type Precompiles = Provider;
    type Frame = Frame;

    fn all(&self) -> (&Self::Context, &Self::Instructions, &Self::Precompiles, &FrameStack<Frame>) {
        self.inner.all()
    }

    fn all_mut(
        &mut self,
    ) -> (&mut Self::Context, &mut Self::Instructions, &mut Self::Precompiles, &mut FrameStack<Frame>) {
        self.inner.all_mut()
    }

    fn frame_init(
        &mut self,
        init: <Frame as FrameTr>::FrameInit,
    ) -> Result<ItemOrResult<&mut Frame, FrameResult>, ContextError<Fatal>> {
        if (self.deployer_list.is_some() || self.variant.eip7610)
            && let Some(refused) = self.refuse_creation(&init).map_err(ContextError::Db)?
        {
            return Ok(ItemOrResult::Result(refused));
        }
        match self.wrapping_transfer(&init) {
            Some(transfer) => self.start_wrapping(init, transfer),
            None => self.inner.frame_init(init),
        }
    }

    fn frame_run(&mut self) -> Result<FrameInitOrResult<Frame>, ContextError<Fatal>> {
        let ran = self.inner.frame_run();
        if self.watching
            && let Ok(ItemOrResult::Result(result)) = &ran
            && result.interpreter_result().result.is_halt()
        {
            let frame = self.inner.frame_stack.get();
            if frame.depth == 0 {
                let code = &frame.interpreter.bytecode;
                let at = code.pc().saturating_sub(1);
                let opcode = code.bytecode_slice().get(at).copied().unwrap_or_default();
                self.fault = Some(Fault { opcode, stack: frame.interpreter.stack.len() });
            }
        }
        ran
    }

    fn frame_return_result(&mut self, result: FrameResult) -> Result<Option<FrameResult>, ContextError<Fatal>> {
        self.inner.frame_return_result(result)
    }
}

/// A JUMPDEST that ends a call whose flag is raised.
fn look_at_flag(context: InstructionContext<'_, EvmContext<'_>, EthInterpreter>) -> Result<(), InstructionResult> {
    if context.host.chain.raised() {
        context.host.error = Err(ContextError::Db(Fatal::Interrupted));
        return Err(InstructionResult::FatalExternalError);
    }
    Ok(())
}

const JUMPDEST: u8 = 0x5b;
const JUMPDEST_GAS: u16 = 1;

struct ParsHandler<'v> {
    intrinsic: u64,
    /// The caller has checked fees and funds; nonce, code and lists of the sender do not matter.
    checked: bool,
    evm: PhantomData<ParsEvm<'v>>,
}

impl<'v> ParsHandler<'v> {
    const fn new(intrinsic: u64) -> Self {
        Self { intrinsic, checked: false, evm: PhantomData }
    }

    const fn call(intrinsic: u64) -> Self {
        Self { intrinsic, checked: true, evm: PhantomData }
    }

    /// Takes the price of all gas from a sender who can pay it.
    fn charge(evm: &mut ParsEvm<'v>) -> Result<(), NoResult> {
        let ctx = &mut evm.inner.ctx;
        let price = U256::from(ctx.tx.effective_gas_price(u128::from(ctx.block.basefee)));
        let (sender, is_call, gas_limit) = (ctx.tx.caller, ctx.tx.kind.is_call(), U256::from(ctx.tx.gas_limit));
        let mut account = ctx.journaled_state.load_account_mut(sender)?.data;
        let balance = account.balance().saturating_sub(gas_limit * price);
        account.set_balance(balance);
        if is_call {
            account.bump_nonce();
        }
        Ok(())
    }

    /// Checks the sender's account and takes the price of all gas from it.
    fn check_and_charge(&self, evm: &mut ParsEvm<'v>) -> Result<(), NoResult> {
        let invalid = |reason| Err(NoResult::Invalid(reason));
        let ctx = &mut evm.inner.ctx;
        let (sender, nonce, gas_limit) = (ctx.tx.caller, ctx.tx.nonce, ctx.tx.gas_limit);
        let (fee_cap, value) = (ctx.tx.gas_price, ctx.tx.value);
        let base_fee = u128::from(ctx.block.basefee);

        let account = ctx.journaled_state.load_account_with_code(sender)?;
        let (balance, next) = (account.data.info.balance, account.data.info.nonce);
        let has_code = !account.data.info.is_code_hash_empty_or_zero();
        match nonce.cmp(&next) {
            std::cmp::Ordering::Less => return invalid(InvalidTransaction::NonceTooLow { next, got: nonce }),
            std::cmp::Ordering::Greater => return invalid(InvalidTransaction::NonceTooHigh { next, got: nonce }),
            std::cmp::Ordering::Equal if nonce == u64::MAX => return invalid(InvalidTransaction::NonceMax),
            std::cmp::Ordering::Equal => {}
        }
        if has_code {
            return invalid(InvalidTransaction::SenderHasCode);
        }
        if let Some(list) = evm.transaction_list {
            let state = &mut evm.inner.ctx.journaled_state.database;
            let read = |slot: alloy_primitives::B256| state.slot(list, slot.into()).map(alloy_primitives::B256::from);
            if !allow_list::is_enabled(read, sender)? {
                return invalid(InvalidTransaction::NotAllowed(sender));
            }
        }
        if fee_cap < base_fee {
            let base_fee = U256::from(base_fee);
            return invalid(InvalidTransaction::FeeCapTooLow { cap: fee_cap, base_fee });
        }
        // 64 and 128 bits fit 192.
        let gas_cost = |price: u128| U256::from(gas_limit) * U256::from(price);
        let want = gas_cost(fee_cap).saturating_add(value);
        if gas_cost(fee_cap).checked_add(value).is_none_or(|want| balance < want) {
            return invalid(InvalidTransaction::InsufficientFunds { have: balance, want });
        }
        if gas_limit < self.intrinsic {
            return invalid(InvalidTransaction::IntrinsicGas { got: gas_limit, required: self.intrinsic });
        }
        Self::charge(evm)
    }
}

impl<'v> Handler for ParsHandler<'v> {
    type Evm = ParsEvm<'v>;
    type Error = NoResult;
    type HaltReason = HaltReason;

    fn validate(&self, evm: &mut ParsEvm<'v>) -> Result<InitialAndFloorGas, NoResult> {
        if self.checked {
            Self::charge(evm)?;
        } else {
            self.check_and_charge(evm)?;
        }
        Ok(InitialAndFloorGas::new(self.intrinsic, 0))
    }

    fn refund(&self, evm: &mut ParsEvm<'v>, result: &mut FrameResult, eip7702: i64) -> Result<(), NoResult> {
        if evm.variant.refunds {
            post_execution::refund(evm.inner.ctx.cfg.gas_params(), result.gas_mut(), eip7702);
        } else {
            result.gas_mut().set_refund(0);
        }
        Ok(())
    }

    fn reimburse_caller(&self, evm: &mut ParsEvm<'v>, result: &mut FrameResult) -> Result<(), NoResult> {
        let gas = result.gas();
        let refunded = u64::try_from(gas.refunded()).unwrap_or_default();
        let unused = U256::from(gas.remaining().saturating_add(refunded));
        let ctx = &mut evm.inner.ctx;
        let price = ctx.tx.effective_gas_price(u128::from(ctx.block.basefee));
        let sender = ctx.tx.caller;
        pay(ctx, sender, unused * U256::from(price))
    }

    fn reward_beneficiary(&self, evm: &mut ParsEvm<'v>, result: &mut FrameResult) -> Result<(), NoResult> {
        let used = U256::from(result.gas().used());
        let burn = evm.variant.burn_base_fee;
        let ctx = &mut evm.inner.ctx;
        let base_fee = u128::from(ctx.block.basefee);
        let price = ctx.tx.effective_gas_price(base_fee);
        let price = if burn { price.saturating_sub(base_fee) } else { price };
        let coinbase = ctx.block.beneficiary();
        // Also where it is nothing: an empty coinbase is touched, and so removed.
        pay(ctx, coinbase, used * U256::from(price))
    }
}

/// Adds to a balance, modulo 2^256 as the Go node does.
fn pay(ctx: &mut EvmContext<'_>, to: Address, wei: U256) -> Result<(), NoResult> {
    let mut account = ctx.journaled_state.load_account_mut(to)?.data;
    let balance = account.balance().wrapping_add(wei);
    account.set_balance(balance);
    account.touch();
    Ok(())
}

/// revm's own checks of a transaction are replaced by `ParsHandler::check_and_charge`; one that fires is a bug.
impl From<RevmInvalidTransaction> for NoResult {
    fn from(reason: RevmInvalidTransaction) -> Self {
        Self::Fatal(Fatal::Bug(format!("revm refused a checked transaction: {reason}")))
    }
}

impl From<InvalidHeader> for NoResult {
    fn from(reason: InvalidHeader) -> Self {
        Self::Fatal(Fatal::Bug(format!("revm refused a block environment: {reason}")))
    }
}

impl From<Fatal> for NoResult {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

impl From<ContextError<Fatal>> for NoResult {
    fn from(error: ContextError<Fatal>) -> Self {
        match error {
            ContextError::Db(fatal) => Self::Fatal(fatal),
            ContextError::Custom(text) => Self::from_string(text),
        }
    }
}

impl FromStringError for NoResult {
    fn from_string(text: String) -> Self {
        Self::Fatal(Fatal::Bug(text))
    }
}

impl std::fmt::Debug for ParsEvm<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ParsEvm").field("variant", &self.variant).finish_non_exhaustive()
    }
}

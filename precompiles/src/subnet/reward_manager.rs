//! Decides who receives the fees of a block.
//!
//! Slot `rask`, left-aligned, holds the word `afrav`, left-aligned, when the builder of a block chooses; otherwise the
//! address that receives all fees, which is the blackhole when rewards are disabled.

use crate::abi::{self, Arguments};
use crate::config::{Config, Defaults, Kind};
use crate::gas;
use crate::interface::{Event, Function, Interface, dispatch};
use crate::port::{Call, Fatal, Halt, State, Stop};
use crate::registry::Entry;
use crate::subnet::allow_list;
use alloy_primitives::{Address, B256, Bytes, address, b256};

/// Where fees go that nobody shall have. Its balance is out of circulation.
pub const BLACKHOLE: Address = address!("0100000000000000000000000000000000000000");

/// The row.
pub const ENTRY: Entry = Entry {
    name: "RewardManager",
    about: "Who receives the fees of a block. A change takes effect from the next block on.",
    at: address!("0200000000000000000000000000000000000004"),
    also: &[],
    config_key: "rewardManagerConfig",
    config: Kind::RewardManager,
    pure: false,
    run,
    configure,
    predicate_gas: None,
    interface: INTERFACES,
};

/// Who may be the coinbase of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Whom the builder names.
    Any,
    /// This account; [`BLACKHOLE`] when rewards are disabled.
    Only(Address),
}

/// Who may be the coinbase of the next block, given the storage of the row's canonical account.
///
/// # Errors
/// Only what the reader says.
pub fn stored<E>(mut read: impl FnMut(B256) -> Result<B256, E>) -> Result<Recipient, E> {
    let word = read(SLOT)?;
    Ok(if word == ANY { Recipient::Any } else { Recipient::Only(Address::from_word(word)) })
}

static INTERFACES: &[&Interface] = &[&allow_list::INTERFACE, &INTERFACE];

static INTERFACE: Interface = Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0x03, 0x29, 0x09, 0x9f],
            solidity: "function allowFeeRecipients() external",
            about: "Lets the builder of each block choose who receives its fees. For those who hold a role.",
            from_durango: false,
            run: allow_fee_recipients,
        },
        Function {
            selector: [0xf6, 0x54, 0x2b, 0x2e],
            solidity: "function areFeeRecipientsAllowed() external view returns (bool isAllowed)",
            about: "Whether builders choose.",
            from_durango: false,
            run: are_fee_recipients_allowed,
        },
        Function {
            selector: [0xe9, 0x15, 0x60, 0x8b],
            solidity: "function currentRewardAddress() external view returns (address rewardAddress)",
            about: "Who receives all fees; zero if builders choose.",
            from_durango: false,
            run: current_reward_address,
        },
        Function {
            selector: [0xbc, 0x17, 0x86, 0x28],
            solidity: "function disableRewards() external",
            about: "Sends all fees to the blackhole. For those who hold a role.",
            from_durango: false,
            run: disable_rewards,
        },
        Function {
            selector: [0x5e, 0x00, 0xe6, 0x79],
            solidity: "function setRewardAddress(address account) external",
            about: "Sends all fees to an account, which is not zero. For those who hold a role.",
            from_durango: false,
            run: set_reward_address,
        },
    ],
    events: &[
        Event {
            topic: ALLOWED,
            solidity: "event FeeRecipientsAllowed(address indexed sender)",
            about: "Builders choose from the next block on.",
        },
        Event {
            topic: CHANGED,
            solidity: "event RewardAddressChanged(address indexed sender, address indexed oldRewardAddress, \
                address indexed newRewardAddress)",
            about: "An account receives all fees from the next block on.",
        },
        Event {
            topic: DISABLED,
            solidity: "event RewardsDisabled(address indexed sender)",
            about: "The blackhole receives all fees from the next block on.",
        },
    ],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES)
}

fn configure(state: &mut dyn State, config: &Config, defaults: &Defaults) -> Result<(), Fatal> {
    let Config::RewardManager(roles, initial) = config else {
        unreachable!("a row gets the configuration of its kind")
    };
    let any = initial.map_or(defaults.allow_fee_recipients, |initial| initial.allow_fee_recipients);
    let account = initial.map(|initial| initial.reward_address).filter(|account| !account.is_zero());
    let word = if any { ANY } else { account.unwrap_or(BLACKHOLE).into_word() };
    state.store(SLOT, word)?;
    allow_list::configure(state, roles)
}

fn allow_fee_recipients(call: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    charge_and_check(call, SIGNAL_GAS)?;
    set(call, ANY, vec![ALLOWED, call.caller.into_word()])
}

fn disable_rewards(call: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    charge_and_check(call, SIGNAL_GAS)?;
    set(call, BLACKHOLE.into_word(), vec![DISABLED, call.caller.into_word()])
}

fn set_reward_address(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    charge_and_check(call, CHANGED_GAS)?;
    if !call.facts.durango {
        arguments.whole_words()?;
    }
    let account = arguments.address(0)?;
    if account.is_zero() {
        return Err(Stop::Halt(Halt::Refused));
    }
    let old = address_of(call.state.load(SLOT)?);
    set(call, account.into_word(), vec![CHANGED, call.caller.into_word(), old.into_word(), account.into_word()])
}

fn are_fee_recipients_allowed(call: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(gas::READ_SLOT)?;
    let any = call.state.load(SLOT)? == ANY;
    Ok(abi::words(&[B256::with_last_byte(any.into())]))
}

fn current_reward_address(call: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(gas::READ_SLOT)?;
    let account = address_of(call.state.load(SLOT)?);
    Ok(abi::words(&[account.into_word()]))
}

fn charge_and_check(call: &mut Call<'_>, event: u64) -> Result<(), Stop> {
    call.gas.charge(gas::with_event(SET_GAS, event, call.facts.durango))?;
    call.write()?;
    allow_list::require_enabled(call)
}

fn set(call: &mut Call<'_>, word: B256, topics: Vec<B256>) -> Result<Bytes, Stop> {
    if call.facts.durango {
        call.state.log(topics, Bytes::new());
    }
    call.state.store(SLOT, word)?;
    Ok(Bytes::new())
}

/// The low 20 bytes, whatever the word means: those of the marker are zero.
fn address_of(word: B256) -> Address {
    Address::from_word(word)
}

/// "rask".
const SLOT: B256 = b256!("7261736b00000000000000000000000000000000000000000000000000000000");
/// "afrav".
const ANY: B256 = b256!("6166726176000000000000000000000000000000000000000000000000000000");

const ALLOWED: B256 = b256!("abb1949bd129fef9b84601a48aee89d600d90074ca10216a02ce43996be55991");
const CHANGED: B256 = b256!("c2a9e07cba6f4920acaa5933bd0406949d5dbef7ee698e786ea23e8708f32a6c");
const DISABLED: B256 = b256!("eb121f0335efe8f4b8ebef7793c18c171834696989656a8c345acc558359fabf");

/// The role is read, the slot written.
const SET_GAS: u64 = gas::READ_SLOT + gas::WRITE_SLOT;
const SIGNAL_GAS: u64 = gas::log(2, 0);
/// The event shows the old address, which is read for it.
const CHANGED_GAS: u64 = gas::READ_SLOT + gas::log(4, 0);

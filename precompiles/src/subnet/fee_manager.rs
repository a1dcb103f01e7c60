//! Holds the fee configuration of the chain.
//!
//! Slot `n`, a key whose first byte is `n` and whose others are zero, holds field `n` of [`FeeConfig`] counted from 1;
//! slot `lca`, left-aligned, holds the number of the block that last changed one.

use crate::abi::{self, Arguments};
use crate::config::{Config, Defaults, Kind};
use crate::fee::FeeConfig;
use crate::gas;
use crate::interface::{Event, Function, Interface, dispatch};
use crate::port::{Call, Fatal, Halt, State, Stop};
use crate::registry::Entry;
use crate::subnet::allow_list;
use alloy_primitives::{B256, Bytes, U256, address, b256};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "FeeManager",
    about: "The fee configuration of the chain. A change takes effect from the next block on.",
    at: address!("0200000000000000000000000000000000000003"),
    also: &[],
    config_key: "feeManagerConfig",
    config: Kind::FeeManager,
    pure: false,
    run,
    configure,
    predicate_gas: None,
    interface: INTERFACES,
};

/// The fee configuration, given the storage of the row's canonical account. Not verified: state upgrades may have
/// written anything.
///
/// # Errors
/// Only what the reader says.
pub fn stored<E>(mut read: impl FnMut(B256) -> Result<B256, E>) -> Result<FeeConfig, E> {
    let mut words = [U256::ZERO; 8];
    for (word, slot) in words.iter_mut().zip(SLOTS) {
        *word = read(slot)?.into();
    }
    Ok(FeeConfig::from_words(words))
}

/// Number of the block that last changed the fee configuration.
///
/// # Errors
/// Only what the reader says.
pub fn last_changed_at<E>(mut read: impl FnMut(B256) -> Result<B256, E>) -> Result<U256, E> {
    read(LAST_CHANGED).map(Into::into)
}

static INTERFACES: &[&Interface] = &[&allow_list::INTERFACE, &INTERFACE];

static INTERFACE: Interface = Interface {
    structs: &["struct FeeConfig { uint256 gasLimit; uint256 targetBlockRate; uint256 minBaseFee; uint256 targetGas; \
        uint256 baseFeeChangeDenominator; uint256 minBlockGasCost; uint256 maxBlockGasCost; \
        uint256 blockGasCostStep; }"],
    functions: &[
        Function {
            selector: [0x5f, 0xbb, 0xc0, 0xd2],
            solidity: "function getFeeConfig() external view returns (uint256 gasLimit, uint256 targetBlockRate, \
                uint256 minBaseFee, uint256 targetGas, uint256 baseFeeChangeDenominator, uint256 minBlockGasCost, \
                uint256 maxBlockGasCost, uint256 blockGasCostStep)",
            about: "The fee configuration as it is stored now.",
            from_durango: false,
            run: fee_config,
        },
        Function {
            selector: [0x9e, 0x05, 0x54, 0x9a],
            solidity: "function getFeeConfigLastChangedAt() external view returns (uint256 blockNumber)",
            about: "Number of the block that last changed the fee configuration.",
            from_durango: false,
            run: fee_config_last_changed_at,
        },
        Function {
            selector: [0x8f, 0x10, 0xb5, 0x86],
            solidity: "function setFeeConfig(uint256 gasLimit, uint256 targetBlockRate, uint256 minBaseFee, \
                uint256 targetGas, uint256 baseFeeChangeDenominator, uint256 minBlockGasCost, \
                uint256 maxBlockGasCost, uint256 blockGasCostStep) external",
            about: "Replaces the fee configuration. For those who hold a role. Fails if a field is out of its bounds.",
            from_durango: false,
            run: set_fee_config,
        },
    ],
    events: &[Event {
        topic: CHANGED,
        solidity: "event FeeConfigChanged(address indexed sender, FeeConfig oldFeeConfig, FeeConfig newFeeConfig)",
        about: "The fee configuration was replaced.",
    }],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES)
}

fn configure(state: &mut dyn State, config: &Config, defaults: &Defaults) -> Result<(), Fatal> {
    let Config::FeeManager(roles, fee) = config else { unreachable!("a row gets the configuration of its kind") };
    store(state, fee.as_ref().unwrap_or(&defaults.fee), defaults.number)?;
    allow_list::configure(state, roles)
}

fn fee_config(call: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(READ_GAS)?;
    let fee = stored(|slot| call.state.load(slot))?;
    Ok(abi::words(&fee.words()))
}

fn fee_config_last_changed_at(call: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(gas::READ_SLOT)?;
    let number = last_changed_at(|slot| call.state.load(slot))?;
    Ok(abi::words(&[number]))
}

fn set_fee_config(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(gas::with_event(SET_GAS, CHANGED_GAS, call.facts.durango))?;
    call.write()?;
    if !call.facts.durango {
        arguments.exactly(SLOTS.len())?;
    }
    let mut words = [U256::ZERO; SLOTS.len()];
    for (place, word) in words.iter_mut().enumerate() {
        *word = arguments.uint(place)?;
    }
    let new = FeeConfig::from_words(words);
    allow_list::require_enabled(call)?;
    new.verify().or(Err(Stop::Halt(Halt::Refused)))?;
    if call.facts.durango {
        let old = stored(|slot| call.state.load(slot))?;
        let data = abi::words(&[old.words(), new.words()].concat());
        call.state.log(vec![CHANGED, call.caller.into_word()], data);
    }
    store(call.state, &new, call.facts.number)?;
    Ok(Bytes::new())
}

fn store(state: &mut dyn State, fee: &FeeConfig, number: u64) -> Result<(), Fatal> {
    for (slot, word) in SLOTS.into_iter().zip(fee.words()) {
        state.store(slot, word.into())?;
    }
    state.store(LAST_CHANGED, U256::from(number).into())
}

const SLOTS: [B256; 8] = [slot(1), slot(2), slot(3), slot(4), slot(5), slot(6), slot(7), slot(8)];

/// "lca".
const LAST_CHANGED: B256 = b256!("6c63610000000000000000000000000000000000000000000000000000000000");

const fn slot(field: u8) -> B256 {
    let mut key = [0; 32];
    key[0] = field;
    B256::new(key)
}

const CHANGED: B256 = b256!("4c98e43adb5962c18f3f0e6dd066e2a2de258d3b4f695b317b77c8f27cd044fc");
/// The eight fields are read.
const READ_GAS: u64 = 8 * gas::READ_SLOT;
/// The eight fields and the block number are written.
const SET_GAS: u64 = 9 * gas::WRITE_SLOT;
/// The event shows the old fields, which are read for it.
const CHANGED_GAS: u64 = READ_GAS + gas::log(2, 2 * 8 * 32);

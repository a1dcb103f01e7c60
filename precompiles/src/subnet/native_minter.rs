//! Creates coins for those who hold a role.

use crate::abi::{self, Arguments};
use crate::config::{Config, Defaults, Kind};
use crate::gas;
use crate::interface::{Event, Function, Interface, dispatch};
use crate::port::{Call, Fatal, State, Stop};
use crate::registry::Entry;
use crate::subnet::allow_list;
use alloy_primitives::{B256, Bytes, address, b256};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "NativeMinter",
    about: "Creates coins.",
    at: address!("0200000000000000000000000000000000000001"),
    also: &[],
    config_key: "contractNativeMinterConfig",
    config: Kind::NativeMinter,
    pure: false,
    run,
    configure,
    predicate_gas: None,
    interface: INTERFACES,
};

static INTERFACES: &[&Interface] = &[&allow_list::INTERFACE, &INTERFACE];

static INTERFACE: Interface = Interface {
    structs: &[],
    functions: &[Function {
        selector: [0x4f, 0x5a, 0xaa, 0xba],
        solidity: "function mintNativeCoin(address to, uint256 amount) external",
        about: "Adds wei to an account. For those who hold a role. A balance beyond 2^256 - 1 wraps.",
        from_durango: false,
        run: mint,
    }],
    events: &[Event {
        topic: MINTED,
        solidity: "event NativeCoinMinted(address indexed sender, address indexed recipient, uint256 amount)",
        about: "Coins were created.",
    }],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES)
}

fn configure(state: &mut dyn State, config: &Config, _: &Defaults) -> Result<(), Fatal> {
    let Config::NativeMinter(roles, mints) = config else { unreachable!("a row gets the configuration of its kind") };
    for (to, wei) in mints {
        state.mint(*to, *wei)?;
    }
    allow_list::configure(state, roles)
}

fn mint(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(gas::with_event(MINT_GAS, MINTED_GAS, call.facts.durango))?;
    call.write()?;
    if !call.facts.durango {
        arguments.exactly(2)?;
    }
    let to = arguments.address(0)?;
    let wei = arguments.uint(1)?;
    allow_list::require_enabled(call)?;
    if call.facts.durango {
        call.state.log(vec![MINTED, call.caller.into_word(), to.into_word()], abi::words(&[wei]));
    }
    call.state.mint(to, wei)?;
    Ok(Bytes::new())
}

const MINTED: B256 = b256!("400cd392f3d56fd10bb1dbd5839fdda8298208ddaa97b368faa053e1850930ee");
/// Fixed by subnet-evm; it belongs to no sum of slots.
const MINT_GAS: u64 = 30_000;
const MINTED_GAS: u64 = gas::log(3, 32);

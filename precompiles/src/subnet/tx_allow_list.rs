//! Who may send transactions: a sender needs a role here.

use crate::config::{Config, Defaults, Kind};
use crate::interface::{Interface, dispatch};
use crate::port::{Call, Fatal, State, Stop};
use crate::registry::Entry;
use crate::subnet::allow_list;
use alloy_primitives::{Bytes, address};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "TxAllowList",
    about: "Who may send transactions.",
    at: address!("0200000000000000000000000000000000000002"),
    also: &[],
    config_key: "txAllowListConfig",
    config: Kind::AllowList,
    pure: false,
    run,
    configure,
    predicate_gas: None,
    interface: INTERFACE,
};

static INTERFACE: &[&Interface] = &[&allow_list::INTERFACE];

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACE)
}

fn configure(state: &mut dyn State, config: &Config, _: &Defaults) -> Result<(), Fatal> {
    let Config::AllowList(roles) = config else { unreachable!("a row gets the configuration of its kind") };
    allow_list::configure(state, roles)
}

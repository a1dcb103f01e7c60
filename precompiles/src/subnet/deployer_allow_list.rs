//! Who may deploy contracts: the origin of a transaction needs a role here for any creation in it.

use crate::config::{Config, Defaults, Kind};
use crate::interface::{Interface, dispatch};
use crate::port::{Call, Fatal, State, Stop};
use crate::registry::Entry;
use crate::subnet::allow_list;
use alloy_primitives::{Bytes, address};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "DeployerAllowList",
    about: "Who may deploy contracts.",
    at: address!("0200000000000000000000000000000000000000"),
    also: &[],
    config_key: "contractDeployerAllowListConfig",
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

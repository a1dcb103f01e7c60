//! `addressBook`: further addresses of precompiles.

use crate::error::{Error, Offence};
use crate::parse::json::{Node, Object};
use crate::parse::keys;
use alloy_primitives::{Address, address};
use pars_precompiles::registry::{self, Entry, TABLE};
use std::collections::BTreeMap;

/// Addresses of each row, in table order: the canonical one first. A row that the book names has the aliases that it
/// names and no others; every other row has its default ones.
pub(crate) fn read(book: Option<Node<'_>>) -> Result<Vec<Vec<Address>>, Error> {
    let object = book.as_ref().map(Node::object).transpose()?;
    if let Some(object) = &object {
        keys::only(object, &keys::rows())?;
    }
    for node in object.iter().flat_map(Object::iter).filter(|node| !node.is_null()) {
        if registry::rows_of(node.key()).nth(1).is_some() {
            return Err(node.error(Offence::NoAliases));
        }
    }
    let mut taken: BTreeMap<Address, &str> = TABLE.iter().map(|entry| (entry.at, entry.config_key)).collect();
    let named = |entry: &Entry| object.as_ref().and_then(|object| object.get(entry.config_key));
    for entry in TABLE.iter().filter(|entry| named(entry).is_none()) {
        taken.extend(entry.also.iter().map(|alias| (*alias, entry.config_key)));
    }
    TABLE
        .iter()
        .map(|entry| {
            let mut addresses = vec![entry.at];
            match named(entry) {
                None => addresses.extend_from_slice(entry.also),
                Some(node) if node.text().starts_with('[') => {
                    for item in node.list()?.iter() {
                        add(&item, entry, &mut taken, &mut addresses)?;
                    }
                }
                Some(node) => add(&node, entry, &mut taken, &mut addresses)?,
            }
            Ok(addresses)
        })
        .collect()
}

fn add(
    node: &Node<'_>,
    entry: &Entry,
    taken: &mut BTreeMap<Address, &'static str>,
    addresses: &mut Vec<Address>,
) -> Result<(), Error> {
    let address = node.address()?;
    if address == entry.at {
        return Ok(());
    }
    let by = if is_plain(address) {
        Some("the EVM itself".to_owned())
    } else {
        taken.insert(address, entry.config_key).map(str::to_owned)
    };
    if let Some(by) = by {
        return Err(node.error(Offence::Taken { address, by }));
    }
    addresses.push(address);
    Ok(())
}

/// Nobody's address, Ethereum's precompiles with P-256 at 0x0100, and where fees are burned.
fn is_plain(address: Address) -> bool {
    const LAST: Address = address!("0000000000000000000000000000000000000100");
    const BLACKHOLE: Address = address!("0100000000000000000000000000000000000000");
    address <= LAST || address == BLACKHOLE
}

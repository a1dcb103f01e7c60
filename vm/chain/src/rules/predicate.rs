//! Predicates of a transaction: access-list tuples at the address of a row that checks them before execution.

use crate::rules::intrinsic::PredicateRows;
use crate::tx::Tx;
use alloy_eips::eip2930::AccessListItem;
use alloy_primitives::{Address, B256};
use std::collections::BTreeMap;

/// Verdicts on the predicates of a block's transactions: by transaction hash and address, in order of appearance;
/// true = it verified.
pub type Verdicts = BTreeMap<B256, BTreeMap<Address, Vec<bool>>>;

/// Predicate tuples of a transaction by address, each with its storage keys.
#[must_use]
pub fn of<'a>(tx: &'a Tx, rows: &PredicateRows) -> BTreeMap<Address, Vec<&'a [B256]>> {
    of_list(tx.access_list().map(|list| list.as_slice()).unwrap_or_default(), rows)
}

/// Predicate tuples of an access list.
#[must_use]
pub fn of_list<'a>(list: &'a [AccessListItem], rows: &PredicateRows) -> BTreeMap<Address, Vec<&'a [B256]>> {
    let mut found: BTreeMap<Address, Vec<&[B256]>> = BTreeMap::new();
    for item in list {
        if rows.iter().any(|(address, _)| *address == item.address) {
            found.entry(item.address).or_default().push(&item.storage_keys);
        }
    }
    found
}

//! Intrinsic gas: what a transaction costs before it runs.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::error::InvalidTransaction;
use crate::tx::Tx;
use alloy_eips::eip2930::AccessListItem;
use alloy_primitives::Address;
use pars_genesis::forks::Rules;
use pars_precompiles::registry::PredicateGas;

const TRANSACTION: u64 = 21_000;
const CREATION: u64 = 53_000;
const ZERO_BYTE: u64 = 4;
/// EIP-2028.
const NON_ZERO_BYTE: u64 = 16;
/// EIP-2930.
const ACCESS_ADDRESS: u64 = 2_400;
const ACCESS_SLOT: u64 = 1_900;
/// EIP-3860.
const INITCODE_WORD: u64 = 2;

/// Predicate rows that are on in a block: canonical address and price.
pub type PredicateRows = Vec<(Address, PredicateGas)>;

/// Intrinsic gas of `tx` in a block with these rules.
///
/// An access-list tuple that names a predicate row costs the predicate's own price and nothing else.
///
/// # Errors
/// A predicate that does not decode, or a sum beyond 64 bits.
pub fn gas(tx: &Tx, rules: Rules, predicates: &PredicateRows) -> Result<u64, InvalidTransaction> {
    let list = tx.access_list().map(|list| list.as_slice()).unwrap_or_default();
    of_parts(tx.to().is_create(), tx.input(), list, rules, predicates)
}

/// Intrinsic gas of what would be a transaction.
///
/// # Errors
/// See [`gas`].
pub fn of_parts(
    creation: bool,
    input: &[u8],
    access_list: &[AccessListItem],
    rules: Rules,
    predicates: &PredicateRows,
) -> Result<u64, InvalidTransaction> {
    let mut sum = Sum(if creation { CREATION } else { TRANSACTION });
    let zeros = u64::try_from(input.iter().filter(|byte| **byte == 0).count()).unwrap_or(u64::MAX);
    let length = u64::try_from(input.len()).unwrap_or(u64::MAX);
    sum.add(zeros, ZERO_BYTE)?;
    sum.add(length.saturating_sub(zeros), NON_ZERO_BYTE)?;
    if creation && rules.durango {
        sum.add(length.div_ceil(32), INITCODE_WORD)?;
    }
    for item in access_list {
        match predicates.iter().find(|(address, _)| *address == item.address) {
            Some((address, price)) => {
                let gas =
                    price(&item.storage_keys, rules.granite).map_err(|_| InvalidTransaction::BadPredicate(*address))?;
                sum.add(1, gas)?;
            }
            None => {
                sum.add(1, ACCESS_ADDRESS)?;
                sum.add(u64::try_from(item.storage_keys.len()).unwrap_or(u64::MAX), ACCESS_SLOT)?;
            }
        }
    }
    Ok(sum.0)
}

struct Sum(u64);

impl Sum {
    fn add(&mut self, count: u64, each: u64) -> Result<(), InvalidTransaction> {
        let more = count.checked_mul(each).and_then(|more| self.0.checked_add(more));
        self.0 = more.ok_or(InvalidTransaction::GasOverflow)?;
        Ok(())
    }
}

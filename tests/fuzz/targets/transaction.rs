//! Bytes of a transaction: what is read is written the same way.

#![no_main]

use alloy_primitives::keccak256;
use libfuzzer_sys::fuzz_target;
use pars_chain::rules::intrinsic;
use pars_chain::tx::Tx;
use pars_fuzz::Bound;
use pars_genesis::forks::Rules;
use pars_precompiles::registry::TABLE;

/// An address without keys has 22 bytes in a list of access, and takes some 110 while the list grows.
const BOUND: Bound = Bound { each: 16, any: 2 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let Ok(tx) = BOUND.check(bytes.len(), || Tx::decode(bytes)) else { return };
    assert_eq!(tx.encode().as_ref(), bytes);
    assert_eq!(tx.size(), bytes.len());
    assert_eq!(tx.hash(), keccak256(bytes));
    let signature = tx.signature();
    assert_eq!(signature.v.bit(0), signature.odd == (tx.kind() != 0));
    assert_eq!(tx.sender(), tx.sender());
    assert!(tx.effective_gas_price(u64::MAX) <= tx.fee_cap());
    let rows = TABLE.iter().filter_map(|row| Some((row.at, row.predicate_gas?))).collect();
    for on in [false, true] {
        let rules = Rules { durango: on, etna: on, granite: on };
        if let Ok(gas) = intrinsic::gas(&tx, rules, &rows) {
            assert!(gas >= 21_000);
        }
    }
});

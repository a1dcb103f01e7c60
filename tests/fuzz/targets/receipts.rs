//! Stored receipts of a block: what is read is written the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_chain::execution::receipt;

fuzz_target!(|bytes: &[u8]| {
    let Some(receipts) = receipt::decode_list(bytes) else { return };
    assert_eq!(receipt::encode_list(&receipts), bytes);
});

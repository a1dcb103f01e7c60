//! Stored accounts and slots: what is read is written the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_chain::state::account::{Account, slot_bytes, slot_value};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(account) = Account::from_bytes(bytes) {
        assert_eq!(account.to_bytes(), bytes);
    }
    if let Ok(value) = slot_value(bytes) {
        assert_eq!(slot_bytes(value), bytes);
    }
});

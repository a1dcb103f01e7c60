//! A call of a row of the table.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | row |
//! | 1 | from bit 0: Durango, Granite, static call, predicates verified, no end of gas, sender is the account 0, other rows
//!   are off, on-chain secrets are allowed |
//! | 1 | role of the caller in the low four bits, alias in the high ones |
//! | 4 | gas |
//! | 1 | count of predicates' storage keys, 32 bytes each |
//! | rest | calldata |

#![no_main]

use alloy_primitives::{Address, B256};
use libfuzzer_sys::fuzz_target;
use pars_precompiles::port::memory::Memory;
use pars_precompiles::port::{Call, Facts, Gas, Predicate, Rows, Stop};
use pars_precompiles::registry::TABLE;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[row, flags, role, g0, g1, g2, g3, keys], rest)) = bytes.split_first_chunk() else { return };
    let Some((keys, input)) = rest.split_at_checked(usize::from(keys % 16) * 32) else { return };
    let flag = |bit: u8| flags & (1 << bit) != 0;
    let row = &TABLE[usize::from(row) % TABLE.len()];
    let caller = if flag(5) { Address::ZERO } else { Address::repeat_byte(7) };
    let limit = if flag(4) { u64::MAX } else { u32::from_be_bytes([g0, g1, g2, g3]).into() };

    let mut before = Memory::default();
    if role & 0xf != 0 {
        before.storage.insert(caller.into_word(), B256::with_last_byte(role & 0xf));
    }
    let mut state = before.clone();
    let chunks = keys.chunks_exact(32).map(B256::from_slice).collect();
    let mut call = Call {
        state: &mut state,
        facts: &Facts {
            number: 1,
            time: 1,
            durango: flag(0),
            granite: flag(1),
            network_id: 1,
            blockchain_id: B256::repeat_byte(1),
            rows: if flag(6) { Rows::default() } else { Rows::all() },
            secrets: if flag(7) { Rows::all() } else { Rows::default() },
        },
        input,
        at: row.also.get(usize::from(role >> 4)).copied().unwrap_or(row.at),
        caller,
        read_only: flag(2),
        gas: Gas::new(limit),
        predicates: &[Predicate { chunks, valid: flag(3) }],
    };
    let result = (row.run)(&mut call);
    assert!(call.gas.spent() <= limit);
    assert!(!matches!(result, Err(Stop::Fatal(_))), "memory does not fail");
    if flag(2) || result.is_err() {
        assert_eq!(state, before, "{}: {result:?}", row.name);
    }
});

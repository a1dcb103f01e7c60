//! A contract that makes the same call again and again.

use alloy_primitives::{Address, U256};

/// Code that calls with this gas and input for as long as there is gas, and then notes in slot 0 how often it did. The
/// input stands behind the code.
pub(crate) fn looping(callee: Address, gas: u64, input: &[u8]) -> Vec<u8> {
    let length = word::<3>(input.len().try_into().unwrap());
    // As much as the call can be given (EIP-150), and what comes behind it.
    let least = gas + gas / 63 + 30_000;
    let begin = |code_bytes: u64| {
        [
            // PUSH3 length, PUSH2 place, PUSH0, CODECOPY; PUSH0: the counts
            &[0x62][..],
            &length,
            &[0x61],
            &word::<2>(code_bytes),
            &[0x5f, 0x39, 0x5f],
        ]
        .concat()
    };
    let again = u64::try_from(begin(0).len()).unwrap();
    let body = [
        // JUMPDEST; PUSH0, PUSH0: no output; PUSH3 length, PUSH0: input
        &[0x5b, 0x5f, 0x5f, 0x62][..],
        &length,
        &[0x5f, 0x73],
        callee.as_slice(),
        &[0x63],
        &word::<4>(gas),
        // STATICCALL; PUSH1 32, SHL, PUSH1 1, ADD, ADD: one more call, and one more that succeeded
        &[0xfa, 0x60, 32, 0x1b, 0x60, 1, 0x01, 0x01],
        // PUSH4 least, GAS, GT, PUSH2 again, JUMPI
        &[0x63],
        &word::<4>(least),
        &[0x5a, 0x11, 0x61],
        &word::<2>(again),
        // PUSH0, SSTORE, STOP
        &[0x57, 0x5f, 0x55, 0x00],
    ]
    .concat();
    let code_bytes = again + u64::try_from(body.len()).unwrap();
    [begin(code_bytes), body, input.to_vec()].concat()
}

/// Calls, and those that succeeded, as the contract noted them.
pub(crate) fn counts(slot: U256) -> (u64, u64) {
    let [calls, succeeded] = [slot & U256::from(u32::MAX), slot >> 32].map(|count| u64::try_from(count).unwrap());
    (calls, succeeded)
}

/// The last bytes of a number, of which the others are zero.
fn word<const N: usize>(number: u64) -> [u8; N] {
    let bytes = number.to_be_bytes();
    assert!(number >> (8 * N) == 0, "{number} has more than {N} bytes");
    *bytes.last_chunk().unwrap()
}

//! Bytes of a header: what is read is written the same way, so its id is the hash of these very bytes.

#![no_main]

use alloy_primitives::keccak256;
use libfuzzer_sys::fuzz_target;
use pars_chain::block::Header;
use pars_fuzz::Bound;

const BOUND: Bound = Bound { each: 2, any: 1 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    let Ok(header) = BOUND.check(bytes.len(), || Header::decode(&mut rest)) else { return };
    let read = &bytes[..bytes.len() - rest.len()];
    assert_eq!(alloy_rlp::encode(&header), read);
    assert_eq!(header.id().0, keccak256(read));
});

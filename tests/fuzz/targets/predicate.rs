//! Storage keys that carry a signed message: what is read is written the same way, and has a price or none.

#![no_main]

use alloy_primitives::B256;
use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_precompiles::subnet::warp::message::Message;
use pars_precompiles::subnet::warp::predicate::{gas, pack, unpack};

/// Of keys, which are at most 32 bytes longer than what rides in them.
const BOUND: Bound = Bound { each: 8, any: 4 << 10 };

fuzz_target!(|bytes: &[u8]| {
    // As bytes that ride in keys, and as the keys themselves.
    assert_eq!(unpack(&pack(bytes)), Ok(bytes.to_vec().into()));
    price(&pack(bytes));
    let keys: Vec<B256> = bytes.chunks_exact(32).map(B256::from_slice).collect();
    if let Ok(carried) = BOUND.check(bytes.len(), || unpack(&keys)) {
        assert_eq!(pack(&carried), keys);
    }
    price(&keys);
});

fn price(keys: &[B256]) {
    let prices = [false, true].map(|granite| BOUND.check(keys.len() * 32, || gas(keys, granite)));
    assert_eq!(prices[0].is_ok(), prices[1].is_ok());
    if prices[0].is_ok() {
        let carried = unpack(keys).expect("only these have a price");
        Message::decode(&carried).expect("only these have a price");
    }
}

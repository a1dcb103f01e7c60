//! Predicate results of a header: what is read is written the same way, sets with leading zero bytes excepted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_precompiles::predicate_results::Results;

const BOUND: Bound = Bound { each: 40, any: 4 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let Ok(results) = BOUND.check(bytes.len(), || Results::decode(bytes)) else { return };
    let again = results.encode().expect("no longer than what was read");
    assert!(again.len() <= bytes.len());
    // Without leading zeros nothing is shorter, and then nothing differs.
    assert!(again.len() < bytes.len() || again == bytes);
    assert_eq!(Results::decode(&again), Ok(results));
});

//! Predicate results of a header: what is read is written the same way, sets with leading zero bytes excepted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_precompiles::predicate_results::Results;

fuzz_target!(|bytes: &[u8]| {
    let Ok(results) = Results::decode(bytes) else { return };
    let again = results.encode().expect("no longer than what was read");
    assert!(again.len() <= bytes.len());
    // Without leading zeros nothing is shorter, and then nothing differs.
    assert!(again.len() < bytes.len() || again == bytes);
    assert_eq!(Results::decode(&again), Ok(results));
});

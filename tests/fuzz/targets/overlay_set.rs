//! Set files of operators: what is read names each validator once, and is the same when it is read as a host's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_overlay::Set;
use pars_overlay::set::VALIDATORS_MAX;

/// A row takes 200 bytes in the file and as many in memory.
const BOUND: Bound = Bound { each: 8, any: 16 << 10 };

fuzz_target!(|bytes: &[u8]| {
    if let Ok(set) = BOUND.check(bytes.len(), || Set::parse(bytes)) {
        assert!(set.len() <= VALIDATORS_MAX);
        assert_eq!(Set::of(&set.validators()), set);
    }
});

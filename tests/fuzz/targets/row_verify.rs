//! Good calls of a row, and what is near them, as far as they go. All implementations of a primitive are asked, and say
//! the same: the crate of primitives sees to that in a build for fuzzing.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_fuzz::row::Case;
use pars_precompiles::port::{Halt, Stop};

fuzz_target!(|bytes: &[u8]| {
    let Some(case) = Case::read(bytes) else { return };
    let (ended, spent) = case.call(u64::MAX);
    match &ended {
        Ok(answer) => assert!(case.has_size(answer), "{} bytes", answer.len()),
        Err(Stop::Revert(error)) => assert_eq!(error.len(), 4),
        Err(stop) => assert_eq!(*stop, Stop::Halt(Halt::BadInput)),
    }
    // What it costs is enough, whatever the context; less is not, and does no work.
    if let Some(less) = spent.checked_sub(1) {
        assert_eq!(case.call(less).0, Err(Stop::Halt(Halt::OutOfGas)));
    }
    assert_eq!(case.with_other_context().call(spent), (ended, spent));
});

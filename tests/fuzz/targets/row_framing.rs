//! How calls of a row are told apart and taken to pieces. Hardly a call comes to a verification: raw bytes have no gas, which
//! is asked for once they are framed; and keys, points and signatures in arguments of functions are no numbers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_fuzz::row::Case;
use pars_fuzz::solidity::{decodes, parameters};
use pars_precompiles::port::{Halt, Stop};
use pars_precompiles::pure::{MALFORMED_INPUT, ON_CHAIN_SECRETS_DISABLED, SEED_REQUIRED, UNKNOWN_SELECTOR, named};

fuzz_target!(|bytes: &[u8]| {
    let Some(case) = Case::read_hollow(bytes) else { return };
    let Some(function) = case.function() else {
        if Case::has_functions() {
            let (ended, spent) = case.call(0);
            let known = [Stop::Halt(Halt::BadInput), Stop::Halt(Halt::OutOfGas), named(UNKNOWN_SELECTOR)];
            assert!(ended.as_ref().is_err_and(|stop| known.contains(stop)) && spent == 0, "{ended:?}");
        } else {
            // A row without functions answers whatever it is.
            assert!(case.call(u64::MAX).0.is_ok_and(|answer| case.has_size(&answer)));
        }
        return;
    };
    let (ended, _) = case.call(u64::MAX);
    let types = parameters(function.solidity);
    if !decodes(&types, &case.input()[4..]) {
        let known = [MALFORMED_INPUT, ON_CHAIN_SECRETS_DISABLED, SEED_REQUIRED].map(named);
        assert!(ended.as_ref().is_err_and(|stop| known.contains(stop)), "{} {ended:?}", function.solidity);
    } else if types.iter().all(|kind| ["bytes", "bytes32"].contains(kind))
        && function.solidity.ends_with("(bool valid)")
    {
        // No number can be wrong, so it is true or false.
        assert!(ended.as_ref().is_ok_and(|answer| answer.len() == 32), "{} {ended:?}", function.solidity);
    }
});

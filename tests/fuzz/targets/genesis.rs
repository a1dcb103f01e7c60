//! A genesis file, and behind a zero byte an upgrade file: refused with one line of text, or a chain that opens.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_chain::engine::{Chain, OpenError, Opening};
use pars_chain::error::Fatal;
use pars_chain::store::Memory;
use pars_fuzz::Bound;
use pars_genesis::forks::HostUpgrades;
use pars_genesis::parse;
use std::sync::Arc;

/// For a byte of both files together: a switch of a precompile takes some 16 times its text.
const BOUND: Bound = Bound { each: 64, any: 16 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let mut files = bytes.splitn(2, |byte| *byte == 0);
    let (genesis, upgrade) = (files.next().unwrap_or_default(), files.next().unwrap_or_default());
    for host in [None, Some(HostUpgrades::LOCAL), Some(HostUpgrades::MAINNET)] {
        match BOUND.check(bytes.len(), || parse::genesis(genesis, upgrade, host.as_ref(), None)) {
            Ok(read) => {
                assert_eq!(read.spec.check_compatible(&read.spec, u64::MAX), Ok(()));
                open(genesis, upgrade, host);
            }
            Err(error) => {
                let text = error.to_string();
                assert!(!text.contains(char::is_control), "{text:?}");
            }
        }
    }
});

/// Opens the chain, then once more as a restart does.
fn open(genesis: &[u8], upgrade: &[u8], host: Option<HostUpgrades>) {
    let opening = Opening { upgrade, host, ..Opening::new(genesis) };
    let store = Arc::new(Memory::new());
    match Chain::open(store.clone(), &opening) {
        Ok(chain) => {
            let again = Chain::open(store, &opening).expect("a restart with the same files");
            assert_eq!(again.genesis(), chain.genesis());
        }
        // Memory does not fail, and what was just read does not contradict itself.
        Err(error) => assert!(matches!(error, OpenError::Fatal(Fatal::Unsupported(_))), "{error}"),
    }
}

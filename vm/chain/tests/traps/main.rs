//! Places where a node that reads the rules loosely leaves the chain. Each has a number; a test that covers one is named
//! after it, here or where the table says.
//!
//! | trap | where, if not in this folder |
//! |---|---|
//! | 5 | also `rules/fee.rs`: the window |
//! | 7 | `rules/fee.rs`: known answers, quiet times of 9 to 30 seconds, extremes |
//! | 12, 17, 18 | also the chains `probes-*` and `precompiles-*` of `replay.rs`, recorded from the Go node |
//! | 18 | `precompiles`: `abi.rs`, `tests/vectors.rs`, `tests/properties.rs` |
//! | 19 | also `precompiles/vectors/fee_manager.json` |
//! | 27 | also `rules/time.rs` and `headers.rs` |
//! | 28 | `headers.rs`: each forbidden change; `rules/time.rs` |
//! | 29 | `headers.rs`: future; `rules/time.rs` |
//! | 30 | also `block/header.rs`: known hash, absent fields, tails of every length |
//! | 31 | `headers.rs`: withdrawals |
//! | 32 | also `headers.rs`: bodies, types beyond 3 |
//! | 37 | also the state tests of the Granite rule set |
//! | 43 | `genesis/tests/accepted.rs`, `genesis/tests/refusals.rs` |
//! | 44 | also `genesis/tests/restart.rs` |
//! | 45 | also `rules/fee.rs`: the signed conversion |
//! | 26 | here for execution beside a block; the methods that do it, eth_call and eth_estimateGas, come with the RPC |
//! | 38, 40, 41 | wire ids, validator sets and signatures belong to sync and warp and are tested there |
//! | 39 | the id of a sync summary belongs to sync; ids of warp messages are here |

#![expect(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../support"]
mod support {
    pub(crate) mod abi;
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod probe;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

mod blocks;
mod execution;
mod fees;
mod genesis;
mod lists;
mod precompiles;
mod predicates;

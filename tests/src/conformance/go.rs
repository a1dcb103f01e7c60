//! Cases in which this chain follows the Go node where Ethereum's rules have moved on. They run twice: under Ethereum's
//! rule set against the vector, and as the Go node executes against the roots here.
//!
//! The Go node's EVM (libevm, from go-ethereum 1.13) takes an address for free where nonce and code say so, and empties
//! its storage; EIP-7610 refuses the creation where storage is left. Only a genesis or a state upgrade can make such
//! an address. The roots were computed with `tests.StateTest.RunNoVerify` of Go module
//! `github.com/ava-labs/libevm` v1.13.14-0.4.0.rc.2.

use alloy_primitives::{B256, b256};

/// State root that the Go node has, which is not the vector's.
#[must_use]
pub fn root(test: &str, rule_set: &str, data_index: u64) -> Option<B256> {
    let found = |row: &&(&str, u64, B256)| rule_set == "Cancun" && (row.0, row.1) == (test, data_index);
    ROOTS.iter().find(found).map(|row| row.2)
}

/// Test, index of its data, root. Each has one gas limit and one value.
const ROOTS: &[(&str, u64, B256)] = &[
    ("InitCollisionParis", 0, b256!("0x20c17e61e8a137ee21b30449cb29b3baf34bb1988dc0c2664c7d1c4c24280490")),
    ("InitCollisionParis", 1, b256!("0xcbd8c0384e0c37babae625d89dfa4e06a060de14d6bd3f4e5de8255698e25074")),
    ("InitCollisionParis", 2, b256!("0xa1c136b85e8b64063779723d0c0088b39f7cdcec56ad7db731eb37b2fdfd48e3")),
    ("InitCollisionParis", 3, b256!("0x5b8580a67baab0aedf2aa345870559563c4d67e8f7d7cbb097778b5c9cfd5535")),
    (
        "RevertInCreateInInitCreate2Paris",
        0,
        b256!("0x64dd3e2e4f1edddb8854d6a384e7dde2123857489de111704d8c6c63b5c9e14a"),
    ),
    ("create2collisionStorageParis", 0, b256!("0x9e0c81a717e7c51d5b58a1046e1e926ae30eeb3ee61b6831cbcc03e69d49a610")),
    ("create2collisionStorageParis", 1, b256!("0xf6e465e3ca6281f3f51dade6001a1bf0c15d26bd94b40b40852040ae9bebcb78")),
    ("create2collisionStorageParis", 2, b256!("0x9972367bfb833d7c2cb857e1737b9ec56555aff16630b209e860dfa4d974d2ba")),
    (
        "dynamicAccountOverwriteEmpty_Paris",
        0,
        b256!("0x71eb50ff331a9c0225e0892e92bd87809256acfb6303398c01e055f4daba3e2b"),
    ),
    ("RevertInCreateInInit_Paris", 0, b256!("0xa8ede4cd235592c2753b7f2ba46f2685ac54977c35c1802619a4f7df45862886")),
];

//! A stored trie node, and the path that it is stored under: what is read is written the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_chain::state::trie::{Node, path_bytes, path_from_bytes};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(node) = Node::from_bytes(bytes) {
        assert_eq!(node.to_bytes(), bytes);
    }
    if let Some(path) = path_from_bytes(bytes) {
        assert_eq!(path_bytes(&path), bytes);
    }
});

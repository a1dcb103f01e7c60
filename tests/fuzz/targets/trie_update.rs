//! Batches of changes to a trie: after each, root and nodes are those of the same leaves in another implementation and
//! in a fresh trie.
//!
//! A change takes four bytes:
//!
//! | bytes | what |
//! |---|---|
//! | 1 | bit 7: a new batch begins, eight at most; low six bits: place of the first mark in the key, in nibbles |
//! | 1 | marks: two nibbles of the key, seven places apart; all others are 0, so keys share long prefixes |
//! | 1 | last byte of the key |
//! | 1 | value: 0 removes the key; 1 to 200 is a number; above, a string of 1 to 55 bytes |

#![no_main]

use alloy_primitives::{B256, U256};
use alloy_trie::{HashBuilder, Nibbles};
use libfuzzer_sys::fuzz_target;
use pars_chain::state::trie::Memory;
use std::collections::BTreeMap;

/// After each the trie is built twice more from nothing.
const BATCHES_MAX: usize = 8;

type Batch = BTreeMap<B256, Option<Vec<u8>>>;

fuzz_target!(|bytes: &[u8]| {
    let mut trie = Memory::default();
    let mut batch = Batch::new();
    let mut batches = 1;
    for change in bytes.as_chunks().0 {
        let &[head, marks, last, value] = change;
        if head & 0x80 != 0 && batches < BATCHES_MAX {
            batches += 1;
            apply(&mut trie, &std::mem::take(&mut batch));
        }
        batch.insert(key(head & 0x3f, marks, last), self::value(value));
    }
    apply(&mut trie, &batch);
});

fn apply(trie: &mut Memory, batch: &Batch) {
    let root = trie.apply(batch).expect("the trie is whole");
    let mut reference = HashBuilder::default();
    for (key, value) in &trie.leaves {
        reference.add_leaf(Nibbles::unpack(key), value);
    }
    assert_eq!(root, reference.root());
    let mut fresh = Memory::default();
    let all = trie.leaves.iter().map(|(key, value)| (*key, Some(value.clone()))).collect();
    assert_eq!(fresh.apply(&all), Ok(root));
    assert_eq!(*trie, fresh);
}

fn key(at: u8, marks: u8, last: u8) -> B256 {
    let mut key = B256::with_last_byte(last);
    for (step, mark) in [(0, marks >> 4), (7, marks & 0xf)] {
        let nibble = usize::from((at + step) % 64);
        key.0[nibble / 2] |= if nibble.is_multiple_of(2) { mark << 4 } else { mark };
    }
    key
}

fn value(value: u8) -> Option<Vec<u8>> {
    match value {
        0 => None,
        1..=200 => Some(alloy_rlp::encode(U256::from(value))),
        201.. => Some(vec![value; usize::from(value - 200)]),
    }
}

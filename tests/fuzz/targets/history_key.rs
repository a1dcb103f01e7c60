//! The stored list of keys that a block changed: what is read is written the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_chain::state::history;
use pars_chain::store::{Batch, Column, Durability, Memory, Read, Store};

const HEIGHT: u64 = 1;

fuzz_target!(|bytes: &[u8]| {
    let place = HEIGHT.to_be_bytes();
    let mut batch = Batch::default();
    batch.put(Column::Changes, place.to_vec(), bytes.to_vec());
    let Ok(Some(keys)) = history::changed(&stored(batch), HEIGHT) else { return };
    let mut batch = Batch::default();
    history::keep(&mut batch, HEIGHT, keys.into_iter().map(|key| (key, None)).collect());
    let again = stored(batch).get(Column::Changes, &place).expect("memory reads").expect("just written");
    assert_eq!(again.as_ref(), bytes);
});

fn stored(batch: Batch) -> Memory {
    let store = Memory::new();
    store.commit(batch, Durability::Buffered).expect("memory takes every batch");
    store
}

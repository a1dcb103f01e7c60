//! The file of exported blocks: what is read is written again byte for byte, as far as it is whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_vm::blockfile::{self, Reader};

fuzz_target!(|bytes: &[u8]| {
    let Ok((origin, mut reader)) = Reader::open(bytes) else { return };
    let mut again = blockfile::beginning(&origin, reader.from());
    let ended = loop {
        match reader.next_block() {
            Ok(Some(block)) => {
                assert_eq!(block.height + 1, reader.next_height());
                again.extend(blockfile::block(block.height, &block.bytes));
            }
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    assert_eq!(usize::try_from(reader.whole_bytes()), Ok(again.len()));
    assert!(bytes.starts_with(&again));
    if ended {
        again.extend(blockfile::end(reader.next_height().saturating_sub(1)));
        assert_eq!(bytes, again);
    }
});

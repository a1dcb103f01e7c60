//! Messages of the overlay: what is read is written again as it was, and takes no more memory than it has bytes.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_overlay::frame::{ADDRESSES_MAX, Frame, NAME_MAX, TEXT_MAX};

/// An address takes 7 bytes in a message and 32 in memory, and its list has room for as many again.
const BOUND: Bound = Bound { each: 12, any: 2 << 10 };

fuzz_target!(|bytes: &[u8]| {
    let bytes = Bytes::copy_from_slice(bytes);
    let Ok(frame) = BOUND.check(bytes.len(), || Frame::decode(bytes.clone())) else { return };
    assert_eq!(frame.encode().expect("it is not longer than it was"), bytes);
    match frame {
        Frame::Hello(hello) => assert!(hello.version.name.len() <= NAME_MAX),
        Frame::Error { text, .. } => assert!(text.len() <= TEXT_MAX),
        Frame::Addresses(addresses) => assert!(addresses.len() <= ADDRESSES_MAX),
        Frame::Request { bytes: payload, .. } | Frame::Response { bytes: payload, .. } | Frame::Gossip(payload) => {
            assert!(payload.is_empty() || bytes.as_ptr_range().contains(&payload.as_ptr()), "nothing is copied");
        }
        Frame::Welcome => {}
    }
});

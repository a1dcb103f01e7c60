//! Warp messages, what is signed of them, and payloads: what is read is written the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_precompiles::subnet::warp::message::{Message, Payload, Unsigned, id};

const BOUND: Bound = Bound { each: 4, any: 4 << 10 };

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = BOUND.check(bytes.len(), || Message::decode(bytes)) {
        assert_eq!(message.encode(), bytes);
        if let Some(signers) = message.signer_set() {
            assert_eq!(signers.as_bytes(), message.signers.as_ref());
        }
        read_unsigned(&message.unsigned.encode());
    }
    read_unsigned(bytes);
});

fn read_unsigned(bytes: &[u8]) {
    if let Ok(unsigned) = BOUND.check(bytes.len(), || Unsigned::decode(bytes)) {
        assert_eq!(unsigned.encode(), bytes);
        assert_eq!(id(&unsigned.encode()), id(bytes));
        read_payload(&unsigned.payload);
    }
    read_payload(bytes);
}

fn read_payload(bytes: &[u8]) {
    if let Ok(payload) = BOUND.check(bytes.len(), || Payload::decode(bytes)) {
        assert_eq!(payload.encode(), bytes);
    }
}

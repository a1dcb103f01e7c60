//! What was recorded of handshakes with the public Go package, for tests of both sides.

use std::io::Read;

use serde_json::Value;

/// Each with its bytes.
pub(crate) fn handshakes() -> Vec<(Value, Vec<u8>)> {
    let packed = include_bytes!("../../tests/vectors/zap/frames.json.gz");
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut json).unwrap();
    let all: Vec<Value> = serde_json::from_slice(&json).unwrap();
    let handshakes = all.into_iter().filter(|vector| vector["channel"] == "handshake");
    let with_bytes = |vector: Value| {
        let bytes = hex(vector["frame_hex"].as_str().unwrap());
        (vector, bytes)
    };
    handshakes.map(with_bytes).collect()
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

//! Files of vectors, and what stands in them.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::{fs, io::Read as _, path::Path};

/// The text of a file in `tests/vectors`, unpacked.
pub(crate) fn text(path: &str) -> String {
    // Other packages have this file too.
    let mut folders =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("crypto/tests/vectors"));
    let path = folders.find(|folder| folder.is_dir()).expect("the folder of vectors").join(path);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    if path.extension().is_some_and(|end| end == "gz") {
        GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzipped text");
    } else {
        text = String::from_utf8(bytes).expect("text");
    }
    text
}

/// The value of a file in `tests/vectors`.
pub(crate) fn json(path: &str) -> Value {
    serde_json::from_str(&text(path)).expect("JSON")
}

/// Each test of a file of NIST or Wycheproof, with the group it is in.
pub(crate) fn tests(file: &Value) -> Vec<(&Value, &Value)> {
    let groups = list(&file["testGroups"]);
    groups.iter().flat_map(|group| list(&group["tests"]).iter().map(move |test| (group, test))).collect()
}

/// The elements of a list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// What a string says.
pub(crate) fn string(value: &Value) -> &str {
    value.as_str().expect("a string")
}

/// Whether the expected result is that of a valid signature: Wycheproof's word, or NIST's bool.
pub(crate) fn is_valid(test: &Value) -> bool {
    match (&test["result"], &test["testPassed"]) {
        (Value::String(result), Value::Null) if result == "valid" => true,
        (Value::String(result), Value::Null) if result == "invalid" => false,
        (Value::Bool(result), Value::Null) | (Value::Null, Value::Bool(result)) => *result,
        other => panic!("no verdict: {other:?}"),
    }
}

/// The bytes that a string of hex stands for.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    hex(string(value))
}

/// The bytes that hex stands for.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "half a byte in {text}");
    let digits = text.as_bytes().chunks_exact(2).map(|two| str::from_utf8(two).expect("ASCII"));
    digits.map(|two| u8::from_str_radix(two, 16).expect("hex")).collect()
}

/// The same as an array.
pub(crate) fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap_or_else(|bytes: Vec<u8>| panic!("{} bytes, expected {N}", bytes.len()))
}

//! Vectors that are checked in.

use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// A JSON file under `tests/vectors`, gzipped.
pub(crate) fn json(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crypto/tests/vectors").join(name);
    let packed = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A member of hexadecimal digits; none: no bytes.
pub(crate) fn hex(value: &Value, name: &str) -> Vec<u8> {
    let text = value[name].as_str().unwrap_or_default();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A test of NIST with its group, its inputs and what is expected.
pub(crate) struct Acvp {
    pub(crate) group: Value,
    pub(crate) prompt: Value,
    pub(crate) expected: Value,
}

/// All tests of NIST's of this name.
pub(crate) fn acvp(name: &str) -> Vec<Acvp> {
    let prompts = json(&format!("acvp/{name}-prompt.json.gz"));
    let results = json(&format!("acvp/{name}-expectedResults.json.gz"));
    let mut all = Vec::new();
    for (group, expected) in groups(&prompts).iter().zip(groups(&results)) {
        assert_eq!(group["tgId"], expected["tgId"]);
        let (tests, expected) = (group["tests"].as_array().unwrap(), expected["tests"].as_array().unwrap());
        assert_eq!(tests.len(), expected.len());
        for (prompt, expected) in tests.iter().zip(expected) {
            assert_eq!(prompt["tcId"], expected["tcId"]);
            let mut group = group.clone();
            group["tests"] = Value::Null;
            all.push(Acvp { group, prompt: prompt.clone(), expected: expected.clone() });
        }
    }
    all
}

/// A test of Wycheproof with its group.
pub(crate) struct Wycheproof {
    pub(crate) group: Value,
    pub(crate) test: Value,
    pub(crate) valid: bool,
}

/// All tests of a file of Wycheproof's.
pub(crate) fn wycheproof(name: &str) -> Vec<Wycheproof> {
    let file = json(&format!("wycheproof/{name}.json.gz"));
    let mut all = Vec::new();
    for group in groups(&file) {
        let mut head = group.clone();
        head["tests"] = Value::Null;
        for test in group["tests"].as_array().unwrap() {
            let valid = match test["result"].as_str() {
                Some("valid") => true,
                Some("invalid") => false,
                other => panic!("{other:?}"),
            };
            all.push(Wycheproof { group: head.clone(), test: test.clone(), valid });
        }
    }
    assert_eq!(Some(all.len()), file["numberOfTests"].as_u64().and_then(|count| count.try_into().ok()));
    all
}

fn groups(file: &Value) -> &Vec<Value> {
    file["testGroups"].as_array().unwrap()
}

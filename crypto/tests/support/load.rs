//! Tests of NIST and of Wycheproof as they stand in their files.

use crate::vectors::{self, json, tests};
use serde_json::Value;

/// A member of hexadecimal digits; none: no bytes.
pub(crate) fn hex(value: &Value, name: &str) -> Vec<u8> {
    vectors::hex(value[name].as_str().unwrap_or_default())
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
    let (prompts, results) = (tests(&prompts), tests(&results));
    assert_eq!(prompts.len(), results.len());
    let joined = prompts.into_iter().zip(results).map(|((group, prompt), (of, expected))| {
        assert_eq!((&group["tgId"], &prompt["tcId"]), (&of["tgId"], &expected["tcId"]));
        Acvp { group: head(group), prompt: prompt.clone(), expected: expected.clone() }
    });
    joined.collect()
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
    let all: Vec<Wycheproof> = tests(&file)
        .into_iter()
        .map(|(group, test)| Wycheproof { group: head(group), test: test.clone(), valid: vectors::is_valid(test) })
        .collect();
    assert_eq!(Some(all.len()), file["numberOfTests"].as_u64().and_then(|count| count.try_into().ok()));
    all
}

/// A group without its tests.
fn head(group: &Value) -> Value {
    let members = group.as_object().expect("a group").iter().filter(|(name, _)| *name != "tests");
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
}

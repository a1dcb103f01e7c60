//! When two answers say the same: values by value, errors by code and data, and by the texts that tools look for.

use anyhow::{Context as _, Result, bail};
use pars_chain::view::View;
use pars_genesis::spec::ChainSpec;
use serde::Deserialize;
use serde_json::{Number, Value};

/// An answer.
pub(super) type Reply = Result<Value, ReplyError>;

/// An error as it is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct ReplyError {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Option<Value>,
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) method: &'a str,
    pub(super) params: &'a str,
    /// When it was asked, Unix milliseconds.
    pub(super) at_ms: u64,
    /// The chain that it was asked about.
    pub(super) spec: &'a ChainSpec,
    /// Its last block.
    pub(super) head: &'a View,
}

/// Texts that clients look for in errors. One that is recorded must be answered.
const LOOKED_FOR: &[&str] = &[
    "nonce too low",
    "nonce too high",
    "nonce has max value",
    "already known",
    "replacement transaction underpriced",
    "transaction underpriced",
    "insufficient funds",
    "insufficient funds for gas * price + value",
    "intrinsic gas too low",
    "exceeds block gas limit",
    "exceeds the configured cap",
    "only replay-protected (EIP-155) transactions allowed over RPC",
    "transaction type not supported",
    "invalid sender",
    "out of gas",
    "gas required exceeds allowance",
    "max fee per gas less than block base fee",
    "max priority fee per gas higher than max fee per gas",
    "invalid opcode",
    "invalid jump destination",
    "stack underflow",
    "max code size exceeded",
    "max initcode size exceeded",
    "header not found",
    "header for hash not found",
    "unknown block",
    "cannot query unfinalized data",
    "filter not found",
    "does not exist/is not available",
    "requested too many blocks",
    "missing value for required argument",
    "too many arguments",
    "batch too large",
    "response too large",
];

/// Texts that have to be equal whole.
const WHOLE: &[&str] = &["execution reverted", "the method ", "missing value", "invalid opcode", "stack underflow"];

/// Reads a response.
pub(super) fn reply(body: &[u8]) -> Result<Reply> {
    let value: Value = serde_json::from_slice(body).context("no JSON")?;
    match (value.get("result"), value.get("error")) {
        (Some(result), None) => Ok(Ok(result.clone())),
        (None, Some(error)) => Ok(Err(ReplyError::deserialize(error)?)),
        _ => bail!("neither or both of result and error"),
    }
}

/// Whether two answers say the same.
pub(super) fn same_reply(recorded: &Reply, ours: &Reply) -> bool {
    match (recorded, ours) {
        (Ok(recorded), Ok(ours)) => same(recorded, ours),
        (Err(recorded), Err(ours)) => {
            recorded.code == ours.code && recorded.data == ours.data && same_text(&recorded.message, &ours.message)
        }
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

/// Whether two values are the same; numbers by value.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// Whether a response is the recorded one: status, kind of content, and body.
pub(super) fn same_http(recorded: &Value, status: u16, kind: &str, body: &str) -> Result<bool> {
    let expected = recorded.get("status").and_then(Value::as_u64).context("no status")?;
    let headers = recorded.get("headers").and_then(Value::as_object);
    let expected_kind = headers.and_then(|headers| headers.get("content-type")).and_then(Value::as_str);
    let expected_body = recorded.get("body").and_then(Value::as_str).unwrap_or_default();
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    let same_body = match (json(expected_body), json(body)) {
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| same_envelope(a, b))
        }
        (Some(a), Some(b)) => same_envelope(&a, &b),
        _ => expected_body.trim_end() == body.trim_end(),
    };
    // A response without a body needs no kind.
    let same_kind = body.is_empty() || expected_kind.is_none_or(|expected| expected == kind);
    Ok(u64::from(status) == expected && same_kind && same_body)
}

fn same_envelope(a: &Value, b: &Value) -> bool {
    let id = |value: &Value| value.get("id").cloned();
    let bytes = |value: &Value| reply(value.to_string().as_bytes());
    match (bytes(a), bytes(b)) {
        (Ok(first), Ok(second)) => {
            id(a) == id(b) && a.get("jsonrpc") == b.get("jsonrpc") && same_reply(&first, &second)
        }
        _ => same(a, b),
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    a == b || a.as_f64() == b.as_f64()
}

fn same_text(recorded: &str, ours: &str) -> bool {
    recorded == ours
        || (!WHOLE.iter().any(|text| recorded.starts_with(text))
            && LOOKED_FOR.iter().all(|text| !recorded.contains(text) || ours.contains(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_by_value() {
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(same(&number("0.5"), &number("5e-1")));
        assert!(same(&json!({"a": 1, "b": [2]}), &json!({"b": [2], "a": 1})));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": null})));
        assert!(!same(&json!("0x01"), &json!("0x1")));
    }

    #[test]
    fn errors_by_code_data_and_what_tools_look_for() {
        let error = |code, message: &str| Reply::Err(ReplyError { code, message: message.to_owned(), data: None });
        assert!(same_reply(&error(-32_602, "json: cannot unmarshal"), &error(-32_602, "a number where…")));
        assert!(!same_reply(&error(-32_602, "x"), &error(-32_000, "x")));
        assert!(same_reply(&error(-32_000, "nonce too low: next 5"), &error(-32_000, "nonce too low")));
        assert!(!same_reply(&error(-32_000, "nonce too low"), &error(-32_000, "no")));
        assert!(!same_reply(&error(3, "execution reverted: a"), &error(3, "execution reverted")));
        assert!(!same_reply(&error(3, "a"), &Ok(Value::Null)));
    }
}

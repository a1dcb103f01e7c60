//! Answers of JSON-RPC.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// A JSON-RPC error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its number.
    pub code: i64,
    /// Its words.
    pub message: String,
}

/// Result or error of one answer with this id.
///
/// # Errors
/// When it is none of JSON-RPC 2.0.
pub fn outcome(answer: &Value, id: &Value) -> Result<Result<Value, Refusal>> {
    ensure!(answer["jsonrpc"] == "2.0" && answer["id"] == *id, "{answer} has not id {id}");
    let members = answer.as_object().map(serde_json::Map::len);
    ensure!(members == Some(3), "{answer} has {members:?} members");
    let Some(error) = answer.get("error") else {
        return Ok(Ok(answer.get("result").context("neither result nor error")?.clone()));
    };
    let code = error["code"].as_i64().with_context(|| format!("{answer}"))?;
    let message = error["message"].as_str().with_context(|| format!("{answer}"))?.to_owned();
    Ok(Err(Refusal { code, message }))
}

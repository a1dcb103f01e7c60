//! What a file with recorded answers holds beside its chain.

use crate::replay::answers::compare::{Reply, ReplyError};
use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::Request;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The questions and answers of a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recording {
    pub(super) node_config: Box<RawValue>,
    /// Unix milliseconds.
    pub(super) queried_at: u64,
    pub(super) calls: Vec<Call>,
    pub(super) http: Vec<Exchange>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) limited: Option<Limited>,
}

/// The same chain after a restart with another configuration.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Limited {
    pub(super) node_config: Box<RawValue>,
    pub(super) calls: Vec<Call>,
    pub(super) http: Vec<Exchange>,
}

/// What is asked of one process.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) calls: Vec<Call>,
    pub(super) http: Vec<Exchange>,
    pub(super) sequences: Vec<Sequence>,
}

/// A question that stands for itself.
#[derive(Debug, Deserialize)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) params: Box<RawValue>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<ReplyError>,
    pub(super) volatile: Option<String>,
    /// When it was asked, Unix milliseconds.
    pub(super) at: Option<u64>,
}

/// Questions in order, of which later ones use earlier answers.
#[derive(Debug, Deserialize)]
pub(super) struct Sequence {
    pub(super) steps: Vec<Step>,
}

/// One of them.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    pub(super) method: String,
    pub(super) params: Box<RawValue>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    error: Option<ReplyError>,
    /// Name under which later steps use the result.
    pub(super) save: Option<String>,
    pub(super) volatile: Option<String>,
}

/// A raw HTTP exchange.
#[derive(Debug, Deserialize)]
pub(super) struct Exchange {
    pub(super) request: Value,
    pub(super) response: Value,
}

/// Bytes of a file, unpacked.
const BYTES_MAX: u64 = 512 << 20;

impl Recording {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        let mut text = Vec::new();
        GzDecoder::new(file).take(BYTES_MAX).read_to_end(&mut text).context("unpacking")?;
        serde_json::from_slice(&text).context("reading the recorded answers; does the file hold any?")
    }
}

impl Call {
    pub(super) fn reply(&self) -> Result<Reply> {
        reply(self.result.as_ref(), self.error.as_ref())
    }
}

impl Step {
    pub(super) fn reply(&self) -> Result<Reply> {
        reply(self.result.as_ref(), self.error.as_ref())
    }
}

impl Exchange {
    /// As the service gets it.
    pub(super) fn to_request(&self) -> Result<Request<Bytes>> {
        let text = |name: &str| self.request.get(name).and_then(Value::as_str);
        let mut request = Request::builder().method(text("method").context("no method")?).uri("/rpc");
        for (name, value) in self.request.get("headers").and_then(Value::as_object).into_iter().flatten() {
            request = request.header(name, value.as_str().context("a header is no text")?);
        }
        let mut body = text("body").unwrap_or_default().to_owned();
        let pad = self.request.get("pad").and_then(Value::as_u64).unwrap_or_default();
        body.extend(std::iter::repeat_n(' ', usize::try_from(pad)?));
        Ok(request.body(Bytes::from(body))?)
    }

    /// Whether only the head of the answer is asked for.
    pub(super) fn is_head(&self) -> bool {
        self.request.get("method").and_then(Value::as_str) == Some("HEAD")
    }
}

fn reply(result: Option<&Value>, error: Option<&ReplyError>) -> Result<Reply> {
    match (result, error) {
        (Some(result), None) => Ok(Ok(result.clone())),
        (None, Some(error)) => Ok(Err(error.clone())),
        _ => bail!("neither or both of result and error"),
    }
}

/// A member that is there, `null` included.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

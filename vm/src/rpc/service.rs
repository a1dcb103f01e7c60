//! One HTTP request with JSON-RPC in it, and its response.

use crate::node::Node;
use crate::rpc::error::RpcError;
use crate::rpc::params::Params;
use crate::rpc::table::{self, Answer, Run};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

/// Bytes of a request.
pub const REQUEST_BYTES_MAX: usize = 5 << 20;
/// Calls in a batch.
pub const BATCH_MAX: usize = 1_000;
/// Bytes of the answers to a batch.
pub const RESPONSE_BYTES_MAX: usize = 25_000_000;

/// Answers JSON-RPC over HTTP.
#[derive(Debug, Clone)]
pub struct RpcService {
    node: Arc<Node>,
}

impl RpcService {
    /// Over this node.
    #[must_use]
    pub const fn new(node: Arc<Node>) -> Self {
        Self { node }
    }
}

impl Service<Request<Bytes>> for RpcService {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let node = Arc::clone(&self.node);
        Box::pin(async move { Ok(respond(&node, request).await) })
    }
}

async fn respond(node: &Arc<Node>, request: Request<Bytes>) -> Response<Bytes> {
    if request.method() != Method::POST {
        let allow = (header::ALLOW, "POST");
        return plain(StatusCode::METHOD_NOT_ALLOWED, "JSON-RPC is asked by POST\n", Some(allow));
    }
    if request.body().len() > REQUEST_BYTES_MAX {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "request too large\n", None);
    }
    let body = answer_body(node, request.body()).await;
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn plain(status: StatusCode, text: &'static str, extra: Option<(header::HeaderName, &'static str)>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Some((name, value)) = extra {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

/// One request or a batch.
async fn answer_body(node: &Arc<Node>, body: &[u8]) -> Bytes {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        return match serde_json::from_slice::<&RawValue>(body) {
            Ok(call) => answer_one(node, call).await.unwrap_or_default(),
            Err(_) => refuse(RpcError::parse()),
        };
    }
    let calls: Vec<&RawValue> = match serde_json::from_slice(body) {
        Ok(calls) => calls,
        Err(_) => return refuse(RpcError::parse()),
    };
    if calls.is_empty() {
        return refuse(RpcError::request("empty batch"));
    }
    if calls.len() > BATCH_MAX {
        return refuse(RpcError::request("batch too large"));
    }
    let mut out = Vec::with_capacity(256);
    out.push(b'[');
    for call in calls {
        let answered = if out.len() > RESPONSE_BYTES_MAX {
            Some(refuse(RpcError { code: -32_003, message: "response too large".to_owned() }))
        } else {
            answer_one(node, call).await
        };
        // A notification has no answer.
        let Some(answered) = answered else { continue };
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(&answered);
    }
    // A batch of notifications has no answer either.
    if out.len() == 1 {
        return Bytes::new();
    }
    out.push(b']');
    out.into()
}

#[derive(Deserialize)]
struct Call<'a> {
    jsonrpc: Option<&'a str>,
    /// None where the member is absent. A client may ask with the id `null`, and gets it back.
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    method: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// A member that is there, `null` included.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

#[derive(Serialize)]
struct Reply<'a> {
    jsonrpc: &'static str,
    id: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<RpcError>,
}

/// The answer to one call; none to a notification.
async fn answer_one(node: &Arc<Node>, call: &RawValue) -> Option<Bytes> {
    let Ok(call) = serde_json::from_str::<Call<'_>>(call.get()) else {
        return Some(refuse(RpcError::request("invalid request")));
    };
    if call.id.is_some_and(|id| id.get().starts_with(['{', '['])) {
        return Some(refuse(RpcError::request("invalid request")));
    }
    let (Some("2.0"), Some(method)) = (call.jsonrpc, &call.method) else {
        return Some(reply(call.id, Err(RpcError::request("invalid request"))));
    };
    let answer = run(node, method, call.params).await;
    call.id.map(|id| reply(Some(id), answer))
}

async fn run(node: &Arc<Node>, method: &str, params: Option<&RawValue>) -> Answer {
    let row = table::find(method).ok_or_else(|| RpcError::method(method))?;
    let params = Params::new(params)?;
    let node = Arc::clone(node);
    let running = match row.run {
        Run::Read(read) => tokio::task::spawn_blocking(move || read(&node, &params)),
        Run::Wait(wait) => tokio::spawn(wait(node, params)),
    };
    running.await.unwrap_or_else(|panic| {
        // A panic costs its own request only.
        tracing::error!(%panic, method = row.name, "a request panicked");
        Err(RpcError::internal())
    })
}

fn refuse(error: RpcError) -> Bytes {
    reply(None, Err(error))
}

fn reply(id: Option<&RawValue>, answer: Answer) -> Bytes {
    let (result, error) = match answer {
        Ok(result) => (Some(result), None),
        Err(error) => (None, Some(error)),
    };
    // Writing strings and raw JSON into memory does not fail.
    serde_json::to_vec(&Reply { jsonrpc: "2.0", id, result, error }).unwrap_or_default().into()
}

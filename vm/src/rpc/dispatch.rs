//! Bytes with JSON-RPC in them, and the bytes that answer: one call or a batch, from whatever transport.

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::params::Params;
use crate::rpc::session::Session;
use crate::rpc::table::{self, Answer, Run};
use bytes::Bytes;
use pars_chain::execution::interrupt::Interrupt;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    api: Arc<Api>,
    /// Where the client stays connected.
    session: Option<Arc<Session>>,
}

/// Raises its flag when the request is given up: the client left, or waited long enough.
#[derive(Debug)]
struct EndWithRequest(Interrupt);

impl Drop for EndWithRequest {
    fn drop(&mut self) {
        self.0.raise();
    }
}

impl Caller {
    /// A client that asks once.
    #[must_use]
    pub const fn once(api: Arc<Api>) -> Self {
        Self { api, session: None }
    }

    /// A client that stays connected.
    #[must_use]
    pub fn of(session: &Arc<Session>) -> Self {
        Self { api: Arc::clone(session.api()), session: Some(Arc::clone(session)) }
    }

    /// The answer to one request or a batch; empty where there is nothing to answer.
    pub async fn answer(&self, body: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(256);
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'[') {
            self.answer_batch(body, &mut out).await;
        } else {
            match serde_json::from_slice::<&RawValue>(body) {
                Ok(call) => self.answer_one(call, None, &mut out).await,
                Err(_) => reply(None, Err(RpcError::parse()), &mut out),
            }
        }
        out.into()
    }

    async fn answer_batch(&self, body: &[u8], out: &mut Vec<u8>) {
        let limits = self.api.limits();
        let calls: Vec<&RawValue> = match serde_json::from_slice(body) {
            Ok(calls) => calls,
            Err(_) => return reply(None, Err(RpcError::parse()), out),
        };
        if calls.is_empty() {
            return reply(None, Err(RpcError::request("empty batch")), out);
        }
        if calls.len() > limits.batch_calls {
            return reply(None, Err(RpcError::request("batch too large")), out);
        }
        out.push(b'[');
        for call in calls {
            let before = out.len();
            if before > 1 {
                out.push(b',');
            }
            let comma = out.len();
            self.answer_one(call, Some(limits.batch_bytes), out).await;
            // A notification has no answer.
            if out.len() == comma {
                out.truncate(before);
            }
        }
        // A batch of notifications has no answer either.
        if out.len() == 1 {
            return out.clear();
        }
        out.push(b']');
    }

    /// Appends the answer to one call; nothing for a notification. `room`: what `out` may hold before this answer.
    async fn answer_one(&self, call: &RawValue, room: Option<usize>, out: &mut Vec<u8>) {
        let Ok(call) = serde_json::from_str::<Call<'_>>(call.get()) else {
            return reply(None, Err(RpcError::request("invalid request")), out);
        };
        if call.id.is_some_and(|id| id.get().starts_with(['{', '['])) {
            return reply(None, Err(RpcError::request("invalid request")), out);
        }
        let (Some("2.0"), Some(method)) = (call.jsonrpc, &call.method) else {
            return reply(call.id, Err(RpcError::request("invalid request")), out);
        };
        let full = room.is_some_and(|room| out.len() > room);
        let answer = if full { Err(RpcError::too_large()) } else { self.run(method, call.params).await };
        if call.id.is_some() {
            reply(call.id, answer, out);
        }
    }

    async fn run(&self, method: &str, params: Option<&RawValue>) -> Answer {
        let row = table::find(method).filter(|row| self.api.offers(row.group));
        let row = row.ok_or_else(|| RpcError::method(method))?;
        let interrupt = Interrupt::default();
        let params = Params::new(params, interrupt.clone())?;
        let api = Arc::clone(&self.api);
        let _end = EndWithRequest(interrupt);
        let running = match row.run {
            Run::Now(now) => return now(&api, &params),
            Run::Session(on) => match &self.session {
                Some(session) => return on(session, &params),
                None => return Err(RpcError::method("notifications not supported")),
            },
            Run::Read(read) => {
                let worker = api.worker().await;
                tokio::task::spawn_blocking(move || {
                    let answer = read(&api, &params);
                    drop(worker);
                    answer
                })
            }
            Run::Wait(wait) => tokio::spawn(wait(api, params)),
        };
        let ended = match self.api.limits().duration {
            None => running.await,
            Some(limit) => tokio::time::timeout(limit, running).await.map_err(|_| RpcError::timed_out())?,
        };
        ended.unwrap_or_else(|panic| {
            // A panic costs its own request only.
            tracing::error!(%panic, method = row.name, "a request panicked");
            Err(RpcError::internal())
        })
    }
}

#[derive(Deserialize)]
struct Call<'a> {
    jsonrpc: Option<&'a str>,
    /// None where the member is absent. A client may ask with the id `null`, and gets it back.
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// A member that is there, `null` included.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(from).map(Some)
}

/// Appends a reply.
fn reply(id: Option<&RawValue>, answer: Answer, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.map_or("null", RawValue::get).as_bytes());
    match answer {
        Ok(json) => {
            out.extend_from_slice(br#","result":"#);
            out.extend_from_slice(&json.0);
        }
        Err(error) => {
            out.extend_from_slice(br#","error":"#);
            // Strings and numbers always have a form in JSON.
            out.extend_from_slice(&serde_json::to_vec(&error).unwrap_or_default());
        }
    }
    out.push(b'}');
}

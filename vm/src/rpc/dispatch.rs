//! Bytes with JSON-RPC in them, and the bytes that answer: one call or a batch, from whatever transport.

use crate::rpc::api::Api;
use crate::rpc::batch::Batch;
use crate::rpc::budget::SHORT_BYTES;
use crate::rpc::call::Call;
use crate::rpc::error::RpcError;
use crate::rpc::params::Params;
use crate::rpc::session::Turn;
use crate::rpc::table::{self, Answer, Method, Run};
use bytes::Bytes;
use pars_chain::execution::interrupt::Interrupt;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;

/// Who asks.
#[derive(Debug, Clone)]
pub struct Caller {
    api: Arc<Api>,
    /// Where the client stays connected.
    turn: Option<Arc<Turn>>,
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
        Self { api, turn: None }
    }

    /// A message of a client that stays connected.
    #[must_use]
    pub fn of(turn: Arc<Turn>) -> Self {
        Self { api: Arc::clone(turn.session().api()), turn: Some(turn) }
    }

    /// The answer to one request or a batch; empty where there is nothing to answer. What follows the first JSON value is
    /// ignored.
    pub async fn answer(&self, body: &[u8]) -> Bytes {
        let mut out = Vec::with_capacity(256);
        match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
            None => {}
            Some(b'[') => self.answer_batch(body, &mut out).await,
            Some(_) => match first_value::<&RawValue>(body) {
                Some(call) => {
                    self.answer_one(&Call::read(call), &mut out).await;
                }
                None => reply(None, &Err(RpcError::parse()), &mut out),
            },
        }
        out.shrink_to_fit();
        out.into()
    }

    async fn answer_batch(&self, body: &[u8], out: &mut Vec<u8>) {
        let limits = self.api.limits();
        let calls = match Batch::read(body, limits.batch_calls) {
            Batch::Calls(calls) => calls,
            Batch::Malformed => return reply(None, &Err(RpcError::parse()), out),
            Batch::TooMany(calls) => {
                // Under the id of the first one, so that its sender finds it.
                let id = calls.into_iter().map(Call::read).find(Call::is_call).and_then(|call| call.id);
                out.push(b'[');
                reply(id, &Err(RpcError::request("batch too large")), out);
                return out.push(b']');
            }
        };
        if calls.is_empty() {
            return reply(None, &Err(RpcError::request("empty batch")), out);
        }
        out.push(b'[');
        let mut results: usize = 0;
        let share = self.api.answers().share();
        for call in calls {
            let call = Call::read(call);
            let before = out.len();
            if before > 1 {
                out.push(b',');
            }
            let comma = out.len();
            // What a vector keeps for growing is as much again, where it is long.
            let kept = if before > SHORT_BYTES { out.capacity() } else { before };
            if !share.grow(kept) && call.is_call() {
                let text = "too many long answers are on their way: ask again, for less";
                reply(call.id, &Err(RpcError::limit(text)), out);
            }
            // The answer that passes the limit is still given.
            else if results > limits.batch_bytes && call.is_call() {
                reply(call.id, &Err(RpcError::too_large()), out);
            } else {
                results = results.saturating_add(self.answer_one(&call, out).await);
            }
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

    /// Appends the answer to one call, if it has one; bytes of its result.
    async fn answer_one(&self, call: &Call<'_>, out: &mut Vec<u8>) -> usize {
        if call.is_response() {
            return 0;
        }
        let Some(method) = call.method.as_deref().filter(|_| call.is_call() || call.is_notification()) else {
            reply(call.id.filter(|_| call.has_valid_id()), &Err(RpcError::request("invalid request")), out);
            return 0;
        };
        let answer = self.run(method, call.params).await;
        if call.is_notification() {
            return 0;
        }
        reply(call.id, &answer, out);
        answer.map_or(0, |json| json.0.len())
    }

    async fn run(&self, method: &str, params: Option<&RawValue>) -> Answer {
        let row = table::find(method).filter(|row| self.api.offers(row.group));
        let measured = self.api.node().meters().calls.begin(row.map(|row| row.group));
        let answer = match row {
            Some(row) => self.run_row(row, params).await,
            None => Err(RpcError::method(method)),
        };
        if answer.is_err() {
            measured.failed();
        }
        answer
    }

    async fn run_row(&self, row: &'static Method, params: Option<&RawValue>) -> Answer {
        let interrupt = Interrupt::default();
        let params = Params::new(params, interrupt.clone())?;
        let api = Arc::clone(&self.api);
        let _end = EndWithRequest(interrupt);
        let running = match row.run {
            Run::Now(now) => return now(&api, &params),
            Run::Session(on) => return on(&api, self.turn.as_deref(), &params),
            Run::Read(read) | Run::Work(read) => {
                let turn = if matches!(row.run, Run::Work(_)) { api.worker().await } else { api.reader().await };
                tokio::task::spawn_blocking(move || {
                    let answer = read(&api, &params);
                    drop(turn);
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

/// The first JSON value of a text.
fn first_value<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<T> {
    T::deserialize(&mut serde_json::Deserializer::from_slice(text)).ok()
}

/// Appends a reply.
fn reply(id: Option<&RawValue>, answer: &Answer, out: &mut Vec<u8>) {
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
            out.extend_from_slice(&serde_json::to_vec(error).unwrap_or_default());
        }
    }
    out.push(b'}');
}

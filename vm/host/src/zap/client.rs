//! What a host of ZAP lends: its database, and validator sets. It has no way to peers and no signer.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::address;
use super::frame::{Cutter, ERROR, REPLY, encode};
use super::message::{self as msg, VALIDATOR_STATE, db, error, validators as method};
use super::wire::Value;
use crate::http::Connection;
use crate::text::{bounded, one_line};
use crate::{Answer, AppError, Host, HostError, Id, NodeId, Recipients, Validator};

/// The host's services.
#[derive(Debug)]
pub(crate) struct ZapHost {
    database: Lent,
    validators: Lent,
}

impl ZapHost {
    /// Dials nothing yet. An empty address is a host without the service.
    pub(crate) fn new(database_addr: String, validators_addr: String) -> Self {
        Self {
            // It may be slow, and a record that overtakes an earlier one would be lost under it: nothing is given up.
            database: Lent::new("database", database_addr, None),
            validators: Lent::new("validator sets", validators_addr, Some(VALIDATORS_MAX)),
        }
    }

    async fn height(&self, method: u8) -> Result<u64, HostError> {
        let answer: msg::Number = self.validators.ask(VALIDATOR_STATE, &msg::MethodRequest { method }).await?;
        Ok(answer.number)
    }
}

impl Host for ZapHost {
    fn get(&self, key: Bytes) -> Answer<'_, Option<Bytes>> {
        Box::pin(async move {
            let answer: msg::GetResponse = self.database.ask(db::GET, &msg::KeyRequest { key }).await?;
            match answer.err {
                error::NONE => Ok(Some(answer.value)),
                error::NOT_FOUND => Ok(None),
                number => Err(failed(number)),
            }
        })
    }

    fn put(&self, key: Bytes, value: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            // The same pair may be written twice.
            let answer: msg::ErrResponse = self.database.ask(db::PUT, &msg::Pair { key, value }).await?;
            if answer.err == error::NONE { Ok(()) } else { Err(failed(answer.err)) }
        })
    }

    fn send_request(&self, _: Vec<NodeId>, _: u32, _: Bytes) -> Answer<'_, ()> {
        not_lent(PEERS)
    }

    fn send_response(&self, _: NodeId, _: u32, _: Bytes) -> Answer<'_, ()> {
        not_lent(PEERS)
    }

    fn send_error(&self, _: NodeId, _: u32, _: AppError) -> Answer<'_, ()> {
        not_lent(PEERS)
    }

    fn send_gossip(&self, _: Recipients, _: Bytes) -> Answer<'_, ()> {
        not_lent(PEERS)
    }

    fn minimum_height(&self) -> Answer<'_, u64> {
        Box::pin(self.height(method::MINIMUM_HEIGHT))
    }

    fn current_height(&self) -> Answer<'_, u64> {
        Box::pin(self.height(method::CURRENT_HEIGHT))
    }

    fn subnet_of(&self, chain: Id) -> Answer<'_, Id> {
        Box::pin(async move {
            let request = msg::OwnerRequest { method: method::NET_OF, id: chain.into() };
            let answer: msg::OwnerResponse = self.validators.ask(VALIDATOR_STATE, &request).await?;
            Id::try_from(answer.id.as_ref()).map_err(|error| malformed("net_id", &error))
        })
    }

    fn validators(&self, height: u64, subnet: Id) -> Answer<'_, Vec<Validator>> {
        Box::pin(async move {
            let request = msg::ValidatorSetRequest { method: method::VALIDATOR_SET, height, net_id: subnet.into() };
            let answer: msg::ValidatorSetResponse = self.validators.ask(VALIDATOR_STATE, &request).await?;
            let validator = |of: msg::Validator| {
                let node = NodeId::try_from(of.node_id.as_ref()).map_err(|error| malformed("node_id", &error))?;
                Ok(Validator { node, weight: of.weight, public_key: of.public_key })
            };
            answer.validators.into_iter().map(validator).collect()
        })
    }

    fn sign(&self, _: u32, _: Id, _: Bytes) -> Answer<'_, Bytes> {
        not_lent("signer")
    }
}

const PEERS: &str = "way to peers";

fn not_lent<T: Send + 'static>(what: &'static str) -> Answer<'static, T> {
    Box::pin(std::future::ready(Err(HostError::NotLent(what))))
}

/// A server of the host: one connection, one question at a time.
#[derive(Debug)]
struct Lent {
    what: &'static str,
    addr: String,
    /// An answer is waited for so long.
    answer_max: Option<Duration>,
    line: Mutex<Option<Line>>,
}

/// A connection on which everything that was asked is answered.
struct Line {
    stream: Box<dyn Connection>,
    cutter: Cutter,
    asked: u32,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Line").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Lent {
    fn new(what: &'static str, addr: String, answer_max: Option<Duration>) -> Self {
        Self { what, addr, answer_max, line: Mutex::new(None) }
    }

    /// Asks something that may be asked twice: where a connection turns out to be broken it is asked again on a new one.
    async fn ask<T: Value>(&self, kind: u8, question: &(impl Value + Sync)) -> Result<T, HostError> {
        if self.addr.is_empty() {
            return Err(HostError::NotLent(self.what));
        }
        let call = |error: io::Error| HostError::Call(format!("{}: {error}", self.what));
        encode(kind, 0, question).map_err(|error| call(io::Error::other(error)))?;
        let mut held = self.line.lock().await;
        let mut pauses = PAUSES_MS.iter();
        loop {
            // Taken out, so that a question that is given up leaves no connection with an answer still to come.
            let line = held.take();
            let asking = async {
                let line = match line {
                    Some(line) => line,
                    None => Line::open(&self.addr).await?,
                };
                line.ask(kind, question).await
            };
            let asked = match self.answer_max {
                None => asking.await,
                Some(limit) => timeout(limit, asking).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
            };
            match asked {
                Ok((answer, line)) => {
                    *held = Some(line);
                    return read(self.what, answer);
                }
                Err(error) => {
                    tracing::debug!(%error, what = self.what, "a connection to the host broke");
                    let Some(pause) = pauses.next() else { return Err(call(error)) };
                    tokio::time::sleep(Duration::from_millis(*pause)).await;
                }
            }
        }
    }
}

impl Line {
    async fn open(addr: &str) -> io::Result<Self> {
        Ok(Self { stream: address::connect(addr).await?, cutter: Cutter::default(), asked: 0 })
    }

    /// Asks, and waits for the answer. The connection is lost with an error.
    async fn ask(mut self, kind: u8, question: &(impl Value + Sync)) -> io::Result<(Result<Bytes, String>, Self)> {
        self.asked = self.asked.wrapping_add(1);
        // In one piece: a server that gives up reading in the middle of a frame takes its rest for the next one.
        let frame = encode(kind, self.asked, question).map_err(io::Error::other)?;
        self.stream.write_all(&frame).await?;
        self.stream.flush().await?;
        loop {
            let frame = self.cutter.read(&mut self.stream).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let Some((_, body)) = frame.message().filter(|(id, _)| *id == self.asked) else { continue };
            if frame.kind & ERROR != 0 {
                return Ok((Err(String::from_utf8_lossy(&body).into_owned()), self));
            }
            if frame.kind == kind | REPLY {
                return Ok((Ok(body), self));
            }
            return Err(io::Error::other(format!("an answer of type {:#04x} to type {kind:#04x}", frame.kind)));
        }
    }
}

fn read<T: Value>(what: &'static str, answer: Result<Bytes, String>) -> Result<T, HostError> {
    let body = answer.map_err(|text| HostError::Call(bounded(&one_line(&text), REASON_BYTES_MAX)))?;
    T::decode(body).map_err(|error| HostError::Malformed { field: what, reason: error.to_string() })
}

fn failed(number: u8) -> HostError {
    if number == error::CLOSED { HostError::Closed } else { HostError::Unknown(number.into()) }
}

fn malformed(field: &'static str, error: &crate::id::IdError) -> HostError {
    HostError::Malformed { field, reason: error.to_string() }
}

/// How long it waits before it asks again. The chain stops where a question stays without an answer, so a host whose service
/// begins anew gets some time for that.
const PAUSES_MS: [u64; 6] = [0, 50, 100, 200, 400, 800];

/// Go's server drops an answer that is too long without a word.
const VALIDATORS_MAX: Duration = Duration::from_secs(3);

const REASON_BYTES_MAX: usize = 512;

//! A host of ZAP: it takes a handshake, dials the plugin once, and serves its database and validator sets.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use pars_proto::host::rpcdb;
use pars_proto::host::rpcdb::database_server::Database;
use pars_proto::host::validatorstate::GetValidatorSetRequest;
use pars_proto::host::validatorstate::validator_state_server::ValidatorState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tonic::{Request, Status};

use super::faults::Faults;
use super::{gone, services};
use crate::zap::frame::{Cutter, ERROR, Frame, REPLY, encode, encode_error};
use crate::zap::hello::ACCEPTED;
use crate::zap::message::{self as msg, VALIDATOR_STATE, db, error, validators as method};
use crate::zap::wire::{Raw, Value};

/// Takes one connection at a time, and its handshake. Like a real host it says nothing to the wrong number.
pub(super) async fn greet(listener: TcpListener, protocol: u32, announce: mpsc::Sender<String>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let told = async {
            let length = stream.read_u32().await?;
            let number = stream.read_u32().await?;
            let mut addr = vec![0; usize::try_from(length).unwrap_or(0).saturating_sub(4).min(ADDRESS_BYTES_MAX)];
            stream.read_exact(&mut addr).await?;
            if number == protocol {
                stream.write_all(&[ACCEPTED]).await?;
                let addr = String::from_utf8_lossy(&addr).into_owned();
                announce.send(addr).await.map_err(io::Error::other)?;
            }
            io::Result::Ok(())
        };
        drop(told.await);
    }
}

const ADDRESS_BYTES_MAX: usize = 1 << 10;

/// The host's connection to a plugin. It is closed when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Line(Arc<Shared>);

/// Who waits for which answer.
type Waiting = HashMap<u32, oneshot::Sender<Frame>>;

#[derive(Debug)]
struct Shared {
    next: AtomicU32,
    writing: tokio::sync::Mutex<OwnedWriteHalf>,
    waiting: Arc<Mutex<Option<Waiting>>>,
    deaf: watch::Sender<bool>,
    capabilities: AtomicU64,
    reading: tokio::task::JoinHandle<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Line {
    /// Dials a plugin.
    ///
    /// # Errors
    /// It does not listen there.
    pub async fn open(addr: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (mut reading, writing) = stream.into_split();
        let waiting = Arc::new(Mutex::new(Some(Waiting::new())));
        let asked = Arc::clone(&waiting);
        let deaf = watch::Sender::new(false);
        let mut hearing = deaf.subscribe();
        let reading = tokio::spawn(async move {
            let mut cutter = Cutter::default();
            while let Ok(Some(frame)) = cutter.read(&mut reading).await {
                if hearing.wait_for(|deaf| !*deaf).await.is_err() {
                    return;
                }
                let Some((id, _)) = frame.message() else { continue };
                let asked =
                    asked.lock().unwrap_or_else(PoisonError::into_inner).as_mut().and_then(|all| all.remove(&id));
                if let Some(asked) = asked {
                    drop(asked.send(frame));
                }
            }
            // Nobody is answered any more.
            drop(asked.lock().unwrap_or_else(PoisonError::into_inner).take());
        });
        let writing = tokio::sync::Mutex::new(writing);
        let (next, capabilities) = (AtomicU32::new(1), AtomicU64::new(0));
        Ok(Self(Arc::new(Shared { next, writing, waiting, deaf, capabilities, reading })))
    }

    pub(super) fn capabilities(&self) -> u64 {
        self.0.capabilities.load(Ordering::Relaxed)
    }

    pub(super) fn set_capabilities(&self, capabilities: u64) {
        self.0.capabilities.store(capabilities, Ordering::Relaxed);
    }

    /// The host reads nothing of what the plugin says, or again all of it.
    pub fn deafen(&self, deaf: bool) {
        self.0.deaf.send_replace(deaf);
    }

    /// The host says that it will say nothing more, and goes on reading.
    ///
    /// # Errors
    /// The connection ended.
    pub async fn half_close(&self) -> io::Result<()> {
        self.0.writing.lock().await.shutdown().await
    }

    /// Asks, and gives the body of the answer.
    ///
    /// # Errors
    /// The plugin's text, with code `Unknown`; or the connection ended.
    pub async fn ask(&self, kind: u8, message: &impl Value) -> Result<Bytes, Status> {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let frame = encode(kind, id, message).map_err(|error| Status::out_of_range(error.to_string()))?;
        let frame = self.send(frame, id).await?;
        let (_, body) = frame.message().unwrap_or_default();
        if frame.kind & ERROR != 0 {
            return Err(Status::unknown(String::from_utf8_lossy(&body)));
        }
        if frame.kind != kind | REPLY {
            return Err(Status::internal(format!("an answer of type {:#04x} to type {kind:#04x}", frame.kind)));
        }
        Ok(body)
    }

    /// Sends any bytes, and waits for the frame that answers a number.
    ///
    /// # Errors
    /// The connection ended.
    pub async fn send(&self, bytes: Bytes, id: u32) -> Result<Frame, Status> {
        let ended = || Status::unavailable("the connection to the plugin ended");
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            drop(waiting.as_mut().ok_or_else(ended)?.insert(id, answer));
        }
        let mut writing = self.0.writing.lock().await;
        writing.write_all(&bytes).await.map_err(|_| ended())?;
        drop(writing);
        answered.await.map_err(|_| ended())
    }
}

/// Serves frames of one kind of service until the host is gone.
pub(super) async fn serve<S: Service>(
    listener: TcpListener,
    service: Arc<S>,
    alive: watch::Receiver<()>,
    faults: Arc<Faults>,
) {
    let serving = async {
        while let Ok((stream, _)) = listener.accept().await {
            drop(tokio::spawn(connection(stream, Arc::clone(&service), alive.clone(), Arc::clone(&faults))));
        }
    };
    tokio::select! {
        () = serving => {}
        () = gone(alive.clone()) => {}
    }
}

async fn connection<S: Service>(
    mut stream: TcpStream,
    service: Arc<S>,
    alive: watch::Receiver<()>,
    faults: Arc<Faults>,
) {
    let mut cuts = faults.cuts();
    if faults.is_away() {
        return;
    }
    let answering = async {
        let mut cutter = Cutter::default();
        while let Ok(Some(frame)) = cutter.read(&mut stream).await {
            let Some((id, body)) = frame.message() else { continue };
            let answer = match service.answer(frame.kind, body).await {
                Ok(answer) => encode(frame.kind | REPLY, id, &answer),
                Err(text) => encode_error(frame.kind, id, &text),
            };
            // What is too long is dropped, as Go's server does.
            let Ok(answer) = answer else { continue };
            if faults.strays() {
                // The answer to something that was asked long ago, or never.
                let Ok(stray) = encode_error(frame.kind, id.wrapping_add(1 << 20), "late") else { continue };
                if stream.write_all(&stray).await.is_err() {
                    return;
                }
            }
            if stream.write_all(&answer).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        // What was cut before a question came does not answer it.
        biased;
        _ = cuts.changed() => {}
        () = gone(alive) => {}
        () = answering => {}
    }
}

fn body(message: &impl Value) -> Raw {
    let mut bytes = BytesMut::new();
    message.write(&mut bytes);
    Raw(bytes.freeze())
}

/// What is served.
pub(super) trait Service: Send + Sync + 'static {
    /// The body of an answer, or a text.
    fn answer(&self, kind: u8, request: Bytes) -> impl Future<Output = Result<Raw, String>> + Send;
}

fn read<T: Value>(request: Bytes) -> Result<T, String> {
    T::decode(request).map_err(|error| error.to_string())
}

impl Service for super::database::Memory {
    async fn answer(&self, kind: u8, request: Bytes) -> Result<Raw, String> {
        let text = |status: Status| status.message().to_owned();
        match kind {
            db::HAS => {
                let msg::KeyRequest { key } = read(request)?;
                let answer = self.has(Request::new(rpcdb::HasRequest { key })).await.map_err(text)?.into_inner();
                Ok(body(&msg::HasResponse { has: answer.has, err: number(answer.err) }))
            }
            db::GET => {
                let msg::KeyRequest { key } = read(request)?;
                let answer = self.get(Request::new(rpcdb::GetRequest { key })).await.map_err(text)?.into_inner();
                Ok(body(&msg::GetResponse { value: answer.value, err: number(answer.err) }))
            }
            db::PUT => {
                let msg::Pair { key, value } = read(request)?;
                let answer = self.put(Request::new(rpcdb::PutRequest { key, value })).await.map_err(text)?.into_inner();
                Ok(body(&msg::ErrResponse { err: number(answer.err) }))
            }
            db::DELETE => {
                let msg::KeyRequest { key } = read(request)?;
                let request = rpcdb::DeleteRequest { key };
                let answer = self.delete(Request::new(request)).await.map_err(text)?.into_inner();
                Ok(body(&msg::ErrResponse { err: number(answer.err) }))
            }
            db::WRITE_BATCH => {
                let msg::WriteBatchRequest { puts, deletes } = read(request)?;
                let puts = puts.into_iter().map(|of| rpcdb::PutRequest { key: of.key, value: of.value }).collect();
                let deletes = deletes.into_iter().map(|key| rpcdb::DeleteRequest { key }).collect();
                let request = rpcdb::WriteBatchRequest { puts, deletes };
                let answer = self.write_batch(Request::new(request)).await.map_err(text)?.into_inner();
                Ok(body(&msg::ErrResponse { err: number(answer.err) }))
            }
            db::ITERATOR_NEW => {
                let msg::IteratorNewRequest { start, prefix } = read(request)?;
                let request = rpcdb::NewIteratorWithStartAndPrefixRequest { start, prefix };
                let opened = self.new_iterator_with_start_and_prefix(Request::new(request)).await.map_err(text)?;
                Ok(body(&msg::Number { number: opened.into_inner().id }))
            }
            db::ITERATOR_NEXT => {
                let msg::Number { number: id } = read(request)?;
                let request = rpcdb::IteratorNextRequest { id };
                let next = self.iterator_next(Request::new(request)).await.map_err(text)?.into_inner();
                let data = next.data.into_iter().map(|of| msg::Pair { key: of.key, value: of.value }).collect();
                Ok(body(&msg::IteratorNextResponse { data }))
            }
            db::ITERATOR_ERROR => {
                let msg::Number { number: id } = read(request)?;
                let request = rpcdb::IteratorErrorRequest { id };
                let answer = self.iterator_error(Request::new(request)).await.map_err(text)?.into_inner();
                Ok(body(&msg::ErrResponse { err: number(answer.err) }))
            }
            db::ITERATOR_RELEASE => {
                let msg::Number { number: id } = read(request)?;
                let request = rpcdb::IteratorReleaseRequest { id };
                let answer = self.iterator_release(Request::new(request)).await.map_err(text)?.into_inner();
                Ok(body(&msg::ErrResponse { err: number(answer.err) }))
            }
            db::COMPACT | db::CLOSE => Ok(body(&msg::ErrResponse { err: error::NONE })),
            db::HEALTH_CHECK => Ok(body(&msg::DatabaseHealth { details: Bytes::new() })),
            other => Err(format!("the test host's database has no type {other}")),
        }
    }
}

fn number(err: i32) -> u8 {
    u8::try_from(err).unwrap_or(error::CLOSED)
}

impl Service for services::Memory {
    async fn answer(&self, kind: u8, request: Bytes) -> Result<Raw, String> {
        let text = |status: Status| status.message().to_owned();
        if kind != VALIDATOR_STATE {
            return Err(format!("type {kind} is no question about validators"));
        }
        let msg::MethodRequest { method } = read(request.clone())?;
        match method {
            method::VALIDATOR_SET => {
                let msg::ValidatorSetRequest { height, net_id, .. } = read(request)?;
                let request = GetValidatorSetRequest { height, subnet_id: net_id };
                let set = self.get_validator_set(Request::new(request)).await.map_err(text)?.into_inner();
                let validators = set.validators.into_iter().map(|of| msg::Validator {
                    node_id: of.node_id,
                    public_key: of.public_key,
                    weight: of.weight,
                });
                Ok(body(&msg::ValidatorSetResponse { validators: validators.collect() }))
            }
            method::CURRENT_HEIGHT => {
                let at = self.get_current_height(Request::new(())).await.map_err(text)?.into_inner();
                Ok(body(&msg::Number { number: at.height }))
            }
            method::MINIMUM_HEIGHT => {
                let at = self.get_minimum_height(Request::new(())).await.map_err(text)?.into_inner();
                Ok(body(&msg::Number { number: at.height }))
            }
            method::NET_OF => {
                let msg::OwnerRequest { id, .. } = read(request)?;
                Ok(body(&msg::OwnerResponse { id: services::subnet_of(id) }))
            }
            other => Err(format!("the test host has no method {other}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zap::recorded::handshakes;

    /// Recorded hellos of plugins, read as a host does: those with its number are answered, and their address is taken.
    #[tokio::test]
    async fn recorded_hellos_are_read() {
        let mut seen = 0;
        for (vector, bytes) in handshakes().into_iter().filter(|(vector, _)| vector["message_name"] == "Hello") {
            let number = u32::try_from(vector["fields"]["protocol"].as_u64().unwrap()).unwrap();
            for wanted in [number, number.wrapping_add(1)] {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let addr = listener.local_addr().unwrap();
                let (announce, mut announced) = mpsc::channel(1);
                let greeting = tokio::spawn(greet(listener, wanted, announce));
                let mut stream = TcpStream::connect(addr).await.unwrap();
                stream.write_all(&bytes).await.unwrap();
                let mut answer = Vec::new();
                stream.read_to_end(&mut answer).await.unwrap();
                let expected = if wanted == number { &[ACCEPTED][..] } else { &[] };
                assert_eq!(answer, expected, "{vector}");
                let told = announced.try_recv().ok();
                assert_eq!(told.as_deref(), vector["fields"]["addr"].as_str().filter(|_| wanted == number), "{vector}");
                greeting.abort();
            }
            seen += 1;
        }
        assert_eq!(seen, 8);
    }
}

//! The life of a connection: both sides prove who they are and welcome each other, then messages pass, and at its end
//! everybody is told.

use crate::frame::{Frame, FrameError, HEAD_BYTES, Head, Hello};
use crate::overlay::{Event, Shared, unix_ms};
use crate::refusal::Refusal;
use crate::room::{Room, Taken};
use crate::state::Link;
use crate::tls;
use crate::transport::{PEER_STREAMS, PEER_WINDOW, SERVER_NAME};
use bytes::Bytes;
use pars_host::{AppError, AppRequest, NodeId, PeerVersion};
use quinn::{Connection, ConnectionError, Incoming, ReadError, ReadExactError, RecvStream, VarInt};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

/// A message comes, and goes, within this time, or it is lost.
const MESSAGE_MAX: Duration = Duration::from_secs(10);
/// Messages that are written at a time, on a stream each.
const WRITING_MAX: usize = 64;
/// Messages to a peer that wait.
const QUEUE_MAX: usize = 1_024;
/// Bytes of messages to a peer that wait.
const QUEUE_BYTES: usize = 8 << 20;
/// Bytes of messages of a peer that are read or worked on: the largest fits, and half of it again.
const INBOX_BYTES: usize = 3 << 20;
/// Longest time for which a peer may say that it waits for an answer.
const TIMEOUT_MAX_MS: u32 = 60_000;

/// What is known of a connection that serves.
#[derive(Debug)]
pub(crate) struct Outbox {
    connection: Connection,
    queue: mpsc::Sender<(Bytes, Taken)>,
    room: Room,
}

/// Who speaks.
#[derive(Debug, Clone, Copy)]
struct Peer {
    link: Link,
    node: NodeId,
}

/// Says that a connection is over, however its life ends.
struct Leaving {
    shared: Arc<Shared>,
    link: Link,
}

/// Why a connection is over.
enum End {
    /// This node ends it.
    Refused(Refusal),
    /// It ended by itself, or the other side ended it.
    Lost(ConnectionError),
}

impl Outbox {
    /// Puts a message into the queue; whether there was room.
    pub(crate) fn send(&self, bytes: &Bytes) -> bool {
        let taken = self.room.try_take(bytes.len());
        taken.is_some_and(|taken| self.queue.try_send((bytes.clone(), taken)).is_ok())
    }

    /// Ends the connection.
    pub(crate) fn close(&self, refusal: Refusal) {
        close(&self.connection, refusal);
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.shared.leave(self.link);
    }
}

/// The life of a connection that another began.
pub(crate) async fn accept(shared: Arc<Shared>, link: Link, incoming: Incoming) {
    let leaving = Leaving { shared: Arc::clone(&shared), link };
    let deadline = Instant::now() + shared.meeting_max;
    let met = match incoming.accept() {
        Ok(connecting) => timeout_at(deadline, connecting).await.map_err(|_| End::Refused(Refusal::Silent)),
        Err(error) => Ok(Err(error)),
    };
    live(&leaving, deadline, met.and_then(|met| met.map_err(End::Lost))).await;
}

/// The life of a connection that this node begins.
pub(crate) async fn dial(shared: Arc<Shared>, link: Link, address: SocketAddr) {
    let leaving = Leaving { shared: Arc::clone(&shared), link };
    let deadline = Instant::now() + shared.meeting_max;
    let met = match shared.endpoint.connect_with(shared.client.clone(), address, SERVER_NAME) {
        Ok(connecting) => timeout_at(deadline, connecting).await.unwrap_or(Err(ConnectionError::TimedOut)),
        Err(_) => {
            // The error names the address.
            tracing::debug!("an address of a validator cannot be dialled from here");
            Err(ConnectionError::LocallyClosed)
        }
    };
    live(&leaving, deadline, met.map_err(End::Lost)).await;
}

async fn live(leaving: &Leaving, deadline: Instant, met: Result<Connection, End>) {
    let Leaving { shared, link } = leaving;
    let end = match met {
        Ok(connection) => {
            let end = serve(shared, *link, deadline, &connection).await;
            if let End::Refused(refusal) = end {
                close(&connection, refusal);
            }
            end
        }
        Err(end) => end,
    };
    note(shared, &end);
}

/// From the first message to the end.
async fn serve(shared: &Arc<Shared>, link: Link, deadline: Instant, connection: &Connection) -> End {
    let introduced = timeout_at(deadline, introduce(shared, link, connection)).await;
    let (node, version) = match introduced {
        Ok(Ok(introduced)) => introduced,
        Ok(Err(end)) => return end,
        Err(_) => return End::Refused(Refusal::Silent),
    };
    connection.set_max_concurrent_uni_streams(PEER_STREAMS);
    connection.set_receive_window(PEER_WINDOW);
    let (queue, waiting) = mpsc::channel(QUEUE_MAX);
    let outbox = Outbox { connection: connection.clone(), queue, room: Room::within(&shared.sending, QUEUE_BYTES) };
    if !shared.join(link, outbox, version) {
        return End::Refused(Refusal::Stopping);
    }
    let mut reading = JoinSet::new();
    let end = tokio::select! {
        end = receive(shared, Peer { link, node }, connection, &mut reading) => end,
        () = send(shared, connection, waiting) => End::Lost(ConnectionError::LocallyClosed),
    };
    // Nothing of a peer comes after it is gone.
    reading.shutdown().await;
    end
}

/// Each proves who it is, and welcomes the other.
async fn introduce(shared: &Shared, link: Link, connection: &Connection) -> Result<(NodeId, PeerVersion), End> {
    let key = tls::shown(connection.peer_identity()).ok_or(End::Refused(Refusal::Malformed))?;
    write(connection, shared.hello.clone()).await?;
    let Frame::Hello(hello) = first(connection).await? else { return Err(End::Refused(Refusal::Malformed)) };
    let Hello { certificate, version } = *hello;
    if certificate.claim().transport_key != key {
        return Err(End::Refused(Refusal::OtherKey));
    }
    let proven = shared.verify(&certificate).map_err(End::Refused)?;
    let node = proven.node;
    shared.prove(link, proven).map_err(End::Refused)?;
    write(connection, shared.welcome.clone()).await?;
    match first(connection).await? {
        Frame::Welcome => Ok((node, version)),
        Frame::Hello(_)
        | Frame::Request { .. }
        | Frame::Response { .. }
        | Frame::Error { .. }
        | Frame::Gossip(_)
        | Frame::Addresses(_) => Err(End::Refused(Refusal::Malformed)),
    }
}

/// The next message of somebody who is not welcome yet.
async fn first(connection: &Connection) -> Result<Frame, End> {
    let mut stream = connection.accept_uni().await.map_err(End::Lost)?;
    let head = head(&mut stream).await?.ok_or(End::Refused(Refusal::Malformed))?;
    if head.length() > STRANGER_BYTES_MAX {
        return Err(End::Refused(Refusal::Malformed));
    }
    body(&mut stream, head).await?.ok_or(End::Refused(Refusal::Malformed))
}

/// Bytes of a message of somebody who is not welcome yet; a hello fits.
const STRANGER_BYTES_MAX: usize = 512;

/// Takes messages of a peer until the connection is over.
async fn receive(
    shared: &Arc<Shared>,
    peer: Peer,
    connection: &Connection,
    reading: &mut JoinSet<Result<(), End>>,
) -> End {
    let room = Room::within(&shared.receiving, INBOX_BYTES);
    loop {
        tokio::select! {
            stream = connection.accept_uni() => match stream {
                Ok(stream) => drop(reading.spawn(read(Arc::clone(shared), peer, room.clone(), stream))),
                Err(error) => return End::Lost(error),
            },
            Some(read) = reading.join_next() => match read {
                Ok(Ok(())) => {}
                Ok(Err(end)) => return end,
                // Reading does not panic, and if it did, this connection is what it costs.
                Err(_) => return End::Refused(Refusal::Malformed),
            },
        }
    }
}

/// One message of a peer, and what follows from it.
async fn read(shared: Arc<Shared>, peer: Peer, room: Room, mut stream: RecvStream) -> Result<(), End> {
    let read = timeout(MESSAGE_MAX, async {
        let Some(head) = head(&mut stream).await? else { return Ok(None) };
        let Some(taken) = room.take(head.length()).await else { return Ok(None) };
        Ok(body(&mut stream, head).await?.map(|frame| (frame, taken)))
    });
    match read.await {
        Ok(Ok(Some((frame, taken)))) => take(&shared, peer, frame, taken),
        Ok(Ok(None)) | Err(_) => {
            // Taken back by the sender, or too slow: the message is lost, and its place is free.
            shared.traffic.lost();
            // It may be over already.
            drop(stream.stop(VarInt::from_u32(0)));
            Ok(())
        }
        Ok(Err(end)) => Err(end),
    }
}

fn take(shared: &Shared, peer: Peer, frame: Frame, taken: Taken) -> Result<(), End> {
    let Peer { link, node } = peer;
    shared.traffic.received();
    let event = match frame {
        Frame::Hello(_) | Frame::Welcome => return Err(End::Refused(Refusal::Malformed)),
        Frame::Request { id, timeout_ms, bytes } => {
            let deadline_ms = unix_ms().saturating_add(timeout_ms.min(TIMEOUT_MAX_MS).into());
            Event::Request(AppRequest { node, request_id: id, deadline_ms, bytes })
        }
        Frame::Response { id, bytes } if shared.answered(node, id) => Event::Response { node, request_id: id, bytes },
        Frame::Error { id, code, text } if shared.answered(node, id) => {
            Event::Failed { node, request_id: id, error: AppError { code, message: text } }
        }
        Frame::Response { .. } | Frame::Error { .. } => {
            shared.traffic.unasked();
            return Ok(());
        }
        Frame::Gossip(bytes) => Event::Gossip { node, bytes },
        Frame::Addresses(addresses) => {
            shared.told(link, &addresses);
            return Ok(());
        }
    };
    shared.happen(event, Some(taken));
    Ok(())
}

/// What stands before a body; `None` where the sender took the message back.
async fn head(stream: &mut RecvStream) -> Result<Option<Head>, End> {
    let mut bytes = [0; HEAD_BYTES];
    match stream.read_exact(&mut bytes).await {
        Ok(()) => Head::decode(bytes).map(Some).map_err(malformed),
        Err(error) => cut_off(error),
    }
}

/// The body, and nothing after it; `None` where the sender took the message back.
async fn body(stream: &mut RecvStream, head: Head) -> Result<Option<Frame>, End> {
    let mut bytes = vec![0; head.length()];
    match stream.read_exact(&mut bytes).await {
        Ok(()) => {}
        Err(error) => return cut_off(error),
    }
    match stream.read_chunk(1, true).await {
        Ok(None) => head.body(bytes.into()).map(Some).map_err(malformed),
        Ok(Some(_)) => Err(End::Refused(Refusal::Malformed)),
        Err(error) => cut_off(ReadExactError::ReadError(error)),
    }
}

fn cut_off<T>(error: ReadExactError) -> Result<Option<T>, End> {
    match error {
        ReadExactError::FinishedEarly(_) => Err(End::Refused(Refusal::Malformed)),
        ReadExactError::ReadError(ReadError::ConnectionLost(error)) => Err(End::Lost(error)),
        ReadExactError::ReadError(
            ReadError::Reset(_) | ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected,
        ) => Ok(None),
    }
}

const fn malformed(_: FrameError) -> End {
    End::Refused(Refusal::Malformed)
}

/// Writes what is in the queue, several messages at a time, so that a long one holds up no other.
async fn send(shared: &Arc<Shared>, connection: &Connection, mut queue: mpsc::Receiver<(Bytes, Taken)>) {
    let mut writing = JoinSet::new();
    while let Some((bytes, taken)) = queue.recv().await {
        while writing.try_join_next().is_some() {}
        while writing.len() >= WRITING_MAX {
            writing.join_next().await;
        }
        let (shared, connection) = (Arc::clone(shared), connection.clone());
        writing.spawn(async move {
            let size = bytes.len();
            let written = timeout(MESSAGE_MAX, write(&connection, bytes)).await;
            shared.traffic.sent(matches!(written, Ok(Ok(()))), size);
            drop(taken);
        });
    }
}

/// Sends a message and waits until the other side has it. Where nobody waits any more, it is taken back.
async fn write(connection: &Connection, bytes: Bytes) -> Result<(), End> {
    let stream = connection.open_uni().await.map_err(End::Lost)?;
    let mut stream = Sending(stream);
    let written = async {
        stream.0.write_chunk(bytes).await.ok()?;
        stream.0.finish().ok()?;
        stream.0.stopped().await.ok()?.is_none().then_some(())
    };
    if written.await.is_none() {
        // The other side did not want it, which is its right; where the connection is over, the reader says why.
        return connection.close_reason().map_or(Ok(()), |error| Err(End::Lost(error)));
    }
    Ok(())
}

/// A message that is being sent.
struct Sending(quinn::SendStream);

impl Drop for Sending {
    fn drop(&mut self) {
        // Without effect where all of it has arrived. Otherwise half a message would look whole.
        drop(self.0.reset(VarInt::from_u32(0)));
    }
}

fn close(connection: &Connection, refusal: Refusal) {
    connection.close(VarInt::from_u32(refusal.code()), b"");
}

/// Counts why a connection is over.
fn note(shared: &Shared, end: &End) {
    match end {
        End::Refused(refusal) => {
            shared.state.lock().refuse(*refusal);
            tracing::debug!(reason = %refusal, "a connection of the overlay is refused or ended");
        }
        End::Lost(ConnectionError::ApplicationClosed(closed)) => {
            let Some(refusal) = Refusal::of_code(closed.error_code.into_inner()) else { return };
            let news = shared.state.lock().refused_by(refusal);
            let concerns_us = matches!(
                refusal,
                Refusal::OtherChain
                    | Refusal::OtherKey
                    | Refusal::Expired
                    | Refusal::TooLong
                    | Refusal::Outsider
                    | Refusal::Signature
            );
            if news && concerns_us {
                // Once for each reason: it is something for the operator to mend.
                tracing::warn!(reason = %refusal, "a validator does not accept this node's certificate");
            }
        }
        End::Lost(error) => tracing::debug!(%error, "a connection of the overlay is over"),
    }
}

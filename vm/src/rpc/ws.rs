//! A connection that became a WebSocket (RFC 6455): its handshake, and messages both ways.

use crate::rpc::budget::{SHORT_BYTES, Share};
use crate::rpc::dispatch::Caller;
use crate::rpc::limits::CALLS_AT_ONCE;
use crate::rpc::service::plain;
use crate::rpc::session::{AGAIN, Following, Goodbye, POLICY, Session, Step, Turn};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use parking_lot::Mutex;
use pars_host::Connection;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use std::{io, iter};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// Bytes that are read at once; every connection has a buffer of this size.
const READ_BUFFER: usize = 8 << 10;
/// Bytes that are collected before they are written.
const WRITE_BUFFER: usize = 16 << 10;
/// Bytes of a frame that is sent.
const FRAME_BYTES_MAX: usize = 256 << 10;
/// Bytes of the reason of a close frame.
const REASON_BYTES_MAX: usize = 123;

/// Whether a request asks for a WebSocket.
pub(crate) fn is_wanted<B>(request: &Request<B>) -> bool {
    has_token(request.headers(), &header::UPGRADE, "websocket")
}

/// The answer that opens a WebSocket, or the one that says why not.
pub(crate) fn open<B>(request: &Request<B>) -> Result<Response<Bytes>, Box<Response<Bytes>>> {
    let headers = request.headers();
    if request.method() != Method::GET || !has_token(headers, &header::CONNECTION, "upgrade") {
        let text = "a WebSocket is opened by GET with the header Connection: Upgrade\n";
        return Err(plain(StatusCode::BAD_REQUEST, text).into());
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let mut response = plain(StatusCode::UPGRADE_REQUIRED, "the version of the WebSocket protocol is 13\n");
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return Err(response.into());
    }
    // 16 bytes in base64. What they are is the client's.
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24);
    let accept = key.and_then(|key| HeaderValue::from_str(&derive_accept_key(key.as_bytes())).ok());
    let Some(accept) = accept else {
        let text = "the header Sec-WebSocket-Key has 16 bytes in base64\n";
        return Err(plain(StatusCode::BAD_REQUEST, text).into());
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    Ok(response)
}

/// Serves a client until one of both ends it.
pub(crate) async fn serve(connection: Box<dyn Connection>, session: Session) {
    let bytes_max = Some(session.api().limits().request_bytes);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_message_size(bytes_max)
        .max_frame_size(bytes_max);
    let written = Arc::new(AtomicU64::new(0));
    let incoming = Arc::new(Incoming::new(session.api().requests().share()));
    let counted = Counted { connection, written: Arc::clone(&written), incoming: Arc::clone(&incoming) };
    let socket = WebSocketStream::from_raw_socket(counted, Role::Server, Some(config)).await;
    let (sink, stream) = socket.split();
    let session = Arc::new(session);
    let goodbye = session.hub().limits().goodbye;
    let receiving = receive(stream, &session, &incoming);
    let sending = Sending { sink, session: &session, written }.run();
    tokio::pin!(receiving, sending);
    tokio::select! {
        () = &mut receiving => {
            session.end(None);
            drop(timeout(goodbye, sending).await);
        }
        // The client answers a goodbye with its own; what it sent before has to be read, or the system takes back what is
        // on the way to it.
        () = &mut sending => drop(timeout(goodbye, receiving).await),
    }
}

/// Takes messages until there are no more. What they ask for is given up when the client is gone.
async fn receive(mut stream: SplitStream<Socket>, session: &Arc<Session>, incoming: &Arc<Incoming>) {
    let turns = Arc::new(Semaphore::new(CALLS_AT_ONCE));
    let mut calls = JoinSet::new();
    loop {
        // Pings do not make a message any better that never ends.
        if incoming.is_late(session.hub().limits().message) {
            let reason = "the rest of a message did not come".to_owned();
            return session.end(Some(Goodbye { code: POLICY, reason }));
        }
        let message = match timeout(LOOK, stream.next()).await {
            Err(_) => continue,
            Ok(None) => return,
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "a WebSocket ended");
                return session.end(if incoming.found_no_room() { Some(no_room()) } else { offence(&error) });
            }
        };
        session.heard();
        let body: Bytes = match message {
            Message::Text(text) => text.into(),
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return,
            Message::Ping(payload) | Message::Pong(payload) => {
                incoming.control(payload.len());
                continue;
            }
            Message::Frame(_) => continue,
        };
        let kept = incoming.message(body.len());
        if session.is_ending() {
            continue;
        }
        while calls.try_join_next().is_some() {}
        session.deaf();
        session.room().await;
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(&turns).acquire_owned().await else { return };
        session.heard();
        let turn = Arc::new(Turn::new(Arc::clone(session)));
        calls.spawn(async move {
            let answer = Caller::of(Arc::clone(&turn)).answer(&body).await;
            drop((body, kept));
            turn.session().answer(answer, &turn, permit);
        });
    }
}

type Socket = WebSocketStream<Counted>;

/// The way to the client.
struct Sending<'a> {
    sink: SplitSink<Socket, Message>,
    session: &'a Session,
    /// Bytes that the connection took.
    written: Arc<AtomicU64>,
}

/// Nothing can be sent any more.
struct Gone;

impl Sending<'_> {
    /// Sends what there is until the end.
    async fn run(mut self) {
        let mut following = Following::new(self.session);
        loop {
            let sent = match self.session.next(&mut following).await {
                Step::Answer(reply) => {
                    let sent = self.send(pieces(&reply.text)).await;
                    self.session.sent(&reply);
                    sent
                }
                Step::News(news) => self.send(news.into_iter().map(Message::Text)).await,
                Step::Ping => self.send([Message::Ping(Bytes::new())]).await,
                Step::End(goodbye) => return self.end(goodbye).await,
            };
            if let Err(Gone) = sent {
                return;
            }
        }
    }

    /// Sends messages. A client that takes nothing of them for a while is told goodbye.
    async fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), Gone> {
        let stall = self.session.hub().limits().stall;
        let Self { sink, written, .. } = self;
        let stalled = {
            let sending = async {
                for message in messages {
                    sink.feed(message).await?;
                }
                sink.flush().await
            };
            tokio::pin!(sending);
            loop {
                let before = written.load(Ordering::Relaxed);
                match timeout(stall, sending.as_mut()).await {
                    Ok(sent) => break sent.map(|()| false),
                    Err(_) if written.load(Ordering::Relaxed) == before => break Ok(true),
                    Err(_) => {}
                }
            }
        };
        match stalled {
            Ok(false) => Ok(()),
            Ok(true) => {
                let reason = format!("slow consumer: nothing was read for {} s", stall.as_secs());
                self.end(Some(Goodbye { code: POLICY, reason })).await;
                Err(Gone)
            }
            Err(error) => {
                tracing::debug!(%error, "a WebSocket takes nothing more");
                Err(Gone)
            }
        }
    }

    /// Says goodbye, behind what is under way. A client that does not read it misses it.
    async fn end(&mut self, goodbye: Option<Goodbye>) {
        let limit = self.session.hub().limits().goodbye;
        let frame = goodbye.map(|Goodbye { code, mut reason }| {
            tracing::debug!(code, reason, "closing a WebSocket");
            reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
            CloseFrame { code: CloseCode::from(code), reason: reason.into() }
        });
        let sending = async {
            match frame {
                Some(frame) => self.sink.send(Message::Close(Some(frame))).await,
                // The client went first, and tungstenite has its answer ready.
                None => self.sink.close().await,
            }
        };
        drop(timeout(limit, sending).await);
    }
}

/// A text as one message, in several frames where it is long: the whole of a frame is kept until the last of it is sent.
fn pieces(text: &Utf8Bytes) -> impl Iterator<Item = Message> {
    let mut rest = Bytes::from(text.clone());
    let mut kind = Some(Data::Text);
    iter::from_fn(move || {
        let this = kind?;
        let piece = rest.split_to(rest.len().min(FRAME_BYTES_MAX));
        kind = Some(Data::Continue).filter(|_| !rest.is_empty());
        Some(Message::Frame(Frame::message(piece, OpCode::Data(this), rest.is_empty())))
    })
}

/// What a client is told whose message is long, while those of others take all the room there is.
fn no_room() -> Goodbye {
    Goodbye { code: AGAIN, reason: "too many long requests are here already".to_owned() }
}

/// What a client is told that broke a rule; nothing where it is gone.
fn offence(error: &Error) -> Option<Goodbye> {
    let code = if matches!(error, Error::Capacity(_)) {
        CloseCode::Size
    } else if matches!(error, Error::Utf8(_)) {
        CloseCode::Invalid
    } else if matches!(error, Error::Protocol(fault) if *fault != ProtocolError::ResetWithoutClosingHandshake) {
        CloseCode::Protocol
    } else {
        return None;
    };
    Some(Goodbye { code: code.into(), reason: error.to_string() })
}

/// Whether a header that is a list has a token.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// Time between two looks at whether a message comes to an end.
const LOOK: Duration = Duration::from_secs(1);
/// Bytes of the head of a client's frame without a long payload.
const CONTROL_HEAD_BYTES: usize = 6;

/// What came of a client's messages and is not answered yet.
struct Incoming {
    share: Share,
    /// Bytes of the message that is not whole yet.
    partial: AtomicUsize,
    /// When it became long.
    since: Mutex<Option<Instant>>,
    /// There was no room for it.
    no_room: AtomicBool,
}

impl Incoming {
    fn new(share: Share) -> Self {
        Self { share, partial: AtomicUsize::new(0), since: Mutex::default(), no_room: AtomicBool::new(false) }
    }

    /// So many bytes came; whether there is room for them.
    fn came(&self, bytes: usize) -> bool {
        let fits = self.share.add(bytes);
        if fits {
            let partial = self.partial.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
            if partial > SHORT_BYTES {
                self.since.lock().get_or_insert_with(Instant::now);
            }
        } else {
            self.no_room.store(true, Ordering::Relaxed);
        }
        fits
    }

    /// A control frame came, between the frames of a message perhaps.
    fn control(&self, payload: usize) {
        let bytes = self.partial.load(Ordering::Relaxed).min(payload.saturating_add(CONTROL_HEAD_BYTES));
        self.partial.fetch_sub(bytes, Ordering::Relaxed);
        self.share.remove(bytes);
    }

    /// A message is whole. It is counted until what this gives is dropped.
    fn message(self: &Arc<Self>, bytes: usize) -> Answering {
        let partial = self.partial.swap(0, Ordering::Relaxed);
        *self.since.lock() = None;
        // Some of it may have come with the message before it.
        let kept = bytes.min(partial);
        self.share.remove(partial.saturating_sub(kept));
        Answering { incoming: Arc::clone(self), bytes: kept }
    }

    fn is_late(&self, limit: Duration) -> bool {
        self.since.lock().is_some_and(|since| since.elapsed() > limit)
    }

    fn found_no_room(&self) -> bool {
        self.no_room.load(Ordering::Relaxed)
    }
}

/// A message that is being answered.
struct Answering {
    incoming: Arc<Incoming>,
    bytes: usize,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.incoming.share.remove(self.bytes);
    }
}

/// A connection that counts the bytes that it takes, so that a slow client is told from one that reads nothing; and the
/// bytes that it gives.
struct Counted {
    connection: Box<dyn Connection>,
    written: Arc<AtomicU64>,
    incoming: Arc<Incoming>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.connection).poll_read(context, into);
        let came = into.filled().len().saturating_sub(before);
        if came > 0 && !self.incoming.came(came) {
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        }
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = Pin::new(&mut self.connection).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = taken {
            self.written.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        taken
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

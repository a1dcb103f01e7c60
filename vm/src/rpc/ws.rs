//! A connection that became a WebSocket (RFC 6455): its handshake, and messages both ways.

use crate::rpc::dispatch::Caller;
use crate::rpc::limits::CALLS_AT_ONCE;
use crate::rpc::service::plain;
use crate::rpc::session::{Following, Goodbye, POLICY, Session, Step, Turn};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use pars_host::Connection;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Bytes that are read at once; every connection has a buffer of this size.
const READ_BUFFER: usize = 8 << 10;
/// Bytes that are collected before they are written.
const WRITE_BUFFER: usize = 16 << 10;
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
    let counted = Counted { connection, written: Arc::clone(&written) };
    let socket = WebSocketStream::from_raw_socket(counted, Role::Server, Some(config)).await;
    let (sink, stream) = socket.split();
    let session = Arc::new(session);
    let goodbye = session.hub().limits().goodbye;
    let receiving = receive(stream, &session);
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
async fn receive(mut stream: SplitStream<Socket>, session: &Arc<Session>) {
    let turns = Arc::new(Semaphore::new(CALLS_AT_ONCE));
    let mut calls = JoinSet::new();
    loop {
        let message = match stream.next().await {
            None => return,
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                tracing::debug!(%error, "a WebSocket ended");
                return session.end(offence(&error));
            }
        };
        session.heard();
        let body: Bytes = match message {
            Message::Text(text) => text.into(),
            Message::Binary(bytes) => bytes,
            Message::Close(_) => return,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
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
                    let sent = self.send([Message::Text(reply.text.clone())]).await;
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

/// A connection that counts the bytes that it takes: how a slow client is told from one that reads nothing.
struct Counted {
    connection: Box<dyn Connection>,
    written: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, into)
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

//! A port of our own: HTTP/1.1 and upgrades on loopback, for hosts that pass users' bytes on as they are, and for nodes
//! without a host.
//!
//! | file | what lives there |
//! |---|---|
//! | `waiting.rs` | connections, and which of them gives way when all are taken |
//! | `patience.rs` | a bound on how long a client may take nothing of its answer |
//! | `stream.rs` | a connection of which the end is seen while it is written to |

mod patience;
mod stream;
mod waiting;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

use super::intake::Room;
use super::message::plain;
use super::{HttpHandler, HttpService, Upgrade};
use crate::lifecycle::Ending;
use crate::panics::guarded;
use patience::Patience;
use stream::Shared;
use waiting::{Guest, Waiting};

/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take to send its body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may take nothing of an answer. A WebSocket has less time, and is told so.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a connection waits for its client before it may be needed for another one.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// How long a request may be worked on when its connection is needed for another client.
const WORK_MAX: Duration = Duration::from_secs(30);
/// How long the rest of a body is read that is too long.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long open requests may take when the server stops. What stops the process waits five seconds at most, and the
/// store has to be closed after this.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// Connections at once. The last one is for whoever comes next: one that waits for its client gives way then.
const CONNECTIONS_MAX: usize = 1_024;
/// Pause after a connection that could not be accepted: out of file handles, most likely, and others may close theirs.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// Bytes of a request's body that are held while it is received: whether there is room for so many in all. What was held
/// is given back when it is dropped, and counts at the service from then on.
pub type Hold = Box<dyn FnMut(usize) -> bool + Send>;

/// Serves a handler to a host that passes users' bytes on, within the room that all handlers share.
pub(crate) async fn serve(listener: TcpListener, handler: HttpHandler, room: Room, ending: Ending) {
    let hold = move || -> Hold {
        let mut held = room.hold();
        Box::new(move |bytes| held.grow(bytes))
    };
    listen(listener, handler, hold, ending.wait(), std::future::ready(())).await;
}

/// Serves a handler until `stop` is ready, then lets open requests end while `goodbye` tells those who stay connected.
pub async fn listen(
    listener: TcpListener,
    handler: HttpHandler,
    hold: impl Fn() -> Hold + Clone + Send + 'static,
    stop: impl Future<Output = ()>,
    goodbye: impl Future<Output = ()>,
) {
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let waiting = Arc::new(Waiting::new(WAIT_MIN, WORK_MAX));
    tokio::pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        let full = connections.len() >= CONNECTIONS_MAX;
        let accepted = tokio::select! {
            accepted = listener.accept(), if !full => accepted,
            () = waiting.make_room(), if full => {
                // Whoever was asked to leave does so at once, or another one did.
                connections.join_next().await;
                continue;
            }
            Some(_) = connections.join_next(), if full => continue,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        drop(stream.set_nodelay(true));
        let (service, bytes_max) = (handler.service.clone(), handler.body_bytes_max);
        let (hold, mut stopped) = (hold.clone(), stopped.clone());
        let guest = Arc::new(waiting.enter());
        connections.spawn(async move {
            let served = Arc::clone(&guest);
            let answering = service_fn(move |request: Request<Incoming>| {
                answer(service.clone(), hold(), bytes_max, Arc::clone(&served), request)
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            let stream = Shared::new(stream);
            let io = TokioIo::new(Patience::new(stream.clone(), WRITE_TIMEOUT));
            let connection = http.serve_connection(io, answering).with_upgrades();
            tokio::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = guest.asked_to_leave() => Ok(()),
                () = stream.left() => Ok(()),
                _ = stopped.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    stopping.send_replace(true);
    let ended = async {
        goodbye.await;
        while connections.join_next().await.is_some() {}
    };
    drop(timeout(STOP_TIMEOUT, ended).await);
}

async fn answer(
    service: HttpService,
    hold: Hold,
    bytes_max: usize,
    guest: Arc<Guest>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let upgrade = request.headers().contains_key(http::header::UPGRADE).then(|| hyper::upgrade::on(&mut request));
    let (mut head, body) = request.into_parts();
    if let Some(upgrade) = upgrade {
        let connected = async { upgrade.await.map(TokioIo::new).map_err(io::Error::other) };
        drop(head.extensions.insert(Upgrade::new(connected)));
    }
    let response = match timeout(BODY_TIMEOUT, read(body, bytes_max, hold)).await {
        Ok(Ok(body)) => {
            guest.work();
            match guarded(service.oneshot(Request::from_parts(head, body))).await {
                Ok(answered) => answered?,
                Err(panic) => {
                    tracing::error!(%panic, "an HTTP handler panicked");
                    plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
                }
            }
        }
        Ok(Err(Unread::BrokeOff)) => plain(StatusCode::BAD_REQUEST, "the body of the request broke off\n"),
        Ok(Err(Unread::NoRoom)) => plain(StatusCode::SERVICE_UNAVAILABLE, "too many long requests are here already\n"),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the body of the request did not come\n"),
    };
    Ok(response.map(|body| Full::new(Bytes::from_owner(Sent { body, guest }))))
}

/// An answer. Its connection waits for the client again when it is sent.
struct Sent {
    body: Bytes,
    guest: Arc<Guest>,
}

impl AsRef<[u8]> for Sent {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.guest.wait();
    }
}

/// Why a body was not read.
enum Unread {
    BrokeOff,
    NoRoom,
}

/// Reads a body, at most one byte more than a request may have. What comes behind is read and forgotten for a while: the
/// system would take back the answer if it were left.
async fn read(mut body: Incoming, most: usize, mut hold: Hold) -> Result<Bytes, Unread> {
    let too_long = |length: u64| usize::try_from(length).map_or(true, |length| length > most);
    let (mut bytes, mut received, mut room) = (Vec::new(), 0_usize, true);
    if !too_long(body.size_hint().lower()) {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unread::BrokeOff)?.into_data() else { continue };
            received = received.saturating_add(data.len());
            room = hold(received);
            if !room {
                break;
            }
            let room = most.saturating_add(1).saturating_sub(bytes.len());
            bytes.extend_from_slice(data.get(..room).unwrap_or(&data));
            if bytes.len() > most {
                break;
            }
        }
    }
    if !body.is_end_stream() {
        drop(tokio::spawn(timeout(DRAIN_TIMEOUT, async move { while let Some(Ok(_)) = body.frame().await {} })));
    }
    if room { Ok(bytes.into()) } else { Err(Unread::NoRoom) }
}

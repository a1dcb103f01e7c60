//! A port of our own: HTTP/1.1 and WebSockets on loopback, for `dev`.

use crate::clock::now_ms;
use crate::metrics::{Metrics, text};
use crate::rpc::budget::Share;
use crate::rpc::cors;
use crate::rpc::patience::Patience;
use crate::rpc::service::{NO_ROOM, RpcService, plain};
use crate::rpc::stream::Shared;
use crate::rpc::waiting::{Guest, Waiting};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pars_host::Upgrade;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;

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

/// Path at which measurements are read, with GET.
pub const METRICS_PATH: &str = "/metrics";

/// Serves until `stop` changes, then lets open requests end and says goodbye to those who stay connected.
pub async fn serve(listener: TcpListener, service: RpcService, mut stop: watch::Receiver<bool>, metrics: Metrics) {
    let metrics = Arc::new(metrics);
    let mut connections = JoinSet::new();
    let waiting = Arc::new(Waiting::new(WAIT_MIN, WORK_MAX));
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
            _ = stop.changed() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of file handles, most likely: others may close theirs.
                tracing::warn!(%error, "accepting a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        drop(stream.set_nodelay(true));
        let (service, metrics) = (service.clone(), Arc::clone(&metrics));
        let mut stop = stop.clone();
        let guest = Arc::new(waiting.enter());
        connections.spawn(async move {
            let served = Arc::clone(&guest);
            let handler = service_fn(move |request: Request<Incoming>| {
                let metrics = is_scrape(&request).then(|| Arc::clone(&metrics));
                let (service, guest) = (service.clone(), Arc::clone(&served));
                async move {
                    match metrics {
                        Some(metrics) => Ok(scraped(&metrics)),
                        None => answer(service, guest, request).await,
                    }
                }
            });
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            let stream = Shared::new(stream);
            let io = TokioIo::new(Patience::new(stream.clone(), WRITE_TIMEOUT));
            let connection = http.serve_connection(io, handler).with_upgrades();
            tokio::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
                () = guest.asked_to_leave() => Ok(()),
                () = stream.left() => Ok(()),
                _ = stop.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    let ended = async {
        service.hub().stop().await;
        while connections.join_next().await.is_some() {}
    };
    drop(timeout(STOP_TIMEOUT, ended).await);
}

fn is_scrape(request: &Request<Incoming>) -> bool {
    request.method() == Method::GET && request.uri().path() == METRICS_PATH
}

fn scraped(metrics: &Metrics) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text::write(&metrics.gather(now_ms())))));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(text::CONTENT_TYPE));
    response
}

async fn answer(
    service: RpcService,
    guest: Arc<Guest>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if let Some(response) = cors::preflight(&request) {
        return Ok(response.map(Full::new));
    }
    let cross_site = request.headers().contains_key(header::ORIGIN);
    let upgrade = request.headers().contains_key(header::UPGRADE).then(|| hyper::upgrade::on(&mut request));
    let (mut head, body) = request.into_parts();
    if let Some(upgrade) = upgrade {
        let connected = async { upgrade.await.map(TokioIo::new).map_err(io::Error::other) };
        drop(head.extensions.insert(Upgrade::new(connected)));
    }
    let most = service.api().limits().request_bytes;
    let api = Arc::clone(service.api());
    let share = api.requests().share();
    let mut response = match timeout(BODY_TIMEOUT, read(body, most, &share)).await {
        Ok(Ok(body)) => {
            // From here on the service counts it.
            drop(share);
            guest.work();
            service.oneshot(Request::from_parts(head, body)).await?
        }
        Ok(Err(Unread::BrokeOff)) => plain(StatusCode::BAD_REQUEST, "the body of the request broke off\n"),
        Ok(Err(Unread::NoRoom)) => plain(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the body of the request did not come\n"),
    };
    cors::allow(cross_site, response.headers_mut());
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
async fn read(mut body: Incoming, most: usize, share: &Share) -> Result<Bytes, Unread> {
    let too_long = |length: u64| usize::try_from(length).map_or(true, |length| length > most);
    let (mut bytes, mut room) = (Vec::new(), true);
    if !too_long(body.size_hint().lower()) {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unread::BrokeOff)?.into_data() else { continue };
            room = share.add(data.len());
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

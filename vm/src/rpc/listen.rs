//! A port of our own: HTTP/1.1 on loopback, for `dev`.

use crate::rpc::service::RpcService;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt;

/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long open requests may take when the server stops. What stops the process waits five seconds at most, and the
/// store has to be closed after this.
const STOP_TIMEOUT: Duration = Duration::from_secs(3);
/// Connections at once.
const CONNECTIONS_MAX: usize = 1_024;

/// Serves until `stop` changes, then lets open requests end.
pub async fn serve(listener: TcpListener, service: RpcService, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let accepted = tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => accepted,
            Some(_) = connections.join_next(), if connections.len() >= CONNECTIONS_MAX => continue,
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
        let service = service.clone();
        let mut stop = stop.clone();
        connections.spawn(async move {
            let handler = service_fn(move |request| answer(service.clone(), request));
            let mut http = hyper::server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            let connection = http.serve_connection(TokioIo::new(stream), handler);
            tokio::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => served,
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
    let ended = async { while connections.join_next().await.is_some() {} };
    drop(tokio::time::timeout(STOP_TIMEOUT, ended).await);
}

async fn answer(service: RpcService, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, service.api().limits().request_bytes).collect().await else {
        let mut response = Response::new(Full::new(Bytes::from_static(b"request too large\n")));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let response = service.oneshot(Request::from_parts(head, body.to_bytes())).await?;
    Ok(response.map(Full::new))
}

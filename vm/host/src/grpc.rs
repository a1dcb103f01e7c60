//! gRPC as hosts speak it: plain HTTP/2 on loopback, messages of any size, calls without a deadline.

pub(crate) mod client;
mod health;
mod metrics;
pub(crate) mod server;
mod wire;

use std::convert::Infallible;
use std::future::Future;
use std::task::{Context, Poll};
use std::time::Duration;

use health::Serving;
use pars_proto::host::grpc::health::v1::health_server::HealthServer;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tower::Service;

use crate::text::one_line;

/// Limit of a message, for every server and client: none. Genesis files, ancestors and HTTP bodies pass the usual
/// 4 MiB; the host is trusted with our memory as it starts and stops this process anyway.
pub(crate) const MESSAGE_BYTES_MAX: usize = usize::MAX;

/// A connection that is made at the first call and again after it broke.
pub(crate) fn channel(addr: &str) -> Result<Channel, String> {
    Ok(endpoint(addr)?.connect_lazy())
}

/// A connection that stands.
pub(crate) async fn connect(addr: &str) -> Result<Channel, String> {
    endpoint(addr)?.connect().await.map_err(|error| with_causes(&error))
}

/// Serves a service, and the health service beside it, until `stop` is ready and the calls under way are answered.
pub(crate) async fn serve<S>(listener: TcpListener, service: S, stop: impl Future<Output = ()>)
where
    S: Answers + Clone + Send + Sync + 'static,
{
    let service = WithHealth { service, health: HealthServer::new(Serving) };
    let served = Server::builder()
        .max_concurrent_streams(u32::MAX)
        .http2_max_pending_accept_reset_streams(Some(RESETS_PENDING_MAX))
        .http2_keepalive_interval(Some(SERVER_PING_INTERVAL))
        .http2_keepalive_timeout(Some(PING_TIMEOUT))
        .serve_with_incoming_shutdown(service, TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
        .await;
    if let Err(error) = served {
        tracing::error!(error = with_causes(&error), "a gRPC server stopped");
    }
}

fn endpoint(addr: &str) -> Result<Endpoint, String> {
    let endpoint = Endpoint::from_shared(format!("http://{addr}")).map_err(|error| with_causes(&error))?;
    Ok(endpoint
        .tcp_nodelay(true)
        .http2_keep_alive_interval(CLIENT_PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .keep_alive_while_idle(true))
}

/// An error with what caused it: tonic's own text is only "transport error".
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = one_line(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {}", one_line(&error.to_string()));
        cause = error.source();
    }
    words
}

/// A service as it is generated: it answers every request.
pub(crate) trait Answers:
    Service<
        http::Request<Body>,
        Response = http::Response<Body>,
        Error = Infallible,
        Future = BoxFuture<http::Response<Body>, Infallible>,
    >
{
}

impl<S> Answers for S
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S: Service<http::Request<Body>, Future = BoxFuture<http::Response<Body>, Infallible>>,
{
}

/// A service and the health service on one port.
#[derive(Debug, Clone)]
struct WithHealth<S> {
    service: S,
    health: HealthServer<Serving>,
}

impl<S: Answers> Service<http::Request<Body>> for WithHealth<S> {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path().starts_with(HEALTH_PATH) {
            // Generated servers are always ready.
            self.health.call(request)
        } else {
            self.service.call(request)
        }
    }
}

const HEALTH_PATH: &str = "/grpc.health.v1.Health/";

/// The host refuses clients that ping more often than every five seconds.
const CLIENT_PING_INTERVAL: Duration = Duration::from_secs(30);

/// As the host's own servers do: a dead client of a local socket shows otherwise.
const SERVER_PING_INTERVAL: Duration = Duration::from_secs(2 * 60 * 60);

const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The host cancels its waits in bursts; the usual 20 would close the connection as a suspected flood.
const RESETS_PENDING_MAX: usize = 4096;

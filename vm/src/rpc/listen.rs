//! `dev`'s own port: what a host does for a plugin beside passing requests on.

use crate::clock::now_ms;
use crate::metrics::{Metrics, text};
use crate::rpc::cors;
use crate::rpc::service::RpcService;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header};
use pars_host::HttpHandler;
use pars_host::port::{self, Hold};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::{ServiceExt, service_fn};

/// Path at which measurements are read, with GET.
pub const METRICS_PATH: &str = "/metrics";

/// Serves until `stop` changes, then lets open requests end and says goodbye to those who stay connected.
pub async fn serve(listener: TcpListener, service: RpcService, mut stop: watch::Receiver<bool>, metrics: Metrics) {
    let api = Arc::clone(service.api());
    let (requests, bytes_max) = (Arc::clone(&api), api.limits().request_bytes);
    let hold = move || -> Hold {
        let share = requests.requests().share();
        Box::new(move |bytes| share.grow(bytes))
    };
    let connected = service.clone();
    let goodbye = async move { connected.hub().stop().await };
    let metrics = Arc::new(metrics);
    let answering = service_fn(move |request: Request<Bytes>| answer(service.clone(), Arc::clone(&metrics), request));
    let handler = HttpHandler::new("", answering).with_body_bytes_max(bytes_max);
    let stopped = async move { drop(stop.changed().await) };
    port::listen(listener, handler, hold, stopped, goodbye).await;
}

async fn answer(
    service: RpcService,
    metrics: Arc<Metrics>,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Infallible> {
    if request.method() == Method::GET && request.uri().path() == METRICS_PATH {
        return Ok(scraped(&metrics));
    }
    if let Some(response) = cors::preflight(&request) {
        return Ok(response);
    }
    let cross_site = request.headers().contains_key(header::ORIGIN);
    let mut response = service.oneshot(request).await?;
    cors::allow(cross_site, response.headers_mut());
    Ok(response)
}

fn scraped(metrics: &Metrics) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(text::write(&metrics.gather(now_ms()))));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(text::CONTENT_TYPE));
    response
}

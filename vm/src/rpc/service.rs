//! One HTTP request with JSON-RPC in it, and its response.

use crate::rpc::api::Api;
use crate::rpc::dispatch::Caller;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

/// Answers JSON-RPC over HTTP.
#[derive(Debug, Clone)]
pub struct RpcService {
    api: Arc<Api>,
}

impl RpcService {
    /// Answers from here.
    #[must_use]
    pub const fn new(api: Arc<Api>) -> Self {
        Self { api }
    }

    /// What requests are answered from.
    #[must_use]
    pub const fn api(&self) -> &Arc<Api> {
        &self.api
    }
}

impl Service<Request<Bytes>> for RpcService {
    type Response = Response<Bytes>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let api = Arc::clone(&self.api);
        Box::pin(async move { Ok(respond(api, request).await) })
    }
}

async fn respond(api: Arc<Api>, request: Request<Bytes>) -> Response<Bytes> {
    if request.method() != Method::POST {
        let allow = (header::ALLOW, "POST");
        return plain(StatusCode::METHOD_NOT_ALLOWED, "JSON-RPC is asked by POST\n", Some(allow));
    }
    if request.body().len() > api.limits().request_bytes {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "request too large\n", None);
    }
    let body = Caller::once(api).answer(request.body()).await;
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

fn plain(status: StatusCode, text: &'static str, extra: Option<(header::HeaderName, &'static str)>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(text.as_bytes()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    if let Some((name, value)) = extra {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

//! HTTP requests that the host received for the chain.

pub(crate) mod simple;

use std::convert::Infallible;

use bytes::Bytes;
use tower::util::BoxCloneSyncService;

/// What answers requests. The path in a request's URI is the one the client sent, so it starts with wherever the host
/// mounted the chain.
pub type HttpService = BoxCloneSyncService<::http::Request<Bytes>, ::http::Response<Bytes>, Infallible>;

/// A path and what answers there.
#[derive(Debug, Clone)]
pub struct HttpHandler {
    /// The path behind the chain's own: empty, or with a leading slash as in `/rpc`.
    pub prefix: String,
    /// What answers.
    pub service: HttpService,
}

impl HttpHandler {
    /// A service at a path.
    pub fn new<S>(prefix: impl Into<String>, service: S) -> Self
    where
        S: tower::Service<::http::Request<Bytes>, Response = ::http::Response<Bytes>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self { prefix: prefix.into(), service: BoxCloneSyncService::new(service) }
    }
}

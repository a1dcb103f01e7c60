//! One HTTP request with JSON-RPC in it, and its response: the same for the host's proxy and for `dev`'s own port.
//!
//! What is answered to odd requests is what clients know from the Go node.

use crate::clock::Clock;
use crate::node::Node;
use crate::rpc::api::Api;
use crate::rpc::dispatch::Caller;
use crate::rpc::hub::Hub;
use crate::rpc::limits::{Limits, SocketLimits};
use crate::rpc::media::{self, Encoding};
use crate::rpc::session::Session;
use crate::rpc::table::Group;
use crate::rpc::ws;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use pars_host::Upgrade;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::Service;

/// Answers JSON-RPC over HTTP, and over WebSockets where the request has an [`Upgrade`] among its extensions.
#[derive(Debug, Clone)]
pub struct RpcService {
    api: Arc<Api>,
    hub: Arc<Hub>,
    /// What the operator asks, at [`OPERATORS_PATH`].
    operators: Option<Arc<Api>>,
    /// Everything here is what the operator asks.
    is_operators: bool,
}

/// Path of what the operator asks.
pub const OPERATORS_PATH: &str = "/admin";

impl RpcService {
    /// Answers from here.
    #[must_use]
    pub fn new(api: Arc<Api>) -> Self {
        Self::with_sockets(api, SocketLimits::default())
    }

    /// With other bounds of connections that stay open.
    #[must_use]
    pub fn with_sockets(api: Arc<Api>, limits: SocketLimits) -> Self {
        Self { api, hub: Arc::new(Hub::new(limits)), operators: None, is_operators: false }
    }

    /// Answers what the operator asks, and nothing else. Pages of other sites, which a browser would let ask, are refused.
    #[must_use]
    pub fn of_operators(node: Arc<Node>, limits: Limits) -> Self {
        let api = Api::new(node, limits, [Group::Admin], Clock::Machine);
        Self { is_operators: true, ..Self::new(Arc::new(api)) }
    }

    /// The same at [`OPERATORS_PATH`] of this one.
    #[must_use]
    pub fn with_operators(self) -> Self {
        let Self { api: operators, .. } = Self::of_operators(Arc::clone(self.api.node()), self.api.limits().clone());
        Self { operators: Some(operators), ..self }
    }

    /// What requests are answered from.
    #[must_use]
    pub const fn api(&self) -> &Arc<Api> {
        &self.api
    }

    /// What connections that stay open share.
    #[must_use]
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Makes a WebSocket of the connection that a request came on.
    fn open_socket(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        let opened = match ws::open(&request) {
            Ok(opened) => opened,
            Err(refused) => return *refused,
        };
        let Some(upgrade) = request.extensions_mut().remove::<Upgrade>() else {
            return plain(StatusCode::NOT_IMPLEMENTED, "no WebSocket can be opened over this transport\n");
        };
        let Some(seat) = self.hub.take_seat() else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "too many WebSockets are open\n");
        };
        let session = Session::new(Arc::clone(&self.api), Arc::clone(&self.hub));
        drop(tokio::spawn(async move {
            match upgrade.connected().await {
                Ok(connection) => ws::serve(connection, session).await,
                Err(error) => tracing::debug!(%error, "a client left before its WebSocket was open"),
            }
            drop(seat);
        }));
        opened
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
        if let Some(operators) = &self.operators
            && request.uri().path() == OPERATORS_PATH
        {
            let (api, hub) = (Arc::clone(operators), Arc::clone(&self.hub));
            return Self { api, hub, operators: None, is_operators: true }.call(request);
        }
        if self.is_operators && request.headers().contains_key(header::ORIGIN) {
            let refused = plain(StatusCode::FORBIDDEN, "this is for the operator, and not for pages of any site\n");
            return Box::pin(async move { Ok(refused) });
        }
        if ws::is_wanted(&request) {
            let response = self.open_socket(request);
            return Box::pin(async move { Ok(response) });
        }
        let api = Arc::clone(&self.api);
        Box::pin(async move {
            let head_only = request.method() == Method::HEAD;
            let response = respond(api, request).await;
            Ok(if head_only { response.map(|_| Bytes::new()) } else { response })
        })
    }
}

/// What a client is told whose request is long, while those of others take all the room there is.
pub(crate) const NO_ROOM: &str = "too many long requests are here already\n";

async fn respond(api: Arc<Api>, request: Request<Bytes>) -> Response<Bytes> {
    if let Some(response) = refused(&api, &request) {
        return response;
    }
    let (head, body) = request.into_parts();
    if head.method == Method::GET && body.is_empty() && head.uri.query().is_none() {
        // Load balancers ask so whether anybody is there.
        return Response::new(Bytes::new());
    }
    let share = api.requests().share();
    if !share.add(body.len()) {
        return plain(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM);
    }
    let answer = Caller::once(Arc::clone(&api)).answer(&body).await;
    drop((body, share));
    let mut response = Response::new(answer);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let (head, body) = media::encode(Encoding::accepted(&head.headers), response).await.into_parts();
    match api.answers().keep(body) {
        Some(body) => Response::from_parts(head, body),
        None => plain(StatusCode::SERVICE_UNAVAILABLE, "too many long answers are unread\n"),
    }
}

/// What is wrong with a request before anybody reads its body.
fn refused(api: &Api, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    if request.method() == Method::PUT || request.method() == Method::DELETE {
        return Some(plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n"));
    }
    let length = body_length(request);
    let most = api.limits().request_bytes;
    if length > most {
        return Some(plain(StatusCode::PAYLOAD_TOO_LARGE, format!("content length too large ({length}>{most})\n")));
    }
    let is_check = request.method() == Method::GET && length == 0 && request.uri().query().is_none();
    if is_check || request.method() == Method::OPTIONS || media::is_json(request.headers()) {
        return None;
    }
    let text = "invalid content type, only application/json is supported\n";
    Some(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

/// Bytes of a body: those that came, or those that were announced. A transport does not read a body that is too long.
pub(crate) fn body_length<B: AsRef<[u8]>>(request: &Request<B>) -> usize {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    announced.unwrap_or(0).max(request.body().as_ref().len())
}

/// A response in words.
pub(crate) fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

//! The server of one handler: requests come in as messages, or as streams that the host keeps open.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use pars_proto::host::http::http_server::Http;
use pars_proto::host::http::{HandleSimpleHttpRequest, HandleSimpleHttpResponse, HttpRequest, HttpResponse};
use tonic::{Status, async_trait};
use tower::ServiceExt;

use super::exchange;
use super::intake::Room;
use super::message::{merge, parse, plain};
use super::streams::Streams;
use super::{HttpHandler, HttpService};
use crate::lifecycle::Ending;
use crate::panics::guarded;

/// Serves one handler to the host.
#[derive(Debug)]
pub(crate) struct Server {
    service: HttpService,
    body_bytes_max: usize,
    room: Room,
    streams: Streams,
    ending: Ending,
}

impl Server {
    /// Bodies that are streamed need this room, too, and each stream one of these places.
    pub(crate) fn new(handler: HttpHandler, room: Room, streams: Streams, ending: Ending) -> Self {
        Self { service: handler.service, body_bytes_max: handler.body_bytes_max, room, streams, ending }
    }

    pub(super) const fn room(&self) -> &Room {
        &self.room
    }

    pub(super) const fn streams(&self) -> &Streams {
        &self.streams
    }

    pub(super) const fn body_bytes_max(&self) -> usize {
        self.body_bytes_max
    }

    pub(super) const fn ending(&self) -> &Ending {
        &self.ending
    }

    pub(super) async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        match guarded(self.service.clone().oneshot(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(panic) => {
                tracing::error!(%panic, "an HTTP handler panicked");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
            }
        }
    }
}

#[async_trait]
impl Http for Server {
    async fn handle(&self, message: tonic::Request<HttpRequest>) -> Result<tonic::Response<HttpResponse>, Status> {
        exchange::handle(self, message.into_inner()).await.map(tonic::Response::new)
    }

    async fn handle_simple(
        &self,
        message: tonic::Request<HandleSimpleHttpRequest>,
    ) -> Result<tonic::Response<HandleSimpleHttpResponse>, Status> {
        let HandleSimpleHttpRequest { method, url, request_headers, body, response_headers } = message.into_inner();
        let response = match parse(&method, &url, &request_headers, body) {
            Ok(request) => self.answer(request).await,
            Err(reason) => plain(StatusCode::BAD_REQUEST, reason),
        };
        let code = i32::from(response.status().as_u16());
        let headers = merge(response_headers, response.headers());
        Ok(tonic::Response::new(HandleSimpleHttpResponse { code, headers, body: response.into_body() }))
    }
}

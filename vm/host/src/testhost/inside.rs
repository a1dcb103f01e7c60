//! A plugin's services without a socket: for tests that send a great many messages.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use pars_proto::host::http::http_server::HttpServer;
use pars_proto::host::vm::vm_server::VmServer;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::ServiceExt;

use crate::dialect::Dialect;
use crate::grpc::server::VmService;
use crate::http::intake::Room;
use crate::http::server::Server;
use crate::http::streams::Streams;
use crate::lifecycle::Session;
use crate::zap::server::ZapService;
use crate::{ChainVm, HttpHandler};

/// The services of a chain over gRPC and over ZAP, and of one handler of users' requests.
pub struct Inside<V> {
    zap: Arc<ZapService<V>>,
    vm: VmServer<VmService<V>>,
    http: HttpServer<Server>,
}

impl<V> std::fmt::Debug for Inside<V> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Inside")
    }
}

impl<V: ChainVm> Inside<V> {
    /// As a host of this row meets them.
    #[must_use]
    pub fn new(vm: Arc<V>, handler: HttpHandler, dialect: &'static Dialect) -> Self {
        let session = Session::new(vm, dialect);
        let http = HttpServer::new(Server::new(handler, Room::new(), Streams::default(), session.stopping()));
        let zap = ZapService::new(Arc::clone(&session));
        Self { zap, vm: VmServer::new(VmService::new(session)), http }
    }

    /// A request by its type and number; the whole frame that answers it.
    pub async fn answer(&self, kind: u8, id: u32, body: Bytes) -> Bytes {
        self.zap.answer(kind, id, body).await
    }

    /// A call by its path, as in `/vm.VM/Version`, with any bytes for its message; the bytes of its answer.
    ///
    /// # Errors
    /// The service's, or that the path is none.
    pub async fn call(&self, path: &str, message: &[u8]) -> Result<Bytes, Status> {
        let mut frame = BytesMut::with_capacity(FRAME_HEAD_BYTES.saturating_add(message.len()));
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.len()).map_err(|error| Status::invalid_argument(error.to_string()))?);
        frame.put_slice(message);
        let request = http::Request::post(path)
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Body::new(Full::new(frame.freeze())))
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let answered = if path.starts_with("/http.HTTP/") {
            self.http.clone().oneshot(request).await
        } else {
            self.vm.clone().oneshot(request).await
        };
        let (head, body) = match answered {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        let body = body.collect().await?;
        let trailers = body.trailers().cloned().unwrap_or_default();
        let status = Status::from_header_map(&trailers).or_else(|| Status::from_header_map(&head.headers));
        match status {
            Some(status) if status.code() != Code::Ok => Err(status),
            Some(_) | None => {
                let mut answer = body.to_bytes();
                answer.advance(FRAME_HEAD_BYTES.min(answer.len()));
                Ok(answer)
            }
        }
    }
}

/// A flag and a length stand before every message.
const FRAME_HEAD_BYTES: usize = 5;

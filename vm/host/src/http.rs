//! HTTP requests that the host received for the chain.
//!
//! | file | what lives there |
//! |---|---|
//! | `server.rs` | the server of one handler |
//! | `message.rs` | requests and responses, translated |
//! | `intake.rs` | room for what users send |
//! | `streams.rs` | how many requests are kept open |
//! | `exchange.rs` | a request that the host keeps open: body and answer are streams, or the connection changes hands |
//! | `hijacked.rs` | the bytes of such a connection |
//! | `upgrade.rs` | what a service gets to take one over |
//! | `port.rs` | a port of our own, where the host passes bytes on as they are |

mod exchange;
mod hijacked;
pub(crate) mod intake;
mod message;
pub mod port;
pub(crate) mod server;
pub(crate) mod streams;
mod upgrade;

use std::convert::Infallible;

use bytes::Bytes;
use tower::util::BoxCloneSyncService;

pub use upgrade::{Connection, Upgrade};

/// What answers requests. The path in a request's URI is the one the client sent, so it starts with wherever the host
/// mounted the chain. A request that asks for another protocol has an [`Upgrade`] among its extensions: a service that
/// answers it with status 101 gets the connection.
pub type HttpService = BoxCloneSyncService<::http::Request<Bytes>, ::http::Response<Bytes>, Infallible>;

/// A path and what answers there.
#[derive(Debug, Clone)]
pub struct HttpHandler {
    /// The path behind the chain's own: empty, or with a leading slash as in `/rpc`.
    pub prefix: String,
    /// What answers.
    pub service: HttpService,
    /// Bytes of a body. Where one comes as a stream, one byte more is read; a whole request that is longer, with some room
    /// for its headers, is refused before it is received.
    pub body_bytes_max: usize,
}

/// Bytes of a body where a handler does not say.
const BODY_BYTES_MAX: usize = 8 << 20;

impl HttpHandler {
    /// A service at a path.
    pub fn new<S>(prefix: impl Into<String>, service: S) -> Self
    where
        S: tower::Service<::http::Request<Bytes>, Response = ::http::Response<Bytes>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let service = BoxCloneSyncService::new(service);
        Self { prefix: prefix.into(), service, body_bytes_max: BODY_BYTES_MAX }
    }

    /// With another bound of bodies. The service sees more than that where a body has more, and refuses it in its own words.
    #[must_use]
    pub fn with_body_bytes_max(self, body_bytes_max: usize) -> Self {
        Self { body_bytes_max, ..self }
    }
}

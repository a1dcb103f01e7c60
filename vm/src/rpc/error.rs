//! Codes and texts of JSON-RPC errors. The only place where the node's errors become them.

use crate::node::SubmitError;
use pars_chain::error::Fatal;
use serde::Serialize;

/// An error as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RpcError {
    /// JSON-RPC 2.0, or EIP-1474.
    pub code: i32,
    /// For people.
    pub message: String,
}

impl RpcError {
    /// Bytes that are no JSON.
    #[must_use]
    pub fn parse() -> Self {
        Self { code: -32_700, message: "parse error".to_owned() }
    }

    /// JSON that is no request.
    #[must_use]
    pub fn request(message: impl Into<String>) -> Self {
        Self { code: -32_600, message: message.into() }
    }

    /// A method that is not there.
    #[must_use]
    pub fn method(name: &str) -> Self {
        Self { code: -32_601, message: format!("the method {name} does not exist/is not available") }
    }

    /// Parameters that do not fit the method.
    #[must_use]
    pub fn params(message: impl Into<String>) -> Self {
        Self { code: -32_602, message: message.into() }
    }

    /// Something broke here.
    #[must_use]
    pub fn internal() -> Self {
        Self { code: -32_603, message: "internal error".to_owned() }
    }

    /// The chain failed for good.
    #[must_use]
    pub fn stopped() -> Self {
        Self { code: -32_603, message: "the chain has stopped: its log says why".to_owned() }
    }

    /// A request that cannot be served.
    #[must_use]
    pub fn server(message: impl Into<String>) -> Self {
        Self { code: -32_000, message: message.into() }
    }
}

impl From<Fatal> for RpcError {
    fn from(fatal: Fatal) -> Self {
        tracing::error!(%fatal, "answering a request");
        Self::internal()
    }
}

impl From<pars_chain::error::Error> for RpcError {
    fn from(error: pars_chain::error::Error) -> Self {
        match error {
            pars_chain::error::Error::Misuse(misuse) => Self::server(misuse.to_string()),
            pars_chain::error::Error::Fatal(fatal) => fatal.into(),
        }
    }
}

impl From<SubmitError> for RpcError {
    fn from(error: SubmitError) -> Self {
        Self::server(error.to_string())
    }
}

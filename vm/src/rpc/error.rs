//! Codes and texts of JSON-RPC errors. The only place where the node's errors become them.

use alloy_primitives::Bytes;
use pars_chain::error::{DecodeError, Fatal, Malformed, Misuse};
use pars_chain::pool::Refused;
use serde::Serialize;

/// An error as clients see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RpcError {
    /// JSON-RPC 2.0, or EIP-1474.
    pub code: i32,
    /// For people, and for clients that match its first words.
    pub message: String,
    /// What a call reverted with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Bytes>,
}

impl RpcError {
    /// A code and what it means here.
    #[must_use]
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// Bytes that are no JSON.
    #[must_use]
    pub fn parse() -> Self {
        Self::new(-32_700, "parse error")
    }

    /// JSON that is no request.
    #[must_use]
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(-32_600, message)
    }

    /// A method that is not there.
    #[must_use]
    pub fn method(name: &str) -> Self {
        let name: String = name.chars().take(NAME_LETTERS_MAX).collect();
        Self::new(-32_601, format!("the method {name} does not exist/is not available"))
    }

    /// Parameters that do not fit the method.
    #[must_use]
    pub fn params(message: impl Into<String>) -> Self {
        Self::new(-32_602, message)
    }

    /// Something broke here.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(-32_603, "internal error")
    }

    /// The chain failed for good.
    #[must_use]
    pub fn stopped() -> Self {
        Self::new(-32_603, "the chain has stopped: its log says why")
    }

    /// A request that took longer than the operator allows.
    #[must_use]
    pub fn timed_out() -> Self {
        Self::new(-32_002, "request timed out")
    }

    /// More than this node gives at once.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(-32_003, "response too large")
    }

    /// More than this node keeps.
    #[must_use]
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(-32_005, message)
    }

    /// A request that cannot be served.
    #[must_use]
    pub fn server(message: impl Into<String>) -> Self {
        Self::new(-32_000, message)
    }
}

impl From<Fatal> for RpcError {
    fn from(fatal: Fatal) -> Self {
        if fatal == Fatal::Interrupted {
            // Nobody waits for the answer.
            return Self::timed_out();
        }
        tracing::error!(%fatal, "answering a request");
        Self::internal()
    }
}

impl From<pars_chain::error::Error> for RpcError {
    fn from(error: pars_chain::error::Error) -> Self {
        match error {
            pars_chain::error::Error::Misuse(misuse) => misuse.into(),
            pars_chain::error::Error::Fatal(fatal) => fatal.into(),
        }
    }
}

impl From<Misuse> for RpcError {
    fn from(misuse: Misuse) -> Self {
        Self::server(misuse.to_string())
    }
}

/// Of one transaction that was given by itself: its place in a block says nothing.
impl From<DecodeError> for RpcError {
    fn from(error: DecodeError) -> Self {
        Self::server(match error {
            DecodeError::Malformed(Malformed::TransactionType { .. }) => "transaction type not supported".to_owned(),
            DecodeError::Malformed(Malformed::Transaction { cause, .. }) => cause,
            DecodeError::Malformed(other) => other.to_string(),
            DecodeError::Unsupported(unsupported) => unsupported.to_string(),
        })
    }
}

impl From<Refused> for RpcError {
    fn from(refused: Refused) -> Self {
        if let Refused::Fatal(fatal) = refused { fatal.into() } else { Self::server(refused.to_string()) }
    }
}

/// Letters of an unknown name that are repeated.
const NAME_LETTERS_MAX: usize = 100;

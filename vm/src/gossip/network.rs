//! [`Network`]: the way to peers, which is the host's where it lends one.

use bytes::Bytes;
use pars_host::{AppError, Host, NodeId, Recipients, SubnetValidators, Validator};
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Carries messages to peers, and knows who validates. Nothing here waits for a peer. What peers say comes by
/// [`Gossip`](crate::gossip::Gossip)'s methods.
pub trait Network: fmt::Debug + Send + Sync {
    /// Asks a peer.
    fn ask(&self, node: NodeId, request_id: u32, question: Bytes) -> Call<'_, ()>;

    /// Answers a peer.
    fn answer(&self, node: NodeId, request_id: u32, answer: Bytes) -> Call<'_, ()>;

    /// Answers a peer with an error.
    fn refuse(&self, node: NodeId, request_id: u32, error: AppError) -> Call<'_, ()>;

    /// Tells peers something, without an answer.
    fn tell(&self, to: Recipients, message: Bytes) -> Call<'_, ()>;

    /// Who validates now.
    fn validators(&self) -> Call<'_, Vec<Validator>>;
}

/// A call that is under way.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, NetworkError>> + Send + 'a>>;

/// What a network says where it fails; for the log.
pub type NetworkError = Box<dyn Error + Send + Sync>;

/// The host's network.
#[derive(Debug)]
pub struct OfHost {
    /// The host.
    pub host: Arc<dyn Host>,
    /// Who validates, by the host's word.
    pub validators: SubnetValidators,
}

impl Network for OfHost {
    fn ask(&self, node: NodeId, request_id: u32, question: Bytes) -> Call<'_, ()> {
        Box::pin(async move { Ok(self.host.send_request(vec![node], request_id, question).await?) })
    }

    fn answer(&self, node: NodeId, request_id: u32, answer: Bytes) -> Call<'_, ()> {
        Box::pin(async move { Ok(self.host.send_response(node, request_id, answer).await?) })
    }

    fn refuse(&self, node: NodeId, request_id: u32, error: AppError) -> Call<'_, ()> {
        Box::pin(async move { Ok(self.host.send_error(node, request_id, error).await?) })
    }

    fn tell(&self, to: Recipients, message: Bytes) -> Call<'_, ()> {
        Box::pin(async move { Ok(self.host.send_gossip(to, message).await?) })
    }

    fn validators(&self) -> Call<'_, Vec<Validator>> {
        Box::pin(async { Ok(self.validators.current().await?) })
    }
}

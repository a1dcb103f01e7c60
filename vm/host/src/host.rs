//! What a host lends to a chain.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::{AppError, HostError, Id, NodeId, Recipients, Validator};

/// The host's services. Nothing is dialled before the first call. What a host does not lend answers
/// [`HostError::NotLent`]. Nothing here waits for a peer: a message was sent when the host has it.
///
/// The database shares the write-ahead log of the host's own records about the chain, which makes it the place for one
/// small record that has to agree with them.
pub trait Host: fmt::Debug + Send + Sync {
    /// The value of a key in the host's database, `None` if there is none.
    fn get(&self, key: Bytes) -> Answer<'_, Option<Bytes>>;

    /// Writes a pair into the host's database.
    fn put(&self, key: Bytes, value: Bytes) -> Answer<'_, ()>;

    /// Asks peers. The host calls `app_response` or `app_request_failed` for each of them, in its own time.
    fn send_request(&self, nodes: Vec<NodeId>, request_id: u32, request: Bytes) -> Answer<'_, ()>;

    /// Answers a peer.
    fn send_response(&self, node: NodeId, request_id: u32, response: Bytes) -> Answer<'_, ()>;

    /// Answers a peer with an error.
    fn send_error(&self, node: NodeId, request_id: u32, error: AppError) -> Answer<'_, ()>;

    /// Tells peers something, without an answer.
    fn send_gossip(&self, to: Recipients, message: Bytes) -> Answer<'_, ()>;

    /// The lowest height of the P-chain for which there are validator sets.
    fn minimum_height(&self) -> Answer<'_, u64>;

    /// The height of the P-chain now.
    fn current_height(&self) -> Answer<'_, u64>;

    /// The subnet that validates a chain.
    fn subnet_of(&self, chain: Id) -> Answer<'_, Id>;

    /// The validators of a subnet at a height of the P-chain, in no order.
    fn validators(&self, height: u64, subnet: Id) -> Answer<'_, Vec<Validator>>;

    /// Signs a warp message of this chain with the node's BLS key: 96 bytes. The host refuses other chains.
    fn sign(&self, network_id: u32, source_chain: Id, payload: Bytes) -> Answer<'_, Bytes>;
}

/// A call to the host that is under way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, HostError>> + Send + 'a>>;

//! What passes between a chain and its peers, through the host.

use bytes::Bytes;

use crate::NodeId;

/// The release that a peer runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerVersion {
    /// Name of the program.
    pub name: String,
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

/// A peer asks something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRequest {
    /// The peer.
    pub node: NodeId,
    /// The peer's number for it, which the answer carries.
    pub request_id: u32,
    /// When the peer stops waiting, Unix milliseconds.
    pub deadline_ms: u64,
    /// What it asks.
    pub bytes: Bytes,
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppError {
    /// Numbers below zero are the same for all chains, others are the chain's own.
    pub code: i32,
    /// For people.
    pub message: String,
}

/// Whom a message goes to: those that are named, and some of each kind that the host chooses among the connected ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recipients {
    /// These, where they are connected.
    pub nodes: Vec<NodeId>,
    /// So many validators.
    pub validators: u64,
    /// So many others.
    pub non_validators: u64,
    /// So many of either kind.
    pub peers: u64,
}

/// A validator of a subnet at a height of the P-chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator {
    /// Its node; all zeros where the validator is inactive.
    pub node: NodeId,
    /// Its stake.
    pub weight: u64,
    /// Its BLS key, 96 bytes uncompressed; empty where it has none.
    pub public_key: Bytes,
}

//! What a chain offers to a host.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use crate::metric::Family;
use crate::{AppError, AppRequest, Host, HttpHandler, Id, NodeId, PeerVersion, VmError};

/// A chain as the host sees it: blocks are bytes with an id, a parent and a height.
///
/// Calls overlap: the host orders those that change consensus (`build`, `verify`, `accept`, `reject`,
/// `set_preference`), everything else comes at any time. The host may give up any call, which drops its future; what
/// has to be finished must therefore run on its own. A panic within a call is answered as an error of that call.
pub trait ChainVm: Send + Sync + 'static {
    /// Opens the chain and gives its last accepted block. Comes until it succeeds, and never twice at a time; what changes
    /// or reads the chain comes after that only.
    fn initialize(
        &self,
        args: InitArgs,
        host: Arc<dyn Host>,
    ) -> impl Future<Output = Result<LastAccepted, VmError>> + Send;

    /// Enters a phase and gives the last accepted block, which may have moved with the phase.
    fn set_state(&self, phase: Phase) -> impl Future<Output = Result<LastAccepted, VmError>> + Send;

    /// Flushes and closes. Comes once, also when `initialize` failed, and never without it; other calls may still be
    /// running. The process ends shortly after the answer.
    fn shutdown(&self) -> impl Future<Output = Result<(), VmError>> + Send;

    /// Name and release, for the host's log. Comes without `initialize` too.
    fn version(&self) -> impl Future<Output = Result<String, VmError>> + Send;

    /// Facts for the host's health page, each with its value as JSON; an error marks the chain unhealthy.
    fn health(&self) -> impl Future<Output = Result<Vec<(&'static str, String)>, VmError>> + Send;

    /// What is measured, for the host's scraper. Comes at any time, without `initialize` too.
    fn gather(&self) -> impl Future<Output = Result<Vec<Family>, VmError>> + Send;

    /// What answers users, by path. Comes once, after `initialize`.
    fn handlers(&self) -> impl Future<Output = Result<Vec<HttpHandler>, VmError>> + Send;

    /// Waits until there is something for the host to do. Level-triggered: while there is, each call answers at once,
    /// because the host gives up waiting and comes again at its own pace.
    fn wait_event(&self) -> impl Future<Output = Result<Event, VmError>> + Send;

    /// Builds a block on the preferred one.
    fn build(&self, context: Option<BlockContext>) -> impl Future<Output = Result<Block, VmError>> + Send;

    /// Decodes a block, whose parent may be unknown. Equal bytes give equal ids.
    fn parse(&self, bytes: Bytes) -> impl Future<Output = Result<BlockMeta, VmError>> + Send;

    /// A block by id, whether decided or not; [`VmError::NotFound`] if there is none.
    fn get(&self, id: Id) -> impl Future<Output = Result<Block, VmError>> + Send;

    /// The accepted block of a height; [`VmError::NotFound`] if there is none.
    fn id_at_height(&self, height: u64) -> impl Future<Output = Result<Id, VmError>> + Send;

    /// Sets the block to build on.
    fn set_preference(&self, id: Id) -> impl Future<Output = Result<(), VmError>> + Send;

    /// Checks and executes a block, keeps the result in memory and gives its timestamp in milliseconds. May come again
    /// for the same block.
    fn verify(&self, bytes: Bytes, context: Option<BlockContext>) -> impl Future<Output = Result<u64, VmError>> + Send;

    /// Decides for a verified block; it is on the disk when this answers.
    fn accept(&self, id: Id) -> impl Future<Output = Result<(), VmError>> + Send;

    /// Decides against a verified block.
    fn reject(&self, id: Id) -> impl Future<Output = Result<(), VmError>> + Send;

    /// Blocks up to this height have a certificate of the network and are never taken back, which some hosts tell. Heights
    /// above the last accepted one count once they are accepted.
    fn set_final(&self, height: u64) -> impl Future<Output = Result<(), VmError>> + Send;

    /// The height that was told last, or the first block's.
    fn final_height(&self) -> impl Future<Output = Result<u64, VmError>> + Send;

    /// A peer that has the chain, or this node itself, is connected. The calls about peers, this and the following, come
    /// at any time after `initialize`. They give no error, which hosts take as the end of the chain: nothing that a peer
    /// does ends it. They do not wait for peers either.
    fn connected(&self, node: NodeId, version: PeerVersion) -> impl Future<Output = ()> + Send;

    /// A peer is gone.
    fn disconnected(&self, node: NodeId) -> impl Future<Output = ()> + Send;

    /// A peer asks; the answer goes through [`Host::send_response`] or [`Host::send_error`].
    fn app_request(&self, request: AppRequest) -> impl Future<Output = ()> + Send;

    /// A peer answered our request with an error, or not in time.
    fn app_request_failed(&self, node: NodeId, request_id: u32, error: AppError) -> impl Future<Output = ()> + Send;

    /// A peer answered our request.
    fn app_response(&self, node: NodeId, request_id: u32, response: Bytes) -> impl Future<Output = ()> + Send;

    /// A peer tells something.
    fn app_gossip(&self, node: NodeId, message: Bytes) -> impl Future<Output = ()> + Send;
}

/// What the host knows of the chain when it opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitArgs {
    /// The network.
    pub network_id: u32,
    /// The subnet that validates the chain; all zeros where the host does not say.
    pub subnet_id: Id,
    /// The chain.
    pub chain_id: Id,
    /// This node.
    pub node_id: NodeId,
    /// This node's BLS key, 48 bytes compressed.
    pub public_key: Bytes,
    /// The chain's own folder; it exists.
    pub chain_data_dir: PathBuf,
    /// What was given when the chain was created.
    pub genesis: Bytes,
    /// The operator's upgrade file; empty if there is none.
    pub upgrade: Bytes,
    /// The operator's configuration; empty if there is none.
    pub config: Bytes,
    /// Where the host's database listens; [`Host`] reaches it.
    pub db_server_addr: String,
    /// Where the host's other services listen; empty for a host without a way to peers.
    pub server_addr: String,
    /// Where a host listens that has validator sets at an address of their own; empty for others.
    pub validator_server_addr: String,
    /// The host says which blocks are final: an accepted one may be taken back before that.
    pub tells_final: bool,
    /// When the network changes its rules; some hosts do not say.
    pub network_upgrades: Option<NetworkUpgrades>,
}

/// When the network changes its rules, in Unix seconds. Times before 1970 read as 0, `None` is a time that the host
/// did not send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NetworkUpgrades {
    /// Apricot phase 1.
    pub apricot_phase_1: Option<u64>,
    /// Apricot phase 2.
    pub apricot_phase_2: Option<u64>,
    /// Apricot phase 3.
    pub apricot_phase_3: Option<u64>,
    /// Apricot phase 4.
    pub apricot_phase_4: Option<u64>,
    /// Apricot phase 5.
    pub apricot_phase_5: Option<u64>,
    /// Before Apricot phase 6.
    pub apricot_phase_pre_6: Option<u64>,
    /// Apricot phase 6.
    pub apricot_phase_6: Option<u64>,
    /// After Apricot phase 6.
    pub apricot_phase_post_6: Option<u64>,
    /// Banff.
    pub banff: Option<u64>,
    /// Cortina.
    pub cortina: Option<u64>,
    /// Durango.
    pub durango: Option<u64>,
    /// Etna.
    pub etna: Option<u64>,
    /// Fortuna.
    pub fortuna: Option<u64>,
    /// Granite.
    pub granite: Option<u64>,
    /// Helicon.
    pub helicon: Option<u64>,
    /// Length of an epoch of P-chain heights after Granite, in milliseconds.
    pub granite_epoch_ms: Option<u64>,
}

/// The last accepted block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastAccepted {
    /// Its id.
    pub id: Id,
    /// Its parent's id.
    pub parent: Id,
    /// Its height.
    pub height: u64,
    /// Its bytes.
    pub bytes: Bytes,
    /// Its time in Unix milliseconds.
    pub timestamp_ms: u64,
}

/// What the host wants to know of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockMeta {
    /// Its id.
    pub id: Id,
    /// Its parent's id.
    pub parent: Id,
    /// Its height.
    pub height: u64,
    /// Its time in Unix milliseconds.
    pub timestamp_ms: u64,
    /// Whether verification needs a [`BlockContext`].
    pub verify_with_context: bool,
}

/// A whole block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What the host wants to know of it.
    pub meta: BlockMeta,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What the host's wrapper knows of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockContext {
    /// The P-chain height at which validator sets are read.
    pub p_chain_height: u64,
}

/// Phases of a chain's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// State comes from peers.
    StateSyncing,
    /// Decided blocks come one after the other.
    Bootstrapping,
    /// The chain takes part in consensus.
    Normal,
}

/// What there is for the host to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Ask for a block.
    BuildBlock,
    /// Go on from state sync.
    StateSyncFinished,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StateSyncing => "state sync",
            Self::Bootstrapping => "bootstrapping",
            Self::Normal => "normal operation",
        })
    }
}

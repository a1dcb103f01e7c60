//! What a host's calls do, whatever they travel by: their order, their bounds, and that a panic ends one of them only.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::lifecycle::Session;
use crate::metric::Family;
use crate::panics::guarded;
use crate::{
    AppError, AppRequest, Block, BlockContext, BlockMeta, ChainVm, Event, Host, HttpHandler, Id, InitArgs,
    LastAccepted, NodeId, PeerVersion, Phase, VmError,
};

/// Why a call of the host has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It came out of its order.
    #[error("{0}")]
    Order(String),
    /// It has a part that cannot be.
    #[error("{0}")]
    Argument(String),
    /// The process is about to end.
    #[error("the plugin is shutting down")]
    Ending,
    /// The chain says so.
    #[error(transparent)]
    Chain(#[from] VmError),
}

impl Refusal {
    /// A part of a message that cannot be.
    pub(crate) fn argument(field: &str, reason: &dyn std::fmt::Display) -> Self {
        Self::Argument(format!("{field}: {reason}"))
    }
}

/// The calls of one chain.
#[derive(Debug)]
pub(crate) struct Calls<V>(Arc<Session<V>>);

impl<V> Clone for Calls<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What bounds an answer to `GetAncestors`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AncestorBounds {
    /// Blocks.
    pub(crate) count: i32,
    /// Bytes of them, with what the host counts beside.
    pub(crate) bytes: i32,
    /// Time to look for them, nanoseconds.
    pub(crate) nanos: i64,
}

impl<V: ChainVm> Calls<V> {
    pub(crate) const fn new(session: Arc<Session<V>>) -> Self {
        Self(session)
    }

    pub(crate) const fn session(&self) -> &Arc<Session<V>> {
        &self.0
    }

    fn vm(&self) -> &V {
        self.0.vm()
    }

    /// Whether there is a chain to call: said before anything about a message.
    pub(crate) fn opened(&self) -> Result<(), Refusal> {
        self.chain().map(drop)
    }

    /// The chain, once it is open.
    fn chain(&self) -> Result<&V, Refusal> {
        if self.0.is_ending() {
            return Err(Refusal::Ending);
        }
        if self.0.is_open() {
            return Ok(self.vm());
        }
        Err(Refusal::Order("Initialize has not come yet".to_owned()))
    }

    pub(crate) async fn initialize(&self, args: InitArgs, host: Arc<dyn Host>) -> Result<LastAccepted, Refusal> {
        let Some(opening) = self.0.open() else {
            return Err(Refusal::Order("Initialize came already".to_owned()));
        };
        let last_accepted = call(self.vm().initialize(args, host)).await?;
        opening.succeeded();
        Ok(last_accepted)
    }

    /// The phase by the host's number for it.
    pub(crate) async fn set_state(&self, number: i32) -> Result<LastAccepted, Refusal> {
        let chain = self.chain()?;
        let dialect = self.0.dialect();
        let Some(phase) = dialect.states.phase(number) else {
            let host = dialect.name;
            return Err(Refusal::Argument(format!("state {number} has no meaning for {host}")));
        };
        let last_accepted = call(chain.set_state(phase)).await?;
        self.0.entered(phase);
        Ok(last_accepted)
    }

    pub(crate) async fn shutdown(&self) -> Result<(), Refusal> {
        let closed = self.0.close(CLOSE_TIMEOUT).await;
        self.0.shut_down();
        Ok(closed?)
    }

    pub(crate) async fn version(&self) -> Result<String, Refusal> {
        call(self.vm().version()).await
    }

    pub(crate) async fn health(&self) -> Result<Vec<(&'static str, String)>, Refusal> {
        call(self.vm().health()).await
    }

    pub(crate) async fn gather(&self) -> Result<Vec<Family>, Refusal> {
        call(self.vm().gather()).await
    }

    pub(crate) async fn handlers(&self) -> Result<Vec<HttpHandler>, Refusal> {
        call(self.chain()?.handlers()).await
    }

    pub(crate) async fn wait_event(&self) -> Result<Event, Refusal> {
        let chain = self.chain()?;
        tokio::select! {
            event = call(chain.wait_event()) => event,
            () = self.0.ending() => Err(Refusal::Ending),
        }
    }

    /// Hosts build once they are through with what was decided before.
    pub(crate) async fn build(&self, context: Option<BlockContext>) -> Result<Block, Refusal> {
        let chain = self.chain()?;
        if self.0.phase() != Some(Phase::Normal) {
            return Err(Refusal::Order(format!("blocks are built in {} only", Phase::Normal)));
        }
        call(chain.build(context)).await
    }

    pub(crate) async fn parse(&self, bytes: Bytes) -> Result<BlockMeta, Refusal> {
        call(self.chain()?.parse(bytes)).await
    }

    /// Every block of a batch by itself, with what becomes of its outcome at once: of many long reasons none is kept. The
    /// first that ends the batch ends it.
    pub(crate) async fn parse_each<T>(
        &self,
        blocks: Vec<Bytes>,
        mut each: impl FnMut(usize, Bytes, Result<BlockMeta, Refusal>) -> Result<T, Refusal> + Send,
    ) -> Result<Vec<T>, Refusal>
    where
        T: Send,
    {
        let chain = self.chain()?;
        let mut parsed = Vec::with_capacity(blocks.len());
        for (index, bytes) in blocks.into_iter().enumerate() {
            let outcome = call(chain.parse(bytes.clone())).await;
            parsed.push(each(index, bytes, outcome)?);
        }
        Ok(parsed)
    }

    pub(crate) async fn get(&self, id: Id) -> Result<Block, Refusal> {
        call(self.chain()?.get(id)).await
    }

    pub(crate) async fn id_at_height(&self, height: u64) -> Result<Id, Refusal> {
        call(self.chain()?.id_at_height(height)).await
    }

    pub(crate) async fn set_preference(&self, id: Id) -> Result<(), Refusal> {
        call(self.chain()?.set_preference(id)).await
    }

    pub(crate) async fn verify(&self, bytes: Bytes, context: Option<BlockContext>) -> Result<u64, Refusal> {
        call(self.chain()?.verify(bytes, context)).await
    }

    pub(crate) async fn accept(&self, id: Id) -> Result<(), Refusal> {
        call(self.chain()?.accept(id)).await
    }

    pub(crate) async fn reject(&self, id: Id) -> Result<(), Refusal> {
        call(self.chain()?.reject(id)).await
    }

    pub(crate) async fn set_final(&self, height: u64) -> Result<(), Refusal> {
        call(self.chain()?.set_final(height)).await
    }

    pub(crate) async fn final_height(&self) -> Result<u64, Refusal> {
        call(self.chain()?.final_height()).await
    }

    /// A block and its parents within the bounds. The block itself is given whatever its size, so that a request always
    /// gets on.
    pub(crate) async fn ancestors(&self, mut id: Id, bounds: AncestorBounds) -> Result<Vec<Bytes>, Refusal> {
        let chain = self.chain()?;
        let started = Instant::now();
        let time_max = Duration::from_nanos(u64::try_from(bounds.nanos).unwrap_or(0));
        let bytes_max = usize::try_from(bounds.bytes).unwrap_or(0);
        let count_max = usize::try_from(bounds.count).unwrap_or(0);
        let mut bytes: usize = 0;
        let mut blocks = Vec::new();
        while blocks.len() < count_max && (blocks.is_empty() || started.elapsed() < time_max) {
            let block = match call(chain.get(id)).await {
                Ok(block) => block,
                Err(Refusal::Chain(VmError::NotFound)) => break,
                Err(error) => return Err(error),
            };
            bytes = bytes.saturating_add(block.bytes.len()).saturating_add(LENGTH_PREFIX_BYTES);
            if bytes > bytes_max && !blocks.is_empty() {
                break;
            }
            blocks.push(block.bytes);
            id = block.meta.parent;
        }
        Ok(blocks)
    }

    pub(crate) async fn connected(&self, node: NodeId, version: PeerVersion) {
        told(self.vm().connected(node, version)).await;
    }

    pub(crate) async fn disconnected(&self, node: NodeId) {
        told(self.vm().disconnected(node)).await;
    }

    pub(crate) async fn app_request(&self, request: AppRequest) {
        told(self.vm().app_request(request)).await;
    }

    pub(crate) async fn app_request_failed(&self, node: NodeId, request_id: u32, error: AppError) {
        told(self.vm().app_request_failed(node, request_id, error)).await;
    }

    pub(crate) async fn app_response(&self, node: NodeId, request_id: u32, response: Bytes) {
        told(self.vm().app_response(node, request_id, response)).await;
    }

    pub(crate) async fn app_gossip(&self, node: NodeId, message: Bytes) {
        told(self.vm().app_gossip(node, message)).await;
    }
}

/// A call of the chain; a panic in it is its error.
async fn call<T>(work: impl Future<Output = Result<T, VmError>> + Send) -> Result<T, Refusal> {
    let answered = guarded(work).await.unwrap_or_else(|panic| {
        tracing::error!(%panic, "a call of the host panicked");
        Err(VmError::Other(format!("internal error: {panic}")))
    });
    Ok(answered?)
}

/// Something about a peer. The host takes an error as the end of the chain, and a peer must not cause that, also where
/// its message meets a defect: a panic is in the log and nowhere else.
async fn told(work: impl Future<Output = ()> + Send) {
    if let Err(panic) = guarded(work).await {
        tracing::error!(%panic, "a message about a peer panicked");
    }
}

/// How long the host waits for the answer to `Shutdown`, whatever the chain is at. What was accepted is stored by then, and
/// what is not done is forgotten with the process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(4);

/// What the host counts for each block beside its bytes.
const LENGTH_PREFIX_BYTES: usize = 4;

//! The plugin: a host's calls translated to the chain and back. It decides nothing.

mod health;
mod overlay;

use crate::again::SYNC_EVERY_BLOCKS;
use crate::clock::{Clock, now_ms};
use crate::config::Config;
use crate::engine::{Engine, Owner};
use crate::folder::IN_HOSTS_FOLDER;
use crate::follow::{self, Followed};
use crate::gossip::Gossip;
use crate::gossip::network::{Network, OfHost};
use crate::log;
use crate::metrics::{Disk, Metrics};
use crate::node::{Choices, Node, Sealing};
use crate::plugin::overlay::OverOverlay;
use crate::rpc::api::Api;
use crate::rpc::limits::REQUESTS_BYTES_MAX;
use crate::rpc::service::{OPERATORS_PATH, RpcService};
use crate::truth::Recorder;
use alloy_primitives::B256;
use bytes::Bytes;
use pars_chain::block::{self, BlockId};
use pars_chain::engine::{Built, Context, Needs, Opening, Verdict};
use pars_chain::error::{Error, Misuse};
use pars_chain::execution::executor::{Place, predicate_rows};
use pars_chain::rules::predicate;
use pars_chain::state::meta::Head;
use pars_chain::store::Durability;
use pars_genesis::forks::HostUpgrades;
use pars_host::metric::Family;
use pars_host::{
    AppError, AppRequest, Block, BlockContext, BlockMeta, ChainVm, Event, Host, HttpHandler, Id, InitArgs,
    LastAccepted, NetworkUpgrades, NodeId, PeerVersion, Phase, SubnetValidators, VmError,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The chain as a host's plugin.
#[derive(Debug)]
pub struct Plugin {
    lever: log::Lever,
    running: OnceLock<Running>,
    /// Where there is a way to peers.
    gossip: Arc<OnceLock<Gossip>>,
    /// Where that way is not the host's.
    overlay: OnceLock<Arc<OverOverlay>>,
    phase: Mutex<Option<Phase>>,
    /// When the store was last synced while catching up, Unix milliseconds.
    synced_ms: AtomicU64,
    /// `Shutdown` came.
    stopping: AtomicBool,
    /// Block built on, and when: the host comes back at once after a build that gave nothing. No time of day: whoever sets
    /// the clock back must not have to wait for it.
    last_build: Mutex<Option<(BlockId, Instant)>>,
}

/// A chain that is open.
#[derive(Debug)]
struct Running {
    node: Arc<Node>,
    service: RpcService,
    metrics: Metrics,
    /// Whether operators have a path of their own.
    admin: bool,
}

/// While catching up, a crash costs at most so many milliseconds of blocks, or [`SYNC_EVERY_BLOCKS`]. The host gives them
/// again.
const SYNC_EVERY_MS: u64 = 1_000;
/// Pause before another build on the same block.
const REBUILD_PAUSE: Duration = Duration::from_millis(100);
/// File of submitted transactions beside the store's.
const JOURNAL: &str = "pool.journal";

impl Plugin {
    /// A plugin that no host has spoken to yet.
    #[must_use]
    pub fn new(lever: log::Lever) -> Self {
        Self {
            lever,
            running: OnceLock::new(),
            gossip: Arc::default(),
            overlay: OnceLock::new(),
            phase: Mutex::new(None),
            synced_ms: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            last_build: Mutex::new(None),
        }
    }

    fn node(&self) -> Result<&Arc<Node>, VmError> {
        self.running.get().map(|running| &running.node).ok_or_else(no_chain)
    }

    fn engine(&self) -> Result<Arc<Engine>, VmError> {
        self.node()?.engine().map_err(VmError::other)
    }

    /// Runs a call on the chain's thread.
    async fn on_chain<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Owner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, VmError> {
        let engine = self.engine()?;
        engine.call(call).await.map_err(VmError::other)?.map_err(VmError::other)
    }

    fn phase(&self) -> Option<Phase> {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn configure(&self, args: &InitArgs) -> Result<Config, VmError> {
        let config = Config::parse(&args.config).map_err(VmError::other)?;
        self.lever.set_json(config.log_json);
        for note in &config.notes {
            tracing::info!("configuration: {note}");
        }
        // After the notes: an operator asked for something, and hears that it does nothing.
        self.lever.set_level(config.log_level);
        Ok(config)
    }

    fn open(
        &self,
        args: &InitArgs,
        recorder: Option<Recorder>,
        noted: Option<Head>,
        config: Config,
    ) -> Result<Running, VmError> {
        let host = args.network_upgrades.as_ref().map(host_upgrades);
        if host.is_none() {
            tracing::info!("the host sends no upgrade schedule: genesis times, else Durango to Granite from the start");
        }
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| VmError::other(format!("airdrop file {}: {error}", path.display())))
        };
        let airdrop = config.airdrop.as_ref().map(read).transpose()?;
        let folder = args.chain_data_dir.join(IN_HOSTS_FOLDER);
        let opening = Opening {
            genesis: &args.genesis,
            upgrade: &args.upgrade,
            host,
            airdrop: airdrop.as_deref(),
            place: Place { network_id: args.network_id, blockchain_id: B256::from(*args.chain_id.as_bytes()) },
            history: config.history,
            skip_upgrade_check: config.skip_upgrade_check,
        };
        let followed = follow::open(&folder, &[JOURNAL], &opening, noted, &self.stopping);
        let Followed { store, chain, taken_back } = followed.map_err(VmError::other)?;
        let disk = Disk { folder: folder.clone(), columns: Box::new(store.sizes()) };
        if let Some(recorder) = &recorder {
            let head = Head { height: chain.head().height(), id: chain.head().id() };
            if noted != Some(head) {
                recorder.begin(head).wait().map_err(VmError::other)?;
            }
        }
        tracing::info!(
            chain_id = chain.spec().chain_id, genesis = %chain.genesis(), head = %chain.head().id(),
            height = chain.head().height(), "opened"
        );
        let choices = Choices {
            fee_recipient: config.fee_recipient,
            min_delay_target: config.min_delay_target,
            pool: config.pool,
            local_txs: config.local_txs,
            local_senders: config.local_senders.clone(),
            told_final: args.tells_final,
            journal: Some(folder.join(JOURNAL)),
        };
        let node = Arc::new(Node::start(chain, choices, Sealing::Host, recorder).map_err(VmError::other)?);
        follow::give_back(&node, taken_back);
        let api = Api::new(Arc::clone(&node), config.limits, config.groups, Clock::Machine);
        let service = RpcService::new(Arc::new(api));
        let metrics = Metrics::new(&service, Some(disk), Arc::clone(&self.gossip));
        Ok(Running { node, service, metrics, admin: config.admin_api })
    }

    /// Who hears what the host says of peers.
    fn gossip_of_host(&self) -> Option<&Gossip> {
        self.gossip.get().filter(|_| self.overlay.get().is_none())
    }

    fn last_accepted(&self) -> Result<LastAccepted, VmError> {
        let head = self.node()?.head();
        let bytes = head.block_bytes(head.height()).map_err(VmError::other)?;
        Ok(LastAccepted {
            id: id_of(head.id()),
            parent: id_of(BlockId(head.header().parent)),
            height: head.height(),
            bytes: bytes.ok_or_else(|| VmError::other("the last accepted block is missing"))?.0,
            timestamp_ms: host_time_ms(head.header()),
        })
    }

    /// How safe an accepted block must be before the answer.
    fn durability(&self, height: u64) -> Durability {
        if self.phase() == Some(Phase::Normal) {
            return Durability::Synced;
        }
        let now = now_ms();
        let due = now.saturating_sub(self.synced_ms.load(Ordering::Relaxed)) >= SYNC_EVERY_MS;
        if due || height.is_multiple_of(SYNC_EVERY_BLOCKS) {
            self.synced_ms.store(now, Ordering::Relaxed);
            return Durability::Synced;
        }
        Durability::Buffered
    }
}

impl ChainVm for Plugin {
    async fn initialize(&self, args: InitArgs, host: Arc<dyn Host>) -> Result<LastAccepted, VmError> {
        let config = self.configure(&args)?;
        let settings = config.gossip;
        // Before the store: what is wrong with it is found while nothing has to be closed.
        let network = network(&config, &args, &host)?;
        let (recorder, noted) = Recorder::open(Arc::clone(&host)).await.map_err(VmError::other)?;
        // Opening a store reads and may replay its log: not on a thread that serves others.
        let running = tokio::task::block_in_place(|| self.open(&args, recorder, noted, config))?;
        let node = Arc::clone(&running.node);
        if self.stopping.load(Ordering::Relaxed) {
            // `Shutdown` found nothing to close.
            node.close().await;
            return Err(VmError::other("Shutdown came"));
        }
        self.running.set(running).map_err(|_| VmError::other("Initialize came twice"))?;
        let way: Arc<dyn Network> = match network {
            None => return self.last_accepted(),
            Some(Way::Host(network)) => Arc::new(network),
            Some(Way::Overlay(overlay)) => Arc::<OverOverlay>::clone(self.overlay.get_or_init(|| Arc::new(overlay))),
        };
        let gossip = Gossip::start(node, args.node_id, way, settings).map_err(VmError::other)?;
        // Initialize comes once, as was found out above.
        drop(self.gossip.set(gossip));
        if let Some(overlay) = self.overlay.get() {
            overlay.start(&self.gossip);
        }
        self.last_accepted()
    }

    async fn set_state(&self, phase: Phase) -> Result<LastAccepted, VmError> {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(phase);
        tracing::info!(%phase, "state");
        if phase == Phase::Normal {
            self.on_chain(|owner| owner.attempt(|chain| Ok(chain.sync()?))).await?;
        }
        if let Some(gossip) = self.gossip.get() {
            gossip.serve(phase == Phase::Normal);
        }
        self.last_accepted()
    }

    async fn shutdown(&self) -> Result<(), VmError> {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(gossip) = self.gossip.get() {
            gossip.stop().await;
        }
        let overlay = async {
            if let Some(overlay) = self.overlay.get() {
                overlay.stop().await;
            }
        };
        let chain = async {
            if let Some(Running { node, .. }) = self.running.get() {
                node.close().await;
            }
        };
        tokio::join!(overlay, chain);
        Ok(())
    }

    async fn version(&self) -> Result<String, VmError> {
        Ok(env!("CARGO_PKG_VERSION").to_owned())
    }

    async fn health(&self) -> Result<Vec<(&'static str, String)>, VmError> {
        let Some(Running { node, metrics, .. }) = self.running.get() else { return Ok(Vec::new()) };
        if metrics.is_stopped() {
            // It says why.
            self.on_chain(|owner| Ok(owner.chain().map(drop)?)).await?;
        }
        let mut facts = health::report(node, metrics, self.phase(), now_ms())?;
        facts.extend(self.overlay.get().map(|overlay| ("overlay", overlay.facts().to_string())));
        Ok(facts)
    }

    async fn gather(&self) -> Result<Vec<Family>, VmError> {
        Ok(self.running.get().map(|running| running.metrics.gather(now_ms())).unwrap_or_default())
    }

    async fn handlers(&self) -> Result<Vec<HttpHandler>, VmError> {
        let Running { node, service, admin, .. } = self.running.get().ok_or_else(no_chain)?;
        let limits = service.api().limits();
        // What is longer than all requests together may be is refused, whatever the configuration says.
        let body_bytes_max = limits.request_bytes.min(REQUESTS_BYTES_MAX);
        let handler = |path: &str, service| HttpHandler::new(path, service).with_body_bytes_max(body_bytes_max);
        // Both paths answer both kinds of requests; clients know them from the Go node.
        let mut handlers = vec![handler("/rpc", service.clone()), handler("/ws", service.clone())];
        if *admin {
            handlers.push(handler(OPERATORS_PATH, RpcService::of_operators(Arc::clone(node), limits.clone())));
        }
        Ok(handlers)
    }

    async fn wait_event(&self) -> Result<Event, VmError> {
        let node = self.node()?;
        loop {
            node.wants_block().await;
            let preferred = node.preferred().id();
            let last = *self.last_build.lock().unwrap_or_else(PoisonError::into_inner);
            let pause = match last {
                Some((parent, at)) if parent == preferred => REBUILD_PAUSE.saturating_sub(at.elapsed()),
                Some(_) | None => Duration::ZERO,
            };
            if pause.is_zero() {
                return Ok(Event::BuildBlock);
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn build(&self, _context: Option<BlockContext>) -> Result<Block, VmError> {
        let node = self.node()?;
        let preferred = node.preferred().id();
        *self.last_build.lock().unwrap_or_else(PoisonError::into_inner) = Some((preferred, Instant::now()));
        match node.build().await.map_err(VmError::other)? {
            Built::Block(block) => Ok(Block { meta: meta_of(node, &block), bytes: block.bytes().0.clone() }),
            Built::Nothing => Err(VmError::other("the pool has nothing for a block")),
            Built::TooEarly { at_ms } => {
                Err(VmError::other(format!("too early: the next block may come at {at_ms} ms")))
            }
            Built::Refused(reason) => Err(VmError::other(reason)),
        }
    }

    async fn parse(&self, bytes: Bytes) -> Result<BlockMeta, VmError> {
        let block = block::Block::decode(bytes.into()).map_err(VmError::other)?;
        let node = self.node()?;
        node.check_syntax(&block).map_err(VmError::other)?;
        Ok(meta_of(node, &block))
    }

    async fn get(&self, id: Id) -> Result<Block, VmError> {
        let wanted = block_id(id);
        let found = self.on_chain(move |owner| owner.attempt(|chain| Ok(chain.block(wanted)?))).await?;
        let block = found.ok_or(VmError::NotFound)?;
        Ok(Block { meta: meta_of(self.node()?, &block), bytes: block.bytes().0.clone() })
    }

    async fn id_at_height(&self, height: u64) -> Result<Id, VmError> {
        let id = self.node()?.head().block_id(height).map_err(VmError::other)?;
        id.map(id_of).ok_or(VmError::NotFound)
    }

    async fn set_preference(&self, id: Id) -> Result<(), VmError> {
        let id = block_id(id);
        self.on_chain(move |owner| owner.set_preference(id)).await
    }

    async fn verify(&self, bytes: Bytes, _context: Option<BlockContext>) -> Result<u64, VmError> {
        let mut block = block::Block::decode(bytes.into()).map_err(VmError::other)?;
        self.node()?.adopt(&mut block);
        let block = Arc::new(block);
        let bootstrapped = self.phase() == Some(Phase::Normal);
        let timestamp_ms = host_time_ms(&block.header);
        let meters = Arc::clone(self.node()?.meters());
        let verified = self.on_chain(move |owner| {
            owner.attempt(|chain| {
                let since = Instant::now();
                let context = Context { now_ms: now_ms(), bootstrapped, verdicts: None };
                // Before the verdict: a block that is refused because its time is too far ahead tells the most.
                meters.note_time(block.header.unix_ms(), context.now_ms);
                let verdict = chain.verify(&block, context)?;
                meters.verify.add(since.elapsed());
                Ok(verdict)
            })
        });
        match verified.await? {
            Verdict::Valid => Ok(timestamp_ms),
            Verdict::Invalid(reason) => Err(VmError::other(reason)),
            Verdict::Needs(Needs::PredicateVerdicts) => {
                let text = "warp verification is not in this release";
                tracing::error!("{text}: no verdict on this block");
                Err(VmError::other(text))
            }
        }
    }

    async fn accept(&self, id: Id) -> Result<(), VmError> {
        let id = block_id(id);
        let durability = self.durability(self.node()?.head().height().saturating_add(1));
        if let Some(accepted) = self.on_chain(move |owner| owner.accept(id, durability)).await? {
            let (height, transactions) = (accepted.block.height(), accepted.block.transactions.len());
            tracing::debug!(height, transactions, gas = accepted.block.header.gas_used, "accepted");
        }
        Ok(())
    }

    async fn reject(&self, id: Id) -> Result<(), VmError> {
        let id = block_id(id);
        let rejected = self.engine()?.call(move |owner| owner.reject(id)).await;
        match rejected.map_err(VmError::other)? {
            // A block that is not held any more is rejected.
            Ok(_) | Err(Error::Misuse(Misuse::NotProcessing(_))) => Ok(()),
            Err(error) => Err(VmError::other(error)),
        }
    }

    async fn set_final(&self, height: u64) -> Result<(), VmError> {
        self.node()?.set_final(height).await.map_err(VmError::other)
    }

    async fn final_height(&self) -> Result<u64, VmError> {
        let node = self.node()?;
        Ok(node.final_height(&node.head()))
    }

    async fn connected(&self, node: NodeId, version: PeerVersion) {
        let PeerVersion { name, major, minor, patch } = version;
        tracing::debug!(release = format!("{name}/{major}.{minor}.{patch}"), "a peer is connected");
        if let Some(gossip) = self.gossip_of_host() {
            gossip.connected(node);
        }
    }

    async fn disconnected(&self, node: NodeId) {
        if let Some(gossip) = self.gossip_of_host() {
            gossip.disconnected(node);
        }
    }

    async fn app_request(&self, request: AppRequest) {
        if let Some(gossip) = self.gossip_of_host() {
            gossip.request(&request);
        }
    }

    async fn app_request_failed(&self, node: NodeId, request_id: u32, error: AppError) {
        if let Some(gossip) = self.gossip_of_host() {
            gossip.failed(node, request_id, &error);
        }
    }

    async fn app_response(&self, node: NodeId, request_id: u32, response: Bytes) {
        if let Some(gossip) = self.gossip_of_host() {
            gossip.response(node, request_id, &response);
        }
    }

    async fn app_gossip(&self, node: NodeId, message: Bytes) {
        if let Some(gossip) = self.gossip_of_host() {
            gossip.gossip(node, &message);
        }
    }
}

/// A way to peers.
enum Way {
    Host(OfHost),
    Overlay(OverOverlay),
}

/// The way to peers: the host's, or the overlay's, which is opened.
fn network(config: &Config, args: &InitArgs, host: &Arc<dyn Host>) -> Result<Option<Way>, VmError> {
    if args.server_addr.is_empty() {
        let overlay = OverOverlay::open(&config.overlay, args, host)?;
        if overlay.is_none() {
            tracing::info!(
                "the host lends no way to peers, and there is no overlay: transactions stay where they are submitted"
            );
        }
        return Ok(overlay.map(Way::Overlay));
    }
    if config.overlay.listen.is_some() {
        tracing::info!("the host lends a way to peers: the overlay is off");
    }
    let validators = SubnetValidators::new(Arc::clone(host), args.chain_id, args.subnet_id);
    Ok(Some(Way::Host(OfHost { host: Arc::clone(host), validators })))
}

fn no_chain() -> VmError {
    VmError::other("Initialize has not come yet")
}

fn meta_of(node: &Node, block: &block::Block) -> BlockMeta {
    let rows = predicate_rows(node.spec(), block.header.time);
    let predicates = block.transactions.iter().any(|tx| !predicate::of(tx, &rows).is_empty());
    BlockMeta {
        id: id_of(block.id()),
        parent: id_of(block.parent()),
        height: block.height(),
        timestamp_ms: host_time_ms(&block.header),
        verify_with_context: predicates,
    }
}

/// A block's time for the host, whose wrapper counts whole seconds, as the Go node gives it.
const fn host_time_ms(header: &block::Header) -> u64 {
    header.time.saturating_mul(1_000)
}

fn id_of(id: BlockId) -> Id {
    Id::from(id.0.0)
}

fn block_id(id: Id) -> BlockId {
    BlockId(B256::from(*id.as_bytes()))
}

const fn host_upgrades(times: &NetworkUpgrades) -> HostUpgrades {
    HostUpgrades {
        durango: times.durango,
        etna: times.etna,
        fortuna: times.fortuna,
        granite: times.granite,
        helicon: times.helicon,
    }
}

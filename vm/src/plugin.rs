//! The plugin: a host's calls translated to the chain and back. It decides nothing.

use crate::clock::{Clock, now_ms};
use crate::config::Config;
use crate::engine::{Engine, Owner};
use crate::folder::IN_HOSTS_FOLDER;
use crate::log;
use crate::node::{Choices, Node, Sealing};
use crate::rpc::api::Api;
use crate::rpc::service::{OPERATORS_PATH, RpcService};
use crate::store::rocks::Rocks;
use alloy_primitives::B256;
use bytes::Bytes;
use pars_chain::block::{self, BlockId};
use pars_chain::engine::{Built, Chain, Context, Needs, Opening, Verdict};
use pars_chain::error::{Error, Misuse};
use pars_chain::execution::executor::{Place, predicate_rows};
use pars_chain::rules::predicate;
use pars_chain::store::Durability;
use pars_genesis::forks::HostUpgrades;
use pars_host::{
    Block, BlockContext, BlockMeta, ChainVm, Event, Host, HttpHandler, Id, InitArgs, LastAccepted, NetworkUpgrades,
    Phase, VmError,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The chain as a host's plugin.
#[derive(Debug)]
pub struct Plugin {
    lever: log::Lever,
    running: OnceLock<Arc<Node>>,
    config: OnceLock<Config>,
    phase: Mutex<Option<Phase>>,
    /// When the store was last synced while catching up, Unix milliseconds.
    synced_ms: AtomicU64,
    /// Block built on, and when: the host comes back at once after a build that gave nothing.
    last_build: Mutex<Option<(BlockId, u64)>>,
}

/// While catching up, a crash costs at most this many blocks…
const SYNC_EVERY_BLOCKS: u64 = 256;
/// … or this many milliseconds of them. The host gives them again.
const SYNC_EVERY_MS: u64 = 1_000;
/// Pause before another build on the same block, milliseconds.
const REBUILD_MS: u64 = 100;
/// File of submitted transactions beside the store's.
const JOURNAL: &str = "pool.journal";

impl Plugin {
    /// A plugin that no host has spoken to yet.
    #[must_use]
    pub const fn new(lever: log::Lever) -> Self {
        Self {
            lever,
            running: OnceLock::new(),
            config: OnceLock::new(),
            phase: Mutex::new(None),
            synced_ms: AtomicU64::new(0),
            last_build: Mutex::new(None),
        }
    }

    fn node(&self) -> Result<&Arc<Node>, VmError> {
        self.running.get().ok_or_else(|| VmError::other("Initialize has not come yet"))
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

    fn open(&self, args: &InitArgs) -> Result<(Node, Config), VmError> {
        let config = Config::parse(&args.config).map_err(VmError::other)?;
        self.lever.set_json(config.log_json);
        for note in &config.notes {
            tracing::info!("configuration: {note}");
        }
        // After the notes: an operator asked for something, and hears that it does nothing.
        self.lever.set_level(config.log_level);
        let host = args.network_upgrades.as_ref().map(host_upgrades);
        if host.is_none() {
            tracing::info!("the host sends no upgrade schedule: genesis times, else Durango to Granite from the start");
        }
        let read = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| VmError::other(format!("airdrop file {}: {error}", path.display())))
        };
        let airdrop = config.airdrop.as_ref().map(read).transpose()?;
        let folder = args.chain_data_dir.join(IN_HOSTS_FOLDER);
        let store = Rocks::open(&folder).map_err(VmError::other)?;
        let opening = Opening {
            genesis: &args.genesis,
            upgrade: &args.upgrade,
            host,
            airdrop: airdrop.as_deref(),
            place: Place { network_id: args.network_id, blockchain_id: B256::from(*args.chain_id.as_bytes()) },
            history: config.history,
            skip_upgrade_check: config.skip_upgrade_check,
        };
        let chain = Chain::open(Arc::new(store), &opening).map_err(VmError::other)?;
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
            journal: Some(folder.join(JOURNAL)),
        };
        let node = Node::start(chain, choices, Sealing::Host).map_err(VmError::other)?;
        Ok((node, config))
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
    async fn initialize(&self, args: InitArgs, _host: Arc<dyn Host>) -> Result<LastAccepted, VmError> {
        // Opening a store reads and may replay its log: not on a thread that serves others.
        let (node, config) = tokio::task::block_in_place(|| self.open(&args))?;
        // Whoever comes second finds a chain that runs, below.
        drop(self.config.set(config));
        self.running.set(Arc::new(node)).map_err(|_| VmError::other("Initialize came twice"))?;
        self.last_accepted()
    }

    async fn set_state(&self, phase: Phase) -> Result<LastAccepted, VmError> {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(phase);
        tracing::info!(%phase, "state");
        if phase == Phase::Normal {
            self.on_chain(|owner| owner.attempt(|chain| Ok(chain.sync()?))).await?;
        }
        self.last_accepted()
    }

    async fn shutdown(&self) -> Result<(), VmError> {
        if let Some(node) = self.running.get() {
            node.close().await;
        }
        Ok(())
    }

    async fn version(&self) -> Result<String, VmError> {
        Ok(env!("CARGO_PKG_VERSION").to_owned())
    }

    async fn health(&self) -> Result<String, VmError> {
        if self.running.get().is_none() {
            return Ok("{}".to_owned());
        }
        let height = self.on_chain(|owner| Ok(owner.chain()?.head().height())).await?;
        Ok(format!("{{\"height\":{height}}}"))
    }

    async fn handlers(&self) -> Result<Vec<HttpHandler>, VmError> {
        let node = Arc::clone(self.node()?);
        let Config { limits, groups, admin_api, .. } = self.config.get().cloned().unwrap_or_default();
        let operators = admin_api.then(|| RpcService::of_operators(Arc::clone(&node), limits.clone()));
        let service = RpcService::new(Arc::new(Api::new(node, limits, groups, Clock::Machine)));
        // Both paths answer both kinds of requests; clients know them from the Go node.
        let handler = |path: &str| {
            HttpHandler::new(path, service.clone()).with_body_bytes_max(service.api().limits().request_bytes)
        };
        let operators = operators.map(|service| HttpHandler::new(OPERATORS_PATH, service));
        Ok([handler("/rpc"), handler("/ws")].into_iter().chain(operators).collect())
    }

    async fn wait_event(&self) -> Result<Event, VmError> {
        let node = self.node()?;
        loop {
            node.wants_block().await;
            let preferred = node.preferred().id();
            let last = *self.last_build.lock().unwrap_or_else(PoisonError::into_inner);
            let again_ms = match last {
                Some((parent, at)) if parent == preferred => at.saturating_add(REBUILD_MS),
                Some(_) | None => 0,
            };
            let now = now_ms();
            if again_ms <= now {
                return Ok(Event::BuildBlock);
            }
            tokio::time::sleep(std::time::Duration::from_millis(again_ms - now)).await;
        }
    }

    async fn build(&self, _context: Option<BlockContext>) -> Result<Block, VmError> {
        let node = self.node()?;
        let preferred = node.preferred().id();
        *self.last_build.lock().unwrap_or_else(PoisonError::into_inner) = Some((preferred, now_ms()));
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
        let verified = self.on_chain(move |owner| {
            owner.attempt(|chain| {
                let context = Context { now_ms: now_ms(), bootstrapped, verdicts: None };
                Ok(chain.verify(&block, context)?)
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

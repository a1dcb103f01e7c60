//! A chain that runs: its thread, its pool, and what RPC and hosts need of both.

use crate::arrivals::Arrivals;
use crate::blocks::Blocks;
use crate::clock::now_ms;
use crate::engine::{Closed, Engine, Shown};
use crate::journal::{Journal, JournalError};
use crate::keeper::{Keeper, Periods};
use crate::metrics::meters::Meters;
use crate::truth::Recorder;
use alloy_primitives::{Address, B256};
use pars_chain::block::{Block, BlockId};
use pars_chain::engine::{Built, Chain, Wish, next_block};
use pars_chain::error::{Error, Fatal, Invalid};
use pars_chain::execution::executor::Place;
use pars_chain::pool::{Limits, Origin, Pool, Refused};
use pars_chain::rules::syntax;
use pars_chain::store::Checkpoint;
use pars_chain::tx::Tx;
use pars_chain::view::View;
use pars_genesis::spec::ChainSpec;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// What an operator chooses.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Who receives the fees of own blocks, where the chain leaves it open.
    pub fee_recipient: Option<Address>,
    /// Minimum delay between blocks to move toward, milliseconds.
    pub min_delay_target: Option<u64>,
    /// Bounds of the pool.
    pub pool: Limits,
    /// Whoever submits a transaction here is a local sender.
    pub local_txs: bool,
    /// These are local senders in any case.
    pub local_senders: BTreeSet<Address>,
    /// Somebody says which blocks are final; else each is that is accepted.
    pub told_final: bool,
    /// Where submitted transactions are kept over a restart; none: nowhere.
    pub journal: Option<PathBuf>,
}

/// A chain that runs.
#[derive(Debug)]
pub struct Node {
    spec: Arc<ChainSpec>,
    genesis: BlockId,
    place: Place,
    engine: std::sync::Mutex<Option<Arc<Engine>>>,
    watched: watch::Receiver<Shown>,
    pool: Arc<Pool>,
    blocks: Arc<Blocks>,
    meters: Arc<Meters>,
    journal: Option<Arc<Journal>>,
    keeper: std::sync::Mutex<Option<Keeper>>,
    choices: Choices,
    /// Counts changes of the pool. A watch: a change that nobody waits for is still seen.
    changes: watch::Sender<u64>,
    arrivals: Arrivals,
    submissions: Arrivals,
    sealing: Sealing,
    /// Height up to which blocks are final, where somebody says so.
    finality: Option<AtomicU64>,
    /// Held while a backup is made.
    backup: tokio::sync::Mutex<()>,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// One is enough.
    #[error("another backup is being made")]
    Busy,
    /// Nobody runs the chain any more.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The chain failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// Whether an accepted transaction is waited for before a submission is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealing {
    /// The chain seals by itself: an answer comes after the block.
    Instant,
    /// A host decides, or a clock that is too slow to wait for.
    Host,
}

/// Why a chain was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The system gives no thread.
    #[error("starting a thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The file of submitted transactions cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Node {
    /// Starts a chain. With a recorder, accepted blocks are noted there before they are shown.
    ///
    /// # Errors
    /// When the store failed, the system gives no thread, or the journal cannot be used.
    pub fn start(
        chain: Chain,
        choices: Choices,
        sealing: Sealing,
        recorder: Option<Recorder>,
    ) -> Result<Self, StartError> {
        let finality = choices.told_final.then(|| chain.final_height()).transpose()?;
        let finality = finality.map(|height| AtomicU64::new(height.unwrap_or(0)));
        let (spec, genesis, place) = (Arc::clone(chain.spec()), chain.genesis(), chain.place());
        let pool = Arc::new(Pool::new(Arc::clone(&spec), choices.pool, chain.head())?);
        let journal = choices.journal.as_ref().map(|path| recover(path.clone(), &pool, &choices, chain.head()));
        let journal = journal.transpose()?.map(Arc::new);
        let blocks = Arc::new(Blocks::default());
        let meters = Arc::new(Meters::default());
        let engine = Engine::start(chain, Arc::clone(&pool), Arc::clone(&blocks), Arc::clone(&meters), recorder)?;
        let watched = engine.watch();
        let changes = watch::Sender::new(0);
        let keeper = Keeper::start(Arc::clone(&pool), journal.clone(), changes.clone(), Periods::default())?;
        Ok(Self {
            spec,
            genesis,
            place,
            engine: std::sync::Mutex::new(Some(Arc::new(engine))),
            watched,
            pool,
            blocks,
            meters,
            journal,
            keeper: std::sync::Mutex::new(Some(keeper)),
            choices,
            changes,
            arrivals: Arrivals::default(),
            submissions: Arrivals::default(),
            sealing,
            finality,
            backup: tokio::sync::Mutex::new(()),
        })
    }

    /// Rules of the chain.
    #[must_use]
    pub fn spec(&self) -> &ChainSpec {
        &self.spec
    }

    /// What the chain is on its host.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// What a block must look like whatever its parent is. Genesis is exempt.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn check_syntax(&self, block: &Block) -> Result<(), Box<Invalid>> {
        if block.id() == self.genesis {
            return Ok(());
        }
        syntax::check(block, self.spec.rules(block.header.time)).map_err(Box::new)
    }

    /// Last accepted block.
    #[must_use]
    pub fn head(&self) -> View {
        self.watched.borrow().head.clone()
    }

    /// Height up to which blocks are final: never above the last accepted one.
    #[must_use]
    pub fn final_height(&self, head: &View) -> u64 {
        self.finality.as_ref().map_or_else(|| head.height(), |told| told.load(Ordering::Relaxed).min(head.height()))
    }

    /// Blocks up to this height are final. What was told before still is.
    ///
    /// # Errors
    /// The chain failed, or nobody runs it any more.
    pub async fn set_final(&self, height: u64) -> Result<(), Error> {
        let engine = self.engine().map_err(closed)?;
        engine.call(move |owner| owner.attempt(|chain| Ok(chain.set_final(height)?))).await.map_err(closed)??;
        if let Some(told) = &self.finality {
            told.fetch_max(height, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Block that the next one is built on.
    #[must_use]
    pub fn preferred(&self) -> View {
        self.watched.borrow().preferred.clone()
    }

    /// Nonce of an account's next transaction, those in the pool counted.
    ///
    /// # Errors
    /// When the store failed.
    pub fn pending_nonce(&self, address: Address) -> Result<u64, Fatal> {
        self.pool.pending_nonce(address, &self.preferred())
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// What is counted while it happens.
    #[must_use]
    pub const fn meters(&self) -> &Arc<Meters> {
        &self.meters
    }

    /// Bytes of the file of submitted transactions; none where they are not kept.
    #[must_use]
    pub fn journal_bytes(&self) -> Option<u64> {
        self.journal.as_ref().map(|journal| journal.bytes())
    }

    /// Accepted blocks, decoded.
    #[must_use]
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Transactions as they became executable.
    #[must_use]
    pub const fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// Transactions as they were submitted here, parked ones too, and those that were here already once more.
    #[must_use]
    pub const fn submissions(&self) -> &Arrivals {
        &self.submissions
    }

    /// Tells of each change of what readers see; an error after [`Self::close`].
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Shown> {
        self.watched.clone()
    }

    /// The chain's thread.
    ///
    /// # Errors
    /// After [`Self::close`].
    pub fn engine(&self) -> Result<Arc<Engine>, Closed> {
        let engine = self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        engine.clone().ok_or(Closed)
    }

    /// Takes a transaction into the pool. Runs on the caller's thread.
    ///
    /// Where there is a journal, the transaction is in it before this returns: from there on it survives the end of the
    /// process, and after a second the end of the machine.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn submit(&self, tx: Arc<Tx>) -> Result<B256, Refused> {
        let hash = tx.hash();
        let taken = self.pool.admit(Arc::clone(&tx), self.choices.origin(&tx), now_ms());
        if matches!(taken, Ok(_) | Err(Refused::AlreadyKnown)) {
            if let Some(journal) = &self.journal {
                // One that is here already may have come another way.
                journal.keep(&tx, &self.pool);
            }
            self.submissions.push(&[hash]);
        }
        self.taken(&taken?);
        Ok(hash)
    }

    /// Takes a transaction of a peer into the pool. Runs on the caller's thread. It is not kept over a restart: whoever it
    /// was submitted to keeps it.
    ///
    /// # Errors
    /// Why it was not taken.
    pub fn receive(&self, tx: Arc<Tx>) -> Result<(), Refused> {
        let hash = tx.hash();
        if self.pool.arrival(hash).is_some() {
            // Before the sender is recovered, who decides how it is treated.
            return Err(Refused::AlreadyKnown);
        }
        let origin = if self.choices.favours(&tx) { Origin::Local } else { Origin::Remote };
        self.taken(&self.pool.admit(tx, origin, now_ms())?);
        Ok(())
    }

    fn taken(&self, executable: &[B256]) {
        self.arrivals.push(executable);
        self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// Waits until a submitted transaction is in an accepted block, where the chain seals by itself. One that the next
    /// block cannot hold (a nonce is missing, a fee cap is below the base fee, the clock has not come that far) is not
    /// waited for, and none longer than [`SETTLE_TIMEOUT`].
    ///
    /// # Errors
    /// When the chain stopped, and nobody seals any more.
    pub async fn settled(&self, hash: B256) -> Result<(), Closed> {
        if self.sealing == Sealing::Host {
            return Ok(());
        }
        let settled = tokio::time::timeout(SETTLE_TIMEOUT, async {
            let mut watched = self.watched.clone();
            loop {
                let stopped = watched.borrow_and_update().stopped;
                // The pool lets go of a transaction before its block is shown; so once it is gone, so is the wait.
                if !self.waits_for_block(hash) {
                    break;
                }
                if stopped || watched.changed().await.is_err() {
                    return Err(Closed);
                }
            }
            // The pool is refreshed just before the block is shown.
            let mined = |shown: &Shown| shown.stopped || !matches!(shown.head.transaction(hash), Ok(None));
            if self.pool.get(hash).is_none() {
                drop(tokio::time::timeout(SHOW_TIMEOUT, watched.wait_for(mined)).await);
            }
            Ok(())
        });
        settled.await.unwrap_or(Ok(()))
    }

    /// Replaces transactions of a decoded block by those of the pool, whose senders are recovered already.
    pub fn adopt(&self, block: &mut Block) {
        for tx in &mut block.transactions {
            if let Some(known) = self.pool.get(tx.hash()) {
                *tx = known;
            }
        }
    }

    /// Whether a transaction is in the pool and the next block can hold it.
    fn waits_for_block(&self, hash: B256) -> bool {
        let sender = self.pool.get(hash).and_then(|tx| tx.sender());
        let Some(content) = sender.and_then(|sender| self.pool.content_of(sender)) else { return false };
        let now = now_ms();
        let Ok(Some(next)) = next_block(&self.spec, &self.preferred(), now) else { return false };
        let soon = u128::from(next.earliest_ms.saturating_sub(now)) <= SETTLE_TIMEOUT.as_millis();
        let mut paying = content.executable.iter().take_while(|tx| tx.fee_cap() >= u128::from(next.base_fee));
        soon && paying.any(|tx| tx.hash() == hash)
    }

    /// Builds a block on the preferred one.
    ///
    /// # Errors
    /// When the chain failed or is closed.
    pub async fn build(&self) -> Result<Built, Error> {
        let (pool, meters) = (Arc::clone(&self.pool), Arc::clone(&self.meters));
        let Choices { fee_recipient, min_delay_target, .. } = self.choices;
        let engine = self.engine().map_err(closed)?;
        let built = engine.call(move |owner| {
            owner.attempt(|chain| {
                let now_ms = now_ms();
                let wish = Wish { now_ms, fee_recipient, min_delay_target, verdicts: None };
                let Some(parent) = chain.view(chain.preferred()) else { return Ok(Built::Nothing) };
                let Some(next) = next_block(chain.spec(), &parent, now_ms)? else { return Ok(Built::Nothing) };
                let since = std::time::Instant::now();
                let mut candidates = pool.candidates(&parent, next.base_fee, 0);
                let built = chain.build(&mut candidates, wish)?;
                if matches!(built, Built::Block(_)) {
                    meters.build.add(since.elapsed());
                    meters.built.add(1);
                }
                Ok(built)
            })
        });
        built.await.map_err(closed)?
    }

    /// Waits until the pool holds something for a block on the preferred one and its delay has passed.
    ///
    /// Level-triggered: it looks before it waits, and looks again at least every [`POLL_MS`].
    pub async fn wants_block(&self) {
        let mut watched = self.watched.clone();
        let mut changes = self.changes.subscribe();
        loop {
            let preferred = watched.borrow_and_update().preferred.clone();
            changes.borrow_and_update();
            let now = now_ms();
            let wait = match next_block(&self.spec, &preferred, now) {
                Ok(Some(next)) if self.pool.wants_block(&preferred, next.base_fee, 0) => {
                    if next.earliest_ms <= now {
                        return;
                    }
                    (next.earliest_ms - now).min(POLL_MS)
                }
                Ok(_) => POLL_MS,
                Err(fatal) => {
                    tracing::error!(%fatal, "reading the preferred block");
                    POLL_MS
                }
            };
            let pause = tokio::time::sleep(std::time::Duration::from_millis(wait));
            tokio::select! {
                () = pause => {}
                // An ended channel, which is the end of the chain, wakes nobody: it would do so without a pause.
                Ok(()) = watched.changed() => {}
                Ok(()) = changes.changed() => {}
            }
        }
    }

    /// Makes a copy of the whole store under a name, while the chain goes on.
    ///
    /// # Errors
    /// When another one is being made, the chain is closed, or the copy cannot be made.
    pub async fn backup(&self, name: String) -> Result<Checkpoint, BackupError> {
        let _alone = self.backup.try_lock().map_err(|_| BackupError::Busy)?;
        let store = self.engine()?.call(|owner| owner.chain().map(|chain| Arc::clone(chain.store()))).await??;
        let made = tokio::task::spawn_blocking(move || store.checkpoint(&name)).await;
        let made = made.map_err(|panic| Fatal::Bug(format!("a backup: {panic}")))?.map_err(Fatal::from)?;
        tracing::info!(place = made.place, height = made.head.height, "backup");
        Ok(made)
    }

    /// Ends the chain's thread. What runs on it is waited for. The store closes with the last view of it.
    pub async fn close(&self) {
        // A backup reads the store; there is none after this.
        let _alone = self.backup.lock().await;
        let engine = self.engine.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(mut engine) = engine else { return };
        let closing = tokio::task::spawn_blocking(move || {
            // Calls that still run hold the handle; each is short.
            loop {
                match Arc::try_unwrap(engine) {
                    Ok(engine) => return engine.close(),
                    Err(shared) => engine = shared,
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        drop(closing.await);
        // Last, so that it notes what the last blocks made of the pool.
        let keeper = self.keeper.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        drop(tokio::task::spawn_blocking(move || drop(keeper)).await);
    }
}

impl Choices {
    /// How the pool is to treat a transaction that is submitted here.
    fn origin(&self, tx: &Tx) -> Origin {
        if self.local_txs || self.favours(tx) { Origin::Local } else { Origin::Remote }
    }

    /// Whether the operator favours the sender wherever the transaction comes from.
    fn favours(&self, tx: &Tx) -> bool {
        !self.local_senders.is_empty() && tx.sender().is_some_and(|by| self.local_senders.contains(&by))
    }
}

/// Opens the journal and gives the pool back what it had.
fn recover(path: PathBuf, pool: &Pool, choices: &Choices, head: &View) -> Result<Journal, StartError> {
    let (journal, contents) = Journal::open(path)?;
    let total = contents.alive.len();
    // Mined ones are known by their hashes, which is cheaper than by their senders.
    let mut waiting = Vec::new();
    for kept in contents.alive {
        if head.transaction(kept.tx.hash())?.is_none() {
            let origin = choices.origin(&kept.tx);
            waiting.push((kept, origin));
        }
    }
    let waiting = pool.restore(waiting, contents.arrivals, now_ms())?;
    if total > 0 {
        tracing::info!(kept = total, waiting, "transactions kept over the restart");
    }
    journal.rewrite(pool);
    Ok(journal)
}

/// How long a transaction is waited for. Clients give up after ten seconds.
pub const SETTLE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// How long a block that was accepted may take to be shown.
const SHOW_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Longest time between two looks at the pool, milliseconds: a wake-up that got lost costs no more.
pub const POLL_MS: u64 = 500;

/// A chain that is closed although somebody needs it.
pub(crate) fn closed(_: Closed) -> Error {
    Fatal::Bug("the chain is closed".to_owned()).into()
}

//! [`Gossip`]: the tasks, threads and queues of a running node.
//!
//! Messages of peers are looked at on the host's call, which never waits: what is to be sent goes into a queue, and
//! transactions into the [`Inbox`], whose workers recover senders and ask the pool. Whatever does not fit is dropped and
//! counted; a transaction that is lost is told again, or asked for. What peers ask for has a queue of its own, so that it
//! displaces nothing that this node wants to say.

use crate::clock;
use crate::gossip::inbox::Inbox;
use crate::gossip::network::{Network, NetworkError};
use crate::gossip::settings::{Settings, ms};
use crate::gossip::state::{Action, Counts, PUSHES_MAX, State};
use crate::node::Node;
use alloy_primitives::B256;
use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use pars_chain::pool::Refused;
use pars_chain::tx::Tx;
use pars_host::{AppError, AppRequest, NodeId};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Pushes and questions that wait to be given to the host. Where there is no room the next tick says it.
const OWN_MAX: usize = 64;
/// Answers and refusals that wait. Beyond half of them refusals are silence.
const REPLIES_MAX: usize = 1_024;
/// The host takes a message within this time, or it is lost.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Validator sets are read this often, as in the Go node.
const VALIDATORS_EVERY: Duration = Duration::from_secs(10);
/// And this soon after a failure.
const VALIDATORS_RETRY: Duration = Duration::from_secs(1);
/// Workers at most; they have half of the processors.
const WORKERS_MAX: usize = 4;

/// Gossip that runs, until [`Self::stop`].
pub struct Gossip {
    shared: Arc<Shared>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    workers: Mutex<Vec<std::thread::JoinHandle<()>>>,
}

struct Shared {
    node: Arc<Node>,
    network: Arc<dyn Network>,
    settings: Settings,
    /// The state's times count from here.
    started: Instant,
    state: Mutex<State>,
    inbox: Mutex<Inbox>,
    /// Something is in the inbox, or it is over.
    filled: Condvar,
    stopping: AtomicBool,
    own: mpsc::Sender<Action>,
    replies: mpsc::Sender<Action>,
    serving: Notify,
    admitted: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicBool,
}

/// Who is there, and what was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Nodes that are connected.
    pub peers: u64,
    /// Those of them that validate.
    pub validators: u64,
    /// What the messages were.
    pub messages: Counts,
    /// Transactions of peers that came into the pool.
    pub admitted: u64,
    /// Transactions of peers that did not; most of them were there already.
    pub refused: u64,
    /// Messages and transactions for which there was no room.
    pub dropped: u64,
}

impl Gossip {
    /// Starts it for this node, silent: it listens who is there, and remembers what is submitted. Called within a runtime,
    /// before the first transaction comes; what the pool holds by then was submitted here before a restart.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(node: Arc<Node>, me: NodeId, network: Arc<dyn Network>, settings: Settings) -> std::io::Result<Self> {
        let (own, own_queue) = mpsc::channel(OWN_MAX);
        let (replies, reply_queue) = mpsc::channel(REPLIES_MAX);
        let mut state = State::new(me, settings, B256::random().0);
        let kept: Vec<B256> = node.pool().arrived().iter().map(|arrived| arrived.tx.hash()).collect();
        for hash in &kept {
            state.submitted(*hash, 0);
        }
        state.arrived(&kept, node.pool());
        let shared = Arc::new(Shared {
            node,
            network,
            settings,
            started: Instant::now(),
            state: Mutex::new(state),
            inbox: Mutex::default(),
            filled: Condvar::new(),
            stopping: AtomicBool::new(false),
            own,
            replies,
            serving: Notify::new(),
            admitted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failed: AtomicBool::new(false),
        });
        let tasks = vec![
            tokio::spawn(send(Arc::clone(&shared), own_queue, reply_queue)),
            tokio::spawn(push(Arc::clone(&shared))),
            tokio::spawn(pull(Arc::clone(&shared))),
            tokio::spawn(follow_validators(Arc::clone(&shared))),
        ];
        let gossip = Self { shared, tasks: Mutex::new(tasks), workers: Mutex::default() };
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for number in 0..(processors / 2).clamp(1, WORKERS_MAX) {
            let shared = Arc::clone(&gossip.shared);
            let worker = std::thread::Builder::new().name(format!("gossip-{number}"));
            gossip.workers.lock().push(worker.spawn(move || work(&shared))?);
        }
        Ok(gossip)
    }

    /// Begins or ends to speak with peers: they are told nothing, and get no transactions, while the chain catches up.
    pub fn serve(&self, serving: bool) {
        self.shared.state.lock().serve(serving);
        if serving {
            self.shared.serving.notify_one();
        }
    }

    /// A node came.
    pub fn connected(&self, node: NodeId) {
        self.shared.state.lock().connected(node);
    }

    /// A node left.
    pub fn disconnected(&self, node: NodeId) {
        self.shared.state.lock().disconnected(node);
    }

    /// A peer asks.
    pub fn request(&self, request: &AppRequest) {
        // A deadline is a time of the host's clock, which is this machine's.
        if clock::now_ms() >= request.deadline_ms {
            return;
        }
        let action = self.shared.state.lock().request(self.shared.now_ms(), request, self.shared.node.pool());
        if let Some(action) = action {
            self.shared.reply(action);
        }
    }

    /// A peer did not answer.
    pub fn failed(&self, node: NodeId, request_id: u32, error: &AppError) {
        tracing::debug!(code = error.code, "a peer did not answer");
        self.shared.state.lock().failed(node, request_id);
    }

    /// A peer answers.
    pub fn response(&self, node: NodeId, request_id: u32, bytes: &Bytes) {
        let transactions = self.shared.state.lock().response(self.shared.now_ms(), node, request_id, bytes);
        self.shared.receive(node, &transactions);
    }

    /// A peer tells something.
    pub fn gossip(&self, node: NodeId, bytes: &Bytes) {
        let transactions = self.shared.state.lock().gossip(self.shared.now_ms(), node, bytes);
        self.shared.receive(node, &transactions);
    }

    /// Who is there, and what was counted.
    #[must_use]
    pub fn report(&self) -> Report {
        self.shared.report()
    }

    /// Ends it: nothing is sent from here on, and what waits is forgotten.
    pub async fn stop(&self) {
        self.shared.stop();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            task.abort();
            // An aborted task has nothing to say.
            drop(task.await);
        }
        let workers = std::mem::take(&mut *self.workers.lock());
        let joined = tokio::task::spawn_blocking(move || workers.into_iter().for_each(|worker| drop(worker.join())));
        drop(joined.await);
        tracing::debug!(report = ?self.report(), "gossip ended");
    }
}

impl Drop for Gossip {
    fn drop(&mut self) {
        self.shared.stop();
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }
}

impl Shared {
    /// Time since the start. The machine's clock may be set back, which would stop what waits for a time.
    fn now_ms(&self) -> u64 {
        ms(self.started.elapsed())
    }

    fn reply(&self, action: Action) {
        let refusal = matches!(action, Action::Refuse { .. });
        let room = !refusal || self.replies.capacity() > REPLIES_MAX / 2;
        if !room || self.replies.try_send(action).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn receive(&self, from: NodeId, transactions: &[Bytes]) {
        if transactions.is_empty() {
            return;
        }
        let mut inbox = self.inbox.lock();
        let dropped: usize = transactions.iter().map(|transaction| inbox.push(from, transaction)).sum();
        drop(inbox);
        self.dropped.fetch_add(u64::try_from(dropped).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.filled.notify_all();
    }

    /// The next transaction of a peer; none at the end.
    fn next(&self) -> Option<Bytes> {
        let mut inbox = self.inbox.lock();
        while !self.stopping.load(Ordering::Acquire) {
            if let Some((_, transaction)) = inbox.pop() {
                return Some(transaction);
            }
            self.filled.wait(&mut inbox);
        }
        None
    }

    fn admit(&self, transaction: &[u8]) {
        let admitted = match Tx::decode(transaction) {
            Ok(tx) => self.node.receive(Arc::new(tx)),
            Err(_) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return;
            }
        };
        match admitted {
            Ok(()) => drop(self.admitted.fetch_add(1, Ordering::Relaxed)),
            Err(refused) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                if let Refused::Fatal(fatal) = refused
                    && !self.failed.swap(true, Ordering::Relaxed)
                {
                    // Once: peers go on sending when a store has failed.
                    tracing::error!(%fatal, "looking at a transaction of a peer");
                }
            }
        }
    }

    fn report(&self) -> Report {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let state = self.state.lock();
        let (messages, (peers, validators)) = (state.counts(), state.neighbours());
        drop(state);
        Report {
            peers,
            validators,
            messages,
            admitted: read(&self.admitted),
            refused: read(&self.refused),
            dropped: read(&self.dropped),
        }
    }

    fn stop(&self) {
        // Under the lock, so that no worker misses it between its look and its wait.
        let inbox = self.inbox.lock();
        self.stopping.store(true, Ordering::Release);
        drop(inbox);
        self.filled.notify_all();
    }
}

/// A worker's life.
fn work(shared: &Shared) {
    while let Some(transaction) = shared.next() {
        // A panic costs the one transaction.
        if catch_unwind(AssertUnwindSafe(|| shared.admit(&transaction))).is_err() {
            tracing::error!("looking at a transaction of a peer panicked");
        }
    }
}

/// Gives messages to the network, one after the other: this node's own first.
async fn send(shared: Arc<Shared>, mut own: mpsc::Receiver<Action>, mut replies: mpsc::Receiver<Action>) {
    loop {
        let action = tokio::select! {
            biased;
            Some(action) = own.recv() => action,
            Some(action) = replies.recv() => action,
            else => return,
        };
        let sent = match timeout(SEND_TIMEOUT, deliver(shared.network.as_ref(), action)).await {
            Ok(sent) => sent.map_err(|error| error.to_string()),
            Err(_) => Err(format!("not within {} s", SEND_TIMEOUT.as_secs())),
        };
        if let Err(reason) = sent {
            shared.dropped.fetch_add(1, Ordering::Relaxed);
            tracing::debug!(reason, "a message to peers was not sent");
        }
    }
}

async fn deliver(network: &dyn Network, action: Action) -> Result<(), NetworkError> {
    match action {
        Action::Ask { to, request_id, bytes } => network.ask(to, request_id, bytes).await,
        Action::Answer { to, request_id, bytes } => network.answer(to, request_id, bytes).await,
        Action::Refuse { to, request_id, refusal } => network.refuse(to, request_id, refusal.into()).await,
        Action::Tell { to, bytes } => network.tell(to, bytes).await,
    }
}

/// Follows what was submitted and what became executable, and tells peers.
async fn push(shared: Arc<Shared>) {
    let mut ticks = interval(shared.settings.push_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut submitted, mut arrived) = (0, 0);
    loop {
        ticks.tick().await;
        let (hashes, next) = shared.node.submissions().since(submitted);
        submitted = next;
        let (executable, next) = shared.node.arrivals().since(arrived);
        arrived = next;
        let pool = shared.node.pool();
        // Without room nothing is told, and nothing counts as told.
        let room = shared.own.try_reserve_many(PUSHES_MAX).ok();
        let mut state = shared.state.lock();
        let now = shared.now_ms();
        for hash in hashes {
            state.submitted(hash, now);
        }
        state.arrived(&executable, pool);
        if let Some(room) = room {
            room.zip(state.push(now, pool)).for_each(|(place, action)| place.send(action));
        }
    }
}

/// Asks another validator.
async fn pull(shared: Arc<Shared>) {
    let mut ticks = interval(shared.settings.pull_every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Ok(room) = shared.own.try_reserve() else { continue };
        if let Some(action) = shared.state.lock().pull(shared.now_ms()) {
            room.send(action);
        }
    }
}

/// Keeps the validators up to date.
async fn follow_validators(shared: Arc<Shared>) {
    shared.serving.notified().await;
    let mut failing = false;
    loop {
        let pause = match shared.network.validators().await {
            Ok(validators) => {
                shared.state.lock().set_validators(&validators);
                failing = false;
                VALIDATORS_EVERY
            }
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, "reading the validators; gossip goes on with those known");
                }
                failing = true;
                VALIDATORS_RETRY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

impl fmt::Debug for Gossip {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Gossip").field("report", &self.report()).finish_non_exhaustive()
    }
}

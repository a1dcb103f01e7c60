//! [`Overlay`]: the tasks of a running overlay, and what the rest of the node says to it and hears of it.
//!
//! Whoever sends waits for nobody: a message for which there is no room is dropped and counted, and a question that cannot
//! be put fails. What happens is told one after the other, by one task.

use crate::book::Book;
use crate::certificate::{Certificate, DAY_S, Proven};
use crate::frame::{Frame, Hello};
use crate::identity::{Identity, IdentityError};
use crate::link::{self, Outbox};
use crate::refusal::Refusal;
use crate::room::Taken;
use crate::set::Set;
use crate::state::{Action, Counts, Link, Pace, State};
use crate::transport::{self, TransportError};
use crate::validators::Validators;
use aws_lc_rs::rand;
use bytes::Bytes;
use parking_lot::Mutex;
use pars_host::{AppError, AppRequest, Id, NodeId, PeerVersion, Recipients};
use quinn::{ClientConfig, Endpoint, VarInt};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Bytes of messages to all peers that wait.
const SENDING_BYTES: usize = 64 << 20;
/// Bytes of messages of all peers that are read or worked on.
const RECEIVING_BYTES: usize = 64 << 20;
/// The state looks around this often.
const TICK: Duration = Duration::from_millis(100);
/// The host answers who validates within this time.
const VALIDATORS_MAX: Duration = Duration::from_secs(10);
/// At the end, peers are waited for so long.
const END_MAX: Duration = Duration::from_secs(1);

/// Operators hear of the end of a certificate so long before.
const SOON_S: u64 = 30 * DAY_S;
/// And this often.
const DAY: Duration = Duration::from_secs(DAY_S);

/// What an overlay is started with.
#[derive(Debug)]
pub struct Options {
    /// Where it listens, and what it dials from.
    pub listen: SocketAddr,
    /// Where validators are, as far as the operator knows.
    pub peers: Vec<SocketAddr>,
    /// The chain.
    pub chain: Id,
    /// This node.
    pub node: NodeId,
    /// The release that this node runs.
    pub version: PeerVersion,
    /// The key and the certificate.
    pub identity: Identity,
    /// How long things take.
    pub timing: Timing,
}

/// How long things take. The defaults are for production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long the state takes for things.
    pub pace: Pace,
    /// A connection serves within this time, or is over.
    pub meeting_max: Duration,
    /// The validators are looked at this often.
    pub validators_every: Duration,
    /// And this soon after a failure.
    pub validators_retry: Duration,
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A validator is a peer from now on.
    Connected {
        /// Who.
        node: NodeId,
        /// The release that it runs.
        version: PeerVersion,
    },
    /// It no longer is.
    Disconnected {
        /// Who.
        node: NodeId,
    },
    /// A peer asks.
    Request(AppRequest),
    /// A peer answers.
    Response {
        /// Who.
        node: NodeId,
        /// The number of the question.
        request_id: u32,
        /// The answer.
        bytes: Bytes,
    },
    /// A peer refuses to answer, or does not.
    Failed {
        /// Who.
        node: NodeId,
        /// The number of the question.
        request_id: u32,
        /// Why.
        error: AppError,
    },
    /// A peer tells something.
    Gossip {
        /// Who.
        node: NodeId,
        /// What.
        bytes: Bytes,
    },
}

/// How many there are, and what was counted since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Connections and refusals.
    pub counts: Counts,
    /// Messages that peers have taken.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Messages of peers.
    pub received: u64,
    /// Messages for which there was no room, or no time.
    pub dropped: u64,
    /// Answers that nobody waits for.
    pub unasked: u64,
    /// The last second in which this node's certificate holds, Unix time.
    pub not_after: u64,
}

/// Why there is no overlay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The certificate is not one for here and now.
    #[error("this node's certificate: {0}")]
    Certificate(Refusal),
    /// The certificate is another node's.
    #[error("this node's certificate is for {named}, this node is {node}")]
    Node {
        /// Whom it names.
        named: NodeId,
        /// This node.
        node: NodeId,
    },
    /// The endpoint.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// An overlay, silent until [`Self::start`] and again from [`Self::stop`] on.
pub struct Overlay {
    shared: Arc<Shared>,
    timing: Timing,
    told: Mutex<Option<mpsc::UnboundedReceiver<Happened>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

/// What the tasks share.
pub(crate) struct Shared {
    chain: Id,
    pub(crate) endpoint: Endpoint,
    pub(crate) client: ClientConfig,
    pub(crate) hello: Bytes,
    pub(crate) welcome: Bytes,
    pub(crate) meeting_max: Duration,
    pub(crate) state: Mutex<State>,
    pub(crate) sending: Arc<Semaphore>,
    pub(crate) receiving: Arc<Semaphore>,
    pub(crate) traffic: Traffic,
    certificate: Certificate,
    /// The state's times count from here.
    started: Instant,
    /// Connections that serve.
    links: Mutex<BTreeMap<Link, Outbox>>,
    /// What is to be told. Messages hold room until they are told, so this has a bound.
    events: mpsc::UnboundedSender<Happened>,
}

/// What happened, with the room that it holds until it is told.
type Happened = (Event, Option<Taken>);

/// Messages, counted.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    received: AtomicU64,
    dropped: AtomicU64,
    unasked: AtomicU64,
}

impl Overlay {
    /// Opens it: from here on its address is taken, and everything that can be refused was accepted. Called within a runtime.
    ///
    /// # Errors
    /// When the certificate is not this node's, or the address cannot be listened on.
    pub fn open(options: Options) -> Result<Self, StartError> {
        let Options { listen, peers, chain, node, version, identity, timing } = options;
        let certificate = *identity.certificate();
        certificate.check(chain, unix_s()).map_err(StartError::Certificate)?;
        if certificate.claim().node != node {
            return Err(StartError::Node { named: certificate.claim().node, node });
        }
        let mut seed = [0; 32];
        rand::fill(&mut seed).map_err(|_| IdentityError::Unspecified)?;
        let (endpoint, client) = transport::open(listen, identity.key())?;
        let hello = Frame::Hello(Box::new(Hello { certificate, version }));
        let (happened, told) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            chain,
            endpoint,
            client,
            hello: hello.encode().unwrap_or_default(),
            welcome: Frame::Welcome.encode().unwrap_or_default(),
            meeting_max: timing.meeting_max,
            state: Mutex::new(State::new(node, timing.pace, Book::new(&peers, listen), seed)),
            sending: Arc::new(Semaphore::new(SENDING_BYTES)),
            receiving: Arc::new(Semaphore::new(RECEIVING_BYTES)),
            traffic: Traffic::default(),
            certificate,
            started: Instant::now(),
            links: Mutex::default(),
            events: happened,
        });
        Ok(Self { shared, timing, told: Mutex::new(Some(told)), tasks: Mutex::default() })
    }

    /// Starts it, once. What happens is told to `events`, which must not block.
    pub fn start(&self, validators: Arc<dyn Validators>, events: impl Fn(Event) + Send + Sync + 'static) {
        let Some(told) = self.told.lock().take() else { return };
        self.tasks.lock().extend([
            tokio::spawn(tell(told, events)),
            tokio::spawn(accept(Arc::clone(&self.shared))),
            tokio::spawn(look_around(Arc::clone(&self.shared))),
            tokio::spawn(follow(Arc::clone(&self.shared), validators, self.timing)),
        ]);
    }

    /// Who validates; none until somebody has said so.
    #[must_use]
    pub fn validators(&self) -> Option<Arc<Set>> {
        self.shared.state.lock().validators()
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.shared.endpoint.local_addr()
    }

    /// Asks peers. Of each comes one [`Event::Response`] or [`Event::Failed`].
    pub fn send_request(&self, nodes: &[NodeId], request_id: u32, request: Bytes) {
        let timeout_ms = self.shared.state.lock().request_ms();
        let frame = Frame::Request { id: request_id, timeout_ms, bytes: request }.encode();
        if frame.is_none() {
            self.shared.traffic.lost();
        }
        for node in nodes {
            let link = self.shared.state.lock().ask(*node, request_id, self.shared.now_ms());
            let sent = link.zip(frame.as_ref()).is_some_and(|(link, frame)| self.shared.send(link, frame));
            if !sent {
                self.shared.fail(*node, request_id, link.is_some());
            }
        }
    }

    /// Answers a peer.
    pub fn send_response(&self, node: NodeId, request_id: u32, response: Bytes) {
        self.shared.send_to(node, &Frame::Response { id: request_id, bytes: response });
    }

    /// Answers a peer with an error.
    pub fn send_error(&self, node: NodeId, request_id: u32, error: AppError) {
        self.shared.send_to(node, &Frame::Error { id: request_id, code: error.code, text: error.message });
    }

    /// Tells peers something. All of them validate, so `validators` and `peers` are so many of them, by chance, besides those
    /// that are named.
    pub fn send_gossip(&self, to: &Recipients, message: Bytes) {
        let Some(frame) = Frame::Gossip(message).encode() else {
            self.shared.traffic.lost();
            return;
        };
        let links = self.shared.state.lock().choose(to);
        for link in links {
            self.shared.send(link, &frame);
        }
    }

    /// How many there are, and what was counted.
    #[must_use]
    pub fn report(&self) -> Report {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let traffic = &self.shared.traffic;
        Report {
            counts: self.shared.state.lock().counts(),
            sent: read(&traffic.sent),
            sent_bytes: read(&traffic.sent_bytes),
            received: read(&traffic.received),
            dropped: read(&traffic.dropped),
            unasked: read(&traffic.unasked),
            not_after: self.shared.certificate.claim().not_after,
        }
    }

    /// Ends it: peers are told, and nothing happens from here on.
    pub async fn stop(&self) {
        // One that has not started never does.
        drop(self.told.lock().take());
        self.shared.end();
        // A peer that does not hear it finds out by itself.
        drop(timeout(END_MAX, self.shared.endpoint.wait_idle()).await);
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            task.abort();
            // An aborted task has nothing to say.
            drop(task.await);
        }
        tracing::debug!(report = ?self.report(), "the overlay ended");
    }
}

impl Drop for Overlay {
    fn drop(&mut self) {
        self.shared.end();
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

    /// Who has the transport key that a certificate names.
    pub(crate) fn verify(&self, certificate: &Certificate) -> Result<Proven, Refusal> {
        let set = self.state.lock().validators().ok_or(Refusal::Unready)?;
        // Not under the lock: it takes a millisecond.
        certificate.verify(&set, self.chain, unix_s())
    }

    pub(crate) fn prove(&self, link: Link, proven: Proven) -> Result<(), Refusal> {
        self.state.lock().prove(link, proven, self.now_ms())
    }

    /// A connection serves; false where it is over already.
    pub(crate) fn join(&self, link: Link, outbox: Outbox, version: PeerVersion) -> bool {
        let mut state = self.state.lock();
        let Some(joined) = state.join(link, self.now_ms()) else { return false };
        self.links.lock().insert(link, outbox);
        if joined.first {
            // Under the lock, so that all is told in the order in which it happened.
            self.happen(Event::Connected { node: joined.node, version }, None);
        }
        drop(state);
        joined.tell.into_iter().for_each(|action| self.act(action));
        true
    }

    /// A connection is over.
    pub(crate) fn leave(&self, link: Link) {
        let mut state = self.state.lock();
        self.links.lock().remove(&link);
        let left = state.leave(link, self.now_ms());
        let Some(node) = left.gone else { return };
        for request_id in left.failed {
            self.happen(Event::Failed { node, request_id, error: timed_out() }, None);
        }
        self.happen(Event::Disconnected { node }, None);
    }

    pub(crate) fn answered(&self, node: NodeId, id: u32) -> bool {
        self.state.lock().answered(node, id)
    }

    pub(crate) fn told(&self, link: Link, addresses: &[SocketAddr]) {
        self.state.lock().told(link, addresses, self.now_ms());
    }

    /// Has it told. Where nobody listens any more, it is over.
    pub(crate) fn happen(&self, event: Event, taken: Option<Taken>) {
        drop(self.events.send((event, taken)));
    }

    fn send_to(&self, node: NodeId, frame: &Frame) {
        let link = self.state.lock().link(node);
        match link.zip(frame.encode()) {
            Some((link, frame)) => drop(self.send(link, &frame)),
            None => self.traffic.lost(),
        }
    }

    /// Whether there was room for it.
    fn send(&self, link: Link, frame: &Bytes) -> bool {
        let sent = self.links.lock().get(&link).is_some_and(|outbox| outbox.send(frame));
        if !sent {
            self.traffic.lost();
        }
        sent
    }

    /// A question is not put. Where it was noted, it is so no longer.
    fn fail(&self, node: NodeId, request_id: u32, noted: bool) {
        let mut state = self.state.lock();
        // Where the peer has just gone, that it failed is told already.
        if !noted || state.answered(node, request_id) {
            self.happen(Event::Failed { node, request_id, error: timed_out() }, None);
        }
    }

    fn act(&self, action: Action) {
        match action {
            Action::Dial { .. } => {}
            Action::Close { link, refusal } => {
                if let Some(outbox) = self.links.lock().get(&link) {
                    outbox.close(refusal);
                }
                tracing::debug!(reason = %refusal, "a connection of the overlay is ended");
                self.state.lock().refuse(refusal);
            }
            Action::Fail { node, id } => {
                self.happen(Event::Failed { node, request_id: id, error: timed_out() }, None);
            }
            Action::Tell { addresses, .. } if addresses.is_empty() => {}
            Action::Tell { link, addresses } => {
                if let Some(frame) = Frame::Addresses(addresses).encode() {
                    self.send(link, &frame);
                }
            }
        }
    }

    fn end(&self) {
        self.endpoint.close(VarInt::from_u32(Refusal::Stopping.code()), b"");
    }
}

impl Traffic {
    pub(crate) fn sent(&self, taken: bool, bytes: usize) {
        if taken {
            self.sent.fetch_add(1, Ordering::Relaxed);
            self.sent_bytes.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
        } else {
            self.lost();
        }
    }

    pub(crate) fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lost(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn unasked(&self) {
        self.unasked.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells what happens, one after the other.
async fn tell(mut happened: mpsc::UnboundedReceiver<Happened>, events: impl Fn(Event)) {
    while let Some((event, taken)) = happened.recv().await {
        // A panic costs the one event.
        if catch_unwind(AssertUnwindSafe(|| events(event))).is_err() {
            tracing::error!("what a validator sent led to a panic");
        }
        drop(taken);
    }
}

/// Takes connections that others begin.
async fn accept(shared: Arc<Shared>) {
    while let Some(incoming) = shared.endpoint.accept().await {
        if !incoming.remote_address_validated() {
            // It has to come again with a token, which only the owner of the address gets. That costs a round trip, and
            // nothing is remembered until then. It may, as the address is not validated.
            drop(incoming.retry());
            continue;
        }
        let address = incoming.remote_address();
        let link = shared.state.lock().knock(address, shared.now_ms());
        match link {
            Ok(link) => drop(tokio::spawn(link::accept(Arc::clone(&shared), link, incoming))),
            Err(_) => incoming.refuse(),
        }
    }
}

/// Lets the state look around, and does what it says.
async fn look_around(shared: Arc<Shared>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let actions = shared.state.lock().tick(shared.now_ms(), unix_s());
        for action in actions {
            if let Action::Dial { link, address } = action {
                drop(tokio::spawn(link::dial(Arc::clone(&shared), link, address)));
            } else {
                shared.act(action);
            }
        }
    }
}

/// Keeps the validators up to date.
async fn follow(shared: Arc<Shared>, validators: Arc<dyn Validators>, timing: Timing) {
    let (mut known, mut failing, mut accepted) = (None, false, true);
    let mut warned: Option<Instant> = None;
    loop {
        let left_s = shared.certificate.claim().not_after.saturating_sub(unix_s());
        if left_s < SOON_S && warned.is_none_or(|at| at.elapsed() >= DAY) {
            tracing::warn!(days = left_s / DAY_S, "this node's certificate ends soon: make it anew, and start again");
            warned = Some(Instant::now());
        }
        let read = timeout(VALIDATORS_MAX, validators.current()).await;
        let pause = match read.map_err(|_| format!("not within {} s", VALIDATORS_MAX.as_secs())) {
            Ok(Ok(mut current)) => {
                current.sort_by_key(|validator| validator.node);
                if known.as_ref() != Some(&current) {
                    let named = current.clone();
                    // Each key is checked, which for thousands takes long.
                    let set = Arc::new(spawn_blocking(move || Set::of(&named)).await.unwrap_or_default());
                    shared.state.lock().set_validators(Arc::clone(&set));
                    let own = shared.certificate.verify(&set, shared.chain, unix_s());
                    if let Err(refusal) = &own
                        && accepted
                    {
                        tracing::warn!(reason = %refusal, "validators will not accept this node");
                    }
                    accepted = own.is_ok();
                    known = Some(current);
                }
                failing = false;
                timing.validators_every
            }
            Ok(Err(error)) => failed(&mut failing, &error, timing),
            Err(error) => failed(&mut failing, &error, timing),
        };
        sleep(pause).await;
    }
}

fn failed(failing: &mut bool, error: &dyn fmt::Display, timing: Timing) -> Duration {
    if !*failing {
        tracing::warn!(%error, "reading the validators; the overlay goes on with those known");
    }
    *failing = true;
    timing.validators_retry
}

/// What hosts say when a peer does not answer.
fn timed_out() -> AppError {
    AppError { code: -1, message: "timed out".to_owned() }
}

/// Unix milliseconds.
pub(crate) fn unix_ms() -> u64 {
    ms(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn unix_s() -> u64 {
    unix_ms() / 1_000
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            pace: Pace::default(),
            meeting_max: Duration::from_secs(5),
            validators_every: Duration::from_secs(10),
            validators_retry: Duration::from_secs(1),
        }
    }
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").field("report", &self.report()).finish_non_exhaustive()
    }
}

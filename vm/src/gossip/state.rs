//! [`State`]: what is done with each message and at each tick.

use crate::gossip::allowance::Pace;
use crate::gossip::bloom::Known;
use crate::gossip::chance::Chance;
use crate::gossip::held::Held;
use crate::gossip::message;
use crate::gossip::peers::Peers;
use crate::gossip::pulls::Pulls;
use crate::gossip::push::{Push, TARGET_BYTES};
use crate::gossip::settings::{Settings, ms};
use alloy_primitives::B256;
use bytes::Bytes;
use pars_host::{AppError, AppRequest, NodeId, Recipients, Validator};

/// Everything that gossip knows. Its times are milliseconds since some start and never go back, as a machine's clock does.
#[derive(Debug)]
pub struct State {
    me: NodeId,
    settings: Settings,
    serving: bool,
    chance: Chance,
    peers: Peers,
    push: Push,
    pace: Pace,
    known: Known,
    pulls: Pulls,
    counts: Counts,
}

/// Something to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A question to a peer.
    Ask {
        /// The peer.
        to: NodeId,
        /// Its number.
        request_id: u32,
        /// The question.
        bytes: Bytes,
    },
    /// The answer to a peer.
    Answer {
        /// The peer.
        to: NodeId,
        /// The peer's number.
        request_id: u32,
        /// The answer.
        bytes: Bytes,
    },
    /// The refusal of a peer's question.
    Refuse {
        /// The peer.
        to: NodeId,
        /// The peer's number.
        request_id: u32,
        /// Why.
        refusal: Refusal,
    },
    /// A message without an answer.
    Tell {
        /// Whom.
        to: Recipients,
        /// The message.
        bytes: Bytes,
    },
}

/// Why a question is not answered. Number and text are those of avalanchego's p2p package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is malformed.
    Unexpected,
    /// Nobody here knows such questions.
    Unregistered,
    /// Only validators are answered.
    NoValidator,
    /// The peer asks too often.
    Throttled,
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Transactions pushed.
    pub pushed: u64,
    /// Transactions given to peers that asked.
    pub given: u64,
    /// Transactions that came, by push or as an answer.
    pub came: u64,
    /// Messages and transactions beyond a peer's allowance.
    pub excess: u64,
    /// Messages that are none, or that nobody asked for.
    pub malformed: u64,
    /// Questions that were refused.
    pub refused: u64,
}

impl State {
    /// A node that knows nobody and nothing yet. The seed makes its choices unpredictable.
    #[must_use]
    pub fn new(me: NodeId, settings: Settings, seed: [u8; 32]) -> Self {
        let mut chance = Chance::new(seed);
        let known = Known::new(0, &mut chance);
        let (peers, push, pace, pulls, counts) = Default::default();
        Self { me, settings, serving: false, chance, peers, push, pace, known, pulls, counts }
    }

    /// What was counted.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Nodes that are connected, and those of them that validate.
    #[must_use]
    pub fn neighbours(&self) -> (u64, u64) {
        self.peers.count()
    }

    /// From here on it speaks with peers, or no longer: a node that catches up has no state to look at transactions with.
    pub const fn serve(&mut self, serving: bool) {
        self.serving = serving;
    }

    /// Whether this node validates, as far as it knows.
    #[must_use]
    pub fn validates(&self) -> bool {
        self.peers.validates(self.me)
    }

    /// A node came, which may be this one.
    pub fn connected(&mut self, node: NodeId) {
        self.peers.connect(node);
    }

    /// A node left.
    pub fn disconnected(&mut self, node: NodeId) {
        self.peers.disconnect(node);
    }

    /// The validators are these.
    pub fn set_validators(&mut self, validators: &[Validator]) {
        self.peers.set_validators(validators);
    }

    /// A transaction was submitted to this node, for the first time or again.
    pub fn submitted(&mut self, hash: B256, now_ms: u64) {
        if !self.push.add(hash, now_ms) {
            self.counts.excess += 1;
        }
    }

    /// These became executable here, wherever they came from.
    pub fn arrived(&mut self, hashes: &[B256], held: &impl Held) {
        let mut full = false;
        for hash in hashes {
            full |= !self.known.add(hash.as_slice());
        }
        if full {
            // With another salt, so that what two ids hid from each other comes to light.
            let executable = held.executable();
            let count: usize = executable.iter().map(Vec::len).sum();
            self.known = Known::new(count.saturating_mul(CHURN), &mut self.chance);
            let mut room = true;
            for hash in executable.iter().flatten() {
                room = self.known.add(hash.as_slice());
            }
            if !room {
                self.known.stretch();
            }
        }
    }

    /// Time to push: at most [`PUSHES_MAX`] messages, and what peers would not take waits for another time.
    pub fn push(&mut self, now_ms: u64, held: &impl Held) -> Vec<Action> {
        let Settings { push_stake_ppm, push_validators, push_peers, again_after, .. } = self.settings;
        let Settings { again_validators, again_peers, .. } = self.settings;
        let mut actions = Vec::new();
        if !self.serving {
            return actions;
        }
        let fresh = if self.pace.allows(now_ms) { self.push.fresh(now_ms, held) } else { Vec::new() };
        if !fresh.is_empty() {
            let top = self.peers.top(push_stake_ppm);
            let nodes = top.into_iter().filter(|node| *node != self.me).collect();
            let to = Recipients { nodes, validators: push_validators, non_validators: 0, peers: push_peers };
            actions.push(self.tell(to, &fresh, now_ms));
        }
        let again = if self.pace.allows(now_ms) { self.push.again(now_ms, ms(again_after), held) } else { Vec::new() };
        if !again.is_empty() {
            let validators = again_validators;
            let to = Recipients { nodes: Vec::new(), validators, non_validators: 0, peers: again_peers };
            actions.push(self.tell(to, &again, now_ms));
        }
        actions
    }

    /// Time to ask. A node that does not validate asks nobody: it would get no answer.
    pub fn pull(&mut self, now_ms: u64) -> Option<Action> {
        if !self.serving || !self.validates() {
            return None;
        }
        // As often as any other this node chooses itself and stays silent, as Go nodes do: their bound counts on it.
        let to = self.peers.any_near(&mut self.chance).filter(|node| *node != self.me)?;
        let request_id = self.pulls.ask(to, now_ms)?;
        Some(Action::Ask { to, request_id, bytes: message::pull_request(self.known.salt(), &self.known.encode()) })
    }

    /// A peer asks. `None`: it gets no answer. Whether its deadline is over is known to whoever has the host's clock.
    pub fn request(&mut self, now_ms: u64, request: &AppRequest, held: &impl Held) -> Option<Action> {
        let AppRequest { node: to, request_id, ref bytes, .. } = *request;
        if !self.peers.allowance(to, now_ms).take_message(now_ms) {
            self.counts.excess += 1;
            return None;
        }
        if request_id.is_multiple_of(2) {
            // State sync of the Go node, which is silent when it cannot answer.
            return None;
        }
        let answer = match message::split(bytes) {
            Ok((message::TRANSACTIONS, body)) if self.serving => self.answer(to, now_ms, &body, held),
            Ok(_) | Err(_) => Err(Refusal::Unregistered),
        };
        Some(match answer {
            Ok(bytes) => Action::Answer { to, request_id, bytes },
            Err(refusal) => {
                self.counts.refused += 1;
                Action::Refuse { to, request_id, refusal }
            }
        })
    }

    /// A peer answers: transactions to look at.
    pub fn response(&mut self, now_ms: u64, from: NodeId, request_id: u32, body: &Bytes) -> Vec<Bytes> {
        if !self.pulls.answered(from, request_id) {
            self.counts.malformed += 1;
            return Vec::new();
        }
        self.take(now_ms, from, body)
    }

    /// A peer refused to answer, or did not.
    pub fn failed(&mut self, from: NodeId, request_id: u32) {
        self.pulls.answered(from, request_id);
    }

    /// A peer tells something: transactions to look at.
    pub fn gossip(&mut self, now_ms: u64, from: NodeId, bytes: &Bytes) -> Vec<Bytes> {
        match message::split(bytes) {
            Ok((message::TRANSACTIONS, body)) if self.serving => self.take(now_ms, from, &body),
            // A handler of a later release, or a message too early.
            Ok(_) => Vec::new(),
            Err(_) => {
                self.counts.malformed += 1;
                Vec::new()
            }
        }
    }

    fn answer(&mut self, to: NodeId, now_ms: u64, body: &Bytes, held: &impl Held) -> Result<Bytes, Refusal> {
        if !self.peers.near(to) {
            return Err(Refusal::NoValidator);
        }
        if !self.peers.allows_request(to, now_ms, ms(self.settings.pull_every)) {
            return Err(Refusal::Throttled);
        }
        let (filter, salt) = message::pull(body).map_err(|_| Refusal::Unexpected)?;
        let executable = held.executable();
        // Some other sender first each time, so that everybody's come to be told.
        let start = self.chance.below(executable.len());
        let (before, from) = executable.split_at_checked(start).unwrap_or_default();
        let (mut transactions, mut size) = (Vec::new(), 0);
        for hash in from.iter().chain(before).flatten() {
            if filter.contains(hash.as_slice(), &salt) {
                continue;
            }
            let Some(bytes) = held.bytes(*hash) else { continue };
            size += bytes.len();
            transactions.push(bytes);
            if size > TARGET_BYTES {
                break;
            }
        }
        self.counts.given += count(transactions.len());
        Ok(message::pulled(transactions.iter().map(Bytes::as_ref)))
    }

    /// What of a push or an answer is within the peer's allowance.
    fn take(&mut self, now_ms: u64, from: NodeId, body: &Bytes) -> Vec<Bytes> {
        let allowance = self.peers.allowance(from, now_ms);
        if !allowance.take_message(now_ms) {
            self.counts.excess += 1;
            return Vec::new();
        }
        let Ok(mut transactions) = message::elements(body) else {
            self.counts.malformed += 1;
            return Vec::new();
        };
        let all = transactions.len();
        transactions.retain(|transaction| allowance.take_transaction(transaction.len(), now_ms));
        self.counts.came += count(transactions.len());
        self.counts.excess += count(all - transactions.len());
        transactions
    }

    fn tell(&mut self, to: Recipients, transactions: &[Bytes], now_ms: u64) -> Action {
        self.pace.pushed(transactions, now_ms);
        self.counts.pushed += count(transactions.len());
        Action::Tell { to, bytes: message::push(transactions.iter().map(Bytes::as_ref)) }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        let (code, message) = match refusal {
            Refusal::Unexpected => (-1, "unexpected error"),
            Refusal::Unregistered => (-2, "unregistered handler"),
            Refusal::NoValidator => (-3, "not a validator"),
            Refusal::Throttled => (-4, "throttled"),
        };
        Self { code, message: message.to_owned() }
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Messages that are pushed at a time: one of new transactions, one of those that wait.
pub const PUSHES_MAX: usize = 2;
/// A new filter has room for so many times the executable transactions.
const CHURN: usize = 3;

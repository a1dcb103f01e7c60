//! A network of [`State`]s in one thread: messages are late, lost or come twice, as a seed says.

use alloy_primitives::{B256, keccak256};
use bytes::Bytes;
use pars_host::{AppRequest, NodeId, Recipients, Validator};
use pars_tests::random::Random;
use pars_vm::gossip::held::{Held, Standing};
use pars_vm::gossip::state::Action;
use pars_vm::gossip::{Settings, State};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

/// A pool that knows nonces and nothing else. A transaction is its sender, its nonce and some filling.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    transactions: HashMap<B256, Bytes>,
    queues: BTreeMap<u32, BTreeMap<u64, B256>>,
}

pub(crate) fn transaction(sender: u32, nonce: u64) -> Bytes {
    [&sender.to_be_bytes()[..], &nonce.to_be_bytes(), &[7; 100]].concat().into()
}

fn parts(bytes: &[u8]) -> Option<(u32, u64)> {
    let (sender, rest) = bytes.split_first_chunk()?;
    Some((u32::from_be_bytes(*sender), u64::from_be_bytes(*rest.first_chunk()?)))
}

impl Pool {
    /// What became executable; nothing where it is here already.
    pub(crate) fn add(&mut self, bytes: &Bytes) -> Vec<B256> {
        let (Some((sender, nonce)), hash) = (parts(bytes), keccak256(bytes)) else { return Vec::new() };
        if self.transactions.insert(hash, bytes.clone()).is_some() {
            return Vec::new();
        }
        let before = self.ready(sender);
        self.queues.entry(sender).or_default().insert(nonce, hash);
        self.run(sender).skip(before).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.transactions.len()
    }

    fn run(&self, sender: u32) -> impl Iterator<Item = B256> {
        let queue = self.queues.get(&sender).into_iter().flatten();
        (0..).zip(queue).take_while(|(expected, (nonce, _))| expected == *nonce).map(|(_, (_, hash))| *hash)
    }

    fn ready(&self, sender: u32) -> usize {
        self.run(sender).count()
    }
}

impl Held for Pool {
    fn standing(&self, hash: B256) -> Standing {
        let Some((sender, nonce)) = self.transactions.get(&hash).and_then(|bytes| parts(bytes)) else {
            return Standing::Absent;
        };
        let ready = u64::try_from(self.ready(sender)).unwrap();
        if nonce < ready { Standing::Executable } else { Standing::Parked }
    }

    fn bytes(&self, hash: B256) -> Option<Bytes> {
        self.transactions.get(&hash).cloned()
    }

    fn executable(&self) -> Vec<Vec<B256>> {
        self.queues.keys().map(|sender| self.run(*sender).collect()).collect()
    }
}

/// How bad the network is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Messages of a thousand that are lost.
    pub(crate) lost: u64,
    /// Pushes of a thousand that are lost besides.
    pub(crate) pushes_lost: u64,
    /// Messages of a thousand that come twice.
    pub(crate) twice: u64,
    /// Longest delay, milliseconds.
    pub(crate) late_ms: u64,
}

#[derive(Debug)]
enum Event {
    Push,
    Pull,
    Request(AppRequest),
    Response { from: NodeId, request_id: u32, bytes: Bytes },
    Failed { to: NodeId, request_id: u32 },
    Gossip { from: NodeId, bytes: Bytes },
}

pub(crate) struct Node {
    pub(crate) state: State,
    pub(crate) pool: Pool,
}

/// Nodes, and what is under way between them.
pub(crate) struct Network {
    pub(crate) nodes: Vec<Node>,
    pub(crate) now_ms: u64,
    pub(crate) bytes_sent: u64,
    weather: Weather,
    random: Random,
    queue: BinaryHeap<Reverse<(u64, u64)>>,
    events: HashMap<u64, (usize, Event)>,
    sequence: u64,
    /// Whom it was asked of, and whether it was answered.
    asked: BTreeSet<(usize, u32)>,
}

/// When a host gives a question up.
const HOST_PATIENCE_MS: u64 = 10_000;

pub(crate) fn id(number: usize) -> NodeId {
    let mut bytes = [1; 20];
    bytes[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
    bytes.into()
}

fn number(node: NodeId) -> usize {
    usize::try_from(u64::from_be_bytes(*node.as_bytes().first_chunk().unwrap())).unwrap()
}

impl Network {
    /// All are connected with each other, and the first so many validate.
    pub(crate) fn new(count: usize, validators: usize, weather: Weather, seed: u64) -> Self {
        let all: Vec<Validator> = (0..validators)
            .map(|number| Validator { node: id(number), weight: 100, public_key: Bytes::new() })
            .collect();
        let mut random = Random(seed);
        let mut nodes = Vec::new();
        for me in 0..count {
            let mut entropy = [0; 32];
            entropy[..8].copy_from_slice(&random.below(u64::MAX).to_be_bytes());
            let mut state = State::new(id(me), Settings::default(), entropy);
            (0..count).for_each(|other| state.connected(id(other)));
            state.set_validators(&all);
            state.serve(true);
            nodes.push(Node { state, pool: Pool::default() });
        }
        let mut network = Self {
            nodes,
            now_ms: 1_000_000,
            bytes_sent: 0,
            weather,
            random,
            queue: BinaryHeap::new(),
            events: HashMap::new(),
            sequence: 0,
            asked: BTreeSet::new(),
        };
        for node in 0..count {
            let (push, pull) = (network.random.below(100), network.random.below(1_000));
            network.schedule(push, node, Event::Push);
            network.schedule(pull, node, Event::Pull);
        }
        network
    }

    /// A user gives a transaction to a node.
    pub(crate) fn submit(&mut self, node: usize, bytes: &Bytes) {
        let Node { state, pool } = &mut self.nodes[node];
        let executable = pool.add(bytes);
        state.submitted(keccak256(bytes), self.now_ms);
        state.arrived(&executable, pool);
    }

    /// Until so much time has passed.
    pub(crate) fn run(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while let Some(Reverse((at, sequence))) = self.queue.peek().copied()
            && at <= end
        {
            self.queue.pop();
            self.now_ms = at;
            let (node, event) = self.events.remove(&sequence).unwrap();
            self.handle(node, event);
        }
        self.now_ms = end;
    }

    /// How long until every node has so many transactions, at most `ms_max`; none: some has not.
    pub(crate) fn until_all_have(&mut self, count: usize, ms_max: u64) -> Option<u64> {
        let start = self.now_ms;
        while self.now_ms < start + ms_max {
            self.run(100);
            if self.nodes.iter().all(|node| node.pool.len() == count) {
                return Some(self.now_ms - start);
            }
        }
        None
    }

    /// A node tells another something of its own making.
    pub(crate) fn tell(&mut self, from: usize, to: usize, bytes: Bytes) {
        self.handle(to, Event::Gossip { from: id(from), bytes });
    }

    fn handle(&mut self, me: usize, event: Event) {
        let now = self.now_ms;
        let Node { state, pool } = &mut self.nodes[me];
        let (mut actions, mut came) = (Vec::new(), Vec::new());
        match event {
            Event::Push => {
                actions = state.push(now, pool);
                self.schedule(100, me, Event::Push);
            }
            Event::Pull => {
                actions.extend(state.pull(now));
                self.schedule(1_000, me, Event::Pull);
            }
            Event::Request(request) => actions.extend(state.request(now, &request, pool)),
            Event::Response { from, request_id, bytes } => {
                if self.asked.remove(&(me, request_id)) {
                    came = state.response(now, from, request_id, &bytes);
                }
            }
            Event::Failed { to, request_id } => {
                if self.asked.remove(&(me, request_id)) {
                    state.failed(to, request_id);
                }
            }
            Event::Gossip { from, bytes } => came = state.gossip(now, from, &bytes),
        }
        let Node { state, pool } = &mut self.nodes[me];
        for bytes in came {
            let executable = pool.add(&bytes);
            state.arrived(&executable, pool);
        }
        for action in actions {
            self.send(me, action);
        }
    }

    fn send(&mut self, me: usize, action: Action) {
        match action {
            Action::Ask { to, request_id, bytes } => {
                self.asked.insert((me, request_id));
                self.schedule(HOST_PATIENCE_MS, me, Event::Failed { to, request_id });
                let deadline_ms = self.now_ms + HOST_PATIENCE_MS;
                self.post(number(to), bytes.len(), false, || {
                    Event::Request(AppRequest { node: id(me), request_id, deadline_ms, bytes: bytes.clone() })
                });
            }
            Action::Answer { to, request_id, bytes } => {
                self.post(number(to), bytes.len(), false, || Event::Response {
                    from: id(me),
                    request_id,
                    bytes: bytes.clone(),
                });
            }
            Action::Refuse { to, request_id, .. } => {
                self.post(number(to), 20, false, || Event::Failed { to: id(me), request_id });
            }
            Action::Tell { to, bytes } => {
                for node in self.chosen(me, &to) {
                    self.post(node, bytes.len(), true, || Event::Gossip { from: id(me), bytes: bytes.clone() });
                }
            }
        }
    }

    /// As a host chooses: those that are named, and some validators; all validators have the first numbers here.
    fn chosen(&mut self, me: usize, to: &Recipients) -> BTreeSet<usize> {
        let mut chosen: BTreeSet<usize> = to.nodes.iter().map(|node| number(*node)).collect();
        let count = self.nodes.len();
        let validators: Vec<usize> = (0..count).filter(|other| self.nodes[*other].state.validates()).collect();
        let mut wanted = usize::try_from(to.validators).unwrap();
        let mut rest: Vec<usize> =
            validators.into_iter().filter(|other| *other != me && !chosen.contains(other)).collect();
        while wanted > 0 && !rest.is_empty() {
            let place = usize::try_from(self.random.below(u64::try_from(rest.len()).unwrap())).unwrap();
            chosen.insert(rest.swap_remove(place));
            wanted -= 1;
        }
        chosen.remove(&me);
        chosen
    }

    fn post(&mut self, to: usize, size: usize, push: bool, event: impl Fn() -> Event) {
        let Weather { lost, pushes_lost, twice, late_ms } = self.weather;
        self.bytes_sent += u64::try_from(size).unwrap();
        let copies = if self.random.below(1_000) < twice { 2 } else { 1 };
        for _ in 0..copies {
            let gone = self.random.below(1_000) < lost || push && self.random.below(1_000) < pushes_lost;
            let delay = 1 + self.random.below(late_ms.max(1));
            if !gone {
                self.schedule(delay, to, event());
            }
        }
    }

    fn schedule(&mut self, delay_ms: u64, node: usize, event: Event) {
        self.sequence += 1;
        self.queue.push(Reverse((self.now_ms + delay_ms, self.sequence)));
        self.events.insert(self.sequence, (node, event));
    }
}

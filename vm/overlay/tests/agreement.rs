//! Whole networks of states without a clock or sockets: whoever dials whom when, in the end each knows each, and both ends
//! of every pair keep the same one connection.

use bytes::Bytes;
use pars_host::{NodeId, Validator};
use pars_overlay::bls::{PublicKey, SecretKey};
use pars_overlay::book::Book;
use pars_overlay::certificate::Proven;
use pars_overlay::state::{Action, Link, Pace};
use pars_overlay::{Set, State};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Something that reaches a node.
#[derive(Debug, Clone)]
enum Event {
    /// The certificate of the other end of a connection.
    Proof { wire: usize, to: usize },
    /// The welcome of the other end.
    Welcome { wire: usize, to: usize },
    /// The other end is closed.
    Closed { wire: usize, to: usize },
    /// Where others are.
    Told { wire: usize, to: usize, addresses: Vec<SocketAddr> },
    /// The node looks around.
    Tick { node: usize },
}

/// A connection: who dialled, who accepted, and the number that each has for it while it is open there.
#[derive(Debug, Clone, Copy)]
struct Wire {
    ends: [(usize, Option<Link>); 2],
}

struct Network {
    chance: StdRng,
    states: Vec<State>,
    wires: Vec<Wire>,
    queue: BTreeMap<(u64, u64), Event>,
    queued: u64,
    now_ms: u64,
    key: PublicKey,
}

fn node(number: usize) -> NodeId {
    // In another order than they have as numbers.
    [u8::try_from((number * 7 + 3) % 23 + 1).expect("below 24"); 20].into()
}

fn at(number: usize) -> SocketAddr {
    SocketAddr::new(Ipv4Addr::new(10, 0, 0, u8::try_from(number + 1).expect("few nodes")).into(), 9_651)
}

impl Network {
    /// So many nodes, each of which knows some others at the start.
    fn new(seed: u64, knows: &[Vec<usize>]) -> Self {
        let key = SecretKey::from_bytes(&[1; 32]).expect("a key").public_key();
        let public_key = Bytes::from(key.to_long_bytes().to_vec());
        let validator = |number| Validator { node: node(number), weight: 1, public_key: public_key.clone() };
        let set = Arc::new(Set::of(&(0..knows.len()).map(validator).collect::<Vec<_>>()));
        let mut chance = StdRng::seed_from_u64(seed);
        let states = knows.iter().enumerate().map(|(number, peers)| {
            let peers: Vec<_> = peers.iter().map(|peer| at(*peer)).collect();
            let book = Book::new(&peers, at(number));
            let mut state = State::new(node(number), Pace::default(), book, chance.random());
            state.set_validators(Arc::clone(&set));
            state
        });
        let states = states.collect();
        let mut network = Self { chance, states, wires: Vec::new(), queue: BTreeMap::new(), queued: 0, now_ms: 0, key };
        for node in 0..knows.len() {
            network.later(Event::Tick { node });
        }
        network
    }

    /// It reaches whom it concerns after up to 300 ms.
    fn later(&mut self, event: Event) {
        self.queued += 1;
        let at_ms = self.now_ms + self.chance.random_range(1..=300);
        self.queue.insert((at_ms, self.queued), event);
    }

    fn run(&mut self, until_ms: u64) {
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > until_ms {
                break;
            }
            self.now_ms = entry.key().0;
            let event = entry.remove();
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        let now_ms = self.now_ms;
        match event {
            Event::Tick { node } => {
                for action in self.states[node].tick(now_ms, 0) {
                    self.act(node, action);
                }
                self.later(Event::Tick { node });
            }
            Event::Proof { wire, to } => {
                let Some(link) = self.wires[wire].ends[to].1 else { return };
                let proven =
                    Proven { node: node(self.wires[wire].ends[1 - to].0), key: self.key.clone(), not_after: 9 };
                match self.states[self.wires[wire].ends[to].0].prove(link, proven, now_ms) {
                    Ok(()) => self.later(Event::Welcome { wire, to: 1 - to }),
                    Err(_) => self.close(wire, to),
                }
            }
            Event::Welcome { wire, to } => {
                let (number, link) = self.wires[wire].ends[to];
                let Some(link) = link else { return };
                match self.states[number].join(link, now_ms) {
                    Some(joined) => joined.tell.into_iter().for_each(|action| self.act(number, action)),
                    // It came before the certificate: on a real connection it is read after it.
                    None => self.later(Event::Welcome { wire, to }),
                }
            }
            Event::Closed { wire, to } => {
                let (number, link) = self.wires[wire].ends[to];
                if let Some(link) = link {
                    self.wires[wire].ends[to].1 = None;
                    self.states[number].leave(link, now_ms);
                }
            }
            Event::Told { wire, to, addresses } => {
                let (number, link) = self.wires[wire].ends[to];
                if let Some(link) = link {
                    self.states[number].told(link, &addresses, now_ms);
                }
            }
        }
    }

    fn act(&mut self, number: usize, action: Action) {
        match action {
            Action::Dial { link, address } => {
                let other = (0..self.states.len()).find(|other| at(*other) == address).expect("a node's address");
                let accepted = self.states[other].knock(at(number), self.now_ms).ok();
                self.wires.push(Wire { ends: [(number, Some(link)), (other, accepted)] });
                let wire = self.wires.len() - 1;
                if accepted.is_none() {
                    self.later(Event::Closed { wire, to: 0 });
                } else {
                    self.later(Event::Proof { wire, to: 0 });
                    self.later(Event::Proof { wire, to: 1 });
                }
            }
            Action::Close { link, .. } => {
                let (wire, end) = self.wire(number, link);
                self.close(wire, end);
            }
            Action::Tell { link, addresses } => {
                let (wire, end) = self.wire(number, link);
                self.later(Event::Told { wire, to: 1 - end, addresses });
            }
            Action::Fail { .. } => panic!("nobody asked"),
        }
    }

    fn wire(&self, number: usize, link: Link) -> (usize, usize) {
        let ends =
            self.wires.iter().enumerate().flat_map(|(wire, Wire { ends })| [(wire, 0, ends[0]), (wire, 1, ends[1])]);
        let mut found = ends.filter(|(.., end)| *end == (number, Some(link)));
        let (wire, end, _) = found.next().expect("an open connection");
        (wire, end)
    }

    fn close(&mut self, wire: usize, end: usize) {
        self.happen(Event::Closed { wire, to: end });
        self.later(Event::Closed { wire, to: 1 - end });
    }

    /// Each pair has one connection, which both ends speak on.
    fn check(&self, seed: u64) {
        let count = self.states.len();
        for one in 0..count {
            assert_eq!(self.states[one].counts().peers, count - 1, "seed {seed}, node {one}");
            assert_eq!(self.states[one].counts().links, count - 1, "seed {seed}, node {one}");
            for two in 0..one {
                let [here, there] = [(one, two), (two, one)]
                    .map(|(one, two)| self.wire(one, self.states[one].link(node(two)).expect("a connection")).0);
                assert_eq!(here, there, "seed {seed}: {one} and {two} speak on two connections");
            }
        }
    }
}

#[test]
fn all_know_all_at_once() {
    for seed in 0..20 {
        let knows = vec![(0..6).collect(); 6];
        let mut network = Network::new(seed, &knows);
        network.run(90_000);
        network.check(seed);
    }
}

#[test]
fn a_chain_of_acquaintances() {
    for seed in 0..20 {
        // Each knows the one before alone, and the first knows nobody.
        let knows: Vec<Vec<usize>> = (0..8_usize).map(|number| number.checked_sub(1).into_iter().collect()).collect();
        let mut network = Network::new(seed, &knows);
        network.run(120_000);
        network.check(seed);
    }
}

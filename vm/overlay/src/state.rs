//! [`State`]: who is connected, and what is done with each event.

use crate::address::canonical;
use crate::bls::PublicKey;
use crate::book::Book;
use crate::budget::{Bucket, Budget};
use crate::certificate::Proven;
use crate::pending::Pending;
use crate::refusal::Refusal;
use crate::set::Set;
use pars_host::{NodeId, Recipients};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

/// Nodes that are connected at a time.
pub const PEERS_MAX: usize = 256;
/// Connections with one node: both may dial at once, and one that went away without a word comes again.
pub const LINKS_MAX: usize = 2;
/// Connections that others began and that are not welcome yet.
pub const HALF_OPEN_MAX: usize = 64;
/// Of these, those that are kept for addresses of validators.
pub const HALF_OPEN_KNOWN: usize = 16;
/// Connections that this node began and that are not welcome yet.
pub const DIALS_MAX: usize = 16;

/// Messages with addresses that a connection may bring at once. Where a whole network starts, there is one for each node.
pub const TOLD_BURST: u64 = 256;
/// And another one after this time.
pub const TOLD_EVERY_MS: u64 = 1_000;

/// The number of a connection. None is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(u64);

/// Who began a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// This node.
    Dialled,
    /// The other.
    Accepted,
}

/// How long things take. The defaults are for production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// An answer is waited for so long.
    pub request_ms: u64,
    /// Of two connections with one node, one is closed after both served so long.
    pub settle_ms: u64,
    /// Peers are told where the others are this often.
    pub exchange_ms: u64,
}

/// Everything that an overlay knows of others. Its times are milliseconds since some start and never go back.
#[derive(Debug)]
pub struct State {
    me: NodeId,
    pace: Pace,
    chance: StdRng,
    /// Not known at the start.
    set: Option<Arc<Set>>,
    book: Book,
    budget: Budget,
    pending: Pending,
    links: BTreeMap<Link, Connection>,
    /// Nodes that are connected, with their connections; the newest is the last.
    nodes: BTreeMap<NodeId, Vec<Link>>,
    next_link: u64,
    exchanged_ms: u64,
    refused: BTreeMap<Refusal, u64>,
    refused_by: BTreeMap<Refusal, u64>,
}

#[derive(Debug)]
struct Connection {
    side: Side,
    address: SocketAddr,
    standing: Standing,
}

#[derive(Debug)]
enum Standing {
    /// It has shown nothing yet.
    Meeting,
    /// Its certificate is good.
    Proven(Proven),
    /// Both are welcome.
    Up {
        node: NodeId,
        key: PublicKey,
        not_after: u64,
        since_ms: u64,
        /// Messages with addresses that are still listened to.
        addresses: Bucket,
    },
    /// It is being closed.
    Closing(NodeId),
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Begin a connection.
    Dial {
        /// Its number.
        link: Link,
        /// With whoever is there.
        address: SocketAddr,
    },
    /// End a connection.
    Close {
        /// Its number.
        link: Link,
        /// Why.
        refusal: Refusal,
    },
    /// A question has no answer.
    Fail {
        /// Who was asked.
        node: NodeId,
        /// The number of the question.
        id: u32,
    },
    /// Tell a peer where others are.
    Tell {
        /// Its connection.
        link: Link,
        /// Where.
        addresses: Vec<SocketAddr>,
    },
}

/// A connection became one with a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The peer.
    pub node: NodeId,
    /// It was not connected before.
    pub first: bool,
    /// Who is to be told what.
    pub tell: Vec<Action>,
}

/// A connection is over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// The peer that is no longer connected.
    pub gone: Option<NodeId>,
    /// The numbers of what it was asked.
    pub failed: Vec<u32>,
}

/// How many there are, and what was counted since the start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Nodes that are connected.
    pub peers: usize,
    /// Connections, with those that are not welcome yet.
    pub links: usize,
    /// Validators that are known; 0 until somebody has said who they are.
    pub validators: usize,
    /// Addresses that are known.
    pub addresses: usize,
    /// Connections that this node refused or ended, by reason.
    pub refused: BTreeMap<Refusal, u64>,
    /// Connections that others refused or ended, by reason.
    pub refused_by: BTreeMap<Refusal, u64>,
}

impl State {
    /// A node that knows nobody but the operator's addresses. The seed makes its choices unpredictable.
    #[must_use]
    pub fn new(me: NodeId, pace: Pace, book: Book, seed: [u8; 32]) -> Self {
        let (budget, pending, links, nodes, refused, refused_by) = Default::default();
        let (chance, set, next_link, exchanged_ms) = (StdRng::from_seed(seed), None, 0, 0);
        Self {
            me,
            pace,
            chance,
            set,
            book,
            budget,
            pending,
            links,
            nodes,
            next_link,
            exchanged_ms,
            refused,
            refused_by,
        }
    }

    /// How long an answer is waited for.
    #[must_use]
    pub fn request_ms(&self) -> u32 {
        u32::try_from(self.pace.request_ms).unwrap_or(u32::MAX)
    }

    /// The validators are these.
    pub fn set_validators(&mut self, set: Arc<Set>) {
        self.set = Some(set);
    }

    /// The validators, once they are known.
    #[must_use]
    pub fn validators(&self) -> Option<Arc<Set>> {
        self.set.clone()
    }

    /// Somebody with this address, which was shown to be real, wants to begin a connection.
    ///
    /// # Errors
    /// When it has begun too many, or others have.
    pub fn knock(&mut self, address: SocketAddr, now_ms: u64) -> Result<Link, Refusal> {
        let address = canonical(address);
        if self.set.is_none() {
            return Err(self.refuse(Refusal::Unready));
        }
        let kept = if self.book.knows(address.ip()) { 0 } else { HALF_OPEN_KNOWN };
        if self.half_open(Side::Accepted) >= HALF_OPEN_MAX - kept || !self.budget.take(address.ip(), now_ms) {
            return Err(self.refuse(Refusal::TooMany));
        }
        Ok(self.begin(Side::Accepted, address))
    }

    /// The other side's certificate is good.
    ///
    /// # Errors
    /// When there is no place for it.
    pub fn prove(&mut self, link: Link, proven: Proven, now_ms: u64) -> Result<(), Refusal> {
        let node = proven.node;
        let same = |connection: &&Connection| connection.node() == Some(node);
        let (links, known) = (self.links.values().filter(same).count(), self.nodes.contains_key(&node));
        let Some(connection) = self.links.get_mut(&link) else { return Err(Refusal::Stopping) };
        if node == self.me {
            // It is remembered whose address that is, so that it is not tried again.
            self.book.reached(connection.address, node, now_ms);
            return Err(Refusal::Myself);
        }
        if links >= LINKS_MAX || (!known && self.nodes.len() >= PEERS_MAX) {
            return Err(Refusal::TooMany);
        }
        connection.standing = Standing::Proven(proven);
        Ok(())
    }

    /// The other side, whose certificate is good, finds ours good too.
    pub fn join(&mut self, link: Link, now_ms: u64) -> Option<Joined> {
        let connection = self.links.get_mut(&link)?;
        let Standing::Proven(Proven { node, ref key, not_after }) = connection.standing else { return None };
        let address = connection.address;
        let addresses = Bucket::full(TOLD_BURST, TOLD_EVERY_MS, now_ms);
        connection.standing = Standing::Up { node, key: key.clone(), not_after, since_ms: now_ms, addresses };
        self.book.reached(address, node, now_ms);
        let others = self.whereabouts(node);
        let mut tell = vec![Action::Tell { link, addresses: others.iter().map(|(_, address)| *address).collect() }];
        tell.extend(others.into_iter().map(|(link, _)| Action::Tell { link, addresses: vec![address] }));
        let links = self.nodes.entry(node).or_default();
        links.push(link);
        Some(Joined { node, first: links.len() == 1, tell })
    }

    /// A connection is over.
    pub fn leave(&mut self, link: Link, now_ms: u64) -> Left {
        let Some(connection) = self.links.remove(&link) else { return Left::default() };
        let mut left = Left::default();
        if let Some(node) = connection.node()
            && let Some(links) = self.nodes.get_mut(&node)
            && links.contains(&link)
        {
            links.retain(|other| *other != link);
            if links.is_empty() {
                self.nodes.remove(&node);
                left = Left { gone: Some(node), failed: self.pending.lost(node) };
            }
        }
        if connection.side == Side::Dialled || !matches!(connection.standing, Standing::Meeting) {
            self.book.pause(connection.address, now_ms, &mut self.chance);
        }
        left
    }

    /// Time to look around: who is no longer a peer, what has no answer, whom to dial, what to tell. `unix_s` is the time by
    /// which certificates end.
    pub fn tick(&mut self, now_ms: u64, unix_s: u64) -> Vec<Action> {
        let mut actions = self.check(unix_s);
        actions.extend(self.settle(now_ms));
        actions.extend(self.pending.overdue(now_ms).into_iter().map(|(node, id)| Action::Fail { node, id }));
        if self.set.is_some() {
            let room = DIALS_MAX.saturating_sub(self.half_open(Side::Dialled));
            let (me, nodes) = (self.me, &self.nodes);
            for address in self.book.due(now_ms, room, |node| node == me || nodes.contains_key(&node)) {
                actions.push(Action::Dial { link: self.begin(Side::Dialled, address), address });
            }
        }
        if now_ms.saturating_sub(self.exchanged_ms) >= self.pace.exchange_ms {
            self.exchanged_ms = now_ms;
            let all: Vec<(NodeId, Link)> = self.nodes.iter().filter_map(newest).collect();
            for (node, link) in all {
                let addresses = self.whereabouts(node).into_iter().map(|(_, address)| address).collect();
                actions.push(Action::Tell { link, addresses });
            }
        }
        actions
    }

    /// A peer is to be asked; the connection on which that goes, if there is one.
    pub fn ask(&mut self, node: NodeId, id: u32, now_ms: u64) -> Option<Link> {
        let link = self.link(node)?;
        let until_ms = now_ms.saturating_add(self.pace.request_ms);
        self.pending.ask(node, id, until_ms).then_some(link)
    }

    /// A peer answered or refused; whether it was asked.
    pub fn answered(&mut self, node: NodeId, id: u32) -> bool {
        self.pending.answered(node, id)
    }

    /// A peer tells where others are. Where it tells too often, nobody listens.
    pub fn told(&mut self, link: Link, told: &[SocketAddr], now_ms: u64) {
        let connection = self.links.get_mut(&link);
        if let Some(Connection { standing: Standing::Up { node, addresses, .. }, .. }) = connection
            && addresses.take(now_ms)
        {
            self.book.told(*node, told, now_ms);
        }
    }

    /// The connection on which a peer is spoken to: the newest, as an older one may be dead without anybody knowing.
    #[must_use]
    pub fn link(&self, node: NodeId) -> Option<Link> {
        newest((&node, self.nodes.get(&node)?)).map(|(_, link)| link)
    }

    /// The connections on which a message goes. All peers validate, so those who do not are nobody.
    pub fn choose(&mut self, to: &Recipients) -> Vec<Link> {
        let mut named: BTreeSet<NodeId> = to.nodes.iter().copied().collect();
        named.retain(|node| self.nodes.contains_key(node));
        let mut others: Vec<NodeId> = self.nodes.keys().filter(|node| !named.contains(node)).copied().collect();
        let more = usize::try_from(to.validators.saturating_add(to.peers)).unwrap_or(usize::MAX).min(others.len());
        let (chosen, _) = others.partial_shuffle(&mut self.chance, more);
        named.iter().chain(chosen.iter()).filter_map(|node| self.link(*node)).collect()
    }

    /// Counts a connection that this node refuses or ends.
    pub fn refuse(&mut self, refusal: Refusal) -> Refusal {
        *self.refused.entry(refusal).or_default() += 1;
        refusal
    }

    /// Counts a connection that the other side refused or ended; whether it is the first for this reason.
    pub fn refused_by(&mut self, refusal: Refusal) -> bool {
        let count = self.refused_by.entry(refusal).or_default();
        *count += 1;
        *count == 1
    }

    /// How many there are, and what was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            peers: self.nodes.len(),
            links: self.links.len(),
            validators: self.set.as_ref().map_or(0, |set| set.len()),
            addresses: self.book.len(),
            refused: self.refused.clone(),
            refused_by: self.refused_by.clone(),
        }
    }

    fn begin(&mut self, side: Side, address: SocketAddr) -> Link {
        let link = Link(self.next_link);
        self.next_link += 1;
        self.links.insert(link, Connection { side, address, standing: Standing::Meeting });
        link
    }

    fn half_open(&self, side: Side) -> usize {
        let open = |connection: &&Connection| {
            connection.side == side && matches!(connection.standing, Standing::Meeting | Standing::Proven(_))
        };
        self.links.values().filter(open).count()
    }

    /// Where the peers are, without this one.
    fn whereabouts(&self, without: NodeId) -> Vec<(Link, SocketAddr)> {
        let others = self.nodes.iter().filter(|(node, _)| **node != without).filter_map(newest);
        others.filter_map(|(_, link)| Some((link, self.links.get(&link)?.address))).collect()
    }

    /// Ends connections with nodes that left the set or have another key there, and those whose certificate is over.
    fn check(&mut self, unix_s: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(set) = self.set.clone() else { return actions };
        for (link, connection) in &mut self.links {
            let Standing::Up { node, ref key, not_after, .. } = connection.standing else { continue };
            let refusal = if set.key(node) != Some(key) {
                Refusal::Outsider
            } else if not_after < unix_s {
                Refusal::Expired
            } else {
                continue;
            };
            connection.standing = Standing::Closing(node);
            actions.push(Action::Close { link: *link, refusal });
        }
        actions
    }

    /// Of two connections with one node that both served for a while, closes the one that both sides see as the lesser:
    /// the one that the node with the higher id dialled, or the older. Who dialled it closes it, as the other side cannot
    /// know whether it is seen over there at all.
    fn settle(&mut self, now_ms: u64) -> Vec<Action> {
        let mut actions = Vec::new();
        for (node, links) in &self.nodes {
            let [older, newer] = links[..] else { continue };
            let up = |link: Link| match self.links.get(&link) {
                Some(Connection { side, standing: Standing::Up { since_ms, .. }, .. }) => Some((*side, *since_ms)),
                Some(_) | None => None,
            };
            let (Some((older_side, _)), Some((newer_side, since_ms))) = (up(older), up(newer)) else { continue };
            if now_ms.saturating_sub(since_ms) < self.pace.settle_ms {
                continue;
            }
            let mine_stays = self.me < *node;
            let lesser = match (older_side, newer_side) {
                (Side::Dialled, Side::Dialled) => older,
                (Side::Dialled, Side::Accepted) if !mine_stays => older,
                (Side::Accepted, Side::Dialled) if !mine_stays => newer,
                (Side::Accepted | Side::Dialled, Side::Accepted) | (Side::Accepted, Side::Dialled) => continue,
            };
            actions.push(Action::Close { link: lesser, refusal: Refusal::Duplicate });
        }
        for action in &actions {
            if let Action::Close { link, .. } = action
                && let Some(connection) = self.links.get_mut(link)
                && let Some(node) = connection.node()
            {
                connection.standing = Standing::Closing(node);
            }
        }
        actions
    }
}

impl Connection {
    const fn node(&self) -> Option<NodeId> {
        match self.standing {
            Standing::Meeting => None,
            Standing::Proven(Proven { node, .. }) | Standing::Up { node, .. } | Standing::Closing(node) => Some(node),
        }
    }
}

fn newest((node, links): (&NodeId, &Vec<Link>)) -> Option<(NodeId, Link)> {
    Some((*node, *links.last()?))
}

impl Default for Pace {
    fn default() -> Self {
        Self { request_ms: 10_000, settle_ms: 2_000, exchange_ms: 30_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bls::SecretKey;
    use bytes::Bytes;
    use pars_host::Validator;

    fn node(number: u8) -> NodeId {
        [number; 20].into()
    }

    fn key(number: u8) -> PublicKey {
        SecretKey::from_bytes(&[number.max(1) % 0x70; 32]).unwrap().public_key()
    }

    fn set(nodes: &[u8]) -> Arc<Set> {
        let validator = |number: &u8| {
            let public_key = Bytes::copy_from_slice(&key(*number).to_long_bytes());
            Validator { node: node(*number), weight: 1, public_key }
        };
        Arc::new(Set::of(&nodes.iter().map(validator).collect::<Vec<_>>()))
    }

    fn proven(number: u8) -> Proven {
        Proven { node: node(number), key: key(number), not_after: 1_000 }
    }

    fn at(number: u32) -> SocketAddr {
        SocketAddr::new(std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into(), 9_651)
    }

    /// Node 5, whose operator knows address 0, among nodes 1 to 9.
    fn state() -> State {
        let mut state = State::new(node(5), Pace::default(), Book::new(&[at(0)], at(5)), [0; 32]);
        state.set_validators(set(&[1, 2, 3, 4, 5, 6, 7, 8, 9]));
        state
    }

    /// A connection that this node dialled.
    fn dial(state: &mut State, now_ms: u64) -> Link {
        match state.tick(now_ms, 0)[..] {
            [Action::Dial { link, .. }, ..] => link,
            ref other => panic!("{other:?}"),
        }
    }

    fn accept(state: &mut State, number: u8, now_ms: u64) -> Result<Link, Refusal> {
        let link = state.knock(at(number.into()), now_ms)?;
        state.prove(link, proven(number), now_ms)?;
        state.join(link, now_ms).map(|_| link).ok_or(Refusal::Stopping)
    }

    #[test]
    fn before_the_validators_are_known() {
        let mut state = State::new(node(5), Pace::default(), Book::new(&[at(0)], at(5)), [0; 32]);
        assert_eq!(state.tick(1, 0), []);
        assert_eq!(state.knock(at(1), 1), Err(Refusal::Unready));
        state.set_validators(set(&[1]));
        assert!(state.knock(at(1), 1).is_ok());
        dial(&mut state, 1);
    }

    #[test]
    fn a_peer_comes_and_goes() {
        let mut state = state();
        let link = dial(&mut state, 0);
        assert_eq!(state.join(link, 0), None, "it has proved nothing");
        assert_eq!(state.prove(link, proven(1), 0), Ok(()));
        assert_eq!(state.ask(node(1), 7, 0), None, "not welcome yet");
        let joined = state.join(link, 0).unwrap();
        assert!(joined.first && joined.node == node(1));
        assert_eq!(state.ask(node(1), 7, 100), Some(link));
        assert_eq!(state.ask(node(1), 8, 200), Some(link));
        assert_eq!(state.ask(node(1), 9, 300), Some(link));
        assert!(state.answered(node(1), 7) && !state.answered(node(1), 7) && !state.answered(node(2), 8));
        assert_eq!(state.tick(10_199, 0), []);
        assert_eq!(state.tick(10_200, 0), [Action::Fail { node: node(1), id: 8 }]);
        assert_eq!(state.leave(link, 10_300), Left { gone: Some(node(1)), failed: vec![9] });
        assert_eq!(state.leave(link, 10_300), Left::default());
        assert_eq!(state.tick(10_301, 0), [], "a pause");
        assert!(matches!(state.tick(11_300, 0)[..], [Action::Dial { address, .. }] if address == at(0)));
    }

    #[test]
    fn two_connections_of_a_node_and_no_third() {
        let mut state = state();
        let first = accept(&mut state, 1, 0).unwrap();
        let second = accept(&mut state, 1, 10).unwrap();
        assert_eq!(state.link(node(1)), Some(second), "the newest serves");
        assert_eq!(accept(&mut state, 1, 20), Err(Refusal::TooMany));
        assert_eq!(state.counts().peers, 1);
        assert_eq!(state.tick(60_000, 0).iter().filter(|action| matches!(action, Action::Close { .. })).count(), 0);
        assert_eq!(state.leave(second, 30), Left::default(), "the other one is left");
        assert_eq!(state.link(node(1)), Some(first));
        assert_eq!(state.leave(first, 30).gone, Some(node(1)));
    }

    /// Both dial at once: both keep the one that the lower id dialled, and who dialled the other closes it.
    #[test]
    fn one_of_two_crossing_connections_stays() {
        for (other, closes) in [(1, true), (9, false)] {
            for dialled_first in [true, false] {
                let mut state = state();
                let mut mine = None;
                let join = |state: &mut State| {
                    let link = dial(state, 0);
                    state.prove(link, proven(other), 0).unwrap();
                    state.join(link, 0).unwrap();
                    Some(link)
                };
                if dialled_first {
                    mine = join(&mut state);
                }
                let theirs = if mine.is_some() {
                    accept(&mut state, other, 0).unwrap()
                } else {
                    let link = state.knock(at(other.into()), 0).unwrap();
                    state.prove(link, proven(other), 0).unwrap();
                    mine = join(&mut state);
                    state.join(link, 0).unwrap();
                    link
                };
                assert_eq!(state.tick(1_999, 0), [], "both serve for a while");
                let closed = state.tick(2_000, 0);
                let expected = Action::Close { link: mine.unwrap(), refusal: Refusal::Duplicate };
                assert_eq!(closed, if closes { vec![expected] } else { vec![] }, "{other}");
                assert_eq!(state.tick(2_001, 0), []);
                if closes {
                    state.leave(mine.unwrap(), 2_002);
                    assert_eq!(state.link(node(other)), Some(theirs));
                }
            }
        }
    }

    #[test]
    fn half_open_connections_are_bounded() {
        let mut state = state();
        let strangers: Vec<_> = (1_000..1_100).map(|number| state.knock(at(number), 0)).collect();
        assert_eq!(strangers.iter().filter(|link| link.is_ok()).count(), HALF_OPEN_MAX - HALF_OPEN_KNOWN);
        let known: Vec<_> = (0..2_000).map(|second| state.knock(at(0), second * 1_000)).collect();
        assert_eq!(known.iter().filter(|link| link.is_ok()).count(), HALF_OPEN_KNOWN);
        assert_eq!(state.counts().refused[&Refusal::TooMany], 52 + 1_984);
        state.leave(strangers[0].unwrap(), 0);
        assert_eq!(state.knock(at(9_999), 0), Err(Refusal::TooMany), "that place is for those known");
        assert!(state.knock(at(0), 9_000_000).is_ok());
    }

    #[test]
    fn a_source_has_a_budget() {
        let mut state = state();
        let mut begun = 0;
        for _ in 0..100 {
            if let Ok(link) = state.knock(at(77), 0) {
                begun += 1;
                state.leave(link, 0);
            }
        }
        assert_eq!(begun, 8);
    }

    #[test]
    fn peers_are_bounded() {
        let mut state = state();
        let mut refused = 0;
        for number in 0..u32::try_from(PEERS_MAX + 5).unwrap() {
            let link = state.knock(at(1_000 + number), 0).unwrap();
            let mut id = [1; 20];
            id[..4].copy_from_slice(&number.to_be_bytes());
            if state.prove(link, Proven { node: id.into(), ..proven(1) }, 0).is_err() {
                refused += 1;
                state.leave(link, 0);
            } else {
                state.join(link, 0).unwrap();
            }
        }
        assert_eq!((refused, state.counts().peers), (5, PEERS_MAX));
    }

    #[test]
    fn who_is_no_longer_a_peer() {
        let mut state = state();
        let links = [1, 2, 3].map(|number| accept(&mut state, number, 0).unwrap());
        let dials = |actions: Vec<Action>| -> Vec<Action> {
            actions.into_iter().filter(|action| matches!(action, Action::Close { .. })).collect()
        };
        assert_eq!(dials(state.tick(1, 1_000)), []);
        // Node 2 leaves, and node 3 has another key.
        let mut changed = set(&[1, 4]).validators();
        changed.push(Validator { node: node(3), ..set(&[6]).validators().remove(0) });
        state.set_validators(Arc::new(Set::of(&changed)));
        let close = |link, refusal| Action::Close { link, refusal };
        let outsiders = [close(links[1], Refusal::Outsider), close(links[2], Refusal::Outsider)];
        assert_eq!(dials(state.tick(2, 1_000)), outsiders);
        assert_eq!(dials(state.tick(3, 1_000)), [], "once");
        assert_eq!(dials(state.tick(4, 1_001)), [close(links[0], Refusal::Expired)]);
        assert_eq!(state.leave(links[1], 5).gone, Some(node(2)));
    }

    #[test]
    fn it_does_not_speak_with_itself() {
        let mut state = state();
        let link = dial(&mut state, 0);
        assert_eq!(state.prove(link, proven(5), 0), Err(Refusal::Myself));
        state.leave(link, 0);
        assert_eq!(state.tick(10_000_000, 0), [], "its own address is not tried again");
    }

    #[test]
    fn peers_hear_of_each_other() {
        let mut state = state();
        let one = accept(&mut state, 1, 0).unwrap();
        let two = state.knock(at(2), 0).unwrap();
        state.prove(two, proven(2), 0).unwrap();
        let tell = |link, number| Action::Tell { link, addresses: vec![at(number)] };
        assert_eq!(state.join(two, 0).unwrap().tell, [tell(two, 1), tell(one, 2)]);
        state.tick(1, 0);
        let later: Vec<_> =
            state.tick(30_000, 0).into_iter().filter(|action| matches!(action, Action::Tell { .. })).collect();
        assert_eq!(later, [tell(one, 2), tell(two, 1)]);
    }

    #[test]
    fn who_tells_too_often_is_not_heard() {
        let mut state = state();
        let link = accept(&mut state, 1, 0).unwrap();
        let known = state.counts().addresses;
        for _ in 0..TOLD_BURST {
            state.told(link, &[], 0);
        }
        state.told(link, &[at(700)], 0);
        assert_eq!(state.counts().addresses, known);
        state.told(link, &[at(700)], TOLD_EVERY_MS);
        assert_eq!(state.counts().addresses, known + 1);
        state.leave(link, 2_000);
        state.told(link, &[at(701)], 10_000);
        assert_eq!(state.counts().addresses, known + 1, "it has left");
    }

    #[test]
    fn whom_a_message_goes_to() {
        let mut state = state();
        let links = [1, 2, 3, 4].map(|number| accept(&mut state, number, 0).unwrap());
        let mut chosen = |nodes: &[u8], validators, peers| {
            let nodes = nodes.iter().map(|number| node(*number)).collect();
            let mut links = state.choose(&Recipients { nodes, validators, non_validators: 9, peers });
            links.sort_unstable();
            links
        };
        assert_eq!(chosen(&[2, 9, 2], 0, 0), [links[1]], "once, and only who is connected");
        assert_eq!(chosen(&[], 100, 0), links);
        assert_eq!(chosen(&[], u64::MAX, u64::MAX), links);
        assert_eq!(chosen(&[], 0, 0), []);
        let mut seen = BTreeSet::new();
        for _ in 0..100 {
            let some = chosen(&[1], 1, 1);
            assert!(some.len() == 3 && some.contains(&links[0]));
            seen.extend(some);
        }
        assert_eq!(seen.len(), 4, "now one, now another");
    }
}

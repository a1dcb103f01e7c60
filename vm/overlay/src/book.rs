//! [`Book`]: where validators may be, and when each address is tried.
//!
//! The operator's addresses stay for ever. Others are those that peers told, which were seen to be a validator's, and those
//! from which a validator came; they are dropped when they fail too often, or when nobody tells them any more.

use crate::address::{Rules, canonical};
use pars_host::NodeId;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Addresses that are not the operator's.
pub const EXCHANGED_MAX: usize = 256;
/// Of these, those that one peer may have told. What it tells beyond them is not believed.
pub const TOLD_MAX: usize = 64;
/// An address that nobody tells any more is forgotten after this time.
pub const AGE_MAX_MS: u64 = 3_600_000;
/// One that is not the operator's is forgotten after so many failures.
pub const FAILURES_MAX: u32 = 8;
/// Pause after the first failure; it doubles with each.
pub const PAUSE_MS: u64 = 1_000;
/// Longest pause.
pub const PAUSE_MAX_MS: u64 = 60_000;

/// Where validators may be.
#[derive(Debug)]
pub struct Book {
    rules: Rules,
    entries: BTreeMap<SocketAddr, Entry>,
}

#[derive(Debug)]
struct Entry {
    /// The operator's.
    configured: bool,
    /// The peer that told it, or came from there.
    from: Option<NodeId>,
    heard_ms: u64,
    /// Who was there last.
    node: Option<NodeId>,
    failures: u32,
    /// Not tried before.
    due_ms: u64,
    /// Somebody dials it.
    busy: bool,
}

impl Book {
    /// The operator's addresses. What peers may tell follows from them, and from where this node listens.
    #[must_use]
    pub fn new(configured: &[SocketAddr], listen: SocketAddr) -> Self {
        let here = |address: &SocketAddr| address.ip().is_loopback();
        let loopback = here(&listen) || (!configured.is_empty() && configured.iter().all(here));
        let rules = Rules { v6: listen.is_ipv6(), loopback };
        let entry = |address: &SocketAddr| {
            let entry =
                Entry { configured: true, from: None, heard_ms: 0, node: None, failures: 0, due_ms: 0, busy: false };
            (canonical(*address), entry)
        };
        Self { rules, entries: configured.iter().map(entry).collect() }
    }

    /// Addresses that are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether a validator may come from this address.
    #[must_use]
    pub fn knows(&self, ip: IpAddr) -> bool {
        self.entries.keys().any(|address| address.ip() == ip)
    }

    /// A peer tells addresses.
    pub fn told(&mut self, from: NodeId, addresses: &[SocketAddr], now_ms: u64) {
        for address in addresses {
            self.hear(from, *address, now_ms);
        }
    }

    /// A validator is at an address: it was dialled there, or came from there.
    pub fn reached(&mut self, address: SocketAddr, node: NodeId, now_ms: u64) {
        if !self.entries.contains_key(&address) {
            self.hear(node, address, now_ms);
        }
        if let Some(entry) = self.entries.get_mut(&address) {
            (entry.node, entry.failures, entry.busy, entry.heard_ms) = (Some(node), 0, false, now_ms);
        }
    }

    /// A dialled address gave no peer, or the connection with it ended: it is tried again after a pause.
    pub fn pause(&mut self, address: SocketAddr, now_ms: u64, chance: &mut StdRng) {
        let Some(entry) = self.entries.get_mut(&address) else { return };
        entry.busy = false;
        entry.failures = entry.failures.saturating_add(1);
        if !entry.configured && entry.failures > FAILURES_MAX {
            self.entries.remove(&address);
            return;
        }
        let doubled = PAUSE_MS.saturating_mul(1_u64.checked_shl(entry.failures - 1).unwrap_or(u64::MAX));
        let pause_ms = doubled.min(PAUSE_MAX_MS);
        // Not all at once, and not in step.
        entry.due_ms = now_ms.saturating_add(chance.random_range(pause_ms / 2..=pause_ms));
    }

    /// Addresses to dial now, the operator's first. Each is busy until [`Self::reached`] or [`Self::pause`].
    pub fn due(&mut self, now_ms: u64, at_most: usize, connected: impl Fn(NodeId) -> bool) -> Vec<SocketAddr> {
        self.entries.retain(|_, entry| {
            if entry.node.is_some_and(&connected) {
                entry.heard_ms = now_ms;
            }
            entry.configured || entry.busy || now_ms.saturating_sub(entry.heard_ms) < AGE_MAX_MS
        });
        let mut due: Vec<_> = self
            .entries
            .iter_mut()
            .filter(|(_, entry)| !entry.busy && entry.due_ms <= now_ms && !entry.node.is_some_and(&connected))
            .collect();
        due.sort_by_key(|(_, entry)| (!entry.configured, entry.due_ms));
        due.truncate(at_most);
        due.into_iter()
            .map(|(address, entry)| {
                entry.busy = true;
                *address
            })
            .collect()
    }

    fn hear(&mut self, from: NodeId, address: SocketAddr, now_ms: u64) {
        if let Some(entry) = self.entries.get_mut(&address) {
            entry.heard_ms = now_ms;
            return;
        }
        if !self.rules.allow(address) {
            return;
        }
        let exchanged = self.entries.values().filter(|entry| !entry.configured).count();
        let told = self.entries.values().filter(|entry| !entry.configured && entry.from == Some(from)).count();
        if told >= TOLD_MAX || (exchanged >= EXCHANGED_MAX && !self.forget_one()) {
            return;
        }
        let entry = Entry {
            configured: false,
            from: Some(from),
            heard_ms: now_ms,
            node: None,
            failures: 0,
            due_ms: now_ms,
            busy: false,
        };
        self.entries.insert(address, entry);
    }

    /// Forgets the address that failed most, if any did.
    fn forget_one(&mut self) -> bool {
        let failed = self.entries.iter().filter(|(_, entry)| !entry.configured && !entry.busy && entry.failures > 0);
        let worst = failed.max_by_key(|(_, entry)| entry.failures).map(|(address, _)| *address);
        worst.and_then(|address| self.entries.remove(&address)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn node(number: u8) -> NodeId {
        [number; 20].into()
    }

    fn many(from: u32, count: u32) -> Vec<SocketAddr> {
        let ip = |number| std::net::Ipv4Addr::from_bits(0x0a00_0000 + number);
        (from..from + count).map(|number| SocketAddr::new(ip(number).into(), 9_651)).collect()
    }

    #[test]
    fn the_operators_addresses_stay() {
        let (a, mut chance) = (at("1.1.1.1:1"), StdRng::seed_from_u64(1));
        let mut book = Book::new(&[a], at("0.0.0.0:1"));
        let mut now_ms = 0;
        let mut pauses = Vec::new();
        for _ in 0..20 {
            assert_eq!(book.due(now_ms, 9, |_| false), [a]);
            assert!(book.due(now_ms, 9, |_| false).is_empty(), "it is dialled already");
            book.pause(a, now_ms, &mut chance);
            let due_ms = book.entries[&a].due_ms;
            assert!(book.due(due_ms - 1, 9, |_| false).is_empty(), "too early");
            pauses.push(due_ms - now_ms);
            now_ms = due_ms;
        }
        let bound = |times: u32| (1_000 << times).min(60_000);
        for (times, pause_ms) in (0..).zip(&pauses) {
            assert!((bound(times) / 2..=bound(times)).contains(pause_ms), "{times}: {pause_ms}");
        }
        book.reached(a, node(1), now_ms);
        assert!(book.due(u64::MAX, 9, |other| other == node(1)).is_empty(), "it is connected");
        assert_eq!(book.due(u64::MAX, 9, |_| false), [a]);
        book.pause(a, now_ms, &mut chance);
        assert!(book.entries[&a].due_ms <= now_ms + 1_000, "a success forgives");
    }

    #[test]
    fn others_are_forgotten() {
        let (b, mut chance) = (at("2.2.2.2:2"), StdRng::seed_from_u64(1));
        let mut book = Book::new(&[at("1.1.1.1:1")], at("0.0.0.0:1"));
        book.told(node(1), &[b], 0);
        assert!(book.knows(b.ip()));
        for _ in 0..FAILURES_MAX {
            book.pause(b, 0, &mut chance);
        }
        assert!(book.knows(b.ip()));
        book.pause(b, 0, &mut chance);
        assert!(!book.knows(b.ip()), "it failed too often");
        book.told(node(1), &[b], 10);
        book.told(node(1), &[b], 20);
        book.due(AGE_MAX_MS + 19, 0, |_| false);
        assert!(book.knows(b.ip()));
        book.due(AGE_MAX_MS + 20, 0, |_| false);
        assert!(!book.knows(b.ip()), "nobody tells it any more");
        assert_eq!(book.len(), 1);
    }

    #[test]
    fn what_peers_tell_is_bounded() {
        let mut chance = StdRng::seed_from_u64(1);
        let mut book = Book::new(&[at("1.1.1.1:1")], at("0.0.0.0:1"));
        book.told(node(1), &many(0, 100), 0);
        assert_eq!(book.len(), 1 + TOLD_MAX);
        for number in 2..=9 {
            book.told(node(number), &many(u32::from(number) * 1_000, 64), 0);
        }
        assert_eq!(book.len(), 1 + EXCHANGED_MAX);
        book.told(node(10), &many(50_000, 1), 0);
        assert!(!book.knows(many(50_000, 1)[0].ip()), "all others may be good");
        book.pause(many(0, 1)[0], 0, &mut chance);
        book.told(node(10), &many(50_000, 1), 0);
        assert!(book.knows(many(50_000, 1)[0].ip()) && !book.knows(many(0, 1)[0].ip()));
        assert_eq!(book.len(), 1 + EXCHANGED_MAX);
        assert_eq!(book.due(0, 16, |_| false).len(), 16);
    }

    #[test]
    fn loopback_only_among_loopback() {
        let here = at("127.0.0.1:5");
        let (one, two, outside) = (at("127.0.0.1:1"), at("127.0.0.1:2"), at("1.1.1.1:2"));
        for (configured, listen, believed) in [
            (vec![one, two], "0.0.0.0:1", true),
            (vec![one, outside], "0.0.0.0:1", false),
            (vec![], "0.0.0.0:1", false),
            (vec![], "127.0.0.1:1", true),
        ] {
            let mut book = Book::new(&configured, at(listen));
            book.told(node(1), &[here, at("127.0.0.1:0"), at("[2001:db8::1]:1")], 0);
            assert_eq!(book.len(), configured.len() + usize::from(believed), "{configured:?}");
        }
    }
}

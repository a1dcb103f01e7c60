//! [`Peers`]: who is connected, who validates, and how much of our time each may take.

use crate::gossip::allowance::{Allowance, Window};
use crate::gossip::chance::Chance;
use pars_host::{NodeId, Validator};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The nodes around this one, which may be among them.
#[derive(Debug, Default)]
pub struct Peers {
    connected: BTreeSet<NodeId>,
    /// By stake, highest first.
    validators: Vec<(NodeId, u64)>,
    validating: BTreeSet<NodeId>,
    /// Validators that are connected.
    near: Vec<NodeId>,
    allowances: BTreeMap<NodeId, Allowance>,
    requests: Window,
}

/// Peers whose allowance is remembered. A host has fewer connections.
pub const PEERS_MAX: usize = 16_384;

impl Peers {
    /// A node came.
    pub fn connect(&mut self, node: NodeId) {
        self.connected.insert(node);
        self.sort();
    }

    /// A node left. Its allowance is remembered, so that coming again gives no other one.
    pub fn disconnect(&mut self, node: NodeId) {
        self.connected.remove(&node);
        self.sort();
    }

    /// The validators are these. Inactive ones, whose id is all zeros, are left out.
    pub fn set_validators(&mut self, validators: &[Validator]) {
        let active = validators.iter().filter(|validator| validator.node != NodeId::default());
        self.validators = active.map(|validator| (validator.node, validator.weight)).collect();
        self.validators.sort_by_key(|(node, weight)| (Reverse(*weight), *node));
        self.validating = self.validators.iter().map(|(node, _)| *node).collect();
        self.sort();
    }

    /// Nodes that are connected, and those of them that validate.
    #[must_use]
    pub fn count(&self) -> (u64, u64) {
        let count = |length| u64::try_from(length).unwrap_or(u64::MAX);
        (count(self.connected.len()), count(self.near.len()))
    }

    /// Whether a node validates.
    #[must_use]
    pub fn validates(&self, node: NodeId) -> bool {
        self.validating.contains(&node)
    }

    /// Whether a node validates and is connected.
    #[must_use]
    pub fn near(&self, node: NodeId) -> bool {
        self.near.binary_search(&node).is_ok()
    }

    /// Some validator that is connected.
    pub fn any_near(&self, chance: &mut Chance) -> Option<NodeId> {
        self.near.get(chance.below(self.near.len())).copied()
    }

    /// Those with the most stake, until they have so many millionths of all.
    #[must_use]
    pub fn top(&self, share_ppm: u64) -> Vec<NodeId> {
        let total: u128 = self.validators.iter().map(|(_, weight)| u128::from(*weight)).sum();
        let wanted = (total * u128::from(share_ppm)).div_ceil(1_000_000);
        let mut sum = 0;
        let within = self.validators.iter().take_while(|(_, weight)| {
            let more = sum < wanted;
            sum += u128::from(*weight);
            more
        });
        within.map(|(node, _)| *node).collect()
    }

    /// What a node may still take of our time.
    pub fn allowance(&mut self, node: NodeId, now_ms: u64) -> &mut Allowance {
        if self.allowances.len() >= PEERS_MAX && !self.allowances.contains_key(&node) {
            self.allowances.retain(|_, allowance| !allowance.is_whole(now_ms));
            if self.allowances.len() >= PEERS_MAX {
                // All are busy at once: the one with the lowest id begins anew.
                self.allowances.pop_first();
            }
        }
        self.allowances.entry(node).or_insert_with(|| Allowance::new(now_ms))
    }

    /// Whether a validator's request is within its share of an hour: what each of all connected ones would send if each
    /// asked one at random every `period_ms`, and four deviations more.
    pub fn allows_request(&mut self, node: NodeId, now_ms: u64, period_ms: u64) -> bool {
        let limit = requests_max(self.near.len(), period_ms);
        self.requests.allows(node, now_ms, limit)
    }

    fn sort(&mut self) {
        self.near = self.connected.intersection(&self.validating).copied().collect();
    }
}

/// `e / n + 4 * sqrt(e * (n - 1) / n^2)` for `n` validators and `e` requests that one of them sends an hour.
fn requests_max(validators: usize, period_ms: u64) -> u64 {
    let Ok(n @ 1..) = u64::try_from(validators) else { return 0 };
    let expected = HOUR_MS / period_ms.max(1);
    (expected + 4 * expected.saturating_mul(n - 1).isqrt()) / n
}

/// The period over which requests are counted, milliseconds.
pub const HOUR_MS: u64 = 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn node(number: u8) -> NodeId {
        NodeId::from([number; 20])
    }

    fn validator(number: u8, weight: u64) -> Validator {
        Validator { node: node(number), weight, public_key: Bytes::new() }
    }

    #[test]
    fn the_top_by_stake() {
        let mut peers = Peers::default();
        let stakes = [validator(1, 10), validator(2, 50), validator(3, 10), validator(4, 30), validator(0, 900)];
        peers.set_validators(&stakes);
        assert_eq!(peers.top(900_000), [node(2), node(4), node(1)]);
        assert_eq!(peers.top(500_000), [node(2)]);
        assert_eq!(peers.top(500_001), [node(2), node(4)]);
        assert_eq!(peers.top(1_000_000).len(), 4);
        assert!(peers.top(0).is_empty());
        peers.set_validators(&[validator(1, u64::MAX), validator(2, u64::MAX)]);
        assert_eq!(peers.top(1_000_000).len(), 2);
    }

    #[test]
    fn near_are_validators_that_are_connected() {
        let (mut peers, mut chance) = (Peers::default(), Chance::new([0; 32]));
        peers.connect(node(1));
        peers.set_validators(&[validator(1, 1), validator(2, 1)]);
        peers.connect(node(3));
        assert!(peers.near(node(1)) && !peers.near(node(2)) && !peers.near(node(3)));
        assert!(peers.validates(node(2)) && !peers.validates(node(3)));
        assert_eq!(peers.any_near(&mut chance), Some(node(1)));
        peers.disconnect(node(1));
        assert_eq!(peers.any_near(&mut chance), None);
        peers.connect(node(2));
        assert_eq!(peers.any_near(&mut chance), Some(node(2)));
    }

    /// Numbers of Go's throttler.
    #[test]
    fn requests_of_an_hour() {
        let of = |validators| requests_max(validators, 1_000);
        assert_eq!([of(0), of(1), of(2), of(5), of(100)], [0, 3_600, 1_920, 816, 59]);
    }

    #[test]
    fn remembered_peers_are_bounded() {
        let mut peers = Peers::default();
        for number in 0..u32::try_from(PEERS_MAX + 10).unwrap() {
            let mut id = [0; 20];
            id[..4].copy_from_slice(&number.to_be_bytes());
            assert!(peers.allowance(id.into(), 0).take_message(0));
        }
        assert!(peers.allowances.len() <= PEERS_MAX, "{}", peers.allowances.len());
    }
}

//! [`Inbox`]: transactions of peers that wait for a worker. Peers take turns, and who floods it loses what is beyond an
//! equal part, so one peer never delays the others by more than a transaction of its own.

use bytes::Bytes;
use pars_host::NodeId;
use std::collections::{BTreeMap, VecDeque};

/// Bytes that wait, of all peers.
pub const BYTES_MAX: usize = 16 << 20;
/// Bytes of one peer.
pub const PEER_BYTES_MAX: usize = 2 << 20;
/// What a transaction takes beside its bytes, about.
const ENTRY_BYTES: usize = 64;

/// Waiting transactions by peer.
#[derive(Debug, Default)]
pub struct Inbox {
    queues: BTreeMap<NodeId, Queue>,
    turns: VecDeque<NodeId>,
    size: usize,
}

#[derive(Debug, Default)]
struct Queue {
    transactions: VecDeque<Bytes>,
    size: usize,
}

impl Inbox {
    /// Puts in a copy, as the bytes are a part of a larger message. Gives the number of transactions that were dropped for
    /// want of room: this one, or others of a peer that has more waiting.
    pub fn push(&mut self, from: NodeId, transaction: &[u8]) -> usize {
        let size = transaction.len() + ENTRY_BYTES;
        let own = self.queues.get(&from).map_or(0, |queue| queue.size);
        if own + size > PEER_BYTES_MAX {
            return 1;
        }
        let mut dropped = 0;
        while self.size + size > BYTES_MAX {
            let Some((node, most)) = self.queues.iter().max_by_key(|(_, queue)| queue.size) else { return 1 };
            if most.size <= own + size {
                return dropped + 1;
            }
            let node = *node;
            dropped += usize::from(self.drop_last(node));
        }
        let queue = self.queues.entry(from).or_insert_with(|| {
            self.turns.push_back(from);
            Queue::default()
        });
        queue.transactions.push_back(Bytes::copy_from_slice(transaction));
        queue.size += size;
        self.size += size;
        dropped
    }

    /// The next transaction of the peer whose turn it is.
    pub fn pop(&mut self) -> Option<(NodeId, Bytes)> {
        let node = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&node)?;
        let transaction = queue.transactions.pop_front();
        if let Some(transaction) = &transaction {
            queue.size -= transaction.len() + ENTRY_BYTES;
            self.size -= transaction.len() + ENTRY_BYTES;
        }
        if queue.transactions.is_empty() {
            self.queues.remove(&node);
        } else {
            self.turns.push_back(node);
        }
        transaction.map(|transaction| (node, transaction))
    }

    /// Bytes that wait.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    fn drop_last(&mut self, node: NodeId) -> bool {
        let Some(queue) = self.queues.get_mut(&node) else { return false };
        let Some(last) = queue.transactions.pop_back() else { return false };
        queue.size -= last.len() + ENTRY_BYTES;
        self.size -= last.len() + ENTRY_BYTES;
        if queue.transactions.is_empty() {
            self.queues.remove(&node);
            self.turns.retain(|waiting| *waiting != node);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> NodeId {
        NodeId::from([number; 20])
    }

    #[test]
    fn peers_take_turns() {
        let mut inbox = Inbox::default();
        for number in 0..5 {
            assert_eq!(inbox.push(node(1), &[number]), 0);
        }
        inbox.push(node(2), b"a");
        inbox.push(node(3), b"b");
        let order: Vec<_> = std::iter::from_fn(|| inbox.pop()).map(|(from, bytes)| (from, bytes[0])).collect();
        let (one, two, three) = (node(1), node(2), node(3));
        assert_eq!(order, [(one, 0), (two, b'a'), (three, b'b'), (one, 1), (one, 2), (one, 3), (one, 4)]);
        assert_eq!(inbox.size(), 0);
    }

    #[test]
    fn a_peer_has_a_bound() {
        let mut inbox = Inbox::default();
        let taken = (0..100).filter(|_| inbox.push(node(1), &[0; 128 << 10]) == 0).count();
        assert_eq!(taken, 15);
        assert_eq!(inbox.push(node(2), b"a"), 0);
    }

    #[test]
    fn the_fullest_gives_way_when_all_is_full() {
        let mut inbox = Inbox::default();
        for number in 0..9 {
            while inbox.size() + (1 << 10) + ENTRY_BYTES <= BYTES_MAX && inbox.push(node(number), &[0; 1 << 10]) == 0 {}
        }
        assert!(inbox.size() > BYTES_MAX - (2 << 10), "{} bytes", inbox.size());
        // A newcomer comes in; one that has as much as anybody does not.
        assert_eq!(inbox.push(node(100), &[1; 1 << 10]), 1);
        assert!(inbox.queues.contains_key(&node(100)));
        assert_eq!(inbox.push(node(1), &[1; 1 << 10]), 1);
        assert!(inbox.size() <= BYTES_MAX);
        let served = std::iter::from_fn(|| inbox.pop()).take(10).any(|(from, _)| from == node(100));
        assert!(served, "within one round");
    }
}

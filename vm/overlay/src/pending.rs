//! [`Pending`]: questions of this node that are under way.

use pars_host::NodeId;
use std::collections::BTreeMap;

/// Questions that are under way. What is beyond them fails at once.
pub const PENDING_MAX: usize = 4_096;

/// When each question is given up, by whom it was put to and its number.
#[derive(Debug, Default)]
pub struct Pending(BTreeMap<(NodeId, u32), u64>);

impl Pending {
    /// A question is asked; whether there is room for it. One with the same number to the same node takes the place of the
    /// earlier one.
    pub fn ask(&mut self, node: NodeId, id: u32, until_ms: u64) -> bool {
        let room = self.0.len() < PENDING_MAX || self.0.contains_key(&(node, id));
        if room {
            self.0.insert((node, id), until_ms);
        }
        room
    }

    /// An answer came; whether anybody waits for it.
    pub fn answered(&mut self, node: NodeId, id: u32) -> bool {
        self.0.remove(&(node, id)).is_some()
    }

    /// The node is gone: what it was asked.
    pub fn lost(&mut self, node: NodeId) -> Vec<u32> {
        let ids: Vec<u32> = self.0.range((node, 0)..=(node, u32::MAX)).map(|((_, id), _)| *id).collect();
        self.0.retain(|(other, _), _| *other != node);
        ids
    }

    /// What nobody waits for any more.
    pub fn overdue(&mut self, now_ms: u64) -> Vec<(NodeId, u32)> {
        let over: Vec<_> = self.0.iter().filter(|(_, until_ms)| **until_ms <= now_ms).map(|(key, _)| *key).collect();
        self.0.retain(|_, until_ms| *until_ms > now_ms);
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> NodeId {
        [number; 20].into()
    }

    #[test]
    fn a_question_ends_once() {
        let mut pending = Pending::default();
        assert!(pending.ask(node(1), 7, 100) && pending.ask(node(1), 9, 200) && pending.ask(node(2), 7, 100));
        assert!(!pending.answered(node(2), 9), "nobody asked");
        assert!(pending.answered(node(1), 7));
        assert!(!pending.answered(node(1), 7), "again");
        assert_eq!(pending.overdue(99), []);
        assert_eq!(pending.overdue(100), [(node(2), 7)]);
        assert_eq!(pending.lost(node(1)), [9]);
        assert_eq!(pending.overdue(u64::MAX), []);
    }

    #[test]
    fn questions_are_bounded() {
        let mut pending = Pending::default();
        let most = u32::try_from(PENDING_MAX).unwrap();
        assert!((0..most).all(|id| pending.ask(node(1), id, 1)));
        assert!(!pending.ask(node(1), most, 1));
        assert!(pending.ask(node(1), 5, 2), "the same number again");
        assert_eq!(pending.overdue(1).len(), PENDING_MAX - 1);
        assert_eq!(pending.lost(node(1)), [5]);
    }
}

//! [`Pulls`]: questions that are under way. One that is never answered costs its place for a minute.

use pars_host::NodeId;
use std::collections::BTreeMap;

/// Questions at a time. One a second is asked, and a host gives up after some seconds.
pub const PENDING_MAX: usize = 16;
/// An answer comes within this time, milliseconds, or its place is free.
pub const PATIENCE_MS: u64 = 60_000;

/// Questions by number.
#[derive(Debug)]
pub struct Pulls {
    /// Odd: the even ones are those of state sync.
    next: u32,
    pending: BTreeMap<u32, (NodeId, u64)>,
}

impl Default for Pulls {
    fn default() -> Self {
        Self { next: 1, pending: BTreeMap::new() }
    }
}

impl Pulls {
    /// The number of a question to a node; none where that one has not answered the last, or too many have not.
    pub fn ask(&mut self, node: NodeId, now_ms: u64) -> Option<u32> {
        self.pending.retain(|_, (_, asked_ms)| now_ms < asked_ms.saturating_add(PATIENCE_MS));
        if self.pending.len() >= PENDING_MAX || self.pending.values().any(|(asked, _)| *asked == node) {
            return None;
        }
        let id = self.next;
        self.next = self.next.wrapping_add(2);
        self.pending.insert(id, (node, now_ms));
        Some(id)
    }

    /// Whether a node was asked this, and has not answered yet. It has then.
    pub fn answered(&mut self, node: NodeId, id: u32) -> bool {
        let asked = self.pending.get(&id).is_some_and(|(asked, _)| *asked == node);
        if asked {
            self.pending.remove(&id);
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(number: u8) -> NodeId {
        NodeId::from([number; 20])
    }

    #[test]
    fn an_answer_is_taken_once_and_from_who_was_asked() {
        let mut pulls = Pulls::default();
        assert_eq!(pulls.ask(node(1), 0), Some(1));
        assert_eq!(pulls.ask(node(2), 0), Some(3));
        assert_eq!(pulls.ask(node(1), 0), None, "a question to a node at a time");
        assert!(!pulls.answered(node(2), 1));
        assert!(!pulls.answered(node(1), 5));
        assert!(pulls.answered(node(1), 1));
        assert!(!pulls.answered(node(1), 1));
        assert_eq!(pulls.ask(node(1), 0), Some(5));
    }

    #[test]
    fn stalled_peers_hold_their_places_for_a_while() {
        let mut pulls = Pulls::default();
        let most = u8::try_from(PENDING_MAX).unwrap();
        assert!((0..most).all(|number| pulls.ask(node(number), 0).is_some()));
        assert_eq!(pulls.ask(node(most), PATIENCE_MS - 1), None);
        assert!(pulls.ask(node(most), PATIENCE_MS).is_some());
        assert!(!pulls.answered(node(0), 1), "too late");
    }

    #[test]
    fn numbers_stay_odd_when_they_begin_anew() {
        let mut pulls = Pulls { next: u32::MAX, ..Pulls::default() };
        assert_eq!(pulls.ask(node(1), 0), Some(u32::MAX));
        assert_eq!(pulls.ask(node(2), 0), Some(1));
    }
}

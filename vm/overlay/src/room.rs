//! [`Room`]: bytes of messages that are on their way, of one peer and of all.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for one peer's messages, within the room for all.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
}

/// Room that a message takes, until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// What a message takes besides its bytes, so that small ones are bounded too.
const MESSAGE_BYTES: usize = 256;

impl Room {
    /// Room of so many bytes for one peer, within that for all.
    pub(crate) fn within(all: &Arc<Semaphore>, bytes: usize) -> Self {
        Self { all: Arc::clone(all), own: Arc::new(Semaphore::new(bytes)) }
    }

    /// Takes room for a message, if there is some now.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Taken> {
        let bytes = taken(bytes)?;
        let own = Arc::clone(&self.own).try_acquire_many_owned(bytes).ok()?;
        let all = Arc::clone(&self.all).try_acquire_many_owned(bytes).ok()?;
        Some(Taken { _own: own, _all: all })
    }

    /// Waits for room for a message.
    pub(crate) async fn take(&self, bytes: usize) -> Option<Taken> {
        let bytes = taken(bytes)?;
        let own = Arc::clone(&self.own).acquire_many_owned(bytes).await.ok()?;
        let all = Arc::clone(&self.all).acquire_many_owned(bytes).await.ok()?;
        Some(Taken { _own: own, _all: all })
    }
}

fn taken(bytes: usize) -> Option<u32> {
    u32::try_from(bytes.saturating_add(MESSAGE_BYTES)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_does_not_take_what_is_for_all() {
        let all = Arc::new(Semaphore::new(3_000));
        let (one, two) = (Room::within(&all, 2_000), Room::within(&all, 2_000));
        let first = one.try_take(1_000).unwrap();
        assert!(one.try_take(1_000).is_none(), "its own room is taken");
        let second = two.try_take(1_000).unwrap();
        assert!(two.try_take(500).is_none(), "the room of all is taken");
        drop(first);
        assert!(two.try_take(444).is_some());
        drop(second);
        assert_eq!(all.available_permits(), 3_000);
    }

    #[test]
    fn small_messages_are_bounded() {
        let all = Arc::new(Semaphore::new(10_000));
        let room = Room::within(&all, 1_024);
        let taken: Vec<_> = (0..10).filter_map(|_| room.try_take(0)).collect();
        assert_eq!(taken.len(), 4);
    }
}

//! [`Room`]: bytes of messages that are on their way, of one peer and of all.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Room for one peer's messages, within the room for all. A little of it is the peer's alone, so that short messages pass
/// where others have taken everything else.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    all: Arc<Semaphore>,
    own: Arc<Semaphore>,
    kept: Arc<Semaphore>,
}

/// Room that a message takes, until this is dropped.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Of the peer's own.
    Kept { _kept: OwnedSemaphorePermit },
    /// Of what is for all.
    Shared { _own: OwnedSemaphorePermit, _all: OwnedSemaphorePermit },
}

/// Bytes that are each peer's alone.
const KEPT_BYTES: usize = 256 << 10;
/// What a message takes besides its bytes, so that small ones are bounded too.
const MESSAGE_BYTES: usize = 256;

impl Room {
    /// Room of so many bytes for one peer, within that for all.
    pub(crate) fn within(all: &Arc<Semaphore>, bytes: usize) -> Self {
        let [own, kept] = [bytes, KEPT_BYTES].map(|bytes| Arc::new(Semaphore::new(bytes)));
        Self { all: Arc::clone(all), own, kept }
    }

    /// Takes room for a message, if there is some now.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Taken> {
        let bytes = taken(bytes)?;
        if let Ok(kept) = Arc::clone(&self.kept).try_acquire_many_owned(bytes) {
            return Some(Taken::Kept { _kept: kept });
        }
        let own = Arc::clone(&self.own).try_acquire_many_owned(bytes).ok()?;
        let all = Arc::clone(&self.all).try_acquire_many_owned(bytes).ok()?;
        Some(Taken::Shared { _own: own, _all: all })
    }

    /// Waits for room for a message.
    pub(crate) async fn take(&self, bytes: usize) -> Option<Taken> {
        let short = bytes <= KEPT_BYTES - MESSAGE_BYTES;
        let bytes = taken(bytes)?;
        let shared = async {
            let own = Arc::clone(&self.own).acquire_many_owned(bytes).await.ok()?;
            let all = Arc::clone(&self.all).acquire_many_owned(bytes).await.ok()?;
            Some(Taken::Shared { _own: own, _all: all })
        };
        tokio::select! {
            biased;
            Ok(kept) = Arc::clone(&self.kept).acquire_many_owned(bytes), if short => Some(Taken::Kept { _kept: kept }),
            taken = shared => taken,
        }
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
        let all = Arc::new(Semaphore::new(6 << 20));
        let (one, two) = (Room::within(&all, 4 << 20), Room::within(&all, 4 << 20));
        let first = one.try_take(3 << 20).unwrap();
        assert!(one.try_take(2 << 20).is_none(), "its own room is taken");
        let second = two.try_take(2 << 20).unwrap();
        assert!(two.try_take(1 << 20).is_none(), "the room of all is taken");
        drop(first);
        assert!(two.try_take(1 << 20).is_some());
        drop(second);
        assert_eq!(all.available_permits(), 6 << 20);
    }

    #[tokio::test]
    async fn short_messages_pass_where_everything_is_taken() {
        let all = Arc::new(Semaphore::new(3 << 20));
        let (one, two) = (Room::within(&all, 4 << 20), Room::within(&all, 4 << 20));
        let large = one.take(2 << 20).await.unwrap();
        let rest = one.take((1 << 20) - 1_000).await.unwrap();
        let short = two.take(200 << 10).await.unwrap();
        assert!(two.try_take(200 << 10).is_none());
        // Whoever waits gets what is free first, of either kind.
        let waits = two.take(200 << 10);
        drop(short);
        assert!(matches!(waits.await, Some(Taken::Kept { .. })));
        drop((large, rest));
        assert_eq!(all.available_permits(), 3 << 20);
    }

    #[test]
    fn small_messages_are_bounded() {
        let all = Arc::new(Semaphore::new(1_024));
        let room = Room::within(&all, 2_048);
        let taken: Vec<_> = (0..2_000).filter_map(|_| room.try_take(0)).collect();
        assert_eq!(taken.len(), 1_024 + 4);
    }
}

//! Requests that a host keeps open, and which of them gives way when there are too many: the one that has been open for
//! longest. Each has a connection of its own to the host, and a store without file handles is the end of a chain.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Requests that may be open. Connections that changed hands are not among them: their service counts these.
const OPEN_MAX: usize = 512;
/// How long one may be open before it may have to give way: who just came has not been heard yet.
const OPEN_MIN: Duration = Duration::from_secs(10);

/// The open requests of all handlers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streams(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// By when each was opened.
    all: BTreeMap<u64, (Instant, Arc<Notify>)>,
}

/// One of them, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Stream {
    streams: Streams,
    number: u64,
    leave: Arc<Notify>,
}

impl Streams {
    /// A place for a request; none where all are taken by others that came a moment ago.
    pub(crate) fn open(&self) -> Option<Stream> {
        self.open_among(OPEN_MAX, OPEN_MIN)
    }

    fn open_among(&self, most: usize, at_least: Duration) -> Option<Stream> {
        let mut open = self.lock();
        if open.all.len() >= most {
            // It is gone a moment later; until then there is one more.
            let oldest = open.all.first_entry().filter(|oldest| oldest.get().0.elapsed() >= at_least)?;
            oldest.remove().1.notify_one();
        }
        let (number, leave) = (open.next, Arc::new(Notify::new()));
        open.next = number.wrapping_add(1);
        open.all.insert(number, (Instant::now(), Arc::clone(&leave)));
        drop(open);
        Some(Stream { streams: self.clone(), number, leave })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// Ready once another one needs the place.
    pub(crate) async fn displaced(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.lock().all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::timeout;

    async fn displaced(stream: &Stream) -> bool {
        timeout(Duration::from_millis(20), stream.displaced()).await.is_ok()
    }

    #[tokio::test]
    async fn the_oldest_gives_way_and_newcomers_wait_for_nobody() {
        let streams = Streams::default();
        let open = |at_least| streams.open_among(2, at_least);
        let (first, second) = (open(Duration::ZERO).unwrap(), open(Duration::ZERO).unwrap());
        assert!(open(Duration::from_secs(60)).is_none(), "both have just come");
        let third = open(Duration::ZERO).unwrap();
        assert_eq!((displaced(&first).await, displaced(&second).await, displaced(&third).await), (true, false, false));
        // Who has given way takes nobody else's place with him.
        drop(first);
        assert!(open(Duration::from_secs(60)).is_none());
        drop(second);
        let fourth = open(Duration::from_secs(60)).unwrap();
        assert!(!displaced(&third).await);
        drop((third, fourth));
        assert!(streams.lock().all.is_empty());
    }
}

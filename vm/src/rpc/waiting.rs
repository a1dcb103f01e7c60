//! [`Waiting`]: connections that wait for their client. Where all connections are taken, the one that has waited longest
//! gives way, so that clients who leave theirs open cannot keep others out.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Notify;

/// Connections that wait for their client, longest first.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    turns: Mutex<Turns>,
    /// Told when a connection begins to wait.
    begun: Notify,
}

#[derive(Debug, Default)]
struct Turns {
    next: u64,
    /// By when each began to wait.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Guest {
    waiting: Arc<Waiting>,
    /// Where it waits.
    turn: Mutex<Option<u64>>,
    leave: Arc<Notify>,
}

impl Waiting {
    /// A connection that waits from now on.
    pub(crate) fn enter(self: &Arc<Self>) -> Guest {
        let guest = Guest { waiting: Arc::clone(self), turn: Mutex::default(), leave: Arc::default() };
        guest.wait();
        guest
    }

    /// Asks the connection that has waited longest to leave, as soon as one waits.
    pub(crate) async fn make_room(&self) {
        loop {
            let begun = self.begun.notified();
            if let Some((_, leave)) = self.turns.lock().waiting.pop_first() {
                // Kept until the connection looks.
                leave.notify_one();
                return;
            }
            begun.await;
        }
    }
}

impl Guest {
    /// A request has come: from now on the connection has something to do.
    pub(crate) fn work(&self) {
        if let Some(turn) = self.turn.lock().take() {
            self.waiting.turns.lock().waiting.remove(&turn);
        }
    }

    /// The request is answered.
    pub(crate) fn wait(&self) {
        let mut turns = self.waiting.turns.lock();
        let turn = turns.next;
        turns.next += 1;
        turns.waiting.insert(turn, Arc::clone(&self.leave));
        drop(turns);
        *self.turn.lock() = Some(turn);
        self.waiting.begun.notify_waiters();
    }

    /// Comes when the connection is asked to leave.
    pub(crate) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn asked(guest: &Guest) -> bool {
        timeout(Duration::from_millis(20), guest.asked_to_leave()).await.is_ok()
    }

    #[tokio::test]
    async fn who_waited_longest_leaves_first() {
        let waiting = Arc::new(Waiting::default());
        let guests = [waiting.enter(), waiting.enter(), waiting.enter()];
        guests[0].work();
        guests[0].wait();
        waiting.make_room().await;
        assert_eq!([asked(&guests[0]).await, asked(&guests[1]).await, asked(&guests[2]).await], [false, true, false]);
        waiting.make_room().await;
        assert_eq!([asked(&guests[0]).await, asked(&guests[2]).await], [false, true]);
        drop(guests);
        assert!(waiting.turns.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn who_works_stays_and_is_waited_for() {
        let waiting = Arc::new(Waiting::default());
        let guest = waiting.enter();
        guest.work();
        let room = waiting.make_room();
        tokio::pin!(room);
        assert!(timeout(Duration::from_millis(20), room.as_mut()).await.is_err(), "nobody waits");
        assert!(!asked(&guest).await);
        guest.wait();
        timeout(Duration::from_secs(5), room).await.expect("one waits now");
        assert!(asked(&guest).await);
    }
}

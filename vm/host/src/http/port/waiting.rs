//! [`Waiting`]: connections of a port, and which of them gives way when all are taken: the one that has waited longest for
//! its client; where none has waited for a while, the one whose request has been worked on for longest. So clients who leave theirs open
//! keep nobody out.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Time between two looks at whether one has to give way.
const LOOK: Duration = Duration::from_millis(500);

/// Connections of a port.
#[derive(Debug)]
pub(crate) struct Waiting {
    /// How long a connection waits before it may have to give way: whoever just came has not been heard yet.
    wait_min: Duration,
    /// How long a request is worked on before its connection may have to give way.
    work_max: Duration,
    turns: Mutex<Turns>,
    /// Told when a connection begins to wait.
    begun: Notify,
}

#[derive(Debug, Default)]
struct Turns {
    next: u64,
    /// By when each began to wait.
    waiting: BTreeMap<u64, (Instant, Arc<Notify>)>,
    /// By when each began to work.
    working: BTreeMap<u64, (Instant, Arc<Notify>)>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Guest {
    waiting: Arc<Waiting>,
    turn: Mutex<u64>,
    leave: Arc<Notify>,
}

impl Turns {
    const fn take(&mut self) -> u64 {
        let turn = self.next;
        self.next += 1;
        turn
    }

    fn forget(&mut self, turn: u64) {
        self.waiting.remove(&turn);
        self.working.remove(&turn);
    }

    /// Who gives way, if somebody has to by now.
    fn pop(&mut self, wait_min: Duration, work_max: Duration) -> Option<Arc<Notify>> {
        let waits = self.waiting.first_entry().filter(|oldest| oldest.get().0.elapsed() >= wait_min);
        let gives_way =
            waits.or_else(|| self.working.first_entry().filter(|oldest| oldest.get().0.elapsed() >= work_max));
        Some(gives_way?.remove().1)
    }
}

impl Waiting {
    pub(crate) fn new(wait_min: Duration, work_max: Duration) -> Self {
        Self { wait_min, work_max, turns: Mutex::default(), begun: Notify::new() }
    }

    /// A connection that waits from now on.
    pub(crate) fn enter(self: &Arc<Self>) -> Guest {
        let leave = Arc::new(Notify::new());
        let mut turns = self.turns.lock();
        let turn = turns.take();
        turns.waiting.insert(turn, (Instant::now(), Arc::clone(&leave)));
        drop(turns);
        self.begun.notify_waiters();
        Guest { waiting: Arc::clone(self), turn: Mutex::new(turn), leave }
    }

    /// Asks a connection to leave, as soon as one has to.
    pub(crate) async fn make_room(&self) {
        loop {
            let begun = self.begun.notified();
            if let Some(leave) = self.turns.lock().pop(self.wait_min, self.work_max) {
                // Kept until the connection looks.
                leave.notify_one();
                return;
            }
            drop(timeout(LOOK, begun).await);
        }
    }
}

impl Guest {
    /// A request has come: from now on the connection has something to do.
    pub(crate) fn work(&self) {
        let (mut turn, mut turns) = (self.turn.lock(), self.waiting.turns.lock());
        turns.forget(*turn);
        *turn = turns.take();
        turns.working.insert(*turn, (Instant::now(), Arc::clone(&self.leave)));
    }

    /// The request is answered.
    pub(crate) fn wait(&self) {
        let (mut turn, mut turns) = (self.turn.lock(), self.waiting.turns.lock());
        turns.forget(*turn);
        *turn = turns.take();
        turns.waiting.insert(*turn, (Instant::now(), Arc::clone(&self.leave)));
        drop((turn, turns));
        self.waiting.begun.notify_waiters();
    }

    /// Comes when the connection is asked to leave.
    pub(crate) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.waiting.turns.lock().forget(*self.turn.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(guest: &Guest) -> bool {
        timeout(Duration::from_millis(20), guest.asked_to_leave()).await.is_ok()
    }

    #[tokio::test]
    async fn who_waited_longest_leaves_first() {
        let waiting = Arc::new(Waiting::new(Duration::ZERO, Duration::ZERO));
        let guests = [waiting.enter(), waiting.enter(), waiting.enter()];
        guests[0].work();
        guests[0].wait();
        waiting.make_room().await;
        assert_eq!([asked(&guests[0]).await, asked(&guests[1]).await, asked(&guests[2]).await], [false, true, false]);
        waiting.make_room().await;
        assert_eq!([asked(&guests[0]).await, asked(&guests[2]).await], [false, true]);
        drop(guests);
        let turns = waiting.turns.lock();
        assert!(turns.waiting.is_empty() && turns.working.is_empty());
    }

    #[tokio::test]
    async fn who_works_stays_for_a_while() {
        const WORK_MAX: Duration = Duration::from_secs(1);
        let waiting = Arc::new(Waiting::new(Duration::from_millis(200), WORK_MAX));
        let guests = [waiting.enter(), waiting.enter()];
        guests[1].work();
        guests[0].work();
        assert!(timeout(WORK_MAX / 4, waiting.make_room()).await.is_err(), "nobody waits");
        assert!(!asked(&guests[1]).await);
        timeout(5 * WORK_MAX, waiting.make_room()).await.expect("one works for too long");
        assert!(asked(&guests[1]).await && !asked(&guests[0]).await);
        guests[0].wait();
        assert!(timeout(Duration::from_millis(100), waiting.make_room()).await.is_err(), "it has only begun to wait");
        timeout(2 * WORK_MAX, waiting.make_room()).await.expect("one waits");
        assert!(asked(&guests[0]).await);
    }
}

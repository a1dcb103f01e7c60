//! [`Faults`]: what a host for tests does wrong on purpose.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// What a host does wrong, from when it is told so until it is told otherwise.
#[derive(Debug, Default)]
pub struct Faults {
    closed: AtomicBool,
    stall_ms: AtomicU64,
    disorder: AtomicBool,
    asked: AtomicU64,
    cuts: watch::Sender<u64>,
}

impl Faults {
    /// The database takes no more writes.
    pub fn close_database(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Database and validator sets answer that much later.
    pub fn stall(&self, time: Duration) {
        self.stall_ms.store(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Database and validator sets answer later questions first; over ZAP, where a plugin may have one question at a time,
    /// answers that nobody waits for come before the right one.
    pub fn disorder(&self, disorder: bool) {
        self.disorder.store(disorder, Ordering::SeqCst);
    }

    /// Closes all connections to services that are lent over ZAP; new ones are taken.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn is_disordered(&self) -> bool {
        self.disorder.load(Ordering::SeqCst)
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    /// How long an answer is held back.
    pub(super) async fn hold(&self) {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let late = self.is_disordered() && number.is_multiple_of(2);
        let ms = self.stall_ms.load(Ordering::SeqCst) + if late { LATE_MS } else { 0 };
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
}

/// By so much every other answer is late where they come in another order.
const LATE_MS: u64 = 50;

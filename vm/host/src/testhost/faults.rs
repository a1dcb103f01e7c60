//! [`Faults`]: what a host for tests does wrong on purpose.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// What a host does wrong, from when it is told so until it is told otherwise.
#[derive(Debug, Default)]
pub struct Faults {
    closed: AtomicBool,
    stall_ms: AtomicU64,
    strays: AtomicBool,
    away: AtomicBool,
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

    /// Over ZAP, answers that nobody waits for come before the right one.
    pub fn stray(&self, stray: bool) {
        self.strays.store(stray, Ordering::SeqCst);
    }

    /// Services that are lent over ZAP close every connection at once, as if they were not there.
    pub fn leave(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
        self.cut();
    }

    /// Closes all connections to services that are lent over ZAP; new ones are taken.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn strays(&self) -> bool {
        self.strays.load(Ordering::SeqCst)
    }

    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    pub(super) fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    /// How long an answer is held back.
    pub(super) async fn hold(&self) {
        let ms = self.stall_ms.load(Ordering::SeqCst);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }
}

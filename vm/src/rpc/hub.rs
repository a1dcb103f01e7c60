//! [`Hub`]: what all connections that stay open share.

use crate::rpc::limits::SocketLimits;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// What all connections that stay open share: their bounds, and how many there are.
#[derive(Debug, Default)]
pub struct Hub {
    limits: SocketLimits,
    open: AtomicUsize,
    stopping: watch::Sender<bool>,
}

/// A place among the open connections.
#[derive(Debug)]
pub(crate) struct Seat(Arc<Hub>);

impl Hub {
    /// Without connections.
    #[must_use]
    pub fn new(limits: SocketLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The bounds.
    #[must_use]
    pub const fn limits(&self) -> &SocketLimits {
        &self.limits
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Takes a place, if there is one.
    pub(crate) fn take_seat(self: &Arc<Self>) -> Option<Seat> {
        let seat = Seat(Arc::clone(self));
        // Given back with the seat where it was one too many.
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        (before < self.limits.sockets).then_some(seat)
    }

    /// Says goodbye to all clients, and waits until they are gone.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        while self.open() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Tells when to say goodbye.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Pause between two looks at whether all are gone.
const LOOK: Duration = Duration::from_millis(5);

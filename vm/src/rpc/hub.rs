//! [`Hub`]: what all connections that stay open share.

use crate::rpc::feed::Feed;
use crate::rpc::limits::SocketLimits;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all connections that stay open share: their bounds, how many there are, and what they read.
#[derive(Debug, Default)]
pub struct Hub {
    limits: SocketLimits,
    open: AtomicUsize,
    /// Bytes of answers that are not sent.
    unread: AtomicUsize,
    feed: Feed,
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

    /// Bytes of answers that are not sent.
    #[must_use]
    pub fn unread(&self) -> usize {
        self.unread.load(Ordering::Relaxed)
    }

    /// Takes a place, if there is one.
    pub(crate) fn take_seat(self: &Arc<Self>) -> Option<Seat> {
        let seat = Seat(Arc::clone(self));
        // Given back with the seat where it was one too many.
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        (before < self.limits.sockets).then_some(seat)
    }

    pub(crate) const fn feed(&self) -> &Feed {
        &self.feed
    }

    pub(crate) fn add_unread(&self, bytes: usize) {
        self.unread.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn remove_unread(&self, bytes: usize) {
        self.unread.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

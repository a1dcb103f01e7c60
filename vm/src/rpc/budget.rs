//! [`Budget`]: bytes that are kept here for all clients together: of requests until they are answered, of answers until
//! they are sent. A [`Share`] is what one client has of it.
//!
//! A share within [`SHORT_BYTES`] is never refused. So whoever takes all there is, by not ending what is sent or not
//! reading what is answered, keeps out nobody who asks for little.

use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that every client may have.
pub const SHORT_BYTES: usize = 64 << 10;

/// Bytes that are kept for all clients together.
#[derive(Debug)]
pub struct Budget {
    most: usize,
    used: AtomicUsize,
}

/// What one client has of it, given back at the end.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    held: AtomicUsize,
}

impl Budget {
    /// At most so many bytes, what is short apart.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self { most, used: AtomicUsize::new(0) }
    }

    /// Bytes that are kept.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Of a client that has nothing yet.
    #[must_use]
    pub fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), held: AtomicUsize::new(0) }
    }

    /// Keeps an answer until it is sent or its client is gone; none where too much is kept already.
    #[must_use]
    pub fn keep(self: &Arc<Self>, answer: Bytes) -> Option<Bytes> {
        let share = self.share();
        share.add(answer.len()).then(|| Bytes::from_owner(Kept { answer, _share: share }))
    }
}

impl Share {
    /// Adds so many bytes; false, and nothing is added, where there is no room for them.
    #[must_use]
    pub fn add(&self, bytes: usize) -> bool {
        let short = self.held.load(Ordering::Relaxed).saturating_add(bytes) <= SHORT_BYTES;
        let more = |used: usize| {
            let all = used.saturating_add(bytes);
            (short || all <= self.budget.most).then_some(all)
        };
        let added = self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok();
        if added {
            self.held.fetch_add(bytes, Ordering::Relaxed);
        }
        added
    }

    /// As [`Self::add`], up to so many bytes in all.
    #[must_use]
    pub fn grow(&self, to: usize) -> bool {
        self.add(to.saturating_sub(self.held.load(Ordering::Relaxed)))
    }

    /// Gives so many bytes back, which were added.
    pub fn remove(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        self.budget.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(*self.held.get_mut(), Ordering::Relaxed);
    }
}

/// An answer that is counted while it is here.
struct Kept {
    answer: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_always_fits() {
        let budget = Arc::new(Budget::new(1_000_000));
        let (greedy, modest) = (budget.share(), budget.share());
        assert!(greedy.add(1_000_000));
        assert!(!greedy.add(1), "there is no more");
        assert!(modest.add(SHORT_BYTES));
        assert!(!modest.add(1), "that is not short");
        assert_eq!(budget.used(), 1_000_000 + SHORT_BYTES);
        greedy.remove(600_000);
        assert!(modest.grow(2 * SHORT_BYTES) && modest.grow(SHORT_BYTES));
        drop(greedy);
        assert_eq!(budget.used(), 2 * SHORT_BYTES);
        let kept = budget.keep(Bytes::from(vec![0; 500_000])).expect("there is room");
        assert!(budget.keep(Bytes::from(vec![0; 500_000])).is_none());
        assert!(budget.keep(Bytes::from(vec![0; SHORT_BYTES])).is_some());
        drop((kept, modest));
        assert_eq!(budget.used(), 0);
    }
}

//! This machine's clock. The chain gets its time from here and nowhere else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Unix milliseconds; 0 on a machine whose clock is before 1970.
#[must_use]
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Where the time of an answer comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// This machine.
    #[default]
    Machine,
    /// Whoever set it last, Unix milliseconds: a recorded question is asked again at its own time.
    Set(Arc<AtomicU64>),
}

impl Clock {
    /// Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        match self {
            Self::Machine => now_ms(),
            Self::Set(at) => at.load(Ordering::Relaxed),
        }
    }
}

//! [`Interrupt`]: ends a call from outside. Blocks are never interrupted, so no verdict depends on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that a running call looks at. Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Nobody needs the result any more.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the call should end.
    #[must_use]
    pub fn raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

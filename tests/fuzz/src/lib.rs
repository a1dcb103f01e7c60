//! What the targets share: calls of rows, a host for tests, and how much memory an input may take.
//!
//! A target whose bytes come from a host or a peer states a [`Bound`] beside itself and calls its parser within
//! [`Bound::check`]. The allocator of `memory.rs` counts what Rust has allocated; the fuzzer's own memory is not in it.

#[allow(dead_code, reason = "shared with the tests of rows")]
#[path = "../../../precompiles/tests/pure/calling.rs"]
mod calling;
pub mod echo;
#[allow(dead_code, reason = "shared with the tests of rows")]
#[path = "../../../crypto/tests/support/load.rs"]
mod load;
mod memory;
#[allow(dead_code, reason = "shared with the tests of rows")]
#[path = "../../../precompiles/tests/pure/operations.rs"]
mod operations;
pub mod row;
pub mod solidity;
#[allow(dead_code, reason = "shared with the tests of rows")]
#[path = "../../../crypto/tests/support/vectors.rs"]
mod vectors;

use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a parser may hold at once, of all that it has allocated and not freed: so much for each byte of its input,
/// and so much for any input.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Bytes for each byte of the input.
    pub each: usize,
    /// Bytes for any input.
    pub any: usize,
}

/// The nearest that an input came to its bound, in percent; `usize::MAX` before the first one.
static NEAREST: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Bound {
    /// Runs a parser on an input of this length.
    ///
    /// # Panics
    /// Where it holds more than it may. What was allocated before is not counted, so what a target needs once is made
    /// before.
    pub fn check<T>(self, length: usize, run: impl FnOnce() -> T) -> T {
        let before = memory::begin();
        let result = run();
        let held = memory::peak().saturating_sub(before);
        let bound = self.each * length + self.any;
        assert!(held <= bound, "{length} bytes of input took {held} bytes of memory, at most {bound} are allowed");
        self.tell(held * 100 / bound);
        result
    }

    /// `scripts/fuzz` reads these lines.
    fn tell(self, percent: usize) {
        let nearest = NEAREST.load(Ordering::Relaxed);
        if nearest == usize::MAX {
            eprintln!("memory bound: {}n+{}", self.each, self.any);
        }
        if nearest == usize::MAX || percent > nearest {
            NEAREST.store(percent, Ordering::Relaxed);
            eprintln!("memory nearest: {percent}");
        }
    }
}

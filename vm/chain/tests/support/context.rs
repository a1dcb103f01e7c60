//! What blocks are verified with.

use pars_chain::block::Block;
use pars_chain::engine::Context;

/// In normal operation, with a clock that shows the block's own time.
pub(crate) fn at_its_time(block: &Block) -> Context<'static> {
    Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None }
}

/// The same before the host has caught up.
pub(crate) fn bootstrapping(block: &Block) -> Context<'static> {
    Context { bootstrapped: false, ..at_its_time(block) }
}

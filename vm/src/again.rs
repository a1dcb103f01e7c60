//! Blocks that were accepted once are accepted again: those of another store, or of a file.

use alloy_primitives::Bytes;
use pars_chain::block::BlockId;
use pars_chain::engine::{Chain, Context, Verdict};
use pars_chain::error::{DecodeError, Error};
use pars_chain::store::Durability;

/// While many blocks follow each other, a crash costs at most this many, which are taken again.
pub const SYNC_EVERY_BLOCKS: u64 = 256;

/// Why a block was not accepted again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// It is none.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// It does not follow from the ones before it.
    #[error("refused: {reason}")]
    Refused {
        /// The block.
        id: BlockId,
        /// The rule it breaks.
        reason: String,
    },
    /// It was not stored.
    #[error(transparent)]
    Accept(#[from] Error),
}

/// Takes the next block through parse, verify and accept.
///
/// Its time is not compared with the clock, and what only a host can check of it is trusted.
///
/// # Errors
/// See [`AgainError`].
pub fn accept(chain: &mut Chain, bytes: Bytes) -> Result<(), AgainError> {
    let block = chain.parse(bytes)?;
    let id = block.id();
    let context = Context { now_ms: block.header.unix_ms(), bootstrapped: false, verdicts: None };
    match chain.verify(&block, context).map_err(Error::from)? {
        Verdict::Valid => {}
        Verdict::Invalid(reason) => return Err(AgainError::Refused { id, reason: reason.to_string() }),
        Verdict::Needs(needs) => return Err(AgainError::Refused { id, reason: format!("it needs {needs:?}") }),
    }
    let is_due = block.height().is_multiple_of(SYNC_EVERY_BLOCKS);
    chain.accept(id, if is_due { Durability::Synced } else { Durability::Buffered })?;
    Ok(())
}

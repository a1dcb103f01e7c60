//! Which of two records of the last accepted block holds: the store's, or the one that the host's database keeps.
//!
//! The host commits its own record of a block before it tells us to accept that block, and refuses to start where we are
//! ahead of it; where we are behind, it takes its own records back. Our record in its database shares its write-ahead log,
//! so it is never ahead of the host's own. The head is therefore the lower of the two, on one chain.

use crate::block::BlockId;
use crate::engine::Chain;
use crate::error::Fatal;
use crate::state::commit::History;
use crate::state::meta::{self, Head};

/// What has to be done before the chain goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// Nothing: the host has no record, the same one, or a higher one, which it takes back by itself.
    Stay,
    /// Take blocks back until this height is the head, by [`Chain::rewind`].
    Rewind(u64),
    /// The same, but reverse diffs do not reach there any more: the state of this height has to be computed anew from
    /// the stored blocks.
    Rebuild(u64),
}

/// Two records of which neither can be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgreeError {
    /// The host's record is not of this chain.
    #[error(
        "the host's database says that block {record} at height {height} was accepted last, and the data folder holds {ours} at that height (its head is {head} at {head_height}): they do not belong together; put back the database and the folder from one backup"
    )]
    Unknown {
        /// The host's block.
        record: BlockId,
        /// And its height.
        height: u64,
        /// Our block at that height.
        ours: BlockId,
        /// Our head.
        head: BlockId,
        /// And its height.
        head_height: u64,
    },
    /// An archive cannot be taken back that far, and making its states anew would lose those that it holds.
    #[error(
        "the host's database says that block {record} at height {height} was accepted last, the data folder's head is {head} at {head_height}, and this archive holds no state before {oldest}; put back the database and the folder from one backup, or start with \"pruning-enabled\": true to have the state computed anew"
    )]
    BeforeArchive {
        /// The host's block.
        record: BlockId,
        /// And its height.
        height: u64,
        /// Our head.
        head: BlockId,
        /// And its height.
        head_height: u64,
        /// Oldest height whose state is there.
        oldest: u64,
    },
    /// This machine failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

impl Chain {
    /// Compares the store's head with the host's record.
    ///
    /// # Errors
    /// Where neither can be followed, or the store failed.
    pub fn agree(&self, record: Option<Head>) -> Result<Agreement, AgreeError> {
        let Some(record) = record else { return Ok(Agreement::Stay) };
        let (head, head_height) = (self.head.id(), self.head.height());
        if record.height > head_height {
            return Ok(Agreement::Stay);
        }
        let ours = self.head.block_id(record.height)?;
        let ours = ours.ok_or_else(|| Fatal::Corrupt(format!("the index of heights lacks {}", record.height)))?;
        let Head { height, id } = record;
        if ours != id {
            return Err(AgreeError::Unknown { record: id, height, ours, head, head_height });
        }
        if height == head_height {
            return Ok(Agreement::Stay);
        }
        let oldest = meta::oldest(self.store.as_ref()).map_err(AgreeError::Fatal)?;
        if height >= oldest {
            return Ok(Agreement::Rewind(height));
        }
        match self.history {
            History::Archive => Err(AgreeError::BeforeArchive { record: id, height, head, head_height, oldest }),
            History::Pruned(_) => Ok(Agreement::Rebuild(height)),
        }
    }
}

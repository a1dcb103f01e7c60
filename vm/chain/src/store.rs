//! The one door to a disk: a few columns of ordered keys, snapshots, and a batch that is stored whole or not at all.
//!
//! Bodies: [`Memory`] (here, for tests and throw-away chains), [`Faulty`] (over another one: fails where it is told to)
//! and RocksDB (in the shell).

mod columns;
mod faulty;
mod memory;

pub use columns::{Batch, Column};
pub use faulty::{CommitFault, Faulty};
pub use memory::Memory;

use crate::state::meta::Head;
use alloy_primitives::Bytes;
use std::sync::Arc;

/// Reading one consistent picture.
pub trait Read: Send + Sync {
    /// Value of a key.
    ///
    /// # Errors
    /// Only when the store failed; an absent key is `None`.
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Keys from `from` on, in order.
    fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a>;
}

/// Keys and values in order.
pub type Scan<'a> = Box<dyn Iterator<Item = Result<(Bytes, Bytes), StoreError>> + 'a>;

/// A store: reading its newest state, snapshots of it, and atomic writing.
pub trait Store: Read {
    /// A picture that later commits do not change.
    ///
    /// # Errors
    /// Only when the store failed.
    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError>;

    /// A copy of the whole store under this name, made while it runs.
    ///
    /// # Errors
    /// When it cannot be made.
    fn checkpoint(&self, name: &str) -> Result<Checkpoint, StoreError>;

    /// Stores all of the batch or nothing of it.
    ///
    /// # Errors
    /// When the store failed. The batch may have been stored all the same: the caller must stop, and a reopened store
    /// tells.
    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), StoreError>;
}

/// A copy of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Where it is, in the store's words.
    pub place: String,
    /// The last accepted block in it.
    pub head: Head,
}

/// When a commit has reached the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Before it returns.
    Synced,
    /// Some time later; a crash loses a suffix of such commits, never a part of one.
    Buffered,
}

/// A store that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No room.
    #[error("no space left on the disk that holds {0}; free some and start again, nothing is lost")]
    DiskFull(String),
    /// Another process holds it.
    #[error("{folder} is in use by {holder}; stop that one or choose another folder")]
    Locked {
        /// Where it is.
        folder: String,
        /// Who has it, or `another process`.
        holder: String,
    },
    /// Bytes that fail their checksum.
    #[error("{0}; restore the data folder from a backup, or delete it and sync again")]
    Corrupt(String),
    /// Anything else, in the store's words.
    #[error("{0}")]
    Io(String),
}

//! [`Rebuild`]: a store that is made anew, up to some height, from the blocks of another: the way back where reverse diffs
//! are not kept that far.
//!
//! It grows in a folder of its own beside the store, goes on there after an interruption, and takes the store's place by
//! two renames, which [`finish`] completes after a crash.

use crate::again::{self, AgainError};
use crate::clock::now_ms;
use crate::folder::{clear, parent};
use crate::store::rocks::Rocks;
use pars_chain::block::BlockId;
use pars_chain::engine::{Chain, OpenError, Opening};
use pars_chain::error::{DecodeError, Error, Fatal};
use pars_chain::state::format::FormatError;
use pars_chain::state::meta;
use pars_chain::store::StoreError;
use pars_chain::view::View;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Time between two lines about it, milliseconds.
pub(crate) const SAY_EVERY_MS: u64 = 10_000;

/// Why a store was not made anew.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The new store was not opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// This machine failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// A stored block was not accepted.
    #[error(transparent)]
    Accept(#[from] Error),
    /// A folder could not be renamed or removed.
    #[error("{0}: {1}")]
    Folder(PathBuf, #[source] io::Error),
    /// A stored block is none.
    #[error("stored block {height}: {cause}")]
    Block {
        /// Its height.
        height: u64,
        /// What is wrong with it.
        cause: DecodeError,
    },
    /// A stored block does not follow from the ones before it.
    #[error("stored block {id} at {height} is refused: {reason}")]
    Refused {
        /// The block.
        id: BlockId,
        /// Its height.
        height: u64,
        /// The rule it breaks.
        reason: String,
    },
    /// Somebody asked for the end.
    #[error("stopped while computing the state anew, at block {at} of {to}: the next start goes on from there")]
    Stopped {
        /// Height that was reached.
        at: u64,
        /// Height that was wanted.
        to: u64,
    },
}

/// What a rebuild needs.
#[derive(Debug)]
pub struct Rebuild<'a> {
    /// Files of the chain.
    pub opening: &'a Opening<'a>,
    /// The store's folder.
    pub folder: &'a Path,
    /// Files in it that are not the store's and come along.
    pub keep: &'a [&'a str],
    /// Height of the new head.
    pub to: u64,
    /// Raised when there is no time left.
    pub stop: &'a AtomicBool,
}

impl Rebuild<'_> {
    /// Makes the store anew from the blocks that `old` shows, and puts it in the folder's place.
    ///
    /// # Errors
    /// See [`RebuildError`]. The store is as it was then.
    pub fn run(&self, old: View) -> Result<(), RebuildError> {
        let (fresh, replaced) = (beside(self.folder, FRESH), beside(self.folder, REPLACED));
        let mut chain = self.begin(&fresh, &old)?;
        let first = chain.head().height();
        let (mut said, since) = (now_ms(), now_ms());
        tracing::warn!(first, to = self.to, "computing the state anew from the stored blocks");
        for height in first.saturating_add(1)..=self.to {
            if self.stop.load(Ordering::Relaxed) {
                chain.sync()?;
                return Err(RebuildError::Stopped { at: chain.head().height(), to: self.to });
            }
            let bytes = old.block_bytes(height)?;
            let bytes = bytes.ok_or_else(|| Fatal::Corrupt(format!("block {height} is missing")))?;
            again::accept(&mut chain, bytes).map_err(|error| RebuildError::of_block(height, error))?;
            if now_ms().saturating_sub(said) >= SAY_EVERY_MS {
                said = now_ms();
                let seconds = said.saturating_sub(since) / 1_000;
                let rate = height.saturating_sub(first).checked_div(seconds).unwrap_or_default().max(1);
                let left_s = self.to.saturating_sub(height) / rate;
                tracing::info!(height, to = self.to, blocks_per_s = rate, left_s, "computing the state anew");
            }
        }
        if let Some(height) = meta::final_height(old.base())? {
            chain.set_final(height)?;
        }
        chain.sync()?;
        drop((chain, old));
        for name in self.keep {
            let (from, to) = (self.folder.join(name), fresh.join(name));
            if from.exists() {
                fs::copy(&from, &to).map_err(at(&from))?;
                // What it was copied from is removed.
                fs::File::open(&to).and_then(|file| file.sync_all()).map_err(at(&to))?;
            }
        }
        fs::rename(self.folder, &replaced).map_err(at(self.folder))?;
        finish(self.folder)
    }

    /// The new store as far as it came before an interruption. One that came further than it may now, or that is damaged,
    /// holds nothing that the old one lacks: it is begun again.
    fn begin(&self, fresh: &Path, old: &View) -> Result<Chain, RebuildError> {
        match self.open(fresh) {
            Ok(chain) => {
                let head = chain.head();
                if head.height() <= self.to && old.block_id(head.height())? == Some(head.id()) {
                    return Ok(chain);
                }
                tracing::warn!(
                    at = head.height(),
                    to = self.to,
                    "what was computed is not on the way: it begins again"
                );
            }
            Err(error) if is_useless(&error) => {
                tracing::warn!(%error, "what was computed does not open: it begins again");
            }
            // It may be whole: who has too few files or no room now has hours of work in it.
            Err(error) => return Err(error.into()),
        }
        abandon(self.folder)?;
        Ok(self.open(fresh)?)
    }

    fn open(&self, fresh: &Path) -> Result<Chain, OpenError> {
        Chain::open(Arc::new(Rocks::open(fresh).map_err(Fatal::from)?), self.opening)
    }
}

/// What was computed is damaged, or was made from other files: trying again changes nothing.
const fn is_useless(error: &OpenError) -> bool {
    match error {
        OpenError::OtherGenesis { .. }
        | OpenError::Incompatible(_)
        | OpenError::Format(FormatError::Newer { .. } | FormatError::Older { .. }) => true,
        OpenError::Fatal(fatal) | OpenError::Format(FormatError::Fatal(fatal)) => {
            matches!(fatal, Fatal::Corrupt(_) | Fatal::Store(StoreError::Corrupt(_)))
        }
        // Files that are wrong here are wrong for the old store, too.
        OpenError::Files(_) | _ => false,
    }
}

impl RebuildError {
    /// What kept the stored block of a height from being accepted again.
    fn of_block(height: u64, error: AgainError) -> Self {
        match error {
            AgainError::Malformed(cause) => Self::Block { height, cause },
            AgainError::Refused { id, reason } => Self::Refused { id, height, reason },
            AgainError::Accept(error) => Self::Accept(error),
        }
    }
}

/// Completes what a crash left between the two renames, and removes what was replaced.
///
/// # Errors
/// When a folder could not be renamed or removed.
pub fn finish(folder: &Path) -> Result<(), RebuildError> {
    let (fresh, replaced) = (beside(folder, FRESH), beside(folder, REPLACED));
    if !replaced.exists() {
        return Ok(());
    }
    // Only a store is in its place: an empty folder, whoever made it, is none.
    if !is_store(folder) {
        if !is_store(&fresh) {
            // What was replaced is all there is.
            let missing =
                io::Error::new(io::ErrorKind::NotFound, "there is no store, and none was computed to replace it");
            return Err(at(&fresh)(missing));
        }
        clear(folder).map_err(|error| at(folder)(io::Error::other(error)))?;
        fs::rename(&fresh, folder).map_err(at(folder))?;
    }
    let parent = parent(folder);
    fs::File::open(parent).and_then(|parent| parent.sync_all()).map_err(at(parent))?;
    fs::remove_dir_all(&replaced).map_err(at(&replaced))
}

/// A crash came between the two renames: the store has the name of neither. What is put in its place is taken by
/// [`finish`] for the end of the rebuild.
#[must_use]
pub fn is_between(folder: &Path) -> bool {
    // A path like `.` has no name that another could be made of, and whatever has it is there.
    folder.file_name().is_some()
        && beside(folder, REPLACED).exists()
        && is_store(&beside(folder, FRESH))
        && !is_store(folder)
}

/// The file with which a store begins is there.
fn is_store(folder: &Path) -> bool {
    folder.join("CURRENT").exists()
}

/// Removes one that was begun and is not needed any more.
///
/// # Errors
/// When the folder could not be removed.
pub fn abandon(folder: &Path) -> Result<(), RebuildError> {
    let fresh = beside(folder, FRESH);
    if fresh.exists() { fs::remove_dir_all(&fresh).map_err(at(&fresh)) } else { Ok(()) }
}

const FRESH: &str = "rebuild";
const REPLACED: &str = "replaced";

/// The folder with another ending.
fn beside(folder: &Path, ending: &str) -> PathBuf {
    folder.with_added_extension(ending)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RebuildError {
    let path = path.to_owned();
    |error| RebuildError::Folder(path, error)
}

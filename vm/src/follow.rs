//! Opening the store under a host whose database has a note of the last accepted block, and following that note.

use crate::clock::now_ms;
use crate::node::Node;
use crate::rebuild::{self, Rebuild, RebuildError, SAY_EVERY_MS};
use crate::store::rocks::Rocks;
use pars_chain::engine::{AgreeError, Agreement, Chain, OpenError, Opening};
use pars_chain::error::{Error, Fatal};
use pars_chain::state::meta::Head;
use pars_chain::tx::Tx;
use pars_chain::view::View;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Blocks that are taken back between two looks at whether there is time left.
const REWIND_STEP: u64 = 256;
/// Transactions of blocks that were taken back, which are looked at. The pool takes fewer.
const GIVEN_BACK_MAX: usize = 100_000;

/// A chain that agrees with its host.
#[derive(Debug)]
pub struct Followed {
    /// The store.
    pub store: Rocks,
    /// The chain.
    pub chain: Chain,
    /// Transactions of the blocks that were taken back, oldest first.
    pub taken_back: Vec<Arc<Tx>>,
}

/// Why a chain was not opened.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The store or the files.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The two databases do not belong together.
    #[error(transparent)]
    Agree(#[from] AgreeError),
    /// Blocks were not taken back.
    #[error(transparent)]
    Rewind(#[from] Error),
    /// Somebody asked for the end.
    #[error("stopped while taking blocks back, at block {at} of {to}: the next start goes on from there")]
    Stopped {
        /// Height that was reached.
        at: u64,
        /// Height that was wanted.
        to: u64,
    },
    /// The store was not made anew.
    #[error(transparent)]
    Rebuild(#[from] RebuildError),
}

/// Opens the store of a folder and takes back what the host does not know of. Raising `stop` ends what takes long; the next
/// start goes on from there. Files that are to `keep` lie in the folder, and are not the store's.
///
/// # Errors
/// See [`FollowError`].
pub fn open(
    folder: &Path,
    keep: &[&str],
    opening: &Opening<'_>,
    noted: Option<Head>,
    stop: &AtomicBool,
) -> Result<Followed, FollowError> {
    rebuild::finish(folder)?;
    let (store, mut chain) = open_store(folder, opening)?;
    let head = chain.head().clone();
    let (height, id) = (head.height(), head.id());
    let Head { height: host_height, id: host_id } = noted.unwrap_or_default();
    let agreement = chain.agree(noted)?;
    if !matches!(agreement, Agreement::Rebuild(_)) {
        rebuild::abandon(folder)?;
    }
    let (Agreement::Rewind(to) | Agreement::Rebuild(to)) = agreement else {
        if host_height > height {
            tracing::warn!(
                host_height, %host_id, height, %id,
                "the host's database is ahead of the data folder: it goes back, and gives the blocks between again"
            );
        }
        return Ok(Followed { store, chain, taken_back: Vec::new() });
    };
    tracing::warn!(
        host_height, %host_id, height, %id, "the host's database is behind the data folder: taking blocks back"
    );
    let taken_back = transactions_above(&head, to).map_err(Error::from)?;
    if matches!(agreement, Agreement::Rewind(_)) {
        rewind(&mut chain, to, stop)?;
        drop((store, chain, head));
    } else {
        drop((store, chain));
        Rebuild { opening, folder, keep, to, stop }.run(head)?;
    }
    // Opening makes files of what the write-ahead log holds. A log that loses its end later then takes back new blocks, and
    // never brings back those that were taken back here.
    let (store, chain) = open_store(folder, opening)?;
    check_reached(chain.head().height(), to)?;
    Ok(Followed { store, chain, taken_back })
}

/// The host would be told of blocks that it does not have, and refuse them at each start.
fn check_reached(reached: u64, to: u64) -> Result<(), Error> {
    if reached == to {
        return Ok(());
    }
    Err(Fatal::Bug(format!("the chain went back to {reached} instead of {to}")).into())
}

/// Takes blocks back until `to` is the last one.
fn rewind(chain: &mut Chain, to: u64, stop: &AtomicBool) -> Result<(), FollowError> {
    let mut said = now_ms();
    while chain.head().height() > to {
        let at = chain.head().height();
        if stop.load(Ordering::Relaxed) {
            return Err(FollowError::Stopped { at, to });
        }
        chain.rewind(at.saturating_sub(REWIND_STEP).max(to))?;
        if now_ms().saturating_sub(said) >= SAY_EVERY_MS {
            said = now_ms();
            tracing::info!(height = chain.head().height(), to, "taking blocks back");
        }
    }
    Ok(())
}

/// Gives transactions of blocks that were taken back to the pool. The network may have other blocks with them.
pub fn give_back(node: &Node, transactions: Vec<Arc<Tx>>) {
    let total = transactions.len();
    if total > 0 {
        let taken = transactions.into_iter().filter(|tx| node.submit(Arc::clone(tx)).is_ok()).count();
        tracing::info!(total, taken, "transactions of those blocks wait in the pool again");
    }
}

fn open_store(folder: &Path, opening: &Opening<'_>) -> Result<(Rocks, Chain), OpenError> {
    let store = Rocks::open(folder).map_err(Fatal::from)?;
    let chain = Chain::open(Arc::new(store.clone()), opening)?;
    Ok((store, chain))
}

fn transactions_above(head: &View, height: u64) -> Result<Vec<Arc<Tx>>, Fatal> {
    let mut transactions = Vec::new();
    for height in height.saturating_add(1)..=head.height() {
        if transactions.len() >= GIVEN_BACK_MAX {
            break;
        }
        transactions.extend(head.block(height)?.map(|block| block.transactions).unwrap_or_default());
    }
    Ok(transactions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_that_went_back_elsewhere_is_not_opened() {
        assert_eq!(check_reached(7, 7), Ok(()));
        for reached in [6, 8] {
            let error = check_reached(reached, 7).unwrap_err().to_string();
            assert!(error.ends_with(&format!("the chain went back to {reached} instead of 7")), "{error}");
        }
    }
}

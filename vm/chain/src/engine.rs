//! [`Chain`]: processing blocks, the accepted head, and what turns one into the other.
//!
//! One thread owns it. Readers hold [`View`]s, which it hands out; a new one only after its block is stored.
//!
//! | file | what lives there |
//! |---|---|
//! | `open.rs` | genesis, and restart from what is stored |
//! | `agree.rs` | the head, where the host's database has a record of it, too |
//! | `verify.rs` | the order of the rules |
//! | `build.rs` | a new block on the preferred one |
//! | `next.rs` | what the next block would have to look like |
//! | `accept.rs` | accept, reject, preference, rewind |

mod accept;
mod agree;
mod build;
mod next;
mod open;
mod verify;

pub use accept::Accepted;
pub use agree::{AgreeError, Agreement};
pub use build::{Built, Candidates, InOrder, Wish};
pub use next::{Next, next_block};
pub use open::{OpenError, Opening, genesis_block};
pub use verify::{Context, Needs, Verdict};
pub(crate) use verify::{FeeConfigError, fee_config};

use crate::block::{Block, BlockId};
use crate::error::{DecodeError, Error, Fatal, Misuse, Unsupported};
use crate::execution::executor::Place;
use crate::execution::receipt::Receipt;
use crate::limits::PROCESSING_MAX;
use crate::state::commit::History;
use crate::state::layer::Layer;
use crate::state::meta;
use crate::store::Store;
use crate::view::View;
use alloy_primitives::{Bytes, U256};
use pars_genesis::spec::ChainSpec;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The chain.
pub struct Chain {
    spec: Arc<ChainSpec>,
    place: Place,
    store: Arc<dyn Store>,
    history: History,
    genesis: BlockId,
    head: View,
    processing: BTreeMap<BlockId, Processing>,
    preferred: BlockId,
}

/// A verified block that is not decided.
#[derive(Debug, Clone)]
struct Processing {
    block: Arc<Block>,
    receipts: Arc<Vec<Receipt>>,
    layer: Arc<Layer>,
}

impl Chain {
    /// Rules of the chain.
    #[must_use]
    pub const fn spec(&self) -> &Arc<ChainSpec> {
        &self.spec
    }

    /// What it is on its host.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// Last accepted block.
    #[must_use]
    pub const fn head(&self) -> &View {
        &self.head
    }

    /// Where accepted blocks lie. Whoever writes to it breaks the chain.
    #[must_use]
    pub const fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Id of genesis.
    #[must_use]
    pub const fn genesis(&self) -> BlockId {
        self.genesis
    }

    /// Block that the next one is built on.
    #[must_use]
    pub const fn preferred(&self) -> BlockId {
        self.preferred
    }

    /// Turns bytes into a block. Needs no parent.
    ///
    /// # Errors
    /// Where the bytes are no block of this chain.
    pub fn parse(&self, bytes: Bytes) -> Result<Arc<Block>, DecodeError> {
        Block::decode(bytes).map(Arc::new)
    }

    /// How many blocks are being processed.
    #[must_use]
    pub fn processing_count(&self) -> usize {
        self.processing.len()
    }

    /// A block that is being processed.
    #[must_use]
    pub fn processing(&self, id: BlockId) -> Option<&Arc<Block>> {
        self.processing.get(&id).map(|processing| &processing.block)
    }

    /// Receipts of a block that is being processed.
    #[must_use]
    pub fn processing_receipts(&self, id: BlockId) -> Option<&Arc<Vec<Receipt>>> {
        self.processing.get(&id).map(|processing| &processing.receipts)
    }

    /// Any block that is held: processing or accepted.
    ///
    /// # Errors
    /// When the store failed.
    pub fn block(&self, id: BlockId) -> Result<Option<Arc<Block>>, Fatal> {
        if let Some(processing) = self.processing.get(&id) {
            return Ok(Some(Arc::clone(&processing.block)));
        }
        let Some(height) = self.head.height_of(id)? else { return Ok(None) };
        Ok(self.head.block(height)?.map(Arc::new))
    }

    /// Picture of the last accepted or a processing block.
    #[must_use]
    pub fn view(&self, id: BlockId) -> Option<View> {
        let mut branch = Vec::new();
        let mut at = id;
        while at != self.head.id() {
            let processing = self.processing.get(&at)?;
            branch.push((at, processing));
            at = processing.block.parent();
        }
        let mut view = self.head.clone();
        for (id, processing) in branch.into_iter().rev() {
            view = view.child(id, Arc::new(processing.block.header.clone()), Arc::clone(&processing.layer));
        }
        Some(view)
    }

    /// Another processing block can be held. Where not, nothing is said about it, and deciding some makes room: the
    /// number of blocks is up to those who propose them, so it must not stop the chain.
    fn check_room(&self) -> Result<(), Fatal> {
        if self.processing.len() < PROCESSING_MAX {
            return Ok(());
        }
        let value = U256::from(self.processing.len());
        Err(Unsupported { what: "the number of processing blocks", value, limit: "4096" }.into())
    }

    /// Picture of an accepted block whose state is still kept.
    ///
    /// # Errors
    /// A height whose state is pruned or not there yet, or a store that failed.
    pub fn view_at(&self, height: u64) -> Result<View, Error> {
        view_at(&self.head, height)
    }
}

/// Picture of an accepted block at or below `head` whose state is still kept.
///
/// # Errors
/// A height whose state is pruned or not there yet, or a store that failed.
pub fn view_at(head: &View, height: u64) -> Result<View, Error> {
    if height > head.accepted_height() {
        return Err(Misuse::AboveHead { wanted: height, head: head.accepted_height() }.into());
    }
    let oldest = meta::oldest(head.base())?;
    if height < oldest {
        return Err(Misuse::Pruned { wanted: height, oldest }.into());
    }
    let header = head.header_at(height)?.ok_or_else(|| Fatal::Corrupt(format!("block {height} is missing")))?;
    Ok(head.past(header.id(), Arc::new(header)))
}

impl fmt::Debug for Chain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Chain")
            .field("head", &self.head)
            .field("processing", &self.processing.len())
            .field("preferred", &self.preferred)
            .finish_non_exhaustive()
    }
}

//! Deciding blocks: accept, reject, preference; and going back.

use crate::block::{Block, BlockId};
use crate::engine::open::stored_head;
use crate::engine::{Chain, Processing};
use crate::error::{Error, Fatal, Misuse};
use crate::execution::receipt::Receipt;
use crate::state::commit::{block_batch, undo_batch};
use crate::state::meta;
use crate::store::{Batch, Durability};
use crate::view::View;
use std::sync::Arc;

/// A block that was accepted just now.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The block.
    pub block: Arc<Block>,
    /// Its receipts.
    pub receipts: Arc<Vec<Receipt>>,
    /// The chain with it.
    pub view: View,
}

impl Chain {
    /// The block, where [`Self::accept`] would store it.
    #[must_use]
    pub fn acceptable(&self, id: BlockId) -> Option<&Arc<Block>> {
        self.processing(id).filter(|block| block.parent() == self.head.id())
    }

    /// Accepts a processing block: stores everything of it in one batch, then shows it. None where it is the last
    /// accepted block already.
    ///
    /// # Errors
    /// A block that is not next, or a store that failed. After a failed store the caller must stop: whether the block
    /// was stored is known when the store is opened again.
    pub fn accept(&mut self, id: BlockId, durability: Durability) -> Result<Option<Accepted>, Error> {
        if id == self.head.id() {
            return Ok(None);
        }
        let Some(Processing { block, receipts, layer }) = self.processing.get(&id) else {
            return Err(Misuse::NotProcessing(id).into());
        };
        if block.parent() != self.head.id() {
            return Err(Misuse::NotNext { block: id, head: self.head.id() }.into());
        }
        let batch = block_batch(self.store.as_ref(), block, receipts, layer, self.history)?;
        self.store.commit(batch, durability).map_err(Fatal::from)?;
        let base = self.store.snapshot().map_err(Fatal::from)?;
        let (block, receipts) = (Arc::clone(block), Arc::clone(receipts));
        self.head = View::accepted(base, id, Arc::new(block.header.clone()), block.height());
        self.processing.remove(&id);
        self.forget_lost();
        if self.view(self.preferred).is_none() {
            self.preferred = id;
        }
        Ok(Some(Accepted { block, receipts, view: self.head.clone() }))
    }

    /// Forgets blocks below the head. A host decides every block that it verified before it accepts the next height; what
    /// is left was built here and given to nobody, and would stay for ever.
    fn forget_lost(&mut self) {
        let head = self.head.height();
        self.processing.retain(|_, processing| processing.block.height() >= head);
    }

    /// Rejects a processing block and forgets it. Its transactions are the caller's to return to the pool.
    ///
    /// # Errors
    /// A block that is accepted, or not known.
    pub fn reject(&mut self, id: BlockId) -> Result<Arc<Block>, Error> {
        if let Some(Processing { block, .. }) = self.processing.remove(&id) {
            if self.view(self.preferred).is_none() {
                self.preferred = if self.view(block.parent()).is_some() { block.parent() } else { self.head.id() };
            }
            return Ok(block);
        }
        match self.head.height_of(id)? {
            Some(_) => Err(Misuse::AlreadyAccepted(id).into()),
            None => Err(Misuse::NotProcessing(id).into()),
        }
    }

    /// Builds on this block from now on. An accepted block below the head changes nothing, nor does one whose branch has
    /// lost and that is not rejected yet: hosts may be late.
    ///
    /// # Errors
    /// A block that is not known, or a store that failed.
    pub fn set_preference(&mut self, id: BlockId) -> Result<(), Error> {
        if self.view(id).is_some() {
            self.preferred = id;
            return Ok(());
        }
        let known = self.processing.contains_key(&id) || self.head.height_of(id)?.is_some();
        if known { Ok(()) } else { Err(Misuse::NotProcessing(id).into()) }
    }

    /// Makes everything accepted so far durable.
    ///
    /// # Errors
    /// When the store failed.
    pub fn sync(&self) -> Result<(), Fatal> {
        let mut batch = Batch::default();
        meta::set_format(&mut batch);
        Ok(self.store.commit(batch, Durability::Synced)?)
    }

    /// Keeps the height up to which the network has certified blocks. It never goes back. It outlives the process, and a
    /// loss of power with the next block.
    ///
    /// # Errors
    /// When the store failed.
    pub fn set_final(&self, height: u64) -> Result<(), Fatal> {
        let known = meta::final_height(self.store.snapshot()?.as_ref())?;
        if known.is_some_and(|known| known >= height) {
            return Ok(());
        }
        let mut batch = Batch::default();
        meta::set_final_height(&mut batch, height);
        Ok(self.store.commit(batch, Durability::Buffered)?)
    }

    /// Height up to which the network has certified blocks, where a host ever said so.
    ///
    /// # Errors
    /// When the store failed.
    pub fn final_height(&self) -> Result<Option<u64>, Fatal> {
        meta::final_height(self.store.snapshot()?.as_ref())
    }

    /// Takes accepted blocks back until `height` is the last one, by their reverse diffs. Processing blocks are
    /// forgotten. Each step is one batch, so an interruption leaves some head between; the last one is synced, and those
    /// before it with it.
    ///
    /// # Errors
    /// A height that is no longer kept or not there yet, or a store that failed.
    pub fn rewind(&mut self, height: u64) -> Result<&View, Error> {
        let head = self.head.height();
        if height > head {
            return Err(Misuse::AboveHead { wanted: height, head }.into());
        }
        let oldest = meta::oldest(self.store.as_ref())?;
        if height < oldest {
            return Err(Misuse::Pruned { wanted: height, oldest }.into());
        }
        self.processing.clear();
        let lowest = height.saturating_add(1);
        for height in (lowest..=head).rev() {
            let block = self.head.block(height)?;
            let block = block.ok_or_else(|| Fatal::Corrupt(format!("block {height} is missing")))?;
            let batch = undo_batch(self.store.as_ref(), &block)?;
            let durability = if height == lowest { Durability::Synced } else { Durability::Buffered };
            self.store.commit(batch, durability).map_err(Fatal::from)?;
        }
        self.head = stored_head(self.store.as_ref())?;
        self.preferred = self.head.id();
        Ok(&self.head)
    }
}

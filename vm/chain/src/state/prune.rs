//! Taking history away that the window has left behind, while nothing runs: a chain that was an archive, or that kept a
//! longer window, becomes a pruned one at once. A running chain does the same a few blocks at a time.

use crate::error::Fatal;
use crate::state::{history, meta};
use crate::store::{Batch, Column, Read};

/// Blocks whose history can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Oldest height whose state is kept now.
    pub oldest: u64,
    /// Oldest height whose state will be kept.
    pub floor: u64,
}

/// Records and their bytes, keys included, before compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Weight {
    /// Number of records.
    pub records: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

impl Plan {
    /// What a window of so many blocks, at least 1, leaves behind.
    ///
    /// # Errors
    /// When the store failed or holds something else.
    pub fn of(read: &dyn Read, window: u64) -> Result<Self, Fatal> {
        let (head, oldest) = (meta::head(read)?, meta::oldest(read)?);
        Ok(Self { oldest, floor: head.height.saturating_sub(window.max(1)).max(oldest) })
    }

    /// Blocks whose history goes.
    #[must_use]
    pub const fn blocks(&self) -> u64 {
        self.floor.saturating_sub(self.oldest)
    }

    /// The history of the next so many blocks, at least 1, as a batch that removes it, and what is left to do after it.
    /// None where nothing is left.
    ///
    /// # Errors
    /// When the store failed or holds something else.
    pub fn step(self, read: &dyn Read, blocks: u64) -> Result<Option<(Batch, Weight, Self)>, Fatal> {
        if self.blocks() == 0 {
            return Ok(None);
        }
        let to = self.oldest.saturating_add(blocks.max(1)).min(self.floor);
        let mut batch = Batch::default();
        for height in self.oldest.saturating_add(1)..=to {
            history::forget(read, &mut batch, height)?;
        }
        let mut weight = Weight::default();
        for (column, key, _) in &batch.writes {
            if let Some(value) = read.get(*column, key)? {
                weight.add(key.len().saturating_add(value.len()));
            }
        }
        meta::set_oldest(&mut batch, to);
        Ok(Some((batch, weight, Self { oldest: to, floor: self.floor })))
    }

    /// What goes by all steps together.
    ///
    /// # Errors
    /// When the store failed or holds something else.
    pub fn weight(self, read: &dyn Read) -> Result<Weight, Fatal> {
        let mut total = Weight::default();
        let mut left = self;
        while let Some((_, weight, next)) = left.step(read, 1)? {
            total = total.plus(weight);
            left = next;
        }
        Ok(total)
    }
}

impl Weight {
    /// Of all records of a column.
    ///
    /// # Errors
    /// When the store failed.
    pub fn of(read: &dyn Read, column: Column) -> Result<Self, Fatal> {
        let mut weight = Self::default();
        for item in read.scan(column, &[]) {
            let (key, value) = item?;
            weight.add(key.len().saturating_add(value.len()));
        }
        Ok(weight)
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { records: self.records.saturating_add(other.records), bytes: self.bytes.saturating_add(other.bytes) }
    }

    fn add(&mut self, bytes: usize) {
        self.records = self.records.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}

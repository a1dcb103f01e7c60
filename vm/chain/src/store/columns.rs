//! What is stored, and under which keys. All integers are big-endian.

use alloy_primitives::Bytes;

/// A column of ordered keys.
///
/// | column | key | value |
/// |---|---|---|
/// | `Meta` | name | see `state/meta.rs` |
/// | `Blocks` | height (8) | block, byte for byte as accepted |
/// | `Ids` | height (8) | block id (32) |
/// | `Heights` | block id (32) | height (8) |
/// | `Receipts` | height (8) | list of consensus receipts |
/// | `Transactions` | hash (32) | height (8), index (4) |
/// | `Accounts` | keccak of address (32) | account |
/// | `Slots` | keccak of address (32), keccak of slot (32) | trimmed value |
/// | `Code` | keccak of code (32) | code |
/// | `AccountTrie` | path | node |
/// | `StorageTrie` | keccak of address (32), path | node |
/// | `History` | kind (1), key of that kind, height (8) | value before the block of that height |
/// | `Changes` | height (8) | keys that the block of that height changed |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the table above is the documentation")]
pub enum Column {
    Meta,
    Blocks,
    Ids,
    Heights,
    Receipts,
    Transactions,
    Accounts,
    Slots,
    Code,
    AccountTrie,
    StorageTrie,
    History,
    Changes,
}

impl Column {
    /// Name on disk.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Writes that are stored together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// In order; a later one of the same key wins. No value: the key goes.
    pub writes: Vec<(Column, Bytes, Option<Bytes>)>,
}

impl Batch {
    /// Sets a key.
    pub fn put(&mut self, column: Column, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.writes.push((column, key.into(), Some(value.into())));
    }

    /// Removes a key.
    pub fn delete(&mut self, column: Column, key: impl Into<Bytes>) {
        self.writes.push((column, key.into(), None));
    }

    /// Sets a key, or removes it.
    pub fn set(&mut self, column: Column, key: impl Into<Bytes>, value: Option<impl Into<Bytes>>) {
        self.writes.push((column, key.into(), value.map(Into::into)));
    }
}

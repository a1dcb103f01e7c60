//! Reverse diffs: what a key held before the block of a height changed it.
//!
//! A key's value at height `h` is the one kept for the first height above `h`, or, where there is none, the value in
//! the flat table. An empty value stands for an absent key; nothing that is stored is empty.

use crate::error::Fatal;
use crate::state::trie::{NodePath, path_bytes, path_from_bytes};
use crate::store::{Batch, Column, Read};
use alloy_primitives::{B256, Bytes};

/// A key whose history is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// Account by keccak of its address.
    Account(B256),
    /// Slot by keccak of the address and of the slot.
    Slot(B256, B256),
    /// Node of the account trie.
    AccountNode(NodePath),
    /// Node of the storage trie of an account.
    StorageNode(B256, NodePath),
}

impl Key {
    /// Where the current value lives.
    #[must_use]
    pub fn place(&self) -> (Column, Vec<u8>) {
        match self {
            Self::Account(account) => (Column::Accounts, account.to_vec()),
            Self::Slot(account, slot) => (Column::Slots, [account.0, slot.0].concat()),
            Self::AccountNode(path) => (Column::AccountTrie, path_bytes(path)),
            Self::StorageNode(account, path) => (Column::StorageTrie, [account.as_slice(), &path_bytes(path)].concat()),
        }
    }

    /// Key in the history column without the height.
    pub(super) fn prefix(&self) -> Vec<u8> {
        let (_, key) = self.place();
        let kind = match self {
            Self::Account(_) => 0,
            Self::Slot(..) => 1,
            Self::AccountNode(_) => 2,
            Self::StorageNode(..) => 3,
        };
        let mut bytes = Vec::with_capacity(key.len() + 9);
        bytes.push(kind);
        bytes.extend_from_slice(&key);
        bytes
    }

    pub(super) fn from_prefix(bytes: &[u8]) -> Option<Self> {
        let (kind, key) = bytes.split_first()?;
        match kind {
            0 => Some(Self::Account(B256::try_from(key).ok()?)),
            1 => {
                let (account, slot) = key.split_at_checked(32)?;
                Some(Self::Slot(B256::try_from(account).ok()?, B256::try_from(slot).ok()?))
            }
            2 => Some(Self::AccountNode(path_from_bytes(key)?)),
            3 => {
                let (account, path) = key.split_at_checked(32)?;
                Some(Self::StorageNode(B256::try_from(account).ok()?, path_from_bytes(path)?))
            }
            _ => None,
        }
    }

    /// Key in the history column.
    #[must_use]
    pub fn at(&self, height: u64) -> Vec<u8> {
        let mut bytes = self.prefix();
        bytes.extend_from_slice(&height.to_be_bytes());
        bytes
    }
}

/// Value of a key after the block of `height`.
///
/// # Errors
/// When the store failed.
pub fn get(read: &dyn Read, key: &Key, height: u64) -> Result<Option<Bytes>, Fatal> {
    if let Some((_, value)) = kept(read, key, height)? {
        return Ok(Some(value).filter(|value| !value.is_empty()));
    }
    let (column, key) = key.place();
    Ok(read.get(column, &key)?)
}

/// The record that keeps the value of a key after the block of `height`, and that value, empty for none; no record where
/// the key has not changed since.
///
/// # Errors
/// When the store failed.
pub(super) fn kept(read: &dyn Read, key: &Key, height: u64) -> Result<Option<(Bytes, Bytes)>, Fatal> {
    let prefix = key.prefix();
    let from = key.at(height.saturating_add(1));
    let Some(next) = read.scan(Column::History, &from).next() else { return Ok(None) };
    let (found, value) = next?;
    Ok((found.len() == from.len() && found.starts_with(&prefix)).then_some((found, value)))
}

/// Keeps what the keys held before the block of `height`.
pub fn keep(batch: &mut Batch, height: u64, changes: Vec<(Key, Option<Bytes>)>) {
    let mut keys: Vec<Bytes> = Vec::with_capacity(changes.len());
    for (key, old) in changes {
        batch.put(Column::History, key.at(height), old.unwrap_or_default());
        keys.push(key.prefix().into());
    }
    batch.put(Column::Changes, height.to_be_bytes().to_vec(), alloy_rlp::encode(&keys));
}

/// Keys that the block of `height` changed; none where that is no longer (or not yet) kept.
///
/// # Errors
/// When the store failed or holds something else.
pub fn changed(read: &dyn Read, height: u64) -> Result<Option<Vec<Key>>, Fatal> {
    let Some(bytes) = read.get(Column::Changes, &height.to_be_bytes())? else { return Ok(None) };
    let corrupt = || Fatal::Corrupt(format!("list of changes of block {height}"));
    let keys: Vec<Bytes> = alloy_rlp::decode_exact(&bytes).map_err(|_| corrupt())?;
    keys.iter().map(|key| Key::from_prefix(key).ok_or_else(corrupt)).collect::<Result<_, _>>().map(Some)
}

/// Forgets what was kept for the block of `height`.
///
/// # Errors
/// When the store failed or holds something else.
pub fn forget(read: &dyn Read, batch: &mut Batch, height: u64) -> Result<(), Fatal> {
    for key in changed(read, height)?.unwrap_or_default() {
        batch.delete(Column::History, key.at(height));
    }
    batch.delete(Column::Changes, height.to_be_bytes().to_vec());
    Ok(())
}

/// Puts back what the block of `height` changed, and forgets it.
///
/// # Errors
/// When the store failed or holds something else.
pub fn undo(read: &dyn Read, batch: &mut Batch, height: u64) -> Result<(), Fatal> {
    let missing = || Fatal::Corrupt(format!("reverse diff of block {height} is missing"));
    for key in changed(read, height)?.ok_or_else(missing)? {
        let at = key.at(height);
        let old = read.get(Column::History, &at)?.ok_or_else(missing)?;
        let (column, place) = key.place();
        batch.set(column, place, Some(old).filter(|old| !old.is_empty()));
        batch.delete(Column::History, at);
    }
    batch.delete(Column::Changes, height.to_be_bytes().to_vec());
    Ok(())
}

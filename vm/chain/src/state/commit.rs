//! One atomic batch with everything of an accepted block.

use crate::block::Block;
use crate::error::Fatal;
use crate::execution::receipt::{self, Receipt};
use crate::limits::FORGET_AT_ONCE_MAX;
use crate::state::account::slot_bytes;
use crate::state::history::{self, Key};
use crate::state::layer::{AccountChange, Layer};
use crate::state::meta::{self, Head};
use crate::state::trie::{Node, NodeChanges, path_from_bytes};
use crate::store::{Batch, Column, Read};
use alloy_primitives::{B256, Bytes, U256};
use std::collections::BTreeMap;

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// All of it.
    Archive,
    /// Of this many blocks behind the head, at least 1.
    Pruned(u64),
}

/// The batch of a block that follows the last accepted one, over the store as it is now.
///
/// # Errors
/// When the store failed.
pub fn block_batch(
    read: &dyn Read,
    block: &Block,
    receipts: &[Receipt],
    layer: &Layer,
    history: History,
) -> Result<Batch, Fatal> {
    let mut batch = Batch::default();
    let height = block.height();
    put_block(&mut batch, block, receipts);
    let changes = put_state(read, &mut batch, layer)?;
    history::keep(&mut batch, height, changes);
    forget_old(read, &mut batch, height, history)?;
    meta::set_head(&mut batch, Head { height, id: block.id() });
    Ok(batch)
}

/// The batch of genesis over an empty store. The files that describe the chain are the caller's to add.
///
/// # Errors
/// When the store failed.
pub fn genesis_batch(read: &dyn Read, block: &Block, layer: &Layer) -> Result<Batch, Fatal> {
    let mut batch = Batch::default();
    put_block(&mut batch, block, &[]);
    drop(put_state(read, &mut batch, layer)?);
    meta::set_format(&mut batch);
    meta::set_head(&mut batch, Head { height: block.height(), id: block.id() });
    meta::set_oldest(&mut batch, block.height());
    Ok(batch)
}

/// The batch that takes back the last accepted block.
///
/// # Errors
/// When the store failed, or does not hold what it must.
pub fn undo_batch(read: &dyn Read, block: &Block) -> Result<Batch, Fatal> {
    let mut batch = Batch::default();
    let height = block.height();
    history::undo(read, &mut batch, height)?;
    let key = height.to_be_bytes().to_vec();
    for column in [Column::Blocks, Column::Ids, Column::Receipts] {
        batch.delete(column, key.clone());
    }
    batch.delete(Column::Heights, block.id().0.to_vec());
    for tx in &block.transactions {
        batch.delete(Column::Transactions, tx.hash().to_vec());
    }
    let parent = height.checked_sub(1).ok_or_else(|| Fatal::Bug("genesis cannot be taken back".to_owned()))?;
    meta::set_head(&mut batch, Head { height: parent, id: block.parent() });
    Ok(batch)
}

fn put_block(batch: &mut Batch, block: &Block, receipts: &[Receipt]) {
    let height = block.height().to_be_bytes().to_vec();
    let id = block.id().0.to_vec();
    batch.put(Column::Blocks, height.clone(), block.bytes().clone());
    batch.put(Column::Ids, height.clone(), id.clone());
    batch.put(Column::Heights, id, height.clone());
    batch.put(Column::Receipts, height.clone(), receipt::encode_list(receipts));
    for (index, tx) in (0_u32..).zip(&block.transactions) {
        let place = [height.as_slice(), &index.to_be_bytes()].concat();
        batch.put(Column::Transactions, tx.hash().to_vec(), place);
    }
}

/// Writes the state of a layer; what the keys held before.
fn put_state(read: &dyn Read, batch: &mut Batch, layer: &Layer) -> Result<Vec<(Key, Option<Bytes>)>, Fatal> {
    let mut changes = Vec::new();
    for (account, change) in &layer.accounts {
        if change.old != change.new {
            set(batch, &mut changes, Key::Account(*account), bytes_of(change.old), bytes_of(change.new));
        }
        let nodes = layer.storage_nodes.get(account);
        if change.wiped {
            wipe(read, batch, &mut changes, *account, change, nodes)?;
            continue;
        }
        for (slot, value) in &change.slots {
            let (old, new) = (slot_of(value.old), slot_of(value.new));
            set(batch, &mut changes, Key::Slot(*account, *slot), old, new);
        }
        for (path, node) in nodes.into_iter().flatten() {
            let (old, new) = (node_of(node.old.as_ref()), node_of(node.new.as_ref()));
            set(batch, &mut changes, Key::StorageNode(*account, *path), old, new);
        }
    }
    for (path, node) in &layer.account_nodes {
        let (old, new) = (node_of(node.old.as_ref()), node_of(node.new.as_ref()));
        set(batch, &mut changes, Key::AccountNode(*path), old, new);
    }
    for (hash, code) in &layer.codes {
        batch.put(Column::Code, hash.to_vec(), code.clone());
    }
    Ok(changes)
}

/// Replaces all storage of an account: what the store has goes, whoever wrote it; what the block left stays.
fn wipe(
    read: &dyn Read,
    batch: &mut Batch,
    changes: &mut Vec<(Key, Option<Bytes>)>,
    account: B256,
    change: &AccountChange,
    nodes: Option<&NodeChanges>,
) -> Result<(), Fatal> {
    let corrupt = |what| Fatal::Corrupt(format!("{what} key of account {account}"));
    let mut keys: BTreeMap<Key, (Option<Bytes>, Option<Bytes>)> = BTreeMap::new();
    for item in below(read, Column::Slots, account) {
        let (key, old) = item?;
        let slot = B256::try_from(key.as_ref()).map_err(|_| corrupt("slot"))?;
        keys.insert(Key::Slot(account, slot), (Some(old), None));
    }
    for item in below(read, Column::StorageTrie, account) {
        let (key, old) = item?;
        let path = path_from_bytes(&key).ok_or_else(|| corrupt("trie"))?;
        keys.insert(Key::StorageNode(account, path), (Some(old), None));
    }
    for (slot, value) in &change.slots {
        keys.entry(Key::Slot(account, *slot)).or_default().1 = slot_of(value.new);
    }
    for (path, node) in nodes.into_iter().flatten() {
        keys.entry(Key::StorageNode(account, *path)).or_default().1 = node_of(node.new.as_ref());
    }
    for (key, (old, new)) in keys {
        set(batch, changes, key, old, new);
    }
    Ok(())
}

/// Keys of one account in a column, without the account's part.
fn below(read: &dyn Read, column: Column, account: B256) -> impl Iterator<Item = Result<(Bytes, Bytes), Fatal>> {
    let mut items = read.scan(column, account.as_slice());
    std::iter::from_fn(move || match items.next()? {
        Ok((key, value)) => key.strip_prefix(account.as_slice()).map(|rest| Ok((key.slice_ref(rest), value))),
        Err(cause) => Some(Err(cause.into())),
    })
}

fn set(batch: &mut Batch, changes: &mut Vec<(Key, Option<Bytes>)>, key: Key, old: Option<Bytes>, new: Option<Bytes>) {
    if old == new {
        return;
    }
    let (column, place) = key.place();
    batch.set(column, place, new);
    changes.push((key, old));
}

/// Drops history that the window has left behind, a bounded number of blocks at a time.
fn forget_old(read: &dyn Read, batch: &mut Batch, height: u64, history: History) -> Result<(), Fatal> {
    let History::Pruned(window) = history else { return Ok(()) };
    let oldest = meta::oldest(read)?;
    let floor = height.saturating_sub(window.max(1)).min(oldest.saturating_add(FORGET_AT_ONCE_MAX));
    for height in oldest.saturating_add(1)..=floor {
        history::forget(read, batch, height)?;
    }
    if floor > oldest {
        meta::set_oldest(batch, floor);
    }
    Ok(())
}

fn bytes_of(account: Option<crate::state::account::Account>) -> Option<Bytes> {
    account.map(|account| account.to_bytes().into())
}

fn slot_of(value: U256) -> Option<Bytes> {
    (!value.is_zero()).then(|| slot_bytes(value).into())
}

fn node_of(node: Option<&Node>) -> Option<Bytes> {
    node.map(|node| node.to_bytes().into())
}

//! States of older blocks, one block back at a time. The walk through the state before a block comes to everything that
//! the block changed, and the walk through the state after it (`made.rs`) to everything that it made; the list of changes
//! must name the same, and each must have its value kept.

use super::walk::{Broken, Expected, Trie, Walk};
use super::{Audit, Part, Step};
use crate::state::history::{self, Key};
use crate::state::trie::NodePath;
use crate::store::Column;
use alloy_primitives::{B256, Bytes};
use alloy_trie::{EMPTY_ROOT_HASH, Nibbles};
use std::collections::{BTreeMap, BTreeSet};

impl Audit<'_> {
    /// Older states down to the height `floor`; that there are records for every kept height, and no other.
    pub(super) fn check_past(&mut self, head: u64, oldest: u64, floor: u64) -> Step {
        let oldest = self.check_oldest(head, oldest)?;
        let floor = floor.max(oldest);
        for height in (floor..head).rev() {
            self.check_before(height)?;
            self.checked(Part::History, head.saturating_sub(height), head.saturating_sub(floor))?;
        }
        self.check_kept(head, oldest)
    }

    /// The first list of changes is that of the block after the oldest state. Where it really begins.
    fn check_oldest(&mut self, head: u64, oldest: u64) -> Step<u64> {
        let mut first = None;
        for item in self.read.scan(Column::Changes, &[]) {
            let (key, _) = item?;
            first = key.as_ref().try_into().map(u64::from_be_bytes).ok();
            // A key of another length is told of with the lists.
            if first.is_some() {
                break;
            }
        }
        let begins = first.map_or(head, |first| first.saturating_sub(1)).min(head);
        if begins > oldest && self.has_history_up_to(begins)? {
            // The record is right: lists after it are gone, and each is told of.
            return Ok(oldest);
        }
        if begins != oldest {
            let what = format!("it says {oldest}, and history begins at {begins}");
            self.found(Column::Meta, &b"oldest"[..], None, what)?;
        }
        Ok(begins)
    }

    /// Values are kept for some block up to this height.
    fn has_history_up_to(&self, height: u64) -> Step<bool> {
        for item in self.read.scan(Column::History, &[]) {
            let (record, _) = item?;
            if record.split_last_chunk::<8>().is_some_and(|(_, at)| u64::from_be_bytes(*at) <= height) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The state of a block, from the state of the next one.
    fn check_before(&mut self, height: u64) -> Step {
        let next = height.saturating_add(1);
        let at = next.to_be_bytes();
        let keys = match history::changed(self.read, next) {
            Ok(Some(keys)) => keys,
            Ok(None) => return self.found(Column::Changes, at, Some(next), "it is missing"),
            Err(crate::error::Fatal::Corrupt(_)) => {
                return self.found(Column::Changes, at, Some(next), "it does not decode");
            }
            Err(fatal) => return Err(fatal.into()),
        };
        if !keys.is_sorted_by(|key, following| rank(key) < rank(following)) {
            self.found(Column::Changes, at, Some(next), "its keys are not in their order, or one is there twice")?;
        }
        let told = self.report.findings;
        let mut old = BTreeMap::new();
        for key in keys {
            let record = key.at(next);
            let Some(value) = self.read.get(Column::History, &record)? else {
                self.lacking.insert(next);
                self.found(Column::History, record, Some(next), "it is missing: the list of changes names it")?;
                continue;
            };
            if Some(value.clone()).filter(|value| !value.is_empty()) == history::get(self.read, &key, next)? {
                self.found(Column::History, record, Some(next), "it keeps a value that the block did not change")?;
            }
            old.insert(key, value);
        }
        let (Some(before), Some(after)) = (self.state_root(height)?, self.state_root(next)?) else {
            // One of the blocks was told of.
            return Ok(());
        };
        let changed = old.keys().map(|key| (key.clone(), false)).collect();
        let mut walk = Walk::new(self, height, Some(changed));
        if before != after && before != EMPTY_ROOT_HASH {
            walk.visit(Trie::Accounts, NodePath::default(), &Expected::Root(before))?;
        }
        let Walk { changed, broken, .. } = walk;
        let unmet = changed.into_iter().flatten().filter(|(_, met)| !met).map(|(key, _)| key);
        for key in unmet {
            let exists = old.get(&key).is_some_and(|value| !value.is_empty());
            if exists && !is_below(&broken, &key) {
                let what = format!("nothing leads to it in the state of block {height}");
                self.found(Column::History, key.at(next), Some(next), what)?;
            }
        }
        if before == after || self.report.findings > told || !broken.is_empty() {
            return Ok(());
        }
        self.check_made(height, &old)
    }

    /// Lists of changes for the kept heights and no other, and the values that they name and no other.
    fn check_kept(&mut self, head: u64, oldest: u64) -> Step {
        let mut named = 0_u64;
        for item in self.read.scan(Column::Changes, &[]) {
            let (key, list) = item?;
            let height = key.as_ref().try_into().map(u64::from_be_bytes).ok();
            if height.is_none_or(|height| height <= oldest || height > head) {
                self.found(Column::Changes, key, None, "it is of no block whose history is kept")?;
                continue;
            }
            let keys: Vec<Bytes> = alloy_rlp::decode_exact(&list).unwrap_or_default();
            // A key that is named twice has one value.
            let keys: BTreeSet<Bytes> = keys.into_iter().collect();
            named = named.saturating_add(u64::try_from(keys.len()).unwrap_or(u64::MAX));
        }
        self.report.history = self.count(Column::History)?;
        if self.report.history == named && self.lacking.is_empty() {
            return Ok(());
        }
        for item in self.read.scan(Column::History, &[]) {
            let (record, _) = item?;
            let parts = record.split_last_chunk::<8>();
            let height = parts.map(|(_, height)| u64::from_be_bytes(*height));
            let key = parts.and_then(|(prefix, _)| Key::from_prefix(prefix));
            let list = match height.filter(|height| *height > oldest && *height <= head) {
                Some(height) => match history::changed(self.read, height) {
                    Ok(Some(list)) => list,
                    // The list was told of.
                    Ok(None) | Err(_) => continue,
                },
                None => Vec::new(),
            };
            if key.is_some_and(|key| list.contains(&key)) {
                continue;
            }
            if let Some(height) = height.filter(|height| self.lacking.contains(height)) {
                // One value is named and not there, another is there and not named.
                let what = "it names other keys than those whose values are kept";
                self.found(Column::Changes, height.to_be_bytes(), Some(height), what)?;
            } else {
                self.found(Column::History, record, height, "the list of changes of its block does not name it")?;
            }
        }
        Ok(())
    }
}

/// The order in which a block's list names keys: account by account, its slots and the nodes of its trie behind it, and the
/// nodes of the accounts' trie at last.
const fn rank(key: &Key) -> (bool, Option<&B256>, &Key) {
    match key {
        Key::Account(account) | Key::Slot(account, _) | Key::StorageNode(account, _) => (false, Some(account), key),
        Key::AccountNode(_) => (true, None, key),
    }
}

/// A key lies below a node that could not be read.
fn is_below(broken: &Broken, key: &Key) -> bool {
    match key {
        Key::Account(account) => broken.covers(Trie::Accounts, &Nibbles::unpack(account)),
        Key::Slot(account, slot) => broken.covers(Trie::Storage(*account), &Nibbles::unpack(slot)),
        Key::AccountNode(path) => broken.covers(Trie::Accounts, path),
        Key::StorageNode(account, path) => broken.covers(Trie::Storage(*account), path),
    }
}

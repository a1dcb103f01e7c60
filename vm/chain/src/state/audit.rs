//! Recomputes everything that is stored from its sources: the state root from the flat tables (by another
//! implementation of the trie), the nodes from the leaves, the indices from the blocks, and older states from the
//! reverse diffs. For tests of crashes and for operators.

use crate::block::{BlockId, Header, transactions_root};
use crate::error::Fatal;
use crate::execution::receipt;
use crate::state::account::{Account, EMPTY_ROOT_HASH, KECCAK_EMPTY, slot_leaf, slot_value};
use crate::state::history::{self, Key};
use crate::state::meta;
use crate::state::trie::{self, Change, NodeChanges, path_bytes, update};
use crate::store::{Column, Read};
use crate::view::View;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_trie::{HashBuilder, Nibbles};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Height of the head.
    pub height: u64,
    /// Oldest height whose state is kept.
    pub oldest: u64,
    /// Transactions in all blocks.
    pub transactions: u64,
    /// Accounts of the head.
    pub accounts: u64,
    /// Slots of the head.
    pub slots: u64,
    /// Trie nodes of the head.
    pub nodes: u64,
    /// Values that the history keeps.
    pub history: u64,
}

type Table = BTreeMap<Bytes, Bytes>;

/// Checks a store; older states for `depth` blocks behind the head.
///
/// # Errors
/// The first thing that does not agree, or a store that failed.
pub fn audit(read: Arc<dyn Read>, depth: u64) -> Result<Report, Fatal> {
    let head = meta::head(read.as_ref())?;
    let oldest = meta::oldest(read.as_ref())?;
    let view = View::accepted(Arc::clone(&read), head.id, Arc::new(Header::default()), head.height);
    let last = view.block(head.height)?.ok_or_else(|| wrong("the head's block is missing".to_owned()))?;
    let view = View::accepted(Arc::clone(&read), head.id, Arc::new(last.header), head.height);
    let (transactions, mut roots) = check_blocks(&view, head)?;
    let mut accounts = table(read.as_ref(), Column::Accounts)?;
    let mut slots = table(read.as_ref(), Column::Slots)?;
    let root = roots.pop().unwrap_or(EMPTY_ROOT_HASH);
    check_root(&accounts, &slots, root, head.height)?;
    let nodes = check_nodes(read.as_ref(), &accounts, &slots)?;
    check_code(read.as_ref(), &accounts)?;
    let history = check_history(read.as_ref(), oldest, head.height)?;
    let (account_count, slot_count) = (count(&accounts), count(&slots));
    let floor = oldest.max(head.height.saturating_sub(depth));
    for height in (floor..head.height).rev() {
        let changed = height.saturating_add(1);
        for key in history::changed(read.as_ref(), changed)?.unwrap_or_default() {
            let old = history::get(read.as_ref(), &key, height)?;
            let (_, place) = key.place();
            let table = match key {
                Key::Account(_) => &mut accounts,
                Key::Slot(..) => &mut slots,
                Key::AccountNode(_) | Key::StorageNode(..) => continue,
            };
            match old {
                Some(old) => drop(table.insert(place.into(), old)),
                None => drop(table.remove(place.as_slice())),
            }
        }
        let root = roots.pop().unwrap_or(EMPTY_ROOT_HASH);
        check_root(&accounts, &slots, root, height)?;
    }
    Ok(Report { height: head.height, oldest, transactions, accounts: account_count, slots: slot_count, nodes, history })
}

const fn wrong(what: String) -> Fatal {
    Fatal::Corrupt(what)
}

fn count(table: &Table) -> u64 {
    u64::try_from(table.len()).unwrap_or(u64::MAX)
}

fn table(read: &dyn Read, column: Column) -> Result<Table, Fatal> {
    read.scan(column, &[]).map(|item| item.map_err(Fatal::from)).collect()
}

/// Blocks, ids, heights, receipts and the index of transactions: each there, and nothing beside them. The number of
/// transactions, and the state roots from genesis on.
fn check_blocks(view: &View, head: meta::Head) -> Result<(u64, Vec<B256>), Fatal> {
    let mut roots = Vec::new();
    let mut transactions = 0;
    let mut parent = None;
    for height in 0..=head.height {
        let at = |what: &str| wrong(format!("block {height}: {what}"));
        let block = view.block(height)?.ok_or_else(|| at("missing"))?;
        if view.block_id(height)? != Some(block.id()) || view.height_of(block.id())? != Some(height) {
            return Err(at("the indices do not name it"));
        }
        if block.height() != height || parent.is_some_and(|parent: BlockId| parent != block.parent()) {
            return Err(at("it does not follow the one before"));
        }
        parent = Some(block.id());
        let receipts = view.receipts(height)?.ok_or_else(|| at("no receipts"))?;
        if receipt::root(&receipts) != block.header.receipts_root {
            return Err(at("receipts root"));
        }
        if transactions_root(&block.transactions) != block.header.transactions_root {
            return Err(at("transactions root"));
        }
        for (index, tx) in (0_u32..).zip(&block.transactions) {
            if view.transaction(tx.hash())?.map(|place| (place.height, place.index)) != Some((height, index)) {
                return Err(at("the index of transactions does not name all of it"));
            }
            transactions += 1;
        }
        roots.push(block.header.state_root);
    }
    if parent != Some(head.id) {
        return Err(wrong("the head is not the last block".to_owned()));
    }
    let blocks = u64::try_from(roots.len()).unwrap_or(u64::MAX);
    let columns = [
        (Column::Blocks, blocks),
        (Column::Ids, blocks),
        (Column::Heights, blocks),
        (Column::Receipts, blocks),
        (Column::Transactions, transactions),
    ];
    for (column, expected) in columns {
        let got = count(&table(view.base(), column)?);
        if got != expected {
            return Err(wrong(format!("{got} records in column {}, expected {expected}", column.name())));
        }
    }
    Ok((transactions, roots))
}

/// State root from the flat tables alone.
fn check_root(accounts: &Table, slots: &Table, expected: B256, height: u64) -> Result<(), Fatal> {
    let mut root = HashBuilder::default();
    for (key, bytes) in accounts {
        let account = Account::from_bytes(bytes)?;
        let storage = storage_of(slots, key)
            .map(|(slot, value)| Ok((Nibbles::unpack(slot), slot_leaf(slot_value(value)?))))
            .collect::<Result<Vec<_>, Fatal>>()?;
        let mut storage_root = HashBuilder::default();
        for (slot, leaf) in &storage {
            storage_root.add_leaf(*slot, leaf);
        }
        let storage_root = storage_root.root();
        if storage_root != account.storage_root {
            let got = account.storage_root;
            return Err(wrong(format!(
                "state of block {height}: account {key} has storage root {got}, its slots give {storage_root}"
            )));
        }
        root.add_leaf(Nibbles::unpack(key), bytes);
    }
    let root = root.root();
    if root != expected {
        return Err(wrong(format!(
            "state of block {height}: the flat tables give root {root}, the block has {expected}"
        )));
    }
    Ok(())
}

fn storage_of<'t>(slots: &'t Table, account: &Bytes) -> impl Iterator<Item = (&'t [u8], &'t Bytes)> {
    let account = account.clone();
    slots.range(account.clone()..).map_while(move |(key, value)| Some((key.strip_prefix(account.as_ref())?, value)))
}

/// Every node that the leaves ask for, and no other.
fn check_nodes(read: &dyn Read, accounts: &Table, slots: &Table) -> Result<u64, Fatal> {
    let mut expected = Table::new();
    let inserts = |leaves: Vec<(Nibbles, Vec<u8>)>| -> Result<NodeChanges, Fatal> {
        let insert = |(key, value)| Change { key, value: Some(value), existed: false };
        Ok(update(&trie::Memory::default(), leaves.into_iter().map(insert).collect())?.1)
    };
    let mut total = 0;
    for account in accounts.keys() {
        let leaves = storage_of(slots, account)
            .map(|(slot, value)| Ok((Nibbles::unpack(slot), slot_leaf(slot_value(value)?))))
            .collect::<Result<_, Fatal>>()?;
        for (path, change) in inserts(leaves)? {
            if let Some(node) = change.new {
                expected.insert([account.as_ref(), &path_bytes(&path)].concat().into(), node.to_bytes().into());
            }
        }
    }
    same(Column::StorageTrie, &table(read, Column::StorageTrie)?, &expected)?;
    total += count(&expected);
    let leaves = accounts.iter().map(|(key, value)| (Nibbles::unpack(key), value.to_vec())).collect();
    let mut expected = Table::new();
    for (path, change) in inserts(leaves)? {
        if let Some(node) = change.new {
            expected.insert(path_bytes(&path).into(), node.to_bytes().into());
        }
    }
    same(Column::AccountTrie, &table(read, Column::AccountTrie)?, &expected)?;
    Ok(total + count(&expected))
}

fn same(column: Column, got: &Table, expected: &Table) -> Result<(), Fatal> {
    let name = column.name();
    for (key, value) in expected {
        if got.get(key) != Some(value) {
            return Err(wrong(format!("column {name}: record {key} is not what the leaves give")));
        }
    }
    match got.keys().find(|key| !expected.contains_key(*key)) {
        Some(key) => Err(wrong(format!("column {name}: record {key} belongs to no node"))),
        None => Ok(()),
    }
}

fn check_code(read: &dyn Read, accounts: &Table) -> Result<(), Fatal> {
    for (key, bytes) in accounts {
        let hash = Account::from_bytes(bytes)?.code_hash;
        if hash == KECCAK_EMPTY {
            continue;
        }
        let code = read.get(Column::Code, hash.as_slice())?;
        if code.map(keccak256) != Some(hash) {
            return Err(wrong(format!("code {hash} of account {key} is missing or another")));
        }
    }
    Ok(())
}

/// Every value that the lists of changes name, and no other; lists for the kept heights, and no other.
fn check_history(read: &dyn Read, oldest: u64, head: u64) -> Result<u64, Fatal> {
    let mut expected = std::collections::BTreeSet::new();
    for height in oldest.saturating_add(1)..=head {
        let changed = history::changed(read, height)?;
        let changed = changed.ok_or_else(|| wrong(format!("no list of changes of block {height}")))?;
        expected.extend(changed.iter().map(|key: &Key| Bytes::from(key.at(height))));
    }
    let lists = count(&table(read, Column::Changes)?);
    if lists != head - oldest {
        return Err(wrong(format!("{lists} lists of changes for {} blocks", head - oldest)));
    }
    let kept = table(read, Column::History)?;
    if let Some(key) = kept.keys().find(|key| !expected.contains(*key)) {
        return Err(wrong(format!("history record {key} belongs to no block")));
    }
    if kept.len() != expected.len() {
        return Err(wrong(format!("{} history records, expected {}", kept.len(), expected.len())));
    }
    Ok(count(&kept))
}

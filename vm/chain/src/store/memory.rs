//! A store in memory. Every key keeps the versions that some snapshot can still see, so snapshots cost nothing.

use crate::store::{Batch, Checkpoint, Column, Durability, Read, Scan, Store, StoreError};
use alloy_primitives::Bytes;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Weak};

/// A store in memory.
#[derive(Debug, Default, Clone)]
pub struct Memory {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: RwLock<Versions>,
}

type Key = (Column, Bytes);

#[derive(Debug, Default)]
struct Versions {
    /// By key, oldest version first: number of the commit, value.
    keys: BTreeMap<Key, Vec<(u64, Option<Bytes>)>>,
    commits: u64,
    snapshots: Vec<Weak<Picture>>,
}

#[derive(Debug)]
struct Picture {
    shared: Arc<Shared>,
    at: u64,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whole contents, for comparing two stores.
    #[must_use]
    pub fn dump(&self) -> BTreeMap<Key, Bytes> {
        let state = self.shared.state.read();
        let newest = |versions: &Vec<(u64, Option<Bytes>)>| versions.last().and_then(|(_, value)| value.clone());
        state.keys.iter().filter_map(|(key, versions)| Some((key.clone(), newest(versions)?))).collect()
    }
}

impl Read for Memory {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.shared.get(column, key, u64::MAX))
    }

    fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
        self.shared.scan(column, from, u64::MAX)
    }
}

impl Store for Memory {
    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError> {
        let mut state = self.shared.state.write();
        let picture = Arc::new(Picture { shared: Arc::clone(&self.shared), at: state.commits });
        state.snapshots.retain(|snapshot| snapshot.strong_count() > 0);
        state.snapshots.push(Arc::downgrade(&picture));
        Ok(picture)
    }

    fn checkpoint(&self, _name: &str) -> Result<Checkpoint, StoreError> {
        Err(StoreError::Io("a store in memory has no checkpoints".to_owned()))
    }

    fn commit(&self, batch: Batch, _durability: Durability) -> Result<(), StoreError> {
        let mut state = self.shared.state.write();
        let oldest = state.oldest_seen();
        state.commits += 1;
        let commit = state.commits;
        for (column, key, value) in batch.writes {
            let key = (column, key);
            let versions = state.keys.entry(key.clone()).or_default();
            versions.push((commit, value));
            // The newest version at or before the oldest snapshot is the first that anybody can see.
            let seen = versions.iter().rposition(|(at, _)| *at <= oldest).unwrap_or(0);
            versions.drain(..seen);
            if matches!(versions.as_slice(), [(at, None)] if *at <= oldest || oldest == u64::MAX) {
                state.keys.remove(&key);
            }
        }
        Ok(())
    }
}

impl Versions {
    fn oldest_seen(&self) -> u64 {
        self.snapshots.iter().filter_map(|snapshot| Some(snapshot.upgrade()?.at)).min().unwrap_or(u64::MAX)
    }
}

impl Shared {
    fn get(&self, column: Column, key: &[u8], at: u64) -> Option<Bytes> {
        let state = self.state.read();
        let versions = state.keys.get(&(column, Bytes::copy_from_slice(key)))?;
        versions.iter().rfind(|(commit, _)| *commit <= at)?.1.clone()
    }

    fn scan(&self, column: Column, from: &[u8], at: u64) -> Scan<'_> {
        let mut next = Bound::Included((column, Bytes::copy_from_slice(from)));
        Box::new(std::iter::from_fn(move || {
            let state = self.state.read();
            let (key, value) =
                state.keys.range((next.clone(), Bound::Unbounded)).take_while(|((of, _), _)| *of == column).find_map(
                    |(key, versions)| {
                        let newest = versions.iter().rfind(|(commit, _)| *commit <= at)?;
                        Some((key.clone(), newest.1.clone()?))
                    },
                )?;
            next = Bound::Excluded(key.clone());
            Some(Ok((key.1, value)))
        }))
    }
}

impl Read for Picture {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.shared.get(column, key, self.at))
    }

    fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
        self.shared.scan(column, from, self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(store: &Memory, writes: &[(&'static str, Option<&'static str>)]) {
        let mut batch = Batch::default();
        for (key, value) in writes {
            batch.set(Column::Meta, Bytes::from_static(key.as_bytes()), value.map(str::as_bytes));
        }
        store.commit(batch, Durability::Synced).expect("memory takes every batch");
    }

    fn keys(read: &dyn Read) -> Vec<String> {
        read.scan(Column::Meta, b"a")
            .map(|item| item.expect("memory reads"))
            .map(|(key, value)| format!("{}={}", String::from_utf8_lossy(&key), String::from_utf8_lossy(&value)))
            .collect()
    }

    #[test]
    fn snapshots_do_not_move() {
        let store = Memory::new();
        put(&store, &[("a", Some("1")), ("b", Some("1"))]);
        let first = store.snapshot().expect("snapshot");
        put(&store, &[("a", Some("2")), ("b", None), ("c", Some("2"))]);
        let second = store.snapshot().expect("snapshot");
        put(&store, &[("a", None), ("c", None), ("b", Some("3"))]);
        assert_eq!(keys(first.as_ref()), ["a=1", "b=1"]);
        assert_eq!(keys(second.as_ref()), ["a=2", "c=2"]);
        assert_eq!(keys(&store), ["b=3"]);
        drop((first, second));
        put(&store, &[("a", Some("4")), ("a", None), ("b", None)]);
        assert_eq!(store.shared.state.read().keys.len(), 1, "only a version nobody touched since is left");
        assert!(store.dump().is_empty());
    }
}

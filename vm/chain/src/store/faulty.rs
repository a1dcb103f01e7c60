//! A store that fails where it is told to, over any other: the disk of tests and of the simulator.
//!
//! Faults are planned by counting from the moment of planning; each happens once.

use crate::store::{Batch, Checkpoint, Column, Durability, Read, Scan, Store, StoreError};
use alloy_primitives::Bytes;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;

/// A store that fails where it is told to. Clones share the plan, and so do the snapshots that it hands out.
#[derive(Clone)]
pub struct Faulty {
    inner: Arc<dyn Store>,
    plan: Arc<Mutex<Plan>>,
}

/// How a commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing was stored.
    Before,
    /// All of it was stored, and the caller is told that it failed.
    After,
    /// Nothing was stored, because there is no room.
    DiskFull,
}

#[derive(Debug, Default)]
struct Plan {
    /// Reads that succeed before one fails.
    read: Option<u64>,
    /// Commits that succeed before one fails, and how it does.
    commit: Option<(u64, CommitFault)>,
    reads: u64,
    commits: u64,
}

struct Picture {
    inner: Arc<dyn Read>,
    plan: Arc<Mutex<Plan>>,
}

impl Faulty {
    /// No fault is planned.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, plan: Arc::default() }
    }

    /// After this many more reads one fails. A read is a get, the start of a scan, or a snapshot.
    pub fn fail_read_after(&self, reads: u64) {
        self.plan.lock().read = Some(reads);
    }

    /// After this many more commits one fails.
    pub fn fail_commit_after(&self, commits: u64, how: CommitFault) {
        self.plan.lock().commit = Some((commits, how));
    }

    /// Takes planned faults back. Says whether there were any that have not happened.
    pub fn heal(&self) -> bool {
        let mut plan = self.plan.lock();
        let read = plan.read.take().is_some();
        plan.commit.take().is_some() || read
    }

    /// Reads so far.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.plan.lock().reads
    }

    /// Commits so far.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.plan.lock().commits
    }
}

impl Plan {
    fn read(&mut self) -> Result<(), StoreError> {
        self.reads = self.reads.saturating_add(1);
        match self.read {
            None => Ok(()),
            Some(0) => {
                self.read = None;
                Err(StoreError::Io("planned fault of a read".to_owned()))
            }
            Some(left) => {
                self.read = Some(left.saturating_sub(1));
                Ok(())
            }
        }
    }

    fn commit(&mut self) -> Option<CommitFault> {
        self.commits = self.commits.saturating_add(1);
        let (left, how) = self.commit?;
        self.commit = left.checked_sub(1).map(|left| (left, how));
        self.commit.is_none().then_some(how)
    }
}

fn failed<'a>(cause: StoreError) -> Scan<'a> {
    Box::new(std::iter::once(Err(cause)))
}

impl Read for Faulty {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.plan.lock().read()?;
        self.inner.get(column, key)
    }

    fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
        let planned = self.plan.lock().read();
        planned.map_or_else(failed, |()| self.inner.scan(column, from))
    }
}

impl Store for Faulty {
    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError> {
        self.plan.lock().read()?;
        Ok(Arc::new(Picture { inner: self.inner.snapshot()?, plan: Arc::clone(&self.plan) }))
    }

    fn checkpoint(&self, name: &str) -> Result<Checkpoint, StoreError> {
        self.inner.checkpoint(name)
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        let fault = self.plan.lock().commit();
        match fault {
            None => self.inner.commit(batch, durability),
            Some(CommitFault::Before) => Err(StoreError::Io("planned fault before a commit".to_owned())),
            Some(CommitFault::After) => {
                self.inner.commit(batch, durability)?;
                Err(StoreError::Io("planned fault after a commit".to_owned()))
            }
            Some(CommitFault::DiskFull) => Err(StoreError::DiskFull("the planned fault".to_owned())),
        }
    }
}

impl Read for Picture {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.plan.lock().read()?;
        self.inner.get(column, key)
    }

    fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
        let planned = self.plan.lock().read();
        planned.map_or_else(failed, |()| self.inner.scan(column, from))
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Faulty").field("plan", &*self.plan.lock()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;

    fn batch(value: &'static str) -> Batch {
        let mut batch = Batch::default();
        batch.put(Column::Meta, Bytes::from_static(b"key"), Bytes::from_static(value.as_bytes()));
        batch
    }

    #[test]
    fn each_fault_happens_once_where_it_was_planned() {
        let memory = Memory::new();
        let store = Faulty::new(Arc::new(memory.clone()));
        let stored = || memory.get(Column::Meta, b"key").expect("memory reads");
        let commit = |value| store.commit(batch(value), Durability::Synced);

        store.fail_commit_after(1, CommitFault::Before);
        assert_eq!(commit("1"), Ok(()));
        assert!(matches!(commit("2"), Err(StoreError::Io(_))));
        assert_eq!(stored(), Some(Bytes::from_static(b"1")));
        store.fail_commit_after(0, CommitFault::DiskFull);
        assert!(matches!(commit("3"), Err(StoreError::DiskFull(_))));
        assert_eq!(stored(), Some(Bytes::from_static(b"1")));
        store.fail_commit_after(0, CommitFault::After);
        assert!(matches!(commit("4"), Err(StoreError::Io(_))));
        assert_eq!(stored(), Some(Bytes::from_static(b"4")));
        assert_eq!(commit("5"), Ok(()));
        assert_eq!(store.commits(), 5);

        let snapshot = store.snapshot().expect("nothing is planned");
        store.fail_read_after(2);
        assert!(snapshot.get(Column::Meta, b"key").is_ok());
        assert!(store.get(Column::Meta, b"key").is_ok());
        assert!(matches!(snapshot.scan(Column::Meta, b"").next(), Some(Err(_))));
        assert!(matches!(snapshot.scan(Column::Meta, b"").next(), Some(Ok(_))));
        store.fail_read_after(0);
        assert!(store.snapshot().is_err());
        store.fail_read_after(0);
        assert!(store.heal() && !store.heal());
        assert!(store.get(Column::Meta, b"key").is_ok());
        assert_eq!(store.reads(), 7);
    }
}

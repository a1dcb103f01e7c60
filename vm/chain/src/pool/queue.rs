//! The transactions of one sender, by nonce: the executable ones first, without a gap, then the parked ones.

use crate::pool::limits::{Resource, Usage};
use crate::pool::order::Worth;
use crate::pool::validate::Sender;
use crate::tx::Tx;
use alloy_primitives::{B256, U256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A transaction, and what the pool remembers of it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) tx: Arc<Tx>,
    /// `gasLimit * maxFeePerGas + value`, wei.
    pub(super) cost: U256,
    /// Place in the order of arrival.
    pub(super) seen: u64,
    /// When it was parked, Unix milliseconds; without meaning while it is executable.
    pub(super) parked_ms: u64,
    /// What it and its sender's earlier ones are worth at least: no block can hold it without holding those. It never
    /// grows along the nonces, so a sender's last transaction is its least, and cheap ones cannot hide behind a dear one.
    floor: Worth,
}

impl Entry {
    pub(super) fn new(tx: Arc<Tx>, cost: U256, seen: u64, parked_ms: u64, base_fee: u128) -> Self {
        let floor = Worth::new(&tx, base_fee);
        Self { tx, cost, seen, parked_ms, floor }
    }
}

/// The last transaction of a queue that counts for some resource: the one that gives way first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    pub(super) nonce: u64,
    pub(super) floor: Worth,
    pub(super) seen: u64,
}

/// The transactions of one sender.
#[derive(Debug)]
pub(super) struct Queue {
    sender: Sender,
    /// Some transaction of it came from a local user.
    pub(super) local: bool,
    entries: BTreeMap<u64, Entry>,
    /// The first nonce that is not executable.
    ready: u64,
    /// Cost of the executable ones, wei.
    ready_cost: U256,
    usage: Usage,
}

impl Queue {
    pub(super) const fn new(sender: Sender) -> Self {
        Self {
            sender,
            local: false,
            entries: BTreeMap::new(),
            ready: sender.nonce,
            ready_cost: U256::ZERO,
            usage: Usage { executable: 0, parked: 0, bytes: 0 },
        }
    }

    /// Keccak of the sender's address.
    pub(super) const fn key(&self) -> &B256 {
        &self.sender.key
    }

    /// Nonce of the sender's account.
    pub(super) const fn next(&self) -> u64 {
        self.sender.nonce
    }

    pub(super) const fn ready(&self) -> u64 {
        self.ready
    }

    pub(super) const fn ready_cost(&self) -> U256 {
        self.ready_cost
    }

    pub(super) const fn usage(&self) -> Usage {
        self.usage
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn get(&self, nonce: u64) -> Option<&Entry> {
        self.entries.get(&nonce)
    }

    pub(super) fn floor(&self, nonce: u64) -> Option<Worth> {
        self.entries.get(&nonce).map(|entry| entry.floor)
    }

    /// Those that a block can hold from a nonce on.
    pub(super) fn executable_from(&self, nonce: u64) -> impl Iterator<Item = &Entry> {
        let from = nonce.min(self.ready);
        self.entries.range(from..self.ready).map(|(_, entry)| entry)
    }

    /// Those that wait for a nonce before them, or for funds.
    pub(super) fn parked(&self) -> impl Iterator<Item = &Entry> {
        self.entries.range(self.ready..).map(|(_, entry)| entry)
    }

    /// The last one that takes of a resource.
    pub(super) fn tail(&self, resource: Resource) -> Option<Tail> {
        let last = match resource {
            Resource::Executable => self.entries.range(..self.ready).next_back(),
            Resource::Parked => self.entries.range(self.ready..).next_back(),
            Resource::Bytes => self.entries.last_key_value(),
        };
        last.map(|(nonce, entry)| Tail { nonce: *nonce, floor: entry.floor, seen: entry.seen })
    }

    /// Puts one in, in the place of the one with its nonce, which is returned.
    pub(super) fn insert(&mut self, mut entry: Entry, base_fee: u128) -> Option<Entry> {
        let nonce = entry.tx.nonce();
        match self.entries.last_key_value() {
            Some((last, _)) if *last >= nonce => {
                let replaced = self.entries.insert(nonce, entry);
                self.sort(base_fee, None);
                return replaced;
            }
            Some((_, before)) => entry.floor = before.floor.min(Worth::new(&entry.tx, base_fee)),
            None => entry.floor = Worth::new(&entry.tx, base_fee),
        }
        match self.affordable(self.ready_cost, entry.cost) {
            Some(sum) if nonce == self.ready => {
                self.ready += 1;
                self.ready_cost = sum;
                self.usage += Usage::executable(&entry.tx);
            }
            Some(_) | None => self.usage += Usage::parked(&entry.tx),
        }
        self.entries.insert(nonce, entry)
    }

    /// Takes one out. Executable ones behind it are parked, since `parked_ms` where that is given.
    pub(super) fn remove(&mut self, nonce: u64, base_fee: u128, parked_ms: Option<u64>) -> Option<Entry> {
        let removed = self.entries.remove(&nonce)?;
        if self.entries.range(nonce..).next().is_some() {
            self.sort(base_fee, parked_ms);
        } else if nonce < self.ready {
            self.ready = nonce;
            self.ready_cost -= removed.cost;
            self.usage -= Usage::executable(&removed.tx);
        } else {
            self.usage -= Usage::parked(&removed.tx);
        }
        Some(removed)
    }

    /// Takes over what another state says about the sender, and takes out what `keep` does not want, what is included
    /// and what the sender cannot pay.
    pub(super) fn follow(
        &mut self,
        sender: Sender,
        keep: impl Fn(&Tx) -> bool,
        base_fee: u128,
        now_ms: u64,
    ) -> Vec<Entry> {
        self.sender = sender;
        let stays = |entry: &Entry| entry.tx.nonce() >= sender.nonce && entry.cost <= sender.balance && keep(&entry.tx);
        let dropped = self.entries.extract_if(.., |_, entry| !stays(entry)).map(|(_, entry)| entry).collect();
        self.sort(base_fee, Some(now_ms));
        dropped
    }

    /// Finds out again which are executable, and what each is worth at a base fee. Those that are executable no longer
    /// are parked since `parked_ms`, where that is given.
    fn sort(&mut self, base_fee: u128, parked_ms: Option<u64>) {
        let before = self.ready;
        self.ready = self.sender.nonce;
        self.ready_cost = U256::ZERO;
        self.usage = Usage::default();
        let mut floor: Option<Worth> = None;
        let balance = self.sender.balance;
        for (nonce, entry) in &mut self.entries {
            let worth = Worth::new(&entry.tx, base_fee);
            entry.floor = floor.map_or(worth, |floor| floor.min(worth));
            floor = Some(entry.floor);
            match affordable(balance, self.ready_cost, entry.cost) {
                Some(sum) if *nonce == self.ready => {
                    self.ready += 1;
                    self.ready_cost = sum;
                    self.usage += Usage::executable(&entry.tx);
                }
                Some(_) | None => {
                    self.usage += Usage::parked(&entry.tx);
                    if let Some(parked_ms) = parked_ms.filter(|_| *nonce < before) {
                        entry.parked_ms = parked_ms;
                    }
                }
            }
        }
    }

    fn affordable(&self, spent: U256, cost: U256) -> Option<U256> {
        affordable(self.sender.balance, spent, cost)
    }
}

/// The sum, where the balance covers it.
fn affordable(balance: U256, spent: U256, cost: U256) -> Option<U256> {
    spent.checked_add(cost).filter(|sum| *sum <= balance)
}

//! [`Pool`]: transactions that wait for a block.
//!
//! It has its own lock and is shared by `Arc`; the thread that owns the chain never waits for a submission. Decoding,
//! recovery of the sender and all reading of state happen on the caller's thread, outside the lock.
//!
//! What is in the pool was valid in the state of its head, the last accepted block: every parameter (least fee cap, gas
//! limit, forks, allow list) is read from that state, at start as at every [`Pool::reset`]. A transaction is
//! *executable* where its sender's nonces up to it are all there and the sender can pay for all of them together;
//! otherwise it is *parked*.
//!
//! A shell calls [`Pool::reset`] with each newly accepted block before it shows that block to anyone, and
//! [`Pool::expire`] about once a minute. Before it builds it asks [`Pool::wants_block`]; to wait for a change it
//! remembers [`Pool::version`] first and asks then, so that no change is lost in between. A build that gave nothing
//! although a block was wanted (the transactions' predicates have no verdict, say) is worth repeating when the version
//! has moved or after a while, not at once.
//!
//! | file | what lives there |
//! |---|---|
//! | `validate.rs` | what a transaction must fulfil, and the words of each refusal |
//! | `queue.rs` | the transactions of one sender |
//! | `held.rs` | everything behind the lock |
//! | `limits.rs` | bounds, fair shares, who gives way |
//! | `order.rs` | the order in which a builder takes them |
//! | `ranks.rs` | who gives way first |
//! | `departed.rs` | what left although no block holds it |
//!
//! A shell that keeps what is here over a restart numbers it by [`Pool::arrival`], strikes out what [`Pool::take_departed`]
//! names, and gives the rest back to [`Pool::restore`].

mod departed;
mod held;
mod limits;
mod order;
mod queue;
mod ranks;
mod validate;

pub use departed::Departed;
pub use limits::{Limits, SLOT_BYTES, TX_BYTES_MAX};
pub use order::Ordered;
pub use validate::Refused;

use crate::error::Fatal;
use crate::tx::Tx;
use crate::view::View;
use alloy_primitives::{Address, B256, keccak256};
use held::Held;
use parking_lot::Mutex;
use pars_genesis::spec::ChainSpec;
use rayon::prelude::*;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use validate::{Checked, Head};

/// Where a transaction came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From a user whom the operator favours. While the pool holds one, its sender comes first in blocks and what the
    /// sender has parked does not expire. Limits hold all the same.
    Local,
    /// From anyone.
    Remote,
}

/// Transactions of one sender, in the order of their nonces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The sender.
    pub sender: Address,
    /// Those that a block can hold now.
    pub executable: Vec<Arc<Tx>>,
    /// Those that wait for a nonce before them, or for funds.
    pub parked: Vec<Arc<Tx>>,
}

/// A transaction, and its place in the order of arrival, which no other one ever gets, even after a restart. The same
/// transaction has another one when it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// The transaction.
    pub tx: Arc<Tx>,
    /// Its place.
    pub arrival: u64,
}

/// How full the pool is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Senders.
    pub senders: usize,
    /// Executable transactions.
    pub executable: u64,
    /// Parked transactions.
    pub parked: u64,
    /// Slots of [`SLOT_BYTES`] that the executable ones take.
    pub executable_slots: u64,
    /// Slots of [`SLOT_BYTES`] that the parked ones take.
    pub parked_slots: u64,
    /// Bytes of all.
    pub bytes: u64,
}

/// Transactions that wait for a block. See the module's documentation.
pub struct Pool {
    spec: Arc<ChainSpec>,
    limits: Limits,
    held: Mutex<Held>,
    version: AtomicU64,
}

impl Pool {
    /// An empty pool on the last accepted block of a chain.
    ///
    /// # Errors
    /// When the store failed.
    pub fn new(spec: Arc<ChainSpec>, limits: Limits, head: &View) -> Result<Self, Fatal> {
        let head = Arc::new(Head::new(&spec, head.clone())?);
        Ok(Self { spec, limits, held: Mutex::new(Held::new(limits, head)), version: AtomicU64::new(0) })
    }

    /// Takes a transaction in, or says why not. A call at `now_ms`, Unix milliseconds.
    ///
    /// # Errors
    /// See [`Refused`]. A refused transaction changes nothing.
    pub fn submit(&self, tx: Arc<Tx>, origin: Origin, now_ms: u64) -> Result<B256, Refused> {
        let hash = tx.hash();
        self.admit(tx, origin, now_ms)?;
        Ok(hash)
    }

    /// As [`Self::submit`]; gives the hashes of those that became executable by it, in the order of their nonces: none
    /// where the transaction is parked, several where it fills a gap.
    ///
    /// # Errors
    /// See [`Refused`]. A refused transaction changes nothing.
    pub fn admit(&self, tx: Arc<Tx>, origin: Origin, now_ms: u64) -> Result<Vec<B256>, Refused> {
        let (hash, nonce) = (tx.hash(), tx.nonce());
        let head = {
            let held = self.held.lock();
            if held.get(hash).is_some() {
                return Err(Refused::AlreadyKnown);
            }
            Arc::clone(held.head())
        };
        let mut checked = self.check(&tx, &head)?;
        let mut held = self.held.lock();
        if !Arc::ptr_eq(held.head(), &head) {
            // A block was accepted meanwhile. This is rare, and the sender is not recovered again.
            checked = self.check(&tx, held.head())?;
        }
        let sender = checked.address;
        let ready = held.pending_nonce(sender).unwrap_or_default();
        held.admit(tx, checked, origin, now_ms)?;
        let executable = held.became_executable(sender, nonce, ready);
        drop(held);
        self.changed();
        Ok(executable)
    }

    /// Takes back what was here before a restart, as it was: by its place in the order of arrival, executable or parked,
    /// without anything giving way to it. What the head's state makes invalid stays outside, as at a [`Self::reset`]; it
    /// and what is too much for smaller bounds is told by [`Self::take_departed`]. `arrivals` is the highest place that
    /// was ever given. What was parked is parked since `now_ms`. Gives the number of transactions that are here then.
    ///
    /// # Errors
    /// When the store failed; the pool is then as before.
    pub fn restore(&self, kept: Vec<(Arrived, Origin)>, arrivals: u64, now_ms: u64) -> Result<usize, Fatal> {
        let head = Arc::clone(self.held.lock().head());
        let check = |(kept, origin): (Arrived, Origin)| match self.check(&kept.tx, &head) {
            Ok(checked) => Ok(Ok((kept, checked, origin))),
            Err(Refused::Fatal(fatal)) => Err(fatal),
            Err(_) => Ok(Err(kept.arrival)),
        };
        let checked: Vec<_> = kept.into_par_iter().map(check).collect::<Result<_, _>>()?;
        let mut held = self.held.lock();
        if !Arc::ptr_eq(held.head(), &head) {
            return Err(Fatal::Bug("the pool is given back what it had after the chain has moved on".to_owned()));
        }
        let mut valid = Vec::with_capacity(checked.len());
        for checked in checked {
            match checked {
                Ok(checked) => valid.push(checked),
                Err(arrival) => held.note_departed(arrival),
            }
        }
        held.restore(valid, arrivals, now_ms);
        self.changed();
        Ok(held.len())
    }

    /// Follows the chain to its last accepted block: what is included or no longer valid leaves, the rest is sorted
    /// anew. `returned` are transactions of rejected blocks, or of blocks that were taken back; those that are still
    /// valid come in again. Called by one thread at a time.
    ///
    /// # Errors
    /// When the store failed; the pool is then as before, or without some of `returned`.
    pub fn reset(&self, head: &View, returned: &[Arc<Tx>], now_ms: u64) -> Result<(), Fatal> {
        let head = Arc::new(Head::new(&self.spec, head.clone())?);
        let senders = self.held.lock().senders();
        let accounts: Vec<_> =
            senders.into_par_iter().map(|sender| Ok((sender, head.account(sender)?))).collect::<Result<_, Fatal>>()?;
        {
            let mut held = self.held.lock();
            held.follow(head, accounts, now_ms)?;
            held.expire(now_ms);
            self.changed();
        }
        for tx in returned {
            // Any other refusal is right: it may be replaced, included, or here all along.
            if let Err(Refused::Fatal(fatal)) = self.submit(Arc::clone(tx), Origin::Remote, now_ms) {
                return Err(fatal);
            }
        }
        Ok(())
    }

    /// Drops what has been parked for longer than its lifetime, except for local senders. Gives the number dropped.
    pub fn expire(&self, now_ms: u64) -> usize {
        let mut held = self.held.lock();
        let dropped = held.expire(now_ms);
        if dropped > 0 {
            self.changed();
        }
        dropped
    }

    /// What left since the last call although no block holds it, in this order.
    #[must_use]
    pub fn take_departed(&self) -> Departed {
        self.held.lock().take_departed()
    }

    /// What a builder on `parent` may choose from, best first: executable transactions with a fee cap of at least
    /// `base_fee` and a tip cap of at least `tip_min`, both in wei. Those that processing blocks of the picture include
    /// are left out. Nothing that happens later in the pool changes the answer.
    #[must_use]
    pub fn candidates(&self, parent: &View, base_fee: u64, tip_min: u128) -> Ordered {
        let base_fee = u128::from(base_fee);
        Ordered::new(self.held.lock().runs(parent, base_fee, tip_min), base_fee)
    }

    /// Whether [`Self::candidates`] would offer anything.
    #[must_use]
    pub fn wants_block(&self, parent: &View, base_fee: u64, tip_min: u128) -> bool {
        self.held.lock().offers(parent, u128::from(base_fee), tip_min)
    }

    /// Grows with every change of what the pool holds.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Nonce that an account's next transaction needs, after those in the picture and the executable ones here.
    ///
    /// # Errors
    /// When the store failed.
    pub fn pending_nonce(&self, account: Address, view: &View) -> Result<u64, Fatal> {
        let next = view.account(&keccak256(account))?.map(|account| account.nonce).unwrap_or_default();
        Ok(self.held.lock().pending_nonce(account).unwrap_or_default().max(next))
    }

    /// Height of the last accepted block that it has followed. It may be ahead of what is shown.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.held.lock().head().height()
    }

    /// A transaction that is here.
    #[must_use]
    pub fn get(&self, hash: B256) -> Option<Arc<Tx>> {
        self.held.lock().get(hash).cloned()
    }

    /// Whether a block can hold a transaction that is here, or it is parked.
    #[must_use]
    pub fn is_executable(&self, hash: B256) -> Option<bool> {
        self.held.lock().is_executable(hash)
    }

    /// Place of a transaction in the order of arrival, if it is here.
    #[must_use]
    pub fn arrival(&self, hash: B256) -> Option<u64> {
        self.held.lock().arrival(hash)
    }

    /// Everything with its place in the order of arrival, by sender and nonce.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        self.held.lock().arrived()
    }

    /// Everything, by sender.
    #[must_use]
    pub fn content(&self) -> Vec<Content> {
        self.held.lock().content()
    }

    /// What one sender has here.
    #[must_use]
    pub fn content_of(&self, sender: Address) -> Option<Content> {
        self.held.lock().content_of(sender)
    }

    /// Number of transactions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.lock().len()
    }

    /// Nothing is here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How full it is.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.held.lock().stats()
    }

    /// How many senders were looked at so far to find one who gives way: the work that a full pool makes.
    #[must_use]
    pub fn looked_at(&self) -> u64 {
        self.held.lock().looked_at()
    }

    /// Bounds that it keeps.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    fn check(&self, tx: &Tx, head: &Head) -> Result<Checked, Refused> {
        Checked::new(tx, head, self.spec.chain_id, &self.limits)
    }

    /// Called while the lock is held, so that the version that a reader sees is never ahead of what it can read.
    fn changed(&self) {
        self.version.fetch_add(1, Ordering::Release);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pool").field("limits", &self.limits).field("version", &self.version()).finish_non_exhaustive()
    }
}

//! Bounds of the pool, the fair share of a sender, and who gives way to a newcomer where a bound is passed. What gives way
//! is always the last transaction of its sender, and of several senders' the one that is worth least.
//!
//! 1. A sender's fair share of slots is the account's bound. A newcomer whose sender is within it, the newcomer counted,
//!    takes the place of a sender beyond it, whatever either pays.
//! 2. Where there is none, or the newcomer's sender is beyond its own share:
//!    - Executable slots go to who pays most, among the senders who hold more than an equal part of all slots (and more
//!      than the account's bound, if that is less). Where nobody does, what cannot pay the base fee gives way to what can.
//!    - Parked slots cost nothing, so that no price may decide about them: a newcomer of a sender beyond its share takes
//!      the place of that sender's own last one, and any other is refused. What somebody holds within the share is never
//!      evicted.
//!
//! Bytes are shared in equal parts, and go to who pays most among those who hold more.
//!
//! So nobody, however much is offered, can displace what another sender holds within an equal part, except what could
//! not pay the base fee anyway; and nobody who offers nothing can keep out a sender who has little.
//!
//! After a move to another head, or with smaller bounds than before a restart, there may be too much without a newcomer:
//! then the least goes of those beyond the account's bound, then of those beyond an equal part, then of all.

use crate::tx::Tx;
use std::ops::{AddAssign, SubAssign};

/// Bytes of a transaction that is taken in.
pub const TX_BYTES_MAX: usize = 128 * 1024;

/// Bytes that count as one slot; a larger transaction takes several.
pub const SLOT_BYTES: usize = 32 * 1024;

/// Bounds of a pool. Local policy: nodes of one chain may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Slots of executable transactions that a sender may have before others go first.
    pub account_slots: u64,
    /// Slots of executable transactions.
    pub global_slots: u64,
    /// Slots of parked transactions that a sender may have before others go first.
    pub account_queue: u64,
    /// Slots of parked transactions.
    pub global_queue: u64,
    /// Bytes of all transactions.
    pub bytes_max: u64,
    /// How long a transaction is parked, milliseconds.
    pub lifetime_ms: u64,
    /// By how much a replacement must raise both caps, percent.
    pub price_bump_percent: u64,
    /// Least tip, wei.
    pub tip_min_wei: u128,
    /// Transactions with predicates are taken in: there is somebody who gives verdicts on them. Without, no block that is
    /// built here ever holds one, and they would wait for ever.
    pub predicates: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            account_slots: 16,
            global_slots: 5_120,
            account_queue: 64,
            global_queue: 1_024,
            bytes_max: 64 * 1024 * 1024,
            lifetime_ms: 600_000,
            price_bump_percent: 10,
            tip_min_wei: 0,
            predicates: false,
        }
    }
}

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resource {
    /// Slots of executable transactions.
    Executable,
    /// Slots of parked transactions.
    Parked,
    /// Bytes of all.
    Bytes,
}

impl Resource {
    pub(super) const ALL: [Self; 3] = [Self::Executable, Self::Parked, Self::Bytes];
}

impl Limits {
    pub(super) const fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Executable => self.global_slots,
            Resource::Parked => self.global_queue,
            Resource::Bytes => self.bytes_max,
        }
    }

    /// What a sender may hold whatever others pay: the account's bound; none of bytes.
    pub(super) const fn fair(&self, resource: Resource) -> Option<u64> {
        match resource {
            Resource::Executable => Some(self.account_slots),
            Resource::Parked => Some(self.account_queue),
            Resource::Bytes => None,
        }
    }

    /// What each of so many senders may hold: an equal part, but no more than the account's bound and no less than one
    /// slot.
    pub(super) fn part(&self, resource: Resource, holders: u64) -> u64 {
        let part = self.of(resource).checked_div(holders).unwrap_or(u64::MAX);
        let least = if resource == Resource::Bytes { count(SLOT_BYTES) } else { 1 };
        part.min(self.fair(resource).unwrap_or(u64::MAX)).max(least)
    }
}

/// How much of each resource is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Usage {
    pub(super) executable: u64,
    pub(super) parked: u64,
    pub(super) bytes: u64,
}

impl Usage {
    pub(super) fn executable(tx: &Tx) -> Self {
        Self { executable: slots(tx), parked: 0, bytes: count(tx.size()) }
    }

    pub(super) fn parked(tx: &Tx) -> Self {
        Self { executable: 0, parked: slots(tx), bytes: count(tx.size()) }
    }

    pub(super) const fn of(&self, resource: Resource) -> u64 {
        match resource {
            Resource::Executable => self.executable,
            Resource::Parked => self.parked,
            Resource::Bytes => self.bytes,
        }
    }

    /// 1 for each resource of which something is taken.
    pub(super) fn holding(&self) -> Self {
        let some = |amount: u64| u64::from(amount > 0);
        Self { executable: some(self.executable), parked: some(self.parked), bytes: some(self.bytes) }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.executable += more.executable;
        self.parked += more.parked;
        self.bytes += more.bytes;
    }
}

impl SubAssign for Usage {
    fn sub_assign(&mut self, less: Self) {
        self.executable -= less.executable;
        self.parked -= less.parked;
        self.bytes -= less.bytes;
    }
}

fn slots(tx: &Tx) -> u64 {
    count(tx.size().div_ceil(SLOT_BYTES).max(1))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

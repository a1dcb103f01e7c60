//! Who gives way first, kept up to date so that a full pool does not look at everybody for each newcomer.

use crate::pool::limits::Resource;
use crate::pool::order::Worth;
use crate::pool::queue::Queue;
use alloy_primitives::Address;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Senders by how much they hold of each resource; of those who hold equally much, the one whose last transaction is
/// worth least comes first, of equals the one whose came last.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    executable: Levels,
    parked: Levels,
    bytes: Levels,
    looked_at: u64,
}

type Levels = BTreeMap<u64, BTreeSet<(Rank, Address)>>;
type Rank = (Worth, Reverse<u64>);

impl Ranks {
    /// Takes a sender in, as its queue is.
    pub(super) fn insert(&mut self, sender: Address, queue: &Queue) {
        for resource in Resource::ALL {
            if let Some(rank) = rank(queue, resource) {
                let level = queue.usage().of(resource);
                self.levels(resource).entry(level).or_default().insert((rank, sender));
            }
        }
    }

    /// Takes a sender out, whose queue is as it was when it was taken in.
    pub(super) fn remove(&mut self, sender: Address, queue: &Queue) {
        for resource in Resource::ALL {
            let (Some(rank), level) = (rank(queue, resource), queue.usage().of(resource)) else { continue };
            let levels = self.levels(resource);
            if let Some(senders) = levels.get_mut(&level) {
                senders.remove(&(rank, sender));
                if senders.is_empty() {
                    levels.remove(&level);
                }
            }
        }
    }

    /// The sender who gives way first among those who hold more than so much.
    pub(super) fn first_above(&mut self, resource: Resource, share: u64) -> Option<Address> {
        let mut looked_at = 0;
        let levels = self.levels(resource).range(share.saturating_add(1)..);
        let firsts = levels.filter_map(|(_, senders)| senders.first()).inspect(|_| looked_at += 1);
        let first = firsts.min_by_key(|(rank, _)| *rank).map(|(_, sender)| *sender);
        self.looked_at += looked_at;
        first
    }

    /// How many senders were looked at so far.
    pub(super) const fn looked_at(&self) -> u64 {
        self.looked_at
    }

    const fn levels(&mut self, resource: Resource) -> &mut Levels {
        match resource {
            Resource::Executable => &mut self.executable,
            Resource::Parked => &mut self.parked,
            Resource::Bytes => &mut self.bytes,
        }
    }
}

fn rank(queue: &Queue, resource: Resource) -> Option<Rank> {
    queue.tail(resource).map(|tail| (tail.floor, Reverse(tail.seen)))
}

//! What the pool holds: everything behind its lock.

use crate::error::Fatal;
use crate::pool::departed::Departed;
use crate::pool::limits::{Limits, Resource, Usage};
use crate::pool::order::{Run, Worth};
use crate::pool::queue::{Entry, Queue, Tail};
use crate::pool::ranks::Ranks;
use crate::pool::validate::{Checked, Head, Refused, Sender};
use crate::pool::{Arrived, Content, Origin, Stats};
use crate::tx::Tx;
use crate::view::View;
use alloy_primitives::map::B256Map;
use alloy_primitives::{Address, B256, U256};
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::sync::Arc;

/// Everything behind the lock.
#[derive(Debug)]
pub(super) struct Held {
    limits: Limits,
    head: Arc<Head>,
    queues: BTreeMap<Address, Queue>,
    /// By hash: sender and nonce.
    places: B256Map<(Address, u64)>,
    ranks: Ranks,
    total: Usage,
    /// Number of senders that have some of each resource.
    holders: Usage,
    /// Transactions that ever came in.
    arrivals: u64,
    departed: Departed,
}

/// A transaction that may give way.
#[derive(Debug, Clone, Copy)]
struct Victim {
    sender: Address,
    tail: Tail,
}

/// The transaction that wants to come in.
#[derive(Debug, Clone, Copy)]
struct Newcomer {
    sender: Address,
    nonce: u64,
}

impl Held {
    pub(super) fn new(limits: Limits, head: Arc<Head>) -> Self {
        Self {
            limits,
            head,
            queues: BTreeMap::new(),
            places: B256Map::default(),
            ranks: Ranks::default(),
            total: Usage::default(),
            holders: Usage::default(),
            arrivals: 0,
            departed: Departed::default(),
        }
    }

    pub(super) const fn head(&self) -> &Arc<Head> {
        &self.head
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn get(&self, hash: B256) -> Option<&Arc<Tx>> {
        let (sender, nonce) = self.places.get(&hash)?;
        Some(&self.queues.get(sender)?.get(*nonce)?.tx)
    }

    /// Place of a transaction in the order of arrival.
    pub(super) fn arrival(&self, hash: B256) -> Option<u64> {
        let (sender, nonce) = self.places.get(&hash)?;
        Some(self.queues.get(sender)?.get(*nonce)?.seen)
    }

    /// Everything, by sender and nonce.
    pub(super) fn arrived(&self) -> Vec<Arrived> {
        let arrived = |entry: &Entry| Arrived { tx: Arc::clone(&entry.tx), arrival: entry.seen };
        let of =
            |queue: &Queue| queue.executable_from(queue.next()).chain(queue.parked()).map(arrived).collect::<Vec<_>>();
        self.queues.values().flat_map(of).collect()
    }

    pub(super) fn note_departed(&mut self, arrival: u64) {
        self.departed.note(arrival);
    }

    pub(super) fn take_departed(&mut self) -> Departed {
        self.departed.take()
    }

    pub(super) fn senders(&self) -> Vec<Address> {
        self.queues.keys().copied().collect()
    }

    /// The first nonce of a sender that is not executable.
    pub(super) fn pending_nonce(&self, sender: Address) -> Option<u64> {
        self.queues.get(&sender).map(Queue::ready)
    }

    /// What became executable when the transaction of this nonce came in; `ready` was the sender's first nonce that was
    /// not.
    pub(super) fn became_executable(&self, sender: Address, nonce: u64, ready: u64) -> Vec<B256> {
        let Some(queue) = self.queues.get(&sender) else { return Vec::new() };
        // One in the place of another leaves those behind it as they were.
        let new = |entry: &&Entry| entry.tx.nonce() == nonce || entry.tx.nonce() >= ready;
        queue.executable_from(nonce.min(ready)).filter(new).map(|entry| entry.tx.hash()).collect()
    }

    /// Whether a transaction that is here is executable.
    pub(super) fn is_executable(&self, hash: B256) -> Option<bool> {
        let (sender, nonce) = self.places.get(&hash)?;
        Some(*nonce < self.queues.get(sender)?.ready())
    }

    pub(super) fn content(&self) -> Vec<Content> {
        self.queues.iter().map(content).collect()
    }

    pub(super) fn content_of(&self, sender: Address) -> Option<Content> {
        self.queues.get_key_value(&sender).map(content)
    }

    pub(super) fn stats(&self) -> Stats {
        let executable = self.queues.values().map(|queue| queue.ready() - queue.next()).sum();
        Stats {
            senders: self.queues.len(),
            executable,
            parked: u64::try_from(self.places.len()).unwrap_or(u64::MAX) - executable,
            executable_slots: self.total.executable,
            parked_slots: self.total.parked,
            bytes: self.total.bytes,
        }
    }

    /// How many senders were looked at so far to find one who gives way.
    pub(super) const fn looked_at(&self) -> u64 {
        self.ranks.looked_at()
    }

    /// What a builder on `parent` may choose from, by sender.
    pub(super) fn runs(&self, parent: &View, base_fee: u128, tip_min: u128) -> impl Iterator<Item = Run> {
        self.queues.values().filter_map(move |queue| {
            let mut run = offered(queue, parent, base_fee, tip_min).map(|entry| (Arc::clone(&entry.tx), entry.seen));
            Some(Run { local: queue.local, first: run.next()?, rest: run.collect() })
        })
    }

    /// Whether there is any.
    pub(super) fn offers(&self, parent: &View, base_fee: u128, tip_min: u128) -> bool {
        self.queues.values().any(|queue| offered(queue, parent, base_fee, tip_min).next().is_some())
    }

    /// Takes in a transaction that is valid at the head. Where it is refused, everything is as before.
    pub(super) fn admit(&mut self, tx: Arc<Tx>, checked: Checked, origin: Origin, now_ms: u64) -> Result<(), Refused> {
        let (hash, nonce) = (tx.hash(), tx.nonce());
        let Checked { address, sender, cost } = checked;
        if self.places.contains_key(&hash) {
            return Err(Refused::AlreadyKnown);
        }
        let base_fee = self.head.base_fee;
        self.check_funds(address, &sender, nonce, cost)?;
        self.check_replacement(address, &tx)?;
        self.arrivals += 1;
        let entry = Entry::new(tx, cost, self.arrivals, now_ms, base_fee);
        let newcomer = Newcomer { sender: address, nonce };
        let queue = self.queues.entry(address).or_insert_with(|| Queue::new(sender));
        let was_local = queue.local;
        queue.local |= origin == Origin::Local;
        let replaced = self.insert(newcomer.sender, entry);
        let mut gone = Vec::new();
        if let Err(refused) = self.make_room(newcomer, &mut gone) {
            for (sender, entry) in gone.into_iter().rev() {
                self.insert(sender, entry);
            }
            self.remove(address, nonce, None);
            if let Some(replaced) = replaced {
                self.insert(address, replaced);
            }
            if let Some(queue) = self.queues.get_mut(&address) {
                queue.local = was_local;
            }
            self.forget_if_empty(address);
            return Err(refused);
        }
        for (sender, entry) in gone {
            self.departed.note(entry.seen);
            self.forget_if_empty(sender);
        }
        if let Some(replaced) = replaced {
            self.departed.note_replaced(replaced.seen, hash);
        }
        Ok(())
    }

    /// Takes in what was here before, with its place in the order of arrival, as if it had never left: nothing gives way
    /// to it, and it is paid for or parked together with the rest. Of two with one nonce the one that came later stays.
    /// What comes next comes after `arrivals`.
    pub(super) fn restore(&mut self, kept: Vec<(Arrived, Checked, Origin)>, arrivals: u64, now_ms: u64) {
        self.arrivals = self.arrivals.max(arrivals);
        let mut places = BTreeMap::new();
        for kept in kept {
            self.arrivals = self.arrivals.max(kept.0.arrival);
            let place = (kept.1.address, kept.0.tx.nonce());
            let here = self.queues.get(&place.0).and_then(|queue| queue.get(place.1)).map(|entry| entry.seen);
            let rival = places.get(&place).map(|(rival, _, _): &(Arrived, _, _)| rival.arrival);
            if here.max(rival) >= Some(kept.0.arrival) {
                self.departed.note(kept.0.arrival);
            } else if let Some((older, _, _)) = places.insert(place, kept) {
                self.departed.note(older.arrival);
            }
        }
        let base_fee = self.head.base_fee;
        for ((address, _), (Arrived { tx, arrival }, Checked { sender, cost, .. }, origin)) in places {
            let queue = self.queues.entry(address).or_insert_with(|| Queue::new(sender));
            queue.local |= origin == Origin::Local;
            let replaced = self.insert(address, Entry::new(tx, cost, arrival, now_ms, base_fee));
            replaced.into_iter().for_each(|replaced| self.departed.note(replaced.seen));
        }
        self.shrink();
    }

    /// Moves to another head. `accounts` are the senders as its state has them; others are read now.
    pub(super) fn follow(
        &mut self,
        head: Arc<Head>,
        accounts: Vec<(Address, Sender)>,
        now_ms: u64,
    ) -> Result<(), Fatal> {
        let mut accounts: BTreeMap<Address, Sender> = accounts.into_iter().collect();
        for sender in self.senders() {
            if let btree_map::Entry::Vacant(missing) = accounts.entry(sender) {
                missing.insert(head.account(sender)?);
            }
        }
        let same_rules = head.same_rules(&self.head);
        let (base_fee, limits) = (head.base_fee, self.limits);
        self.head = Arc::clone(&head);
        for (address, sender) in accounts {
            let may_send = sender.check(address).is_ok();
            let keep = |tx: &Tx| {
                may_send
                    && head.check_price_and_gas(tx, address, &limits).is_ok()
                    && (same_rules || head.check_bytes(tx, address, &limits).is_ok())
            };
            let dropped = self.change(address, |queue| queue.follow(sender, keep, base_fee, now_ms));
            for entry in dropped.unwrap_or_default() {
                self.places.remove(&entry.tx.hash());
                if entry.tx.nonce() >= sender.nonce {
                    self.departed.note(entry.seen);
                }
            }
            self.forget_if_empty(address);
        }
        self.shrink();
        Ok(())
    }

    /// Drops what has been parked for too long. Gives the number dropped.
    pub(super) fn expire(&mut self, now_ms: u64) -> usize {
        let lifetime_ms = self.limits.lifetime_ms;
        let expired = |entry: &&Entry| now_ms.saturating_sub(entry.parked_ms) > lifetime_ms;
        let old: Vec<(Address, u64)> = self
            .queues
            .iter()
            .filter(|(_, queue)| !queue.local)
            .flat_map(|(sender, queue)| queue.parked().filter(expired).map(|entry| (*sender, entry.tx.nonce())))
            .collect();
        for (sender, nonce) in &old {
            self.drop_entry(*sender, *nonce, Some(now_ms));
        }
        old.len()
    }

    /// The balance covers the transaction together with the executable ones.
    fn check_funds(&self, address: Address, sender: &Sender, nonce: u64, cost: U256) -> Result<(), Refused> {
        let Some(queue) = self.queues.get(&address) else { return Ok(()) };
        let replaced = queue.get(nonce).filter(|_| nonce < queue.ready());
        let queued = queue.ready_cost() - replaced.map(|entry| entry.cost).unwrap_or_default();
        if queued.checked_add(cost).is_none_or(|sum| sum > sender.balance) {
            return Err(Refused::InsufficientFundsForQueue { balance: sender.balance, queued, cost });
        }
        Ok(())
    }

    /// Another transaction with the same nonce gives way only where both caps rise enough.
    fn check_replacement(&self, address: Address, tx: &Tx) -> Result<(), Refused> {
        let Some(old) = self.queues.get(&address).and_then(|queue| queue.get(tx.nonce())) else { return Ok(()) };
        let percent = U256::from(self.limits.price_bump_percent) + U256::from(100);
        let enough = |old: u128, new: u128| new > old && U256::from(new) >= U256::from(old) * percent / U256::from(100);
        if enough(old.tx.fee_cap(), tx.fee_cap()) && enough(old.tx.tip_cap(), tx.tip_cap()) {
            Ok(())
        } else {
            Err(Refused::ReplacementUnderpriced)
        }
    }

    /// Takes out what must give way to a transaction that was put in, into `gone`.
    fn make_room(&mut self, newcomer: Newcomer, gone: &mut Vec<(Address, Entry)>) -> Result<(), Refused> {
        while let Some(resource) = self.exceeded() {
            let own = self.queues.get(&newcomer.sender).and_then(|queue| queue.floor(newcomer.nonce));
            let Some(worth) = own else { return Err(Refused::Full) };
            let Victim { sender, tail } = self.victim(newcomer.sender, worth, resource)?;
            if sender == newcomer.sender && tail.nonce == newcomer.nonce {
                return Err(Refused::Full);
            }
            gone.extend(self.remove(sender, tail.nonce, None).map(|entry| (sender, entry)));
        }
        Ok(())
    }

    /// What gives way to a transaction that is worth so much: see `limits.rs`.
    fn victim(&mut self, newcomer: Address, worth: Worth, resource: Resource) -> Result<Victim, Refused> {
        let queue = self.queues.get(&newcomer);
        let (held, own) = (queue.map(|queue| queue.usage().of(resource)), queue.and_then(|queue| queue.tail(resource)));
        let fair = self.limits.fair(resource);
        let within = fair.is_some_and(|fair| held.unwrap_or_default() <= fair);
        if let Some(beyond) = fair.filter(|_| within).and_then(|fair| self.least(resource, fair)) {
            return Ok(beyond);
        }
        if resource == Resource::Parked {
            let own = own.filter(|_| !within).map(|tail| Victim { sender: newcomer, tail });
            return own.ok_or(Refused::Full);
        }
        let part = self.limits.part(resource, self.holders.of(resource));
        if let Some(victim) = self.least(resource, part) {
            let gives_way = victim.sender == newcomer || victim.tail.floor < worth;
            return if gives_way { Ok(victim) } else { Err(Refused::Outbid) };
        }
        // Everybody holds an equal part. What cannot pay the base fee must not keep out what can.
        let unpaid = |victim: &Victim| worth.pays_base_fee && !victim.tail.floor.pays_base_fee;
        self.least(resource, 0).filter(unpaid).ok_or(Refused::Full)
    }

    /// Takes out what is too much after a move to another head.
    fn shrink(&mut self) {
        while let Some(resource) = self.exceeded() {
            let part = self.limits.part(resource, self.holders.of(resource));
            let mut shares = self.limits.fair(resource).into_iter().chain([part, 0]);
            let Some(victim) = shares.find_map(|share| self.least(resource, share)) else { return };
            self.drop_entry(victim.sender, victim.tail.nonce, None);
        }
    }

    /// A resource of which too much is taken.
    fn exceeded(&self) -> Option<Resource> {
        Resource::ALL.into_iter().find(|resource| self.total.of(*resource) > self.limits.of(*resource))
    }

    /// The transaction that is worth least among the last ones of the senders who hold more than so much; of equals the
    /// one that came last.
    fn least(&mut self, resource: Resource, more_than: u64) -> Option<Victim> {
        let sender = self.ranks.first_above(resource, more_than)?;
        let tail = self.queues.get(&sender)?.tail(resource)?;
        Some(Victim { sender, tail })
    }

    /// Puts an entry into its sender's queue, which must be there. Gives the one it replaces.
    fn insert(&mut self, sender: Address, entry: Entry) -> Option<Entry> {
        let (hash, nonce, base_fee) = (entry.tx.hash(), entry.tx.nonce(), self.head.base_fee);
        let replaced = self.change(sender, |queue| queue.insert(entry, base_fee)).flatten();
        if let Some(replaced) = &replaced {
            self.places.remove(&replaced.tx.hash());
        }
        self.places.insert(hash, (sender, nonce));
        replaced
    }

    /// Takes an entry out. Its sender's queue stays, even where it is empty.
    fn remove(&mut self, sender: Address, nonce: u64, parked_ms: Option<u64>) -> Option<Entry> {
        let base_fee = self.head.base_fee;
        let removed = self.change(sender, |queue| queue.remove(nonce, base_fee, parked_ms)).flatten();
        if let Some(removed) = &removed {
            self.places.remove(&removed.tx.hash());
        }
        removed
    }

    /// Takes an entry out for good.
    fn drop_entry(&mut self, sender: Address, nonce: u64, parked_ms: Option<u64>) {
        if let Some(entry) = self.remove(sender, nonce, parked_ms) {
            self.departed.note(entry.seen);
        }
        self.forget_if_empty(sender);
    }

    /// Changes a queue and keeps the sums.
    fn change<T>(&mut self, sender: Address, how: impl FnOnce(&mut Queue) -> T) -> Option<T> {
        let queue = self.queues.get_mut(&sender)?;
        let before = queue.usage();
        self.ranks.remove(sender, queue);
        let result = how(queue);
        self.ranks.insert(sender, queue);
        let after = queue.usage();
        self.total += after;
        self.total -= before;
        self.holders += after.holding();
        self.holders -= before.holding();
        Some(result)
    }

    fn forget_if_empty(&mut self, sender: Address) {
        if self.queues.get(&sender).is_some_and(Queue::is_empty) {
            self.queues.remove(&sender);
        }
    }
}

/// What a queue offers a builder on `parent`.
fn offered<'a>(
    queue: &'a Queue,
    parent: &View,
    base_fee: u128,
    tip_min: u128,
) -> impl Iterator<Item = &'a Entry> + use<'a> {
    // Only what processing blocks changed differs from the pool's head, so this reads no store.
    let processed = parent.changed_account(queue.key()).flatten().map(|account| account.nonce);
    let from = queue.next().max(processed.unwrap_or_default());
    let pays = move |entry: &&Entry| entry.tx.fee_cap() >= base_fee && entry.tx.tip_cap() >= tip_min;
    queue.executable_from(from).take_while(pays)
}

fn content((sender, queue): (&Address, &Queue)) -> Content {
    let transactions = |entry: &Entry| Arc::clone(&entry.tx);
    Content {
        sender: *sender,
        executable: queue.executable_from(queue.next()).map(transactions).collect(),
        parked: queue.parked().map(transactions).collect(),
    }
}

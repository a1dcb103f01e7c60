//! Random calls against a model of the pool that computes everything anew each time, and against what always holds.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod pooled;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_primitives::{Address, B256, U256, keccak256};
use pars_chain::engine::{Built, InOrder, Wish};
use pars_chain::pool::{Arrived, Content, Limits, Origin, Pool, Refused, SLOT_BYTES};
use pars_chain::tx::Tx;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::files::{Era, Files};
use support::pooled::{GWEI, Pooled, draft, drain, transfer};
use support::wallet::{Draft, Key};

const SENDERS: u8 = 4;
const LIFETIME_MS: u64 = 1_000;

#[derive(Debug, Clone)]
enum Step {
    Submit {
        sender: u8,
        nonce: u64,
        fee_cap: u128,
        tip: u128,
        dear: bool,
        long: bool,
        local: bool,
    },
    /// A block of what the pool offers.
    Seal,
    /// A block of somebody else, with this sender's next nonce.
    Foreign {
        sender: u8,
    },
    /// A block that is built and rejected.
    Reject,
    /// Time passes, milliseconds.
    Wait {
        ms: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let caps = prop::sample::select(vec![1_u128, 2, 3, 10, 11, 12]);
    let tips = prop::sample::select(vec![0_u128, 1, 2, 10]);
    let submit = (
        0..SENDERS,
        0_u64..8,
        caps,
        tips,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(sender, nonce, fee_cap, tip, dear, long, local)| Step::Submit {
            sender,
            nonce,
            fee_cap,
            tip: tip.min(fee_cap),
            dear,
            long,
            local,
        });
    let step = prop_oneof![
        20 => submit,
        1 => Just(Step::Seal),
        1 => (0..SENDERS).prop_map(|sender| Step::Foreign { sender }),
        1 => Just(Step::Reject),
        2 => (0..LIFETIME_MS).prop_map(|ms| Step::Wait { ms }),
    ];
    prop::collection::vec(step, 1..80)
}

fn key(sender: u8) -> Key {
    Key::new(101 + sender)
}

/// Some senders can pay for all that they send, some for a few.
fn files() -> Files {
    let gwei = |gwei: u64| json!({ "balance": (u128::from(gwei) * GWEI).to_string() });
    (0..SENDERS).fold(Files::new(Era::Granite), |files, sender| {
        files.account(key(sender).address, gwei(if sender % 2 == 0 { 600_000 } else { 40_000_000 }))
    })
}

fn sign(step: &Step) -> Arc<Tx> {
    let Step::Submit { sender, nonce, fee_cap, tip, dear, long, .. } = *step else { panic!("a submission") };
    let wei = if dear { 300_000_000_000_000 } else { 1 };
    let draft = draft(nonce, fee_cap, tip).value(wei);
    let draft = if long { Draft { input: vec![0; SLOT_BYTES].into(), ..draft }.gas(160_000) } else { draft };
    key(sender).sign(&draft)
}

fn cost(tx: &Tx) -> U256 {
    U256::from(tx.gas_limit()) * U256::from(tx.fee_cap()) + tx.value()
}

fn account(pooled: &Pooled, address: Address) -> (u64, U256) {
    let account = pooled.world.chain.head().account(&keccak256(address)).expect("memory reads");
    account.map(|account| (account.nonce, account.balance)).unwrap_or_default()
}

#[derive(Debug, Clone)]
struct Held {
    tx: Arc<Tx>,
    arrival: u64,
    parked_ms: u64,
}

#[derive(Debug, Default)]
struct Model {
    held: BTreeMap<(Address, u64), Held>,
    local: BTreeSet<Address>,
    arrivals: u64,
}

impl Model {
    /// Nonces that are executable, and what they cost together.
    fn executable(&self, pooled: &Pooled, sender: Address) -> (Vec<u64>, U256) {
        let (next, balance) = account(pooled, sender);
        let mut nonces = Vec::new();
        let mut sum = U256::ZERO;
        let mut nonce = next;
        while let Some(held) = self.held.get(&(sender, nonce)) {
            if sum + cost(&held.tx) > balance {
                break;
            }
            sum += cost(&held.tx);
            nonces.push(nonce);
            nonce += 1;
        }
        (nonces, sum)
    }

    fn submit(&mut self, pooled: &Pooled, tx: &Arc<Tx>, local: bool) -> &'static str {
        let sender = tx.sender().expect("signed");
        let place = (sender, tx.nonce());
        if self.held.values().any(|held| held.tx.hash() == tx.hash()) {
            return "known";
        }
        let (next, balance) = account(pooled, sender);
        if tx.nonce() < next {
            return "nonce";
        }
        if cost(tx) > balance {
            return "funds";
        }
        let (executable, sum) = self.executable(pooled, sender);
        let old = self.held.get(&place);
        let spared = old.filter(|_| executable.contains(&tx.nonce())).map(|old| cost(&old.tx)).unwrap_or_default();
        if sum - spared + cost(tx) > balance {
            return "queue";
        }
        if let Some(Held { tx: old, .. }) = old {
            let enough = |old: u128, new: u128| new > old && new >= old * 110 / 100;
            if !enough(old.fee_cap(), tx.fee_cap()) || !enough(old.tip_cap(), tx.tip_cap()) {
                return "replacement";
            }
        }
        self.arrivals += 1;
        self.held.insert(place, Held { tx: Arc::clone(tx), arrival: self.arrivals, parked_ms: pooled.now_ms });
        if local {
            self.local.insert(sender);
        }
        "ok"
    }

    fn all_executable(&self, pooled: &Pooled) -> BTreeSet<(Address, u64)> {
        let senders: BTreeSet<Address> = self.held.keys().map(|(sender, _)| *sender).collect();
        let of = |sender: Address| self.executable(pooled, sender).0.into_iter().map(move |nonce| (sender, nonce));
        senders.into_iter().flat_map(of).collect()
    }

    /// The chain has moved on since `before` were executable.
    fn follow(&mut self, pooled: &Pooled, before: &BTreeSet<(Address, u64)>) {
        self.held.retain(|(sender, nonce), held| {
            let (next, balance) = account(pooled, *sender);
            *nonce >= next && cost(&held.tx) <= balance
        });
        self.park(pooled, before);
        self.expire(pooled);
    }

    fn park(&mut self, pooled: &Pooled, before: &BTreeSet<(Address, u64)>) {
        let after = self.all_executable(pooled);
        for place in before.difference(&after) {
            if let Some(held) = self.held.get_mut(place) {
                held.parked_ms = pooled.now_ms;
            }
        }
    }

    fn expire(&mut self, pooled: &Pooled) {
        let executable = self.all_executable(pooled);
        let local = self.local.clone();
        self.held.retain(|place, held| {
            executable.contains(place) || local.contains(&place.0) || pooled.now_ms - held.parked_ms <= LIFETIME_MS
        });
        let held = &self.held;
        self.local.retain(|sender| held.keys().any(|(of, _)| of == sender));
    }

    /// What the builder must get: again and again the best of what is next of each sender.
    fn order(&self, pooled: &Pooled, base_fee: u128) -> Vec<Arc<Tx>> {
        let mut runs: Vec<(Address, Vec<&Held>)> = Vec::new();
        for (sender, nonce) in self.all_executable(pooled) {
            let held = &self.held[&(sender, nonce)];
            match runs.last_mut() {
                Some((of, run)) if *of == sender => run.push(held),
                _ => runs.push((sender, vec![held])),
            }
        }
        for (_, run) in &mut runs {
            let pays = run.iter().take_while(|held| held.tx.fee_cap() >= base_fee).count();
            run.truncate(pays);
            run.reverse();
        }
        let mut order = Vec::new();
        loop {
            let rank = |(sender, run): &(Address, Vec<&Held>)| {
                let held = run.last()?;
                let tip = held.tx.tip_cap().min(held.tx.fee_cap() - base_fee);
                Some((self.local.contains(sender), tip, std::cmp::Reverse(held.arrival)))
            };
            let Some(best) = runs.iter_mut().filter(|run| rank(run).is_some()).max_by_key(|run| rank(run)) else {
                return order;
            };
            order.extend(best.1.pop().map(|held| Arc::clone(&held.tx)));
        }
    }
}

const fn word(result: &Result<(), Refused>) -> &'static str {
    match result {
        Ok(()) => "ok",
        Err(Refused::AlreadyKnown) => "known",
        Err(Refused::NonceTooLow { .. }) => "nonce",
        Err(Refused::InsufficientFunds { .. }) => "funds",
        Err(Refused::InsufficientFundsForQueue { .. }) => "queue",
        Err(Refused::ReplacementUnderpriced) => "replacement",
        Err(Refused::Full) => "full",
        Err(Refused::Outbid) => "outbid",
        Err(_) => "other",
    }
}

/// Does a step that is no submission.
fn step(pooled: &mut Pooled, step: &Step) {
    match step {
        Step::Submit { .. } => panic!("not a submission"),
        Step::Seal => {
            if let Built::Block(block) = pooled.build() {
                pooled.world.accept(&block);
            }
            pooled.reset(&[]);
        }
        Step::Foreign { sender } => {
            let key = key(*sender);
            let tx = transfer(&key, account(pooled, key.address).0, 2, 1);
            let wish =
                Wish { now_ms: pooled.world.next_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
            if let Built::Block(block) = pooled.world.chain.build(&mut InOrder::new([tx]), wish).expect("memory reads")
            {
                pooled.world.accept(&block);
            }
            pooled.reset(&[]);
        }
        Step::Reject => {
            let mut returned = Vec::new();
            if let Built::Block(block) = pooled.build() {
                returned.clone_from(&pooled.world.chain.reject(block.id()).expect("it is processing").transactions);
            }
            pooled.reset(&returned);
        }
        Step::Wait { ms } => {
            pooled.now_ms += ms;
            pooled.pool.expire(pooled.now_ms);
        }
    }
}

/// What holds whatever was called.
fn check(pooled: &Pooled) -> Result<(), TestCaseError> {
    let content = pooled.pool.content();
    let stats = pooled.pool.stats();
    let (mut executable, mut parked, mut bytes, mut count) = (0, 0, 0, 0);
    let slots = |txs: &[Arc<Tx>]| txs.iter().map(|tx| tx.size().div_ceil(SLOT_BYTES)).sum::<usize>();
    for content in &content {
        let (next, balance) = account(pooled, content.sender);
        let nonces: Vec<u64> = content.executable.iter().map(|tx| tx.nonce()).collect();
        let end = next + u64::try_from(nonces.len()).expect("a small number");
        prop_assert_eq!(nonces, (next..end).collect::<Vec<_>>(), "no gap from the account's nonce on");
        let sum: U256 = content.executable.iter().map(|tx| cost(tx)).sum();
        prop_assert!(sum <= balance, "the executable ones are paid for");
        prop_assert!(content.parked.iter().all(|tx| tx.nonce() >= end && cost(tx) <= balance));
        prop_assert!(content.parked.windows(2).all(|pair| pair[0].nonce() < pair[1].nonce()));
        if let Some(first) = content.parked.first() {
            prop_assert!(first.nonce() > end || sum + cost(first) > balance, "nothing is parked without a reason");
        }
        prop_assert_eq!(pooled.pool.pending_nonce(content.sender, pooled.world.chain.head()), Ok(end));
        for tx in content.executable.iter().chain(&content.parked) {
            prop_assert_eq!(tx.sender(), Some(content.sender));
            prop_assert_eq!(pooled.pool.get(tx.hash()), Some(Arc::clone(tx)));
            bytes += tx.size();
            count += 1;
        }
        prop_assert!(!content.executable.is_empty() || !content.parked.is_empty());
        executable += slots(&content.executable);
        parked += slots(&content.parked);
    }
    prop_assert_eq!(pooled.pool.len(), count);
    let expected = [executable, parked, bytes].map(|number| u64::try_from(number).expect("a small number"));
    prop_assert_eq!([stats.executable_slots, stats.parked_slots, stats.bytes], expected);
    let limits = pooled.pool.limits();
    prop_assert!(stats.executable_slots <= limits.global_slots);
    prop_assert!(stats.parked_slots <= limits.global_queue);
    prop_assert!(stats.bytes <= limits.bytes_max);
    Ok(())
}

/// Slots of one sender: executable ones and parked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Slots {
    executable: u64,
    parked: u64,
}

fn slots(pooled: &Pooled) -> BTreeMap<Address, Slots> {
    let slots = |txs: &[Arc<Tx>]| {
        txs.iter().map(|tx| u64::try_from(tx.size().div_ceil(SLOT_BYTES)).expect("a small number")).sum()
    };
    let of = |content: &Content| Slots { executable: slots(&content.executable), parked: slots(&content.parked) };
    pooled.pool.content().iter().map(|content| (content.sender, of(content))).collect()
}

/// Whether a transaction of one slot that nothing stands behind has a right to come in: its sender is within its share
/// with it, and somebody else is beyond it. None where that is not so simple.
fn entitled(pooled: &Pooled, tx: &Tx, slots: &BTreeMap<Address, Slots>) -> bool {
    let sender = tx.sender().expect("signed");
    let own = slots.get(&sender).copied().unwrap_or_default();
    let others = slots.iter().filter(|(other, _)| **other != sender).map(|(_, slots)| slots);
    let limits = pooled.pool.limits();
    if tx.size() > SLOT_BYTES {
        return false;
    }
    let next = pooled.pool.pending_nonce(sender, pooled.world.chain.head()).expect("memory reads");
    if tx.nonce() == next && own.parked == 0 {
        let mut beyond = others.filter(|slots| slots.executable > limits.account_slots);
        return own.executable < limits.account_slots && beyond.next().is_some();
    }
    let mut beyond = others.filter(|slots| slots.parked > limits.account_queue);
    tx.nonce() > next && own.parked < limits.account_queue && beyond.next().is_some()
}

/// What a shell remembers over a restart: what came and did not leave.
#[derive(Default)]
struct Log {
    alive: BTreeMap<u64, Arc<Tx>>,
    arrivals: u64,
}

impl Log {
    /// Takes note of what changed.
    fn follow(&mut self, pooled: &Pooled) -> Result<(), TestCaseError> {
        for Arrived { tx, arrival } in pooled.pool.arrived() {
            self.arrivals = self.arrivals.max(arrival);
            self.alive.insert(arrival, tx);
        }
        let departed = pooled.pool.take_departed();
        prop_assert!(!departed.overflowed);
        for arrival in departed.arrivals {
            prop_assert!(pooled.pool.arrived().iter().all(|here| here.arrival != arrival), "it is here");
            self.alive.remove(&arrival);
        }
        Ok(())
    }

    /// A pool that is made of it is this one.
    fn check(&self, pooled: &Pooled) -> Result<(), TestCaseError> {
        let head = pooled.world.chain.head();
        let again =
            Pool::new(Arc::clone(pooled.world.chain.spec()), *pooled.pool.limits(), head).expect("memory reads");
        let kept =
            |(arrival, tx): (&u64, &Arc<Tx>)| (Arrived { tx: Arc::clone(tx), arrival: *arrival }, Origin::Remote);
        again.restore(self.alive.iter().map(kept).collect(), self.arrivals, pooled.now_ms).expect("memory reads");
        prop_assert_eq!(again.arrived(), pooled.pool.arrived());
        prop_assert_eq!(again.content(), pooled.pool.content());
        prop_assert_eq!(again.stats(), pooled.pool.stats());
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn as_the_model(steps in steps()) {
        let limits = Limits { lifetime_ms: LIFETIME_MS, ..Limits::default() };
        let mut pooled = Pooled::new(&files(), limits);
        let (mut model, mut log) = (Model::default(), Log::default());
        for each in &steps {
            if let Step::Submit { local, .. } = each {
                let tx = sign(each);
                let expected = model.submit(&pooled, &tx, *local);
                let result = pooled.submit_from(&tx, if *local { Origin::Local } else { Origin::Remote });
                prop_assert_eq!(word(&result), expected);
            } else {
                let before = model.all_executable(&pooled);
                step(&mut pooled, each);
                model.follow(&pooled, &before);
            }
            check(&pooled)?;
            log.follow(&pooled)?;
            if !matches!(each, Step::Submit { .. }) {
                log.check(&pooled)?;
            }
            let here: BTreeMap<(Address, u64), B256> = pooled.pool.content().iter()
                .flat_map(|content| content.executable.iter().chain(&content.parked))
                .map(|tx| ((tx.sender().expect("signed"), tx.nonce()), tx.hash()))
                .collect();
            let expected: BTreeMap<_, _> = model.held.iter().map(|(place, held)| (*place, held.tx.hash())).collect();
            prop_assert_eq!(here, expected);
            let executable: BTreeSet<(Address, u64)> = pooled.pool.content().iter()
                .flat_map(|content| content.executable.iter().map(|tx| (content.sender, tx.nonce())))
                .collect();
            prop_assert_eq!(executable, model.all_executable(&pooled));
            let parent = pooled.world.chain.head();
            for gwei in [1_u64, 2, 10] {
                let order = drain(pooled.pool.candidates(parent, gwei * 1_000_000_000, 0));
                prop_assert_eq!(order, model.order(&pooled, u128::from(gwei) * GWEI));
            }
        }
        log.check(&pooled)?;
    }

    #[test]
    fn full_pools_keep_their_bounds_and_shares(
        steps in steps(), account_slots in 1_u64..4, global_slots in 4_u64..12, global_queue in 2_u64..8, kib in 40_u64..200,
    ) {
        let limits = Limits {
            account_slots,
            global_slots,
            account_queue: 2,
            global_queue,
            bytes_max: kib * 1024,
            lifetime_ms: LIFETIME_MS,
            ..Limits::default()
        };
        let mut pooled = Pooled::new(&files(), limits);
        let mut log = Log::default();
        for each in &steps {
            if let Step::Submit { sender, local, .. } = each {
                let tx = sign(each);
                let (before, content) = (slots(&pooled), pooled.pool.content());
                let entitled = entitled(&pooled, &tx, &before);
                let result = pooled.submit_from(&tx, if *local { Origin::Local } else { Origin::Remote });
                let after = slots(&pooled);
                if result.is_err() {
                    prop_assert_eq!(pooled.pool.content(), content, "a refusal changes nothing");
                }
                prop_assert_ne!(word(&result), "other");
                // While bytes do not press, others keep their share. Of two slots that lie across its edge one is not within.
                if pooled.pool.stats().bytes + 50_000 < limits.bytes_max {
                    let holders = before.values().filter(|held| held.executable > 0).count() + 1;
                    let part = global_slots / u64::try_from(holders).expect("a small number");
                    let share = part.min(account_slots).max(1);
                    for (other, held) in before.into_iter().filter(|(other, _)| *other != key(*sender).address) {
                        let kept = after.get(&other).copied().unwrap_or_default();
                        prop_assert!(kept.executable + 1 >= held.executable.min(share), "{:?} of {:?}, share {}", kept, held, share);
                        let share = limits.account_queue;
                        prop_assert!(kept.parked + 1 >= held.parked.min(share), "{:?} of {:?}, share {}", kept, held, share);
                    }
                    prop_assert!(!entitled || !matches!(word(&result), "full" | "outbid"), "kept out: {:?}", result);
                }
            } else {
                step(&mut pooled, each);
            }
            check(&pooled)?;
            log.follow(&pooled)?;
            if !matches!(each, Step::Submit { .. }) {
                log.check(&pooled)?;
            }
        }
        log.check(&pooled)?;
    }
}

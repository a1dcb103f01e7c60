//! What a pool gets back after a restart is what it had: no more, no less, in the same order.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod pooled;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use pars_chain::pool::{Arrived, Limits, Origin, Pool};
use pars_chain::tx::Tx;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use support::files::{Era, Files};
use support::pooled::{GWEI, Pooled, draft, drain, transfer};
use support::wallet::{Draft, Key};

/// What a shell writes down: what came and did not leave.
#[derive(Default)]
struct Log {
    alive: BTreeMap<u64, Arc<Tx>>,
    arrivals: u64,
}

impl Log {
    fn submit(&mut self, pooled: &Pooled, tx: &Arc<Tx>) {
        assert_eq!(pooled.submit(tx), Ok(()));
        self.arrivals = pooled.pool.arrival(tx.hash()).expect("just taken");
        self.alive.insert(self.arrivals, Arc::clone(tx));
        self.follow(pooled);
    }

    fn follow(&mut self, pooled: &Pooled) {
        let departed = pooled.pool.take_departed();
        assert!(!departed.overflowed);
        for arrival in departed.arrivals {
            assert!(self.alive.remove(&arrival).is_some(), "{arrival} left twice");
        }
    }

    /// Another process, in which the pool is as this one was.
    fn restart(&self, pooled: &mut Pooled) {
        let before = seen(&pooled.pool);
        let offered = drain(pooled.candidates());
        self.restart_with(pooled, *pooled.pool.limits());
        assert_eq!(seen(&pooled.pool), before);
        assert_eq!(drain(pooled.candidates()), offered);
        assert_eq!(
            pooled
                .pool
                .take_departed()
                .arrivals
                .iter()
                .filter(|gone| before.1.iter().any(|kept| kept.arrival == **gone))
                .count(),
            0
        );
    }

    fn restart_with(&self, pooled: &mut Pooled, limits: Limits) {
        let head = pooled.world.chain.head();
        let pool = Pool::new(Arc::clone(pooled.world.chain.spec()), limits, head).expect("memory reads");
        let kept =
            self.alive.iter().map(|(arrival, tx)| (Arrived { tx: Arc::clone(tx), arrival: *arrival }, Origin::Remote));
        pool.restore(kept.collect(), self.arrivals, pooled.now_ms).expect("memory reads");
        pooled.pool = pool;
    }
}

fn seen(pool: &Pool) -> (Vec<pars_chain::pool::Content>, Vec<Arrived>, pars_chain::pool::Stats) {
    (pool.content(), pool.arrived(), pool.stats())
}

/// Nonce 1 with most of the coins first, then nonce 0 with what is left: one after the other they would not both come in.
#[test]
fn what_cannot_be_paid_together_is_back_in_any_order() {
    let sender = Key::new(11);
    let coins = 10 * 10_u64.pow(18);
    let mut pooled = Pooled::new(
        &Files::new(Era::Granite).account(sender.address, json!({ "balance": coins.to_string() })),
        Limits::default(),
    );
    let mut log = Log::default();
    let dear = sender.sign(&draft(1, 10, 1).value(9_950 * 10_u64.pow(15)));
    let first = sender.sign(&draft(0, 6, 1).gas(15_000_000));
    log.submit(&pooled, &dear);
    log.submit(&pooled, &first);
    assert_eq!(pooled.nonces(sender.address), (vec![0], vec![1]), "together they cost too much");
    log.restart(&mut pooled);
    assert_eq!(pooled.seal().block.transactions, [first]);
    assert_eq!(pooled.seal().block.transactions, [dear]);
}

/// A parked one that becomes too dear leaves, and another one with its nonce is answered: that one is back, and not the other.
#[test]
fn what_left_is_not_back_in_the_place_of_what_came() {
    let (sender, bank) = (Key::new(11), Key::new(1));
    let cost: u64 = 21_000 * 1_000_000_000;
    let mut pooled = Pooled::new(
        &Files::new(Era::Granite).account(sender.address, json!({ "balance": (1_000 * cost).to_string() })),
        Limits::default(),
    );
    let mut log = Log::default();
    let dear = sender.sign(&draft(3, 300, 100).value(600 * cost));
    log.submit(&pooled, &dear);
    log.submit(&pooled, &sender.sign(&draft(0, 10, 1).value(500 * cost)));
    pooled.seal();
    assert_eq!(pooled.pool.get(dear.hash()), None);
    let refill = Draft { to: sender.address.into(), ..draft(0, 10, 1).value(500 * cost) };
    log.submit(&pooled, &bank.sign(&refill));
    pooled.seal();
    let new = sender.sign(&draft(3, 10, 1));
    log.submit(&pooled, &new);
    log.restart(&mut pooled);
    assert_eq!((pooled.pool.get(dear.hash()), pooled.pool.get(new.hash())), (None, Some(new)));
    // Where both are in the list, as in one of an older release, the later one counts.
    let again = log.arrivals + 1;
    log.alive.insert(again, Arc::clone(&dear));
    log.arrivals = again;
    log.restart_with(&mut pooled, Limits::default());
    assert_eq!(pooled.pool.arrived(), [Arrived { tx: dear, arrival: again }]);
    assert_eq!(pooled.pool.take_departed().arrivals.last(), Some(&(again - 1)));
    // Numbers go on behind the highest one.
    let next = transfer(&bank, 1, 10, 1);
    assert_eq!(pooled.submit(&next), Ok(()));
    assert_eq!(pooled.pool.arrival(next.hash()), Some(again + 1));
}

/// Replaced and expired ones stay away; one that came again after that is back.
#[test]
fn replaced_and_expired_ones_stay_away() {
    let mut pooled = Pooled::new(&Files::new(Era::Granite), Limits { lifetime_ms: 10, ..Limits::default() });
    let mut log = Log::default();
    let sender = Key::new(1);
    for tx in [
        transfer(&sender, 0, 10, 1),
        transfer(&sender, 2, 10, 1),
        transfer(&sender, 0, 20, 2),
        transfer(&sender, 2, 20, 2),
    ] {
        log.submit(&pooled, &tx);
    }
    log.restart(&mut pooled);
    pooled.now_ms = 11;
    assert_eq!(pooled.pool.expire(11), 1);
    log.follow(&pooled);
    log.restart(&mut pooled);
    assert_eq!(pooled.nonces(sender.address), (vec![0], vec![]));
    log.submit(&pooled, &transfer(&sender, 2, 20, 2));
    log.restart(&mut pooled);
    assert_eq!(pooled.nonces(sender.address), (vec![0], vec![2]));
    assert_eq!(pooled.pool.expire(21), 0, "parked anew");
}

/// A sender that the full pool protected is not the newcomer after a restart, whoever was evicted meanwhile.
#[test]
fn nobody_is_outbid_by_a_restart() {
    let limits = Limits { account_slots: 8, global_slots: 60, account_queue: 8, global_queue: 60, ..Limits::default() };
    let mut pooled = Pooled::new(&Files::new(Era::Granite), limits);
    let mut log = Log::default();
    let (honest, first, second) = (Key::new(3), Key::new(1), Key::new(2));
    for nonce in (0..8).chain(20..28) {
        log.submit(&pooled, &transfer(&honest, nonce, 10, 1));
    }
    for nonce in (0..52).chain(1_000..1_052) {
        log.submit(&pooled, &transfer(&first, nonce, 1_000, 500));
    }
    for nonce in (0..30).chain(2_000..2_008) {
        log.submit(&pooled, &transfer(&second, nonce, 1_000, 600));
    }
    for nonce in (990..1_000).rev() {
        log.submit(&pooled, &transfer(&first, nonce, 1_000, 500));
    }
    for _ in 0..2 {
        log.restart(&mut pooled);
        assert_eq!(pooled.nonces(honest.address), ((0..8).collect(), (20..28).collect()));
        assert_eq!(pooled.nonces(second.address), ((0..30).collect(), (2_000..2_008).collect()));
    }
    // A list in which those who gave way are alive, too, as in one of an older release: too much, and the rule decides.
    for (arrival, nonce) in (10_000..).zip(52..100) {
        log.alive.insert(arrival, transfer(&first, nonce, 1_000, 500));
    }
    log.restart_with(&mut pooled, limits);
    assert_eq!(pooled.pool.stats().executable_slots, 60);
    assert_eq!(pooled.nonces(honest.address), ((0..8).collect(), (20..28).collect()));
    // Smaller bounds than before.
    let small = Limits { account_slots: 4, global_slots: 12, account_queue: 2, global_queue: 6, ..Limits::default() };
    log.restart_with(&mut pooled, small);
    let stats = pooled.pool.stats();
    assert_eq!((stats.executable_slots, stats.parked_slots), (12, 6));
    assert_eq!(pooled.nonces(honest.address), ((0..4).collect(), (20..22).collect()));
}

/// What a block took is told by the nonce, and what the rules forbid now stays outside.
#[test]
fn what_is_invalid_now_stays_outside() {
    let mut pooled = Pooled::new(&Files::new(Era::Granite), Limits::default());
    let mut log = Log::default();
    for nonce in [0, 1, 3] {
        log.submit(&pooled, &transfer(&Key::new(1), nonce, 10, 1));
    }
    pooled.seal();
    log.restart(&mut pooled);
    let dear = Limits { tip_min_wei: 2 * GWEI, ..Limits::default() };
    log.restart_with(&mut pooled, dear);
    assert!(pooled.pool.is_empty());
    let mut departed = pooled.pool.take_departed().arrivals;
    departed.sort_unstable();
    assert_eq!(departed, [1, 2, 3]);
}

/// A pool that nobody asks remembers a bounded number of departures, and says so.
#[test]
fn departures_are_bounded() {
    let pooled = Pooled::new(&Files::new(Era::Granite), Limits { price_bump_percent: 0, ..Limits::default() });
    for times in 0..8_194 {
        assert_eq!(
            pooled.submit(&Key::new(1).sign(&Draft { fee_cap: GWEI + times, tip: times, ..draft(0, 1, 0) })),
            Ok(())
        );
    }
    let departed = pooled.pool.take_departed();
    assert_eq!((departed.arrivals.len(), departed.overflowed), (8_192, true));
    assert_eq!(pooled.pool.take_departed(), pars_chain::pool::Departed::default());
}

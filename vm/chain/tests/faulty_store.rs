//! A store that fails gives no verdicts and shows nothing; opened again it holds the old head or the new one, whole.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod record;
}

use alloy_primitives::Bytes;
use pars_chain::block::BlockId;
use pars_chain::engine::{Built, Chain, InOrder, Verdict, Wish};
use pars_chain::error::{Error, Fatal};
use pars_chain::pool::{Limits, Origin, Pool, Refused};
use pars_chain::state::commit::History;
use pars_chain::store::{
    Batch, Checkpoint, Column, CommitFault, Durability, Faulty, Memory, Read, Scan, Store, StoreError,
};
use std::sync::{Arc, Mutex};
use support::context::at_its_time;
use support::record::Record;

const FAULTS: [CommitFault; 3] = [CommitFault::Before, CommitFault::After, CommitFault::DiskFull];

/// Whichever read fails, the answer is that this machine failed. Blocks with precompiles, switches, state upgrades,
/// creations and self-destructions are among these.
#[test]
fn a_failed_read_is_no_verdict() {
    for (name, every) in
        [("precompiles-11", 23), ("probes-classic", 19), ("granite-precompiles-11", 7), ("forks-11", 31)]
    {
        let record = Record::read(name);
        let store = Faulty::new(Arc::new(Memory::new()));
        let mut chain = record.open(Arc::new(store.clone()), History::Archive);
        let mut faults = 0;
        for recorded in &record.blocks[1..] {
            if recorded.number % every == 1 {
                let block = recorded.block(&chain);
                // The next place to fail; further apart where there are many.
                let mut reads = 0;
                loop {
                    store.fail_read_after(reads);
                    match chain.verify(&block, at_its_time(&block)) {
                        Err(Fatal::Store(StoreError::Io(_))) => assert!(!store.heal()),
                        Ok(Verdict::Valid) => break,
                        other => panic!("{name}, block {}, after {reads} reads: {other:?}", recorded.number),
                    }
                    assert!(chain.processing(block.id()).is_none());
                    faults += 1;
                    reads += 1 + reads / 16;
                }
                assert!(store.heal(), "the fault was beyond the last read");
                assert!(reads > 3, "{reads}");
                chain.reject(block.id()).expect("held");

                let transactions = block.transactions.clone();
                let mut reads = 0;
                loop {
                    store.fail_read_after(reads);
                    let wish = Wish {
                        now_ms: block.header.unix_ms(),
                        fee_recipient: Some(block.header.coinbase),
                        min_delay_target: Some(1),
                        verdicts: None,
                    };
                    match chain.build(&mut InOrder::new(transactions.iter().cloned()), wish) {
                        Err(Fatal::Store(StoreError::Io(_))) => {}
                        Ok(Built::Block(built)) => {
                            assert_eq!(built.id(), block.id());
                            break;
                        }
                        other => panic!("{name}, block {}, after {reads} reads: {other:?}", recorded.number),
                    }
                    faults += 1;
                    reads += 1 + reads / 8;
                }
                store.heal();
                chain.reject(block.id()).expect("held");
            }
            record.advance(&mut chain, recorded.number);
        }
        assert!(faults > 100, "{name}: {faults}");
        record.check_proofs(&chain);
    }
}

/// Accepting fails: the head that is shown is the old one; the store holds the old or the new one.
#[test]
fn a_failed_accept_shows_nothing() {
    let record = Record::read("granite-precompiles-11");
    for history in [History::Archive, History::Pruned(16)] {
        let memory = Memory::new();
        let store = Faulty::new(Arc::new(memory.clone()));
        let mut chain = record.open(Arc::new(store.clone()), history);
        for number in 1..=record.height() {
            let how = FAULTS[usize::try_from(number % 3).expect("small")];
            let block = record.at(number).block(&chain);
            assert_eq!(chain.verify(&block, at_its_time(&block)), Ok(Verdict::Valid));
            let before = memory.dump();
            store.fail_commit_after(0, how);
            let cause = match chain.accept(block.id(), Durability::Synced) {
                Err(Error::Fatal(Fatal::Store(cause))) => cause,
                other => panic!("{other:?}"),
            };
            assert_eq!(matches!(cause, StoreError::DiskFull(_)), how == CommitFault::DiskFull);
            assert_eq!(chain.head().height(), number - 1);
            assert_eq!(chain.head().id().0, record.at(number - 1).hash);
            assert!(chain.processing(block.id()).is_some());
            let stored = how == CommitFault::After;
            assert_eq!(memory.dump() != before, stored);

            chain = record.open(Arc::new(store.clone()), history);
            assert_eq!(chain.head().height(), if stored { number } else { number - 1 });
            record.advance(&mut chain, number);
        }
        record.check_proofs(&chain);
        let straight = Memory::new();
        let mut other = record.open(Arc::new(straight.clone()), history);
        record.advance(&mut other, record.height());
        assert!(straight.dump() == memory.dump(), "as if nothing had failed");
    }
}

/// A read fails while accepting: before the commit, or after it when the new picture is taken.
#[test]
fn a_failed_read_while_accepting() {
    let record = Record::read("precompiles-11");
    let store = Faulty::new(Arc::new(Memory::new()));
    let mut chain = record.open(Arc::new(store.clone()), History::Pruned(16));
    let (mut kept, mut gone_on) = (0, 0);
    for number in 1..=record.height() {
        let mut reads = 0;
        while chain.head().height() < number {
            let block = record.at(number).block(&chain);
            assert_eq!(chain.verify(&block, at_its_time(&block)), Ok(Verdict::Valid));
            store.fail_read_after(reads);
            match chain.accept(block.id(), Durability::Buffered) {
                Ok(_) => {
                    store.heal();
                }
                Err(Error::Fatal(Fatal::Store(StoreError::Io(_)))) => {
                    assert_eq!(chain.head().height(), number - 1);
                    chain = record.open(Arc::new(store.clone()), History::Pruned(16));
                    *(if chain.head().height() == number { &mut gone_on } else { &mut kept }) += 1;
                }
                Err(other) => panic!("{other}"),
            }
            reads += 1;
        }
    }
    assert!(kept > 0 && gone_on > 0, "{kept} before the commit, {gone_on} after it");
    record.check_proofs(&chain);
}

/// A rewind that is interrupted leaves some head between, whole, from which the chain goes on.
#[test]
fn an_interrupted_rewind() {
    let record = Record::read("granite-precompiles-12");
    let memory = Memory::new();
    let store = Faulty::new(Arc::new(memory.clone()));
    let mut chain = record.open(Arc::new(store.clone()), History::Archive);
    let last = record.height();
    record.advance(&mut chain, last);
    let whole = memory.dump();
    for steps in 0..12 {
        for how in FAULTS {
            store.fail_commit_after(steps, how);
            match chain.rewind(last - 12).map(|view| view.id()) {
                Err(Error::Fatal(Fatal::Store(_))) => {}
                other => panic!("{other:?}"),
            }
            chain = record.open(Arc::new(store.clone()), History::Archive);
            let done = if how == CommitFault::After { steps + 1 } else { steps };
            assert_eq!(chain.head().height(), last - done);
            assert_eq!(chain.head().id(), BlockId(record.at(last - done).hash));
            record.advance(&mut chain, last);
            assert!(memory.dump() == whole);
        }
    }
}

/// A store that remembers how durable each commit was to be.
struct Remembering {
    inner: Memory,
    commits: Mutex<Vec<Durability>>,
}

impl Read for Remembering {
    fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.inner.get(column, key)
    }

    fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
        self.inner.scan(column, from)
    }
}

impl Store for Remembering {
    fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError> {
        self.inner.snapshot()
    }

    fn checkpoint(&self, name: &str) -> Result<Checkpoint, StoreError> {
        self.inner.checkpoint(name)
    }

    fn commit(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.commits.lock().expect("nobody panics with it").push(durability);
        self.inner.commit(batch, durability)
    }
}

/// The host goes on from where a rewind ended, so its last step is on the disk before it ends, and those before it with it.
#[test]
fn the_last_step_of_a_rewind_is_synced() {
    let record = Record::read("granite-12");
    let store = Arc::new(Remembering { inner: Memory::new(), commits: Mutex::default() });
    let mut chain = record.open(store.clone(), History::Archive);
    record.advance(&mut chain, 20);
    for (to, steps) in [(15, 5), (14, 1), (0, 14)] {
        store.commits.lock().expect("nobody panics with it").clear();
        chain.rewind(to).expect("an archive keeps all");
        let commits = store.commits.lock().expect("nobody panics with it").clone();
        assert_eq!((commits.len(), commits.last()), (steps, Some(&Durability::Synced)), "{commits:?}");
    }
}

/// Opening fails: nothing is taken for an empty store, and nothing is changed.
#[test]
fn a_failed_read_while_opening() {
    let record = Record::read("granite-12");
    let memory = Memory::new();
    let store = Faulty::new(Arc::new(memory.clone()));
    let mut chain = record.open(Arc::new(store.clone()), History::Archive);
    record.advance(&mut chain, 20);
    drop(chain);
    let before = memory.dump();
    let mut reads = 0;
    loop {
        store.fail_read_after(reads);
        match record.try_open(Arc::new(store.clone()), History::Archive) {
            Ok(chain) => {
                assert_eq!(chain.head().height(), 20);
                break;
            }
            Err(cause) => assert!(cause.to_string().contains("planned fault"), "{cause}"),
        }
        assert!(memory.dump() == before, "after {reads} reads");
        reads += 1;
    }
    assert!(reads > 10);

    // The first opening: genesis is there whole, or not at all.
    for how in FAULTS {
        let memory = Memory::new();
        let store = Faulty::new(Arc::new(memory.clone()));
        store.fail_commit_after(0, how);
        assert!(record.try_open(Arc::new(store.clone()), History::Archive).is_err());
        assert_eq!(memory.dump().is_empty(), how != CommitFault::After);
        let chain: Chain = record.open(Arc::new(store.clone()), History::Archive);
        assert_eq!((chain.head().height(), chain.head().id()), (0, chain.genesis()));
        assert_eq!(store.commits(), if how == CommitFault::After { 1 } else { 2 });
    }
}

/// Whoever holds a picture sees the failure too, and a good answer afterwards.
#[test]
fn a_failed_read_of_a_picture() {
    let record = Record::read("granite-12");
    let store = Faulty::new(Arc::new(Memory::new()));
    let mut chain = record.open(Arc::new(store.clone()), History::Archive);
    record.advance(&mut chain, 20);
    let view = chain.view_at(10).expect("archive keeps all");
    let address = alloy_primitives::Address::repeat_byte(1);
    let good = view.proof(address, &[alloy_primitives::B256::ZERO]).expect("nothing is planned");
    let mut reads = 0;
    loop {
        store.fail_read_after(reads);
        match view.proof(address, &[alloy_primitives::B256::ZERO]) {
            Err(Fatal::Store(_)) => reads += 1,
            Ok(proof) => {
                assert_eq!(proof, good);
                break;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(reads > 2);
}

/// Whichever read fails, the pool says so, refuses nothing for it, and stays as it was.
#[test]
fn a_failed_read_is_no_refusal() {
    let record = Record::read("granite-precompiles-11");
    let store = Faulty::new(Arc::new(Memory::new()));
    let mut chain = record.open(Arc::new(store.clone()), History::Archive);
    record.advance(&mut chain, 12);
    let head = chain.head().clone();
    let next = record.at(13).block(&chain);
    let pool = Pool::new(Arc::clone(chain.spec()), Limits::default(), &head).expect("the store works");
    let mut faults = 0;
    for tx in &next.transactions {
        let sender = tx.sender().expect("a recorded transaction is signed");
        for reads in 0.. {
            let before = (pool.version(), pool.content());
            store.fail_read_after(reads);
            let submitted = pool.submit(Arc::clone(tx), Origin::Remote, 0);
            if !store.heal() {
                faults += 1;
                assert!(matches!(submitted, Err(Refused::Fatal(Fatal::Store(_)))), "{submitted:?}");
                assert_eq!((pool.version(), pool.content()), before);
                continue;
            }
            assert_eq!(submitted, Ok(tx.hash()));
            break;
        }
        store.fail_read_after(0);
        assert!(matches!(pool.pending_nonce(sender, &head), Err(Fatal::Store(_))));
        assert!(!store.heal());
    }
    record.advance(&mut chain, 13);
    for reads in 0.. {
        let before = (pool.version(), pool.content());
        store.fail_read_after(reads);
        let reset = pool.reset(chain.head(), &[], 0);
        if !store.heal() {
            faults += 1;
            assert!(matches!(reset, Err(Fatal::Store(_))), "{reset:?}");
            assert_eq!((pool.version(), pool.content()), before);
            continue;
        }
        assert_eq!(reset, Ok(()));
        break;
    }
    assert!(pool.is_empty());
    assert!(faults > next.transactions.len(), "{faults} faults");
}

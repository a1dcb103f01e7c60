//! A world with a pool on the chain that builds.

use crate::support::files::Files;
use crate::support::wallet::{Draft, Key};
use crate::support::world::{Sealed, World};
use alloy_primitives::Address;
use pars_chain::engine::{Built, Candidates, Wish, next_block};
use pars_chain::pool::{Limits, Ordered, Origin, Pool, Refused};
use pars_chain::tx::Tx;
use std::sync::Arc;

pub(crate) const GWEI: u128 = 1_000_000_000;

pub(crate) struct Pooled {
    pub(crate) world: World,
    pub(crate) pool: Pool,
    pub(crate) now_ms: u64,
}

impl Pooled {
    pub(crate) fn new(files: &Files, limits: Limits) -> Self {
        let world = World::new(files);
        let pool = Pool::new(Arc::clone(world.chain.spec()), limits, world.chain.head()).expect("memory reads");
        Self { world, pool, now_ms: 0 }
    }

    pub(crate) fn submit(&self, tx: &Arc<Tx>) -> Result<(), Refused> {
        self.submit_from(tx, Origin::Remote)
    }

    pub(crate) fn submit_from(&self, tx: &Arc<Tx>, origin: Origin) -> Result<(), Refused> {
        self.pool.submit(Arc::clone(tx), origin, self.now_ms).map(|hash| assert_eq!(hash, tx.hash()))
    }

    /// The words of a refusal.
    pub(crate) fn refusal(&self, tx: &Arc<Tx>) -> String {
        let before = (self.pool.content(), self.pool.stats(), self.pool.version());
        let refused = self.submit(tx).expect_err("this transaction must be refused");
        assert_eq!((self.pool.content(), self.pool.stats(), self.pool.version()), before, "a refusal changes nothing");
        refused.to_string()
    }

    pub(crate) fn reset(&self, returned: &[Arc<Tx>]) {
        self.pool.reset(self.world.chain.head(), returned, self.now_ms).expect("memory reads");
    }

    /// What the builder would get now.
    pub(crate) fn candidates(&self) -> Ordered {
        let chain = &self.world.chain;
        let parent = chain.view(chain.preferred()).expect("held");
        let next = next_block(chain.spec(), &parent, self.world.next_ms).expect("memory reads");
        let base_fee = next.expect("a next block").base_fee;
        let candidates = self.pool.candidates(&parent, base_fee, 0);
        assert_eq!(self.pool.wants_block(&parent, base_fee, 0), candidates.best().is_some());
        candidates
    }

    pub(crate) fn build(&mut self) -> Built {
        let mut candidates = self.candidates();
        let wish = Wish {
            now_ms: self.world.next_ms,
            fee_recipient: None,
            min_delay_target: None,
            verdicts: self.world.verdicts.as_ref(),
        };
        self.world.chain.build(&mut candidates, wish).expect("memory reads")
    }

    /// Builds a block of what the pool offers, accepts it and moves the pool on.
    pub(crate) fn seal(&mut self) -> Sealed {
        let Built::Block(block) = self.build() else { panic!("no block") };
        let sealed = self.world.accept(&block);
        self.reset(&[]);
        sealed
    }

    /// Nonces of a sender that are executable, and those that are parked.
    pub(crate) fn nonces(&self, sender: Address) -> (Vec<u64>, Vec<u64>) {
        let nonces = |of: Vec<Arc<Tx>>| of.iter().map(|tx| tx.nonce()).collect();
        let content = self.pool.content_of(sender);
        content.map(|content| (nonces(content.executable), nonces(content.parked))).unwrap_or_default()
    }
}

/// All of a builder's choices in their order.
pub(crate) fn drain(mut candidates: Ordered) -> Vec<Arc<Tx>> {
    let mut all = Vec::new();
    while let Some(tx) = candidates.best().cloned() {
        candidates.take();
        all.push(tx);
    }
    all
}

/// A transfer with caps in gwei.
pub(crate) fn transfer(key: &Key, nonce: u64, fee_cap: u128, tip: u128) -> Arc<Tx> {
    key.sign(&draft(nonce, fee_cap, tip))
}

/// A draft of a transfer with caps in gwei.
pub(crate) fn draft(nonce: u64, fee_cap: u128, tip: u128) -> Draft {
    Draft { fee_cap: fee_cap * GWEI, tip: tip * GWEI, ..Draft::transfer(Address::repeat_byte(0x77), 1) }.nonce(nonce)
}

/// A transfer with caps in gwei and so many bytes of zeros.
pub(crate) fn long(key: &Key, nonce: u64, fee_cap: u128, bytes: usize) -> Arc<Tx> {
    key.sign(&Draft { input: vec![0; bytes].into(), ..draft(nonce, fee_cap, 1) }.gas(1_000_000))
}

/// The same numbers in another order, the same one for the same seed.
pub(crate) fn shuffled<T>(mut items: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = state % u64::try_from(last + 1).expect("a length");
        items.swap(last, usize::try_from(at).expect("below a length"));
    }
    items
}

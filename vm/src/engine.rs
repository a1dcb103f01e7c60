//! The one thread that owns the chain. Others send it closures and wait; readers take a [`View`] and never wait.

use crate::blocks::Blocks;
use crate::clock::now_ms;
use crate::metrics::meters::Meters;
use crate::truth::{Noting, Recorder};
use pars_chain::block::{Block, BlockId};
use pars_chain::engine::{Accepted, Chain};
use pars_chain::error::{Error, Fatal};
use pars_chain::pool::Pool;
use pars_chain::state::meta::Head;
use pars_chain::store::Durability;
use pars_chain::tx::Tx;
use pars_chain::view::View;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot, watch};

/// Calls that wait for the chain's thread at most. The host sends its consensus calls one after another.
const CALLS_MAX: usize = 256;

/// A handle on the chain's thread. The thread ends when the handle is closed or dropped, and lets go of the store, which
/// closes with the last view of it.
pub struct Engine {
    calls: mpsc::Sender<Call>,
    thread: JoinHandle<()>,
    shown: watch::Receiver<Shown>,
}

type Call = Box<dyn FnOnce(&mut Owner) + Send>;

/// What readers see.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Last accepted block; everything of it is stored.
    pub head: View,
    /// Block that the next one is built on.
    pub preferred: View,
    /// The chain failed: there will be no other block.
    pub stopped: bool,
}

/// The chain's thread has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the chain is closed")]
pub struct Closed;

/// What the thread owns.
#[derive(Debug)]
pub struct Owner {
    chain: Chain,
    pool: Arc<Pool>,
    blocks: Arc<Blocks>,
    recorder: Option<Recorder>,
    shown: watch::Sender<Shown>,
    meters: Arc<Meters>,
    /// Block that is being accepted: what is stored and what is shown may differ until that is through.
    accepting: Option<BlockId>,
    /// Why the chain answers nothing any more.
    failed: Option<Fatal>,
}

impl Engine {
    /// Starts the thread. With a recorder the last accepted block is noted there, too.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        chain: Chain,
        pool: Arc<Pool>,
        blocks: Arc<Blocks>,
        meters: Arc<Meters>,
        recorder: Option<Recorder>,
    ) -> std::io::Result<Self> {
        let head = chain.head().clone();
        let (shown, watched) = watch::channel(Shown { preferred: head.clone(), head, stopped: false });
        let (calls, mut queue) = mpsc::channel::<Call>(CALLS_MAX);
        let mut owner = Owner { chain, pool, blocks, recorder, shown, meters, accepting: None, failed: None };
        let thread = std::thread::Builder::new().name("chain".to_owned()).spawn(move || {
            while let Some(call) = queue.blocking_recv() {
                // A panic costs its own call. One amid an accept is the end of the chain.
                let ended = catch_unwind(AssertUnwindSafe(|| call(&mut owner)));
                if ended.is_err() {
                    tracing::error!("a call of the chain panicked");
                    owner.give_up_accepting();
                }
            }
        })?;
        Ok(Self { calls, thread, shown: watched })
    }

    /// Runs a call on the chain's thread.
    ///
    /// # Errors
    /// When the thread has ended.
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Owner) -> T + Send + 'static,
    ) -> Result<T, Closed> {
        let (answer, answered) = oneshot::channel();
        let call: Call = Box::new(move |owner| {
            // Nobody waits for the answer of a call that was given up.
            drop(answer.send(call(owner)));
        });
        self.calls.send(call).await.map_err(|_| Closed)?;
        answered.await.map_err(|_| Closed)
    }

    /// Tells of each change of what readers see.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Shown> {
        self.shown.clone()
    }

    /// Ends the thread after the calls that wait. The store closes with the last view of it.
    pub fn close(self) {
        let Self { calls, thread, shown } = self;
        drop((calls, shown));
        // A thread that panicked has said so already.
        drop(thread.join());
    }
}

impl Owner {
    /// The chain, unless it failed.
    ///
    /// # Errors
    /// Why it failed. After a failed store it gives no more answers: what was stored is known after a restart.
    pub fn chain(&mut self) -> Result<&mut Chain, Fatal> {
        match &self.failed {
            Some(fatal) => Err(fatal.clone()),
            None => Ok(&mut self.chain),
        }
    }

    /// Stops the chain where a block was being accepted.
    fn give_up_accepting(&mut self) {
        if let Some(id) = self.accepting.take() {
            self.failed = Some(Fatal::Bug(format!("accepting {id} did not end")));
            self.tell_failure();
        }
    }

    /// Whoever watches sees that the chain stopped, if it did.
    fn tell_failure(&self) {
        if self.failed.is_some() {
            self.shown.send_modify(|shown| shown.stopped = true);
        }
    }

    /// Runs something that may fail for good.
    ///
    /// # Errors
    /// As the call's; a fatal one is kept. A value that this program cannot compute with is another matter: it is in
    /// one block, nothing was changed, and others can still be answered.
    pub fn attempt<T>(&mut self, call: impl FnOnce(&mut Chain) -> Result<T, Error>) -> Result<T, Error> {
        let result = call(self.chain()?);
        match &result {
            Err(Error::Fatal(fatal @ Fatal::Unsupported(_))) => tracing::error!(%fatal, "no verdict"),
            Err(Error::Fatal(fatal)) => {
                tracing::error!(%fatal, "the chain stops answering");
                self.failed = Some(fatal.clone());
                self.tell_failure();
            }
            Ok(_) | Err(Error::Misuse(_)) => {}
        }
        let processing = u64::try_from(self.chain.processing_count()).unwrap_or(u64::MAX);
        self.meters.processing.store(processing, Ordering::Relaxed);
        result
    }

    /// Accepts a block: stored here and noted by the recorder, then shown, then answered.
    ///
    /// # Errors
    /// See [`Chain::accept`]; and where the recorder failed, after which nothing is shown any more.
    pub fn accept(&mut self, id: BlockId, durability: Durability) -> Result<Option<Accepted>, Error> {
        self.chain()?;
        self.accepting = Some(id);
        let accepted = self.store_and_show(id, durability);
        self.accepting = None;
        accepted
    }

    fn store_and_show(&mut self, id: BlockId, durability: Durability) -> Result<Option<Accepted>, Error> {
        let since = Instant::now();
        // Beside the commit: which of both comes first does not matter while nothing is shown.
        let noting = self.recorder.as_ref().zip(self.chain.acceptable(id));
        let noting = noting.map(|(recorder, block)| recorder.begin(Head { height: block.height(), id }));
        let mut accepted = self.chain.accept(id, durability);
        if let Some(Err(fatal)) = noting.map(Noting::wait) {
            accepted = accepted.and(Err(fatal.into()));
        }
        let accepted = self.attempt(|_| accepted)?;
        if let Some(Accepted { block, receipts, .. }) = &accepted {
            self.blocks.add(Arc::clone(block), Arc::clone(receipts));
            self.refresh_pool(&[])?;
            self.show();
            self.meters.accept.add(since.elapsed());
            self.meters.accepted.add(1);
            self.meters.transactions.add(u64::try_from(block.transactions.len()).unwrap_or(u64::MAX));
            self.meters.gas.add(block.header.gas_used);
        }
        Ok(accepted)
    }

    /// Rejects a block; its transactions go back to the pool.
    ///
    /// # Errors
    /// See [`Chain::reject`].
    pub fn reject(&mut self, id: BlockId) -> Result<Arc<Block>, Error> {
        let block = self.attempt(|chain| chain.reject(id))?;
        self.refresh_pool(&block.transactions)?;
        self.show();
        self.meters.rejected.add(1);
        Ok(block)
    }

    /// Changes what the next block is built on.
    ///
    /// # Errors
    /// See [`Chain::set_preference`].
    pub fn set_preference(&mut self, id: BlockId) -> Result<(), Error> {
        self.attempt(|chain| chain.set_preference(id))?;
        self.show();
        Ok(())
    }

    /// The pool follows the last accepted block before anybody sees it.
    fn refresh_pool(&mut self, returned: &[Arc<Tx>]) -> Result<(), Error> {
        let pool = Arc::clone(&self.pool);
        self.attempt(|chain| Ok(pool.reset(chain.head(), returned, now_ms())?))
    }

    /// Shows the chain as it is now.
    fn show(&self) {
        let head = self.chain.head().clone();
        let preferred = self.chain.view(self.chain.preferred()).unwrap_or_else(|| head.clone());
        self.shown.send_replace(Shown { head, preferred, stopped: self.failed.is_some() });
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Engine({:?})", self.shown.borrow().head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::crypto::secp256k1::sign_message;
    use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip4844, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use alloy_primitives::{Address, Bytes};
    use pars_chain::engine::{Built, InOrder, Opening, Wish};
    use pars_chain::pool::Limits;
    use pars_chain::store::{Batch, Checkpoint, Column, Memory, Read, Scan, Store, StoreError};
    use pars_genesis::presets::{self, LOCAL_ACCOUNTS};
    use std::sync::atomic::AtomicBool;

    /// A store of which a commit, or the first look after one, panics.
    #[derive(Debug, Default)]
    struct Panicking {
        store: Memory,
        at_commit: AtomicBool,
        after_commit: AtomicBool,
        committed: AtomicBool,
    }

    impl Panicking {
        fn look(&self) {
            let armed = self.after_commit.load(Ordering::SeqCst) && self.committed.load(Ordering::SeqCst);
            assert!(!armed, "a defect");
        }
    }

    impl Read for Panicking {
        fn get(&self, column: Column, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
            self.look();
            self.store.get(column, key)
        }

        fn scan<'a>(&'a self, column: Column, from: &[u8]) -> Scan<'a> {
            self.store.scan(column, from)
        }
    }

    impl Store for Panicking {
        fn snapshot(&self) -> Result<Arc<dyn Read>, StoreError> {
            self.look();
            self.store.snapshot()
        }

        fn checkpoint(&self, name: &str) -> Result<Checkpoint, StoreError> {
            self.store.checkpoint(name)
        }

        fn commit(&self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
            assert!(!self.at_commit.load(Ordering::SeqCst), "a defect");
            self.store.commit(batch, durability)?;
            self.committed.store(true, Ordering::SeqCst);
            Ok(())
        }
    }

    fn transfer() -> Arc<Tx> {
        let unsigned = TxLegacy {
            chain_id: Some(1_337),
            gas_price: 1_000_000_000_000,
            gas_limit: 21_000,
            to: Address::ZERO.into(),
            ..TxLegacy::default()
        };
        let signature = sign_message(LOCAL_ACCOUNTS[0].1, unsigned.signature_hash()).unwrap();
        let signed = EthereumTxEnvelope::<TxEip4844>::from(unsigned.into_signed(signature));
        Arc::new(Tx::decode(&signed.encoded_2718()).unwrap())
    }

    /// A panic costs its call; amid an accept, before or after the block is stored, it stops the chain, and those who watch
    /// it hear of that.
    #[tokio::test]
    async fn a_panic_amid_an_accept_is_told() {
        for after_commit in [false, true] {
            let (store, genesis) = (Arc::new(Panicking::default()), presets::local(1));
            let shared: Arc<dyn Store> = store.clone();
            let mut chain = Chain::open(shared, &Opening::new(&genesis)).unwrap();
            let now_ms = chain.head().header().unix_ms() + 1_000;
            let wish = Wish { now_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
            let built = chain.build(&mut InOrder::new([transfer()]), wish).unwrap();
            let Built::Block(block) = built else { panic!("{built:?}") };
            let pool = Arc::new(Pool::new(Arc::clone(chain.spec()), Limits::default(), chain.head()).unwrap());
            let engine = Engine::start(chain, pool, Arc::default(), Arc::default(), None).unwrap();
            let panicking = |owner: &mut Owner| owner.attempt(|_| -> Result<(), Error> { panic!("a defect") });
            assert!(engine.call(panicking).await.is_err());
            assert!(!engine.watch().borrow().stopped);
            assert!(engine.call(|owner| owner.chain().is_ok()).await.unwrap());

            store.committed.store(false, Ordering::SeqCst);
            let armed = if after_commit { &store.after_commit } else { &store.at_commit };
            armed.store(true, Ordering::SeqCst);
            let id = block.id();
            assert!(engine.call(move |owner| owner.accept(id, Durability::Synced)).await.is_err());
            assert_eq!(store.committed.load(Ordering::SeqCst), after_commit);
            let failure = engine.call(|owner| owner.chain().err().map(|fatal| fatal.to_string())).await.unwrap();
            assert_eq!(failure, Some(format!("bug: accepting {id} did not end")));
            assert!(engine.watch().borrow().stopped);
            engine.close();
        }
    }
}

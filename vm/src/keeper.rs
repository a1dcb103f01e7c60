//! [`Keeper`]: the thread that does what has to be done now and then, whether blocks come or not.

use crate::clock::now_ms;
use crate::journal::Journal;
use pars_chain::pool::Pool;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A thread that lasts as long as this value.
#[derive(Debug)]
pub struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How often things are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// The journal reaches the disk, and gets short again.
    pub sync: Duration,
    /// What was parked for too long leaves the pool.
    pub expire: Duration,
}

impl Default for Periods {
    fn default() -> Self {
        Self { sync: Duration::from_secs(1), expire: Duration::from_secs(60) }
    }
}

/// What the thread looks after.
struct Work {
    pool: Arc<Pool>,
    journal: Option<Arc<Journal>>,
    changes: watch::Sender<u64>,
    periods: Periods,
}

impl Keeper {
    /// Starts it. `changes` counts the changes that it makes to the pool.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        pool: Arc<Pool>,
        journal: Option<Arc<Journal>>,
        changes: watch::Sender<u64>,
        periods: Periods,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let work = Work { pool, journal, changes, periods };
        let thread = std::thread::Builder::new().name("keeper".to_owned()).spawn(move || work.run(&stopped))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so.
            drop(thread.join());
        }
    }
}

impl Work {
    fn run(&self, stopped: &Receiver<()>) {
        let mut expired = Instant::now();
        while stopped.recv_timeout(self.periods.sync) == Err(RecvTimeoutError::Timeout) {
            if expired.elapsed() >= self.periods.expire {
                expired = Instant::now();
                let dropped = self.pool.expire(now_ms());
                if dropped > 0 {
                    tracing::debug!(dropped, "parked for too long");
                    self.changes.send_modify(|changes| *changes = changes.wrapping_add(1));
                }
            }
            if let Some(journal) = &self.journal {
                journal.follow(&self.pool);
                if journal.wants_rewrite() {
                    journal.rewrite(&self.pool);
                }
                journal.sync();
            }
        }
        if let Some(journal) = &self.journal {
            journal.follow(&self.pool);
            journal.sync();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::crypto::secp256k1::sign_message;
    use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip4844, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use alloy_primitives::Address;
    use pars_chain::engine::{Chain, Opening};
    use pars_chain::pool::{Limits, Origin};
    use pars_chain::store::Memory;
    use pars_chain::tx::Tx;
    use pars_genesis::presets::{self, LOCAL_ACCOUNTS};

    /// No block comes, and what was parked leaves all the same; whoever waits for the pool is told.
    #[test]
    fn parked_transactions_expire_on_an_idle_chain() {
        let genesis = presets::local(1);
        let chain = Chain::open(Arc::new(Memory::new()), &Opening::new(&genesis)).unwrap();
        let limits = Limits { lifetime_ms: 50, ..Limits::default() };
        let pool = Arc::new(Pool::new(Arc::clone(chain.spec()), limits, chain.head()).unwrap());
        let unsigned = TxLegacy {
            chain_id: Some(1_337),
            nonce: 5,
            gas_price: 1_000_000_000_000,
            gas_limit: 21_000,
            to: Address::ZERO.into(),
            ..TxLegacy::default()
        };
        let signature = sign_message(LOCAL_ACCOUNTS[0].1, unsigned.signature_hash()).unwrap();
        let signed = EthereumTxEnvelope::<TxEip4844>::from(unsigned.into_signed(signature));
        let tx = Arc::new(Tx::decode(&signed.encoded_2718()).unwrap());
        pool.submit(tx, Origin::Remote, now_ms()).unwrap();
        let changes = watch::Sender::new(0);
        let short = Duration::from_millis(5);
        let periods = Periods { sync: short, expire: short };
        let keeper = Keeper::start(Arc::clone(&pool), None, changes.clone(), periods).unwrap();
        let since = Instant::now();
        while !pool.is_empty() {
            assert!(since.elapsed() < Duration::from_secs(10), "it does not leave");
            std::thread::sleep(short);
        }
        drop(keeper);
        assert_eq!(*changes.borrow(), 1);
    }
}

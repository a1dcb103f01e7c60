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
                if journal.is_long() {
                    journal.rewrite(&self.pool);
                }
                journal.sync();
            }
        }
        if let Some(journal) = &self.journal {
            journal.sync();
        }
    }
}

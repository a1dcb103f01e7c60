//! A command that can be stopped in order: at once, or, where it works in steps, between two of them, with everything done so
//! far kept.

use crate::exit;
use anyhow::{Context as _, Result};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Whether SIGINT, SIGTERM or SIGHUP came.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    came: Arc<AtomicBool>,
    in_steps: Arc<AtomicBool>,
}

/// What shells show for a program that Ctrl-C ended.
const STOPPED: u8 = 130;

impl Stop {
    /// Listens from now on. A signal ends the process at once until it works in steps; a second one always does.
    ///
    /// # Errors
    /// When the system gives no thread, or no signals.
    pub fn listen() -> Result<Self> {
        let stop = Self::default();
        let heard = stop.clone();
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a thread")?;
        let (ready, listening) = std::sync::mpsc::channel();
        let listen = move || {
            runtime.block_on(async {
                let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
                let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else { return };
                if ready.send(()).is_err() {
                    return;
                }
                for count in 0.. {
                    tokio::select! {
                        _ = interrupt.recv() => {}
                        _ = terminate.recv() => {}
                        _ = hangup.recv() => {}
                    }
                    heard.came.store(true, Ordering::Relaxed);
                    if count > 0 || !heard.in_steps.load(Ordering::Relaxed) {
                        super::complain(&anyhow::anyhow!("stopped"));
                        exit::with(STOPPED);
                    }
                }
            });
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(listen).context("starting a thread")?;
        listening.recv().context("handling signals")?;
        Ok(stop)
    }

    /// From now on the command asks between two steps whether a signal came.
    pub fn work_in_steps(&self) {
        self.in_steps.store(true, Ordering::Relaxed);
    }

    /// A signal came.
    #[must_use]
    pub fn came(&self) -> bool {
        self.came.load(Ordering::Relaxed)
    }

    /// The exit code of a command that was stopped.
    #[must_use]
    pub fn code() -> ExitCode {
        ExitCode::from(STOPPED)
    }
}

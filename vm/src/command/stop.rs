//! A command that can be stopped in order: between two steps, with everything done so far kept.

use anyhow::{Context as _, Result};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// Whether SIGINT, SIGTERM or SIGHUP came.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

/// What shells show for a program that Ctrl-C ended.
const STOPPED: u8 = 130;

impl Stop {
    /// Listens from now on. A second signal ends the process at once.
    ///
    /// # Errors
    /// When the system gives no thread, or no signals.
    pub fn listen() -> Result<Self> {
        let stop = Self::default();
        let flag = Arc::clone(&stop.0);
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
                    if count > 0 {
                        std::process::exit(STOPPED.into());
                    }
                    flag.store(true, Ordering::Relaxed);
                }
            });
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(listen).context("starting a thread")?;
        listening.recv().context("handling signals")?;
        Ok(stop)
    }

    /// A signal came.
    #[must_use]
    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The exit code of a command that was stopped.
    #[must_use]
    pub fn code() -> ExitCode {
        ExitCode::from(STOPPED)
    }
}

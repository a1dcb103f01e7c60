//! When the process ends.
//!
//! A terminal or service manager signals the whole process group, so a signal alone must not stop a plugin before the
//! host said `Shutdown`: blocks that the host still sends would be lost. But the host also asks the kernel to signal
//! SIGTERM when it dies, and a plugin that ignores that holds the chain's database for ever. Hence SIGINT never ends
//! the process, and SIGTERM does only after `Shutdown` or when the parent is another than at the start.

use std::future::Future;
use std::net::SocketAddr;
use std::os::unix::process::parent_id;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use crate::dialect::Dialect;
use crate::grpc::Answers;
use crate::{ChainVm, Phase, ServeError, VmError, grpc};

/// Signals, and the parent as it was at the start.
#[derive(Debug)]
pub(crate) struct Signals {
    terminate: Signal,
    parent: u32,
}

impl Signals {
    /// Takes over the signals for the rest of the process's life. Comes before everything else: the host ends a plugin
    /// whose number it does not like within milliseconds, which would cut off the message.
    pub(crate) fn install() -> Result<Self, ServeError> {
        // A handler that nobody asks is how a signal is ignored. A broken pipe is an error of the write.
        for kind in [SignalKind::interrupt(), SignalKind::pipe()] {
            drop(signal(kind).map_err(ServeError::Signals)?);
        }
        let terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
        Ok(Self { terminate, parent: parent_id() })
    }

    fn orphaned(&self) -> bool {
        parent_id() != self.parent
    }
}

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The host said so.
    Shutdown,
    /// The host is gone.
    Orphaned,
}

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// `Shutdown` was answered, or is about to be.
    ShutDown,
    /// Servers take no more calls.
    Stopping,
}

/// How far the opening of the chain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    Never,
    Running,
    Failed,
    Open,
}

/// An attempt to open the chain. It has failed unless it says otherwise.
#[derive(Debug)]
pub(crate) struct Attempt<'a>(&'a Mutex<Opening>);

impl Attempt<'_> {
    /// The chain is open.
    pub(crate) fn succeeded(self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Opening::Open;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut opening = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *opening == Opening::Running {
            *opening = Opening::Failed;
        }
    }
}

/// One chain being served: the chain, its servers, and how far its end has come.
#[derive(Debug)]
pub(crate) struct Session<V> {
    vm: Arc<V>,
    dialect: &'static Dialect,
    opening: Mutex<Opening>,
    phase: Mutex<Option<Phase>>,
    closed: OnceCell<Result<(), VmError>>,
    stage: watch::Sender<Stage>,
    /// The host closed its only connection.
    left: watch::Sender<bool>,
    servers: tokio::sync::Mutex<JoinSet<()>>,
}

impl<V: ChainVm> Session<V> {
    pub(crate) fn new(vm: Arc<V>, dialect: &'static Dialect) -> Arc<Self> {
        Arc::new(Self {
            vm,
            dialect,
            opening: Mutex::new(Opening::Never),
            phase: Mutex::new(None),
            closed: OnceCell::new(),
            stage: watch::Sender::new(Stage::Serving),
            left: watch::Sender::new(false),
            servers: tokio::sync::Mutex::default(),
        })
    }

    pub(crate) fn vm(&self) -> &V {
        &self.vm
    }

    pub(crate) const fn dialect(&self) -> &'static Dialect {
        self.dialect
    }

    /// Notes that the chain is told to open, so it has to be closed. None where it is open already, or about to be.
    pub(crate) fn open(&self) -> Option<Attempt<'_>> {
        let mut opening = self.opening();
        if matches!(*opening, Opening::Running | Opening::Open) {
            return None;
        }
        *opening = Opening::Running;
        Some(Attempt(&self.opening))
    }

    /// Whether the chain is open.
    pub(crate) fn is_open(&self) -> bool {
        *self.opening() == Opening::Open
    }

    /// Notes the phase that the chain is in.
    pub(crate) fn entered(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = Some(phase);
    }

    /// The phase that the chain is in, none before the first.
    pub(crate) fn phase(&self) -> Option<Phase> {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opening(&self) -> MutexGuard<'_, Opening> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the chain once; later calls get the same answer. Goes on when the caller gives up, or when the time is over,
    /// which is an error.
    pub(crate) async fn close(self: &Arc<Self>, limit: Duration) -> Result<(), VmError> {
        let session = Arc::clone(self);
        let closing = tokio::spawn(async move {
            let opened = *session.opening() != Opening::Never;
            let close = || async { if opened { session.vm.shutdown().await } else { Ok(()) } };
            session.closed.get_or_init(close).await.clone()
        });
        match timeout(limit, closing).await {
            Ok(closed) => closed.unwrap_or_else(|error| Err(VmError::Other(format!("closing the chain: {error}")))),
            Err(_) => {
                let seconds = limit.as_secs();
                let text = format!("the chain did not close within {seconds} s: the process ends with what is stored");
                tracing::error!("{text}");
                Err(VmError::Other(text))
            }
        }
    }

    /// Notes that `Shutdown` came: the process will end.
    pub(crate) fn shut_down(&self) {
        self.advance(Stage::ShutDown);
    }

    /// Whether `Shutdown` came.
    pub(crate) fn is_ending(&self) -> bool {
        *self.stage.borrow() >= Stage::ShutDown
    }

    /// Ready once `Shutdown` came or servers stop.
    pub(crate) async fn ending(&self) {
        reached(self.stage.subscribe(), Stage::ShutDown).await;
    }

    /// Tells when servers take no more calls.
    pub(crate) fn stopping(&self) -> Ending {
        Ending(self.stage.subscribe())
    }

    /// Serves gRPC on a new port of loopback until the session stops.
    pub(crate) async fn spawn_server<S>(&self, service: S) -> std::io::Result<SocketAddr>
    where
        S: Answers + Clone + Send + Sync + 'static,
    {
        self.listen(|listener, ending| async move { grpc::serve(listener, service, ending.wait()).await }).await
    }

    /// Serves on a new port of loopback until the session stops, which the server is given to hear of.
    pub(crate) async fn listen<F>(&self, serve: impl FnOnce(TcpListener, Ending) -> F) -> std::io::Result<SocketAddr>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        self.servers.lock().await.spawn(serve(listener, self.stopping()));
        Ok(addr)
    }

    /// Notes that the host's only connection is closed: it is gone, or wants nothing more.
    pub(crate) fn host_left(&self) {
        self.left.send_replace(true);
    }

    /// Waits for the end.
    pub(crate) async fn until_end(&self, mut signals: Signals) -> End {
        let mut parent_check = interval(PARENT_CHECK_INTERVAL);
        let mut left = self.left.subscribe();
        loop {
            tokio::select! {
                // Both may be there at once, and then the host was told everything.
                biased;
                () = self.ending() => break,
                _ = left.wait_for(|left| *left) => return End::Orphaned,
                _ = signals.terminate.recv() => {
                    if signals.orphaned() {
                        return End::Orphaned;
                    }
                    tracing::info!("SIGTERM before Shutdown: the host decides, serving on");
                }
                _ = parent_check.tick() => if signals.orphaned() {
                    return End::Orphaned;
                },
            }
        }
        // The host signals as soon as it has the answer. One that does not is not waited for.
        tokio::select! {
            _ = signals.terminate.recv() => {}
            _ = left.wait_for(|left| *left) => {}
            () = sleep(LINGER) => {}
        }
        End::Shutdown
    }

    /// Stops all servers; calls under way have a moment to be answered.
    pub(crate) async fn stop(&self) {
        self.advance(Stage::Stopping);
        let drained = async {
            let mut servers = self.servers.lock().await;
            while servers.join_next().await.is_some() {}
        };
        if timeout(DRAIN_TIMEOUT, drained).await.is_err() {
            tracing::warn!("calls of the host were still running at the end");
        }
    }

    fn advance(&self, stage: Stage) {
        self.stage.send_if_modified(|now| {
            let later = stage > *now;
            *now = stage.max(*now);
            later
        });
    }
}

/// Tells when servers take no more calls; those under way have a moment left.
#[derive(Debug, Clone)]
pub(crate) struct Ending(watch::Receiver<Stage>);

impl Ending {
    pub(crate) async fn wait(&self) {
        reached(self.0.clone(), Stage::Stopping).await;
    }
}

async fn reached(mut stage: watch::Receiver<Stage>, wanted: Stage) {
    // An error means that the session is gone, and then its servers go too.
    drop(stage.wait_for(|now| *now >= wanted).await);
}

/// Catches the death of a parent that did not ask the kernel for a signal.
const PARENT_CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Together with [`DRAIN_TIMEOUT`] well below the five seconds after which the host kills the process.
const LINGER: Duration = Duration::from_secs(1);

const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

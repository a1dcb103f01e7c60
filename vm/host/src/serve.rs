//! A plugin's whole life.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use pars_proto::host::vm::vm_server::VmServer;

use tokio::time::Instant;

use crate::dialect::Transport;
use crate::grpc::MESSAGE_BYTES_MAX;
use crate::grpc::server::VmService;
use crate::lifecycle::{End, Session, Signals};
use crate::text::one_line;
use crate::zap::server::ZapService;
use crate::{ChainVm, Environment, Numbers, ServeError, detect, handshake};

/// Serves a chain to the host that the environment names, until the host ends it. A failure is one line on stderr,
/// which hosts copy into their logs, and exit code 1.
///
/// The caller ends the process with the code it gets, and waits for nothing else: the host kills a plugin that is
/// still there five seconds after `Shutdown`.
pub async fn serve<V: ChainVm>(vm: Arc<V>, environment: &Environment, numbers: &Numbers) -> ExitCode {
    match run(vm, environment, numbers).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told that stderr is closed.
            drop(writeln!(std::io::stderr(), "pars: {}", one_line(&error.to_string())));
            ExitCode::FAILURE
        }
    }
}

/// As [`serve`], for callers that report a failure themselves.
///
/// # Errors
/// No host is named, or the handshake fails.
pub async fn run<V: ChainVm>(vm: Arc<V>, environment: &Environment, numbers: &Numbers) -> Result<(), ServeError> {
    let signals = Signals::install()?;
    let within = environment.patience();
    let deadline = Instant::now() + within;
    let host = detect(environment, numbers).await?;
    let dialect = host.dialect;
    let session = Session::new(vm, dialect);
    let listening = match dialect.transport {
        Transport::Grpc => {
            let service = VmServer::new(VmService::new(Arc::clone(&session)))
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX);
            session.spawn_server(service).await
        }
        Transport::Zap => {
            let service = ZapService::new(Arc::clone(&session));
            session.listen(|listener, ending| service.serve(listener, ending)).await
        }
    };
    let listening = listening.map_err(ServeError::Listen)?;
    handshake::announce(host, numbers, listening, deadline, within).await?;
    tracing::debug!(host = %dialect, %listening, "announced");

    if session.until_end(signals).await == End::Orphaned {
        tracing::warn!("the host is gone without Shutdown: closing the chain");
        if let Err(error) = session.close(ORPHAN_CLOSE_TIMEOUT).await {
            tracing::error!(%error, "closing the chain");
        }
    }
    session.stop().await;
    Ok(())
}

/// Nobody waits any more, but a chain that cannot close must not hold its folder for ever.
const ORPHAN_CLOSE_TIMEOUT: Duration = Duration::from_secs(30);

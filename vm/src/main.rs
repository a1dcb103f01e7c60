//! `pars-vm`: started by a host it is the plugin; with a command it is a tool, or a whole chain for developers.

use anyhow::{Context as _, Result};
use clap::Parser;
use pars_host::{Environment, Numbers};
use pars_vm::command::stop::Stop;
use pars_vm::command::{
    self, Command, FILES_WANTED, Options, backup, doctor, export, genesis, import, inspect, install, overlay, prune,
    testhost, verify,
};
use pars_vm::log::Log;
use pars_vm::plugin::Plugin;
use pars_vm::{dev, exit, log, replay, version};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long requests that still run are waited for at the end.
const END_MAX: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    match run(Options::parse().command) {
        Ok(code) => code,
        Err(error) => {
            command::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Option<Command>) -> Result<ExitCode> {
    let Some(command) = command else { return serve() };
    let is_dev = matches!(command, Command::Dev(_));
    // Commands on a stopped folder say what matters themselves; what the store warns of is worth a line.
    let _log = log::start(if is_dev { LevelFilter::INFO } else { LevelFilter::WARN });
    allow_files();
    // A chain for developers listens itself.
    let stop = if is_dev { Stop::default() } else { Stop::listen()? };
    match &command {
        Command::Replay(options) => replay::run(options),
        Command::Dev(options) => dev::run(options),
        Command::Version(options) => {
            version::print(options.json).map(|()| ExitCode::SUCCESS).context("printing the version")
        }
        Command::Export(options) => export::run(options, &stop),
        Command::Import(options) => import::run(options, &stop),
        Command::Verify(options) => verify::run(options, &stop),
        Command::Prune(options) => prune::run(options, &stop),
        Command::Inspect(options) => inspect::run(options),
        Command::Backup(options) => backup::run(options),
        Command::Restore(options) => backup::restore(options),
        Command::Install(options) => install::run(options),
        Command::Genesis(command) => genesis::run(command),
        Command::Overlay(command) => overlay::run(command),
        Command::TestHost(options) => testhost::run(options, &stop),
        Command::Doctor(options) => doctor::run(options),
    }
}

/// Asks the system for as many open files as may be needed.
fn allow_files() {
    let allowed = rlimit::increase_nofile_limit(FILES_WANTED).unwrap_or_default();
    if allowed < FILES_WANTED {
        tracing::warn!(allowed, wanted = FILES_WANTED, "few files may be open: raise the hard limit (ulimit -Hn)");
    }
}

/// The plugin's whole life.
fn serve() -> Result<ExitCode> {
    let Log { lever, writer } = log::start(LevelFilter::INFO);
    allow_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    let plugin = Arc::new(Plugin::new(lever));
    let code = runtime.block_on(pars_host::serve(plugin, &Environment::of_process(), &Numbers::of_process()));
    // What is nearly done is waited for. Anything longer must not hold up the end.
    runtime.shutdown_timeout(END_MAX);
    // The last lines of the log.
    drop(writer);
    exit::now(code)
}

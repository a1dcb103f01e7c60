//! `pars-vm`: started by a host it is the plugin; with a command it is a tool, or a whole chain for developers.

use anyhow::{Context as _, Result};
use clap::Parser;
use pars_host::{Environment, Numbers};
use pars_vm::command::{self, Command, Options};
use pars_vm::log::Log;
use pars_vm::plugin::Plugin;
use pars_vm::{dev, exit, log, replay, version};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing::level_filters::LevelFilter;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Files that may be open: 1,024 each of the store, of connections with requests and of WebSockets, and some. Many systems
/// allow 1,024 unless one asks, and a store without a file it needs would stop the chain.
const FILES_WANTED: u64 = 4_096;

/// How long requests that still run are waited for at the end.
const END_MAX: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let result = match Options::parse().command {
        None => serve(),
        Some(Command::Replay(options)) => replay::run(&options),
        Some(Command::Version(options)) => {
            version::print(options.json).map(|()| ExitCode::SUCCESS).context("printing the version")
        }
        Some(Command::Dev(options)) => {
            let _log = log::start(LevelFilter::INFO);
            allow_files();
            dev::run(&options)
        }
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            command::complain(&error);
            ExitCode::FAILURE
        }
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

//! `pars-vm`: started by a host it is the plugin; with a command it is a tool, or a whole chain for developers.

use anyhow::{Context as _, Result};
use clap::Parser;
use pars_host::Environment;
use pars_vm::command::{self, Command, Options};
use pars_vm::plugin::Plugin;
use pars_vm::{dev, log, replay};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long requests that still run are waited for at the end.
const END_MAX: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let result = match Options::parse().command {
        None => serve(),
        Some(Command::Replay(options)) => replay::run(&options),
        Some(Command::Dev(options)) => {
            drop(log::start(tracing::Level::INFO));
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

/// The plugin's whole life.
fn serve() -> Result<ExitCode> {
    let lever = log::start(tracing::Level::INFO);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    let code = runtime.block_on(pars_host::serve(Arc::new(Plugin::new(lever)), &Environment::of_process()));
    // What reads the store lets go of it first: RocksDB ends the process where it is read while the process ends. A
    // request that goes on for longer must not hold up the end.
    runtime.shutdown_timeout(END_MAX);
    Ok(code)
}

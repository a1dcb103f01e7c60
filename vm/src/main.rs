//! `pars-vm`: started by a host it is the plugin; with a command it is a tool, or a whole chain for developers.

mod command;
mod replay;
mod store;

use clap::Parser;
use command::{Command, Options};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let result = match Options::parse().command {
        Command::Replay(options) => replay::run(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            command::complain(&error);
            ExitCode::FAILURE
        }
    }
}

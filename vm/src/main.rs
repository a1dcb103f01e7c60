//! `pars-vm`: started by a host it is the plugin; with a command it is a tool, or a whole chain for developers.

use clap::Parser;
use pars_vm::command::{self, Command, Options};
use pars_vm::replay;
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

//! Chores of the repository: `cargo xtask gen` writes the generated files, `cargo xtask gen --check` compares them,
//! `cargo xtask tidy` checks the rules that no lint knows.

mod generate;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["gen"] => generate::write(&repository()),
        ["gen", "--check"] => generate::check(&repository()),
        ["tidy"] => tidy::run(&repository()),
        _ => Err(anyhow::anyhow!("usage: cargo xtask gen [--check] | tidy")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository, wherever the command was called.
fn repository() -> PathBuf {
    // Without `..`: paths of packages are compared with it.
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or_else(|| Path::new(".")).to_owned()
}

#[expect(clippy::print_stderr, reason = "a command for people: its errors go to the terminal")]
fn complain(error: &anyhow::Error) {
    eprintln!("xtask: {error:#}");
}

//! Tasks of the repository.
//!
//! `cargo xtask tidy` checks the rules that no lint knows.

mod tidy;

use anyhow::{Context, Result, bail};
use std::{
    io::{self, Write},
    path::Path,
};

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("xtask lies in scripts/xtask")?;
    match std::env::args().nth(1).as_deref() {
        Some("tidy") => {
            let offences = tidy::check(root)?;
            for offence in &offences {
                writeln!(io::stderr(), "{offence}")?;
            }
            if !offences.is_empty() {
                bail!("{} offences", offences.len());
            }
            Ok(())
        }
        _ => bail!("usage: cargo xtask tidy"),
    }
}

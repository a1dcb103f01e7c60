//! `pars-vm backup` and `pars-vm restore`.

use crate::backup::{self, Manifest};
use crate::command::{Backup, Restore};
use crate::folder::Folder;
use anyhow::Result;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Copies a stopped folder.
///
/// # Errors
/// What keeps the copy from being whole.
pub fn run(options: &Backup) -> Result<ExitCode> {
    let folder = Folder::open(&options.data_dir)?;
    say(&options.to, &backup::take(&folder.store, &options.to)?)
}

/// Puts a backup where a chain is to be.
///
/// # Errors
/// What keeps the folder from being whole.
pub fn restore(options: &Restore) -> Result<ExitCode> {
    say(&options.data_dir, &backup::restore(&options.from, &options.data_dir)?)
}

fn say(to: &Path, manifest: &Manifest) -> Result<ExitCode> {
    let count = manifest.files.len();
    writeln!(std::io::stdout(), "{}: {count} files, block {} {}", to.display(), manifest.height, manifest.head)?;
    Ok(ExitCode::SUCCESS)
}

//! Data folders as a process may find them.

use anyhow::{Context as _, Result};
use pars_chain::engine::{Chain, Opening};
use pars_chain::state::audit::{Report, audit};
use pars_chain::state::meta::FORMAT;
use pars_chain::store::{Batch, Column, Durability, Store};
use pars_vm::store::rocks::Rocks;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Makes a folder with the first block of this genesis file, and says its id.
///
/// # Errors
/// When it cannot be made.
pub fn with_genesis(folder: &Path, genesis: &[u8]) -> Result<String> {
    Ok(Chain::open(Arc::new(Rocks::open(folder)?), &Opening::new(genesis))?.genesis().to_string())
}

/// Marks a folder as written by release 9.0.0, with the next format; that format.
///
/// # Errors
/// When it cannot be written.
pub fn with_newer_format(folder: &Path) -> Result<u32> {
    let mut batch = Batch::default();
    batch.put(Column::Meta, b"format".to_vec(), (FORMAT + 1).to_be_bytes().to_vec());
    batch.put(Column::Meta, b"release".to_vec(), b"9.0.0".to_vec());
    Rocks::open(folder)?.commit(batch, Durability::Synced)?;
    Ok(FORMAT + 1)
}

/// Checks everything in a folder against everything else in it.
///
/// # Errors
/// What does not agree.
pub fn check(folder: &Path) -> Result<Report> {
    Ok(audit(Rocks::open(folder)?.snapshot()?, u64::MAX)?)
}

/// Files whose names end so, in order.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Copies the files of a folder that nobody writes into a new one.
///
/// # Errors
/// When something cannot be read or written.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Turns over the bits of one byte.
///
/// # Errors
/// When the file is shorter.
pub fn flip(file: &Path, at: usize) -> Result<()> {
    let mut bytes = std::fs::read(file)?;
    let byte = bytes.get_mut(at).with_context(|| format!("{} has no byte {at}", file.display()))?;
    *byte = !*byte;
    Ok(std::fs::write(file, bytes)?)
}

//! `pars-vm prune`: history that the window has left behind, taken out of a stopped folder.

use crate::command::Prune;
use crate::command::progress::{Progress, bytes};
use crate::command::stop::Stop;
use crate::folder::Folder;
use anyhow::{Context as _, Result};
use pars_chain::state::prune::{Plan, Weight};
use pars_chain::store::{Column, Durability, Store};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Blocks whose history goes with one batch.
const BLOCKS_AT_ONCE: u64 = 64;
/// Where history is.
pub const COLUMNS: [Column; 2] = [Column::History, Column::Changes];

/// Removes, then gives the room back to the disk, and says how much that was.
///
/// # Errors
/// When the folder cannot be opened, read or written.
pub fn run(options: &Prune, stop: &Stop) -> Result<ExitCode> {
    let folder = Folder::open(&options.data_dir)?;
    let before = on_disk(&folder)?;
    let linked = linked(&folder.path)?;
    let mut plan = Plan::of(&folder.store, options.window)?;
    let (first, total) = (plan.oldest, plan.blocks());
    stop.work_in_steps();
    let mut progress = Progress::new("blocks");
    let mut removed = Weight::default();
    while !stop.came() {
        let Some((batch, weight, left)) = plan.step(&folder.store, BLOCKS_AT_ONCE)? else { break };
        folder.store.commit(batch, Durability::Synced)?;
        removed = removed.plus(weight);
        plan = left;
        progress.at(plan.oldest.saturating_sub(first), total);
    }
    progress.end();
    folder.store.compact(&COLUMNS)?;
    let after = on_disk(&folder)?;
    let mut out = std::io::stdout();
    writeln!(out, "states before block {} are gone", plan.oldest)?;
    writeln!(out, "removed: {} records, {} bytes", removed.records, removed.bytes)?;
    let freed = before.saturating_sub(after);
    writeln!(out, "history on the disk: {} before, {} after", bytes(before), bytes(after))?;
    writeln!(out, "freed: {freed} bytes")?;
    // What is replaced goes when the folder is closed.
    drop(folder);
    let held: Vec<u64> = linked.iter().filter(|(path, _)| !path.exists()).map(|(_, bytes)| *bytes).collect();
    if !held.is_empty() {
        let (count, room) = (held.len(), bytes(held.iter().sum()));
        writeln!(
            out,
            "{count} of the removed files, {room}, are also in a backup: the disk has that room when it goes too"
        )?;
    }
    if stop.came() {
        super::complain(&anyhow::anyhow!("stopped; the same command goes on from there"));
        return Ok(Stop::code());
    }
    Ok(ExitCode::SUCCESS)
}

/// Tables that have another name elsewhere, such as in a backup, and their bytes.
fn linked(folder: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut linked = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let about = entry.metadata()?;
        if about.is_file() && about.nlink() > 1 {
            linked.push((entry.path(), about.len()));
        }
    }
    Ok(linked)
}

/// Bytes that history has on the disk. Tables that are replaced go when the folder is closed.
fn on_disk(folder: &Folder) -> Result<u64> {
    let sizes = COLUMNS.iter().map(|column| folder.store.disk_bytes(*column));
    Ok(sizes.sum::<Result<u64, _>>()?)
}

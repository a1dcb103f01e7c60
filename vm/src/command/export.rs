//! `pars-vm export`: the blocks of a stopped folder into a file.

use crate::blockfile::{self, BlockFileError, Origin, Reader};
use crate::command::Export;
use crate::command::progress::Progress;
use crate::command::stop::Stop;
use crate::folder::stored::Stored;
use crate::folder::{Folder, parent, sync};
use alloy_primitives::{B256, keccak256};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use pars_chain::block::Header;
use pars_chain::store::{Column, Read};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::ExitCode;

/// Ending of a file that is not complete. It is renamed when it is.
const PART: &str = "part";
/// Bytes by which an interrupted file is known: some more than a beginning has.
const START_BYTES: u64 = 16;

/// Writes the file, or goes on with one that was interrupted.
///
/// # Errors
/// What keeps it from being complete.
pub fn run(options: &Export, stop: &Stop) -> Result<ExitCode> {
    let file = &options.file;
    ensure!(!file.exists(), "{} is there already: remove it, or choose another name", file.display());
    let folder = Folder::look(&options.data_dir)?;
    let read = folder.snapshot()?;
    let head = folder.head()?.height;
    let last = options.to.unwrap_or(head);
    ensure!(last <= head, "--to {last} is above the last block, which is {head}");
    let from = options.from;
    ensure!(from <= last.saturating_add(1), "--from {from} is above the last block to write, which is {last}");
    stop.work_in_steps();
    let part = file.with_added_extension(PART);
    let origin = origin(read.as_ref())?;
    let (out, next) = open(&part, &origin, from, read.as_ref())?;
    ensure!(
        next <= last.saturating_add(1),
        "{} has blocks up to {} already: remove it, or leave --to out",
        part.display(),
        next.saturating_sub(1)
    );
    let writing = || format!("writing {}", part.display());
    let mut out = BufWriter::with_capacity(1 << 20, out);
    let mut progress = Progress::new("blocks");
    for height in next..=last {
        if stop.came() {
            progress.end();
            out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all().with_context(writing)?;
            super::complain(&anyhow!("stopped before block {height}; the same command goes on from there"));
            return Ok(Stop::code());
        }
        let bytes = block(read.as_ref(), height)?;
        out.write_all(&blockfile::block(height, &bytes)).with_context(writing)?;
        progress.at(height.saturating_sub(from).saturating_add(1), last.saturating_sub(from).saturating_add(1));
    }
    out.write_all(&blockfile::end(last)).with_context(writing)?;
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all().with_context(writing)?;
    std::fs::rename(&part, file).with_context(|| format!("renaming {}", part.display()))?;
    sync(parent(file))?;
    progress.end();
    let count = last.saturating_add(1).saturating_sub(from);
    let id = id_of(read.as_ref(), last)?;
    writeln!(std::io::stdout(), "{}: {count} blocks, up to {last} {id}", file.display())?;
    Ok(ExitCode::SUCCESS)
}

/// What makes the chain.
fn origin(read: &dyn Read) -> Result<Origin> {
    let Stored { genesis, upgrade, host, airdrop, place } = Stored::read(read)?;
    Ok(Origin {
        genesis: genesis.into(),
        upgrade: upgrade.into(),
        host: host.into(),
        airdrop: airdrop.into(),
        network_id: place.network_id,
        blockchain_id: place.blockchain_id,
        genesis_id: id_of(read, 0)?,
    })
}

fn id_of(read: &dyn Read, height: u64) -> Result<B256> {
    let id = read.get(Column::Ids, &height.to_be_bytes())?;
    id.and_then(|id| B256::try_from(id.as_ref()).ok()).with_context(|| format!("the id of block {height} is missing"))
}

/// A block, as its id says.
fn block(read: &dyn Read, height: u64) -> Result<alloy_primitives::Bytes> {
    let bytes = read.get(Column::Blocks, &height.to_be_bytes())?;
    let bytes = bytes.with_context(|| format!("block {height} is missing; pars-vm verify says what else is wrong"))?;
    let id = Header::of_block(&bytes).ok().map(|header| header.id().0);
    ensure!(id == Some(id_of(read, height)?), "block {height} is damaged; pars-vm verify says what else is wrong");
    Ok(bytes)
}

/// A file with its beginning written, and the height of the block that comes next.
fn open(part: &Path, origin: &Origin, from: u64, read: &dyn Read) -> Result<(File, u64)> {
    let name = || part.display().to_string();
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(part).with_context(name)?;
    let other = || format!("{} is of another chain, or of another --from: remove it, or choose another name", name());
    let (begun, whole) = match Reader::open(BufReader::new(&file)) {
        Ok((begun, mut reader)) => {
            ensure!(begun == *origin && reader.from() == from, other());
            let mut last = None;
            let ended = loop {
                match reader.next_block() {
                    Ok(Some(block)) => last = Some(block),
                    Ok(None) => break true,
                    // The rest is written again.
                    Err(BlockFileError::Io(error)) => return Err(error).with_context(name),
                    Err(_) => break false,
                }
            };
            if let Some(last) = &last {
                ensure!(block(read, last.height).is_ok_and(|ours| keccak256(&ours) == keccak256(&last.bytes)), other());
            }
            if ended {
                super::complain(&anyhow!("{} was complete and is written on", name()));
            }
            (Some(reader.next_height()), reader.whole_bytes())
        }
        // It was interrupted before anything was there.
        Err(BlockFileError::Origin) => (None, 0),
        Err(BlockFileError::Foreign) => {
            let mut start = Vec::new();
            File::open(part)?.take(START_BYTES).read_to_end(&mut start).with_context(name)?;
            ensure!(blockfile::begins(&start), "{} is there, and no export left it: move it away", name());
            (None, 0)
        }
        Err(error) => bail!("{}: {error}", name()),
    };
    file.set_len(whole).with_context(name)?;
    file.seek(SeekFrom::End(0)).with_context(name)?;
    match begun {
        Some(next) => Ok((file, next)),
        None => {
            file.write_all(&blockfile::beginning(origin, from)).with_context(name)?;
            Ok((file, from))
        }
    }
}

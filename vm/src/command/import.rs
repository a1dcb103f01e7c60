//! `pars-vm import`: blocks of a file into a folder, through parse, verify and accept.

use crate::again;
use crate::blockfile::{Exported, Origin, Reader};
use crate::command::Import;
use crate::command::progress::Progress;
use crate::command::stop::Stop;
use crate::folder::Folder;
use crate::folder::stored::Stored;
use alloy_primitives::B256;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use pars_chain::block::BlockId;
use pars_chain::engine::{Chain, OpenError};
use pars_chain::execution::executor::Place;
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::state::commit::History;
use pars_chain::state::meta;
use pars_chain::store::{Column, Read, Store};
use std::fs::File;
use std::io::{BufReader, Write};
use std::process::ExitCode;
use std::sync::Arc;

/// Takes the blocks that the folder does not have yet.
///
/// # Errors
/// Names the block that is not taken. What came before it stays.
pub fn run(options: &Import, stop: &Stop) -> Result<ExitCode> {
    let name = options.file.display();
    let file = File::open(&options.file).with_context(|| name.to_string())?;
    // None is known of a pipe.
    let bytes = file.metadata().with_context(|| name.to_string())?.len();
    let (origin, mut reader) =
        Reader::open(BufReader::with_capacity(1 << 20, file)).with_context(|| name.to_string())?;
    let folder = Folder::open_or_make(&options.data_dir)?;
    let store: Arc<dyn Store> = Arc::new(folder.store.clone());
    let is_new = meta::format(store.as_ref())?.is_none();
    let before = if is_new { None } else { Some(Stored::read(store.as_ref())?) };
    let genesis_id = BlockId(origin.genesis_id);
    let check_genesis = |ours: BlockId| {
        ensure!(
            ours == genesis_id,
            "{name} is of the chain with genesis {genesis_id}, and {} holds the one with genesis {ours}",
            folder.path.display()
        );
        Ok(())
    };
    if before.is_some() {
        check_genesis(first_block(store.as_ref())?)?;
    }
    let history = if options.archive { History::Archive } else { History::Pruned(HISTORY_WINDOW) };
    let place = || folder.path.display().to_string();
    check_history(&folder, is_new, options.archive).with_context(place)?;
    let begins = if is_new { 0 } else { folder.head()?.height };
    let from = reader.from();
    let follows = || {
        ensure!(
            from <= begins.saturating_add(1),
            "{name} begins with block {from}, and {} ends with block {begins}",
            place()
        );
        Ok(())
    };
    let mut first = None;
    if !is_new {
        follows()?;
        stop.work_in_steps();
        let new = first_new(store.as_ref(), begins, &mut reader, stop);
        first = new.with_context(|| format!("{name}: 0 blocks were taken, the last one is {begins}"))?;
    }
    let stored = match before {
        // Without blocks to take, the folder goes on with what it has: the file may be an older one.
        Some(ref before) if first.is_none() => before.clone(),
        _ => made_of(origin, before.as_ref()),
    };
    // The blocks were made under the file's upgrades. Opening checks that they differ only ahead of the folder's head.
    let upgrades_differ =
        before.is_some_and(|before| (&before.upgrade, &before.host) != (&stored.upgrade, &stored.host));
    let mut chain = match Chain::open(store, &stored.opening(history)?) {
        Err(error @ OpenError::Incompatible(_)) if upgrades_differ => {
            return Err(error).with_context(|| {
                format!("the upgrades in {name} are not those that {} was last opened with, and differ behind its last block", place())
            });
        }
        opened => opened.with_context(place)?,
    };
    check_genesis(chain.genesis())?;
    if upgrades_differ {
        super::complain(&anyhow!("the upgrades in {name} hold in {} from now on, instead of those it had", place()));
    }
    if is_new {
        follows()?;
        stop.work_in_steps();
    }
    let mut progress = Progress::new("bytes");
    let taken = take(&mut chain, first, &mut reader, stop, |at| progress.at(at, bytes));
    progress.end();
    // Also where a block was refused: what came before it stays.
    chain.sync()?;
    let (height, id) = (chain.head().height(), chain.head().id());
    let count = height.saturating_sub(begins);
    match taken.with_context(|| format!("{name}: {count} blocks were taken, the last one is {height}"))? {
        Ended::Stopped => {
            super::complain(&anyhow!("stopped after block {height}; the same command goes on from there"));
            Ok(Stop::code())
        }
        Ended::Complete => {
            writeln!(std::io::stdout(), "{}: {count} blocks were taken, the head is {height} {id}", place())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What makes the chain of a file, in the place that the folder has where there is one.
fn made_of(origin: Origin, before: Option<&Stored>) -> Stored {
    let place = Place { network_id: origin.network_id, blockchain_id: origin.blockchain_id };
    let [genesis, upgrade, host, airdrop] =
        [origin.genesis, origin.upgrade, origin.host, origin.airdrop].map(|bytes| bytes.0);
    Stored { genesis, upgrade, host, airdrop, place: before.map_or(place, |before| before.place) }
}

fn first_block(read: &dyn Read) -> Result<BlockId> {
    let id = read.get(Column::Ids, &0_u64.to_be_bytes())?;
    let id = id.and_then(|id| B256::try_from(id.as_ref()).ok()).context("the id of the first block is missing")?;
    Ok(BlockId(id))
}

enum Ended {
    Complete,
    Stopped,
}

/// The first block that the folder does not have. None where the file has none, or a signal came.
fn first_new(
    read: &dyn Read,
    head: u64,
    reader: &mut Reader<BufReader<File>>,
    stop: &Stop,
) -> Result<Option<Exported>> {
    while let Some(exported) = reader.next_block()? {
        if exported.height > head || stop.came() {
            return Ok(Some(exported).filter(|exported| exported.height > head));
        }
        let ours = read.get(Column::Blocks, &exported.height.to_be_bytes())?;
        ensure!(
            ours.as_ref() == Some(&exported.bytes),
            "block {}: the folder has another block there",
            exported.height
        );
    }
    Ok(None)
}

/// Takes this block and those after it.
fn take(
    chain: &mut Chain,
    first: Option<Exported>,
    reader: &mut Reader<BufReader<File>>,
    stop: &Stop,
    mut at: impl FnMut(u64),
) -> Result<Ended> {
    let mut next = first;
    loop {
        let Some(exported) = next.take().map_or_else(|| reader.next_block(), |first| Ok(Some(first)))? else {
            return Ok(if stop.came() { Ended::Stopped } else { Ended::Complete });
        };
        if stop.came() {
            return Ok(Ended::Stopped);
        }
        let height = exported.height;
        take_block(chain, exported).with_context(|| format!("block {height}"))?;
        at(reader.whole_bytes());
    }
}

fn take_block(chain: &mut Chain, Exported { height, bytes }: Exported) -> Result<()> {
    if height <= chain.head().height() {
        let ours = chain.head().block_bytes(height)?;
        ensure!(ours.as_ref() == Some(&bytes), "the folder has another block there");
        return Ok(());
    }
    Ok(again::accept(chain, bytes)?)
}

/// A folder of one kind of history is not gone on with as the other.
fn check_history(folder: &Folder, is_new: bool, archive: bool) -> Result<()> {
    if is_new {
        return Ok(());
    }
    let (oldest, height) = (meta::oldest(&folder.store)?, folder.head()?.height);
    if archive && oldest > 0 {
        bail!("its states before block {oldest} are gone: leave --archive out, or choose another folder");
    }
    if !archive && height.saturating_sub(oldest) > HISTORY_WINDOW {
        bail!("it keeps more states than a pruned folder: give --archive, or choose another folder");
    }
    Ok(())
}

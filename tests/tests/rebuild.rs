//! A store made anew from the blocks of another: the same chain up to there, whatever interrupts it.

use alloy_primitives::Address;
use anyhow::{Context as _, Result, bail, ensure};
use pars_chain::block::{Block, BlockId, Header};
use pars_chain::engine::{Chain, Opening, Verdict};
use pars_chain::state::audit::audit;
use pars_chain::state::commit::History;
use pars_chain::state::meta::{Head, head, set_head};
use pars_chain::store::{Batch, Column, Durability, Store};
use pars_vm::follow::{self, FollowError};
use pars_vm::rebuild::{Rebuild, RebuildError, abandon, finish};
use pars_vm::replay::record::Record;
use pars_vm::store::rocks::Rocks;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A chain with precompiles switched on and off, a state upgrade, and storage that is wiped.
const RECORD: &str = "vectors/subnet-evm/precompiles-12.json.gz";
const WINDOW: u64 = 16;
/// Further back than the window from the end.
const TO: u64 = 60;

#[test]
fn it_takes_the_place_of_the_old_one() -> Result<()> {
    let world = World::new()?;
    std::fs::write(world.folder.join("kept"), "as it was")?;
    world.rebuild(&AtomicBool::new(false))?;
    ensure!(std::fs::read_to_string(world.folder.join("kept"))? == "as it was");
    world.is_whole_at(TO)
}

/// A stop is heeded at the next block, loses nothing, and what was done is not done again.
#[test]
fn it_stops_and_goes_on() -> Result<()> {
    let world = World::new()?;
    let last = u64::try_from(world.record.blocks.len())? - 1;
    let Err(RebuildError::Stopped { at: 0, to: TO }) = world.rebuild(&AtomicBool::new(true)) else {
        bail!("it did not stop at once");
    };
    let mut reached = 0;
    for pause_ms in [5, 10, 20] {
        let stop = AtomicBool::new(false);
        let stopped = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(pause_ms));
                stop.store(true, Ordering::Relaxed);
            });
            world.rebuild(&stop)
        });
        match stopped {
            Err(RebuildError::Stopped { at, .. }) => {
                ensure!(at >= reached, "it is at {at}, and was at {reached}");
                reached = at;
            }
            Ok(()) => return world.is_whole_at(TO),
            Err(error) => return Err(error.into()),
        }
        let opening = world.opening();
        let chain = Chain::open(Arc::new(Rocks::open(&world.folder)?), &opening)?;
        ensure!(chain.head().height() == last, "the old store was changed");
    }
    let since = Instant::now();
    world.rebuild(&AtomicBool::new(false))?;
    println!("stopped at {reached}, and the rest took {:?}", since.elapsed());
    world.is_whole_at(TO)
}

/// The host's database was put back further while the state was computed: what came too far is no way there, and the chain
/// never ends up above its host. Nor is what a broken disk left of it.
#[test]
fn what_is_not_on_the_way_begins_again() -> Result<()> {
    let world = World::new()?;
    world.follow(&world.beside("rebuild"), 31)?;
    world.rebuild_to(10, &AtomicBool::new(false))?;
    world.is_whole_at(10)?;

    let world = World::new()?;
    std::fs::create_dir(world.beside("rebuild"))?;
    std::fs::write(world.beside("rebuild").join("000012.sst"), "x")?;
    world.rebuild(&AtomicBool::new(false))?;
    world.is_whole_at(TO)?;

    // As high as it may be, with another last block than the accepted one.
    let world = World::new()?;
    world.follow(&world.beside("rebuild"), 21)?;
    let store = Rocks::open(&world.beside("rebuild"))?;
    let ours = Block::decode(world.record.blocks.get(20).context("a block")?.rlp.clone())?;
    let other = Header { coinbase: Address::repeat_byte(0x5a), ..ours.header.clone() };
    let other = Block::new(other, ours.transactions.clone());
    let height = ours.height().to_be_bytes();
    let mut batch = Batch::default();
    batch.put(Column::Blocks, height.to_vec(), other.bytes().clone());
    batch.put(Column::Ids, height.to_vec(), other.id().0.to_vec());
    batch.delete(Column::Heights, ours.id().0.to_vec());
    batch.put(Column::Heights, other.id().0.to_vec(), height.to_vec());
    set_head(&mut batch, Head { height: ours.height(), id: other.id() });
    store.commit(batch, Durability::Synced)?;
    drop(Chain::open(Arc::new(store), &world.opening()).context("it is a chain of its own")?);
    world.rebuild(&AtomicBool::new(false))?;
    world.is_whole_at(TO)
}

/// What keeps the new store from being opened for now is no reason to throw it away: it has hours of work in it.
#[test]
fn what_does_not_open_for_now_stays() -> Result<()> {
    let world = World::new()?;
    let fresh = world.beside("rebuild");
    world.follow(&fresh, 31)?;
    let held = Rocks::open(&fresh)?;
    let error = world.rebuild(&AtomicBool::new(false)).err().context("it is in use")?.to_string();
    ensure!(error.contains("is in use by"), "{error}");
    ensure!(head(&held)?.height == 30, "what was computed is gone");
    drop(held);
    ensure!(head(&Rocks::open(&fresh)?)?.height == 30, "what was computed is gone");
    world.rebuild(&AtomicBool::new(false))?;
    world.is_whole_at(TO)
}

/// A rewind that is stopped ends in order, with a whole chain at some height on the way, and the next start goes on.
#[test]
fn a_rewind_stops_and_goes_on() -> Result<()> {
    let world = World::new()?;
    let last = u64::try_from(world.record.blocks.len())? - 1;
    let to = last - 10;
    let noted = world.record.blocks.get(usize::try_from(to)?).context("a block")?;
    let noted = Some(Head { height: to, id: BlockId(noted.hash) });
    let opening = world.opening();
    let open = |stop: bool| follow::open(&world.folder, &[], &opening, noted, &AtomicBool::new(stop));
    for _ in 0..2 {
        match open(true) {
            Err(error @ FollowError::Stopped { .. }) => {
                let words = format!("at block {last} of {to}: the next start goes on from there");
                ensure!(error.to_string().ends_with(&words), "{error}");
            }
            other => bail!("it did not stop: {other:?}"),
        }
        world.is_whole_at(last)?;
    }
    let followed = open(false)?;
    ensure!(followed.chain.head().height() == to && !followed.taken_back.is_empty());
    drop(followed);
    world.is_whole_at(to)
}

/// A block that is not the accepted one is refused by its name, and the old store stays.
#[test]
fn it_refuses_blocks_that_do_not_follow() -> Result<()> {
    let world = World::new()?;
    let store = Rocks::open(&world.folder)?;
    let mut batch = Batch::default();
    let other = world.record.blocks.get(31).context("a block")?.rlp.clone();
    batch.put(Column::Blocks, 30_u64.to_be_bytes().to_vec(), other);
    store.commit(batch, Durability::Synced)?;
    drop(store);
    let error = world.rebuild(&AtomicBool::new(false)).err().context("it was taken")?.to_string();
    ensure!(error.starts_with("stored block 0x") && error.contains(" at 30 is refused: "), "{error}");
    ensure!(world.folder.exists() && world.beside("rebuild").exists());
    abandon(&world.folder)?;
    ensure!(world.folder.exists() && !world.beside("rebuild").exists());
    Ok(())
}

#[test]
fn nothing_to_finish() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("store");
    finish(&store)?;
    abandon(&store)?;
    ensure!(!store.exists());
    // What was replaced is all there is: it stays.
    let replaced = store.with_added_extension("replaced");
    std::fs::create_dir(&replaced)?;
    std::fs::write(replaced.join("CURRENT"), "MANIFEST-1")?;
    let refused = finish(&store).err().context("there is nothing to put in its place")?;
    ensure!(refused.to_string().contains("store"), "{refused}");
    ensure!(replaced.join("CURRENT").exists() && !store.exists());
    Ok(())
}

struct World {
    _temporary: TempDir,
    folder: PathBuf,
    record: Record,
}

impl World {
    /// The recorded chain, pruned, in a folder.
    fn new() -> Result<Self> {
        let temporary = tempfile::tempdir()?;
        let folder = temporary.path().join("store");
        let record = Record::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD))?;
        let world = Self { _temporary: temporary, folder, record };
        world.follow(&world.folder, world.record.blocks.len())?;
        Ok(world)
    }

    /// Accepts so many recorded blocks, with genesis, in a folder.
    fn follow(&self, folder: &Path, blocks: usize) -> Result<()> {
        let mut chain = Chain::open(Arc::new(Rocks::open(folder)?), &self.opening())?;
        for recorded in self.record.blocks.iter().take(blocks).skip(1) {
            let block = chain.parse(recorded.rlp.clone())?;
            let context =
                pars_chain::engine::Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
            ensure!(chain.verify(&block, context)? == Verdict::Valid, "block {}", recorded.number);
            chain.accept(block.id(), Durability::Buffered)?;
        }
        Ok(())
    }

    fn opening(&self) -> Opening<'_> {
        self.record.opening(History::Pruned(WINDOW))
    }

    fn rebuild(&self, stop: &AtomicBool) -> Result<(), RebuildError> {
        self.rebuild_to(TO, stop)
    }

    fn rebuild_to(&self, to: u64, stop: &AtomicBool) -> Result<(), RebuildError> {
        let opening = self.opening();
        let old = Chain::open(Arc::new(Rocks::open(&self.folder).expect("it opens")), &opening)?;
        let head = old.head().clone();
        drop(old);
        Rebuild { opening: &opening, folder: &self.folder, keep: &["kept"], to, stop }.run(head)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.folder.with_extension(ending)
    }

    fn is_whole_at(&self, height: u64) -> Result<()> {
        for left in ["rebuild", "replaced"] {
            ensure!(!self.beside(left).exists(), "{left} is left");
        }
        let store = Rocks::open(&self.folder)?;
        let chain = Chain::open(Arc::new(store.clone()), &self.opening())?;
        let recorded = self.record.blocks.get(usize::try_from(height)?).context("a block")?;
        ensure!(chain.head().height() == height && chain.head().id().0 == recorded.hash, "{:?}", chain.head());
        ensure!(audit(store.snapshot()?, WINDOW)?.height == height);
        Ok(())
    }
}

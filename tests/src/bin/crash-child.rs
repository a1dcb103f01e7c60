//! Accepts the blocks of a recorded chain on a RocksDB store and says each height as soon as its accept is answered.
//! The crash test starts it, and kills it somewhere on the way.

use anyhow::{Context as _, Result, bail};
use pars_chain::engine::{Chain, Context, Verdict};
use pars_chain::state::commit::History;
use pars_chain::store::Durability;
use pars_vm::replay::record::Record;
use pars_vm::store::rocks::Rocks;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [record, folder, window] = arguments.as_slice() else { bail!("usage: crash-child RECORD FOLDER WINDOW") };
    let record = Record::read(Path::new(record))?;
    let store = Arc::new(Rocks::open(Path::new(folder))?);
    let mut chain = Chain::open(store, &record.opening(History::Pruned(window.parse()?)))?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", chain.head().height())?;
    for recorded in record.blocks.iter().skip(1) {
        if recorded.number <= chain.head().height() {
            continue;
        }
        let block = chain.parse(recorded.rlp.clone())?;
        let context = Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
        match chain.verify(&block, context)? {
            Verdict::Valid => {}
            Verdict::Invalid(reason) => bail!("block {}: {reason}", recorded.number),
            Verdict::Needs(needs) => bail!("block {} needs {needs:?}", recorded.number),
        }
        chain.accept(block.id(), Durability::Synced)?.context("it was accepted already")?;
        writeln!(out, "{}", recorded.number)?;
        out.flush()?;
    }
    Ok(())
}

//! Blocks that call everything that rows do, over a folder that is closed and opened again after every step: whatever a
//! start executes anew comes to the state that was known.

#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests of rows")]
#[path = "../../precompiles/tests/pure/calling.rs"]
mod calling;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../crypto/tests/support/load.rs"]
mod load;
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests of rows")]
#[path = "../../precompiles/tests/pure/operations.rs"]
mod operations;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../vm/chain/tests/support"]
mod support {
    pub(crate) mod context;
    pub(crate) mod everything;
    pub(crate) mod files;
    pub(crate) mod wallet;
    pub(crate) mod world;
}
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../crypto/tests/support/vectors.rs"]
mod vectors;

use pars_chain::engine::{Chain, Verdict};
use pars_chain::state::audit::audit;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Store};
use pars_vm::store::rocks::Rocks;
use std::path::Path;
use std::sync::Arc;
use support::context::at_its_time;
use support::everything::{STATE_ROOT, files, root, run};
use support::world::World;

/// Longer than the chain.
const WINDOW: u64 = 16;

fn open(folder: &Path) -> (Arc<dyn Store>, Chain) {
    let store: Arc<dyn Store> = Arc::new(Rocks::open(folder).expect("RocksDB opens what it closed"));
    let chain = files().open(Arc::clone(&store), History::Pruned(WINDOW));
    (store, chain)
}

#[test]
fn every_start_comes_to_the_known_state() {
    let blocks = run(&mut World::new(&files()));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut starts = 0;
    for sealed in &blocks {
        let bytes = sealed.block.bytes();
        // What was verified and not accepted is forgotten, and executed once more by the next start.
        for accepts in [false, true] {
            let (_, mut chain) = open(folder.path());
            let block = chain.parse(bytes.clone()).expect("a built block decodes");
            assert_eq!(chain.verify(&block, at_its_time(&block)), Ok(Verdict::Valid));
            if accepts {
                chain.accept(block.id(), Durability::Synced).expect("the disk takes it");
            }
            starts += 1;
        }
        let (_, chain) = open(folder.path());
        assert_eq!(chain.head().header(), &sealed.block.header);
        starts += 1;
    }
    let (store, chain) = open(folder.path());
    assert_eq!(chain.head().header().state_root, STATE_ROOT);
    assert_eq!(root(&blocks), STATE_ROOT);
    drop(chain);
    audit(store.snapshot().expect("a snapshot"), WINDOW).expect("all records agree");
    println!("{} blocks, {} starts, state root {STATE_ROOT}", blocks.len(), starts + 1);
}

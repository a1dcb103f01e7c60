//! Blocks that call everything come to one state root: in each build and with each implementation in use, in two threads
//! and in two processes at the same time. The root is known, so every run compares itself with all others.

#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests of rows")]
#[path = "../../../precompiles/tests/pure/calling.rs"]
mod calling;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../../crypto/tests/support/load.rs"]
mod load;
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests of rows")]
#[path = "../../../precompiles/tests/pure/operations.rs"]
mod operations;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "support"]
mod support {
    pub(crate) mod context;
    pub(crate) mod everything;
    pub(crate) mod files;
    pub(crate) mod wallet;
    pub(crate) mod world;
}
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../../crypto/tests/support/vectors.rs"]
mod vectors;

use alloy_primitives::B256;
use std::process::{Command, Stdio};
use support::everything::{STATE_ROOT, files, root, run};
use support::world::World;

/// Executes all blocks twice: on the chain that builds them, and on the one that verifies them.
fn computed() -> B256 {
    root(&run(&mut World::new(&files())))
}

#[test]
fn this_build_comes_to_it() {
    let blocks = run(&mut World::new(&files()));
    for sealed in &blocks {
        let (header, calls) = (&sealed.block.header, sealed.receipts.len());
        println!("{calls} calls, {} gas, state root {}", header.gas_used, header.state_root);
    }
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    println!(
        "a {build} build, with {} and {}",
        pars_crypto::mldsa::chosen().name(),
        pars_crypto::slhdsa::chosen().name()
    );
    assert_eq!(root(&blocks), STATE_ROOT);
}

#[test]
fn two_threads_come_to_it_at_the_same_time() {
    let roots = std::thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(computed));
        threads.map(|thread| thread.join().expect("it has ended"))
    });
    assert_eq!(roots, [STATE_ROOT; 2]);
}

#[test]
fn process_two_come_to_it_at_the_same_time() {
    let program = std::env::current_exe().expect("its path");
    let processes = [(); 2].map(|()| {
        let mut command = Command::new(&program);
        command.args(["--exact", "this_build_comes_to_it", "--nocapture"]);
        command.stdout(Stdio::piped()).spawn().expect("it starts")
    });
    for process in processes {
        let out = process.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success() && said.contains(&STATE_ROOT.to_string()), "{said}");
    }
}

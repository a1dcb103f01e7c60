//! The shell of the Pars EVM: everything that touches the world. It moves bytes and time into [`pars_chain`] and out.
//!
//! | file | what lives there |
//! |---|---|
//! | `command.rs` | the command line |
//! | `plugin.rs` | a host's calls, translated |
//! | `dev.rs` | the one-node chain for developers |
//! | `replay.rs` | recorded chains, compared block by block |
//! | `node.rs` | a chain that runs: thread, pool, waiting |
//! | `engine.rs` | the one thread that owns the chain |
//! | `journal.rs`, `keeper.rs` | submitted transactions over a restart; what happens every second and minute |
//! | `rpc.rs`, `rpc/` | JSON-RPC |
//! | `store/rocks.rs` | the store over RocksDB |
//! | `config.rs`, `log.rs`, `clock.rs` | configuration, log, time |

pub mod clock;
pub mod command;
pub mod config;
pub mod dev;
pub mod engine;
pub mod journal;
pub mod keeper;
pub mod log;
pub mod node;
pub mod plugin;
pub mod replay;
pub mod rpc;
pub mod store;

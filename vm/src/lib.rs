//! The shell of the Pars EVM: everything that touches the world. It moves bytes and time into [`pars_chain`] and out.
//!
//! | file | what lives there |
//! |---|---|
//! | `command.rs`, `command/` | the command line; a file a command |
//! | `plugin.rs`, `plugin/health.rs`, `plugin/overlay.rs`, `exit.rs` | a host's calls, translated; what the host hears of the node's health; the overlay in the place of its network; the end of the process |
//! | `dev.rs` | the one-node chain for developers |
//! | `replay.rs` | recorded chains, compared block by block |
//! | `node.rs` | a chain that runs: thread, pool, waiting |
//! | `engine.rs` | the one thread that owns the chain |
//! | `truth.rs` | the last accepted block in the host's database |
//! | `follow.rs` | opening the store, and following that note |
//! | `again.rs` | blocks that were accepted once, accepted again |
//! | `rebuild.rs` | a store made anew from the blocks of another |
//! | `blocks.rs` | accepted blocks as readers need them, decoded |
//! | `arrivals.rs` | transactions as they become executable |
//! | `gossip.rs`, `gossip/` | transactions between nodes |
//! | `journal.rs`, `journal/`, `keeper.rs` | submitted transactions over a restart; what happens every second and minute |
//! | `metrics.rs`, `metrics/` | what is measured |
//! | `rpc.rs`, `rpc/` | JSON-RPC |
//! | `testhost.rs`, `testhost/` | hosts for tests, and a plugin under each of them |
//! | `store/rocks.rs` | the store over RocksDB |
//! | `folder.rs`, `folder/` | the data folder of a chain that is not running |
//! | `blockfile.rs` | the file of exported blocks |
//! | `backup.rs` | a copy of a store, and the way back |
//! | `config.rs`, `log.rs`, `clock.rs`, `version.rs` | configuration, log, time, what the program says about itself |
//!
//! What needs RocksDB is behind the feature `disk`, which only fuzz targets leave out.

#[cfg(feature = "disk")]
pub mod again;
pub mod arrivals;
#[cfg(feature = "disk")]
pub mod backup;
pub mod blockfile;
pub mod blocks;
pub mod clock;
pub mod command;
pub mod config;
#[cfg(feature = "disk")]
pub mod dev;
pub mod engine;
#[cfg(feature = "disk")]
pub mod exit;
#[cfg(feature = "disk")]
pub mod folder;
#[cfg(feature = "disk")]
pub mod follow;
pub mod gossip;
pub mod journal;
pub mod keeper;
pub mod log;
pub mod metrics;
pub mod node;
#[cfg(feature = "disk")]
pub mod plugin;
#[cfg(feature = "disk")]
pub mod rebuild;
#[cfg(feature = "disk")]
pub mod replay;
pub mod rpc;
#[cfg(feature = "disk")]
pub mod store;
#[cfg(feature = "disk")]
pub mod testhost;
pub mod truth;
pub mod version;

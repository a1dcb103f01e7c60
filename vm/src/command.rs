//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Pars EVM: a plugin for avalanchego and luxd, and a one-node chain for developers.
#[derive(Debug, Parser)]
#[command(name = "pars-vm", version = VERSION, after_help = ABOUT_PLUGIN)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " [rpcchainvm=45]");

const ABOUT_PLUGIN: &str = "Started by a host (avalanchego), it is the plugin: put it into the host's plugin folder
under the id of its VM. Without a command and without a host it says so and exits.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Replay recorded chains and compare every block with the record.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay(Replay),
    /// Run a whole one-node chain on this machine, for developers.
    #[command(after_help = DEV_EXAMPLES)]
    Dev(Dev),
}

const DEV_EXAMPLES: &str = "Examples:
  pars-vm dev
  pars-vm dev --data-dir ./chain --port 9545
  cast send --rpc-url http://127.0.0.1:8545 --value 1ether --private-key KEY ADDRESS";

/// `pars-vm dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// Keep the chain in this folder, and go on with it next time. Without it the chain is in memory.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Port of JSON-RPC on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 8545)]
    pub port: u16,
}

const REPLAY_EXAMPLES: &str = "Examples:
  pars-vm replay tests/vectors/subnet-evm/classic-11.json.gz
  pars-vm replay --store rocksdb --history pruned tests/vectors/subnet-evm/*.json.gz
  pars-vm replay --answers tests/vectors/rpc-subnet-evm/*.json.gz";

/// `pars-vm replay`.
#[derive(Debug, Clone, Args)]
pub struct Replay {
    /// Recorded chains, gzipped JSON.
    #[arg(required = true, value_name = "FILE.json.gz")]
    pub files: Vec<PathBuf>,
    /// Ask every recorded JSON-RPC question of the files again, with all history kept, and compare the answers.
    #[arg(long)]
    pub answers: bool,
    /// With --answers: how many differences are printed whole.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub show: usize,
    /// Where the state is kept.
    #[arg(long, value_enum, default_value_t = StoreKind::Memory)]
    pub store: StoreKind,
    /// Folder of the rocksdb store, new or of the same chain; a temporary one by default.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// How much history is kept.
    #[arg(long, value_enum, default_value_t = HistoryKind::Pruned)]
    pub history: HistoryKind,
    /// Blocks of history behind the head where it is pruned.
    #[arg(long, value_name = "BLOCKS", default_value_t = pars_chain::limits::HISTORY_WINDOW)]
    pub window: u64,
}

/// A body of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// In memory.
    Memory,
    /// On disk.
    Rocksdb,
}

/// How much history is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HistoryKind {
    /// All.
    Archive,
    /// A window behind the head.
    Pruned,
}

/// Prints an error and its causes on standard error.
pub fn complain(error: &anyhow::Error) {
    use std::io::Write;
    // Nobody is left to tell when standard error is closed.
    drop(writeln!(std::io::stderr(), "pars-vm: {error:#}"));
}

//! The command line.

use crate::config::value::parse_duration;
use crate::version;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Pars EVM: a plugin for avalanchego and luxd, and a one-node chain for developers.
#[derive(Debug, Parser)]
#[command(name = "pars-vm", version = version::TEXT.as_str(), after_help = ABOUT_PLUGIN)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

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
    /// Print the version, and what hosts ask for: protocol numbers and the schemas of the wire.
    Version(Version),
}

/// `pars-vm version`.
#[derive(Debug, Clone, Args)]
pub struct Version {
    /// As one JSON object.
    #[arg(long)]
    pub json: bool,
}

const DEV_EXAMPLES: &str = "Examples:
  pars-vm dev
  pars-vm dev --data-dir ./chain --port 9545
  pars-vm dev --block-time 2s
  pars-vm dev --genesis genesis.json --upgrade upgrade.json --archive
  cast send --rpc-url http://127.0.0.1:8545 --value 1ether --private-key KEY ADDRESS

Blocks have transactions in them: without any there is no block, whatever --block-time says.
It stops with Ctrl-C.";

/// `pars-vm dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// Keep the chain in this folder, and go on with it next time. Without it the chain is in memory.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Port of JSON-RPC on loopback, HTTP and WebSocket; 0 takes a free one.
    #[arg(long, default_value_t = 8545)]
    pub port: u16,
    /// Seal a block in each interval that has transactions, instead of at once: milliseconds, or a duration such as 2s.
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub block_time: Option<Duration>,
    /// Genesis file of the chain, instead of the one that is built in. No test account gets coins then.
    #[arg(long, value_name = "FILE")]
    pub genesis: Option<PathBuf>,
    /// Upgrade file of that chain.
    #[arg(long, value_name = "FILE", requires = "genesis")]
    pub upgrade: Option<PathBuf>,
    /// Keep all states, not only those of the last 1,024 blocks.
    #[arg(long)]
    pub archive: bool,
    /// Accounts with coins, 1 to 100. They are part of the first block: another number is another chain.
    #[arg(long, value_name = "N", default_value_t = 10, conflicts_with = "genesis",
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub accounts: u32,
}

/// Milliseconds, or a duration with its unit.
fn interval(text: &str) -> Result<Duration, String> {
    let read = text.parse().ok().map(Duration::from_millis).or_else(|| parse_duration(text));
    let within = |interval: &Duration| (INTERVAL_MIN..=INTERVAL_MAX).contains(interval);
    read.filter(within)
        .ok_or_else(|| "expected milliseconds or a duration such as 500ms or 2s, from 1ms to 1h".to_owned())
}

const INTERVAL_MIN: Duration = Duration::from_millis(1);
const INTERVAL_MAX: Duration = Duration::from_secs(3_600);

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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn dev(arguments: &[&str]) -> Result<Dev, String> {
        let all = ["pars-vm", "dev"].iter().chain(arguments);
        match Options::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Some(Command::Dev(dev)) => Ok(dev),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_holds_together() {
        Options::command().debug_assert();
    }

    #[test]
    fn intervals() {
        for (text, millis) in [("1", 1), ("250", 250), ("2s", 2_000), ("1.5s", 1_500), ("1h", 3_600_000)] {
            assert_eq!(interval(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["0", "0s", "-1", "2 s", "2x", "", "3600001", "999us"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_does_not_go_together() {
        assert_eq!(dev(&[]).map(|dev| (dev.port, dev.accounts, dev.block_time)), Ok((8545, 10, None)));
        for (arguments, text) in [
            (vec!["--accounts", "0"], "0 is not in 1..=100"),
            (vec!["--accounts", "101"], "101 is not in 1..=100"),
            (vec!["--accounts", "5", "--genesis", "x"], "cannot be used with"),
            (vec!["--upgrade", "x"], "--genesis <FILE>"),
            (vec!["--block-time", "0"], "from 1ms to 1h"),
        ] {
            let refused = dev(&arguments).expect_err("refused");
            assert!(refused.contains(text), "{refused}");
        }
        assert!(dev(&["--genesis", "x", "--upgrade", "y", "--archive", "--block-time", "1s"]).is_ok());
    }
}

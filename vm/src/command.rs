//! The command line: the table of commands and their options. Each command is a file of its own.

#[cfg(feature = "disk")]
pub mod backup;
#[cfg(feature = "disk")]
pub mod doctor;
#[cfg(feature = "disk")]
pub mod export;
pub mod genesis;
#[cfg(feature = "disk")]
pub mod import;
#[cfg(feature = "disk")]
pub mod inspect;
#[cfg(feature = "disk")]
pub mod install;
#[cfg(feature = "disk")]
pub mod overlay;
pub mod progress;
#[cfg(feature = "disk")]
pub mod prune;
#[cfg(feature = "disk")]
pub mod stop;
#[cfg(feature = "disk")]
pub mod testhost;
#[cfg(feature = "disk")]
pub mod verify;

use crate::config::value::parse_duration;
use crate::version;
use alloy_primitives::{Address, B256};
use clap::{Args, Parser, Subcommand, ValueEnum};
use pars_host::{Id, NodeId};
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
    #[command(after_help = VERSION_EXAMPLES)]
    Version(Version),
    /// Write the blocks of a stopped chain into a file.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Take blocks of a file into a stopped chain, or a new one.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(Import),
    /// Check everything in the folder of a stopped chain: blocks, indices, state, history.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify(Verify),
    /// Remove old states from the folder of a stopped chain.
    #[command(after_help = PRUNE_EXAMPLES)]
    Prune(Prune),
    /// Say what the folder of a stopped chain holds.
    #[command(after_help = INSPECT_EXAMPLES)]
    Inspect(Inspect),
    /// Copy the folder of a stopped chain. A running one makes its copy with `admin_backup`.
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(Backup),
    /// Put a backup where a chain is to be.
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(Restore),
    /// Copy this program into a host's plugin folder.
    #[command(after_help = INSTALL_EXAMPLES)]
    Install(Install),
    /// Check a genesis file, tell the id of its first block, or write a new one.
    #[command(subcommand, after_help = GENESIS_EXAMPLES)]
    Genesis(GenesisCommand),
    /// Make the certificate with which a validator is known in the overlay, or show one.
    #[command(subcommand, after_help = OVERLAY_EXAMPLES)]
    Overlay(OverlayCommand),
    /// Start hosts for tests, run a script of calls and faults against a plugin, and say where it differs from this one.
    #[command(name = "testhost", after_help = TESTHOST_EXAMPLES)]
    TestHost(TestHost),
    /// Say what is wrong on this machine, and how to mend it.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(Doctor),
}

const VERSION_EXAMPLES: &str = "Examples:
  pars-vm version
  pars-vm version --json";

/// `pars-vm version`.
#[derive(Debug, Clone, Args)]
pub struct Version {
    /// As one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Files that may be open: 1,024 each of the store, of connections with requests and of WebSockets, and some. Many systems
/// allow 1,024 unless one asks, and a store without a file it needs would stop the chain.
pub const FILES_WANTED: u64 = 4_096;

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
    /// Answer `admin_backup` at the path /admin, also to other programs on this machine.
    #[arg(long, requires = "data_dir")]
    pub admin: bool,
}

const EXPORT_EXAMPLES: &str = "Examples:
  pars-vm export --data-dir ./chain blocks.pars
  pars-vm export --data-dir ./chain --from 1000 --to 2000 part.pars

FOLDER is the one of `dev --data-dir`, or `pars` in the one that a host gives the chain. The file has its name when it is
complete; until then it is FILE.part, and the same command goes on with it.";

/// `pars-vm export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Folder of the stopped chain.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: PathBuf,
    /// First block.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub from: u64,
    /// Last block; the head by default.
    #[arg(long, value_name = "N")]
    pub to: Option<u64>,
    /// File to write.
    pub file: PathBuf,
}

const IMPORT_EXAMPLES: &str = "Examples:
  pars-vm import --data-dir ./new blocks.pars
  pars-vm import --data-dir ./archive --archive blocks.pars

The folder is new, or of the same chain. Every block is executed and checked, but not what only a host can check. After
Ctrl-C, or a crash, the same command goes on from the folder's head.";

/// `pars-vm import`.
#[derive(Debug, Args)]
pub struct Import {
    /// Folder of the stopped chain, or where a new one is to be.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: PathBuf,
    /// Keep all states, not only those of the last 1,024 blocks.
    #[arg(long)]
    pub archive: bool,
    /// File that export wrote.
    pub file: PathBuf,
}

const VERIFY_EXAMPLES: &str = "Examples:
  pars-vm verify --data-dir ./chain
  pars-vm verify --data-dir ./chain --depth 64

Prints a line for each record that does not agree. Exit code 0: everything agrees; 1: something does not; 2: something could
not be read.";

/// `pars-vm verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Folder of the stopped chain.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: PathBuf,
    /// Check the states of so many blocks behind the head, instead of all that are kept.
    #[arg(long, value_name = "BLOCKS")]
    pub depth: Option<u64>,
}

const PRUNE_EXAMPLES: &str = "Examples:
  pars-vm inspect --data-dir ./chain
  pars-vm prune --data-dir ./chain
  pars-vm prune --data-dir ./chain --window 128

Blocks, receipts and the state of the head stay. What goes are the states of older blocks, and with them the way back.";

/// `pars-vm prune`.
#[derive(Debug, Args)]
pub struct Prune {
    /// Folder of the stopped chain.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: PathBuf,
    /// Blocks behind the head whose states stay.
    #[arg(long, value_name = "BLOCKS", default_value_t = pars_chain::limits::HISTORY_WINDOW,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub window: u64,
}

const INSPECT_EXAMPLES: &str = "Examples:
  pars-vm inspect --data-dir ./chain
  pars-vm inspect --data-dir ./chain --json";

/// `pars-vm inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Folder of the stopped chain.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: PathBuf,
    /// For programs.
    #[arg(long)]
    pub json: bool,
    /// Say what prune would free with this window.
    #[arg(long, value_name = "BLOCKS", default_value_t = pars_chain::limits::HISTORY_WINDOW,
        value_parser = clap::value_parser!(u64).range(1..))]
    pub window: u64,
}

const BACKUP_EXAMPLES: &str = "Examples:
  pars-vm backup --data-dir ./chain /backups/2026-11-26

A chain that runs is not stopped for it: `admin_backup` at the path /admin makes a copy in the folder FOLDER-backups.";

/// `pars-vm backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Folder of the stopped chain.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: PathBuf,
    /// Folder to make.
    #[arg(value_name = "BACKUP")]
    pub to: PathBuf,
}

const RESTORE_EXAMPLES: &str = "Examples:
  pars-vm restore --from /backups/2026-11-26 --data-dir ./chain

FOLDER is not there yet, or empty. For a host's chain it is `pars` in the folder that the host gives the chain.";

/// `pars-vm restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup.
    #[arg(long, value_name = "BACKUP")]
    pub from: PathBuf,
    /// Where the chain is to be.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: PathBuf,
}

const INSTALL_EXAMPLES: &str = "Examples:
  pars-vm install --plugin-dir ~/.avalanchego/plugins
  pars-vm install --plugin-dir ~/.avalanchego/plugins --name subnetevm

The file's name is the id of the VM. Exit code 1 where other files there would keep the host from starting.";

/// `pars-vm install`.
#[derive(Debug, Args)]
pub struct Install {
    /// The host's plugin folder.
    #[arg(long, value_name = "FOLDER")]
    pub plugin_dir: PathBuf,
    /// Name of the VM, as the chain was created with.
    #[arg(long, value_name = "NAME", default_value = "parsevm")]
    pub name: String,
}

const GENESIS_EXAMPLES: &str = "Examples:
  pars-vm genesis check genesis.json --upgrade upgrade.json
  pars-vm genesis hash genesis.json
  pars-vm genesis new --chain-id 4321 --admin 0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC > genesis.json

A host's upgrade times hold where the files leave them out; here they are those of a local network.";

const GENESIS_CHECK_EXAMPLES: &str = "Examples:
  pars-vm genesis check genesis.json
  pars-vm genesis check genesis.json --upgrade upgrade.json";

const GENESIS_HASH_EXAMPLES: &str = "Examples:
  pars-vm genesis hash genesis.json
  pars-vm genesis hash genesis.json --airdrop airdrop.json";

const GENESIS_NEW_EXAMPLES: &str = "Examples:
  pars-vm genesis new --chain-id 4321 --admin 0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC > genesis.json
  pars-vm genesis new --chain-id 4321 --admin 0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC --precompile feeManagerConfig";

/// `pars-vm genesis`.
#[derive(Debug, Subcommand)]
pub enum GenesisCommand {
    /// Say what is wrong with the files, or what they make.
    #[command(after_help = GENESIS_CHECK_EXAMPLES)]
    Check(GenesisFiles),
    /// Tell the id and the state root of the first block.
    #[command(after_help = GENESIS_HASH_EXAMPLES)]
    Hash(GenesisFiles),
    /// Write a new file to standard output.
    #[command(after_help = GENESIS_NEW_EXAMPLES)]
    New(GenesisNew),
}

/// Files that make a chain.
#[derive(Debug, Args)]
pub struct GenesisFiles {
    /// Genesis file.
    pub file: PathBuf,
    /// Upgrade file.
    #[arg(long, value_name = "FILE")]
    pub upgrade: Option<PathBuf>,
    /// The file that `airdropHash` in the genesis names.
    #[arg(long, value_name = "FILE")]
    pub airdrop: Option<PathBuf>,
}

/// `pars-vm genesis new`.
#[derive(Debug, Args)]
pub struct GenesisNew {
    /// Chain id, which no other chain has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub chain_id: u64,
    /// Account that has the coins, and is the admin of the precompiles.
    #[arg(long, value_name = "ADDRESS")]
    pub admin: Address,
    /// Coins of that account.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    pub coins: u64,
    /// Least time between two blocks.
    #[arg(long, value_name = "MS", default_value_t = 400, value_parser = clap::value_parser!(u64).range(0..=2_000))]
    pub min_delay_ms: u64,
    /// Precompile that is on from the first block, by its key, such as feeManagerConfig; may be given several times.
    #[arg(long, value_name = "KEY")]
    pub precompile: Vec<String>,
}

const OVERLAY_EXAMPLES: &str = "Examples:
  pars-vm overlay certify --signer-key ~/.avalanchego/staking/signer.key --chain-id CHAIN --node-id NodeID-… \\
    --transport-key overlay.key --out overlay.certificate
  pars-vm overlay show overlay.certificate

The overlay is the network between validators for hosts that lend none.";

const OVERLAY_CERTIFY_EXAMPLES: &str = "Examples:
  pars-vm overlay certify --signer-key ~/.avalanchego/staking/signer.key --chain-id CHAIN --node-id NodeID-… \\
    --transport-key overlay.key --out overlay.certificate
  pars-vm overlay certify --signer-key signer.key --chain-id CHAIN --node-id NodeID-… --transport-key overlay.key \\
    --days 90 --out overlay.certificate

The signer's key is read, and goes nowhere. The key of the transport is made where there is none, and stays on this machine.
Make the certificate anew before it ends: with the same keys, into the same file.";

const OVERLAY_SHOW_EXAMPLES: &str = "Examples:
  pars-vm overlay show overlay.certificate

It does not say whether the validator signed it: the other validators do.";

/// `pars-vm overlay`.
#[derive(Debug, Subcommand)]
pub enum OverlayCommand {
    /// Sign with the validator's BLS key that a transport key is this validator's.
    #[command(after_help = OVERLAY_CERTIFY_EXAMPLES)]
    Certify(OverlayCertify),
    /// Say what a certificate says.
    #[command(after_help = OVERLAY_SHOW_EXAMPLES)]
    Show(OverlayShow),
}

/// `pars-vm overlay certify`.
#[derive(Debug, Args)]
pub struct OverlayCertify {
    /// The validator's BLS key, as the host keeps it in signer.key: 32 bytes.
    #[arg(long, value_name = "FILE")]
    pub signer_key: PathBuf,
    /// The chain.
    #[arg(long, value_name = "ID")]
    pub chain_id: Id,
    /// The validator.
    #[arg(long, value_name = "NODE-ID")]
    pub node_id: NodeId,
    /// The Ed25519 key of the transport, made where there is none.
    #[arg(long, value_name = "FILE")]
    pub transport_key: PathBuf,
    /// How long it holds.
    #[arg(long, value_name = "N", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=365))]
    pub days: u16,
    /// File to write, in the place of an earlier certificate.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// `pars-vm overlay show`.
#[derive(Debug, Args)]
pub struct OverlayShow {
    /// The certificate.
    pub file: PathBuf,
}

const TESTHOST_EXAMPLES: &str = "Examples:
  pars-vm testhost ./pars-vm
  pars-vm testhost --dialect 'luxd 42 over ZAP' ~/.lux/plugins/ID
  pars-vm testhost --dialect avalanchego --blocks 100 ~/.avalanchego/plugins/ID
  pars-vm testhost --dialect 'avalanchego 45' --min-delay-ms 2000 --blocks 6 ./subnet-evm

The table has a line for each step and a column for each host; - stands where such hosts have no such call. Exit code 1
where anything differs. The hosts stall, answer out of order, hang up and kill; they serve a database and validator sets.";

/// `pars-vm testhost`.
#[derive(Debug, Args)]
pub struct TestHost {
    /// The plugin's program.
    pub plugin: PathBuf,
    /// Host, as `pars-vm --version` lists them: one, all of a name, or all.
    #[arg(long, value_name = "NAME", default_value = "all")]
    pub dialect: String,
    /// Height of the chain that the plugin is given.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u64).range(4..=10_000))]
    pub blocks: u64,
    /// Least time between two of its blocks; plugins other than this one may know no other than 2000.
    #[arg(long, value_name = "MS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=2_000))]
    pub min_delay_ms: u64,
    /// Print what is expected of each step, too.
    #[arg(long)]
    pub show: bool,
    /// The transactions of an earlier run again; they are made at other times.
    #[arg(long, value_name = "HASH")]
    pub seed: Option<B256>,
}

const DOCTOR_EXAMPLES: &str = "Examples:
  pars-vm doctor
  pars-vm doctor --data-dir ./chain --plugin-dir ~/.avalanchego/plugins

Run it as the user that runs the host. Exit code 1 where something is wrong.";

/// `pars-vm doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Folder of a chain, or where one is to be.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// A host's plugin folder.
    #[arg(long, value_name = "FOLDER")]
    pub plugin_dir: Option<PathBuf>,
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
    fn every_command_has_examples() {
        fn check(command: &clap::Command) {
            for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.starts_with("Examples:\n"), "{}", command.get_name());
                check(command);
            }
        }
        check(&Options::command());
        let zero = Options::try_parse_from(["pars-vm", "genesis", "new", "--chain-id", "0", "--admin", ADMIN]);
        assert!(zero.unwrap_err().to_string().contains("--chain-id"));
    }

    const ADMIN: &str = "0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC";

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

//! The table of keys: one row a key, sorted by what they are about. What is not here is refused.

use crate::config::apis::{Named, named};
use crate::config::value::{self, Read};
use crate::config::{Config, level};
use crate::gossip::settings::{PERIOD_MIN, RECIPIENTS_MAX};
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::state::commit::History;
use serde_json::Value;
use std::time::Duration;

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What holds where it is absent, JSON.
    pub default: &'static str,
    /// Another value that it can have, JSON.
    pub example: &'static str,
    /// What it does here, for people.
    pub effect: Effect,
}

/// What a key does here.
#[derive(Debug, Clone, Copy)]
pub enum Effect {
    /// It is read.
    Does(&'static str, Reader),
    /// It is accepted and does nothing, and why.
    Nothing(&'static str),
}

/// Reads a value into the configuration, or says what was expected.
pub type Reader = fn(&mut Config, &Value) -> Result<(), String>;

/// The row of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    TABLE.iter().find(|key| key.name == name)
}

impl Key {
    /// Its row in a table for people: key, default, effect.
    #[must_use]
    pub fn row(&self) -> String {
        let (Effect::Does(what, _) | Effect::Nothing(what)) = self.effect;
        format!("| `{}` | `{}` | {what} |", self.name, self.default)
    }
}

const fn does(
    name: &'static str,
    default: &'static str,
    example: &'static str,
    what: &'static str,
    read: Reader,
) -> Key {
    Key { name, default, example, effect: Effect::Does(what, read) }
}

const fn nothing(name: &'static str, default: &'static str, why: &'static str) -> Key {
    Key { name, default, example: default, effect: Effect::Nothing(why) }
}

/// Slots of the pool: what all transactions together may take is bounded besides.
const SLOTS_MAX: u64 = 1_000_000;
/// A request, or the answers to a batch.
const BODY_BYTES_MAX: u64 = 1 << 30;
/// Calls in a batch.
const BATCH_MAX: u64 = 1_000_000;

const GO_STORE: &str = "it tunes the database of the Go node";
const SYNC: &str = "state sync is not in this release";
const WARP: &str = "warp signatures are not in this release";
const KEYS: &str = "this node holds no keys of accounts";
const PROFILER: &str = "there is no built-in profiler";
const SOCKETS: &str = "work of WebSockets is bounded by calls at a time";
const OFFLINE: &str = "old states are forgotten while the node runs";
const INDEX: &str = "every transaction is found as long as its block is kept, which is always";

/// Every key.
pub static TABLE: &[Key] = &[
    // The chain.
    does(
        "pruning-enabled",
        "true",
        "false",
        "`true`: states of the last 1,024 blocks are kept; `false`: all (archive)",
        |config, value| {
            let pruned = value::boolean(value)?;
            config.history = if pruned { History::Pruned(HISTORY_WINDOW) } else { History::Archive };
            Ok(())
        },
    ),
    does(
        "min-delay-target",
        "null",
        "400",
        "delay between blocks to move toward when building, ms; `null` leaves it as it is",
        |config, value| {
            config.min_delay_target = Some(value::whole(value, 0..=u64::MAX)?);
            Ok(())
        },
    ),
    does(
        "feeRecipient",
        "\"\"",
        "\"0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC\"",
        "who gets the fees of blocks built here, where the chain allows it; empty: nobody",
        |config, value| {
            let nobody = value.as_str() == Some("");
            config.fee_recipient = if nobody { None } else { Some(value::address(value)?) };
            Ok(())
        },
    ),
    does("airdrop", "\"\"", "\"\"", "path of the file that `airdropHash` in the genesis names", |config, value| {
        config.airdrop = value::path(value)?;
        Ok(())
    }),
    does(
        "skip-upgrade-check",
        "false",
        "true",
        "open a chain although its upgrades in the past were changed",
        |config, value| {
            config.skip_upgrade_check = value::boolean(value)?;
            Ok(())
        },
    ),
    // The pool.
    does(
        "tx-pool-price-limit",
        "0",
        "1",
        "least tip that is taken, wei (the Go node has 1 here, and sets it to 0 at start)",
        |config, value| {
            config.pool.tip_min_wei = value::whole(value, 0..=u64::MAX)?.into();
            Ok(())
        },
    ),
    does(
        "tx-pool-price-bump",
        "10",
        "25",
        "by how much a replacement raises both fee caps, percent, 1 to 1,000",
        |config, value| {
            config.pool.price_bump_percent = value::whole(value, 1..=1_000)?;
            Ok(())
        },
    ),
    does(
        "tx-pool-account-slots",
        "16",
        "64",
        "slots (32 KiB) of executable transactions that are a sender's fair share; one within it comes into a full pool in the place of one beyond it",
        |config, value| {
            config.pool.account_slots = value::whole(value, 1..=SLOTS_MAX)?;
            Ok(())
        },
    ),
    does(
        "tx-pool-global-slots",
        "5120",
        "10000",
        "slots of executable transactions; beyond an equal part of them, who pays less gives way",
        |config, value| {
            config.pool.global_slots = value::whole(value, 1..=SLOTS_MAX)?;
            Ok(())
        },
    ),
    does(
        "tx-pool-account-queue",
        "64",
        "128",
        "slots of parked transactions that are a sender's fair share, which is never evicted",
        |config, value| {
            config.pool.account_queue = value::whole(value, 1..=SLOTS_MAX)?;
            Ok(())
        },
    ),
    does(
        "tx-pool-global-queue",
        "1024",
        "2048",
        "slots of parked transactions; where nobody is beyond the fair share, newcomers are refused",
        |config, value| {
            config.pool.global_queue = value::whole(value, 1..=SLOTS_MAX)?;
            Ok(())
        },
    ),
    does(
        "tx-pool-lifetime",
        "\"10m\"",
        "\"1h30m\"",
        "how long a transaction may be parked, at least 1 s; looked at once a minute",
        |config, value| {
            let lifetime = value::duration(value, Duration::from_secs(1))?;
            config.pool.lifetime_ms = u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX);
            Ok(())
        },
    ),
    does(
        "local-txs-enabled",
        "false",
        "true",
        "senders of transactions submitted here come first in blocks built here, and what they parked does not expire",
        |config, value| {
            config.local_txs = value::boolean(value)?;
            Ok(())
        },
    ),
    does(
        "priority-regossip-addresses",
        "[]",
        "[\"0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC\"]",
        "the same for these senders only",
        |config, value| {
            config.local_senders = value::addresses(value)?.into_iter().collect();
            Ok(())
        },
    ),
    // Gossip.
    does(
        "push-gossip-frequency",
        "\"100ms\"",
        "\"50ms\"",
        "how often new transactions of this node are pushed to peers, at least 10 ms",
        |config, value| {
            config.gossip.push_every = value::duration(value, PERIOD_MIN)?;
            Ok(())
        },
    ),
    does(
        "push-gossip-percent-stake",
        "0.9",
        "0.5",
        "to the validators with the most stake, up to this part of it, 0 to 1",
        |config, value| {
            config.gossip.push_stake_ppm = value::share_ppm(value)?;
            Ok(())
        },
    ),
    does(
        "push-gossip-num-validators",
        "100",
        "10",
        "and to so many other validators, up to 10,000",
        |config, value| {
            config.gossip.push_validators = value::whole(value, 0..=RECIPIENTS_MAX)?;
            Ok(())
        },
    ),
    does("push-gossip-num-peers", "0", "10", "and to so many other peers", |config, value| {
        config.gossip.push_peers = value::whole(value, 0..=RECIPIENTS_MAX)?;
        Ok(())
    }),
    does("regossip-frequency", "\"30s\"", "\"1m\"", "what waits is pushed again after this time", |config, value| {
        config.gossip.again_after = value::duration(value, PERIOD_MIN)?;
        Ok(())
    }),
    does("push-regossip-num-validators", "10", "20", "to so many validators", |config, value| {
        config.gossip.again_validators = value::whole(value, 0..=RECIPIENTS_MAX)?;
        Ok(())
    }),
    does("push-regossip-num-peers", "0", "20", "and to so many other peers", |config, value| {
        config.gossip.again_peers = value::whole(value, 0..=RECIPIENTS_MAX)?;
        Ok(())
    }),
    does(
        "pull-gossip-frequency",
        "\"1s\"",
        "\"2s\"",
        "how often a validator asks another for transactions that it lacks; Go nodes answer the default",
        |config, value| {
            config.gossip.pull_every = value::duration(value, PERIOD_MIN)?;
            Ok(())
        },
    ),
    // The overlay.
    does(
        "overlay-listen",
        "\"\"",
        "\"0.0.0.0:9652\"",
        "UDP address of the overlay between validators; empty: none. It is off where the host lends a way to peers",
        |config, value| {
            let none = value.as_str() == Some("");
            config.overlay.listen = if none { None } else { Some(value::endpoint(value)?) };
            Ok(())
        },
    ),
    does("overlay-peers", "[]", "[\"203.0.113.7:9652\"]", "where other validators listen", |config, value| {
        config.overlay.peers = value::endpoints(value)?;
        Ok(())
    }),
    does("overlay-key", "\"\"", "\"/etc/pars/overlay.key\"", "path of the transport key", |config, value| {
        config.overlay.key = value::path(value)?;
        Ok(())
    }),
    does(
        "overlay-certificate",
        "\"\"",
        "\"/etc/pars/overlay.certificate\"",
        "path of the certificate that `pars-vm overlay certify` made for this key",
        |config, value| {
            config.overlay.certificate = value::path(value)?;
            Ok(())
        },
    ),
    does(
        "overlay-validators",
        "\"\"",
        "\"/etc/pars/validators.json\"",
        "path of the validators' file, where the host does not name them",
        |config, value| {
            config.overlay.validators = value::path(value)?;
            Ok(())
        },
    ),
    // The log.
    does(
        "log-level",
        "\"info\"",
        "\"debug\"",
        "`off`, `crit`, `error`, `warn`, `info`, `debug`, `trace`",
        |config, value| {
            let read = value.as_str().and_then(level);
            config.log_level = read.ok_or_else(|| "off, crit, error, warn, info, debug or trace".to_owned())?;
            Ok(())
        },
    ),
    does("log-json-format", "false", "true", "a line of the log is a JSON object", |config, value| {
        config.log_json = value::boolean(value)?;
        Ok(())
    }),
    // JSON-RPC.
    does(
        "eth-apis",
        DEFAULT_APIS,
        "[\"eth\",\"net\",\"web3\",\"internal-blockchain\"]",
        "groups of methods that are on, by the Go node's names, the former `public-…` and `internal-public-…` too",
        eth_apis,
    ),
    does(
        "admin-api-enabled",
        "false",
        "true",
        "`admin_backup` is answered at the path `/admin`, and nowhere else",
        |config, value| {
            config.admin_api = value::boolean(value)?;
            Ok(())
        },
    ),
    does(
        "rpc-tx-fee-cap",
        "100",
        "1.5",
        "coins that a submitted transaction may pay for gas; 0: no bound",
        |config, value| {
            config.limits.fee_cap_wei = value::coins(value)?;
            Ok(())
        },
    ),
    does("rpc-gas-cap", "50000000", "1000000", "gas of one `eth_call` or estimate; 0: no bound", |config, value| {
        config.limits.call_gas = value::bound(value)?;
        Ok(())
    }),
    does("api-max-duration", "\"0s\"", "\"30s\"", "time of one request; 0: no bound", |config, value| {
        config.limits.duration = Some(value::duration(value, Duration::ZERO)?).filter(|limit| !limit.is_zero());
        Ok(())
    }),
    does(
        "api-max-blocks-per-request",
        "0",
        "1000",
        "blocks that one `eth_getLogs` searches; 0: 100,000",
        |config, value| {
            config.limits.log_blocks = value::bound(value)?;
            Ok(())
        },
    ),
    does(
        "allow-unprotected-txs",
        "false",
        "true",
        "take transactions that are signed for no chain (before EIP-155)",
        |config, value| {
            config.limits.unprotected = value::boolean(value)?;
            Ok(())
        },
    ),
    does("allow-unprotected-tx-hashes", DEFAULT_HASHES, "[]", "take these all the same", |config, value| {
        config.limits.unprotected_hashes = value::hashes(value)?.into_iter().collect();
        Ok(())
    }),
    does(
        "allow-unfinalized-queries",
        "false",
        "true",
        "a height above the last accepted block is unknown instead of forbidden",
        |config, value| {
            config.limits.unfinalized = value::boolean(value)?;
            Ok(())
        },
    ),
    does(
        "historical-proof-query-window",
        "0",
        "128",
        "blocks behind the head that `eth_getProof` answers; 0: as many as there are",
        |config, value| {
            config.limits.proof_blocks = value::bound(value)?;
            Ok(())
        },
    ),
    does("batch-request-limit", "1000", "10", "calls in a batch, 1 to 1,000,000", |config, value| {
        config.limits.batch_calls = value::bytes(value, 1..=BATCH_MAX)?;
        Ok(())
    }),
    does(
        "batch-response-max-size",
        "25000000",
        "100000",
        "bytes of the answers to a batch, 1 to 1 GiB",
        |config, value| {
            config.limits.batch_bytes = value::bytes(value, 1..=BODY_BYTES_MAX)?;
            Ok(())
        },
    ),
    does("http-body-limit", "0", "1000000", "bytes of a request, up to 1 GiB; 0: 5 MiB", |config, value| {
        let bytes = value::bytes(value, 0..=BODY_BYTES_MAX)?;
        config.limits.request_bytes =
            if bytes == 0 { crate::rpc::limits::Limits::default().request_bytes } else { bytes };
        Ok(())
    }),
    // Accepted, so that a configuration of the Go node goes on working.
    nothing("accepted-cache-size", "32", GO_STORE),
    nothing("accepted-queue-limit", "64", "a block is stored before it is answered: nothing queues"),
    nothing("admin-api-dir", "\"\"", "there is no built-in profiler"),
    nothing("allow-missing-tries", "false", GO_STORE),
    nothing("commit-interval", "4096", GO_STORE),
    nothing("continuous-profiler-dir", "\"\"", PROFILER),
    nothing("continuous-profiler-frequency", "\"15m\"", PROFILER),
    nothing("continuous-profiler-max-files", "5", PROFILER),
    nothing("database-config", "\"\"", GO_STORE),
    nothing("database-config-file", "\"\"", GO_STORE),
    nothing("database-path", "\"\"", GO_STORE),
    nothing("database-read-only", "false", GO_STORE),
    nothing("database-type", "\"pebbledb\"", GO_STORE),
    nothing("inspect-database", "false", GO_STORE),
    nothing("keystore-directory", "\"\"", KEYS),
    nothing("keystore-external-signer", "\"\"", KEYS),
    nothing("keystore-insecure-unlock-allowed", "false", KEYS),
    nothing("max-outbound-active-requests", "16", "16 questions to peers are under way at most, one to each"),
    nothing("metrics-expensive-enabled", "true", "every metric is cheap, and on"),
    nothing("offline-pruning-bloom-filter-size", "512", OFFLINE),
    nothing("offline-pruning-data-directory", "\"\"", OFFLINE),
    nothing("offline-pruning-enabled", "false", OFFLINE),
    nothing("populate-missing-tries", "null", GO_STORE),
    nothing("populate-missing-tries-parallelism", "1024", GO_STORE),
    nothing("preimages-enabled", "false", GO_STORE),
    nothing("prune-warp-db-enabled", "false", WARP),
    nothing("skip-tx-indexing", "false", INDEX),
    nothing("snapshot-cache", "256", GO_STORE),
    nothing("snapshot-verification-enabled", "false", GO_STORE),
    nothing("snapshot-wait", "false", GO_STORE),
    nothing("state-history", "32", "`pruning-enabled` keeps 1,024 blocks"),
    nothing("state-scheme", "\"\"", GO_STORE),
    nothing("state-sync-commit-interval", "16384", SYNC),
    nothing("state-sync-enabled", "false", SYNC),
    nothing("state-sync-ids", "\"\"", SYNC),
    nothing("state-sync-min-blocks", "300000", SYNC),
    nothing("state-sync-request-size", "1024", SYNC),
    nothing("state-sync-server-trie-cache", "64", SYNC),
    nothing("state-sync-skip-resume", "false", SYNC),
    nothing("transaction-history", "0", INDEX),
    nothing("trie-clean-cache", "512", GO_STORE),
    nothing("trie-dirty-cache", "512", GO_STORE),
    nothing("trie-dirty-commit-target", "20", GO_STORE),
    nothing("trie-prefetcher-parallelism", "16", GO_STORE),
    nothing("use-standalone-database", "null", GO_STORE),
    nothing("validators-api-enabled", "true", "there is no validators API in this release"),
    nothing("warp-api-enabled", "false", WARP),
    nothing("warp-off-chain-messages", "[]", WARP),
    nothing("ws-cpu-max-stored", "\"0s\"", SOCKETS),
    nothing("ws-cpu-refill-rate", "\"0s\"", SOCKETS),
];

/// [`Group::DEFAULT`](crate::rpc::table::Group::DEFAULT).
const DEFAULT_APIS: &str = concat!(
    r#"["eth","eth-filter","net","web3","internal-eth","internal-blockchain","internal-transaction","#,
    r#""internal-account"]"#
);
/// The transaction that makes the registry of EIP-1820 on every chain.
const DEFAULT_HASHES: &str = r#"["0xfefb2da535e927b85fe68eb81cb2e4a5827c905f78381a01ef2322aa9b0aee8e"]"#;

fn eth_apis(config: &mut Config, value: &Value) -> Read<()> {
    let names = value.as_array().filter(|names| names.iter().all(Value::is_string));
    let names = names.ok_or_else(|| "a list of names of API groups".to_owned())?;
    config.groups.clear();
    for name in names.iter().filter_map(Value::as_str) {
        match named(name)? {
            Named::Group(group) => {
                config.groups.insert(group);
            }
            Named::Absent(group) => config.notes.push(format!("eth-apis: {group} has no method in this release")),
        }
    }
    Ok(())
}

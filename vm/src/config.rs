//! The plugin's configuration: the JSON file that an operator puts beside the chain.
//!
//! | file | what lives there |
//! |---|---|
//! | `table.rs` | the table of keys |
//! | `value.rs` | reading of values |
//! | `apis.rs` | names in `eth-apis` |
//! | `nearest.rs` | what somebody who mistyped a name meant |

mod apis;
mod nearest;
pub mod table;
pub(crate) mod value;

use crate::gossip;
use crate::rpc::limits::Limits;
use crate::rpc::table::Group;
use alloy_primitives::Address;
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::pool;
use pars_chain::state::commit::History;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use table::{Effect, TABLE};
use tracing::level_filters::LevelFilter;

/// What is configured. The keys stand in [`table::TABLE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How much history is kept.
    pub history: History,
    /// Delay between blocks to move toward, milliseconds; none: it stays as it is.
    pub min_delay_target: Option<u64>,
    /// Who gets the fees of own blocks; none: the blackhole.
    pub fee_recipient: Option<Address>,
    /// The file that genesis names by `airdropHash`.
    pub airdrop: Option<PathBuf>,
    /// Upgrades in the past may have changed.
    pub skip_upgrade_check: bool,
    /// Bounds of the pool.
    pub pool: pool::Limits,
    /// Whoever submits a transaction here is a local sender.
    pub local_txs: bool,
    /// These are local senders in any case.
    pub local_senders: BTreeSet<Address>,
    /// How often peers are told of transactions, and how many of them.
    pub gossip: gossip::Settings,
    /// The network between validators for hosts that lend none.
    pub overlay: Overlay,
    /// What is logged.
    pub log_level: LevelFilter,
    /// A line of the log is a JSON object.
    pub log_json: bool,
    /// Methods that are on.
    pub groups: BTreeSet<Group>,
    /// What an operator asks is answered, at a path of its own.
    pub admin_api: bool,
    /// Bounds of JSON-RPC.
    pub limits: Limits,
    /// For the log: what was asked for and does nothing.
    pub notes: Vec<String>,
}

/// How the overlay is configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// Where it listens; none: there is no overlay.
    pub listen: Option<SocketAddr>,
    /// Where other validators are.
    pub peers: Vec<SocketAddr>,
    /// File of the transport key.
    pub key: Option<PathBuf>,
    /// File of the certificate.
    pub certificate: Option<PathBuf>,
    /// File of the validators, for hosts that do not name them.
    pub validators: Option<PathBuf>,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No JSON object.
    #[error("configuration: {0}")]
    Json(String),
    /// No such key.
    #[error("configuration: unknown key `{key}`; did you mean `{nearest}`?")]
    Unknown {
        /// As it is written.
        key: String,
        /// The known one that is nearest.
        nearest: &'static str,
    },
    /// A key that is there twice.
    #[error("configuration: key `{0}` is there twice")]
    Twice(&'static str),
    /// A key has a value that it cannot have.
    #[error("configuration: {key} is {got}, expected {expected}")]
    Value {
        /// Key.
        key: &'static str,
        /// Its value.
        got: String,
        /// What it may be.
        expected: String,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            history: History::Pruned(HISTORY_WINDOW),
            min_delay_target: None,
            fee_recipient: None,
            airdrop: None,
            skip_upgrade_check: false,
            pool: pool::Limits::default(),
            local_txs: false,
            local_senders: BTreeSet::new(),
            gossip: gossip::Settings::default(),
            overlay: Overlay::default(),
            log_level: LevelFilter::INFO,
            log_json: false,
            groups: Group::DEFAULT.into(),
            admin_api: false,
            limits: Limits::default(),
            notes: Vec::new(),
        }
    }
}

impl Config {
    /// Reads the bytes that the host gives; none at all is the default.
    ///
    /// # Errors
    /// Names the key.
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(config);
        }
        let Members(members) = serde_json::from_slice(bytes).map_err(|error| ConfigError::Json(error.to_string()))?;
        let mut seen = BTreeSet::new();
        for (name, value) in members {
            let key = table::find(&name).ok_or_else(|| unknown(&name))?;
            if !seen.insert(key.name) {
                return Err(ConfigError::Twice(key.name));
            }
            match key.effect {
                // As if it were absent.
                Effect::Does(..) if value.is_null() => {}
                Effect::Does(_, read) => read(&mut config, &value).map_err(|expected| ConfigError::Value {
                    key: key.name,
                    got: shortened(value.to_string()),
                    expected,
                })?,
                Effect::Nothing(why) => config.notes.push(format!("{} does nothing here: {why}", key.name)),
            }
        }
        Ok(config)
    }
}

fn unknown(name: &str) -> ConfigError {
    let nearest = nearest::nearest(name, TABLE.iter().map(|key| key.name)).unwrap_or_default();
    ConfigError::Unknown { key: shortened(name.to_owned()), nearest }
}

/// Letters of an offence that are repeated.
const SHOWN_MAX: usize = 80;

fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// The levels of the Go node, those that have no counterpart under the nearest.
fn level(name: &str) -> Option<LevelFilter> {
    match name.to_ascii_lowercase().as_str() {
        "off" => Some(LevelFilter::OFF),
        "fatal" | "crit" | "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" | "verbo" => Some(LevelFilter::TRACE),
        _ => None,
    }
}

/// The members of a JSON object, in their order, those with the same name too.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        from.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, b256};
    use std::time::Duration;

    #[test]
    fn nothing_and_empty_is_the_default() {
        for bytes in ["", " \n", "{}", " { } "] {
            assert_eq!(Config::parse(bytes.as_bytes()), Ok(Config::default()), "{bytes:?}");
        }
    }

    #[test]
    fn values() {
        let config = Config::parse(
            br#"{"pruning-enabled":false,"min-delay-target":400,"log-level":"warn","log-json-format":true,
                "feeRecipient":"0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC","airdrop":"/a/b",
                "tx-pool-price-limit":1,"tx-pool-price-bump":25,"tx-pool-account-slots":2,"tx-pool-global-slots":3,
                "tx-pool-account-queue":4,"tx-pool-global-queue":5,"tx-pool-lifetime":"1h30m","local-txs-enabled":true,
                "priority-regossip-addresses":["0x0100000000000000000000000000000000000000"],
                "eth-apis":["eth","public-eth-filter","debug-tracer"],"admin-api-enabled":true,"rpc-tx-fee-cap":0.25,
                "rpc-gas-cap":0,"api-max-duration":1500000000,"api-max-blocks-per-request":10,
                "allow-unprotected-txs":true,"allow-unprotected-tx-hashes":[],"allow-unfinalized-queries":true,
                "historical-proof-query-window":5,"batch-request-limit":3,"batch-response-max-size":2000,
                "http-body-limit":3000,"skip-upgrade-check":true,"push-gossip-percent-stake":0.5,
                "push-gossip-num-validators":7,"push-gossip-num-peers":8,"push-regossip-num-validators":9,
                "push-regossip-num-peers":10,"push-gossip-frequency":"50ms","pull-gossip-frequency":"2s",
                "regossip-frequency":"1m","overlay-listen":"[::]:9652","overlay-peers":["203.0.113.7:9652"],
                "overlay-key":"/a/key","overlay-certificate":"/a/certificate","overlay-validators":"/a/validators",
                "trie-clean-cache":64}"#,
        )
        .expect("valid");
        let expected = Config {
            history: History::Archive,
            min_delay_target: Some(400),
            fee_recipient: Some(address!("8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC")),
            airdrop: Some("/a/b".into()),
            skip_upgrade_check: true,
            pool: pool::Limits {
                account_slots: 2,
                global_slots: 3,
                account_queue: 4,
                global_queue: 5,
                lifetime_ms: 5_400_000,
                price_bump_percent: 25,
                tip_min_wei: 1,
                ..pool::Limits::default()
            },
            local_txs: true,
            local_senders: [address!("0100000000000000000000000000000000000000")].into(),
            gossip: gossip::Settings {
                push_every: Duration::from_millis(50),
                push_stake_ppm: 500_000,
                push_validators: 7,
                push_peers: 8,
                again_after: Duration::from_secs(60),
                again_validators: 9,
                again_peers: 10,
                pull_every: Duration::from_secs(2),
            },
            overlay: Overlay {
                listen: Some("[::]:9652".parse().unwrap()),
                peers: vec!["203.0.113.7:9652".parse().unwrap()],
                key: Some("/a/key".into()),
                certificate: Some("/a/certificate".into()),
                validators: Some("/a/validators".into()),
            },
            log_level: LevelFilter::WARN,
            log_json: true,
            groups: [Group::Eth, Group::EthFilter].into(),
            admin_api: true,
            limits: Limits {
                request_bytes: 3_000,
                batch_calls: 3,
                batch_bytes: 2_000,
                call_gas: None,
                duration: Some(Duration::from_millis(1_500)),
                log_blocks: Some(10),
                fee_cap_wei: Some(250_000_000_000_000_000),
                unprotected: true,
                unprotected_hashes: BTreeSet::new(),
                unfinalized: true,
                proof_blocks: Some(5),
            },
            notes: vec![
                "eth-apis: debug-tracer has no method in this release".to_owned(),
                "trie-clean-cache does nothing here: it tunes the database of the Go node".to_owned(),
            ],
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn zero_lifts_a_bound_or_means_the_default() {
        let config = Config::parse(
            br#"{"rpc-tx-fee-cap":0,"rpc-gas-cap":0,"api-max-duration":"0s","api-max-blocks-per-request":0,
                "historical-proof-query-window":0,"http-body-limit":0}"#,
        )
        .expect("valid");
        assert_eq!(config.limits, Limits { fee_cap_wei: None, call_gas: None, ..Limits::default() });
    }

    #[test]
    fn refusals_name_the_offence() {
        for (bytes, text) in [
            (r#"{"pruning-enabled":1}"#, "pruning-enabled is 1, expected true or false"),
            (r#"{"min-delay-target":"400"}"#, "min-delay-target is \"400\", expected a whole number from 0 up"),
            (r#"{"min-delay-target":-1}"#, "min-delay-target is -1, expected a whole number from 0 up"),
            (r#"{"airdrop":7}"#, "airdrop is 7, expected a text"),
            (r#"{"feeRecipient":"0x1"}"#, "feeRecipient is \"0x1\", expected an address: 0x and 40 hexadecimal digits"),
            (r#"{"log-level":"loud"}"#, "log-level is \"loud\", expected off, crit, error, warn, info, debug or trace"),
            (r#"{"tx-pool-price-bump":0}"#, "tx-pool-price-bump is 0, expected a whole number from 1 to 1000"),
            (r#"{"tx-pool-global-slots":0}"#, "tx-pool-global-slots is 0, expected a whole number from 1 to 1000000"),
            (
                r#"{"tx-pool-account-queue":1.5}"#,
                "tx-pool-account-queue is 1.5, expected a whole number from 1 to 1000000",
            ),
            (
                r#"{"tx-pool-lifetime":"10 minutes"}"#,
                "tx-pool-lifetime is \"10 minutes\", expected a duration such as \"1m30s\" or \"500ms\", or nanoseconds as a whole number, at least 1s",
            ),
            (
                r#"{"tx-pool-lifetime":"999ms"}"#,
                "tx-pool-lifetime is \"999ms\", expected a duration such as \"1m30s\" or \"500ms\", or nanoseconds as a whole number, at least 1s",
            ),
            (
                r#"{"api-max-duration":"-1s"}"#,
                "api-max-duration is \"-1s\", expected a duration such as \"1m30s\" or \"500ms\", or nanoseconds as a whole number",
            ),
            (
                r#"{"rpc-tx-fee-cap":"1"}"#,
                "rpc-tx-fee-cap is \"1\", expected coins: a number from 0 to 10^20, with 18 decimals at most",
            ),
            (
                r#"{"rpc-tx-fee-cap":-1}"#,
                "rpc-tx-fee-cap is -1, expected coins: a number from 0 to 10^20, with 18 decimals at most",
            ),
            (
                r#"{"push-gossip-percent-stake":1.01}"#,
                "push-gossip-percent-stake is 1.01, expected a number from 0 to 1",
            ),
            (
                r#"{"push-gossip-frequency":"1ms"}"#,
                "push-gossip-frequency is \"1ms\", expected a duration such as \"1m30s\" or \"500ms\", or nanoseconds as a whole number, at least 10ms",
            ),
            (
                r#"{"overlay-listen":"9652"}"#,
                "overlay-listen is \"9652\", expected an address with a port, such as \"203.0.113.7:9652\" or \"[2001:db8::7]:9652\"",
            ),
            (
                r#"{"overlay-peers":["example.org:9652"]}"#,
                "overlay-peers is [\"example.org:9652\"], expected a list of addresses with ports, 1024 at most",
            ),
            (r#"{"batch-request-limit":0}"#, "batch-request-limit is 0, expected a whole number from 1 to 1000000"),
            (
                r#"{"http-body-limit":1073741825}"#,
                "http-body-limit is 1073741825, expected a whole number from 0 to 1073741824",
            ),
            (r#"{"eth-apis":"eth"}"#, "eth-apis is \"eth\", expected a list of names of API groups"),
            (
                r#"{"eth-apis":["eth","web-3"]}"#,
                "eth-apis is [\"eth\",\"web-3\"], expected names of API groups; did you mean \"web3\" by \"web-3\"?",
            ),
            (
                r#"{"allow-unprotected-tx-hashes":["0x12"]}"#,
                "allow-unprotected-tx-hashes is [\"0x12\"], expected a list of hashes, each 0x and 64 hexadecimal digits",
            ),
            (r#"{"tx-pool-global-slot":1}"#, "unknown key `tx-pool-global-slot`; did you mean `tx-pool-global-slots`?"),
            (r#"{"feerecipient":""}"#, "unknown key `feerecipient`; did you mean `feeRecipient`?"),
            (r#"{"log-level":"warn","log-level":"warn"}"#, "key `log-level` is there twice"),
            (r#"{"snapshot-wait":1,"snapshot-wait":null}"#, "key `snapshot-wait` is there twice"),
            ("[]", "invalid type: sequence, expected an object at line 1 column 0"),
            ("{", "EOF while parsing an object at line 1 column 1"),
            ("{} {}", "trailing characters at line 1 column 4"),
        ] {
            let refused = Config::parse(bytes.as_bytes()).map_err(|error| error.to_string());
            assert_eq!(refused, Err(format!("configuration: {text}")), "{bytes}");
        }
        let long = format!(r#"{{"{}":1,"log-level":"warn"}}"#, "x".repeat(1_000));
        assert!(Config::parse(long.as_bytes()).is_err_and(|error| error.to_string().len() < 200));
    }

    #[test]
    fn the_table_says_what_is() {
        let mut names = BTreeSet::new();
        for key in TABLE {
            assert!(names.insert(key.name), "{} is there twice", key.name);
            for value in [key.default, key.example, "null"] {
                let json = format!("{{\"{}\":{value}}}", key.name);
                let mut config = Config::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
                let notes = std::mem::take(&mut config.notes);
                match key.effect {
                    Effect::Nothing(_) => assert_eq!(notes.len(), 1, "{json}"),
                    Effect::Does(..) if value != key.example => assert_eq!(notes, Vec::<String>::new(), "{json}"),
                    Effect::Does(..) => assert!(key.name == "airdrop" || config != Config::default(), "{json}"),
                }
                if value != key.example {
                    assert_eq!(config, Config::default(), "{json}");
                }
            }
        }
        let hash = b256!("fefb2da535e927b85fe68eb81cb2e4a5827c905f78381a01ef2322aa9b0aee8e");
        assert_eq!(Config::default().limits.unprotected_hashes, [hash].into());
    }

    #[test]
    fn the_readme_lists_every_row() {
        let readme: BTreeSet<&str> = include_str!("../../README.md").lines().collect();
        let missing: Vec<String> =
            TABLE.iter().map(table::Key::row).filter(|row| !readme.contains(row.as_str())).collect();
        assert!(missing.is_empty(), "README.md lacks these rows:\n{}", missing.join("\n"));
    }
}

//! The plugin's configuration: the JSON file that an operator puts beside the chain.

use alloy_primitives::Address;
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::state::commit::History;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// What is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// `pruning-enabled` (true).
    pub history: History,
    /// `min-delay-target`, milliseconds (none: the delay stays as it is).
    pub min_delay_target: Option<u64>,
    /// `feeRecipient` (none: the blackhole).
    pub fee_recipient: Option<Address>,
    /// `airdrop`: the file that genesis names by `airdropHash` (none).
    pub airdrop: Option<PathBuf>,
    /// `log-level` (info).
    pub log_level: tracing::Level,
    /// `skip-upgrade-check` (false).
    pub skip_upgrade_check: bool,
    /// Bounds of the pool.
    pub pool: pars_chain::pool::Limits,
    /// Methods that are on.
    pub groups: std::collections::BTreeSet<crate::rpc::table::Group>,
    /// Bounds of JSON-RPC.
    pub limits: crate::rpc::limits::Limits,
    /// Keys that do nothing in this release.
    pub ignored: Vec<String>,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No JSON object.
    #[error("configuration: {0}")]
    Json(String),
    /// A key has a value that it cannot have.
    #[error("configuration: {key} is {got}, expected {expected}")]
    Value {
        /// Key.
        key: &'static str,
        /// Its value.
        got: String,
        /// What it may be.
        expected: &'static str,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            history: History::Pruned(HISTORY_WINDOW),
            min_delay_target: None,
            fee_recipient: None,
            airdrop: None,
            log_level: tracing::Level::INFO,
            skip_upgrade_check: false,
            pool: pars_chain::pool::Limits::default(),
            groups: <crate::rpc::table::Group as strum::IntoEnumIterator>::iter().collect(),
            limits: crate::rpc::limits::Limits::default(),
            ignored: Vec::new(),
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
        let json = |error: serde_json::Error| ConfigError::Json(error.to_string());
        let object: Map<String, Value> = serde_json::from_slice(bytes).map_err(json)?;
        for (key, value) in object {
            if value.is_null() {
                continue;
            }
            match key.as_str() {
                "pruning-enabled" => {
                    let pruned = boolean("pruning-enabled", &value)?;
                    config.history = if pruned { History::Pruned(HISTORY_WINDOW) } else { History::Archive };
                }
                "skip-upgrade-check" => config.skip_upgrade_check = boolean("skip-upgrade-check", &value)?,
                "min-delay-target" => {
                    let bad = || refuse("min-delay-target", &value, "milliseconds, a whole number");
                    config.min_delay_target = Some(value.as_u64().ok_or_else(bad)?);
                }
                "feeRecipient" => {
                    let bad = || refuse("feeRecipient", &value, "an address");
                    let text = value.as_str().ok_or_else(bad)?;
                    config.fee_recipient = if text.is_empty() { None } else { Some(text.parse().map_err(|_| bad())?) };
                }
                "airdrop" => {
                    let path = value.as_str().ok_or_else(|| refuse("airdrop", &value, "a path"))?;
                    config.airdrop = Some(PathBuf::from(path)).filter(|_| !path.is_empty());
                }
                "log-level" => {
                    let bad = || refuse("log-level", &value, "error, warn, info, debug or trace");
                    config.log_level = level(value.as_str().ok_or_else(bad)?).ok_or_else(bad)?;
                }
                _ => config.ignored.push(key),
            }
        }
        Ok(config)
    }
}

fn boolean(key: &'static str, value: &Value) -> Result<bool, ConfigError> {
    value.as_bool().ok_or_else(|| refuse(key, value, "true or false"))
}

fn refuse(key: &'static str, value: &Value, expected: &'static str) -> ConfigError {
    ConfigError::Value { key, got: value.to_string(), expected }
}

/// The levels of the Go node, those that have no counterpart under the nearest.
fn level(name: &str) -> Option<tracing::Level> {
    match name.to_ascii_lowercase().as_str() {
        "off" | "fatal" | "crit" | "error" => Some(tracing::Level::ERROR),
        "warn" => Some(tracing::Level::WARN),
        "info" => Some(tracing::Level::INFO),
        "debug" => Some(tracing::Level::DEBUG),
        "trace" | "verbo" => Some(tracing::Level::TRACE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_refusals() {
        assert_eq!(Config::parse(b""), Ok(Config::default()));
        assert_eq!(Config::parse(b" \n"), Ok(Config::default()));
        assert_eq!(Config::parse(b"{}"), Ok(Config::default()));
        let config = Config::parse(
            br#"{"pruning-enabled":false,"min-delay-target":400,"log-level":"warn","tx-pool-price-limit":1,
                "feeRecipient":"0x8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC","admin-api-enabled":null}"#,
        )
        .expect("valid");
        assert_eq!(config.history, History::Archive);
        assert_eq!(config.min_delay_target, Some(400));
        assert_eq!(config.log_level, tracing::Level::WARN);
        assert_eq!(config.ignored, ["tx-pool-price-limit"]);
        for (bytes, text) in [
            (r#"{"pruning-enabled":1}"#, "configuration: pruning-enabled is 1, expected true or false"),
            (
                r#"{"min-delay-target":"400"}"#,
                "configuration: min-delay-target is \"400\", expected milliseconds, a whole number",
            ),
            (r#"{"airdrop":7}"#, "configuration: airdrop is 7, expected a path"),
            (r#"{"feeRecipient":"0x1"}"#, "configuration: feeRecipient is \"0x1\", expected an address"),
            (
                r#"{"log-level":"loud"}"#,
                "configuration: log-level is \"loud\", expected error, warn, info, debug or trace",
            ),
            ("[]", "configuration: invalid type: sequence, expected a map at line 1 column 0"),
        ] {
            assert_eq!(Config::parse(bytes.as_bytes()).map_err(|error| error.to_string()), Err(text.to_owned()));
        }
    }
}

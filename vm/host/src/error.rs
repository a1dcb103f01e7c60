//! What can go wrong, by whose fault it is.

use std::path::PathBuf;

use crate::dialect::Dialect;

/// A chain's answer to the host that is no success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VmError {
    /// There is no such block. The host goes on; it would take any other error as the end of the chain.
    #[error("not found")]
    NotFound,
    /// The chain does not take its state from peers.
    #[error("state sync is not implemented")]
    StateSyncNotImplemented,
    /// Anything else, for the operator. The host gets the first kibibyte.
    #[error("{0}")]
    Other(String),
}

impl VmError {
    /// Anything that can be shown.
    pub fn other(reason: impl ToString) -> Self {
        Self::Other(reason.to_string())
    }
}

/// The host's services failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// The host lends nothing of the kind.
    #[error("the host lends no {0}")]
    NotLent(&'static str),
    /// The host closed its database.
    #[error("the host's database is closed")]
    Closed,
    /// The call failed on its way or within the host.
    #[error("the host: {0}")]
    Call(String),
    /// The host answered with something that cannot be.
    #[error("the host answered with a bad {field}: {reason}")]
    Malformed {
        /// Which part of the answer.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The host answered with an error number that nobody knows.
    #[error("the host's database answered with unknown error {0}")]
    Unknown(i32),
}

/// The process cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// No host started this process.
    #[error("this is a plugin and is started by a host, which sets {}", wanted.join(" or "))]
    NoHost {
        /// The variables that would name a host.
        wanted: Vec<&'static str>,
    },
    /// A host that loads no plugins.
    #[error("{host} of protocol {number} started this process: {advice}")]
    Unloadable {
        /// The host's name.
        host: &'static str,
        /// Its number.
        number: u32,
        /// What to do.
        advice: &'static str,
    },
    /// The operator chose a number or a transport without a row.
    #[error("{place}{got}: expected {expected}; change it, or remove it to let this program find out")]
    Choice {
        /// The variable, or the file and its key, up to the value.
        place: String,
        /// The value found.
        got: String,
        /// What would be understood.
        expected: String,
    },
    /// The operator's file cannot be read.
    #[error("{}: {reason}; mend it, or remove it to let this program find out", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The host's address cannot be dialled.
    #[error(
        "{env}={got:?} is not an address: expected {expected}; a host sets it, so remove it from where the host starts"
    )]
    Address {
        /// The variable.
        env: &'static str,
        /// Its value.
        got: String,
        /// What would be one.
        expected: &'static str,
    },
    /// Signal handlers could not be installed.
    #[error("cannot handle signals: {0}")]
    Signals(#[source] std::io::Error),
    /// No port to listen on.
    #[error("cannot listen on loopback: {0}")]
    Listen(#[source] std::io::Error),
    /// Nobody answers at the host's address.
    #[error(
        "cannot reach the host at {addr}: {reason}; expected one that waits there for the plugin it has started, and \
             speaks as {spoken}{advice}"
    )]
    Dial {
        /// The host's address.
        addr: String,
        /// Why.
        reason: String,
        /// What would be understood.
        spoken: String,
        /// What else may be wrong.
        advice: String,
    },
    /// The host did not answer the handshake.
    #[error(
        "the host at {addr} did not answer the handshake of {dialect} within {within_ms} ms: see in its own log \
             whether it is at work{advice}"
    )]
    Silent {
        /// The host's address.
        addr: String,
        /// What was said to it.
        dialect: &'static Dialect,
        /// For how long it was waited for.
        within_ms: u128,
        /// What else may be wrong.
        advice: String,
    },
    /// Host and plugin speak different numbers.
    #[error("protocol mismatch: the host speaks {host}, this plugin {plugin}; {advice}")]
    Mismatch {
        /// The host's number.
        host: u32,
        /// Ours.
        plugin: u32,
        /// What to do.
        advice: String,
    },
    /// The host refused for another reason.
    #[error(
        "the host refused protocol {plugin}: {reason}; expected one of {dialect}: see in its own log what it is{advice}"
    )]
    Refused {
        /// Our number.
        plugin: u32,
        /// The host's words.
        reason: String,
        /// What was said to it.
        dialect: &'static Dialect,
        /// What else may be wrong.
        advice: String,
    },
}

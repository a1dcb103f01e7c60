//! What differs between hosts.

use std::fmt;

use crate::Phase;

/// THE TABLE: one row for each host protocol. Of rows that share a variable the transport and [`Numbers`](crate::Numbers)
/// tell which one the host speaks; the first is taken where nothing is known, so the host that is in most use comes first.
///
/// The tests run their script of calls over every row.
pub static TABLE: &[Dialect] = &[
    // v1.14.2, the host that the tests run.
    Dialect {
        name: "avalanchego",
        envs: AVALANCHEGO,
        transport: Transport::Grpc,
        protocol: 45,
        states: AVALANCHEGO_STATES,
        sends_epochs: true,
    },
    // v1.14.0 and v1.14.1. The first of them sends nothing of Granite's epochs and of Helicon.
    Dialect {
        name: "avalanchego",
        envs: AVALANCHEGO,
        transport: Transport::Grpc,
        protocol: 44,
        states: AVALANCHEGO_STATES,
        sends_epochs: false,
    },
    // v1.15.0. Its schemas are those of 45.
    Dialect {
        name: "avalanchego",
        envs: AVALANCHEGO,
        transport: Transport::Grpc,
        protocol: 46,
        states: AVALANCHEGO_STATES,
        sends_epochs: true,
    },
    // 2026.
    Dialect {
        name: "luxd",
        envs: LUXD,
        transport: Transport::Zap,
        protocol: 42,
        states: LUXD_STATES,
        sends_epochs: false,
    },
    // September 2025 to January 2026. Its schemas are those of avalanchego's 42, without the subnet.
    Dialect {
        name: "luxd",
        envs: LUXD,
        transport: Transport::Grpc,
        protocol: 42,
        states: LUXD_STATES,
        sends_epochs: false,
    },
];

const AVALANCHEGO: &[&str] = &["AVALANCHE_VM_RUNTIME_ENGINE_ADDR"];
const AVALANCHEGO_STATES: StateNumbers = StateNumbers { state_syncing: 1, bootstrapping: 2, normal: 3 };
/// The first is set since v1.26.
const LUXD: &[&str] = &["VM_RUNTIME_ENGINE_ADDR", "LUX_VM_RUNTIME_ENGINE_ADDR"];
const LUXD_STATES: StateNumbers = StateNumbers { state_syncing: 2, bootstrapping: 3, normal: 4 };

/// Hosts that load no plugin at all, and what to do about them.
const UNLOADABLE: &[(&str, Transport, u32, &str)] = &[(
    "luxd",
    Transport::Grpc,
    43,
    "luxd of August 2025 loads no plugin, whoever made it: install a later one, whose protocol is 42",
)];

/// What to do about a host that loads no plugin at all, where it is one.
pub(crate) fn unloadable(host: &str, transport: Transport, number: u32) -> Option<&'static str> {
    let of = |row: &&(&str, Transport, u32, &'static str)| (row.0, row.1, row.2) == (host, transport, number);
    UNLOADABLE.iter().find(of).map(|row| row.3)
}

/// One host protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// The host's name, for messages.
    pub name: &'static str,
    /// The variables in which the host puts its address, the one that counts first.
    pub envs: &'static [&'static str],
    /// How calls travel.
    pub transport: Transport,
    /// The number of which host and plugin must have the same.
    pub protocol: u32,
    /// How the host numbers the phases of a chain.
    pub states: StateNumbers,
    /// Whether every host of this number says how long Granite's epochs are and when Helicon comes. A chain does without
    /// where they are absent, whatever the number; the host for tests leaves them out where this is false.
    pub sends_epochs: bool,
}

impl fmt::Display for Dialect {
    /// As in `avalanchego 45`, or `luxd 42 over ZAP` where a number is spoken in two ways.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, protocol, transport, .. } = self;
        let same = |row: &&Self| (row.name, row.protocol) == (*name, *protocol);
        if TABLE.iter().filter(same).count() > 1 {
            out.pad(&format!("{name} {protocol} over {transport}"))
        } else {
            out.pad(&format!("{name} {protocol}"))
        }
    }
}

/// How calls travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transport {
    /// gRPC over plain HTTP/2.
    Grpc,
    /// Frames over plain TCP.
    Zap,
}

impl Transport {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Grpc, Self::Zap];

    /// As operators and hosts write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Zap => "zap",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Grpc => "gRPC",
            Self::Zap => "ZAP",
        })
    }
}

/// Numbers of the phases. The same number means different phases on different hosts, so it is never read without its
/// dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateNumbers {
    /// [`Phase::StateSyncing`].
    pub state_syncing: i32,
    /// [`Phase::Bootstrapping`].
    pub bootstrapping: i32,
    /// [`Phase::Normal`].
    pub normal: i32,
}

impl StateNumbers {
    /// The phase of a number; `None` for a number that has no meaning here.
    #[must_use]
    pub const fn phase(&self, number: i32) -> Option<Phase> {
        if number == self.state_syncing {
            Some(Phase::StateSyncing)
        } else if number == self.bootstrapping {
            Some(Phase::Bootstrapping)
        } else if number == self.normal {
            Some(Phase::Normal)
        } else {
            None
        }
    }
}

/// All rows in words, as in `avalanchego 45, luxd 42 over ZAP`.
#[must_use]
pub fn spoken() -> String {
    in_words(TABLE)
}

/// The same of some rows.
pub(crate) fn in_words<'a>(rows: impl IntoIterator<Item = &'a Dialect>) -> String {
    rows.into_iter().map(Dialect::to_string).collect::<Vec<_>>().join(", ")
}

/// The numbers of all rows, without repetition, the first of the table first.
#[must_use]
pub fn numbers() -> Vec<u32> {
    let mut numbers = Vec::new();
    for row in TABLE {
        if !numbers.contains(&row.protocol) {
            numbers.push(row.protocol);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_can_be_told_apart() {
        for (index, row) in TABLE.iter().enumerate() {
            for other in TABLE.iter().skip(index + 1) {
                let told_by = |row: &Dialect| (row.envs, row.transport, row.protocol);
                assert!(told_by(row) != told_by(other), "{row:?} twice");
                assert_ne!(row.to_string(), other.to_string());
            }
            let StateNumbers { state_syncing, bootstrapping, normal } = row.states;
            assert_eq!(row.states.phase(state_syncing), Some(Phase::StateSyncing));
            assert_eq!(row.states.phase(bootstrapping), Some(Phase::Bootstrapping));
            assert_eq!(row.states.phase(normal), Some(Phase::Normal));
            assert_eq!(row.states.phase(0), None);
        }
    }
}

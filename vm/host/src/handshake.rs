//! Telling the host that the plugin is there, and which protocol it speaks.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;

use pars_proto::host::vm::runtime::InitializeRequest;
use pars_proto::host::vm::runtime::runtime_client::RuntimeClient;
use tokio::time::{Instant, timeout_at};

use crate::dialect::{Dialect, TABLE, Transport, in_words, spoken};
use crate::grpc::{MESSAGE_BYTES_MAX, connect, with_causes};
use crate::text::{bounded, leading_number, one_line};
use crate::zap::address;
use crate::zap::hello::{self, Verdict};
use crate::{Detected, Numbers, PROTOCOL_OVERRIDE, ServeError, Source};

/// Announces a port that listens already. Once: the host remembers the first number it hears and ends the process if
/// it is not its own, so there is nothing to try again. The host's number is noted, and the next start has it.
pub(crate) async fn announce(
    mut host: Detected,
    numbers: &Numbers,
    listening: SocketAddr,
    deadline: Instant,
) -> Result<(), ServeError> {
    let heard_silence = host.connection.get_mut().is_ok_and(|connection| connection.is_some());
    let answered = match host.dialect.transport {
        Transport::Grpc => timeout_at(deadline, grpc(&host, numbers, listening)).await,
        Transport::Zap => timeout_at(deadline, zap(&mut host, listening)).await,
    };
    // It was taken for a host of ZAP by its silence, which may have been that of a busy one of gRPC.
    let advice = if heard_silence { SLOW } else { "" };
    let within_ms = HANDSHAKE_TIMEOUT.as_millis();
    answered.unwrap_or(Err(ServeError::Silent { addr: host.addr, dialect: host.dialect, within_ms, advice }))
}

async fn grpc(host: &Detected, numbers: &Numbers, listening: SocketAddr) -> Result<(), ServeError> {
    let plugin = host.dialect.protocol;
    let failed = |reason| ServeError::Dial { addr: host.addr.clone(), reason, spoken: spoken() };
    let channel = connect(&host.addr).await.map_err(failed)?;
    let mut runtime = RuntimeClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let request = InitializeRequest { protocol_version: plugin, addr: listening.to_string() };
    match runtime.initialize(request).await {
        Ok(_) => Ok(()),
        Err(status) => Err(match status.source() {
            // No word of the host's: the connection broke, or who answers is no host.
            Some(cause) => failed(with_causes(cause)),
            None => refusal(host, numbers, status.message()),
        }),
    }
}

async fn zap(host: &mut Detected, listening: SocketAddr) -> Result<(), ServeError> {
    let plugin = host.dialect.protocol;
    let failed = |error: std::io::Error| {
        let reason = error.to_string();
        ServeError::Dial { addr: host.addr.clone(), reason, spoken: spoken() }
    };
    let mut connection = match host.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
        Some(connection) => connection,
        None => address::connect(&host.addr).await.map_err(failed)?,
    };
    let reason = match hello::announce(&mut connection, plugin, listening).await.map_err(failed)? {
        Verdict::Accepted => return Ok(()),
        Verdict::Refused => match host.other {
            Some(number) => {
                let advice = advice(host, &Numbers::default(), number);
                return Err(ServeError::Mismatch { host: number, plugin, advice });
            }
            None => "it closed the connection without a word, as a host of another number does; see its own log, or \
                     ask it for --version and look for rpcchainvm="
                .to_owned(),
        },
        Verdict::Else(byte) => format!("it answered {byte:#04x}, which no host of ZAP does{SLOW}"),
    };
    Err(ServeError::Refused { plugin, reason })
}

/// The host names both numbers, but only in words.
fn refusal(told: &Detected, numbers: &Numbers, words: &str) -> ServeError {
    let plugin = told.dialect.protocol;
    match numbers_in(words).find(|number| *number != plugin) {
        Some(host) => ServeError::Mismatch { host, plugin, advice: advice(told, numbers, host) },
        None => ServeError::Refused { plugin, reason: bounded(&one_line(words), REASON_BYTES_MAX) },
    }
}

/// What to do about a host that speaks another number.
fn advice(told: &Detected, numbers: &Numbers, host: u32) -> String {
    let same = |row: &&Dialect| row.envs == told.dialect.envs && row.transport == told.dialect.transport;
    if !TABLE.iter().filter(same).any(|row| row.protocol == host) {
        let ours = in_words(TABLE.iter().filter(|row| row.envs == told.dialect.envs));
        return format!("install the plugin release for host protocol {host}; this one speaks {ours}");
    }
    let chosen = match &told.source {
        Source::Variable(name) => (*name).to_owned(),
        Source::File(file) => file.display().to_string(),
        Source::Note | Source::Asked | Source::Default if numbers.note(host) => {
            return format!("it is noted: the next start speaks {host}");
        }
        Source::Note | Source::Asked | Source::Default => {
            return format!("set {PROTOCOL_OVERRIDE}={host} in the host's environment");
        }
    };
    format!("{chosen} says so: change it to {host}")
}

fn numbers_in(words: &str) -> impl Iterator<Item = u32> + '_ {
    words.split(NUMBER_FOLLOWS).skip(1).filter_map(leading_number)
}

/// The host ends a plugin that is not heard within five seconds of its start. What is wrong is said before that.
pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_millis(4_500);

/// What to do about a host that may have been too busy to speak first.
const SLOW: &str = "; if it is a host of gRPC, put GRPC_PARS_TRANSPORT=grpc into its environment";

/// What the host writes before a number.
const NUMBER_FOLLOWS: &str = "protocol version ";

const REASON_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn both_numbers_are_found_in_the_hosts_words() {
        // The sentence of avalanchego 1.14.2, shortened in its middle.
        let words = "RPCChainVM protocol version mismatch between AvalancheGo and Virtual Machine plugin. AvalancheGo \
                     version avalanchego/1.14.2 implements RPCChainVM protocol version 45. The VM located at /plugins/x \
                     implements RPCChainVM protocol version 43. Please make sure that there is an exact match";
        assert_eq!(numbers_in(words).collect::<Vec<_>>(), [45, 43]);
        let text = refusal(&told(Source::Default), &Numbers::default(), &words.replace("45", "99")).to_string();
        assert!(
            text.starts_with("protocol mismatch: the host speaks 99, this plugin 45; install the plugin "),
            "{text}"
        );
        assert!(!text.contains('\n'));
    }

    fn told(source: Source) -> Detected {
        Detected { dialect: &TABLE[0], addr: String::new(), source, other: None, connection: Mutex::default() }
    }

    #[test]
    fn whoever_chose_the_number_is_named() {
        let words = "protocol version 44";
        let folder = tempfile::tempdir().unwrap();
        let numbers = Numbers::new(folder.path().to_owned(), folder.path().join("absent"));
        for (source, advice) in [
            (Source::Variable(PROTOCOL_OVERRIDE), "GRPC_PARS_PROTOCOL says so: change it to 44"),
            (Source::File("/plugins/pars/host.toml".into()), "/plugins/pars/host.toml says so: change it to 44"),
            (Source::Asked, "it is noted: the next start speaks 44"),
        ] {
            let text = refusal(&told(source), &numbers, words).to_string();
            assert_eq!(text, format!("protocol mismatch: the host speaks 44, this plugin 45; {advice}"));
        }
        let text = refusal(&told(Source::Default), &Numbers::default(), words).to_string();
        assert!(text.ends_with("set GRPC_PARS_PROTOCOL=44 in the host's environment"), "{text}");
    }

    #[test]
    fn other_refusals_keep_their_words() {
        let refused = |words: &str| refusal(&told(Source::Default), &Numbers::default(), words).to_string();
        assert_eq!(refused("no more\nroom"), "the host refused protocol 45: no more room");
        assert!(refused(&"x".repeat(100_000)).len() < 600);
    }
}

//! Telling the host that the plugin is there, and which protocol it speaks.

use std::error::Error as _;
use std::net::SocketAddr;
use std::sync::PoisonError;
use std::time::Duration;

use pars_proto::host::vm::runtime::InitializeRequest;
use pars_proto::host::vm::runtime::runtime_client::RuntimeClient;
use tokio::time::{Instant, timeout_at};

use crate::dialect::{Dialect, TABLE, Transport, in_words, spoken, unloadable};
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
    within: Duration,
) -> Result<(), ServeError> {
    let heard_silence = host.connection.get_mut().is_ok_and(|connection| connection.is_some());
    let advice = doubt(&host, heard_silence);
    let answered = match host.dialect.transport {
        Transport::Grpc => timeout_at(deadline, grpc(&host, numbers, listening)).await,
        Transport::Zap => timeout_at(deadline, zap(&mut host, listening)).await,
    };
    let within_ms = within.as_millis();
    answered.unwrap_or(Err(ServeError::Silent { addr: host.addr, dialect: host.dialect, within_ms, advice }))
}

async fn grpc(host: &Detected, numbers: &Numbers, listening: SocketAddr) -> Result<(), ServeError> {
    let plugin = host.dialect.protocol;
    let channel = connect(&host.addr).await.map_err(|reason| unreached(host, reason))?;
    let mut runtime = RuntimeClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let request = InitializeRequest { protocol_version: plugin, addr: listening.to_string() };
    match runtime.initialize(request).await {
        Ok(_) => Ok(()),
        Err(status) => Err(match status.source() {
            // No word of the host's: the connection broke, or who answers is no host.
            Some(cause) => unreached(host, with_causes(cause)),
            None if status.message().is_empty() => {
                let words = format!("it answered {:?} without a word", status.code());
                refused(host, &words, doubts(host))
            }
            None => refusal(host, numbers, status.message()),
        }),
    }
}

async fn zap(host: &mut Detected, listening: SocketAddr) -> Result<(), ServeError> {
    let plugin = host.dialect.protocol;
    let silent = host.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
    let mut connection = match silent {
        Some(connection) => connection,
        None => address::connect(&host.addr).await.map_err(|error| unreached(host, error.to_string()))?,
    };
    let verdict = hello::announce(&mut connection, plugin, listening).await;
    match verdict.map_err(|error| unreached(host, error.to_string()))? {
        Verdict::Accepted => Ok(()),
        Verdict::Refused => Err(match host.other {
            Some(number) => {
                let advice = advice(host, &Numbers::default(), number);
                ServeError::Mismatch { host: number, plugin, advice }
            }
            None => {
                let reason = "it closed the connection without a word, as a host of another number does";
                let ask = ", or ask it for --version and look for rpcchainvm=";
                refused(host, reason, format!("{ask}{}", doubts(host)))
            }
        }),
        Verdict::Else(byte) => {
            let reason = format!("it answered {byte:#04x}, which no host of ZAP does");
            Err(refused(host, &reason, doubt(host, true)))
        }
    }
}

fn unreached(host: &Detected, reason: String) -> ServeError {
    ServeError::Dial { addr: host.addr.clone(), reason, spoken: spoken(), advice: doubt(host, false) }
}

fn refused(host: &Detected, words: &str, advice: String) -> ServeError {
    let reason = bounded(&one_line(words), REASON_BYTES_MAX);
    ServeError::Refused { plugin: host.dialect.protocol, reason, dialect: host.dialect, advice }
}

/// What to do if the host is spoken to in the wrong way: as the operator said, or because it seems to speak ZAP.
fn doubt(host: &Detected, seems_zap: bool) -> String {
    match &host.said {
        Some(said) => format!("; {said} chose {}: remove it to let this program find out", host.dialect.transport),
        None if seems_zap => SLOW.to_owned(),
        None => String::new(),
    }
}

/// What to do about a host that refuses and does not say why: all that the operator chose may be wrong.
fn doubts(host: &Detected) -> String {
    let number = match who_chose(&host.source) {
        Some(chosen) => {
            format!("; {chosen} chose protocol {}: remove it to let this program find out", host.dialect.protocol)
        }
        None => String::new(),
    };
    format!("{}{number}", doubt(host, false))
}

/// Where the operator chose the number.
fn who_chose(source: &Source) -> Option<String> {
    match source {
        Source::Variable(name) => Some((*name).to_owned()),
        Source::File(file) => Some(file.display().to_string()),
        Source::Note | Source::Asked | Source::Default => None,
    }
}

/// The host names both numbers, but only in words.
fn refusal(told: &Detected, numbers: &Numbers, words: &str) -> ServeError {
    let plugin = told.dialect.protocol;
    match numbers_in(words).find(|number| *number != plugin) {
        Some(host) => ServeError::Mismatch { host, plugin, advice: advice(told, numbers, host) },
        None => refused(told, words, doubts(told)),
    }
}

/// What to do about a host that speaks another number.
fn advice(told: &Detected, numbers: &Numbers, host: u32) -> String {
    if let Some(advice) = unloadable(told.dialect.name, told.dialect.transport, host) {
        return advice.to_owned();
    }
    let same = |row: &&Dialect| row.envs == told.dialect.envs && row.transport == told.dialect.transport;
    if !TABLE.iter().filter(same).any(|row| row.protocol == host) {
        let ours = in_words(TABLE.iter().filter(|row| row.envs == told.dialect.envs));
        return format!("install the plugin release for host protocol {host}; this one speaks {ours}");
    }
    match who_chose(&told.source) {
        Some(chosen) => format!("{chosen} says so: change it to {host}"),
        None if numbers.note(host) => format!("it is noted: the next start speaks {host}"),
        None => format!("set {PROTOCOL_OVERRIDE}={host} in the host's environment"),
    }
}

fn numbers_in(words: &str) -> impl Iterator<Item = u32> + '_ {
    words.split(NUMBER_FOLLOWS).skip(1).filter_map(leading_number)
}

/// What to do about a host that may have been too busy to speak first.
const SLOW: &str = "; if it is a host of gRPC, put GRPC_PARS_TRANSPORT=grpc into its environment";

/// What the host writes before a number.
const NUMBER_FOLLOWS: &str = "protocol version ";

const REASON_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::sync::Mutex;
    use std::task::{Context, Poll};
    use tonic::body::Body;
    use tonic::codegen::{BoxFuture, Service};

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
        let (addr, connection) = (String::new(), Mutex::default());
        Detected { dialect: &TABLE[0], addr, source, other: None, said: None, connection }
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
        let expected = "expected one of avalanchego 45: see in its own log what it is";
        assert_eq!(refused("no more\nroom"), format!("the host refused protocol 45: no more room; {expected}"));
        assert!(refused(&"x".repeat(100_000)).len() < 700);
        // What the operator chose may be what is wrong.
        let said = Some("GRPC_PARS_TRANSPORT=grpc".to_owned());
        let told = Detected { said, ..told(Source::Default) };
        let text = refusal(&told, &Numbers::default(), "no").to_string();
        let chose = "GRPC_PARS_TRANSPORT=grpc chose gRPC: remove it to let this program find out";
        assert_eq!(text, format!("the host refused protocol 45: no; {expected}; {chose}"));
        let told = Detected { source: Source::Variable("PARS_VM_PROTOCOL"), ..told };
        let text = refusal(&told, &Numbers::default(), "no").to_string();
        let number = "PARS_VM_PROTOCOL chose protocol 45: remove it to let this program find out";
        assert_eq!(text, format!("the host refused protocol 45: no; {expected}; {chose}; {number}"));
    }

    /// Known only from its refusal, as where its program may not be asked.
    #[test]
    fn a_host_that_loads_no_plugins_is_named_by_its_refusal() {
        let luxd = |transport| TABLE.iter().find(|row| row.name == "luxd" && row.transport == transport).unwrap();
        let refused = |transport| {
            let told = Detected { dialect: luxd(transport), ..told(Source::Default) };
            refusal(&told, &Numbers::default(), "protocol version 43").to_string()
        };
        assert_eq!(
            refused(Transport::Grpc),
            "protocol mismatch: the host speaks 43, this plugin 42; luxd of August 2025 loads no plugin, whoever made \
             it: install a later one, whose protocol is 42"
        );
        assert!(refused(Transport::Zap).contains("install the plugin release for host protocol 43"));
    }

    /// Answers every request in the same way.
    #[derive(Debug, Clone, Copy)]
    struct Always {
        http: u16,
        grpc: Option<u8>,
    }

    impl Service<http::Request<Body>> for Always {
        type Response = http::Response<Body>;
        type Error = Infallible;
        type Future = BoxFuture<http::Response<Body>, Infallible>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<Body>) -> Self::Future {
            let response = http::Response::builder().status(self.http).header("content-type", "application/grpc");
            let response = match self.grpc {
                Some(status) => response.header("grpc-status", u16::from(status)),
                None => response,
            };
            Box::pin(std::future::ready(Ok(response.body(Body::empty()).unwrap())))
        }
    }

    /// Servers that are no hosts: what they answer, what is expected and what to do are in the text all the same.
    #[tokio::test]
    async fn answers_without_words_are_told() {
        for (always, words) in [
            (Always { http: 200, grpc: Some(12) }, "it answered Unimplemented without a word"),
            (Always { http: 200, grpc: Some(2) }, "it answered Unknown without a word"),
            (Always { http: 404, grpc: None }, "404"),
            (Always { http: 200, grpc: None }, ""),
        ] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let addr = listener.local_addr().unwrap();
            drop(tokio::spawn(crate::grpc::serve(listener, always, std::future::pending())));
            let host = Detected { addr: addr.to_string(), ..told(Source::Default) };
            let text = grpc(&host, &Numbers::default(), addr).await.unwrap_err().to_string();
            let (start, end) =
                ("the host refused protocol 45: ", "; expected one of avalanchego 45: see in its own log ");
            let (answered, _) =
                text.strip_prefix(start).and_then(|text| text.split_once(end)).unwrap_or_else(|| panic!("{text}"));
            assert!(answered.contains(words) && answered.len() > 10, "{always:?}: {text}");
        }
    }
}

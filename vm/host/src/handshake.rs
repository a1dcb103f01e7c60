//! Telling the host that the plugin is there, and which protocol it speaks.

use std::net::SocketAddr;
use std::time::Duration;

use pars_proto::host::vm::runtime::InitializeRequest;
use pars_proto::host::vm::runtime::runtime_client::RuntimeClient;
use tokio::time::timeout;

use crate::grpc::{MESSAGE_BYTES_MAX, connect};
use crate::text::{bounded, one_line};
use crate::{Detected, ServeError};

/// Announces a port that listens already. Once: the host remembers the first number it hears and ends the process if
/// it is not its own, so there is nothing to try again.
pub(crate) async fn announce(host: &Detected, listening: SocketAddr) -> Result<(), ServeError> {
    timeout(HANDSHAKE_TIMEOUT, call(host, listening)).await.unwrap_or_else(|_| {
        let seconds = HANDSHAKE_TIMEOUT.as_secs();
        Err(ServeError::Silent { addr: host.addr.clone(), listening, seconds })
    })
}

async fn call(host: &Detected, listening: SocketAddr) -> Result<(), ServeError> {
    let plugin = host.dialect.protocol;
    let channel = connect(&host.addr).await.map_err(|reason| ServeError::Dial { addr: host.addr.clone(), reason })?;
    let mut runtime = RuntimeClient::new(channel)
        .max_decoding_message_size(MESSAGE_BYTES_MAX)
        .max_encoding_message_size(MESSAGE_BYTES_MAX);
    let request = InitializeRequest { protocol_version: plugin, addr: listening.to_string() };
    match runtime.initialize(request).await {
        Ok(_) => Ok(()),
        Err(status) => Err(refusal(plugin, status.message())),
    }
}

/// The host names both numbers, but only in words.
fn refusal(plugin: u32, words: &str) -> ServeError {
    match numbers(words).find(|number| *number != plugin) {
        Some(host) => ServeError::Mismatch { host, plugin },
        None => ServeError::Refused { plugin, reason: bounded(&one_line(words), REASON_BYTES_MAX) },
    }
}

fn numbers(words: &str) -> impl Iterator<Item = u32> + '_ {
    words.split(NUMBER_FOLLOWS).skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    })
}

/// The host ends a plugin that is not heard within this time of its start.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// What the host writes before a number.
const NUMBER_FOLLOWS: &str = "protocol version ";

const REASON_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_are_found_in_the_hosts_words() {
        // The sentence of avalanchego 1.14.2, shortened in its middle.
        let words = "RPCChainVM protocol version mismatch between AvalancheGo and Virtual Machine plugin. AvalancheGo \
                     version avalanchego/1.14.2 implements RPCChainVM protocol version 45. The VM located at /plugins/x \
                     implements RPCChainVM protocol version 43. Please make sure that there is an exact match";
        assert_eq!(numbers(words).collect::<Vec<_>>(), [45, 43]);
        let text = refusal(43, words).to_string();
        assert!(text.contains("the host speaks 45, this plugin 43"), "{text}");
        assert!(!text.contains('\n'));
    }

    #[test]
    fn other_refusals_keep_their_words() {
        let text = refusal(45, "no more\nroom").to_string();
        assert_eq!(text, "the host refused protocol 45: no more room");
        assert!(refusal(45, &"x".repeat(100_000)).to_string().len() < 600);
    }
}

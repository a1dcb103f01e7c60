//! QUIC under the overlay: the socket, and the bounds of the endpoint and of each connection.

use crate::identity::TransportKey;
use crate::tls;
use aws_lc_rs::hmac;
use quinn::crypto::rustls::{NoInitialCipherSuite, QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Endpoint, EndpointConfig, ServerConfig, TokioRuntime, TransportConfig, VarInt};
use quinn_proto::HashedConnectionIdGenerator;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A connection on which nothing is heard is over after this time.
pub const IDLE_MAX: Duration = Duration::from_secs(30);
/// A silent connection says this often that it is there.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Streams that a stranger may have open: one with the certificate, and then one with the welcome.
pub const STRANGER_STREAMS: VarInt = VarInt::from_u32(1);
/// Bytes that a stranger may have sent and that nobody has read: both messages fit.
pub const STRANGER_WINDOW: VarInt = VarInt::from_u32(2_048);
/// Streams that a peer may have open, each with a message.
pub const PEER_STREAMS: VarInt = VarInt::from_u32(64);
/// Bytes that a peer may have sent and that nobody has read.
pub const PEER_WINDOW: VarInt = VarInt::from_u32(1 << 20);
/// Bytes that are sent to a peer and not acknowledged.
const SEND_WINDOW: u64 = 1 << 20;
/// First packets of connections that nobody has looked at.
const INCOMING_MAX: usize = 256;
/// Bytes that come after the first packet before somebody has looked at it. A hello of TLS with these keys has two packets.
const INCOMING_BYTES: u64 = 8 << 10;
/// Bytes that the system keeps for the socket until they are read, and until they are sent.
const SOCKET_BYTES: usize = 2 << 20;
/// The version of QUIC (RFC 9000).
const QUIC: u32 = 1;
/// Nobody looks names up, but QUIC wants one.
pub(crate) const SERVER_NAME: &str = "overlay";

/// Why there is no endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The address cannot be listened on.
    #[error("listening on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: io::Error,
    },
    /// The library refuses the key.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
    /// The library lacks what QUIC needs.
    #[error(transparent)]
    Suite(#[from] NoInitialCipherSuite),
}

/// An endpoint that listens, and what it dials with. Called within a runtime.
pub(crate) fn open(address: SocketAddr, key: &TransportKey) -> Result<(Endpoint, ClientConfig), TransportError> {
    let listen = |cause| TransportError::Listen { address, cause };
    let transport = Arc::new(bounds());
    let mut server = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls::server(key)?)?));
    server
        .transport_config(Arc::clone(&transport))
        .migration(false)
        .max_incoming(INCOMING_MAX)
        .incoming_buffer_size(INCOMING_BYTES)
        .incoming_buffer_size_total(INCOMING_BYTES * 64);
    let mut client = ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls::client(key)?)?));
    client.transport_config(transport);
    // Both out of the transport key, so that peers of an earlier run of this node hear at once that it is over: it knows
    // the ids of that run's connections, and can prove that it may end them.
    let reset = key.derived(b"pars overlay: reset of connections");
    let [a, b, c, d, e, f, g, h, ..] = *key.derived(b"pars overlay: ids of connections");
    let ids = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let mut config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, reset.as_slice())));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(ids)));
    config.supported_versions(vec![QUIC]);
    let socket = socket(address).map_err(listen)?;
    let endpoint = Endpoint::new(config, Some(server), socket, Arc::new(TokioRuntime)).map_err(listen)?;
    Ok((endpoint, client))
}

fn bounds() -> TransportConfig {
    let mut bounds = TransportConfig::default();
    bounds
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(STRANGER_STREAMS)
        .receive_window(STRANGER_WINDOW)
        .stream_receive_window(PEER_WINDOW)
        .send_window(SEND_WINDOW)
        .datagram_receive_buffer_size(None)
        .max_idle_timeout(IDLE_MAX.try_into().ok())
        .keep_alive_interval(Some(KEEP_ALIVE));
    bounds
}

fn socket(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // One socket for both versions.
        socket.set_only_v6(false)?;
    }
    // The system may give less, which costs packets when many come at once, and nothing else.
    drop(socket.set_recv_buffer_size(SOCKET_BYTES));
    drop(socket.set_send_buffer_size(SOCKET_BYTES));
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

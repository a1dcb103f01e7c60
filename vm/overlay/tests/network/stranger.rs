//! [`Stranger`]: somebody who speaks QUIC with an overlay by hand, well or badly.

use crate::member::{certificate, unix_s};
use pars_host::PeerVersion;
use pars_overlay::certificate::Certificate;
use pars_overlay::frame::{Frame, Hello};
use pars_overlay::{Refusal, TransportKey, tls};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connecting, Connection, ConnectionError, Endpoint, ServerConfig};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What takes longer did not happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody with a transport key.
pub(crate) struct Stranger {
    pub(crate) key: TransportKey,
    pub(crate) endpoint: Endpoint,
}

impl Stranger {
    pub(crate) fn new() -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into())
    }

    pub(crate) fn at(ip: IpAddr) -> Self {
        let key = TransportKey::generate().expect("chance");
        let mut endpoint = Endpoint::client(SocketAddr::new(ip, 0)).expect("an address of loopback");
        endpoint.set_default_client_config(quic(tls::client(&key).expect("a key")));
        Self { key, endpoint }
    }

    /// Waits for others, too.
    pub(crate) fn listening() -> Self {
        let stranger = Self::new();
        let server = QuicServerConfig::try_from(tls::server(&stranger.key).expect("a key")).expect("version 1.3");
        stranger.endpoint.set_server_config(Some(ServerConfig::with_crypto(Arc::new(server))));
        stranger
    }

    pub(crate) async fn connect(&self, to: SocketAddr) -> Connection {
        self.try_connect(to).await.expect("a connection")
    }

    pub(crate) async fn try_connect(&self, to: SocketAddr) -> Result<Connection, ConnectionError> {
        self.begin(to).await
    }

    /// Begins a connection.
    pub(crate) fn begin(&self, to: SocketAddr) -> Connecting {
        self.endpoint.connect(to, "stranger").expect("the endpoint is open")
    }

    /// Becomes a peer.
    pub(crate) async fn join(&self, number: u8, to: SocketAddr) -> Connection {
        let connection = self.connect(to).await;
        say(&connection, &hello(certificate(number, &self.key))).await;
        assert!(matches!(hear(&connection).await, Ok(Frame::Hello(_))));
        say(&connection, &Frame::Welcome.encode().expect("a short one")).await;
        assert_eq!(hear(&connection).await.expect("an answer"), Frame::Welcome);
        connection
    }
}

pub(crate) fn quic(config: rustls::ClientConfig) -> ClientConfig {
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).expect("version 1.3")))
}

pub(crate) fn hello(certificate: Certificate) -> Vec<u8> {
    let version = PeerVersion { name: "stranger".to_owned(), major: 9, minor: 9, patch: 9 };
    Frame::Hello(Box::new(Hello { certificate, version })).encode().expect("a short one").to_vec()
}

/// Says it on a stream of its own. Where the other has gone, that is seen elsewhere.
pub(crate) async fn say(connection: &Connection, bytes: &[u8]) {
    let Ok(mut stream) = connection.open_uni().await else { return };
    if stream.write_all(bytes).await.is_ok() {
        drop(stream.finish());
    }
}

/// The next message.
pub(crate) async fn hear(connection: &Connection) -> Result<Frame, ConnectionError> {
    let mut stream = timeout(PATIENCE, connection.accept_uni()).await.expect("something comes")?;
    let bytes = stream.read_to_end(4 << 20).await.expect("a whole message");
    Ok(Frame::decode(bytes.into()).expect("a message"))
}

/// The next message that does not tell addresses.
pub(crate) async fn hear_besides_addresses(connection: &Connection) -> Frame {
    loop {
        let heard = hear(connection).await.expect("the connection goes on");
        if !matches!(heard, Frame::Addresses(_)) {
            return heard;
        }
    }
}

/// With which words the other side ended it.
pub(crate) async fn ended(connection: &Connection) -> Option<Refusal> {
    let end = timeout(PATIENCE, connection.closed()).await.expect("it ends");
    let ConnectionError::ApplicationClosed(closed) = end else { panic!("{end}") };
    Refusal::of_code(closed.error_code.into_inner())
}

/// A certificate with something else in it.
pub(crate) fn altered(
    number: u8,
    key: &TransportKey,
    now: u64,
    change: impl FnOnce(&mut pars_overlay::Claim),
) -> Certificate {
    let mut claim = crate::member::claim(number, key);
    change(&mut claim);
    claim.sign(&crate::member::secret(number), now.min(unix_s())).expect("it holds")
}

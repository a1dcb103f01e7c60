//! [`Stranger`]: somebody who speaks QUIC with an overlay by hand.

use anyhow::{Context as _, Result, ensure};
use pars_host::PeerVersion;
use pars_overlay::certificate::Certificate;
use pars_overlay::frame::{Frame, Hello};
use pars_overlay::{Refusal, TransportKey, tls};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ClientConfig, Connecting, Connection, ConnectionError, Endpoint};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What takes longer did not happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody with a transport key.
pub(crate) struct Stranger {
    endpoint: Endpoint,
}

/// What an overlay made of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    Welcome,
    Refused(Refusal),
}

impl Stranger {
    pub(crate) fn new() -> Self {
        Self::at(Ipv4Addr::LOCALHOST.into())
    }

    pub(crate) fn at(ip: IpAddr) -> Self {
        Self::with_key(ip, &TransportKey::generate().expect("chance"))
    }

    pub(crate) fn with_key(ip: IpAddr, key: &TransportKey) -> Self {
        let mut endpoint = Endpoint::client(SocketAddr::new(ip, 0)).expect("an address of loopback");
        let crypto = QuicClientConfig::try_from(tls::client(key).expect("a key")).expect("version 1.3");
        endpoint.set_default_client_config(ClientConfig::new(Arc::new(crypto)));
        Self { endpoint }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.endpoint.local_addr().expect("it is bound")
    }

    /// Begins a connection.
    pub(crate) fn begin(&self, to: SocketAddr) -> Connecting {
        self.endpoint.connect(to, "stranger").expect("the endpoint is open")
    }

    pub(crate) async fn try_connect(&self, to: SocketAddr) -> Result<Connection, ConnectionError> {
        self.begin(to).await
    }

    /// Shows a certificate, and hears what becomes of it.
    pub(crate) async fn introduce(&self, to: SocketAddr, certificate: Certificate) -> Result<Reception> {
        let connection = self.try_connect(to).await?;
        let version = PeerVersion { name: "stranger".to_owned(), major: 9, minor: 9, patch: 9 };
        let hello = Frame::Hello(Box::new(Hello { certificate, version })).encode().context("a short one")?;
        let mut stream = connection.open_uni().await?;
        stream.write_all(&hello).await?;
        stream.finish()?;
        loop {
            match timeout(PATIENCE, connection.accept_uni()).await.context("nothing comes")? {
                Ok(mut stream) => {
                    let heard = Frame::decode(stream.read_to_end(4 << 20).await?.into())?;
                    if heard == Frame::Welcome {
                        return Ok(Reception::Welcome);
                    }
                    ensure!(matches!(heard, Frame::Hello(_)), "{heard:?}");
                }
                Err(ConnectionError::ApplicationClosed(closed)) => {
                    let refusal = Refusal::of_code(closed.error_code.into_inner()).context("no reason")?;
                    return Ok(Reception::Refused(refusal));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

//! Taking over a connection: the client asked for another protocol, and the service agrees.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};

/// A client's connection: bytes both ways.
pub trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// A connection that will be there once the answer with status 101 is sent; among the extensions of a request that asks
/// for another protocol. Whoever receives requests makes one, whatever it reads from.
#[derive(Clone)]
pub struct Upgrade(Arc<Mutex<Option<Connecting>>>);

type Connecting = Pin<Box<dyn Future<Output = io::Result<Box<dyn Connection>>> + Send>>;

impl Upgrade {
    /// From what ends with the connection.
    pub fn new<C: Connection + 'static>(connecting: impl Future<Output = io::Result<C>> + Send + 'static) -> Self {
        let connecting: Connecting =
            Box::pin(async move { connecting.await.map(|connection| -> Box<dyn Connection> { Box::new(connection) }) });
        Self(Arc::new(Mutex::new(Some(connecting))))
    }

    /// Waits for the connection. Only the first of all clones gets it.
    ///
    /// # Errors
    /// The client or the host is gone, the request was answered otherwise, or somebody else has the connection.
    pub async fn connected(self) -> io::Result<Box<dyn Connection>> {
        let connecting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        connecting.ok_or_else(|| io::Error::other("this connection was taken over already"))?.await
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgrade")
    }
}

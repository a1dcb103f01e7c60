//! The handshake, and what a host does when somebody only connects to it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::address;
use crate::http::Connection;

/// What a host is heard to speak.
pub(crate) enum Heard {
    /// It spoke first, as a server of HTTP/2 does. It does not miss the connection that asked.
    Grpc,
    /// It is silent. It takes one connection only, so the handshake goes over this one.
    Silent(Box<dyn Connection>),
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Grpc => "Grpc",
            Self::Silent(_) => "Silent",
        })
    }
}

/// Connects, and listens who speaks first.
///
/// # Errors
/// Nobody is there, or somebody who speaks something else.
pub(crate) async fn listen(addr: &str) -> io::Result<Heard> {
    let connected = timeout(CONNECT_MAX, address::connect(addr)).await;
    let mut stream = connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let mut head = [0; SETTINGS_HEAD.len() + LENGTH_BYTES];
    match timeout(SILENCE, stream.read_exact(&mut head)).await {
        Err(_) => Ok(Heard::Silent(stream)),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(io::Error::other("it closed the connection without a word"))
        }
        Ok(Err(error)) => Err(error),
        Ok(Ok(_)) if head.ends_with(&SETTINGS_HEAD) => Ok(Heard::Grpc),
        Ok(Ok(_)) => Err(io::Error::other(format!("it began with {head:02x?}, which is no host's greeting"))),
    }
}

/// Says the plugin's number, and where it listens.
///
/// # Errors
/// The host does not want it, which it says by closing the connection, or is gone.
pub(crate) async fn announce(
    stream: &mut Box<dyn Connection>,
    protocol: u32,
    listening: SocketAddr,
) -> io::Result<Verdict> {
    let mut answer = [0; 1];
    let answered = async {
        stream.write_all(&hello(protocol, &listening.to_string())).await?;
        stream.flush().await?;
        stream.read(&mut answer).await
    };
    match answered.await {
        Ok(0) => Ok(Verdict::Refused),
        Ok(_) if answer == [ACCEPTED] => Ok(Verdict::Accepted),
        Ok(_) => Ok(Verdict::Else(u8::from_be_bytes(answer))),
        // Closed before everything was read: as good as closed.
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
            Ok(Verdict::Refused)
        }
        Err(error) => Err(error),
    }
}

/// What a host answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It will dial.
    Accepted,
    /// It wants another number, and does not say which.
    Refused,
    /// No host of this kind answers so.
    Else(u8),
}

/// The plugin's part of the handshake.
pub(crate) fn hello(protocol: u32, addr: &str) -> BytesMut {
    let length = u32::BITS / 8 + u32::try_from(addr.len()).unwrap_or(u32::MAX);
    let mut bytes = BytesMut::new();
    bytes.put_u32(length);
    bytes.put_u32(protocol);
    bytes.put_slice(addr.as_bytes());
    bytes
}

/// What a host answers to a number that is its own.
pub(crate) const ACCEPTED: u8 = 1;

/// A server of gRPC begins 21 to 26 ms after it was connected to.
const SILENCE: Duration = Duration::from_millis(300);

/// Whoever does not take a connection within this time is no host on this machine. With the silence, and the time in which
/// a host tells its number, it is less than the 5 s in which is to be said what is wrong.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// A frame of settings on stream 0, behind its length: what every server of HTTP/2 begins with.
const SETTINGS_HEAD: [u8; 6] = [4, 0, 0, 0, 0, 0];
const LENGTH_BYTES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zap::recorded::handshakes;
    use tokio::io::duplex;

    /// A port whose queue is full takes no connection, and says nothing.
    #[tokio::test]
    async fn an_address_that_does_not_answer_is_given_up() {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let addr = socket.local_addr().unwrap().as_socket().unwrap().to_string();
        let mut waiting = Vec::new();
        while let Ok(Ok(stream)) = timeout(Duration::from_millis(200), tokio::net::TcpStream::connect(&addr)).await {
            waiting.push(stream);
        }
        let since = std::time::Instant::now();
        let error = listen(&addr).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(since.elapsed() < Duration::from_millis(4_500), "{:?}", since.elapsed());
    }

    /// What was recorded of handshakes: the plugin's bytes, and what the host answers.
    #[tokio::test]
    async fn handshake_bytes() {
        let (mut hellos, mut answers) = (0, 0);
        for (vector, bytes) in handshakes() {
            let fields = &vector["fields"];
            if vector["message_name"] == "Hello" {
                let protocol = u32::try_from(fields["protocol"].as_u64().unwrap()).unwrap();
                assert_eq!(hello(protocol, fields["addr"].as_str().unwrap()), bytes, "{vector}");
                hellos += 1;
                continue;
            }
            let (ours, mut theirs) = duplex(100);
            theirs.write_all(&bytes).await.unwrap();
            // A host that refuses closes; one that accepts does so afterwards.
            theirs.shutdown().await.unwrap();
            let mut ours: Box<dyn Connection> = Box::new(ours);
            let verdict = announce(&mut ours, 42, "127.0.0.1:1".parse().unwrap()).await.unwrap();
            let expected = if fields["accepted"] == true { Verdict::Accepted } else { Verdict::Refused };
            assert_eq!(verdict, expected, "{vector}");
            answers += 1;
        }
        assert_eq!((hellos, answers), (8, 2));
    }
}

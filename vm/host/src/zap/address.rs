//! Where something listens: `ip:port`, the path of a Unix socket, or `@name` for one without a file.

use std::io;
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr as UnixAddr;

use tokio::net::{TcpStream, UnixStream};

use crate::http::Connection;

/// Whether a text is an address.
pub(crate) fn is_address(text: &str) -> bool {
    let is_url = text.contains("://");
    !is_url && unix(text).map_or_else(|| is_tcp(text), |addr| addr.is_ok())
}

/// Whether a text is an IP address, or the name of this machine, and a port. Hosts give no other names, and a name that
/// nobody knows would be looked up for longer than a host waits.
pub(crate) fn is_tcp(text: &str) -> bool {
    let port = text.strip_prefix("localhost:");
    port.map_or_else(|| text.parse::<SocketAddr>().is_ok(), |port| port.parse::<u16>().is_ok())
}

/// What [`is_tcp`] takes, in words.
pub(crate) const TCP: &str = "ip:port or localhost:port";
/// What [`is_address`] takes, in words.
pub(crate) const ANY: &str = "ip:port, localhost:port, or a path or @name of a socket";

/// Dials it.
pub(crate) async fn connect(addr: &str) -> io::Result<Box<dyn Connection>> {
    match unix(addr) {
        Some(checked) => {
            checked?;
            // A zero in front is the system's way to write a name without a file.
            let path = addr.strip_prefix('@').map_or_else(|| addr.to_owned(), |name| format!("\0{name}"));
            // Where its queue is full, that is an error at once.
            Ok(Box::new(UnixStream::connect(path).await?))
        }
        None => {
            let stream = TcpStream::connect(addr).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
    }
}

/// The address of a Unix socket, where the text is one.
fn unix(text: &str) -> Option<io::Result<UnixAddr>> {
    if let Some(name) = text.strip_prefix('@') {
        return Some(UnixAddr::from_abstract_name(name));
    }
    text.contains('/').then(|| UnixAddr::from_pathname(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing is waited for, as the thread would be lost for everybody meanwhile.
    #[tokio::test]
    async fn a_socket_whose_queue_is_full_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vm.sock");
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        socket.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
        socket.listen(0).unwrap();
        let addr = path.to_str().unwrap();
        let mut waiting = Vec::new();
        let error = loop {
            match connect(addr).await {
                Ok(stream) if waiting.len() < 100 => waiting.push(stream),
                Ok(_) => panic!("its queue is never full"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    #[tokio::test]
    async fn a_name_without_a_file() {
        let name = format!("pars-test-{}", std::process::id());
        let listener = std::os::unix::net::UnixListener::bind_addr(&UnixAddr::from_abstract_name(&name).unwrap());
        assert!(connect(&format!("@{name}")).await.is_ok());
        drop(listener);
        assert!(connect(&format!("@{name}")).await.is_err());
    }

    #[test]
    fn addresses_are_of_three_kinds() {
        for text in ["127.0.0.1:4711", "[::1]:40001", "localhost:1", "/run/x/vm.sock", "./vm.sock", "a/b", "@name"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["", "nowhere", "127.0.0.1", "127.0.0.1:x", ":", "127.0.0.1:99999", "localhost:", "localhost:x"] {
            assert!(!is_address(text), "{text}");
        }
        for text in ["example.org:80", "user@127.0.0.1:80", "http://127.0.0.1:80", "unix:///run/vm.sock"] {
            assert!(!is_address(text), "{text}");
        }
        assert!(!is_address(&format!("/{}", "x".repeat(200))), "no socket has so long a path");
    }
}

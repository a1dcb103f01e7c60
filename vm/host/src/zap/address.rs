//! Where something listens: `host:port`, the path of a Unix socket, or `@name` for one without a file.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr as UnixAddr;

use tokio::net::{TcpStream, UnixStream};

use crate::http::Connection;

/// Whether a text is an address.
pub(crate) fn is_address(text: &str) -> bool {
    unix(text).map_or_else(|| is_tcp(text), |addr| addr.is_ok())
}

/// Whether a text is a host and a port.
pub(crate) fn is_tcp(text: &str) -> bool {
    text.parse::<http::uri::Authority>().is_ok_and(|authority| authority.port_u16().is_some())
}

/// Dials it.
pub(crate) async fn connect(addr: &str) -> io::Result<Box<dyn Connection>> {
    match unix(addr) {
        Some(addr) => {
            // A local socket is there or it is not: nothing is waited for.
            let stream = std::os::unix::net::UnixStream::connect_addr(&addr?)?;
            stream.set_nonblocking(true)?;
            Ok(Box::new(UnixStream::from_std(stream)?))
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

    #[test]
    fn addresses_are_of_three_kinds() {
        for text in ["127.0.0.1:4711", "[::1]:40001", "localhost:1", "/run/x/vm.sock", "./vm.sock", "a/b", "@name"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["", "nowhere", "127.0.0.1", "127.0.0.1:x", ":", "127.0.0.1:99999"] {
            assert!(!is_address(text), "{text}");
        }
        assert!(!is_address(&format!("/{}", "x".repeat(200))), "no socket has so long a path");
    }
}

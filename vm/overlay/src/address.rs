//! [`Rules`]: which addresses are believed when peers tell them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// What this node can and will dial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// This machine. Only for networks that are all on one machine: elsewhere a peer's loopback is not ours.
    pub loopback: bool,
    /// Version 6, which a socket of version 4 cannot reach.
    pub v6: bool,
}

impl Rules {
    /// Whether an address that a peer told may be dialled: one that can be a node's, and that nobody uses for many.
    #[must_use]
    pub fn allow(self, address: SocketAddr) -> bool {
        let usual = match address.ip() {
            IpAddr::V4(ip) => !(ip.is_link_local() || ip == Ipv4Addr::BROADCAST || ip.octets().first() == Some(&0)),
            IpAddr::V6(ip) => self.v6 && !ip.is_unicast_link_local() && ip.to_ipv4_mapped().is_none(),
        };
        let ip = address.ip();
        usual
            && address.port() != 0
            && !ip.is_multicast()
            && !ip.is_unspecified()
            && (self.loopback || !ip.is_loopback())
    }
}

/// The one form of an address: one of version 4 that came over a socket of version 6 is one of version 4.
#[must_use]
pub const fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_are_believed() {
        let everything = Rules { loopback: true, v6: true };
        let nothing = Rules { loopback: false, v6: false };
        for (text, everywhere, outside) in [
            ("1.2.3.4:9651", true, true),
            ("10.1.2.3:1", true, true),
            ("192.168.0.1:65535", true, true),
            ("[2001:db8::1]:9651", true, false),
            ("[fd00::1]:9651", true, false),
            ("127.0.0.1:9651", true, false),
            ("127.9.9.9:9651", true, false),
            ("[::1]:9651", true, false),
            ("1.2.3.4:0", false, false),
            ("[2001:db8::1]:0", false, false),
            ("0.0.0.0:9651", false, false),
            ("0.1.2.3:9651", false, false),
            ("[::]:9651", false, false),
            ("224.0.0.1:9651", false, false),
            ("239.255.255.255:9651", false, false),
            ("[ff02::1]:9651", false, false),
            ("255.255.255.255:9651", false, false),
            ("169.254.1.1:9651", false, false),
            ("[fe80::1]:9651", false, false),
            ("[::ffff:1.2.3.4]:9651", false, false),
        ] {
            let address = text.parse().unwrap();
            assert_eq!((everything.allow(address), nothing.allow(address)), (everywhere, outside), "{text}");
        }
    }

    #[test]
    fn one_form() {
        let mapped = "[::ffff:1.2.3.4]:5".parse().unwrap();
        assert_eq!(canonical(mapped), "1.2.3.4:5".parse().unwrap());
        let other = "[2001:db8::1]:5".parse().unwrap();
        assert_eq!(canonical(other), other);
    }
}

//! [`Frame`]: what passes on a connection, each on a stream of its own.
//!
//! | byte | length | what |
//! |---|---|---|
//! | 0 | 1 | kind |
//! | 1 | 4 | bytes of the body |
//! | 5 | | body |
//!
//! | kind | | body |
//! |---|---|---|
//! | 0 | hello | certificate (190), release: three numbers of 4 bytes, name |
//! | 1 | welcome | nothing |
//! | 2 | request | number (4), how long the answer is waited for in milliseconds (4), question |
//! | 3 | response | number (4), answer |
//! | 4 | error | number (4), code (4, two's complement), text |
//! | 5 | gossip | message |
//! | 6 | addresses | of each: 4 or 6, the 4 or 16 bytes of the address, port (2) |
//!
//! Numbers have their highest byte first, texts are UTF-8. The length stands before the body so that room can be taken for
//! it; a body that is longer than its kind may be is refused before it is read.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use crate::certificate::{CERTIFICATE_BYTES, Certificate, CertificateError};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use pars_host::PeerVersion;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Bytes of a question, an answer or a message. Hosts take no larger ones either.
pub const PAYLOAD_MAX: usize = 2 << 20;
/// Bytes of the text of an error.
pub const TEXT_MAX: usize = 256;
/// Bytes of the name of a release.
pub const NAME_MAX: usize = 64;
/// Addresses in a message.
pub const ADDRESSES_MAX: usize = 256;
/// Bytes before the body.
pub const HEAD_BYTES: usize = 5;

/// A message between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// Who is there. The first on a connection.
    Hello(Box<Hello>),
    /// The other's certificate is good. The second.
    Welcome,
    /// A question.
    Request {
        /// Its number, which the answer carries.
        id: u32,
        /// How long the answer is waited for.
        timeout_ms: u32,
        /// What is asked.
        bytes: Bytes,
    },
    /// The answer to a question.
    Response {
        /// Its number.
        id: u32,
        /// What is answered.
        bytes: Bytes,
    },
    /// The refusal of a question.
    Error {
        /// Its number.
        id: u32,
        /// Why.
        code: i32,
        /// Why, for people.
        text: String,
    },
    /// A message without an answer.
    Gossip(Bytes),
    /// Where validators are.
    Addresses(Vec<SocketAddr>),
}

/// Who is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Whose the transport key is.
    pub certificate: Certificate,
    /// The release that it runs.
    pub version: PeerVersion,
}

/// What stands before a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    kind: Kind,
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hello,
    Welcome,
    Request,
    Response,
    Error,
    Gossip,
    Addresses,
}

/// Kinds by number, with the most bytes that their bodies have.
const KINDS: [(Kind, u8, usize); 7] = [
    (Kind::Hello, 0, CERTIFICATE_BYTES + 12 + NAME_MAX),
    (Kind::Welcome, 1, 0),
    (Kind::Request, 2, 8 + PAYLOAD_MAX),
    (Kind::Response, 3, 4 + PAYLOAD_MAX),
    (Kind::Error, 4, 8 + TEXT_MAX),
    (Kind::Gossip, 5, PAYLOAD_MAX),
    (Kind::Addresses, 6, ADDRESSES_MAX * ADDRESS_BYTES_MAX),
];

/// Bytes of an IPv6 address with port and kind.
const ADDRESS_BYTES_MAX: usize = 19;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A kind that nobody knows.
    #[error("a message of kind {0}")]
    Kind(u8),
    /// Longer than its kind may be.
    #[error("a message of kind {kind} and {got} bytes, at most {max} are possible")]
    Long {
        /// Its kind.
        kind: u8,
        /// Bytes that it claims.
        got: u32,
        /// Bytes that it may have.
        max: usize,
    },
    /// Not as long as it says.
    #[error("a message of {got} bytes, it says {said}")]
    Length {
        /// Bytes found.
        got: usize,
        /// Bytes that it says.
        said: usize,
    },
    /// It ends too early.
    #[error("a message that is cut off")]
    Cut,
    /// No certificate in a hello.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A text that is not UTF-8.
    #[error("a text that is not UTF-8")]
    Text,
    /// More addresses than a message has.
    #[error("a message with more than {ADDRESSES_MAX} addresses")]
    Addresses,
    /// An address of another kind than 4 or 6, or a version 4 address in the form of version 6.
    #[error("an address of kind {0}")]
    Address(u8),
}

impl Frame {
    /// Its bytes, those before the body included. What is longer than its kind may be is not possible: texts and lists are
    /// cut, and `None` stands for a payload that is too long.
    #[must_use]
    pub fn encode(&self) -> Option<Bytes> {
        let mut body = BytesMut::new();
        let kind = match self {
            Self::Hello(hello) => {
                body.put_slice(&hello.certificate.encode());
                let PeerVersion { name, major, minor, patch } = &hello.version;
                [major, minor, patch].into_iter().for_each(|number| body.put_u32(*number));
                body.put_slice(cut(name, NAME_MAX).as_bytes());
                Kind::Hello
            }
            Self::Welcome => Kind::Welcome,
            Self::Request { id, timeout_ms, bytes } => return payload(Kind::Request, &[*id, *timeout_ms], bytes),
            Self::Response { id, bytes } => return payload(Kind::Response, &[*id], bytes),
            Self::Error { id, code, text } => {
                body.put_u32(*id);
                body.put_i32(*code);
                body.put_slice(cut(text, TEXT_MAX).as_bytes());
                Kind::Error
            }
            Self::Gossip(bytes) => return payload(Kind::Gossip, &[], bytes),
            Self::Addresses(addresses) => {
                addresses.iter().take(ADDRESSES_MAX).for_each(|address| put_address(&mut body, address));
                Kind::Addresses
            }
        };
        payload(kind, &[], &body)
    }

    /// Reads a whole message.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(mut bytes: Bytes) -> Result<Self, FrameError> {
        let head: [u8; HEAD_BYTES] =
            bytes.get(..HEAD_BYTES).and_then(|head| head.try_into().ok()).ok_or(FrameError::Cut)?;
        bytes.advance(HEAD_BYTES);
        Head::decode(head)?.body(bytes)
    }
}

impl Head {
    /// Reads what stands before a body.
    ///
    /// # Errors
    /// When there are no such messages.
    pub fn decode(bytes: [u8; HEAD_BYTES]) -> Result<Self, FrameError> {
        let [number, length @ ..] = bytes;
        let row = KINDS.iter().find(|(_, other, _)| *other == number);
        let (kind, _, max) = *row.ok_or(FrameError::Kind(number))?;
        let got = u32::from_be_bytes(length);
        let length = usize::try_from(got).ok().filter(|length| *length <= max);
        Ok(Self { kind, length: length.ok_or(FrameError::Long { kind: number, got, max })? })
    }

    /// Bytes of the body.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Reads the body. Payloads are not copied.
    ///
    /// # Errors
    /// When it is none of this kind and length.
    pub fn body(self, mut body: Bytes) -> Result<Frame, FrameError> {
        if body.len() != self.length {
            return Err(FrameError::Length { got: body.len(), said: self.length });
        }
        Ok(match self.kind {
            Kind::Hello => {
                let certificate = Certificate::decode(take(&mut body, CERTIFICATE_BYTES)?.as_ref())?;
                let [major, minor, patch] = [number(&mut body)?, number(&mut body)?, number(&mut body)?];
                let version = PeerVersion { name: text(&body)?, major, minor, patch };
                Frame::Hello(Box::new(Hello { certificate, version }))
            }
            Kind::Welcome => Frame::Welcome,
            Kind::Request => Frame::Request { id: number(&mut body)?, timeout_ms: number(&mut body)?, bytes: body },
            Kind::Response => Frame::Response { id: number(&mut body)?, bytes: body },
            Kind::Error => {
                let id = number(&mut body)?;
                let code = body.try_get_i32().map_err(|_| FrameError::Cut)?;
                Frame::Error { id, code, text: text(&body)? }
            }
            Kind::Gossip => Frame::Gossip(body),
            Kind::Addresses => {
                let mut addresses = Vec::new();
                while !body.is_empty() {
                    if addresses.len() == ADDRESSES_MAX {
                        return Err(FrameError::Addresses);
                    }
                    addresses.push(address(&mut body)?);
                }
                Frame::Addresses(addresses)
            }
        })
    }
}

/// A whole message, unless it is too long.
fn payload(kind: Kind, numbers: &[u32], bytes: &[u8]) -> Option<Bytes> {
    let (_, number, max) = KINDS.iter().find(|(other, ..)| *other == kind)?;
    let length = numbers.len().checked_mul(4)?.checked_add(bytes.len()).filter(|length| length <= max)?;
    let mut out = BytesMut::with_capacity(length.checked_add(HEAD_BYTES)?);
    out.put_u8(*number);
    out.put_u32(u32::try_from(length).ok()?);
    numbers.iter().for_each(|number| out.put_u32(*number));
    out.put_slice(bytes);
    Some(out.freeze())
}

fn take(body: &mut Bytes, length: usize) -> Result<Bytes, FrameError> {
    if body.len() < length { Err(FrameError::Cut) } else { Ok(body.split_to(length)) }
}

fn number(body: &mut Bytes) -> Result<u32, FrameError> {
    body.try_get_u32().map_err(|_| FrameError::Cut)
}

fn text(bytes: &[u8]) -> Result<String, FrameError> {
    std::str::from_utf8(bytes).map(ToOwned::to_owned).map_err(|_| FrameError::Text)
}

/// As many whole characters as fit.
fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
}

fn put_address(out: &mut BytesMut, address: &SocketAddr) {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            out.put_u8(4);
            out.put_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            out.put_u8(6);
            out.put_slice(&ip.octets());
        }
    }
    out.put_u16(address.port());
}

fn address(body: &mut Bytes) -> Result<SocketAddr, FrameError> {
    let kind = body.try_get_u8().map_err(|_| FrameError::Cut)?;
    let ip = match kind {
        4 => IpAddr::from(Ipv4Addr::from(number(body)?)),
        6 => IpAddr::from(Ipv6Addr::from(body.try_get_u128().map_err(|_| FrameError::Cut)?)),
        _ => return Err(FrameError::Address(kind)),
    };
    if ip.to_canonical() != ip {
        return Err(FrameError::Address(kind));
    }
    let port = body.try_get_u16().map_err(|_| FrameError::Cut)?;
    Ok(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hello() -> Hello {
        let mut certificate = [7; CERTIFICATE_BYTES];
        certificate[..2].copy_from_slice(&[0, 1]);
        Hello {
            certificate: Certificate::decode(&certificate).unwrap(),
            version: PeerVersion { name: "pars".to_owned(), major: 1, minor: 2, patch: 3 },
        }
    }

    #[test]
    fn known_bytes() {
        let bytes = |text: &'static str| Bytes::from_static(text.as_bytes());
        let addresses = ["1.2.3.4:5", "[2001:db8::1]:258"].map(|text| text.parse().unwrap()).to_vec();
        let certificate = hello().certificate.encode();
        let release = [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, b'p', b'a', b'r', b's'];
        let known: [(Frame, Vec<u8>); 7] = [
            (Frame::Hello(Box::new(hello())), [&[0, 0, 0, 0, 206][..], &certificate, &release].concat()),
            (Frame::Welcome, vec![1, 0, 0, 0, 0]),
            (
                Frame::Request { id: 0x0102_0304, timeout_ms: 10_000, bytes: bytes("ask") },
                vec![2, 0, 0, 0, 11, 1, 2, 3, 4, 0, 0, 0x27, 0x10, b'a', b's', b'k'],
            ),
            (Frame::Response { id: 7, bytes: bytes("") }, vec![3, 0, 0, 0, 4, 0, 0, 0, 7]),
            (
                Frame::Error { id: 7, code: -2, text: "no".to_owned() },
                vec![4, 0, 0, 0, 10, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xfe, b'n', b'o'],
            ),
            (Frame::Gossip(bytes("g")), vec![5, 0, 0, 0, 1, b'g']),
            (
                Frame::Addresses(addresses),
                vec![
                    6, 0, 0, 0, 26, 4, 1, 2, 3, 4, 0, 5, 6, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1,
                    2,
                ],
            ),
        ];
        for (frame, bytes) in known {
            assert_eq!(frame.encode().unwrap(), bytes);
            assert_eq!(Frame::decode(bytes.into()), Ok(frame));
        }
    }

    #[test]
    fn malformed_messages() {
        let mut old = [7; 5 + 206];
        old[..7].copy_from_slice(&[0, 0, 0, 0, 206, 0, 2]);
        let mut mapped = vec![6, 0, 0, 0, 19, 6];
        mapped.extend(Ipv4Addr::new(1, 2, 3, 4).to_ipv6_mapped().octets());
        mapped.extend([0, 5]);
        let long = |kind, got, max| FrameError::Long { kind, got, max };
        for (bytes, expected) in [
            (vec![], FrameError::Cut),
            (vec![5, 0, 0, 0], FrameError::Cut),
            (vec![7, 0, 0, 0, 0], FrameError::Kind(7)),
            (vec![255, 0, 0, 0, 0], FrameError::Kind(255)),
            (vec![0, 0, 0, 1, 11], long(0, 267, 266)),
            (vec![1, 0, 0, 0, 1, 0], long(1, 1, 0)),
            (vec![2, 0, 0x20, 0, 9], long(2, 0x20_0009, 0x20_0008)),
            (vec![3, 0, 0x20, 0, 5], long(3, 0x20_0005, 0x20_0004)),
            (vec![4, 0, 0, 1, 9], long(4, 265, 264)),
            (vec![5, 0, 0x20, 0, 1], long(5, 0x20_0001, 0x20_0000)),
            (vec![5, 255, 255, 255, 255], long(5, u32::MAX, 0x20_0000)),
            (vec![6, 0, 0, 0x13, 1], long(6, 4_865, 4_864)),
            (vec![5, 0, 0, 0, 2, 1], FrameError::Length { got: 1, said: 2 }),
            (vec![5, 0, 0, 0, 0, 1], FrameError::Length { got: 1, said: 0 }),
            (vec![0, 0, 0, 0, 1, 0], FrameError::Cut),
            (old.to_vec(), CertificateError::Version(0x0002).into()),
            (vec![2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0], FrameError::Cut),
            (vec![3, 0, 0, 0, 3, 0, 0, 0], FrameError::Cut),
            (vec![4, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0], FrameError::Cut),
            (vec![4, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0xff], FrameError::Text),
            (vec![6, 0, 0, 0, 1, 5], FrameError::Address(5)),
            (vec![6, 0, 0, 0, 6, 4, 1, 2, 3, 4, 0], FrameError::Cut),
            (vec![6, 0, 0, 0, 8, 4, 1, 2, 3, 4, 0, 5, 4], FrameError::Cut),
            (mapped, FrameError::Address(6)),
            ([&[6, 0, 0, 7, 7][..], &[4, 1, 2, 3, 4, 0, 5].repeat(257)].concat(), FrameError::Addresses),
        ] {
            assert_eq!(Frame::decode(bytes.clone().into()), Err(expected), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_is_too_long_is_cut_or_not_sent() {
        let most = Bytes::from(vec![1; PAYLOAD_MAX]);
        let request = |bytes| Frame::Request { id: 1, timeout_ms: 1, bytes };
        assert_eq!(Frame::decode(request(most.clone()).encode().unwrap()), Ok(request(most)));
        assert_eq!(request(vec![1; PAYLOAD_MAX + 1].into()).encode(), None);
        assert_eq!(Frame::Gossip(vec![1; PAYLOAD_MAX + 1].into()).encode(), None);
        // Characters are whole: there may be a byte less than fits.
        let sent = Frame::Error { id: 1, code: 0, text: "aé".repeat(100) }.encode().unwrap();
        let Frame::Error { text, .. } = Frame::decode(sent).unwrap() else { panic!("another kind") };
        assert!(text.len() <= TEXT_MAX && text.len() > TEXT_MAX - 3, "{}", text.len());
        let address: SocketAddr = "1.2.3.4:5".parse().unwrap();
        let sent = Frame::Addresses(vec![address; ADDRESSES_MAX + 1]).encode().unwrap();
        assert_eq!(Frame::decode(sent), Ok(Frame::Addresses(vec![address; ADDRESSES_MAX])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_one_message_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0_u8..8) {
            let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
            let whole = Bytes::from([&[kind][..], &length, &bytes].concat());
            if let Ok(frame) = Frame::decode(whole.clone()) {
                prop_assert_eq!(frame.encode().unwrap(), whole);
            }
        }
    }
}

//! Messages between nodes, as avalanchego's p2p package and Go subnet-evm have them.
//!
//! A request and a message without an answer begin with the number of a handler, an unsigned LEB128; behind it, and alone
//! in an answer, stands a protobuf message:
//!
//! | message | fields |
//! |---|---|
//! | push | `repeated bytes gossip = 1` |
//! | pull request | `bytes salt = 2`, 32 bytes; `bytes filter = 3` |
//! | pull response | `repeated bytes gossip = 1` |
//!
//! An element of `gossip` is a transaction in its canonical form. Fields that are not here are passed over, as protobuf
//! wants it, so that a later release may have some; nothing is allocated for them.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use crate::gossip::bloom::{Filter, FilterError, SALT_BYTES, Salt};
use bytes::Bytes;

/// The handler of transactions.
pub const TRANSACTIONS: u64 = 0;

/// Elements of a message. A transaction has more than 100 bytes, and a message of a host two MiB.
pub const ELEMENTS_MAX: usize = 16_384;
/// Bytes of a message. Hosts send no larger ones.
pub const BYTES_MAX: usize = 2 << 20;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// More bytes than hosts send.
    #[error("a message of {0} bytes, at most {BYTES_MAX} are possible")]
    Bytes(usize),
    /// More elements than fit.
    #[error("a message with more than {ELEMENTS_MAX} elements")]
    Elements,
    /// A number that ends nowhere or is too large.
    #[error("a malformed number at byte {0}")]
    Number(usize),
    /// A field of no known form, or with a number that fields cannot have.
    #[error("a field {number} of wire type {kind} at byte {at}")]
    Field {
        /// Its number.
        number: u64,
        /// Its wire type.
        kind: u64,
        /// Where.
        at: usize,
    },
    /// A field that is longer than the rest.
    #[error("a field of {got} bytes at byte {at}, {left} are left")]
    Length {
        /// What it claims.
        got: u64,
        /// Where.
        at: usize,
        /// What is there.
        left: usize,
    },
    /// The salt.
    #[error("a salt of {0} bytes, expected {SALT_BYTES}")]
    Salt(usize),
    /// The filter.
    #[error(transparent)]
    Filter(#[from] FilterError),
}

/// A request or a message without an answer: whose it is, and the rest.
///
/// # Errors
/// When it begins with no number, or is longer than a host allows.
pub fn split(message: &Bytes) -> Result<(u64, Bytes), MessageError> {
    if message.len() > BYTES_MAX {
        return Err(MessageError::Bytes(message.len()));
    }
    let mut reader = Reader::new(message);
    let handler = reader.number()?;
    Ok((handler, message.slice(reader.at..)))
}

/// Reads the elements of a push or a pull response. They are not copied.
///
/// # Errors
/// When the bytes are none.
pub fn elements(body: &Bytes) -> Result<Vec<Bytes>, MessageError> {
    // Counted first: a list that grows is held twice for a moment, and messages come from anybody.
    let mut count = 0;
    fields(body, |number, _| {
        count = usize::from(number == GOSSIP).saturating_add(count);
        if count > ELEMENTS_MAX { Err(MessageError::Elements) } else { Ok(()) }
    })?;
    let mut elements = Vec::with_capacity(count);
    fields(body, |number, value| {
        if number == GOSSIP {
            elements.push(value);
        }
        Ok(())
    })?;
    Ok(elements)
}

/// Reads a pull request.
///
/// # Errors
/// When the bytes are none.
pub fn pull(body: &Bytes) -> Result<(Filter, Salt), MessageError> {
    let (mut salt, mut filter) = (Bytes::new(), Bytes::new());
    fields(body, |number, value| {
        match number {
            SALT => salt = value,
            FILTER => filter = value,
            _ => {}
        }
        Ok(())
    })?;
    let read = <Salt>::try_from(salt.as_ref()).map_err(|_| MessageError::Salt(salt.len()))?;
    Ok((Filter::decode(&filter)?, read))
}

/// A push of these transactions.
#[must_use]
pub fn push<'a>(transactions: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut bytes = Vec::new();
    write_number(&mut bytes, TRANSACTIONS);
    write_elements(&mut bytes, transactions);
    bytes.into()
}

/// The answer to a pull request.
#[must_use]
pub fn pulled<'a>(transactions: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut bytes = Vec::new();
    write_elements(&mut bytes, transactions);
    bytes.into()
}

/// A pull request.
#[must_use]
pub fn pull_request(salt: &Salt, filter: &[u8]) -> Bytes {
    let mut bytes = Vec::new();
    write_number(&mut bytes, TRANSACTIONS);
    write_field(&mut bytes, SALT, salt);
    write_field(&mut bytes, FILTER, filter);
    bytes.into()
}

fn write_elements<'a>(bytes: &mut Vec<u8>, elements: impl IntoIterator<Item = &'a [u8]>) {
    for element in elements {
        write_field(bytes, GOSSIP, element);
    }
}

fn write_field(bytes: &mut Vec<u8>, number: u64, value: &[u8]) {
    write_number(bytes, number << KIND_BITS | LENGTH);
    write_number(bytes, u64::try_from(value.len()).unwrap_or(u64::MAX));
    bytes.extend_from_slice(value);
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or_default());
}

/// Every field with a length, by number.
fn fields(body: &Bytes, mut take: impl FnMut(u64, Bytes) -> Result<(), MessageError>) -> Result<(), MessageError> {
    let mut reader = Reader::new(body);
    while reader.at < body.len() {
        let at = reader.at;
        let tag = reader.number()?;
        let (number, kind) = (tag >> KIND_BITS, tag & KIND_MASK);
        if !(1..=NUMBER_MAX).contains(&number) {
            return Err(MessageError::Field { number, kind, at });
        }
        match kind {
            LENGTH => {
                let length = reader.number()?;
                let start = reader.at;
                reader.skip(length, at)?;
                take(number, body.slice(start..reader.at))?;
            }
            VARINT => drop(reader.number()?),
            FIXED_64 => reader.skip(8, at)?,
            FIXED_32 => reader.skip(4, at)?,
            kind => return Err(MessageError::Field { number, kind, at }),
        }
    }
    Ok(())
}

/// A place in bytes.
#[derive(Debug)]
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// At most ten bytes, of which the last holds one bit.
    fn number(&mut self) -> Result<u64, MessageError> {
        let start = self.at;
        let mut number = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let Some(byte) = self.bytes.get(self.at).copied() else { break };
            if shift == LAST_SHIFT && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            self.at = self.at.saturating_add(1);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(MessageError::Number(start))
    }

    fn skip(&mut self, length: u64, at: usize) -> Result<(), MessageError> {
        let left = self.bytes.len().saturating_sub(self.at);
        let Some(length) = usize::try_from(length).ok().filter(|length| *length <= left) else {
            return Err(MessageError::Length { got: length, at, left });
        };
        self.at = self.at.saturating_add(length);
        Ok(())
    }
}

const GOSSIP: u64 = 1;
const SALT: u64 = 2;
const FILTER: u64 = 3;

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH: u64 = 2;
const FIXED_32: u64 = 5;
const KIND_BITS: u32 = 3;
const KIND_MASK: u64 = 7;
const NUMBER_MAX: u64 = (1 << 29) - 1;

/// Of the tenth byte of a number.
const LAST_SHIFT: u32 = 63;

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    fn bytes(hex: &str) -> Bytes {
        hex::decode(hex).unwrap().into()
    }

    /// A fuzz run found one whose list had grown past its need.
    #[test]
    fn a_list_is_as_long_as_its_elements() {
        for count in [0, 1, 3, 1_025] {
            let all = elements(&bytes("0a00").repeat(count).into()).unwrap();
            assert_eq!((all.len(), all.capacity()), (count, count));
        }
    }

    /// By hand, from the table at the top.
    #[test]
    fn known_bytes() {
        assert_eq!(push([b"ab".as_slice(), b"".as_slice()]), bytes("00 0a026162 0a00".replace(' ', "").as_str()));
        assert_eq!(pulled([[7; 200].as_slice()]), [&hex::decode("0ac801").unwrap()[..], &[7; 200]].concat());
        let request = pull_request(&[3; 32], &[1, 2]);
        assert_eq!(request, [&[0, 0x12, 0x20][..], &[3; 32], &[0x1a, 2, 1, 2]].concat());
        assert_eq!(split(&bytes("00ff")), Ok((0, bytes("ff"))));
        assert_eq!(split(&bytes("c1a001")), Ok((0x5041, Bytes::new())));
        assert_eq!(split(&bytes("ffffffffffffffffff01")), Ok((u64::MAX, Bytes::new())));
    }

    #[test]
    fn what_was_written_is_read() {
        let all: Vec<Vec<u8>> = [0, 1, 127, 128, 16_384].iter().map(|length| vec![5; *length]).collect();
        let (handler, body) = split(&push(all.iter().map(Vec::as_slice))).unwrap();
        assert_eq!((handler, elements(&body).unwrap()), (0, all.iter().map(|one| one.clone().into()).collect()));
        let filter = [&[1_u8][..], &[9; 8], &[0xf0]].concat();
        let (_, body) = split(&pull_request(&[4; 32], &filter)).unwrap();
        assert_eq!(pull(&body), Ok((Filter::decode(&filter.into()).unwrap(), [4; 32])));
    }

    #[test]
    fn unknown_fields_are_passed_over() {
        // A number, eight bytes, four bytes and some bytes of the fields 4 to 7, around an element.
        let body = bytes("20ff01 290102030405060708 0a0141 3501020304 3a03aabbcc".replace(' ', "").as_str());
        assert_eq!(elements(&body), Ok(vec![Bytes::from_static(b"A")]));
    }

    #[test]
    fn malformed_messages_are_named() {
        assert_eq!(split(&Bytes::new()), Err(MessageError::Number(0)));
        assert_eq!(split(&bytes("ffffffffffffffffff02")), Err(MessageError::Number(0)));
        assert_eq!(split(&vec![0; BYTES_MAX + 1].into()), Err(MessageError::Bytes(BYTES_MAX + 1)));
        assert_eq!(elements(&bytes("0a")), Err(MessageError::Number(1)));
        assert_eq!(elements(&bytes("0a0500")), Err(MessageError::Length { got: 5, at: 0, left: 1 }));
        let claim = MessageError::Length { got: u64::MAX, at: 0, left: 0 };
        assert_eq!(elements(&bytes("0affffffffffffffffff01")), Err(claim));
        assert_eq!(elements(&bytes("0b")), Err(MessageError::Field { number: 1, kind: 3, at: 0 }));
        assert_eq!(elements(&bytes("0200")), Err(MessageError::Field { number: 0, kind: 2, at: 0 }));
        assert_eq!(elements(&bytes("0a00").repeat(ELEMENTS_MAX).into()).unwrap().len(), ELEMENTS_MAX);
        assert_eq!(elements(&bytes("0a00").repeat(ELEMENTS_MAX + 1).into()), Err(MessageError::Elements));
        assert_eq!(pull(&bytes("")), Err(MessageError::Salt(0)));
        let salt = [&[0x12, 0x20][..], &[3; 32]].concat();
        assert_eq!(pull(&salt.into()), Err(MessageError::Filter(FilterError::Seeds(0))));
    }
}

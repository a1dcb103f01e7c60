//! Frames: `u32` length of the payload, one byte of type, the payload. A payload begins with the number of its request.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::wire::Value;

/// Bytes of a payload. Go's client drops the connection for more, and its server takes what follows for frames.
pub const PAYLOAD_BYTES_MAX: usize = 16 << 20;
/// Set in the type of a reply.
pub const REPLY: u8 = 0x80;
/// Set in the type of a reply that is a text about what went wrong.
pub const ERROR: u8 = 0x40;

/// A length and a type.
const HEAD_BYTES: usize = 5;
const ID_BYTES: usize = 4;
/// Room that is made for what comes next: a length that somebody only claims costs nothing.
const READ_BYTES: usize = 64 << 10;

/// A frame with a payload that may be a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is about, and whether it is a reply.
    pub kind: u8,
    /// All of its payload.
    pub payload: Bytes,
}

/// A frame that is longer than frames are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {0} bytes, expected at most {PAYLOAD_BYTES_MAX}")]
pub struct TooLong(pub usize);

impl Frame {
    /// Number of the request, and what comes behind it; none where the payload is too short to have one.
    #[must_use]
    pub fn message(&self) -> Option<(u32, Bytes)> {
        let mut payload = self.payload.clone();
        if payload.len() < ID_BYTES {
            return None;
        }
        Some((payload.get_u32(), payload))
    }
}

/// All bytes of a frame with a message.
///
/// # Errors
/// It would be too long, and then the other side would never hear of it.
pub fn encode(kind: u8, id: u32, message: &impl Value) -> Result<Bytes, TooLong> {
    let mut bytes = BytesMut::new();
    bytes.put_u32(0);
    bytes.put_u8(kind);
    bytes.put_u32(id);
    message.write(&mut bytes);
    finish(bytes)
}

/// All bytes of a reply that is a text.
///
/// # Errors
/// It would be too long.
pub fn encode_error(kind: u8, id: u32, text: &str) -> Result<Bytes, TooLong> {
    let mut bytes = BytesMut::with_capacity(HEAD_BYTES + ID_BYTES + text.len());
    bytes.put_u32(0);
    bytes.put_u8(kind | REPLY | ERROR);
    bytes.put_u32(id);
    bytes.put_slice(text.as_bytes());
    finish(bytes)
}

fn finish(mut bytes: BytesMut) -> Result<Bytes, TooLong> {
    let length = bytes.len().saturating_sub(HEAD_BYTES);
    if length > PAYLOAD_BYTES_MAX {
        return Err(TooLong(length));
    }
    if let (Ok(length), Some(place)) = (u32::try_from(length), bytes.first_chunk_mut()) {
        *place = length.to_be_bytes();
    }
    Ok(bytes.freeze())
}

/// Cuts what comes over a connection into frames.
#[derive(Debug, Default)]
pub struct Cutter(BytesMut);

impl Cutter {
    /// Where the next bytes go.
    pub const fn buffer(&mut self) -> &mut BytesMut {
        &mut self.0
    }

    /// The next frame, once it is whole.
    ///
    /// # Errors
    /// Its head says that it is too long. Nothing behind that can be told apart.
    pub fn cut(&mut self) -> Result<Option<Frame>, TooLong> {
        let Some((head, _)) = self.0.split_first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let [a, b, c, d, kind] = *head;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > PAYLOAD_BYTES_MAX {
            return Err(TooLong(length));
        }
        if self.0.len() - HEAD_BYTES < length {
            return Ok(None);
        }
        self.0.advance(HEAD_BYTES);
        Ok(Some(Frame { kind, payload: self.0.split_to(length).freeze() }))
    }

    /// The next frame of a connection, none at its end.
    ///
    /// # Errors
    /// The connection breaks, or ends within a frame, or a frame is too long. May be dropped and called again.
    pub async fn read(&mut self, from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.cut().map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            self.0.reserve(READ_BYTES);
            if from.read_buf(&mut self.0).await? == 0 {
                return if self.0.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }
}

//! The file of exported blocks: what makes the chain, then block after block, each with a checksum, then an end.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `parsblks` |
//! | 4 | version of the layout, 1, big endian |
//! | then, for each record: 4 | length of its content, big endian |
//! | 8 | start of the Keccak hash of kind, height and content |
//! | 1 | 0: what makes the chain; 1: a block; 2: the end |
//! | 8 | height of the first block, of the block, of the last block, big endian |
//! | the rest | RLP of [`Origin`]; the block's RLP; nothing |
//!
//! A file without its end is one that is still being written, or was cut off; what is before is whole.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{RlpDecodable, RlpEncodable};
use pars_chain::limits::BLOCK_BYTES_MAX;
use pars_genesis::parse::FILE_BYTES_MAX;
use std::io::{self, Read};

/// What makes the chain of a file.
#[derive(Debug, Clone, PartialEq, Eq, RlpEncodable, RlpDecodable)]
pub struct Origin {
    /// Genesis file.
    pub genesis: Bytes,
    /// Upgrade file, empty for none.
    pub upgrade: Bytes,
    /// Upgrade times that the host sent, empty for none.
    pub host: Bytes,
    /// Airdrop file, empty for none.
    pub airdrop: Bytes,
    /// Network that the chain is on.
    pub network_id: u32,
    /// Id of the chain on it.
    pub blockchain_id: B256,
    /// Id of the first block.
    pub genesis_id: B256,
}

/// A block of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Height.
    pub height: u64,
    /// RLP.
    pub bytes: Bytes,
}

/// Why a file is not read on.
#[derive(Debug, thiserror::Error)]
pub enum BlockFileError {
    /// The disk failed.
    #[error("reading: {0}")]
    Io(#[from] io::Error),
    /// It begins otherwise.
    #[error("it is no file of exported blocks")]
    Foreign,
    /// Another layout.
    #[error("it has version {got}, and this release reads version {VERSION}")]
    Version {
        /// In the file.
        got: u32,
    },
    /// What makes the chain is damaged.
    #[error("the record of what makes the chain is cut off or changed")]
    Origin,
    /// The file ends in the middle, or before its end.
    #[error("block {height} is cut off, or the file ends before it")]
    Cut {
        /// Of the block that is not whole.
        height: u64,
    },
    /// The checksum is wrong.
    #[error("block {height} is changed: its checksum is another")]
    Changed {
        /// Of the block.
        height: u64,
    },
    /// A block longer than any.
    #[error("block {height} has {got} bytes, at most {BLOCK_BYTES_MAX} are read")]
    Long {
        /// Of the block.
        height: u64,
        /// Bytes that it claims.
        got: u32,
    },
    /// Another block than the next one.
    #[error("block {height} is missing: block {got} comes instead")]
    Order {
        /// Of the block that should come.
        height: u64,
        /// Of the one that comes.
        got: u64,
    },
    /// Something behind the end.
    #[error("there are bytes behind the end, which is block {last}")]
    Behind {
        /// Of the last block.
        last: u64,
    },
}

const MAGIC: &[u8; 8] = b"parsblks";
const VERSION: u32 = 1;
/// Length, checksum, kind and height.
const FRAME_BYTES: usize = 21;
const CHECK_BYTES: usize = 8;
/// Genesis, upgrade and airdrop file, and some.
const ORIGIN_BYTES_MAX: usize = 3 * FILE_BYTES_MAX + 1_024;

const ORIGIN: u8 = 0;
const BLOCK: u8 = 1;
const END: u8 = 2;

/// The beginning of a file, before the block of height `from`.
#[must_use]
pub fn beginning(origin: &Origin, from: u64) -> Vec<u8> {
    let mut bytes = [MAGIC.as_slice(), &VERSION.to_be_bytes()].concat();
    bytes.extend(record(ORIGIN, from, &alloy_rlp::encode(origin)));
    bytes
}

/// These bytes are a beginning that was cut off before what makes the chain.
#[must_use]
pub fn begins(bytes: &[u8]) -> bool {
    [MAGIC.as_slice(), &VERSION.to_be_bytes()].concat().starts_with(bytes)
}

/// A block.
#[must_use]
pub fn block(height: u64, bytes: &[u8]) -> Vec<u8> {
    record(BLOCK, height, bytes)
}

/// The end, after the block of height `last`.
#[must_use]
pub fn end(last: u64) -> Vec<u8> {
    record(END, last, &[])
}

fn record(kind: u8, height: u64, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let checked = [&[kind][..], &height.to_be_bytes(), content].concat();
    let hash = keccak256(&checked);
    let (check, _) = hash.split_at(CHECK_BYTES);
    [length.to_be_bytes().as_slice(), check, &checked].concat()
}

/// Reads a file from its beginning.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    /// Height of the first block.
    from: u64,
    /// Height of the next block.
    next: u64,
    /// Bytes up to the end of the last whole record.
    whole: u64,
    ended: bool,
}

/// A record as it lies there.
struct Framed {
    length: u32,
    check: [u8; CHECK_BYTES],
    kind: u8,
    height: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning.
    ///
    /// # Errors
    /// Where the file is none of these, or the disk failed.
    pub fn open(mut input: R) -> Result<(Origin, Self), BlockFileError> {
        let start = take(&mut input, MAGIC.len())?;
        let version: Result<[u8; 4], _> = take(&mut input, 4)?.as_slice().try_into();
        let Some(version) = version.ok().filter(|_| start == MAGIC).map(u32::from_be_bytes) else {
            return Err(BlockFileError::Foreign);
        };
        if version != VERSION {
            return Err(BlockFileError::Version { got: version });
        }
        let mut reader = Self { input, from: 0, next: 0, whole: 12, ended: false };
        let frame = reader.frame()?.filter(|frame| frame.kind == ORIGIN && fits(frame.length, ORIGIN_BYTES_MAX));
        let frame = frame.ok_or(BlockFileError::Origin)?;
        let content = reader.content(&frame).map_err(|error| {
            let damaged = matches!(error, BlockFileError::Cut { .. } | BlockFileError::Changed { .. });
            if damaged { BlockFileError::Origin } else { error }
        })?;
        let origin = alloy_rlp::decode_exact(&content).map_err(|_| BlockFileError::Origin)?;
        reader.count(&frame);
        (reader.from, reader.next) = (frame.height, frame.height);
        Ok((origin, reader))
    }

    /// The next block; none at the end.
    ///
    /// # Errors
    /// Names the block that is not whole. What came before it is.
    pub fn next_block(&mut self) -> Result<Option<Exported>, BlockFileError> {
        if self.ended {
            return Ok(None);
        }
        let height = self.next;
        let frame = self.frame()?.ok_or(BlockFileError::Cut { height })?;
        if !fits(frame.length, BLOCK_BYTES_MAX) {
            return Err(BlockFileError::Long { height, got: frame.length });
        }
        let content = self.content(&frame)?;
        let last = height.saturating_sub(1);
        match frame.kind {
            BLOCK if frame.height == height => {
                self.count(&frame);
                self.next = height.saturating_add(1);
                Ok(Some(Exported { height, bytes: content.into() }))
            }
            BLOCK => Err(BlockFileError::Order { height, got: frame.height }),
            END if frame.height == last && content.is_empty() => {
                self.ended = true;
                let rest = take(&mut self.input, 1)?;
                if rest.is_empty() { Ok(None) } else { Err(BlockFileError::Behind { last }) }
            }
            _ => Err(BlockFileError::Changed { height }),
        }
    }

    /// Height of the first block.
    #[must_use]
    pub const fn from(&self) -> u64 {
        self.from
    }

    /// Height of the next block.
    #[must_use]
    pub const fn next_height(&self) -> u64 {
        self.next
    }

    /// Bytes up to the end of the last block that was read, or of the beginning.
    #[must_use]
    pub const fn whole_bytes(&self) -> u64 {
        self.whole
    }

    /// The frame of the next record; none where the file ends before it does.
    fn frame(&mut self) -> Result<Option<Framed>, BlockFileError> {
        let bytes = take(&mut self.input, FRAME_BYTES)?;
        let parts = || {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let (check, rest) = rest.split_first_chunk::<CHECK_BYTES>()?;
            let (kind, height) = rest.split_first()?;
            let height = u64::from_be_bytes(height.try_into().ok()?);
            Some(Framed { length: u32::from_be_bytes(*length), check: *check, kind: *kind, height })
        };
        Ok(parts())
    }

    /// The content of a record.
    fn content(&mut self, frame: &Framed) -> Result<Vec<u8>, BlockFileError> {
        let height = self.next;
        let length = usize::try_from(frame.length).unwrap_or(usize::MAX);
        let content = take(&mut self.input, length)?;
        let hash = keccak256([&[frame.kind][..], &frame.height.to_be_bytes(), &content].concat());
        if content.len() != length {
            return Err(BlockFileError::Cut { height });
        }
        if !hash.starts_with(&frame.check) {
            return Err(BlockFileError::Changed { height });
        }
        Ok(content)
    }

    /// A record is whole and stands where it belongs.
    fn count(&mut self, frame: &Framed) {
        let bytes = u64::from(frame.length).saturating_add(u64::try_from(FRAME_BYTES).unwrap_or(u64::MAX));
        self.whole = self.whole.saturating_add(bytes);
    }
}

fn fits(length: u32, most: usize) -> bool {
    usize::try_from(length).is_ok_and(|length| length <= most)
}

/// So many bytes, or as many as there are. Memory grows with what comes, not with what is claimed.
fn take(input: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(u64::try_from(length).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            genesis: Bytes::from_static(b"{}"),
            upgrade: Bytes::new(),
            host: Bytes::from_static(&[1; 5]),
            airdrop: Bytes::new(),
            network_id: 12_345,
            blockchain_id: B256::repeat_byte(7),
            genesis_id: B256::repeat_byte(8),
        }
    }

    fn file() -> (Vec<u8>, Vec<usize>) {
        let mut bytes = beginning(&origin(), 5);
        let mut ends = vec![bytes.len()];
        for height in 5..8 {
            bytes.extend(block(height, &[u8::try_from(height).unwrap(); 9]));
            ends.push(bytes.len());
        }
        bytes.extend(end(7));
        (bytes, ends)
    }

    /// Heights that are read, and why it ends; the bytes that are whole then.
    fn read(bytes: &[u8]) -> (Vec<u64>, Option<String>, u64) {
        let (read, mut reader) = Reader::open(bytes).unwrap();
        assert_eq!(read, origin());
        let mut heights = Vec::new();
        let error = loop {
            match reader.next_block() {
                Ok(Some(block)) => heights.push(block.height),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        (heights, error, reader.whole_bytes())
    }

    #[test]
    fn what_is_written_is_read() {
        let (bytes, ends) = file();
        assert_eq!(read(&bytes), (vec![5, 6, 7], None, u64::try_from(ends[3]).unwrap()));
        let empty = [beginning(&origin(), 5), end(4)].concat();
        assert_eq!(read(&empty).0, Vec::<u64>::new());
        assert_eq!(read(&empty).1, None);
    }

    /// Cut off anywhere: the block is named, and what came before it is whole.
    #[test]
    fn a_cut_file_names_the_block() {
        let (bytes, ends) = file();
        for length in ends[0]..bytes.len() {
            let whole = ends.iter().filter(|end| **end <= length).count() - 1;
            let height = 5 + u64::try_from(whole).unwrap();
            let (heights, error, bytes) = read(&bytes[..length]);
            assert_eq!(heights.len(), whole, "{length}");
            assert_eq!(error.unwrap(), format!("block {height} is cut off, or the file ends before it"));
            assert_eq!(bytes, u64::try_from(ends[whole]).unwrap());
        }
        for length in 0..ends[0] {
            assert!(Reader::open(&bytes[..length]).is_err(), "{length}");
        }
    }

    /// One byte of another value anywhere: it is not read as something else.
    #[test]
    fn a_changed_byte_is_found() {
        let (bytes, ends) = file();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x20;
            let Ok((_, mut reader)) = Reader::open(changed.as_slice()) else {
                assert!(at < ends[0], "{at}");
                continue;
            };
            let error = loop {
                match reader.next_block() {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("byte {at} was not missed"),
                    Err(error) => break error.to_string(),
                }
            };
            let height = 5 + ends.iter().filter(|end| **end <= at).count() - 1;
            assert!(error.contains(&format!("block {height} ")), "{at}: {error}");
        }
    }

    #[test]
    fn what_else_is_refused() {
        let (bytes, ends) = file();
        let (before, behind) = bytes.split_at(ends[1]);
        let gap = [before, &block(7, b"x")].concat();
        assert_eq!(read(&gap).1.unwrap(), "block 6 is missing: block 7 comes instead");
        assert_eq!(read(&[&bytes[..], b"x"].concat()).1.unwrap(), "there are bytes behind the end, which is block 7");
        let long = [before, &u32::MAX.to_be_bytes(), &behind[4..]].concat();
        assert_eq!(read(&long).1.unwrap(), "block 6 has 4294967295 bytes, at most 16777216 are read");
        let refusal = |bytes: &[u8]| Reader::open(bytes).unwrap_err().to_string();
        assert_eq!(refusal(b"something else"), "it is no file of exported blocks");
        assert_eq!(refusal(b"parsblks\0\0\0\x02"), "it has version 2, and this release reads version 1");
    }
}

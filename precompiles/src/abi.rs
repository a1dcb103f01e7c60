//! Arguments and results in Solidity's ABI, read as leniently as the Go ABI package reads them.
//!
//! What differs from a strict decoder, and must stay so because blocks depend on it:
//! * bytes after the arguments are ignored, and calldata need not be a multiple of 32 bytes long;
//! * the high 12 bytes of an address word are ignored;
//! * a `bytes` argument may start anywhere, also inside the head, and need not be padded.
//!
//! Integers narrower than 256 bits must fit. Before Durango some functions also fix the length of their calldata:
//! [`Arguments::exactly`] and [`Arguments::whole_words`].

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use crate::port::{Halt, Stop};
use alloy_primitives::{Address, B256, Bytes, U256};

const WORD: usize = 32;

/// Calldata after the selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arguments<'a>(&'a [u8]);

impl<'a> Arguments<'a> {
    /// Calldata after the selector.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Size in bytes.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.0.len()
    }

    /// Demands a size, in words.
    ///
    /// # Errors
    /// [`Halt::BadInput`] for any other size.
    pub const fn exactly(&self, words: usize) -> Result<(), Stop> {
        if matches!(words.checked_mul(WORD), Some(size) if size == self.0.len()) { Ok(()) } else { Err(BAD) }
    }

    /// Demands that no word is cut short.
    ///
    /// # Errors
    /// [`Halt::BadInput`] for any other size.
    pub const fn whole_words(&self) -> Result<(), Stop> {
        if self.0.len().is_multiple_of(WORD) { Ok(()) } else { Err(BAD) }
    }

    /// The word at a place in the head.
    ///
    /// # Errors
    /// [`Halt::BadInput`] when calldata ends before it does.
    pub fn word(&self, place: usize) -> Result<B256, Stop> {
        place.checked_mul(WORD).and_then(|start| self.word_at(start)).ok_or(BAD)
    }

    /// An `address`: the low 20 bytes of its word.
    ///
    /// # Errors
    /// As [`Self::word`].
    pub fn address(&self, place: usize) -> Result<Address, Stop> {
        self.word(place).map(Address::from_word)
    }

    /// A `uint256`.
    ///
    /// # Errors
    /// As [`Self::word`].
    pub fn uint(&self, place: usize) -> Result<U256, Stop> {
        self.word(place).map(Into::into)
    }

    /// A `uint32`.
    ///
    /// # Errors
    /// As [`Self::word`], and when the value does not fit.
    pub fn uint32(&self, place: usize) -> Result<u32, Stop> {
        u32::try_from(self.uint(place)?).or(Err(BAD))
    }

    /// A `bytes`.
    ///
    /// # Errors
    /// As [`Self::word`], and when it would reach beyond the end of calldata.
    pub fn bytes(&self, place: usize) -> Result<&'a [u8], Stop> {
        let start = usize::try_from(self.uint(place)?).or(Err(BAD))?;
        self.bytes_at(start).ok_or(BAD)
    }

    fn word_at(&self, start: usize) -> Option<B256> {
        let word: [u8; WORD] = *self.0.get(start..)?.first_chunk()?;
        Some(word.into())
    }

    fn bytes_at(&self, start: usize) -> Option<&'a [u8]> {
        let size = usize::try_from(U256::from_be_bytes(self.word_at(start)?.0)).ok()?;
        let body = start.checked_add(WORD)?;
        self.0.get(body..body.checked_add(size)?)
    }
}

/// A result of words alone.
#[must_use]
pub fn words<W: Into<B256> + Copy>(words: &[W]) -> Bytes {
    words.iter().flat_map(|&word| word.into().0).collect()
}

/// A result that is one `bytes`: its place, its size, itself padded to whole words.
#[must_use]
pub fn dynamic(body: &[u8]) -> Bytes {
    let mut out = B256::from(U256::from(WORD)).to_vec();
    push_bytes(&mut out, body);
    out.into()
}

/// Appends size and padded content of a `bytes`.
pub fn push_bytes(out: &mut Vec<u8>, body: &[u8]) {
    out.extend_from_slice(B256::from(U256::from(body.len())).as_slice());
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(WORD), 0);
}

const BAD: Stop = Stop::Halt(Halt::BadInput);

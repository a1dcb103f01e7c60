//! Arguments and results in Solidity's ABI, read as leniently as the Go ABI package reads them.
//!
//! What differs from a strict decoder, and must stay so because blocks depend on it:
//! * bytes after the arguments are ignored, and calldata need not be a multiple of 32 bytes long;
//! * the high 12 bytes of an address word are ignored;
//! * a `bytes` argument may start anywhere, also inside the head, and need not be padded.
//!
//! Integers narrower than 256 bits must fit. Before Durango some functions also fix the length of their calldata:
//! [`Arguments::exactly`] and [`Arguments::whole_words`].

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

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

    /// A `uint8`.
    ///
    /// # Errors
    /// As [`Self::word`], and when the value does not fit.
    pub fn uint8(&self, place: usize) -> Result<u8, Stop> {
        u8::try_from(self.uint(place)?).or(Err(BAD))
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

    /// A `bytes[]`.
    ///
    /// # Errors
    /// As [`Self::word`], and when calldata ends before the places of all members.
    pub fn list(&self, place: usize) -> Result<List<'a>, Stop> {
        let start = usize::try_from(self.uint(place)?).or(Err(BAD))?;
        let count = self.word_at(start).and_then(|count| usize::try_from(U256::from_be_bytes(count.0)).ok());
        let body = start.checked_add(WORD).and_then(|body| self.0.get(body..)).ok_or(BAD)?;
        let count = count.filter(|count| body.len() / WORD >= *count).ok_or(BAD)?;
        Ok(List { count, body: Self(body) })
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

/// A `bytes[]`, whose members are read one by one: their places count from behind the number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List<'a> {
    count: usize,
    body: Arguments<'a>,
}

impl<'a> List<'a> {
    /// How many members it says that it has; at least as many places are there.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// It says that it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A member.
    ///
    /// # Errors
    /// As [`Arguments::bytes`].
    pub fn bytes(&self, index: usize) -> Result<&'a [u8], Stop> {
        self.body.bytes(index)
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: [u8; 3] = *b"abc";

    fn word(value: u64) -> [u8; 32] {
        U256::from(value).to_be_bytes()
    }

    #[test]
    fn words_are_cut_off_nowhere() {
        let bytes = [word(7), word(8)].concat();
        let arguments = Arguments::new(&bytes);
        assert_eq!(arguments.uint(1), Ok(U256::from(8)));
        assert_eq!(arguments.uint(2), Err(BAD));
        assert_eq!(arguments.uint(usize::MAX), Err(BAD));
        assert_eq!(Arguments::new(&bytes[..63]).uint(1), Err(BAD));
        assert_eq!(Arguments::new(&bytes[..63]).uint(0), Ok(U256::from(7)));
    }

    #[test]
    fn numbers_must_fit_and_an_address_need_not() {
        assert_eq!(Arguments::new(&word(0xff)).uint8(0), Ok(u8::MAX));
        assert_eq!(Arguments::new(&word(0x100)).uint8(0), Err(BAD));
        let widest = word(u32::MAX.into());
        assert_eq!(Arguments::new(&widest).uint32(0), Ok(u32::MAX));
        let wider = word(1 << 32);
        assert_eq!(Arguments::new(&wider).uint32(0), Err(BAD));
        assert_eq!(Arguments::new(&[0xff; 32]).address(0), Ok(Address::repeat_byte(0xff)));
    }

    #[test]
    fn bytes_may_start_anywhere_and_need_no_padding() {
        let usual = [&word(32)[..], &word(3), &TEXT, &[0; 29]].concat();
        assert_eq!(Arguments::new(&usual).bytes(0), Ok(&TEXT[..]));
        let unpadded = [&word(32)[..], &word(3), &TEXT].concat();
        assert_eq!(Arguments::new(&unpadded).bytes(0), Ok(&TEXT[..]));
        let odd = [&word(33)[..], &[9], &word(3), &TEXT].concat();
        assert_eq!(Arguments::new(&odd).bytes(0), Ok(&TEXT[..]));
        let head = [word(0)].concat();
        assert_eq!(Arguments::new(&head).bytes(0), Ok(&[][..]));
    }

    #[test]
    fn bytes_end_before_calldata_does() {
        let short = [&word(32)[..], &word(4), &TEXT].concat();
        assert_eq!(Arguments::new(&short).bytes(0), Err(BAD));
        for place in [1, 32, 33, u64::MAX] {
            assert_eq!(Arguments::new(&word(place)).bytes(0), Err(BAD), "{place}");
        }
        let huge = [word(32), [0xff; 32]].concat();
        assert_eq!(Arguments::new(&huge).bytes(0), Err(BAD));
        let far = [[0xff; 32], word(0)].concat();
        assert_eq!(Arguments::new(&far).bytes(0), Err(BAD));
    }

    #[test]
    fn a_list_has_as_many_places_as_it_says() {
        let members = [&word(64)[..], &word(128), &word(3), &TEXT, &[0; 29], &word(0)].concat();
        let list = [&word(32)[..], &word(2), &members].concat();
        let read = Arguments::new(&list).list(0).unwrap();
        assert_eq!((read.len(), read.bytes(0), read.bytes(1)), (2, Ok(&TEXT[..]), Ok(&[][..])));
        assert!(!read.is_empty());
        let count = members.len() / 32;
        for (claimed, fits) in [(count, true), (count + 1, false), (usize::MAX, false)] {
            let list = [&word(32)[..], &word(claimed.try_into().unwrap()), &members].concat();
            assert_eq!(Arguments::new(&list).list(0).is_ok(), fits, "{claimed}");
        }
        for place in [33, 64, u64::MAX] {
            assert_eq!(Arguments::new(&word(place)).list(0), Err(BAD), "{place}");
        }
    }

    #[test]
    fn sizes_before_durango() {
        assert_eq!(Arguments::new(&[0; 64]).exactly(2), Ok(()));
        assert_eq!(Arguments::new(&[0; 65]).exactly(2), Err(BAD));
        assert_eq!(Arguments::new(&[0; 64]).exactly(usize::MAX), Err(BAD));
        assert_eq!(Arguments::new(&[0; 96]).whole_words(), Ok(()));
        assert_eq!(Arguments::new(&[0; 95]).whole_words(), Err(BAD));
    }

    #[test]
    fn a_dynamic_result_is_padded() {
        let out = dynamic(&TEXT);
        assert_eq!(out, [&word(32)[..], &word(3), &TEXT, &[0; 29]].concat());
        assert_eq!(dynamic(&[1; 32]).len(), 96);
        assert_eq!(dynamic(&[]).len(), 64);
    }
}

//! The linear codec of avalanchego, in which warp messages and predicate results are written: big-endian integers,
//! fixed byte strings as they are, variable ones behind a `u32` length. Every outer object begins with a `u16` version,
//! which is 0, and ends with its last field.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

/// Bytes that are no object of the expected type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The bytes end inside a field.
    #[error("{missing} bytes are missing at offset {offset}")]
    Short {
        /// Where the field starts.
        offset: usize,
        /// How much of it is not there.
        missing: usize,
    },
    /// Bytes follow the last field.
    #[error("{got} bytes follow the last field, expected none")]
    Trailing {
        /// How many.
        got: usize,
    },
    /// An outer object of another version.
    #[error("codec version {got}, expected 0")]
    Version {
        /// The version.
        got: u16,
    },
    /// A type that the codec does not know here.
    #[error("type id {got}, expected at most {max}")]
    Type {
        /// The type id.
        got: u32,
        /// The highest one known.
        max: u32,
    },
    /// Keys of a map that do not rise.
    #[error("map key {index} is not above the one before it")]
    Order {
        /// Which key.
        index: u32,
    },
    /// More bytes than an object of this type may have.
    #[error("{got} bytes, expected at most {max}")]
    TooLarge {
        /// Size of the object.
        got: usize,
        /// The limit.
        max: usize,
    },
}

/// Reads an object from the front.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    /// Starts an outer object.
    ///
    /// # Errors
    /// When its version is missing or not 0.
    pub fn open(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Self { rest: bytes, offset: 0 };
        match u16::from_be_bytes(reader.array()?) {
            0 => Ok(reader),
            got => Err(Malformed::Version { got }),
        }
    }

    /// The next `size` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn take(&mut self, size: usize) -> Result<&'a [u8], Malformed> {
        let missing = size.saturating_sub(self.rest.len());
        let (taken, rest) =
            self.rest.split_at_checked(size).ok_or(Malformed::Short { offset: self.offset, missing })?;
        self.rest = rest;
        self.offset = self.offset.saturating_add(size);
        Ok(taken)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let offset = self.offset;
        self.take(N)?.first_chunk().copied().ok_or(Malformed::Short { offset, missing: N })
    }

    /// A `u32`.
    ///
    /// # Errors
    /// When fewer than four bytes are left.
    pub fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes behind their length.
    ///
    /// # Errors
    /// When fewer bytes are left than the length says.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let size = self.u32()?;
        // A size that no slice can have is more than what is left.
        self.take(usize::try_from(size).unwrap_or(usize::MAX))
    }

    /// Ends the object.
    ///
    /// # Errors
    /// When bytes are left.
    pub const fn close(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Trailing { got: self.rest.len() }) }
    }
}

/// Starts an outer object: its version.
#[must_use]
pub fn open() -> Vec<u8> {
    vec![0, 0]
}

/// Appends a length or a count.
///
/// # Panics
/// Above 2^32 - 1, a size that no message of this network reaches: the limit of its largest is 2 MiB.
pub fn push_size(out: &mut Vec<u8>, size: usize) {
    let size = u32::try_from(size).expect("messages stay below 2 MiB");
    out.extend_from_slice(&size.to_be_bytes());
}

/// Appends bytes behind their length.
///
/// # Panics
/// As [`push_size`].
pub fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_size(out, bytes.len());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_to_its_end() {
        let mut reader = Reader::open(&[0, 0, 0, 0, 0, 2, 7, 8, 9]).expect("version 0");
        assert_eq!(reader.bytes(), Ok(&[7, 8][..]));
        assert_eq!(reader.clone().close(), Err(Malformed::Trailing { got: 1 }));
        assert_eq!(reader.array(), Ok([9]));
        assert_eq!(reader.close(), Ok(()));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(Reader::open(&[0]).map(drop), Err(Malformed::Short { offset: 0, missing: 1 }));
        assert_eq!(Reader::open(&[0, 1]).map(drop), Err(Malformed::Version { got: 1 }));
        let mut reader = Reader::open(&[0, 0, 0xff, 0xff, 0xff, 0xff, 1]).expect("version 0");
        assert_eq!(reader.bytes(), Err(Malformed::Short { offset: 6, missing: 0xffff_fffe }));
    }
}

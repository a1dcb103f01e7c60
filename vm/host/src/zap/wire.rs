//! Values as they are written: numbers big-endian, bytes behind a `u32` length, lists behind a `u32` count. Whatever
//! follows the last field of a message is ignored.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Why bytes are no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// They end within a value.
    #[error("the message ends early")]
    Ends,
    /// A list would have more items than there are bytes for.
    #[error("a list of {count} items in {left} bytes")]
    Count {
        /// Items, as the list says.
        count: u32,
        /// Bytes behind that.
        left: usize,
    },
}

/// Something with one encoding.
pub trait Value: Sized {
    /// No encoding is shorter. Lists are measured by it before anything is allocated.
    const BYTES_MIN: usize;

    /// Takes one from the front; its bytes are not copied.
    ///
    /// # Errors
    /// There is none.
    fn read(from: &mut Bytes) -> Result<Self, WireError>;

    /// Appends it.
    fn write(&self, to: &mut BytesMut);

    /// Reads a message.
    ///
    /// # Errors
    /// It is none.
    fn decode(mut body: Bytes) -> Result<Self, WireError> {
        Self::read(&mut body)
    }
}

/// Nothing: the body of many messages.
impl Value for () {
    const BYTES_MIN: usize = 0;

    fn read(_: &mut Bytes) -> Result<Self, WireError> {
        Ok(())
    }

    fn write(&self, _: &mut BytesMut) {}
}

/// All bytes that are left, as they are: a body that was made elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw(pub Bytes);

impl Value for Raw {
    const BYTES_MIN: usize = 0;

    fn read(from: &mut Bytes) -> Result<Self, WireError> {
        Ok(Self(std::mem::take(from)))
    }

    fn write(&self, to: &mut BytesMut) {
        to.put_slice(&self.0);
    }
}

macro_rules! numbers {
    ($($type:ty: $bytes:literal, $get:ident, $put:ident;)*) => {
        $(impl Value for $type {
            const BYTES_MIN: usize = $bytes;

            fn read(from: &mut Bytes) -> Result<Self, WireError> {
                if from.remaining() < $bytes {
                    return Err(WireError::Ends);
                }
                Ok(from.$get())
            }

            fn write(&self, to: &mut BytesMut) {
                to.$put(*self);
            }
        })*
    };
}

numbers! {
    u8: 1, get_u8, put_u8;
    u32: 4, get_u32, put_u32;
    u64: 8, get_u64, put_u64;
    i32: 4, get_i32, put_i32;
    i64: 8, get_i64, put_i64;
}

/// Any byte but zero is true.
impl Value for bool {
    const BYTES_MIN: usize = 1;

    fn read(from: &mut Bytes) -> Result<Self, WireError> {
        Ok(u8::read(from)? != 0)
    }

    fn write(&self, to: &mut BytesMut) {
        to.put_u8((*self).into());
    }
}

impl Value for Bytes {
    const BYTES_MIN: usize = u32::BYTES_MIN;

    fn read(from: &mut Bytes) -> Result<Self, WireError> {
        let length = usize::try_from(u32::read(from)?).map_err(|_| WireError::Ends)?;
        if length > from.len() {
            return Err(WireError::Ends);
        }
        Ok(from.split_to(length))
    }

    fn write(&self, to: &mut BytesMut) {
        write_count(self.len(), to);
        to.put_slice(self);
    }
}

impl<T: Value> Value for Vec<T> {
    const BYTES_MIN: usize = u32::BYTES_MIN;

    fn read(from: &mut Bytes) -> Result<Self, WireError> {
        let count = u32::read(from)?;
        let left = from.len();
        let fits = |items: &usize| items.checked_mul(T::BYTES_MIN.max(1)).is_some_and(|bytes| bytes <= left);
        let items = usize::try_from(count).ok().filter(fits).ok_or(WireError::Count { count, left })?;
        let mut list = Self::with_capacity(items);
        for _ in 0..items {
            list.push(T::read(from)?);
        }
        Ok(list)
    }

    fn write(&self, to: &mut BytesMut) {
        write_count(self.len(), to);
        for item in self {
            item.write(to);
        }
    }
}

impl<A: Value, B: Value> Value for (A, B) {
    const BYTES_MIN: usize = A::BYTES_MIN + B::BYTES_MIN;

    fn read(from: &mut Bytes) -> Result<Self, WireError> {
        Ok((A::read(from)?, B::read(from)?))
    }

    fn write(&self, to: &mut BytesMut) {
        self.0.write(to);
        self.1.write(to);
    }
}

/// A value behind a flag that says whether it is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flagged<T>(pub Option<T>);

impl<T: Value> Value for Flagged<T> {
    const BYTES_MIN: usize = bool::BYTES_MIN;

    fn read(from: &mut Bytes) -> Result<Self, WireError> {
        Ok(Self(if bool::read(from)? { Some(T::read(from)?) } else { None }))
    }

    fn write(&self, to: &mut BytesMut) {
        self.0.is_some().write(to);
        if let Some(value) = &self.0 {
            value.write(to);
        }
    }
}

/// A value that later releases append: absent where too few bytes are left for one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended<T>(pub Option<T>);

impl<T: Value> Value for Appended<T> {
    const BYTES_MIN: usize = 0;

    fn read(from: &mut Bytes) -> Result<Self, WireError> {
        Ok(Self(if from.remaining() < T::BYTES_MIN { None } else { Some(T::read(from)?) }))
    }

    fn write(&self, to: &mut BytesMut) {
        if let Some(value) = &self.0 {
            value.write(to);
        }
    }
}

/// A length or a count. A frame is far shorter than what does not fit.
fn write_count(count: usize, to: &mut BytesMut) {
    to.put_u32(u32::try_from(count).unwrap_or(u32::MAX));
}

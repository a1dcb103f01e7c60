//! Ids of the host's world and their text forms.
//!
//! `cb58` is base58 (Bitcoin's alphabet) of the bytes followed by the last four bytes of their SHA-256.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use sha2::{Digest, Sha256};

/// 32 bytes: a block, chain, subnet or VM.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id([u8; 32]);

/// 20 bytes: a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeId([u8; 20]);

/// Why bytes or a text are no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// Wrong number of bytes.
    #[error("an id of {got} bytes, expected {expected}")]
    Length {
        /// Bytes found.
        got: usize,
        /// Bytes wanted.
        expected: usize,
    },
    /// A text longer than any id's.
    #[error("an id text of {got} characters, at most {max} are possible")]
    TextLength {
        /// Characters found.
        got: usize,
        /// Characters of the longest id.
        max: usize,
    },
    /// A character outside base58.
    #[error("not base58: {reason}")]
    Base58 {
        /// What the decoder found.
        reason: String,
    },
    /// The last four bytes are not the checksum of the others.
    #[error("wrong checksum")]
    Checksum,
    /// A node id without `NodeID-`.
    #[error("a node id starts with {NODE_PREFIX:?}")]
    Prefix,
    /// A VM name that does not fit.
    #[error("a VM name of {got} bytes, at most {max} fit")]
    Name {
        /// Bytes found.
        got: usize,
        /// Bytes that fit.
        max: usize,
    },
}

impl Id {
    /// The id of a VM: its name, padded with zeros. Its text is the name of the plugin's file.
    ///
    /// # Errors
    /// The name is longer than 32 bytes.
    pub fn of_vm(name: &str) -> Result<Self, IdError> {
        let mut bytes = [0; 32];
        let Some(start) = bytes.get_mut(..name.len()) else {
            return Err(IdError::Name { got: name.len(), max: 32 });
        };
        start.copy_from_slice(name.as_bytes());
        Ok(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl NodeId {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl From<[u8; 32]> for Id {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<[u8; 20]> for NodeId {
    fn from(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Id {
    type Error = IdError;

    fn try_from(bytes: &[u8]) -> Result<Self, IdError> {
        exact(bytes).map(Self)
    }
}

impl TryFrom<&[u8]> for NodeId {
    type Error = IdError;

    fn try_from(bytes: &[u8]) -> Result<Self, IdError> {
        exact(bytes).map(Self)
    }
}

impl From<Id> for Bytes {
    fn from(id: Id) -> Self {
        Self::copy_from_slice(&id.0)
    }
}

impl From<NodeId> for Bytes {
    fn from(id: NodeId) -> Self {
        Self::copy_from_slice(&id.0)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_cb58(&self.0))
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NODE_PREFIX}{}", to_cb58(&self.0))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        exact(&from_cb58(text)?).map(Self)
    }
}

impl FromStr for NodeId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        exact(&from_cb58(text.strip_prefix(NODE_PREFIX).ok_or(IdError::Prefix)?)?).map(Self)
    }
}

fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], IdError> {
    bytes.try_into().map_err(|_| IdError::Length { got: bytes.len(), expected: N })
}

fn to_cb58(bytes: &[u8]) -> String {
    let mut checked = bytes.to_vec();
    checked.extend_from_slice(&checksum(bytes));
    bs58::encode(checked).into_string()
}

fn from_cb58(text: &str) -> Result<Vec<u8>, IdError> {
    if text.len() > TEXT_MAX {
        return Err(IdError::TextLength { got: text.len(), max: TEXT_MAX });
    }
    let mut bytes = bs58::decode(text).into_vec().map_err(|error| IdError::Base58 { reason: error.to_string() })?;
    let Some(length) = bytes.len().checked_sub(CHECKSUM_BYTES) else {
        return Err(IdError::Checksum);
    };
    let found = bytes.split_off(length);
    if found != checksum(&bytes) {
        return Err(IdError::Checksum);
    }
    Ok(bytes)
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    let [.., a, b, c, d] = digest;
    [a, b, c, d]
}

const CHECKSUM_BYTES: usize = 4;

/// 32 bytes and a checksum take at most 50 characters; decoding costs the square of the length, so longer texts are
/// refused unread.
const TEXT_MAX: usize = 50;

const NODE_PREFIX: &str = "NodeID-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_vm_ids() {
        for (name, text) in [
            ("subnetevm", "srEXiWaHuhNyGwPUi444Tu47ZEDwxTWrbQiuD7FmgSAQ6X7Dy"),
            ("timestampvm", "tGas3T58KzdjcJ2iKSyiYsWiqYctRXaPTqBCA11BqEkNg8kPc"),
            ("timestamp", "tGas3T58KzdjLHhBDMnH2TvrddhqTji5iZAMZ3RXs2NLpSnhH"),
        ] {
            let id = Id::of_vm(name).unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
        }
        assert_eq!(Id::default().to_string(), "11111111111111111111111111111111LpoYY");
    }

    #[test]
    fn node_ids_carry_their_prefix() {
        // The first staking node of the public local network.
        let text = "NodeID-7Xhw2mDxuDS44j42TCB6U5579esbSt3Lg";
        let id: NodeId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert_eq!("7Xhw2mDxuDS44j42TCB6U5579esbSt3Lg".parse::<NodeId>(), Err(IdError::Prefix));
    }

    #[test]
    fn the_longest_text_is_within_the_limit() {
        let id = Id::from([0xff; 32]);
        let text = id.to_string();
        assert!(text.len() <= TEXT_MAX, "{} characters", text.len());
        assert_eq!(text.parse(), Ok(id));
    }

    #[test]
    fn texts_that_are_no_ids() {
        let good = "srEXiWaHuhNyGwPUi444Tu47ZEDwxTWrbQiuD7FmgSAQ6X7Dy";
        assert_eq!(good.replace("6X7Dy", "6X7Dz").parse::<Id>(), Err(IdError::Checksum));
        assert!(matches!(good.replace('s', "0").parse::<Id>(), Err(IdError::Base58 { .. })));
        assert_eq!("".parse::<Id>(), Err(IdError::Checksum));
        assert_eq!("1".repeat(51).parse::<Id>(), Err(IdError::TextLength { got: 51, max: 50 }));
        let node = to_cb58(&[7; 20]);
        assert_eq!(node.parse::<Id>(), Err(IdError::Length { got: 20, expected: 32 }));
    }

    #[test]
    fn lengths_are_exact() {
        assert_eq!(Id::try_from([0; 31].as_slice()), Err(IdError::Length { got: 31, expected: 32 }));
        assert_eq!(NodeId::try_from([0; 32].as_slice()), Err(IdError::Length { got: 32, expected: 20 }));
        assert_eq!(Id::of_vm(&"v".repeat(33)), Err(IdError::Name { got: 33, max: 32 }));
    }
}

//! Bytes of warp messages, in the linear codec.
//!
//! | object | fields after the version |
//! |---|---|
//! | [`Unsigned`] | network id `u32`, source chain 32 bytes, payload `bytes` |
//! | [`Message`] | as before, then type 0 (signature with a set of signers) `u32`, signers `bytes`, signature 96 bytes |
//! | [`Payload::Hash`] | type 0 `u32`, block id 32 bytes |
//! | [`Payload::AddressedCall`] | type 1 `u32`, source address `bytes`, content `bytes` |

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use crate::bits::Bits;
use crate::codec::{self, Malformed, Reader};
use alloy_primitives::{B256, Bytes};
use sha2::{Digest, Sha256};

/// Largest size of an encoded payload, bytes: the limit of the Go node's codec.
pub const PAYLOAD_SIZE_MAX: usize = 24 * 1024;

/// Id of a message: SHA-256 of the encoded [`Unsigned`].
#[must_use]
pub fn id(unsigned: &[u8]) -> B256 {
    B256::new(Sha256::digest(unsigned).into())
}

/// What validators sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// Network of the source chain.
    pub network_id: u32,
    /// Blockchain id of the source chain.
    pub source_chain: B256,
    /// An encoded [`Payload`], or anything else that another virtual machine understands.
    pub payload: Bytes,
}

impl Unsigned {
    /// The bytes that are signed.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = codec::open();
        out.extend_from_slice(&self.network_id.to_be_bytes());
        out.extend_from_slice(self.source_chain.as_slice());
        codec::push_bytes(&mut out, &self.payload);
        out
    }

    /// From the bytes that are signed.
    ///
    /// # Errors
    /// When they are no unsigned message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::open(bytes)?;
        let unsigned = Self::read(&mut reader)?;
        reader.close()?;
        Ok(unsigned)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let network_id = reader.u32()?;
        let source_chain = reader.array()?.into();
        let payload = Bytes::copy_from_slice(reader.bytes()?);
        Ok(Self { network_id, source_chain, payload })
    }
}

/// A message with the signature of a set of validators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What they signed.
    pub unsigned: Unsigned,
    /// Who signed, as it stands in the message: [`Self::signer_set`] says whether that is canonical.
    pub signers: Bytes,
    /// Aggregate BLS signature, a compressed point of G2.
    pub signature: [u8; 96],
}

impl Message {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.unsigned.encode();
        out.extend_from_slice(&SIGNATURE_TYPE.to_be_bytes());
        codec::push_bytes(&mut out, &self.signers);
        out.extend_from_slice(&self.signature);
        out
    }

    /// From bytes.
    ///
    /// # Errors
    /// When they are no message.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::open(bytes)?;
        let unsigned = Unsigned::read(&mut reader)?;
        match reader.u32()? {
            SIGNATURE_TYPE => {}
            got => return Err(Malformed::Type { got, max: SIGNATURE_TYPE }),
        }
        let signers = Bytes::copy_from_slice(reader.bytes()?);
        let signature = reader.array()?;
        reader.close()?;
        Ok(Self { unsigned, signers, signature })
    }

    /// Who signed: places in the canonical list of validators. None if the set has a leading zero byte.
    #[must_use]
    pub fn signer_set(&self) -> Option<Bits> {
        Bits::from_minimal(&self.signers)
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A block that the source chain accepted.
    Hash(B256),
    /// Words of an account.
    AddressedCall {
        /// The account: 20 bytes on an EVM chain.
        source: Bytes,
        /// What it says.
        content: Bytes,
    },
}

impl Payload {
    /// The bytes. They may be more than [`PAYLOAD_SIZE_MAX`]; then [`Self::decode`] refuses them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = codec::open();
        match self {
            Self::Hash(block) => {
                out.extend_from_slice(&HASH_TYPE.to_be_bytes());
                out.extend_from_slice(block.as_slice());
            }
            Self::AddressedCall { source, content } => {
                out.extend_from_slice(&ADDRESSED_CALL_TYPE.to_be_bytes());
                codec::push_bytes(&mut out, source);
                codec::push_bytes(&mut out, content);
            }
        }
        out
    }

    /// From bytes.
    ///
    /// # Errors
    /// When they are no payload, or too many.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > PAYLOAD_SIZE_MAX {
            return Err(Malformed::TooLarge { got: bytes.len(), max: PAYLOAD_SIZE_MAX });
        }
        let mut reader = Reader::open(bytes)?;
        let payload = match reader.u32()? {
            HASH_TYPE => Self::Hash(reader.array()?.into()),
            ADDRESSED_CALL_TYPE => Self::AddressedCall {
                source: Bytes::copy_from_slice(reader.bytes()?),
                content: Bytes::copy_from_slice(reader.bytes()?),
            },
            got => return Err(Malformed::Type { got, max: ADDRESSED_CALL_TYPE }),
        };
        reader.close()?;
        Ok(payload)
    }
}

const SIGNATURE_TYPE: u32 = 0;
const HASH_TYPE: u32 = 0;
const ADDRESSED_CALL_TYPE: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    fn message() -> Message {
        let payload =
            Payload::AddressedCall { source: Bytes::from_static(&[0x11; 20]), content: Bytes::from_static(b"hello") };
        let unsigned =
            Unsigned { network_id: 96_369, source_chain: B256::repeat_byte(0x5c), payload: payload.encode().into() };
        Message { unsigned, signers: Bytes::from_static(&[5]), signature: [0xab; 96] }
    }

    /// The layout, spelled out.
    fn bytes() -> Vec<u8> {
        let start = hex!(
            "0000 00017871 5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c
             00000027 0000 00000001 00000014 1111111111111111111111111111111111111111 00000005 68656c6c6f
             00000000 00000001 05"
        );
        [&start[..], &[0xab; 96]].concat()
    }

    #[test]
    fn a_message_has_the_known_bytes() {
        assert_eq!(message().encode(), bytes());
        assert_eq!(Message::decode(&bytes()), Ok(message()));
        let signers = message().signer_set().expect("minimal");
        assert_eq!(signers.iter().collect::<Vec<_>>(), [0, 2]);
        let padded = Message { signers: Bytes::from_static(&[0, 5]), ..message() };
        assert_eq!(padded.signer_set(), None);
    }

    #[test]
    fn an_id_is_the_sha_256_of_what_is_signed() {
        let unsigned = Unsigned { network_id: 1, source_chain: B256::ZERO, payload: Bytes::new() };
        let bytes = unsigned.encode();
        assert_eq!(bytes, [&[0, 0, 0, 0, 0, 1][..], &[0; 36]].concat());
        assert_eq!(Unsigned::decode(&bytes), Ok(unsigned));
        let known = hex!("3a91bd1c0c03fa46586234564f671777a4a1dee7186d99e896e965122b0b8922");
        assert_eq!(id(&bytes), known);
    }

    #[test]
    fn a_payload_is_a_block_or_words() {
        let block = Payload::Hash(B256::repeat_byte(7));
        assert_eq!(block.encode(), [&[0, 0, 0, 0, 0, 0][..], &[7; 32]].concat());
        assert_eq!(Payload::decode(&block.encode()), Ok(block));
        let words = Payload::AddressedCall { source: Bytes::new(), content: Bytes::new() };
        assert_eq!(words.encode(), [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(Payload::decode(&words.encode()), Ok(words));
        assert_eq!(Payload::decode(&[0, 0, 0, 0, 0, 2]), Err(Malformed::Type { got: 2, max: 1 }));
    }

    #[test]
    fn bytes_that_are_no_message() {
        let good = bytes();
        for size in 0..good.len() {
            assert!(matches!(Message::decode(&good[..size]), Err(Malformed::Short { .. })), "{size} bytes");
        }
        assert_eq!(Message::decode(&[&good[..], &[0]].concat()), Err(Malformed::Trailing { got: 1 }));
        let mut other = good;
        other[84] = 1;
        assert_eq!(Message::decode(&other), Err(Malformed::Type { got: 1, max: 0 }));
    }

    #[test]
    fn a_payload_has_a_largest_size() {
        let sized = |size| Payload::AddressedCall { source: Bytes::from(vec![0; 20]), content: vec![0; size].into() };
        let rest = 34;
        let largest = sized(PAYLOAD_SIZE_MAX - rest);
        assert_eq!(Payload::decode(&largest.encode()), Ok(largest));
        let above = sized(PAYLOAD_SIZE_MAX - rest + 1).encode();
        let refused = Malformed::TooLarge { got: PAYLOAD_SIZE_MAX + 1, max: PAYLOAD_SIZE_MAX };
        assert_eq!(Payload::decode(&above), Err(refused));
    }
}

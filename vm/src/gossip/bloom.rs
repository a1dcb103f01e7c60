//! [`Filter`]: the bloom filter by which a node says which transactions it knows.
//!
//! Bytes: `k`, 1 to 16; `k` seeds, big-endian `u64`; the bits, at least one byte. An id with a salt is the first eight
//! bytes of their SHA-256, big-endian; each seed in turn rotates that by 17 and is mixed in, and the remainder by the
//! number of bits is the place of a bit, counted in each byte from the lowest. The layout is avalanchego's.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

use crate::gossip::chance::Chance;
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// A salt: it makes other ids collide, so what a filter hides once it does not hide for ever.
pub type Salt = [u8; SALT_BYTES];

/// Bytes of a salt.
pub const SALT_BYTES: usize = 32;

/// A filter of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    seeds: Vec<u64>,
    bits: Bytes,
}

/// Why bytes are no filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Number of seeds.
    #[error("a filter with {0} seeds, expected 1 to {SEEDS_MAX}")]
    Seeds(u8),
    /// The seeds, or all bits, are missing.
    #[error("a filter of {got} bytes, expected more than {expected}")]
    Length {
        /// Bytes found.
        got: usize,
        /// Bytes without bits.
        expected: usize,
    },
}

/// Seeds at most: a chance of 2^-16.
pub const SEEDS_MAX: usize = 16;

impl Filter {
    /// Reads a filter. The bits are not copied.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn decode(bytes: &Bytes) -> Result<Self, FilterError> {
        let seeds = bytes.first().copied().unwrap_or_default();
        if !(1..=SEEDS_MAX).contains(&usize::from(seeds)) {
            return Err(FilterError::Seeds(seeds));
        }
        let head = usize::from(seeds).saturating_mul(SEED_BYTES).saturating_add(1);
        if bytes.len() <= head {
            return Err(FilterError::Length { got: bytes.len(), expected: head });
        }
        let (seeds, _) = bytes.get(1..head).unwrap_or_default().as_chunks::<SEED_BYTES>();
        Ok(Self { seeds: seeds.iter().map(|seed| u64::from_be_bytes(*seed)).collect(), bits: bytes.slice(head..) })
    }

    /// Whether it knows an id: never wrong where it says no.
    #[must_use]
    pub fn contains(&self, id: &[u8], salt: &Salt) -> bool {
        places(&self.seeds, self.bits.len(), hash(id, salt))
            .all(|(byte, bit)| self.bits.get(byte).is_some_and(|bits| bits & bit != 0))
    }
}

/// The filter of this node, which grows.
#[derive(Debug)]
pub struct Known {
    seeds: Vec<u64>,
    bits: Vec<u8>,
    salt: Salt,
    added: usize,
    added_max: usize,
}

impl Known {
    /// An empty filter for so many ids, at least [`IDS_MIN`].
    #[must_use]
    pub fn new(ids: usize, chance: &mut Chance) -> Self {
        let bytes = bytes_for(ids.max(IDS_MIN)).min(FILTER_BYTES_MAX);
        Self {
            seeds: (0..SEEDS).map(|_| chance.number()).collect(),
            bits: vec![0; bytes],
            salt: chance.bytes(),
            added: 0,
            added_max: bytes.saturating_mul(8 * FULL_PER_BIT) / FULL_SCALE,
        }
    }

    /// Adds an id. False where the filter is too full then to be of use.
    pub fn add(&mut self, id: &[u8]) -> bool {
        let mut new = false;
        for (byte, bit) in places(&self.seeds, self.bits.len(), hash(id, &self.salt)) {
            if let Some(bits) = self.bits.get_mut(byte) {
                new |= *bits & bit == 0;
                *bits |= bit;
            }
        }
        self.added = self.added.saturating_add(usize::from(new));
        self.added <= self.added_max
    }

    /// Keeps it although it is full, until that many more are added as a small one has room for.
    pub const fn stretch(&mut self) {
        self.added_max = self.added.saturating_add(IDS_MIN);
    }

    /// The salt.
    #[must_use]
    pub const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.push(u8::try_from(self.seeds.len()).unwrap_or(u8::MAX));
        for seed in &self.seeds {
            bytes.extend_from_slice(&seed.to_be_bytes());
        }
        bytes.extend_from_slice(&self.bits);
        bytes
    }
}

fn hash(id: &[u8], salt: &Salt) -> u64 {
    let digest: [u8; 32] = Sha256::new().chain_update(id).chain_update(salt).finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Byte and bit of each seed.
fn places(seeds: &[u64], bytes: usize, hash: u64) -> impl Iterator<Item = (usize, u8)> {
    let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8);
    seeds.iter().scan(hash, move |hash, seed| {
        *hash = hash.rotate_left(ROTATION) ^ seed;
        let place = hash.checked_rem(bits)?;
        Some((usize::try_from(place / 8).unwrap_or(usize::MAX), 1 << (place % 8)))
    })
}

/// Bytes at which one in a hundred ids that are not there seems to be, with [`SEEDS`].
const fn bytes_for(ids: usize) -> usize {
    (ids.saturating_mul(BITS_PER_1000)).div_ceil(1_000).div_ceil(8)
}

/// Ids that a filter has room for at least.
pub const IDS_MIN: usize = 8_192;
/// Bytes of bits at most: a message has two MiB.
pub const FILTER_BYTES_MAX: usize = 1 << 20;

/// 1,000 * -ln(0.01) / ln(2)^2.
const BITS_PER_1000: usize = 9_586;
/// Bits an id * ln(2), rounded up.
const SEEDS: usize = 7;
/// Ids a bit at which five in a hundred seem to be there: -ln(1 - 0.05^(1/7)) / 7, times the scale.
const FULL_PER_BIT: usize = 1_507;
const FULL_SCALE: usize = 10_000;

const SEED_BYTES: usize = 8;
const ROTATION: u32 = 17;

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: SHA-256 of 32 zeros begins with 66687aadf862bd77; rotated by 17 to the left its lowest bits are those from
    /// bit 47 on, 0xccd0, and a seed of zero leaves them. So the bit is the lowest of a single byte.
    #[test]
    fn one_seed_and_one_byte() {
        let filter = |bits: u8| Filter::decode(&[&[1_u8][..], &[0; 8], &[bits]].concat().into()).unwrap();
        assert!(filter(0b0000_0001).contains(&[], &[0; 32]));
        assert!(!filter(0b1111_1110).contains(&[], &[0; 32]));
        assert!(filter(0xff).contains(b"anything", &[7; 32]));
        assert!(!filter(0).contains(b"anything", &[7; 32]));
    }

    #[test]
    fn bytes_that_are_no_filter() {
        let decode = |bytes: &[u8]| Filter::decode(&Bytes::copy_from_slice(bytes)).unwrap_err();
        assert_eq!(decode(&[]), FilterError::Seeds(0));
        assert_eq!(decode(&[0; 100]), FilterError::Seeds(0));
        assert_eq!(decode(&[17; 1_000]), FilterError::Seeds(17));
        assert_eq!(decode(&[2; 17]), FilterError::Length { got: 17, expected: 17 });
        assert_eq!(decode(&[1]), FilterError::Length { got: 1, expected: 9 });
    }

    #[test]
    fn what_is_added_is_known_until_it_is_full() {
        let mut chance = Chance::new([1; 32]);
        let mut known = Known::new(0, &mut chance);
        let id = |number: u64| number.to_be_bytes();
        let mut added = 0;
        while known.add(&id(added)) {
            added += 1;
        }
        // Go has 11,835 here, of 9,815 bytes.
        assert!((11_700..12_000).contains(&added), "{added}");
        assert_eq!(known.encode().len(), 1 + 7 * 8 + 9_817);
        let filter = Filter::decode(&known.encode().into()).unwrap();
        assert!((0..added).all(|number| filter.contains(&id(number), known.salt())));
        let wrong = (1_000_000..1_010_000).filter(|number| filter.contains(&id(*number), known.salt())).count();
        assert!((300..800).contains(&wrong), "{wrong} of 10,000 seem to be there, expected about 500");
    }

    #[test]
    fn a_filter_grows_to_a_bound() {
        let mut chance = Chance::new([1; 32]);
        assert!(Known::new(100_000, &mut chance).encode().len() > 119_000);
        assert_eq!(Known::new(usize::MAX, &mut chance).encode().len(), 57 + FILTER_BYTES_MAX);
    }
}

//! Sets of small numbers as the Go node writes them: one big-endian integer whose bit `i` is set when `i` is in the
//! set, without leading zero bytes. So the empty set is the empty string.

#![cfg_attr(not(test), warn(clippy::indexing_slicing, clippy::arithmetic_side_effects))]

/// A set of small numbers: indices of failed predicates, or of signers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bits(Vec<u8>);

impl Bits {
    /// From bytes that may have leading zeros.
    #[must_use]
    pub fn from_padded(bytes: &[u8]) -> Self {
        Self(bytes.iter().copied().skip_while(|&byte| byte == 0).collect())
    }

    /// From bytes without a leading zero; none if there is one.
    #[must_use]
    pub fn from_minimal(bytes: &[u8]) -> Option<Self> {
        (bytes.first() != Some(&0)).then(|| Self(bytes.to_vec()))
    }

    /// The integer's bytes, without leading zeros.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Nothing is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A number is in the set.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        self.0.iter().rev().nth(number / 8).is_some_and(|byte| byte & mask(number) != 0)
    }

    /// Puts a number into the set. Takes as many bytes as the number needs: callers bound it.
    pub fn insert(&mut self, number: usize) {
        let place = number / 8;
        let size = place.saturating_add(1).max(self.0.len());
        let grown = size.saturating_sub(self.0.len());
        self.0.splice(0..0, std::iter::repeat_n(0, grown));
        if let Some(byte) = self.0.iter_mut().rev().nth(place) {
            *byte |= mask(number);
        }
    }

    /// How many numbers are in the set.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// The numbers, rising.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let size = self.0.len().saturating_mul(8);
        (0..size).filter(|&number| self.contains(number))
    }
}

impl FromIterator<usize> for Bits {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Self {
        let mut bits = Self::default();
        for number in numbers {
            bits.insert(number);
        }
        bits
    }
}

const fn mask(number: usize) -> u8 {
    1 << (number % 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_the_integer_with_its_bits() {
        let known: [(&[usize], &[u8]); 6] = [
            (&[], &[]),
            (&[0], &[1]),
            (&[7], &[0x80]),
            (&[8], &[1, 0]),
            (&[0, 8, 17], &[2, 1, 1]),
            (&[17, 0, 8, 0], &[2, 1, 1]),
        ];
        for (numbers, bytes) in known {
            let bits: Bits = numbers.iter().copied().collect();
            assert_eq!(bits.as_bytes(), bytes, "{numbers:?}");
            assert_eq!(Bits::from_minimal(bytes), Some(bits.clone()));
            let mut sorted = numbers.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(bits.iter().collect::<Vec<_>>(), sorted);
            assert_eq!(usize::try_from(bits.count()), Ok(sorted.len()));
            assert!((0..32).all(|number| bits.contains(number) == sorted.contains(&number)));
        }
    }

    #[test]
    fn a_leading_zero_is_not_minimal() {
        assert_eq!(Bits::from_minimal(&[0]), None);
        assert_eq!(Bits::from_minimal(&[0, 1]), None);
        assert_eq!(Bits::from_padded(&[0, 0, 1, 0]).as_bytes(), [1, 0]);
        assert!(Bits::from_padded(&[0, 0]).is_empty());
        assert!(!Bits::from_padded(&[0, 0]).contains(usize::MAX));
    }
}

//! Numbers that are the same in every run.

use pars_crypto::hash::shake256;

/// A stream of SHAKE256.
pub(crate) struct Chance {
    seed: u64,
    block: u64,
    left: Vec<u8>,
}

#[allow(dead_code, reason = "each test uses some")]
impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed, block: 0, left: Vec::new() }
    }

    fn byte(&mut self) -> u8 {
        if self.left.is_empty() {
            self.left = shake256::<1_024>(&[&self.seed.to_be_bytes(), &self.block.to_be_bytes()]).to_vec();
            self.block += 1;
        }
        self.left.pop().expect("just filled")
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        self.bytes(N).try_into().expect("so many")
    }

    /// Below a limit, near enough to even.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).expect("a length");
        usize::try_from(u64::from_be_bytes(self.array()) % limit).expect("below a length")
    }

    /// A byte more or less, or half of them.
    pub(crate) fn stretch(&mut self, bytes: &mut Vec<u8>) {
        match self.below(3) {
            0 => drop(bytes.pop()),
            1 => bytes.push(self.byte()),
            _ => bytes.truncate(bytes.len() / 2),
        }
    }

    /// Changes some bytes: one bit, one byte, a run of bytes, or two that change places.
    pub(crate) fn bend(&mut self, bytes: &mut [u8]) {
        let at = self.below(bytes.len());
        match self.below(5) {
            0 | 1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = self.byte(),
            3 => {
                let end = bytes.len().min(at + 1 + self.below(32));
                let filled = if self.below(2) == 0 { 0 } else { 0xff };
                bytes[at..end].fill(filled);
            }
            _ => {
                let other = self.below(bytes.len());
                bytes.swap(at, other);
            }
        }
    }
}

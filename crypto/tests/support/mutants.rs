//! Valid inputs with something changed; the same ones in every run.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};

/// Part of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of one length.
    Fixed(Vec<u8>),
    /// Of any length.
    Free(Vec<u8>),
}

impl Part {
    pub(crate) fn bytes(&self) -> &[u8] {
        let (Self::Fixed(bytes) | Self::Free(bytes)) = self;
        bytes
    }
}

/// Numbers at the bounds of what parts may be, and the order of their bytes.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) numbers: Vec<[u8; 32]>,
    pub(crate) lowest_first: bool,
}

/// What changes inputs.
#[derive(Debug)]
pub(crate) struct Mutants {
    chance: ChaCha20Rng,
    bounds: Bounds,
}

impl Mutants {
    pub(crate) fn new(seed: u64, bounds: Bounds) -> Self {
        Self { chance: ChaCha20Rng::seed_from_u64(seed), bounds }
    }

    /// The input with one part changed.
    pub(crate) fn of(&mut self, input: &[Part]) -> Vec<Part> {
        loop {
            let mut mutant = input.to_vec();
            let place = self.below(mutant.len());
            match &mut mutant[place] {
                Part::Fixed(bytes) => self.change(bytes, input),
                Part::Free(bytes) => match self.below(4) {
                    0 => self.resize(bytes),
                    _ => self.change(bytes, input),
                },
            }
            if mutant != input {
                return mutant;
            }
        }
    }

    fn change(&mut self, bytes: &mut [u8], input: &[Part]) {
        if bytes.is_empty() {
            return;
        }
        let (length, place) = (bytes.len(), self.below(bytes.len()));
        match self.below(12) {
            0..=3 => bytes[place] ^= 1 << self.below(8),
            4 => bytes[place] = self.byte(),
            5 => bytes.fill(0),
            6 => bytes.fill(0xff),
            7 => bytes.rotate_left(length / 2),
            8 => bytes[place..].fill_with(|| self.byte()),
            9 => bytes.reverse(),
            10 => {
                // Another part, or what of it fits.
                let other = input[self.below(input.len())].bytes();
                let common = length.min(other.len());
                bytes[..common].copy_from_slice(&other[..common]);
            }
            _ => self.bound(bytes),
        }
    }

    /// A number at a bound in place of one, or on top of it.
    fn bound(&mut self, bytes: &mut [u8]) {
        let numbers = bytes.len() / 32;
        if numbers == 0 || self.bounds.numbers.is_empty() {
            bytes.reverse();
            return;
        }
        let place = 32 * self.below(numbers);
        let number = &mut bytes[place..place + 32];
        let chosen = self.below(self.bounds.numbers.len());
        let bound = self.bounds.numbers[chosen];
        if self.below(2) == 0 {
            number.copy_from_slice(&bound);
        } else if self.bounds.lowest_first {
            add(number.iter_mut().zip(&bound));
        } else {
            add(number.iter_mut().zip(&bound).rev());
        }
    }

    fn resize(&mut self, bytes: &mut Vec<u8>) {
        match self.below(4) {
            0 => drop(bytes.pop()),
            1 => bytes.push(self.byte()),
            2 => bytes.clear(),
            _ => bytes.truncate(bytes.len() / 2),
        }
    }

    fn byte(&mut self) -> u8 {
        let [byte, ..] = self.chance.next_u32().to_le_bytes();
        byte
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a length");
        usize::try_from(self.chance.next_u64() % bound).expect("below a length")
    }
}

/// Adds digit by digit, the lowest first, and forgets what is carried out.
fn add<'a>(digits: impl Iterator<Item = (&'a mut u8, &'a u8)>) {
    let mut carry = 0_u16;
    for (digit, summand) in digits {
        let sum = u16::from(*digit) + u16::from(*summand) + carry;
        let [high, low] = sum.to_be_bytes();
        (*digit, carry) = (low, high.into());
    }
}

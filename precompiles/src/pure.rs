//! What rows share that only compute: how a call is told from raw bytes, how it ends, and what it costs.
//!
//! A call whose first four bytes are a known selector is one of Solidity's ABI; every other one is the row's raw layout.
//! Gas comes first, from the declared set and the real lengths. Then there are four ends:
//! * an answer, which is false for a signature or key that is none, whatever is wrong with it;
//! * a revert with `MalformedInput()`: arguments that Solidity's own decoder would refuse;
//! * a revert with a name that says what else a caller must know;
//! * a halt that takes all gas: raw bytes that are not of the row's layout.

use crate::interface::{self, Interface};
use crate::port::{Call, Halt, Stop};
use alloy_primitives::{Address, B256, Bytes, U256};

/// A way to call a row with raw bytes.
pub type Raw = fn(&mut Call<'_>) -> Result<Bytes, Stop>;

/// Runs the function that the selector names, and else the raw layout.
///
/// # Errors
/// What they say; `UnknownSelector()` where the row has no raw layout.
pub fn dispatch(call: &mut Call<'_>, interface: &[&Interface], raw: Option<Raw>) -> Result<Bytes, Stop> {
    match (interface::dispatch(call, interface), raw) {
        (Err(Stop::Halt(Halt::UnknownSelector)), Some(raw)) => raw(call),
        (Err(Stop::Halt(Halt::UnknownSelector)), None) => Err(named(UNKNOWN_SELECTOR)),
        (ended, _) => ended,
    }
}

/// An answer of one word.
#[must_use]
pub fn truth(holds: bool) -> Bytes {
    B256::from(U256::from(u8::from(holds))).into()
}

/// An answer of one byte.
#[must_use]
pub fn truth_byte(holds: bool) -> Bytes {
    vec![u8::from(holds)].into()
}

/// A revert with an error of this selector, which has no arguments.
#[must_use]
pub fn named(selector: [u8; 4]) -> Stop {
    Stop::Revert(Bytes::copy_from_slice(&selector))
}

/// Raw bytes that are not of the row's layout.
pub const BAD_FRAME: Stop = Stop::Halt(Halt::BadInput);

/// `UnknownSelector()`.
pub const UNKNOWN_SELECTOR: [u8; 4] = [0xdc, 0x66, 0xf6, 0x73];
/// `MalformedInput()`.
pub const MALFORMED_INPUT: [u8; 4] = [0xec, 0xab, 0xd0, 0xec];
/// `OnChainSecretsDisabled()`.
pub const ON_CHAIN_SECRETS_DISABLED: [u8; 4] = [0xab, 0x61, 0x74, 0x68];
/// `SeedRequired()`.
pub const SEED_REQUIRED: [u8; 4] = [0xdb, 0xf5, 0x11, 0x93];
/// `InvalidKey()`.
pub const INVALID_KEY: [u8; 4] = [0x76, 0xd4, 0xe1, 0xe8];

/// The errors above, as Solidity declares them.
pub const ERRORS: &[(&str, [u8; 4])] = &[
    ("error UnknownSelector()", UNKNOWN_SELECTOR),
    ("error MalformedInput()", MALFORMED_INPUT),
    ("error OnChainSecretsDisabled()", ON_CHAIN_SECRETS_DISABLED),
    ("error SeedRequired()", SEED_REQUIRED),
    ("error InvalidKey()", INVALID_KEY),
];

/// Arguments that must be there once the call is paid: what does not decode reverts.
///
/// # Errors
/// `MalformedInput()` in place of any halt.
pub fn decoded<T>(read: Result<T, Stop>) -> Result<T, Stop> {
    read.map_err(|stop| if matches!(stop, Stop::Halt(_)) { named(MALFORMED_INPUT) } else { stop })
}

/// Bytes of an argument, by which a call is paid before it is looked at whether the argument is there.
#[must_use]
pub fn size(read: &Result<&[u8], Stop>) -> usize {
    read.as_ref().map_or(0, |bytes| bytes.len())
}

/// Pays for a call, then decides whether its secrets may be seen by all.
///
/// # Errors
/// Out of gas, or `OnChainSecretsDisabled()`.
pub fn pay_for_secret(call: &mut Call<'_>, gas: u64, config_key: &str) -> Result<(), Stop> {
    call.gas.charge(gas)?;
    if call.facts.secrets.has(config_key) { Ok(()) } else { Err(named(ON_CHAIN_SECRETS_DISABLED)) }
}

/// `base`, and `each` for every one of `count`: at most what fits into 64 bits, which nobody can pay.
#[must_use]
pub fn price(base: u64, each: u64, count: usize) -> u64 {
    base.saturating_add(each.saturating_mul(u64::try_from(count).unwrap_or(u64::MAX)))
}

/// Words of 32 bytes, the last one perhaps not full.
#[must_use]
pub const fn words(bytes: usize) -> usize {
    bytes.div_ceil(32)
}

/// Bits as a number, bit 0 first.
#[must_use]
pub fn bitmap(bits: impl IntoIterator<Item = bool>) -> Bytes {
    let mut map = U256::ZERO;
    for (place, bit) in bits.into_iter().enumerate() {
        map.set_bit(place, bit);
    }
    B256::from(map).into()
}

/// An answer of two `bytes`.
#[must_use]
pub fn two_bytes(first: &[u8], second: &[u8]) -> Bytes {
    let words = [64, 64 + 32 + first.len().next_multiple_of(32)].map(|place| B256::from(U256::from(place)));
    let mut out = words.concat();
    crate::abi::push_bytes(&mut out, first);
    crate::abi::push_bytes(&mut out, second);
    out.into()
}

/// An answer of a `bytes` and a word.
#[must_use]
pub fn bytes_and_word(first: &[u8], second: &[u8; 32]) -> Bytes {
    let mut out = [B256::from(U256::from(64)).0, *second].concat();
    crate::abi::push_bytes(&mut out, first);
    out.into()
}

/// Bytes that are taken one field behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// All of them.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next so many.
    pub fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next one.
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// The next `N`.
    pub fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(taken)
    }

    /// A length in two bytes, and so many behind it.
    pub fn short(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes(*self.array()?);
        self.take(length.into())
    }

    /// What is left.
    #[must_use]
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An address whose last bytes are these: `0x0000…0601`.
#[must_use]
pub const fn low(number: u32) -> Address {
    let [a, b, c, d] = number.to_be_bytes();
    let mut bytes = [0; 20];
    (bytes[16], bytes[17], bytes[18], bytes[19]) = (a, b, c, d);
    Address::new(bytes)
}

/// An address in the range of the first two bytes, with a last one: `0x0200…06`.
#[must_use]
pub const fn high(range: u16, last: u8) -> Address {
    let [a, b] = range.to_be_bytes();
    let mut bytes = [0; 20];
    (bytes[0], bytes[1], bytes[19]) = (a, b, last);
    Address::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{address, keccak256};

    #[test]
    fn errors_have_the_selectors_of_their_names() {
        for (declared, selector) in ERRORS {
            let signature = declared.strip_prefix("error ").unwrap();
            assert_eq!(keccak256(signature)[..4], *selector, "{declared}");
        }
    }

    #[test]
    fn addresses_of_both_ranges() {
        assert_eq!(low(0x0601), address!("0000000000000000000000000000000000000601"));
        assert_eq!(low(0x1_2201), address!("0000000000000000000000000000000000012201"));
        assert_eq!(high(0x0200, 6), address!("0200000000000000000000000000000000000006"));
        assert_eq!(high(0x0600, 1), address!("0600000000000000000000000000000000000001"));
    }

    #[test]
    fn prices_beyond_all_gas_do_not_wrap() {
        assert_eq!(price(75_000, 10, 27), 75_270);
        assert_eq!(price(1, u64::MAX, 2), u64::MAX);
        assert_eq!([0, 1, 32, 33].map(words), [0, 1, 1, 2]);
    }

    #[test]
    fn fields_end_where_the_bytes_do() {
        let mut fields = Fields::new(&[7, 0, 2, 8, 9, 0, 3, 1, 1]);
        assert_eq!((fields.byte(), fields.short()), (Some(7), Some(&[8, 9][..])));
        let before = fields.rest();
        assert_eq!((fields.short(), before.len()), (None, 4));
        assert_eq!(fields.take(3), None);
        assert_eq!((fields.take(2), fields.is_empty(), fields.byte()), (Some(&[1, 1][..]), true, None));
    }

    #[test]
    fn answers_are_laid_out_as_solidity_reads_them() {
        assert_eq!(truth(true).last(), Some(&1));
        assert_eq!((truth(false).len(), truth_byte(true).as_ref()), (32, &[1][..]));
        let bits = bitmap([true, false, true]);
        assert_eq!((bits.len(), bits.last()), (32, Some(&5)));
        let two = two_bytes(&[1; 33], &[2]);
        assert_eq!((two.len(), two[31], two[63], two[95]), (32 * 7, 64, 160, 33));
        let word = bytes_and_word(&[1], &[9; 32]);
        assert_eq!((word.len(), word[31], word[32]), (128, 64, 9));
    }
}

//! The bytes of a [`Journal`](super::Journal): records, and how they are found again.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | `parspool` |
//! | 4 | version of the layout, 2, big endian |
//! | then, for each record: 4 | length of its content, big endian |
//! | 8 | start of the Keccak hash of its content |
//! | 1 | 1: a transaction came; 2: one left, and no block has it |
//! | 8 | its place in the pool's order of arrival, big endian |
//! | the rest | of one that came: the transaction, EIP-2718 |
//!
//! A transaction that came and did not leave is alive, whichever record is first: threads write them. Of version 1 the
//! content is the transaction alone; each is alive and came in the order of the file.
//!
//! Bytes that are no record are passed over, up to the next ones that are: where the record's length says, or else
//! wherever they are. So damage costs the records that it touches.

#![warn(clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use alloy_primitives::keccak256;
use pars_chain::pool::{Arrived, TX_BYTES_MAX};
use pars_chain::tx::Tx;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// The transactions that are alive, in the order of their arrival.
    pub alive: Vec<Arrived>,
    /// The highest place in the order of arrival that was given.
    pub arrivals: u64,
    /// Bytes up to the end of the last record; 0 where the file was cut off before its first one could come.
    pub whole: usize,
    /// Bytes before that end which are no record.
    pub damaged: usize,
    /// Transactions that are whole and no transactions of this release.
    pub undecodable: usize,
    /// Of the layout.
    pub version: u32,
}

/// Bytes before the first record.
pub(super) const HEADER_BYTES: usize = 12;
/// What is written.
pub(super) const VERSION: u32 = 2;

const MAGIC: &[u8; 8] = b"parspool";
/// What version 1 calls itself.
const WITHOUT_ARRIVALS: u32 = 1;
/// Length and checksum.
const FRAME_BYTES: usize = 12;
const CHECK_BYTES: usize = 8;
const CAME: u8 = 1;
const LEFT: u8 = 2;
/// Kind and place.
const PREFIX_BYTES: usize = 9;
/// No pool gets that far. What says more is damaged, and must not use up the numbers.
const ARRIVAL_MAX: u64 = 1 << 62;
/// Bytes that are hashed to find records behind damaged ones. A file of damage only is given up then.
const SEARCH_BYTES_MAX: usize = 256 << 20;
/// A short hash costs as much as one of so many bytes.
const HASH_BYTES_MIN: usize = 256;

/// Begins a file.
pub(super) const fn header() -> [u8; HEADER_BYTES] {
    of_version(VERSION)
}

/// A transaction came.
pub(super) fn came(arrival: u64, tx: &Tx) -> Vec<u8> {
    frame(&[&[CAME][..], &arrival.to_be_bytes(), &tx.encode()].concat())
}

/// One left.
pub(super) fn left(arrival: u64) -> Vec<u8> {
    frame(&[&[LEFT][..], &arrival.to_be_bytes()].concat())
}

impl Contents {
    /// What these bytes hold; none where they are something else.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let Some((start, _)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            // Cut off while it was made.
            return header().starts_with(bytes).then(|| Self { version: VERSION, ..Self::default() });
        };
        let version = [VERSION, WITHOUT_ARRIVALS].into_iter().find(|version| of_version(*version) == *start)?;
        let mut records = Records { bytes, version, at: HEADER_BYTES, whole: HEADER_BYTES, damaged: 0, searched: 0 };
        let (mut came, mut left, mut count) = (BTreeMap::new(), BTreeSet::new(), 0_u64);
        for content in records.by_ref() {
            count = count.saturating_add(1);
            match parse(content, version) {
                Some(Record::Came(arrival, tx)) => {
                    // Only the first version has none.
                    came.insert(arrival.unwrap_or(count), tx);
                }
                Some(Record::Left(arrival)) => {
                    left.insert(arrival);
                }
                None => {}
            }
        }
        let last = |arrival: Option<&u64>| arrival.copied().unwrap_or_default();
        let arrivals = last(came.last_key_value().map(|(arrival, _)| arrival)).max(last(left.last()));
        came.retain(|arrival, _| !left.contains(arrival));
        let total = came.len();
        let decode = |(arrival, tx)| Some(Arrived { tx: Arc::new(Tx::decode(tx).ok()?), arrival });
        let alive: Vec<Arrived> = came.into_iter().filter_map(decode).collect();
        let undecodable = total.saturating_sub(alive.len());
        let Records { whole, damaged, .. } = records;
        Some(Self { alive, arrivals, whole, damaged, undecodable, version })
    }

    /// A file that holds what is alive, and nothing else.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let records = self.alive.iter().map(|kept| came(kept.arrival, &kept.tx));
        std::iter::once(header().to_vec()).chain(records).flatten().collect()
    }
}

enum Record<'a> {
    Came(Option<u64>, &'a [u8]),
    Left(u64),
}

struct Records<'a> {
    bytes: &'a [u8],
    version: u32,
    at: usize,
    whole: usize,
    damaged: usize,
    /// Bytes that were hashed in vain.
    searched: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    /// The content of the next whole record.
    fn next(&mut self) -> Option<Self::Item> {
        let (at, content) = match self.whole_at(self.at) {
            Some(content) => (self.at, content),
            None => self.search()?,
        };
        self.damaged = self.damaged.saturating_add(at.saturating_sub(self.at));
        self.at = at.saturating_add(FRAME_BYTES).saturating_add(content.len());
        self.whole = self.at;
        Some(content)
    }
}

impl<'a> Records<'a> {
    /// The first whole record behind one that is not.
    fn search(&mut self) -> Option<(usize, &'a [u8])> {
        let claimed = self.framed_at(self.at).map(|(_, content)| content.len());
        let behind = claimed.map(|length| self.at.saturating_add(FRAME_BYTES).saturating_add(length));
        let anywhere = self.at.saturating_add(1)..self.bytes.len();
        behind.into_iter().chain(anywhere).find_map(|at| Some((at, self.whole_at(at)?)))
    }

    /// The content of a record whose checksum is right.
    fn whole_at(&mut self, at: usize) -> Option<&'a [u8]> {
        let (check, content) = self.framed_at(at)?;
        parse(content, self.version)?;
        if self.searched > SEARCH_BYTES_MAX {
            return None;
        }
        if keccak256(content).starts_with(check) {
            return Some(content);
        }
        self.searched = self.searched.saturating_add(content.len().max(HASH_BYTES_MIN));
        None
    }

    /// Checksum and content, where there are as many bytes as it says.
    fn framed_at(&self, at: usize) -> Option<(&'a [u8], &'a [u8])> {
        let (length, rest) = self.bytes.get(at..)?.split_first_chunk::<4>()?;
        let (check, rest) = rest.split_at_checked(CHECK_BYTES)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        (length <= PREFIX_BYTES.saturating_add(TX_BYTES_MAX)).then_some(())?;
        Some((check, rest.get(..length)?))
    }
}

/// What a content says.
fn parse(content: &[u8], version: u32) -> Option<Record<'_>> {
    if version == WITHOUT_ARRIVALS {
        let fits = !content.is_empty() && content.len() <= TX_BYTES_MAX;
        return fits.then_some(Record::Came(None, content));
    }
    let (kind, rest) = content.split_first()?;
    let (arrival, tx) = rest.split_first_chunk::<8>()?;
    let arrival = u64::from_be_bytes(*arrival);
    match (*kind, tx) {
        _ if arrival > ARRIVAL_MAX => None,
        (LEFT, []) => Some(Record::Left(arrival)),
        (CAME, [_, ..]) => Some(Record::Came(Some(arrival), tx)),
        _ => None,
    }
}

fn frame(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let hash = keccak256(content);
    let (check, _) = hash.split_at(CHECK_BYTES);
    [length.to_be_bytes().as_slice(), check, content].concat()
}

const fn of_version(version: u32) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    let (magic, number) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    number.copy_from_slice(&version.to_be_bytes());
    header
}

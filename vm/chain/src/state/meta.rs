//! The few facts of a store as a whole.
//!
//! | name | value |
//! |---|---|
//! | `format` | version of the layout (4) |
//! | `release` | first release that reads that version, text |
//! | `head` | height (8) and id (32) of the last accepted block |
//! | `oldest` | oldest height whose state can be read (8) |
//! | `genesis`, `upgrade`, `host`, `airdrop` | the files, and the host's upgrade times, that the chain was last opened with |
//! | `place` | what the chain is on its host: network id (4), blockchain id (32) |
//! | `final` | height (8) up to which the network has certified blocks; only where a host ever said so |
//! | `sums` | hash (32) of each record of [`OPENED_WITH`], and the hash (32) of these; not in stores of older builds |

use crate::block::BlockId;
use crate::error::Fatal;
use crate::execution::executor::Place;
use crate::store::{Batch, Column, Read};
use alloy_primitives::{B256, Bytes, keccak256};

/// Layout that this program writes and reads.
pub const FORMAT: u32 = 1;

/// First release that reads [`FORMAT`]. It is written beside it, so that an older release can name it.
pub const FORMAT_RELEASE: &str = "0.1.0";

/// Records of what the chain was last opened with, in the order of their hashes in `sums`. Each is always there, and empty
/// where there was no such file.
pub const OPENED_WITH: [&str; 5] = ["genesis", "upgrade", "host", "airdrop", "place"];

/// Records that every store has, besides those of [`OPENED_WITH`].
pub const OTHERS: [&str; 4] = ["format", "release", "head", "oldest"];

/// Name of the record of what is final.
pub const FINAL: &str = "final";

/// Name of the record of hashes.
pub const SUMS: &str = "sums";

/// Last accepted block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// Height.
    pub height: u64,
    /// Id.
    pub id: BlockId,
}

/// Version of the layout; none for an empty store.
///
/// # Errors
/// When the store failed or holds something else.
pub fn format(read: &dyn Read) -> Result<Option<u32>, Fatal> {
    let bytes = read.get(Column::Meta, b"format")?;
    bytes.map(|bytes| exact(&bytes).map(u32::from_be_bytes).ok_or_else(|| corrupt("format"))).transpose()
}

/// First release that reads the layout of this store, where it says so.
///
/// # Errors
/// When the store failed.
pub fn release(read: &dyn Read) -> Result<Option<String>, Fatal> {
    let text = read.get(Column::Meta, b"release")?.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    Ok(text.filter(|text| text.len() <= RELEASE_BYTES_MAX && text.chars().all(|c| c.is_ascii_graphic())))
}

/// Letters of a release that are repeated to people.
const RELEASE_BYTES_MAX: usize = 32;

/// What the chain is on its host; none where no release that keeps it has opened the store.
///
/// # Errors
/// When the store failed or holds something else.
pub fn place(read: &dyn Read) -> Result<Option<Place>, Fatal> {
    let Some(bytes) = read.get(Column::Meta, b"place")? else { return Ok(None) };
    let (network_id, id) = bytes.split_first_chunk::<4>().ok_or_else(|| corrupt("place"))?;
    let blockchain_id = B256::try_from(id).map_err(|_| corrupt("place"))?;
    Ok(Some(Place { network_id: u32::from_be_bytes(*network_id), blockchain_id }))
}

/// Stored form of a place.
#[must_use]
pub fn place_bytes(place: Place) -> Vec<u8> {
    [place.network_id.to_be_bytes().as_slice(), place.blockchain_id.as_slice()].concat()
}

/// Stored form of the hashes of what the chain is opened with, in the order of [`OPENED_WITH`]. No other record tells of
/// these files, so that one that is damaged could not be told from another one.
#[must_use]
pub fn sums_bytes(records: [&[u8]; OPENED_WITH.len()]) -> Vec<u8> {
    let mut bytes = records.map(|record| keccak256(record).0).concat();
    let own = keccak256(&bytes);
    bytes.extend(own);
    bytes
}

/// Hashes of what the chain was last opened with; none where only older builds have opened the store.
///
/// # Errors
/// When the store failed or holds something else.
pub fn sums(read: &dyn Read) -> Result<Option<[B256; OPENED_WITH.len()]>, Fatal> {
    let Some(bytes) = read.get(Column::Meta, SUMS.as_bytes())? else { return Ok(None) };
    let whole = bytes.split_last_chunk::<32>().filter(|(sums, own)| keccak256(sums) == **own);
    let sums = whole.and_then(|(sums, _)| {
        let sums: Vec<B256> = sums.as_chunks().0.iter().map(|sum| B256::new(*sum)).collect();
        sums.try_into().ok()
    });
    sums.map(Some).ok_or_else(|| corrupt(SUMS))
}

/// Last accepted block.
///
/// # Errors
/// When the store failed or holds something else. An unreadable head is never taken for none.
pub fn head(read: &dyn Read) -> Result<Head, Fatal> {
    let bytes = read.get(Column::Meta, b"head")?.ok_or_else(|| corrupt("head"))?;
    let (height, id) = bytes.split_first_chunk::<8>().ok_or_else(|| corrupt("head"))?;
    let id = B256::try_from(id).map_err(|_| corrupt("head"))?;
    Ok(Head { height: u64::from_be_bytes(*height), id: BlockId(id) })
}

/// Oldest height whose state can be read.
///
/// # Errors
/// When the store failed or holds something else.
pub fn oldest(read: &dyn Read) -> Result<u64, Fatal> {
    let bytes = read.get(Column::Meta, b"oldest")?.ok_or_else(|| corrupt("oldest"))?;
    exact(&bytes).map(u64::from_be_bytes).ok_or_else(|| corrupt("oldest"))
}

/// Height up to which the network has certified blocks, as a host said; none where none did.
///
/// # Errors
/// When the store failed or holds something else.
pub fn final_height(read: &dyn Read) -> Result<Option<u64>, Fatal> {
    let bytes = read.get(Column::Meta, FINAL.as_bytes())?;
    bytes.map(|bytes| exact(&bytes).map(u64::from_be_bytes).ok_or_else(|| corrupt(FINAL))).transpose()
}

/// A file that the chain was last opened with.
///
/// # Errors
/// When the store failed.
pub fn file(read: &dyn Read, name: &'static str) -> Result<Option<Bytes>, Fatal> {
    Ok(read.get(Column::Meta, name.as_bytes())?)
}

/// Writes the version of the layout, and who reads it.
pub fn set_format(batch: &mut Batch) {
    batch.put(Column::Meta, Bytes::from_static(b"format"), FORMAT.to_be_bytes().to_vec());
    batch.put(Column::Meta, Bytes::from_static(b"release"), FORMAT_RELEASE.as_bytes().to_vec());
}

/// Writes the last accepted block.
pub fn set_head(batch: &mut Batch, head: Head) {
    let value = [head.height.to_be_bytes().as_slice(), head.id.0.as_slice()].concat();
    batch.put(Column::Meta, Bytes::from_static(b"head"), value);
}

/// Writes the height up to which the network has certified blocks.
pub fn set_final_height(batch: &mut Batch, height: u64) {
    batch.put(Column::Meta, Bytes::from_static(FINAL.as_bytes()), height.to_be_bytes().to_vec());
}

/// Writes the oldest height whose state can be read.
pub fn set_oldest(batch: &mut Batch, height: u64) {
    batch.put(Column::Meta, Bytes::from_static(b"oldest"), height.to_be_bytes().to_vec());
}

/// Keeps a file that the chain was opened with.
pub fn set_file(batch: &mut Batch, name: &'static str, bytes: &[u8]) {
    batch.put(Column::Meta, Bytes::from_static(name.as_bytes()), bytes.to_vec());
}

fn exact<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn corrupt(name: &str) -> Fatal {
    Fatal::Corrupt(format!("record `{name}` of the data folder"))
}

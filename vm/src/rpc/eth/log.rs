//! Logs: what is asked for ([`LogFilter`], [`LogQuery`]) and how one is shown ([`MinedLog`]).

use crate::rpc::error::RpcError;
use crate::rpc::params::text::{Wrong, fixed, string, unexpected};
use crate::rpc::params::{BlockNumber, Params, text};
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, U64, U256, keccak256};
use pars_chain::block::Block;
use pars_chain::execution::receipt::Receipt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Addresses that one filter may name.
pub const ADDRESSES_MAX: usize = 1_000;
/// Topics of a log.
pub const TOPICS_MAX: usize = 4;
/// Topics that one filter may name at one position.
pub const TOPIC_ALTERNATIVES_MAX: usize = 1_000;

/// Which logs: from which addresses, with which topics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogFilter {
    /// Sorted. Empty: any.
    pub addresses: Vec<Address>,
    /// For each position the topics that fit, sorted; empty: any. A log needs as many topics as there are positions.
    pub topics: Vec<Vec<B256>>,
}

/// Which logs, and of which blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Which logs.
    pub filter: LogFilter,
    /// Of which blocks.
    pub blocks: Blocks,
}

/// Blocks of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// One.
    Hash(B256),
    /// All from one to another, both included; where one is not named, the last accepted block.
    Range(BlockNumber, BlockNumber),
}

impl LogFilter {
    /// Whether a log is meant.
    #[must_use]
    pub fn matches(&self, log: &Log) -> bool {
        let topics = log.topics();
        (self.addresses.is_empty() || self.addresses.binary_search(&log.address).is_ok())
            && self.topics.len() <= topics.len()
            && self.topics.iter().zip(topics).all(|(fit, topic)| fit.is_empty() || fit.binary_search(topic).is_ok())
    }

    /// Addresses and topics that it names.
    #[must_use]
    pub fn size(&self) -> usize {
        self.topics.iter().map(Vec::len).sum::<usize>().saturating_add(self.addresses.len())
    }

    /// What tells by a bloom whether a block may hold such a log.
    #[must_use]
    pub fn sieve(&self) -> Sieve {
        let addresses: Vec<Bits> = self.addresses.iter().map(|address| bits(address.as_slice())).collect();
        let topics = self.topics.iter().map(|fit| fit.iter().map(|topic| bits(topic.as_slice())).collect());
        Sieve { wanted: std::iter::once(addresses).chain(topics).filter(|fit| !fit.is_empty()).collect() }
    }
}

/// A log filter as bits of blooms: what it names is hashed once, not once a block.
#[derive(Debug, Clone)]
pub struct Sieve {
    /// For addresses and for each topic that is named, the bits of each that fits.
    wanted: Vec<Vec<Bits>>,
}

/// Byte and mask of the three bits of an entry.
type Bits = [(usize, u8); 3];

impl Sieve {
    /// Whether a block with this bloom may hold a log that is meant.
    #[must_use]
    pub fn passes(&self, bloom: &Bloom) -> bool {
        let holds = |bits: &Bits| bits.iter().all(|(byte, mask)| bloom.get(*byte).is_some_and(|held| held & mask != 0));
        // What has no log at all fits nothing.
        !bloom.is_zero() && self.wanted.iter().all(|fit| fit.iter().any(holds))
    }
}

/// Yellow paper §4.3.1: eleven bits each of the first three pairs of bytes of the hash.
fn bits(input: &[u8]) -> Bits {
    let hash = keccak256(input);
    let [a, b, c, d, e, f, ..] = hash.0;
    [[a, b], [c, d], [e, f]].map(|pair| {
        let bit = u16::from_be_bytes(pair) & 0x7ff;
        (255 - usize::from(bit / 8), 1 << (bit % 8))
    })
}

impl LogQuery {
    /// Reads a parameter; null asks for everything.
    ///
    /// # Errors
    /// Where it is missing or something else.
    pub fn of(params: &Params, index: usize) -> Result<Self, RpcError> {
        let query = params.read(index, Self::read)?;
        let topics = &query.filter.topics;
        if topics.len() > TOPICS_MAX || topics.iter().any(|fit| fit.len() > TOPIC_ALTERNATIVES_MAX) {
            return Err(RpcError::params("exceed max topics"));
        }
        Ok(query)
    }

    fn read(raw: &RawValue) -> Result<Self, Wrong> {
        let object: Option<Object<'_>> = match raw.get().as_bytes().first() {
            Some(b'{' | b'n') => {
                serde_json::from_str(raw.get()).map_err(|_| "each member of a filter is there once")?
            }
            Some(_) | None => return Err(unexpected(raw, "a filter object")),
        };
        let object = object.unwrap_or_default();
        let filter = LogFilter {
            addresses: object.address.map_or(Ok(Vec::new()), addresses)?,
            topics: object.topics.map_or(Ok(Vec::new()), topics)?,
        };
        let number = |raw: Option<&RawValue>| raw.map_or(Ok(BlockNumber::Latest), BlockNumber::read);
        let blocks = match object.block_hash {
            None => Blocks::Range(number(object.from_block)?, number(object.to_block)?),
            Some(_) if object.from_block.is_some() || object.to_block.is_some() => {
                return Err("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other".into());
            }
            Some(raw) => Blocks::Hash(fixed(&string(raw)?)?.into()),
        };
        Ok(Self { filter, blocks })
    }
}

/// Other members are ignored.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Object<'a> {
    #[serde(borrow)]
    address: Option<&'a RawValue>,
    #[serde(borrow)]
    topics: Option<&'a RawValue>,
    #[serde(borrow)]
    from_block: Option<&'a RawValue>,
    #[serde(borrow)]
    to_block: Option<&'a RawValue>,
    #[serde(borrow)]
    block_hash: Option<&'a RawValue>,
}

/// One address, or a list.
fn addresses(raw: &RawValue) -> Result<Vec<Address>, Wrong> {
    let address = |raw: &RawValue| exact::<20>(raw, "address").map(Address::from);
    let mut addresses = match raw.get().as_bytes().first() {
        Some(b'"') => vec![address(raw).map_err(|wrong| format!("invalid address: {wrong}"))?],
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| "invalid addresses in query")?;
            if list.len() > ADDRESSES_MAX {
                return Err("exceed max addresses".into());
            }
            let read = |(index, raw): (usize, &RawValue)| {
                if !raw.get().starts_with('"') {
                    return Err(Wrong::from(format!("non-string address at index {index}")));
                }
                address(raw).map_err(|wrong| format!("invalid address at index {index}: {wrong}").into())
            };
            list.into_iter().enumerate().map(read).collect::<Result<_, _>>()?
        }
        Some(_) | None => return Err("invalid addresses in query".into()),
    };
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

/// For each position null, a topic, or a list of topics; a list with null in it fits any.
fn topics(raw: &RawValue) -> Result<Vec<Vec<B256>>, Wrong> {
    let positions: Vec<&RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| Wrong::from(format!("topics: {}", unexpected(raw, "a list"))))?;
    positions.into_iter().map(position).collect()
}

fn position(raw: &RawValue) -> Result<Vec<B256>, Wrong> {
    match raw.get().as_bytes().first() {
        Some(b'n') => Ok(Vec::new()),
        Some(b'"') => Ok(vec![B256::from(exact::<32>(raw, "topic")?)]),
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| "invalid topic(s)")?;
            let mut any = false;
            let mut fit = Vec::with_capacity(list.len());
            for raw in list {
                match raw.get().as_bytes().first() {
                    Some(b'n') => any = true,
                    Some(b'"') => fit.push(B256::from(exact::<32>(raw, "topic")?)),
                    Some(_) | None => return Err("invalid topic(s)".into()),
                }
            }
            if any {
                return Ok(Vec::new());
            }
            fit.sort_unstable();
            fit.dedup();
            Ok(fit)
        }
        Some(_) | None => Err("invalid topic(s)".into()),
    }
}

/// Exactly `N` bytes, refused in the words that clients know for filters.
fn exact<const N: usize>(raw: &RawValue, what: &str) -> Result<[u8; N], Wrong> {
    let text = string(raw)?;
    if text.is_empty() {
        return Err("empty hex string".into());
    }
    let bytes = text::bytes(&text)?;
    let wrong = || format!("hex has invalid length {} after decoding; expected {N} for {what}", bytes.len());
    bytes.as_ref().try_into().map_err(|_| wrong().into())
}

/// A log of an accepted block as clients see it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MinedLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_number: U256,
    transaction_hash: B256,
    transaction_index: U64,
    block_hash: B256,
    block_timestamp: U64,
    log_index: U64,
    removed: bool,
}

impl MinedLog {
    /// Logs of a block that a filter means, in order. `removed`: the block was taken back.
    pub fn all<'a>(
        block: &'a Block,
        receipts: &'a [Receipt],
        filter: &'a LogFilter,
        removed: bool,
    ) -> impl Iterator<Item = Self> + 'a {
        let mut number: u64 = 0;
        (0_u64..).zip(block.transactions.iter().zip(receipts)).flat_map(move |(index, (tx, receipt))| {
            let first = number;
            number += u64::try_from(receipt.logs.len()).unwrap_or_default();
            let logs = (first..).zip(&receipt.logs).filter(move |(_, log)| filter.matches(log));
            let hash = tx.hash();
            logs.map(move |(number, log)| Self { removed, ..Self::new(log, block, hash, index, number) })
        })
    }

    /// Log `number` of its block, from the transaction of this hash at `index`.
    pub(crate) fn new(log: &Log, block: &Block, transaction: B256, index: u64, number: u64) -> Self {
        Self {
            address: log.address,
            topics: log.topics().to_vec(),
            data: log.data.data.clone(),
            block_number: block.header.number,
            transaction_hash: transaction,
            transaction_index: U64::from(index),
            block_hash: block.id().0,
            block_timestamp: U64::from(block.header.time),
            log_index: U64::from(number),
            removed: false,
        }
    }

    /// Bytes of its data.
    #[must_use]
    pub fn data_len(&self) -> usize {
        self.data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::LogData;
    use pars_chain::execution::interrupt::Interrupt;

    const A: Address = Address::repeat_byte(0xaa);
    const B: Address = Address::repeat_byte(0xbb);
    const ONE: B256 = B256::repeat_byte(1);
    const TWO: B256 = B256::repeat_byte(2);

    fn query(json: &str) -> Result<LogQuery, RpcError> {
        let raw = RawValue::from_string(format!("[{json}]")).unwrap();
        LogQuery::of(&Params::new(Some(&raw), Interrupt::default()).unwrap(), 0)
    }

    fn log(address: Address, topics: &[B256]) -> Log {
        Log { address, data: LogData::new_unchecked(topics.to_vec(), Bytes::new()) }
    }

    #[test]
    fn positions_count_where_they_fit_anything() {
        let matches = |topics: &str, log: &Log| {
            let filter = query(&format!(r#"{{"topics":{topics}}}"#)).unwrap().filter;
            let bloom: Bloom = [log].into_iter().collect();
            // A bloom never hides a log that is there.
            assert!(filter.sieve().passes(&bloom) || !filter.matches(log));
            filter.matches(log)
        };
        let (x, y) = (format!("\"{ONE:#x}\""), format!("\"{TWO:#x}\""));
        let (none, one, two) = (log(A, &[]), log(A, &[ONE]), log(A, &[ONE, TWO]));
        for (topics, expected) in [
            ("null".to_owned(), [true, true, true]),
            ("[]".to_owned(), [true, true, true]),
            ("[null]".to_owned(), [false, true, true]),
            ("[[]]".to_owned(), [false, true, true]),
            ("[null,null]".to_owned(), [false, false, true]),
            ("[null,[]]".to_owned(), [false, false, true]),
            (format!("[{x}]"), [false, true, true]),
            (format!("[[{y},{x}]]"), [false, true, true]),
            (format!("[[{y},null]]"), [false, true, true]),
            (format!("[{y}]"), [false, false, false]),
            (format!("[null,{y}]"), [false, false, true]),
            (format!("[{x},[]]"), [false, false, true]),
        ] {
            assert_eq!([&none, &one, &two].map(|log| matches(&topics, log)), expected, "{topics}");
        }
    }

    #[test]
    fn addresses_are_any_of_a_list() {
        let filter = |address: String| query(&format!(r#"{{"address":{address}}}"#)).unwrap().filter;
        let (a, b) = (log(A, &[]), log(B, &[]));
        for (address, expected) in [
            ("null".to_owned(), [true, true]),
            ("[]".to_owned(), [true, true]),
            (format!("\"{A:#x}\""), [true, false]),
            (format!("[\"{B:#x}\",\"{A:#x}\",\"{A:#x}\"]"), [true, true]),
            (format!("[\"{B:#x}\"]"), [false, true]),
        ] {
            let filter = filter(address);
            assert_eq!([&a, &b].map(|log| filter.matches(log)), expected);
            assert_eq!([&a, &b].map(|log| filter.sieve().passes(&[log].into_iter().collect())), expected);
        }
    }

    #[test]
    fn refusals_name_the_offence() {
        let five = "[null,null,null,null,null]";
        let many = vec![format!("\"{A:#x}\""); ADDRESSES_MAX + 1].join(",");
        assert!(query(&format!(r#"{{"address":[{}]}}"#, &many[45..])).is_ok());
        for (json, wrong) in [
            (format!(r#"{{"topics":{five}}}"#), "exceed max topics"),
            (format!(r#"{{"address":[{many}]}}"#), "invalid argument 0: exceed max addresses"),
            (
                r#"{"topics":["0xab"]}"#.into(),
                "invalid argument 0: hex has invalid length 1 after decoding; expected 32 for topic",
            ),
            (r#"{"topics":[5]}"#.into(), "invalid argument 0: invalid topic(s)"),
            (r#"{"topics":[[5]]}"#.into(), "invalid argument 0: invalid topic(s)"),
            (r#"{"topics":"x"}"#.into(), "invalid argument 0: topics: a string where a list is expected"),
            (
                r#"{"address":"0xab"}"#.into(),
                "invalid argument 0: invalid address: hex has invalid length 1 after decoding; expected 20 for address",
            ),
            (r#"{"address":5}"#.into(), "invalid argument 0: invalid addresses in query"),
            (r#"{"address":[5]}"#.into(), "invalid argument 0: non-string address at index 0"),
            (r#"{"fromBlock":"0x01"}"#.into(), "invalid argument 0: hex number with leading zero digits"),
            (r#"{"fromBlock":1}"#.into(), "invalid argument 0: hex string without 0x prefix"),
            (
                format!(r#"{{"blockHash":"{ONE:#x}","fromBlock":"0x0"}}"#),
                "invalid argument 0: cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other",
            ),
            (r#"{"blockHash":"0xab"}"#.into(), "invalid argument 0: hex string has length 2, want 64"),
            (r#""x""#.into(), "invalid argument 0: a string where a filter object is expected"),
            ("[]".into(), "invalid argument 0: a list where a filter object is expected"),
            (String::new(), "missing value for required argument 0"),
        ] {
            assert_eq!(query(&json), Err(RpcError::params(wrong)), "{json}");
        }
    }

    #[test]
    fn blocks_of_a_query() {
        let blocks = |json: &str| query(json).unwrap().blocks;
        let latest = BlockNumber::Latest;
        assert_eq!(blocks("null"), Blocks::Range(latest, latest));
        assert_eq!(blocks("{}"), Blocks::Range(latest, latest));
        assert_eq!(blocks(r#"{"fromBlock":null,"toBlock":"safe"}"#), Blocks::Range(latest, BlockNumber::Final));
        assert_eq!(blocks(r#"{"fromBlock":"0x1"}"#), Blocks::Range(BlockNumber::Number(1), latest));
        assert_eq!(blocks(&format!(r#"{{"blockHash":"{ONE:#x}"}}"#)), Blocks::Hash(ONE));
    }
}

//! Filters: what a client that asks again and again has not been told yet.
//!
//! A filter remembers how far it has been told, not what happened since: that is read from the chain when somebody
//! asks, so nothing is missed or told twice, and an idle filter costs nothing.

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::log::{Blocks, LogQuery};
use crate::rpc::eth::logs::{self, Found, search};
use crate::rpc::eth::transaction::{Transaction, as_it_came};
use crate::rpc::limits::{
    FILTER_BLOCKS_MAX, FILTER_BYTES_MAX, FILTER_ENTRIES_MAX, FILTER_IDLE, FILTERS_MAX, LOG_BLOCKS_MAX,
};
use crate::rpc::params::{BlockNumber, Params, text};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{B128, B256, U128};
use parking_lot::Mutex;
use pars_chain::view::View;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// Filters of all clients.
#[derive(Debug, Default)]
pub struct Filters {
    held: Mutex<BTreeMap<U128, Held>>,
}

#[derive(Debug)]
struct Held {
    /// When somebody last asked, Unix milliseconds.
    asked_ms: u64,
    filter: Arc<Filter>,
}

#[derive(Debug)]
struct Filter {
    kind: Kind,
    /// What is told next: a height, or the number of an arrival. Locked while changes are read, so that two calls at
    /// the same time tell nothing twice.
    next: Mutex<u64>,
}

#[derive(Debug)]
enum Kind {
    Logs(LogQuery),
    Blocks,
    Transactions {
        /// Whole, or their hashes.
        full: bool,
    },
}

impl Kind {
    /// Addresses and topics that it keeps.
    fn size(&self) -> usize {
        match self {
            Self::Logs(query) => query.filter.size(),
            Self::Blocks | Self::Transactions { .. } => 0,
        }
    }
}

impl Filters {
    fn add(&self, kind: Kind, next: u64, now_ms: u64) -> Result<U128, RpcError> {
        // Nobody guesses the filter of somebody else.
        let id = B128::try_random().map_err(|_| RpcError::internal())?;
        let id = U128::from_be_bytes(id.0);
        let mut held = self.held.lock();
        if held.len() >= FILTERS_MAX {
            forget_idle(&mut held, now_ms);
        }
        if held.len() >= FILTERS_MAX {
            return Err(RpcError::limit(format!("too many filters, at most {FILTERS_MAX} are kept")));
        }
        let entries: usize = held.values().map(|held| held.filter.kind.size()).sum();
        if entries.saturating_add(kind.size()) > FILTER_ENTRIES_MAX {
            let text = format!("too many addresses and topics: all filters together have at most {FILTER_ENTRIES_MAX}");
            return Err(RpcError::limit(text));
        }
        held.insert(id, Held { asked_ms: now_ms, filter: Arc::new(Filter { kind, next: Mutex::new(next) }) });
        Ok(id)
    }

    fn get(&self, id: Option<U128>, now_ms: u64) -> Result<Arc<Filter>, RpcError> {
        let mut held = self.held.lock();
        forget_idle(&mut held, now_ms);
        let filter = id.and_then(|id| held.get_mut(&id)).ok_or_else(not_found)?;
        filter.asked_ms = now_ms;
        Ok(Arc::clone(&filter.filter))
    }

    fn remove(&self, id: Option<U128>, now_ms: u64) -> bool {
        let mut held = self.held.lock();
        forget_idle(&mut held, now_ms);
        id.and_then(|id| held.remove(&id)).is_some()
    }
}

fn forget_idle(held: &mut BTreeMap<U128, Held>, now_ms: u64) {
    held.retain(|_, held| u128::from(now_ms.saturating_sub(held.asked_ms)) <= FILTER_IDLE.as_millis());
}

/// `eth_newFilter(query)`: id of a filter for logs.
///
/// # Errors
/// Parameters, or too many filters.
pub fn new_logs(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let query = LogQuery::of(params, 0)?;
    if let Blocks::Range(BlockNumber::Number(from), BlockNumber::Number(to)) = query.blocks
        && from > to
    {
        return Err(RpcError::params("invalid block range params"));
    }
    add(api, Kind::Logs(query), after(&api.head()))
}

/// `eth_newBlockFilter()`: id of a filter for blocks.
///
/// # Errors
/// Parameters, or too many filters.
pub fn new_blocks(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    add(api, Kind::Blocks, after(&api.head()))
}

/// `eth_newPendingTransactionFilter(whole)`: id of a filter for transactions that become executable.
///
/// # Errors
/// Parameters, or too many filters.
pub fn new_transactions(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let full = params.optional_flag(0)?;
    add(api, Kind::Transactions { full }, api.node().arrivals().next())
}

/// `eth_getFilterChanges(id)`: what came since the last call.
///
/// # Errors
/// Parameters, or a filter that is not there (any more).
pub fn changes(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let filter = api.filters().get(id(params)?, api.now_ms())?;
    let mut next = filter.next.lock();
    match &filter.kind {
        Kind::Logs(query) => {
            let head = api.head();
            // After a rewind some heights come again.
            let from = (*next).min(after(&head));
            let (heights, until) = new_heights(query, from, &head);
            let (logs, last) = if heights.is_empty() {
                (Vec::new(), until)
            } else {
                let end = *heights.end();
                let Found { logs, last } = search(api, &head, &query.filter, heights, params.interrupt())?;
                (logs, if last == end { until } else { last })
            };
            let told = answer(&logs)?;
            *next = last.saturating_add(1);
            Ok(told)
        }
        Kind::Blocks => {
            let head = api.head();
            let from = (*next).min(after(&head));
            let heights = from..=head.height().min(from.saturating_add(FILTER_BLOCKS_MAX - 1));
            let mut hashes: Vec<B256> = Vec::new();
            for height in heights {
                hashes.extend(head.block_id(height)?.map(|id| id.0));
            }
            let told = answer(&hashes)?;
            *next = from.saturating_add(u64::try_from(hashes.len()).unwrap_or_default());
            Ok(told)
        }
        Kind::Transactions { full: false } => {
            let (hashes, end) = api.node().arrivals().since(*next);
            let told = answer(&hashes)?;
            *next = end;
            Ok(told)
        }
        Kind::Transactions { full: true } => {
            let (hashes, end) = api.node().arrivals().since(*next);
            let mut left = hashes.iter();
            let mut bytes = 0;
            let mut transactions = Vec::new();
            // The rest comes with the next call.
            while bytes < FILTER_BYTES_MAX
                && let Some(hash) = left.next()
            {
                if params.interrupt().raised() {
                    return Err(RpcError::timed_out());
                }
                if let Some(tx) = as_it_came(api, *hash)? {
                    bytes += tx.size();
                    transactions.push(Transaction::waiting(&tx));
                }
            }
            let told = answer(&transactions)?;
            *next = end.saturating_sub(u64::try_from(left.len()).unwrap_or_default());
            Ok(told)
        }
    }
}

/// `eth_getFilterLogs(id)`: all logs that a filter means, as `eth_getLogs` gives them.
///
/// # Errors
/// Parameters, a filter that is not there or is not for logs, or those of `eth_getLogs`.
pub fn logs(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let filter = api.filters().get(id(params)?, api.now_ms())?;
    match &filter.kind {
        Kind::Logs(query) => answer(&logs::all(api, query, params.interrupt())?),
        Kind::Blocks | Kind::Transactions { .. } => Err(not_found()),
    }
}

/// `eth_uninstallFilter(id)`: whether there was one.
///
/// # Errors
/// Parameters.
pub fn uninstall(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    answer(&api.filters().remove(id(params)?, api.now_ms()))
}

fn add(api: &Api, kind: Kind, next: u64) -> Answer {
    answer(&api.filters().add(kind, next, api.now_ms())?)
}

/// The id of a filter; none for a text that no filter was ever called.
fn id(params: &Params) -> Result<Option<U128>, RpcError> {
    let text = params.read(0, text::string)?;
    let digits = text.strip_prefix("0x").filter(|digits| !digits.is_empty());
    Ok(digits.and_then(|digits| U128::from_str_radix(digits, 16).ok()))
}

fn not_found() -> RpcError {
    RpcError::server("filter not found")
}

/// Height of the next block.
fn after(head: &View) -> u64 {
    head.height().saturating_add(1)
}

/// Heights that a filter is told of now, which may be none, and the height up to which it has been told then.
fn new_heights(query: &LogQuery, from: u64, head: &View) -> (RangeInclusive<u64>, u64) {
    let until = head.height().min(from.saturating_add(LOG_BLOCKS_MAX - 1));
    // Tags say when a filter begins; only numbers bound it.
    let (first, last) = match query.blocks {
        Blocks::Range(first, last) => {
            let first = if let BlockNumber::Number(first) = first { first } else { 0 };
            let last = match last {
                BlockNumber::Number(last) => last,
                BlockNumber::Earliest => 0,
                BlockNumber::Latest | BlockNumber::Final | BlockNumber::Pending => u64::MAX,
            };
            (first, last)
        }
        // Of a block that is there already nothing new will come.
        Blocks::Hash(_) => (u64::MAX, 0),
    };
    (from.max(first)..=until.min(last), until)
}

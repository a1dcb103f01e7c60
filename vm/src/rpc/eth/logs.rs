//! `eth_getLogs`, and the search that it shares with filters.

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::height_of;
use crate::rpc::eth::log::{Blocks, LogFilter, LogQuery, MinedLog};
use crate::rpc::limits::{LOG_BLOCKS_MAX, LOG_BYTES_MAX, LOGS_MAX};
use crate::rpc::params::{BlockNumber, Params};
use crate::rpc::table::{Answer, answer};
use pars_chain::block::BlockId;
use pars_chain::error::Fatal;
use pars_chain::execution::interrupt::Interrupt;
use pars_chain::view::View;
use std::ops::RangeInclusive;

/// `eth_getLogs(query)`: logs of accepted blocks.
///
/// # Errors
/// Parameters; a range that is reversed, too long, or not there yet; more logs than one answer holds.
pub fn get(api: &Api, params: &Params) -> Answer {
    params.at_most(1)?;
    let query = LogQuery::of(params, 0)?;
    answer(&all(api, &query, params.interrupt())?)
}

/// All logs that a query means.
pub(crate) fn all(api: &Api, query: &LogQuery, interrupt: &Interrupt) -> Result<Vec<MinedLog>, RpcError> {
    let head = api.head();
    let heights = match query.blocks {
        Blocks::Hash(hash) => {
            let height = head.height_of(BlockId(hash))?.ok_or_else(|| RpcError::server("unknown block"))?;
            height..=height
        }
        Blocks::Range(from, to) => range(api, &head, from, to)?,
    };
    let (from, to) = (*heights.start(), *heights.end());
    let Found { logs, last } = search(api, &head, &query.filter, heights, interrupt)?;
    if last < to {
        // Indexers read the range in these words.
        let text = format!("query exceeds max results {LOGS_MAX}, retry with the range {from}-{last}");
        return Err(RpcError::params(text));
    }
    Ok(logs)
}

/// Heights from one block to another.
fn range(api: &Api, head: &View, from: BlockNumber, to: BlockNumber) -> Result<RangeInclusive<u64>, RpcError> {
    let (from, to) = (height_of(api, head, from), height_of(api, head, to));
    let limits = api.limits();
    let last = head.height();
    let Some(more) = to.checked_sub(from) else { return Err(RpcError::params("invalid block range params")) };
    if to > last && !limits.unfinalized {
        let text = "block range extends beyond current head block";
        return Err(RpcError::params(format!("{text}: requested to block {to} after last accepted block {last}")));
    }
    // Indexers read these words too, and ask for less.
    match limits.log_blocks {
        Some(most) if more >= most => {
            let text = format!("requested too many blocks from {from} to {to}, maximum is set to {most}");
            Err(RpcError::server(text))
        }
        None if more >= LOG_BLOCKS_MAX => {
            Err(RpcError::params(format!("query exceeds max block range {LOG_BLOCKS_MAX}")))
        }
        Some(_) | None => Ok(from..=to.min(last)),
    }
}

/// What a search has found.
#[derive(Debug)]
pub(crate) struct Found {
    /// In order.
    pub(crate) logs: Vec<MinedLog>,
    /// Height that the search came to: the end of the range, unless there are more logs than one answer holds.
    pub(crate) last: u64,
}

/// Logs of accepted blocks.
pub(crate) fn search(
    api: &Api,
    head: &View,
    filter: &LogFilter,
    heights: RangeInclusive<u64>,
    interrupt: &Interrupt,
) -> Result<Found, RpcError> {
    let (from, to) = (*heights.start(), *heights.end());
    let mut logs: Vec<MinedLog> = Vec::new();
    let mut bytes: usize = 0;
    let sieve = filter.sieve();
    for header in head.headers(from, to) {
        if interrupt.raised() {
            return Err(RpcError::timed_out());
        }
        let header = header?;
        if !sieve.passes(&header.bloom) {
            continue;
        }
        let height = header.height();
        let missing = || Fatal::Corrupt(format!("receipts of block {height} are missing"));
        let before = logs.len();
        if let Some(mined) = api.node().blocks().kept(head, height)? {
            logs.extend(MinedLog::all(&mined.block, &mined.receipts, filter, false));
        } else {
            // Not kept: a long search would push out what everybody else reads.
            let receipts = head.receipts(height)?.ok_or_else(missing)?;
            if !receipts.iter().flat_map(|receipt| &receipt.logs).any(|log| filter.matches(log)) {
                continue;
            }
            let block = head.block(height)?.ok_or_else(missing)?;
            logs.extend(MinedLog::all(&block, &receipts, filter, false));
        }
        bytes += logs.iter().skip(before).map(MinedLog::data_len).sum::<usize>();
        if logs.len() > LOGS_MAX || bytes > LOG_BYTES_MAX {
            // A block is given whole or not at all; the first one whole, so that there is always a way on.
            if height == from || before == 0 {
                return Ok(Found { logs, last: height });
            }
            logs.truncate(before);
            return Ok(Found { logs, last: height - 1 });
        }
    }
    Ok(Found { logs, last: to })
}

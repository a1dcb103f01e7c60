//! `eth_subscribe` and `eth_unsubscribe`: a client follows new blocks, logs, or transactions that wait.

use crate::blocks::Mined;
use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::head::Head;
use crate::rpc::eth::log::{LogFilter, LogQuery, MinedLog, Sieve};
use crate::rpc::eth::transaction::{Transaction, as_it_came};
use crate::rpc::params::{Params, text};
use crate::rpc::session::Turn;
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{B256, U128};
use pars_chain::view::View;
use std::sync::Arc;

/// What is followed, and how far it was told.
#[derive(Debug, Clone)]
pub enum Topic {
    /// Headers of accepted blocks.
    Heads {
        /// Height of the next one.
        next: u64,
    },
    /// Logs of accepted blocks.
    Logs {
        /// Of the filter.
        sieve: Arc<Sieve>,
        /// Which.
        filter: Arc<LogFilter>,
        /// Height of the next block.
        next: u64,
        /// Logs of it that are told already.
        told: usize,
    },
    /// Transactions that became executable.
    Pending {
        /// Whole, or their hashes.
        full: bool,
        /// Number of the next arrival.
        next: u64,
    },
}

/// Bytes after which a topic gives way to others.
const NEWS_BYTES: usize = 64 << 10;
/// Blocks after which it does.
const NEWS_BLOCKS: u64 = 64;
/// Transactions after which it does.
const NEWS_TRANSACTIONS: usize = 256;
/// The same where they are told whole.
const NEWS_WHOLE_TRANSACTIONS: usize = 16;

/// `eth_subscribe(name, …)`: an id. What is followed comes as notifications of that id.
///
/// # Errors
/// Parameters, a transport on which nothing can follow, or more subscriptions than a connection may have.
pub fn subscribe(api: &Api, turn: Option<&Turn>, params: &Params) -> Answer {
    let Some(turn) = turn else { return Err(RpcError::new(NO_METHOD, "notifications not supported")) };
    let name = params.read(0, text::string);
    let name = name.map_err(|_| RpcError::params("expected subscription name as first argument"))?;
    let next_block = || api.head().height().saturating_add(1);
    let topic = match name.as_str() {
        "newHeads" => {
            params.at_most(1)?;
            Topic::Heads { next: next_block() }
        }
        "logs" => {
            params.at_most(2)?;
            // Some clients leave out a filter that means everything. The blocks of a query have no meaning here.
            let all = params.optional::<serde::de::IgnoredAny>(1)?.is_none();
            let filter = if all { LogFilter::default() } else { LogQuery::of(params, 1)?.filter };
            let sieve = Arc::new(filter.sieve());
            Topic::Logs { filter: Arc::new(filter), sieve, next: next_block(), told: 0 }
        }
        "newPendingTransactions" => {
            params.at_most(2)?;
            let full = params.optional_flag(1)?;
            Topic::Pending { full, next: api.node().arrivals().next() }
        }
        other => return Err(RpcError::new(NO_METHOD, format!("no {other:?} subscription in eth namespace"))),
    };
    answer(&turn.subscribe(topic)?)
}

/// `eth_unsubscribe(id)`: true.
///
/// # Errors
/// Parameters, or no such subscription on this connection.
pub fn unsubscribe(_: &Api, turn: Option<&Turn>, params: &Params) -> Answer {
    params.at_most(1)?;
    let id = params.read(0, text::string)?;
    let id: Option<U128> = id.parse().ok();
    match id.zip(turn).filter(|(id, turn)| turn.session().unsubscribe(*id)) {
        Some(_) => answer(&true),
        None => Err(RpcError::server("subscription not found")),
    }
}

const NO_METHOD: i32 = -32_601;

impl Topic {
    /// Whether there is something to tell at this height and this number of arrivals.
    #[must_use]
    pub const fn has_news(&self, height: u64, arrivals: u64) -> bool {
        match self {
            Self::Heads { next } | Self::Logs { next, .. } => *next <= height,
            Self::Pending { next, .. } => *next < arrivals,
        }
    }

    /// Blocks that are not told yet.
    #[must_use]
    pub const fn behind(&self, height: u64) -> u64 {
        match self {
            Self::Heads { next } | Self::Logs { next, .. } => height.saturating_add(1).saturating_sub(*next),
            Self::Pending { .. } => 0,
        }
    }

    /// Addresses and topics that are kept for it.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Logs { filter, .. } => filter.size(),
            Self::Heads { .. } | Self::Pending { .. } => 0,
        }
    }

    /// The next things to tell, as JSON, and moves on behind them. Not all of them: others wait, too.
    pub(crate) async fn news(&mut self, api: &Arc<Api>, head: &View) -> Result<Vec<String>, RpcError> {
        let mut news = Vec::new();
        match self {
            Self::Heads { next } => {
                let end = head.height().min(next.saturating_add(NEWS_BLOCKS));
                while *next <= end && size_of(&news) < NEWS_BYTES {
                    news.push(mined(api, head, *next).await?.head(|block| json(&Head::new(block)))?.to_owned());
                    *next += 1;
                }
            }
            Self::Logs { filter, sieve, next, told } => {
                let end = head.height().min(next.saturating_add(NEWS_BLOCKS));
                while *next <= end && size_of(&news) < NEWS_BYTES {
                    let mined = mined(api, head, *next).await?;
                    if sieve.passes(&mined.block.header.bloom) {
                        let mut logs = MinedLog::all(&mined.block, &mined.receipts, filter, false).skip(*told);
                        while size_of(&news) < NEWS_BYTES {
                            let Some(log) = logs.next() else { break };
                            news.push(json(&log)?);
                            *told += 1;
                        }
                        if size_of(&news) >= NEWS_BYTES {
                            // The rest of the block comes in the next turn; or nothing, if this was all.
                            break;
                        }
                    }
                    (*next, *told) = (*next + 1, 0);
                }
            }
            Self::Pending { full: false, next } => {
                let (hashes, end) = api.node().arrivals().some_since(*next, NEWS_TRANSACTIONS);
                *next = end;
                for hash in hashes {
                    news.push(json(&hash)?);
                }
            }
            Self::Pending { full: true, next } => {
                // Few, as each may be long.
                let (hashes, end) = api.node().arrivals().some_since(*next, NEWS_WHOLE_TRANSACTIONS);
                *next = end;
                let (reader, api) = (api.reader().await, Arc::clone(api));
                let read = tokio::task::spawn_blocking(move || {
                    let read = hashes.iter().map(|hash| whole(&api, *hash)).collect();
                    drop(reader);
                    read
                });
                let read: Result<Vec<Option<String>>, RpcError> = read.await.map_err(|_| RpcError::internal())?;
                news.extend(read?.into_iter().flatten());
            }
        }
        Ok(news)
    }
}

/// An accepted block of this picture.
async fn mined(api: &Arc<Api>, head: &View, height: u64) -> Result<Arc<Mined>, RpcError> {
    // The newest blocks are kept, and are nothing to wait for.
    if let Some(mined) = api.node().blocks().kept(head, height)? {
        return Ok(mined);
    }
    let (reader, reading, view) = (api.reader().await, Arc::clone(api), head.clone());
    let read = tokio::task::spawn_blocking(move || {
        let mined = reading.block(&view, height);
        drop(reader);
        mined
    });
    read.await.map_err(|_| RpcError::internal())??.ok_or_else(|| {
        tracing::error!(height, "an accepted block is missing");
        RpcError::internal()
    })
}

fn whole(api: &Api, hash: B256) -> Result<Option<String>, RpcError> {
    as_it_came(api, hash)?.map(|tx| json(&Transaction::waiting(&tx))).transpose()
}

fn size_of(news: &[String]) -> usize {
    news.iter().map(String::len).sum()
}

fn json(value: &impl serde::Serialize) -> Result<String, RpcError> {
    serde_json::to_string(value).map_err(|_| RpcError::internal())
}

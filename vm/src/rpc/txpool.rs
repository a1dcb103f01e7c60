//! `txpool_`: what waits for a block.

use crate::rpc::api::Api;
use crate::rpc::eth::transaction::Transaction;
use crate::rpc::params::Params;
use crate::rpc::table::{Answer, answer};
use alloy_primitives::U64;
use pars_chain::pool::Content;
use pars_chain::tx::Tx;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::sync::Arc;

/// `txpool_status`: how many are executable, and how many wait for something.
///
/// # Errors
/// Parameters.
pub fn status(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    let stats = api.node().pool().stats();
    answer(&Both { pending: U64::from(stats.executable), queued: U64::from(stats.parked) })
}

/// `txpool_content`: all of them, by sender and nonce.
///
/// # Errors
/// Parameters.
pub fn content(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    let all = api.node().pool().content();
    let pending = Senders { all: &all, of: |content| &content.executable };
    let queued = Senders { all: &all, of: |content| &content.parked };
    answer(&Both { pending, queued })
}

/// What is executable, and what is not.
#[derive(serde::Serialize)]
struct Both<T> {
    pending: T,
    queued: T,
}

/// Senders that have some, by address with its checksum.
struct Senders<'a> {
    all: &'a [Content],
    of: fn(&Content) -> &Vec<Arc<Tx>>,
}

/// Transactions of a sender, by nonce in decimal.
struct Nonces<'a>(&'a [Arc<Tx>]);

impl Serialize for Senders<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        for content in self.all {
            let transactions = (self.of)(content);
            if !transactions.is_empty() {
                map.serialize_entry(&content.sender.to_checksum(None), &Nonces(transactions))?;
            }
        }
        map.end()
    }
}

impl Serialize for Nonces<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|tx| (tx.nonce(), Transaction::waiting(tx))))
    }
}

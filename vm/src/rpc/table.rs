//! The table of methods. What is not here is answered with −32601.

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::params::Params;
use crate::rpc::session::Turn;
use crate::rpc::{admin, debug, eth, modules, net, subscribe, txpool, web3};
use serde::Serialize;
use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;

/// One method.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// The group that `eth-apis` switches it on with.
    pub group: Group,
    /// What answers it.
    pub run: Run,
}

/// How a method runs.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// Answers at once: it reads nothing that has to be fetched.
    Now(fn(&Api, &Params) -> Answer),
    /// Reads a little of a picture of the chain, on a thread that may block.
    Read(fn(&Api, &Params) -> Answer),
    /// The same, and may take long: it computes or searches. Short reads do not wait for it.
    Work(fn(&Api, &Params) -> Answer),
    /// Waits for the chain.
    Wait(fn(Arc<Api>, Params) -> Waiting),
    /// Belongs to a client that stays connected; none for one that does not.
    Session(fn(&Api, Option<&Turn>, &Params) -> Answer),
}

/// A group of methods, named as in the Go node's `eth-apis`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Group {
    /// `eth`.
    Eth,
    /// `eth-filter`.
    EthFilter,
    /// `net`.
    Net,
    /// `web3`.
    Web3,
    /// `internal-eth`.
    InternalEth,
    /// `internal-blockchain`.
    InternalBlockchain,
    /// `internal-transaction`.
    InternalTransaction,
    /// `internal-account`.
    InternalAccount,
    /// `internal-tx-pool`.
    InternalTxPool,
    /// `internal-debug`.
    InternalDebug,
    /// What an operator asks, at the path `/admin` alone.
    #[strum(disabled)]
    Admin,
    /// What is always on.
    #[strum(disabled)]
    Rpc,
}

impl Group {
    /// Those that are on where nobody chose.
    pub const DEFAULT: [Self; 8] = [
        Self::Eth,
        Self::EthFilter,
        Self::Net,
        Self::Web3,
        Self::InternalEth,
        Self::InternalBlockchain,
        Self::InternalTransaction,
        Self::InternalAccount,
    ];
}

/// An answer that is on its way.
pub type Waiting = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// JSON, or why there is none.
pub type Answer = Result<Json, RpcError>;

/// A value as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(pub Vec<u8>);

/// Every method, sorted by name.
pub static TABLE: &[Method] = &[
    Method { name: "admin_backup", group: Group::Admin, run: Run::Wait(admin::backup) },
    Method { name: "debug_getRawBlock", group: Group::InternalDebug, run: Run::Read(debug::raw_block) },
    Method { name: "debug_getRawHeader", group: Group::InternalDebug, run: Run::Read(debug::raw_header) },
    Method { name: "debug_getRawReceipts", group: Group::InternalDebug, run: Run::Read(debug::raw_receipts) },
    Method { name: "debug_getRawTransaction", group: Group::InternalDebug, run: Run::Read(debug::raw_transaction) },
    Method { name: "eth_accounts", group: Group::InternalAccount, run: Run::Now(eth::accounts) },
    Method { name: "eth_blockNumber", group: Group::InternalBlockchain, run: Run::Now(eth::block_number) },
    Method { name: "eth_call", group: Group::InternalBlockchain, run: Run::Work(eth::call::call) },
    Method { name: "eth_chainId", group: Group::InternalBlockchain, run: Run::Now(eth::chain_id) },
    Method { name: "eth_estimateGas", group: Group::InternalBlockchain, run: Run::Work(eth::call::estimate_gas) },
    Method { name: "eth_feeHistory", group: Group::InternalEth, run: Run::Work(eth::fee::fee_history) },
    Method { name: "eth_gasPrice", group: Group::InternalEth, run: Run::Work(eth::fee::gas_price) },
    Method { name: "eth_getBalance", group: Group::InternalBlockchain, run: Run::Read(eth::state::balance) },
    Method { name: "eth_getBlockByHash", group: Group::InternalBlockchain, run: Run::Read(eth::block::by_hash) },
    Method { name: "eth_getBlockByNumber", group: Group::InternalBlockchain, run: Run::Read(eth::block::by_number) },
    Method { name: "eth_getBlockReceipts", group: Group::InternalBlockchain, run: Run::Read(eth::receipt::of_block) },
    Method {
        name: "eth_getBlockTransactionCountByHash",
        group: Group::InternalTransaction,
        run: Run::Read(eth::transaction::count_by_block_hash),
    },
    Method {
        name: "eth_getBlockTransactionCountByNumber",
        group: Group::InternalTransaction,
        run: Run::Read(eth::transaction::count_by_block_number),
    },
    Method { name: "eth_getCode", group: Group::InternalBlockchain, run: Run::Read(eth::state::code) },
    Method { name: "eth_getFilterChanges", group: Group::EthFilter, run: Run::Work(eth::filter::changes) },
    Method { name: "eth_getFilterLogs", group: Group::EthFilter, run: Run::Work(eth::filter::logs) },
    Method { name: "eth_getLogs", group: Group::EthFilter, run: Run::Work(eth::logs::get) },
    Method { name: "eth_getProof", group: Group::InternalBlockchain, run: Run::Work(eth::proof::get) },
    Method { name: "eth_getStorageAt", group: Group::InternalBlockchain, run: Run::Read(eth::state::storage_at) },
    Method {
        name: "eth_getTransactionByBlockHashAndIndex",
        group: Group::InternalTransaction,
        run: Run::Read(eth::transaction::by_block_hash),
    },
    Method {
        name: "eth_getTransactionByBlockNumberAndIndex",
        group: Group::InternalTransaction,
        run: Run::Read(eth::transaction::by_block_number),
    },
    Method {
        name: "eth_getTransactionByHash",
        group: Group::InternalTransaction,
        run: Run::Read(eth::transaction::by_hash),
    },
    Method {
        name: "eth_getTransactionCount",
        group: Group::InternalTransaction,
        run: Run::Read(eth::state::transaction_count),
    },
    Method {
        name: "eth_getTransactionReceipt",
        group: Group::InternalTransaction,
        run: Run::Read(eth::receipt::by_hash),
    },
    Method {
        name: "eth_maxPriorityFeePerGas",
        group: Group::InternalEth,
        run: Run::Work(eth::fee::max_priority_fee_per_gas),
    },
    Method { name: "eth_newBlockFilter", group: Group::EthFilter, run: Run::Now(eth::filter::new_blocks) },
    Method { name: "eth_newFilter", group: Group::EthFilter, run: Run::Read(eth::filter::new_logs) },
    Method {
        name: "eth_newPendingTransactionFilter",
        group: Group::EthFilter,
        run: Run::Now(eth::filter::new_transactions),
    },
    Method {
        name: "eth_sendRawTransaction",
        group: Group::InternalTransaction,
        run: Run::Wait(eth::transaction::send_raw),
    },
    Method { name: "eth_subscribe", group: Group::EthFilter, run: Run::Session(subscribe::subscribe) },
    Method { name: "eth_syncing", group: Group::InternalEth, run: Run::Now(eth::syncing) },
    Method { name: "eth_uninstallFilter", group: Group::EthFilter, run: Run::Now(eth::filter::uninstall) },
    Method { name: "eth_unsubscribe", group: Group::EthFilter, run: Run::Session(subscribe::unsubscribe) },
    Method { name: "net_listening", group: Group::Net, run: Run::Now(net::listening) },
    Method { name: "net_peerCount", group: Group::Net, run: Run::Now(net::peer_count) },
    Method { name: "net_version", group: Group::Net, run: Run::Now(net::version) },
    Method { name: "rpc_modules", group: Group::Rpc, run: Run::Now(modules::modules) },
    Method { name: "txpool_content", group: Group::InternalTxPool, run: Run::Read(txpool::content) },
    Method { name: "txpool_status", group: Group::InternalTxPool, run: Run::Now(txpool::status) },
    Method { name: "web3_clientVersion", group: Group::Web3, run: Run::Now(web3::client_version) },
    Method { name: "web3_sha3", group: Group::Web3, run: Run::Read(web3::sha3) },
];

/// The method of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Method> {
    TABLE.binary_search_by(|method| method.name.cmp(name)).ok().and_then(|at| TABLE.get(at))
}

/// An answer from anything that JSON can hold, written once.
///
/// # Errors
/// Where it is longer than [`ANSWER_BYTES_MAX`].
pub fn answer(value: &impl Serialize) -> Answer {
    let mut out = Bounded(Vec::with_capacity(128));
    match serde_json::to_writer(&mut out, value) {
        Ok(()) => Ok(Json(out.0)),
        Err(cause) if cause.is_io() => Err(RpcError::too_large()),
        Err(cause) => {
            tracing::error!(%cause, "writing an answer");
            Err(RpcError::internal())
        }
    }
}

/// Bytes of one answer.
pub const ANSWER_BYTES_MAX: usize = 25_000_000;

/// Memory that does not grow beyond [`ANSWER_BYTES_MAX`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > ANSWER_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_by_name() {
        assert!(TABLE.is_sorted_by(|a, b| a.name < b.name));
        assert!(TABLE.iter().all(|method| find(method.name).is_some()));
    }
}

//! The table of methods. What is not here is answered with −32601.

use crate::node::Node;
use crate::rpc::error::RpcError;
use crate::rpc::params::Params;
use crate::rpc::{eth, net, web3};
use serde::Serialize;
use serde_json::value::RawValue;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// One method.
#[derive(Debug)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What answers it.
    pub run: Run,
}

/// How a method runs.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// Reads a picture of the chain, on a thread that may block.
    Read(fn(&Node, &Params) -> Answer),
    /// Waits for the chain.
    Wait(fn(Arc<Node>, Params) -> Waiting),
}

/// An answer that is on its way.
pub type Waiting = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// JSON, or why there is none.
pub type Answer = Result<Box<RawValue>, RpcError>;

/// Every method, sorted by name.
pub static TABLE: &[Method] = &[
    Method { name: "eth_blockNumber", run: Run::Read(eth::block_number) },
    Method { name: "eth_chainId", run: Run::Read(eth::chain_id) },
    Method { name: "eth_getBalance", run: Run::Read(eth::state::balance) },
    Method { name: "eth_getBlockByHash", run: Run::Read(eth::block::by_hash) },
    Method { name: "eth_getBlockByNumber", run: Run::Read(eth::block::by_number) },
    Method { name: "eth_getTransactionCount", run: Run::Read(eth::state::transaction_count) },
    Method { name: "eth_getTransactionReceipt", run: Run::Read(eth::transaction::receipt) },
    Method { name: "eth_sendRawTransaction", run: Run::Wait(eth::transaction::send_raw) },
    Method { name: "net_version", run: Run::Read(net::version) },
    Method { name: "web3_clientVersion", run: Run::Read(web3::client_version) },
];

/// The method of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Method> {
    TABLE.binary_search_by(|method| method.name.cmp(name)).ok().and_then(|at| TABLE.get(at))
}

/// An answer from anything that JSON can hold.
///
/// # Errors
/// Never for the types that methods give.
pub fn answer(value: &impl Serialize) -> Answer {
    serde_json::value::to_raw_value(value).map_err(|cause| {
        tracing::error!(%cause, "writing an answer");
        RpcError::internal()
    })
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

//! How much is asked and answered at once. Every bound of the JSON-RPC service is here.

use alloy_primitives::{B256, b256};
use std::collections::BTreeSet;
use std::time::Duration;

/// What an operator may choose. The keys of the plugin's configuration stand beside each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `http-body-limit`: bytes of a request; 0 in the file means the default.
    pub request_bytes: usize,
    /// `batch-request-limit`: calls in a batch.
    pub batch_calls: usize,
    /// `batch-response-max-size`: bytes of the answers to a batch.
    pub batch_bytes: usize,
    /// `rpc-gas-cap`: gas of one `eth_call`; none where the file says 0.
    pub call_gas: Option<u64>,
    /// `api-max-duration`: time of one request; none where the file says 0.
    pub duration: Option<Duration>,
    /// `api-max-blocks-per-request`: blocks that one `eth_getLogs` may search.
    pub log_blocks: Option<u64>,
    /// `rpc-tx-fee-cap`: coins that one submitted transaction may pay for gas; none where the file says 0.
    pub fee_cap_wei: Option<u128>,
    /// `allow-unprotected-txs`: take transactions without a chain id (EIP-155).
    pub unprotected: bool,
    /// `allow-unprotected-tx-hashes`: those that are taken all the same.
    pub unprotected_hashes: BTreeSet<B256>,
    /// `allow-unfinalized-queries`: a height above the last accepted block is unknown instead of forbidden.
    pub unfinalized: bool,
    /// `historical-proof-query-window`: blocks behind the head that `eth_getProof` answers; none for all that is kept.
    pub proof_blocks: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 5 << 20,
            batch_calls: 1_000,
            batch_bytes: 25_000_000,
            call_gas: Some(50_000_000),
            duration: None,
            log_blocks: None,
            fee_cap_wei: Some(100 * 10_u128.pow(18)),
            unprotected: false,
            unprotected_hashes: [REGISTRY].into(),
            unfinalized: false,
            proof_blocks: None,
        }
    }
}

/// The transaction that makes the registry of EIP-1820 on every chain.
const REGISTRY: B256 = b256!("fefb2da535e927b85fe68eb81cb2e4a5827c905f78381a01ef2322aa9b0aee8e");

/// Blocks that one `eth_getLogs` may search where nobody chose a number.
pub const LOG_BLOCKS_MAX: u64 = 100_000;
/// Logs of one answer.
pub const LOGS_MAX: usize = 20_000;
/// Calls of one connection that run at the same time.
pub const CALLS_AT_ONCE: usize = 16;

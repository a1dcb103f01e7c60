//! How much is asked and answered at once. Every bound of the JSON-RPC service is here.

use std::time::Duration;

/// What an operator may choose. The keys of the plugin's configuration stand beside each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
            unfinalized: false,
            proof_blocks: None,
        }
    }
}

/// Blocks that one `eth_getLogs` may search where nobody chose a number.
pub const LOG_BLOCKS_MAX: u64 = 100_000;
/// Logs of one answer. All of one block are given, however many.
pub const LOGS_MAX: usize = 20_000;
/// Bytes of the data of all logs of one answer; their text is twice that.
pub const LOG_BYTES_MAX: usize = 8_000_000;
/// Slots of one `eth_getProof`.
pub const PROOF_SLOTS_MAX: usize = 1_024;
/// Filters that are kept.
pub const FILTERS_MAX: usize = 4_096;
/// How long a filter is kept that nobody asks for.
pub const FILTER_IDLE: Duration = Duration::from_secs(300);
/// Block hashes of one answer of `eth_getFilterChanges`.
pub const FILTER_BLOCKS_MAX: u64 = 16_384;
/// Calls of one connection that run at the same time.
pub const CALLS_AT_ONCE: usize = 16;

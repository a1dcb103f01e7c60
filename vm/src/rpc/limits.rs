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
/// Logs of one answer. All of one block are given, however many.
pub const LOGS_MAX: usize = 20_000;
/// Bytes of the data of all logs of one answer; their text is twice that.
pub const LOG_BYTES_MAX: usize = 8_000_000;
/// Slots of one `eth_getProof`.
pub const PROOF_SLOTS_MAX: usize = 1_024;
/// Filters that are kept.
pub const FILTERS_MAX: usize = 4_096;
/// Addresses and topics of all filters.
pub const FILTER_ENTRIES_MAX: usize = 200_000;
/// How long a filter is kept that nobody asks for.
pub const FILTER_IDLE: Duration = Duration::from_secs(300);
/// Block hashes of one answer of `eth_getFilterChanges`.
pub const FILTER_BLOCKS_MAX: u64 = 16_384;
/// Bytes of transactions in one answer of `eth_getFilterChanges`, the last of them apart.
pub const FILTER_BYTES_MAX: usize = 4_000_000;
/// Bytes of requests that are received or worked on.
pub const REQUESTS_BYTES_MAX: usize = 128 << 20;
/// Bytes of answers to batches that grow, and of answers that are not sent.
pub const ANSWERS_BYTES_MAX: usize = 512 << 20;
/// Parameters of a call that are looked at. No method has as many.
pub const PARAMS_MAX: usize = 16;
/// Calls of one connection that run at the same time.
pub const CALLS_AT_ONCE: usize = 16;

/// Bounds of connections that stay open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketLimits {
    /// Connections at once.
    pub sockets: usize,
    /// Subscriptions of a connection.
    pub subscriptions: usize,
    /// Addresses and topics in all filters of a connection.
    pub filter_entries: usize,
    /// No other call begins while more bytes of answers are unread than this.
    pub unread_start: usize,
    /// Bytes of unread answers of a connection, the first of them apart; beyond that it is closed.
    pub unread_max: usize,
    /// Time between pings. A client that is silent for twice that is taken for dead.
    pub ping: Duration,
    /// How long a client may read nothing of what is sent to it.
    pub stall: Duration,
    /// How long a client may take to send a long message.
    pub message: Duration,
    /// Blocks that a subscription may be behind the head.
    pub lag_blocks: u64,
    /// How long the end of a connection may take.
    pub goodbye: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            sockets: 1_024,
            subscriptions: 128,
            filter_entries: 10_000,
            unread_start: 1 << 20,
            unread_max: 64 << 20,
            ping: Duration::from_secs(30),
            stall: Duration::from_secs(20),
            message: Duration::from_secs(30),
            lag_blocks: 65_536,
            goodbye: Duration::from_secs(5),
        }
    }
}

//! The messages, by the names of the public Go package. Ids are bytes of any length here: whoever uses them looks.

use bytes::{Bytes, BytesMut};

use super::wire::{Appended, Flagged, Value, WireError};

/// Types of the requests of a host.
pub mod vm {
    #![allow(missing_docs, reason = "they are called as what they ask for")]
    /// Messages to peers, which have no number and no answer; no plugin is sent one.
    pub const ONE_WAY: std::ops::RangeInclusive<u8> = 40..=43;
    pub const INITIALIZE: u8 = 1;
    pub const SET_STATE: u8 = 2;
    pub const SHUTDOWN: u8 = 3;
    pub const CREATE_HANDLERS: u8 = 4;
    pub const NEW_HTTP_HANDLER: u8 = 5;
    pub const WAIT_FOR_EVENT: u8 = 6;
    pub const CONNECTED: u8 = 7;
    pub const DISCONNECTED: u8 = 8;
    pub const BUILD_BLOCK: u8 = 9;
    pub const PARSE_BLOCK: u8 = 10;
    pub const GET_BLOCK: u8 = 11;
    pub const SET_PREFERENCE: u8 = 12;
    pub const HEALTH: u8 = 13;
    pub const VERSION: u8 = 14;
    pub const REQUEST: u8 = 15;
    pub const REQUEST_FAILED: u8 = 16;
    pub const RESPONSE: u8 = 17;
    pub const GOSSIP: u8 = 18;
    pub const GATHER: u8 = 19;
    pub const GET_ANCESTORS: u8 = 20;
    pub const BATCHED_PARSE_BLOCK: u8 = 21;
    pub const GET_BLOCK_ID_AT_HEIGHT: u8 = 22;
    pub const STATE_SYNC_ENABLED: u8 = 23;
    pub const GET_ONGOING_SYNC_STATE_SUMMARY: u8 = 24;
    pub const GET_LAST_STATE_SUMMARY: u8 = 25;
    pub const PARSE_STATE_SUMMARY: u8 = 26;
    pub const GET_STATE_SUMMARY: u8 = 27;
    pub const BLOCK_VERIFY: u8 = 28;
    pub const BLOCK_ACCEPT: u8 = 29;
    pub const BLOCK_REJECT: u8 = 30;
    pub const STATE_SUMMARY_ACCEPT: u8 = 31;
    pub const SET_QUASAR_FINALIZED: u8 = 60;
    pub const QUASAR_HEIGHT: u8 = 61;
}

/// Types of the requests to a host's database.
pub mod db {
    #![allow(missing_docs, reason = "they are called as what they ask for")]
    pub const HAS: u8 = 1;
    pub const GET: u8 = 2;
    pub const PUT: u8 = 3;
    pub const DELETE: u8 = 4;
    pub const WRITE_BATCH: u8 = 5;
    pub const COMPACT: u8 = 6;
    pub const CLOSE: u8 = 7;
    pub const HEALTH_CHECK: u8 = 8;
    pub const ITERATOR_NEW: u8 = 9;
    pub const ITERATOR_NEXT: u8 = 10;
    pub const ITERATOR_ERROR: u8 = 11;
    pub const ITERATOR_RELEASE: u8 = 12;
}

/// The type of all questions about validators; a method tells them apart.
pub const VALIDATOR_STATE: u8 = 53;

/// Methods of [`VALIDATOR_STATE`].
pub mod validators {
    #![allow(missing_docs, reason = "they are called as what they ask for")]
    pub const VALIDATOR_SET: u8 = 0;
    pub const CURRENT_VALIDATORS: u8 = 1;
    pub const CURRENT_HEIGHT: u8 = 2;
    pub const MINIMUM_HEIGHT: u8 = 3;
    pub const CHAIN_OF: u8 = 4;
    pub const NET_OF: u8 = 5;
    pub const WARP_SET: u8 = 6;
    pub const WARP_SETS: u8 = 7;
}

/// Numbers that stand for an error within an answer.
pub mod error {
    #![allow(missing_docs, reason = "they are called as what they mean")]
    pub const NONE: u8 = 0;
    pub const CLOSED: u8 = 1;
    pub const NOT_FOUND: u8 = 2;
    pub const STATE_SYNC_NOT_IMPLEMENTED: u8 = 3;
    pub const INTERNAL: u8 = 4;
}

macro_rules! messages {
    ($($(#[$about:meta])* $name:ident { $($field:ident: $type:ty,)* })*) => {
        $($(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[allow(missing_docs, reason = "fields are called as in the public package")]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl Value for $name {
            const BYTES_MIN: usize = 0 $(+ <$type as Value>::BYTES_MIN)*;

            fn read(from: &mut Bytes) -> Result<Self, WireError> {
                Ok(Self { $($field: Value::read(from)?,)* })
            }

            fn write(&self, to: &mut BytesMut) {
                $(self.$field.write(to);)*
            }
        })*
    };
}

messages! {
    /// What the host knows of the chain when it opens it.
    InitializeRequest {
        network_id: u32,
        chain_id: Bytes,
        node_id: Bytes,
        public_key: Bytes,
        x_chain_id: Bytes,
        c_chain_id: Bytes,
        utxo_asset_id: Bytes,
        chain_data_dir: Bytes,
        genesis_bytes: Bytes,
        upgrade_bytes: Bytes,
        config_bytes: Bytes,
        db_server_addr: Bytes,
        server_addr: Bytes,
        atomic_server_addr: Appended<Bytes>,
        d_chain_id: Appended<Bytes>,
        validator_server_addr: Appended<Bytes>,
    }
    /// The last accepted block, and what the plugin can do besides.
    InitializeResponse {
        last_accepted_id: Bytes,
        last_accepted_parent_id: Bytes,
        height: u64,
        bytes: Bytes,
        timestamp: i64,
        capabilities: Appended<u64>,
    }
    /// A phase of the chain.
    SetStateRequest { state: u8, }
    /// The last accepted block.
    SetStateResponse {
        last_accepted_id: Bytes,
        last_accepted_parent_id: Bytes,
        height: u64,
        bytes: Bytes,
        timestamp: i64,
    }
    /// Where one path is served.
    Handler { prefix: Bytes, server_addr: Bytes, }
    /// Where paths are served.
    CreateHandlersResponse { handlers: Vec<Handler>, }
    /// Where a second kind of requests is served.
    NewHTTPHandlerResponse { server_addr: Bytes, }
    /// What there is for the host to do.
    WaitForEventResponse { message: u8, }
    /// A peer came.
    ConnectedRequest { node_id: Bytes, name: Bytes, major: u32, minor: u32, patch: u32, }
    /// A peer left.
    DisconnectedRequest { node_id: Bytes, }
    /// Hosts send nothing at all instead.
    BuildBlockRequest { p_chain_height: Flagged<u64>, }
    /// A block, or why there is none.
    BlockResponse {
        id: Bytes,
        parent_id: Bytes,
        bytes: Bytes,
        height: u64,
        timestamp: i64,
        verify_with_context: bool,
        err: u8,
    }
    /// Bytes of a block.
    ParseBlockRequest { bytes: Bytes, }
    /// A block by id: what `GetBlock`, `SetPreference`, `BlockAccept` and `BlockReject` ask for.
    IdRequest { id: Bytes, }
    /// Facts, as [`Details`] has them.
    HealthResponse { details: Bytes, }
    /// A release.
    VersionResponse { version: Bytes, }
    /// A peer asks.
    RequestMsg { node_id: Bytes, request_id: u32, deadline: i64, request: Bytes, }
    /// A peer did not answer.
    RequestFailedMsg { node_id: Bytes, request_id: u32, error_code: i32, error_message: Bytes, }
    /// A peer answers.
    ResponseMsg { node_id: Bytes, request_id: u32, response: Bytes, }
    /// A peer tells something.
    GossipMsg { node_id: Bytes, msg: Bytes, }
    /// A block and its parents, within bounds.
    GetAncestorsRequest {
        blk_id: Bytes,
        max_blocks_num: i32,
        max_blocks_size: i32,
        max_blocks_retrival_time: i64,
    }
    /// Blocks.
    GetAncestorsResponse { blks_bytes: Vec<Bytes>, }
    /// Bytes of blocks.
    BatchedParseBlockRequest { requests: Vec<Bytes>, }
    /// Blocks, each with its own error.
    BatchedParseBlockResponse { responses: Vec<BlockResponse>, }
    /// A height.
    GetBlockIDAtHeightRequest { height: u64, }
    /// The block of a height.
    GetBlockIDAtHeightResponse { blk_id: Bytes, err: u8, }
    /// Whether state comes from peers.
    StateSyncEnabledResponse { enabled: bool, err: u8, }
    /// Bytes of a summary.
    ParseStateSummaryRequest { bytes: Bytes, }
    /// A height.
    GetStateSummaryRequest { height: u64, }
    /// A summary of a state.
    SummaryResponse { id: Bytes, height: u64, bytes: Bytes, err: u8, }
    /// A summary that was handed out.
    StateSummaryAcceptRequest { id: Bytes, }
    /// What is done about it.
    StateSummaryAcceptResponse { mode: u8, err: u8, }
    /// A block, with the height of the P-chain where the host has one.
    BlockVerifyRequest { bytes: Bytes, p_chain_height: Flagged<u64>, }
    /// A block's time.
    BlockVerifyResponse { timestamp: i64, }
    /// The height up to which blocks have a certificate of two thirds of all stake.
    QuasarHeight { height: u64, }

    /// A key.
    KeyRequest { key: Bytes, }
    /// Whether a key is there.
    HasResponse { has: bool, err: u8, }
    /// A value.
    GetResponse { value: Bytes, err: u8, }
    /// A key and its value.
    Pair { key: Bytes, value: Bytes, }
    /// Pairs to write, keys to remove.
    WriteBatchRequest { puts: Vec<Pair>, deletes: Vec<Bytes>, }
    /// From where to where.
    CompactRequest { start: Bytes, limit: Bytes, }
    /// Where to start, and what all keys begin with.
    IteratorNewRequest { start: Bytes, prefix: Bytes, }
    /// A number of an iterator, of a height.
    Number { number: u64, }
    /// Pairs; none at the end.
    IteratorNextResponse { data: Vec<Pair>, }
    /// How it went.
    ErrResponse { err: u8, }
    /// How a database is, in words.
    DatabaseHealth { details: Bytes, }

    /// What is asked about validators, and nothing else.
    MethodRequest { method: u8, }
    /// Validators of a net at a height.
    ValidatorSetRequest { method: u8, height: u64, net_id: Bytes, }
    /// What belongs to an id.
    OwnerRequest { method: u8, id: Bytes, }
    /// An id.
    OwnerResponse { id: Bytes, }
    /// One validator.
    Validator { node_id: Bytes, public_key: Bytes, weight: u64, }
    /// Validators, in no order.
    ValidatorSetResponse { validators: Vec<Validator>, }
    /// One validator, with both of its keys.
    WarpValidator { node_id: Bytes, public_key: Bytes, corona_public_key: Bytes, weight: u64, }
    /// Validators at a height; height 0 and none where there is no set.
    WarpSet { height: u64, validators: Vec<WarpValidator>, }
    /// Heights and nets.
    WarpSetsRequest { method: u8, heights: Vec<u64>, net_ids: Vec<Bytes>, }
    /// Sets of one net, by height.
    WarpSetsOfNet { net_id: Bytes, sets: Vec<(u64, WarpSet)>, }
    /// Sets of nets.
    WarpSetsResponse { nets: Vec<WarpSetsOfNet>, }
}

/// Facts on a host's health page. Their own numbers are little-endian. Any other text would be read as a count of facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details(pub Vec<(String, String)>);

impl Details {
    /// As [`HealthResponse`] has them.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        let number = |number: usize, bytes: &mut BytesMut| {
            bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        };
        number(self.0.len(), &mut bytes);
        for text in self.0.iter().flat_map(|(name, value)| [name, value]) {
            number(text.len(), &mut bytes);
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.freeze()
    }

    /// Facts, as a host reads them; none from no bytes.
    ///
    /// # Errors
    /// They are something else.
    pub fn decode(bytes: &Bytes) -> Result<Self, WireError> {
        let mut rest = bytes.clone();
        if rest.is_empty() {
            return Ok(Self::default());
        }
        let number = |rest: &mut Bytes| Ok(u32::read(rest)?.swap_bytes());
        let count = number(&mut rest)?;
        let mut facts = Vec::new();
        for _ in 0..count {
            let mut text = || {
                let length = usize::try_from(number(&mut rest)?).map_err(|_| WireError::Ends)?;
                if length > rest.len() {
                    return Err(WireError::Ends);
                }
                Ok(String::from_utf8_lossy(&rest.split_to(length)).into_owned())
            };
            facts.push((text()?, text()?));
        }
        Ok(Self(facts))
    }
}

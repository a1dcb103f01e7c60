//! Messages that the public Go package wrote, read and written here: field by field, byte by byte, both ways.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails its test")]

use bytes::{Bytes, BytesMut};
use pars_host::zap::frame::{self, Cutter, ERROR, Frame, PAYLOAD_BYTES_MAX, REPLY};
use pars_host::zap::message as msg;
use pars_host::zap::wire::{Appended, Flagged, Raw, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Read;

/// A value as the vectors write it.
trait Told: Sized {
    fn told(json: &Json) -> Self;
}

macro_rules! told_numbers {
    ($($type:ty)*) => {
        $(impl Told for $type {
            fn told(json: &Json) -> Self {
                let number = json.as_i64().map(i128::from).or_else(|| json.as_u64().map(i128::from)).unwrap();
                number.try_into().unwrap()
            }
        })*
    };
}

told_numbers! { u8 u32 u64 i32 i64 }

impl Told for bool {
    fn told(json: &Json) -> Self {
        json.as_bool().unwrap()
    }
}

impl<T: Told> Told for Vec<T> {
    fn told(json: &Json) -> Self {
        json.as_array().unwrap().iter().map(T::told).collect()
    }
}

/// Hex.
impl Told for Bytes {
    fn told(json: &Json) -> Self {
        hex(json.as_str().unwrap())
    }
}

fn hex(text: &str) -> Bytes {
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn text(json: &Json, name: &str) -> Bytes {
    match json.get(format!("{name}_hex")) {
        Some(json) => Bytes::told(json),
        None => json[name].as_str().unwrap().to_owned().into(),
    }
}

/// A tail that this message does not have is absent from its fields, or empty.
fn tail(json: &Json, name: &str, is_text: bool) -> Appended<Bytes> {
    let present = json.get(name).is_some_and(|value| !value.is_null());
    Appended(present.then(|| if is_text { text(json, name) } else { Bytes::told(&json[name]) }))
}

macro_rules! told {
    ($($name:ident { $($field:ident: $how:tt),* $(,)? })*) => {
        $(impl Told for msg::$name {
            fn told(json: &Json) -> Self {
                Self { $($field: told!(@ $how json $field)),* }
            }
        })*
    };
    (@ value $json:ident $field:ident) => { Told::told(&$json[stringify!($field)]) };
    (@ text $json:ident $field:ident) => { text($json, stringify!($field)) };
    (@ tail $json:ident $field:ident) => { tail($json, stringify!($field), true) };
    (@ id_tail $json:ident $field:ident) => { tail($json, stringify!($field), false) };
    (@ number $json:ident $field:ident) => { Appended($json.get(stringify!($field)).map(Told::told)) };
    (@ flagged $json:ident $field:ident) => {
        Flagged($json["has_p_chain_height"].as_bool().unwrap().then(|| Told::told(&$json[stringify!($field)])))
    };
}

told! {
    InitializeRequest {
        network_id: value, chain_id: value, node_id: value, public_key: value, x_chain_id: value, c_chain_id: value,
        utxo_asset_id: value, chain_data_dir: text, genesis_bytes: value, upgrade_bytes: value, config_bytes: value,
        db_server_addr: text, server_addr: text, atomic_server_addr: tail, d_chain_id: id_tail,
        validator_server_addr: tail,
    }
    InitializeResponse {
        last_accepted_id: value, last_accepted_parent_id: value, height: value, bytes: value, timestamp: value,
        capabilities: number,
    }
    SetStateRequest { state: value }
    SetStateResponse {
        last_accepted_id: value, last_accepted_parent_id: value, height: value, bytes: value, timestamp: value,
    }
    Handler { prefix: text, server_addr: text }
    CreateHandlersResponse { handlers: value }
    NewHTTPHandlerResponse { server_addr: text }
    WaitForEventResponse { message: value }
    ConnectedRequest { node_id: value, name: text, major: value, minor: value, patch: value }
    DisconnectedRequest { node_id: value }
    BuildBlockRequest { p_chain_height: flagged }
    BlockResponse {
        id: value, parent_id: value, bytes: value, height: value, timestamp: value, verify_with_context: value,
        err: value,
    }
    ParseBlockRequest { bytes: value }
    IdRequest { id: value }
    HealthResponse { details: value }
    VersionResponse { version: text }
    RequestMsg { node_id: value, request_id: value, deadline: value, request: value }
    RequestFailedMsg { node_id: value, request_id: value, error_code: value, error_message: text }
    ResponseMsg { node_id: value, request_id: value, response: value }
    GossipMsg { node_id: value, msg: value }
    GetAncestorsRequest {
        blk_id: value, max_blocks_num: value, max_blocks_size: value, max_blocks_retrival_time: value,
    }
    GetAncestorsResponse { blks_bytes: value }
    BatchedParseBlockRequest { requests: value }
    BatchedParseBlockResponse { responses: value }
    GetBlockIDAtHeightRequest { height: value }
    GetBlockIDAtHeightResponse { blk_id: value, err: value }
    StateSyncEnabledResponse { enabled: value, err: value }
    ParseStateSummaryRequest { bytes: value }
    GetStateSummaryRequest { height: value }
    SummaryResponse { id: value, height: value, bytes: value, err: value }
    StateSummaryAcceptRequest { id: value }
    StateSummaryAcceptResponse { mode: value, err: value }
    BlockVerifyRequest { bytes: value, p_chain_height: flagged }
    BlockVerifyResponse { timestamp: value }
    QuasarHeight { height: value }
    KeyRequest { key: value }
    HasResponse { has: value, err: value }
    GetResponse { value: value, err: value }
    Pair { key: value, value: value }
    WriteBatchRequest { puts: value, deletes: value }
    CompactRequest { start: value, limit: value }
    IteratorNewRequest { start: value, prefix: value }
    IteratorNextResponse { data: value }
    ErrResponse { err: value }
    DatabaseHealth { details: value }
    MethodRequest { method: value }
    ValidatorSetRequest { method: value, height: value, net_id: value }
    Validator { node_id: value, public_key: value, weight: value }
    ValidatorSetResponse { validators: value }
    WarpValidator { node_id: value, public_key: value, corona_public_key: value, weight: value }
    WarpSet { height: value, validators: value }
    WarpSetsRequest { method: value, heights: value, net_ids: value }
    WarpSetsResponse { nets: value }
}

/// Iterators by their number, and heights.
impl Told for msg::Number {
    fn told(json: &Json) -> Self {
        Self { number: Told::told(json.get("id").unwrap_or_else(|| &json["height"])) }
    }
}

impl Told for msg::OwnerRequest {
    fn told(json: &Json) -> Self {
        let id = Told::told(json.get("chain_id").unwrap_or_else(|| &json["net_id"]));
        Self { method: Told::told(&json["method"]), id }
    }
}

impl Told for msg::OwnerResponse {
    fn told(json: &Json) -> Self {
        Self { id: Told::told(json.get("chain_id").unwrap_or_else(|| &json["net_id"])) }
    }
}

impl Told for msg::WarpSetsOfNet {
    fn told(json: &Json) -> Self {
        let set = |json: &Json| (Told::told(&json["height"]), Told::told(&json["set"]));
        Self { net_id: Told::told(&json["net_id"]), sets: json["sets"].as_array().unwrap().iter().map(set).collect() }
    }
}

impl Told for () {
    fn told(json: &Json) -> Self {
        assert!(json.as_object().unwrap().keys().all(|key| key.starts_with("method")), "{json}");
    }
}

/// Reads a body both ways.
fn both_ways<T: Value + Told + PartialEq + Debug>(name: &str, fields: &Json, body: &Bytes) {
    let told = T::told(fields);
    assert_eq!(T::decode(body.clone()).unwrap(), told, "{name}");
    let mut written = BytesMut::new();
    told.write(&mut written);
    assert_eq!(written.freeze(), body, "{name}");
    assert!(body.len() >= T::BYTES_MIN, "{name}");
}

type BothWays = fn(&str, &Json, &Bytes);
type Decodes = fn(Bytes, &Json) -> Result<(), String>;

macro_rules! by_name {
    ($($go:literal: $ours:ty,)*) => {
        /// The message behind a name of the Go package, or behind a question of those that it has no struct for.
        fn ways_of(name: &str) -> Option<BothWays> {
            match name {
                $($go => Some(both_ways::<$ours>),)*
                _ => None,
            }
        }

        /// Reads a body, and compares it where that goes well.
        fn decoder_of(name: &str) -> Option<Decodes> {
            match name {
                $($go => Some(|body, fields| {
                    let read = <$ours>::decode(body).map_err(|error| error.to_string())?;
                    let told: $ours = Told::told(fields);
                    assert_eq!(filled(&read), filled(&told));
                    Ok(())
                }),)*
                _ => None,
            }
        }
    };
}

by_name! {
    "": (),
    "InitializeRequest": msg::InitializeRequest,
    "InitializeResponse": msg::InitializeResponse,
    "SetStateRequest": msg::SetStateRequest,
    "SetStateResponse": msg::SetStateResponse,
    "CreateHandlersResponse": msg::CreateHandlersResponse,
    "NewHTTPHandlerResponse": msg::NewHTTPHandlerResponse,
    "WaitForEventResponse": msg::WaitForEventResponse,
    "ConnectedRequest": msg::ConnectedRequest,
    "DisconnectedRequest": msg::DisconnectedRequest,
    "BuildBlockRequest": msg::BuildBlockRequest,
    "BlockResponse": msg::BlockResponse,
    "ParseBlockRequest": msg::ParseBlockRequest,
    "GetBlockRequest": msg::IdRequest,
    "SetPreferenceRequest": msg::IdRequest,
    "BlockAcceptRequest": msg::IdRequest,
    "BlockRejectRequest": msg::IdRequest,
    "HealthResponse": msg::HealthResponse,
    "VersionResponse": msg::VersionResponse,
    "RequestMsg": msg::RequestMsg,
    "RequestFailedMsg": msg::RequestFailedMsg,
    "ResponseMsg": msg::ResponseMsg,
    "GossipMsg": msg::GossipMsg,
    "GetAncestorsRequest": msg::GetAncestorsRequest,
    "GetAncestorsResponse": msg::GetAncestorsResponse,
    "BatchedParseBlockRequest": msg::BatchedParseBlockRequest,
    "BatchedParseBlockResponse": msg::BatchedParseBlockResponse,
    "GetBlockIDAtHeightRequest": msg::GetBlockIDAtHeightRequest,
    "GetBlockIDAtHeightResponse": msg::GetBlockIDAtHeightResponse,
    "StateSyncEnabledResponse": msg::StateSyncEnabledResponse,
    "ParseStateSummaryRequest": msg::ParseStateSummaryRequest,
    "GetStateSummaryRequest": msg::GetStateSummaryRequest,
    "SummaryResponse": msg::SummaryResponse,
    "StateSummaryAcceptRequest": msg::StateSummaryAcceptRequest,
    "StateSummaryAcceptResponse": msg::StateSummaryAcceptResponse,
    "BlockVerifyRequest": msg::BlockVerifyRequest,
    "BlockVerifyResponse": msg::BlockVerifyResponse,
    "SetQuasarFinalizedRequest": msg::QuasarHeight,
    "QuasarHeightResponse": msg::QuasarHeight,
    "db Has request": msg::KeyRequest,
    "db Has response": msg::HasResponse,
    "db Get request": msg::KeyRequest,
    "db Get response": msg::GetResponse,
    "db Put request": msg::Pair,
    "db Put response": msg::ErrResponse,
    "db Delete request": msg::KeyRequest,
    "db Delete response": msg::ErrResponse,
    "db WriteBatch request": msg::WriteBatchRequest,
    "db WriteBatch response": msg::ErrResponse,
    "db Compact request": msg::CompactRequest,
    "db Compact response": msg::ErrResponse,
    "db Close request": (),
    "db Close response": msg::ErrResponse,
    "db HealthCheck request": (),
    "db HealthCheck response": msg::DatabaseHealth,
    "db IteratorNew request": msg::IteratorNewRequest,
    "db IteratorNew response": msg::Number,
    "db IteratorNext request": msg::Number,
    "db IteratorNext response": msg::IteratorNextResponse,
    "db IteratorError request": msg::Number,
    "db IteratorError response": msg::ErrResponse,
    "db IteratorRelease request": msg::Number,
    "db IteratorRelease response": msg::ErrResponse,
    "validator 0 request": msg::ValidatorSetRequest,
    "validator 0 response": msg::ValidatorSetResponse,
    "validator 1 request": msg::ValidatorSetRequest,
    "validator 1 response": msg::ValidatorSetResponse,
    "validator 2 request": msg::MethodRequest,
    "validator 2 response": msg::Number,
    "validator 3 request": msg::MethodRequest,
    "validator 3 response": msg::Number,
    "validator 4 request": msg::OwnerRequest,
    "validator 4 response": msg::OwnerResponse,
    "validator 5 request": msg::OwnerRequest,
    "validator 5 response": msg::OwnerResponse,
    "validator 6 request": msg::ValidatorSetRequest,
    "validator 6 response": msg::WarpSet,
    "validator 7 request": msg::WarpSetsRequest,
    "validator 7 response": msg::WarpSetsResponse,
}

/// A value in words; for the Go package a field that is not there is empty.
fn filled(value: &impl Debug) -> String {
    let text = format!("{value:?}").replace("capabilities: Appended(None)", "capabilities: Appended(Some(0))");
    text.replace("Appended(None)", "Appended(Some(b\"\"))")
}

fn vectors(packed: &[u8]) -> Vec<Json> {
    let mut json = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut json).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// What neither a plugin nor its host uses: shared memory, and services that no host offers.
const FOREIGN: [&str; 3] = ["atomic", "sender", "warp"];

#[test]
fn every_message_is_read_and_written_as_the_go_package_does() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for vector in vectors(include_bytes!("vectors/zap/frames.json.gz")) {
        let (name, channel) = (vector["name"].as_str().unwrap(), vector["channel"].as_str().unwrap());
        *seen.entry(channel.to_owned()).or_default() += 1;
        let (body, bytes) = (hex(vector["payload_hex"].as_str().unwrap()), hex(vector["frame_hex"].as_str().unwrap()));
        if channel == "handshake" {
            // No frames: `zap/hello.rs` reads and writes them.
            continue;
        }
        // Every frame, also of what is not used here.
        let id = vector["request_id"].as_u64();
        let kind = u8::try_from(vector["type_byte"].as_u64().unwrap()).unwrap();
        let mut cutter = Cutter::default();
        cutter.buffer().extend_from_slice(&bytes);
        let frame = cutter.cut().unwrap().unwrap();
        assert_eq!((frame.kind, cutter.buffer().len()), (kind, 0), "{name}");
        let Some(id) = id else {
            assert_eq!(frame.payload, body, "{name}");
            continue;
        };
        let id = u32::try_from(id).unwrap();
        assert_eq!(frame.message(), Some((id, body.clone())), "{name}");
        let number = u8::try_from(vector["message_type"].as_u64().unwrap()).unwrap();
        let fields = &vector["fields"];
        let call = vector["kind"].as_str().unwrap();
        if call == "error" {
            assert_eq!(kind, number | REPLY | ERROR, "{name}");
            let text = fields["error"].as_str().unwrap();
            assert_eq!(body, text.as_bytes(), "{name}");
            assert_eq!(frame::encode_error(number, id, text).unwrap(), bytes, "{name}");
            continue;
        }
        assert_eq!(kind, if call == "response" { number | REPLY } else { number }, "{name}");
        if FOREIGN.contains(&channel) {
            continue;
        }
        let message = match channel {
            "db" => format!("db {} {call}", vector["message_name"].as_str().unwrap()),
            "validator" => format!("validator {} {call}", fields["method"]),
            _ => vector["struct"].as_str().unwrap().to_owned(),
        };
        ways_of(&message).unwrap_or_else(|| panic!("{name}: {message:?} has no message here"))(name, fields, &body);
        // The whole frame, as it is written here.
        let mut cutter = Cutter::default();
        cutter.buffer().extend_from_slice(&frame::encode(kind, id, &Raw(body)).unwrap());
        assert_eq!(cutter.cut().unwrap(), Some(frame), "{name}");
    }
    println!("{seen:?}");
    let expected =
        [("atomic", 16), ("db", 77), ("handshake", 10), ("sender", 12), ("validator", 39), ("vm", 288), ("warp", 14)];
    assert_eq!(seen, expected.into_iter().map(|(channel, count)| (channel.to_owned(), count)).collect());
}

/// Input that is short, long, odd or hostile: an error, or what the Go package reads in it.
#[test]
fn odd_input_is_an_error_or_read_as_the_go_package_does() {
    let (mut read, mut refused) = (0, 0);
    for vector in vectors(include_bytes!("vectors/zap/decode.json.gz")) {
        let (name, input) = (vector["name"].as_str().unwrap(), hex(vector["input_hex"].as_str().unwrap()));
        let (ok, message) = (vector["result"] == "ok", vector["struct"].as_str().unwrap());
        let outcome = if message == "frame" {
            frame_of(&input, &vector)
        } else {
            decoder_of(message).unwrap_or_else(|| panic!("{name}: {message}"))(input, &vector["fields"])
        };
        assert_eq!(outcome.is_ok(), ok, "{name}: {outcome:?}");
        if ok { read += 1 } else { refused += 1 }
    }
    assert_eq!((read, refused), (27, 33));
}

fn frame_of(input: &Bytes, vector: &Json) -> Result<(), String> {
    let mut cutter = Cutter::default();
    cutter.buffer().extend_from_slice(input);
    let Frame { kind, payload } = cutter.cut().map_err(|error| error.to_string())?.ok_or("not whole")?;
    assert_eq!(u64::from(kind), vector["fields"]["type_byte"].as_u64().unwrap());
    assert_eq!(payload, Bytes::told(&vector["fields"]["payload"]));
    assert_eq!(u64::try_from(cutter.buffer().len()).unwrap(), vector["rest"].as_u64().unwrap());
    Ok(())
}

#[test]
fn a_frame_is_as_long_as_frames_are() {
    const ROOM: usize = PAYLOAD_BYTES_MAX - 4;
    let bytes = frame::encode(1, 7, &Raw(vec![1; ROOM].into())).unwrap();
    let mut cutter = Cutter::default();
    cutter.buffer().extend_from_slice(&bytes);
    assert_eq!(cutter.cut().unwrap().unwrap().payload.len(), PAYLOAD_BYTES_MAX);
    let error = frame::encode(1, 7, &Raw(vec![1; ROOM + 1].into())).unwrap_err();
    assert_eq!(error.to_string(), "a frame of 16777217 bytes, expected at most 16777216");
}

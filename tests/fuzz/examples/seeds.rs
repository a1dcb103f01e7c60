//! Writes the seeds of all targets to `seeds/<target>/`: `scripts/fuzz --seeds`.
//!
//! They come from the recorded chains, the files of presets, the vectors and good calls of the precompiles' rows, and are
//! few: of things that look alike the smallest one is taken. The same sources give the same files.

use alloy_primitives::{Address, B256, Bytes, hex, keccak256};
use alloy_rlp::Header as RlpHeader;
use flate2::read::GzDecoder;
use pars_chain::block::Block;
use pars_chain::engine::{Chain, Context, Opening, Verdict};
use pars_chain::execution::executor::Place;
use pars_chain::execution::receipt;
use pars_chain::pool::Arrived;
use pars_chain::state::trie::Node;
use pars_chain::store::{Column, Durability, Memory};
use pars_genesis::presets;
use pars_host::{NodeId, PeerVersion};
use pars_overlay::Claim;
use pars_overlay::bls::SecretKey;
use pars_overlay::frame::{Frame, Hello};
use pars_precompiles::predicate_results::Results;
use pars_precompiles::registry::TABLE;
use pars_precompiles::subnet::warp;
use pars_precompiles::subnet::warp::message::{Message, Payload, Unsigned};
use pars_precompiles::subnet::warp::predicate;
use pars_vm::blockfile::{self, Origin};
use pars_vm::journal::Contents;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Recorded chains that have everything.
const CHAINS: [&str; 4] = ["forks-11", "granite-precompiles-11", "precompiles-11", "probes-classic"];
/// Larger inputs make a fuzzer slow.
const SEED_BYTES_MAX: usize = 6_000;

fn main() {
    let mut seeds = Seeds::default();
    for name in CHAINS {
        let record = Record::read(name);
        record.blocks(&mut seeds);
        record.files(name, &mut seeds);
        record.state(&mut seeds);
    }
    odd_blocks(&mut seeds);
    blob_transaction(&mut seeds);
    calls(&mut seeds);
    rows(&mut seeds);
    warp(&mut seeds);
    journals(&mut seeds);
    gossip(&mut seeds);
    block_files(&mut seeds);
    batches(&mut seeds);
    requests(&mut seeds);
    host_messages(&mut seeds);
    zap_frames(&mut seeds);
    overlay(&mut seeds);
    seeds.write();
}

/// A message of each kind that a host sends, behind the number of its call in the target's list.
fn host_messages(seeds: &mut Seeds) {
    use pars_proto::host::{http, vm};
    use prost::Message as _;
    let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 400_000_000 });
    let id = || vec![7; 32].into();
    let initialize = vm::InitializeRequest {
        network_id: 1_337,
        subnet_id: id(),
        chain_id: id(),
        node_id: vec![7; 20].into(),
        chain_data_dir: "/data".to_owned(),
        genesis_bytes: "{}".into(),
        db_server_addr: "127.0.0.1:1".to_owned(),
        network_upgrades: Some(vm::NetworkUpgrades {
            durango_time: time(1),
            granite_time: time(2),
            ..Default::default()
        }),
        ..Default::default()
    };
    let element = |key: &str| http::Element { key: key.to_owned(), values: vec!["x".to_owned()] };
    let simple = http::HandleSimpleHttpRequest {
        method: "POST".to_owned(),
        url: "/ext/bc/x/rpc?a=1".to_owned(),
        request_headers: vec![element("Content-Type")],
        body: "{}".into(),
        response_headers: vec![element("Node-Id")],
    };
    let ancestors = vm::GetAncestorsRequest {
        blk_id: id(),
        max_blocks_num: 3,
        max_blocks_size: 1_000,
        max_blocks_retrival_time: 1_000_000,
    };
    let messages: [(u8, &str, Vec<u8>); 12] = [
        (0, "initialize", initialize.encode_to_vec()),
        (1, "set-state", vm::SetStateRequest { state: 3 }.encode_to_vec()),
        (2, "connected", vm::ConnectedRequest { node_id: vec![7; 20].into(), ..Default::default() }.encode_to_vec()),
        (4, "build-block", vm::BuildBlockRequest { p_chain_height: Some(7) }.encode_to_vec()),
        (5, "parse-block", vm::ParseBlockRequest { bytes: "block".into() }.encode_to_vec()),
        (6, "get-block", vm::GetBlockRequest { id: id() }.encode_to_vec()),
        (10, "app-request", vm::AppRequestMsg { deadline: time(9), ..Default::default() }.encode_to_vec()),
        (14, "get-ancestors", ancestors.encode_to_vec()),
        (15, "batched-parse", vm::BatchedParseBlockRequest { request: vec!["a".into(), "b".into()] }.encode_to_vec()),
        (16, "id-at-height", vm::GetBlockIdAtHeightRequest { height: 5 }.encode_to_vec()),
        (20, "verify", vm::BlockVerifyRequest { bytes: "b".into(), p_chain_height: Some(1) }.encode_to_vec()),
        (23, "handle-simple", simple.encode_to_vec()),
    ];
    for (call, looks, message) in messages {
        seeds.offer("host_message", looks, [&[call][..], &message].concat());
    }
}

/// A frame of each kind that a host of ZAP sends, out of the recorded ones.
fn zap_frames(seeds: &mut Seeds) {
    let file = root().join("vm/host/tests/vectors/zap/frames.json.gz");
    let packed = fs::File::open(&file).expect("the recorded frames");
    let frames: Vec<Value> = serde_json::from_reader(GzDecoder::new(packed)).expect("they are JSON");
    for frame in frames.iter().filter(|frame| frame["channel"] == "vm" && frame["kind"] == "request") {
        let (kind, bytes) = (frame["message_name"].to_string(), frame["frame_hex"].as_str().expect("bytes"));
        // Of messages with a body not the empty one.
        let looks = format!("{kind}-{}", frame["payload_hex"].as_str().is_some_and(|body| body.len() > 40));
        seeds.offer("zap", looks, hex::decode(bytes).expect("hex"));
    }
}

/// A certificate, a message of each kind, and a set file.
fn overlay(seeds: &mut Seeds) {
    let secret = SecretKey::from_bytes(&[2; 32]).expect("a key");
    let claim = Claim { chain: [7; 32].into(), node: [8; 20].into(), transport_key: [9; 32], not_after: 1_800_000_000 };
    let certificate = claim.sign(&secret, 1_790_000_000).expect("it holds");
    seeds.offer("overlay_certificate", "signed", certificate.encode());
    let version = PeerVersion { name: "pars".to_owned(), major: 1, minor: 2, patch: 3 };
    let addresses = ["1.2.3.4:5", "[2001:db8::1]:6"].map(|text| text.parse().expect("an address")).to_vec();
    let frames = [
        ("hello", Frame::Hello(Box::new(Hello { certificate, version }))),
        ("welcome", Frame::Welcome),
        ("request", Frame::Request { id: 1, timeout_ms: 10_000, bytes: "question".into() }),
        ("response", Frame::Response { id: 1, bytes: "answer".into() }),
        ("error", Frame::Error { id: 1, code: -1, text: "timed out".to_owned() }),
        ("gossip", Frame::Gossip("gossip".into())),
        ("addresses", Frame::Addresses(addresses)),
    ];
    for (kind, frame) in frames {
        seeds.offer("overlay_frame", kind, frame.encode().expect("a short one").to_vec());
    }
    let row = |number: u8, key: &[u8]| {
        let node = NodeId::from([number; 20]);
        format!(r#"{{"nodeID":"{node}","publicKey":"0x{}","weight":{number}}}"#, hex::encode(key))
    };
    let key = secret.public_key();
    let rows = [row(1, &key.to_bytes()), row(2, &key.to_long_bytes())];
    seeds.offer("overlay_set", "none", "[]");
    seeds.offer("overlay_set", "two", format!("[\n  {}\n]", rows.join(",\n  ")));
    seeds.offer("overlay_set", "twice", format!("[{},{}]", rows[0], rows[0]));
}

/// The smallest bytes by target and by what they look like.
#[derive(Default)]
struct Seeds(BTreeMap<(String, String), Vec<u8>>);

impl Seeds {
    fn offer(&mut self, target: impl Into<String>, looks: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        if bytes.len() > SEED_BYTES_MAX {
            return;
        }
        let held = self.0.entry((target.into(), looks.into())).or_insert_with(|| bytes.clone());
        if bytes.len() < held.len() {
            *held = bytes;
        }
    }

    fn write(self) {
        let root = root().join("tests/fuzz/seeds");
        if root.exists() {
            fs::remove_dir_all(&root).expect("the old seeds go");
        }
        let mut targets: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for ((target, looks), bytes) in self.0 {
            let folder = root.join(&target);
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(folder.join(looks), &bytes).expect("a file");
            let (files, size) = targets.entry(target).or_default();
            *files += 1;
            *size += bytes.len();
        }
        for (target, (files, size)) in targets {
            println!("{target:24} {files:3} files {size:6} bytes");
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    genesis: Box<RawValue>,
    upgrade: Option<Box<RawValue>>,
    network_id: String,
    blockchain_id: B256,
    blocks: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    rlp: Bytes,
}

impl Record {
    fn read(name: &str) -> Self {
        let path = root().join(format!("tests/vectors/subnet-evm/{name}.json.gz"));
        let file = fs::File::open(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        serde_json::from_reader(std::io::BufReader::new(GzDecoder::new(file))).expect("a recorded chain")
    }

    fn blocks(&self, seeds: &mut Seeds) {
        for recorded in &self.blocks {
            let block = Block::decode(recorded.rlp.clone()).expect("a recorded block");
            let header = &block.header;
            let tail = if header.min_delay_excess.is_some() {
                "granite"
            } else if header.blob_gas_used.is_some() {
                "etna"
            } else {
                "durango"
            };
            let mut kinds: Vec<String> = block.transactions.iter().map(|tx| tx.kind().to_string()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            seeds.offer("block", format!("{tail}-types-{}", kinds.join("-")), recorded.rlp.to_vec());
            seeds.offer("header", tail, alloy_rlp::encode(header));
            for tx in &block.transactions {
                let input = if tx.input().is_empty() { "plain" } else { "data" };
                let to = if tx.to().is_create() { "create" } else { "call" };
                let list = if tx.access_list().is_some_and(|list| !list.is_empty()) { "-access" } else { "" };
                seeds.offer("transaction", format!("{}-{to}-{input}{list}", tx.kind()), tx.encode().to_vec());
            }
        }
    }

    fn files(&self, name: &str, seeds: &mut Seeds) {
        let genesis = self.genesis.get().as_bytes();
        let upgrade = self.upgrade.as_ref().map(|upgrade| upgrade.get().as_bytes()).unwrap_or_default();
        seeds.offer("genesis", name, [genesis, &[0], upgrade].concat());
        seeds.offer("genesis", "local", presets::local(1));
    }

    /// Replays the chain, and takes what is then stored.
    fn state(&self, seeds: &mut Seeds) {
        let store = Memory::new();
        let opening = Opening {
            upgrade: self.upgrade.as_ref().map(|upgrade| upgrade.get().as_bytes()).unwrap_or_default(),
            place: Place {
                network_id: self.network_id.parse().expect("a decimal number"),
                blockchain_id: self.blockchain_id,
            },
            ..Opening::new(self.genesis.get().as_bytes())
        };
        let mut chain = Chain::open(Arc::new(store.clone()), &opening).expect("recorded files open");
        for recorded in &self.blocks[1..] {
            let block = chain.parse(recorded.rlp.clone()).expect("a recorded block");
            let context = Context { now_ms: block.header.unix_ms(), bootstrapped: true, verdicts: None };
            assert_eq!(chain.verify(&block, context), Ok(Verdict::Valid));
            chain.accept(block.id(), Durability::Buffered).expect("memory stores");
        }
        for ((column, key), value) in store.dump() {
            let value = value.to_vec();
            match column {
                Column::Accounts => seeds.offer("state_record", format!("account-{}", value.len()), value),
                Column::Slots => seeds.offer("state_record", if value.len() == 32 { "slot-32" } else { "slot" }, value),
                Column::AccountTrie | Column::StorageTrie => {
                    let path = if column == Column::AccountTrie { &key[..] } else { &key[32..] };
                    seeds.offer("trie_node", format!("path-{}", path[0].min(2)), path.to_vec());
                    seeds.offer("trie_node", looks(&value), value);
                }
                Column::Changes => {
                    let size = value.len().checked_ilog2().unwrap_or_default();
                    seeds.offer("history_key", format!("bits-{size}"), value);
                }
                Column::Receipts => {
                    let receipts = receipt::decode_list(&value).expect("stored receipts");
                    let any = |what: &str, yes: bool| if yes { format!("-{what}") } else { String::new() };
                    let typed = any("typed", receipts.iter().any(|receipt| receipt.kind != 0));
                    let failed = any("failed", receipts.iter().any(|receipt| !receipt.success));
                    let logs = any("logs", receipts.iter().any(|receipt| !receipt.logs.is_empty()));
                    seeds.offer("receipts", format!("receipts{typed}{failed}{logs}"), value);
                }
                _ => {}
            }
        }
    }
}

/// What kind of node a stored one is.
fn looks(bytes: &[u8]) -> &'static str {
    match Node::from_bytes(bytes).expect("a stored node") {
        Node::Leaf { .. } => "leaf",
        Node::Extension { .. } => "extension",
        Node::Branch(branch) if branch.leaves == 0 => "branch",
        Node::Branch(_) if bytes[5] | bytes[6] != 0 => "branch-inline",
        Node::Branch(_) => "branch-leaves",
    }
}

/// Uncles and withdrawals, which no recorded block has.
fn odd_blocks(seeds: &mut Seeds) {
    let block = Record::read("classic-11").blocks.swap_remove(1).rlp;
    let block = Block::decode(block).expect("a recorded block");
    let header = alloy_rlp::encode(&block.header);
    let withdrawal = list(&[&[1], &[2], &alloy_rlp::encode(Bytes::from_static(&[0xaa; 20])), &[4]]);
    let empty = [alloy_rlp::EMPTY_LIST_CODE];
    let withdrawals = list(&[&withdrawal]);
    seeds.offer("block", "uncle", list(&[&header, &empty, &list(&[&header])]));
    seeds.offer("block", "withdrawals", list(&[&header, &empty, &empty, &withdrawals]));
    seeds.offer("block", "withdrawals-none", list(&[&header, &empty, &empty, &empty]));
}

/// A transaction that decodes and that no block may hold.
fn blob_transaction(seeds: &mut Seeds) {
    let word = alloy_rlp::encode(B256::repeat_byte(1));
    let to = alloy_rlp::encode(Bytes::from_static(&[0xaa; 20]));
    let (empty, zero) = ([alloy_rlp::EMPTY_LIST_CODE], [alloy_rlp::EMPTY_STRING_CODE]);
    let fields: [&[u8]; 14] =
        [&[1], &zero, &[1], &[2], &[3], &to, &zero, &zero, &empty, &[1], &list(&[&word]), &[1], &word, &word];
    seeds.offer("transaction", "3", [&[3], &list(&fields)[..]].concat());
}

/// One call of each function, as it stands in the vectors of a row.
fn calls(seeds: &mut Seeds) {
    #[derive(Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }
    #[derive(Deserialize)]
    struct Case {
        input: Bytes,
    }
    for (number, row) in (0..).zip(TABLE).filter(|(_, row)| !row.pure) {
        let path = root().join(format!("precompiles/vectors/{}.json", snake(row.name)));
        let vectors = fs::read(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()));
        let Vectors { cases } = serde_json::from_slice(&vectors).expect("vectors");
        for function in row.interface.iter().flat_map(|part| part.functions) {
            let longest = cases.iter().filter(|case| case.input.starts_with(&function.selector));
            let Some(case) = longest.max_by_key(|case| case.input.len()) else { continue };
            let name = function.solidity.trim_start_matches("function ").split('(').next().unwrap_or_default();
            const ALL_FORKS_VERIFIED: u8 = 0b1011;
            const ADMIN: u8 = 2;
            let head = [number, ALL_FORKS_VERIFIED, ADMIN, 0, 15, 0, 0, 0];
            seeds.offer("precompile_call", name, [&head, &case.input[..]].concat());
        }
        if row.predicate_gas.is_some() {
            let keys = predicate::pack(&message().encode());
            let head = [number, 0b1011, 0, 0, 15, 0, 0, u8::try_from(keys.len()).expect("a few keys")];
            for (name, selector) in [("verified-message", 0x6f82_5350_u32), ("verified-hash", 0xce7f_5929)] {
                let input = [&selector.to_be_bytes()[..], &[0; 32]].concat();
                seeds.offer("precompile_call", name, [&head[..], &keys.concat(), &input].concat());
            }
        }
    }
}

/// Of rows that only compute: for their own targets each kind of edit, and for the target of all rows one call of each
/// function and of raw bytes.
fn rows(seeds: &mut Seeds) {
    for row in TABLE.iter().filter(|row| row.pure) {
        for (name, bytes) in pars_fuzz::row::seeds(row) {
            seeds.offer(format!("row.{}", row.name), name, bytes);
        }
    }
    for (name, what, input) in pars_fuzz::row::good_calls() {
        let number = TABLE.iter().position(|row| row.name == name).expect("a row");
        const ALL_FORKS_NO_END_SECRETS: u8 = 0b1001_0011;
        let head = [u8::try_from(number).expect("a few rows"), ALL_FORKS_NO_END_SECRETS, 0, 0, 0, 0, 0, 0];
        seeds.offer("precompile_call", format!("{name}-{what}"), [&head[..], &input].concat());
    }
}

fn warp(seeds: &mut Seeds) {
    let message = message();
    let hash = Payload::Hash(B256::repeat_byte(7));
    seeds.offer("warp_message", "message", message.encode());
    seeds.offer("warp_message", "unsigned", message.unsigned.encode());
    seeds.offer("warp_message", "call", message.unsigned.payload.to_vec());
    seeds.offer("warp_message", "hash", hash.encode());
    let hash = Message { unsigned: Unsigned { payload: hash.encode().into(), ..message.unsigned.clone() }, ..message };
    for (name, message) in [("hash", hash), ("call", self::message())] {
        seeds.offer("predicate", format!("{name}-bytes"), message.encode());
        seeds.offer("predicate", format!("{name}-keys"), predicate::pack(&message.encode()).concat());
    }
    for transactions in 0..3 {
        let rows = BTreeMap::from([(Address::ZERO, [9].into_iter().collect()), (warp::ENTRY.at, Default::default())]);
        let results = Results((0..transactions).map(|number| (B256::repeat_byte(number), rows.clone())).collect());
        seeds.offer("predicate_results", format!("transactions-{transactions}"), results.encode().expect("small"));
    }
}

fn message() -> Message {
    let payload = Payload::AddressedCall { source: Bytes::from_static(&[0x11; 20]), content: "hello".into() };
    let unsigned = Unsigned { network_id: 1, source_chain: B256::repeat_byte(0x5c), payload: payload.encode().into() };
    Message { unsigned, signers: Bytes::from_static(&[5]), signature: [0xab; 96] }
}

/// Lists of submitted transactions: of both versions, with one that left, with a damaged record, with a torn end.
fn journals(seeds: &mut Seeds) {
    let record = Record::read("forks-11");
    let blocks = record.blocks.iter().map(|recorded| Block::decode(recorded.rlp.clone()).expect("a recorded block"));
    let transactions: Vec<_> = blocks.flat_map(|block| block.transactions).take(3).collect();
    let alive = (1..).zip(&transactions).map(|(arrival, tx)| Arrived { tx: Arc::clone(tx), arrival }).collect();
    let all = Contents { alive, ..Contents::default() }.write();
    seeds.offer("journal", "empty", Contents::default().write());
    seeds.offer("journal", "came", all.clone());
    seeds.offer("journal", "torn", all[..all.len() - 1].to_vec());
    seeds.offer("journal", "left", [&all[..], &frame(&[&[2][..], &2_u64.to_be_bytes()].concat())].concat());
    for (looks, at) in [("damaged-length", 15), ("damaged-content", 40)] {
        let mut damaged = all.clone();
        damaged[at] ^= 1;
        seeds.offer("journal", looks, damaged);
    }
    let first = transactions.iter().map(|tx| frame(&tx.encode()));
    seeds.offer(
        "journal",
        "version-1",
        [b"parspool\0\0\0\x01".to_vec()].into_iter().chain(first).flatten().collect::<Vec<_>>(),
    );
}

/// What the vectors of avalanchego's packages have: pushes, answers, requests, and odd ones.
fn gossip(seeds: &mut Seeds) {
    let vectors = fs::read(root().join("tests/vectors/gossip/gossip.json")).expect("the vectors");
    let vectors: Value = serde_json::from_slice(&vectors).expect("JSON");
    for kind in ["pushes", "responses", "requests", "odd", "handlers"] {
        for (number, sample) in vectors[kind].as_array().expect("a list").iter().enumerate() {
            let bytes = hex::decode(sample["bytes"].as_str().expect("a text")).expect("hexadecimal digits");
            seeds.offer("gossip", format!("{kind}-{number}"), bytes);
        }
    }
}

/// Whole, cut off, changed, and with a gap.
fn block_files(seeds: &mut Seeds) {
    let record = Record::read("forks-11");
    let origin = Origin {
        genesis: b"{}".to_vec().into(),
        upgrade: Bytes::new(),
        host: vec![0; 5].into(),
        airdrop: Bytes::new(),
        network_id: 1,
        blockchain_id: keccak256(b"chain"),
        genesis_id: keccak256(b"genesis"),
    };
    let begun = blockfile::beginning(&origin, 1);
    let block = |at: usize| blockfile::block(at.try_into().expect("small"), &record.blocks[at].rlp);
    let whole = [&begun[..], &block(1), &block(2), &blockfile::end(2)].concat();
    seeds.offer("blockfile", "cut", whole[..whole.len() - 30].to_vec());
    seeds.offer("blockfile", "gap", [&begun[..], &block(1), &block(3)].concat());
    seeds.offer("blockfile", "none", [&begun[..], &blockfile::end(0)].concat());
    let mut changed = whole.clone();
    changed[begun.len() + 40] ^= 1;
    seeds.offer("blockfile", "changed", changed);
    seeds.offer("blockfile", "whole", whole);
}

fn frame(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("a short one");
    [&length.to_be_bytes()[..], &keccak256(content)[..8], content].concat()
}

/// Short sequences of changes, and one batch that is large enough for several threads.
fn batches(seeds: &mut Seeds) {
    seeds.offer("trie_update", "fork-and-join", vec![0, 0x10, 0, 5, 0x80, 0x20, 0, 6, 0x80, 0x20, 0, 0]);
    seeds.offer("trie_update", "inline", vec![63, 0x10, 0, 1, 63, 0x20, 0, 2, 0xbf, 0x30, 1, 3, 0xbf, 0x20, 0, 0]);
    seeds.offer("trie_update", "stretch", vec![40, 0x11, 0, 9, 41, 0x12, 0, 255, 0xa8, 0x13, 1, 240, 0xa8, 0x11, 0, 0]);
    let mut state: u32 = 1;
    let mut random = |mask: u8| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0] & mask
    };
    let mut changes = |count: usize| -> Vec<u8> {
        (0..count).flat_map(|_| [random(0x3f), random(0xff), random(0xff), random(0xff)]).collect()
    };
    seeds.offer("trie_update", "many", [changes(200), vec![0x80, 0, 0, 0], changes(200)].concat());
}

/// Requests that the Go node was asked: of each method one that it answered and one that it refused.
fn requests(seeds: &mut Seeds) {
    #[derive(Deserialize)]
    struct Answers {
        calls: Vec<Question>,
    }
    #[derive(Deserialize)]
    struct Question {
        method: String,
        params: Box<RawValue>,
        error: Option<serde::de::IgnoredAny>,
    }
    let path = root().join("tests/vectors/rpc-subnet-evm/forks-21.json.gz");
    let file = fs::File::open(path).expect("checked in");
    let Answers { calls } = serde_json::from_reader(GzDecoder::new(file)).expect("recorded answers");
    for Question { method, params, error } in calls {
        if pars_vm::rpc::table::find(&method).is_none() {
            continue;
        }
        let looks = format!("{method}-{}", if error.is_some() { "refused" } else { "answered" });
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{}}}"#, params.get());
        seeds.offer("rpc_body", looks, body);
    }
    let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"method":"eth_chainId"},5,[]]"#;
    seeds.offer("rpc_body", "batch", batch);
    let follow = r#"[{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["logs",{"topics":[[]]}]},{"jsonrpc":"2.0","id":2,"method":"eth_unsubscribe","params":["0x1"]}]"#;
    seeds.offer("rpc_body", "follow", follow);
    let ones = format!("[1{}]", ",1".repeat(2_900));
    seeds.offer("rpc_body", "batch-of-ones", ones.clone());
    seeds.offer(
        "rpc_body",
        "many-parameters",
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":{ones}}}"#),
    );
}

fn list(items: &[&[u8]]) -> Vec<u8> {
    let content = items.concat();
    let mut out = Vec::new();
    RlpHeader { list: true, payload_length: content.len() }.encode(&mut out);
    out.extend_from_slice(&content);
    out
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

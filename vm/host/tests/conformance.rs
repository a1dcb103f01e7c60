//! What every host may rely on, over every row of the dialect table.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

#[path = "conformance/chain.rs"]
mod chain;
#[path = "conformance/life.rs"]
mod life;
#[path = "conformance/peers.rs"]
mod peers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chain::{Chain, block, decode, genesis};
use pars_host::dialect::{Dialect, TABLE};
use pars_host::testhost::{Plugin, TestHost};
use pars_host::{Id, ServeError, run};
use pars_proto::host::grpc::health::v1::HealthCheckRequest;
use pars_proto::host::grpc::health::v1::health_check_response::ServingStatus;
use pars_proto::host::http::{Element, HandleSimpleHttpRequest, HttpRequest};
use pars_proto::host::vm;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tonic::Code;

const NOT_FOUND: i32 = 2;
const STATE_SYNC_NOT_IMPLEMENTED: i32 = 3;

/// A host and a plugin that found each other, in one process.
struct Pair {
    host: TestHost,
    plugin: Plugin,
    chain: Arc<Chain>,
    serving: JoinHandle<Result<(), ServeError>>,
}

impl Pair {
    async fn start(dialect: &'static Dialect) -> Self {
        let mut host = TestHost::start(dialect).await.unwrap();
        let chain = Chain::new();
        let (vm, environment) = (Arc::clone(&chain), host.environment());
        let serving = tokio::spawn(async move { run(vm, &environment).await });
        let plugin = host.plugin().await.unwrap();
        Self { host, plugin, chain, serving }
    }

    async fn start_initialized(dialect: &'static Dialect) -> Self {
        let mut pair = Self::start(dialect).await;
        let request = pair.initialize_request();
        pair.plugin.vm.initialize(request).await.unwrap();
        pair
    }

    fn initialize_request(&self) -> vm::InitializeRequest {
        let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        vm::InitializeRequest {
            network_id: 1337,
            subnet_id: vec![1; 32].into(),
            chain_id: vec![2; 32].into(),
            node_id: vec![3; 20].into(),
            public_key: vec![4; 48].into(),
            x_chain_id: vec![5; 32].into(),
            c_chain_id: vec![6; 32].into(),
            avax_asset_id: vec![7; 32].into(),
            chain_data_dir: String::new(),
            genesis_bytes: Bytes::from_static(b"{}"),
            upgrade_bytes: Bytes::from_static(b"upgrade"),
            config_bytes: Bytes::from_static(b"config"),
            db_server_addr: self.host.database_addr(),
            server_addr: self.host.services_addr(),
            network_upgrades: Some(vm::NetworkUpgrades {
                durango_time: time(10),
                etna_time: time(20),
                granite_time: time(30),
                granite_epoch_duration: Some(prost_types::Duration { seconds: 30, nanos: 0 }),
                ..Default::default()
            }),
        }
    }

    /// Shuts the plugin down as a host does and returns how long it took to end.
    async fn end(mut self) -> Duration {
        self.plugin.vm.shutdown(()).await.unwrap();
        let answered = Instant::now();
        timeout(Duration::from_secs(5), self.serving).await.unwrap().unwrap().unwrap();
        answered.elapsed()
    }
}

const fn state_of(number: i32) -> vm::SetStateRequest {
    vm::SetStateRequest { state: number }
}

/// The order of calls that a real host was seen to make.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_life() {
    for dialect in TABLE {
        let mut pair = Pair::start(dialect).await;
        let request = pair.initialize_request();
        let vm = &mut pair.plugin.vm;

        let opened = vm.initialize(request).await.unwrap().into_inner();
        let genesis = genesis();
        assert_eq!(opened.last_accepted_id, Bytes::from(genesis.meta.id));
        assert_eq!(opened.last_accepted_parent_id, Bytes::from(Id::default()));
        assert_eq!((opened.height, &opened.bytes), (0, &genesis.bytes));
        assert_eq!(opened.timestamp, Some(prost_types::Timestamp { seconds: 1_764_547_200, nanos: 0 }));
        let args = pair.chain.opened().unwrap();
        assert_eq!((args.network_id, args.subnet_id, args.chain_id), (1337, Id::from([1; 32]), Id::from([2; 32])));
        assert_eq!((args.node_id.as_bytes(), args.public_key.as_ref()), (&[3; 20], [4; 48].as_slice()));
        assert_eq!((args.genesis.as_ref(), args.upgrade.as_ref()), (b"{}".as_slice(), b"upgrade".as_slice()));
        assert_eq!((args.config.as_ref(), args.server_addr), (b"config".as_slice(), pair.host.services_addr()));
        let upgrades = args.network_upgrades.unwrap();
        assert_eq!((upgrades.durango, upgrades.etna, upgrades.granite), (Some(10), Some(20), Some(30)));
        assert_eq!((upgrades.helicon, upgrades.granite_epoch_ms), (None, Some(30_000)));
        // The record went into the host's database while Initialize was running.
        assert_eq!(pair.host.database()[chain::RECORD], Bytes::from_static(b"0"));

        assert_eq!(vm.version(()).await.unwrap().into_inner().version, "fake/1");
        let handlers = vm.create_handlers(()).await.unwrap().into_inner().handlers;
        assert_eq!(handlers.iter().map(|handler| handler.prefix.as_str()).collect::<Vec<_>>(), ["/rpc", "/broken"]);
        assert_eq!(vm.new_http_handler(()).await.unwrap().into_inner().server_addr, "");
        let sync = vm.state_sync_enabled(()).await.unwrap().into_inner();
        assert_eq!((sync.enabled, sync.err), (false, STATE_SYNC_NOT_IMPLEMENTED));
        let bootstrapping = vm.set_state(state_of(dialect.states.bootstrapping)).await.unwrap().into_inner();
        assert_eq!(bootstrapping.last_accepted_id, Bytes::from(genesis.meta.id));
        let node = vm::ConnectedRequest { node_id: vec![3; 20].into(), ..Default::default() };
        vm.connected(node).await.unwrap();
        let at = vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height: 0 }).await.unwrap().into_inner();
        assert_eq!((at.blk_id, at.err), (Bytes::from(genesis.meta.id), 0));
        let preferred = vm::SetPreferenceRequest { id: genesis.meta.id.into() };
        vm.set_preference(preferred).await.unwrap();
        vm.set_state(state_of(dialect.states.normal)).await.unwrap();

        let mut parent = genesis.meta;
        for p_chain_height in [None, Some(7), Some(8)] {
            let mut waiter = vm.clone();
            let waiting = tokio::spawn(async move { waiter.wait_for_event(()).await });
            pair.chain.want_block();
            assert_eq!(waiting.await.unwrap().unwrap().into_inner().message, vm::Message::BuildBlock.into());
            let built = vm.build_block(vm::BuildBlockRequest { p_chain_height }).await.unwrap().into_inner();
            assert_eq!((&built.parent_id, built.height), (&Bytes::from(parent.id), parent.height + 1));
            assert!(built.verify_with_context);
            let verify = vm::BlockVerifyRequest { bytes: built.bytes.clone(), p_chain_height };
            let verified = vm.block_verify(verify).await.unwrap().into_inner();
            assert_eq!(verified.timestamp, built.timestamp);
            vm.set_preference(vm::SetPreferenceRequest { id: built.id.clone() }).await.unwrap();
            let parse = vm::ParseBlockRequest { bytes: built.bytes.clone() };
            let parsed = vm.parse_block(parse).await.unwrap().into_inner();
            assert_eq!((&parsed.id, &parsed.parent_id), (&built.id, &built.parent_id));
            assert_eq!((parsed.height, parsed.timestamp), (built.height, built.timestamp));
            assert!(parsed.verify_with_context);
            vm.block_accept(vm::BlockAcceptRequest { id: built.id.clone() }).await.unwrap();
            let got = vm.get_block(vm::GetBlockRequest { id: built.id }).await.unwrap().into_inner();
            assert_eq!((got.parent_id, got.height, got.err), (built.parent_id, built.height, 0));
            assert_eq!((&got.bytes, got.timestamp), (&built.bytes, built.timestamp));
            parent = decode(built.bytes).unwrap().meta;
        }
        // 400 ms a block: the part of the second passes.
        let time = vm.set_state(state_of(dialect.states.normal)).await.unwrap().into_inner().timestamp.unwrap();
        assert_eq!((time.seconds, time.nanos), (1_764_547_201, 200_000_000));

        let sibling = block(genesis.meta.id, 1, 0, b"sibling");
        let sibling_id = decode(sibling.clone()).unwrap().meta.id;
        vm.block_verify(vm::BlockVerifyRequest { bytes: sibling, p_chain_height: None }).await.unwrap();
        vm.block_reject(vm::BlockRejectRequest { id: sibling_id.into() }).await.unwrap();
        let gone = vm.get_block(vm::GetBlockRequest { id: sibling_id.into() }).await.unwrap().into_inner();
        assert_eq!(gone.err, NOT_FOUND);

        assert!(vm.gather(()).await.unwrap().into_inner().metric_families.is_empty());
        assert_eq!(vm.health(()).await.unwrap().into_inner().details.as_ref(), b"{\"height\":0}");
        vm.disconnected(vm::DisconnectedRequest { node_id: vec![3; 20].into() }).await.unwrap();

        let chain = Arc::clone(&pair.chain);
        let took = pair.end().await;
        assert!(took < Duration::from_secs(4), "{took:?}");
        assert_eq!(
            chain.calls(),
            [
                "initialize",
                "record None",
                "set_state bootstrapping",
                "connected NodeID-GvdqXEAMbSARrubpNP44Vqz4krCgYFRu  0.0.0",
                "set_state normal operation",
                "build None",
                "verify 1 None",
                "build Some(7)",
                "verify 2 Some(7)",
                "build Some(8)",
                "verify 3 Some(8)",
                "set_state normal operation",
                "verify 1 None",
                "disconnected NodeID-GvdqXEAMbSARrubpNP44Vqz4krCgYFRu",
                "shutdown",
            ]
        );
    }
}

/// At its start a host asks every plugin for its version and stops it, without opening a chain.
#[tokio::test(flavor = "multi_thread")]
async fn shutdown_before_initialize() {
    for dialect in TABLE {
        let mut pair = Pair::start(dialect).await;
        assert_eq!(pair.plugin.vm.version(()).await.unwrap().into_inner().version, "fake/1");
        let chain = Arc::clone(&pair.chain);
        pair.end().await;
        assert!(chain.calls().is_empty(), "{:?}", chain.calls());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_initialize_is_told_and_closed() {
    for dialect in TABLE {
        let mut pair = Pair::start(dialect).await;
        let request = vm::InitializeRequest { genesis_bytes: "bad".into(), ..pair.initialize_request() };
        let status = pair.plugin.vm.initialize(request).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unknown, "genesis: expected an object"));
        let chain = Arc::clone(&pair.chain);
        pair.end().await;
        assert_eq!(chain.calls(), ["initialize", "shutdown"]);
    }
}

/// A status would be the end of the chain for the host; the number is an answer.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_is_an_answer() {
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let vm = &mut pair.plugin.vm;
        let got = vm.get_block(vm::GetBlockRequest { id: vec![9; 32].into() }).await.unwrap().into_inner();
        assert_eq!((got.err, got.bytes.len()), (NOT_FOUND, 0));
        let at = vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest { height: 9 }).await.unwrap().into_inner();
        assert_eq!((at.err, at.blk_id.len()), (NOT_FOUND, 0));
        let ancestors = vm::GetAncestorsRequest {
            blk_id: vec![9; 32].into(),
            max_blocks_num: 10,
            max_blocks_size: 1000,
            max_blocks_retrival_time: 1_000_000_000,
        };
        assert!(vm.get_ancestors(ancestors).await.unwrap().into_inner().blks_bytes.is_empty());

        assert_eq!(vm.state_sync_enabled(()).await.unwrap().into_inner().err, STATE_SYNC_NOT_IMPLEMENTED);
        let ongoing = vm.get_ongoing_sync_state_summary(()).await.unwrap().into_inner();
        assert_eq!(ongoing.err, STATE_SYNC_NOT_IMPLEMENTED);
        assert_eq!(vm.get_last_state_summary(()).await.unwrap().into_inner().err, STATE_SYNC_NOT_IMPLEMENTED);
        let parsed = vm.parse_state_summary(vm::ParseStateSummaryRequest::default()).await.unwrap().into_inner();
        assert_eq!(parsed.err, STATE_SYNC_NOT_IMPLEMENTED);
        let summary = vm.get_state_summary(vm::GetStateSummaryRequest::default()).await.unwrap().into_inner();
        assert_eq!(summary.err, STATE_SYNC_NOT_IMPLEMENTED);
        let accepted = vm.state_summary_accept(vm::StateSummaryAcceptRequest::default()).await.unwrap().into_inner();
        assert_eq!(accepted.err, STATE_SYNC_NOT_IMPLEMENTED);
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused_by_name() {
    for dialect in TABLE {
        let mut pair = Pair::start(dialect).await;
        let short = vm::InitializeRequest { chain_id: vec![2; 31].into(), ..pair.initialize_request() };
        let vm = &mut pair.plugin.vm;
        let status = vm.initialize(short).await.unwrap_err();
        assert_eq!(status.message(), "chain_id: an id of 31 bytes, expected 32");
        let status = vm.get_block(vm::GetBlockRequest { id: Bytes::new() }).await.unwrap_err();
        assert_eq!(status.message(), "id: an id of 0 bytes, expected 32");
        let status = vm.set_state(state_of(77)).await.unwrap_err();
        assert_eq!(status.message(), format!("state 77 has no meaning for {}", dialect.name));
        let status = vm.parse_block(vm::ParseBlockRequest { bytes: "x".into() }).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Unknown, "a block of 1 bytes, expected at least 48"));
        pair.end().await;
    }
}

/// The host cancels its wait many times a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_wait_is_dropped() {
    for dialect in TABLE {
        let pair = Pair::start_initialized(dialect).await;
        for _ in 0..100 {
            let mut waiter = pair.plugin.vm.clone();
            let waiting = tokio::spawn(async move { waiter.wait_for_event(()).await });
            until(|| pair.chain.waiting() == 1).await;
            waiting.abort();
            until(|| pair.chain.waiting() == 0).await;
        }
        // Level-triggered: what came while nobody waited is told at once, and again.
        pair.chain.want_block();
        for _ in 0..2 {
            let event = pair.plugin.vm.clone().wait_for_event(()).await.unwrap().into_inner();
            assert_eq!(event.message, vm::Message::BuildBlock.into());
        }
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_wait_does_not_delay_the_end() {
    for dialect in TABLE {
        let pair = Pair::start_initialized(dialect).await;
        let mut waiter = pair.plugin.vm.clone();
        let waiting = tokio::spawn(async move { waiter.wait_for_event(()).await });
        until(|| pair.chain.waiting() == 1).await;
        let took = pair.end().await;
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert_eq!(waiting.await.unwrap().unwrap_err().code(), Code::Unavailable);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_have_no_limit() {
    const SIZE: usize = 16 << 20;
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let vm = &mut pair.plugin.vm;
        let bytes = block(genesis().meta.id, 1, 0, &vec![0xab; SIZE]);
        let id = decode(bytes.clone()).unwrap().meta.id;
        let parsed = vm.parse_block(vm::ParseBlockRequest { bytes: bytes.clone() }).await.unwrap().into_inner();
        assert_eq!(parsed.id, Bytes::from(id));
        vm.block_verify(vm::BlockVerifyRequest { bytes: bytes.clone(), p_chain_height: None }).await.unwrap();
        let got = vm.get_block(vm::GetBlockRequest { id: id.into() }).await.unwrap().into_inner();
        assert_eq!(got.bytes, bytes);
        pair.end().await;
    }
}

/// Error texts travel in a header, which HTTP/2 bounds.
#[tokio::test(flavor = "multi_thread")]
async fn long_error_texts_are_cut() {
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let vm = &mut pair.plugin.vm;
        let bytes = block(genesis().meta.id, 1, 0, chain::VERBOSE);
        let verify = vm.block_verify(vm::BlockVerifyRequest { bytes, p_chain_height: None });
        let status = timeout(Duration::from_secs(1), verify).await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unknown);
        assert!(status.message().starts_with("éééé"), "{status:?}");
        assert!((1000..=1024).contains(&status.message().len()), "{} bytes", status.message().len());
        assert_eq!(vm.version(()).await.unwrap().into_inner().version, "fake/1");
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_one_call() {
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let vm = &mut pair.plugin.vm;
        let bytes = block(genesis().meta.id, 1, 0, chain::PANIC);
        let status = vm.block_verify(vm::BlockVerifyRequest { bytes, p_chain_height: None }).await.unwrap_err();
        assert_eq!(status.message(), "internal error: on purpose");
        assert_eq!(vm.version(()).await.unwrap().into_inner().version, "fake/1");
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_calls_at_once() {
    for dialect in TABLE {
        let pair = Pair::start_initialized(dialect).await;
        let mut calls = JoinSet::new();
        let started = Instant::now();
        for index in 0..64_u64 {
            let mut vm = pair.plugin.vm.clone();
            calls.spawn(async move {
                // Every second one is on a sibling, every other on the same block.
                let time = if index % 2 == 0 { index } else { 1 };
                let bytes = block(genesis().meta.id, 1, time, chain::SLOW);
                let id = decode(bytes.clone()).unwrap().meta.id;
                vm.block_verify(vm::BlockVerifyRequest { bytes: bytes.clone(), p_chain_height: None }).await.unwrap();
                let got = vm.get_block(vm::GetBlockRequest { id: id.into() }).await.unwrap().into_inner();
                assert_eq!(got.bytes, bytes);
            });
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap();
        }
        // One after the other they would take 64 times as long as one.
        assert!(started.elapsed() < chain::SLOW_TIME * 16, "{:?}", started.elapsed());
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_parsed_whole_or_not_at_all() {
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let vm = &mut pair.plugin.vm;
        let good: Vec<Bytes> = (1..4).map(|height| block(Id::default(), height, 0, b"")).collect();
        let batch = vm::BatchedParseBlockRequest { request: good.clone() };
        let parsed = vm.batched_parse_block(batch).await.unwrap().into_inner().response;
        assert_eq!(parsed.iter().map(|block| block.height).collect::<Vec<_>>(), [1, 2, 3]);
        let mixed = vec![good[0].clone(), Bytes::from_static(b"garbage"), good[1].clone()];
        let status = vm.batched_parse_block(vm::BatchedParseBlockRequest { request: mixed }).await.unwrap_err();
        assert_eq!(status.message(), "block 1 of the batch: a block of 7 bytes, expected at least 48");
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ancestors_stop_at_each_limit() {
    const SECOND: i64 = 1_000_000_000;
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let vm = &mut pair.plugin.vm;
        let mut bytes = vec![genesis().bytes];
        for height in 1..10 {
            let parent = decode(bytes.last().unwrap().clone()).unwrap().meta.id;
            let next = block(parent, height, 0, &[0; 48]);
            vm.block_verify(vm::BlockVerifyRequest { bytes: next.clone(), p_chain_height: None }).await.unwrap();
            bytes.push(next);
        }
        bytes.reverse();
        let id = decode(bytes[0].clone()).unwrap().meta.id;
        // All but the genesis have 96 bytes and count 100.
        for (count, size, time, expected) in [
            (5, 1_000_000, SECOND, 5),
            (100, 1_000_000, SECOND, 10),
            (100, 300, SECOND, 3),
            (100, 299, SECOND, 2),
            (100, 0, SECOND, 1),
            (100, 1_000_000, 0, 1),
            (0, 1_000_000, SECOND, 0),
            (-1, -1, -1, 0),
        ] {
            let request = vm::GetAncestorsRequest {
                blk_id: id.into(),
                max_blocks_num: count,
                max_blocks_size: size,
                max_blocks_retrival_time: time,
            };
            let got = vm.get_ancestors(request).await.unwrap().into_inner().blks_bytes;
            assert_eq!(got, bytes[..expected], "{count} blocks, {size} bytes, {time} ns");
        }
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_requests_pass_through() {
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
        let element = |key: &str, value: &str| Element { key: key.to_owned(), values: vec![value.to_owned()] };
        let request = HandleSimpleHttpRequest {
            method: "POST".to_owned(),
            url: "/ext/bc/2x/rpc?a=1".to_owned(),
            request_headers: vec![element("X-Question", "why")],
            body: vec![b'z'; 10 << 20].into(),
            response_headers: vec![element("Node-Id", "n"), element("Content-Type", "text/plain")],
        };

        let mut rpc = pair.host.http(&handlers[0].server_addr).await.unwrap();
        let answer = rpc.handle_simple(request.clone()).await.unwrap().into_inner();
        assert_eq!(answer.code, 203);
        let start = b"POST /ext/bc/2x/rpc?a=1 \"why\" ";
        assert!(answer.body.starts_with(start), "{:?}", &answer.body[..start.len()]);
        assert_eq!(answer.body.len(), start.len() + (10 << 20));
        assert_eq!(
            answer.headers,
            [element("Node-Id", "n"), element("Content-Type", "text/x-echo"), element("X-Answer", "yes")]
        );

        let bad = HandleSimpleHttpRequest { url: "/ %".to_owned(), ..request.clone() };
        assert_eq!(rpc.handle_simple(bad).await.unwrap().into_inner().code, 400);

        let status = rpc.handle(HttpRequest::default()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::InvalidArgument, "request is missing"));

        let mut broken = pair.host.http(&handlers[1].server_addr).await.unwrap();
        for _ in 0..2 {
            let answer = broken.handle_simple(request.clone()).await.unwrap().into_inner();
            assert_eq!((answer.code, answer.body.as_ref()), (500, b"internal error".as_slice()));
        }
        pair.end().await;
    }
}

/// A host keeps a request of HTTP/2 open while it is answered.
#[tokio::test(flavor = "multi_thread")]
async fn streamed_requests_are_answered() {
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
        let addr = pair.host.proxy(&handlers[0].server_addr, true).await.unwrap();
        let mut user = TcpStream::connect(addr).await.unwrap();
        for size in [0, 1, 3 << 20] {
            let head =
                format!("POST /rpc?a=1 HTTP/1.1\r\nx-question: why\r\nContent-Length: {size}\r\nHost: here\r\n\r\n");
            user.write_all(head.as_bytes()).await.unwrap();
            user.write_all(&vec![b'z'; size]).await.unwrap();
            let (head, body) = response(&mut user).await;
            assert!(head.starts_with("HTTP/1.1 203 "), "{head}");
            for line in ["Node-Id: n", "Content-Type: text/x-echo", "X-Answer: yes"] {
                assert!(head.lines().any(|known| known == line), "{head}");
            }
            let expected = [b"POST /rpc?a=1 \"why\" ".as_slice(), &vec![b'z'; size]].concat();
            assert!(body == expected, "{} bytes for {size}", body.len());
        }
        // One byte more than a handler takes, whatever comes.
        user.write_all(b"POST /rpc HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n").await.unwrap();
        user.write_all(&vec![b'z'; 9_000_000]).await.unwrap();
        let (_, body) = response(&mut user).await;
        assert_eq!(body.len() - b"POST /rpc \"\" ".len(), (8 << 20) + 1);
        drop(user);

        let addr = pair.host.proxy(&handlers[1].server_addr, true).await.unwrap();
        let mut user = TcpStream::connect(addr).await.unwrap();
        for target in ["/rpc", "/%"] {
            user.write_all(format!("GET {target} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
            let (head, body) = response(&mut user).await;
            assert!(head.starts_with("HTTP/1.1 500 "), "{head}");
            assert_eq!(body, b"internal error");
        }
        pair.end().await;
    }
}

/// The service takes over a connection, with the bytes that the client sent too early, and the call stays open until the
/// service lets go of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_changes_hands() {
    for dialect in TABLE {
        let mut pair = Pair::start_initialized(dialect).await;
        let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
        let addr = pair.host.proxy(&handlers[0].server_addr, false).await.unwrap();

        let mut user = TcpStream::connect(addr).await.unwrap();
        let head = "GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nearly";
        user.write_all(head.as_bytes()).await.unwrap();
        let head = head_of(&mut user).await;
        assert_eq!(head, "HTTP/1.1 101 Switching Protocols\r\nNode-Id: n\r\nUpgrade: shout\r\n\r\n");
        let mut early = [0; 5];
        user.read_exact(&mut early).await.unwrap();
        assert_eq!(&early, b"EARLY");
        let (mut read, mut write) = user.split();
        let sent = vec![b'a'; 5 << 20];
        let writing = async { write.write_all(&sent).await.unwrap() };
        let mut got = vec![0; 5 << 20];
        let reading = async { read.read_exact(&mut got).await.unwrap() };
        tokio::join!(writing, reading);
        assert!(got.iter().all(|byte| *byte == b'A'));
        // The service lets go at this byte, and the host closes.
        write.write_all(b"!").await.unwrap();
        assert_eq!(read.read(&mut got).await.unwrap(), 0);

        // A service that does not agree answers as ever, and the connection stays the host's.
        let mut user = TcpStream::connect(addr).await.unwrap();
        for _ in 0..2 {
            let head = "POST /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nzz";
            user.write_all(head.as_bytes()).await.unwrap();
            let (head, body) = response(&mut user).await;
            assert!(head.starts_with("HTTP/1.1 203 "), "{head}");
            assert_eq!(body, b"POST /ws \"\" zz");
        }

        // A client that goes away ends the service's reading; one that stays does not hold up the end of the process.
        let mut users = Vec::new();
        for _ in 0..20 {
            let mut user = TcpStream::connect(addr).await.unwrap();
            user.write_all(b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n").await.unwrap();
            assert!(head_of(&mut user).await.starts_with("HTTP/1.1 101 "));
            users.push(user);
        }
        until(|| pair.chain.shouting() == 20).await;
        users.truncate(10);
        until(|| pair.chain.shouting() == 10).await;
        let took = pair.end().await;
        assert!(took < Duration::from_secs(4), "{took:?}");
        for mut user in users {
            assert_eq!(user.read(&mut got).await.unwrap(), 0);
        }
    }
}

async fn head_of(user: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(user.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn response(user: &mut TcpStream) -> (String, Vec<u8>) {
    let head = head_of(user).await;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    user.read_exact(&mut body).await.unwrap();
    (head, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_that_it_serves() {
    for dialect in TABLE {
        let mut pair = Pair::start(dialect).await;
        let check = |service: &str| HealthCheckRequest { service: service.to_owned() };
        let whole = pair.plugin.health.check(check("")).await.unwrap().into_inner();
        assert_eq!(whole.status, ServingStatus::Serving.into());
        let status = pair.plugin.health.check(check("nothing")).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        pair.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_with_another_number_is_named() {
    for dialect in TABLE {
        for other in [dialect.protocol - 1, dialect.protocol + 1] {
            let host = TestHost::start_with_protocol(dialect, other).await.unwrap();
            let error = run(Chain::new(), &host.environment()).await.unwrap_err();
            let ServeError::Mismatch { host, plugin } = error else { panic!("{error:?}") };
            assert_eq!((host, plugin), (other, dialect.protocol));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_host_is_named() {
    for dialect in TABLE {
        // Port 1 of loopback has no listener.
        let environment = [(dialect.env, "127.0.0.1:1")].into_iter().collect();
        let error = run(Chain::new(), &environment).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("cannot reach the host at 127.0.0.1:1: "), "{text}");
        assert!(text.contains("refused"), "{text}");
    }
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), wait).await.expect("the condition comes true within 5 s");
}

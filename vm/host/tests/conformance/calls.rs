//! The calls of a chain's life, in their order and out of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pars_host::dialect::{Dialect, Transport};
use pars_host::testhost::TestHost;
use pars_host::{Id, Numbers, ServeError, run};
use pars_proto::host::grpc::health::v1::HealthCheckRequest;
use pars_proto::host::grpc::health::v1::health_check_response::ServingStatus;
use pars_proto::host::io::prometheus::client::MetricType;
use pars_proto::host::vm;
use tonic::Code;

use crate::chain::{self, Chain, block, decode, genesis};
use crate::pair::{Pair, until};

/// What is left of a text where hosts get a number.
const INTERNAL: &str = "internal error";
/// Errors that are answers.
const NOT_FOUND: i32 = 2;
const STATE_SYNC_NOT_IMPLEMENTED: i32 = 3;

const fn state_of(number: i32) -> vm::SetStateRequest {
    vm::SetStateRequest { state: number }
}

/// Where hosts get less in answers: numbers instead of texts, and nothing for a phase.
fn over_zap(dialect: &Dialect) -> bool {
    dialect.transport == Transport::Zap
}

/// The order of calls that a real host was seen to make.
pub(crate) async fn a_whole_life(dialect: &'static Dialect) {
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
    let subnet = if dialect.name == "luxd" { Id::default() } else { Id::from([1; 32]) };
    assert_eq!((args.network_id, args.subnet_id, args.chain_id), (1337, subnet, Id::from([2; 32])));
    assert_eq!((args.node_id.as_bytes(), args.public_key.as_ref()), (&[3; 20], [4; 48].as_slice()));
    assert_eq!((args.genesis.as_ref(), args.upgrade.as_ref()), (b"{}".as_slice(), b"upgrade".as_slice()));
    assert_eq!(args.config.as_ref(), b"config");
    let lent = (args.server_addr, args.validator_server_addr);
    if over_zap(dialect) {
        assert_eq!(lent, (String::new(), pair.host.services_addr()));
        assert_eq!(args.network_upgrades, None);
    } else {
        assert_eq!(lent, (pair.host.services_addr(), String::new()));
        let upgrades = args.network_upgrades.unwrap();
        assert_eq!((upgrades.durango, upgrades.etna, upgrades.granite), (Some(10), Some(20), Some(30)));
        let sent = (upgrades.helicon, upgrades.granite_epoch_ms);
        assert_eq!(sent, if dialect.sends_epochs { (Some(40), Some(30_000)) } else { (None, None) });
    }
    // The record went into the host's database while Initialize was running.
    assert_eq!(pair.host.database()[chain::RECORD], Bytes::from_static(b"0"));

    assert_eq!(vm.version(()).await.unwrap().into_inner().version, "fake/1");
    let handlers = vm.create_handlers(()).await.unwrap().into_inner().handlers;
    assert_eq!(handlers.iter().map(|handler| handler.prefix.as_str()).collect::<Vec<_>>(), ["/rpc", "/broken"]);
    assert_eq!(vm.new_http_handler(()).await.unwrap().into_inner().server_addr, "");
    let sync = vm.state_sync_enabled(()).await.unwrap().into_inner();
    assert_eq!((sync.enabled, sync.err), (false, STATE_SYNC_NOT_IMPLEMENTED));
    let bootstrapping = vm.set_state(state_of(dialect.states.bootstrapping)).await.unwrap().into_inner();
    if !over_zap(dialect) {
        assert_eq!(bootstrapping.last_accepted_id, Bytes::from(genesis.meta.id));
    }
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
        assert_eq!(waiting.await.unwrap().unwrap().into_inner().message(), vm::Message::BuildBlock);
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
    let again = vm.set_state(state_of(dialect.states.normal)).await.unwrap().into_inner();
    if !over_zap(dialect) {
        let time = again.timestamp.unwrap();
        assert_eq!((time.seconds, time.nanos), (1_764_547_201, 200_000_000));
    }

    let sibling = block(genesis.meta.id, 1, 0, b"sibling");
    let sibling_id = decode(sibling.clone()).unwrap().meta.id;
    vm.block_verify(vm::BlockVerifyRequest { bytes: sibling, p_chain_height: None }).await.unwrap();
    vm.block_reject(vm::BlockRejectRequest { id: sibling_id.into() }).await.unwrap();
    let gone = vm.get_block(vm::GetBlockRequest { id: sibling_id.into() }).await.unwrap().into_inner();
    assert_eq!(gone.err, NOT_FOUND);

    assert_eq!(vm.health(()).await.unwrap().into_inner().details.as_ref(), b"{\"height\":0,\"phase\":\"none\"}");
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

/// At its start a host asks every plugin for its version and stops it, without opening a chain.
pub(crate) async fn shutdown_before_initialize(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    assert_eq!(pair.plugin.vm.version(()).await.unwrap().into_inner().version, "fake/1");
    let chain = Arc::clone(&pair.chain);
    pair.end().await;
    assert!(chain.calls().is_empty(), "{:?}", chain.calls());
}

pub(crate) async fn a_failed_initialize_is_told_and_closed(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    let request = vm::InitializeRequest { genesis_bytes: "bad".into(), ..pair.initialize_request() };
    let status = pair.plugin.vm.initialize(request).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unknown, "genesis: expected an object"));
    let chain = Arc::clone(&pair.chain);
    pair.end().await;
    assert_eq!(chain.calls(), ["initialize", "shutdown"]);
}

/// A status would be the end of the chain for the host; the number is an answer.
pub(crate) async fn what_is_unknown_is_an_answer(dialect: &'static Dialect) {
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

/// The host cancels its wait many times a minute.
pub(crate) async fn a_cancelled_wait_is_dropped(dialect: &'static Dialect) {
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
        assert_eq!(event.message(), vm::Message::BuildBlock);
    }
    pair.end().await;
}

pub(crate) async fn an_open_wait_does_not_delay_the_end(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let mut waiter = pair.plugin.vm.clone();
    let waiting = tokio::spawn(async move { waiter.wait_for_event(()).await });
    until(|| pair.chain.waiting() == 1).await;
    let took = pair.end().await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    let status = waiting.await.unwrap().unwrap_err();
    // Where the connection is the host's only one, its end may be heard first.
    assert!(status.code() == Code::Unavailable || status.message() == "the plugin is shutting down", "{status:?}");
}

pub(crate) async fn a_batch_is_parsed_whole_or_not_at_all(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let vm = &mut pair.plugin.vm;
    let good: Vec<Bytes> = (1..4).map(|height| block(Id::default(), height, 0, b"")).collect();
    let batch = vm::BatchedParseBlockRequest { request: good.clone() };
    let parsed = vm.batched_parse_block(batch).await.unwrap().into_inner().response;
    assert_eq!(parsed.iter().map(|block| block.height).collect::<Vec<_>>(), [1, 2, 3]);
    let mixed = vec![good[0].clone(), Bytes::from_static(b"garbage"), good[1].clone()];
    let status = vm.batched_parse_block(vm::BatchedParseBlockRequest { request: mixed }).await.unwrap_err();
    let text = "block 1 of the batch: a block of 7 bytes, expected at least 48";
    assert_eq!(status.message(), if over_zap(dialect) { INTERNAL } else { text });
    pair.end().await;
}

pub(crate) async fn ancestors_stop_at_each_limit(dialect: &'static Dialect) {
    const SECOND: i64 = 1_000_000_000;
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

pub(crate) async fn the_server_says_that_it_serves(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    let check = |service: &str| HealthCheckRequest { service: service.to_owned() };
    let health = &mut pair.plugin.grpc.as_mut().unwrap().health;
    let whole = health.check(check("")).await.unwrap().into_inner();
    assert_eq!(whole.status(), ServingStatus::Serving);
    let status = health.check(check("nothing")).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    pair.end().await;
}

pub(crate) async fn a_host_with_another_number_is_named(dialect: &'static Dialect) {
    for other in [dialect.protocol - 1, dialect.protocol + 1] {
        let host = TestHost::start_with_protocol(dialect, other).await.unwrap();
        let error = run(Chain::new(), &host.environment(), &Numbers::default()).await.unwrap_err();
        // A host of ZAP does not say its own.
        let named = if over_zap(dialect) {
            matches!(error, ServeError::Refused { plugin, .. } if plugin == dialect.protocol)
        } else {
            matches!(error, ServeError::Mismatch { host, plugin, .. } if (host, plugin) == (other, dialect.protocol))
        };
        assert!(named, "{error:?}");
    }
}

pub(crate) async fn an_absent_host_is_named(dialect: &'static Dialect) {
    // Port 1 of loopback has no listener.
    let environment = [(dialect.envs[0], "127.0.0.1:1")].into_iter().collect();
    let error = run(Chain::new(), &environment, &Numbers::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("cannot reach the host at 127.0.0.1:1: "), "{text}");
    assert!(text.contains("refused"), "{text}");
}

/// Nothing that needs a chain is answered before there is one; version, health and measurements are.
pub(crate) async fn calls_before_initialize(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    let vm = &mut pair.plugin.vm;
    let refused = [
        vm.set_state(state_of(dialect.states.normal)).await.map(drop),
        vm.create_handlers(()).await.map(drop),
        vm.wait_for_event(()).await.map(drop),
        vm.build_block(vm::BuildBlockRequest::default()).await.map(drop),
        vm.parse_block(vm::ParseBlockRequest::default()).await.map(drop),
        vm.get_block(vm::GetBlockRequest { id: vec![1; 32].into() }).await.map(drop),
        vm.set_preference(vm::SetPreferenceRequest::default()).await.map(drop),
        vm.get_ancestors(vm::GetAncestorsRequest::default()).await.map(drop),
        vm.batched_parse_block(vm::BatchedParseBlockRequest { request: vec![Bytes::new()] }).await.map(drop),
        vm.get_block_id_at_height(vm::GetBlockIdAtHeightRequest::default()).await.map(drop),
        vm.block_verify(vm::BlockVerifyRequest::default()).await.map(drop),
        vm.block_accept(vm::BlockAcceptRequest::default()).await.map(drop),
        vm.block_reject(vm::BlockRejectRequest::default()).await.map(drop),
    ];
    for (index, refused) in refused.into_iter().enumerate() {
        let status = refused.expect_err("no chain");
        let expected = (Code::FailedPrecondition, "Initialize has not come yet");
        let got = (status.code(), status.message());
        let numbered = over_zap(dialect) && [(Code::Unknown, expected.1), (Code::Unknown, INTERNAL)].contains(&got);
        assert!(got == expected || numbered, "call {index}: {status:?}");
    }
    assert_eq!(vm.version(()).await.unwrap().into_inner().version, "fake/1");
    vm.health(()).await.unwrap();
    vm.gather(()).await.unwrap();
    assert_eq!(vm.new_http_handler(()).await.unwrap().into_inner().server_addr, "");
    let chain = Arc::clone(&pair.chain);
    pair.end().await;
    assert!(chain.calls().is_empty(), "{:?}", chain.calls());
}

/// A host builds when it is through with what was decided before it came.
pub(crate) async fn blocks_are_built_in_normal_operation_only(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let vm = &mut pair.plugin.vm;
    for state in [None, Some(dialect.states.state_syncing), Some(dialect.states.bootstrapping)] {
        if let Some(state) = state {
            vm.set_state(state_of(state)).await.unwrap();
        }
        let refused = vm.build_block(vm::BuildBlockRequest::default()).await.unwrap_err();
        let text = "blocks are built in normal operation only";
        assert_eq!(refused.message(), if over_zap(dialect) { INTERNAL } else { text });
    }
    vm.set_state(state_of(dialect.states.normal)).await.unwrap();
    vm.build_block(vm::BuildBlockRequest::default()).await.unwrap();
    pair.end().await;
}

/// A chain opens once; an attempt that failed is no opening.
pub(crate) async fn initialize_comes_once(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    let good = pair.initialize_request();
    let bad = vm::InitializeRequest { genesis_bytes: "bad".into(), ..good.clone() };
    pair.plugin.vm.initialize(bad).await.unwrap_err();
    pair.plugin.vm.initialize(good.clone()).await.unwrap();
    for _ in 0..2 {
        let status = pair.plugin.vm.initialize(good.clone()).await.unwrap_err();
        assert_eq!(status.message(), "Initialize came already");
        assert_eq!(status.code(), if over_zap(dialect) { Code::Unknown } else { Code::FailedPrecondition });
    }
    let chain = Arc::clone(&pair.chain);
    pair.end().await;
    let opened = chain.calls().iter().filter(|call| *call == "initialize").count();
    assert_eq!((opened, chain.calls().last().map(String::as_str)), (2, Some("shutdown")));
}

/// A host that says it again gets the same answer.
pub(crate) async fn shutdown_comes_again(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    pair.plugin.vm.shutdown(()).await.unwrap();
    pair.plugin.vm.shutdown(()).await.unwrap();
    let chain = Arc::clone(&pair.chain);
    pair.end().await;
    assert_eq!(chain.calls().iter().filter(|call| *call == "shutdown").count(), 1);
}

/// The end is bounded, whatever the chain is at: opening, a call that goes on, closing itself.
pub(crate) async fn the_end_does_not_wait_for_long_work(dialect: &'static Dialect) {
    const ALL: Duration = Duration::from_secs(10);
    let mut pair = Pair::start(dialect).await;
    let slow = vm::InitializeRequest { genesis_bytes: chain::ENDLESS.into(), ..pair.initialize_request() };
    let mut opener = pair.plugin.vm.clone();
    let opening = tokio::spawn(async move { opener.initialize(slow).await });
    until(|| !pair.chain.calls().is_empty()).await;
    let status = pair.plugin.vm.initialize(pair.initialize_request()).await.unwrap_err();
    assert_eq!(status.message(), "Initialize came already");
    let since = Instant::now();
    pair.end().await;
    assert!(since.elapsed() < ALL, "an opening: {:?}", since.elapsed());
    // In a process of its own, its end would end this call.
    opening.abort();

    let pair = Pair::start_initialized(dialect).await;
    let mut verifier = pair.plugin.vm.clone();
    let bytes = block(genesis().meta.id, 1, 0, chain::ENDLESS);
    let request = vm::BlockVerifyRequest { bytes, p_chain_height: None };
    let verifying = tokio::spawn(async move { verifier.block_verify(request).await });
    until(|| pair.chain.calls().iter().any(|call| call == "endless")).await;
    let since = Instant::now();
    pair.end().await;
    assert!(since.elapsed() < ALL, "a verification: {:?}", since.elapsed());
    verifying.abort();

    let mut pair = Pair::start_initialized(dialect).await;
    pair.chain.close_never();
    let since = Instant::now();
    let status = pair.plugin.vm.shutdown(()).await.unwrap_err();
    let text = "the chain did not close within 4 s: the process ends with what is stored";
    assert_eq!((status.code(), status.message()), (Code::Unknown, text));
    pair.ended().await;
    assert!(since.elapsed() < ALL, "closing: {:?}", since.elapsed());
}

/// Measurements arrive as Prometheus has them.
pub(crate) async fn measurements_are_gathered(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    let families = pair.plugin.vm.gather(()).await.unwrap().into_inner().metric_families;
    let [height, times] = families.as_slice() else { panic!("{families:?}") };
    assert_eq!((height.name.as_deref(), height.help.as_deref()), (Some("fake_height"), Some("Height.")));
    assert_eq!(height.r#type(), MetricType::Gauge);
    assert_eq!(height.metric[0].gauge.unwrap().value, Some(7.0));
    assert_eq!(height.metric[0].label[0].value.as_deref(), Some("main"));
    assert_eq!(times.r#type(), MetricType::Histogram);
    let histogram = times.metric[0].histogram.clone().unwrap();
    assert_eq!((histogram.sample_count, histogram.sample_sum), (Some(3), Some(1.5)));
    let buckets: Vec<_> = histogram.bucket.iter().map(|bucket| (bucket.upper_bound, bucket.cumulative_count)).collect();
    assert_eq!(buckets, [(Some(0.25), Some(1)), (Some(1.0), Some(3))]);
    pair.end().await;
}

//! Messages that are too long, too many or none at all.

use std::time::{Duration, Instant};

use bytes::Bytes;
use pars_host::dialect::{Dialect, Transport};
use pars_proto::host::vm;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Code;

use crate::chain::{self, block, decode, genesis};
use crate::pair::Pair;

pub(crate) async fn malformed_requests_are_refused_by_name(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    let good = pair.initialize_request();
    let short = vm::InitializeRequest { chain_id: vec![2; 31].into(), ..good.clone() };
    let vm = &mut pair.plugin.vm;
    let status = vm.initialize(short).await.unwrap_err();
    assert_eq!(status.message(), "chain_id: an id of 31 bytes, expected 32");
    vm.initialize(good).await.unwrap();
    let status = vm.get_block(vm::GetBlockRequest { id: Bytes::new() }).await.unwrap_err();
    assert_eq!(status.message(), "id: an id of 0 bytes, expected 32");
    let status = vm.set_state(vm::SetStateRequest { state: 77 }).await.unwrap_err();
    assert_eq!(status.message(), format!("state 77 has no meaning for {}", dialect.name));
    let status = vm.parse_block(vm::ParseBlockRequest { bytes: "x".into() }).await.unwrap_err();
    let text = "a block of 1 bytes, expected at least 48";
    let text = if dialect.transport == Transport::Zap { "internal error" } else { text };
    assert_eq!((status.code(), status.message()), (Code::Unknown, text));
    pair.end().await;
}

pub(crate) async fn messages_have_no_limit(dialect: &'static Dialect) {
    const SIZE: usize = 16 << 20;
    let mut pair = Pair::start_initialized(dialect).await;
    let vm = &mut pair.plugin.vm;
    let bytes = block(genesis().meta.id, 1, 0, &vec![0xab; SIZE]);
    let id = decode(bytes.clone()).unwrap().meta.id;
    let parsed = vm.parse_block(vm::ParseBlockRequest { bytes: bytes.clone() }).await.unwrap().into_inner();
    assert_eq!(parsed.id, Bytes::from(id));
    vm.block_verify(vm::BlockVerifyRequest { bytes: bytes.clone(), p_chain_height: None }).await.unwrap();
    let got = vm.get_block(vm::GetBlockRequest { id: id.into() }).await.unwrap().into_inner();
    assert_eq!(got.bytes, bytes);
    let ancestors = vm::GetAncestorsRequest {
        blk_id: id.into(),
        max_blocks_num: 2,
        max_blocks_size: i32::MAX,
        max_blocks_retrival_time: i64::MAX,
    };
    let got = vm.get_ancestors(ancestors).await.unwrap().into_inner().blks_bytes;
    assert_eq!(got, [bytes.clone(), genesis().bytes]);
    let batch = vm::BatchedParseBlockRequest { request: vec![bytes; 2] };
    assert_eq!(vm.batched_parse_block(batch).await.unwrap().into_inner().response.len(), 2);
    pair.end().await;
}

/// Error texts travel in a header, which HTTP/2 bounds.
pub(crate) async fn long_error_texts_are_cut(dialect: &'static Dialect) {
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

pub(crate) async fn a_panic_ends_one_call(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let vm = &mut pair.plugin.vm;
    let bytes = block(genesis().meta.id, 1, 0, chain::PANIC);
    let status = vm.block_verify(vm::BlockVerifyRequest { bytes, p_chain_height: None }).await.unwrap_err();
    assert_eq!(status.message(), "internal error: on purpose");
    assert_eq!(vm.version(()).await.unwrap().into_inner().version, "fake/1");
    pair.end().await;
}

pub(crate) async fn sixty_four_calls_at_once(dialect: &'static Dialect) {
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

/// Bytes that are no message are refused, whatever call they come for, and nothing else notices.
pub(crate) async fn malformed_messages_are_refused(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
    let http = pair.host.raw(&handlers[0].server_addr).await.unwrap();
    let vm = pair.plugin.grpc.as_ref().unwrap().raw.clone();
    let mut refused = 0;
    for path in rpc_paths().iter().filter(|path| !path.ends_with("/Shutdown")) {
        // A tag without a type, a length beyond the end, a varint without one.
        for bytes in [&[0x07][..], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0x08, 0x80], &[0xff; 64]] {
            let mut channel = if path.starts_with("/http.HTTP/") { http.clone() } else { vm.clone() };
            let answer = timeout(Duration::from_secs(5), channel.call(path, Bytes::copy_from_slice(bytes)));
            let status = answer.await.expect(path).expect_err(path);
            assert!(status.message().contains("failed to decode Protobuf message"), "{path}: {status:?}");
            refused += 1;
        }
    }
    assert!(refused >= 4 * 30, "{refused}");
    // Calls and services that there are not.
    for path in ["/vm.VM/Nothing", "/nothing.Nothing/Nothing", "/vm.VM/", "/"] {
        let status = vm.clone().call(path, Bytes::new()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{path}");
    }
    assert_eq!(pair.plugin.vm.version(()).await.unwrap().into_inner().version, "fake/1");
    pair.end().await;
}

/// Connections that speak something else, or begin and say nothing more, take nothing from the host's own.
pub(crate) async fn strangers_on_the_port(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let handlers = pair.plugin.vm.create_handlers(()).await.unwrap().into_inner().handlers;
    let mut strangers = Vec::new();
    for address in [pair.plugin.addr.as_str(), handlers[0].server_addr.as_str()] {
        for words in [
            &b""[..],
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            // Settings, then the start of a frame of 16 MiB.
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\xff\xff\xff\0\0\0\0\0\x01",
            &[0xff; 4_096],
        ] {
            let mut stranger = TcpStream::connect(address).await.unwrap();
            // Whoever says something strange may be hung up on before the end of it.
            drop(stranger.write_all(words).await);
            strangers.push(stranger);
        }
    }
    for _ in 0..20 {
        let version = timeout(Duration::from_secs(1), pair.plugin.vm.version(()));
        assert_eq!(version.await.unwrap().unwrap().into_inner().version, "fake/1");
    }
    let took = pair.end().await;
    assert!(took < Duration::from_secs(4), "{took:?}");
    drop(strangers);
}

/// Every call that the schemas of what a plugin serves have, as `/package.Service/Method`.
fn rpc_paths() -> Vec<String> {
    let mut paths = Vec::new();
    for schema in [
        include_str!("../../../../proto/host/vm/vm.proto"),
        include_str!("../../../../proto/host/http/http.proto"),
        include_str!("../../../../proto/host/grpc/health/v1/health.proto"),
    ] {
        let word = |line: &str, start: &str| {
            let rest = line.trim().strip_prefix(start)?;
            rest.split([' ', '(', ';', '{']).next().map(str::to_owned)
        };
        let (mut package, mut service) = (String::new(), String::new());
        for line in schema.lines() {
            if let Some(name) = word(line, "package ") {
                package = name;
            } else if let Some(name) = word(line, "service ") {
                service = name;
            } else if let Some(name) = word(line, "rpc ") {
                paths.push(format!("/{package}.{service}/{name}"));
            }
        }
    }
    paths
}

//! What only hosts of ZAP do: frames that are odd, and a connection that is the host itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use pars_host::HostError;
use pars_host::dialect::Dialect;
use pars_host::testhost::{Line, Vm};
use pars_host::zap::frame::{ERROR, PAYLOAD_BYTES_MAX, REPLY, encode};
use pars_host::zap::message::{self as msg, Details, error, vm as kind};
use pars_host::zap::wire::{Raw, Value};
use pars_proto::host::vm;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::chain::{self, block, genesis};
use crate::pair::{Pair, until};

fn line(pair: &Pair) -> Line {
    let Vm::Zap(line) = &pair.plugin.vm else { panic!("this step is for ZAP") };
    line.clone()
}

async fn ask<T: Value>(line: &Line, kind: u8, message: &(impl Value + Sync)) -> T {
    T::decode(line.ask(kind, message).await.unwrap()).unwrap()
}

/// By the host's silence; and the connection on which it was silent is the one that it takes.
pub(crate) async fn a_transport_that_is_not_said_is_found(dialect: &'static Dialect) {
    let mut pair = Pair::start_without(dialect, "VM_TRANSPORT").await;
    assert_eq!(pair.plugin.vm.version(()).await.unwrap().into_inner().version, "fake/1");
    pair.end().await;
}

/// Types without a meaning, bodies that are none, frames without a number, one-way sends and replies: each is refused or
/// passed over by itself, and the next is heard.
pub(crate) async fn odd_frames_are_refused_one_by_one(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let line = line(&pair);
    for unknown in [0, 32, 39, 44, 53, 59, 62, 63] {
        let refused = line.ask(unknown, &()).await.unwrap_err();
        assert_eq!(refused.message(), format!("type {unknown} is no call of a chain"));
    }
    for short in [kind::SET_STATE, kind::PARSE_BLOCK, kind::GET_BLOCK, kind::BLOCK_VERIFY, kind::GET_ANCESTORS] {
        let refused = line.ask(short, &()).await.unwrap_err();
        assert_eq!(refused.message(), "the message ends early", "{short}");
    }
    let mut many = BytesMut::new();
    many.put_u32(u32::MAX);
    many.put_u32(0);
    let refused = line.ask(kind::BATCHED_PARSE_BLOCK, &Raw(many.freeze())).await.unwrap_err();
    assert_eq!(refused.message(), "a list of 4294967295 items in 4 bytes");
    // Nothing of this is answered, and the version behind it is.
    let mut bytes = BytesMut::new();
    for payload in [&[][..], &[1], &[0, 0, 1]] {
        bytes.put_u32(u32::try_from(payload.len()).unwrap());
        bytes.put_u8(kind::VERSION);
        bytes.put_slice(payload);
    }
    for one_way in kind::ONE_WAY {
        bytes.put_slice(&encode(one_way, 80, &()).unwrap());
    }
    bytes.put_slice(&encode(kind::VERSION | REPLY, 77, &()).unwrap());
    bytes.put_slice(&encode(kind::VERSION | ERROR | REPLY, 78, &()).unwrap());
    bytes.put_slice(&encode(kind::VERSION | ERROR, 78, &()).unwrap());
    bytes.put_slice(&encode(kind::VERSION, 79, &()).unwrap());
    let frame = line.send(bytes.freeze(), 79).await.unwrap();
    assert_eq!(frame.kind, kind::VERSION | REPLY);
    pair.end().await;
}

/// A host has no way to give up a wait; what it forgot does not pile up, and the youngest is answered.
pub(crate) async fn forgotten_waits_do_not_pile_up(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let line = line(&pair);
    let mut waits = Vec::new();
    for _ in 0..50 {
        let line = line.clone();
        waits.push(tokio::spawn(async move { line.ask(kind::WAIT_FOR_EVENT, &()).await }));
        sleep(Duration::from_millis(2)).await;
    }
    until(|| pair.chain.waiting() == 4).await;
    pair.chain.want_block();
    let mut outcomes = Vec::new();
    for wait in waits {
        outcomes.push(wait.await.unwrap().map_err(|status| status.message().to_owned()));
    }
    let (anew, told) = outcomes.split_at(46);
    assert!(anew.iter().all(|outcome| outcome.as_ref() == Err(&"the host waits anew".to_owned())), "{anew:?}");
    assert!(told.iter().all(|outcome| outcome.as_ref() == Ok(&Bytes::from_static(&[1]))), "{told:?}");
    pair.end().await;
}

/// Hosts ask for a block until they have decided, and mean one block.
pub(crate) async fn a_block_is_built_once_until_it_is_decided(dialect: &'static Dialect) {
    let mut pair = Pair::start_normal(dialect).await;
    let vm = &mut pair.plugin.vm;
    let ask = || vm::BuildBlockRequest::default();
    let first = vm.build_block(ask()).await.unwrap().into_inner();
    assert_eq!(vm.build_block(ask()).await.unwrap().into_inner(), first);
    let verify = vm::BlockVerifyRequest { bytes: first.bytes.clone(), p_chain_height: None };
    vm.block_verify(verify).await.unwrap();
    vm.set_preference(vm::SetPreferenceRequest { id: first.id.clone() }).await.unwrap();
    assert_eq!(vm.build_block(ask()).await.unwrap().into_inner(), first);
    vm.block_accept(vm::BlockAcceptRequest { id: first.id.clone() }).await.unwrap();
    let second = vm.build_block(ask()).await.unwrap().into_inner();
    assert_eq!((second.height, &second.parent_id), (2, &first.id));
    // Another branch is preferred: what was built is of no use.
    let sibling = block(genesis().meta.id, 1, 9, b"sibling");
    let parse = vm::ParseBlockRequest { bytes: sibling.clone() };
    let id = vm.parse_block(parse).await.unwrap().into_inner().id;
    vm.block_verify(vm::BlockVerifyRequest { bytes: sibling, p_chain_height: None }).await.unwrap();
    vm.set_preference(vm::SetPreferenceRequest { id }).await.unwrap();
    let built = pair.chain.calls().iter().filter(|call| call.starts_with("build")).count();
    assert_eq!(built, 2);
    drop(vm.build_block(ask()).await);
    let built = pair.chain.calls().iter().filter(|call| call.starts_with("build")).count();
    assert_eq!(built, 3);
    pair.end().await;
}

/// Anything but this layout can end a host: it makes room by the first four bytes.
pub(crate) async fn health_is_a_list_of_facts(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let line = line(&pair);
    let msg::HealthResponse { details } = ask(&line, kind::HEALTH, &()).await;
    let facts = [("height", "0"), ("phase", "\"none\"")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(Details::decode(&details).unwrap(), Details(facts.to_vec()));
    assert_eq!(&details[..10], b"\x02\0\0\0\x06\0\0\0he");
    pair.end().await;
}

/// Every block of a batch has its own answer, and no frame is longer than a host reads.
pub(crate) async fn answers_fit_into_frames(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let line = line(&pair);
    let good = block(genesis().meta.id, 1, 0, b"");
    let requests = vec![good.clone(), Bytes::from_static(b"garbage"), good];
    let batch = msg::BatchedParseBlockRequest { requests };
    let parsed: msg::BatchedParseBlockResponse = ask(&line, kind::BATCHED_PARSE_BLOCK, &batch).await;
    let errors: Vec<u8> = parsed.responses.iter().map(|block| block.err).collect();
    assert_eq!(errors, [error::NONE, error::INTERNAL, error::NONE]);

    // The answer repeats the block, and has ids beside.
    let whole = block(genesis().meta.id, 1, 1, &vec![7; PAYLOAD_BYTES_MAX - 200]);
    let parse = msg::ParseBlockRequest { bytes: whole };
    let got: msg::BlockResponse = ask(&line, kind::PARSE_BLOCK, &parse).await;
    assert_eq!(got.err, error::NONE);
    let larger = block(genesis().meta.id, 1, 1, &vec![7; PAYLOAD_BYTES_MAX - 80]);
    let refused = line.ask(kind::PARSE_BLOCK, &msg::ParseBlockRequest { bytes: larger }).await.unwrap_err();
    assert!(refused.message().starts_with("the answer: a frame of 1677"), "{refused}");
    pair.end().await;
}

/// A frame that claims to be longer than frames are ends its connection, and takes no memory. A stranger's end is nobody
/// else's.
pub(crate) async fn strangers_end_alone(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let mut strangers = Vec::new();
    let question = encode(kind::VERSION, 1, &()).unwrap();
    for words in [
        &b""[..],
        b"\x01\0\0\x01\x0e",
        b"\xff\xff\xff\xff\xff",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x01\0\0\0\x0e the start of 16 MiB",
        b"\0\0\0\x04",
        &question[..],
    ] {
        let mut stranger = TcpStream::connect(&pair.plugin.addr).await.unwrap();
        stranger.write_all(words).await.unwrap();
        strangers.push(stranger);
    }
    let mut bytes = [0; 1];
    for long in &mut strangers[1..4] {
        let read = timeout(Duration::from_secs(5), long.read(&mut bytes)).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
    drop(strangers.split_off(3));
    sleep(Duration::from_millis(50)).await;
    assert_eq!(pair.plugin.vm.version(()).await.unwrap().into_inner().version, "fake/1");
    let took = pair.end().await;
    assert!(took < Duration::from_secs(4), "{took:?}");
}

/// The host's connection is the host: without it the chain is closed, `Shutdown` or not.
pub(crate) async fn the_end_of_the_connection_is_the_end(dialect: &'static Dialect) {
    for shut_down in [true, false] {
        let mut pair = Pair::start_initialized(dialect).await;
        if shut_down {
            pair.plugin.vm.shutdown(()).await.unwrap();
        }
        let chain = Arc::clone(&pair.chain);
        let closed = Instant::now();
        pair.hang_up().await;
        assert!(closed.elapsed() < Duration::from_millis(900), "{:?}", closed.elapsed());
        assert_eq!(chain.calls().last().unwrap(), "shutdown");
    }
}

/// One that dials and leaves before it has asked for anything. Others may have come by accident, so it is waited for a while.
pub(crate) async fn a_host_that_asks_nothing_is_gone(dialect: &'static Dialect) {
    let pair = Pair::start(dialect).await;
    let half = b"\0\0\0\x08\x01\0";
    TcpStream::connect(&pair.plugin.addr).await.unwrap().write_all(half).await.unwrap();
    // Whoever comes later does not make it wait longer.
    let addr = pair.plugin.addr.clone();
    let stranger = tokio::spawn(async move {
        loop {
            sleep(Duration::from_secs(8)).await;
            drop(TcpStream::connect(&addr).await);
        }
    });
    let waited = pair.deserted().await;
    stranger.abort();
    assert!((29..35).contains(&waited.as_secs()), "{waited:?}");
}

/// The database of a host that restarts its server is dialled again; what was asked is asked again.
pub(crate) async fn a_broken_line_to_the_host_is_made_again(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let host = pair.chain.host();
    for number in 0..5_u8 {
        pair.host.faults().cut();
        let (key, value) = (Bytes::from_static(b"key"), Bytes::from(vec![number]));
        host.put(key.clone(), value.clone()).await.unwrap();
        pair.host.faults().cut();
        assert_eq!(host.get(key).await.unwrap(), Some(value));
        assert_eq!(host.current_height().await, Ok(7));
    }
    assert_eq!(pair.host.database()[chain::RECORD], Bytes::from_static(b"0"));
    pair.end().await;
}

/// A service that begins anew has some time for that; one that stays away is an error, and soon enough.
pub(crate) async fn an_absent_service_is_asked_again_for_a_while(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let host = pair.chain.host();
    let faults = Arc::clone(pair.host.faults());
    let (key, value) = (Bytes::from_static(b"key"), Bytes::from_static(b"value"));
    faults.leave(true);
    let back = tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        faults.leave(false);
    });
    let since = Instant::now();
    host.put(key.clone(), value.clone()).await.unwrap();
    assert!(since.elapsed() >= Duration::from_millis(900), "{:?}", since.elapsed());
    back.await.unwrap();
    assert_eq!(host.get(key.clone()).await.unwrap(), Some(value));
    pair.host.faults().leave(true);
    let since = Instant::now();
    let got = host.get(key).await;
    assert!(matches!(&got, Err(HostError::Call(text)) if text.starts_with("database: ")), "{got:?}");
    assert!(matches!(host.current_height().await, Err(HostError::Call(text)) if text.starts_with("validator sets: ")));
    assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
    pair.host.faults().leave(false);
    pair.end().await;
}

/// A service that never answers is given up, and does not keep the next question waiting for ever.
pub(crate) async fn an_answer_that_does_not_come_is_given_up(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let host = pair.chain.host();
    pair.host.faults().stall(Duration::from_secs(3_600));
    let asked = timeout(Duration::from_secs(4), host.current_height()).await;
    assert!(asked.is_err(), "it asks again");
    pair.host.faults().stall(Duration::ZERO);
    assert_eq!(host.current_height().await, Ok(7));
    pair.end().await;
}

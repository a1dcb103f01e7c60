//! What comes over connections of ZAP, cut into frames: each request of a host is answered with a frame that can be read,
//! and what is a reply is read as every answer of a host's services, and as every answer of a plugin that has parts.

#![no_main]

use http::{Request, Response};
use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_fuzz::echo::Echo;
use pars_host::dialect::TABLE;
use pars_host::testhost::Inside;
use pars_host::zap::frame::{Cutter, ERROR, REPLY};
use pars_host::zap::message::{
    BatchedParseBlockResponse, BlockResponse, CreateHandlersResponse, Details, ErrResponse, GetAncestorsResponse,
    GetResponse, HasResponse, HealthResponse, InitializeRequest, InitializeResponse, IteratorNextResponse, Number,
    OwnerResponse, ValidatorSetResponse, WarpSetsResponse, vm,
};
use pars_host::zap::wire::Value;
use pars_host::{Bytes, HttpHandler};
use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// A block of nothing has four bytes in a batch, and its answer 94, which are held once more while it is written.
const BOUND: Bound = Bound { each: 160, any: 64 << 10 };

/// Bytes of an error's text.
const TEXT_BYTES_MAX: usize = 1_024;

static PLUGIN: LazyLock<(Runtime, Inside<Echo>)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let handler = HttpHandler::new(
        "/rpc",
        tower::service_fn(|request: Request<Bytes>| async { Ok::<_, Infallible>(Response::new(request.into_body())) }),
    );
    let dialect = TABLE.iter().find(|row| row.transport.name() == "zap").expect("a row");
    let plugin = Inside::new(Arc::new(Echo), handler, dialect);
    // Without any chain every other call would be refused before its message is looked at.
    let (chain_id, node_id) = (Bytes::from_static(&[7; 32]), Bytes::from_static(&[7; 20]));
    let mut body = bytes::BytesMut::new();
    InitializeRequest { chain_id, node_id, ..Default::default() }.write(&mut body);
    let opened = runtime.block_on(plugin.answer(vm::INITIALIZE, 1, body.freeze()));
    assert_eq!(opened.get(4), Some(&(vm::INITIALIZE | REPLY)), "it opens");
    for state in [3, 4] {
        drop(runtime.block_on(plugin.answer(vm::SET_STATE, 1, Bytes::copy_from_slice(&[state]))));
    }
    (runtime, plugin)
});

fuzz_target!(|bytes: &[u8]| {
    let (runtime, plugin) = &*PLUGIN;
    BOUND.check(bytes.len(), || {
        let mut cutter = Cutter::default();
        cutter.buffer().extend_from_slice(bytes);
        while let Ok(Some(frame)) = cutter.cut() {
            let Some((id, body)) = frame.message() else { continue };
            if frame.kind & (REPLY | ERROR) != 0 {
                read(&body);
                continue;
            }
            // They end the plugin, or make ports.
            if [vm::SHUTDOWN, vm::CREATE_HANDLERS].contains(&frame.kind) {
                continue;
            }
            check(frame.kind, id, runtime.block_on(plugin.answer(frame.kind, id, body)));
        }
    });
});

/// No more than a bound's check asks for: it ends, and takes no more than its bytes are worth.
fn read(body: &Bytes) {
    drop(GetResponse::decode(body.clone()));
    drop(ErrResponse::decode(body.clone()));
    drop(Number::decode(body.clone()));
    drop(OwnerResponse::decode(body.clone()));
    drop(HasResponse::decode(body.clone()));
    drop(IteratorNextResponse::decode(body.clone()));
    drop(ValidatorSetResponse::decode(body.clone()));
    drop(WarpSetsResponse::decode(body.clone()));
    drop(InitializeResponse::decode(body.clone()));
    drop(CreateHandlersResponse::decode(body.clone()));
    drop(BlockResponse::decode(body.clone()));
    drop(BatchedParseBlockResponse::decode(body.clone()));
    drop(GetAncestorsResponse::decode(body.clone()));
}

fn check(kind: u8, id: u32, answer: Bytes) {
    let mut cutter = Cutter::default();
    cutter.buffer().extend_from_slice(&answer);
    let frame = cutter.cut().expect("a frame").expect("a whole one");
    assert!(cutter.buffer().is_empty());
    let (answered, body) = frame.message().expect("a number");
    assert_eq!((answered, frame.kind & !ERROR), (id, kind | REPLY));
    if frame.kind & ERROR != 0 {
        assert!(!body.is_empty() && body.len() <= TEXT_BYTES_MAX, "{kind}: {body:?}");
        assert!(!String::from_utf8_lossy(&body).contains("internal error"), "{kind}: {body:?}");
    } else if kind == vm::HEALTH {
        let HealthResponse { details } = HealthResponse::decode(body).expect("facts");
        assert!(Details::decode(&details).is_ok());
    }
}

//! Messages of a host: the first byte chooses the call, the rest is its message. Whatever comes, there is an answer or an
//! error in a few words, which is nobody's panic.

#![no_main]

use http::{Request, Response};
use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_fuzz::echo::Echo;
use pars_host::dialect::TABLE;
use pars_host::testhost::Inside;
use pars_host::{Bytes, HttpHandler};
use pars_proto::host::http::HttpRequest;
use prost::Message as _;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// Every call that has a message.
const CALLS: [&str; 25] = [
    "/vm.VM/Initialize",
    "/vm.VM/SetState",
    "/vm.VM/Connected",
    "/vm.VM/Disconnected",
    "/vm.VM/BuildBlock",
    "/vm.VM/ParseBlock",
    "/vm.VM/GetBlock",
    "/vm.VM/SetPreference",
    "/vm.VM/Health",
    "/vm.VM/Version",
    "/vm.VM/AppRequest",
    "/vm.VM/AppRequestFailed",
    "/vm.VM/AppResponse",
    "/vm.VM/AppGossip",
    "/vm.VM/GetAncestors",
    "/vm.VM/BatchedParseBlock",
    "/vm.VM/GetBlockIDAtHeight",
    "/vm.VM/ParseStateSummary",
    "/vm.VM/GetStateSummary",
    "/vm.VM/StateSummaryAccept",
    "/vm.VM/BlockVerify",
    "/vm.VM/BlockAccept",
    "/vm.VM/BlockReject",
    "/http.HTTP/HandleSimple",
    HANDLE,
];

/// Dials the address that its message names, and reads the rest of a request from there. Only its message is tried here.
const HANDLE: &str = "/http.HTTP/Handle";

/// A block of nothing has two bytes in a batch, and takes 210 with its answer; a header of a request without values is next.
const BOUND: Bound = Bound { each: 160, any: 64 << 10 };

/// Bytes of an error's text.
const STATUS_BYTES_MAX: usize = 1_024;

static PLUGIN: LazyLock<(Runtime, Inside<Echo>)> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let handler = HttpHandler::new(
        "/rpc",
        tower::service_fn(|request: Request<Bytes>| async { Ok::<_, Infallible>(Response::new(request.into_body())) }),
    );
    let plugin = Inside::new(Arc::new(Echo), handler, &TABLE[0]);
    // Without any chain every other call would be refused before its message is looked at.
    let ids = [(2, 32), (3, 32), (4, 20)]
        .map(|(field, length)| [&[field << 3 | 2, length][..], &[7; 32][..usize::from(length)]].concat());
    runtime.block_on(plugin.call("/vm.VM/Initialize", &ids.concat())).expect("it opens");
    (runtime, plugin)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((first, message)) = bytes.split_first() else { return };
    let (runtime, plugin) = &*PLUGIN;
    let call = CALLS[usize::from(*first) % CALLS.len()];
    if call == HANDLE && BOUND.check(message.len(), || dials(message)) {
        return;
    }
    if let Err(status) = BOUND.check(message.len(), || runtime.block_on(plugin.call(call, message))) {
        assert!(!status.message().is_empty() && status.message().len() <= STATUS_BYTES_MAX, "{call}: {status:?}");
        assert!(!status.message().contains("internal error"), "{call}: {status:?}");
    }
});

/// The message names an address.
fn dials(message: &[u8]) -> bool {
    let writer = HttpRequest::decode(message).ok().and_then(|message| message.response_writer);
    writer.is_some_and(|writer| !writer.server_addr.is_empty())
}

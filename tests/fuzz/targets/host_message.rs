//! Messages of a host: the first byte chooses the call, the rest is its message. Whatever comes, there is an answer or an
//! error in a few words, which is nobody's panic.

#![no_main]

use http::{Request, Response};
use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_host::dialect::TABLE;
use pars_host::metric::Family;
use pars_host::testhost::Inside;
use pars_host::{
    AppError, AppRequest, Block, BlockContext, BlockMeta, Bytes, ChainVm, Event, Host, HttpHandler, Id, InitArgs,
    LastAccepted, NodeId, PeerVersion, Phase, VmError,
};
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

/// A chain in which every block is its own bytes.
struct Echo;

fn meta(bytes: &[u8]) -> BlockMeta {
    let byte = bytes.first().copied().unwrap_or_default();
    let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    BlockMeta {
        id: Id::from([byte; 32]),
        parent: Id::from([byte.wrapping_sub(1); 32]),
        height: number,
        timestamp_ms: number,
        verify_with_context: bytes.len() % 2 == 0,
    }
}

fn block(bytes: Bytes) -> Block {
    Block { meta: meta(&bytes), bytes }
}

fn last() -> LastAccepted {
    let Block { meta, bytes } = block(Bytes::from_static(b"last"));
    LastAccepted { id: meta.id, parent: meta.parent, height: meta.height, bytes, timestamp_ms: meta.timestamp_ms }
}

impl ChainVm for Echo {
    async fn initialize(&self, _: InitArgs, _: Arc<dyn Host>) -> Result<LastAccepted, VmError> {
        Ok(last())
    }
    async fn set_state(&self, _: Phase) -> Result<LastAccepted, VmError> {
        Ok(last())
    }
    async fn shutdown(&self) -> Result<(), VmError> {
        Ok(())
    }
    async fn version(&self) -> Result<String, VmError> {
        Ok("echo".to_owned())
    }
    async fn health(&self) -> Result<String, VmError> {
        Ok("{}".to_owned())
    }
    async fn gather(&self) -> Result<Vec<Family>, VmError> {
        Ok(Vec::new())
    }
    async fn handlers(&self) -> Result<Vec<HttpHandler>, VmError> {
        Ok(Vec::new())
    }
    async fn wait_event(&self) -> Result<Event, VmError> {
        Ok(Event::BuildBlock)
    }
    async fn build(&self, context: Option<BlockContext>) -> Result<Block, VmError> {
        let height = context.map(|context| context.p_chain_height).unwrap_or_default();
        Ok(block(height.to_be_bytes().to_vec().into()))
    }
    async fn parse(&self, bytes: Bytes) -> Result<BlockMeta, VmError> {
        if bytes.is_empty() { Err(VmError::Other("no block ".repeat(1_000))) } else { Ok(meta(&bytes)) }
    }
    async fn get(&self, id: Id) -> Result<Block, VmError> {
        if *id.as_bytes() == [0; 32] { Err(VmError::NotFound) } else { Ok(block(id.as_bytes().to_vec().into())) }
    }
    async fn id_at_height(&self, height: u64) -> Result<Id, VmError> {
        if height == 0 { Err(VmError::NotFound) } else { Ok(Id::default()) }
    }
    async fn set_preference(&self, _: Id) -> Result<(), VmError> {
        Ok(())
    }
    async fn verify(&self, bytes: Bytes, _: Option<BlockContext>) -> Result<u64, VmError> {
        Ok(meta(&bytes).timestamp_ms)
    }
    async fn accept(&self, _: Id) -> Result<(), VmError> {
        Ok(())
    }
    async fn reject(&self, _: Id) -> Result<(), VmError> {
        Ok(())
    }
    async fn connected(&self, _: NodeId, _: PeerVersion) {}
    async fn disconnected(&self, _: NodeId) {}
    async fn app_request(&self, _: AppRequest) {}
    async fn app_request_failed(&self, _: NodeId, _: u32, _: AppError) {}
    async fn app_response(&self, _: NodeId, _: u32, _: Bytes) {}
    async fn app_gossip(&self, _: NodeId, _: Bytes) {}
}

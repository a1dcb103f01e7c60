//! Bodies of JSON-RPC requests, over a small chain in memory, from a client that asks once and from one that stays
//! connected: whatever comes, the answer is JSON-RPC or nothing, and nothing of ours breaks.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pars_chain::engine::{Chain, Opening};
use pars_chain::store::Memory;
use pars_genesis::presets;
use pars_vm::clock::Clock;
use pars_vm::node::{Choices, Node, Sealing};
use pars_vm::rpc::api::Api;
use pars_vm::rpc::dispatch::Caller;
use pars_vm::rpc::hub::Hub;
use pars_vm::rpc::limits::{Limits, SocketLimits};
use pars_vm::rpc::session::{Session, Turn};
use pars_vm::rpc::table::Group;
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use strum::IntoEnumIterator as _;
use tokio::runtime::Runtime;

/// Gas of a call: an endless loop costs a run a few milliseconds.
const CALL_GAS: u64 = 200_000;

static NODE: LazyLock<(Runtime, Arc<Api>, Arc<Hub>)> = LazyLock::new(|| {
    let genesis = presets::local(1);
    let chain = Chain::open(Arc::new(Memory::new()), &Opening::new(&genesis)).expect("the preset opens");
    let node = Node::start(chain, Choices::default(), Sealing::Host, None).expect("a thread");
    let limits = Limits { call_gas: Some(CALL_GAS), batch_calls: 20, ..Limits::default() };
    let api = Api::new(Arc::new(node), limits, Group::iter(), Clock::Machine);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
    (runtime, Arc::new(api), Arc::new(Hub::new(SocketLimits::default())))
});

fuzz_target!(|body: &[u8]| {
    let (runtime, api, hub) = &*NODE;
    let session = Session::new(Arc::clone(api), Arc::clone(hub));
    let callers = [Caller::once(Arc::clone(api)), Caller::of(Arc::new(Turn::new(Arc::new(session))))];
    for caller in callers {
        check(&runtime.block_on(caller.answer(body)));
    }
});

fn check(answer: &[u8]) {
    if answer.is_empty() {
        return;
    }
    let answer: Value = serde_json::from_slice(answer).expect("the answer is JSON");
    for answer in answer.as_array().map_or_else(|| std::slice::from_ref(&answer), Vec::as_slice) {
        assert_eq!(answer["jsonrpc"], "2.0");
        assert!(answer.get("id").is_some());
        assert_ne!(answer.get("result").is_some(), answer.get("error").is_some());
        assert_ne!(answer["error"]["code"], -32_603, "something of ours broke");
    }
}

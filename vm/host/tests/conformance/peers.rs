//! Messages of peers, both ways, and what else the host lends.

use crate::chain::PANIC;
use crate::pair::Pair;
use bytes::Bytes;
use pars_host::dialect::{Dialect, Transport};
use pars_host::testhost::{Sent, Vm};
use pars_host::{HostError, Id, NodeId};
use pars_proto::host::appsender::{SendAppErrorMsg, SendAppGossipMsg, SendAppRequestMsg, SendAppResponseMsg};
use pars_proto::host::{validatorstate, vm};
use prost_types::Timestamp;
use std::sync::Arc;
use tonic::Code;

/// About as much as one message may carry.
const LONG_BYTES: usize = (16 << 20) - 100;

const fn peer() -> Bytes {
    Bytes::from_static(&[9; 20])
}

fn request(request_id: u32, request: impl Into<Bytes>) -> vm::AppRequestMsg {
    let deadline = Some(Timestamp { seconds: 1_764_547_200, nanos: 400_000_000 });
    vm::AppRequestMsg { node_id: peer(), request_id, deadline, request: request.into() }
}

/// A peer of this release comes, asks, answers, is silent, tells something and leaves.
async fn speak(vm: &mut Vm, [major, minor, patch]: [u32; 3], asked: &[(u32, &'static str)]) {
    vm.connected(vm::ConnectedRequest { node_id: peer(), name: "host".into(), major, minor, patch }).await.unwrap();
    for (request_id, bytes) in asked {
        vm.app_request(request(*request_id, *bytes)).await.unwrap();
    }
    let answer = vm::AppResponseMsg { node_id: peer(), request_id: 6, response: "that".into() };
    vm.app_response(answer).await.unwrap();
    let failed =
        vm::AppRequestFailedMsg { node_id: peer(), request_id: 8, error_code: -4, error_message: "throttled".into() };
    vm.app_request_failed(failed).await.unwrap();
    vm.app_gossip(vm::AppGossipMsg { node_id: peer(), msg: "hear!".into() }).await.unwrap();
    vm.disconnected(vm::DisconnectedRequest { node_id: peer() }).await.unwrap();
}

/// What comes from peers, whatever comes of it.
pub(crate) async fn messages_pass_to_the_chain(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    speak(&mut pair.plugin.vm, [1, 36, 15], &[(5, "what?")]).await;
    let node = NodeId::from([9; 20]);
    assert_eq!(
        pair.chain.calls()[2..],
        [
            format!("connected {node} host 1.36.15"),
            format!("request 5 of {node} until 1764547200400: b\"what?\""),
            format!("{node} answers 6: b\"that\""),
            format!("request 8 to {node} failed: -4 throttled"),
            format!("{node} tells b\"hear!\""),
            format!("disconnected {node}"),
        ]
    );
    pair.end().await;
}

pub(crate) async fn messages_pass_both_ways(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    speak(&mut pair.plugin.vm, [1, 14, 2], &[(5, "what?"), (8, "")]).await;

    let bytes = Bytes::from_static(b"what?");
    let refusal =
        SendAppErrorMsg { node_id: peer(), request_id: 8, error_code: -2, error_message: "nothing asked".into() };
    assert_eq!(
        pair.host.take_sent(),
        [
            Sent::Request(SendAppRequestMsg { node_ids: vec![peer()], request_id: 6, request: bytes.clone() }),
            Sent::Gossip(SendAppGossipMsg {
                node_ids: vec![peer()],
                validators: 3,
                non_validators: 2,
                peers: 1,
                msg: bytes.clone(),
            }),
            Sent::Response(SendAppResponseMsg { node_id: peer(), request_id: 5, response: bytes }),
            Sent::Error(refusal),
        ]
    );
    let node = NodeId::from([9; 20]);
    let chain = Arc::clone(&pair.chain);
    assert_eq!(
        chain.calls()[2..],
        [
            format!("connected {node} host 1.14.2"),
            format!("request 5 of {node} until 1764547200400: b\"what?\""),
            format!("request 8 of {node} until 1764547200400: b\"\""),
            format!("{node} answers 6: b\"that\""),
            format!("request 8 to {node} failed: -4 throttled"),
            format!("{node} tells b\"hear!\""),
            format!("disconnected {node}"),
        ]
    );
    pair.end().await;
}

/// The host takes an error of these calls as the end of the chain, so no peer may cause one.
pub(crate) async fn what_a_peer_sends_is_never_an_error(dialect: &'static Dialect) {
    let mut pair = Pair::start_initialized(dialect).await;
    let vm = &mut pair.plugin.vm;
    vm.app_request(request(1, PANIC)).await.unwrap();
    vm.app_gossip(vm::AppGossipMsg { node_id: peer(), msg: vec![0xff; LONG_BYTES].into() }).await.unwrap();
    vm.app_request(request(3, "go on")).await.unwrap();
    let zap = dialect.transport == Transport::Zap;
    assert_eq!(pair.host.take_sent().len(), if zap { 0 } else { 3 });
    // An id of the wrong length is the host's own mistake.
    let nobody = vm::AppGossipMsg { node_id: vec![9; 19].into(), msg: Bytes::new() };
    let status = vm.app_gossip(nobody).await.unwrap_err();
    assert_eq!(status.message(), "node_id: an id of 19 bytes, expected 20");
    assert_eq!(status.code(), if zap { Code::Unknown } else { Code::InvalidArgument });
    pair.end().await;
}

/// A host that signs what it is given.
pub(crate) async fn signatures(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let host = pair.chain.host();
    let signature = host.sign(1, Id::from([2; 32]), Bytes::from_static(b"payload")).await.unwrap();
    assert_eq!((signature.len(), &signature[..8]), (96, b"payload\0".as_slice()));
    pair.end().await;
}

pub(crate) async fn validator_sets(dialect: &'static Dialect) {
    let pair = Pair::start_initialized(dialect).await;
    let subnet = Id::from([1; 32]);
    let key = Bytes::from(vec![5; 96]);
    let validator = |node: u8, weight, public_key: &Bytes| validatorstate::Validator {
        node_id: vec![node; 20].into(),
        weight,
        public_key: public_key.clone(),
        ..Default::default()
    };
    pair.host.set_validators(subnet, vec![validator(3, 100, &key), validator(9, 50, &Bytes::new())]);
    let host = pair.chain.host();
    assert_eq!(host.minimum_height().await, Ok(1));
    let height = host.current_height().await.unwrap();
    let validators = host.validators(height, subnet).await.unwrap();
    let read: Vec<_> = validators.iter().map(|of| (of.node, of.weight, of.public_key.len())).collect();
    assert_eq!(read, [(NodeId::from([3; 20]), 100, 96), (NodeId::from([9; 20]), 50, 0)]);
    assert_eq!(host.validators(height, Id::from([2; 32])).await, Ok(vec![]));
    let refused = host.validators(height + 1, subnet).await.unwrap_err();
    let HostError::Call(text) = refused else { panic!("{refused:?}") };
    assert_eq!(text.trim_start_matches("Unknown: "), "height 8 is above 7");
    assert_eq!(host.subnet_of(Id::from([2; 32])).await, Ok(Id::from([2; 32])));

    pair.host.set_validators(subnet, vec![validatorstate::Validator::default()]);
    let malformed = host.validators(height, subnet).await.unwrap_err();
    assert_eq!(malformed.to_string(), "the host answered with a bad node_id: an id of 0 bytes, expected 20");
    pair.end().await;
}

pub(crate) async fn what_is_not_lent_is_told(dialect: &'static Dialect) {
    let mut pair = Pair::start(dialect).await;
    let none = String::new();
    let alone = vm::InitializeRequest { db_server_addr: none.clone(), server_addr: none, ..pair.initialize_request() };
    pair.plugin.vm.initialize(alone).await.unwrap();
    let host = pair.chain.host();
    assert_eq!(host.get(Bytes::new()).await, Err(HostError::NotLent("database")));
    for refused in [
        host.send_gossip(pars_host::Recipients::default(), Bytes::new()).await,
        host.current_height().await.map(drop),
        host.sign(1, Id::default(), Bytes::new()).await.map(drop),
    ] {
        assert!(matches!(refused, Err(HostError::NotLent(_))), "{refused:?}");
    }
    pair.end().await;
}

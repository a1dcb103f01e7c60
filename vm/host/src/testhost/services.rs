//! What a host lends beside its database: messages to peers, who are kept instead of sent; validator sets that a test
//! chooses; and a signer.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use pars_proto::host::appsender::app_sender_server::{AppSender, AppSenderServer};
use pars_proto::host::appsender::{SendAppErrorMsg, SendAppGossipMsg, SendAppRequestMsg, SendAppResponseMsg};
use pars_proto::host::validatorstate::validator_state_server::{ValidatorState, ValidatorStateServer};
use pars_proto::host::validatorstate::{
    GetCurrentHeightResponse, GetCurrentValidatorSetRequest, GetCurrentValidatorSetResponse, GetMinimumHeightResponse,
    GetNetIdRequest, GetNetIdResponse, GetSubnetIdRequest, GetSubnetIdResponse, GetValidatorSetRequest,
    GetValidatorSetResponse, GetWarpValidatorSetsRequest, GetWarpValidatorSetsResponse, Validator,
};
use pars_proto::host::warp::signer_server::{Signer, SignerServer};
use pars_proto::host::warp::{SignRequest, SignResponse};
use tonic::body::Body;
use tonic::codegen::BoxFuture;
use tonic::{Request, Response, Status, async_trait};
use tower::Service;

use super::faults::Faults;
use crate::grpc::MESSAGE_BYTES_MAX;

/// A message that a plugin gave to the host, for its peers.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// A request.
    Request(SendAppRequestMsg),
    /// The answer to one.
    Response(SendAppResponseMsg),
    /// The refusal of one.
    Error(SendAppErrorMsg),
    /// A message without an answer.
    Gossip(SendAppGossipMsg),
}

/// What the services know and remember.
#[derive(Debug, Default)]
pub(super) struct Memory {
    sent: Mutex<Vec<Sent>>,
    validators: Mutex<BTreeMap<Bytes, Vec<Validator>>>,
    /// Hosts of luxd call a subnet a net.
    says_net: bool,
    faults: Arc<Faults>,
}

impl Memory {
    pub(super) fn new(says_net: bool, faults: Arc<Faults>) -> Self {
        Self { says_net, faults, ..Self::default() }
    }

    pub(super) fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut lock(&self.sent))
    }

    pub(super) fn set_validators(&self, subnet: Bytes, validators: Vec<Validator>) {
        lock(&self.validators).insert(subnet, validators);
    }

    fn keep(&self, sent: Sent) -> Result<Response<()>, Status> {
        let mut all = lock(&self.sent);
        if all.len() == SENT_MAX {
            return Err(Status::resource_exhausted("nobody takes the messages from the test host"));
        }
        all.push(sent);
        Ok(Response::new(()))
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The three services at one address.
#[derive(Debug, Clone)]
pub(super) struct Services {
    sender: AppSenderServer<Memory>,
    state: ValidatorStateServer<Memory>,
    signer: SignerServer<Memory>,
}

impl Services {
    pub(super) fn new(memory: &Arc<Memory>) -> Self {
        Self {
            sender: AppSenderServer::from_arc(Arc::clone(memory))
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(MESSAGE_BYTES_MAX),
            state: ValidatorStateServer::from_arc(Arc::clone(memory)),
            signer: SignerServer::from_arc(Arc::clone(memory)),
        }
    }
}

impl Service<http::Request<Body>> for Services {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // Generated servers are always ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path();
        if path.starts_with("/validatorstate.") {
            self.state.call(request)
        } else if path.starts_with("/warp.") {
            self.signer.call(request)
        } else {
            self.sender.call(request)
        }
    }
}

#[async_trait]
impl AppSender for Memory {
    async fn send_app_request(&self, request: Request<SendAppRequestMsg>) -> Result<Response<()>, Status> {
        self.keep(Sent::Request(request.into_inner()))
    }

    async fn send_app_response(&self, request: Request<SendAppResponseMsg>) -> Result<Response<()>, Status> {
        self.keep(Sent::Response(request.into_inner()))
    }

    async fn send_app_error(&self, request: Request<SendAppErrorMsg>) -> Result<Response<()>, Status> {
        self.keep(Sent::Error(request.into_inner()))
    }

    async fn send_app_gossip(&self, request: Request<SendAppGossipMsg>) -> Result<Response<()>, Status> {
        self.keep(Sent::Gossip(request.into_inner()))
    }
}

#[async_trait]
impl ValidatorState for Memory {
    async fn get_minimum_height(&self, _: Request<()>) -> Result<Response<GetMinimumHeightResponse>, Status> {
        self.faults.hold().await;
        Ok(Response::new(GetMinimumHeightResponse { height: 1 }))
    }

    async fn get_current_height(&self, _: Request<()>) -> Result<Response<GetCurrentHeightResponse>, Status> {
        self.faults.hold().await;
        Ok(Response::new(GetCurrentHeightResponse { height: CURRENT_HEIGHT }))
    }

    async fn get_subnet_id(
        &self,
        request: Request<GetSubnetIdRequest>,
    ) -> Result<Response<GetSubnetIdResponse>, Status> {
        if self.says_net {
            return Err(Status::unimplemented("this host calls it GetNetID"));
        }
        Ok(Response::new(GetSubnetIdResponse { subnet_id: subnet_of(request.into_inner().chain_id) }))
    }

    async fn get_net_id(&self, request: Request<GetNetIdRequest>) -> Result<Response<GetNetIdResponse>, Status> {
        if !self.says_net {
            return Err(Status::unimplemented("this host calls it GetSubnetID"));
        }
        Ok(Response::new(GetNetIdResponse { chain_id: subnet_of(request.into_inner().chain_id) }))
    }

    async fn get_warp_validator_sets(
        &self,
        _: Request<GetWarpValidatorSetsRequest>,
    ) -> Result<Response<GetWarpValidatorSetsResponse>, Status> {
        Err(Status::unimplemented("the test host keeps no signing sets"))
    }

    async fn get_validator_set(
        &self,
        request: Request<GetValidatorSetRequest>,
    ) -> Result<Response<GetValidatorSetResponse>, Status> {
        self.faults.hold().await;
        let GetValidatorSetRequest { height, subnet_id } = request.into_inner();
        if height > CURRENT_HEIGHT {
            return Err(Status::unknown(format!("height {height} is above {CURRENT_HEIGHT}")));
        }
        let validators = lock(&self.validators).get(&subnet_id).cloned().unwrap_or_default();
        Ok(Response::new(GetValidatorSetResponse { validators }))
    }

    async fn get_current_validator_set(
        &self,
        request: Request<GetCurrentValidatorSetRequest>,
    ) -> Result<Response<GetCurrentValidatorSetResponse>, Status> {
        self.faults.hold().await;
        let subnet = request.into_inner().subnet_id;
        let validators = lock(&self.validators).get(&subnet).cloned().unwrap_or_default();
        Ok(Response::new(GetCurrentValidatorSetResponse { validators, current_height: CURRENT_HEIGHT }))
    }
}

#[async_trait]
impl Signer for Memory {
    /// No signature of anything, but one can see what was signed.
    async fn sign(&self, request: Request<SignRequest>) -> Result<Response<SignResponse>, Status> {
        let payload = request.into_inner().payload;
        let signature = payload.iter().copied().chain(std::iter::repeat(0)).take(96).collect::<Vec<u8>>();
        Ok(Response::new(SignResponse { signature: signature.into() }))
    }
}

/// A chain is its own subnet here.
pub(super) const fn subnet_of(chain: Bytes) -> Bytes {
    chain
}

/// Height of the test host's P-chain.
const CURRENT_HEIGHT: u64 = 7;

/// Messages that wait to be looked at.
const SENT_MAX: usize = 65_536;

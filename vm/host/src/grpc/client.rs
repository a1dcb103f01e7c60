//! The host's services over gRPC.

use bytes::Bytes;
use pars_proto::host::appsender::app_sender_client::AppSenderClient;
use pars_proto::host::appsender::{SendAppErrorMsg, SendAppGossipMsg, SendAppRequestMsg, SendAppResponseMsg};
use pars_proto::host::rpcdb::database_client::DatabaseClient;
use pars_proto::host::rpcdb::{Error, GetRequest, PutRequest};
use pars_proto::host::validatorstate::validator_state_client::ValidatorStateClient;
use pars_proto::host::validatorstate::{GetNetIdRequest, GetSubnetIdRequest, GetValidatorSetRequest};
use pars_proto::host::warp::SignRequest;
use pars_proto::host::warp::signer_client::SignerClient;
use tokio::sync::OnceCell;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::{MESSAGE_BYTES_MAX, channel};
use crate::text::{bounded, one_line};
use crate::{Answer, AppError, Host, HostError, Id, NodeId, Recipients, Validator};

/// A host that lends a database at one address and everything else at another.
#[derive(Debug)]
pub(crate) struct GrpcHost {
    database: Lent,
    services: Lent,
}

/// A server of the host.
#[derive(Debug)]
struct Lent {
    what: &'static str,
    addr: String,
    channel: OnceCell<Channel>,
}

impl Lent {
    const fn new(what: &'static str, addr: String) -> Self {
        Self { what, addr, channel: OnceCell::const_new() }
    }

    async fn channel(&self) -> Result<Channel, HostError> {
        if self.addr.is_empty() {
            return Err(HostError::NotLent(self.what));
        }
        // Made within a call, as it needs the runtime.
        let made = self.channel.get_or_try_init(|| async { channel(&self.addr).map_err(HostError::Call) });
        made.await.cloned()
    }
}

impl GrpcHost {
    /// Dials nothing yet. An empty address is a host without a database, or without services.
    pub(crate) const fn new(database_addr: String, services_addr: String) -> Self {
        Self { database: Lent::new("database", database_addr), services: Lent::new("services", services_addr) }
    }

    async fn database(&self) -> Result<DatabaseClient<Channel>, HostError> {
        Ok(DatabaseClient::new(self.database.channel().await?)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX))
    }

    async fn sender(&self) -> Result<AppSenderClient<Channel>, HostError> {
        Ok(AppSenderClient::new(self.services.channel().await?)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX))
    }

    async fn state(&self) -> Result<ValidatorStateClient<Channel>, HostError> {
        Ok(ValidatorStateClient::new(self.services.channel().await?)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX))
    }

    async fn signer(&self) -> Result<SignerClient<Channel>, HostError> {
        Ok(SignerClient::new(self.services.channel().await?)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX))
    }
}

impl Host for GrpcHost {
    fn get(&self, key: Bytes) -> Answer<'_, Option<Bytes>> {
        Box::pin(async move {
            let answer = self.database().await?.get(GetRequest { key }).await.map_err(failed)?.into_inner();
            match told(answer.err) {
                Ok(()) => Ok(Some(answer.value)),
                Err(Told::NotFound) => Ok(None),
                Err(Told::Failed(error)) => Err(error),
            }
        })
    }

    fn put(&self, key: Bytes, value: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let answer = self.database().await?.put(PutRequest { key, value }).await.map_err(failed)?.into_inner();
            match told(answer.err) {
                Ok(()) => Ok(()),
                Err(Told::NotFound) => Err(HostError::Unknown(answer.err)),
                Err(Told::Failed(error)) => Err(error),
            }
        })
    }

    fn send_request(&self, nodes: Vec<NodeId>, request_id: u32, request: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let message = SendAppRequestMsg { node_ids: bytes_of(nodes), request_id, request };
            self.sender().await?.send_app_request(message).await.map_err(failed)?;
            Ok(())
        })
    }

    fn send_response(&self, node: NodeId, request_id: u32, response: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let message = SendAppResponseMsg { node_id: node.into(), request_id, response };
            self.sender().await?.send_app_response(message).await.map_err(failed)?;
            Ok(())
        })
    }

    fn send_error(&self, node: NodeId, request_id: u32, error: AppError) -> Answer<'_, ()> {
        Box::pin(async move {
            let AppError { code: error_code, message: error_message } = error;
            let message = SendAppErrorMsg { node_id: node.into(), request_id, error_code, error_message };
            self.sender().await?.send_app_error(message).await.map_err(failed)?;
            Ok(())
        })
    }

    fn send_gossip(&self, to: Recipients, message: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            let Recipients { nodes, validators, non_validators, peers } = to;
            let node_ids = bytes_of(nodes);
            let message = SendAppGossipMsg { node_ids, validators, non_validators, peers, msg: message };
            self.sender().await?.send_app_gossip(message).await.map_err(failed)?;
            Ok(())
        })
    }

    fn minimum_height(&self) -> Answer<'_, u64> {
        Box::pin(async move {
            let answer = self.state().await?.get_minimum_height(()).await.map_err(failed)?;
            Ok(answer.into_inner().height)
        })
    }

    fn current_height(&self) -> Answer<'_, u64> {
        Box::pin(async move {
            let answer = self.state().await?.get_current_height(()).await.map_err(failed)?;
            Ok(answer.into_inner().height)
        })
    }

    fn subnet_of(&self, chain: Id) -> Answer<'_, Id> {
        Box::pin(async move {
            let mut state = self.state().await?;
            let subnet = match state.get_subnet_id(GetSubnetIdRequest { chain_id: chain.into() }).await {
                Ok(answer) => answer.into_inner().subnet_id,
                // luxd has two names for it.
                Err(status) if status.code() == Code::Unimplemented => {
                    let request = GetNetIdRequest { chain_id: chain.into() };
                    state.get_net_id(request).await.map_err(failed)?.into_inner().chain_id
                }
                Err(status) => return Err(failed(status)),
            };
            Id::try_from(subnet.as_ref()).map_err(|error| malformed("subnet_id", &error))
        })
    }

    fn validators(&self, height: u64, subnet: Id) -> Answer<'_, Vec<Validator>> {
        Box::pin(async move {
            let request = GetValidatorSetRequest { height, subnet_id: subnet.into() };
            let answer = self.state().await?.get_validator_set(request).await.map_err(failed)?.into_inner();
            let validator = |of: pars_proto::host::validatorstate::Validator| {
                let node = NodeId::try_from(of.node_id.as_ref()).map_err(|error| malformed("node_id", &error))?;
                Ok(Validator { node, weight: of.weight, public_key: of.public_key })
            };
            answer.validators.into_iter().map(validator).collect()
        })
    }

    fn sign(&self, network_id: u32, source_chain: Id, payload: Bytes) -> Answer<'_, Bytes> {
        Box::pin(async move {
            let request = SignRequest { network_id, source_chain_id: source_chain.into(), payload };
            let signature = self.signer().await?.sign(request).await.map_err(failed)?.into_inner().signature;
            if signature.len() == SIGNATURE_BYTES {
                return Ok(signature);
            }
            let reason = format!("{} bytes, expected {SIGNATURE_BYTES}", signature.len());
            Err(HostError::Malformed { field: "signature", reason })
        })
    }
}

fn bytes_of(nodes: Vec<NodeId>) -> Vec<Bytes> {
    nodes.into_iter().map(Bytes::from).collect()
}

fn malformed(field: &'static str, error: &crate::id::IdError) -> HostError {
    HostError::Malformed { field, reason: error.to_string() }
}

enum Told {
    NotFound,
    Failed(HostError),
}

fn told(number: i32) -> Result<(), Told> {
    match Error::try_from(number) {
        Ok(Error::Unspecified) => Ok(()),
        Ok(Error::NotFound) => Err(Told::NotFound),
        Ok(Error::Closed) => Err(Told::Failed(HostError::Closed)),
        Err(_) => Err(Told::Failed(HostError::Unknown(number))),
    }
}

fn failed(status: Status) -> HostError {
    if status.code() == Code::Unimplemented {
        // A host of luxd leaves out what it has none of.
        return HostError::NotLent("service of this kind");
    }
    HostError::Call(format!("{:?}: {}", status.code(), bounded(&one_line(status.message()), REASON_BYTES_MAX)))
}

const REASON_BYTES_MAX: usize = 512;

/// A compressed point of BLS12-381's second group.
const SIGNATURE_BYTES: usize = 96;

//! `vm.VM`: each call of the host becomes one call of the chain.

use std::future::Future;
use std::sync::Arc;

use pars_proto::host::http::http_server::HttpServer;
use pars_proto::host::vm;
use pars_proto::host::vm::vm_server::Vm;
use tonic::{Request, Response, Status, async_trait};

use super::client::GrpcHost;
use super::{MESSAGE_BYTES_MAX, metrics, wire};
use crate::calls::{AncestorBounds, Calls, Refusal};
use crate::http::intake::Room;
use crate::http::server::Server;
use crate::http::streams::Streams;
use crate::lifecycle::Session;
use crate::{AppError, BlockContext, ChainVm, Id, VmError};

/// Serves one chain.
#[derive(Debug)]
pub(crate) struct VmService<V> {
    calls: Calls<V>,
    room: Room,
    streams: Streams,
}

impl<V: ChainVm> VmService<V> {
    pub(crate) fn new(session: Arc<Session<V>>) -> Self {
        Self { calls: Calls::new(session), room: Room::new(), streams: Streams::default() }
    }

    /// The id of a block, for calls that need a chain.
    fn block_id(&self, bytes: &[u8]) -> Result<Id, Status> {
        self.calls.opened().map_err(status)?;
        wire::id(bytes, "id")
    }

    async fn create_servers(&self) -> Result<Vec<vm::Handler>, Status> {
        let handlers = self.calls.handlers().await.map_err(status)?;
        let session = self.calls.session();
        let mut servers = Vec::with_capacity(handlers.len());
        for handler in handlers {
            let prefix = handler.prefix.clone();
            // A body that its service would refuse is not received: users choose its length, not the host.
            let request_bytes_max = handler.body_bytes_max.saturating_add(REQUEST_ROOM_BYTES);
            let server = Server::new(handler, self.room.clone(), self.streams.clone(), session.stopping());
            let service = HttpServer::new(server)
                .max_decoding_message_size(request_bytes_max)
                .max_encoding_message_size(MESSAGE_BYTES_MAX);
            let listening = session.spawn_server(self.room.clone().guard(service)).await;
            let addr = listening.map_err(|error| Status::internal(format!("listening on loopback: {error}")))?;
            servers.push(vm::Handler { prefix, server_addr: addr.to_string() });
        }
        Ok(servers)
    }
}

#[async_trait]
impl<V: ChainVm> Vm for VmService<V> {
    async fn initialize(
        &self,
        request: Request<vm::InitializeRequest>,
    ) -> Result<Response<vm::InitializeResponse>, Status> {
        let args = wire::init_args(request.into_inner())?;
        let host = Arc::new(GrpcHost::new(args.db_server_addr.clone(), args.server_addr.clone()));
        answer(self.calls.initialize(args, host), wire::initialized).await
    }

    async fn set_state(&self, request: Request<vm::SetStateRequest>) -> Result<Response<vm::SetStateResponse>, Status> {
        answer(self.calls.set_state(request.into_inner().state), wire::state_set).await
    }

    async fn shutdown(&self, _: Request<()>) -> Result<Response<()>, Status> {
        answer(self.calls.shutdown(), |()| ()).await
    }

    async fn create_handlers(&self, _: Request<()>) -> Result<Response<vm::CreateHandlersResponse>, Status> {
        Ok(Response::new(vm::CreateHandlersResponse { handlers: self.create_servers().await? }))
    }

    /// Only for clients of gRPC, who are not served.
    async fn new_http_handler(&self, _: Request<()>) -> Result<Response<vm::NewHttpHandlerResponse>, Status> {
        Ok(Response::new(vm::NewHttpHandlerResponse::default()))
    }

    async fn wait_for_event(&self, _: Request<()>) -> Result<Response<vm::WaitForEventResponse>, Status> {
        answer(self.calls.wait_event(), |event| vm::WaitForEventResponse { message: wire::event(event).into() }).await
    }

    async fn connected(&self, request: Request<vm::ConnectedRequest>) -> Result<Response<()>, Status> {
        let (node, version) = wire::connected(request.into_inner())?;
        told(self.calls.connected(node, version)).await
    }

    async fn disconnected(&self, request: Request<vm::DisconnectedRequest>) -> Result<Response<()>, Status> {
        let node = wire::node_id(&request.into_inner().node_id)?;
        told(self.calls.disconnected(node)).await
    }

    async fn build_block(
        &self,
        request: Request<vm::BuildBlockRequest>,
    ) -> Result<Response<vm::BuildBlockResponse>, Status> {
        answer(self.calls.build(context(request.into_inner().p_chain_height)), wire::built).await
    }

    async fn parse_block(
        &self,
        request: Request<vm::ParseBlockRequest>,
    ) -> Result<Response<vm::ParseBlockResponse>, Status> {
        answer(self.calls.parse(request.into_inner().bytes), |block| wire::parsed(&block)).await
    }

    async fn get_block(&self, request: Request<vm::GetBlockRequest>) -> Result<Response<vm::GetBlockResponse>, Status> {
        let got = match self.calls.opened() {
            Ok(()) => self.calls.get(wire::id(&request.into_inner().id, "id")?).await,
            Err(refusal) => Err(refusal),
        };
        let response = match got {
            Ok(block) => wire::got(block),
            Err(error) => vm::GetBlockResponse { err: number(error)?, ..Default::default() },
        };
        Ok(Response::new(response))
    }

    async fn set_preference(&self, request: Request<vm::SetPreferenceRequest>) -> Result<Response<()>, Status> {
        let id = self.block_id(&request.into_inner().id)?;
        answer(self.calls.set_preference(id), |()| ()).await
    }

    async fn health(&self, _: Request<()>) -> Result<Response<vm::HealthResponse>, Status> {
        answer(self.calls.health(), |facts| vm::HealthResponse { details: wire::health(&facts).into() }).await
    }

    async fn version(&self, _: Request<()>) -> Result<Response<vm::VersionResponse>, Status> {
        answer(self.calls.version(), |version| vm::VersionResponse { version }).await
    }

    async fn app_request(&self, request: Request<vm::AppRequestMsg>) -> Result<Response<()>, Status> {
        told(self.calls.app_request(wire::app_request(request.into_inner())?)).await
    }

    async fn app_request_failed(&self, request: Request<vm::AppRequestFailedMsg>) -> Result<Response<()>, Status> {
        let vm::AppRequestFailedMsg { node_id, request_id, error_code, error_message } = request.into_inner();
        let error = AppError { code: error_code, message: error_message };
        told(self.calls.app_request_failed(wire::node_id(&node_id)?, request_id, error)).await
    }

    async fn app_response(&self, request: Request<vm::AppResponseMsg>) -> Result<Response<()>, Status> {
        let vm::AppResponseMsg { node_id, request_id, response } = request.into_inner();
        told(self.calls.app_response(wire::node_id(&node_id)?, request_id, response)).await
    }

    async fn app_gossip(&self, request: Request<vm::AppGossipMsg>) -> Result<Response<()>, Status> {
        let vm::AppGossipMsg { node_id, msg } = request.into_inner();
        told(self.calls.app_gossip(wire::node_id(&node_id)?, msg)).await
    }

    async fn gather(&self, _: Request<()>) -> Result<Response<vm::GatherResponse>, Status> {
        let families = |families: Vec<_>| families.into_iter().map(metrics::family).collect();
        answer(self.calls.gather(), |all| vm::GatherResponse { metric_families: families(all) }).await
    }

    async fn get_ancestors(
        &self,
        request: Request<vm::GetAncestorsRequest>,
    ) -> Result<Response<vm::GetAncestorsResponse>, Status> {
        let vm::GetAncestorsRequest { blk_id, max_blocks_num, max_blocks_size, max_blocks_retrival_time } =
            request.into_inner();
        let bounds = AncestorBounds { count: max_blocks_num, bytes: max_blocks_size, nanos: max_blocks_retrival_time };
        self.calls.opened().map_err(status)?;
        let blocks = self.calls.ancestors(wire::id(&blk_id, "blk_id")?, bounds);
        answer(blocks, |blks_bytes| vm::GetAncestorsResponse { blks_bytes }).await
    }

    /// All or nothing, as the host expects: it takes the answers by their position.
    async fn batched_parse_block(
        &self,
        request: Request<vm::BatchedParseBlockRequest>,
    ) -> Result<Response<vm::BatchedParseBlockResponse>, Status> {
        let parsed = self.calls.parse_each(request.into_inner().request, |index, _, block| {
            let refused = |error| Refusal::Chain(VmError::Other(format!("block {index} of the batch: {error}")));
            Ok(wire::parsed(&block.map_err(refused)?))
        });
        answer(parsed, |response| vm::BatchedParseBlockResponse { response }).await
    }

    async fn get_block_id_at_height(
        &self,
        request: Request<vm::GetBlockIdAtHeightRequest>,
    ) -> Result<Response<vm::GetBlockIdAtHeightResponse>, Status> {
        let response = match self.calls.id_at_height(request.into_inner().height).await {
            Ok(id) => vm::GetBlockIdAtHeightResponse { blk_id: id.into(), err: vm::Error::Unspecified.into() },
            Err(error) => vm::GetBlockIdAtHeightResponse { err: number(error)?, ..Default::default() },
        };
        Ok(Response::new(response))
    }

    async fn state_sync_enabled(&self, _: Request<()>) -> Result<Response<vm::StateSyncEnabledResponse>, Status> {
        Ok(Response::new(vm::StateSyncEnabledResponse { err: no_state_sync()?, ..Default::default() }))
    }

    async fn get_ongoing_sync_state_summary(
        &self,
        _: Request<()>,
    ) -> Result<Response<vm::GetOngoingSyncStateSummaryResponse>, Status> {
        Ok(Response::new(vm::GetOngoingSyncStateSummaryResponse { err: no_state_sync()?, ..Default::default() }))
    }

    async fn get_last_state_summary(
        &self,
        _: Request<()>,
    ) -> Result<Response<vm::GetLastStateSummaryResponse>, Status> {
        Ok(Response::new(vm::GetLastStateSummaryResponse { err: no_state_sync()?, ..Default::default() }))
    }

    async fn parse_state_summary(
        &self,
        _: Request<vm::ParseStateSummaryRequest>,
    ) -> Result<Response<vm::ParseStateSummaryResponse>, Status> {
        Ok(Response::new(vm::ParseStateSummaryResponse { err: no_state_sync()?, ..Default::default() }))
    }

    async fn get_state_summary(
        &self,
        _: Request<vm::GetStateSummaryRequest>,
    ) -> Result<Response<vm::GetStateSummaryResponse>, Status> {
        Ok(Response::new(vm::GetStateSummaryResponse { err: no_state_sync()?, ..Default::default() }))
    }

    async fn state_summary_accept(
        &self,
        _: Request<vm::StateSummaryAcceptRequest>,
    ) -> Result<Response<vm::StateSummaryAcceptResponse>, Status> {
        Ok(Response::new(vm::StateSummaryAcceptResponse { err: no_state_sync()?, ..Default::default() }))
    }

    async fn block_verify(
        &self,
        request: Request<vm::BlockVerifyRequest>,
    ) -> Result<Response<vm::BlockVerifyResponse>, Status> {
        let vm::BlockVerifyRequest { bytes, p_chain_height } = request.into_inner();
        answer(self.calls.verify(bytes, context(p_chain_height)), |timestamp_ms| vm::BlockVerifyResponse {
            timestamp: Some(wire::timestamp(timestamp_ms)),
        })
        .await
    }

    async fn block_accept(&self, request: Request<vm::BlockAcceptRequest>) -> Result<Response<()>, Status> {
        let id = self.block_id(&request.into_inner().id)?;
        answer(self.calls.accept(id), |()| ()).await
    }

    async fn block_reject(&self, request: Request<vm::BlockRejectRequest>) -> Result<Response<()>, Status> {
        let id = self.block_id(&request.into_inner().id)?;
        answer(self.calls.reject(id), |()| ()).await
    }
}

/// A call whose every error is a status.
async fn answer<T, R>(
    call: impl Future<Output = Result<T, Refusal>> + Send,
    into: impl FnOnce(T) -> R,
) -> Result<Response<R>, Status> {
    call.await.map(|value| Response::new(into(value))).map_err(status)
}

async fn told(call: impl Future<Output = ()> + Send) -> Result<Response<()>, Status> {
    call.await;
    Ok(Response::new(()))
}

/// For answers that have an error number.
fn number(refusal: Refusal) -> Result<i32, Status> {
    match refusal {
        Refusal::Chain(error) => wire::number(&error),
        Refusal::Ending => Ok(vm::Error::Closed.into()),
        refusal @ (Refusal::Order(_) | Refusal::Argument(_)) => Err(status(refusal)),
    }
}

fn status(refusal: Refusal) -> Status {
    match refusal {
        Refusal::Order(text) => Status::failed_precondition(text),
        Refusal::Argument(text) => Status::invalid_argument(text),
        Refusal::Ending => Status::unavailable(refusal.to_string()),
        Refusal::Chain(error) => wire::status(&error),
    }
}

fn context(p_chain_height: Option<u64>) -> Option<BlockContext> {
    p_chain_height.map(|p_chain_height| BlockContext { p_chain_height })
}

fn no_state_sync() -> Result<i32, Status> {
    wire::number(&VmError::StateSyncNotImplemented)
}

/// Bytes of a user's request beside its body: the host takes one mebibyte of headers at most.
const REQUEST_ROOM_BYTES: usize = 1 << 20;

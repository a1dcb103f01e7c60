//! `vm.VM`: each call of the host becomes one call of the chain.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pars_proto::host::http::http_server::HttpServer;
use pars_proto::host::vm;
use pars_proto::host::vm::vm_server::Vm;
use tonic::{Request, Response, Status, async_trait};

use super::client::GrpcHost;
use super::{MESSAGE_BYTES_MAX, metrics, wire};
use crate::http::intake::Room;
use crate::http::server::Server;
use crate::http::streams::Streams;
use crate::lifecycle::Session;
use crate::panics::guarded;
use crate::{AppError, BlockContext, ChainVm, VmError};

/// Serves one chain.
#[derive(Debug)]
pub(crate) struct VmService<V> {
    session: Arc<Session<V>>,
    room: Room,
    streams: Streams,
}

impl<V: ChainVm> VmService<V> {
    pub(crate) fn new(session: Arc<Session<V>>) -> Self {
        Self { session, room: Room::new(), streams: Streams::default() }
    }

    fn vm(&self) -> &V {
        self.session.vm()
    }

    /// The chain, once it is open.
    fn chain(&self) -> Result<&V, Status> {
        if self.session.is_open() {
            return Ok(self.vm());
        }
        Err(Status::failed_precondition("Initialize has not come yet"))
    }

    /// A block and its parents within the limits. The block itself is given whatever its size, so that a request
    /// always gets on.
    async fn ancestors(&self, request: vm::GetAncestorsRequest) -> Result<Vec<Bytes>, Status> {
        let chain = self.chain()?;
        let started = Instant::now();
        let time_max = Duration::from_nanos(u64::try_from(request.max_blocks_retrival_time).unwrap_or(0));
        let size_max = usize::try_from(request.max_blocks_size).unwrap_or(0);
        let count_max = usize::try_from(request.max_blocks_num).unwrap_or(0);
        let mut id = wire::id(&request.blk_id, "blk_id")?;
        let mut size: usize = 0;
        let mut blocks = Vec::new();
        while blocks.len() < count_max && (blocks.is_empty() || started.elapsed() < time_max) {
            let block = match call(chain.get(id)).await {
                Ok(block) => block,
                Err(VmError::NotFound) => break,
                Err(error) => return Err(wire::status(&error)),
            };
            size = size.saturating_add(block.bytes.len()).saturating_add(LENGTH_PREFIX_BYTES);
            if size > size_max && !blocks.is_empty() {
                break;
            }
            blocks.push(block.bytes);
            id = block.meta.parent;
        }
        Ok(blocks)
    }

    async fn create_servers(&self) -> Result<Vec<vm::Handler>, Status> {
        let handlers = call(self.chain()?.handlers()).await.map_err(|error| wire::status(&error))?;
        let mut servers = Vec::with_capacity(handlers.len());
        for handler in handlers {
            let prefix = handler.prefix.clone();
            // A body that its service would refuse is not received: users choose its length, not the host.
            let request_bytes_max = handler.body_bytes_max.saturating_add(REQUEST_ROOM_BYTES);
            let service =
                HttpServer::new(Server::new(handler, self.room.clone(), self.streams.clone(), self.session.stopping()))
                    .max_decoding_message_size(request_bytes_max)
                    .max_encoding_message_size(MESSAGE_BYTES_MAX);
            let listening = self.session.spawn_server(self.room.clone().guard(service)).await;
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
        let Some(opening) = self.session.open() else {
            return Err(Status::failed_precondition("Initialize came already"));
        };
        let opened = answer(self.vm().initialize(args, host), wire::initialized).await?;
        opening.succeeded();
        Ok(opened)
    }

    async fn set_state(&self, request: Request<vm::SetStateRequest>) -> Result<Response<vm::SetStateResponse>, Status> {
        let chain = self.chain()?;
        let number = request.into_inner().state;
        let dialect = self.session.dialect();
        let Some(phase) = dialect.states.phase(number) else {
            let host = dialect.name;
            return Err(Status::invalid_argument(format!("state {number} has no meaning for {host}")));
        };
        answer(chain.set_state(phase), wire::state_set).await
    }

    async fn shutdown(&self, _: Request<()>) -> Result<Response<()>, Status> {
        let closed = self.session.close(CLOSE_TIMEOUT).await;
        self.session.shut_down();
        closed.map(Response::new).map_err(|error| wire::status(&error))
    }

    async fn create_handlers(&self, _: Request<()>) -> Result<Response<vm::CreateHandlersResponse>, Status> {
        Ok(Response::new(vm::CreateHandlersResponse { handlers: self.create_servers().await? }))
    }

    /// Only for clients of gRPC, who are not served.
    async fn new_http_handler(&self, _: Request<()>) -> Result<Response<vm::NewHttpHandlerResponse>, Status> {
        Ok(Response::new(vm::NewHttpHandlerResponse::default()))
    }

    async fn wait_for_event(&self, _: Request<()>) -> Result<Response<vm::WaitForEventResponse>, Status> {
        let chain = self.chain()?;
        tokio::select! {
            answer = answer(chain.wait_event(), |event| {
                vm::WaitForEventResponse { message: wire::event(event).into() }
            }) => answer,
            () = self.session.ending() => Err(Status::unavailable("the plugin is shutting down")),
        }
    }

    async fn connected(&self, request: Request<vm::ConnectedRequest>) -> Result<Response<()>, Status> {
        let (node, version) = wire::connected(request.into_inner())?;
        told(self.vm().connected(node, version)).await
    }

    async fn disconnected(&self, request: Request<vm::DisconnectedRequest>) -> Result<Response<()>, Status> {
        let node = wire::node_id(&request.into_inner().node_id)?;
        told(self.vm().disconnected(node)).await
    }

    async fn build_block(
        &self,
        request: Request<vm::BuildBlockRequest>,
    ) -> Result<Response<vm::BuildBlockResponse>, Status> {
        let chain = self.chain()?;
        answer(chain.build(context(request.into_inner().p_chain_height)), wire::built).await
    }

    async fn parse_block(
        &self,
        request: Request<vm::ParseBlockRequest>,
    ) -> Result<Response<vm::ParseBlockResponse>, Status> {
        let chain = self.chain()?;
        answer(chain.parse(request.into_inner().bytes), |block| wire::parsed(&block)).await
    }

    async fn get_block(&self, request: Request<vm::GetBlockRequest>) -> Result<Response<vm::GetBlockResponse>, Status> {
        let chain = self.chain()?;
        let id = wire::id(&request.into_inner().id, "id")?;
        let response = match call(chain.get(id)).await {
            Ok(block) => wire::got(block),
            Err(error) => vm::GetBlockResponse { err: wire::number(&error)?, ..Default::default() },
        };
        Ok(Response::new(response))
    }

    async fn set_preference(&self, request: Request<vm::SetPreferenceRequest>) -> Result<Response<()>, Status> {
        let chain = self.chain()?;
        let id = wire::id(&request.into_inner().id, "id")?;
        answer(chain.set_preference(id), |()| ()).await
    }

    async fn health(&self, _: Request<()>) -> Result<Response<vm::HealthResponse>, Status> {
        answer(self.vm().health(), |json| vm::HealthResponse { details: json.into() }).await
    }

    async fn version(&self, _: Request<()>) -> Result<Response<vm::VersionResponse>, Status> {
        answer(self.vm().version(), |version| vm::VersionResponse { version }).await
    }

    async fn app_request(&self, request: Request<vm::AppRequestMsg>) -> Result<Response<()>, Status> {
        told(self.vm().app_request(wire::app_request(request.into_inner())?)).await
    }

    async fn app_request_failed(&self, request: Request<vm::AppRequestFailedMsg>) -> Result<Response<()>, Status> {
        let vm::AppRequestFailedMsg { node_id, request_id, error_code, error_message } = request.into_inner();
        let error = AppError { code: error_code, message: error_message };
        told(self.vm().app_request_failed(wire::node_id(&node_id)?, request_id, error)).await
    }

    async fn app_response(&self, request: Request<vm::AppResponseMsg>) -> Result<Response<()>, Status> {
        let vm::AppResponseMsg { node_id, request_id, response } = request.into_inner();
        told(self.vm().app_response(wire::node_id(&node_id)?, request_id, response)).await
    }

    async fn app_gossip(&self, request: Request<vm::AppGossipMsg>) -> Result<Response<()>, Status> {
        let vm::AppGossipMsg { node_id, msg } = request.into_inner();
        told(self.vm().app_gossip(wire::node_id(&node_id)?, msg)).await
    }

    async fn gather(&self, _: Request<()>) -> Result<Response<vm::GatherResponse>, Status> {
        let families = |families: Vec<_>| families.into_iter().map(metrics::family).collect();
        answer(self.vm().gather(), |all| vm::GatherResponse { metric_families: families(all) }).await
    }

    async fn get_ancestors(
        &self,
        request: Request<vm::GetAncestorsRequest>,
    ) -> Result<Response<vm::GetAncestorsResponse>, Status> {
        Ok(Response::new(vm::GetAncestorsResponse { blks_bytes: self.ancestors(request.into_inner()).await? }))
    }

    /// All or nothing, as the host expects: it takes the answers by their position.
    async fn batched_parse_block(
        &self,
        request: Request<vm::BatchedParseBlockRequest>,
    ) -> Result<Response<vm::BatchedParseBlockResponse>, Status> {
        let chain = self.chain()?;
        let blocks = request.into_inner().request;
        let mut response = Vec::with_capacity(blocks.len());
        for (index, bytes) in blocks.into_iter().enumerate() {
            let block = call(chain.parse(bytes))
                .await
                .map_err(|error| wire::status(&VmError::Other(format!("block {index} of the batch: {error}"))))?;
            response.push(wire::parsed(&block));
        }
        Ok(Response::new(vm::BatchedParseBlockResponse { response }))
    }

    async fn get_block_id_at_height(
        &self,
        request: Request<vm::GetBlockIdAtHeightRequest>,
    ) -> Result<Response<vm::GetBlockIdAtHeightResponse>, Status> {
        let chain = self.chain()?;
        let response = match call(chain.id_at_height(request.into_inner().height)).await {
            Ok(id) => vm::GetBlockIdAtHeightResponse { blk_id: id.into(), err: vm::Error::Unspecified.into() },
            Err(error) => vm::GetBlockIdAtHeightResponse { err: wire::number(&error)?, ..Default::default() },
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
        let chain = self.chain()?;
        let vm::BlockVerifyRequest { bytes, p_chain_height } = request.into_inner();
        answer(chain.verify(bytes, context(p_chain_height)), |timestamp_ms| vm::BlockVerifyResponse {
            timestamp: Some(wire::timestamp(timestamp_ms)),
        })
        .await
    }

    async fn block_accept(&self, request: Request<vm::BlockAcceptRequest>) -> Result<Response<()>, Status> {
        let chain = self.chain()?;
        let id = wire::id(&request.into_inner().id, "id")?;
        answer(chain.accept(id), |()| ()).await
    }

    async fn block_reject(&self, request: Request<vm::BlockRejectRequest>) -> Result<Response<()>, Status> {
        let chain = self.chain()?;
        let id = wire::id(&request.into_inner().id, "id")?;
        answer(chain.reject(id), |()| ()).await
    }
}

/// A call whose every error is a status.
async fn answer<T, R>(
    work: impl Future<Output = Result<T, VmError>> + Send,
    into: impl FnOnce(T) -> R,
) -> Result<Response<R>, Status> {
    call(work).await.map(|value| Response::new(into(value))).map_err(|error| wire::status(&error))
}

/// A call of the chain; a panic in it is its error.
async fn call<T>(work: impl Future<Output = Result<T, VmError>> + Send) -> Result<T, VmError> {
    guarded(work).await.unwrap_or_else(|panic| {
        tracing::error!(%panic, "a call of the host panicked");
        Err(VmError::Other(format!("internal error: {panic}")))
    })
}

/// Something about a peer. The host takes an error as the end of the chain, and a peer must not cause that, also where
/// its message meets a defect: a panic is in the log and nowhere else.
async fn told(work: impl Future<Output = ()> + Send) -> Result<Response<()>, Status> {
    if let Err(panic) = guarded(work).await {
        tracing::error!(%panic, "a message about a peer panicked");
    }
    Ok(Response::new(()))
}

fn context(p_chain_height: Option<u64>) -> Option<BlockContext> {
    p_chain_height.map(|p_chain_height| BlockContext { p_chain_height })
}

fn no_state_sync() -> Result<i32, Status> {
    wire::number(&VmError::StateSyncNotImplemented)
}

/// Bytes of a user's request beside its body: the host takes one mebibyte of headers at most.
const REQUEST_ROOM_BYTES: usize = 1 << 20;

/// How long the host waits for the answer to `Shutdown`, whatever the chain is at. What was accepted is stored by then, and
/// what is not done is forgotten with the process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(4);

/// What the host counts for each block beside its bytes.
const LENGTH_PREFIX_BYTES: usize = 4;

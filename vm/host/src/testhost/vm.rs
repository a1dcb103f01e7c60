//! A plugin's chain, called over what its row speaks: the same methods for all rows, with gRPC's messages and errors.

use bytes::Bytes;
use pars_proto::host::vm;
use pars_proto::host::vm::vm_client::VmClient;
use prost_types::Timestamp;
use tonic::transport::Channel;
use tonic::{IntoRequest, Response, Status};

use super::zap::Line;
use crate::zap::message::{self as msg, Details, error, vm as kind};
use crate::zap::wire::{Appended, Flagged, Value};

/// A plugin's chain.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Vm {
    /// Over gRPC.
    Grpc(VmClient<Channel>),
    /// Over ZAP.
    Zap(Line),
}

macro_rules! calls {
    ($($name:ident: $request:ty => $response:ty;)*) => {
        impl Vm {
            $(
                #[doc = concat!("`", stringify!($name), "`.")]
                ///
                /// # Errors
                /// The plugin's.
                pub async fn $name(&mut self, request: impl IntoRequest<$request>) -> Result<Response<$response>, Status> {
                    match self {
                        Self::Grpc(vm) => vm.$name(request).await,
                        Self::Zap(line) => over_zap::$name(line, request.into_request().into_inner()).await.map(Response::new),
                    }
                }
            )*
        }
    };
}

calls! {
    initialize: vm::InitializeRequest => vm::InitializeResponse;
    set_state: vm::SetStateRequest => vm::SetStateResponse;
    shutdown: () => ();
    create_handlers: () => vm::CreateHandlersResponse;
    new_http_handler: () => vm::NewHttpHandlerResponse;
    wait_for_event: () => vm::WaitForEventResponse;
    connected: vm::ConnectedRequest => ();
    disconnected: vm::DisconnectedRequest => ();
    build_block: vm::BuildBlockRequest => vm::BuildBlockResponse;
    parse_block: vm::ParseBlockRequest => vm::ParseBlockResponse;
    get_block: vm::GetBlockRequest => vm::GetBlockResponse;
    set_preference: vm::SetPreferenceRequest => ();
    health: () => vm::HealthResponse;
    version: () => vm::VersionResponse;
    app_request: vm::AppRequestMsg => ();
    app_request_failed: vm::AppRequestFailedMsg => ();
    app_response: vm::AppResponseMsg => ();
    app_gossip: vm::AppGossipMsg => ();
    gather: () => vm::GatherResponse;
    get_ancestors: vm::GetAncestorsRequest => vm::GetAncestorsResponse;
    batched_parse_block: vm::BatchedParseBlockRequest => vm::BatchedParseBlockResponse;
    get_block_id_at_height: vm::GetBlockIdAtHeightRequest => vm::GetBlockIdAtHeightResponse;
    state_sync_enabled: () => vm::StateSyncEnabledResponse;
    get_ongoing_sync_state_summary: () => vm::GetOngoingSyncStateSummaryResponse;
    get_last_state_summary: () => vm::GetLastStateSummaryResponse;
    parse_state_summary: vm::ParseStateSummaryRequest => vm::ParseStateSummaryResponse;
    get_state_summary: vm::GetStateSummaryRequest => vm::GetStateSummaryResponse;
    block_verify: vm::BlockVerifyRequest => vm::BlockVerifyResponse;
    block_accept: vm::BlockAcceptRequest => ();
    block_reject: vm::BlockRejectRequest => ();
    state_summary_accept: vm::StateSummaryAcceptRequest => vm::StateSummaryAcceptResponse;
}

impl Vm {
    /// Tells what is final. Only hosts of ZAP do.
    ///
    /// # Errors
    /// The plugin's, or that the row has no such call.
    pub async fn set_quasar_finalized(&mut self, height: u64) -> Result<(), Status> {
        ask(self.line()?, kind::SET_QUASAR_FINALIZED, &msg::QuasarHeight { height }).await
    }

    /// What is final, as the plugin knows it. Only hosts of ZAP ask.
    ///
    /// # Errors
    /// The plugin's, or that the row has no such call.
    pub async fn quasar_height(&mut self) -> Result<u64, Status> {
        let answer: msg::QuasarHeight = ask(self.line()?, kind::QUASAR_HEIGHT, &()).await?;
        Ok(answer.height)
    }

    /// What the plugin said it can do when it was opened. Only hosts of ZAP are told.
    ///
    /// # Errors
    /// The row has no such field.
    pub fn capabilities(&self) -> Result<u64, Status> {
        Ok(self.line()?.capabilities())
    }

    fn line(&self) -> Result<&Line, Status> {
        match self {
            Self::Zap(line) => Ok(line),
            Self::Grpc(_) => Err(Status::unimplemented("hosts of gRPC have no such call")),
        }
    }
}

async fn ask<T: Value>(line: &Line, kind: u8, message: &(impl Value + Sync)) -> Result<T, Status> {
    let body = line.ask(kind, message).await?;
    T::decode(body).map_err(|error| Status::internal(format!("the answer to type {kind}: {error}")))
}

mod over_zap {
    use super::*;

    pub(super) async fn initialize(
        line: &Line,
        request: vm::InitializeRequest,
    ) -> Result<vm::InitializeResponse, Status> {
        let lent = |addr: String| Appended(Some(Bytes::from(addr)));
        let message = msg::InitializeRequest {
            network_id: request.network_id,
            chain_id: request.chain_id,
            node_id: request.node_id,
            public_key: request.public_key,
            x_chain_id: request.x_chain_id,
            c_chain_id: request.c_chain_id,
            utxo_asset_id: request.avax_asset_id,
            chain_data_dir: request.chain_data_dir.into(),
            genesis_bytes: request.genesis_bytes,
            upgrade_bytes: request.upgrade_bytes,
            config_bytes: request.config_bytes,
            db_server_addr: request.db_server_addr.into(),
            server_addr: Bytes::new(),
            atomic_server_addr: lent(String::new()),
            d_chain_id: lent(String::new()),
            validator_server_addr: lent(request.server_addr),
        };
        let opened: msg::InitializeResponse = ask(line, kind::INITIALIZE, &message).await?;
        line.set_capabilities(opened.capabilities.0.unwrap_or_default());
        Ok(vm::InitializeResponse {
            last_accepted_id: id(opened.last_accepted_id)?,
            last_accepted_parent_id: opened.last_accepted_parent_id,
            height: opened.height,
            bytes: opened.bytes,
            timestamp: Some(timestamp(opened.timestamp)),
        })
    }

    /// Hosts ignore what the answer holds, so it holds nothing.
    pub(super) async fn set_state(line: &Line, request: vm::SetStateRequest) -> Result<vm::SetStateResponse, Status> {
        let state = u8::try_from(request.state).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let () = ask(line, kind::SET_STATE, &msg::SetStateRequest { state }).await?;
        Ok(vm::SetStateResponse::default())
    }

    pub(super) async fn shutdown(line: &Line, (): ()) -> Result<(), Status> {
        ask(line, kind::SHUTDOWN, &()).await
    }

    pub(super) async fn create_handlers(line: &Line, (): ()) -> Result<vm::CreateHandlersResponse, Status> {
        let answer: msg::CreateHandlersResponse = ask(line, kind::CREATE_HANDLERS, &()).await?;
        let handler = |of: msg::Handler| vm::Handler { prefix: text(&of.prefix), server_addr: text(&of.server_addr) };
        Ok(vm::CreateHandlersResponse { handlers: answer.handlers.into_iter().map(handler).collect() })
    }

    pub(super) async fn new_http_handler(line: &Line, (): ()) -> Result<vm::NewHttpHandlerResponse, Status> {
        let answer: msg::NewHTTPHandlerResponse = ask(line, kind::NEW_HTTP_HANDLER, &()).await?;
        Ok(vm::NewHttpHandlerResponse { server_addr: text(&answer.server_addr) })
    }

    pub(super) async fn wait_for_event(line: &Line, (): ()) -> Result<vm::WaitForEventResponse, Status> {
        let answer: msg::WaitForEventResponse = ask(line, kind::WAIT_FOR_EVENT, &()).await?;
        Ok(vm::WaitForEventResponse { message: answer.message.into() })
    }

    pub(super) async fn connected(line: &Line, request: vm::ConnectedRequest) -> Result<(), Status> {
        let vm::ConnectedRequest { node_id, name, major, minor, patch } = request;
        ask(line, kind::CONNECTED, &msg::ConnectedRequest { node_id, name: name.into(), major, minor, patch }).await
    }

    pub(super) async fn disconnected(line: &Line, request: vm::DisconnectedRequest) -> Result<(), Status> {
        ask(line, kind::DISCONNECTED, &msg::DisconnectedRequest { node_id: request.node_id }).await
    }

    /// Hosts send nothing where they have no height, which is always.
    pub(super) async fn build_block(
        line: &Line,
        request: vm::BuildBlockRequest,
    ) -> Result<vm::BuildBlockResponse, Status> {
        let block: msg::BlockResponse = match request.p_chain_height {
            None => ask(line, kind::BUILD_BLOCK, &()).await?,
            height => ask(line, kind::BUILD_BLOCK, &msg::BuildBlockRequest { p_chain_height: Flagged(height) }).await?,
        };
        refused(block.err)?;
        Ok(vm::BuildBlockResponse {
            id: id(block.id)?,
            parent_id: id(block.parent_id)?,
            bytes: block.bytes,
            height: block.height,
            timestamp: Some(timestamp(block.timestamp)),
            verify_with_context: block.verify_with_context,
        })
    }

    pub(super) async fn parse_block(
        line: &Line,
        request: vm::ParseBlockRequest,
    ) -> Result<vm::ParseBlockResponse, Status> {
        let message = msg::ParseBlockRequest { bytes: request.bytes };
        parsed(ask(line, kind::PARSE_BLOCK, &message).await?)
    }

    fn parsed(block: msg::BlockResponse) -> Result<vm::ParseBlockResponse, Status> {
        refused(block.err)?;
        Ok(vm::ParseBlockResponse {
            id: id(block.id)?,
            parent_id: id(block.parent_id)?,
            height: block.height,
            timestamp: Some(timestamp(block.timestamp)),
            verify_with_context: block.verify_with_context,
        })
    }

    pub(super) async fn get_block(line: &Line, request: vm::GetBlockRequest) -> Result<vm::GetBlockResponse, Status> {
        let block: msg::BlockResponse = ask(line, kind::GET_BLOCK, &msg::IdRequest { id: request.id }).await?;
        let err = answered(block.err)?;
        Ok(vm::GetBlockResponse {
            parent_id: block.parent_id,
            bytes: block.bytes,
            height: block.height,
            timestamp: Some(timestamp(block.timestamp)),
            err,
            verify_with_context: block.verify_with_context,
        })
    }

    pub(super) async fn set_preference(line: &Line, request: vm::SetPreferenceRequest) -> Result<(), Status> {
        ask(line, kind::SET_PREFERENCE, &msg::IdRequest { id: request.id }).await
    }

    /// Facts as JSON, which hosts of gRPC get.
    pub(super) async fn health(line: &Line, (): ()) -> Result<vm::HealthResponse, Status> {
        let answer: msg::HealthResponse = ask(line, kind::HEALTH, &()).await?;
        let facts = Details::decode(&answer.details).map_err(|error| Status::internal(error.to_string()))?;
        let members: Vec<String> = facts.0.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        Ok(vm::HealthResponse { details: format!("{{{}}}", members.join(",")).into() })
    }

    pub(super) async fn version(line: &Line, (): ()) -> Result<vm::VersionResponse, Status> {
        let answer: msg::VersionResponse = ask(line, kind::VERSION, &()).await?;
        Ok(vm::VersionResponse { version: text(&answer.version) })
    }

    pub(super) async fn app_request(line: &Line, request: vm::AppRequestMsg) -> Result<(), Status> {
        let vm::AppRequestMsg { node_id, request_id, deadline, request } = request;
        let Timestamp { seconds, nanos } = deadline.unwrap_or_default();
        let deadline = seconds.saturating_mul(NANOS).saturating_add(nanos.into());
        ask(line, kind::REQUEST, &msg::RequestMsg { node_id, request_id, deadline, request }).await
    }

    pub(super) async fn app_request_failed(line: &Line, request: vm::AppRequestFailedMsg) -> Result<(), Status> {
        let vm::AppRequestFailedMsg { node_id, request_id, error_code, error_message } = request;
        let error_message = error_message.into();
        ask(line, kind::REQUEST_FAILED, &msg::RequestFailedMsg { node_id, request_id, error_code, error_message }).await
    }

    pub(super) async fn app_response(line: &Line, request: vm::AppResponseMsg) -> Result<(), Status> {
        let vm::AppResponseMsg { node_id, request_id, response } = request;
        ask(line, kind::RESPONSE, &msg::ResponseMsg { node_id, request_id, response }).await
    }

    pub(super) async fn app_gossip(line: &Line, request: vm::AppGossipMsg) -> Result<(), Status> {
        let vm::AppGossipMsg { node_id, msg } = request;
        ask(line, kind::GOSSIP, &msg::GossipMsg { node_id, msg }).await
    }

    /// There is no message for an answer.
    pub(super) async fn gather(line: &Line, (): ()) -> Result<vm::GatherResponse, Status> {
        let () = ask(line, kind::GATHER, &()).await?;
        Ok(vm::GatherResponse::default())
    }

    pub(super) async fn get_ancestors(
        line: &Line,
        request: vm::GetAncestorsRequest,
    ) -> Result<vm::GetAncestorsResponse, Status> {
        let vm::GetAncestorsRequest { blk_id, max_blocks_num, max_blocks_size, max_blocks_retrival_time } = request;
        let message = msg::GetAncestorsRequest { blk_id, max_blocks_num, max_blocks_size, max_blocks_retrival_time };
        let answer: msg::GetAncestorsResponse = ask(line, kind::GET_ANCESTORS, &message).await?;
        Ok(vm::GetAncestorsResponse { blks_bytes: answer.blks_bytes })
    }

    pub(super) async fn batched_parse_block(
        line: &Line,
        request: vm::BatchedParseBlockRequest,
    ) -> Result<vm::BatchedParseBlockResponse, Status> {
        let message = msg::BatchedParseBlockRequest { requests: request.request };
        let answer: msg::BatchedParseBlockResponse = ask(line, kind::BATCHED_PARSE_BLOCK, &message).await?;
        let response: Result<Vec<_>, _> = answer.responses.into_iter().map(parsed).collect();
        Ok(vm::BatchedParseBlockResponse { response: response? })
    }

    pub(super) async fn get_block_id_at_height(
        line: &Line,
        request: vm::GetBlockIdAtHeightRequest,
    ) -> Result<vm::GetBlockIdAtHeightResponse, Status> {
        let message = msg::GetBlockIDAtHeightRequest { height: request.height };
        let answer: msg::GetBlockIDAtHeightResponse = ask(line, kind::GET_BLOCK_ID_AT_HEIGHT, &message).await?;
        Ok(vm::GetBlockIdAtHeightResponse { blk_id: answer.blk_id, err: answered(answer.err)? })
    }

    pub(super) async fn state_sync_enabled(line: &Line, (): ()) -> Result<vm::StateSyncEnabledResponse, Status> {
        let answer: msg::StateSyncEnabledResponse = ask(line, kind::STATE_SYNC_ENABLED, &()).await?;
        Ok(vm::StateSyncEnabledResponse { enabled: answer.enabled, err: answered(answer.err)? })
    }

    pub(super) async fn get_ongoing_sync_state_summary(
        line: &Line,
        (): (),
    ) -> Result<vm::GetOngoingSyncStateSummaryResponse, Status> {
        let msg::SummaryResponse { id, height, bytes, err } =
            ask(line, kind::GET_ONGOING_SYNC_STATE_SUMMARY, &()).await?;
        Ok(vm::GetOngoingSyncStateSummaryResponse { id, height, bytes, err: answered(err)? })
    }

    pub(super) async fn get_last_state_summary(line: &Line, (): ()) -> Result<vm::GetLastStateSummaryResponse, Status> {
        let msg::SummaryResponse { id, height, bytes, err } = ask(line, kind::GET_LAST_STATE_SUMMARY, &()).await?;
        Ok(vm::GetLastStateSummaryResponse { id, height, bytes, err: answered(err)? })
    }

    pub(super) async fn parse_state_summary(
        line: &Line,
        request: vm::ParseStateSummaryRequest,
    ) -> Result<vm::ParseStateSummaryResponse, Status> {
        let message = msg::ParseStateSummaryRequest { bytes: request.bytes };
        let msg::SummaryResponse { id, height, err, .. } = ask(line, kind::PARSE_STATE_SUMMARY, &message).await?;
        Ok(vm::ParseStateSummaryResponse { id, height, err: answered(err)? })
    }

    pub(super) async fn get_state_summary(
        line: &Line,
        request: vm::GetStateSummaryRequest,
    ) -> Result<vm::GetStateSummaryResponse, Status> {
        let message = msg::GetStateSummaryRequest { height: request.height };
        let msg::SummaryResponse { id, bytes, err, .. } = ask(line, kind::GET_STATE_SUMMARY, &message).await?;
        Ok(vm::GetStateSummaryResponse { id, bytes, err: answered(err)? })
    }

    pub(super) async fn block_verify(
        line: &Line,
        request: vm::BlockVerifyRequest,
    ) -> Result<vm::BlockVerifyResponse, Status> {
        let vm::BlockVerifyRequest { bytes, p_chain_height } = request;
        let message = msg::BlockVerifyRequest { bytes, p_chain_height: Flagged(p_chain_height) };
        let answer: msg::BlockVerifyResponse = ask(line, kind::BLOCK_VERIFY, &message).await?;
        Ok(vm::BlockVerifyResponse { timestamp: Some(timestamp(answer.timestamp)) })
    }

    pub(super) async fn block_accept(line: &Line, request: vm::BlockAcceptRequest) -> Result<(), Status> {
        ask(line, kind::BLOCK_ACCEPT, &msg::IdRequest { id: request.id }).await
    }

    pub(super) async fn block_reject(line: &Line, request: vm::BlockRejectRequest) -> Result<(), Status> {
        ask(line, kind::BLOCK_REJECT, &msg::IdRequest { id: request.id }).await
    }

    pub(super) async fn state_summary_accept(
        line: &Line,
        request: vm::StateSummaryAcceptRequest,
    ) -> Result<vm::StateSummaryAcceptResponse, Status> {
        // Hosts send the id of a summary that they got before, and no id is as long as any summary.
        let message = msg::StateSummaryAcceptRequest { id: request.bytes };
        let msg::StateSummaryAcceptResponse { mode, err } = ask(line, kind::STATE_SUMMARY_ACCEPT, &message).await?;
        Ok(vm::StateSummaryAcceptResponse { mode: mode.into(), err: answered(err)? })
    }

    /// An error that gRPC has a number for, too.
    fn answered(err: u8) -> Result<i32, Status> {
        if err == error::INTERNAL { Err(internal()) } else { Ok(err.into()) }
    }

    fn refused(err: u8) -> Result<(), Status> {
        match err {
            error::NONE => Ok(()),
            error::INTERNAL => Err(internal()),
            other => Err(Status::unknown(format!("error {other}"))),
        }
    }

    fn internal() -> Status {
        Status::unknown("internal error")
    }

    /// Hosts refuse an answer whose ids have another length.
    fn id(bytes: Bytes) -> Result<Bytes, Status> {
        if bytes.len() == 32 { Ok(bytes) } else { Err(Status::internal("malformed block id")) }
    }

    fn text(bytes: &Bytes) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn timestamp(nanos: i64) -> Timestamp {
        let part = i32::try_from(nanos.rem_euclid(NANOS)).unwrap_or(0);
        Timestamp { seconds: nanos.div_euclid(NANOS), nanos: part }
    }

    const NANOS: i64 = 1_000_000_000;
}

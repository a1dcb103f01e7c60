//! The host's connection: each request becomes one call of the chain, and its answer is a frame with the same number.
//!
//! Requests run at the same time, and answers come in the order in which they are ready: a wait for an event takes hours.
//! A host has no message for giving up a call, so waits that it has forgotten are kept down to a few.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::client::ZapHost;
use super::frame::{Cutter, ERROR, Frame, REPLY, encode, encode_error};
use super::message::{self as msg, Details, error, vm};
use super::wire::{Value, WireError};
use crate::calls::{AncestorBounds, Calls, Refusal};
use crate::http::intake::Room;
use crate::http::port;
use crate::lifecycle::{Ending, Session};
use crate::text::{bounded, one_line};
use crate::{
    AppError, AppRequest, Block, BlockContext, BlockMeta, ChainVm, Event, Id, InitArgs, LastAccepted, NodeId,
    PeerVersion, VmError,
};

/// Serves one chain.
#[derive(Debug)]
pub(crate) struct ZapService<V> {
    calls: Calls<V>,
    room: Room,
    /// A connection has brought a request: it is the host's, and its end is the end of the host.
    has_host: AtomicBool,
    /// Waits for an event that have no answer yet, the oldest first.
    waits: Mutex<VecDeque<oneshot::Sender<()>>>,
    /// The block that was built last: hosts ask again until they have decided, and mean the same one.
    built: Mutex<Option<Block>>,
}

/// A host dials as soon as it has the address, and asks at once. Counted from the start, whoever else comes meanwhile.
const DIAL_MAX: Duration = Duration::from_secs(30);
/// Bytes of requests that are worked on, over all connections. A host that sends more waits.
const WORKED_ON_MAX: usize = 256 << 20;
/// What a request counts beside its bytes.
const REQUEST_BYTES: usize = 4 << 10;
/// Requests of a connection that are worked on, or whose answers are not sent: a host that reads nothing for a while must
/// not cost the memory of all its answers. The others wait as they came.
const ANSWERS_MAX: usize = 256;
/// Blocks of a batch. Hosts ask for a few hundred.
const BATCH_MAX: usize = 1 << 16;
/// Waits that are kept: a host has one at a time, and forgets it when it restarts its loop.
const WAITS_MAX: usize = 4;
/// Bytes of an error's text.
const TEXT_BYTES_MAX: usize = 1024;
/// [`msg::InitializeResponse::capabilities`]: this chain can be told what is final.
const QUASAR: u64 = 1;

impl<V: ChainVm> ZapService<V> {
    pub(crate) fn new(session: Arc<Session<V>>) -> Arc<Self> {
        Arc::new(Self {
            calls: Calls::new(session),
            room: Room::new(),
            has_host: AtomicBool::new(false),
            waits: Mutex::default(),
            built: Mutex::default(),
        })
    }

    /// Serves until the session ends. A host dials once; whoever else comes is served as well, and only the end of a
    /// connection that carried requests is the end of the host. So is a while in which nobody is there who could ask.
    pub(crate) async fn serve(self: Arc<Self>, listener: TcpListener, ending: Ending) {
        let mut connections = JoinSet::new();
        let worked_on = Arc::new(Semaphore::new(WORKED_ON_MAX));
        let dial_by = Instant::now() + DIAL_MAX;
        loop {
            let deserted = connections.is_empty() && !self.has_host.load(Ordering::Relaxed);
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        drop(stream.set_nodelay(true));
                        connections.spawn(Arc::clone(&self).connection(stream, Arc::clone(&worked_on), ending.clone()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "accepting the host's connection");
                        tokio::time::sleep(port::PAUSE).await;
                    }
                },
                Some(_) = connections.join_next() => {}
                () = ending.wait() => break,
                () = tokio::time::sleep_until(dial_by), if deserted => {
                    tracing::warn!(seconds = DIAL_MAX.as_secs(), "no host has asked for anything");
                    self.calls.session().host_left();
                    break;
                }
            }
        }
        while connections.join_next().await.is_some() {}
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, worked_on: Arc<Semaphore>, ending: Ending) {
        let (mut reading, writing) = stream.into_split();
        let writing = Arc::new(tokio::sync::Mutex::new(writing));
        let mut cutter = Cutter::default();
        let mut requests = JoinSet::new();
        let answers = Arc::new(Semaphore::new(ANSWERS_MAX));
        let mut used = false;
        loop {
            while requests.try_join_next().is_some() {}
            let frame = tokio::select! {
                frame = cutter.read(&mut reading) => frame,
                () = ending.wait() => break,
            };
            match self.next(frame, &mut used) {
                Ok(Some((kind, id, body))) => {
                    let permit = tokio::select! {
                        permit = permit(&worked_on, body.len()) => permit,
                        () = ending.wait() => break,
                    };
                    let (service, writing, answers) = (Arc::clone(&self), Arc::clone(&writing), Arc::clone(&answers));
                    requests.spawn(async move {
                        // The end waits for nobody, and a wait is in nobody's way.
                        let waits = !matches!(kind, vm::SHUTDOWN | vm::WAIT_FOR_EVENT);
                        let place = if waits { answers.acquire().await.ok() } else { None };
                        service.request(kind, id, body, writing).await;
                        drop((place, permit));
                    });
                }
                Ok(None) => {}
                Err(end) => {
                    if let Some(error) = end {
                        tracing::warn!(%error, "the host's connection broke");
                    }
                    if used {
                        // Nobody is left to be answered.
                        requests.shutdown().await;
                        self.calls.session().host_left();
                    }
                    return;
                }
            }
        }
        // What is under way is answered; waits hear of the end themselves.
        while requests.join_next().await.is_some() {}
    }

    /// What a frame asks for; nothing where it is none that is answered.
    #[allow(clippy::type_complexity, reason = "type, number and body of a request, or the end with its reason")]
    fn next(
        &self,
        frame: io::Result<Option<Frame>>,
        used: &mut bool,
    ) -> Result<Option<(u8, u32, Bytes)>, Option<io::Error>> {
        let frame = frame.map_err(Some)?.ok_or(None)?;
        // Without a number there is nothing to answer, and replies are not for a server.
        let is_request = frame.kind & (REPLY | ERROR) == 0 && !vm::ONE_WAY.contains(&frame.kind);
        let Some((id, body)) = frame.message().filter(|_| is_request) else { return Ok(None) };
        *used |= !self.has_host.swap(true, Ordering::Relaxed);
        Ok(Some((frame.kind, id, body)))
    }

    async fn request<W: AsyncWrite + Unpin + Send>(
        self: Arc<Self>,
        kind: u8,
        id: u32,
        body: Bytes,
        writing: Arc<tokio::sync::Mutex<W>>,
    ) {
        let frame = self.answer(kind, id, body).await;
        let written = async {
            let mut writing = writing.lock().await;
            writing.write_all(&frame).await?;
            writing.flush().await
        };
        if let Err(error) = written.await {
            tracing::debug!(%error, kind, "an answer did not reach the host");
        }
    }

    /// The whole frame that answers a request.
    pub(crate) async fn answer(&self, kind: u8, id: u32, body: Bytes) -> Bytes {
        let answered = self.call(kind, id, body).await;
        let framed = answered.unwrap_or_else(|refusal| {
            let text = bounded(&one_line(&refusal.to_string()), TEXT_BYTES_MAX);
            encode_error(kind, id, &text)
        });
        framed.unwrap_or_else(|too_long| {
            // Its own error is short.
            encode_error(kind, id, &format!("the answer: {too_long}")).unwrap_or_default()
        })
    }

    async fn call(&self, kind: u8, id: u32, body: Bytes) -> Result<Framed, Refusal> {
        let calls = &self.calls;
        let reply = |message: &dyn Reply| Ok(message.framed(kind, id));
        match kind {
            vm::INITIALIZE => reply(&initialized(self.initialize(read(body)?).await?)?),
            vm::SET_STATE => {
                let msg::SetStateRequest { state } = read(body)?;
                calls.set_state(state.into()).await?;
                reply(&())
            }
            vm::SHUTDOWN => {
                calls.shutdown().await?;
                reply(&())
            }
            vm::CREATE_HANDLERS => reply(&self.create_handlers().await?),
            // Only for clients of gRPC, who are not served.
            vm::NEW_HTTP_HANDLER => reply(&msg::NewHTTPHandlerResponse::default()),
            vm::WAIT_FOR_EVENT => reply(&msg::WaitForEventResponse { message: self.wait().await? }),
            vm::CONNECTED => {
                let msg::ConnectedRequest { node_id, name, major, minor, patch } = read(body)?;
                let version = PeerVersion { name: text(&name), major, minor, patch };
                calls.connected(node(&node_id)?, version).await;
                reply(&())
            }
            vm::DISCONNECTED => {
                let msg::DisconnectedRequest { node_id } = read(body)?;
                calls.disconnected(node(&node_id)?).await;
                reply(&())
            }
            vm::BUILD_BLOCK => {
                let msg::BuildBlockRequest { p_chain_height } =
                    if body.is_empty() { msg::BuildBlockRequest::default() } else { read(body)? };
                reply(&block(self.build(context(p_chain_height.0)).await, "building a block"))
            }
            vm::PARSE_BLOCK => {
                let msg::ParseBlockRequest { bytes } = read(body)?;
                let parsed = calls.parse(bytes.clone()).await.map(|meta| Block { meta, bytes });
                reply(&block(parsed, "parsing a block"))
            }
            vm::GET_BLOCK => {
                let got = match self.block_id(body) {
                    Ok(id) => calls.get(id).await,
                    Err(Refusal::Ending) => Err(Refusal::Ending),
                    Err(refusal) => return Err(refusal),
                };
                reply(&block(got, "reading a block"))
            }
            vm::SET_PREFERENCE => {
                let id = self.block_id(body)?;
                calls.set_preference(id).await?;
                self.preferred(id);
                reply(&())
            }
            vm::HEALTH => {
                let facts = calls.health().await?;
                let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                reply(&msg::HealthResponse { details: Details(facts).encode() })
            }
            vm::VERSION => reply(&msg::VersionResponse { version: calls.version().await?.into() }),
            vm::REQUEST => {
                let msg::RequestMsg { node_id, request_id, deadline, request } = read(body)?;
                let deadline_ms = u64::try_from(deadline).unwrap_or(0) / NANOS_IN_MS;
                let request = AppRequest { node: node(&node_id)?, request_id, deadline_ms, bytes: request };
                calls.app_request(request).await;
                reply(&())
            }
            vm::REQUEST_FAILED => {
                let msg::RequestFailedMsg { node_id, request_id, error_code, error_message } = read(body)?;
                let error = AppError { code: error_code, message: text(&error_message) };
                calls.app_request_failed(node(&node_id)?, request_id, error).await;
                reply(&())
            }
            vm::RESPONSE => {
                let msg::ResponseMsg { node_id, request_id, response } = read(body)?;
                calls.app_response(node(&node_id)?, request_id, response).await;
                reply(&())
            }
            vm::GOSSIP => {
                let msg::GossipMsg { node_id, msg } = read(body)?;
                calls.app_gossip(node(&node_id)?, msg).await;
                reply(&())
            }
            vm::GET_ANCESTORS => {
                let msg::GetAncestorsRequest { blk_id, max_blocks_num, max_blocks_size, max_blocks_retrival_time } =
                    read(body)?;
                calls.opened()?;
                let bounds =
                    AncestorBounds { count: max_blocks_num, bytes: max_blocks_size, nanos: max_blocks_retrival_time };
                let blks_bytes = calls.ancestors(id_of(&blk_id, "blk_id")?, bounds).await?;
                reply(&msg::GetAncestorsResponse { blks_bytes })
            }
            vm::BATCHED_PARSE_BLOCK => {
                let msg::BatchedParseBlockRequest { requests } = read(body)?;
                if requests.len() > BATCH_MAX {
                    let text = format!("a batch of {} blocks, at most {BATCH_MAX}", requests.len());
                    return Err(Refusal::Argument(text));
                }
                let parsed = calls.parse_each(requests, |_, bytes, meta| {
                    Ok(block(meta.map(|meta| Block { meta, bytes }), "parsing a block of a batch"))
                });
                reply(&msg::BatchedParseBlockResponse { responses: parsed.await? })
            }
            vm::GET_BLOCK_ID_AT_HEIGHT => {
                let msg::GetBlockIDAtHeightRequest { height } = read(body)?;
                reply(&match calls.id_at_height(height).await {
                    Ok(id) => msg::GetBlockIDAtHeightResponse { blk_id: id.into(), err: error::NONE },
                    Err(refusal) => {
                        msg::GetBlockIDAtHeightResponse { blk_id: Bytes::new(), err: number(&refusal, "reading an id") }
                    }
                })
            }
            vm::STATE_SYNC_ENABLED => {
                reply(&msg::StateSyncEnabledResponse { enabled: false, err: error::STATE_SYNC_NOT_IMPLEMENTED })
            }
            vm::GET_ONGOING_SYNC_STATE_SUMMARY
            | vm::GET_LAST_STATE_SUMMARY
            | vm::PARSE_STATE_SUMMARY
            | vm::GET_STATE_SUMMARY => {
                let err = error::STATE_SYNC_NOT_IMPLEMENTED;
                reply(&msg::SummaryResponse { err, ..Default::default() })
            }
            vm::STATE_SUMMARY_ACCEPT => {
                reply(&msg::StateSummaryAcceptResponse { mode: 0, err: error::STATE_SYNC_NOT_IMPLEMENTED })
            }
            vm::BLOCK_VERIFY => {
                let msg::BlockVerifyRequest { bytes, p_chain_height } = read(body)?;
                let timestamp_ms = calls.verify(bytes, context(p_chain_height.0)).await?;
                reply(&msg::BlockVerifyResponse { timestamp: nanos(timestamp_ms) })
            }
            vm::BLOCK_ACCEPT => {
                let id = self.block_id(body)?;
                self.decided();
                calls.accept(id).await?;
                reply(&())
            }
            vm::BLOCK_REJECT => {
                let id = self.block_id(body)?;
                self.decided();
                calls.reject(id).await?;
                reply(&())
            }
            vm::SET_QUASAR_FINALIZED => {
                let msg::QuasarHeight { height } = read(body)?;
                calls.set_final(height).await?;
                reply(&())
            }
            vm::QUASAR_HEIGHT => reply(&msg::QuasarHeight { height: calls.final_height().await? }),
            // There is no message for measurements; hosts that ask all the same get none.
            vm::GATHER => {
                drop(calls.gather().await?);
                reply(&())
            }
            // An empty success, as the reference plugin gives, is more than a host can read.
            unknown => Err(Refusal::Argument(format!("type {unknown} is no call of a chain"))),
        }
    }

    /// The id of a block, for calls that need a chain.
    fn block_id(&self, body: Bytes) -> Result<Id, Refusal> {
        self.calls.opened()?;
        let msg::IdRequest { id } = read(body)?;
        id_of(&id, "id")
    }

    async fn initialize(&self, request: msg::InitializeRequest) -> Result<LastAccepted, Refusal> {
        let utf8 = |field: &'static str, bytes: &Bytes| {
            String::from_utf8(bytes.to_vec()).map_err(|error| Refusal::argument(field, &error))
        };
        let address = |field, bytes: Option<&Bytes>| bytes.map_or_else(|| Ok(String::new()), |it| utf8(field, it));
        let args = InitArgs {
            network_id: request.network_id,
            // The host does not say; its validator service knows.
            subnet_id: Id::default(),
            chain_id: id_of(&request.chain_id, "chain_id")?,
            node_id: node(&request.node_id)?,
            public_key: request.public_key,
            chain_data_dir: utf8("chain_data_dir", &request.chain_data_dir)?.into(),
            genesis: request.genesis_bytes,
            upgrade: request.upgrade_bytes,
            config: request.config_bytes,
            db_server_addr: utf8("db_server_addr", &request.db_server_addr)?,
            // No release sends one, and what would be served there is not known.
            server_addr: String::new(),
            validator_server_addr: address("validator_server_addr", request.validator_server_addr.0.as_ref())?,
            tells_final: true,
            network_upgrades: None,
        };
        let host = ZapHost::new(args.db_server_addr.clone(), args.validator_server_addr.clone());
        self.calls.initialize(args, Arc::new(host)).await
    }

    /// One port a path: a host keeps the path that the user asked for, so nothing else tells them apart.
    async fn create_handlers(&self) -> Result<msg::CreateHandlersResponse, Refusal> {
        let session = self.calls.session();
        let mut handlers = Vec::new();
        for handler in self.calls.handlers().await? {
            let prefix = handler.prefix.clone().into();
            let room = self.room.clone();
            let listening = session.listen(|listener, ending| port::serve(listener, handler, room, ending)).await;
            let addr = listening.map_err(|error| VmError::Other(format!("listening on loopback: {error}")))?;
            handlers.push(msg::Handler { prefix, server_addr: addr.to_string().into() });
        }
        Ok(msg::CreateHandlersResponse { handlers })
    }

    /// Waits for an event. The oldest wait of too many ends: the host that made it is not there any more.
    async fn wait(&self) -> Result<u8, Refusal> {
        let displaced = self.enter();
        let event = tokio::select! {
            event = self.calls.wait_event() => event?,
            _ = displaced => return Err(VmError::other("the host waits anew").into()),
        };
        Ok(match event {
            Event::BuildBlock => PENDING_TRANSACTIONS,
            Event::StateSyncFinished => STATE_SYNC_DONE,
        })
    }

    /// Ready once there are too many younger waits.
    fn enter(&self) -> oneshot::Receiver<()> {
        let (keep, displaced) = oneshot::channel();
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.retain(|wait| !wait.is_closed());
        while waits.len() >= WAITS_MAX {
            // Its receiver hears that the sender is gone.
            drop(waits.pop_front());
        }
        waits.push_back(keep);
        displaced
    }

    async fn build(&self, context: Option<BlockContext>) -> Result<Block, Refusal> {
        let built = self.built().clone();
        if let Some(block) = built {
            return Ok(block);
        }
        let block = self.calls.build(context).await?;
        *self.built() = Some(block.clone());
        Ok(block)
    }

    /// Another branch is preferred: what was built is of no use there.
    fn preferred(&self, id: Id) {
        let mut built = self.built();
        if built.as_ref().is_some_and(|block| id != block.meta.id && id != block.meta.parent) {
            *built = None;
        }
    }

    fn decided(&self) {
        *self.built() = None;
    }

    fn built(&self) -> std::sync::MutexGuard<'_, Option<Block>> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Framed = Result<Bytes, super::frame::TooLong>;

/// A message that becomes the reply to a request.
trait Reply {
    fn framed(&self, kind: u8, id: u32) -> Framed;
}

impl<T: Value> Reply for T {
    fn framed(&self, kind: u8, id: u32) -> Framed {
        encode(kind | REPLY, id, self)
    }
}

async fn permit(worked_on: &Arc<Semaphore>, body_bytes: usize) -> OwnedSemaphorePermit {
    // A frame has fewer bytes than there are permits.
    let bytes = u32::try_from(body_bytes.saturating_add(REQUEST_BYTES)).unwrap_or(u32::MAX);
    match Arc::clone(worked_on).acquire_many_owned(bytes).await {
        Ok(permit) => permit,
        // Nobody closes it.
        Err(_) => std::future::pending().await,
    }
}

fn read<T: Value>(body: Bytes) -> Result<T, Refusal> {
    T::decode(body).map_err(|error: WireError| Refusal::Argument(error.to_string()))
}

fn id_of(bytes: &Bytes, field: &'static str) -> Result<Id, Refusal> {
    Id::try_from(bytes.as_ref()).map_err(|error| Refusal::argument(field, &error))
}

fn node(bytes: &Bytes) -> Result<NodeId, Refusal> {
    NodeId::try_from(bytes.as_ref()).map_err(|error| Refusal::argument("node_id", &error))
}

/// A text that nobody compares: hosts do not check that it is one.
fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn context(p_chain_height: Option<u64>) -> Option<BlockContext> {
    p_chain_height.map(|p_chain_height| BlockContext { p_chain_height })
}

fn initialized(block: LastAccepted) -> Result<msg::InitializeResponse, Refusal> {
    Ok(msg::InitializeResponse {
        last_accepted_id: block.id.into(),
        last_accepted_parent_id: block.parent.into(),
        height: block.height,
        bytes: block.bytes,
        timestamp: nanos(block.timestamp_ms),
        capabilities: super::wire::Appended(Some(QUASAR)),
    })
}

/// A block, or a number for why there is none. The number says little, so the reason is in the log.
fn block(block: Result<Block, Refusal>, doing: &'static str) -> msg::BlockResponse {
    let Block { meta: BlockMeta { id, parent, height, timestamp_ms, verify_with_context }, bytes } = match block {
        Ok(block) => block,
        Err(refusal) => return msg::BlockResponse { err: number(&refusal, doing), ..Default::default() },
    };
    msg::BlockResponse {
        id: id.into(),
        parent_id: parent.into(),
        bytes,
        height,
        timestamp: nanos(timestamp_ms),
        verify_with_context,
        err: error::NONE,
    }
}

fn number(refusal: &Refusal, doing: &'static str) -> u8 {
    match refusal {
        Refusal::Chain(VmError::NotFound) => error::NOT_FOUND,
        Refusal::Chain(VmError::StateSyncNotImplemented) => error::STATE_SYNC_NOT_IMPLEMENTED,
        Refusal::Ending => error::CLOSED,
        Refusal::Chain(VmError::Other(_)) | Refusal::Order(_) | Refusal::Argument(_) => {
            tracing::debug!(%refusal, "{doing}");
            error::INTERNAL
        }
    }
}

fn nanos(ms: u64) -> i64 {
    i64::try_from(ms.saturating_mul(NANOS_IN_MS)).unwrap_or(i64::MAX)
}

const NANOS_IN_MS: u64 = 1_000_000;
const PENDING_TRANSACTIONS: u8 = 1;
const STATE_SYNC_DONE: u8 = 2;

//! A chain that is small enough to be looked through: a block is its parent, height and time, and anything behind.

use std::collections::HashMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use pars_host::metric::{Family, Kind, Number, Series, Value};
use pars_host::{
    AppError, AppRequest, Block, BlockContext, BlockMeta, ChainVm, Connection, Event, Host, HostError, HttpHandler, Id,
    InitArgs, LastAccepted, NodeId, PeerVersion, Phase, Recipients, Upgrade, VmError,
};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// Verifying a block that ends so gives an error of 100,000 characters.
pub(crate) const VERBOSE: &[u8] = b"verbose";
/// Verifying a block that ends so panics.
pub(crate) const PANIC: &[u8] = b"panic";
/// Verifying a block that ends so does not end, and neither does opening a chain with a genesis that ends so.
pub(crate) const ENDLESS: &[u8] = b"endless";
/// Verifying a block that ends so takes a while.
pub(crate) const SLOW: &[u8] = b"slow";
/// How long that is.
pub(crate) const SLOW_TIME: Duration = Duration::from_millis(300);
/// Bytes of a body that the service at `/rpc` takes.
pub(crate) const BODY_BYTES_MAX: usize = 12 << 20;
/// The key of the record that the chain keeps in the host's database.
pub(crate) const RECORD: &[u8] = b"record";
/// The file that says that the chain was closed.
pub(crate) const CLOSED: &str = "closed";

/// See the module.
#[derive(Debug)]
pub(crate) struct Chain {
    state: Mutex<State>,
    wanted: watch::Sender<bool>,
    waiting: AtomicUsize,
    shouting: Arc<AtomicUsize>,
    unclosable: AtomicBool,
    finality: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    blocks: HashMap<Id, Block>,
    accepted: Vec<Id>,
    preferred: Id,
    opened: Option<InitArgs>,
    host: Option<Arc<dyn Host>>,
    calls: Vec<String>,
}

/// The bytes of a block.
pub(crate) fn block(parent: Id, height: u64, timestamp_ms: u64, rest: &[u8]) -> Bytes {
    let mut bytes = parent.as_bytes().to_vec();
    bytes.extend_from_slice(&height.to_be_bytes());
    bytes.extend_from_slice(&timestamp_ms.to_be_bytes());
    bytes.extend_from_slice(rest);
    bytes.into()
}

/// The block every chain starts from.
pub(crate) fn genesis() -> Block {
    decode(block(Id::default(), 0, 1_764_547_200_000, b"genesis")).unwrap()
}

pub(crate) fn decode(bytes: Bytes) -> Result<Block, VmError> {
    let malformed = || VmError::Other(format!("a block of {} bytes, expected at least 48", bytes.len()));
    let (parent, rest) = bytes.split_first_chunk::<32>().ok_or_else(malformed)?;
    let (height, rest) = rest.split_first_chunk::<8>().ok_or_else(malformed)?;
    let (time, _) = rest.split_first_chunk::<8>().ok_or_else(malformed)?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let meta = BlockMeta {
        id: digest.into(),
        parent: (*parent).into(),
        height: u64::from_be_bytes(*height),
        timestamp_ms: u64::from_be_bytes(*time),
        verify_with_context: true,
    };
    Ok(Block { meta, bytes })
}

impl Chain {
    pub(crate) fn new() -> Arc<Self> {
        let genesis = genesis();
        let id = genesis.meta.id;
        let state =
            State { blocks: HashMap::from([(id, genesis)]), accepted: vec![id], preferred: id, ..State::default() };
        Arc::new(Self {
            state: state.into(),
            wanted: watch::Sender::new(false),
            waiting: AtomicUsize::new(0),
            shouting: Arc::default(),
            unclosable: AtomicBool::new(false),
            finality: AtomicU64::new(0),
        })
    }

    /// As if a transaction had come.
    pub(crate) fn want_block(&self) {
        self.wanted.send_replace(true);
    }

    /// From now on it does not close.
    pub(crate) fn close_never(&self) {
        self.unclosable.store(true, Ordering::SeqCst);
    }

    /// How many waits for an event are open.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// How many connections the service at `/rpc` has taken over.
    pub(crate) fn shouting(&self) -> usize {
        self.shouting.load(Ordering::SeqCst)
    }

    /// What was called, with what of the arguments matters.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    /// What the host lends.
    pub(crate) fn host(&self) -> Arc<dyn Host> {
        self.state().host.clone().unwrap()
    }

    pub(crate) fn opened(&self) -> Option<InitArgs> {
        self.state().opened.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn note(&self, call: String) {
        self.state().calls.push(call);
    }

    fn last_accepted(&self) -> LastAccepted {
        let state = self.state();
        let Block { meta, bytes } = state.blocks[state.accepted.last().unwrap()].clone();
        LastAccepted { id: meta.id, parent: meta.parent, height: meta.height, bytes, timestamp_ms: meta.timestamp_ms }
    }
}

impl ChainVm for Chain {
    async fn initialize(&self, args: InitArgs, host: Arc<dyn Host>) -> Result<LastAccepted, VmError> {
        self.note("initialize".to_owned());
        if args.genesis.ends_with(ENDLESS) {
            std::future::pending::<()>().await;
        }
        if args.genesis.as_ref() == b"bad" {
            return Err(VmError::Other("genesis: expected an object".to_owned()));
        }
        if !args.db_server_addr.is_empty() {
            let before = host.get(Bytes::from_static(RECORD)).await.map_err(VmError::other)?;
            self.note(format!("record {before:?}"));
            host.put(Bytes::from_static(RECORD), Bytes::from_static(b"0")).await.map_err(VmError::other)?;
        }
        let mut state = self.state();
        state.opened = Some(args);
        state.host = Some(host);
        drop(state);
        Ok(self.last_accepted())
    }

    async fn set_state(&self, phase: Phase) -> Result<LastAccepted, VmError> {
        self.note(format!("set_state {phase}"));
        Ok(self.last_accepted())
    }

    async fn shutdown(&self) -> Result<(), VmError> {
        self.note("shutdown".to_owned());
        if self.unclosable.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let folder = self.opened().map(|args| args.chain_data_dir).filter(|folder| *folder != PathBuf::new());
        if let Some(folder) = folder {
            std::fs::write(folder.join(CLOSED), "").map_err(VmError::other)?;
        }
        Ok(())
    }

    async fn version(&self) -> Result<String, VmError> {
        Ok("fake/1".to_owned())
    }

    async fn health(&self) -> Result<Vec<(&'static str, String)>, VmError> {
        Ok(vec![("height", "0".to_owned()), ("phase", "\"none\"".to_owned())])
    }

    async fn gather(&self) -> Result<Vec<Family>, VmError> {
        let second = Duration::from_secs(1);
        let times = Value::Times { count: 3, sum: second * 3 / 2, buckets: vec![(second / 4, 1), (second, 3)] };
        let series = |labels, value| vec![Series { labels, value }];
        let labels = vec![("chain", "main".to_owned())];
        let height = series(labels, Value::Number(Number::Count(7)));
        Ok(vec![
            Family { name: "fake_height", help: "Height.", kind: Kind::Gauge, series: height },
            Family { name: "fake_seconds", help: "Times.", kind: Kind::Histogram, series: series(vec![], times) },
        ])
    }

    async fn handlers(&self) -> Result<Vec<HttpHandler>, VmError> {
        let shouting = Arc::clone(&self.shouting);
        let echo = tower::service_fn(move |mut request: http::Request<Bytes>| {
            let shouting = Arc::clone(&shouting);
            async move {
                if request.headers().get("upgrade").is_some_and(|protocol| protocol == "shout") {
                    let upgrade = request.extensions_mut().remove::<Upgrade>().unwrap();
                    drop(tokio::spawn(async move {
                        let connection = upgrade.connected().await.unwrap();
                        shouting.fetch_add(1, Ordering::SeqCst);
                        shout(connection).await;
                        shouting.fetch_sub(1, Ordering::SeqCst);
                    }));
                    let agreed = http::Response::builder().status(101).header("upgrade", "shout");
                    return Ok(agreed.body(Bytes::new()).unwrap());
                }
                let header = request.headers().get("x-question").map_or("", |value| value.to_str().unwrap());
                let answer = format!("{} {} {header:?} ", request.method(), request.uri());
                let body: Bytes = [answer.as_bytes(), request.body()].concat().into();
                Ok::<_, Infallible>(
                    http::Response::builder()
                        .status(203)
                        .header("content-type", "text/x-echo")
                        .header("x-answer", "yes")
                        .body(body)
                        .unwrap(),
                )
            }
        });
        let broken = tower::service_fn(|_: http::Request<Bytes>| async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "on purpose");
            Ok::<_, Infallible>(http::Response::new(Bytes::new()))
        });
        Ok(vec![
            HttpHandler::new("/rpc", echo).with_body_bytes_max(BODY_BYTES_MAX),
            HttpHandler::new("/broken", broken).with_body_bytes_max(BODY_BYTES_MAX),
        ])
    }

    async fn wait_event(&self) -> Result<Event, VmError> {
        let _open = Waiting::open(&self.waiting);
        self.wanted.subscribe().wait_for(|wanted| *wanted).await.map_err(VmError::other)?;
        Ok(Event::BuildBlock)
    }

    async fn build(&self, context: Option<BlockContext>) -> Result<Block, VmError> {
        self.note(format!("build {:?}", context.map(|context| context.p_chain_height)));
        self.wanted.send_replace(false);
        let mut state = self.state();
        let parent = state.blocks[&state.preferred].meta;
        let built = decode(block(parent.id, parent.height + 1, parent.timestamp_ms + 400, b"built"))?;
        state.blocks.insert(built.meta.id, built.clone());
        Ok(built)
    }

    async fn parse(&self, bytes: Bytes) -> Result<BlockMeta, VmError> {
        Ok(decode(bytes)?.meta)
    }

    async fn get(&self, id: Id) -> Result<Block, VmError> {
        self.state().blocks.get(&id).cloned().ok_or(VmError::NotFound)
    }

    async fn id_at_height(&self, height: u64) -> Result<Id, VmError> {
        let index = usize::try_from(height).map_err(VmError::other)?;
        self.state().accepted.get(index).copied().ok_or(VmError::NotFound)
    }

    async fn set_preference(&self, id: Id) -> Result<(), VmError> {
        let mut state = self.state();
        if !state.blocks.contains_key(&id) {
            return Err(VmError::NotFound);
        }
        state.preferred = id;
        Ok(())
    }

    async fn verify(&self, bytes: Bytes, context: Option<BlockContext>) -> Result<u64, VmError> {
        let block = decode(bytes)?;
        if block.bytes.ends_with(VERBOSE) {
            return Err(VmError::Other("é".repeat(100_000)));
        }
        assert!(!block.bytes.ends_with(PANIC), "on purpose");
        if block.bytes.ends_with(ENDLESS) {
            self.note("endless".to_owned());
            std::future::pending::<()>().await;
        }
        if block.bytes.ends_with(SLOW) {
            tokio::time::sleep(SLOW_TIME).await;
        }
        self.note(format!("verify {} {:?}", block.meta.height, context.map(|context| context.p_chain_height)));
        let mut state = self.state();
        if !state.blocks.contains_key(&block.meta.parent) {
            return Err(VmError::Other("unknown parent".to_owned()));
        }
        state.blocks.insert(block.meta.id, block.clone());
        Ok(block.meta.timestamp_ms)
    }

    async fn accept(&self, id: Id) -> Result<(), VmError> {
        let mut state = self.state();
        if !state.blocks.contains_key(&id) {
            return Err(VmError::NotFound);
        }
        state.accepted.push(id);
        Ok(())
    }

    async fn reject(&self, id: Id) -> Result<(), VmError> {
        self.state().blocks.remove(&id).map(drop).ok_or(VmError::NotFound)
    }

    async fn set_final(&self, height: u64) -> Result<(), VmError> {
        self.finality.store(height, Ordering::SeqCst);
        Ok(())
    }

    async fn final_height(&self) -> Result<u64, VmError> {
        Ok(self.finality.load(Ordering::SeqCst))
    }

    async fn connected(&self, node: NodeId, version: PeerVersion) {
        let PeerVersion { name, major, minor, patch } = version;
        self.note(format!("connected {node} {name} {major}.{minor}.{patch}"));
    }

    async fn disconnected(&self, node: NodeId) {
        self.note(format!("disconnected {node}"));
    }

    /// Asks the peer back, tells everybody, and answers with the same; refuses what is empty.
    async fn app_request(&self, request: AppRequest) {
        let AppRequest { node, request_id, deadline_ms, bytes } = request;
        assert!(!bytes.ends_with(PANIC), "on purpose");
        self.note(format!("request {request_id} of {node} until {deadline_ms}: {bytes:?}"));
        let host = self.host();
        if bytes.is_empty() {
            let error = AppError { code: -2, message: "nothing asked".to_owned() };
            return lent(host.send_error(node, request_id, error).await);
        }
        lent(host.send_request(vec![node], request_id + 1, bytes.clone()).await);
        let to = Recipients { nodes: vec![node], validators: 3, non_validators: 2, peers: 1 };
        lent(host.send_gossip(to, bytes.clone()).await);
        lent(host.send_response(node, request_id, bytes).await);
    }

    async fn app_request_failed(&self, node: NodeId, request_id: u32, error: AppError) {
        self.note(format!("request {request_id} to {node} failed: {} {}", error.code, error.message));
    }

    async fn app_response(&self, node: NodeId, request_id: u32, response: Bytes) {
        self.note(format!("{node} answers {request_id}: {response:?}"));
    }

    async fn app_gossip(&self, node: NodeId, message: Bytes) {
        self.note(format!("{node} tells {message:?}"));
    }
}

/// Not every host has a way to peers.
fn lent(sent: Result<(), HostError>) {
    assert!(matches!(sent, Ok(()) | Err(HostError::NotLent(_))), "{sent:?}");
}

/// Says everything again in capital letters, until a "!" or the end.
async fn shout(mut connection: Box<dyn Connection>) {
    let mut bytes = vec![0; 100_000];
    loop {
        let length = connection.read(&mut bytes).await.unwrap_or(0);
        let heard = &mut bytes[..length];
        if heard.is_empty() || heard.ends_with(b"!") {
            return;
        }
        heard.make_ascii_uppercase();
        connection.write_all(heard).await.unwrap();
        connection.flush().await.unwrap();
    }
}

/// Counts a wait for as long as its future lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn open(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

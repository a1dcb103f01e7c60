//! A host for tests: it listens as a real one does, takes the handshake and hands out clients of the plugin's
//! services. Beside the handshake it serves the host's database, kept in memory, and the services that reach peers,
//! validator sets and the signer; and it passes users' connections on.

mod database;
pub mod faults;
mod http;
mod inside;
mod proxy;
mod raw;
mod services;
mod user;
mod vm;
mod zap;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pars_proto::host::grpc::health::v1::health_client::HealthClient;
use pars_proto::host::http::http_client::HttpClient;
use pars_proto::host::rpcdb::database_server::DatabaseServer;
use pars_proto::host::validatorstate::Validator;
use pars_proto::host::vm::runtime::InitializeRequest;
use pars_proto::host::vm::runtime::runtime_server::{Runtime, RuntimeServer};
use pars_proto::host::vm::vm_client::VmClient;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, async_trait};

pub use faults::Faults;
pub use services::Sent;

use crate::dialect::{Dialect, Transport};
use crate::grpc::{self, MESSAGE_BYTES_MAX};
use crate::{Environment, Id, PROTOCOL_OVERRIDE};

pub use self::http::Http;
pub use self::vm::Vm;
pub use inside::Inside;
pub use raw::Raw;
pub use zap::Line;

/// A host of one row of the table. It is gone when it is dropped.
#[derive(Debug)]
pub struct TestHost {
    dialect: &'static Dialect,
    runtime_addr: SocketAddr,
    database_addr: SocketAddr,
    database: Arc<database::Memory>,
    services_addr: SocketAddr,
    services: Arc<services::Memory>,
    announced: mpsc::Receiver<String>,
    faults: Arc<Faults>,
    _alive: watch::Sender<()>,
}

/// A host's database, whether the host is still there or not.
#[derive(Debug, Clone)]
pub struct Kept(Arc<database::Memory>);

impl Kept {
    /// What is in it.
    #[must_use]
    pub fn pairs(&self) -> BTreeMap<Bytes, Bytes> {
        self.0.pairs().clone()
    }
}

/// Clients of a plugin that announced itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plugin {
    /// The chain.
    pub vm: Vm,
    /// What only hosts of gRPC have.
    pub grpc: Option<OverGrpc>,
    /// Where it listens.
    pub addr: String,
}

/// More clients of a plugin that speaks gRPC.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OverGrpc {
    /// The health of its server.
    pub health: HealthClient<Channel>,
    /// The same connection, for bytes that are no message.
    pub raw: Raw,
}

/// What the test host waited for in vain.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestHostError {
    /// No plugin with the right number announced itself in time.
    #[error("no plugin announced itself within {} s", PLUGIN_TIMEOUT.as_secs())]
    NoPlugin,
    /// The plugin announced an address at which it does not answer.
    #[error("the plugin does not answer at {addr}: {reason}")]
    Unreachable {
        /// The address.
        addr: String,
        /// Why.
        reason: String,
    },
}

impl TestHost {
    /// A host that speaks as its row says.
    ///
    /// # Errors
    /// There is no port to listen on.
    pub async fn start(dialect: &'static Dialect) -> std::io::Result<Self> {
        Self::start_with_protocol(dialect, dialect.protocol).await
    }

    /// A host of this row that wants another protocol number.
    ///
    /// # Errors
    /// There is no port to listen on.
    pub async fn start_with_protocol(dialect: &'static Dialect, protocol: u32) -> std::io::Result<Self> {
        let (alive, stop) = watch::channel(());
        let (announce, announced) = mpsc::channel(1);
        let faults = Arc::<Faults>::default();
        let database = Arc::new(database::Memory::new(Arc::clone(&faults)));
        let services = Arc::new(services::Memory::new(dialect.name == "luxd", Arc::clone(&faults)));
        let mut addrs = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); 3];
        let mut listeners = Vec::new();
        for addr in &mut addrs {
            let listener = TcpListener::bind(*addr).await?;
            *addr = listener.local_addr()?;
            listeners.push(listener);
        }
        let [runtime_addr, database_addr, services_addr] = addrs;
        let (Some(lending), Some(storing), Some(greeting)) = (listeners.pop(), listeners.pop(), listeners.pop()) else {
            return Err(std::io::ErrorKind::AddrNotAvailable.into());
        };
        match dialect.transport {
            Transport::Grpc => {
                let runtime = Engine { name: dialect.name, protocol, first: Mutex::default(), announce };
                let database = DatabaseServer::from_arc(Arc::clone(&database))
                    .max_decoding_message_size(MESSAGE_BYTES_MAX)
                    .max_encoding_message_size(MESSAGE_BYTES_MAX);
                drop(tokio::spawn(grpc::serve(greeting, RuntimeServer::new(runtime), gone(stop.clone()))));
                drop(tokio::spawn(grpc::serve(storing, database, gone(stop.clone()))));
                drop(tokio::spawn(grpc::serve(lending, services::Services::new(&services), gone(stop))));
            }
            Transport::Zap => {
                let until = stop.clone();
                drop(tokio::spawn(async move {
                    tokio::select! {
                        () = zap::greet(greeting, protocol, announce) => {}
                        () = gone(until) => {}
                    }
                }));
                drop(tokio::spawn(zap::serve(storing, Arc::clone(&database), stop.clone(), Arc::clone(&faults))));
                drop(tokio::spawn(zap::serve(lending, Arc::clone(&services), stop, Arc::clone(&faults))));
            }
        }
        Ok(Self {
            dialect,
            runtime_addr,
            database_addr,
            database,
            services_addr,
            services,
            announced,
            faults,
            _alive: alive,
        })
    }

    /// What the host puts into the plugin's environment, and the choice of its row.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.variables().into_iter().collect()
    }

    /// The same as pairs, for a child process.
    #[must_use]
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = self.own_variables();
        variables.push((PROTOCOL_OVERRIDE, self.dialect.protocol.to_string()));
        variables
    }

    /// The host's address and transport alone, as a real host gives them: newest luxd under both names, the older one only
    /// under the name of its time.
    #[must_use]
    pub fn own_variables(&self) -> Vec<(&'static str, String)> {
        let envs = self.dialect.envs;
        let (envs, transport) = match self.dialect.transport {
            Transport::Grpc => (envs.rchunks(1).next().unwrap_or_default(), None),
            Transport::Zap => (envs, Some(("VM_TRANSPORT", Transport::Zap.name().to_owned()))),
        };
        envs.iter().map(|name| (*name, self.runtime_addr.to_string())).chain(transport).collect()
    }

    /// Where the host's database listens.
    #[must_use]
    pub fn database_addr(&self) -> String {
        self.database_addr.to_string()
    }

    /// Where the host's other services listen.
    #[must_use]
    pub fn services_addr(&self) -> String {
        self.services_addr.to_string()
    }

    /// What the plugin gave to its peers since the last call, in this order.
    #[must_use]
    pub fn take_sent(&self) -> Vec<Sent> {
        self.services.take_sent()
    }

    /// Who validates a subnet, at every height.
    pub fn set_validators(&self, subnet: Id, validators: Vec<Validator>) {
        self.services.set_validators(subnet.into(), validators);
    }

    /// What the plugin put into the host's database.
    #[must_use]
    pub fn database(&self) -> BTreeMap<Bytes, Bytes> {
        self.database.pairs().clone()
    }

    /// The host's database, which outlives its plugin and this host.
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept(Arc::clone(&self.database))
    }

    /// Puts back what another host, or this one, had in its database.
    pub fn set_database(&self, pairs: BTreeMap<Bytes, Bytes>) {
        *self.database.pairs() = pairs;
    }

    /// What it does wrong, which is nothing at first.
    #[must_use]
    pub const fn faults(&self) -> &Arc<Faults> {
        &self.faults
    }

    /// Waits for a plugin with the right number and dials it.
    ///
    /// # Errors
    /// None comes within ten seconds, or it cannot be dialled.
    pub async fn plugin(&mut self) -> Result<Plugin, TestHostError> {
        let announced = timeout(PLUGIN_TIMEOUT, self.announced.recv()).await;
        let addr = announced.ok().flatten().ok_or(TestHostError::NoPlugin)?;
        if self.dialect.transport == Transport::Zap {
            let unreachable =
                |error: std::io::Error| TestHostError::Unreachable { addr: addr.clone(), reason: error.to_string() };
            let line = Line::open(&addr).await.map_err(unreachable)?;
            return Ok(Plugin { vm: Vm::Zap(line), grpc: None, addr });
        }
        let channel = dial(&addr).await?;
        let vm = VmClient::new(channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX);
        let grpc = OverGrpc { health: HealthClient::new(channel.clone()), raw: Raw::new(channel) };
        Ok(Plugin { vm: Vm::Grpc(vm), grpc: Some(grpc), addr })
    }

    /// Dials the server of one handler, as named in the answer to `CreateHandlers`.
    ///
    /// # Errors
    /// It cannot be dialled.
    pub async fn http(&self, addr: &str) -> Result<Http, TestHostError> {
        match self.dialect.transport {
            Transport::Grpc => Ok(Http::Grpc(self.http_client(addr).await?)),
            Transport::Zap => Ok(Http::Plain(addr.to_owned())),
        }
    }

    async fn http_client(&self, addr: &str) -> Result<HttpClient<Channel>, TestHostError> {
        Ok(HttpClient::new(dial(addr).await?)
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX))
    }
}

impl TestHost {
    /// Dials a server of the plugin, for bytes that are no message.
    ///
    /// # Errors
    /// It cannot be dialled.
    pub async fn raw(&self, addr: &str) -> Result<Raw, TestHostError> {
        Ok(Raw::new(dial(addr).await?))
    }

    /// Listens for users of one handler, and passes their requests on as a host does. Where it listens, for as long as
    /// this runtime runs. `streamed`: every request is kept open while it is answered, as a host does for HTTP/2.
    ///
    /// # Errors
    /// There is no port to listen on, or the handler cannot be dialled.
    pub async fn proxy(&self, handler_addr: &str, streamed: bool) -> std::io::Result<SocketAddr> {
        if self.dialect.transport == Transport::Zap {
            // What such a host puts in front changes nothing that matters here.
            return handler_addr.parse().map_err(std::io::Error::other);
        }
        let http = self.http_client(handler_addr).await.map_err(std::io::Error::other)?;
        proxy::listen(http, streamed).await
    }
}

async fn dial(addr: &str) -> Result<Channel, TestHostError> {
    let unreachable = |reason| TestHostError::Unreachable { addr: addr.to_owned(), reason };
    grpc::connect(addr).await.map_err(unreachable)
}

/// Ready when the sender is gone.
async fn gone(mut alive: watch::Receiver<()>) {
    while alive.changed().await.is_ok() {}
}

/// Takes handshakes. Like a real host it remembers its first answer.
#[derive(Debug)]
struct Engine {
    name: &'static str,
    protocol: u32,
    first: Mutex<Option<Result<(), String>>>,
    announce: mpsc::Sender<String>,
}

impl Engine {
    fn judge(&self, plugin: u32) -> Result<(), String> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = first.get_or_insert_with(|| {
            if plugin == self.protocol {
                return Ok(());
            }
            let Self { name, protocol, .. } = self;
            Err(format!(
                "the numbers differ. {name} has RPCChainVM protocol version {protocol}. The plugin has RPCChainVM \
                 protocol version {plugin}."
            ))
        });
        verdict.clone()
    }
}

#[async_trait]
impl Runtime for Engine {
    async fn initialize(&self, request: Request<InitializeRequest>) -> Result<Response<()>, Status> {
        let InitializeRequest { protocol_version, addr } = request.into_inner();
        self.judge(protocol_version).map_err(Status::unknown)?;
        self.announce.send(addr).await.map_err(|_| Status::unavailable("the test host is gone"))?;
        Ok(Response::new(()))
    }
}

const PLUGIN_TIMEOUT: Duration = Duration::from_secs(10);

//! The plugin as a process under a host for tests.

use crate::replay::record::Record;
use crate::testhost::child::{Ended, Running};
use crate::testhost::outcome::{Refusal, outcome};
use crate::testhost::wallet::Signed;
use alloy_primitives::B256;
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use pars_genesis::forks::HostUpgrades;
use pars_genesis::presets;
use pars_host::NodeId;
use pars_host::dialect::Dialect;
use pars_host::testhost::{Http, Plugin, TestHost};
use pars_proto::host::http::{Element, HandleSimpleHttpRequest, HandleSimpleHttpResponse};
use pars_proto::host::vm;
use prost_types::{Duration as ProtoDuration, Timestamp};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A plugin that announced itself.
#[derive(Debug)]
pub struct Hosted {
    /// The process.
    pub running: Running,
    /// The services of the plugin.
    pub plugin: Plugin,
    dialect: &'static Dialect,
    host: TestHost,
    http: Option<Http>,
    handlers: Vec<vm::Handler>,
    calls: u64,
}

/// What a chain is opened with.
#[derive(Debug, Clone)]
pub struct Files {
    /// The chain's own folder.
    pub folder: PathBuf,
    /// Genesis file.
    pub genesis: Bytes,
    /// Upgrade file.
    pub upgrade: Bytes,
    /// The operator's configuration.
    pub config: Bytes,
    /// Network id.
    pub network_id: u32,
    /// Id of the chain.
    pub chain_id: B256,
    /// This node.
    pub node_id: NodeId,
}

/// A block that the plugin built.
#[derive(Debug, Clone)]
pub struct Built {
    /// Its id.
    pub id: Bytes,
    /// Its parent's id.
    pub parent: Bytes,
    /// Its height.
    pub height: u64,
    /// Its bytes.
    pub bytes: Bytes,
}

/// `GetBlock` and `GetBlockIDAtHeight` answer so where there is no such block.
pub const NOT_FOUND: i32 = 2;

/// The process of a plugin ends within this time of `Shutdown`; after it the host kills it.
pub const END_MAX: Duration = Duration::from_secs(5);

/// A BLS key: the generator of the group, which is the public key of the number 1.
const PUBLIC_KEY: [u8; 48] = alloy_primitives::hex!(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
);

/// What a local network says of Granite's epochs.
const EPOCH: ProtoDuration = ProtoDuration { seconds: 30, nanos: 0 };

/// How long an event may take.
const EVENT_MAX: Duration = Duration::from_secs(10);

impl Files {
    /// The chain `local` in this folder.
    #[must_use]
    pub fn local(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            genesis: presets::local(1).into(),
            upgrade: Bytes::new(),
            config: Bytes::new(),
            network_id: 1_337,
            chain_id: B256::repeat_byte(2),
            node_id: [3; 20].into(),
        }
    }

    /// A recorded chain in this folder.
    #[must_use]
    pub fn recorded(folder: &Path, record: &Record) -> Self {
        Self {
            folder: folder.to_owned(),
            genesis: record.genesis.get().to_owned().into(),
            upgrade: record.upgrade.as_ref().map(|upgrade| upgrade.get().to_owned()).unwrap_or_default().into(),
            config: Bytes::new(),
            network_id: record.network_id,
            chain_id: record.blockchain_id,
            node_id: [3; 20].into(),
        }
    }
}

impl Hosted {
    /// Starts the program as a host of this row does: with the host's address and nothing else of its environment, by a
    /// command that may be changed.
    ///
    /// # Errors
    /// When it does not announce itself.
    pub async fn start(
        program: &Path,
        dialect: &'static Dialect,
        make: impl FnOnce(Command) -> Command,
    ) -> Result<Self> {
        let mut host = TestHost::start(dialect).await.context("a host for tests")?;
        let mut command = Command::new(program);
        // A group of its own, so that a test can signal it whole.
        command.env_clear().envs(host.variables()).process_group(0);
        let mut command = make(command);
        let mut running = Running::start(&mut command)?;
        let announced = tokio::select! {
            announced = host.plugin() => announced.map_err(anyhow::Error::from),
            ended = running.ended() => Err(anyhow::anyhow!("the plugin ended with {} and announced nothing", ended?)),
        };
        let plugin = announced.map_err(|error| match running.err() {
            said if said.is_empty() => error,
            said => error.context(said),
        })?;
        Ok(Self { running, plugin, dialect, host, http: None, handlers: Vec::new(), calls: 0 })
    }

    /// Opens a chain and goes to normal operation on its last accepted block, whose id it gives.
    ///
    /// # Errors
    /// When some call fails.
    pub async fn begin(&mut self, request: vm::InitializeRequest) -> Result<Bytes> {
        let opened = self.plugin.vm.initialize(request).await?.into_inner();
        self.serve().await?;
        self.enter(self.dialect.states.bootstrapping).await?;
        self.prefer(opened.last_accepted_id.clone()).await?;
        self.enter(self.dialect.states.normal).await?;
        Ok(opened.last_accepted_id)
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &TestHost {
        &self.host
    }

    /// `Initialize`.
    ///
    /// # Errors
    /// The plugin's.
    pub async fn initialize(&mut self, files: &Files) -> Result<vm::InitializeResponse, tonic::Status> {
        Ok(self.plugin.vm.initialize(self.initialize_request(files)).await?.into_inner())
    }

    /// What `Initialize` is called with.
    #[must_use]
    pub fn initialize_request(&self, files: &Files) -> vm::InitializeRequest {
        let at = |seconds: Option<u64>| {
            seconds.and_then(|seconds| Some(Timestamp { seconds: i64::try_from(seconds).ok()?, nanos: 0 }))
        };
        let HostUpgrades { durango, etna, fortuna, granite, helicon } = HostUpgrades::LOCAL;
        vm::InitializeRequest {
            network_id: files.network_id,
            // luxd does not say.
            subnet_id: if self.dialect.name == "luxd" { Bytes::new() } else { vec![1; 32].into() },
            chain_id: files.chain_id.to_vec().into(),
            node_id: files.node_id.into(),
            public_key: Bytes::from_static(&PUBLIC_KEY),
            x_chain_id: vec![5; 32].into(),
            c_chain_id: vec![6; 32].into(),
            avax_asset_id: vec![7; 32].into(),
            chain_data_dir: files.folder.display().to_string(),
            genesis_bytes: files.genesis.clone(),
            upgrade_bytes: files.upgrade.clone(),
            config_bytes: files.config.clone(),
            db_server_addr: self.host.database_addr(),
            server_addr: self.host.services_addr(),
            // As a local network says it: everything from the start, and the next one never.
            network_upgrades: Some(vm::NetworkUpgrades {
                apricot_phase_1_time: at(durango),
                apricot_phase_2_time: at(durango),
                apricot_phase_3_time: at(durango),
                apricot_phase_4_time: at(durango),
                apricot_phase_4_min_p_chain_height: 0,
                apricot_phase_5_time: at(durango),
                apricot_phase_pre_6_time: at(durango),
                apricot_phase_6_time: at(durango),
                apricot_phase_post_6_time: at(durango),
                banff_time: at(durango),
                cortina_time: at(durango),
                cortina_x_chain_stop_vertex_id: vec![0; 32].into(),
                durango_time: at(durango),
                etna_time: at(etna),
                fortuna_time: at(fortuna),
                granite_time: at(granite),
                granite_epoch_duration: self.dialect.sends_epochs.then_some(EPOCH),
                helicon_time: at(helicon.filter(|_| self.dialect.sends_epochs)),
            }),
        }
    }

    /// `CreateHandlers`, and a connection to the one at `/rpc`.
    ///
    /// # Errors
    /// When there is none.
    pub async fn serve(&mut self) -> Result<()> {
        self.handlers = self.plugin.vm.create_handlers(()).await?.into_inner().handlers;
        self.http = Some(self.host.http(self.handler("/rpc")?).await?);
        Ok(())
    }

    /// A port for users of the handler at a path. `streamed`: as if they spoke HTTP/2 with the host.
    ///
    /// # Errors
    /// When there is no such handler.
    pub async fn proxy(&self, path: &str, streamed: bool) -> Result<SocketAddr> {
        Ok(self.host.proxy(self.handler(path)?, streamed).await?)
    }

    fn handler(&self, path: &str) -> Result<&str> {
        let handler = self.handlers.iter().find(|handler| handler.prefix == path);
        Ok(&handler.with_context(|| format!("no handler at {path}"))?.server_addr)
    }

    /// `SetState`; the last accepted block.
    ///
    /// # Errors
    /// The plugin's.
    pub async fn enter(&mut self, state: i32) -> Result<vm::SetStateResponse> {
        Ok(self.plugin.vm.set_state(vm::SetStateRequest { state }).await?.into_inner())
    }

    /// What the plugin says of its health.
    ///
    /// # Errors
    /// When it is ill.
    pub async fn health(&mut self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.plugin.vm.health(()).await?.into_inner().details)?)
    }

    /// What the plugin measures under `pars_chain_` and this name, with this value of the one label it may have; none where
    /// it says nothing of that.
    ///
    /// # Errors
    /// When the plugin does not answer.
    pub async fn measured(&mut self, name: &str, label: Option<&str>) -> Result<Option<f64>> {
        let families = self.plugin.vm.gather(()).await?.into_inner().metric_families;
        let family = families.iter().find(|family| family.name.as_deref() == Some(&format!("pars_chain_{name}")));
        let mut metrics = family.iter().flat_map(|family| &family.metric);
        let metric = metrics.find(|metric| metric.label.first().and_then(|pair| pair.value.as_deref()) == label);
        Ok(metric.and_then(|metric| {
            metric.gauge.and_then(|gauge| gauge.value).or_else(|| metric.counter.and_then(|counter| counter.value))
        }))
    }

    /// A request of a user, as the host passes it on.
    ///
    /// # Errors
    /// When the plugin does not answer.
    pub async fn http(&mut self, method: &str, body: &[u8]) -> Result<HandleSimpleHttpResponse> {
        Ok(self.http_client()?.handle_simple(Self::http_request(method, body)).await?.into_inner())
    }

    /// A client of the handler of users' requests.
    ///
    /// # Errors
    /// When `CreateHandlers` has not come yet.
    pub fn http_client(&self) -> Result<Http> {
        self.http.clone().context("CreateHandlers has not come yet")
    }

    /// A request of a user, as the host passes it on.
    #[must_use]
    pub fn http_request(method: &str, body: &[u8]) -> HandleSimpleHttpRequest {
        HandleSimpleHttpRequest {
            method: method.to_owned(),
            url: "/ext/bc/chain/rpc".to_owned(),
            request_headers: vec![Element {
                key: "Content-Type".to_owned(),
                values: vec!["application/json".to_owned()],
            }],
            body: Bytes::copy_from_slice(body),
            response_headers: Vec::new(),
        }
    }

    /// A method of JSON-RPC: its result or its error.
    ///
    /// # Errors
    /// When the answer is not one of JSON-RPC 2.0.
    pub async fn request(&mut self, method: &str, params: Value) -> Result<Result<Value, Refusal>> {
        self.calls += 1;
        let call = json!({ "jsonrpc": "2.0", "id": self.calls, "method": method, "params": params });
        let response = self.http("POST", call.to_string().as_bytes()).await?;
        ensure!(response.code == 200, "{response:?}");
        let answer: Value = serde_json::from_slice(&response.body)?;
        outcome(&answer, &json!(self.calls))
    }

    /// A method that has a result.
    ///
    /// # Errors
    /// When it answers with an error.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let outcome = self.request(method, params).await?;
        outcome.map_err(|refusal| anyhow::anyhow!("{method}: {} {}", refusal.code, refusal.message))
    }

    /// The id of the last accepted block, as users see it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn head(&mut self) -> Result<Bytes> {
        let block = self.call("eth_getBlockByNumber", json!(["latest", false])).await?;
        let hash = block.get("hash").cloned().context("a block without a hash")?;
        Ok(serde_json::from_value::<alloy_primitives::Bytes>(hash)?.0)
    }

    /// Sends a transaction, which must be taken.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn submit(&mut self, signed: &Signed) -> Result<()> {
        let hash = self.call("eth_sendRawTransaction", signed.params()).await?;
        ensure!(hash == json!(signed.hash), "{hash} is the hash of another transaction");
        Ok(())
    }

    /// Waits until the plugin asks for a block.
    ///
    /// # Errors
    /// When it does not.
    pub async fn wanted(&mut self) -> Result<()> {
        let event = tokio::time::timeout(EVENT_MAX, self.plugin.vm.wait_for_event(())).await;
        let message = event.context("no event")??.into_inner().message;
        ensure!(message == i32::from(vm::Message::BuildBlock), "event {message}");
        Ok(())
    }

    /// `BuildBlock`.
    ///
    /// # Errors
    /// The plugin's.
    pub async fn build(&mut self) -> Result<Built, tonic::Status> {
        let request = vm::BuildBlockRequest { p_chain_height: None };
        let built = self.plugin.vm.build_block(request).await?.into_inner();
        Ok(Built { id: built.id, parent: built.parent_id, height: built.height, bytes: built.bytes })
    }

    /// `BlockVerify`.
    ///
    /// # Errors
    /// The plugin's.
    pub async fn verify(&mut self, bytes: Bytes) -> Result<vm::BlockVerifyResponse, tonic::Status> {
        let request = vm::BlockVerifyRequest { bytes, p_chain_height: None };
        Ok(self.plugin.vm.block_verify(request).await?.into_inner())
    }

    /// `SetPreference`.
    ///
    /// # Errors
    /// The plugin's.
    pub async fn prefer(&mut self, id: Bytes) -> Result<(), tonic::Status> {
        self.plugin.vm.set_preference(vm::SetPreferenceRequest { id }).await.map(drop)
    }

    /// `BlockAccept`.
    ///
    /// # Errors
    /// The plugin's.
    pub async fn accept(&mut self, id: Bytes) -> Result<(), tonic::Status> {
        self.plugin.vm.block_accept(vm::BlockAcceptRequest { id }).await.map(drop)
    }

    /// `BlockReject`.
    ///
    /// # Errors
    /// The plugin's.
    pub async fn reject(&mut self, id: Bytes) -> Result<(), tonic::Status> {
        self.plugin.vm.block_reject(vm::BlockRejectRequest { id }).await.map(drop)
    }

    /// From the event to the accepted block.
    ///
    /// # Errors
    /// When some call fails.
    pub async fn seal(&mut self) -> Result<Built> {
        self.wanted().await?;
        let built = self.build().await?;
        self.verify(built.bytes.clone()).await?;
        self.prefer(built.id.clone()).await?;
        self.accept(built.id.clone()).await?;
        Ok(built)
    }

    /// The host closes its connection, and the process ends by itself.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn hang_up(self) -> Result<Ended> {
        let Self { running, host, plugin, http, .. } = self;
        drop((plugin, http));
        let ended = tokio::task::spawn_blocking(move || running.wait(END_MAX)).await?;
        drop(host);
        ended
    }

    /// Waits for the process to end by itself, while the host is there.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn outlive(self, within: Duration) -> Result<Ended> {
        let Self { running, host, plugin, http, .. } = self;
        let ended = tokio::task::spawn_blocking(move || running.wait(within)).await?;
        drop((host, plugin, http));
        ended
    }

    /// Kills the process.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(self) -> Result<Ended> {
        self.running.kill()
    }

    /// `Shutdown`, the signal that hosts send after it, and the end of the process.
    ///
    /// # Errors
    /// When it does not end by itself in time.
    pub async fn shut_down(mut self) -> Result<Ended> {
        self.plugin.vm.shutdown(()).await?;
        self.running.signal("TERM")?;
        self.outlive(END_MAX).await
    }
}

//! A host and a plugin in one process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use pars_host::dialect::Dialect;
use pars_host::testhost::{Plugin, TestHost};
use pars_host::{Numbers, ServeError, run};
use pars_proto::host::vm;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::chain::Chain;

const EPOCH: prost_types::Duration = prost_types::Duration { seconds: 30, nanos: 0 };

/// A host and a plugin that found each other, in one process.
pub(crate) struct Pair {
    pub(crate) host: TestHost,
    pub(crate) plugin: Plugin,
    pub(crate) chain: Arc<Chain>,
    serving: JoinHandle<Result<(), ServeError>>,
    dialect: &'static Dialect,
}

impl Pair {
    pub(crate) async fn start(dialect: &'static Dialect) -> Self {
        Self::start_without(dialect, "").await
    }

    /// Without one of the host's variables.
    pub(crate) async fn start_without(dialect: &'static Dialect, unsaid: &str) -> Self {
        let mut host = TestHost::start(dialect).await.unwrap();
        let chain = Chain::new();
        let environment = host.variables().into_iter().filter(|(name, _)| *name != unsaid).collect();
        let vm = Arc::clone(&chain);
        let serving = tokio::spawn(async move { run(vm, &environment, &Numbers::default()).await });
        let plugin = host.plugin().await.unwrap();
        Self { host, plugin, chain, serving, dialect }
    }

    pub(crate) async fn start_initialized(dialect: &'static Dialect) -> Self {
        let mut pair = Self::start(dialect).await;
        let request = pair.initialize_request();
        pair.plugin.vm.initialize(request).await.unwrap();
        pair
    }

    /// As after everything that was decided before was given.
    pub(crate) async fn start_normal(dialect: &'static Dialect) -> Self {
        let mut pair = Self::start_initialized(dialect).await;
        for state in [dialect.states.bootstrapping, dialect.states.normal] {
            pair.plugin.vm.set_state(vm::SetStateRequest { state }).await.unwrap();
        }
        pair
    }

    pub(crate) fn initialize_request(&self) -> vm::InitializeRequest {
        let time = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        vm::InitializeRequest {
            network_id: 1337,
            // luxd does not say.
            subnet_id: if self.dialect.name == "luxd" { Bytes::new() } else { vec![1; 32].into() },
            chain_id: vec![2; 32].into(),
            node_id: vec![3; 20].into(),
            public_key: vec![4; 48].into(),
            x_chain_id: vec![5; 32].into(),
            c_chain_id: vec![6; 32].into(),
            avax_asset_id: vec![7; 32].into(),
            chain_data_dir: String::new(),
            genesis_bytes: Bytes::from_static(b"{}"),
            upgrade_bytes: Bytes::from_static(b"upgrade"),
            config_bytes: Bytes::from_static(b"config"),
            db_server_addr: self.host.database_addr(),
            server_addr: self.host.services_addr(),
            network_upgrades: Some(vm::NetworkUpgrades {
                durango_time: time(10),
                etna_time: time(20),
                granite_time: time(30),
                granite_epoch_duration: self.dialect.sends_epochs.then_some(EPOCH),
                helicon_time: time(40).filter(|_| self.dialect.sends_epochs),
                ..Default::default()
            }),
        }
    }

    /// Shuts the plugin down as a host does and returns how long it took to end.
    pub(crate) async fn end(mut self) -> Duration {
        self.plugin.vm.shutdown(()).await.unwrap();
        self.ended().await
    }

    /// Closes the host's connection, and waits for the end of the plugin.
    pub(crate) async fn hang_up(self) {
        let Self { host: _host, plugin, chain: _, serving, dialect: _ } = self;
        drop(plugin);
        timeout(Duration::from_secs(5), serving).await.unwrap().unwrap().unwrap();
    }

    /// Closes the host's connection over which nothing was asked, and returns how long the plugin waited for another.
    pub(crate) async fn deserted(self) -> Duration {
        let Self { host: _host, plugin, chain: _, serving, dialect: _ } = self;
        drop(plugin);
        let closed = Instant::now();
        timeout(Duration::from_secs(40), serving).await.unwrap().unwrap().unwrap();
        closed.elapsed()
    }

    /// Waits for the end of a plugin that was told to, and returns how long it took.
    pub(crate) async fn ended(self) -> Duration {
        let answered = Instant::now();
        timeout(Duration::from_secs(5), self.serving).await.unwrap().unwrap().unwrap();
        answered.elapsed()
    }
}

/// Waits for something that comes true soon.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(5), wait).await.expect("the condition comes true within 5 s");
}

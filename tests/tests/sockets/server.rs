//! A chain whose blocks come when a test says so, and a port that answers.

use crate::world::{EMITTER, World, words};
use alloy_primitives::Address;
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use pars_vm::clock::Clock;
use pars_vm::metrics::Metrics;
use pars_vm::rpc::api::Api;
use pars_vm::rpc::limits::{Limits, SocketLimits};
use pars_vm::rpc::listen;
use pars_vm::rpc::service::RpcService;
use pars_vm::rpc::table::Group;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use strum::IntoEnumIterator as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A chain and its port.
pub(crate) struct Server {
    pub(crate) world: World,
    pub(crate) service: RpcService,
    pub(crate) address: SocketAddr,
    /// Nonce of the next transfer.
    ticks: AtomicU64,
    _stop: watch::Sender<bool>,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with(Limits::default(), SocketLimits::default())
    }

    pub(crate) fn with(limits: Limits, sockets: SocketLimits) -> Self {
        Self::of(World::new(), limits, sockets)
    }

    pub(crate) fn of(world: World, limits: Limits, sockets: SocketLimits) -> Self {
        let api = Api::new(Arc::clone(&world.node), limits, Group::iter(), Clock::Machine);
        let service = RpcService::with_sockets(Arc::new(api), sockets);
        let (stop, stopped) = watch::channel(false);
        let serving = service.clone();
        let metrics = Metrics::new(&service, None, Arc::default());
        let address = world.runtime().block_on(async move {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
            let address = listener.local_addr().expect("bound");
            drop(tokio::spawn(listen::serve(listener, serving, stopped, metrics)));
            address
        });
        Self { world, service, address, ticks: AtomicU64::new(0), _stop: stop }
    }

    /// Runs a test.
    pub(crate) fn run<T>(&self, test: impl Future<Output = T>) -> T {
        self.world.runtime().block_on(test)
    }

    /// Waits until so many WebSockets are open.
    pub(crate) async fn until_open(&self, count: usize) {
        let since = Instant::now();
        while self.service.hub().open() != count {
            let open = self.service.hub().open();
            assert!(since.elapsed() < Duration::from_secs(15), "{open} are open, expected {count}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Seals a block with a transfer of the last account.
    pub(crate) async fn tick(&self) {
        let wallet = Wallet::local(9).expect("it is there");
        let nonce = self.ticks.fetch_add(1, Ordering::Relaxed);
        let transfer = wallet.sign(&Draft::transfer(nonce, wallet.address, 1)).expect("its key signs");
        self.world.seal_soon(&[transfer]).await;
    }

    /// Seals a block with a contract that logs what it is sent; its creator is the first account.
    pub(crate) async fn emitter(&self) -> Emitter {
        let wallet = Wallet::local(0).expect("it is there");
        let create = wallet.sign(&Draft::create(0, EMITTER)).expect("its key signs");
        self.world.seal_soon(&[create]).await;
        Emitter { address: wallet.address.create(0), wallet, nonce: 1 }
    }
}

/// A contract that logs what it is sent, and who calls it.
pub(crate) struct Emitter {
    pub(crate) address: Address,
    wallet: Wallet,
    nonce: u64,
}

impl Emitter {
    /// A call that logs two words.
    pub(crate) fn emit(&mut self, first: u64, second: u64) -> Signed {
        let draft = Draft { gas: 100_000, ..Draft::call(self.nonce, self.address, words(first, second)) };
        self.nonce += 1;
        self.wallet.sign(&draft).expect("its key signs")
    }
}

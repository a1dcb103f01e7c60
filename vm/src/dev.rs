//! `pars-vm dev`: the same chain with a built-in single proposer and JSON-RPC on loopback.

use crate::clock::Clock;
use crate::command::Dev;
use crate::node::{Choices, Node, Sealing, closed};
use crate::rpc::api::Api;
use crate::rpc::limits::Limits;
use crate::rpc::listen;
use crate::rpc::service::RpcService;
use crate::rpc::table::Group;
use crate::store::rocks::Rocks;
use anyhow::{Context as _, Result, bail};
use pars_chain::engine::{Built, Chain, Opening};
use pars_chain::error::Error;
use pars_chain::execution::executor::Place;
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory, Store};
use pars_genesis::presets;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use strum::IntoEnumIterator as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Minimum delay between blocks of a chain that one person works with, milliseconds.
const MIN_DELAY_MS: u64 = 1;

/// Runs until SIGINT or SIGTERM.
///
/// # Errors
/// What keeps the chain from starting or going on.
pub fn run(options: &Dev) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    runtime.block_on(serve(options))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: &Dev) -> Result<()> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(wanted)
        .await
        .with_context(|| format!("listening on {wanted}; is another chain running? choose another with --port"))?;
    let address = listener.local_addr().context("listening")?;
    let store: Arc<dyn Store> = match &options.data_dir {
        Some(folder) => Arc::new(Rocks::open(folder)?),
        None => Arc::new(Memory::new()),
    };
    let genesis = presets::local(MIN_DELAY_MS);
    let opening = Opening {
        genesis: &genesis,
        upgrade: &[],
        host: Some(pars_genesis::forks::HostUpgrades::LOCAL),
        airdrop: None,
        place: Place::default(),
        history: History::Pruned(HISTORY_WINDOW),
        skip_upgrade_check: false,
    };
    let chain = Chain::open(store, &opening);
    let chain = match &options.data_dir {
        Some(folder) => chain.with_context(|| folder.display().to_string())?,
        None => chain?,
    };
    let choices = Choices { min_delay_target: Some(MIN_DELAY_MS), ..Choices::default() };
    let node = Arc::new(Node::start(chain, choices, Sealing::Instant).context("starting the chain")?);
    let mut interrupt = signal(SignalKind::interrupt()).context("handling SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("handling SIGTERM")?;
    let (stop, stopped) = watch::channel(false);
    let mut proposer = tokio::spawn(propose(Arc::clone(&node)));
    let api = Api::new(Arc::clone(&node), Limits::default(), Group::iter(), Clock::Machine);
    let server = tokio::spawn(listen::serve(listener, RpcService::new(Arc::new(api)), stopped));
    greet(&node, address, options)?;
    let result = tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        ended = &mut proposer => match ended {
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(())) => Ok(()),
            Err(_) => bail!("the proposer ended"),
        },
    };
    // Requests first: each of them may still wait for a block.
    stop.send_replace(true);
    drop(server.await);
    proposer.abort();
    node.close().await;
    result
}

/// Seals a block whenever the pool has something for one.
async fn propose(node: Arc<Node>) -> Result<(), Error> {
    loop {
        node.wants_block().await;
        let built = node.build().await?;
        match built {
            Built::Block(block) => {
                let id = block.id();
                // Whoever closes the chain ends this task first; so a chain that is closed here broke.
                let engine = node.engine().map_err(closed)?;
                let accepted = engine.call(move |owner| {
                    owner.set_preference(id)?;
                    owner.accept(id, Durability::Synced)
                });
                accepted.await.map_err(closed)??;
                let (height, transactions) = (block.height(), block.transactions.len());
                tracing::info!(height, transactions, gas = block.header.gas_used, "block");
            }
            Built::TooEarly { at_ms } => {
                let wait = at_ms.saturating_sub(crate::clock::now_ms());
                tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            }
            Built::Nothing | Built::Refused(_) => {
                // The pool thought otherwise. It looks again after its next change, or a little later.
                tokio::time::sleep(std::time::Duration::from_millis(RETRY_MS)).await;
            }
        }
    }
}

/// Pause after a build that gave no block, milliseconds.
const RETRY_MS: u64 = 50;

/// Says where the chain answers and who has coins.
fn greet(node: &Node, address: SocketAddr, options: &Dev) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", crate::rpc::web3::CLIENT)?;
    writeln!(out)?;
    writeln!(out, "Accounts, each with 10000 coins. Their keys are public: never use them anywhere else.")?;
    for (index, (account, key)) in presets::LOCAL_ACCOUNTS.iter().enumerate() {
        writeln!(out, "  ({index}) {account}  {key}")?;
    }
    writeln!(out)?;
    writeln!(out, "Chain id  {}", node.spec().chain_id)?;
    writeln!(out, "Height    {}", node.head().height())?;
    match &options.data_dir {
        Some(folder) => writeln!(out, "Data      {}", folder.display())?,
        None => writeln!(out, "Data      in memory, gone when it stops (keep it with --data-dir)")?,
    }
    writeln!(out, "Answers   http://{address}")?;
    out.flush()?;
    Ok(())
}

//! `pars-vm dev`: the same chain with a built-in single proposer and JSON-RPC on loopback.
//!
//! | file | what lives there |
//! |---|---|
//! | `accounts.rs` | accounts with coins |
//! | `propose.rs` | the proposer |
//! | `greeting.rs` | what a developer is told |

mod accounts;
mod greeting;
mod propose;

use crate::clock::Clock;
use crate::command::Dev;
use crate::folder::check_no_rebuild;
use crate::metrics::{Disk, Metrics};
use crate::node::{Choices, Node, SETTLE_TIMEOUT, Sealing};
use crate::rpc::api::Api;
use crate::rpc::limits::Limits;
use crate::rpc::listen;
use crate::rpc::service::RpcService;
use crate::rpc::table::Group;
use crate::store::rocks::Rocks;
use anyhow::{Context as _, Result, bail};
use pars_chain::engine::{Chain, OpenError, Opening};
use pars_chain::limits::HISTORY_WINDOW;
use pars_chain::state::commit::History;
use pars_chain::state::meta;
use pars_chain::store::{Memory, Store};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use strum::IntoEnumIterator as _;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Minimum delay between blocks of a chain that one person works with, milliseconds.
const MIN_DELAY_MS: u64 = 1;
/// File of submitted transactions in the folder of the chain.
const JOURNAL: &str = "pool.journal";

/// Runs until SIGINT, SIGTERM or SIGHUP.
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
    let (store, disk): (Arc<dyn Store>, _) = match &options.data_dir {
        Some(folder) => {
            check_no_rebuild(folder)?;
            let store = Rocks::open(folder)?;
            let disk = Disk { folder: folder.clone(), columns: Box::new(store.sizes()) };
            (Arc::new(store), Some(disk))
        }
        None => (Arc::new(Memory::new()), None),
    };
    let genesis = match &options.genesis {
        Some(file) => read(file)?,
        None => accounts::genesis(options.accounts, MIN_DELAY_MS)?,
    };
    let upgrade = options.upgrade.as_ref().map(|file| read(file)).transpose()?.unwrap_or_default();
    let opening = Opening {
        upgrade: &upgrade,
        history: if options.archive { History::Archive } else { History::Pruned(HISTORY_WINDOW) },
        ..Opening::new(&genesis)
    };
    let named = options.data_dir.as_ref().or(options.genesis.as_ref());
    let opened = open(store, &opening, options.archive);
    let chain = match named {
        Some(path) => opened.with_context(|| path.display().to_string())?,
        None => opened?,
    };
    let journal = options.data_dir.as_ref().map(|folder| folder.join(JOURNAL));
    let choices = Choices { min_delay_target: Some(MIN_DELAY_MS), journal, ..Choices::default() };
    // With slow blocks clients ask for the receipt instead.
    let slow = options.block_time.is_some_and(|interval| interval > SETTLE_TIMEOUT);
    let sealing = if slow { Sealing::Host } else { Sealing::Instant };
    let node = Arc::new(Node::start(chain, choices, sealing, None).context("starting the chain")?);
    let mut interrupt = signal(SignalKind::interrupt()).context("handling SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("handling SIGTERM")?;
    // The terminal was closed.
    let mut hangup = signal(SignalKind::hangup()).context("handling SIGHUP")?;
    let (stop, stopped) = watch::channel(false);
    let mut proposer = tokio::spawn(propose::propose(Arc::clone(&node), options.block_time));
    let api = Api::new(Arc::clone(&node), Limits::default(), Group::iter(), Clock::Machine);
    let service = RpcService::new(Arc::new(api));
    let service = if options.admin { service.with_operators() } else { service };
    let metrics = Metrics::new(&service, disk, Arc::default());
    let server = tokio::spawn(listen::serve(listener, service, stopped, metrics));
    greeting::greet(&node, address, options, &accounts::accounts(options.accounts)?)?;
    let result = tokio::select! {
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
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

/// Opens the chain, unless its folder was made with another choice of history.
fn open(store: Arc<dyn Store>, opening: &Opening<'_>, archive: bool) -> Result<Chain> {
    let chain = match Chain::open(Arc::clone(&store), opening) {
        Err(other @ OpenError::OtherGenesis { .. }) => {
            return Err(other).context("made with other --accounts, or with --genesis");
        }
        opened => opened?,
    };
    let (oldest, height) = (meta::oldest(store.snapshot()?.as_ref())?, chain.head().height());
    if archive && oldest > 0 {
        bail!("its states before block {oldest} are gone: start without --archive, or choose another folder");
    }
    if !archive && height - oldest.min(height) > HISTORY_WINDOW {
        bail!("it was made with --archive: start with it, or choose another folder");
    }
    Ok(chain)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_consensus::crypto::secp256k1::sign_message;
    use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip4844, TxLegacy};
    use alloy_eips::eip2718::Encodable2718;
    use alloy_primitives::Address;
    use pars_chain::engine::{Built, InOrder, Wish};
    use pars_chain::store::Durability;
    use pars_chain::tx::Tx;
    use pars_genesis::presets::{self, LOCAL_ACCOUNTS};

    fn transfer(nonce: u64) -> Arc<Tx> {
        let unsigned = TxLegacy {
            chain_id: Some(1_337),
            nonce,
            gas_price: 1_000_000_000_000,
            gas_limit: 21_000,
            to: Address::ZERO.into(),
            ..TxLegacy::default()
        };
        let signature = sign_message(LOCAL_ACCOUNTS[0].1, unsigned.signature_hash()).unwrap();
        let signed = EthereumTxEnvelope::<TxEip4844>::from(unsigned.into_signed(signature));
        Arc::new(Tx::decode(&signed.encoded_2718()).unwrap())
    }

    /// A folder of one kind of history is not gone on with as the other.
    #[test]
    fn history_is_chosen_once() {
        let genesis = presets::local(1);
        let opening = |archive| Opening {
            history: if archive { History::Archive } else { History::Pruned(HISTORY_WINDOW) },
            ..Opening::new(&genesis)
        };
        let stores = [Memory::new(), Memory::new()];
        let again = |store: &Memory, archive| {
            open(Arc::new(store.clone()), &opening(archive), archive).map(drop).map_err(|error| error.to_string())
        };
        for (archive, store) in [false, true].into_iter().zip(&stores) {
            let mut chain = open(Arc::new(store.clone()), &opening(archive), archive).unwrap();
            let mut now_ms = chain.head().header().unix_ms();
            for nonce in 0..=HISTORY_WINDOW {
                if [0, HISTORY_WINDOW].contains(&nonce) {
                    // So far there is no difference.
                    assert_eq!((again(store, false), again(store, true)), (Ok(()), Ok(())));
                }
                now_ms += 1_000;
                let wish = Wish { now_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
                let built = chain.build(&mut InOrder::new([transfer(nonce)]), wish).unwrap();
                let Built::Block(block) = built else { panic!("{built:?}") };
                chain.accept(block.id(), Durability::Synced).unwrap();
            }
        }
        let [pruned, archive] = &stores;
        assert_eq!((again(pruned, false), again(archive, true)), (Ok(()), Ok(())));
        let text = "its states before block 1 are gone: start without --archive, or choose another folder";
        assert_eq!(again(pruned, true), Err(text.to_owned()));
        let text = "it was made with --archive: start with it, or choose another folder";
        assert_eq!(again(archive, false), Err(text.to_owned()));
    }
}

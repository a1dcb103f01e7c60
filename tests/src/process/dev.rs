//! `pars-vm dev`.

use crate::process::child::{Ended, Running};
use crate::process::program::pars_vm;
use crate::process::rpc::{Client, number};
use crate::process::wallet::{Draft, Signed, Wallet};
use alloy_primitives::Address;
use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A running chain for developers.
#[derive(Debug)]
pub struct Dev {
    /// The process.
    pub running: Running,
    /// Where it answers.
    pub address: SocketAddr,
    /// Time from its start to its first answer.
    pub started: Duration,
}

/// A chain answers within this time of its start.
pub const START_MAX: Duration = Duration::from_secs(10);
/// It ends within this time of a signal.
pub const STOP_MAX: Duration = Duration::from_secs(5);

/// The command, on a free port.
///
/// # Errors
/// When the program is not there.
pub fn command(folder: Option<&Path>) -> Result<Command> {
    let mut command = Command::new(pars_vm()?);
    command.args(["dev", "--port", "0"]);
    if let Some(folder) = folder {
        command.arg("--data-dir").arg(folder);
    }
    Ok(command)
}

impl Dev {
    /// Starts a chain on a free port and waits for its first answer.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn start(folder: Option<&Path>) -> Result<Self> {
        Self::start_with(folder, &[])
    }

    /// The same with more options.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn start_with(folder: Option<&Path>, options: &[&str]) -> Result<Self> {
        Self::start_as(command(folder)?.args(options))
    }

    /// The same by a command of one's own.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn start_as(command: &mut Command) -> Result<Self> {
        let since = Instant::now();
        let mut running = Running::start(command)?;
        let url = running.line("Answers ", START_MAX)?;
        let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
        let address = address.with_context(|| format!("{url:?} is no address"))?;
        let mut dev = Self { running, address, started: since.elapsed() };
        dev.client()?.call("eth_chainId", json!([]))?;
        dev.started = since.elapsed();
        ensure!(dev.started < START_MAX, "it answers after {:?}", dev.started);
        Ok(dev)
    }

    /// Starts a chain that does not start.
    ///
    /// # Errors
    /// When it starts after all.
    pub fn refused(folder: Option<&Path>) -> Result<Ended> {
        Self::refused_with(folder, &[])
    }

    /// The same with more options.
    ///
    /// # Errors
    /// When it starts after all.
    pub fn refused_with(folder: Option<&Path>, options: &[&str]) -> Result<Ended> {
        Running::start(command(folder)?.args(options))?.wait(START_MAX)
    }

    /// A connection.
    ///
    /// # Errors
    /// When it does not listen.
    pub fn client(&self) -> Result<Client> {
        Client::connect(self.address)
    }

    /// Stops it with a signal.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn stop(self, signal: &str) -> Result<Ended> {
        self.running.signal(signal)?;
        self.running.wait(STOP_MAX)
    }
}

impl Client {
    /// Height of the last block.
    ///
    /// # Errors
    /// When the chain does not say.
    pub fn height(&mut self) -> Result<u64> {
        number(&self.call("eth_blockNumber", json!([]))?)
    }

    /// Next nonce of an account.
    ///
    /// # Errors
    /// When the chain does not say.
    pub fn nonce(&mut self, account: Address) -> Result<u64> {
        number(&self.call("eth_getTransactionCount", json!([account, "latest"]))?)
    }

    /// Sends a transaction, which must be taken.
    ///
    /// # Errors
    /// When it is refused.
    pub fn submit(&mut self, signed: &Signed) -> Result<()> {
        let hash = self.call("eth_sendRawTransaction", signed.params())?;
        ensure!(hash == json!(signed.hash), "{hash} is the hash of another transaction than {}", signed.hash);
        Ok(())
    }

    /// Sends a transfer with the account's next nonce.
    ///
    /// # Errors
    /// When it is refused.
    pub fn pay(&mut self, from: &Wallet, to: Address, wei: u64) -> Result<Signed> {
        let signed = from.sign(&Draft::transfer(self.nonce(from.address)?, to, wei))?;
        self.submit(&signed)?;
        Ok(signed)
    }
}

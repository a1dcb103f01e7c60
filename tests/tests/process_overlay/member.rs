//! [`Member`]: a validator whose host lends no way to peers, with its overlay.

use anyhow::{Context as _, Result, ensure};
use pars_host::NodeId;
use pars_host::dialect::{Dialect, TABLE, Transport};
use pars_overlay::bls::SecretKey;
use pars_proto::host::validatorstate::Validator;
use pars_proto::host::vm::InitializeRequest;
use pars_tests::process::hosted::{self, Files, Hosted};
use pars_tests::process::program::pars_vm;
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Who names the validators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    ByHost,
    ByFile,
}

/// A validator that runs.
pub(crate) struct Member {
    pub(crate) hosted: Hosted,
    pub(crate) address: SocketAddr,
    named: Named,
    folder: PathBuf,
}

pub(crate) fn zap() -> Result<&'static Dialect> {
    TABLE.iter().find(|row| row.transport == Transport::Zap).context("a row")
}

pub(crate) fn node(number: u8) -> NodeId {
    [number; 20].into()
}

pub(crate) fn secret(number: u8) -> Result<SecretKey> {
    Ok(SecretKey::from_bytes(&[number; 32])?)
}

/// The chain in the folder of a member.
pub(crate) fn files(folder: &Path, number: u8) -> Files {
    Files { node_id: node(number), ..Files::local(folder) }
}

impl Member {
    /// Makes its certificate as an operator does, and starts it.
    pub(crate) async fn start(
        number: u8,
        folder: &Path,
        peers: &[SocketAddr],
        named: Named,
        validators: &[u8],
    ) -> Result<Self> {
        let folder = folder.join(number.to_string());
        fs::create_dir_all(&folder)?;
        certify(number, &folder, &files(&folder, number))?;
        let config = config(&folder, peers).to_string();
        let files = Files { config: config.into(), ..files(&folder, number) };
        let mut hosted = hosted::start_under(zap()?).await?;
        name(&hosted, named, &folder, validators)?;
        let mut request = hosted.initialize_request(&files);
        without_validators(&mut request, named);
        hosted.begin(request).await.with_context(|| hosted.running.err())?;
        let health = hosted.health().await?;
        let address = health["overlay"]["address"].as_str().context("no overlay")?.parse()?;
        Ok(Self { hosted, address, named, folder })
    }

    /// These validate from now on.
    pub(crate) fn name(&self, validators: &[u8]) -> Result<()> {
        name(&self.hosted, self.named, &self.folder, validators)
    }

    /// A fact of its overlay.
    pub(crate) async fn fact(&mut self, name: &str) -> Result<u64> {
        let health = self.hosted.health().await?;
        health["overlay"][name].as_u64().with_context(|| format!("no {name} in {health}"))
    }

    /// Waits until it has so many peers.
    pub(crate) async fn has_peers(&mut self, peers: u64, within: Duration) -> Result<Duration> {
        let since = Instant::now();
        while self.fact("peers").await? != peers {
            ensure!(since.elapsed() < within, "{}", self.hosted.health().await?["overlay"]);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(since.elapsed())
    }
}

/// What a host does not lend whose plugin reads a file instead.
pub(crate) fn without_validators(request: &mut InitializeRequest, named: Named) {
    if named == Named::ByFile {
        request.server_addr.clear();
    }
}

/// The operator's configuration of an overlay at a free port.
pub(crate) fn config(folder: &Path, peers: &[SocketAddr]) -> Value {
    json!({
        "overlay-listen": "127.0.0.1:0",
        "overlay-peers": peers,
        "overlay-key": folder.join("overlay.key"),
        "overlay-certificate": folder.join("overlay.certificate"),
        "overlay-validators": folder.join("validators.json"),
    })
}

/// What an operator runs.
pub(crate) fn certify(number: u8, folder: &Path, files: &Files) -> Result<()> {
    let signer = folder.join("signer.key");
    fs::write(&signer, [number; 32])?;
    let made = Command::new(pars_vm()?)
        .args(["overlay", "certify", "--signer-key"])
        .arg(&signer)
        .args(["--chain-id", &pars_host::Id::from(files.chain_id.0).to_string()])
        .args(["--node-id", &files.node_id.to_string(), "--transport-key"])
        .arg(folder.join("overlay.key"))
        .arg("--out")
        .arg(folder.join("overlay.certificate"))
        .output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(fs::remove_file(signer)?)
}

fn name(hosted: &Hosted, named: Named, folder: &Path, validators: &[u8]) -> Result<()> {
    if named == Named::ByFile {
        let rows: Result<Vec<Value>> = validators.iter().copied().map(row).collect();
        // A file that is changed while somebody reads it is renamed into its place.
        fs::write(folder.join("new.json"), json!(rows?).to_string())?;
        return Ok(fs::rename(folder.join("new.json"), folder.join("validators.json"))?);
    }
    let validator = |number: &u8| {
        let public_key = secret(*number)?.public_key().to_long_bytes().to_vec().into();
        Ok(Validator { node_id: node(*number).into(), weight: 20, public_key, ..Validator::default() })
    };
    let validators: Result<Vec<Validator>> = validators.iter().map(validator).collect();
    // The host for tests calls the subnet as the chain.
    hosted.host().set_validators(files(folder, 0).chain_id.0.into(), validators?);
    Ok(())
}

fn row(number: u8) -> Result<Value> {
    let key = alloy_primitives::hex::encode_prefixed(secret(number)?.public_key().to_bytes());
    Ok(json!({ "nodeID": node(number).to_string(), "publicKey": key, "weight": 20 }))
}

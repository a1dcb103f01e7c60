//! [`OverOverlay`]: the overlay in the place of a host's network.

use crate::config;
use crate::gossip::Gossip;
use crate::gossip::network::{Call, Network};
use bytes::Bytes;
use pars_host::{AppError, Host, InitArgs, NodeId, PeerVersion, Recipients, SubnetValidators, Validator, VmError};
use pars_overlay::identity::Identity;
use pars_overlay::overlay::{Event, Options, Overlay, Timing};
use pars_overlay::validators::{OfFile, Validators};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Pause before it is asked again who validates, where nobody has said so yet.
const UNKNOWN_PAUSE: Duration = Duration::from_millis(100);

/// The network between validators.
#[derive(Debug)]
pub(super) struct OverOverlay {
    overlay: Overlay,
    validators: Arc<dyn Validators>,
    node: NodeId,
}

impl OverOverlay {
    /// Opens it as it is configured; none where it is not.
    ///
    /// # Errors
    /// Which key of the configuration is missing, or what is wrong with a file.
    pub(super) fn open(
        settings: &config::Overlay,
        args: &InitArgs,
        host: &Arc<dyn Host>,
    ) -> Result<Option<Self>, VmError> {
        let Some(listen) = settings.listen else { return Ok(None) };
        let validators: Arc<dyn Validators> = if args.validator_server_addr.is_empty() {
            let file = OfFile { path: wanted(settings.validators.as_ref(), "overlay-validators")?.clone() };
            file.read().map_err(VmError::other)?;
            Arc::new(file)
        } else {
            if let Some(file) = &settings.validators {
                tracing::info!(file = %file.display(), "overlay-validators does nothing here: the host names them");
            }
            Arc::new(SubnetValidators::new(Arc::clone(host), args.chain_id, args.subnet_id))
        };
        let key = wanted(settings.key.as_ref(), "overlay-key")?;
        let certificate = wanted(settings.certificate.as_ref(), "overlay-certificate")?;
        let options = Options {
            listen,
            peers: settings.peers.clone(),
            chain: args.chain_id,
            node: args.node_id,
            version: release(),
            identity: Identity::open(key, certificate).map_err(VmError::other)?,
            timing: Timing::default(),
        };
        let overlay = Overlay::open(options).map_err(VmError::other)?;
        if let Ok(address) = overlay.address() {
            tracing::info!(%address, "the overlay listens");
        }
        Ok(Some(Self { overlay, validators, node: args.node_id }))
    }

    /// Starts it. What happens is told to the gossip, which is there by now.
    pub(super) fn start(&self, gossip: &Arc<OnceLock<Gossip>>) {
        let gossip = Arc::clone(gossip);
        if let Some(gossip) = gossip.get() {
            // As hosts do: a node counts among its peers.
            gossip.connected(self.node);
        }
        self.overlay.start(Arc::clone(&self.validators), move |event| {
            if let Some(gossip) = gossip.get() {
                tell(gossip, event);
            }
        });
    }

    /// Ends it.
    pub(super) async fn stop(&self) {
        self.overlay.stop().await;
    }

    /// How it is, for the host's health page.
    pub(super) fn facts(&self) -> Value {
        let report = self.overlay.report();
        json!({
            "address": self.overlay.address().ok().map(|address| address.to_string()),
            "peers": report.counts.peers,
            "connections": report.counts.links,
            "validators": report.counts.validators,
            "sent": report.sent,
            "received": report.received,
            "dropped": report.dropped,
            "refused": report.counts.refused.values().sum::<u64>(),
            "refusedBy": report.counts.refused_by.values().sum::<u64>(),
            "certificateEnds": report.not_after,
        })
    }
}

/// What an overlay cannot be without.
fn wanted<'a>(path: Option<&'a PathBuf>, key: &str) -> Result<&'a PathBuf, VmError> {
    path.ok_or_else(|| VmError::other(format!("configuration: overlay-listen is set, {key} is missing")))
}

fn release() -> PeerVersion {
    let number = |text: &str| text.parse().unwrap_or_default();
    PeerVersion {
        name: "pars".to_owned(),
        major: number(env!("CARGO_PKG_VERSION_MAJOR")),
        minor: number(env!("CARGO_PKG_VERSION_MINOR")),
        patch: number(env!("CARGO_PKG_VERSION_PATCH")),
    }
}

fn tell(gossip: &Gossip, event: Event) {
    match event {
        Event::Connected { node, version } => {
            tracing::debug!(%node, ?version, "a validator is connected");
            gossip.connected(node);
        }
        Event::Disconnected { node } => {
            tracing::debug!(%node, "a validator is no longer connected");
            gossip.disconnected(node);
        }
        Event::Request(request) => gossip.request(&request),
        Event::Response { node, request_id, bytes } => gossip.response(node, request_id, &bytes),
        Event::Failed { node, request_id, error } => gossip.failed(node, request_id, &error),
        Event::Gossip { node, bytes } => gossip.gossip(node, &bytes),
    }
}

/// The overlay drops what it has no room for, and nothing waits.
impl Network for OverOverlay {
    fn ask(&self, node: NodeId, request_id: u32, question: Bytes) -> Call<'_, ()> {
        self.overlay.send_request(&[node], request_id, question);
        done()
    }

    fn answer(&self, node: NodeId, request_id: u32, answer: Bytes) -> Call<'_, ()> {
        self.overlay.send_response(node, request_id, answer);
        done()
    }

    fn refuse(&self, node: NodeId, request_id: u32, error: AppError) -> Call<'_, ()> {
        self.overlay.send_error(node, request_id, error);
        done()
    }

    fn tell(&self, to: Recipients, message: Bytes) -> Call<'_, ()> {
        self.overlay.send_gossip(&to, message);
        done()
    }

    /// Those that the overlay knows, once it does.
    fn validators(&self) -> Call<'_, Vec<Validator>> {
        Box::pin(async {
            loop {
                if let Some(set) = self.overlay.validators() {
                    return Ok(set.validators());
                }
                tokio::time::sleep(UNKNOWN_PAUSE).await;
            }
        })
    }
}

fn done() -> Call<'static, ()> {
    Box::pin(std::future::ready(Ok(())))
}

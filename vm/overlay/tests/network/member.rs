//! [`Member`]: a validator with an overlay that runs, and what it heard.

use pars_host::{Id, NodeId, PeerVersion, Validator};
use pars_overlay::bls::SecretKey;
use pars_overlay::certificate::{Certificate, Claim};
use pars_overlay::overlay::{Event, Options, Overlay, StartError, Timing};
use pars_overlay::state::Pace;
use pars_overlay::validators::{Reading, Validators};
use pars_overlay::{Identity, Refusal, TransportKey};
use std::future::ready;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use tokio::time::sleep;

/// What takes longer did not happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// The chain of all members, unless a test says otherwise.
pub(crate) const CHAIN: [u8; 32] = [0xc1; 32];

pub(crate) fn node(number: u8) -> NodeId {
    [number; 20].into()
}

pub(crate) fn secret(number: u8) -> SecretKey {
    let mut bytes = [0; 32];
    (bytes[0], bytes[31]) = (1, number);
    SecretKey::from_bytes(&bytes).expect("a key")
}

pub(crate) fn validator(number: u8) -> Validator {
    let public_key = secret(number).public_key().to_long_bytes().to_vec().into();
    Validator { node: node(number), weight: 1, public_key }
}

pub(crate) fn unix_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A claim that is good for an hour.
pub(crate) fn claim(number: u8, key: &TransportKey) -> Claim {
    Claim { chain: CHAIN.into(), node: node(number), transport_key: *key.public(), not_after: unix_s() + 3_600 }
}

pub(crate) fn certificate(number: u8, key: &TransportKey) -> Certificate {
    claim(number, key).sign(&secret(number), unix_s()).expect("it holds")
}

/// Validators that a test sets.
#[derive(Debug, Clone)]
pub(crate) struct Given(Arc<Mutex<Vec<Validator>>>);

impl Given {
    pub(crate) fn new(numbers: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(numbers.iter().copied().map(validator).collect())))
    }

    pub(crate) fn set(&self, numbers: &[u8]) {
        *self.0.lock().expect("nobody panicked") = numbers.iter().copied().map(validator).collect();
    }
}

impl Validators for Given {
    fn current(&self) -> Reading<'_> {
        Box::pin(ready(Ok(self.0.lock().expect("nobody panicked").clone())))
    }
}

/// Everything a tenth as long, so that tests are short.
pub(crate) const fn quick() -> Timing {
    Timing {
        pace: Pace { request_ms: 1_000, settle_ms: 200, exchange_ms: 1_000 },
        meeting_max: Duration::from_secs(2),
        validators_every: Duration::from_millis(200),
        validators_retry: Duration::from_millis(100),
    }
}

/// A validator whose overlay runs.
pub(crate) struct Member {
    pub(crate) overlay: Overlay,
    pub(crate) address: SocketAddr,
    pub(crate) node: NodeId,
    heard: Arc<Mutex<Vec<Event>>>,
}

impl Member {
    pub(crate) fn start(number: u8, peers: &[SocketAddr], given: &(impl Validators + Clone + 'static)) -> Self {
        Self::start_with(number, peers, given, |_| {}).expect("it starts")
    }

    pub(crate) fn start_with(
        number: u8,
        peers: &[SocketAddr],
        given: &(impl Validators + Clone + 'static),
        change: impl FnOnce(&mut Options),
    ) -> Result<Self, StartError> {
        let key = TransportKey::generate().expect("chance");
        let certificate = certificate(number, &key);
        let mut options = Options {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            peers: peers.to_vec(),
            chain: CHAIN.into(),
            node: node(number),
            version: PeerVersion { name: "pars".to_owned(), major: 1, minor: 2, patch: number.into() },
            identity: Identity::new(key, certificate).expect("they belong together"),
            timing: quick(),
        };
        change(&mut options);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hear = Arc::clone(&heard);
        let node = options.node;
        let overlay = Overlay::open(options)?;
        overlay.start(Arc::new(given.clone()), move |event| hear.lock().expect("nobody panicked").push(event));
        Ok(Self { address: overlay.address().expect("it listens"), overlay, node, heard })
    }

    /// So many, who all know the first.
    pub(crate) fn several(count: u8, given: &Given) -> Vec<Self> {
        let first = Self::start(1, &[], given);
        let others: Vec<_> = (2..=count).map(|number| Self::start(number, &[first.address], given)).collect();
        [first].into_iter().chain(others).collect()
    }

    /// Waits until it knows who validates.
    pub(crate) async fn ready(&self) {
        until("the validators are known", || self.overlay.report().counts.validators > 0).await;
    }

    pub(crate) fn peers(&self) -> usize {
        self.overlay.report().counts.peers
    }

    pub(crate) fn refused(&self, refusal: Refusal) -> u64 {
        self.overlay.report().counts.refused.get(&refusal).copied().unwrap_or_default()
    }

    /// What it heard since the last time.
    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.heard.lock().expect("nobody panicked"))
    }

    pub(crate) fn heard(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.heard.lock().expect("nobody panicked").iter().filter(|event| wanted(event)).count()
    }
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
        sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}

/// The chain of nobody else.
pub(crate) fn other_chain() -> Id {
    [0xc2; 32].into()
}

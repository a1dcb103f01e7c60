//! Gossip of a running node whose network is slow.

use crate::network_sim::id;
use alloy_primitives::Address;
use bytes::Bytes;
use pars_chain::engine::{Chain, Opening};
use pars_chain::store::Memory;
use pars_chain::tx::Tx;
use pars_genesis::presets;
use pars_host::{AppError, AppRequest, NodeId, Recipients, Validator};
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use pars_vm::gossip::bloom::Known;
use pars_vm::gossip::chance::Chance;
use pars_vm::gossip::network::{Call, Network};
use pars_vm::gossip::{Gossip, Settings, message};
use pars_vm::node::{Choices, Node, Sealing};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};

const WAIT_MAX: Duration = Duration::from_secs(20);

/// What a network was given.
#[derive(Debug)]
enum Given {
    Push(Bytes),
    Answer,
    Refusal,
    Question,
}

/// A network that takes as many messages as it is let.
#[derive(Debug)]
struct Slow {
    let_in: Semaphore,
    given: mpsc::UnboundedSender<Given>,
}

impl Slow {
    fn take(&self, given: Given) -> Call<'_, ()> {
        Box::pin(async move {
            self.let_in.acquire().await?.forget();
            Ok(self.given.send(given)?)
        })
    }
}

impl Network for Slow {
    fn ask(&self, _: NodeId, _: u32, _: Bytes) -> Call<'_, ()> {
        self.take(Given::Question)
    }

    fn answer(&self, _: NodeId, _: u32, _: Bytes) -> Call<'_, ()> {
        self.take(Given::Answer)
    }

    fn refuse(&self, _: NodeId, _: u32, _: AppError) -> Call<'_, ()> {
        self.take(Given::Refusal)
    }

    fn tell(&self, _: Recipients, message: Bytes) -> Call<'_, ()> {
        self.take(Given::Push(message))
    }

    fn validators(&self) -> Call<'_, Vec<Validator>> {
        let validator = |number| Validator { node: id(number), weight: 1, public_key: Bytes::new() };
        Box::pin(async move { Ok(vec![validator(0), validator(1)]) })
    }
}

struct World {
    node: Arc<Node>,
    host: Arc<Slow>,
    gossip: Gossip,
    given: mpsc::UnboundedReceiver<Given>,
}

impl World {
    /// A node that validates together with another, and knows it.
    async fn new(settings: Settings) -> Self {
        let genesis = presets::local(1);
        let chain = Chain::open(Arc::new(Memory::new()), &Opening::new(&genesis)).unwrap();
        let node = Arc::new(Node::start(chain, Choices::default(), Sealing::Host, None).unwrap());
        let (sender, given) = mpsc::unbounded_channel();
        let host = Arc::new(Slow { let_in: Semaphore::new(0), given: sender });
        let gossip = Gossip::start(Arc::clone(&node), id(0), Arc::<Slow>::clone(&host), settings).unwrap();
        [0, 1].into_iter().for_each(|number| gossip.connected(id(number)));
        gossip.serve(true);
        let since = Instant::now();
        while gossip.report().validators < 2 {
            assert!(since.elapsed() < WAIT_MAX, "it reads no validators");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self { node, host, gossip, given }
    }

    fn submit(&self, nonce: u64) -> Signed {
        let draft = Draft::transfer(nonce, Address::repeat_byte(0x5b), 1);
        let signed = Wallet::local(0).unwrap().sign(&draft).unwrap();
        self.node.submit(Arc::new(Tx::decode(&signed.raw).unwrap())).unwrap();
        signed
    }

    /// Nodes that do not validate ask as much as they may at once.
    fn strangers_ask(&self, strangers: usize) {
        for stranger in 100..100 + strangers {
            for number in 0..400 {
                self.gossip.request(&request(id(stranger), 2 * number + 1, question()));
            }
        }
    }

    async fn next(&mut self) -> Given {
        tokio::time::timeout(WAIT_MAX, self.given.recv()).await.expect("nothing comes").unwrap()
    }
}

fn question() -> Bytes {
    let known = Known::new(0, &mut Chance::new([1; 32]));
    message::pull_request(known.salt(), &known.encode())
}

const fn request(node: NodeId, request_id: u32, bytes: Bytes) -> AppRequest {
    AppRequest { node, request_id, deadline_ms: u64::MAX, bytes }
}

/// One question of its own at most, so that little else is under way.
fn silent() -> Settings {
    Settings { pull_every: Duration::from_secs(3_600), ..Settings::default() }
}

/// Field report: fifty nodes, each within its allowance, filled the one queue with refusals, and pushes were lost.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_displace_neither_pushes_nor_answers() {
    let mut world = World::new(silent()).await;
    world.strangers_ask(50);
    let signed = world.submit(0);
    tokio::time::sleep(Duration::from_millis(500)).await;
    world.gossip.request(&request(id(1), 1, question()));

    world.host.let_in.add_permits(100_000);
    let (mut refusals, mut pushed, mut answered) = (0, None, None);
    while pushed.is_none() || answered.is_none() {
        match world.next().await {
            Given::Refusal => refusals += 1,
            Given::Push(bytes) => {
                assert_eq!(bytes, message::push([signed.raw.as_ref()]));
                pushed = Some(refusals);
            }
            Given::Answer => answered = Some(refusals),
            Given::Question => {}
        }
    }
    assert!(pushed < Some(3), "{pushed:?} refusals went first");
    // Half of the queue, and one that the host had already.
    assert!(answered <= Some(513), "{answered:?} refusals");
    world.gossip.stop().await;
}

/// A host takes nothing for longer than the queue lasts: what it could not be given is told when it can.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_given_to_the_host_does_not_count_as_told() {
    let settings = Settings { push_every: Duration::from_millis(10), again_after: WAIT_MAX * 100, ..silent() };
    let mut world = World::new(settings).await;
    world.strangers_ask(50);
    let mut missing = Vec::new();
    for nonce in 0..150 {
        missing.push(world.submit(nonce).raw);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.host.let_in.add_permits(100_000);
    while !missing.is_empty() {
        let Given::Push(bytes) = world.next().await else { continue };
        let (_, body) = message::split(&bytes).unwrap();
        let told = message::elements(&body).unwrap();
        missing.retain(|raw| !told.iter().any(|one| one.as_ref() == raw.as_ref()));
    }
    assert_eq!(world.gossip.report().messages.pushed, 150, "each once");
    world.gossip.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_whose_deadline_is_over_gets_no_answer() {
    let mut world = World::new(silent()).await;
    world.host.let_in.add_permits(100);
    world.gossip.request(&AppRequest { deadline_ms: 1, ..request(id(1), 1, question()) });
    world.gossip.request(&request(id(100), 1, question()));
    let mut given = world.next().await;
    while matches!(given, Given::Question) {
        given = world.next().await;
    }
    assert!(matches!(given, Given::Refusal), "of the second: {given:?}");
    world.gossip.stop().await;
}

//! Clients that do not read, do not answer, or ask for too much: each is told goodbye, and nobody else notices.

use crate::client::Client;
use crate::server::Server;
use crate::world::World;
use futures_util::SinkExt as _;
use pars_chain::state::commit::History;
use pars_chain::store::{Faulty, Memory};
use pars_vm::rpc::limits::{Limits, SocketLimits};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

const LIMITS: fn() -> SocketLimits =
    || SocketLimits { stall: Duration::from_millis(500), goodbye: Duration::from_secs(5), ..SocketLimits::default() };

/// Report 7.4: a client that reads nothing is closed with a reason; those that read have every block.
#[test]
fn report_7_4_a_client_that_does_not_read_is_closed() {
    const BLOCKS: usize = 150;
    const LIVE: usize = 1_000;
    rlimit::increase_nofile_limit(4_096).expect("two files a client");
    let server = Server::with(Limits::default(), LIMITS());
    server.run(async {
        let mut live = Vec::new();
        for _ in 0..LIVE {
            let mut client = Client::connect(server.address).await;
            client.call("eth_subscribe", json!(["newHeads"])).await;
            live.push(client);
        }
        let mut stalled = Client::narrow(server.address).await;
        for _ in 0..128 {
            stalled.call("eth_subscribe", json!(["newHeads"])).await;
        }
        let following: Vec<_> = live
            .into_iter()
            .map(|mut client| {
                tokio::spawn(async move {
                    for _ in 0..BLOCKS {
                        client.news().await;
                    }
                    client
                })
            })
            .collect();
        for _ in 0..BLOCKS {
            server.tick().await;
        }
        for client in following {
            timeout(Duration::from_secs(60), client).await.expect("the others are not held up").unwrap();
        }
        sleep(Duration::from_millis(1_500)).await;
        // What is on the way is still read, and then the reason.
        let (goodbye, told) = stalled.goodbye().await;
        let (code, reason) = goodbye.expect("a goodbye");
        assert_eq!((code, reason.as_str()), (1_008, "slow consumer: nothing was read for 0 s"));
        assert!(told < BLOCKS * 128, "{told} came");
    });
}

/// Report 7.1: where a subscription cannot go on, its connection does not stay open as if nothing more had happened.
#[test]
fn report_7_1_a_subscription_that_fails_closes_its_connection() {
    const BLOCKS: usize = 100;
    let store = Faulty::new(Arc::new(Memory::new()));
    let world = World::over(Arc::new(store.clone()), Limits::default(), History::Archive);
    let server = Server::of(world, Limits::default(), SocketLimits::default());
    server.run(async {
        let mut client = Client::narrow(server.address).await;
        for _ in 0..64 {
            client.call("eth_subscribe", json!(["newHeads"])).await;
        }
        for _ in 0..BLOCKS {
            server.tick().await;
        }
        store.fail_read_after(0);
        let (goodbye, told) = client.goodbye().await;
        assert_eq!(goodbye, Some((1_011, "internal error".to_owned())));
        assert!(told < BLOCKS * 64, "{told} came");
        assert!(!store.heal(), "the read failed");
        // The chain itself goes on, and so do others.
        let mut other = Client::connect(server.address).await;
        other.call("eth_subscribe", json!(["newHeads"])).await;
        server.tick().await;
        other.news().await;
    });
}

/// A client that reads slowly, and reads, is not closed, and has everything.
#[test]
fn a_client_that_reads_slowly_has_everything() {
    const BLOCKS: usize = 150;
    let server = Server::with(Limits::default(), LIMITS());
    server.run(async {
        let mut slow = Client::narrow(server.address).await;
        for _ in 0..64 {
            slow.call("eth_subscribe", json!(["newHeads"])).await;
        }
        for _ in 0..BLOCKS {
            server.tick().await;
        }
        let since = Instant::now();
        for number in 0..BLOCKS * 64 {
            slow.news().await;
            if number % 200 == 0 {
                sleep(Duration::from_millis(50)).await;
            }
        }
        assert!(since.elapsed() > LIMITS().stall * 3, "{:?} is not slow", since.elapsed());
        slow.silence().await;
        assert_eq!(slow.call("eth_chainId", json!([])).await, "0x539");
    });
}

/// A client too far behind is told so.
#[test]
fn a_client_far_behind_is_closed() {
    let server =
        Server::with(Limits::default(), SocketLimits { lag_blocks: 50, stall: Duration::from_secs(30), ..LIMITS() });
    server.run(async {
        let mut client = Client::narrow(server.address).await;
        for _ in 0..128 {
            client.call("eth_subscribe", json!(["newHeads"])).await;
        }
        for _ in 0..200 {
            server.tick().await;
        }
        let (goodbye, _) = client.goodbye().await;
        let (code, reason) = goodbye.expect("a goodbye");
        assert_eq!(code, 1_008);
        assert!(reason.starts_with("slow consumer: ") && reason.ends_with(" blocks behind"), "{reason}");
    });
}

/// Answers that nobody reads are bounded as well.
#[test]
fn unread_answers_are_bounded() {
    let server = Server::with(
        Limits::default(),
        SocketLimits { unread_max: 2 << 20, stall: Duration::from_secs(30), ..LIMITS() },
    );
    server.run(async {
        let mut client = Client::narrow(server.address).await;
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x0",false]}"#;
        let batch = format!("[{}]", vec![call; 900].join(","));
        for _ in 0..40 {
            if client.socket.send(Message::text(batch.clone())).await.is_err() {
                break;
            }
            assert!(server.service.api().answers().used() < 8 << 20, "{} bytes", server.service.api().answers().used());
        }
        let (goodbye, _) = client.goodbye().await;
        let (code, reason) = goodbye.expect("a goodbye");
        assert_eq!(code, 1_008);
        assert!(reason.starts_with("slow consumer: ") && reason.ends_with(" bytes of answers are unread"), "{reason}");
        server.until_open(0).await;
        // Calls that were given up let go a moment later.
        let since = Instant::now();
        while server.service.api().answers().used() > 0 {
            assert!(since.elapsed() < Duration::from_secs(5), "{} bytes", server.service.api().answers().used());
            sleep(Duration::from_millis(5)).await;
        }
    });
}

/// Many calls at once, read one after another: each is answered.
#[test]
fn many_calls_in_flight() {
    let server = Server::new();
    server.run(async {
        let mut client = Client::connect(server.address).await;
        for id in 0..1_000 {
            let method = if id % 2 == 0 { "eth_chainId" } else { "eth_getBlockByNumber" };
            let params = if id % 2 == 0 { json!([]) } else { json!(["latest", false]) };
            client.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()).await;
        }
        let mut ids = Vec::new();
        for _ in 0..1_000 {
            let answer = client.receive().await;
            assert!(answer["error"].is_null(), "{answer}");
            ids.push(answer["id"].as_u64().unwrap());
        }
        ids.sort_unstable();
        assert_eq!(ids, (0..1_000).collect::<Vec<_>>());
    });
}

/// A client that is gone without a word is noticed by its silence; one that answers pings stays.
#[test]
fn report_7_4_half_open_connections_end() {
    let server = Server::with(Limits::default(), SocketLimits { ping: Duration::from_millis(200), ..LIMITS() });
    server.run(async {
        let mut dead = Vec::new();
        for _ in 0..32 {
            // Nothing of it is ever read again, so no ping is answered.
            dead.push(Client::connect(server.address).await);
        }
        let mut live = Client::connect(server.address).await;
        server.until_open(33).await;
        let since = Instant::now();
        let listening = async {
            while server.service.hub().open() > 1 {
                assert!(since.elapsed() < Duration::from_secs(10), "{} are open", server.service.hub().open());
                assert_eq!(live.call("eth_chainId", json!([])).await, "0x539");
                sleep(Duration::from_millis(50)).await;
            }
        };
        listening.await;
        for mut client in dead {
            let (goodbye, _) = client.goodbye().await;
            if let Some((code, reason)) = goodbye {
                assert_eq!((code, reason.as_str()), (1_008, "nothing heard for 0 s"));
            }
        }
        // Only pings and their answers for a while.
        let quiet = timeout(Duration::from_millis(1_000), live.receive()).await;
        assert!(quiet.is_err(), "{quiet:?}");
        assert_eq!(live.call("eth_chainId", json!([])).await, "0x539");
    });
}

/// The end of the node is told to everybody.
#[test]
fn goodbye_when_the_node_stops() {
    let server = Server::new();
    server.run(async {
        let mut client = Client::connect(server.address).await;
        client.call("eth_subscribe", json!(["newHeads"])).await;
        server.world.node.close().await;
        assert_eq!(client.goodbye().await, (Some((1_001, "the node stops".to_owned())), 0));
        server.until_open(0).await;
    });
}

//! How validators find each other.

use crate::member::{Given, Member, certificate, node, until};
use pars_host::Recipients;
use pars_overlay::overlay::Event;
use pars_overlay::{Identity, Refusal, TransportKey};
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// The second and the third know the first, and not each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_a_third() {
    let members = Member::several(3, &Given::new(&[1, 2, 3]));
    until("all are connected", || members.iter().all(|member| member.peers() == 2)).await;
    // Without the first they go on.
    members[0].overlay.stop().await;
    until("it is gone", || members[1].peers() == 1 && members[2].peers() == 1).await;
    let gone = |number| members[1].heard(|event| *event == Event::Disconnected { node: node(number) });
    until("it is told", || gone(1) == 1).await;
    assert_eq!(gone(3), 0);
}

/// All know all, so that connections cross. One of two stays, and nobody was ever told that a peer is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_at_once() {
    let given = Given::new(&[1, 2, 3, 4]);
    let places: Vec<_> = (0..4).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    let addresses: Vec<_> = places.iter().map(|socket| socket.local_addr().unwrap()).collect();
    drop(places);
    let members: Vec<_> = (1..=4)
        .zip(&addresses)
        .map(|(number, address)| {
            Member::start_with(number, &addresses, &given, |options| options.listen = *address).unwrap()
        })
        .collect();
    until("all are connected", || members.iter().all(|member| member.peers() == 3)).await;
    until("once each", || members.iter().all(|member| member.overlay.report().counts.links == 3)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for member in &members {
        let report = member.overlay.report();
        assert_eq!((report.counts.links, report.counts.addresses), (3, 4), "{report:?}");
        assert_eq!(member.heard(|event| matches!(event, Event::Connected { .. })), 3);
        assert_eq!(member.heard(|event| matches!(event, Event::Disconnected { .. })), 0);
        // It dialled itself, once.
        assert!(member.refused(Refusal::Myself) <= 2, "{report:?}");
    }
}

/// A validator stops, and comes again with another key at the same address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_starts_again() {
    let given = Given::new(&[1, 2]);
    let one = Member::start(1, &[], &given);
    let two = Member::start(2, &[one.address], &given);
    let came = |event: &Event| matches!(event, Event::Connected { .. });
    until("they are connected", || one.heard(came) == 1 && two.peers() == 1).await;
    let address = two.address;
    two.overlay.stop().await;
    drop(two);
    until("it is gone", || one.heard(|event| matches!(event, Event::Disconnected { .. })) == 1).await;
    one.take();
    // It does not know the other's address any more, and is found.
    let again = start_at(address, 2, &given, TransportKey::generate().unwrap()).await;
    let took = until("it is found again", || one.peers() == 1 && again.peers() == 1).await;
    println!("found again within {} ms", took.as_millis());
    until("it is told", || one.heard(|event| matches!(event, Event::Connected { .. })) == 1).await;
}

/// A validator dies without a word, and comes again with its key. The other hears at its next word that the connection is
/// over, and not only when it has been silent for half a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_dies() {
    let given = Given::new(&[1, 2]);
    let one = Member::start(1, &[], &given);
    one.ready().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("transport.key");
    let life = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let key = TransportKey::open_or_make(&path).unwrap();
    let two = {
        let _inside = life.enter();
        Member::start_with(2, &[one.address], &given, |options| {
            let certificate = certificate(2, &key);
            options.identity = Identity::new(key, certificate).unwrap();
        })
        .unwrap()
    };
    until("they are connected", || one.peers() == 1 && two.peers() == 1).await;
    let address = two.address;
    // First the threads, so that nobody is left to say good-bye.
    tokio::task::spawn_blocking(move || life.shutdown_timeout(Duration::from_secs(5))).await.unwrap();
    drop(two);
    let again = start_at(address, 2, &given, TransportKey::open(&path).unwrap()).await;
    let start = Instant::now();
    while again.heard(|event| matches!(event, Event::Gossip { .. })) == 0 {
        let to = Recipients { validators: 1, ..Recipients::default() };
        one.overlay.send_gossip(&to, "are you there?".into());
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", one.overlay.report());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("spoken to again within {} ms", start.elapsed().as_millis());
    let events = one.take();
    let came = |event: &&Event| matches!(event, Event::Connected { .. });
    assert_eq!(events.iter().filter(came).count(), 2, "{events:?}");
    assert!(events.contains(&Event::Disconnected { node: node(2) }));
}

/// A node without peers at an address that another node has just left.
async fn start_at(address: SocketAddr, number: u8, given: &Given, key: TransportKey) -> Member {
    let certificate = certificate(number, &key);
    until("the address is free", || UdpSocket::bind(address).is_ok()).await;
    Member::start_with(number, &[], given, |options| {
        options.listen = address;
        options.identity = Identity::new(key, certificate).expect("they belong together");
    })
    .expect("it starts")
}

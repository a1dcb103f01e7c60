//! Who is refused, and with which words.

use crate::member::{Given, Member, certificate, claim, node, other_chain, secret, unix_s, until};
use crate::stranger::{Stranger, altered, ended, hear_besides_addresses, hello, quic, say};
use pars_overlay::certificate::{Certificate, DAY_S};
use pars_overlay::frame::Frame;
use pars_overlay::overlay::{Event, StartError};
use pars_overlay::{Identity, Refusal, TransportKey, tls};
use quinn::ConnectionError;
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use std::sync::Arc;
use std::time::Duration;

type Change = fn(&TransportKey) -> Certificate;

/// Each with a certificate that has one fault. The stranger dials, and is dialled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_that_prove_nothing() {
    let cases: [(Refusal, Change); 8] = [
        (Refusal::Outsider, |key| certificate(9, key)),
        (Refusal::Expired, |key| altered(2, key, unix_s() - 100, |claim| claim.not_after = unix_s() - 2)),
        (Refusal::OtherChain, |key| altered(2, key, unix_s(), |claim| claim.chain = other_chain())),
        (Refusal::Signature, |key| claim(2, key).sign(&secret(3), unix_s()).unwrap()),
        (Refusal::TooLong, |key| {
            let far = unix_s() + 400 * DAY_S;
            let claim = pars_overlay::Claim { not_after: far, ..claim(2, key) };
            claim.sign(&secret(2), far - DAY_S).unwrap()
        }),
        // Taken from another connection: the validator made it, for another key.
        (Refusal::OtherKey, |_| certificate(2, &TransportKey::generate().unwrap())),
        // The key of a validator, in the name of another.
        (Refusal::Signature, |key| altered(2, key, unix_s(), |claim| claim.node = node(3))),
        (Refusal::Myself, |key| certificate(1, key)),
    ];
    let given = Given::new(&[1, 2, 3]);
    let member = Member::start(1, &[], &given);
    member.ready().await;
    for (refusal, make) in cases {
        let stranger = Stranger::new();
        let connection = stranger.connect(member.address).await;
        say(&connection, &hello(make(&stranger.key))).await;
        assert_eq!(ended(&connection).await, Some(refusal));
        until("it is counted", || member.refused(refusal) > 0).await;
        // The budget of this address fills up again.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    for (refusal, make) in cases {
        let stranger = Stranger::listening();
        let dialler = Member::start(1, &[stranger.endpoint.local_addr().unwrap()], &given);
        let connection = stranger.endpoint.accept().await.unwrap().await.unwrap();
        say(&connection, &hello(make(&stranger.key))).await;
        assert_eq!(ended(&connection).await, Some(refusal), "the one who dials");
        assert_eq!(dialler.heard(|event| matches!(event, Event::Connected { .. })), 0);
    }
    assert_eq!(member.take(), [], "nobody was a peer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_messages_that_are_none() {
    let given = Given::new(&[1, 2]);
    let member = Member::start_with(1, &[], &given, |options| {
        options.timing.meeting_max = Duration::from_millis(500);
    })
    .unwrap();
    member.ready().await;
    let stranger = Stranger::new();
    let good = hello(certificate(2, &stranger.key));
    let gossip = Frame::Gossip("too early".into()).encode().unwrap().to_vec();
    let mut cut = good.clone();
    cut.pop();
    let mut version = good.clone();
    version[6] = 2;
    let cases: [(&str, Vec<u8>, Refusal); 9] = [
        ("nothing", vec![], Refusal::Malformed),
        ("a kind that nobody knows", vec![9, 0, 0, 0, 0], Refusal::Malformed),
        ("another kind", gossip, Refusal::Malformed),
        ("a welcome", Frame::Welcome.encode().unwrap().to_vec(), Refusal::Malformed),
        ("longer than may be", vec![0, 0, 0x20, 0, 0], Refusal::Malformed),
        ("of a long kind", [&[5, 0, 0x20, 0, 0][..], &[0; 700]].concat(), Refusal::Malformed),
        ("cut off", cut, Refusal::Malformed),
        ("with something behind it", [&good[..], &[0]].concat(), Refusal::Malformed),
        ("of another version", version, Refusal::Malformed),
    ];
    for (what, bytes, refusal) in cases {
        let connection = stranger.connect(member.address).await;
        say(&connection, &bytes).await;
        assert_eq!(ended(&connection).await, Some(refusal), "{what}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let connection = stranger.connect(member.address).await;
    assert_eq!(ended(&connection).await, Some(Refusal::Silent), "no certificate");
    let connection = stranger.connect(member.address).await;
    say(&connection, &good).await;
    assert_eq!(ended(&connection).await, Some(Refusal::Silent), "no welcome");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let connection = stranger.connect(member.address).await;
    say(&connection, &good).await;
    say(&connection, &good).await;
    assert_eq!(ended(&connection).await, Some(Refusal::Malformed), "two certificates");
    assert_eq!(member.take(), [], "nobody was a peer");
    // With all that behind, the same stranger does it right.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let connection = stranger.join(2, member.address).await;
    until("a peer", || member.peers() == 1).await;
    say(&connection, &good).await;
    assert_eq!(ended(&connection).await, Some(Refusal::Malformed), "another certificate later");
}

/// Who agrees on keys in another way does not even get to the certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_one_way_to_agree_on_keys() {
    let given = Given::new(&[1, 2]);
    let member = Member::start(1, &[], &given);
    member.ready().await;
    let stranger = Stranger::new();
    let config = tls::client(&stranger.key).unwrap();
    for groups in [vec![kx_group::X25519], vec![kx_group::SECP256R1, kx_group::X25519], vec![kx_group::MLKEM768]] {
        let provider = rustls::crypto::CryptoProvider { kx_groups: groups, ..default_provider() };
        let mut classical = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_client_cert_resolver(Arc::clone(&config.client_auth_cert_resolver));
        classical.alpn_protocols.clone_from(&config.alpn_protocols);
        let connecting = stranger.endpoint.connect_with(quic(classical), member.address, "stranger").unwrap();
        // Alert 40, handshake failure.
        let Err(ConnectionError::ConnectionClosed(closed)) = connecting.await else { panic!("it is refused") };
        assert_eq!(closed.error_code, quinn::TransportErrorCode::crypto(40), "{closed}");
    }
    let mut other = config.clone();
    other.alpn_protocols = vec![b"pars-overlay/2".to_vec()];
    let refused = stranger.endpoint.connect_with(quic(other), member.address, "stranger").unwrap().await;
    assert!(matches!(refused, Err(ConnectionError::ConnectionClosed(_))), "{refused:?}");
    let joined = stranger.join(2, member.address).await;
    until("a peer", || member.peers() == 1).await;
    drop(joined);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_a_good_certificate_does_not_start() {
    let given = Given::new(&[1, 2]);
    let with = |make: fn(&TransportKey) -> Certificate| {
        let key = TransportKey::generate().unwrap();
        let certificate = make(&key);
        Member::start_with(1, &[], &given, |options| options.identity = Identity::new(key, certificate).unwrap())
    };
    let expired = with(|key| altered(1, key, unix_s() - 100, |claim| claim.not_after = unix_s() - 2));
    assert!(matches!(expired.err(), Some(StartError::Certificate(Refusal::Expired))));
    let foreign = with(|key| altered(1, key, unix_s(), |claim| claim.chain = other_chain()));
    assert!(matches!(foreign.err(), Some(StartError::Certificate(Refusal::OtherChain))));
    let other = with(|key| certificate(2, key)).err().unwrap();
    assert!(other.to_string().contains(&node(2).to_string()), "{other}");
}

/// Two overlays of two chains, that know each other's addresses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn validators_of_another_chain() {
    let given = Given::new(&[1, 2]);
    let one = Member::start(1, &[], &given);
    let two = Member::start_with(2, &[one.address], &given, |options| {
        options.chain = other_chain();
        let key = TransportKey::generate().unwrap();
        let certificate = altered(2, &key, unix_s(), |claim| claim.chain = other_chain());
        options.identity = Identity::new(key, certificate).unwrap();
    })
    .unwrap();
    let other = Refusal::OtherChain;
    let refused = |member: &Member| {
        let counts = member.overlay.report().counts;
        counts.refused.contains_key(&other) || counts.refused_by.contains_key(&other)
    };
    until("both know", || refused(&one) && refused(&two)).await;
    assert_eq!((one.peers(), two.peers()), (0, 0));
    assert_eq!((one.take(), two.take()), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_third_connection_of_a_node() {
    let member = Member::start(1, &[], &Given::new(&[1, 2]));
    member.ready().await;
    let stranger = Stranger::new();
    let first = stranger.join(2, member.address).await;
    until("it serves", || member.peers() == 1).await;
    let second = stranger.join(2, member.address).await;
    // It is read when the connection serves, which the first one did before.
    say(&second, &Frame::Gossip("here".into()).encode().unwrap()).await;
    until("both serve", || member.heard(|event| matches!(event, Event::Gossip { .. })) == 1).await;
    let third = stranger.connect(member.address).await;
    say(&third, &hello(certificate(2, &stranger.key))).await;
    assert_eq!(ended(&third).await, Some(Refusal::TooMany));
    until("it is told", || member.heard(|event| matches!(event, Event::Connected { .. })) == 1).await;
    // The newest is spoken to; when it ends, the other.
    member.overlay.send_response(node(2), 7, "now".into());
    assert_eq!(hear_besides_addresses(&second).await, Frame::Response { id: 7, bytes: "now".into() });
    second.close(0_u32.into(), b"");
    until("one is left", || member.overlay.report().counts.links == 1).await;
    member.overlay.send_response(node(2), 8, "then".into());
    assert_eq!(hear_besides_addresses(&first).await, Frame::Response { id: 8, bytes: "then".into() });
    assert_eq!(member.heard(|event| matches!(event, Event::Disconnected { .. })), 0);
    first.close(0_u32.into(), b"");
    until("it is gone", || member.heard(|event| matches!(event, Event::Disconnected { .. })) == 1).await;
}

//! Who ceases to be a peer.

use crate::member::{Given, Member, certificate, node, secret, unix_s, until};
use crate::stranger::{Stranger, altered, ended};
use pars_overlay::overlay::{Event, Timing};
use pars_overlay::validators::OfFile;
use pars_overlay::{Identity, Refusal, TransportKey};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_validator_that_leaves_is_dropped() {
    let given = Given::new(&[1, 2, 3]);
    let members = Member::several(3, &given);
    until("all are connected", || members.iter().all(|member| member.peers() == 2)).await;
    given.set(&[1, 2]);
    let gone = Event::Disconnected { node: node(3) };
    let took = until("it is dropped", || members[0].heard(|event| *event == gone) == 1).await;
    assert!(took < Duration::from_secs(5), "{took:?}, and the validators are read every 200 ms");
    until("by all", || members[1].peers() == 1 && members[2].peers() == 0).await;
    let refused = |member: &Member| member.refused(Refusal::Outsider) > 0;
    assert!(refused(&members[0]) || refused(&members[1]));
    // It knocks in vain, and the others go on.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((members[0].peers(), members[1].peers(), members[2].peers()), (1, 1, 0));
    // It comes back into the set.
    given.set(&[1, 2, 3]);
    until("all are connected again", || members.iter().all(|member| member.peers() == 2)).await;
}

/// Where the host does not say who validates, a file of the operator does. It may be changed, and while it is broken the
/// last one holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_says_who_validates() {
    let folder = tempfile::tempdir().unwrap();
    let file = OfFile { path: folder.path().join("validators.json") };
    let write = |numbers: &[u8]| {
        let row = |number: &u8| {
            let key: String =
                secret(*number).public_key().to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            format!(r#"{{"nodeID":"{}","publicKey":"0x{key}","weight":1}}"#, node(*number))
        };
        let rows: Vec<_> = numbers.iter().map(row).collect();
        std::fs::write(&file.path, format!("[{}]", rows.join(",\n"))).unwrap();
    };
    assert!(file.read().unwrap_err().to_string().contains("validators.json"), "there is none yet");
    let one = Member::start(1, &[], &file);
    let two = Member::start(2, &[one.address], &file);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((one.overlay.report().counts.validators, one.peers()), (0, 0));
    write(&[1, 2]);
    until("they are connected", || one.peers() == 1 && two.peers() == 1).await;
    std::fs::write(&file.path, "[{").unwrap();
    assert!(file.read().unwrap_err().to_string().contains("at line 1"));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((one.peers(), two.peers()), (1, 1), "the last one holds");
    write(&[1]);
    until("the second is dropped", || one.peers() == 0).await;
    let large = vec![b' '; (2 << 20) + 10];
    std::fs::write(&file.path, large).unwrap();
    assert!(file.read().unwrap_err().to_string().contains("at most 2097152 are read"));
}

/// With the times of production a minute is enough.
#[test]
fn a_minute_is_enough() {
    let Timing { validators_every, .. } = Timing::default();
    // They are read, which takes ten seconds at most, and the state looks around ten times a second.
    assert!(validators_every + Duration::from_secs(10) + Duration::from_millis(100) < Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_ends_while_it_is_used() {
    let given = Given::new(&[1, 2]);
    let member = Member::start(1, &[], &given);
    member.ready().await;
    let other = Member::start_with(2, &[member.address], &given, |options| {
        let key = TransportKey::generate().unwrap();
        let short = altered(2, &key, unix_s(), |claim| claim.not_after = unix_s() + 4);
        options.identity = Identity::new(key, short).unwrap();
    })
    .unwrap();
    until("they are connected", || member.peers() == 1 && other.peers() == 1).await;
    let took = until("it ends", || member.peers() == 0 && other.peers() == 0).await;
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert!(member.refused(Refusal::Expired) > 0);
    until("and it is told why", || other.overlay.report().counts.refused_by.contains_key(&Refusal::Expired)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_a_peer_before_the_validators_are_known() {
    let given = Given::new(&[]);
    let member = Member::start(1, &[], &given);
    let stranger = Stranger::new();
    let connection = loop {
        // Refused until somebody said that there are none.
        if let Ok(connection) = stranger.try_connect(member.address).await {
            break connection;
        }
    };
    let certificate = certificate(2, &stranger.key);
    crate::stranger::say(&connection, &crate::stranger::hello(certificate)).await;
    assert_eq!(ended(&connection).await, Some(Refusal::Outsider));
    given.set(&[1, 2]);
    member.ready().await;
    let _peer = stranger.join(2, member.address).await;
    until("it is a peer", || member.heard(|event| matches!(event, Event::Connected { .. })) == 1).await;
}

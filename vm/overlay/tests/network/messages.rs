//! What passes between peers.

use crate::member::{Given, Member, node, until};
use crate::stranger::{Stranger, hear_besides_addresses, say};
use bytes::Bytes;
use pars_host::{AppError, AppRequest, NodeId, Recipients};
use pars_overlay::frame::{Frame, PAYLOAD_MAX};
use pars_overlay::overlay::Event;
use std::time::{Duration, Instant};
use tokio::time::sleep;

fn everybody() -> Recipients {
    Recipients { validators: 100, ..Recipients::default() }
}

fn is_gossip(event: &Event, text: &str) -> bool {
    matches!(event, Event::Gossip { bytes, .. } if bytes == text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_validators_speak_with_each_other() {
    let members = Member::several(5, &Given::new(&[1, 2, 3, 4, 5]));
    let came = |event: &Event| matches!(event, Event::Connected { .. });
    until("all are connected", || members.iter().all(|member| member.heard(came) == 4)).await;
    for member in &members {
        let mut connected: Vec<_> = member
            .take()
            .into_iter()
            .map(|event| {
                let Event::Connected { node, version } = event else { panic!("{event:?}") };
                (node, version.patch)
            })
            .collect();
        connected.sort_unstable();
        let others = (1..=5_u8).filter(|number| node(*number) != member.node);
        assert_eq!(connected, others.map(|number| (node(number), u32::from(number))).collect::<Vec<_>>());
    }
    for member in &members {
        member.overlay.send_gossip(&everybody(), format!("from {}", member.node).into());
    }
    for member in &members {
        for other in &members {
            let text = format!("from {}", other.node);
            let expected = usize::from(other.node != member.node);
            until("it is told", || member.heard(|event| is_gossip(event, &text)) == expected).await;
        }
        member.take();
    }
    // The first asks all others, of whom one refuses and one is silent.
    let others: Vec<NodeId> = members[1..].iter().map(|member| member.node).collect();
    members[0].overlay.send_request(&others, 77, "question".into());
    for (place, member) in members.iter().enumerate().skip(1) {
        until("it is asked", || member.heard(|event| matches!(event, Event::Request(_))) == 1).await;
        let [Event::Request(AppRequest { node, request_id: 77, deadline_ms, bytes })] = &member.take()[..] else {
            panic!("another event");
        };
        assert_eq!((*node, bytes), (members[0].node, &Bytes::from("question")));
        let now_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        assert!((now_ms..=now_ms + 1_000).contains(&u128::from(*deadline_ms)), "{deadline_ms}");
        match place {
            1 | 2 => member.overlay.send_response(*node, 77, format!("answer {place}").into()),
            3 => {
                let error = AppError { code: -4, message: "throttled".to_owned() };
                member.overlay.send_error(*node, 77, error);
            }
            _ => {}
        }
    }
    let ended = |event: &Event| matches!(event, Event::Response { .. } | Event::Failed { .. });
    until("all questions are over", || members[0].heard(ended) == 4).await;
    let mut ends: Vec<_> = members[0]
        .take()
        .into_iter()
        .map(|event| match event {
            Event::Response { node, request_id: 77, bytes } => (node, String::from_utf8(bytes.to_vec()).unwrap()),
            Event::Failed { node, request_id: 77, error } => (node, format!("{} {}", error.code, error.message)),
            Event::Connected { .. }
            | Event::Disconnected { .. }
            | Event::Request(_)
            | Event::Response { .. }
            | Event::Failed { .. }
            | Event::Gossip { .. } => panic!("{event:?}"),
        })
        .collect();
    ends.sort_unstable();
    let words = ["answer 1", "answer 2", "-4 throttled", "-1 timed out"];
    assert_eq!(ends, others.into_iter().zip(words.map(str::to_owned)).collect::<Vec<_>>());
    for member in &members {
        member.overlay.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_without_an_answer() {
    let given = Given::new(&[1, 2, 3]);
    let member = Member::start(1, &[], &given);
    member.ready().await;
    let failed = |id| Event::Failed {
        node: node(2),
        request_id: id,
        error: AppError { code: -1, message: "timed out".to_owned() },
    };
    member.overlay.send_request(&[node(2)], 1, "nobody is there".into());
    until("it fails at once", || member.heard(|event| *event == failed(1)) == 1).await;
    let stranger = Stranger::new();
    let peer = stranger.join(2, member.address).await;
    until("it is there", || member.peers() == 1).await;
    member.overlay.send_request(&[node(2)], 2, vec![0; PAYLOAD_MAX + 1].into());
    until("it is too long", || member.heard(|event| *event == failed(2)) == 1).await;
    member.overlay.send_request(&[node(2)], 3, "and it goes away".into());
    assert_eq!(
        hear_besides_addresses(&peer).await,
        Frame::Request { id: 3, timeout_ms: 1_000, bytes: "and it goes away".into() }
    );
    // Answers to questions that nobody put are passed over.
    say(&peer, &Frame::Response { id: 9, bytes: "x".into() }.encode().unwrap()).await;
    say(&peer, &Frame::Error { id: 9, code: 1, text: "x".to_owned() }.encode().unwrap()).await;
    until("they are counted", || member.overlay.report().unasked == 2).await;
    peer.close(0_u32.into(), b"");
    until("it is gone", || member.heard(|event| *event == Event::Disconnected { node: node(2) }) == 1).await;
    let [Event::Failed { .. }, Event::Connected { .. }, ref rest @ ..] = member.take()[..] else {
        panic!("other events")
    };
    assert_eq!(rest, [failed(2), failed(3), Event::Disconnected { node: node(2) }]);
}

/// One peer takes nothing. The other gets everything in time, and nothing is kept for the first beyond its bound.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_peer_holds_up_nobody() {
    let given = Given::new(&[1, 2, 3]);
    let member = Member::start(1, &[], &given);
    member.ready().await;
    let slow = Stranger::new();
    let kept = slow.join(2, member.address).await;
    let quick = Member::start(3, &[member.address], &given);
    until("both are there", || member.peers() == 2).await;
    let large = Bytes::from(vec![7; PAYLOAD_MAX]);
    let start = Instant::now();
    for round in 1..=20 {
        member.overlay.send_gossip(&everybody(), large.clone());
        member.overlay.send_gossip(&everybody(), format!("small {round}").into());
        until("the large one is told", || {
            quick.heard(|event| matches!(event, Event::Gossip { bytes, .. } if bytes.len() == PAYLOAD_MAX)) == round
        })
        .await;
        let small = format!("small {round}");
        until("the small one is told", || quick.heard(|event| is_gossip(event, &small)) == 1).await;
    }
    println!("20 messages of 2 MiB past a slow peer: {} ms", start.elapsed().as_millis());
    let dropped = member.overlay.report().dropped;
    // 40 MiB were for the slow one, and 8 MiB wait.
    assert!((16..=34).contains(&dropped), "{dropped} were dropped");
    assert!(kept.close_reason().is_none(), "slow is not forbidden");
}

/// A large message takes its time on a thin line; a small one that comes later does not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_do_not_wait_for_each_other() {
    let given = Given::new(&[1, 2]);
    let member = Member::start(1, &[], &given);
    member.ready().await;
    let stranger = Stranger::new();
    let peer = stranger.join(2, member.address).await;
    until("it is there", || member.peers() == 1).await;
    // The large one is begun, and not finished.
    let large = Frame::Gossip(vec![1; PAYLOAD_MAX].into()).encode().unwrap();
    let mut stream = peer.open_uni().await.unwrap();
    stream.write_all(&large[..500_000]).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    say(&peer, &Frame::Gossip("small".into()).encode().unwrap()).await;
    until("the small one is told", || member.heard(|event| is_gossip(event, "small")) == 1).await;
    stream.write_all(&large[500_000..]).await.unwrap();
    stream.finish().unwrap();
    until("the large one, too", || {
        member.heard(|event| matches!(event, Event::Gossip { bytes, .. } if bytes.len() == PAYLOAD_MAX)) == 1
    })
    .await;
    // One that is taken back is nothing.
    let mut stream = peer.open_uni().await.unwrap();
    stream.write_all(&large[..1_000]).await.unwrap();
    stream.reset(0_u32.into()).unwrap();
    until("it is counted", || member.overlay.report().dropped == 1).await;
    assert!(peer.close_reason().is_none());
    assert_eq!(member.heard(|event| matches!(event, Event::Gossip { .. })), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_ends_the_connection() {
    let member = Member::start(1, &[], &Given::new(&[1, 2]));
    member.ready().await;
    let stranger = Stranger::new();
    let bad: [&[u8]; 5] =
        [&[9, 0, 0, 0, 0], &[5, 0xff, 0xff, 0xff, 0xff], &[5, 0, 0, 0, 2, 1], &[5, 0, 0, 0, 0, 1], &[1, 0, 0, 0, 0]];
    for bytes in bad {
        let peer = stranger.join(2, member.address).await;
        until("it is there", || member.peers() == 1).await;
        say(&peer, bytes).await;
        assert_eq!(crate::stranger::ended(&peer).await, Some(pars_overlay::Refusal::Malformed), "{bytes:?}");
        until("it is gone", || member.peers() == 0).await;
    }
}

//! What is not answered, and how.

use crate::network_sim::{Pool, id, transaction};
use alloy_primitives::keccak256;
use bytes::Bytes;
use pars_host::{AppError, AppRequest, Validator};
use pars_vm::gossip::bloom::Known;
use pars_vm::gossip::chance::Chance;
use pars_vm::gossip::state::{Action, Refusal};
use pars_vm::gossip::{Settings, State, message};

fn state() -> State {
    let mut state = State::new(id(0), Settings::default(), [0; 32]);
    let validator = |number| Validator { node: id(number), weight: 1, public_key: Bytes::new() };
    state.set_validators(&[validator(0), validator(1), validator(2)]);
    [0, 1, 9].into_iter().for_each(|number| state.connected(id(number)));
    state.serve(true);
    state
}

fn question() -> Bytes {
    let known = Known::new(0, &mut Chance::new([1; 32]));
    message::pull_request(known.salt(), &known.encode())
}

fn request(from: usize, request_id: u32, bytes: impl Into<Bytes>) -> AppRequest {
    AppRequest { node: id(from), request_id, deadline_ms: u64::MAX, bytes: bytes.into() }
}

fn refused(state: &mut State, now_ms: u64, asked: &AppRequest) -> Option<(i32, String)> {
    match state.request(now_ms, asked, &Pool::default()) {
        Some(Action::Refuse { to, request_id, refusal }) => {
            assert_eq!((to, request_id), (asked.node, asked.request_id));
            let AppError { code, message } = refusal.into();
            Some((code, message))
        }
        Some(Action::Answer { .. }) => Some((0, String::new())),
        Some(other) => panic!("{other:?}"),
        None => None,
    }
}

#[test]
fn refusals_have_the_numbers_of_avalanchego() {
    let mut state = state();
    let mut ask = |asked: &AppRequest| refused(&mut state, 0, asked);
    let told = |code: i32, text: &str| Some((code, text.to_owned()));
    assert_eq!(ask(&request(1, 1, question())), told(0, ""));
    assert_eq!(ask(&request(1, 3, [&[0][..], b"\x0a"].concat())), told(-1, "unexpected error"));
    assert_eq!(ask(&request(1, 5, vec![0])), told(-1, "unexpected error"));
    for handler in [&[2][..], &[1], &[4, 1, 2], &[0xc1, 0xa0, 1], &[], &[0xff]] {
        assert_eq!(ask(&request(1, 7, handler.to_vec())), told(-2, "unregistered handler"), "{handler:?}");
    }
    assert_eq!(ask(&request(9, 9, question())), told(-3, "not a validator"));
    // It validates, and is not connected.
    assert_eq!(ask(&request(2, 11, question())), told(-3, "not a validator"));
    // State sync of the Go node, which answers nothing to what it cannot read.
    assert_eq!(ask(&request(1, 2, question())), None);
}

/// Two validators are connected, so each may ask for (3,600 + 4 * 60) / 2 times an hour.
#[test]
fn who_asks_too_often_is_refused() {
    let mut state = state();
    let mut answered = 0;
    for number in 0..3_600_u32 {
        let now = 1_000 * u64::from(number);
        match refused(&mut state, now, &request(1, 2 * number + 1, question())) {
            Some((0, _)) => answered += 1,
            other => assert_eq!(other, Some((-4, "throttled".to_owned()))),
        }
    }
    assert_eq!(answered, 1_920);
    // A flood gets no answers at all beyond what it may have saved up.
    let flood = (0..10_000).filter(|_| refused(&mut state, 3_600_000, &request(9, 1, question())).is_some()).count();
    assert_eq!(flood, 400);
    assert_eq!(refused(&mut state, 3_600_000, &request(0, 1, vec![2])).unwrap().0, -2, "others are not affected");
}

#[test]
fn a_node_that_catches_up_is_silent() {
    let mut state = state();
    state.serve(false);
    let mut pool = Pool::default();
    let transaction = transaction(1, 0);
    let executable = pool.add(&transaction);
    state.submitted(keccak256(&transaction), 0);
    state.arrived(&executable, &pool);
    assert_eq!(state.push(0, &pool), []);
    assert_eq!(state.pull(0), None);
    let unregistered = Action::Refuse { to: id(1), request_id: 1, refusal: Refusal::Unregistered };
    assert_eq!(state.request(0, &request(1, 1, question()), &pool), Some(unregistered));
    assert_eq!(state.gossip(0, id(1), &message::push([transaction.as_ref()])), Vec::<Bytes>::new());
    // What was submitted meanwhile is told then.
    state.serve(true);
    assert!(matches!(state.push(0, &pool)[..], [Action::Tell { .. }]));
}

/// A peer that never answers is not asked again, and others are.
#[test]
fn stalled_peers_are_not_waited_for() {
    let mut state = state();
    let mut asked = Vec::new();
    for second in 0..50 {
        if let Some(Action::Ask { to, request_id, .. }) = state.pull(1_000 * second) {
            asked.push((to, request_id));
        }
    }
    assert_eq!(asked, [(id(1), 1)], "within a minute");
    // Too late, from somebody else, twice: only the first counts.
    assert!(state.response(50_000, id(2), 1, &message::pulled([b"a".as_slice()])).is_empty());
    assert_eq!(state.response(50_000, id(1), 1, &message::pulled([b"a".as_slice()])).len(), 1);
    assert!(state.response(50_000, id(1), 1, &message::pulled([b"a".as_slice()])).is_empty());
    assert_eq!(state.counts().malformed, 2);
    let again = (50..60).find_map(|second| state.pull(1_000 * second));
    assert!(matches!(again, Some(Action::Ask { request_id: 3, .. })), "{again:?}");
}

#[test]
fn malformed_messages_cost_nothing_but_a_count() {
    let mut state = state();
    for bytes in [&[][..], &[0xff; 11], &[0, 0x0a], &[0, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0, 0x0b]] {
        assert!(state.gossip(0, id(9), &Bytes::copy_from_slice(bytes)).is_empty());
    }
    assert!(state.gossip(0, id(9), &vec![0; message::BYTES_MAX + 1].into()).is_empty());
    assert_eq!(state.counts().malformed, 6);
    // Of another handler: not ours to judge.
    assert!(state.gossip(0, id(9), &Bytes::from_static(&[1, 0xff])).is_empty());
    assert_eq!(state.counts().malformed, 6);
}

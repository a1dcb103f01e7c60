//! Messages of peers, each as a push, a request and an answer: whatever comes, what is taken of it is within the bounds, and
//! what was read is written again as it was.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use pars_fuzz::Bound;
use pars_host::{AppRequest, NodeId, Validator};
use pars_vm::gossip::held::{Held, Standing};
use pars_vm::gossip::state::Action;
use pars_vm::gossip::{Settings, State, allowance, message};

/// Elements are pieces of the message, so that only their list takes memory, and it has a bound.
const BOUND: Bound = Bound { each: 16, any: 16 << 10 };

/// A pool of three transactions.
struct Pool;

impl Held for Pool {
    fn standing(&self, _: alloy_primitives::B256) -> Standing {
        Standing::Executable
    }

    fn bytes(&self, hash: alloy_primitives::B256) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(hash.as_slice()))
    }

    fn executable(&self) -> Vec<Vec<alloy_primitives::B256>> {
        (1..4).map(|number| vec![alloy_primitives::B256::repeat_byte(number)]).collect()
    }
}

fuzz_target!(|bytes: &[u8]| {
    let bytes = Bytes::copy_from_slice(bytes);
    let [me, peer] = [[1; 20], [2; 20]].map(NodeId::from);
    let mut state = State::new(me, Settings::default(), [0; 32]);
    state.set_validators(&[me, peer].map(|node| Validator { node, weight: 1, public_key: Bytes::new() }));
    [me, peer].into_iter().for_each(|node| state.connected(node));
    state.serve(true);

    let length = bytes.len();
    check(&bytes, &BOUND.check(length, || state.gossip(0, peer, &bytes)));
    let asked = (0..100).find_map(|second| state.pull(1_000 * second));
    if let Some(Action::Ask { to, request_id, .. }) = asked {
        check(&bytes, &BOUND.check(length, || state.response(0, to, request_id, &bytes)));
    }
    let request = AppRequest { node: peer, request_id: 1, deadline_ms: 1, bytes: bytes.clone() };
    match BOUND.check(length, || state.request(0, &request, &Pool)) {
        Some(Action::Answer { bytes, .. }) => assert!(message::elements(&bytes).expect("ours").len() <= 3),
        Some(Action::Refuse { .. }) => {}
        other => panic!("{other:?}"),
    }
    if let Ok(elements) = message::elements(&bytes) {
        let written = message::pulled(elements.iter().map(Bytes::as_ref));
        assert_eq!(message::elements(&written).expect("ours"), elements);
        // Without unknown fields and numbers that are longer than they need be, it has one form.
        assert!(written.len() <= bytes.len());
    }
});

/// Elements are parts of the message, and no more than a peer may send.
fn check(bytes: &Bytes, elements: &[Bytes]) {
    assert!(elements.len() <= message::ELEMENTS_MAX);
    let size: usize = elements.iter().map(Bytes::len).sum();
    assert!(size <= bytes.len());
    assert!(u64::try_from(size).expect("a small number") <= allowance::BYTES_PER_S * allowance::BURST_S);
    let whole = bytes.as_ptr_range();
    assert!(
        elements.iter().all(|element| element.is_empty() || whole.contains(&element.as_ptr())),
        "nothing is copied"
    );
}

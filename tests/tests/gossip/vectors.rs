//! What avalanchego's own packages made: `tests/vectors/gossip`.

use alloy_primitives::hex;
use bytes::Bytes;
use pars_vm::gossip::bloom::{Filter, Known, Salt};
use pars_vm::gossip::chance::Chance;
use pars_vm::gossip::message;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    parameters: Vec<Parameters>,
    filters: Vec<Sample>,
    pushes: Vec<Elements>,
    responses: Vec<Elements>,
    requests: Vec<Request>,
    odd: Vec<Odd>,
    handlers: Vec<Handler>,
}

#[derive(Deserialize)]
struct Parameters {
    ids: usize,
    hashes: usize,
    bytes: usize,
    full: usize,
}

#[derive(Deserialize)]
struct Sample {
    bytes: String,
    salt: String,
    ids: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    contains: bool,
}

#[derive(Deserialize)]
struct Elements {
    elements: Vec<String>,
    bytes: String,
}

#[derive(Deserialize)]
struct Request {
    salt: String,
    filter: String,
    bytes: String,
}

#[derive(Deserialize)]
struct Odd {
    bytes: String,
    request: bool,
    elements: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Handler {
    id: u64,
    bytes: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../vectors/gossip/gossip.json")).unwrap()
}

fn bytes(text: &str) -> Bytes {
    hex::decode(text).unwrap().into()
}

fn salt(text: &str) -> Salt {
    bytes(text).as_ref().try_into().unwrap()
}

#[test]
fn filters_answer_as_in_go() {
    let filters = vectors().filters;
    assert_eq!(filters.len(), 16, "one a number of seeds");
    let (mut yes, mut no) = (0, 0);
    for sample in filters {
        let filter = Filter::decode(&bytes(&sample.bytes)).unwrap();
        for Entry { id, contains } in sample.ids {
            assert_eq!(filter.contains(&bytes(&id), &salt(&sample.salt)), contains, "{} {id}", sample.bytes);
            *(if contains { &mut yes } else { &mut no }) += 1;
        }
    }
    assert!(yes > 50 && no > 50, "{yes} {no}");
}

/// Sizes have no meaning on the wire; ours are Go's, rounded up instead of down.
#[test]
fn filters_are_as_large_and_full_as_in_go() {
    for Parameters { ids, hashes, bytes, full } in vectors().parameters.into_iter().skip(2) {
        let mut known = Known::new(ids, &mut Chance::new([0; 32]));
        let encoded = known.encode();
        assert_eq!(usize::from(encoded[0]), hashes);
        assert!(
            (bytes..=bytes + bytes / 2_000).contains(&(encoded.len() - 1 - 8 * hashes)),
            "{ids} ids: {bytes} bytes"
        );
        let added = (0_u64..).take_while(|number| known.add(&number.to_be_bytes())).count();
        // Go counts additions, too, which ids that seem to be there already do not change.
        assert!(added.abs_diff(full) < full / 50, "{ids} ids: full with {added}, in Go with {full}");
    }
}

#[test]
fn messages_are_those_of_go() {
    let vectors = vectors();
    for Elements { elements, bytes: message } in &vectors.pushes {
        let elements: Vec<Bytes> = elements.iter().map(|element| bytes(element)).collect();
        assert_eq!(message::push(elements.iter().map(Bytes::as_ref)), bytes(message));
        let (handler, body) = message::split(&bytes(message)).unwrap();
        assert_eq!((handler, message::elements(&body)), (message::TRANSACTIONS, Ok(elements)));
    }
    for Elements { elements, bytes: message } in &vectors.responses {
        let elements: Vec<Bytes> = elements.iter().map(|element| bytes(element)).collect();
        assert_eq!(message::pulled(elements.iter().map(Bytes::as_ref)), bytes(message));
        assert_eq!(message::elements(&bytes(message)), Ok(elements));
    }
    for Request { salt: text, filter, bytes: message } in &vectors.requests {
        assert_eq!(message::pull_request(&salt(text), &bytes(filter)), bytes(message));
        let (_, body) = message::split(&bytes(message)).unwrap();
        assert_eq!(message::pull(&body), Ok((Filter::decode(&bytes(filter)).unwrap(), salt(text))));
    }
    for Handler { id, bytes: message } in &vectors.handlers {
        assert_eq!(message::split(&bytes(message)), Ok((*id, Bytes::from_static(&[0xab]))));
    }
}

#[test]
fn odd_messages_are_read_as_in_go() {
    let odd = vectors().odd;
    assert!(odd.len() > 20);
    for Odd { bytes: text, request, elements } in odd {
        assert_eq!(message::pull(&bytes(&text)).is_ok(), request, "{text}");
        let elements: Option<Vec<Bytes>> = elements.map(|all| all.iter().map(|element| bytes(element)).collect());
        assert_eq!(message::elements(&bytes(&text)).ok(), elements, "{text}");
    }
}

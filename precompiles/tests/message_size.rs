//! A message that a contract sends has a largest size, and one of that size can be received.

use alloy_primitives::{Address, B256, Bytes, U256, address};
use pars_precompiles::abi;
use pars_precompiles::port::memory::Memory;
use pars_precompiles::port::{Call, Facts, Gas, Halt, Rows, Stop};
use pars_precompiles::subnet::warp::message::{PAYLOAD_SIZE_MAX, Payload, Unsigned, id};
use pars_precompiles::subnet::warp::{self, SENT};

const CALLER: Address = address!("00000000000000000000000000000000000000a1");

fn send(content: &[u8]) -> (Memory, Result<Bytes, Stop>) {
    let mut state = Memory::default();
    let chain = B256::repeat_byte(9);
    let facts = Facts {
        number: 1,
        time: 1,
        durango: true,
        granite: true,
        network_id: 7,
        blockchain_id: chain,
        rows: Rows::all(),
        ..Facts::default()
    };
    let input = [&[0xee, 0x5b, 0x48, 0xeb][..], &abi::dynamic(content)].concat();
    let result = (warp::ENTRY.run)(&mut Call {
        state: &mut state,
        facts: &facts,
        input: &input,
        at: warp::ENTRY.at,
        caller: CALLER,
        read_only: false,
        gas: Gas::new(1_000_000),
        predicates: &[],
    });
    (state, result)
}

#[test]
fn the_largest_message_is_sent_and_read_back_from_its_log() {
    // Version, type, two lengths and the caller come before the content.
    let content = vec![0x61; PAYLOAD_SIZE_MAX - 34];
    let (state, result) = send(&content);
    let [(topics, data)] = &state.logs[..] else { panic!("one log") };
    let unsigned = warp::sent(data).expect("a message");
    assert_eq!(result, Ok(Bytes::copy_from_slice(id(unsigned).as_slice())));
    assert_eq!(topics, &[SENT, CALLER.into_word(), id(unsigned)]);
    let unsigned = Unsigned::decode(unsigned).expect("decodes");
    assert_eq!((unsigned.network_id, unsigned.source_chain), (7, B256::repeat_byte(9)));
    let source = Bytes::copy_from_slice(CALLER.as_slice());
    assert_eq!(Payload::decode(&unsigned.payload), Ok(Payload::AddressedCall { source, content: content.into() }));
}

#[test]
fn one_byte_more_is_refused() {
    let (state, result) = send(&vec![0x61; PAYLOAD_SIZE_MAX - 33]);
    assert_eq!(result, Err(Stop::Halt(Halt::Refused)));
    assert_eq!(state, Memory::default());
}

#[test]
fn other_data_holds_no_message() {
    assert_eq!(warp::sent(&[]), None);
    assert_eq!(warp::sent(&B256::from(U256::from(33)).0), None);
}

//! Messages between chains, signed by validators.
//!
//! Sending is a log: when the block is accepted, the node stores the message in it and signs it for whoever asks.
//! Receiving is a predicate: a transaction carries a signed message in its access list, the signature is checked before
//! the block runs, and the functions here only say what the message is. So nothing in this file checks a signature.
//!
//! | file | what lives there |
//! |---|---|
//! | `warp/message.rs` | the bytes of messages and payloads |
//! | `warp/predicate.rs` | messages as storage keys of an access list, and what that costs |

pub mod message;
pub mod predicate;

use crate::abi::{self, Arguments};
use crate::config::{Config, Defaults, Kind};
use crate::gas;
use crate::interface::{Event, Function, Interface, dispatch};
use crate::port::{Call, Fatal, Halt, State, Stop};
use crate::registry::Entry;
use alloy_primitives::{Address, B256, Bytes, address, b256};
use message::{Message, Payload, Unsigned};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "WarpMessenger",
    about: "Messages between chains, signed by validators.",
    at: address!("0200000000000000000000000000000000000005"),
    also: &[],
    config_key: "warpConfig",
    config: Kind::Warp,
    pure: false,
    run,
    configure,
    predicate_gas: Some(predicate::gas),
    interface: INTERFACES,
};

/// Required weight in percent where `quorumNumerator` is 0.
pub const QUORUM_DEFAULT: u64 = 67;

/// First topic of the log that sends a message; its data is the `bytes` of the unsigned message.
pub const SENT: B256 = b256!("56600c567728a800c0aa927500f831cb451df66a7af570eb4df4dfbf4674887d");

/// The unsigned message in the data of a log that sent one; none for any other data.
#[must_use]
pub fn sent(data: &[u8]) -> Option<&[u8]> {
    Arguments::new(data).bytes(0).ok()
}

static INTERFACES: &[&Interface] = &[&INTERFACE];

static INTERFACE: Interface = Interface {
    structs: &[
        "struct WarpMessage { bytes32 sourceChainID; address originSenderAddress; bytes payload; }",
        "struct WarpBlockHash { bytes32 sourceChainID; bytes32 blockHash; }",
    ],
    functions: &[
        Function {
            selector: [0x42, 0x13, 0xcf, 0x78],
            solidity: "function getBlockchainID() external view returns (bytes32 blockchainID)",
            about: "Id of this chain, which is not its EVM chain id.",
            from_durango: false,
            run: blockchain_id,
        },
        Function {
            selector: [0x6f, 0x82, 0x53, 0x50],
            solidity: "function getVerifiedWarpMessage(uint32 index) external view \
                returns (WarpMessage memory message, bool valid)",
            about: "A message that a contract of another chain sent: the one with this index among the messages that \
                the transaction carries for this address. Not valid if there is none or its signature is not.",
            from_durango: false,
            run: verified_message,
        },
        Function {
            selector: [0xce, 0x7f, 0x59, 0x29],
            solidity: "function getVerifiedWarpBlockHash(uint32 index) external view \
                returns (WarpBlockHash memory warpBlockHash, bool valid)",
            about: "Id of a block that another chain accepted, found as a message is.",
            from_durango: false,
            run: verified_block_hash,
        },
        Function {
            selector: [0xee, 0x5b, 0x48, 0xeb],
            solidity: "function sendWarpMessage(bytes calldata payload) external returns (bytes32 messageID)",
            about: "Sends a message in the name of the caller, to whoever fetches it.",
            from_durango: false,
            run: send,
        },
    ],
    events: &[Event {
        topic: SENT,
        solidity: "event SendWarpMessage(address indexed sender, bytes32 indexed messageID, bytes message)",
        about: "A message was sent. Validators sign it once the block is accepted.",
    }],
};

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES)
}

/// Nothing is stored: the quorum stays in the chain's configuration.
fn configure(_: &mut dyn State, config: &Config, _: &Defaults) -> Result<(), Fatal> {
    let Config::Warp(_) = config else { unreachable!("a row gets the configuration of its kind") };
    Ok(())
}

fn blockchain_id(call: &mut Call<'_>, _: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(if call.facts.granite { 200 } else { 2 })?;
    Ok(abi::words(&[call.facts.blockchain_id]))
}

fn verified_message(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let (valid, chain, origin, content) = match verified(call, arguments)? {
        Some(Verified { chain, payload: Payload::AddressedCall { source, content } }) => {
            (true, chain, address_of(&source), content)
        }
        Some(Verified { payload: Payload::Hash(_), .. }) => return Err(Stop::Halt(Halt::Refused)),
        None => (false, B256::ZERO, Address::ZERO, Bytes::new()),
    };
    // The message is a dynamic tuple: its place comes first, then the flag, then the tuple with its own head.
    let head = [MESSAGE_PLACE, word(valid.into()), chain, origin.into_word(), CONTENT_PLACE];
    let mut out = head.concat();
    abi::push_bytes(&mut out, &content);
    Ok(out.into())
}

fn verified_block_hash(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let (valid, chain, block) = match verified(call, arguments)? {
        Some(Verified { chain, payload: Payload::Hash(block) }) => (true, chain, block),
        Some(Verified { payload: Payload::AddressedCall { .. }, .. }) => return Err(Stop::Halt(Halt::Refused)),
        None => (false, B256::ZERO, B256::ZERO),
    };
    Ok(abi::words(&[chain, block, word(valid.into())]))
}

fn send(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    let price = gas::linear(SEND_GAS, SEND_BYTE_GAS, arguments.size());
    call.gas.charge(price.ok_or(Stop::Halt(Halt::OutOfGas))?)?;
    call.write()?;
    let content = Bytes::copy_from_slice(arguments.bytes(0)?);
    let source = Bytes::copy_from_slice(call.caller.as_slice());
    let payload = Payload::AddressedCall { source, content }.encode();
    if payload.len() > message::PAYLOAD_SIZE_MAX {
        return Err(Stop::Halt(Halt::Refused));
    }
    let unsigned =
        Unsigned { network_id: call.facts.network_id, source_chain: call.facts.blockchain_id, payload: payload.into() }
            .encode();
    let id = message::id(&unsigned);
    call.state.log(vec![SENT, call.caller.into_word(), id], abi::dynamic(&unsigned));
    Ok(abi::words(&[id]))
}

/// What a verified message says.
struct Verified {
    chain: B256,
    payload: Payload,
}

/// The message at the index in the first argument; none if the transaction carries no such message or it failed.
fn verified(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Option<Verified>, Stop> {
    let (base, chunk) = if call.facts.granite { (750, 512) } else { (2, 3_200) };
    call.gas.charge(base)?;
    let index = arguments.uint32(0)?;
    if index > INDEX_MAX {
        return Err(Stop::Halt(Halt::Refused));
    }
    let place = usize::try_from(index).ok();
    let Some(predicate) = place.and_then(|place| call.predicates.get(place)).filter(|predicate| predicate.valid) else {
        return Ok(None);
    };
    let price = gas::linear(0, chunk, predicate.chunks.len());
    call.gas.charge(price.ok_or(Stop::Halt(Halt::OutOfGas))?)?;
    let refused = Stop::Halt(Halt::Refused);
    let bytes = predicate::unpack(&predicate.chunks).or(Err(refused.clone()))?;
    let unsigned = Message::decode(&bytes).or(Err(refused.clone()))?.unsigned;
    let payload = Payload::decode(&unsigned.payload).or(Err(refused))?;
    Ok(Some(Verified { chain: unsigned.source_chain, payload }))
}

/// An address from any number of bytes: the last 20, left-padded.
fn address_of(source: &[u8]) -> Address {
    let low = source.last_chunk::<20>().map_or(source, |low| low);
    Address::left_padding_from(low)
}

const fn word(value: u8) -> B256 {
    B256::with_last_byte(value)
}

/// Two words after the start of the result.
const MESSAGE_PLACE: B256 = B256::with_last_byte(0x40);
/// Three words after the start of the message.
const CONTENT_PLACE: B256 = B256::with_last_byte(0x60);

/// The Go node holds an index in a signed 32-bit integer.
const INDEX_MAX: u32 = u32::MAX >> 1;

/// The log without its data, two slots: the message is written to a database and signed.
const SEND_GAS: u64 = gas::log(3, 0) + 2 * gas::WRITE_SLOT;
/// For each byte of calldata after the selector.
const SEND_BYTE_GAS: u64 = 8;

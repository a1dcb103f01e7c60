//! CGGMP21: ECDSA signatures of several signers, which are ECDSA signatures.

use crate::abi::Arguments;
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Stop};
use crate::pure::{BAD_FRAME, Fields, decoded, dispatch, high, low, truth};
use crate::registry::{Entry, configures_nothing};
use crate::threshold::Claim;
use alloy_primitives::Bytes;
use pars_crypto::secp256k1;

/// The row.
pub const ENTRY: Entry = Entry {
    name: "CGGMP21",
    about: "Verifies CGGMP21 threshold signatures, which are ECDSA signatures over secp256k1. That t of n made them cannot be proved and is not.",
    at: low(0x0803),
    also: &[high(0x0200, 0x0d), high(0x0800, 3)],
    config_key: "cggmp21Verify",
    config: Kind::Plain,
    pure: true,
    run,
    configure: configures_nothing,
    predicate_gas: None,
    interface: INTERFACES,
};

static INTERFACES: &[&Interface] = &[&Interface {
    structs: &[],
    functions: &[Function {
        selector: [0xf7, 0x3e, 0x92, 0x9b],
        solidity: "function verify(uint32 threshold, uint32 totalSigners, bytes calldata publicKey, bytes32 messageHash, bytes calldata signature) external view returns (bool valid)",
        about: "Whether a hash was signed under a group's key: 65 bytes that begin with 0x04, and r, s and v of which s is low and v recovers the key. Threshold and number of signers, at most 1024, only set the price.",
        from_durango: false,
        run: verify,
    }],
    events: &[],
}];

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES, Some(raw))
}

/// Threshold and number of signers in four bytes each, key, hash, signature.
fn raw(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    let mut fields = Fields::new(call.input);
    let claim = Claim::take(&mut fields).ok_or(BAD_FRAME)?;
    let key: &[u8; 65] = fields.array().ok_or(BAD_FRAME)?;
    let hash = fields.array().ok_or(BAD_FRAME)?;
    let signature: &[u8; 65] = fields.rest().try_into().map_err(|_| BAD_FRAME)?;
    call.gas.charge(claim.gas(BASE_GAS, SIGNER_GAS))?;
    Ok(truth(holds(key, hash, signature)))
}

fn verify(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    Claim::pay(call, arguments, BASE_GAS, SIGNER_GAS)?;
    let (key, hash, signature) =
        (decoded(arguments.bytes(2))?, decoded(arguments.word(3))?, decoded(arguments.bytes(4))?);
    Ok(truth(holds(key, &hash.0, signature)))
}

/// Whoever recovers the key from a signature has verified it.
fn holds(key: &[u8], hash: &[u8; 32], signature: &[u8]) -> bool {
    let Some((signature, [v])) = signature.split_first_chunk::<64>() else { return false };
    let parity = match v {
        0 | 27 => 0,
        1 | 28 => 1,
        _ => return false,
    };
    secp256k1::ecdsa_recover(hash, signature, parity).is_some_and(|recovered| recovered == *key)
}

const BASE_GAS: u64 = 75_000;
const SIGNER_GAS: u64 = 10_000;

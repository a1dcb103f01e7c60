//! Ballots that were signed with ML-DSA, many in one call.
//!
//! What a voter signs is EIP-712 data: `keccak256(0x1901 ‖ domain ‖ keccak256(typehash ‖ proposalId ‖ support))`, with a
//! context of its own so that no other signature of the same key is a ballot.

use crate::abi::Arguments;
use crate::config::Kind;
use crate::interface::{Function, Interface};
use crate::port::{Call, Stop};
use crate::pure::{Fields, MALFORMED_INPUT, bitmap, decoded, dispatch, low, named, price};
use crate::registry::{Entry, configures_nothing};
use alloy_primitives::{B256, Bytes, b256, keccak256};
use pars_crypto::mldsa::{self, Set};

/// The row.
pub const ENTRY: Entry = Entry {
    name: "Ballots",
    about: "Verifies ballots that were signed with ML-DSA. Who may vote, and how often, is the calling contract's affair.",
    at: low(0x0a01),
    also: &[],
    config_key: "governanceConfig",
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
        selector: [0xaf, 0x43, 0x71, 0xdd],
        solidity: "function verifyBallots(bytes32 domain, bytes calldata ballots) external view returns (uint256 valid)",
        about: "Which of at most 64 ballots were signed: bit i for ballot i, the least significant first. A ballot is the suite, 0x65 or 0x87, the proposal's id in 32 bytes, the support 0, 1 or 2 in one, the public key and the signature, under EIP-712's type Ballot(uint256 proposalId,uint8 support) with this domain separator and the context pars/vote/v1.",
        from_durango: false,
        run: verify_ballots,
    }],
    events: &[],
}];

fn run(call: &mut Call<'_>) -> Result<Bytes, Stop> {
    dispatch(call, INTERFACES, None)
}

struct Ballot<'a> {
    set: Set,
    proposal: &'a [u8; 32],
    support: u8,
    public_key: &'a [u8],
    signature: &'a [u8],
}

impl Ballot<'_> {
    const fn gas(&self) -> u64 {
        match self.set {
            Set::MlDsa44 | Set::MlDsa65 => 8_000,
            Set::MlDsa87 => 12_000,
        }
    }

    fn is_signed(&self, domain: B256) -> bool {
        let Self { set, proposal, support, public_key, signature } = *self;
        let ballot = keccak256([TYPEHASH, B256::from(*proposal), B256::with_last_byte(support)].concat());
        let message = keccak256([&[0x19, 0x01], domain.as_slice(), ballot.as_slice()].concat());
        support <= SUPPORT_MAX && mldsa::verify(set, public_key, message.as_slice(), CONTEXT, signature)
    }
}

fn verify_ballots(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    // Cutting the ballots apart is little work, and bounded.
    call.gas.charge(BASE_GAS)?;
    let domain = decoded(arguments.word(0))?;
    let ballots = cut(decoded(arguments.bytes(1))?).ok_or_else(|| named(MALFORMED_INPUT))?;
    call.gas.charge(ballots.iter().fold(0, |gas, ballot| price(gas, ballot.gas(), 1)))?;
    Ok(bitmap(ballots.iter().map(|ballot| ballot.is_signed(domain))))
}

fn cut(bytes: &[u8]) -> Option<Vec<Ballot<'_>>> {
    let mut fields = Fields::new(bytes);
    let mut ballots = Vec::new();
    while !fields.is_empty() {
        if ballots.len() == BALLOTS_MAX {
            return None;
        }
        let set = match fields.byte()? {
            0x65 => Set::MlDsa65,
            0x87 => Set::MlDsa87,
            _ => return None,
        };
        let (proposal, support) = (fields.array()?, fields.byte()?);
        let (public_key, signature) = (fields.take(set.public_key_bytes())?, fields.take(set.signature_bytes())?);
        ballots.push(Ballot { set, proposal, support, public_key, signature });
    }
    Some(ballots)
}

/// Of `Ballot(uint256 proposalId,uint8 support)`.
const TYPEHASH: B256 = b256!("150214d74d59b7d1e90c73fc22ef3d991dd0a76b046543d4d80ab92d2a50328f");
const CONTEXT: &[u8] = b"pars/vote/v1";
/// Against, for, abstain.
const SUPPORT_MAX: u8 = 2;
const BALLOTS_MAX: usize = 64;
const BASE_GAS: u64 = 3_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_that_of_its_words() {
        assert_eq!(keccak256("Ballot(uint256 proposalId,uint8 support)"), TYPEHASH);
    }
}

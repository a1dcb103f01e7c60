//! How a row is called.

use alloy_primitives::{Address, Bytes, U256};
use pars_precompiles::port::memory::Memory;
use pars_precompiles::port::{Call, Facts, Gas, Rows, Stop};
use pars_precompiles::registry::{Entry, TABLE, rows_of};

/// What a call came to, and the gas that it spent.
pub(crate) type Outcome = (Result<Bytes, Stop>, u64);

/// How a row is called.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) at: Address,
    pub(crate) gas: u64,
    pub(crate) read_only: bool,
    pub(crate) rows: Rows,
    pub(crate) secrets: Rows,
}

impl Setting {
    /// At an address, with all gas, everything on and secrets allowed.
    pub(crate) fn at(at: Address) -> Self {
        Self { at, gas: u64::MAX, read_only: false, rows: Rows::all(), secrets: Rows::all() }
    }
}

pub(crate) fn call(entry: &Entry, setting: Setting, input: &[u8]) -> Outcome {
    let Setting { at, gas, read_only, rows, secrets } = setting;
    let facts = Facts { durango: true, granite: true, rows, secrets, ..Facts::default() };
    let mut state = Memory::default();
    let mut call = Call {
        state: &mut state,
        facts: &facts,
        input,
        at,
        caller: Address::repeat_byte(7),
        read_only,
        gas: Gas::new(gas),
        predicates: &[],
    };
    let result = (entry.run)(&mut call);
    let spent = call.gas.spent();
    assert_eq!(state, Memory::default(), "{} has no state", entry.name);
    (result, spent)
}

/// The only row of a key.
pub(crate) fn row(config_key: &str) -> &'static Entry {
    &TABLE[rows_of(config_key).next().unwrap()]
}

/// An argument of a function.
#[derive(Clone, Debug)]
pub(crate) enum Argument {
    Number(u64),
    Word([u8; 32]),
    Bytes(Vec<u8>),
    List(Vec<Vec<u8>>),
}

/// Calldata, as Solidity makes it.
pub(crate) fn encoded(selector: [u8; 4], arguments: &[Argument]) -> Vec<u8> {
    let (mut head, mut tail) = (selector.to_vec(), Vec::new());
    for argument in arguments {
        match argument {
            Argument::Number(number) => head.extend(U256::from(*number).to_be_bytes::<32>()),
            Argument::Word(word) => head.extend(word),
            Argument::Bytes(bytes) => {
                head.extend(U256::from(32 * arguments.len() + tail.len()).to_be_bytes::<32>());
                tail.extend(U256::from(bytes.len()).to_be_bytes::<32>());
                tail.extend(bytes);
                tail.resize(tail.len().next_multiple_of(32), 0);
            }
            Argument::List(members) => {
                head.extend(U256::from(32 * arguments.len() + tail.len()).to_be_bytes::<32>());
                tail.extend(U256::from(members.len()).to_be_bytes::<32>());
                let members: Vec<Argument> = members.iter().cloned().map(Argument::Bytes).collect();
                tail.extend_from_slice(&encoded([0; 4], &members)[4..]);
            }
        }
    }
    [head, tail].concat()
}

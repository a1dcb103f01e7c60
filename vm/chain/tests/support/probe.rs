//! A contract that calls something and writes down what it saw.

use crate::support::files::Files;
use crate::support::wallet::{Draft, Key};
use crate::support::world::World;
use alloy_primitives::{Address, B256, Bytes, U256, hex};

/// A kind of call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Call,
    CallCode,
    DelegateCall,
    StaticCall,
}

pub(crate) const KINDS: [Kind; 4] = [Kind::Call, Kind::CallCode, Kind::DelegateCall, Kind::StaticCall];

/// What the contract saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Outcome {
    pub(crate) success: bool,
    /// Gas of the call with all around it that [`around`] measures.
    pub(crate) gas: u64,
    /// Bytes that came back.
    pub(crate) size: u64,
    /// Their keccak-256.
    pub(crate) hash: B256,
    /// The first word of them, where there is one.
    pub(crate) word: U256,
    /// What BALANCE of the measured account cost after the call: 100 warm, 2,600 cold.
    pub(crate) balance_gas: u64,
}

/// A call that a probe makes.
#[derive(Clone)]
pub(crate) struct Probe {
    pub(crate) kind: Kind,
    pub(crate) callee: Address,
    pub(crate) gas: u64,
    pub(crate) measured: Address,
    pub(crate) value: u64,
    pub(crate) input: Bytes,
}

impl Probe {
    pub(crate) fn new(kind: Kind, callee: Address, input: impl Into<Bytes>) -> Self {
        Self { kind, callee, gas: 300_000, measured: callee, value: 0, input: input.into() }
    }

    /// Calldata: callee, gas to give, account to measure (32 bytes each), input of the call.
    pub(crate) fn draft(&self) -> Draft {
        let head = [self.callee.into_word(), B256::from(U256::from(self.gas)), self.measured.into_word()];
        Draft::call(self.kind.address(), [&head.concat()[..], &self.input].concat()).value(self.value).gas(2_000_000)
    }

    /// Sends it in a block of its own.
    pub(crate) fn run(&self, world: &mut World, key: &Key) -> Outcome {
        let sealed = world.send(key, self.draft());
        assert!(sealed.receipts[0].success, "the probe itself failed");
        self.outcome(world)
    }

    /// What the last transaction to this probe saw.
    pub(crate) fn outcome(&self, world: &World) -> Outcome {
        let slot = |slot| world.slot(self.kind.address(), slot);
        let number = |slot_number| slot(slot_number).try_into().expect("64 bits");
        Outcome {
            success: slot(0) == U256::from(2),
            gas: number(1),
            size: number(2),
            hash: slot(3).into(),
            word: slot(4),
            balance_gas: number(5) - 10,
        }
    }

    /// Gas of what stands around a call of this kind with input of this size, in a chain of its own: that of the same
    /// call to an account without code, less the 2,600 of a cold account.
    pub(crate) fn around(&self, files: &Files) -> u64 {
        let mut world = World::new(files);
        let nobody = Self { callee: Address::repeat_byte(0xdd), value: 0, ..self.clone() };
        let outcome = nobody.run(&mut world, &Key::new(9));
        assert!(outcome.success);
        outcome.gas - 2_600
    }
}

impl Kind {
    /// Where the probe of this kind is.
    pub(crate) fn address(self) -> Address {
        Address::right_padding_from(&[0xca, 0x11, self.opcode()])
    }

    pub(crate) const fn opcode(self) -> u8 {
        match self {
            Self::Call => 0xf1,
            Self::CallCode => 0xf2,
            Self::DelegateCall => 0xf4,
            Self::StaticCall => 0xfa,
        }
    }

    fn code(self) -> Vec<u8> {
        let value: &[u8] = match self {
            // CALLVALUE
            Self::Call | Self::CallCode => &hex!("34"),
            Self::DelegateCall | Self::StaticCall => &[],
        };
        [
            // GAS; PUSH1 96, CALLDATASIZE, SUB, DUP1, PUSH1 96, PUSH1 0, CALLDATACOPY
            &hex!("5a 6060 36 03 80 6060 6000 37")[..],
            // size and place of the output, DUP3 for the size of the input, place of the input
            &hex!("6000 6000 82 6000"),
            value,
            // PUSH1 0, CALLDATALOAD: callee; PUSH1 32, CALLDATALOAD: gas
            &hex!("6000 35 6020 35"),
            &[self.opcode()],
            // GAS, DUP4, SUB, PUSH1 1, SSTORE; PUSH1 1, ADD, PUSH1 0, SSTORE
            &hex!("5a 83 03 6001 55 6001 01 6000 55"),
            // RETURNDATASIZE, PUSH1 2, SSTORE; RETURNDATASIZE, PUSH1 0, PUSH1 0, RETURNDATACOPY
            &hex!("3d 6002 55 3d 6000 6000 3e"),
            // RETURNDATASIZE, PUSH1 0, KECCAK256, PUSH1 3, SSTORE; PUSH1 0, MLOAD, PUSH1 4, SSTORE
            &hex!("3d 6000 20 6003 55 6000 51 6004 55"),
            // GAS, PUSH1 64, CALLDATALOAD, BALANCE, POP, GAS, SWAP1, SUB, PUSH1 5, SSTORE, STOP
            &hex!("5a 6040 35 31 50 5a 90 03 6005 55 00"),
        ]
        .concat()
    }
}

impl Files {
    /// A probe of each kind.
    pub(crate) fn probes(self) -> Self {
        KINDS.into_iter().fold(self, |files, kind| files.code(kind.address(), kind.code()))
    }
}

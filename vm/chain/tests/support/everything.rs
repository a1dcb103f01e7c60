//! Blocks that call everything that rows do which only compute, and the state that they come to.

use crate::operations::{Form, Operation, operations};
use crate::support::files::{Era, Files};
use crate::support::wallet::{Draft, Key};
use crate::support::world::{Sealed, World};
use alloy_primitives::{Address, B256, Bytes, U256, b256, hex, keccak256};
use pars_precompiles::config::Kind;
use pars_precompiles::pure::low;
use pars_precompiles::registry::{TABLE, keys};
use serde_json::json;

/// The state root of the last block. It changes where a row answers otherwise or for another price, and where there are
/// other operations; never with the build, the machine or the implementation in use.
pub(crate) const STATE_ROOT: B256 = b256!("0cb004a40c8980497c0eaa3e88edda392c88738c5af4c287f3df1fbd25a88fa5");

/// All rows are on, and secrets may be seen.
pub(crate) fn files() -> Files {
    let files = Files::new(Era::Granite)
        .fee("gasLimit", json!(200_000_000))
        .code(RECORDER, RECORDS)
        .code(RECORDER_OF_BENT, RECORDS);
    let on = keys().filter(|(_, entry)| entry.pure);
    on.fold(files, |files, (_, entry)| {
        let config = if entry.config == Kind::Secrets { json!({ "allowOnChainSecrets": true }) } else { json!({}) };
        files.row(entry.config_key, config)
    })
}

/// Builds the blocks on one chain of the world, and verifies them on the other. Good calls have their answers.
pub(crate) fn run(world: &mut World) -> Vec<Sealed> {
    let (key, mut answers) = (Key::new(1), B256::ZERO);
    let blocks = blocks().into_iter().map(|calls| {
        for call in calls.iter().filter(|call| call.recorder == RECORDER) {
            answers = keccak256([answers.as_slice(), B256::with_last_byte(1).as_slice(), &call.answer].concat());
        }
        let transactions: Vec<_> = calls.iter().map(|call| world.sign(&key, call.draft())).collect();
        let sealed = world.seal(transactions);
        assert!(sealed.receipts.iter().all(|receipt| receipt.success), "the recorder itself failed");
        assert_eq!(world.slot(RECORDER, 0), U256::from_be_bytes(answers.0));
        sealed
    });
    blocks.collect()
}

/// The state root of the last one.
pub(crate) fn root(blocks: &[Sealed]) -> B256 {
    blocks.last().expect("a block").block.header.state_root
}

/// A call that the recorder makes.
struct Call {
    recorder: Address,
    to: Address,
    input: Vec<u8>,
    price: u64,
    answer: Bytes,
}

impl Call {
    fn new(to: Address, operation: &Operation) -> Self {
        let (input, price, answer) = (operation.input(), operation.price, operation.answer.clone());
        Self { recorder: RECORDER, to, input, price, answer }
    }

    /// With a bit changed in the middle, where a key or a signature is.
    fn bent(mut self) -> Self {
        let middle = self.input.len() / 2;
        self.input[middle] ^= 1;
        Self { recorder: RECORDER_OF_BENT, ..self }
    }

    fn draft(&self) -> Draft {
        let gas = B256::from(U256::from(self.price));
        let input = [self.to.into_word().as_slice(), gas.as_slice(), &self.input].concat();
        // Calldata, the call, of which a failed one takes all, and what is around it.
        let gas = 16 * u64::try_from(input.len()).expect("a short one") + self.price + 300_000;
        Draft::call(self.recorder, input).gas(gas)
    }
}

/// The shortest calls first, so the first block calls every row; the largest signatures are in the others.
fn blocks() -> Vec<Vec<Call>> {
    let mut operations = operations();
    operations.sort_by_key(|operation| operation.input().len());
    let mut calls = Vec::new();
    for entry in TABLE.iter().filter(|entry| entry.pure) {
        let named = |operation: &&Operation| operation.row.at == entry.at && !matches!(operation.form, Form::Raw(_));
        let shortest = operations.iter().find(named).expect("each row has one");
        calls.extend(entry.also.iter().map(|alias| Call::new(*alias, shortest)));
    }
    let long = operations.partition_point(|operation| operation.input().len() <= SHORT_BYTES_MAX);
    let (short, long) = operations.split_at(long);
    let own = |operation: &Operation| Call::new(operation.row.at, operation);
    calls.extend(short.iter().flat_map(|operation| [own(operation), own(operation).bent()]));
    calls.extend(long.iter().map(own));
    let mut blocks: Vec<Vec<Call>> = vec![Vec::new()];
    let mut bytes = 0;
    for call in calls {
        bytes += call.input.len();
        if bytes > BLOCK_BYTES {
            bytes = call.input.len();
            blocks.push(Vec::new());
        }
        blocks.last_mut().expect("at least one").push(call);
    }
    let has = |block: &[Call], at: Address| block.iter().any(|call| call.to == at);
    assert!(
        TABLE.iter().filter(|entry| entry.pure).all(|entry| has(&blocks[0], entry.at)),
        "all rows are in the first"
    );
    blocks
}

/// A longer input is called once, as it is.
const SHORT_BYTES_MAX: usize = 10_000;

/// Less than the builder puts into a block.
const BLOCK_BYTES: usize = 1_400_000;

/// A contract that calls and keeps one hash of all that it ever saw.
const RECORDER: Address = low(0xca11);
const RECORDER_OF_BENT: Address = low(0xca12);

/// Calldata is the callee and the gas for it, 32 bytes each, and the input. Slot 0 becomes the keccak-256 of slot 0, success and output.
const RECORDS: [u8; 52] = hex!(
    // PUSH1 64, CALLDATASIZE, SUB, DUP1, PUSH1 64, PUSH1 0, CALLDATACOPY
    "6040 36 03 80 6040 6000 37"
    // size and place of the output, DUP3 for the size of the input, place of the input, no value
    "6000 6000 82 6000 6000"
    // PUSH1 0, CALLDATALOAD: callee; PUSH1 32, CALLDATALOAD: gas; CALL; PUSH1 32, MSTORE
    "6000 35 6020 35 f1 6020 52"
    // PUSH1 0, SLOAD, PUSH1 0, MSTORE
    "6000 54 6000 52"
    // RETURNDATASIZE, PUSH1 0, PUSH1 64, RETURNDATACOPY
    "3d 6000 6040 3e"
    // PUSH1 64, RETURNDATASIZE, ADD, PUSH1 0, KECCAK256, PUSH1 0, SSTORE, STOP
    "6040 3d 01 6000 20 6000 55 00"
);

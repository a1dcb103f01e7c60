//! What a block must look like whatever its parent is. Genesis is exempt.

use crate::block::{Block, UNCLES_OF_NONE, transactions_root};
use crate::error::{Field, Invalid};
use crate::rules::fee::WINDOW_BYTES;
use crate::rules::header::{equal, mismatch};
use alloy_primitives::{B64, B256, U256};
use pars_genesis::forks::Rules;

/// Checks constants, presence of the fork's fields, body against header.
///
/// # Errors
/// Names the field, or says what the body lacks.
pub fn check(block: &Block, rules: Rules) -> Result<(), Invalid> {
    let header = &block.header;
    if header.number > U256::from(u64::MAX) {
        return Err(mismatch(Field::Number, header.number, "at most 64 bits"));
    }
    equal(Field::Difficulty, &header.difficulty, &U256::ONE)?;
    equal(Field::Nonce, &header.nonce, &B64::ZERO)?;
    equal(Field::MixHash, &header.mix, &B256::ZERO)?;
    let length = header.extra.len();
    if rules.durango && length < WINDOW_BYTES {
        return Err(mismatch(Field::ExtraData, format!("{length} bytes"), format!("at least {WINDOW_BYTES} bytes")));
    }
    if !rules.durango && length != WINDOW_BYTES {
        return Err(mismatch(Field::ExtraData, format!("{length} bytes"), format!("{WINDOW_BYTES} bytes")));
    }
    if header.base_fee.is_none() {
        return Err(mismatch(Field::BaseFeePerGas, "absent", "a number"));
    }
    match header.block_gas_cost {
        None => return Err(mismatch(Field::BlockGasCost, "absent", "a number")),
        Some(cost) if cost > U256::from(u64::MAX) => {
            return Err(mismatch(Field::BlockGasCost, cost, "at most 64 bits"));
        }
        Some(_) => {}
    }
    check_cancun_fields(block, rules.etna)?;
    if block.transactions.is_empty() {
        return Err(Invalid::Empty);
    }
    let root = transactions_root(&block.transactions);
    equal(Field::TransactionsRoot, &header.transactions_root, &root)?;
    if block.uncles > 0 {
        return Err(Invalid::Uncles);
    }
    equal(Field::Sha3Uncles, &header.uncles_hash, &UNCLES_OF_NONE)
}

fn check_cancun_fields(block: &Block, etna: bool) -> Result<(), Invalid> {
    let header = &block.header;
    let numbers = [(Field::BlobGasUsed, header.blob_gas_used), (Field::ExcessBlobGas, header.excess_blob_gas)];
    for (field, value) in numbers {
        match (etna, value) {
            (true, Some(0)) | (false, None) => {}
            (true, Some(got)) => return Err(mismatch(field, got, 0)),
            (true, None) => return Err(mismatch(field, "absent", 0)),
            (false, Some(got)) => return Err(mismatch(field, got, "none before Etna")),
        }
    }
    match (etna, header.parent_beacon_root) {
        (true, Some(B256::ZERO)) | (false, None) => Ok(()),
        (true, Some(got)) => Err(mismatch(Field::ParentBeaconBlockRoot, got, B256::ZERO)),
        (true, None) => Err(mismatch(Field::ParentBeaconBlockRoot, "absent", B256::ZERO)),
        (false, Some(got)) => Err(mismatch(Field::ParentBeaconBlockRoot, got, "none before Etna")),
    }
}

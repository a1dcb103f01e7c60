//! `feeConfig` and `initialFeeConfig`.

use crate::error::{Error, Offence};
use crate::parse::json::Node;
use crate::parse::keys;
use alloy_primitives::U256;
use pars_precompiles::fee::{FeeConfig, Invalid};

/// Reads the chain's fees. An object that says nothing means the default.
pub(crate) fn chain(node: &Node<'_>) -> Result<FeeConfig, Error> {
    let object = node.object()?;
    let says_nothing = object.iter().all(|field| {
        field.is_null() || (field.key() == "targetBlockRate" && field.plain_u64().is_ok_and(|rate| rate == 0))
    });
    if says_nothing {
        keys::only(&object, &FeeConfig::FIELDS)?;
        return Ok(FeeConfig::DEFAULT);
    }
    read(node)
}

/// Reads fees of which none may be left out.
pub(crate) fn read(node: &Node<'_>) -> Result<FeeConfig, Error> {
    let object = node.object()?;
    keys::only(&object, &FeeConfig::FIELDS)?;
    let mut words = [U256::ZERO; 8];
    for (word, key) in words.iter_mut().zip(FeeConfig::FIELDS) {
        let field = object.require(key, "a whole JSON number; all eight fields are needed")?;
        *word = if key == "targetBlockRate" { U256::from(field.plain_u64()?) } else { field.plain_u256()? };
    }
    let fee = FeeConfig::from_words(words);
    fee.verify().map_err(|error| object.error(field(&error), Offence::Fee(error)))?;
    if fee.min_base_fee >= MIN_BASE_FEE_END {
        return Err(object.error("minBaseFee", Offence::MinBaseFee { got: fee.min_base_fee }));
    }
    Ok(fee)
}

const fn field(error: &Invalid) -> &'static str {
    match error {
        Invalid::Zero { field } => field,
        Invalid::MinBlockGasCost { .. } => "minBlockGasCost",
        Invalid::MaxBlockGasCost { .. } | _ => "maxBlockGasCost",
    }
}

/// 2^63: the Go node takes the floor through a signed 64-bit number for the first block.
const MIN_BASE_FEE_END: U256 = U256::from_limbs([1 << 63, 0, 0, 0]);

//! Header fields that follow from the parent: gas limit, fee window, base fee, block gas cost, number.

use crate::block::Header;
use crate::error::{Field, Invalid};
use crate::rules::fee::{NoBaseFee, WINDOW_BYTES, Window, base_fee, block_gas_cost};
use alloy_primitives::{Bytes, U256};
use pars_genesis::forks::Rules;
use pars_precompiles::fee::FeeConfig;

/// A field that has another value than the rules give it.
pub fn mismatch(field: Field, got: impl ToString, expected: impl ToString) -> Invalid {
    Invalid::Header { field, got: got.to_string(), expected: expected.to_string() }
}

/// Checks a field for equality.
///
/// # Errors
/// Names the field.
pub fn equal<T: PartialEq + ToString>(field: Field, got: &T, expected: &T) -> Result<(), Invalid> {
    if got == expected { Ok(()) } else { Err(mismatch(field, got.to_string(), expected.to_string())) }
}

/// What the parent and its fee configuration prescribe to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prescribed {
    /// `gasLimit`.
    pub gas_limit: u64,
    /// First 80 bytes of `extraData`.
    pub window: Window,
    /// `baseFeePerGas`.
    pub base_fee: U256,
    /// `blockGasCost`.
    pub block_gas_cost: U256,
}

impl Prescribed {
    /// For a child of `parent` at `time`, Unix seconds, under `config` (of the parent's state).
    ///
    /// # Errors
    /// Where no block is possible.
    pub fn new(config: &FeeConfig, parent: &Header, time: u64, rules: Rules) -> Result<Self, NoBaseFee> {
        Ok(Self {
            gas_limit: config.gas_limit.wrapping_to(),
            window: Window::of_child(parent, time).ok_or(NoBaseFee::TimeTravel)?,
            base_fee: base_fee(config, parent, time)?,
            block_gas_cost: U256::from(if rules.granite { 0 } else { block_gas_cost(config, parent, time) }),
        })
    }

    /// Checks a header against it.
    ///
    /// # Errors
    /// Names the field.
    pub fn check(&self, header: &Header, parent: &Header) -> Result<(), Invalid> {
        equal(Field::Number, &header.number, &parent.number.saturating_add(U256::ONE))?;
        equal(Field::GasLimit, &header.gas_limit, &self.gas_limit)?;
        let window = Bytes::copy_from_slice(header.extra.get(..WINDOW_BYTES).unwrap_or_default());
        equal(Field::ExtraData, &window, &Bytes::copy_from_slice(&self.window.to_bytes()))?;
        equal(Field::BaseFeePerGas, &header.base_fee.unwrap_or_default(), &self.base_fee)?;
        equal(Field::BlockGasCost, &header.block_gas_cost.unwrap_or_default(), &self.block_gas_cost)
    }
}

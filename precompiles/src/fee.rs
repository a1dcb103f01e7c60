//! The eight fee fields of a chain, in the order in which the fee manager stores them.

use alloy_primitives::U256;

/// Parameters of base fee and block gas cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeConfig {
    /// Gas of a block.
    pub gas_limit: U256,
    /// Aimed seconds between blocks.
    pub target_block_rate: u64,
    /// Floor of the base fee, wei.
    pub min_base_fee: U256,
    /// Aimed gas in a rolling window of ten seconds.
    pub target_gas: U256,
    /// The larger, the slower the base fee moves.
    pub base_fee_change_denominator: U256,
    /// Floor of the block gas cost.
    pub min_block_gas_cost: U256,
    /// Ceiling of the block gas cost.
    pub max_block_gas_cost: U256,
    /// Change of the block gas cost for each second off target.
    pub block_gas_cost_step: U256,
}

impl FeeConfig {
    /// What a chain has whose genesis names no `feeConfig`.
    pub const DEFAULT: Self = Self {
        gas_limit: U256::from_limbs([8_000_000, 0, 0, 0]),
        target_block_rate: 2,
        min_base_fee: U256::from_limbs([25_000_000_000, 0, 0, 0]),
        target_gas: U256::from_limbs([15_000_000, 0, 0, 0]),
        base_fee_change_denominator: U256::from_limbs([36, 0, 0, 0]),
        min_block_gas_cost: U256::ZERO,
        max_block_gas_cost: U256::from_limbs([1_000_000, 0, 0, 0]),
        block_gas_cost_step: U256::from_limbs([200_000, 0, 0, 0]),
    };

    /// Names of the fields in JSON, in the order of [`Self::words`].
    pub const FIELDS: [&'static str; 8] = [
        "gasLimit",
        "targetBlockRate",
        "minBaseFee",
        "targetGas",
        "baseFeeChangeDenominator",
        "minBlockGasCost",
        "maxBlockGasCost",
        "blockGasCostStep",
    ];

    /// The eight fields as words.
    #[must_use]
    pub fn words(&self) -> [U256; 8] {
        [
            self.gas_limit,
            U256::from(self.target_block_rate),
            self.min_base_fee,
            self.target_gas,
            self.base_fee_change_denominator,
            self.min_block_gas_cost,
            self.max_block_gas_cost,
            self.block_gas_cost_step,
        ]
    }

    /// From eight words. Of the block rate only the low 64 bits count, as in the Go node, which cuts them off before it
    /// verifies, logs and stores: a rate of 2^64 + 2 is a rate of 2.
    #[must_use]
    pub const fn from_words(words: [U256; 8]) -> Self {
        let [gas_limit, rate, min_base_fee, target_gas, denominator, min_cost, max_cost, step] = words;
        let [target_block_rate, ..] = rate.into_limbs();
        Self {
            gas_limit,
            target_block_rate,
            min_base_fee,
            target_gas,
            base_fee_change_denominator: denominator,
            min_block_gas_cost: min_cost,
            max_block_gas_cost: max_cost,
            block_gas_cost_step: step,
        }
    }

    /// Checks the bounds that hold for every fee configuration, wherever it comes from.
    ///
    /// # Errors
    /// The first field out of bounds.
    pub fn verify(&self) -> Result<(), Invalid> {
        let [gas_limit, rate, _, target_gas, denominator, ..] = self.words();
        let positive = [
            ("gasLimit", gas_limit),
            ("targetBlockRate", rate),
            ("targetGas", target_gas),
            ("baseFeeChangeDenominator", denominator),
        ];
        if let Some((field, _)) = positive.into_iter().find(|(_, value)| value.is_zero()) {
            return Err(Invalid::Zero { field });
        }
        if self.min_block_gas_cost > self.max_block_gas_cost {
            return Err(Invalid::MinBlockGasCost { got: self.min_block_gas_cost, max: self.max_block_gas_cost });
        }
        if self.max_block_gas_cost > U256::from(u64::MAX) {
            return Err(Invalid::MaxBlockGasCost { got: self.max_block_gas_cost });
        }
        Ok(())
    }
}

/// A fee field out of its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// A field that must be positive is zero.
    #[error("{field} is 0, expected at least 1")]
    Zero {
        /// Name of the field in JSON.
        field: &'static str,
    },
    /// The floor of the block gas cost is above its ceiling.
    #[error("minBlockGasCost is {got}, expected at most maxBlockGasCost {max}")]
    MinBlockGasCost {
        /// The floor.
        got: U256,
        /// The ceiling.
        max: U256,
    },
    /// The ceiling of the block gas cost does not fit 64 bits.
    #[error("maxBlockGasCost is {got}, expected at most {}", u64::MAX)]
    MaxBlockGasCost {
        /// The ceiling.
        got: U256,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        assert_eq!(FeeConfig::DEFAULT.verify(), Ok(()));
    }

    #[test]
    fn each_bound_is_checked_on_both_sides() {
        let fee = FeeConfig::DEFAULT;
        let zero = |field| Err(Invalid::Zero { field });
        assert_eq!(FeeConfig { gas_limit: U256::ZERO, ..fee }.verify(), zero("gasLimit"));
        assert_eq!(FeeConfig { gas_limit: U256::ONE, ..fee }.verify(), Ok(()));
        assert_eq!(FeeConfig { target_block_rate: 0, ..fee }.verify(), zero("targetBlockRate"));
        assert_eq!(FeeConfig { target_block_rate: 1, ..fee }.verify(), Ok(()));
        assert_eq!(FeeConfig { target_gas: U256::ZERO, ..fee }.verify(), zero("targetGas"));
        assert_eq!(FeeConfig { target_gas: U256::MAX, ..fee }.verify(), Ok(()));
        let denominator = U256::ZERO;
        assert_eq!(
            FeeConfig { base_fee_change_denominator: denominator, ..fee }.verify(),
            zero("baseFeeChangeDenominator")
        );
        assert_eq!(FeeConfig { min_base_fee: U256::ZERO, ..fee }.verify(), Ok(()));
        assert_eq!(FeeConfig { min_base_fee: U256::ONE << 200, ..fee }.verify(), Ok(()));
        assert_eq!(FeeConfig { block_gas_cost_step: U256::MAX, ..fee }.verify(), Ok(()));

        let max = U256::from(u64::MAX);
        let above = max + U256::ONE;
        assert_eq!(FeeConfig { max_block_gas_cost: max, min_block_gas_cost: max, ..fee }.verify(), Ok(()));
        assert_eq!(
            FeeConfig { max_block_gas_cost: above, ..fee }.verify(),
            Err(Invalid::MaxBlockGasCost { got: above })
        );
        assert_eq!(
            FeeConfig { min_block_gas_cost: U256::from(1_000_001), ..fee }.verify(),
            Err(Invalid::MinBlockGasCost { got: U256::from(1_000_001), max: U256::from(1_000_000) })
        );
    }

    #[test]
    fn an_error_names_field_got_and_expected() {
        let fee =
            FeeConfig { min_block_gas_cost: U256::from(7), max_block_gas_cost: U256::from(6), ..FeeConfig::DEFAULT };
        let text = fee.verify().expect_err("7 is above 6").to_string();
        assert_eq!(text, "minBlockGasCost is 7, expected at most maxBlockGasCost 6");
    }

    #[test]
    fn of_the_block_rate_64_bits_count() {
        let mut words = FeeConfig::DEFAULT.words();
        words[1] = (U256::ONE << 64) + U256::from(2);
        assert_eq!(FeeConfig::from_words(words), FeeConfig::DEFAULT);
        assert_eq!(FeeConfig::from_words(words).words()[1], U256::from(2));
    }
}

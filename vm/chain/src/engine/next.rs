//! What the next block on some block would have to look like, asked without building it.

use crate::engine::verify::{FeeConfigError, fee_config};
use crate::error::Fatal;
use crate::rules::fee::base_fee;
use crate::rules::time::delay_ms;
use crate::view::View;
use pars_genesis::spec::ChainSpec;

/// The next block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// Its base fee if it is built now, wei.
    pub base_fee: u64,
    /// When it may be built, Unix milliseconds.
    pub earliest_ms: u64,
}

/// What a block on `parent` would have to look like at `now_ms`; none where the rules allow no block, or none that
/// this program could compute.
///
/// # Errors
/// When the store failed.
pub fn next_block(spec: &ChainSpec, parent: &View, now_ms: u64) -> Result<Option<Next>, Fatal> {
    let config = match fee_config(spec, parent) {
        Ok(config) => config,
        Err(FeeConfigError::Invalid(_)) => return Ok(None),
        Err(FeeConfigError::Fatal(fatal)) => return Err(fatal),
    };
    let header = parent.header();
    let unix_ms = now_ms.max(header.unix_ms());
    let Ok(fee) = base_fee(&config, header, unix_ms / 1_000) else { return Ok(None) };
    let Ok(base_fee) = u64::try_from(fee) else { return Ok(None) };
    let granite = spec.rules(unix_ms / 1_000).granite;
    let delay = header.min_delay_excess.filter(|_| granite).map_or(0, delay_ms);
    Ok(Some(Next { base_fee, earliest_ms: header.unix_ms().saturating_add(delay) }))
}

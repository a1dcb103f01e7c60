//! What gas costs: suggestions for the next block, and what earlier blocks paid.

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::height_of;
use crate::rpc::params::Params;
use crate::rpc::params::text::Wrong;
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{B256, U64, U256};
use parking_lot::Mutex;
use pars_chain::engine::next_block;
use pars_chain::error::Fatal;
use pars_chain::view::View;
use serde::Serialize;
use serde_json::value::RawValue;

/// `eth_gasPrice`: base fee of the next block, and the suggested tip.
///
/// # Errors
/// Parameters.
pub fn gas_price(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    let head = api.head();
    let base_fee = next_base_fee(api, &head)?;
    answer(&U256::from(suggested_tip(api, &head)?.saturating_add(u128::from(base_fee))))
}

/// `eth_maxPriorityFeePerGas`: the suggested tip.
///
/// # Errors
/// Parameters.
pub fn max_priority_fee_per_gas(api: &Api, params: &Params) -> Answer {
    params.at_most(0)?;
    answer(&U256::from(suggested_tip(api, &api.head())?))
}

/// `eth_feeHistory(count, newest, percentiles)`.
///
/// # Errors
/// Parameters; a block above the last accepted one.
pub fn fee_history(api: &Api, params: &Params) -> Answer {
    params.at_most(3)?;
    let count = params.read(0, count)?;
    let head = api.head();
    let newest = params.block_number(1)?;
    let percentiles = params.read(2, |_| Ok(())).and_then(|()| params.optional::<Vec<f64>>(2))?.unwrap_or_default();
    let newest = height_of(api, &head, newest);
    check_percentiles(&percentiles)?;
    if newest > head.height() {
        let text = format!("request beyond head block: requested {newest}, head {}", head.height());
        return Err(RpcError::server(text));
    }
    if head.height() - newest > HISTORY_BLOCKS {
        let text = format!("request beyond historical limit: requested {newest}, head {}", head.height());
        return Err(RpcError::server(text));
    }
    if count == 0 {
        return answer(&FeeHistory::default());
    }
    let oldest = (newest + 1).saturating_sub(count.min(HISTORY_BLOCKS_AT_ONCE));
    let mut history = FeeHistory {
        oldest_block: U64::from(oldest),
        base_fee_per_gas: Vec::new(),
        gas_used_ratio: Vec::new(),
        base_fee_per_blob_gas: Vec::new(),
        blob_gas_used_ratio: Vec::new(),
        reward: (!percentiles.is_empty()).then(Vec::new),
    };
    for header in head.headers(oldest, newest) {
        if params.interrupt().raised() {
            return Err(RpcError::timed_out());
        }
        let header = header?;
        history.base_fee_per_gas.push(header.base_fee.unwrap_or_default());
        history.gas_used_ratio.push(ratio(header.gas_used, header.gas_limit));
        history.base_fee_per_blob_gas.push(blob_base_fee(header.excess_blob_gas.is_some()));
        history.blob_gas_used_ratio.push(0.0);
        if let Some(rewards) = &mut history.reward {
            rewards.push(tips_at(api, &head, header.height(), &percentiles)?);
        }
    }
    // One more than was asked for: that of the block after the newest.
    let (next, blobs) = match head.header_at(newest + 1)? {
        Some(header) => (header.base_fee.unwrap_or_default(), header.excess_blob_gas.is_some()),
        None => {
            let time = head.header().time.max(api.now_ms() / 1_000);
            (U256::from(next_base_fee(api, &head)?), api.node().spec().rules(time).etna)
        }
    };
    history.base_fee_per_gas.push(next);
    history.base_fee_per_blob_gas.push(blob_base_fee(blobs));
    answer(&history)
}

/// A suggestion that was made, and for which head.
#[derive(Debug, Default)]
pub struct LastTip(Mutex<Option<(B256, u64, u128)>>);

/// Blocks that a suggestion looks at.
const SAMPLE_BLOCKS: u64 = 40;
/// Blocks before this many seconds ago say nothing about now.
const SAMPLE_SECONDS: u64 = 80;
/// How long a suggestion holds while there is no new block, milliseconds: on an idle chain it falls to the least.
const TIP_MS: u64 = SAMPLE_SECONDS * 1_000;
const TIP_MIN_WEI: u128 = 1;
const TIP_MAX_WEI: u128 = 150_000_000_000;
const HISTORY_BLOCKS_AT_ONCE: u64 = 2_048;
const HISTORY_BLOCKS: u64 = 25_000;
const PERCENTILES_MAX: usize = 100;

fn next_base_fee(api: &Api, head: &View) -> Result<u64, RpcError> {
    let next = next_block(api.node().spec(), head, api.now_ms())?;
    Ok(next.map_or_else(|| head.header().base_fee.unwrap_or_default().saturating_to(), |next| next.base_fee))
}

/// The 40th percentile of the tips that recent blocks took; the least there is on an idle chain.
fn suggested_tip(api: &Api, head: &View) -> Result<u128, RpcError> {
    let now_ms = api.now_ms();
    let mut last = api.last_tip().0.lock();
    if let Some((id, at_ms, tip)) = *last
        && id == head.id().0
        && now_ms.saturating_sub(at_ms) < TIP_MS
    {
        return Ok(tip);
    }
    let tip = sampled_tip(api, head, now_ms / 1_000)?;
    *last = Some((head.id().0, now_ms, tip));
    Ok(tip)
}

fn sampled_tip(api: &Api, head: &View, now: u64) -> Result<u128, Fatal> {
    let mut tips = Vec::new();
    for height in (head.height().saturating_sub(SAMPLE_BLOCKS - 1)..=head.height()).rev() {
        let Some(mined) = api.block(head, height)? else { break };
        let block = &mined.block;
        if height == 0 || block.header.time.saturating_add(SAMPLE_SECONDS) < now {
            break;
        }
        let base_fee = block.header.base_fee.unwrap_or_default().saturating_to::<u64>();
        tips.extend(block.transactions.iter().map(|tx| tx.effective_tip(base_fee)));
    }
    tips.sort_unstable();
    let at = tips.len().saturating_sub(1) * 40 / 100;
    Ok(tips.get(at).copied().unwrap_or_default().clamp(TIP_MIN_WEI, TIP_MAX_WEI))
}

/// Tips below which so many percent of a block's gas was used.
fn tips_at(api: &Api, head: &View, height: u64, percentiles: &[f64]) -> Result<Vec<U256>, RpcError> {
    let mined = api.block(head, height)?.ok_or_else(|| missing(height))?;
    let (block, receipts) = (&mined.block, &mined.receipts);
    let base_fee = block.header.base_fee.unwrap_or_default().saturating_to::<u64>();
    let mut before = 0;
    let mut paid: Vec<(u128, u64)> = Vec::with_capacity(receipts.len());
    for (tx, receipt) in block.transactions.iter().zip(receipts.iter()) {
        paid.push((tx.effective_tip(base_fee), receipt.cumulative_gas_used - before));
        before = receipt.cumulative_gas_used;
    }
    paid.sort_by_key(|(tip, _)| *tip);
    let mut at = 0;
    let mut sum = paid.first().map_or(0, |(_, gas)| *gas);
    let tip = |percentile: &f64| {
        let wanted = share(block.header.gas_used, *percentile);
        while sum < wanted
            && let Some((_, gas)) = paid.get(at + 1)
        {
            at += 1;
            sum += gas;
        }
        paid.get(at).map_or(U256::ZERO, |(tip, _)| U256::from(*tip))
    };
    Ok(percentiles.iter().map(tip).collect())
}

/// No block has blobs, so where they have a price it is the least of EIP-4844.
fn blob_base_fee(priced: bool) -> U64 {
    U64::from(priced)
}

fn missing(height: u64) -> Fatal {
    Fatal::Corrupt(format!("block {height} is missing"))
}

/// `0x2`, `"2"` or `2`.
fn count(raw: &RawValue) -> Result<u64, Wrong> {
    let text = raw.get().trim_matches('"');
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let number = u64::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'));
    number.ok_or_else(|| {
        let shown: String = text.chars().take(80).collect();
        format!("invalid hex or decimal integer {shown:?}").into()
    })
}

fn check_percentiles(percentiles: &[f64]) -> Result<(), RpcError> {
    if percentiles.len() > PERCENTILES_MAX {
        let text = format!("invalid reward percentile: over the query limit {PERCENTILES_MAX}");
        return Err(RpcError::server(text));
    }
    for (index, percentile) in percentiles.iter().enumerate() {
        if !(0.0..=100.0).contains(percentile) {
            return Err(RpcError::server(format!("invalid reward percentile: {percentile:.6}")));
        }
        if let Some(before) = index.checked_sub(1).and_then(|before| percentiles.get(before))
            && before >= percentile
        {
            let text = format!("invalid reward percentile: #{}:{before:.6} >= #{index}:{percentile:.6}", index - 1);
            return Err(RpcError::server(text));
        }
    }
    Ok(())
}

#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "clients are promised a fraction; nothing is decided by it"
)]
pub(crate) fn ratio(used: u64, limit: u64) -> f64 {
    if limit == 0 { 0.0 } else { used as f64 / limit as f64 }
}

#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "percentiles are fractions; nothing is decided by them"
)]
fn share(gas: u64, percent: f64) -> u64 {
    (gas as f64 * percent / 100.0) as u64
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct FeeHistory {
    oldest_block: U64,
    base_fee_per_gas: Vec<U256>,
    gas_used_ratio: Vec<f64>,
    base_fee_per_blob_gas: Vec<U64>,
    blob_gas_used_ratio: Vec<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<Vec<Vec<U256>>>,
}

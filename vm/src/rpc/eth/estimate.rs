//! The gas with which a transaction succeeds: found by trying, a little above the least.

use crate::rpc::error::RpcError;
use crate::rpc::eth::request::Request;
use crate::rpc::eth::revert;
use pars_chain::execution::call::{End, Message, NotRun, Outcome, Scene};

/// Gas with which `request` succeeds, at most 1.5 % above the least.
///
/// # Errors
/// A transaction that fails with any gas.
pub(crate) fn gas(scene: &mut Scene<'_>, request: &Request, cap: Option<u64>) -> Result<u64, RpcError> {
    // Less than any transaction costs counts as not given.
    let given = request.gas().filter(|gas| *gas >= TRANSFER);
    let mut high = given.unwrap_or_else(|| scene.gas_limit());
    let mut message = request.message(high)?;
    high = affordable(scene, &message)?.map_or(high, |affordable| high.min(affordable));
    high = cap.map_or(high, |cap| high.min(cap));

    // A plain transfer needs no search.
    let plain = match message.to.into_to() {
        Some(to) => message.input.is_empty() && !scene.has_code(to)?,
        None => false,
    };
    if plain && let Ok(Tried::Succeeded(_)) = attempt(scene, &mut message, TRANSFER) {
        return Ok(TRANSFER);
    }

    let used = match attempt(scene, &mut message, high)? {
        Tried::Succeeded(used) => used,
        Tried::TooLittle => {
            return Err(RpcError::server(format!("gas required exceeds allowance ({high})")));
        }
        Tried::Failed(error) => return Err(error),
    };
    let mut low = used.saturating_sub(1);
    // Most transactions succeed with what they used and what the 63/64 rule keeps back.
    let likely = used.saturating_add(STIPEND).saturating_mul(64) / 63;
    if likely < high {
        match attempt(scene, &mut message, likely)? {
            Tried::Succeeded(_) => high = likely,
            Tried::TooLittle | Tried::Failed(_) => low = likely,
        }
    }
    while low.saturating_add(1) < high && !near(low, high) {
        // Most need little more than they used: look there first.
        let middle = (low + (high - low) / 2).min(low.saturating_mul(2));
        match attempt(scene, &mut message, middle)? {
            Tried::Succeeded(_) => high = middle,
            Tried::TooLittle | Tried::Failed(_) => low = middle,
        }
    }
    Ok(high)
}

const TRANSFER: u64 = 21_000;
const STIPEND: u64 = 2_300;

/// Within 1.5 %.
fn near(low: u64, high: u64) -> bool {
    u128::from(high - low) * 1_000 < u128::from(high) * 15
}

/// How much gas the sender can pay; none where it pays nothing.
fn affordable(scene: &mut Scene<'_>, message: &Message) -> Result<Option<u64>, RpcError> {
    if message.fee_cap.is_zero() {
        return Ok(None);
    }
    let balance = scene.balance(message.from)?;
    let left = balance.checked_sub(message.value).filter(|left| !left.is_zero());
    let left = left.ok_or_else(|| RpcError::server("insufficient funds for transfer"))?;
    Ok(u64::try_from(left / message.fee_cap).ok())
}

/// What a try with some gas gave.
enum Tried {
    /// Used so much.
    Succeeded(u64),
    TooLittle,
    Failed(RpcError),
}

fn attempt(scene: &mut Scene<'_>, message: &mut Message, gas: u64) -> Result<Tried, RpcError> {
    message.gas = gas;
    Ok(match scene.run(message) {
        Ok(Outcome { gas_used, end: End::Returned(_) }) => Tried::Succeeded(gas_used),
        Ok(Outcome { end: End::OutOfGas, .. }) | Err(NotRun::IntrinsicGas { .. }) => Tried::TooLittle,
        Ok(Outcome { end: End::Reverted(data), .. }) => Tried::Failed(revert::error(data)),
        Ok(Outcome { end: End::Failed(why), .. }) => Tried::Failed(RpcError::server(why)),
        Err(NotRun::Fatal(fatal)) => return Err(fatal.into()),
        Err(refused) => return Err(RpcError::server(format!("failed with {gas} gas: {refused}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_is_one_and_a_half_percent() {
        assert!(near(98_501, 100_000));
        assert!(!near(98_500, 100_000));
        assert!(!near(0, u64::MAX));
    }
}

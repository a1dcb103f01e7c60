//! What a transaction would do: `eth_call` and `eth_estimateGas`.

use crate::rpc::api::Api;
use crate::rpc::error::RpcError;
use crate::rpc::eth::request::{BlockOverride, Request, StateOverrides, accounts};
use crate::rpc::eth::{estimate, revert, state_at};
use crate::rpc::params::{BlockNumber, BlockRef, Params};
use crate::rpc::table::{Answer, answer};
use alloy_primitives::{U64, U256};
use pars_chain::engine::next_block;
use pars_chain::execution::call::{BlockOverrides, End, NotRun, Scene};
use pars_chain::view::View;

/// `eth_call(transaction, block?, state overrides?, block overrides?)`: output.
///
/// # Errors
/// Parameters, a state that is not kept, a failed call.
pub fn call(api: &Api, params: &Params) -> Answer {
    params.at_most(4)?;
    let request: Request = params.object(0)?;
    let view = state_at(api, params.block(1)?)?;
    let overrides: StateOverrides = params.optional_object(2)?;
    let wanted: BlockOverride = params.optional_object(3)?;
    let mut wanted = BlockOverrides::from(wanted);
    if params.block(1)? == BlockRef::Number(BlockNumber::Pending) {
        wanted = over_pending(api, &view, wanted)?;
    }
    let cap = api.limits().call_gas.unwrap_or(GAS_UNLIMITED);
    let message = request.message(request.gas().unwrap_or(cap).min(cap))?;
    let mut scene = scene(api, params, &view, &wanted, overrides)?;
    let gas = message.gas;
    let outcome = scene.run(&message).map_err(|not_run| {
        if let NotRun::Fatal(fatal) = not_run {
            return fatal.into();
        }
        RpcError::server(format!("err: {not_run} (supplied gas {gas})"))
    })?;
    match outcome.end {
        End::Returned(output) => answer(&output),
        End::Reverted(data) => Err(revert::error(data)),
        End::OutOfGas => Err(RpcError::server("out of gas")),
        End::Failed(why) => Err(RpcError::server(why)),
    }
}

/// `eth_estimateGas(transaction, block?, state overrides?)`: gas with which the transaction succeeds.
///
/// # Errors
/// Parameters, a state that is not kept, a transaction that fails with any gas.
pub fn estimate_gas(api: &Api, params: &Params) -> Answer {
    params.at_most(3)?;
    let request: Request = params.object(0)?;
    let view = state_at(api, params.block(1)?)?;
    let overrides: StateOverrides = params.optional_object(2)?;
    let mut scene = scene(api, params, &view, &BlockOverrides::default(), overrides)?;
    answer(&U64::from(estimate::gas(&mut scene, &request, api.limits().call_gas)?))
}

/// Gas of a call where neither the caller nor the operator names any.
const GAS_UNLIMITED: u64 = u64::MAX / 2;

fn scene<'v>(
    api: &Api,
    params: &Params,
    view: &'v View,
    wanted: &BlockOverrides,
    overrides: StateOverrides,
) -> Result<Scene<'v>, RpcError> {
    let node = api.node();
    let scene = Scene::new(node.spec(), node.place(), view, wanted, params.interrupt().clone());
    let mut scene = scene.map_err(|unsupported| RpcError::server(unsupported.to_string()))?;
    scene.override_accounts(&accounts(overrides)?)?;
    Ok(scene)
}

/// The block that would be built now; what the caller wants goes before it.
fn over_pending(api: &Api, view: &View, wanted: BlockOverrides) -> Result<BlockOverrides, RpcError> {
    let now_ms = api.now_ms();
    let next = next_block(api.node().spec(), view, now_ms)?;
    Ok(BlockOverrides {
        number: wanted.number.or_else(|| Some(U256::from(view.height()) + U256::ONE)),
        time: wanted.time.or_else(|| Some(view.header().time.max(now_ms / 1_000))),
        base_fee: wanted.base_fee.or_else(|| next.map(|next| U256::from(next.base_fee))),
        ..wanted
    })
}

//! The table of intended differences from the Go node's recorded answers: one row each, with its reason. A row takes
//! back what it explains, and the rest of the answer has to be equal; so no row excuses a whole method.

use crate::replay::answers::compare::{Case, Reply};
use serde_json::Value;

/// A difference that is meant.
#[derive(Debug)]
pub struct Row {
    /// Method, `*` for all, or `HTTP`.
    pub method: &'static str,
    /// What differs. For `HTTP`, text of the request.
    pub what: &'static str,
    /// Why.
    pub why: &'static str,
    /// Takes the difference back from this node's answer.
    pub(super) undo: fn(&Case<'_>, &Reply, &mut Reply),
}

/// Every difference that is meant.
pub static TABLE: &[Row] = &[
    Row {
        method: "eth_feeHistory",
        what: "baseFeePerGas has one more entry, the next block's",
        why: "execution-apis; wallets read the last entry",
        undo: one_base_fee_more,
    },
];

fn one_base_fee_more(_: &Case<'_>, _: &Reply, ours: &mut Reply) {
    if let Ok(Value::Object(history)) = ours
        && let Some(Value::Array(fees)) = history.get_mut("baseFeePerGas")
    {
        fees.pop();
    }
}

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
    Row {
        method: "eth_call",
        what: "block overrides feeRecipient, prevRandao and baseFeePerGas have an effect",
        why: "viem sends these names, which eth_simulateV1 uses; the Go node passes over them without a word",
        undo: newer_names,
    },
    Row {
        method: "eth_call",
        what: "BLOCKHASH under a number override gives the hashes of real blocks",
        why: "a fault of the Go node: the head's hash is 0 there (avalanchego #4657)",
        undo: real_block_hash,
    },
];

fn one_base_fee_more(_: &Case<'_>, _: &Reply, ours: &mut Reply) {
    if let Ok(Value::Object(history)) = ours
        && let Some(Value::Array(fees)) = history.get_mut("baseFeePerGas")
    {
        fees.pop();
    }
}

/// The answers are words that a probing contract returned; what the override changed stands in some of them.
fn newer_names(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    for (name, word) in [("baseFeePerGas", 2), ("feeRecipient", 3), ("prevRandao", 6)] {
        if case.params.contains(&format!("{{\"{name}\":")) {
            take_word(recorded, ours, word);
        }
    }
}

fn real_block_hash(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    if case.params.contains("{\"number\":") {
        take_word(recorded, ours, 14);
    }
}

/// Puts one 32-byte word of the recorded output in place of ours.
fn take_word(recorded: &Reply, ours: &mut Reply, word: usize) {
    let (Ok(Value::String(recorded)), Ok(Value::String(ours))) = (recorded, ours) else { return };
    let place = 2 + word * 64..66 + word * 64;
    if let (Some(word), true) = (recorded.get(place.clone()), ours.len() == recorded.len()) {
        ours.replace_range(place, word);
    }
}

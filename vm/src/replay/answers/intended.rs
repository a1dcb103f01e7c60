//! The table of intended differences from the Go node's recorded answers: one row each, with its reason. A row takes
//! back what it explains, and the rest of the answer has to be equal; so no row excuses a whole method.

use crate::replay::answers::compare::{Case, Reply};
use serde_json::Value;

/// A difference that is meant.
#[derive(Debug)]
pub struct Row {
    /// Method, or `*` for all.
    pub method: &'static str,
    /// What differs.
    pub what: &'static str,
    /// Why.
    pub why: &'static str,
    /// Takes the difference back from this node's answer.
    pub(super) undo: fn(&Case<'_>, &Reply, &mut Reply),
}

/// Every difference that is meant.
pub static TABLE: &[Row] = &[
    Row {
        method: "*",
        what: "transactions and logs have blockTimestamp",
        why: "execution-apis; indexers need no second request for the time",
        undo: block_timestamp,
    },
    Row {
        method: "eth_accounts",
        what: "answers the empty list",
        why: "execution-apis; clients ask it to find out that the node holds no keys",
        undo: no_accounts,
    },
    Row {
        method: "eth_getProof",
        what: "an absent account has the hashes of no code and no storage",
        why: "execution-apis; verifiers compute them",
        undo: empty_hashes,
    },
    Row {
        method: "eth_getLogs",
        what: "malformed ranges, ranges beyond the head, and more than four topics have code -32602",
        why: "execution-apis, geth and reth; the Go node says -32000",
        undo: range_code,
    },
    Row {
        method: "eth_getLogs",
        what: "from pending to latest is the last block",
        why: "every tag is a block here, and both are the last one; the Go node takes them for a reversed range",
        undo: pending_to_latest,
    },
    Row {
        method: "eth_getBlockByNumber",
        what: "a height above the head is null",
        why: "execution-apis; the Go node says \"cannot query unfinalized data\"",
        undo: future_block,
    },
    Row {
        method: "eth_getBalance",
        what: "the block may be absent or null, and is the last one then",
        why: "execution-apis; the Go node does so for eth_call alone",
        undo: default_block,
    },
    Row {
        method: "eth_getProof",
        what: "the block may be absent or null, and is the last one then",
        why: "execution-apis; the Go node does so for eth_call alone",
        undo: default_block,
    },
    Row {
        method: "eth_getProof",
        what: "malformed storage keys have code -32602",
        why: "execution-apis has so for eth_getStorageAt; the Go node says -32000",
        undo: storage_key_code,
    },
    Row {
        method: "eth_getStorageAt",
        what: "malformed storage keys have code -32602",
        why: "execution-apis; the Go node says -32000",
        undo: storage_key_code,
    },
    Row {
        method: "eth_sendRawTransaction",
        what: GREATEST_NONCE,
        why: "EIP-2681: no block can hold it; the Go node keeps it parked",
        undo: greatest_nonce,
    },
    Row {
        method: "txpool_content",
        what: "no transaction has a nonce of 2^64 - 1",
        why: "EIP-2681: it was refused",
        undo: not_in_pool,
    },
    Row {
        method: "txpool_status",
        what: "the transaction with a nonce of 2^64 - 1 is not counted",
        why: "EIP-2681: it was refused",
        undo: not_counted,
    },
    Row {
        method: "eth_sendRawTransaction",
        what: "a price of 2^128 wei or more is refused before its fee is computed",
        why: "the EVM library computes with 128 bits; nobody has such coins",
        undo: wide_price,
    },
    Row {
        method: "eth_feeHistory",
        what: "pending is the last block, and a history without blocks has empty lists",
        why: "execution-apis; viem maps over the lists, and the Go node answers null",
        undo: whole_history,
    },
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

fn block_timestamp(_: &Case<'_>, _: &Reply, ours: &mut Reply) {
    fn strip(value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(strip),
            Value::Object(members) => {
                // It stands beside the block's hash, and is as absent as that.
                let stamp = members.get("blockTimestamp").map(Value::is_string);
                if stamp.is_some() && stamp == members.get("blockHash").map(Value::is_string) {
                    members.remove("blockTimestamp");
                }
                members.values_mut().for_each(strip);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if let Ok(value) = ours {
        strip(value);
    }
}

fn no_accounts(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let off = matches!(recorded, Err(error) if error.code == -32_601);
    if off && *ours == Ok(Value::Array(Vec::new())) {
        *ours = recorded.clone();
    }
}

fn empty_hashes(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    const ZERO: &str = "0x0000000000000000000000000000000000000000000000000000000000000000";
    const NO_CODE: &str = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
    const NO_STORAGE: &str = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
    let (Ok(Value::Object(recorded)), Ok(Value::Object(ours))) = (recorded, ours) else { return };
    for (name, none) in [("codeHash", NO_CODE), ("storageHash", NO_STORAGE)] {
        if recorded.get(name) == Some(&ZERO.into()) && ours.get(name) == Some(&none.into()) {
            ours.insert(name.to_owned(), ZERO.into());
        }
    }
}

fn range_code(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    const TEXTS: [&str; 3] = ["invalid block range params", "exceed max topics", "block range extends beyond"];
    if let (Err(recorded), Err(error)) = (recorded, ours)
        && error.code == -32_602
        && recorded.code == -32_000
        && TEXTS.iter().any(|text| error.message.starts_with(text))
    {
        *error = recorded.clone();
    }
}

fn pending_to_latest(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    if case.params == r#"[{"fromBlock":"pending","toBlock":"latest"}]"# && *ours == Ok(Value::Array(Vec::new())) {
        *ours = recorded.clone();
    }
}

fn future_block(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let refused = matches!(recorded, Err(error) if error.message == "cannot query unfinalized data");
    if refused && *ours == Ok(Value::Null) {
        *ours = recorded.clone();
    }
}

fn default_block(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    // The block is the last parameter of both methods: the first or the second counted from 0.
    const TEXTS: [&str; 4] = [
        "missing value for required argument 1",
        "missing value for required argument 2",
        "invalid arguments; neither block nor hash specified",
        "historical proof query not allowed: block number or hash not provided",
    ];
    let refused = matches!(recorded, Err(error) if TEXTS.contains(&error.message.as_str()));
    if refused && ours.as_ref().is_ok_and(|answer| !answer.is_null()) {
        *ours = recorded.clone();
    }
}

fn storage_key_code(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    if let (Err(recorded), Err(error)) = (recorded, ours)
        && error.code == -32_602
        && recorded.code == -32_000
        && ["storage key too long", "invalid hex in storage key"].iter().any(|text| error.message.contains(text))
    {
        *error = recorded.clone();
    }
}

/// Steps of a sequence that use the transaction with this nonce have nothing to use.
pub(super) const GREATEST_NONCE: &str = "a nonce of 2^64 - 1 is refused";

fn greatest_nonce(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    if matches!(ours, Err(error) if error.message == "nonce has max value") {
        *ours = recorded.clone();
    }
}

fn not_in_pool(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    const NONCE: &str = "18446744073709551615";
    let queued = |content: &Value| content.get("queued").and_then(Value::as_object).cloned().unwrap_or_default();
    let (Ok(recorded), Ok(ours)) = (recorded, ours) else { return };
    for (sender, transactions) in queued(recorded) {
        if let (Some(absent), Some(Value::Object(here))) =
            (transactions.get(NONCE), ours.get_mut("queued").and_then(|queued| queued.get_mut(&sender)))
        {
            here.entry(NONCE).or_insert_with(|| absent.clone());
        }
    }
}

fn not_counted(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let (Ok(recorded), Ok(ours)) = (recorded, ours) else { return };
    if recorded.get("queued") == Some(&"0x5".into()) && ours.get("queued") == Some(&"0x4".into()) {
        ours.clone_from(recorded);
    }
}

fn wide_price(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let (Err(recorded), Err(error)) = (recorded, ours) else { return };
    let too_wide = error.message.contains("2^128") || error.message == "overflow";
    if too_wide && error.code == recorded.code && recorded.message.contains("exceeds the configured cap") {
        error.clone_from(recorded);
    }
}

fn one_base_fee_more(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let (Ok(recorded), Ok(ours)) = (recorded, ours) else { return };
    let count = |history: &Value| history.get("baseFeePerGas").and_then(Value::as_array).map(Vec::len);
    if let (Some(theirs), Some(here)) = (count(recorded), count(ours))
        && here == theirs + 1
        && let Some(fees) = ours.get_mut("baseFeePerGas").and_then(Value::as_array_mut)
    {
        fees.pop();
    }
}

fn whole_history(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let (Ok(recorded), Ok(ours)) = (recorded, ours) else { return };
    let length = |history: &Value| history.get("gasUsedRatio").and_then(Value::as_array).map(Vec::len);
    let (theirs, here) = (length(recorded), length(ours));
    if theirs.is_none() && (here == Some(0) || (here == Some(1) && case.params.contains("\"pending\""))) {
        // It says null, and nothing else.
        ours.clone_from(recorded);
    } else if case.params.contains("\"pending\"") && here == theirs.map(|theirs| theirs + 1) {
        for name in ["baseFeePerGas", "gasUsedRatio", "reward"] {
            if let Some(values) = ours.get_mut(name).and_then(Value::as_array_mut) {
                values.remove(0);
            }
        }
        if let (Some(oldest), Value::Object(ours)) = (recorded.get("oldestBlock"), ours) {
            ours.insert("oldestBlock".to_owned(), oldest.clone());
        }
    }
}

/// The answers are words that a probing contract returned; what the override changed stands in one of them.
fn newer_names(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    for (name, word) in [("baseFeePerGas", 2), ("feeRecipient", 3), ("prevRandao", 6)] {
        let params: Value = serde_json::from_str(case.params).unwrap_or_default();
        let Some(wanted) = params.get(3).and_then(|overrides| overrides.get(name)).and_then(Value::as_str) else {
            continue;
        };
        let wanted = format!("{:0>64}", wanted.trim_start_matches("0x"));
        if word_of(ours, word).is_some_and(|got| got == wanted) {
            take_word(recorded, ours, word);
        }
    }
}

fn real_block_hash(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let zero = |word: Option<String>| word.is_some_and(|word| word.bytes().all(|digit| digit == b'0'));
    if case.params.contains("{\"number\":") && zero(word_of(recorded, 14)) && !zero(word_of(ours, 14)) {
        take_word(recorded, ours, 14);
    }
}

fn word_of(reply: &Reply, word: usize) -> Option<String> {
    reply.as_ref().ok()?.as_str()?.get(2 + word * 64..66 + word * 64).map(ToOwned::to_owned)
}

/// Puts one 32-byte word of the recorded output in place of ours.
fn take_word(recorded: &Reply, ours: &mut Reply, word: usize) {
    let (Ok(Value::String(recorded)), Ok(Value::String(ours))) = (recorded, ours) else { return };
    let place = 2 + word * 64..66 + word * 64;
    if let (Some(word), true) = (recorded.get(place.clone()), ours.len() == recorded.len()) {
        ours.replace_range(place, word);
    }
}

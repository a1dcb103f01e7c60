//! The table of intended differences from the Go node's recorded answers: one row each, with its reason. A row
//! takes back what it explains where that is what the chain says, and the rest of the answer has to be equal; so no row
//! excuses a whole method, nor any value.

use crate::replay::answers::compare::{Case, Reply};
use crate::rpc::eth::fee::ratio;
use alloy_primitives::{Address, B256, Bytes, U64, U256};
use pars_chain::block::{BlockId, Header};
use pars_chain::engine::next_block;
use pars_chain::tx::Tx;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

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
        what: "a nonce of 2^64 - 1 is refused",
        why: "EIP-2681: no block can hold it; the Go node keeps it parked",
        undo: greatest_nonce,
    },
    Row {
        method: "eth_getTransactionByHash",
        what: "the transaction with a nonce of 2^64 - 1 is null",
        why: "EIP-2681: it was refused",
        undo: not_known,
    },
    Row {
        method: "debug_getRawTransaction",
        what: "the transaction with a nonce of 2^64 - 1 has no bytes",
        why: "EIP-2681: it was refused",
        undo: not_known,
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
        what: "has baseFeePerBlobGas and blobGasUsedRatio",
        why: "execution-apis; no block has blobs, and where they have a price it is 1 wei",
        undo: blob_fees,
    },
    Row {
        method: "eth_feeHistory",
        what: "baseFeePerGas has one more entry, the next block's",
        why: "execution-apis; wallets read the last entry",
        undo: one_base_fee_more,
    },
    Row {
        method: "eth_feeHistory",
        what: "pending is the last block, and a history without blocks has empty lists",
        why: "execution-apis; viem maps over the lists, and the Go node answers null",
        undo: whole_history,
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

fn block_timestamp(case: &Case<'_>, _: &Reply, ours: &mut Reply) {
    fn strip(case: &Case<'_>, value: &mut Value) {
        match value {
            Value::Array(values) => values.iter_mut().for_each(|value| strip(case, value)),
            Value::Object(members) => {
                // It stands beside the block's hash, and is as absent as that.
                let expected = members.get("blockHash").map(|hash| match read::<B256>(hash) {
                    Some(hash) => json!(header_of(case, hash).map(|header| U64::from(header.time))),
                    None => Value::Null,
                });
                if expected.is_some() && members.get("blockTimestamp") == expected.as_ref() {
                    members.remove("blockTimestamp");
                }
                members.values_mut().for_each(|value| strip(case, value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    if let Ok(value) = ours {
        strip(case, value);
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

fn default_block(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    // The block is the last parameter of both methods: the first or the second counted from 0.
    const TEXTS: [&str; 4] = [
        "missing value for required argument 1",
        "missing value for required argument 2",
        "invalid arguments; neither block nor hash specified",
        "historical proof query not allowed: block number or hash not provided",
    ];
    let refused = matches!(recorded, Err(error) if TEXTS.contains(&error.message.as_str()));
    if refused && ours.as_ref().is_ok_and(|answer| is_of_head(case, answer)) {
        *ours = recorded.clone();
    }
}

/// Whether an answer is the balance, or the proof, of the account that was asked for in the last block.
fn is_of_head(case: &Case<'_>, answer: &Value) -> bool {
    let proof = param::<Address>(case, 0).and_then(|address| case.head.proof(address, &[]).ok());
    let Some((account, nodes)) = proof.and_then(|proof| Some((proof.account?, proof.account_proof))) else {
        return false;
    };
    let balance = json!(account.balance);
    *answer == balance
        || (answer.get("balance") == Some(&balance)
            && answer.get("storageHash") == Some(&json!(account.storage_root))
            && answer.get("accountProof") == Some(&json!(nodes)))
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

fn greatest_nonce(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let parked = param::<Bytes>(case, 0).and_then(|bytes| hash_of_greatest(&bytes));
    let refused = matches!(ours, Err(error) if error.message == "nonce has max value" && error.code == -32_000);
    if refused && parked.is_some() && recorded.as_ref().ok().and_then(read) == parked {
        *ours = recorded.clone();
    }
}

fn not_known(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let (Ok(recorded), Ok(here)) = (recorded, &ours) else { return };
    let parked = match read::<Bytes>(recorded) {
        Some(bytes) => hash_of_greatest(&bytes),
        None if recorded.get("nonce") == Some(&json!(U64::MAX)) => recorded.get("hash").and_then(read),
        None => None,
    };
    let unknown = here.is_null() || *here == json!("0x");
    if unknown && recorded.is_string() == here.is_string() && parked.is_some() && parked == param(case, 0) {
        *ours = Ok(recorded.clone());
    }
}

/// Hash of a transaction with the greatest nonce.
fn hash_of_greatest(bytes: &Bytes) -> Option<B256> {
    Tx::decode(bytes).ok().filter(|tx| tx.nonce() == u64::MAX).map(|tx| tx.hash())
}

fn not_in_pool(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    const NONCE: &str = "18446744073709551615";
    let queued = |content: &Value| content.get("queued").and_then(Value::as_object).cloned().unwrap_or_default();
    let (Ok(recorded), Ok(ours)) = (recorded, ours) else { return };
    for (sender, transactions) in queued(recorded) {
        let of_greatest = |tx: &&Value| {
            let from = tx.get("from").and_then(Value::as_str);
            tx.get("nonce") == Some(&json!(U64::MAX)) && from.is_some_and(|from| from.eq_ignore_ascii_case(&sender))
        };
        if let (Some(absent), Some(Value::Object(here))) = (
            transactions.get(NONCE).filter(of_greatest),
            ours.get_mut("queued").and_then(|queued| queued.get_mut(&sender)),
        ) {
            here.entry(NONCE).or_insert_with(|| absent.clone());
        }
    }
}

fn not_counted(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let (Ok(recorded), Ok(Value::Object(ours))) = (recorded, ours) else { return };
    if recorded.get("queued") == Some(&"0x5".into()) && ours.get("queued") == Some(&"0x4".into()) {
        ours.insert("queued".to_owned(), "0x5".into());
    }
}

fn wide_price(_: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let (Err(recorded), Err(error)) = (recorded, ours) else { return };
    let too_wide = error.message.contains("2^128") || error.message == "overflow";
    if too_wide && error.code == recorded.code && recorded.message.contains("exceeds the configured cap") {
        error.clone_from(recorded);
    }
}

fn blob_fees(case: &Case<'_>, _: &Reply, ours: &mut Reply) {
    let Some((oldest, count)) = blocks_of(ours) else { return };
    let priced = |height| match header_at(case, height) {
        Some(header) => header.excess_blob_gas.is_some(),
        None => case.spec.rules(case.at_ms / 1_000).etna,
    };
    let fees: Vec<U64> = (oldest..=oldest + count).map(|height| U64::from(priced(height))).collect();
    let fees = if count == 0 { Vec::new() } else { fees };
    let Ok(Value::Object(ours)) = ours else { return };
    let none = vec![0.0; usize::try_from(count).unwrap_or_default()];
    for (name, expected) in [("baseFeePerBlobGas", json!(fees)), ("blobGasUsedRatio", json!(none))] {
        if ours.get(name) == Some(&expected) {
            ours.remove(name);
        }
    }
}

fn one_base_fee_more(case: &Case<'_>, _: &Reply, ours: &mut Reply) {
    let Some((oldest, count)) = blocks_of(ours).filter(|(_, count)| *count > 0) else { return };
    let next = match header_at(case, oldest + count) {
        Some(header) => header.base_fee.unwrap_or_default(),
        None => match next_block(case.spec, case.head, case.at_ms) {
            Ok(Some(next)) => U256::from(next.base_fee),
            Ok(None) | Err(_) => return,
        },
    };
    let Ok(ours) = ours else { return };
    if let Some(fees) = ours.get_mut("baseFeePerGas").and_then(Value::as_array_mut)
        && u64::try_from(fees.len()) == Ok(count + 1)
        && fees.last() == Some(&json!(next))
    {
        fees.pop();
    }
}

/// Height of the first block of a fee history, and how many there are.
fn blocks_of(history: &Reply) -> Option<(u64, u64)> {
    let history = history.as_ref().ok()?;
    let count = history.get("gasUsedRatio")?.as_array()?.len();
    Some((read::<U64>(history.get("oldestBlock")?)?.to(), u64::try_from(count).ok()?))
}

fn whole_history(case: &Case<'_>, recorded: &Reply, ours: &mut Reply) {
    let nothing = json!({ "oldestBlock": "0x0", "gasUsedRatio": null });
    let empty = json!({ "oldestBlock": "0x0", "baseFeePerGas": [], "gasUsedRatio": [] });
    let (Some((oldest, count)), Ok(recorded), Ok(here)) = (blocks_of(ours), recorded, &mut *ours) else { return };
    if *recorded == nothing && *here == empty {
        *ours = Ok(nothing);
        return;
    }
    let pending = param::<String>(case, 1).as_deref() == Some("pending");
    let Some(header) = header_at(case, oldest).filter(|_| pending && oldest + count == case.head.height() + 1) else {
        return;
    };
    // The Go node's pending block is one that is not there; so the history begins a block later.
    let first =
        [("baseFeePerGas", json!(header.base_fee)), ("gasUsedRatio", json!(ratio(header.gas_used, header.gas_limit)))];
    if first.iter().any(|(name, value)| here.get(name).and_then(|values| values.get(0)) != Some(value)) {
        return;
    }
    if count == 1 {
        *ours = Ok(nothing);
        return;
    }
    for name in ["baseFeePerGas", "gasUsedRatio", "reward"] {
        if let Some(values) = here.get_mut(name).and_then(Value::as_array_mut) {
            values.remove(0);
        }
    }
    if let Some(members) = here.as_object_mut() {
        members.insert("oldestBlock".to_owned(), json!(U64::from(oldest + 1)));
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
    let number = param::<Value>(case, 3).and_then(|overrides| read::<U64>(overrides.get("number")?));
    // The probing contract asks for the block before its own.
    let before = number.and_then(|number| header_at(case, number.to::<u64>().checked_sub(1)?));
    if zero(word_of(recorded, 14))
        && word_of(ours, 14).is_some_and(|word| before.is_some_and(|header| word == format!("{:x}", header.id().0)))
    {
        take_word(recorded, ours, 14);
    }
}

/// A parameter, if it is such a one.
fn param<T: DeserializeOwned>(case: &Case<'_>, index: usize) -> Option<T> {
    serde_json::from_str::<Value>(case.params).ok()?.get(index).and_then(read)
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

fn header_at(case: &Case<'_>, height: u64) -> Option<Header> {
    case.head.header_at(height).ok()?
}

fn header_of(case: &Case<'_>, hash: B256) -> Option<Header> {
    header_at(case, case.head.height_of(BlockId(hash)).ok()??)
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

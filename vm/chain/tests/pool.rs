//! What the pool takes in, what it refuses and why, what gives way when it is full, and what a builder gets.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod files;
    pub(crate) mod pooled;
    pub(crate) mod wallet;
    pub(crate) mod world;
}

use alloy_consensus::{EthereumTxEnvelope, SignableTransaction, TxEip1559, TxEip4844};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Signature, U256, address};
use pars_chain::engine::{Built, Candidates, Chain, Opening, Wish, next_block};
use pars_chain::pool::{Limits, Origin, Pool, Refused, SLOT_BYTES, TX_BYTES_MAX};
use pars_chain::state::commit::History;
use pars_chain::store::{Durability, Memory};
use pars_chain::tx::Tx;
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::subnet::warp::message::{Message, Payload, Unsigned};
use pars_precompiles::subnet::warp::predicate::pack;
use rayon::prelude::*;
use serde_json::json;
use std::sync::Arc;
use support::files::{CHAIN_ID, Era, Files, START, fee_config};
use support::pooled::{GWEI, Pooled, draft, drain, long, shuffled, transfer};
use support::wallet::{Draft, Key};

const OUTBID: &str = "transaction underpriced: the pool is full, and what may give way pays no less";
const FEE_MANAGER: Address = address!("0200000000000000000000000000000000000003");
const TX_ALLOW_LIST: Address = address!("0200000000000000000000000000000000000002");
const WARP: Address = address!("0200000000000000000000000000000000000005");

fn granite() -> Files {
    Files::new(Era::Granite)
}

fn limited(limits: Limits) -> Pooled {
    Pooled::new(&granite(), limits)
}

fn pooled() -> Pooled {
    limited(Limits::default())
}

fn key(number: u8) -> Key {
    Key::new(number)
}

/// A genesis in which these keys, too, are rich.
fn with_keys(keys: impl IntoIterator<Item = u8>) -> Files {
    let rich = json!({ "balance": "0xffffffffffffffffffffffffffffff" });
    keys.into_iter().fold(granite(), |files, number| files.account(key(number).address, rich.clone()))
}

#[test]
fn every_refusal_in_its_words() {
    let poor = key(11);
    let contract = key(12);
    let empty_code = key(13);
    let rich = "0xffffffffffffffffffffffffffffff";
    let files = granite()
        .account(poor.address, json!({ "balance": 100_000_000_000_000_u64 }))
        .account(contract.address, json!({ "balance": rich, "code": "0x00" }))
        .account(empty_code.address, json!({ "balance": rich, "code": "0x" }))
        .account(key(14).address, json!({ "balance": rich, "nonce": 5 }))
        .row("warpConfig", json!({ "quorumNumerator": 67 }));
    let pooled = Pooled::new(&files, Limits { tip_min_wei: 2, ..Limits::default() });
    let sender = key(1);
    let sign = |draft: Draft| sender.sign(&draft.nonce(0));
    let to = Address::repeat_byte(0x77);
    let call = Draft { tip: 2, ..Draft::call(to, Bytes::new()) };

    let mut table: Vec<(Arc<Tx>, String)> = vec![
        (sender.sign_blob(&call.clone().nonce(0)), "transaction type not supported".into()),
        (sign(call.clone().gas(15_000_001)), "exceeds block gas limit: tx gas (15000001) > current max gas (15000000)".into()),
        (sign(Draft { tip: call.fee_cap + 1, ..call.clone() }), "max priority fee per gas higher than max fee per gas".into()),
        (sender.sign_legacy(&call.clone().nonce(0), Some(CHAIN_ID + 1)), "invalid sender".into()),
        (unrecoverable(), "invalid sender".into()),
        (
            sign(call.clone().gas(20_999)),
            format!("intrinsic gas too low: address {} tx gas (20999), minimum needed 21000", sender.address),
        ),
        (
            sign(Draft { fee_cap: GWEI - 1, ..call.clone() }),
            format!("transaction underpriced: address {} have gas fee cap (999999999) < pool minimum fee cap (1000000000)", sender.address),
        ),
        (sign(Draft { tip: 1, ..call.clone() }), "transaction underpriced: gas tip cap 1, minimum needed 2".into()),
        (key(14).sign(&call.clone().nonce(4)), "nonce too low: next nonce 5, tx nonce 4".into()),
        (sender.sign(&call.clone().nonce(u64::MAX)), "nonce has max value".into()),
        (contract.sign(&call.clone().nonce(0)), format!("sender not an eoa: address {}", contract.address)),
        (
            poor.sign(&call.clone().nonce(0).gas(100_000).value(1)),
            "insufficient funds for gas * price + value: balance 100000000000000, tx cost 100000000000000001, overshot 99900000000000001".into(),
        ),
        (
            key(15).sign(&Draft { value: U256::MAX, ..call.clone().nonce(0) }),
            format!("insufficient funds for gas * price + value: balance 0, tx cost {0}, overshot {0}", U256::MAX),
        ),
        (sign(call.clone().access(WARP, vec![])), format!("predicate of {WARP} does not decode")),
        (sign(call.clone().gas(1_000_000).access(WARP, predicate())), "warp verification is not in this release".into()),
        (
            sign(call.clone().gas(1_000_000).access(to, vec![B256::ZERO; 600])),
            format!("intrinsic gas too low: address {} tx gas (1000000), minimum needed 1163400", sender.address),
        ),
    ];
    let too_long = sign_of_size(&sender, TX_BYTES_MAX + 1);
    table.push((too_long, "oversized data: transaction size 131073, limit 131072".into()));
    let initcode = |bytes: usize| sign(Draft { tip: 2, ..Draft::create(vec![0; bytes]) });
    table.push((initcode(49_153), "max initcode size exceeded: code size 49153, limit 49152".into()));
    for (tx, words) in table {
        assert_eq!(pooled.refusal(&tx), words);
    }

    // At the bound, each is taken.
    for (nonce, draft) in
        [call.clone().gas(15_000_000), call.clone().gas(21_000), Draft { fee_cap: GWEI, ..call.clone() }]
            .into_iter()
            .enumerate()
    {
        assert_eq!(pooled.submit(&sender.sign(&draft.nonce(nonce.try_into().unwrap()))), Ok(()));
    }
    assert_eq!(pooled.submit(&key(2).sign(&Draft { tip: 2, ..Draft::create(vec![0; 49_152]) }.nonce(0))), Ok(()));
    assert_eq!(pooled.submit(&sign_of_size(&key(3), TX_BYTES_MAX)), Ok(()));
    assert_eq!(pooled.submit(&key(4).sign(&call.clone().nonce(u64::MAX - 1))), Ok(()));
    assert_eq!(pooled.submit(&key(14).sign(&call.clone().nonce(5))), Ok(()));
    assert_eq!(pooled.submit(&empty_code.sign(&call.clone().nonce(0))), Ok(()), "an empty code is no code");
    assert_eq!(pooled.submit(&key(5).sign_legacy(&call.clone().nonce(0), None)), Ok(()), "from before EIP-155");
    assert_eq!(pooled.submit(&key(6).sign_access(&call.nonce(0))), Ok(()));
}

#[test]
fn what_waits_is_paid_from_the_same_balance() {
    let sender = key(11);
    let cost = 21_000 * GWEI;
    let files = granite().account(sender.address, json!({ "balance": (3 * cost).to_string() }));
    let pooled = Pooled::new(&files, Limits::default());
    let free = |nonce, fee_cap| sender.sign(&draft(nonce, fee_cap, 1).value(0));
    assert_eq!(pooled.submit(&free(0, 2)), Ok(()));
    assert_eq!(
        pooled.refusal(&free(1, 2)),
        format!(
            "insufficient funds for gas * price + value: balance {}, queued cost {}, tx cost {}, overshot {cost}",
            3 * cost,
            2 * cost,
            2 * cost
        )
    );
    assert_eq!(pooled.submit(&free(1, 1)), Ok(()));
    assert_eq!(
        pooled.refusal(&free(0, 3)),
        format!(
            "insufficient funds for gas * price + value: balance {}, queued cost {cost}, tx cost {}, overshot {cost}",
            3 * cost,
            3 * cost
        ),
        "the one that it would replace does not count"
    );
    assert_eq!(pooled.refusal(&free(7, 1)).split(", overshot").count(), 2, "behind a gap, too");
}

/// Parked transactions are bounded one by one only; when the gap closes, those that the balance does not cover stay
/// parked until it does.
#[test]
fn promoted_as_far_as_the_balance_goes() {
    let sender = key(11);
    let cost = 21_000 * GWEI;
    let files = granite().account(sender.address, json!({ "balance": (2 * cost).to_string() }));
    let mut pooled = Pooled::new(&files, Limits::default());
    let free = |nonce| sender.sign(&draft(nonce, 1, 1).value(0));
    for nonce in [3, 2, 1] {
        assert_eq!(pooled.submit(&free(nonce)), Ok(()));
    }
    assert_eq!(pooled.nonces(sender.address), (vec![], vec![1, 2, 3]));
    assert_eq!(pooled.submit(&free(0)), Ok(()));
    assert_eq!(pooled.nonces(sender.address), (vec![0, 1], vec![2, 3]));
    let head = pooled.world.chain.head().clone();
    assert_eq!(pooled.pool.pending_nonce(sender.address, &head), Ok(2));
    let gift = Draft { value: U256::from(cost * 3), ..draft(0, 1_000, 1) };
    let gift = key(1).sign(&Draft { to: sender.address.into(), ..gift });
    assert_eq!(pooled.submit(&gift), Ok(()));
    assert_eq!(pooled.seal().block.transactions.len(), 3);
    assert_eq!(pooled.nonces(sender.address), (vec![2, 3], vec![]));
    assert_eq!(pooled.seal().block.transactions.len(), 2);
    assert!(pooled.pool.is_empty());
}

#[test]
fn report_3_8_replacement_raises_both_caps() {
    // Old caps and new ones, gwei; percent; whether the new one replaces.
    let table = [
        ((100, 10), (110, 11), 10, true),
        ((100, 10), (109, 11), 10, false),
        ((100, 10), (111, 10), 10, false),
        ((100, 10), (100, 100), 10, false),
        ((100, 10), (1_000, 10), 10, false),
        ((100, 10), (99, 9), 10, false),
        ((100, 10), (200, 20), 10, true),
        // Ten percent of 5 are nothing, and yet it must rise.
        ((100, 0), (110, 0), 10, false),
        ((100, 10), (150, 15), 50, true),
        ((100, 10), (149, 15), 50, false),
        ((100, 10), (100, 10), 0, false),
        ((100, 10), (101, 11), 0, true),
    ];
    for ((old_cap, old_tip), (cap, tip), percent, replaces) in table {
        for (nonce, parked) in [(0, false), (1, true)] {
            let pooled = limited(Limits { price_bump_percent: percent, ..Limits::default() });
            let old = transfer(&key(1), nonce, old_cap, old_tip);
            let new = key(1).sign(&draft(nonce, cap, tip).value(2));
            assert_eq!(pooled.submit(&old), Ok(()));
            let case = format!("({old_cap}, {old_tip}) by ({cap}, {tip}) at {percent} %, parked: {parked}");
            if replaces {
                assert_eq!(pooled.submit(&new), Ok(()), "{case}");
                assert_eq!((pooled.pool.get(old.hash()), pooled.pool.get(new.hash())), (None, Some(new)), "{case}");
            } else {
                assert_eq!(pooled.refusal(&new), "replacement transaction underpriced", "{case}");
                assert_eq!(pooled.pool.get(old.hash()), Some(old), "{case}");
            }
            assert_eq!(pooled.pool.len(), 1, "{case}");
        }
    }
}

/// Cancelling a stuck transaction: the same nonce, more of both caps; what follows it stays.
#[test]
fn a_replaced_transaction_keeps_its_followers() {
    let mut pooled = pooled();
    for nonce in 0..3 {
        assert_eq!(pooled.submit(&transfer(&key(1), nonce, 10, 1)), Ok(()));
    }
    let cancel = key(1).sign(&Draft { to: key(1).address.into(), ..draft(1, 11, 2).value(0) });
    assert_eq!(pooled.submit(&cancel), Ok(()));
    assert_eq!(pooled.nonces(key(1).address), (vec![0, 1, 2], vec![]));
    let sealed = pooled.seal();
    assert_eq!(sealed.block.transactions[1], cancel);
    assert_eq!(sealed.block.transactions.len(), 3);
}

/// What is told to those who follow pending transactions: each once, when a block can hold it.
#[test]
fn what_becomes_executable_is_named() {
    let pooled = pooled();
    let tx = |nonce| transfer(&key(1), nonce, 10, 1);
    let admit = |tx: &Arc<Tx>| pooled.pool.admit(Arc::clone(tx), Origin::Remote, 0).unwrap();
    let none: [B256; 0] = [];
    assert_eq!(admit(&tx(2)), none);
    assert_eq!(admit(&tx(1)), none);
    assert_eq!(admit(&tx(5)), none);
    assert_eq!(admit(&tx(0)), [tx(0).hash(), tx(1).hash(), tx(2).hash()]);
    assert_eq!(admit(&tx(3)), [tx(3).hash()]);
    let cancel = key(1).sign(&Draft { to: key(1).address.into(), ..draft(1, 11, 2).value(0) });
    assert_eq!(admit(&cancel), [cancel.hash()]);
    let parked = key(1).sign(&Draft { to: key(1).address.into(), ..draft(5, 11, 2).value(0) });
    assert_eq!(admit(&parked), none);
    assert_eq!(admit(&tx(4)), [tx(4).hash(), parked.hash()]);
}

#[test]
fn report_3_1_the_same_bytes_again() {
    let mut pooled = pooled();
    let (first, third) = (transfer(&key(1), 0, 10, 1), transfer(&key(1), 2, 10, 1));
    for tx in [&first, &third] {
        assert_eq!(pooled.submit(tx), Ok(()));
        assert_eq!(pooled.refusal(tx), "already known");
        let decoded = Arc::new(Tx::decode(&tx.encode()).unwrap());
        assert_eq!(pooled.refusal(&decoded), "already known");
    }
    pooled.seal();
    assert_eq!(pooled.refusal(&first), "nonce too low: next nonce 1, tx nonce 0");
}

#[test]
fn report_3_1_a_filled_gap_promotes() {
    let pooled = pooled();
    for nonce in [4, 1, 2, 6] {
        assert_eq!(pooled.submit(&transfer(&key(1), nonce, 10, 1)), Ok(()));
    }
    assert_eq!(pooled.nonces(key(1).address), (vec![], vec![1, 2, 4, 6]));
    assert!(pooled.candidates().best().is_none());
    assert_eq!(pooled.submit(&transfer(&key(1), 0, 10, 1)), Ok(()));
    assert_eq!(pooled.nonces(key(1).address), (vec![0, 1, 2], vec![4, 6]));
    assert_eq!(pooled.submit(&transfer(&key(1), 3, 10, 1)), Ok(()));
    assert_eq!(pooled.nonces(key(1).address), (vec![0, 1, 2, 3, 4], vec![6]));
    let stats = pooled.pool.stats();
    assert_eq!((stats.senders, stats.executable, stats.parked), (1, 5, 1));
    assert_eq!((stats.executable_slots, stats.parked_slots), (5, 1));
    let sizes: usize = pooled.pool.content()[0].executable.iter().map(|tx| tx.size()).sum();
    assert_eq!(stats.bytes, u64::try_from(sizes + transfer(&key(1), 6, 10, 1).size()).unwrap());
}

#[test]
fn report_3_4_a_burst_in_any_order_is_mined_in_order() {
    for seed in 0..20 {
        let mut pooled = pooled();
        let burst: Vec<_> = (0..100).map(|nonce| transfer(&key(1), nonce, 10, 1)).collect();
        for tx in shuffled(burst.clone(), seed) {
            assert_eq!(pooled.submit(&tx), Ok(()), "seed {seed}");
        }
        assert_eq!(drain(pooled.candidates()), burst, "seed {seed}");
        assert_eq!(pooled.seal().block.transactions, burst, "seed {seed}");
        assert!(pooled.pool.is_empty());
    }
}

#[test]
fn best_tip_first_local_before_remote_first_come_of_equals() {
    let pooled = pooled();
    let submit = |tx: &Arc<Tx>| assert_eq!(pooled.submit(tx), Ok(()));
    // The base fee is 1 gwei: of a cap of 3 gwei 2 are left.
    let equal_first = transfer(&key(1), 0, 100, 5);
    let equal_second = transfer(&key(2), 0, 50, 5);
    let capped = transfer(&key(3), 0, 3, 3);
    let best = transfer(&key(4), 0, 100, 9);
    let behind_capped = transfer(&key(3), 1, 100, 50);
    let local = transfer(&key(5), 0, 100, 1);
    let local_behind = transfer(&key(5), 1, 100, 2);
    [&capped, &equal_first, &equal_second, &behind_capped, &best].into_iter().for_each(submit);
    assert_eq!(pooled.submit_from(&local, Origin::Local), Ok(()));
    assert_eq!(pooled.submit_from(&local_behind, Origin::Remote), Ok(()));
    let order = [local, local_behind, best, equal_first, equal_second, capped, behind_capped];
    assert_eq!(drain(pooled.candidates()), order);
}

#[test]
fn only_what_pays_the_base_fee_and_the_tip() {
    let pooled = pooled();
    let parent = pooled.world.chain.head();
    let txs = [transfer(&key(1), 0, 10, 3), transfer(&key(1), 1, 4, 2), transfer(&key(1), 2, 10, 3)];
    txs.iter().for_each(|tx| assert_eq!(pooled.submit(tx), Ok(())));
    let gwei = |gwei: u64| gwei * 1_000_000_000;
    for (base_fee, tip_min, offered) in
        [(1, 0, 3), (4, 0, 3), (5, 0, 1), (10, 0, 1), (11, 0, 0), (1, 2, 3), (1, 3, 1), (1, 4, 0)]
    {
        let candidates = pooled.pool.candidates(parent, gwei(base_fee), tip_min * GWEI);
        assert_eq!(drain(candidates), txs[..offered], "base fee {base_fee}, tip {tip_min}");
        assert_eq!(pooled.pool.wants_block(parent, gwei(base_fee), tip_min * GWEI), offered > 0);
    }
    let candidates = pooled.pool.candidates(parent, gwei(10) + 1, 0);
    assert!(candidates.best().is_none());
}

#[test]
fn a_snapshot_stands_still_and_drops_a_sender() {
    let pooled = pooled();
    let txs = [transfer(&key(1), 0, 10, 3), transfer(&key(1), 1, 10, 3), transfer(&key(2), 0, 10, 2)];
    txs.iter().for_each(|tx| assert_eq!(pooled.submit(tx), Ok(())));
    let mut candidates = pooled.candidates();
    assert_eq!(pooled.submit(&transfer(&key(3), 0, 10, 9)), Ok(()));
    assert_eq!(candidates.best(), Some(&txs[0]));
    candidates.drop_sender();
    assert_eq!(candidates.best(), Some(&txs[2]));
    candidates.take();
    assert_eq!(candidates.best(), None);
    candidates.take();
    candidates.drop_sender();
    assert_eq!(candidates.best(), None);
}

/// A block that is built and not yet accepted: its transactions stay, but nobody builds of them again.
#[test]
fn processing_blocks_are_not_built_twice() {
    let mut pooled = pooled();
    let txs: Vec<_> = (0..3).map(|nonce| transfer(&key(1), nonce, 10, 1)).collect();
    assert_eq!(pooled.submit(&txs[0]), Ok(()));
    assert_eq!(pooled.submit(&txs[1]), Ok(()));
    let Built::Block(first) = pooled.build() else { panic!("a block") };
    pooled.world.chain.set_preference(first.id()).unwrap();
    pooled.world.next_ms += 2_000;
    assert!(pooled.candidates().best().is_none());
    assert!(matches!(pooled.build(), Built::Nothing));
    assert_eq!(pooled.pool.get(txs[0].hash()), Some(Arc::clone(&txs[0])), "it is not lost from sight");
    let preferred = pooled.world.chain.view(first.id()).unwrap();
    assert_eq!(pooled.pool.pending_nonce(key(1).address, &preferred), Ok(2));
    assert_eq!(pooled.submit(&txs[2]), Ok(()));
    assert_eq!(drain(pooled.candidates()), txs[2..]);
    let Built::Block(second) = pooled.build() else { panic!("a block") };
    assert_eq!(second.transactions, txs[2..]);

    // The first one is rejected with the second one above it: everything is offered again.
    pooled.world.chain.reject(second.id()).unwrap();
    let returned = pooled.world.chain.reject(first.id()).unwrap().transactions.clone();
    pooled.reset(&returned);
    assert_eq!(drain(pooled.candidates()), txs);
    assert_eq!(pooled.seal().block.transactions, txs);
    assert!(pooled.pool.is_empty());
}

#[test]
fn what_others_mined_leaves_and_what_was_rejected_returns() {
    let mut pooled = pooled();
    let mine: Vec<_> = (0..4).map(|nonce| transfer(&key(1), nonce, 10, 1)).collect();
    mine.iter().skip(1).for_each(|tx| assert_eq!(pooled.submit(tx), Ok(())));
    // Nonce 0 never came here; nonce 1 was mined as another transaction.
    let other = key(1).sign(&draft(1, 20, 2).value(3));
    pooled.world.seal([Arc::clone(&mine[0]), other]);
    pooled.reset(&[]);
    assert_eq!(pooled.nonces(key(1).address), (vec![2, 3], vec![]));
    assert_eq!(pooled.pool.get(mine[1].hash()), None);

    // A block of somebody else is rejected: what it held comes in, as far as it is valid.
    let foreign = transfer(&key(2), 0, 10, 1);
    pooled.reset(&[Arc::clone(&foreign), Arc::clone(&mine[0]), Arc::clone(&mine[2])]);
    assert_eq!(pooled.pool.len(), 3);
    assert_eq!(pooled.pool.get(foreign.hash()), Some(foreign));
}

#[test]
fn a_rewound_chain_gives_its_transactions_back() {
    let mut pooled = pooled();
    let txs: Vec<_> = (0..5).map(|nonce| transfer(&key(1), nonce, 10, 1)).collect();
    txs.iter().take(3).for_each(|tx| assert_eq!(pooled.submit(tx), Ok(())));
    let sealed = pooled.seal();
    txs.iter().skip(3).for_each(|tx| assert_eq!(pooled.submit(tx), Ok(())));
    pooled.world.chain.rewind(0).unwrap();
    pooled.world.twin.rewind(0).unwrap();
    pooled.reset(&[]);
    assert_eq!(pooled.nonces(key(1).address), (vec![], vec![3, 4]));
    pooled.reset(&sealed.block.transactions);
    assert_eq!(pooled.nonces(key(1).address), (vec![0, 1, 2, 3, 4], vec![]));
    assert_eq!(pooled.seal().block.transactions, txs);
}

/// The least fee cap, the gas limit and the allow list are those of the head's state, at start and at every block.
#[test]
fn report_3_5_parameters_come_from_the_head() {
    let admin = key(1);
    let files = granite().row("feeManagerConfig", json!({ "adminAddresses": [admin.address] })).row(
        "txAllowListConfig",
        json!({ "adminAddresses": [admin.address], "enabledAddresses": [key(2).address, key(3).address] }),
    );
    let mut pooled = Pooled::new(&files, Limits::default());
    let denied =
        |number: u8| format!("cannot issue transaction from non-allow listed address: {}", key(number).address);
    let (low, high) = (transfer(&key(2), 0, 10, 1), transfer(&key(3), 0, 100, 1));
    let big = key(3).sign(&draft(1, 100, 1).gas(11_000_000));
    for tx in [&low, &high, &big, &transfer(&key(2), 1, 100, 1)] {
        assert_eq!(pooled.submit(tx), Ok(()));
    }
    assert_eq!(pooled.refusal(&transfer(&key(4), 0, 100, 1)), denied(4));

    let set_fees = set_fee_config(10_000_000, 20_000_000_000);
    pooled.world.send(&admin, Draft::call(FEE_MANAGER, set_fees));
    pooled.reset(&[]);
    assert_eq!(pooled.pool.get(low.hash()), None, "its cap is below the new least fee");
    assert_eq!(pooled.nonces(key(2).address), (vec![], vec![1]));
    assert_eq!(pooled.nonces(key(3).address), (vec![0], vec![]), "the block has no room for 11,000,000 gas");
    let words = |pooled: &Pooled| [pooled.refusal(&low), pooled.refusal(&big)];
    let expected = [
        format!(
            "transaction underpriced: address {} have gas fee cap (10000000000) < pool minimum fee cap (20000000000)",
            key(2).address
        ),
        "exceeds block gas limit: tx gas (11000000) > current max gas (10000000)".to_owned(),
    ];
    assert_eq!(words(&pooled), expected);

    let set_none = [&[0x8c, 0x6b, 0xfb, 0x3b][..], key(3).address.into_word().as_slice()].concat();
    let set_enabled = [&[0x0a, 0xaf, 0x70, 0x43][..], key(4).address.into_word().as_slice()].concat();
    pooled.world.send(&admin, Draft::call(TX_ALLOW_LIST, set_none));
    pooled.world.send(&admin, Draft::call(TX_ALLOW_LIST, set_enabled));
    pooled.reset(&[]);
    assert_eq!(pooled.nonces(key(3).address), (vec![], vec![]), "a sender that lost its role");
    assert_eq!(pooled.refusal(&high), denied(3));
    assert_eq!(pooled.submit(&transfer(&key(4), 0, 100, 1)), Ok(()));

    // Another process opens the same data.
    pooled.world.chain = files.open(Arc::new(pooled.world.store.clone()), History::Archive);
    let spec = Arc::clone(pooled.world.chain.spec());
    pooled.pool = Pool::new(spec, Limits::default(), pooled.world.chain.head()).unwrap();
    assert_eq!(words(&pooled), expected);
    assert_eq!(pooled.refusal(&high), denied(3));
}

/// The allow list and Durango's limit of initcode come while transactions wait.
#[test]
fn a_fork_takes_out_what_it_forbids() {
    let files =
        Files::new(Era::Apricot).config("durangoTimestamp", json!(START + 3)).config("etnaTimestamp", json!(START + 3));
    let mut pooled = Pooled::new(&files, Limits::default());
    let create = key(1).sign(&Draft::create(vec![0; 49_153]).nonce(0).gas(2_000_000));
    let cheap = key(2).sign(&Draft::create(vec![0; 3_200]).nonce(0).gas(53_000 + 4 * 3_200));
    assert_eq!(pooled.submit(&create), Ok(()));
    assert_eq!(pooled.submit(&cheap), Ok(()));
    pooled.world.send(&key(3), Draft::transfer(Address::ZERO, 1));
    pooled.reset(&[]);
    assert_eq!(pooled.pool.len(), 2, "Durango is a second away");
    pooled.world.send(&key(3), Draft::transfer(Address::ZERO, 1));
    pooled.reset(&[]);
    assert!(pooled.pool.is_empty());
    assert_eq!(pooled.refusal(&create), "max initcode size exceeded: code size 49153, limit 49152");
    assert_eq!(
        pooled.refusal(&cheap),
        format!("intrinsic gas too low: address {} tx gas (65800), minimum needed 66000", key(2).address)
    );
}

/// A well-formed predicate that nobody verifies: no block that is built here would ever hold it, and what is executable
/// waits for ever. It comes in only where there are verdicts, or where the address is one like any other.
#[test]
fn a_predicate_without_verdicts_is_kept_out() {
    let tx = key(1).sign(&draft(0, 100, 10).gas(1_000_000).access(WARP, predicate()));
    let warp = || json!({ "quorumNumerator": 67 });
    let off = pooled();
    assert_eq!(off.submit(&tx), Ok(()), "warp is not on");
    let on = Pooled::new(&granite().row("warpConfig", warp()), Limits::default());
    assert_eq!(on.submit(&tx), Err(Refused::NoVerdict));
    let limits = Limits { predicates: true, ..Limits::default() };
    let verified = Pooled::new(&granite().row("warpConfig", warp()), limits);
    assert_eq!(verified.submit(&tx), Ok(()));
    // Nor does it stay when warp comes on, or come back after a restart.
    let mut pooled = Pooled::new(&granite().switch("warpConfig", 3, warp()), Limits::default());
    assert_eq!(pooled.submit(&tx), Ok(()));
    let kept = pooled.pool.arrived().into_iter().map(|kept| (kept, Origin::Remote)).collect();
    for _ in 0..2 {
        pooled.world.send(&key(3), Draft::transfer(Address::ZERO, 1));
        pooled.reset(&[]);
    }
    assert!(pooled.pool.is_empty());
    assert_eq!(pooled.pool.take_departed().arrivals, [1]);
    assert_eq!(pooled.pool.restore(kept, 1, 0), Ok(0));
}

/// Two chains in one process do not share their rules.
#[test]
fn report_3_9_each_pool_has_its_own_rules() {
    let dear = Pooled::new(&granite().fee("minBaseFee", json!(50_000_000_000_u64)), Limits::default());
    let cheap = pooled();
    let tx = transfer(&key(1), 0, 10, 1);
    assert!(matches!(dear.submit(&tx), Err(Refused::FeeCapTooLow { .. })));
    assert_eq!(cheap.submit(&tx), Ok(()));
}

#[test]
fn parked_transactions_expire() {
    let lifetime_ms = Limits::default().lifetime_ms;
    let mut pooled = pooled();
    let (first, gap) = (transfer(&key(1), 0, 10, 1), transfer(&key(1), 2, 10, 1));
    let local = transfer(&key(2), 1, 10, 1);
    assert_eq!(pooled.submit(&first), Ok(()));
    assert_eq!(pooled.submit(&gap), Ok(()));
    assert_eq!(pooled.submit_from(&local, Origin::Local), Ok(()));
    pooled.now_ms += 1;
    let later = transfer(&key(3), 1, 10, 1);
    assert_eq!(pooled.submit(&later), Ok(()));
    let version = pooled.pool.version();
    assert_eq!(pooled.pool.expire(lifetime_ms), 0, "at the bound");
    assert_eq!(pooled.pool.version(), version);
    assert_eq!(pooled.pool.expire(lifetime_ms + 1), 1);
    assert!(pooled.pool.version() > version);
    assert_eq!((pooled.pool.get(gap.hash()), pooled.pool.get(later.hash())), (None, Some(later)));
    assert_eq!(pooled.pool.expire(0), 0, "a clock that goes back");
    pooled.now_ms = lifetime_ms * 10;
    pooled.reset(&[]);
    assert_eq!(drain(pooled.candidates()), [first], "what is executable waits for ever");
    assert_eq!(pooled.nonces(key(2).address), (vec![], vec![1]), "and so does what a local sender parks");
}

/// An executable transaction that loses its predecessor is parked from then on, not from its arrival.
#[test]
fn demoted_transactions_live_on_from_their_demotion() {
    let lifetime_ms = Limits::default().lifetime_ms;
    let files = granite().row("feeManagerConfig", json!({ "adminAddresses": [key(9).address] }));
    let mut pooled = Pooled::new(&files, Limits::default());
    assert_eq!(pooled.submit(&key(1).sign(&draft(0, 10, 1).gas(11_000_000))), Ok(()));
    let follower = transfer(&key(1), 1, 100, 1);
    assert_eq!(pooled.submit(&follower), Ok(()));
    pooled.world.send(&key(9), Draft::call(FEE_MANAGER, set_fee_config(10_000_000, 1_000_000_000)));
    pooled.now_ms = lifetime_ms * 5;
    pooled.reset(&[]);
    assert_eq!(pooled.nonces(key(1).address), (vec![], vec![1]));
    assert_eq!(pooled.pool.expire(lifetime_ms * 6), 0);
    assert_eq!(pooled.pool.expire(lifetime_ms * 6 + 1), 1);
}

#[test]
fn the_version_moves_with_the_content() {
    let mut pooled = pooled();
    let version = pooled.pool.version();
    let parent = pooled.world.chain.head().clone();
    assert!(!pooled.pool.wants_block(&parent, 1_000_000_000, 0));
    assert_eq!(pooled.submit(&transfer(&key(1), 0, 10, 1)), Ok(()));
    let after = pooled.pool.version();
    assert!(after > version);
    assert!(pooled.pool.wants_block(&parent, 1_000_000_000, 0));
    assert!(pooled.pool.wants_block(&parent, 1_000_000_000, 0), "asking changes nothing");
    assert_eq!(pooled.pool.version(), after);
    pooled.seal();
    assert!(pooled.pool.version() > after);
    let parent = pooled.world.chain.head().clone();
    assert!(!pooled.pool.wants_block(&parent, 1_000_000_000, 0));
}

#[test]
fn report_3_3_pending_nonce_counts_the_pool() {
    let pooled = pooled();
    let head = pooled.world.chain.head();
    let pending = |number: u8| pooled.pool.pending_nonce(key(number).address, head).unwrap();
    assert_eq!(pending(1), 0);
    for nonce in [0, 1, 3] {
        assert_eq!(pooled.submit(&transfer(&key(1), nonce, 10, 1)), Ok(()));
    }
    assert_eq!((pending(1), pending(2)), (2, 0));
}

// Full pools.

/// Many slots of executable transactions, and the one too many.
#[test]
fn executable_slots_are_bounded() {
    let pooled = limited(Limits { account_slots: 2, global_slots: 6, ..Limits::default() });
    for nonce in 0..6 {
        assert_eq!(pooled.submit(&transfer(&key(1), nonce, 10, 1)), Ok(()));
    }
    assert_eq!(pooled.refusal(&transfer(&key(1), 6, 100, 50)), "txpool is full", "its own end is what would give way");
    assert_eq!(pooled.submit(&transfer(&key(1), 7, 10, 1)), Ok(()), "parked ones are counted apart");
    // Others come in as long as somebody is beyond the share.
    for number in [2, 3] {
        for nonce in 0..2 {
            assert_eq!(pooled.submit(&transfer(&key(number), nonce, 10, 2)), Ok(()));
        }
    }
    assert_eq!(pooled.nonces(key(1).address), (vec![0, 1], vec![7]));
    assert_eq!(pooled.pool.stats().executable_slots, 6);
    // Now all hold their share of two, and a fourth sender makes it one.
    assert_eq!(pooled.refusal(&transfer(&key(4), 0, 10, 1)), OUTBID);
    assert_eq!(pooled.submit(&transfer(&key(4), 0, 10, 9)), Ok(()));
    assert_eq!(pooled.nonces(key(1).address), (vec![0], vec![7]), "the worst paid end");
    // What is above a share of one goes to who pays most; the last one of each stays.
    for nonce in [1, 2] {
        assert_eq!(pooled.submit(&transfer(&key(4), nonce, 10, 9)), Ok(()));
    }
    assert_eq!(pooled.refusal(&transfer(&key(4), 3, 10, 9)), "txpool is full");
    for (number, held) in [(1, 1), (2, 1), (3, 1), (4, 3)] {
        assert_eq!(pooled.nonces(key(number).address).0.len(), held, "sender {number}");
    }
}

#[test]
fn parked_slots_are_bounded() {
    let pooled = limited(Limits { account_queue: 2, global_queue: 6, ..Limits::default() });
    for nonce in 1..=6 {
        assert_eq!(pooled.submit(&transfer(&key(1), nonce, 10, 1)), Ok(()));
    }
    assert_eq!(pooled.refusal(&transfer(&key(1), 7, 100, 50)), "txpool is full");
    assert_eq!(pooled.submit(&transfer(&key(2), 1, 10, 0)), Ok(()), "whatever it pays");
    assert_eq!(pooled.nonces(key(1).address), (vec![], vec![1, 2, 3, 4, 5]));
    assert_eq!(pooled.submit(&transfer(&key(1), 0, 10, 1)), Ok(()), "what fills the gap is not parked");
    assert_eq!(pooled.nonces(key(1).address), (vec![0, 1, 2, 3, 4, 5], vec![]));
    let stats = pooled.pool.stats();
    assert_eq!((stats.executable_slots, stats.parked_slots), (6, 1));
}

#[test]
fn bytes_are_bounded_and_long_transactions_take_slots() {
    let sizes = [(100, 1), (SLOT_BYTES - 1_000, 1), (SLOT_BYTES, 2), (100_000, 4), (120_000, 4)];
    for (bytes, slots) in sizes {
        let pooled = pooled();
        assert_eq!(pooled.submit(&long(&key(1), 0, 10, bytes)), Ok(()));
        assert_eq!(pooled.pool.stats().executable_slots, slots, "{bytes} bytes");
    }
    let one = u64::try_from(long(&key(1), 0, 10, 60_000).size()).unwrap();
    let pooled = limited(Limits { bytes_max: 4 * one, ..Limits::default() });
    for nonce in 0..4 {
        assert_eq!(pooled.submit(&long(&key(1), nonce, 10, 60_000)), Ok(()));
    }
    assert_eq!(pooled.pool.stats().bytes, 4 * one, "at the bound");
    assert_eq!(pooled.refusal(&transfer(&key(1), 4, 10, 9)), "txpool is full");
    assert_eq!(pooled.submit(&transfer(&key(2), 0, 10, 9)), Ok(()));
    assert_eq!(pooled.nonces(key(1).address).0.len(), 3);
}

/// Whoever offers more than anybody else gets no more than a share; what others hold within theirs stays.
#[test]
fn a_rich_flood_displaces_nobody_within_the_share() {
    let limits = Limits { account_slots: 4, global_slots: 40, account_queue: 4, global_queue: 20, ..Limits::default() };
    let pooled = limited(limits);
    for number in 1..=8 {
        for nonce in 0..4 {
            assert_eq!(pooled.submit(&transfer(&key(number), nonce, 10, 1)), Ok(()));
        }
        for nonce in 5..7 {
            assert_eq!(pooled.submit(&transfer(&key(number), nonce, 10, 1)), Ok(()));
        }
    }
    for nonce in 0..50 {
        drop(pooled.submit(&transfer(&key(9), nonce, 100_000, 50_000)));
    }
    for nonce in 100..150 {
        drop(pooled.submit(&transfer(&key(9), nonce, 100_000, 50_000)));
    }
    for number in 1..=8 {
        assert_eq!(pooled.nonces(key(number).address), (vec![0, 1, 2, 3], vec![5, 6]), "sender {number}");
    }
    let (executable, parked) = pooled.nonces(key(9).address);
    assert_eq!((executable.len(), parked.len()), (8, 4), "what was free");
}

/// A dear transaction behind cheap ones is worth no more than they are: no block can hold it without them.
#[test]
fn cheap_transactions_do_not_hide_behind_a_dear_one() {
    for sorted_anew in [false, true] {
        let pooled = limited(Limits { account_slots: 2, global_slots: 8, ..Limits::default() });
        for nonce in 0..7 {
            assert_eq!(pooled.submit(&transfer(&key(1), nonce, 10, 2)), Ok(()));
        }
        assert_eq!(pooled.submit(&transfer(&key(1), 7, 100_000, 90_000)), Ok(()));
        if sorted_anew {
            pooled.reset(&[]);
        }
        assert_eq!(pooled.submit(&transfer(&key(2), 0, 10, 3)), Ok(()));
        assert_eq!(pooled.nonces(key(1).address).0, [0, 1, 2, 3, 4, 5, 6]);
    }
    // And it takes no place from others by what stands behind its cheap start.
    let pooled = limited(Limits { account_slots: 4, global_slots: 8, ..Limits::default() });
    for number in [1, 2] {
        for nonce in 0..4 {
            assert_eq!(pooled.submit(&transfer(&key(number), nonce, 10, 2)), Ok(()));
        }
    }
    assert_eq!(pooled.submit(&transfer(&key(3), 1, 100_000, 90_000)), Ok(()));
    assert_eq!(pooled.refusal(&transfer(&key(3), 0, 10, 1)), OUTBID);
}

/// What a refused transaction would have made of its sender is not made.
#[test]
fn a_refused_local_transaction_favours_nobody() {
    let pooled = limited(Limits { account_slots: 1, global_slots: 2, ..Limits::default() });
    let (first, better) = (transfer(&key(1), 0, 10, 1), transfer(&key(2), 0, 10, 2));
    assert_eq!(pooled.submit(&first), Ok(()));
    assert_eq!(pooled.submit(&better), Ok(()));
    assert_eq!(pooled.submit_from(&transfer(&key(1), 1, 10, 1), Origin::Local), Err(Refused::Full));
    assert_eq!(drain(pooled.candidates()), [better, first]);
}

/// Transactions that cannot pay the base fee fill the pool, each from another sender. They cost their senders nothing;
/// so one that can pay comes in, and one that cannot either does not.
#[test]
fn what_cannot_be_mined_keeps_nobody_out() {
    let files = with_keys(11..=40).fee("targetGas", json!(1_000_000));
    let mut pooled = Pooled::new(&files, Limits { global_slots: 10, ..Limits::default() });
    // Blocks full of gas raise the base fee.
    while pooled.world.chain.head().header().base_fee.unwrap() < U256::from(1_050_000_000_u64) {
        let draft = Draft { fee_cap: 1_000 * GWEI, tip: 1, ..Draft::create(Bytes::from_static(&[0xfe])) };
        let tx = pooled.world.sign(&key(10), draft.gas(15_000_000));
        pooled.world.seal([tx]);
    }
    pooled.reset(&[]);
    for number in 11..=20 {
        assert_eq!(pooled.submit(&transfer(&key(number), 0, 1, 1)), Ok(()));
    }
    assert!(pooled.candidates().best().is_none());
    assert_eq!(pooled.refusal(&transfer(&key(21), 0, 1, 1)), "txpool is full");
    for number in 21..=30 {
        assert_eq!(pooled.submit(&transfer(&key(number), 0, 10, 1)), Ok(()));
    }
    assert_eq!(pooled.refusal(&transfer(&key(31), 0, 100, 50)), "txpool is full", "now each of them can be mined");
    assert_eq!(pooled.seal().block.transactions.len(), 10);
}

/// Somebody who replaces, fills gaps and comes again cannot make others lose anything, nor the pool its bounds.
#[test]
fn a_refused_transaction_evicts_nobody() {
    let limits = Limits { account_slots: 1, global_slots: 8, ..Limits::default() };
    let pooled = limited(limits);
    // Two senders above their share, with one cheap slot each; the newcomer needs four slots.
    for number in [1, 2] {
        for nonce in 0..4 {
            let tip = if nonce == 3 { 1 } else { 9 };
            assert_eq!(pooled.submit(&transfer(&key(number), nonce, 10, tip)), Ok(()));
        }
    }
    let big = key(3).sign(&Draft { input: vec![0; 100_000].into(), ..draft(0, 10, 5) }.gas(1_000_000));
    assert_eq!(pooled.refusal(&big), "txpool is full", "two cheap ones could go, and two more would have to");
    // A replacement that grows from one slot to four.
    let grown = key(1).sign(&Draft { input: vec![0; 100_000].into(), ..draft(3, 20, 2) }.gas(1_000_000));
    assert_eq!(pooled.refusal(&grown), "txpool is full");
    assert_eq!(pooled.pool.len(), 8);
}

/// A hundred thousand dear submissions of a hundred senders come to a full pool: everybody keeps a fair share of it, and
/// none of them costs more than a look at a few others.
#[test]
fn a_flood_into_a_full_pool_is_cheap_and_flushes_nobody() {
    const VICTIMS: u64 = 320;
    const ATTACKERS: u64 = 100;
    const EACH: u64 = 100;
    const TIMES: u64 = 10;
    let sender = |number: u64| Key::from_secret(B256::from(U256::from(1_000 + number)));
    let senders: Vec<Key> = (0..VICTIMS + ATTACKERS).map(sender).collect();
    let (victims, attackers) = senders.split_at(usize::try_from(VICTIMS).unwrap());
    let rich = json!({ "balance": "0xffffffffffffffffffffffffffffffff" });
    let files = senders.iter().fold(granite(), |files, sender| files.account(sender.address, rich.clone()));
    let pooled = Pooled::new(&files, Limits::default());
    for sender in victims {
        for nonce in 0..16 {
            assert_eq!(pooled.submit(&transfer(sender, nonce, 10, 1)), Ok(()));
        }
    }
    assert_eq!(pooled.pool.stats().executable_slots, pooled.pool.limits().global_slots);
    let before = pooled.pool.looked_at();
    let places: Vec<_> = (0..EACH).flat_map(|nonce| attackers.iter().map(move |sender| (sender, nonce))).collect();
    let sign = |(sender, nonce): &(&Key, u64)| {
        let tx = transfer(sender, *nonce, 100_000, 50_000);
        assert!(tx.sender().is_some());
        tx
    };
    let flood: Vec<Arc<Tx>> = places.par_iter().map(sign).collect();
    let mut taken = 0;
    for _ in 0..TIMES {
        taken += flood.iter().filter(|tx| pooled.submit(tx).is_ok()).count();
    }
    let submissions = TIMES * EACH * ATTACKERS;
    let looked_at = pooled.pool.looked_at() - before;
    let share = usize::try_from(pooled.pool.limits().global_slots / (VICTIMS + ATTACKERS)).unwrap();
    for sender in victims {
        let left = pooled.nonces(sender.address).0.len();
        assert!(left >= share, "{} has {left} left of a share of {share}", sender.address);
    }
    let stats = pooled.pool.stats();
    println!("{submissions} submissions, {taken} taken, {looked_at} senders looked at, {stats:?}");
    assert!(stats.executable_slots <= 5_120 && stats.parked_slots <= 1_024, "{stats:?}");
    assert!(looked_at <= 8 * submissions, "{looked_at} senders looked at");
}

/// The largest nonce is for nobody (EIP-2681), whoever sends it.
#[test]
fn report_3_6_a_nonce_of_the_largest_value_is_refused() {
    let pooled = pooled();
    let last = key(1).sign(&draft(u64::MAX, 10, 1));
    for origin in [Origin::Local, Origin::Remote] {
        assert_eq!(pooled.submit_from(&last, origin), Err(Refused::NonceMax));
    }
    assert_eq!(pooled.submit(&key(1).sign(&draft(u64::MAX - 1, 10, 1))), Ok(()));
}

/// An account that the genesis gives the code `0x` is one of a person.
#[test]
fn report_3_7_an_account_with_explicitly_empty_code_sends() {
    let person = key(11);
    let files =
        granite().account(person.address, json!({ "balance": "0xffffffffffffffffffffffffffffff", "code": "0x" }));
    let mut pooled = Pooled::new(&files, Limits::default());
    let tx = transfer(&person, 0, 10, 1);
    assert_eq!(pooled.submit(&tx), Ok(()));
    assert_eq!(pooled.seal().block.transactions, [tx]);
}

/// What a user of this node submits meets the same bounds as what anybody submits, and no others; within its share it
/// comes into a full pool and stays there.
#[test]
fn report_5_20_a_local_submission_comes_into_a_full_pool() {
    let pooled = limited(Limits { account_slots: 2, global_slots: 8, ..Limits::default() });
    for nonce in 0..8 {
        assert_eq!(pooled.submit(&transfer(&key(1), nonce, 10, 5)), Ok(()));
    }
    let local = transfer(&key(2), 0, 10, 6);
    assert_eq!(pooled.submit_from(&local, Origin::Local), Ok(()));
    assert_eq!(pooled.submit_from(&local, Origin::Local), Err(Refused::AlreadyKnown));
    for number in 3..=9 {
        for nonce in 0..4 {
            drop(pooled.submit(&transfer(&key(number), nonce, 100_000, 50_000)));
        }
    }
    assert_eq!(pooled.pool.get(local.hash()), Some(Arc::clone(&local)));
    assert_eq!(drain(pooled.candidates()).first(), Some(&local), "and it comes first");
}

/// Filling a gap promotes more than there is room for: the sender's own end gives way.
#[test]
fn a_filled_gap_brings_no_more_than_there_is_room_for() {
    let pooled = limited(Limits { account_slots: 2, global_slots: 6, ..Limits::default() });
    for number in [1, 2] {
        for nonce in 0..2 {
            assert_eq!(pooled.submit(&transfer(&key(number), nonce, 10, 1)), Ok(()));
        }
    }
    for nonce in 1..10 {
        assert_eq!(pooled.submit(&transfer(&key(3), nonce, 100, 50)), Ok(()));
    }
    assert_eq!(pooled.submit(&transfer(&key(3), 0, 100, 50)), Ok(()));
    assert_eq!(pooled.nonces(key(3).address), (vec![0, 1], vec![]));
    for number in [1, 2] {
        assert_eq!(pooled.nonces(key(number).address), (vec![0, 1], vec![]));
    }
}

#[test]
fn eight_threads_submit_at_once() {
    let mut pooled = Pooled::new(&with_keys(11..=16), Limits::default());
    let senders: Vec<Vec<Arc<Tx>>> =
        (1..=16).map(|number| (0..40).map(|nonce| transfer(&key(number), nonce, 100, 1)).collect()).collect();
    let all: Vec<Arc<Tx>> = senders.iter().flatten().cloned().collect();
    let (pool, head) = (&pooled.pool, pooled.world.chain.head());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let mine = shuffled(all.clone(), thread);
            scope.spawn(move || {
                for tx in mine {
                    // Every thread sends everything: one of them is the first.
                    let result = pool.submit(tx, Origin::Remote, 0);
                    assert!(matches!(result, Ok(_) | Err(Refused::AlreadyKnown)), "{result:?}");
                }
            });
        }
        for _ in 0..20 {
            pool.reset(head, &all[..10], 0).unwrap();
            let _: usize = drain(pool.candidates(head, 1_000_000_000, 0)).len();
        }
    });
    assert_eq!((pooled.pool.len(), pooled.pool.stats().executable), (640, 640));
    let sealed = pooled.seal();
    assert_eq!(sealed.block.transactions.len(), 640);
}

#[test]
fn the_same_calls_give_the_same_pool() {
    let run = || {
        let pooled = limited(Limits {
            account_slots: 2,
            global_slots: 20,
            account_queue: 2,
            global_queue: 10,
            ..Limits::default()
        });
        let all = (1..=10).flat_map(|number| {
            (0..8).map(move |nonce| transfer(&key(number), nonce, 50 + u128::from(number % 3), u128::from(nonce % 4)))
        });
        let results: Vec<_> = shuffled(all.collect(), 5).iter().map(|tx| pooled.submit(tx)).collect();
        (results, pooled.pool.content(), pooled.pool.stats(), drain(pooled.candidates()))
    };
    assert_eq!(run(), run());
}

/// On the preset that `pars-vm dev` runs.
#[test]
fn the_local_preset_takes_transactions() {
    let genesis = pars_genesis::presets::local(1);
    let mut chain = Chain::open(Arc::new(Memory::new()), &Opening::new(&genesis)).unwrap();
    let pool = Pool::new(Arc::clone(chain.spec()), Limits::default(), chain.head()).unwrap();
    let (address, secret) = pars_genesis::presets::LOCAL_ACCOUNTS[0];
    let sender = Key::from_secret(secret);
    assert_eq!(sender.address, address);
    let tx = transfer(&sender, 0, 10, 1);
    assert_eq!(pool.submit(Arc::clone(&tx), Origin::Local, 0), Ok(tx.hash()));
    let now_ms = chain.head().header().unix_ms() + 1_000;
    let base_fee = next_block(chain.spec(), chain.head(), now_ms).unwrap().unwrap().base_fee;
    assert_eq!(base_fee, 1_000_000_000);
    let mut candidates = pool.candidates(chain.head(), base_fee, 0);
    let wish = Wish { now_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
    let Built::Block(block) = chain.build(&mut candidates, wish).unwrap() else { panic!("a block") };
    chain.accept(block.id(), Durability::Synced).unwrap();
    pool.reset(chain.head(), &[], now_ms).unwrap();
    assert!(pool.is_empty());
    assert_eq!(pool.pending_nonce(address, chain.head()), Ok(1));
}

/// Call data of `setFeeConfig`.
fn set_fee_config(gas_limit: u64, min_base_fee: u64) -> Vec<u8> {
    let config = fee_config(gas_limit, min_base_fee);
    let word = |name: &str| U256::from(config[name].as_u64().expect("a number")).to_be_bytes::<32>();
    [&[0x8f, 0x10, 0xb5, 0x86][..], &FeeConfig::FIELDS.map(word).concat()].concat()
}

/// Storage keys of a message that nobody signed.
fn predicate() -> Vec<B256> {
    let payload = Payload::Hash(B256::ZERO).encode();
    let unsigned = Unsigned { network_id: 1, source_chain: B256::ZERO, payload: payload.into() };
    pack(&Message { unsigned, signers: Bytes::from_static(&[3]), signature: [9; 96] }.encode())
}

/// A transaction of exactly so many bytes.
fn sign_of_size(key: &Key, bytes: usize) -> Arc<Tx> {
    let sign = |input: usize, wei: u64| {
        let draft = Draft::call(Address::repeat_byte(0x77), vec![0; input]).value(wei);
        key.sign(&Draft { tip: 2, ..draft }.nonce(0))
    };
    let over = sign(bytes - 200, 1).size() - (bytes - 200);
    // Now and then a signature is a byte shorter than most.
    let mut tries = (1..100).map(|wei| sign(bytes - over, wei));
    tries.find(|tx| tx.size() == bytes).expect("signatures of two lengths")
}

/// A signature that gives no address.
fn unrecoverable() -> Arc<Tx> {
    let tx = TxEip1559 { chain_id: CHAIN_ID, gas_limit: 21_000, max_fee_per_gas: GWEI, ..TxEip1559::default() };
    let envelope = EthereumTxEnvelope::<TxEip4844>::from(tx.into_signed(Signature::new(U256::ZERO, U256::ONE, false)));
    Arc::new(Tx::decode(&envelope.encoded_2718()).expect("it decodes"))
}

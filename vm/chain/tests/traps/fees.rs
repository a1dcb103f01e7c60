//! Base fee, block gas cost, and who gets what is paid.

use crate::support::abi::{
    ALLOW_FEE_RECIPIENTS, FEE_MANAGER, REWARD_MANAGER, SET_ENABLED, SET_FEE_CONFIG, SET_NONE, SET_REWARD_ADDRESS,
    TX_LIST, input, role_slot, set_fee_config,
};
use crate::support::context::at_its_time;
use crate::support::files::{Era, Files, START, fee_config};
use crate::support::wallet::{Draft, Key};
use crate::support::world::{World, with_header};
use alloy_primitives::{Address, B256, U256, address, hex};
use pars_chain::block::{Block, Header};
use pars_chain::engine::{Built, InOrder, Verdict, Wish};
use pars_chain::error::{Fatal, Field, Invalid, InvalidTransaction, Unsupported};
use pars_chain::rules::fee::{Window, base_fee};
use pars_chain::state::commit::History;
use pars_chain::store::Memory;
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::subnet::reward_manager::BLACKHOLE;
use serde_json::json;
use std::cmp::Ordering;
use std::sync::Arc;

/// Where the window holds exactly the target, the base fee stays, even below a minimum that was just raised.
#[test]
fn trap_06_no_clamp_at_the_target() {
    let admin = Key::new(1);
    let files = Files::new(Era::Granite).row("feeManagerConfig", json!({ "adminAddresses": [admin.address] }));
    let mut world = World::new(&files);
    // Eleven seconds later the window holds nothing older.
    world.next_ms += 11_000;
    // The gas depends on the target, through its zero bytes: a target that is what its own transaction uses.
    let mut target = 300_000;
    let sealed = loop {
        let draft = Draft::call(FEE_MANAGER, set_fee_config([15_000_000, 2, 50_000_000_000, target, 36, 0, 0, 0]));
        let tx = admin.sign(&draft.nonce(0));
        let Built::Block(block) = world.build([Arc::clone(&tx)]) else { panic!("no block") };
        if block.header.gas_used == target {
            break world.accept(&block);
        }
        target = block.header.gas_used;
        world.chain.reject(block.id()).expect("held");
    };
    assert!(sealed.receipts[0].success);
    assert_eq!(sealed.block.header.base_fee, Some(U256::from(1_000_000_000)));
    let other = Key::new(2);
    let sealed = world.send(&other, Draft::transfer(Address::ZERO, 1));
    assert_eq!(sealed.block.header.base_fee, Some(U256::from(1_000_000_000)), "below the new minimum");
    let sealed = world.send(&other, Draft::transfer(Address::ZERO, 1));
    assert_eq!(sealed.block.header.base_fee, Some(U256::from(50_000_000_000_u64)), "clamped again");
}

/// Fees and the fee recipient come from the parent's state; allow lists from the state as it is.
#[test]
fn trap_08_parent_state_or_current_state() {
    let (admin, friend) = (Key::new(1), Key::new(2));
    let roles = json!({ "adminAddresses": [admin.address] });
    let files = Files::new(Era::Granite)
        .row("feeManagerConfig", roles.clone())
        .row("rewardManagerConfig", roles.clone())
        .row("txAllowListConfig", roles);
    let mut world = World::new(&files);

    // Fees.
    let draft = Draft::call(FEE_MANAGER, set_fee_config([12_000_000, 2, 7_000_000_000, 75_000_000, 36, 0, 0, 0]));
    let sealed = world.send(&admin, draft);
    let (base_fee, limit) = (sealed.block.header.base_fee, sealed.block.header.gas_limit);
    assert_eq!((base_fee, limit), (Some(U256::from(1_000_000_000)), 15_000_000), "still the parent's");
    let last_changed = world.word(FEE_MANAGER, B256::right_padding_from(b"lca"));
    assert_eq!(last_changed, U256::from(1));
    let sealed = world.send(&admin, Draft::transfer(Address::ZERO, 1));
    let (base_fee, limit) = (sealed.block.header.base_fee, sealed.block.header.gas_limit);
    assert_eq!((base_fee, limit), (Some(U256::from(7_000_000_000_u64)), 12_000_000));

    // The recipient.
    let recipient = Address::repeat_byte(0x5e);
    let sealed = world.send(&admin, Draft::call(REWARD_MANAGER, input(SET_REWARD_ADDRESS, &[&recipient])));
    assert_eq!(sealed.block.header.coinbase, BLACKHOLE);
    let tx = world.sign(&admin, Draft::transfer(Address::ZERO, 1));
    let Built::Block(block) = world.build([tx]) else { panic!("no block") };
    assert_eq!(block.header.coinbase, recipient);
    let stale = with_header(&block, |header| header.coinbase = BLACKHOLE);
    assert!(matches!(world.refusal(&stale), Invalid::Header { field: Field::Miner, .. }));
    world.accept(&block);

    // The list: in the same block.
    let nobody = world.sign(&friend, Draft::transfer(Address::ZERO, 1));
    assert!(matches!(world.build([Arc::clone(&nobody)]), Built::Nothing));
    let enable = world.sign(&admin, Draft::call(TX_LIST, input(SET_ENABLED, &[&friend.address])));
    world.seal([enable, nobody]);
    let disable = world.sign(&admin, Draft::call(TX_LIST, input(SET_NONE, &[&friend.address])));
    let too_late = world.sign(&friend, Draft::transfer(Address::ZERO, 1));
    let Built::Block(block) = world.build([Arc::clone(&disable), Arc::clone(&too_late)]) else { panic!("no block") };
    assert_eq!(block.transactions, [Arc::clone(&disable)]);
    let forged = world.forge(&block, vec![disable, too_late]);
    match world.refusal(&forged) {
        Invalid::Transaction { index, reason, .. } => {
            assert_eq!((index, reason), (1, InvalidTransaction::NotAllowed(friend.address)));
        }
        other => panic!("{other}"),
    }
    world.accept(&block);
}

/// In the block that switches a row on, its list holds at once and its fees do not. One block may go over several times.
#[test]
fn trap_09_the_activation_block() {
    let (admin, other) = (Key::new(1), Key::new(2));
    let roles = json!({ "adminAddresses": [admin.address] });
    let fees = json!({
        "adminAddresses": [admin.address],
        "initialFeeConfig": fee_config(9_000_000, 9_000_000_000),
    });
    let files = Files::new(Era::Granite)
        .switch("txAllowListConfig", 20, roles)
        .switch("feeManagerConfig", 25, fees)
        .switch("rewardManagerConfig", 26, json!({ "initialRewardConfig": { "rewardAddress": other.address } }))
        .state_upgrade(22, json!({ other.address.to_string(): { "balanceChange": "0x5" } }));
    let mut world = World::new(&files);
    world.send(&other, Draft::transfer(Address::ZERO, 1));
    let before = world.balance(other.address);

    world.next_ms = (START + 30) * 1_000;
    let refused = other.sign(&Draft::transfer(Address::ZERO, 1).nonce(1));
    assert!(matches!(world.build([refused]), Built::Nothing));
    let sealed = world.send(&admin, Draft::transfer(Address::ZERO, 1));
    let header = &sealed.block.header;
    assert_eq!((header.gas_limit, header.base_fee), (15_000_000, Some(U256::from(1_000_000_000))));
    assert_eq!(header.coinbase, BLACKHOLE);
    assert_eq!(world.balance(other.address), before + U256::from(5));
    assert_eq!(world.word(FEE_MANAGER, B256::right_padding_from(b"lca")), U256::from(2), "its own number");
    assert_eq!(world.word(TX_LIST, role_slot(admin.address)), U256::from(2));

    let sealed = world.send(&admin, Draft::transfer(Address::ZERO, 1));
    let header = &sealed.block.header;
    assert_eq!((header.gas_limit, header.base_fee), (9_000_000, Some(U256::from(9_000_000_000_u64))));
    assert_eq!(header.coinbase, other.address);
}

/// Clearing storage earns nothing, and all that is paid, the base fee too, goes to the coinbase.
#[test]
fn trap_11_no_refund_and_the_coinbase_gets_all() {
    // CALLDATASIZE, PUSH1 0, SSTORE, STOP: sets slot 0 to the size of its input
    let code = hex!("36 6000 55 00");
    let at = Address::repeat_byte(0xc1);
    let sender = Key::new(1);
    let collector = Address::repeat_byte(0xfe);
    for (allowed, coinbase) in [(false, BLACKHOLE), (true, collector)] {
        let files = Files::new(Era::Granite).config("allowFeeRecipients", json!(allowed)).code(at, code);
        let mut world = World::new(&files);
        world.fee_recipient = Some(collector);
        let supply = |world: &World| world.balance(sender.address) + world.balance(coinbase);
        let before = supply(&world);
        let set = world.sign(&sender, Draft::call(at, vec![1]));
        let mut clear = Draft::call(at, Vec::new());
        clear.tip = 3_000_000_000;
        let clear = world.sign(&sender, clear);
        let sealed = world.seal([set, clear]);
        // Calldata of a non-zero byte; CALLDATASIZE, PUSH1, cold SSTORE from zero and to zero.
        assert_eq!(sealed.gas(0), 21_000 + 16 + 2 + 3 + 22_100);
        assert_eq!(sealed.gas(1), 21_000 + 2 + 3 + 5_000);
        assert_eq!(world.slot(at, 0), U256::ZERO);
        assert_eq!(sealed.block.header.coinbase, coinbase);
        let paid = U256::from(sealed.gas(0)) * U256::from(1_000_000_001)
            + U256::from(sealed.gas(1)) * U256::from(4_000_000_000_u64);
        assert_eq!(world.balance(coinbase), paid);
        assert_eq!(supply(&world), before, "nothing is burned");
    }
    // The sender may be the coinbase itself, or a precompile.
    for coinbase in [sender.address, address!("0000000000000000000000000000000000000004"), REWARD_MANAGER] {
        let mut world = World::new(&Files::new(Era::Granite).config("allowFeeRecipients", json!(true)));
        world.fee_recipient = Some(coinbase);
        let (before, of_sender) = (world.balance(coinbase), world.balance(sender.address));
        let sealed = world.send(&sender, Draft::transfer(Address::repeat_byte(1), 5));
        let paid = U256::from(sealed.gas(0)) * U256::from(1_000_000_001);
        if coinbase == sender.address {
            assert_eq!(world.balance(coinbase), before - U256::from(5));
        } else {
            assert_eq!(world.balance(coinbase), paid);
            assert_eq!(world.balance(sender.address), of_sender - paid - U256::from(5));
        }
    }
}

/// Where any recipient is allowed the header decides, and a block with another one is valid with its own state.
#[test]
fn any_recipient_is_valid_where_it_is_free() {
    let admin = Key::new(1);
    let files = Files::new(Era::Granite).row("rewardManagerConfig", json!({ "adminAddresses": [admin.address] }));
    let mut world = World::new(&files);
    world.fee_recipient = Some(Address::repeat_byte(0xaa));
    let sealed = world.send(&admin, Draft::call(REWARD_MANAGER, input(ALLOW_FEE_RECIPIENTS, &[])));
    assert_eq!(sealed.block.header.coinbase, BLACKHOLE);
    let tx = world.sign(&admin, Draft::transfer(Address::ZERO, 1));
    let mut blocks = Vec::new();
    for recipient in [Address::repeat_byte(0xaa), Address::repeat_byte(0xbb), Address::ZERO] {
        world.fee_recipient = Some(recipient);
        let Built::Block(block) = world.build([Arc::clone(&tx)]) else { panic!("no block") };
        assert_eq!(block.header.coinbase, recipient);
        let parsed = world.twin.parse(block.bytes().clone()).expect("decodes");
        assert_eq!(world.verify(&parsed), Verdict::Valid);
        blocks.push(block);
    }
    world.accept(&blocks[1]);
    assert!(!world.balance(Address::repeat_byte(0xbb)).is_zero());
    assert!(world.balance(Address::repeat_byte(0xaa)).is_zero());
}

/// Block gas cost before Granite: where the parent has none it starts at the minimum, and after a genesis that has Etna
/// it starts from 0. Tips of the whole block must pay for it.
#[test]
fn trap_34_block_gas_cost() {
    let files = |era, step: u64| {
        Files::new(era)
            .fee("minBlockGasCost", json!(if step == 0 { 0 } else { 1_000 }))
            .fee("blockGasCostStep", json!(step))
            .config("allowFeeRecipients", json!(true))
    };
    // (era of genesis, seconds from genesis, cost of block 1)
    let cases = [
        (Era::Durango, 1, 1_000),
        (Era::Durango, 0, 1_000),
        (Era::Etna, 2, 1_000),
        (Era::Etna, 1, 50_000),
        (Era::Etna, 0, 100_000),
        (Era::Etna, 5, 1_000),
        (Era::Granite, 2, 0),
    ];
    for (era, after, cost) in cases {
        let mut world = World::new(&files(era, 50_000));
        world.next_ms = (START + after) * 1_000;
        let mut draft = Draft::transfer(Address::ZERO, 1);
        // 21,000 gas pay for 21,000 * tip / base fee.
        draft.tip = 1_000_000_000 * cost / 21_000 + 1;
        draft.fee_cap = draft.tip + 1_000_000_000;
        let sealed = world.send(&Key::new(1), draft);
        assert_eq!(sealed.block.header.block_gas_cost, Some(U256::from(cost)), "{era:?} after {after} s");
        let parent = sealed.block.header.clone();
        if era < Era::Granite {
            // The next one, a second early: one step more.
            world.next_ms = parent.unix_ms() + 1_000;
            let mut draft = Draft::transfer(Address::ZERO, 1);
            draft.tip = 1_000_000_000 * 1_000_000;
            draft.fee_cap = draft.tip + 1_000_000_000;
            let sealed = world.send(&Key::new(1), draft);
            assert_eq!(sealed.block.header.block_gas_cost, Some(U256::from((cost + 50_000).min(1_000_000))));
        }
    }

    // Tips of all transactions together; a wei less in one of them is too little. The verifier's chain differs from the
    // builder's in the step alone, which no genesis shows.
    let (free, strict) = (files(Era::Etna, 0), files(Era::Etna, 50_000));
    let build = |tips: [u128; 2]| {
        let mut world = World::new(&free);
        world.twin = World::new(&strict).twin;
        assert_eq!(world.chain.genesis(), world.twin.genesis());
        world.next_ms = (START + 1) * 1_000;
        let transactions: Vec<_> = tips
            .into_iter()
            .map(|tip| world.sign(&Key::new(1), Draft { tip, ..Draft::transfer(Address::ZERO, 1) }))
            .collect();
        let Built::Block(block) = world.build(transactions) else { panic!("no block") };
        let block = with_header(&block, |header| header.block_gas_cost = Some(U256::from(50_000)));
        world.verify(&block)
    };
    // 21,000 * (a + b) / 10^9 >= 50,000
    let exact = (50_000 * 1_000_000_000_u128).div_ceil(21_000);
    assert_eq!(build([exact, 0]), Verdict::Valid);
    assert_eq!(build([1, exact - 1]), Verdict::Valid);
    match build([0, exact - 1]) {
        Verdict::Invalid(Invalid::InsufficientBlockGas { got, required }) => {
            assert_eq!((got, required), (U256::from(49_999), U256::from(50_000)));
        }
        other => panic!("{other:?}"),
    }
    let mut world = World::new(&strict);
    world.next_ms = (START + 1) * 1_000;
    let tx = world.sign(&Key::new(1), Draft { tip: exact - 1, ..Draft::transfer(Address::ZERO, 1) });
    assert!(matches!(world.build([tx]), Built::Refused(Invalid::InsufficientBlockGas { .. })));
}

/// A minimum of 0 leaves the first block without a possible base fee; so would 2^63 and more, through a signed number,
/// and a genesis with that is refused.
#[test]
fn trap_45_minimum_that_the_first_block_cannot_have() {
    for (minimum, first) in [(0, None), (1, Some(1)), ((1_u64 << 63) - 1, Some((1_u64 << 63) - 1))] {
        let mut world = World::new(&Files::new(Era::Granite).fee("minBaseFee", json!(minimum)));
        let mut draft = Draft::transfer(Address::ZERO, 1);
        draft.fee_cap = 1 << 65;
        let tx = world.sign(&Key::new(1), draft);
        match (world.build([tx]), first) {
            (Built::Refused(_), None) => {
                // And a verifier refuses whatever fee such a block names.
                let mut plain = World::new(&Files::new(Era::Granite));
                let tx = plain.sign(&Key::new(1), Draft::transfer(Address::ZERO, 1));
                let Built::Block(block) = plain.build([tx]) else { panic!("no block") };
                let genesis = world.twin.genesis().0;
                for fee in [0, 1, 1_u64 << 63] {
                    let block = with_header(&block, |header| {
                        header.parent = genesis;
                        header.base_fee = Some(U256::from(fee));
                    });
                    let reason = world.refusal(&block);
                    assert!(matches!(reason, Invalid::Header { field: Field::BaseFeePerGas, .. }), "{reason}");
                }
            }
            (Built::Block(block), Some(fee)) => {
                assert_eq!(block.header.base_fee, Some(U256::from(fee)));
                world.accept(&block);
            }
            (other, _) => panic!("{minimum}: {other:?}"),
        }
    }
    for minimum in [1_u64 << 63, u64::MAX] {
        let files = Files::new(Era::Granite).fee("minBaseFee", json!(minimum));
        let refused = files.try_open(Arc::new(Memory::new()), History::Archive).map(|chain| chain.genesis());
        assert!(refused.expect_err("no block could follow").to_string().contains("config.feeConfig.minBaseFee"));
    }
}

/// The gas of a block is its limit; what a transaction leaves goes back to the next ones, and one that asks for more
/// than there is makes the block invalid.
#[test]
fn trap_46_unused_gas_goes_back() {
    let sender = Key::new(1);
    let mut world = World::new(&Files::new(Era::Granite));
    let mut transfer = |gas| world.sign(&sender, Draft::transfer(Address::ZERO, 1).gas(gas));
    let (first, fits) = (transfer(14_999_999), transfer(15_000_000 - 21_000));
    let sealed = world.seal([Arc::clone(&first), fits]);
    assert_eq!(sealed.block.header.gas_used, 42_000);

    let mut transfer = |gas| world.sign(&sender, Draft::transfer(Address::ZERO, 1).gas(gas));
    let (first, too_much) = (transfer(14_999_999), transfer(14_999_999));
    let Built::Block(block) = world.build([Arc::clone(&first), Arc::clone(&too_much)]) else { panic!("no block") };
    assert_eq!(block.transactions, [Arc::clone(&first)]);
    let forged = world.forge(&block, vec![first, too_much]);
    match world.refusal(&forged) {
        Invalid::Transaction { index, reason, .. } => {
            let left = 15_000_000 - 21_000;
            assert_eq!((index, reason), (1, InvalidTransaction::GasLimitReached { left, wanted: 14_999_999 }));
        }
        other => panic!("{other}"),
    }
    world.accept(&block);
}

/// A minimum beyond 64 bits may be set, and the next base fee with it is one that this release cannot compute with: it
/// says so and gives no verdict. A block that only claims such a fee is wrong.
#[test]
fn fees_beyond_64_bits_are_no_verdict() {
    let admin = Key::new(1);
    let files = Files::new(Era::Granite).row("feeManagerConfig", json!({ "adminAddresses": [admin.address] }));
    let mut world = World::new(&files);
    let mut words: Vec<B256> =
        [15_000_000_u64, 2, 0, 75_000_000, 36, 0, 0, 0].map(|value| U256::from(value).into()).into();
    let minimum: U256 = U256::ONE << 200;
    words[2] = minimum.into();
    let draft = Draft::call(FEE_MANAGER, [&SET_FEE_CONFIG[..], &words.concat()].concat());
    let sealed = world.send(&admin, draft);
    assert!(sealed.receipts[0].success);

    let tx = world.sign(&admin, Draft::transfer(Address::ZERO, 1));
    let wish = Wish { now_ms: world.next_ms, fee_recipient: None, min_delay_target: None, verdicts: None };
    let unsupported = Fatal::Unsupported(Unsupported { what: "baseFeePerGas", value: minimum, limit: "2^64" });
    let built = world.chain.build(&mut InOrder::new([Arc::clone(&tx)]), wish).map(|_| ());
    assert_eq!(built, Err(unsupported.clone()));

    let claimed = |base_fee: U256| {
        let mut header = sealed.block.header.clone();
        header.parent = sealed.block.id().0;
        header.number = U256::from(2);
        header.time += 2;
        header.time_ms = header.time_ms.map(|ms| ms + 2_000);
        header.base_fee = Some(base_fee);
        // The window of two seconds later.
        let mut extra = header.extra.to_vec();
        extra[56..64].copy_from_slice(&header.gas_used.to_be_bytes());
        header.extra = extra.into();
        header.gas_used = 21_000;
        let tx = std::slice::from_ref(&tx);
        header.transactions_root =
            alloy_trie::root::ordered_trie_root_with_encoder(tx, |tx, out| out.extend_from_slice(&tx.encode()));
        Arc::new(Block::new(header, tx.to_vec()))
    };
    let block = claimed(minimum);
    assert_eq!(world.twin.verify(&block, at_its_time(&block)), Err(unsupported));
    assert!(world.twin.processing(block.id()).is_none());
    for wrong in [minimum + U256::ONE, U256::from(1_000_000_000), U256::MAX] {
        let reason = world.refusal(&claimed(wrong));
        assert!(matches!(reason, Invalid::Header { field: Field::BaseFeePerGas, .. }), "{reason}");
    }
}

/// Ten thousand blocks under each of the denominators at the ends of what is allowed: the fee follows the use, keeps
/// its floor, and nothing overflows.
#[test]
fn report_4_4_extreme_denominators() {
    for denominator in [U256::ONE, U256::from(2), U256::from(36), U256::from(u64::MAX), U256::MAX] {
        let config = FeeConfig { base_fee_change_denominator: denominator, ..FeeConfig::DEFAULT };
        let mut parent = Header { number: U256::ONE, base_fee: Some(config.min_base_fee), ..Header::default() };
        parent.extra = Window::default().to_bytes().to_vec().into();
        for block in 2..10_002_u64 {
            let time = parent.time + block % 3;
            let window = Window::of_child(&parent, time).expect("time goes on");
            let before = parent.base_fee.expect("a base fee");
            let fee = base_fee(&config, &parent, time).expect("a base fee");
            let target = config.target_gas.to::<u64>();
            match window.sum().cmp(&target) {
                Ordering::Greater => assert!(fee > before || before == U256::MAX, "{denominator} {block}"),
                Ordering::Equal => assert_eq!(fee, before),
                Ordering::Less => assert!(fee < before || fee == config.min_base_fee, "{denominator} {block}"),
            }
            assert!(fee >= config.min_base_fee);
            // Fifty full blocks, then fifty nearly empty ones.
            let gas_used = if block / 50 % 2 == 0 { 8_000_000 } else { 21_000 };
            parent = Header {
                number: U256::from(block),
                time,
                gas_used,
                base_fee: Some(fee),
                extra: window.to_bytes().to_vec().into(),
                ..Header::default()
            };
        }
    }
}

/// What would be divided by, or leave no block possible, is refused by the precompile as it is in genesis.
#[test]
fn report_4_5_fees_that_no_chain_can_have() {
    let admin = Key::new(1);
    let files = Files::new(Era::Granite).row("feeManagerConfig", json!({ "adminAddresses": [admin.address] }));
    let mut world = World::new(&files);
    let good = [15_000_000, 2, 1_000_000_000, 75_000_000, 36, 0, 1_000_000, 200_000];
    for (index, what) in [(0, "gasLimit"), (1, "targetBlockRate"), (4, "baseFeeChangeDenominator")] {
        let mut values = good;
        values[index] = 0;
        let sealed = world.send(&admin, Draft::call(FEE_MANAGER, set_fee_config(values)));
        assert!(!sealed.receipts[0].success, "{what} of 0 is taken");
    }
    // A minimum block gas cost above the maximum.
    let sealed = world.send(&admin, Draft::call(FEE_MANAGER, set_fee_config([15_000_000, 2, 1, 1, 36, 2, 1, 0])));
    assert!(!sealed.receipts[0].success);
    let sealed = world.send(&admin, Draft::call(FEE_MANAGER, set_fee_config(good)));
    assert!(sealed.receipts[0].success);
}

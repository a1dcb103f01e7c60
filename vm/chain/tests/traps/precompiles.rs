//! Stateful precompiles as contracts meet them: gas, temperature, kinds of calls, calldata, activation.

use crate::support::abi::{
    DEPLOYER, FEE_MANAGER, GET_BLOCKCHAIN_ID, GET_FEE_CONFIG, MINT, MINTER, READ_ALLOW_LIST, REWARD_MANAGER, SET_ADMIN,
    SET_ENABLED, SET_FEE_CONFIG, TX_LIST, WARP, Word, input, role_slot, set_fee_config,
};
use crate::support::files::{ERAS, Era, Files, START};
use crate::support::probe::{KINDS, Kind, Probe};
use crate::support::wallet::{Draft, Key};
use crate::support::world::World;
use alloy_primitives::{Address, B256, U256, address, keccak256};
use pars_chain::engine::Built;
use pars_chain::error::{Invalid, InvalidTransaction};
use pars_precompiles::registry::TABLE;
use serde_json::json;
use std::sync::Arc;

const ADMIN: u8 = 1;
const STRANGER: u8 = 2;

/// Every row but the list of senders is on, the first key is admin of each.
fn files(era: Era) -> Files {
    let roles = json!({ "adminAddresses": [Key::new(ADMIN).address] });
    let rows =
        ["contractDeployerAllowListConfig", "contractNativeMinterConfig", "feeManagerConfig", "rewardManagerConfig"];
    let files = rows.iter().fold(Files::new(era).probes(), |files, key| files.row(key, roles.clone()));
    if era >= Era::Durango { files.row("warpConfig", json!({ "quorumNumerator": 67 })) } else { files }
}

/// Disabled and enabled again between two blocks: the storage and the coins of before are gone.
#[test]
fn trap_10_disabled_and_enabled_in_one_block() {
    let (admin, next) = (Key::new(ADMIN), Key::new(3));
    let files = files(Era::Granite).switch("contractNativeMinterConfig", 20, json!({ "disable": true })).switch(
        "contractNativeMinterConfig",
        22,
        json!({ "adminAddresses": [next.address], "initialMint": { MINTER.to_string(): 4 } }),
    );
    let mut world = World::new(&files);
    let enabled = Address::repeat_byte(0x55);
    // A successful call with a value leaves it there: trap 13.
    world.send(&admin, Draft::call(MINTER, input(SET_ENABLED, &[&enabled])).value(1_000));
    assert_eq!(world.balance(MINTER), U256::from(1_000));
    assert_eq!(world.word(MINTER, role_slot(enabled)), U256::from(1));
    let head = world.chain.head().height();
    let before = world.chain.head().clone();

    world.next_ms = (START + 30) * 1_000;
    let tx = world.sign(&admin, Draft::call(MINTER, input(MINT, &[&enabled, &9_u64])));
    let sealed = world.seal([tx]);
    assert!(!sealed.receipts[0].success, "no admin any more");
    assert_eq!(world.balance(MINTER), U256::from(4), "only what the new configuration mints");
    let account = world.account(MINTER).expect("on again");
    assert_eq!((account.nonce, account.code_hash), (1, keccak256([1])));
    assert_eq!(world.word(MINTER, role_slot(enabled)), U256::ZERO);
    assert_eq!(world.word(MINTER, role_slot(admin.address)), U256::ZERO);
    assert_eq!(world.word(MINTER, role_slot(next.address)), U256::from(2));

    // The wiped storage comes back where the block is taken back, and goes again.
    let after = world.chain.head().id();
    world.chain.rewind(head).expect("kept");
    assert_eq!(world.chain.head().id(), before.id());
    assert_eq!(world.balance(MINTER), U256::from(1_000));
    assert_eq!(world.word(MINTER, role_slot(enabled)), U256::from(1));
    let block = Arc::clone(&sealed.block);
    let context = crate::support::context::at_its_time(&block);
    assert_eq!(world.chain.verify(&block, context), Ok(pars_chain::engine::Verdict::Valid));
    world.chain.accept(after, pars_chain::store::Durability::Buffered).expect("memory stores");
    assert_eq!(world.word(MINTER, role_slot(enabled)), U256::ZERO);
}

/// Disabled for good: an account without code, whose address is anybody's.
#[test]
fn disabled_is_gone() {
    let admin = Key::new(ADMIN);
    let files = files(Era::Granite).switch("contractNativeMinterConfig", 20, json!({ "disable": true }));
    let mut world = World::new(&files);
    world.send(&admin, Draft::call(MINTER, input(SET_ENABLED, &[&admin.address])).value(1_000));
    world.next_ms = (START + 20) * 1_000;
    let sealed = world.send(&admin, Draft::transfer(MINTER, 3));
    assert!(sealed.receipts[0].success);
    assert_eq!(sealed.gas(0), 21_000, "a plain account");
    assert_eq!(world.balance(MINTER), U256::from(3));
    assert_eq!(world.account(MINTER).map(|account| account.code_hash), Some(keccak256([])));
}

/// Whatever goes wrong takes all gas of the frame and returns nothing; and nothing has happened.
#[test]
fn trap_12_errors_take_the_frame() {
    for era in [Era::Durango, Era::Etna, Era::Granite] {
        let files = files(era);
        let mut world = World::new(&files);
        let stranger = Key::new(STRANGER);
        let mut probes = Vec::new();
        for entry in TABLE.iter().filter(|entry| !entry.pure && entry.at != TX_LIST) {
            probes.push(Probe::new(Kind::Call, entry.at, Vec::new()));
            probes.push(Probe::new(Kind::Call, entry.at, vec![0xeb, 0x54, 0xda]));
            probes.push(Probe::new(Kind::Call, entry.at, vec![0xde, 0xad, 0xbe, 0xef]));
            for function in entry.interface.iter().flat_map(|part| part.functions) {
                // The probe has no role.
                let whole = [&function.selector[..], &[0; 8 * 32]].concat();
                let view = function.solidity.contains(" view ");
                if !view {
                    probes.push(Probe::new(Kind::StaticCall, entry.at, whole.clone()));
                }
                if !view && entry.at != WARP {
                    probes.push(Probe::new(Kind::Call, entry.at, whole.clone()));
                    probes.push(Probe { value: 1, ..Probe::new(Kind::Call, entry.at, whole) });
                }
                let arguments = function.solidity.split(')').next().unwrap_or_default();
                if arguments.contains("(address") || arguments.contains("(uint32") {
                    probes.push(Probe::new(Kind::Call, entry.at, function.selector.to_vec()));
                    probes.push(Probe::new(Kind::Call, entry.at, [&function.selector[..], &[0; 31]].concat()));
                }
            }
        }
        assert!(probes.len() > 60, "{}", probes.len());
        let mut around = std::collections::BTreeMap::new();
        for probe in probes {
            let before = world.account(probe.callee).expect("on");
            let outcome = probe.run(&mut world, &stranger);
            let what = format!("{era:?} {:?} {} {} value {}", probe.kind, probe.callee, probe.input, probe.value);
            assert!(!outcome.success && outcome.size == 0, "{what}: {outcome:?}");
            let around =
                *around.entry((probe.kind.opcode(), probe.input.len())).or_insert_with(|| probe.around(&files));
            // A value costs 9,000, and gives the frame 2,300 that are not the caller's.
            let value = if probe.value > 0 { 9_000 } else { 0 };
            assert_eq!(outcome.gas, around + 2_600 + value + probe.gas, "{what}");
            assert_eq!(world.account(probe.callee), Some(before), "{what}");
        }
    }
}

/// What a call costs where it succeeds, and that a wei less than that fails.
#[test]
fn gas_of_calls_that_succeed() {
    let files = files(Era::Granite);
    let mut world = World::new(&files);
    let stranger = Key::new(STRANGER);
    let cases = [
        (DEPLOYER, input(READ_ALLOW_LIST, &[&Address::ZERO]), 5_000, 32),
        (FEE_MANAGER, input(GET_FEE_CONFIG, &[]), 40_000, 256),
        (WARP, input(GET_BLOCKCHAIN_ID, &[]), 200, 32),
    ];
    for (callee, data, gas, size) in cases {
        for kind in [Kind::Call, Kind::StaticCall] {
            let probe = Probe { gas, ..Probe::new(kind, callee, data.clone()) };
            let around = probe.around(&files);
            let outcome = probe.run(&mut world, &stranger);
            assert!(outcome.success, "{callee}");
            assert_eq!((outcome.gas, outcome.size), (around + 2_600 + gas, size), "{callee}");
            let short = Probe { gas: gas - 1, ..probe };
            let outcome = short.run(&mut world, &stranger);
            assert!(!outcome.success, "{callee}");
            assert_eq!((outcome.gas, outcome.size), (around + 2_600 + gas - 1, 0), "{callee}");
        }
    }
}

#[test]
fn trap_13_a_value_stays_at_the_precompile() {
    let (admin, target) = (Key::new(ADMIN), Address::repeat_byte(0x66));
    let mut world = World::new(&files(Era::Granite));
    let sealed = world.send(&admin, Draft::call(MINTER, input(MINT, &[&target, &100_u64])).value(1));
    assert!(sealed.receipts[0].success);
    assert_eq!((world.balance(MINTER), world.balance(target)), (U256::from(1), U256::from(100)));
    // A plain transfer has no selector, and fails.
    let before = world.balance(admin.address);
    let sealed = world.send(&admin, Draft::transfer(MINTER, 50).gas(60_000));
    assert!(!sealed.receipts[0].success);
    assert_eq!(sealed.gas(0), 60_000);
    assert_eq!(world.balance(MINTER), U256::from(1));
    assert_eq!(world.balance(admin.address), before - U256::from(60_000) * U256::from(1_000_000_001));
}

/// Rows are cold, the plain precompiles warm, P-256 from Granite on, the coinbase from Durango on.
#[test]
fn trap_14_who_is_warm() {
    for era in ERAS {
        let mut world = World::new(&files(era));
        let mut cost = |measured: Address| {
            let probe = Probe { measured, ..Probe::new(Kind::Call, Address::repeat_byte(0xdd), Vec::new()) };
            probe.run(&mut world, &Key::new(STRANGER)).balance_gas
        };
        for entry in TABLE {
            assert_eq!(cost(entry.at), 2_600, "{era:?} {}", entry.name);
        }
        for plain in 1..=9 {
            assert_eq!(cost(Address::with_last_byte(plain)), 100, "{era:?} {plain}");
        }
        assert_eq!(cost(Address::with_last_byte(10)), if era >= Era::Etna { 100 } else { 2_600 }, "{era:?} KZG");
        let p256 = address!("0000000000000000000000000000000000000100");
        assert_eq!(cost(p256), if era >= Era::Granite { 100 } else { 2_600 }, "{era:?} P-256");
        let coinbase = address!("0100000000000000000000000000000000000000");
        assert_eq!(cost(coinbase), if era >= Era::Durango { 100 } else { 2_600 }, "{era:?} coinbase");
        assert_eq!(cost(Address::repeat_byte(0xdd)), 100, "called before");
    }
}

/// What a precompile reads and writes stays as cold as it was: accounts, and its own slots.
#[test]
fn trap_15_precompiles_warm_nothing() {
    let admin = Key::new(ADMIN);
    let target = Address::repeat_byte(0x44);
    // The probe itself may mint.
    let files = files(Era::Granite).config(
        "contractNativeMinterConfig",
        json!({ "blockTimestamp": START, "enabledAddresses": [Kind::Call.address()] }),
    );
    let mut world = World::new(&files);
    for (round, exists) in [false, true].into_iter().enumerate() {
        assert_eq!(world.account(target).is_some(), exists);
        let mint = Probe { measured: target, ..Probe::new(Kind::Call, MINTER, input(MINT, &[&target, &5_u64])) };
        let outcome = mint.run(&mut world, &admin);
        assert!(outcome.success);
        assert_eq!(outcome.balance_gas, 2_600, "round {round}");
        assert_eq!(outcome.gas, mint.around(&files) + 2_600 + 31_756);
        assert_eq!(world.balance(target), U256::from(5 * (round + 1)));
    }
    let read = Probe { measured: target, ..Probe::new(Kind::Call, DEPLOYER, input(READ_ALLOW_LIST, &[&target])) };
    assert_eq!(read.run(&mut world, &admin).balance_gas, 2_600);
    // The called precompile itself is warm then, as every called account.
    let read = Probe { measured: DEPLOYER, ..read };
    assert_eq!(read.run(&mut world, &admin).balance_gas, 100);
    // A creation asks the list of deployers, which stays cold: CREATE, then BALANCE of the list.
    // PUSH1 0, PUSH1 0, PUSH1 0, CREATE, POP, GAS, CALLER-free PUSH20 list, BALANCE, POP, GAS, SWAP1, SUB, PUSH1 0, SSTORE
    let creator = [
        &alloy_primitives::hex!("6000 6000 6000 f0 50 5a 73")[..],
        DEPLOYER.as_slice(),
        &alloy_primitives::hex!("31 50 5a 90 03 6000 55 00"),
    ]
    .concat();
    let at = Address::repeat_byte(0x77);
    let mut world = World::new(&files.code(at, creator));
    let sealed = world.send(&admin, Draft::call(at, Vec::new()));
    assert!(sealed.receipts[0].success);
    assert!(world.account(at.create(1)).is_some(), "the origin may create");
    assert_eq!(world.slot(at, 0), U256::from(2_600 + 3 + 2 + 2));
}

/// Minted within a frame that is reverted: nothing, and the target is no account that the transaction touched.
#[test]
fn reverted_frames_take_the_mint_back() {
    // Forwards its input to the minter, then reverts:
    // CALLDATASIZE, PUSH1 0, PUSH1 0, CALLDATACOPY, PUSH1 0, PUSH1 0, CALLDATASIZE, PUSH1 0, PUSH1 0, PUSH20, GAS, CALL,
    // PUSH1 0, PUSH1 0, REVERT
    let code = [
        &alloy_primitives::hex!("36 6000 6000 37 6000 6000 36 6000 6000 73")[..],
        MINTER.as_slice(),
        &alloy_primitives::hex!("5a f1 6000 6000 fd"),
    ]
    .concat();
    let at = Address::repeat_byte(0x12);
    let target = Address::repeat_byte(0x13);
    let files = files(Era::Granite)
        .config("contractNativeMinterConfig", json!({ "blockTimestamp": START, "enabledAddresses": [at] }))
        .code(at, code);
    let mut world = World::new(&files);
    let mint = Probe { measured: target, ..Probe::new(Kind::Call, at, input(MINT, &[&target, &5_u64])) };
    let outcome = mint.run(&mut world, &Key::new(STRANGER));
    assert!(!outcome.success);
    assert!(outcome.gas > 30_000, "the mint ran");
    assert_eq!(outcome.balance_gas, 2_600);
    assert!(world.account(target).is_none());
}

/// DELEGATECALL and CALLCODE: from Granite on a failed call with all its gas, between August 2025 and Granite an invalid
/// transaction, before that a call on the precompile's own storage with the caller as the opcode says. Plain
/// precompiles are called as ever.
#[test]
fn trap_17_delegated_calls() {
    const AUGUST_2025: u64 = 1_754_107_200;
    let admin = Key::new(ADMIN);
    let target = Address::repeat_byte(0x33);
    let set = |kind| Probe { gas: 100_000, ..Probe::new(kind, DEPLOYER, input(SET_ENABLED, &[&target])) };
    let identity = |kind| Probe::new(kind, Address::with_last_byte(4), vec![7; 32]);
    let delegated = [Kind::CallCode, Kind::DelegateCall];

    // Granite.
    let granite = files(Era::Granite);
    let mut world = World::new(&granite);
    for kind in delegated {
        let outcome = set(kind).run(&mut world, &admin);
        assert!(!outcome.success && outcome.size == 0);
        assert_eq!(outcome.gas, set(kind).around(&granite) + 2_600 + 100_000);
        assert_eq!(world.word(DEPLOYER, role_slot(target)), U256::ZERO);
    }
    for kind in KINDS {
        let outcome = identity(kind).run(&mut world, &admin);
        assert!(outcome.success && outcome.size == 32, "{kind:?}");
        let p256 = Probe::new(kind, address!("0000000000000000000000000000000000000100"), vec![0; 160]);
        assert!(p256.run(&mut world, &admin).success, "{kind:?}");
    }

    // Etna, on both sides of August 2025.
    for (time, runs) in [(AUGUST_2025 - 1, true), (AUGUST_2025, false)] {
        let mut world = World::new(&files(Era::Etna));
        world.next_ms = time * 1_000;
        for kind in delegated {
            let tx = world.sign(&admin, set(kind).draft());
            if runs {
                world.next_ms = time * 1_000;
                world.seal([tx]);
                let outcome = set(kind).outcome(&world);
                // DELEGATECALL inherits the caller, who is admin; CALLCODE's caller is the probe.
                assert_eq!(outcome.success, kind == Kind::DelegateCall, "{kind:?}");
                let role = world.word(DEPLOYER, role_slot(target));
                assert_eq!(role, U256::from(u8::from(kind == Kind::DelegateCall)), "{kind:?}");
                assert_eq!(world.word(kind.address(), role_slot(target)), U256::ZERO, "not the caller's storage");
            } else {
                assert!(matches!(world.build([Arc::clone(&tx)]), Built::Nothing));
                let plain = admin.sign(&Draft::transfer(Address::ZERO, 1).nonce(tx.nonce()));
                let Built::Block(block) = world.build([plain]) else { panic!("no block") };
                let forged = world.forge(&block, vec![tx]);
                match world.refusal(&forged) {
                    Invalid::Transaction { index: 0, reason, .. } => {
                        assert_eq!(reason, InvalidTransaction::DelegatedPrecompile(DEPLOYER));
                    }
                    other => panic!("{other}"),
                }
                world.accept(&block);
                world.next_ms = time * 1_000;
            }
        }
        for kind in delegated {
            assert!(identity(kind).run(&mut world, &admin).success, "{kind:?}");
        }
    }
}

/// The high bytes of an address, what follows the arguments, and where they lie are read over; numbers are not.
#[test]
fn trap_18_dirty_calldata() {
    let admin = Key::new(ADMIN);
    let mut world = World::new(&files(Era::Granite));
    let target = Address::repeat_byte(0x21);
    let mut dirty = target.into_word();
    dirty.0[..12].copy_from_slice(&[0xff; 12]);
    let data = [&SET_ENABLED[..], dirty.as_slice(), &[0xee; 45]].concat();
    let sealed = world.send(&admin, Draft::call(MINTER, data));
    assert!(sealed.receipts[0].success);
    assert_eq!(world.word(MINTER, role_slot(target)), U256::from(1));
    assert_eq!(world.word(MINTER, dirty), U256::ZERO);
    // Before Durango the length is exact.
    let roles = json!({ "adminAddresses": [admin.address] });
    let mut world = World::new(&Files::new(Era::Apricot).row("contractNativeMinterConfig", roles));
    for (tail, success) in [(0, true), (1, false), (32, false)] {
        let data = [input(SET_ADMIN, &[&target]), vec![0; tail]].concat();
        assert_eq!(world.send(&admin, Draft::call(MINTER, data)).receipts[0].success, success, "{tail} more");
    }
}

/// The target rate is cut to 64 bits before anything looks at it.
#[test]
fn trap_19_the_rate_is_cut() {
    let admin = Key::new(ADMIN);
    let mut world = World::new(&files(Era::Granite));
    let set = |rate: U256| {
        let values = [15_000_000_u64, 0, 1_000_000_000, 75_000_000, 36, 0, 0, 0];
        let mut words: Vec<B256> = values.iter().map(Word::word).collect();
        words[1] = rate.into();
        Draft::call(FEE_MANAGER, [&SET_FEE_CONFIG[..], &words.concat()].concat())
    };
    let rate_slot = B256::right_padding_from(&[2]);
    let two = (U256::ONE << 64) + U256::from(2);
    let sealed = world.send(&admin, set(two));
    assert!(sealed.receipts[0].success);
    assert_eq!(world.word(FEE_MANAGER, rate_slot), U256::from(2));
    let data = &sealed.receipts[0].logs[0].data.data;
    assert_eq!(data.len(), 16 * 32);
    assert_eq!(U256::from_be_slice(&data[9 * 32..10 * 32]), U256::from(2), "the event too");
    // 2^64 is 0, which no configuration may have.
    let sealed = world.send(&admin, set(U256::ONE << 64));
    assert!(!sealed.receipts[0].success && sealed.receipts[0].logs.is_empty());
    assert_eq!(world.word(FEE_MANAGER, rate_slot), U256::from(2));
    world.send(&admin, Draft::transfer(Address::ZERO, 1));
}

/// A balance wraps.
#[test]
fn trap_20_minting_wraps() {
    let (admin, target) = (Key::new(ADMIN), Address::repeat_byte(0x20));
    let mut world = World::new(&files(Era::Granite));
    for expected in [U256::MAX, U256::MAX - U256::ONE, U256::MAX - U256::from(2)] {
        let sealed = world.send(&admin, Draft::call(MINTER, input(MINT, &[&target, &U256::MAX])));
        assert!(sealed.receipts[0].success);
        assert_eq!(world.balance(target), expected);
    }
}

/// So does a balance that a transfer takes beyond its end: by a transaction, by a contract, and not where the call fails.
#[test]
fn trap_20_transfers_wrap() {
    let (admin, target) = (Key::new(ADMIN), Address::repeat_byte(0x21));
    let mut world = World::new(&files(Era::Granite));
    let fill = |world: &mut World, address: Address| {
        let missing = U256::MAX - world.balance(address);
        world.send(&admin, Draft::call(MINTER, input(MINT, &[&address, &missing])));
        assert_eq!(world.balance(address), U256::MAX);
    };
    fill(&mut world, target);
    let before = world.balance(admin.address);
    let sealed = world.send(&admin, Draft::transfer(target, 5));
    assert!(sealed.receipts[0].success);
    assert_eq!(sealed.gas(0), 21_000);
    assert_eq!(world.balance(target), U256::from(4));
    let price = sealed.block.transactions[0].effective_gas_price(sealed.block.header.base_fee.unwrap().to());
    assert_eq!(before - world.balance(admin.address), U256::from(5) + U256::from(21_000 * price));

    // A contract that passes its call value on, first to a plain account, then to one that reverts.
    let reverts = deploy(&mut world, &admin, &[0x5f, 0x5f, 0xfd]);
    for (target, moves) in [(target, true), (reverts, false)] {
        fill(&mut world, target);
        let forward = [&[0x5f, 0x5f, 0x5f, 0x5f, 0x34, 0x73], target.as_slice(), &[0x5a, 0xf1, 0x5f, 0x55]].concat();
        let forward = deploy(&mut world, &admin, &forward);
        let sealed = world.send(&admin, Draft::call(forward, Vec::new()).value(7));
        assert!(sealed.receipts[0].success);
        assert_eq!(world.slot(forward, 0), U256::from(u8::from(moves)));
        let (expected, kept) = if moves { (U256::from(6), U256::ZERO) } else { (U256::MAX, U256::from(7)) };
        assert_eq!((world.balance(target), world.balance(forward)), (expected, kept));
    }

    // A precompile keeps the value of a call that succeeds, and gives it back where the call fails.
    fill(&mut world, FEE_MANAGER);
    let get = Draft::call(FEE_MANAGER, GET_FEE_CONFIG.to_vec()).value(3);
    assert!(world.send(&admin, get).receipts[0].success);
    assert_eq!(world.balance(FEE_MANAGER), U256::from(2));
    fill(&mut world, FEE_MANAGER);
    assert!(!world.send(&admin, Draft::call(FEE_MANAGER, Vec::new()).value(3)).receipts[0].success);
    assert_eq!(world.balance(FEE_MANAGER), U256::MAX);
}

/// Deploys code by initcode that copies it; its address.
fn deploy(world: &mut World, key: &Key, code: &[u8]) -> Address {
    let length = u8::try_from(code.len()).expect("short");
    let head = [0x60, length, 0x60, 0x0a, 0x5f, 0x39, 0x60, length, 0x5f, 0xf3];
    let nonce = world.nonce(key.address);
    let sealed = world.send(key, Draft::create([&head[..], code].concat()));
    assert!(sealed.receipts[0].success);
    key.address.create(nonce)
}

/// An alias that the genesis names: an account with code of its own that speaks for the row. State and logs are the
/// canonical one's, the value stays where it was sent, and it is cold.
#[test]
fn aliases() {
    let (admin, target) = (Key::new(ADMIN), Address::repeat_byte(0x51));
    let alias = address!("0300000000000000000000000000000000000031");
    let files = files(Era::Granite).config("addressBook", json!({ "contractNativeMinterConfig": alias })).switch(
        "contractNativeMinterConfig",
        50,
        json!({ "disable": true }),
    );
    let mut world = World::new(&files);
    for at in [MINTER, alias] {
        let account = world.account(at).expect("on");
        assert_eq!((account.nonce, account.code_hash), (1, keccak256([1])));
    }
    let sealed = world.send(&admin, Draft::call(alias, input(MINT, &[&target, &7_u64])).value(3));
    assert!(sealed.receipts[0].success);
    assert_eq!(sealed.receipts[0].logs[0].address, MINTER);
    assert_eq!((world.balance(alias), world.balance(MINTER)), (U256::from(3), U256::ZERO));
    assert_eq!(world.balance(target), U256::from(7));
    world.send(&admin, Draft::call(alias, input(SET_ENABLED, &[&target])));
    assert_eq!(world.word(MINTER, role_slot(target)), U256::from(1));
    assert_eq!(world.word(alias, role_slot(target)), U256::ZERO);
    let cold = Probe { measured: alias, ..Probe::new(Kind::Call, Address::repeat_byte(0xdd), Vec::new()) };
    assert_eq!(cold.run(&mut world, &admin).balance_gas, 2_600);
    let read = Probe::new(Kind::StaticCall, alias, input(READ_ALLOW_LIST, &[&target]));
    let outcome = read.run(&mut world, &admin);
    assert_eq!((outcome.success, outcome.word), (true, U256::ONE));
    // Disabling acts on both.
    world.next_ms = (START + 60) * 1_000;
    world.send(&admin, Draft::transfer(Address::ZERO, 1));
    assert!(world.account(alias).is_none() && world.account(MINTER).is_none());
    // Without the book it is nobody's address, and genesis another one.
    let mut plain = World::new(&self::files(Era::Granite));
    assert!(plain.account(alias).is_none());
    assert_eq!(plain.send(&admin, Draft::transfer(alias, 1)).gas(0), 21_000);
    assert_ne!(plain.chain.genesis(), world.chain.genesis());
}

/// Rows that are off are accounts as any other.
#[test]
fn rows_that_are_off() {
    let mut world = World::new(&Files::new(Era::Granite));
    for at in [DEPLOYER, MINTER, TX_LIST, FEE_MANAGER, REWARD_MANAGER, WARP] {
        let sealed = world.send(&Key::new(ADMIN), Draft::call(at, set_fee_config([1; 8])).value(2));
        assert!(sealed.receipts[0].success && sealed.receipts[0].logs.is_empty());
        assert_eq!(world.balance(at), U256::from(2));
    }
}

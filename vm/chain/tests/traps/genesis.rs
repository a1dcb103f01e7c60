//! Genesis: which forks it has, what is in its state, which fee it starts with.

use crate::support::abi::{FEE_MANAGER, MINTER, role_slot};
use crate::support::files::{Era, Files, START, fee_config};
use crate::support::wallet::{Draft, Key};
use crate::support::world::World;
use alloy_primitives::{Address, B256, U256, b256, keccak256};
use alloy_trie::{HashBuilder, Nibbles};
use pars_chain::engine::{Chain, OpenError, genesis_block};
use pars_chain::state::commit::History;
use pars_chain::store::{Column, Memory};
use pars_genesis::forks::{Forks, HostUpgrades, INITIALLY_ACTIVE};
use serde_json::{Value, json};
use std::sync::Arc;

/// Known hashes of a genesis whose forks are active from 0 on, as the Go node's own tests expect them: empty
/// allocation, everything else by default.
#[test]
fn golden_hashes() {
    let file = json!({
        "config": { "chainId": 43214 },
        "gasLimit": 8_000_000,
        "difficulty": 131_072,
        "alloc": {},
    });
    let host = HostUpgrades::LOCAL;
    let parsed = pars_genesis::parse::genesis(file.to_string().as_bytes(), b"", Some(&host), None);
    let mut genesis = parsed.expect("the file is right");
    // The Go node's test gives this limit without asking the fee configuration.
    genesis.header.gas_limit = 4_712_388;
    let mut hash = |times: [Option<u64>; 5]| {
        genesis.spec.forks = Forks::from_times(times);
        genesis_block(&genesis).expect("memory reads").0
    };
    let (on, off) = (Some(0), None);
    let subnet_evm = hash([off; 5]);
    let cases = [
        ([off; 5], b256!("74dd5d404823f342fb3d372ea289565e5b1ff25d07e48a59db8130c5f61e941a")),
        ([on, off, off, off, off], b256!("74dd5d404823f342fb3d372ea289565e5b1ff25d07e48a59db8130c5f61e941a")),
        ([on, on, off, off, off], b256!("a5de01cb7e5c6d721be62ab4b37878e863d65e0c1fe308e5df1f4c5b148650f9")),
        ([on, on, on, off, off], b256!("a5de01cb7e5c6d721be62ab4b37878e863d65e0c1fe308e5df1f4c5b148650f9")),
        ([on, on, on, on, off], b256!("4d5ff1b8509d30c6b7842b784a6cf8be78e34c78bc5de8559ea6f15ad18d6a10")),
        ([on, on, on, on, on], b256!("4d5ff1b8509d30c6b7842b784a6cf8be78e34c78bc5de8559ea6f15ad18d6a10")),
    ];
    for (times, expected) in cases {
        assert_eq!(hash(times).id().0, expected, "{times:?}");
    }
    // No chain of ours starts before the base fee; the header alone is hashed.
    let mut header = subnet_evm.header;
    header.base_fee = None;
    assert_eq!(header.id().0, b256!("6116de25352c93149542e950162c7305f207bbc17b0eb725136b78c80aed79cc"));
}

/// A chain starts at height 0, whatever its first block says of its parent.
#[test]
fn genesis_at_another_height_is_refused() {
    let mut files = Files::new(Era::Granite);
    files.genesis["parentHash"] = json!(B256::repeat_byte(1));
    files.genesis["number"] = json!("0x0");
    let world = World::new(&files);
    assert_eq!(world.chain.head().header().parent, B256::repeat_byte(1));
    files.genesis["number"] = json!("0x1");
    let store = Memory::new();
    let refused = files.try_open(Arc::new(store.clone()), History::Archive).map(|chain| chain.genesis());
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "genesis: number: got 1, expected 0: a chain begins with block 0; write 0 or leave it out"
    );
    assert!(store.dump().is_empty());
}

/// A time of 0, or none, is the host's. So on a local network a genesis that says 0 everywhere is older than all forks,
/// and its first block has them all.
#[test]
fn trap_01_fork_times_of_zero_are_the_hosts() {
    let files = |time: u64, forks: Value, overrides: Value| {
        let mut files = Files::new(Era::Granite);
        files.genesis["timestamp"] = json!(time);
        for fork in ["durangoTimestamp", "etnaTimestamp", "graniteTimestamp"] {
            files.genesis["config"][fork] = forks.clone();
        }
        if !overrides.is_null() {
            let names = ["durangoTimestamp", "etnaTimestamp", "graniteTimestamp"];
            let times: serde_json::Map<String, Value> =
                names.iter().map(|name| ((*name).to_owned(), overrides.clone())).collect();
            files.upgrade = json!({ "networkUpgradeOverrides": times });
        }
        files
    };
    let cases = [
        (0, json!(0), Value::Null, 16),
        (0, Value::Null, Value::Null, 16),
        (INITIALLY_ACTIVE - 1, json!(0), Value::Null, 16),
        (INITIALLY_ACTIVE, json!(0), Value::Null, 22),
        (START, json!(0), Value::Null, 22),
        (START, json!(START + 1), Value::Null, 16),
        (0, json!(0), json!(0), 22),
        (INITIALLY_ACTIVE - 1, Value::Null, json!(0), 22),
        (0, json!(START), json!(0), 22),
    ];
    for (time, forks, overrides, fields) in cases {
        let mut world = World::new(&files(time, forks.clone(), overrides.clone()));
        let genesis = world.chain.head().header().clone();
        assert_eq!(count_fields(&genesis), fields, "genesis at {time}, forks at {forks}, overrides {overrides}");
        world.next_ms = (START + 10) * 1_000;
        let sealed = world.send(&Key::new(1), Draft::transfer(Address::ZERO, 1));
        assert_eq!(count_fields(&sealed.block.header), 22);
        assert_eq!(sealed.block.header.extra.len(), 86);
    }
    // The three hashes differ in nothing but the fields that the forks bring.
    let id = |overrides| open(&files(0, json!(0), overrides)).genesis();
    assert_ne!(id(Value::Null), id(json!(0)));
}

/// What the upgrade file switches on at or before the time of genesis is in genesis.
#[test]
fn trap_02_upgrades_at_genesis_time_change_genesis() {
    let none = Files::new(Era::Granite);
    let roles = json!({ "adminAddresses": [Key::new(1).address] });
    let by_upgrade = none.clone().switch("feeManagerConfig", 0, roles.clone());
    let mut long_ago = none.clone().switch("feeManagerConfig", 0, roles.clone());
    long_ago.upgrade["precompileUpgrades"][0]["feeManagerConfig"]["blockTimestamp"] = json!(1);
    // Durango, which the Go node asks for managers only, is active at neither.
    let by_genesis = none.clone().row("feeManagerConfig", roles.clone());
    let later = none.clone().switch("feeManagerConfig", 1, roles);
    let ids = [&none, &by_upgrade, &long_ago, &by_genesis, &later].map(|files| open(files).genesis());
    assert_eq!(ids[1], ids[3]);
    assert_eq!(ids[1], ids[2]);
    assert_ne!(ids[0], ids[1]);
    assert_eq!(ids[0], ids[4]);
    let world = World::new(&by_upgrade);
    let account = world.account(FEE_MANAGER).expect("switched on");
    assert_eq!((account.nonce, account.code_hash), (1, keccak256([1])));
    assert_eq!(world.word(FEE_MANAGER, role_slot(Key::new(1).address)), U256::from(2));
}

/// The allocation comes after the precompiles and sets code, nonce and balance, whatever it leaves out; the rest of the
/// storage stays. Empty accounts stay too.
#[test]
fn trap_03_the_allocation_overwrites() {
    let target = Address::repeat_byte(0x77);
    let nobody = Address::repeat_byte(0x88);
    let files = Files::new(Era::Granite)
        .row("feeManagerConfig", json!({ "adminAddresses": [Key::new(1).address] }))
        .row("contractNativeMinterConfig", json!({ "initialMint": { target.to_string(): 5, nobody.to_string(): 6 } }))
        .account(FEE_MANAGER, json!({ "balance": 9, "storage": { B256::with_last_byte(3).to_string(): "0x04" } }))
        .account(target, json!({ "balance": 1 }))
        .account(Address::repeat_byte(0x99), json!({ "balance": 0 }));
    let world = World::new(&files);
    let fee_manager = world.account(FEE_MANAGER).expect("allocated");
    assert_eq!((fee_manager.nonce, fee_manager.balance), (0, U256::from(9)));
    assert_eq!(fee_manager.code_hash, keccak256([]));
    assert_eq!(world.word(FEE_MANAGER, role_slot(Key::new(1).address)), U256::from(2), "its storage stays");
    assert_eq!(world.slot(FEE_MANAGER, 3), U256::from(4));
    let minter = world.account(MINTER).expect("switched on");
    assert_eq!((minter.nonce, minter.code_hash), (1, keccak256([1])));
    assert_eq!(world.balance(target), U256::from(1), "not 6: the allocation sets");
    assert_eq!(world.balance(nobody), U256::from(6));
    let empty = world.account(Address::repeat_byte(0x99)).expect("an empty account stays");
    assert!(empty.nonce == 0 && empty.balance.is_zero() && empty.code_hash == keccak256([]));
    assert_eq!(root_of_all_accounts(&world.store), world.chain.head().header().state_root);
    let mut without = files;
    without.genesis["alloc"].as_object_mut().expect("accounts").remove(&Address::repeat_byte(0x99).to_string());
    let without = open(&without).head().header().state_root;
    assert_ne!(without, world.chain.head().header().state_root, "an empty account is in the root");
}

/// The base fee of genesis is the file's, or the minimum of `feeConfig`; that of the first block is the minimum of the
/// configuration that holds in the state of genesis.
#[test]
fn trap_04_base_fee_of_genesis_and_of_block_1() {
    let managed = json!({ "initialFeeConfig": fee_config(9_000_000, 3_000_000_000) });
    let plain = Files::new(Era::Granite);
    let with_manager = plain.clone().row("feeManagerConfig", managed);
    let set = |mut files: Files| {
        files.genesis["baseFeePerGas"] = json!("0x7");
        files
    };
    let cases = [
        (plain.clone(), 1_000_000_000_u64, 1_000_000_000_u64, 15_000_000),
        (set(plain), 7, 1_000_000_000, 15_000_000),
        (with_manager.clone(), 1_000_000_000, 3_000_000_000, 9_000_000),
        (set(with_manager), 7, 3_000_000_000, 9_000_000),
    ];
    for (files, of_genesis, of_first, limit) in cases {
        let mut world = World::new(&files);
        assert_eq!(world.chain.head().header().base_fee, Some(U256::from(of_genesis)));
        assert_eq!(world.chain.head().header().gas_limit, 15_000_000);
        let sealed = world.send(&Key::new(1), Draft::transfer(Address::ZERO, 1));
        assert_eq!(sealed.block.header.base_fee, Some(U256::from(of_first)));
        assert_eq!(sealed.block.header.gas_limit, limit);
    }
}

/// Gas that genesis claims to have used is in no window; that of block 1 is.
#[test]
fn trap_05_gas_of_genesis_is_in_no_window() {
    let mut files = Files::new(Era::Granite);
    files.genesis["gasUsed"] = json!("0x5208");
    let mut world = World::new(&files);
    let mut window = |gas: u64| {
        let transfers: Vec<_> =
            (0..gas / 21_000).map(|_| world.sign(&Key::new(1), Draft::transfer(Address::ZERO, 1))).collect();
        let sealed = world.seal(transfers);
        assert_eq!(sealed.block.header.gas_used, gas);
        let words: Vec<u64> = sealed.block.header.extra[..80]
            .chunks(8)
            .map(|chunk| u64::from_be_bytes(chunk.try_into().expect("eight bytes")))
            .collect();
        words
    };
    // Blocks are two seconds apart.
    assert_eq!(window(21_000), [0; 10]);
    assert_eq!(window(42_000), [0, 0, 0, 0, 0, 0, 0, 21_000, 0, 0]);
    assert_eq!(window(63_000), [0, 0, 0, 0, 0, 21_000, 0, 42_000, 0, 0]);
    assert_eq!(window(21_000), [0, 0, 0, 21_000, 0, 42_000, 0, 63_000, 0, 0]);
}

/// A restart compares what has happened by then with what the files say; what is still to come may change.
#[test]
fn trap_44_the_past_cannot_be_edited() {
    let files = Files::new(Era::Granite).switch("warpConfig", 100, json!({ "quorumNumerator": 67 }));
    let later = Files::new(Era::Granite).switch("warpConfig", 200, json!({ "quorumNumerator": 80 }));
    let mut world = World::new(&files);
    let store = world.store.clone();
    let reopen = |files: &Files| files.try_open(Arc::new(store.clone()), History::Archive);
    world.send(&Key::new(1), Draft::transfer(Address::ZERO, 1));
    // At the head's time nothing of it has happened: the file may change, and change back.
    assert_eq!(reopen(&later).expect("the future may change").head().height(), 1);
    assert_eq!(reopen(&files).expect("the future may change").head().height(), 1);

    world.next_ms = (START + 150) * 1_000;
    world.send(&Key::new(1), Draft::transfer(Address::ZERO, 1));
    let before = store.dump();
    match reopen(&later) {
        Err(OpenError::Incompatible(reason)) => assert_eq!(reason.entry, format!("warpConfig at {}", START + 100)),
        other => panic!("{other:?}"),
    }
    match reopen(&Files::new(Era::Etna)) {
        Err(OpenError::OtherGenesis { stored, given }) => assert_ne!(stored, given),
        other => panic!("{other:?}"),
    }
    assert!(store.dump() == before, "a refused file changed the store");
    assert_eq!(reopen(&files).expect("as it was run").head().height(), 2);
}

/// The number of fields in the encoding.
fn count_fields(header: &pars_chain::block::Header) -> usize {
    let bytes = alloy_rlp::encode(header);
    let mut fields = alloy_rlp::Header::decode_bytes(&mut &bytes[..], true).expect("a list");
    let mut count = 0;
    while !fields.is_empty() {
        let item = alloy_rlp::Header::decode(&mut fields).expect("an item");
        fields = &fields[item.payload_length..];
        count += 1;
    }
    count
}

fn open(files: &Files) -> Chain {
    files.open(Arc::new(Memory::new()), History::Archive)
}

/// Root of the account table by another implementation.
fn root_of_all_accounts(store: &Memory) -> B256 {
    let mut builder = HashBuilder::default();
    for ((column, key), value) in store.dump() {
        if column == Column::Accounts {
            builder.add_leaf(Nibbles::unpack(&key), &value);
        }
    }
    builder.root()
}

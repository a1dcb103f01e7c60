//! The lists of who may create contracts and who may send transactions.

use crate::support::abi::{DEPLOYER, SET_ENABLED, TX_LIST, input, role_slot};
use crate::support::files::{ERAS, Era, Files};
use crate::support::wallet::{Draft, Key};
use crate::support::world::World;
use alloy_primitives::{Address, U256, hex, keccak256};
use serde_json::json;

/// Creates an empty contract, by CREATE2 where there is input, else by CREATE; writes down its address, what that cost,
/// and what BALANCE of the account in the second word of the input costs afterwards (and 10 around it):
/// GAS, CALLDATASIZE, PUSH1 15, JUMPI, PUSH1 0 (size), PUSH1 0 (place), PUSH1 0 (value), CREATE, PUSH1 25, JUMP,
/// 15: JUMPDEST, PUSH1 0 (salt), PUSH1 0, PUSH1 0, PUSH1 0, CREATE2,
/// 25: JUMPDEST, PUSH1 0, SSTORE, GAS, SWAP1, SUB, PUSH1 1, SSTORE,
/// GAS, PUSH1 32, CALLDATALOAD, BALANCE, POP, GAS, SWAP1, SUB, PUSH1 2, SSTORE, STOP
const FACTORY: [u8; 48] = hex!(
    "5a 36 600f 57 6000 6000 6000 f0 6019 56"
    "5b 6000 6000 6000 6000 f5"
    "5b 6000 55 5a 90 03 6001 55"
    "5a 6020 35 31 50 5a 90 03 6002 55 00"
);
const FACTORY_AT: Address = Address::repeat_byte(0xfa);

/// The list asks for the origin of the transaction, whoever calls CREATE, and only after the creator's nonce has moved:
/// the gas given to the creation is gone, the address is warm, nothing came back.
#[test]
fn trap_16_deployers_are_origins() {
    let (allowed, denied, admin) = (Key::new(1), Key::new(2), Key::new(3));
    for era in ERAS {
        let roles = json!({ "enabledAddresses": [allowed.address], "adminAddresses": [admin.address] });
        let files = Files::new(era).row("contractDeployerAllowListConfig", roles).code(FACTORY_AT, FACTORY);
        let mut world = World::new(&files);

        // A factory that somebody calls.
        let mut nonce = 1;
        for (key, may) in [(allowed, true), (denied, false), (admin, true), (denied, false)] {
            let sealed = world.send(&key, Draft::call(FACTORY_AT, Vec::new()).gas(6_000_000));
            assert!(sealed.receipts[0].success, "the factory itself succeeds");
            let expected = FACTORY_AT.create(nonce);
            nonce += 1;
            assert_eq!(world.nonce(FACTORY_AT), nonce, "{era:?}: the nonce moves either way");
            let created = Address::from_word(world.slot(FACTORY_AT, 0).into());
            assert_eq!(created, if may { expected } else { Address::ZERO });
            assert_eq!(world.account(expected).is_some(), may);
            let cost: u64 = world.slot(FACTORY_AT, 1).try_into().expect("64 bits");
            if may {
                assert!(cost < 60_000, "{era:?}: {cost}");
            } else {
                // All but a 64th of what the factory had.
                assert!(cost > 5_500_000, "{era:?}: {cost}");
            }
        }

        // The creation itself is the transaction.
        let initcode = hex!("00");
        for (key, may) in [(allowed, true), (denied, false)] {
            let (nonce, before) = (world.nonce(key.address), world.balance(key.address));
            let sealed = world.send(&key, Draft::create(initcode).value(7).gas(100_000));
            assert_eq!(world.nonce(key.address), nonce + 1);
            let receipt = &sealed.receipts[0];
            assert_eq!(receipt.success, may, "{era:?}");
            let created = key.address.create(nonce);
            let paid = U256::from(sealed.gas(0)) * U256::from(1_000_000_001);
            if may {
                assert!(sealed.gas(0) < 60_000);
                assert_eq!(world.balance(created), U256::from(7));
            } else {
                assert_eq!(sealed.gas(0), 100_000, "all of it");
                assert_eq!(world.balance(key.address), before - paid, "the value stays");
                assert!(world.account(created).is_none());
            }
        }

        // A role that is given in the same block counts.
        let give = world.sign(&admin, Draft::call(DEPLOYER, input(SET_ENABLED, &[&denied.address])));
        let create = world.sign(&denied, Draft::create(initcode));
        let sealed = world.seal([give, create]);
        assert!(sealed.receipts.iter().all(|receipt| receipt.success), "{era:?}");
        assert_eq!(world.word(DEPLOYER, role_slot(denied.address)), U256::from(1));
    }
}

/// After a creation that was refused its address is warm, as if it had been created and taken back.
#[test]
fn trap_16_the_refused_address_is_warm() {
    for key in [Key::new(1), Key::new(2)] {
        let roles = json!({ "enabledAddresses": [Key::new(1).address] });
        let files = Files::new(Era::Granite).row("contractDeployerAllowListConfig", roles).code(FACTORY_AT, FACTORY);
        let mut world = World::new(&files);
        // With input it creates by CREATE2, whose address is known too; the second word is the account to measure.
        let address = FACTORY_AT.create2([0; 32], keccak256([]));
        let calldata = [[0; 32], address.into_word().0].concat();
        let sealed = world.send(&key, Draft::call(FACTORY_AT, calldata).gas(6_000_000));
        assert!(sealed.receipts[0].success);
        let cost: u64 = world.slot(FACTORY_AT, 2).try_into().expect("64 bits");
        assert_eq!(cost, 110);
        // The same measured in a call that creates nothing there: cold.
        let elsewhere = [[0; 32], Address::repeat_byte(0x31).into_word().0].concat();
        world.send(&key, Draft::call(FACTORY_AT, elsewhere).gas(6_000_000));
        let cost: u64 = world.slot(FACTORY_AT, 2).try_into().expect("64 bits");
        assert_eq!(cost, 2_610);
    }
}

/// Calls of contracts and plain transfers ask no list of deployers; the list of senders asks for the sender alone, not
/// for who calls whom.
#[test]
fn lists_ask_for_nothing_else() {
    let (listed, other) = (Key::new(1), Key::new(2));
    let files = Files::new(Era::Granite)
        .row("txAllowListConfig", json!({ "enabledAddresses": [listed.address] }))
        .row("contractDeployerAllowListConfig", json!({ "adminAddresses": [other.address] }))
        .code(FACTORY_AT, FACTORY);
    let mut world = World::new(&files);
    let sealed = world.send(&listed, Draft::transfer(other.address, 1));
    assert!(sealed.receipts[0].success);
    assert_eq!(world.word(TX_LIST, role_slot(listed.address)), U256::from(1));
    // An enabled sender is no admin, and gives no roles.
    let sealed = world.send(&listed, Draft::call(TX_LIST, input(SET_ENABLED, &[&other.address])));
    assert!(!sealed.receipts[0].success);
    assert_eq!(sealed.gas(0), 1_000_000, "all of it");
    let sealed = world.send(&listed, Draft::call(FACTORY_AT, Vec::new()).gas(6_000_000));
    assert!(sealed.receipts[0].success);
    assert_eq!(world.slot(FACTORY_AT, 0), U256::ZERO);
}

//! What contracts see of the block, the beacon root call, P-256, message ids.

use crate::support::abi::{SEND_WARP_MESSAGE, WARP, input};
use crate::support::files::{ERAS, Era, Files, PLACE, START};
use crate::support::probe::{KINDS, Kind, Probe};
use crate::support::wallet::{Draft, Key};
use crate::support::world::World;
use alloy_primitives::{Address, B256, U256, address, hex, keccak256};
use pars_precompiles::subnet::warp;
use pars_precompiles::subnet::warp::message::{self, Payload, Unsigned};
use serde_json::json;

const BEACON_ROOTS: Address = address!("000F3df6D732807Ef1319fB7B8bB8522d0Beac02");
/// The contract of EIP-4788, as that document gives it.
const BEACON_CODE: [u8; 97] = hex!(
    "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c57"
    "5f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500"
);
const SYSTEM: Address = address!("fffffffffffffffffffffffffffffffffffffffe");
const P256: Address = address!("0000000000000000000000000000000000000100");

/// Where somebody put the beacon root contract, the call runs before the transactions and after upgrades, from Etna on,
/// and writes zeros. Nothing is left of who calls.
#[test]
fn trap_35_beacon_root_call() {
    let slot_of = |time: u64| B256::from(U256::from(time % 8_191));
    for era in ERAS {
        let mut world = World::new(&Files::new(era).code(BEACON_ROOTS, BEACON_CODE));
        for _ in 0..3 {
            let sealed = world.send(&Key::new(1), Draft::transfer(Address::ZERO, 1));
            let time = sealed.block.header.time;
            let expected = if era >= Era::Etna { U256::from(time) } else { U256::ZERO };
            assert_eq!(world.word(BEACON_ROOTS, slot_of(time)), expected, "{era:?}");
            assert_eq!(sealed.block.header.gas_used, 21_000, "the call is nobody's gas");
            assert!(world.account(SYSTEM).is_none());
        }
    }

    // Without the contract the call touches an account that is not there, and one that is empty goes.
    let world = |files: &Files| {
        let mut world = World::new(files);
        world.send(&Key::new(1), Draft::transfer(Address::ZERO, 1));
        world
    };
    assert!(world(&Files::new(Era::Etna)).account(BEACON_ROOTS).is_none());
    let empty = json!({ "balance": 0 });
    assert!(world(&Files::new(Era::Durango).account(BEACON_ROOTS, empty.clone())).account(BEACON_ROOTS).is_some());
    assert!(world(&Files::new(Era::Etna).account(BEACON_ROOTS, empty)).account(BEACON_ROOTS).is_none());

    // A contract that comes with a state upgrade is called in the same block, and sees that its caller comes first:
    // it writes down what the transaction will find.
    let code = json!({ BEACON_ROOTS.to_string(): { "code": alloy_primitives::Bytes::from(BEACON_CODE) } });
    let mut world = World::new(&Files::new(Era::Etna).state_upgrade(20, code).probes());
    world.send(&Key::new(1), Draft::transfer(Address::ZERO, 1));
    world.next_ms = (START + 20) * 1_000;
    let asked = U256::from(START + 20);
    let probe = Probe::new(Kind::StaticCall, BEACON_ROOTS, B256::from(asked).0);
    let outcome = probe.run(&mut world, &Key::new(1));
    assert_eq!(world.word(BEACON_ROOTS, slot_of(START + 20)), asked);
    assert_eq!((outcome.success, outcome.size, outcome.hash), (true, 32, keccak256([0; 32])), "a root of zeros");
    assert_eq!(world.nonce(BEACON_ROOTS), 1);
}

/// 0x44 is 1 under both its names, the time is in seconds, the blob base fee is 1, the blob hash 0.
#[test]
fn trap_36_opcodes_of_the_block() {
    let at = Address::repeat_byte(0x36);
    for era in ERAS {
        let later: &[u8] = if era >= Era::Etna {
            // BLOBBASEFEE, PUSH1 6, SSTORE, PUSH1 0, BLOBHASH, PUSH1 1, ADD, PUSH1 7, SSTORE
            &hex!("4a 6006 55 6000 49 6001 01 6007 55")
        } else {
            &[]
        };
        let code = [
            // 0x44, PUSH1 0, SSTORE, TIMESTAMP, PUSH1 1, SSTORE, BASEFEE, PUSH1 2, SSTORE, GASLIMIT, PUSH1 3, SSTORE
            &hex!("44 6000 55 42 6001 55 48 6002 55 45 6003 55")[..],
            // COINBASE, PUSH1 4, SSTORE, CHAINID, PUSH1 5, SSTORE, GASPRICE, PUSH1 8, SSTORE
            &hex!("41 6004 55 46 6005 55 3a 6008 55"),
            // PUSH1 1, NUMBER, SUB, BLOCKHASH, PUSH1 9, SSTORE
            &hex!("6001 43 03 40 6009 55"),
            later,
            &hex!("00"),
        ]
        .concat();
        let mut world = World::new(&Files::new(era).code(at, code));
        world.next_ms += 777;
        let sealed = world.send(&Key::new(1), Draft::call(at, Vec::new()));
        assert!(sealed.receipts[0].success);
        let header = &sealed.block.header;
        assert_eq!(world.slot(at, 0), U256::ONE, "{era:?}");
        assert_eq!(world.slot(at, 1), U256::from(START + 2));
        assert_eq!(Some(world.slot(at, 2)), header.base_fee);
        assert_eq!(world.slot(at, 3), U256::from(15_000_000));
        assert_eq!(B256::from(world.slot(at, 4)), header.coinbase.into_word());
        assert_eq!(world.slot(at, 5), U256::from(1337));
        assert_eq!(world.slot(at, 8), U256::from(1_000_000_001));
        assert_eq!(B256::from(world.slot(at, 9)), header.parent);
        if era >= Era::Etna {
            assert_eq!((world.slot(at, 6), world.slot(at, 7)), (U256::ONE, U256::ONE));
        }
    }
}

/// The opcodes that forks bring are invalid before.
#[test]
fn opcodes_begin_with_their_fork() {
    let cases = [
        // PUSH0
        (Era::Durango, &hex!("5f 6000 55 00")[..]),
        // PUSH1 1, PUSH1 1, TSTORE
        (Era::Etna, &hex!("6001 6001 5d 00")),
        // PUSH1 0, PUSH1 0, PUSH1 0, MCOPY
        (Era::Etna, &hex!("6000 6000 6000 5e 00")),
        // BLOBBASEFEE
        (Era::Etna, &hex!("4a 00")),
    ];
    let at = Address::repeat_byte(0x37);
    for (from, code) in cases {
        for era in ERAS {
            let mut world = World::new(&Files::new(era).code(at, code.to_vec()));
            let sealed = world.send(&Key::new(1), Draft::call(at, Vec::new()));
            assert_eq!(sealed.receipts[0].success, era >= from, "{era:?} {code:?}");
        }
    }
}

/// 6,900 gas; exactly 160 bytes, else nothing comes back; a high s is as good as a low one. No row: every kind of call
/// works.
#[test]
fn trap_37_p256() {
    // The valid case of RIP-7212: hash, r, s, x, y.
    let valid = hex!(
        "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
        "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
        "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
        "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
        "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"
    );
    let order = U256::from_be_bytes(hex!("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"));
    let with = |at: usize, value: U256| {
        let mut bytes = valid.to_vec();
        bytes[at..at + 32].copy_from_slice(&value.to_be_bytes::<32>());
        bytes
    };
    let part = |at: usize| U256::from_be_slice(&valid[at..at + 32]);
    let cases = [
        (valid.to_vec(), true),
        (with(64, order - part(64)), true),
        (with(0, part(0) + U256::ONE), false),
        (with(32, U256::ZERO), false),
        (with(32, order), false),
        (with(64, U256::ZERO), false),
        (with(64, order), false),
        (with(64, U256::MAX), false),
        (with(96, part(96) + U256::ONE), false),
        (with(128, U256::ZERO), false),
        (valid[..159].to_vec(), false),
        ([&valid[..], &[0]].concat(), false),
        (Vec::new(), false),
    ];
    let files = Files::new(Era::Granite).probes();
    let mut world = World::new(&files);
    for (data, good) in cases {
        for kind in KINDS {
            let probe = Probe { gas: 6_900, ..Probe::new(kind, P256, data.clone()) };
            let outcome = probe.run(&mut world, &Key::new(1));
            assert!(outcome.success, "{kind:?} {data:?}");
            assert_eq!(outcome.gas, probe.around(&files) + 100 + 6_900);
            assert_eq!(outcome.size, if good { 32 } else { 0 }, "{data:?}");
            if good {
                assert_eq!(outcome.word, U256::ONE);
            }
            let short = Probe { gas: 6_899, ..probe };
            assert!(!short.run(&mut world, &Key::new(1)).success);
        }
    }
    // Before Granite nobody is there.
    let mut world = World::new(&Files::new(Era::Etna).probes());
    let outcome = Probe::new(Kind::Call, P256, valid).run(&mut world, &Key::new(1));
    assert_eq!((outcome.success, outcome.size), (true, 0));
}

/// The id of a message is SHA-256 of its bytes, not keccak.
#[test]
fn trap_39_ids_of_messages() {
    let files = Files::new(Era::Granite).row("warpConfig", json!({ "quorumNumerator": 67 })).probes();
    let mut world = World::new(&files);
    let content = hex!("01020304");
    let data = [input(SEND_WARP_MESSAGE, &[&32_u64, &4_u64]), content.to_vec()].concat();
    let probe = Probe::new(Kind::Call, WARP, data);
    let sealed = world.send(&Key::new(1), probe.draft());
    let source = Kind::Call.address();
    let payload = Payload::AddressedCall { source: source.as_slice().to_vec().into(), content: content.into() };
    let unsigned =
        Unsigned { network_id: PLACE.network_id, source_chain: PLACE.blockchain_id, payload: payload.encode().into() }
            .encode();
    let id = message::id(&unsigned);
    assert_ne!(id, keccak256(&unsigned));
    let [log] = &sealed.receipts[0].logs[..] else { panic!("one log") };
    assert_eq!(log.address, WARP);
    assert_eq!(log.data.topics(), [warp::SENT, source.into_word(), id]);
    assert_eq!(warp::sent(&log.data.data), Some(&unsigned[..]));
    assert_eq!(B256::from(probe.outcome(&world).word), id, "and what the contract gets");
    // sha256 of an unsigned message written out by hand.
    let by_hand = hex!(
        "0000 00000007 4242424242424242424242424242424242424242424242424242424242424242"
        "00000026 0000 00000001 00000014 ca11f10000000000000000000000000000000000 00000004 01020304"
    );
    assert_eq!(unsigned, by_hand);
}

//! The chains that ship.

use alloy_primitives::{Address, B256, U256, address, b256, keccak256};
use k256::elliptic_curve::sec1::ToEncodedPoint;
use pars_genesis::forks::HostUpgrades;
use pars_genesis::{Genesis, parse, presets};

fn local(min_delay_ms: u64, host: Option<&HostUpgrades>) -> Genesis {
    parse::genesis(&presets::local(min_delay_ms), b"", host, None).expect("ships")
}

#[test]
fn local_is_the_same_chain_on_every_host() {
    let unscheduled = |genesis: Genesis| {
        let mut genesis = genesis;
        (genesis.spec.forks.fortuna, genesis.spec.forks.helicon) = (None, None);
        genesis
    };
    let expected = unscheduled(local(1, None));
    for host in [HostUpgrades::LOCAL, HostUpgrades::MAINNET, HostUpgrades::FUJI] {
        assert_eq!(unscheduled(local(1, Some(&host))), expected, "{host:?}");
    }
}

#[test]
fn values_of_local() {
    let Genesis { spec, header, alloc, airdrop, notes } = local(1, Some(&HostUpgrades::LOCAL));
    assert_eq!(spec.chain_id, 1337);
    let start = 1_764_547_200;
    assert_eq!([spec.forks.durango, spec.forks.etna, spec.forks.granite], [Some(start); 3]);
    assert_eq!(spec.forks.fortuna, None);
    assert_eq!(spec.fee.words(), [15_000_000, 2, 1_000_000_000, 75_000_000, 36, 0, 1_000_000, 200_000].map(U256::from));
    assert_eq!(spec.initial_min_delay_ms, Some(1));
    assert_eq!(local(400, None).spec.initial_min_delay_ms, Some(400));
    assert_eq!(local(0, None).spec.initial_min_delay_ms, None);
    assert!(spec.switches.is_empty() && spec.state_upgrades.is_empty() && !spec.allow_fee_recipients);
    assert!(airdrop.is_empty() && notes.is_empty());
    assert_eq!((header.time, header.gas_limit), (start, 15_000_000));
    assert_eq!(header.base_fee, spec.fee.min_base_fee);
    assert_eq!((header.number, header.nonce, header.gas_used, header.difficulty), (0, 0, 0, U256::ZERO));
    assert_eq!((header.parent, header.mix, header.coinbase), (B256::ZERO, B256::ZERO, Address::ZERO));
    assert_eq!(alloc.len(), 12);
    let coins = U256::from(10_000) * U256::from(10).pow(U256::from(18));
    for (address, _) in presets::LOCAL_ACCOUNTS {
        let account = &alloc[address];
        assert_eq!((account.balance, account.nonce, account.code.len(), account.storage.len()), (coins, 0, 0, 0));
    }
    let proxy = &alloc[&address!("4e59b44847b379578588920cA78FbF26c0B4956C")];
    assert_eq!(proxy.code.len(), 69);
    assert_eq!(keccak256(&proxy.code), b256!("2fa86add0aed31f33a762c9d88e807c475bd51d0f52bd0955754b2608f7e4989"));
    assert_eq!(proxy.balance, U256::ZERO);
}

#[test]
fn each_account_belongs_to_its_key() {
    assert_eq!(presets::LOCAL_ACCOUNTS.len(), 11);
    for (address, key) in presets::LOCAL_ACCOUNTS {
        let secret = k256::SecretKey::from_slice(key.as_slice()).expect("a key");
        let point = secret.public_key().to_encoded_point(false);
        assert_eq!(Address::from_raw_public_key(&point.as_bytes()[1..]), *address);
    }
}

#[test]
fn the_accounts_are_the_well_known_ones() {
    let first = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    let tenth = address!("a0Ee7A142d267C1f36714E4a8F75612F20a79720");
    let local_networks = address!("8db97C7cEcE249c2b98bDC0226Cc4C2A57BF52FC");
    let picked = [0, 9, 10].map(|index: usize| presets::LOCAL_ACCOUNTS[index].0);
    assert_eq!(picked, [first, tenth, local_networks]);
}

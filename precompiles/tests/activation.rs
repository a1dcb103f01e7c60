//! What rows write when they are switched on.

use alloy_primitives::{Address, B256, U256, address, b256};
use pars_precompiles::config::{Config, Defaults, InitialReward, Roles, Warp};
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::port::memory::Memory;
use pars_precompiles::port::{Fatal, State};
use pars_precompiles::registry::TABLE;
use pars_precompiles::subnet::allow_list::{self, Role};
use pars_precompiles::subnet::reward_manager::{self, BLACKHOLE, Recipient};
use pars_precompiles::subnet::{deployer_allow_list, fee_manager, native_minter, tx_allow_list, warp};

const ADMIN: Address = address!("00000000000000000000000000000000000000a1");
const ENABLED: Address = address!("00000000000000000000000000000000000000a2");
const MANAGER: Address = address!("00000000000000000000000000000000000000a3");
const DEFAULTS: Defaults = Defaults { fee: FeeConfig::DEFAULT, allow_fee_recipients: false, number: 7 };

fn roles() -> Roles {
    Roles { admins: vec![ADMIN], managers: vec![MANAGER], enabled: vec![ENABLED] }
}

fn activate(configure: fn(&mut dyn State, &Config, &Defaults) -> Result<(), Fatal>, config: &Config) -> Memory {
    let mut state = Memory::default();
    assert_eq!(configure(&mut state, config, &DEFAULTS), Ok(()));
    assert!(state.logs.is_empty());
    state
}

#[test]
fn roles_are_given_out() {
    for entry in [deployer_allow_list::ENTRY, tx_allow_list::ENTRY] {
        let mut state = activate(entry.configure, &Config::AllowList(roles()));
        assert_eq!(state.storage.len(), 3);
        for (account, role, word) in [(ENABLED, Role::ENABLED, 1), (ADMIN, Role::ADMIN, 2), (MANAGER, Role::MANAGER, 3)]
        {
            assert_eq!(state.storage[&account.into_word()], B256::with_last_byte(word));
            assert_eq!(allow_list::role(|slot| state.load(slot), account), Ok(role));
            assert_eq!(allow_list::is_enabled(|slot| state.load(slot), account), Ok(true));
        }
        assert_eq!(allow_list::is_enabled(|slot| state.load(slot), Address::ZERO), Ok(false));
    }
}

#[test]
fn the_minter_mints_first() {
    let mints = vec![(ADMIN, U256::from(5)), (MANAGER, U256::MAX)];
    let state = activate(native_minter::ENTRY.configure, &Config::NativeMinter(roles(), mints.clone()));
    assert_eq!(state.balances, mints.into_iter().collect());
    assert_eq!(state.storage.len(), 3);
}

#[test]
fn the_fee_manager_starts_with_its_own_fees_or_the_chains() {
    let own = FeeConfig { gas_limit: U256::from(12), target_block_rate: 9, ..FeeConfig::DEFAULT };
    for (initial, fee) in [(Some(own), own), (None, FeeConfig::DEFAULT)] {
        let mut state = activate(fee_manager::ENTRY.configure, &Config::FeeManager(roles(), initial));
        assert_eq!(fee_manager::stored(|slot| state.load(slot)), Ok(fee));
        assert_eq!(fee_manager::last_changed_at(|slot| state.load(slot)), Ok(U256::from(7)));
        let slot = |first: u8| padded(&[first]);
        assert_eq!(state.storage[&slot(1)], B256::from(fee.gas_limit));
        assert_eq!(state.storage[&slot(2)], B256::from(U256::from(fee.target_block_rate)));
        assert_eq!(state.storage[&slot(8)], B256::from(U256::from(200_000)));
        assert_eq!(state.storage[&padded(b"lca")], B256::with_last_byte(7));
    }
}

#[test]
fn the_reward_manager_starts_as_configured_or_as_the_chain() {
    let any = b256!("6166726176000000000000000000000000000000000000000000000000000000");
    let initial = |allow_fee_recipients, reward_address| Some(InitialReward { allow_fee_recipients, reward_address });
    let cases = [
        (initial(true, Address::ZERO), false, any, Recipient::Any),
        (initial(false, ADMIN), true, ADMIN.into_word(), Recipient::Only(ADMIN)),
        (initial(false, Address::ZERO), true, BLACKHOLE.into_word(), Recipient::Only(BLACKHOLE)),
        (None, true, any, Recipient::Any),
        (None, false, BLACKHOLE.into_word(), Recipient::Only(BLACKHOLE)),
    ];
    for (initial, allow_fee_recipients, word, recipient) in cases {
        let mut state = Memory::default();
        let defaults = Defaults { allow_fee_recipients, ..DEFAULTS };
        let config = Config::RewardManager(roles(), initial);
        assert_eq!((reward_manager::ENTRY.configure)(&mut state, &config, &defaults), Ok(()));
        assert_eq!(state.storage[&padded(b"rask")], word);
        assert_eq!(reward_manager::stored(|slot| state.load(slot)), Ok(recipient));
    }
    // High bytes are no part of an address.
    assert_eq!(reward_manager::stored(|_| Ok::<_, Fatal>(B256::repeat_byte(1))), {
        Ok(Recipient::Only(Address::repeat_byte(1)))
    });
}

#[test]
fn warp_stores_nothing() {
    let config = Config::Warp(Warp { quorum_numerator: 0, require_primary_network_signers: false });
    assert_eq!(activate(warp::ENTRY.configure, &config), Memory::default());
}

#[test]
fn a_broken_disk_is_fatal() {
    let warp = Config::Warp(Warp { quorum_numerator: 0, require_primary_network_signers: false });
    let configs = [
        Config::AllowList(roles()),
        Config::NativeMinter(roles(), vec![(ADMIN, U256::ONE)]),
        Config::AllowList(roles()),
        Config::FeeManager(roles(), None),
        Config::RewardManager(roles(), None),
        warp,
    ];
    let stateful = TABLE.iter().filter(|entry| !entry.pure);
    for ((entry, config), accesses) in stateful.zip(&configs).zip([3, 4, 3, 12, 4, 0]) {
        for left in 0..accesses {
            let mut state = Memory { accesses_left: Some(left), ..Memory::default() };
            assert_eq!((entry.configure)(&mut state, config, &DEFAULTS), Err(Fatal), "{}", entry.name);
        }
        let mut state = Memory { accesses_left: Some(accesses), ..Memory::default() };
        assert_eq!((entry.configure)(&mut state, config, &DEFAULTS), Ok(()), "{}", entry.name);
    }
}

/// Left-aligned in a word.
fn padded(start: &[u8]) -> B256 {
    B256::right_padding_from(start)
}

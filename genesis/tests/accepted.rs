//! Files that are taken, what they mean, and the traps on the way there.

use alloy_primitives::{Address, B256, U256, address, b256, keccak256};
use pars_genesis::forks::{Forks, HostUpgrades, INITIALLY_ACTIVE, UNSCHEDULED};
use pars_genesis::{Genesis, parse};
use pars_precompiles::config::{Config, InitialReward, Warp};
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::registry::{Entry, TABLE, rows_of};
use pars_precompiles::subnet::{fee_manager, warp};

const LOCAL: Option<&HostUpgrades> = Some(&HostUpgrades::LOCAL);

/// A genesis with the default fees and these fields in `config` and at the top.
fn file(config: &str, top: &str) -> String {
    let comma = |fields: &str| if fields.is_empty() { "" } else { "," };
    format!(
        r#"{{"config":{{"chainId":7{}{config}}},"gasLimit":8000000,"difficulty":"0x0","alloc":{{}}{}{top}}}"#,
        comma(config),
        comma(top)
    )
}

fn read(genesis: &str, upgrade: &str, host: Option<&HostUpgrades>) -> Genesis {
    match parse::genesis(genesis.as_bytes(), upgrade.as_bytes(), host, None) {
        Ok(genesis) => genesis,
        Err(error) => panic!("{error}\n{genesis}\n{upgrade}"),
    }
}

#[test]
fn defaults() {
    let Genesis { spec, header, alloc, airdrop, notes } = read(&file("", ""), "", LOCAL);
    assert_eq!(spec.chain_id, 7);
    assert_eq!(spec.fee, FeeConfig::DEFAULT);
    assert_eq!(header.base_fee, U256::from(25_000_000_000_u64));
    assert_eq!(header.gas_limit, 8_000_000);
    assert!(!spec.allow_fee_recipients && spec.initial_min_delay_ms.is_none());
    assert!(spec.switches.is_empty() && spec.state_upgrades.is_empty());
    assert!(alloc.is_empty() && airdrop.is_empty() && notes.is_empty());
    assert_eq!((header.number, header.nonce, header.time, header.gas_used), (0, 0, 0, 0));
    assert_eq!((header.parent, header.mix, header.coinbase), (B256::ZERO, B256::ZERO, Address::ZERO));
    assert_eq!((header.excess_blob_gas, header.blob_gas_used), (0, 0));
    assert!(header.extra.is_empty() && header.difficulty.is_zero());
    let own = |entry: &Entry| [&[entry.at], entry.also].concat();
    let addresses: Vec<Vec<Address>> = TABLE.iter().map(own).collect();
    assert_eq!(spec.addresses, addresses, "only default aliases unless others are named");
    assert!(TABLE.iter().all(|entry| entry.pure || entry.also.is_empty()), "those of subnet-evm have none");
    for says_nothing in
        [r#""feeConfig":null"#, r#""feeConfig":{}"#, r#""feeConfig":{"targetBlockRate":0,"targetGas":null}"#]
    {
        assert_eq!(read(&file(says_nothing, ""), "", LOCAL).spec.fee, FeeConfig::DEFAULT);
    }
}

#[test]
fn no_config_is_the_go_nodes_own_default() {
    let spec = read(r#"{"gasLimit":8000000,"difficulty":0,"alloc":{}}"#, "", LOCAL).spec;
    assert_eq!(spec.chain_id, 43_214);
    assert_eq!(
        spec.forks.times(),
        [Some(1_709_740_800), Some(1_734_368_400), None, Some(1_763_568_000), Some(UNSCHEDULED)]
    );
}

#[test]
fn null_is_absent_everywhere() {
    let config = r#""feeConfig":null,"durangoTimestamp":null,"warpConfig":null,"addressBook":null,"pragueTimestamp":null,
        "genesisPrecompiles":null,"initialMinDelayMS":null,"allowFeeRecipients":null,"londonBlock":null,"mldsaVerify":null,
        "txAllowListConfig":{"blockTimestamp":null,"disable":null,"adminAddresses":null,"upgrade":null}"#;
    let top = r#""nonce":null,"timestamp":null,"extraData":null,"mixHash":null,"coinbase":null,"airdropHash":null,
        "airdropAmount":null,"baseFeePerGas":null,"excessBlobGas":null"#;
    let upgrade = r#"{"networkUpgradeOverrides":null,"stateUpgrades":null,"precompileUpgrades":null}"#;
    let expected = read(&file("", ""), "", LOCAL);
    assert_eq!(read(&file(config, top), upgrade, LOCAL), expected);
    for nothing in ["", "null", " \n", "{}"] {
        assert_eq!(read(&file("", ""), nothing, LOCAL), expected);
    }
}

/// A genesis precompile without a time is never on; then an upgrade may switch it on.
#[test]
fn a_genesis_precompile_without_a_time_is_never_on() {
    let upgrade = r#"{"precompileUpgrades":[{"txAllowListConfig":{"blockTimestamp":1800000000}}]}"#;
    let spec = read(&file(r#""txAllowListConfig":{}"#, ""), upgrade, LOCAL).spec;
    assert_eq!(spec.switches.len(), 1);
    let list = rows_of("txAllowListConfig").next().expect("a row");
    assert!(spec.enabled(list, 1_799_999_999).is_none() && spec.enabled(list, 1_800_000_000).is_some());
}

/// Trap 1: a fork time of 0 is the host's time, so a genesis at time 0 is before all forks.
#[test]
fn fork_time_0_is_the_hosts() {
    let zeros = r#""subnetEVMTimestamp":0,"durangoTimestamp":0,"etnaTimestamp":0,"fortunaTimestamp":0,"graniteTimestamp":0,"heliconTimestamp":0"#;
    let overrides = r#"{"networkUpgradeOverrides":{"durangoTimestamp":0,"etnaTimestamp":0,"fortunaTimestamp":0,"graniteTimestamp":0}}"#;
    for config in ["", zeros] {
        for (time, active) in [(0, false), (1_607_144_399, false), (1_607_144_400, true), (1_764_547_200, true)] {
            let Genesis { spec, header, .. } = read(&file(config, &format!(r#""timestamp":{time}"#)), "", LOCAL);
            let rules = spec.rules(header.time);
            assert_eq!([rules.durango, rules.etna, rules.granite], [active; 3], "{time}");
            assert_eq!(spec.forks.fortuna, None, "has no default");
            assert_eq!(spec.forks.helicon, Some(UNSCHEDULED));
        }
        let Genesis { spec, header, .. } = read(&file(config, ""), overrides, LOCAL);
        let rules = spec.rules(header.time);
        assert_eq!([rules.durango, rules.etna, rules.granite], [true; 3], "overrides of 0 hold as 0");
        assert_eq!(spec.forks.fortuna, Some(0));
    }
}

#[test]
fn times_of_files_hosts_and_overrides() {
    let times =
        |config: &str, upgrade: &str, host: Option<&HostUpgrades>| read(&file(config, ""), upgrade, host).spec.forks;
    let mainnet = times("", "", Some(&HostUpgrades::MAINNET));
    assert_eq!(
        mainnet.times(),
        [Some(1_709_740_800), Some(1_734_368_400), None, Some(1_763_568_000), Some(UNSCHEDULED)]
    );
    let fuji = times("", "", Some(&HostUpgrades::FUJI));
    assert_eq!(fuji.times(), [Some(1_707_840_000), Some(1_732_550_400), None, Some(1_761_750_000), Some(UNSCHEDULED)]);
    let no_schedule = times("", "", None);
    assert_eq!(no_schedule.times(), [Some(0), Some(0), None, Some(0), None], "all that have an effect");
    let given = times(r#""etnaTimestamp":5,"graniteTimestamp":7,"fortunaTimestamp":6"#, "", None);
    assert_eq!(given.times(), [Some(0), Some(5), Some(6), Some(7), None], "times of the file where present");
    let later = times(
        r#""graniteTimestamp":1800000000"#,
        r#"{"networkUpgradeOverrides":{"graniteTimestamp":1900000000}}"#,
        LOCAL,
    );
    assert_eq!(later.granite, Some(1_900_000_000), "overrides replace the file's");
    let helicon = HostUpgrades { helicon: Some(1_900_000_000), ..HostUpgrades::LOCAL };
    assert_eq!(times("", "", Some(&helicon)).helicon, Some(1_900_000_000));
    let half = HostUpgrades { granite: None, helicon: None, ..HostUpgrades::LOCAL };
    let forks = times("", "", Some(&half));
    assert_eq!(forks.times(), [Some(INITIALLY_ACTIVE), Some(INITIALLY_ACTIVE), None, None, None]);
}

#[test]
fn both_vocabularies_say_the_same() {
    let ours = file(
        r#""subnetEVMTimestamp":0,"etnaTimestamp":1700000000,"graniteTimestamp":1700000000,"warpConfig":{"blockTimestamp":1700000000}"#,
        "",
    );
    let expected = read(&ours, "", LOCAL);
    for theirs in [
        r#""evmTimestamp":0,"quasarTimestamp":1700000000,"graniteTimestamp":1700000000,"genesisPrecompiles":{"warpConfig":{"blockTimestamp":1700000000}}"#,
        r#""evmTimestamp":0,"subnetEVMTimestamp":0,"quasarTimestamp":1700000000,"etnaTimestamp":1700000000,"graniteTimestamp":1700000000,
           "genesisPrecompiles":{"warpConfig":{"upgrade":{"blockTimestamp":1700000000}}},"warpConfig":{"blockTimestamp":1700000000}"#,
        r#""quasarTimestamp":1700000000,"graniteTimestamp":1700000000,"warpConfig":{"upgrade":{"blockTimestamp":1700000000,"disable":false},"blockTimestamp":1700000000}"#,
    ] {
        assert_eq!(read(&file(theirs, ""), "", LOCAL), expected, "{theirs}");
    }
    let flat = r#"{"precompileUpgrades":[{"warpConfig":{"blockTimestamp":1700000001,"disable":true}}]}"#;
    let nested = r#"{"precompileUpgrades":[{"warpConfig":{"upgrade":{"blockTimestamp":1700000001,"disable":true}}}]}"#;
    assert_eq!(read(&ours, flat, LOCAL), read(&ours, nested, LOCAL));
    assert_eq!(read(&ours, flat, LOCAL).spec.switches.len(), 2);
}

/// Trap 2: what the upgrade file switches at or before genesis time happens in the first block.
#[test]
fn upgrades_at_genesis_time_happen_in_genesis() {
    let upgrade = |time: u64| {
        format!(
            r#"{{"precompileUpgrades":[{{"feeManagerConfig":{{"blockTimestamp":{time}}}}}],"stateUpgrades":[{{"blockTimestamp":1,"accounts":{{}}}}]}}"#
        )
    };
    let genesis = file("", r#""timestamp":1700000000"#);
    let due = |upgrade: &str| {
        let Genesis { spec, header, .. } = read(&genesis, upgrade, LOCAL);
        spec.switches(None, header.time).iter().map(|switch| TABLE[switch.row].at).collect::<Vec<_>>()
    };
    assert_eq!(due(""), [Address::ZERO; 0]);
    assert_eq!(due(&upgrade(0)), [fee_manager::ENTRY.at]);
    assert_eq!(due(&upgrade(1_700_000_000)), [fee_manager::ENTRY.at]);
    assert_eq!(due(&upgrade(1_700_000_001)), [Address::ZERO; 0]);
    let spec = read(&genesis, &upgrade(1_700_000_001), LOCAL).spec;
    assert_eq!(spec.switches(Some(1_700_000_000), 1_700_000_001).len(), 1);
    assert_eq!(spec.state_upgrades(1_700_000_000, 1_800_000_000).count(), 0, "of before genesis: never");
}

/// Trap 43: numbers of `feeConfig` are plain and may be large; addresses of `alloc` may lack 0x.
#[test]
fn plain_fee_numbers_and_bare_addresses() {
    let large = "57896044618658097711785492504343953926634992332820282019728792003956564819968";
    let fees = format!(
        r#""feeConfig":{{"gasLimit":8000000,"targetBlockRate":18446744073709551615,"minBaseFee":9223372036854775807,"targetGas":{large},
           "baseFeeChangeDenominator":{large},"minBlockGasCost":0,"maxBlockGasCost":18446744073709551615,"blockGasCostStep":{large}}}"#
    );
    let fee = read(&file(&fees, ""), "", LOCAL).spec.fee;
    let large = U256::from(1) << 255;
    assert_eq!((fee.target_gas, fee.block_gas_cost_step, fee.target_block_rate), (large, large, u64::MAX));

    let alloc = r#"{"config":{"chainId":7},"gasLimit":8000000,"difficulty":0,"alloc":{
        "00000000000000000000000000000000000000Aa":{"balance":"1"},
        "0x00000000000000000000000000000000000000Bb":{"balance":"0x2","nonce":"0x3","code":"0x6001","storage":{"0x1234":"05","06":"0x00"}},
        "0X00000000000000000000000000000000000000cc":{"balance":"","code":""}}}"#;
    let alloc = read(alloc, "", LOCAL).alloc;
    assert_eq!(alloc.len(), 3);
    assert_eq!(alloc[&Address::with_last_byte(0xaa)].balance, U256::from(1));
    let account = &alloc[&Address::with_last_byte(0xbb)];
    assert_eq!((account.balance, account.nonce, account.code.as_ref()), (U256::from(2), 3, &[0x60, 0x01][..]));
    let slot = b256!("0000000000000000000000000000000000000000000000000000000000001234");
    assert_eq!(account.storage, [(slot, B256::with_last_byte(5))].into(), "a zero is no entry");
    assert_eq!(alloc[&Address::with_last_byte(0xcc)], Default::default());
}

#[test]
fn header_numbers_in_every_spelling() {
    for (spelling, value) in [
        ("16", 16_u64),
        ("\"16\"", 16),
        ("\"0x10\"", 16),
        ("\"0X10\"", 16),
        ("\"0x0010\"", 16),
        ("\"016\"", 16),
        ("\"\"", 0),
    ] {
        let header = read(&file("", &format!(r#""nonce":{spelling},"baseFeePerGas":{spelling}"#)), "", LOCAL).header;
        assert_eq!((header.nonce, header.base_fee), (value, U256::from(value)), "{spelling}");
    }
    let max = format!("\"{}\"", U256::MAX);
    assert_eq!(read(&file("", &format!(r#""baseFeePerGas":{max}"#)), "", LOCAL).header.base_fee, U256::MAX);
}

/// Trap 45: the Go node takes the floor of the base fee through a signed 64-bit number in block 1, so a floor that
/// would wrap there is refused, whether it is the chain's or the fee manager's first one.
#[test]
fn a_base_fee_floor_that_wraps_is_refused() {
    let fees = |floor: &str| {
        format!(
            r#"{{"gasLimit":8000000,"targetBlockRate":2,"minBaseFee":{floor},"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":0,"blockGasCostStep":0}}"#
        )
    };
    for key in ["feeConfig", "initialFeeConfig"] {
        let config = |floor: &str| match key {
            "feeConfig" => format!(r#""feeConfig":{}"#, fees(floor)),
            _ => format!(r#""feeManagerConfig":{{"blockTimestamp":0,"initialFeeConfig":{}}}"#, fees(floor)),
        };
        read(&file(&config("9223372036854775807"), ""), "", LOCAL);
        let error =
            parse::genesis(file(&config("9223372036854775808"), "").as_bytes(), b"", LOCAL, None).expect_err("wraps");
        assert!(error.path.ends_with("minBaseFee"), "{error}");
    }
}

#[test]
fn foreign_keys_are_ignored_with_a_note() {
    let config = r#""daoForkBlock":0,"grayGlacierBlock":7,"daoForkSupport":true,"terminalTotalDifficulty":0,
        "terminalTotalDifficultyPassed":true,"blobSchedule":{"cancun":{"max":6}},"shanghaiTime":0,"cancunTime":0,
        "eip150Hash":"0x00","homesteadBlock":0"#;
    let genesis = read(&file(config, ""), "", LOCAL);
    assert_eq!(genesis.notes.len(), 9);
    assert_eq!(genesis.notes[0], "genesis: config.daoForkBlock: ignored, it has no effect on this chain");
    let plain = read(&file("", ""), "", LOCAL);
    assert_eq!(genesis.spec, plain.spec);
    let many: Vec<String> = (0..1_000).map(|number| format!("\"x{number}Block\":0")).collect();
    assert_eq!(read(&file(&many.join(","), ""), "", LOCAL).notes.len(), 64, "the log has an end");
}

#[test]
fn configurations_of_every_row() {
    let config = r#"
        "contractDeployerAllowListConfig":{"blockTimestamp":1,"adminAddresses":["0x00000000000000000000000000000000000000aa"],"enabledAddresses":["0x00000000000000000000000000000000000000bb","0x00000000000000000000000000000000000000cc"]},
        "contractNativeMinterConfig":{"blockTimestamp":1700000000,"managerAddresses":["0x00000000000000000000000000000000000000dd"],"initialMint":{"0x00000000000000000000000000000000000000bb":"0x5","0x00000000000000000000000000000000000000aa":"6"}},
        "txAllowListConfig":{"blockTimestamp":2},
        "feeManagerConfig":{"blockTimestamp":3,"initialFeeConfig":{"gasLimit":1,"targetBlockRate":2,"minBaseFee":3,"targetGas":4,"baseFeeChangeDenominator":5,"minBlockGasCost":6,"maxBlockGasCost":7,"blockGasCostStep":8}},
        "rewardManagerConfig":{"blockTimestamp":4,"initialRewardConfig":{"rewardAddress":"0x00000000000000000000000000000000000000ee"}},
        "warpConfig":{"blockTimestamp":1700000000,"quorumNumerator":33,"requirePrimaryNetworkSigners":true}"#;
    let spec = read(&file(config, ""), "", LOCAL).spec;
    let a = Address::with_last_byte;
    let configs: Vec<&Config> = spec.switches.iter().filter_map(|switch| switch.to.as_ref()).collect();
    let [
        Config::AllowList(deployers),
        Config::NativeMinter(minters, mints),
        Config::AllowList(senders),
        Config::FeeManager(_, Some(fees)),
        Config::RewardManager(_, Some(reward)),
        Config::Warp(warp),
    ] = configs.as_slice()
    else {
        panic!("{configs:?}")
    };
    assert_eq!((&deployers.admins, &deployers.enabled), (&vec![a(0xaa)], &vec![a(0xbb), a(0xcc)]));
    assert_eq!(minters.managers, [a(0xdd)]);
    assert_eq!(mints, &[(a(0xaa), U256::from(6)), (a(0xbb), U256::from(5))], "sorted");
    assert_eq!(senders, &Default::default());
    assert_eq!(fees.words(), [1, 2, 3, 4, 5, 6, 7, 8].map(U256::from));
    assert_eq!(reward, &InitialReward { allow_fee_recipients: false, reward_address: a(0xee) });
    assert_eq!(warp, &Warp { quorum_numerator: 33, require_primary_network_signers: true });
}

#[test]
fn alternation_within_one_key_and_order_over_all() {
    let upgrade = r#"{"precompileUpgrades":[
        {"txAllowListConfig":{"blockTimestamp":1700000000}},
        {"warpConfig":{"blockTimestamp":1700000000}},
        {"txAllowListConfig":{"blockTimestamp":1700000001,"disable":true}},
        {"txAllowListConfig":{"blockTimestamp":1700000002}}]}"#;
    let spec = read(&file("", ""), upgrade, LOCAL).spec;
    let [list, warp] = ["txAllowListConfig", "warpConfig"].map(|key| rows_of(key).next().expect("a row"));
    let on = |time: u64| spec.enabled(list, time).is_some();
    assert!(!on(1_699_999_999) && on(1_700_000_000) && !on(1_700_000_001) && on(1_700_000_002));
    let at_once: Vec<_> =
        spec.switches(Some(1), 1_800_000_000).iter().map(|switch| (switch.row, switch.time)).collect();
    let expected = [(list, 1_700_000_000), (list, 1_700_000_001), (list, 1_700_000_002), (warp, 1_700_000_000)];
    assert_eq!(at_once, expected);
}

#[test]
fn address_book() {
    let canonical = fee_manager::ENTRY.at;
    let alias = address!("0000000000000000000000000000000000009010");
    let other = address!("0000000000000000000000000000000000009020");
    for (book, expected) in [
        (format!("\"{alias}\""), vec![canonical, alias]),
        (format!("[\"{alias}\",\"{other}\"]"), vec![canonical, alias, other]),
        (format!("[\"{canonical}\",\"{other}\"]"), vec![canonical, other]),
        ("[]".to_owned(), vec![canonical]),
    ] {
        let spec = read(&file(&format!(r#""addressBook":{{"feeManagerConfig":{book}}}"#), ""), "", LOCAL).spec;
        let addresses = |key| rows_of(key).next().map(|row| spec.addresses[row].clone());
        assert_eq!(addresses("feeManagerConfig"), Some(expected));
        assert_eq!(addresses("warpConfig"), Some(vec![warp::ENTRY.at]));
    }
}

#[test]
fn state_upgrades() {
    let upgrade = r#"{"stateUpgrades":[{"blockTimestamp":5,"accounts":{"0x00000000000000000000000000000000000000aa":{"balanceChange":"-1","code":"0x60",
        "storage":{"0x0000000000000000000000000000000000000000000000000000000000000001":"0x0000000000000000000000000000000000000000000000000000000000000000"}}}},
        {"blockTimestamp":6}]}"#;
    let states = read(&file("", ""), upgrade, LOCAL).spec.state_upgrades;
    let account = &states[0].accounts[&Address::with_last_byte(0xaa)];
    assert_eq!(account.balance_change, U256::MAX, "a negative change subtracts, modulo 2^256");
    assert_eq!(account.code.as_ref(), [0x60]);
    assert_eq!(account.storage, [(B256::with_last_byte(1), B256::ZERO)].into(), "zero clears a slot");
    assert_eq!((states[1].time, states[1].accounts.len()), (6, 0));
}

#[test]
fn airdrop() {
    let list = br#"[{"address":"0x00000000000000000000000000000000000000bb"},{"address":"0x00000000000000000000000000000000000000aa"}]"#;
    let genesis = file("", &format!(r#""airdropHash":"{}","airdropAmount":"0x64""#, keccak256(list)));
    let read = parse::genesis(genesis.as_bytes(), b"", LOCAL, Some(list)).expect("valid");
    let wei = U256::from(100);
    assert_eq!(read.airdrop, [(Address::with_last_byte(0xbb), wei), (Address::with_last_byte(0xaa), wei)]);
    let zero = file("", &format!(r#""airdropHash":"{}""#, B256::ZERO));
    let read = parse::genesis(zero.as_bytes(), b"", LOCAL, Some(list)).expect("valid");
    assert!(read.airdrop.is_empty());
    assert_eq!(read.notes, ["airdrop file: ignored, the genesis names no airdropHash"]);
}

#[test]
fn delays() {
    for (delay, expected) in [(0, None), (1, Some(1)), (2_000, Some(2_000))] {
        let spec = read(&file(&format!("\"initialMinDelayMS\":{delay}"), ""), "", LOCAL).spec;
        assert_eq!(spec.initial_min_delay_ms, expected);
    }
}

#[test]
fn rules_are_the_files() {
    let spec = read(&file(r#""durangoTimestamp":1800000000,"etnaTimestamp":1800000001,"graniteTimestamp":1800000002,"allowFeeRecipients":true"#, ""), "", LOCAL).spec;
    assert!(spec.allow_fee_recipients);
    let expected =
        Forks::from_times([Some(1_800_000_000), Some(1_800_000_001), None, Some(1_800_000_002), Some(UNSCHEDULED)]);
    assert_eq!(spec.forks, expected);
    let rules = spec.rules(1_800_000_001);
    assert!(rules.durango && rules.etna && !rules.granite);
}

/// One key switches all its rows, and a row's default aliases give way to those of the book.
#[test]
fn rows_that_only_compute() {
    let config = r#""blsConfig":{"blockTimestamp":0},"mldsaVerify":{"blockTimestamp":5,"allowOnChainSecrets":true},"mlkemConfig":{"upgrade":{"blockTimestamp":5}},
        "addressBook":{"mldsaVerify":"0x0000000000000000000000000000000000009010","slhdsaVerify":[]}"#;
    let spec = read(&file(config, ""), "", LOCAL).spec;
    let on = |key: &str, time| rows_of(key).map(|row| spec.enabled(row, time).cloned()).collect::<Vec<_>>();
    assert_eq!(on("blsConfig", 0), [Some(Config::Plain), Some(Config::Plain)]);
    assert_eq!(on("mldsaVerify", 4), [None]);
    assert_eq!(on("mldsaVerify", 5), [Some(Config::Secrets(true))]);
    assert_eq!(on("mlkemConfig", 5), [Some(Config::Secrets(false))]);
    let addresses = |key: &str| rows_of(key).next().map(|row| spec.addresses[row].len());
    assert_eq!(
        [addresses("mldsaVerify"), addresses("slhdsaVerify"), addresses("mlkemConfig")],
        [Some(2), Some(1), Some(2)]
    );
}

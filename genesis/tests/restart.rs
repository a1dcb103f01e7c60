//! What has happened cannot be changed by a restart with other files; what lies ahead can.

use pars_genesis::forks::HostUpgrades;
use pars_genesis::parse;
use pars_genesis::spec::ChainSpec;

const HEAD: u64 = 1_700_000_100;

fn spec(config: &str, upgrade: &str) -> ChainSpec {
    let comma = if config.is_empty() { "" } else { "," };
    let genesis = format!(
        r#"{{"config":{{"chainId":7{comma}{config}}},"timestamp":1700000000,"gasLimit":8000000,"difficulty":0,"alloc":{{}}}}"#
    );
    match parse::genesis(genesis.as_bytes(), upgrade.as_bytes(), Some(&HostUpgrades::LOCAL), None) {
        Ok(genesis) => genesis.spec,
        Err(error) => panic!("{error}\n{genesis}\n{upgrade}"),
    }
}

fn refusal(stored: &ChainSpec, given: &ChainSpec) -> String {
    match given.check_compatible(stored, HEAD) {
        Ok(()) => "compatible".to_owned(),
        Err(error) => {
            assert_eq!(error.head_time, HEAD);
            error.to_string().replace(&format!("; put it back, only what begins after {HEAD} can change"), "")
        }
    }
}

/// Trap 44: the same edit before and after its time has come.
#[test]
fn an_upgrade_is_free_until_it_is_active() {
    let list = |time: u64, who: &str| {
        format!(
            r#"{{"precompileUpgrades":[{{"txAllowListConfig":{{"blockTimestamp":{time},"enabledAddresses":["0x00000000000000000000000000000000000000{who}"]}}}}]}}"#
        )
    };
    let (past, future) = (HEAD, HEAD + 1);
    let compatible = |stored: &str, given: &str| refusal(&spec("", stored), &spec("", given));
    assert_eq!(compatible(&list(future, "aa"), &list(future, "bb")), "compatible");
    assert_eq!(compatible(&list(future, "aa"), ""), "compatible");
    assert_eq!(compatible("", &list(future, "aa")), "compatible");
    assert_eq!(compatible(&list(past, "aa"), &list(past, "aa")), "compatible");
    assert_eq!(
        compatible(&list(past, "aa"), &list(past, "bb")),
        "txAllowListConfig at 1700000100: enabledAddresses: blocks up to time 1700000100 were made with \
         [0x00000000000000000000000000000000000000aa], the files now say [0x00000000000000000000000000000000000000bb]"
    );
    assert_eq!(
        compatible(&list(past, "aa"), ""),
        "txAllowListConfig at 1700000100: blocks up to time 1700000100 were made with on, the files now say nothing"
    );
    assert_eq!(
        compatible("", &list(past, "aa")),
        "txAllowListConfig at 1700000100: blocks up to time 1700000100 were made with nothing, the files now say on"
    );
    assert_eq!(
        compatible(&list(past - 1, "aa"), &list(past, "aa")),
        "txAllowListConfig at 1700000099: blockTimestamp: blocks up to time 1700000100 were made with 1700000099, \
         the files now say 1700000100"
    );
    assert_eq!(
        compatible(&list(past, "aa"), &list(future, "aa")),
        "txAllowListConfig at 1700000100: blocks up to time 1700000100 were made with on, the files now say nothing"
    );
}

#[test]
fn disabling_is_part_of_the_past() {
    let upgrade = |last: &str| {
        format!(
            r#"{{"precompileUpgrades":[{{"txAllowListConfig":{{"blockTimestamp":1700000001}}}},{{"txAllowListConfig":{{"blockTimestamp":1700000002,"disable":true}}}}{last}]}}"#
        )
    };
    let on_again = upgrade(r#",{"txAllowListConfig":{"blockTimestamp":1700000003}}"#);
    assert_eq!(
        refusal(&spec("", &upgrade("")), &spec("", &on_again)),
        "txAllowListConfig at 1700000003: blocks up to time 1700000100 were made with nothing, the files now say on"
    );
    assert_eq!(refusal(&spec("", &on_again), &spec("", &on_again)), "compatible");
}

#[test]
fn forks() {
    let granite = |time: u64| spec(&format!("\"graniteTimestamp\":{time}"), "");
    assert_eq!(refusal(&granite(HEAD + 1), &granite(HEAD + 2)), "compatible");
    assert_eq!(
        refusal(&granite(HEAD + 1), &granite(HEAD)),
        "graniteTimestamp: blocks up to time 1700000100 were made with 1700000101, the files now say 1700000100"
    );
    assert_eq!(
        refusal(&granite(HEAD), &granite(HEAD + 1)),
        "graniteTimestamp: blocks up to time 1700000100 were made with 1700000100, the files now say 1700000101"
    );
    let fortuna = spec("\"fortunaTimestamp\":1650000000,\"graniteTimestamp\":1650000000", "");
    assert_eq!(
        refusal(&fortuna, &granite(1_650_000_000)),
        "fortunaTimestamp: blocks up to time 1700000100 were made with 1650000000, the files now say never"
    );
}

#[test]
fn state_upgrades() {
    let upgrade = |time: u64, account: &str| {
        spec(
            "",
            &format!(
                r#"{{"stateUpgrades":[{{"blockTimestamp":{time},"accounts":{{"0x00000000000000000000000000000000000000aa":{account}}}}}]}}"#
            ),
        )
    };
    let paid = upgrade(HEAD, r#"{"balanceChange":1}"#);
    assert_eq!(refusal(&paid, &paid), "compatible");
    assert_eq!(refusal(&upgrade(HEAD + 1, "{}"), &upgrade(HEAD + 2, r#"{"balanceChange":1}"#)), "compatible");
    for (given, text) in [
        (spec("", ""), "stateUpgrades[0]: … an upgrade at 1700000100, … nothing"),
        (upgrade(HEAD - 1, r#"{"balanceChange":1}"#), "stateUpgrades[0].blockTimestamp: … 1700000100, … 1700000099"),
        (
            upgrade(HEAD, r#"{"balanceChange":2}"#),
            "stateUpgrades[0].accounts.0x00000000000000000000000000000000000000AA.balanceChange: … 1, … 2",
        ),
        (
            upgrade(HEAD, r#"{"balanceChange":1,"code":"0x60"}"#),
            "stateUpgrades[0].accounts.0x00000000000000000000000000000000000000AA.code: … 0 bytes of code, … 1 bytes of code",
        ),
        (
            upgrade(
                HEAD,
                r#"{"balanceChange":1,"storage":{"0x0000000000000000000000000000000000000000000000000000000000000001":"0x0000000000000000000000000000000000000000000000000000000000000002"}}"#,
            ),
            "stateUpgrades[0].accounts.0x00000000000000000000000000000000000000AA.storage.0x0000000000000000000000000000000000000000000000000000000000000001: … nothing, … 0x0000000000000000000000000000000000000000000000000000000000000002",
        ),
    ] {
        let expected =
            text.replacen('…', "blocks up to time 1700000100 were made with", 1).replacen('…', "the files now say", 1);
        assert_eq!(refusal(&paid, &given), expected);
    }
}

#[test]
fn values_of_genesis() {
    let fees = |target: u64| {
        format!(
            r#""feeConfig":{{"gasLimit":8000000,"targetBlockRate":2,"minBaseFee":1,"targetGas":{target},"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":0,"blockGasCostStep":0}}"#
        )
    };
    let was = "blocks up to time 1700000100 were made with";
    for (stored, given, text) in [
        (fees(5), fees(6), format!("config.feeConfig.targetGas: {was} 5, the files now say 6")),
        (
            "\"allowFeeRecipients\":true".to_owned(),
            String::new(),
            format!("config.allowFeeRecipients: {was} true, the files now say false"),
        ),
        (
            String::new(),
            "\"initialMinDelayMS\":5".to_owned(),
            format!("config.initialMinDelayMS: {was} 0, the files now say 5"),
        ),
        (
            String::new(),
            r#""addressBook":{"warpConfig":"0x0000000000000000000000000000000000009010"}"#.to_owned(),
            format!(
                "config.addressBook.warpConfig: {was} [0x0200000000000000000000000000000000000005], the files now say [0x0200000000000000000000000000000000000005, 0x0000000000000000000000000000000000009010]"
            ),
        ),
    ] {
        assert_eq!(refusal(&spec(&stored, ""), &spec(&given, "")), text);
    }
    let mut other = spec("", "");
    other.chain_id = 8;
    assert_eq!(refusal(&spec("", ""), &other), format!("config.chainId: {was} 7, the files now say 8"));
}

#[test]
fn each_field_of_a_configuration_counts_but_one() {
    let row = |key: &str, field: &str| {
        spec(
            &format!(r#""{key}":{{"blockTimestamp":1650000000{}{field}}}"#, if field.is_empty() { "" } else { "," }),
            "",
        )
    };
    let a = "0x00000000000000000000000000000000000000aa";
    for (key, field, name) in [
        ("contractDeployerAllowListConfig", format!("\"adminAddresses\":[\"{a}\"]"), "adminAddresses"),
        ("txAllowListConfig", format!("\"managerAddresses\":[\"{a}\"]"), "managerAddresses"),
        ("contractNativeMinterConfig", format!("\"initialMint\":{{\"{a}\":1}}"), "initialMint"),
        (
            "feeManagerConfig",
            r#""initialFeeConfig":{"gasLimit":1,"targetBlockRate":2,"minBaseFee":3,"targetGas":4,"baseFeeChangeDenominator":5,"minBlockGasCost":6,"maxBlockGasCost":7,"blockGasCostStep":8}"#.to_owned(),
            "initialFeeConfig",
        ),
        ("rewardManagerConfig", r#""initialRewardConfig":{"allowFeeRecipients":true}"#.to_owned(), "initialRewardConfig"),
        ("warpConfig", "\"quorumNumerator\":50".to_owned(), "quorumNumerator"),
        ("pqCryptoConfig", "\"allowOnChainSecrets\":true".to_owned(), "allowOnChainSecrets"),
    ] {
        let (without, with) = (row(key, ""), row(key, &field));
        assert_eq!(refusal(&with, &with), "compatible");
        let text = refusal(&without, &with);
        assert!(text.starts_with(&format!("{key} at 1650000000: {name}: ")), "{text}");
    }
    let strict = row("warpConfig", "\"requirePrimaryNetworkSigners\":true");
    assert_eq!(refusal(&row("warpConfig", ""), &strict), "compatible", "as in the Go node");
}

//! Whatever the bytes are, reading them ends with an answer.

use pars_genesis::forks::HostUpgrades;
use pars_genesis::{parse, presets};
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_oneof, proptest};
use proptest::strategy::Strategy;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes(genesis: Vec<u8>, upgrade: Vec<u8>, airdrop: Option<Vec<u8>>) {
        read(&genesis, &upgrade, airdrop.as_deref());
    }

    #[test]
    fn mutated_files((genesis, upgrade) in (0..SEEDS.len()).prop_flat_map(|seed| {
        let (genesis, upgrade) = SEEDS[seed];
        (mutated(genesis), mutated(upgrade))
    })) {
        read(&genesis, &upgrade, None);
    }

    #[test]
    fn mutated_presets(genesis in mutated(LOCAL), delay: u64) {
        read(&genesis, b"", None);
        read(&presets::local(delay), b"", None);
    }
}

#[test]
fn the_files_are_valid_before_they_are_mutated() {
    for (genesis, upgrade) in SEEDS {
        assert!(read(genesis.as_bytes(), upgrade.as_bytes(), None), "{genesis}");
    }
}

#[test]
fn deep_nesting_is_only_a_refusal() {
    let depth = 1_000_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        read(deep.as_bytes(), deep.as_bytes(), Some(deep.as_bytes()));
        for key in ["ethash", "feeConfig", "txAllowListConfig", "addressBook", "genesisPrecompiles", "chainId"] {
            let genesis = format!(r#"{{"config":{{"{key}":{deep}}},"gasLimit":8000000,"difficulty":0,"alloc":{{}}}}"#);
            assert!(!read(genesis.as_bytes(), b"", None), "{key}");
        }
    }
}

fn read(genesis: &[u8], upgrade: &[u8], airdrop: Option<&[u8]>) -> bool {
    let hosts = [None, Some(&HostUpgrades::LOCAL), Some(&HostUpgrades::MAINNET)];
    let answers = hosts.map(|host| match parse::genesis(genesis, upgrade, host, airdrop) {
        Ok(genesis) => {
            assert_eq!(genesis.spec.check_compatible(&genesis.spec, u64::MAX), Ok(()));
            true
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains(char::is_control), "{text:?}");
            false
        }
    });
    answers.contains(&true)
}

/// A file with a few of its parts cut out, doubled, moved, or replaced.
fn mutated(file: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        any::<u8>().prop_map(|byte| vec![byte]),
        prop::sample::select(&PIECES[..]).prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    let edit = (any::<prop::sample::Index>(), 0..24_usize, prop_oneof![Just(Vec::new()), piece]);
    prop::collection::vec(edit, 0..5).prop_map(move |edits| {
        let mut bytes = file.as_bytes().to_vec();
        for (at, length, piece) in edits {
            let start = at.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            drop(bytes.splice(start..end, piece));
        }
        bytes
    })
}

const PIECES: [&str; 16] = [
    "null",
    "{}",
    "[]",
    "\"\"",
    "0",
    "-1",
    "1e999",
    "18446744073709551616",
    "\"0x\"",
    "\"0x0\"",
    "\"\\ud800\"",
    ",",
    "\"a\":1,",
    "115792089237316195423570985008687907853269984665640564039457584007913129639936",
    "true",
    "\u{0}",
];

const LOCAL: &str = include_str!("../presets/local.json");

/// Genesis and upgrade files.
const SEEDS: [(&str, &str); 2] = [
    (
        r#"{"config":{"chainId":1,"durangoTimestamp":0,"evmTimestamp":0,"feeConfig":{"gasLimit":1,"targetBlockRate":2,"minBaseFee":3,"targetGas":4,"baseFeeChangeDenominator":5,"minBlockGasCost":6,"maxBlockGasCost":7,"blockGasCostStep":8},"contractNativeMinterConfig":{"blockTimestamp":1700000000,"adminAddresses":["0x00000000000000000000000000000000000000aa"],"initialMint":{"0x00000000000000000000000000000000000000bb":"0x5"}},"addressBook":{"warpConfig":["0x0000000000000000000000000000000000009010"]}},"gasLimit":"0x1","difficulty":0,"alloc":{"aa00000000000000000000000000000000000000":{"balance":"0x1","nonce":2,"code":"0x60","storage":{"0x01":"02"}}}}"#,
        r#"{"networkUpgradeOverrides":{"quasarTimestamp":1700000000,"graniteTimestamp":1800000000},"precompileUpgrades":[{"warpConfig":{"upgrade":{"blockTimestamp":1700000000},"quorumNumerator":50}},{"warpConfig":{"blockTimestamp":1700000001,"disable":true}}],"stateUpgrades":[{"blockTimestamp":5,"accounts":{"0x00000000000000000000000000000000000000aa":{"balanceChange":"-1"}}}]}"#,
    ),
    (
        r#"{"config":{"chainId":1,"rewardManagerConfig":{"blockTimestamp":1,"initialRewardConfig":{"rewardAddress":"0x00000000000000000000000000000000000000aa"}}},"gasLimit":8000000,"difficulty":"0","alloc":{},"extraData":"0x","mixHash":"0x0000000000000000000000000000000000000000000000000000000000000000"}"#,
        "null",
    ),
];

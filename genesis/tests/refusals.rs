//! Every refusal of a genesis or upgrade file, with its exact text.

use alloy_primitives::keccak256;
use pars_genesis::forks::HostUpgrades;
use pars_genesis::parse::{self, FILE_BYTES_MAX};

struct Case {
    genesis: String,
    upgrade: String,
    host: Option<HostUpgrades>,
    text: &'static str,
}

#[test]
fn each_refused_file_gets_its_text() {
    let mut failures = Vec::new();
    let cases = cases();
    for Case { genesis, upgrade, host, text } in &cases {
        let got = match parse::genesis(genesis.as_bytes(), upgrade.as_bytes(), host.as_ref(), None) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        };
        if got != *text {
            failures.push(format!("genesis {genesis}\nupgrade {upgrade}\n    got {got}\nexpected {text}\n"));
        }
    }
    assert!(failures.is_empty(), "{} of {} differ\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(cases.len() >= 40, "{} cases", cases.len());
}

/// The value that offends, by key and path: every refusal but those of a whole file names one.
#[test]
fn each_refusal_names_file_and_path() {
    for Case { genesis, upgrade, host, text } in cases() {
        let error = parse::genesis(genesis.as_bytes(), upgrade.as_bytes(), host.as_ref(), None).expect_err(text);
        let place = if error.path.is_empty() { String::new() } else { format!("{}: ", error.path) };
        assert_eq!(text, format!("{}: {place}{}", error.file, error.offence));
        let about_whole_file = ["is not JSON", "got null, expected an object", "got [], expected an object"];
        let whole_file = about_whole_file.iter().any(|words| text.starts_with(&format!("{}: {words}", error.file)));
        assert_eq!(error.path.is_empty(), whole_file, "{text}");
    }
}

#[test]
fn bytes_that_are_no_text() {
    let refusal = |bytes: &[u8]| parse::genesis(bytes, b"", None, None).expect_err("not a genesis").to_string();
    assert_eq!(refusal(b"{\"config\xff\":1}"), "genesis: is not UTF-8 after byte 8; save it as UTF-8");
    let long = vec![b' '; FILE_BYTES_MAX + 1];
    assert_eq!(refusal(&long), "genesis: has 67108865 bytes, at most 67108864 are read; make it smaller");
    let valid = plain();
    assert_eq!(
        parse::genesis(valid.as_bytes(), &long, None, None).map(drop),
        Ok(()),
        "blanks are an empty upgrade file whatever their number"
    );
}

#[test]
fn an_airdrop_needs_its_file() {
    let file = br#"[{"address":"0x00000000000000000000000000000000000000aa"}]"#;
    let hash = keccak256(file);
    let refusal = |genesis: &str, airdrop: Option<&[u8]>| {
        parse::genesis(genesis.as_bytes(), b"", None, airdrop).expect_err("refused").to_string()
    };
    let genesis = top(&format!(r#""airdropHash":"{hash}","airdropAmount":"5""#));
    assert_eq!(
        refusal(&genesis, None),
        "genesis: airdropHash: is set, but there is no airdrop file; \
         name it in the chain's configuration (key airdrop)"
    );
    assert_eq!(
        refusal(&genesis, Some(b"[]")),
        format!(
            "airdrop file: hashes to {}, expected {hash} as airdropHash of the genesis says; \
             give the file it was made for",
            keccak256(b"[]")
        )
    );
    assert_eq!(
        refusal(&top(&format!(r#""airdropHash":"{hash}""#)), Some(file)),
        "genesis: airdropAmount: is missing; give a number of wei, because airdropHash is set"
    );
    let bad = br#"[{"address":"0xaa"}]"#;
    assert_eq!(
        refusal(&top(&format!(r#""airdropHash":"{}","airdropAmount":5"#, keccak256(bad))), Some(bad)),
        "airdrop file: [0].address: got \"0xaa\", expected an address in quotes: 0x and 40 hex digits"
    );
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (genesis, text) in genesis_files() {
        cases.push(Case { genesis, upgrade: String::new(), host: Some(HostUpgrades::LOCAL), text });
    }
    for (upgrade, text) in upgrade_files() {
        let upgrade = upgrade.to_owned();
        cases.push(Case { genesis: with_fee_manager(), upgrade, host: Some(HostUpgrades::LOCAL), text });
    }
    for (host, fields, upgrade, text) in times() {
        cases.push(Case { genesis: config(fields), upgrade: upgrade.to_owned(), host, text });
    }
    cases
}

fn genesis_files() -> Vec<(String, &'static str)> {
    let fees = |fees: &str| {
        format!(r#"{{"config":{{"chainId":1,"feeConfig":{fees}}},"gasLimit":1,"difficulty":0,"alloc":{{}}}}"#)
    };
    let alloc = |alloc: &str| {
        format!(r#"{{"config":{{"chainId":1,{FEES}}},"gasLimit":15000000,"difficulty":0,"alloc":{alloc}}}"#)
    };
    vec![
        ("".to_owned(), "genesis: is not JSON: EOF while parsing a value at line 1 column 0"),
        ("null".to_owned(), "genesis: got null, expected an object {…}"),
        ("[]".to_owned(), "genesis: got [], expected an object {…}"),
        (r#"{"config":{}"#.to_owned(), "genesis: is not JSON: EOF while parsing an object at line 1 column 12"),
        ("{} {}".to_owned(), "genesis: is not JSON: trailing characters at line 1 column 4"),
        (
            r#"{"alloc":{"aa":{"balance":1}"#.to_owned(),
            "genesis: is not JSON: EOF while parsing an object at line 1 column 28",
        ),
        (
            r#"{"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: gasLimit: is missing; give the same number as config.feeConfig.gasLimit",
        ),
        (
            r#"{"gasLimit":8000000,"alloc":{}}"#.to_owned(),
            "genesis: difficulty: is missing; give a number, 0 unless the chain exists already",
        ),
        (
            r#"{"gasLimit":8000000,"difficulty":0}"#.to_owned(),
            "genesis: alloc: is missing; give an object of accounts, {} for none",
        ),
        (
            r#"{"gasLimit":8000000,"difficulty":0,"alloc":null}"#.to_owned(),
            "genesis: alloc: is missing; give an object of accounts, {} for none",
        ),
        (
            r#"{"config":{"chainId":null},"gasLimit":8000000,"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: config.chainId: is missing; give the EVM chain id as a whole JSON number",
        ),
        (
            r#"{"config":[],"gasLimit":8000000,"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: config: got [], expected an object {…}",
        ),
        (
            r#"{"config":{"chainId":1},"gasLimit":8000001,"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: gasLimit: got 8000001, expected config.feeConfig.gasLimit, which is 8000000; make them equal",
        ),
        (
            r#"{"config":{"chainId":"1"},"gasLimit":8000000,"difficulty":0,"alloc":{}}"#.to_owned(),
            r#"genesis: config.chainId: got "1", expected a whole JSON number without quotes, sign, point or exponent"#,
        ),
        (
            r#"{"config":{"chainId":18446744073709551616},"gasLimit":8000000,"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: config.chainId: got 18446744073709551616, expected at most 18446744073709551615 (64 bits)",
        ),
        (
            r#"{"config":{"chainId":-1},"gasLimit":8000000,"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: config.chainId: got -1, expected a whole JSON number without quotes, sign, point or exponent",
        ),
        (
            r#"{"config":{"chainId":1.5},"gasLimit":8000000,"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: config.chainId: got 1.5, expected a whole JSON number without quotes, sign, point or exponent",
        ),
        (
            r#"{"config":{"chainID":1},"gasLimit":8000000,"difficulty":0,"alloc":{}}"#.to_owned(),
            "genesis: config.chainID: no such key; did you mean chainId?",
        ),
        (top(r#""gaslimit":1"#), "genesis: gaslimit: no such key; did you mean gasLimit?"),
        (top(r#""pqPrecompiles":{}"#), "genesis: pqPrecompiles: no such key; remove it"),
        (top(r#""gasLimit":15000000"#), "genesis: gasLimit: is given twice; keep one"),
        (top(r#""skipPostMergeFields":true"#), "genesis: skipPostMergeFields: not in this release; remove it"),
        (
            top(r#""timestamp":"0xzz""#),
            r#"genesis: timestamp: got "0xzz", expected a number: hex with 0x or decimal, quoted or not"#,
        ),
        (
            top(r#""timestamp":"now""#),
            r#"genesis: timestamp: got "now", expected a number: hex with 0x or decimal, quoted or not"#,
        ),
        (
            top(r#""nonce":"0x10000000000000000""#),
            r#"genesis: nonce: got "0x10000000000000000", expected at most 18446744073709551615 (64 bits)"#,
        ),
        (
            top(r#""baseFeePerGas":"115792089237316195423570985008687907853269984665640564039457584007913129639936""#),
            r#"genesis: baseFeePerGas: got "115792089237316195423570985008687907853269984665640564039457584007913129639936", expected at most 2^256 - 1"#,
        ),
        (
            top(r#""coinbase":"00000000000000000000000000000000000000aa""#),
            r#"genesis: coinbase: got "00000000000000000000000000000000000000aa", expected an address in quotes: 0x and 40 hex digits"#,
        ),
        (
            top(r#""extraData":"0x123""#),
            r#"genesis: extraData: got "0x123", expected hex bytes in quotes: 0x and an even number of digits"#,
        ),
        (
            top(r#""extraData":"0x0x12""#),
            r#"genesis: extraData: got "0x0x12", expected hex bytes in quotes: 0x and an even number of digits"#,
        ),
        (
            top(r#""mixHash":"0x00""#),
            r#"genesis: mixHash: got "0x00", expected 32 bytes in quotes: 0x and 64 hex digits"#,
        ),
        (top(r#""number":1e3"#), "genesis: number: got 1e3, expected a number: hex with 0x or decimal, quoted or not"),
        // A fuzzer opened a chain at block 5, and could not open it again. The Go node refuses it too.
        (
            top(r#""number":"0x5""#),
            "genesis: number: got 5, expected 0: a chain begins with block 0; write 0 or leave it out",
        ),
        (
            config(r#""londonBlock":5"#),
            "genesis: config.londonBlock: got 5, expected 0: the chain has this fork from its first block; write 0 or leave it out",
        ),
        (
            config(r#""subnetEVMTimestamp":1"#),
            "genesis: config.subnetEVMTimestamp: got 1, expected 0: the chain has this fork from its first block; write 0 or leave it out",
        ),
        (
            config(r#""evmTimestamp":1607144400"#),
            "genesis: config.evmTimestamp: got 1607144400, expected 0: the chain has this fork from its first block; write 0 or leave it out",
        ),
        (
            config(r#""subnetEVMTimestamp":0,"evmTimestamp":5"#),
            "genesis: config.evmTimestamp: differs from config.subnetEVMTimestamp, which means the same; keep one",
        ),
        (
            config(r#""etnaTimestamp":1700000000,"quasarTimestamp":1700000001"#),
            "genesis: config.quasarTimestamp: differs from config.etnaTimestamp, which means the same; keep one",
        ),
        (config(r#""pragueTimestamp":1764547200"#), "genesis: config.pragueTimestamp: not in this release; remove it"),
        (config(r#""osakaTimestamp":0"#), "genesis: config.osakaTimestamp: not in this release; remove it"),
        (
            config(r#""pragueTime":0"#),
            "genesis: config.pragueTime: Ethereum's fork times have no effect here; use pragueTimestamp, which is not in this release, or remove it",
        ),
        (
            config(r#""osakaTime":1764547200"#),
            "genesis: config.osakaTime: Ethereum's fork times have no effect here; use osakaTimestamp, which is not in this release, or remove it",
        ),
        (config(r#""feeSplitTimestamp":0"#), "genesis: config.feeSplitTimestamp: not in this release; remove it"),
        (
            config(r#""gasPriceManagerConfig":{"blockTimestamp":0}"#),
            "genesis: config.gasPriceManagerConfig: not in this release; remove it",
        ),
        (
            config(r#""ringtailThreshold":{"blockTimestamp":0}"#),
            "genesis: config.ringtailThreshold: not in this release; remove it",
        ),
        (
            config(r#""mldsaVerify":{"blockTimestamp":0,"adminAddresses":[]}"#),
            "genesis: config.mldsaVerify.adminAddresses: no such key; remove it",
        ),
        (
            config(r#""mldsaEip8355":{"blockTimestamp":0,"allowOnChainSecrets":true}"#),
            "genesis: config.mldsaEip8355.allowOnChainSecrets: no such key; remove it",
        ),
        (
            config(r#""mlkemConfig":{"blockTimestamp":0,"allowOnChainSecrets":true}"#)
                .replace(r#""chainId":1"#, r#""chainId":6133"#),
            "genesis: config.mlkemConfig.allowOnChainSecrets: got true, but on chain 6133 secrets that everybody sees are not allowed; remove it",
        ),
        (
            config(r#""bls12381AddConfig":{"blockTimestamp":0}"#),
            "genesis: config.bls12381AddConfig: not in this release; remove it",
        ),
        (
            config(r#""durangoTimstamp":1"#),
            "genesis: config.durangoTimstamp: no such key; did you mean durangoTimestamp?",
        ),
        (config(r#""somethingElse":1"#), "genesis: config.somethingElse: no such key; remove it"),
        (
            config(r#""durangoTimestamp":"0x0""#),
            r#"genesis: config.durangoTimestamp: got "0x0", expected a whole JSON number without quotes, sign, point or exponent"#,
        ),
        (config(r#""allowFeeRecipients":1"#), "genesis: config.allowFeeRecipients: got 1, expected true or false"),
        (
            config(r#""initialMinDelayMS":2001"#),
            "genesis: config.initialMinDelayMS: got 2001, expected at most 2000 milliseconds",
        ),
        (
            fees(
                r#"{"gasLimit":"1","targetBlockRate":2,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            r#"genesis: config.feeConfig.gasLimit: got "1", expected a whole JSON number without quotes, sign, point or exponent"#,
        ),
        (
            fees(
                r#"{"gasLimit":"0x1","targetBlockRate":2,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            r#"genesis: config.feeConfig.gasLimit: got "0x1", expected a whole JSON number without quotes, sign, point or exponent"#,
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.targetGas: is missing; give a whole JSON number; all eight fields are needed",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":1,"targetGas":null,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.targetGas: is missing; give a whole JSON number; all eight fields are needed",
        ),
        (
            fees(
                r#"{"gasLimit":0,"targetBlockRate":2,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.gasLimit: gasLimit is 0, expected at least 1",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":0,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.targetBlockRate: targetBlockRate is 0, expected at least 1",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":0,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.baseFeeChangeDenominator: baseFeeChangeDenominator is 0, expected at least 1",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":18446744073709551616,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.targetBlockRate: got 18446744073709551616, expected at most 18446744073709551615 (64 bits)",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":2,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.minBlockGasCost: minBlockGasCost is 2, expected at most maxBlockGasCost 1",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":18446744073709551616,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.maxBlockGasCost: maxBlockGasCost is 18446744073709551616, expected at most 18446744073709551615",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":9223372036854775808,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.minBaseFee: got 9223372036854775808, expected less than 9223372036854775808 (2^63): base fees from there on wrap in the first block",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":-1,"targetGas":1,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.minBaseFee: got -1, expected a whole JSON number without quotes, sign, point or exponent",
        ),
        (
            fees(
                r#"{"gasLimit":1,"targetBlockRate":2,"minBaseFee":1,"targetGas":115792089237316195423570985008687907853269984665640564039457584007913129639936,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}"#,
            ),
            "genesis: config.feeConfig.targetGas: got 115792089237316195423570985008687907853269984665640564039457584007913129639936, expected at most 2^256 - 1",
        ),
        (fees(r#"{"minBaseFees":1}"#), "genesis: config.feeConfig.minBaseFees: no such key; did you mean minBaseFee?"),
        (
            config(r#""txAllowListConfig":{"blockTimestamp":0,"adminAddreses":[]}"#),
            "genesis: config.txAllowListConfig.adminAddreses: no such key; did you mean adminAddresses?",
        ),
        (
            config(
                r#""txAllowListConfig":{"blockTimestamp":0,"adminAddresses":"0x00000000000000000000000000000000000000aa"}"#,
            ),
            r#"genesis: config.txAllowListConfig.adminAddresses: got "0x00000000000000000000000000000000000000aa", expected a list […]"#,
        ),
        (
            config(r#""txAllowListConfig":{"blockTimestamp":0,"adminAddresses":["0xaa"]}"#),
            r#"genesis: config.txAllowListConfig.adminAddresses[0]: got "0xaa", expected an address in quotes: 0x and 40 hex digits"#,
        ),
        (
            config(
                r#""txAllowListConfig":{"blockTimestamp":0,"adminAddresses":["0x00000000000000000000000000000000000000aa",null]}"#,
            ),
            "genesis: config.txAllowListConfig.adminAddresses[1]: got null, expected an address in quotes: 0x and 40 hex digits",
        ),
        (
            config(
                r#""txAllowListConfig":{"blockTimestamp":0,"adminAddresses":["0x00000000000000000000000000000000000000aa","0x00000000000000000000000000000000000000aa"]}"#,
            ),
            "genesis: config.txAllowListConfig.adminAddresses[1]: 0x00000000000000000000000000000000000000AA stands already in adminAddresses; keep one",
        ),
        (
            config(
                r#""txAllowListConfig":{"blockTimestamp":0,"adminAddresses":["0x00000000000000000000000000000000000000aa"],"enabledAddresses":["0x00000000000000000000000000000000000000aa"]}"#,
            ),
            "genesis: config.txAllowListConfig.enabledAddresses[0]: 0x00000000000000000000000000000000000000AA stands already in adminAddresses; keep one",
        ),
        (
            config(
                r#""txAllowListConfig":{"blockTimestamp":1607144399,"managerAddresses":["0x00000000000000000000000000000000000000aa"]}"#,
            ),
            "genesis: config.txAllowListConfig.managerAddresses: has managers at 1607144399, but Durango is active from 1607144400; give a later time or no managers",
        ),
        (
            config(r#""txAllowListConfig":{"blockTimestamp":0,"initialMint":{}}"#),
            "genesis: config.txAllowListConfig.initialMint: no such key; remove it",
        ),
        (
            config(r#""txAllowListConfig":{"blockTimestamp":0,"disable":true}"#),
            "genesis: config.txAllowListConfig.disable: got true, but nothing is on before genesis; remove the precompile's key",
        ),
        (
            config(r#""txAllowListConfig":{"blockTimestamp":1,"upgrade":{"blockTimestamp":2}}"#),
            "genesis: config.txAllowListConfig.upgrade.blockTimestamp: differs from config.txAllowListConfig.blockTimestamp, which means the same; keep one",
        ),
        (
            config(
                r#""contractNativeMinterConfig":{"blockTimestamp":0,"initialMint":{"0x00000000000000000000000000000000000000aa":0}}"#,
            ),
            "genesis: config.contractNativeMinterConfig.initialMint.0x00000000000000000000000000000000000000aa: got 0, expected more than 0; remove the entry",
        ),
        (
            config(r#""contractNativeMinterConfig":{"blockTimestamp":0,"initialMint":{"aa":1}}"#),
            r#"genesis: config.contractNativeMinterConfig.initialMint.aa: got the key "aa", expected an address in quotes: 0x and 40 hex digits"#,
        ),
        (
            config(
                r#""contractNativeMinterConfig":{"blockTimestamp":0,"initialMint":{"0x00000000000000000000000000000000000000aa":1,"0x00000000000000000000000000000000000000AA":1}}"#,
            ),
            "genesis: config.contractNativeMinterConfig.initialMint.0x00000000000000000000000000000000000000AA: is given twice; keep one",
        ),
        (
            config(r#""feeManagerConfig":{"blockTimestamp":0,"initialFeeConfig":{}}"#),
            "genesis: config.feeManagerConfig.initialFeeConfig.gasLimit: is missing; give a whole JSON number; all eight fields are needed",
        ),
        (
            config(
                r#""feeManagerConfig":{"blockTimestamp":0,"initialFeeConfig":{"gasLimit":1,"targetBlockRate":2,"minBaseFee":1,"targetGas":0,"baseFeeChangeDenominator":1,"minBlockGasCost":0,"maxBlockGasCost":1,"blockGasCostStep":1}}"#,
            ),
            "genesis: config.feeManagerConfig.initialFeeConfig.targetGas: targetGas is 0, expected at least 1",
        ),
        (
            config(
                r#""rewardManagerConfig":{"blockTimestamp":0,"initialRewardConfig":{"allowFeeRecipients":true,"rewardAddress":"0x00000000000000000000000000000000000000aa"}}"#,
            ),
            "genesis: config.rewardManagerConfig.initialRewardConfig.rewardAddress: got 0x00000000000000000000000000000000000000AA while allowFeeRecipients is true; keep one of the two",
        ),
        (
            config(r#""warpConfig":{"blockTimestamp":1607144399}"#),
            "genesis: config.warpConfig.blockTimestamp: is switched at 1607144399, but Durango is active from 1607144400; give a later time",
        ),
        (
            config(r#""warpConfig":{"blockTimestamp":1700000000,"quorumNumerator":32}"#),
            "genesis: config.warpConfig.quorumNumerator: got 32, expected 0 (meaning 67) or 33 to 100 percent",
        ),
        (
            config(r#""warpConfig":{"blockTimestamp":1700000000,"quorumNumerator":101}"#),
            "genesis: config.warpConfig.quorumNumerator: got 101, expected 0 (meaning 67) or 33 to 100 percent",
        ),
        (
            config(r#""warpConfig":{"blockTimestamp":1700000000,"adminAddresses":[]}"#),
            "genesis: config.warpConfig.adminAddresses: no such key; remove it",
        ),
        (
            config(r#""genesisPrecompiles":{"warpConfg":{}}"#),
            "genesis: config.genesisPrecompiles.warpConfg: no such key; did you mean warpConfig?",
        ),
        (
            config(r#""genesisPrecompiles":{"dexConfig":{}}"#),
            "genesis: config.genesisPrecompiles.dexConfig: not in this release; remove it",
        ),
        (
            config(
                r#""feeManagerConfig":{"blockTimestamp":1},"genesisPrecompiles":{"feeManagerConfig":{"blockTimestamp":2}}"#,
            ),
            "genesis: config.genesisPrecompiles.feeManagerConfig: differs from config.feeManagerConfig, which means the same; keep one",
        ),
        (
            config(r#""addressBook":{"feeManagerConfig":"0x0200000000000000000000000000000000000004"}"#),
            "genesis: config.addressBook.feeManagerConfig: 0x0200000000000000000000000000000000000004 is taken by rewardManagerConfig; choose another address",
        ),
        (
            config(
                r#""addressBook":{"feeManagerConfig":["0x0000000000000000000000000000000000009010"],"warpConfig":["0x0000000000000000000000000000000000009010"]}"#,
            ),
            "genesis: config.addressBook.warpConfig[0]: 0x0000000000000000000000000000000000009010 is taken by feeManagerConfig; choose another address",
        ),
        (
            config(r#""addressBook":{"feeManagerConfig":["0x0000000000000000000000000000000000000004"]}"#),
            "genesis: config.addressBook.feeManagerConfig[0]: 0x0000000000000000000000000000000000000004 is taken by the EVM itself; choose another address",
        ),
        (
            config(r#""addressBook":{"blsConfig":"0x0000000000000000000000000000000000009010"}"#),
            "genesis: config.addressBook.blsConfig: switches several precompiles, so an alias could be any of them; remove it",
        ),
        (
            config(r#""addressBook":{"feeManagerConfig":"0x0000000000000000000000000000000000000602"}"#),
            "genesis: config.addressBook.feeManagerConfig: 0x0000000000000000000000000000000000000602 is taken by mldsaVerify; choose another address",
        ),
        (
            config(r#""addressBook":{"feeManager":"0x0000000000000000000000000000000000009010"}"#),
            "genesis: config.addressBook.feeManager: no such key; did you mean feeManagerConfig?",
        ),
        (alloc("[]"), "genesis: alloc: got [], expected an object {…}"),
        (
            alloc(r#"{"0xaa":{"balance":1}}"#),
            r#"genesis: alloc.0xaa: got the key "0xaa", expected 40 hex digits, with or without 0x"#,
        ),
        (
            alloc(
                r#"{"0x00000000000000000000000000000000000000aa":{"balance":1},"00000000000000000000000000000000000000AA":{"balance":2}}"#,
            ),
            "genesis: alloc.00000000000000000000000000000000000000AA: is given twice; keep one",
        ),
        (
            alloc(r#"{"0x00000000000000000000000000000000000000aa":null}"#),
            "genesis: alloc.0x00000000000000000000000000000000000000aa: got null, expected an object {…}",
        ),
        (
            alloc(r#"{"0x00000000000000000000000000000000000000aa":{}}"#),
            "genesis: alloc.0x00000000000000000000000000000000000000aa.balance: is missing; give a number of wei, 0 for none",
        ),
        (
            alloc(r#"{"0x00000000000000000000000000000000000000aa":{"balance":-1}}"#),
            "genesis: alloc.0x00000000000000000000000000000000000000aa.balance: got -1, expected a number: hex with 0x or decimal, quoted or not",
        ),
        (
            alloc(r#"{"0x00000000000000000000000000000000000000aa":{"balance":1,"code":"60"}}"#),
            r#"genesis: alloc.0x00000000000000000000000000000000000000aa.code: got "60", expected hex bytes in quotes: 0x and an even number of digits"#,
        ),
        (
            alloc(r#"{"0x00000000000000000000000000000000000000aa":{"balance":1,"ballance":1}}"#),
            "genesis: alloc.0x00000000000000000000000000000000000000aa.ballance: no such key; did you mean balance?",
        ),
        (
            alloc(
                r#"{"0x00000000000000000000000000000000000000aa":{"balance":1,"storage":{"0x000000000000000000000000000000000000000000000000000000000000000000":"0x01"}}}"#,
            ),
            r#"genesis: alloc.0x00000000000000000000000000000000000000aa.storage.0x000000000000000000000000000000000000000000000000000000000000000000: got the key "0x000000000000000000000000000000000000000000000000000000000000000000", expected up to 32 bytes in quotes: 0x and an even number of hex digits, at most 64"#,
        ),
        (
            alloc(r#"{"0x00000000000000000000000000000000000000aa":{"balance":1,"storage":{"0x01":"0x1"}}}"#),
            r#"genesis: alloc.0x00000000000000000000000000000000000000aa.storage.0x01: got "0x1", expected up to 32 bytes in quotes: 0x and an even number of hex digits, at most 64"#,
        ),
        (
            alloc(
                r#"{"0x00000000000000000000000000000000000000aa":{"balance":1,"storage":{"0x01":"0x01","01":"0x02"}}}"#,
            ),
            "genesis: alloc.0x00000000000000000000000000000000000000aa.storage.01: is given twice; keep one",
        ),
    ]
}

fn upgrade_files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("{", "upgrade file: is not JSON: EOF while parsing an object at line 1 column 1"),
        ("[]", "upgrade file: got [], expected an object {…}"),
        (r#"{"upgrades":{}}"#, "upgrade file: upgrades: no such key; remove it"),
        (
            r#"{"precompileUpgrade":[]}"#,
            "upgrade file: precompileUpgrade: no such key; did you mean precompileUpgrades?",
        ),
        (
            r#"{"networkUpgradeOverrides":{"durangoTime":1}}"#,
            "upgrade file: networkUpgradeOverrides.durangoTime: no such key; did you mean durangoTimestamp?",
        ),
        (
            r#"{"networkUpgradeOverrides":{"pragueTimestamp":1764547200}}"#,
            "upgrade file: networkUpgradeOverrides.pragueTimestamp: not in this release; remove it",
        ),
        (
            r#"{"networkUpgradeOverrides":{"subnetEVMTimestamp":1}}"#,
            "upgrade file: networkUpgradeOverrides.subnetEVMTimestamp: got 1, expected 0: the chain has this fork from its first block; write 0 or leave it out",
        ),
        (r#"{"precompileUpgrades":{}}"#, "upgrade file: precompileUpgrades: got {}, expected a list […]"),
        (
            r#"{"precompileUpgrades":[{}]}"#,
            "upgrade file: precompileUpgrades[0]: has 0 precompile keys, expected exactly one in each entry of the list",
        ),
        (
            r#"{"precompileUpgrades":[{"warpConfig":{"blockTimestamp":1700000000},"txAllowListConfig":{"blockTimestamp":1700000000}}]}"#,
            "upgrade file: precompileUpgrades[0]: has 2 precompile keys, expected exactly one in each entry of the list",
        ),
        (
            r#"{"precompileUpgrades":[{"gasPriceManagerConfig":{"blockTimestamp":1700000000}}]}"#,
            "upgrade file: precompileUpgrades[0].gasPriceManagerConfig: not in this release; remove it",
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowList":{"blockTimestamp":1700000000}}]}"#,
            "upgrade file: precompileUpgrades[0].txAllowList: no such key; did you mean txAllowListConfig?",
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowListConfig":{}}]}"#,
            "upgrade file: precompileUpgrades[0].txAllowListConfig.blockTimestamp: is missing; give a time in Unix seconds",
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowListConfig":{"blockTimestamp":"1700000000"}}]}"#,
            r#"upgrade file: precompileUpgrades[0].txAllowListConfig.blockTimestamp: got "1700000000", expected a whole JSON number without quotes, sign, point or exponent"#,
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowListConfig":{"blockTimestamp":1700000001}},{"warpConfig":{"blockTimestamp":1700000000}}]}"#,
            "upgrade file: precompileUpgrades[1].warpConfig.blockTimestamp: got 1700000000, but the entry before it has 1700000001; sort the list by time",
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowListConfig":{"blockTimestamp":1700000001,"disable":true}}]}"#,
            "upgrade file: precompileUpgrades[0].txAllowListConfig.disable: txAllowListConfig is off at this point; enable it first or remove the entry",
        ),
        (
            r#"{"precompileUpgrades":[{"feeManagerConfig":{"blockTimestamp":1700000001}}]}"#,
            "upgrade file: precompileUpgrades[0].feeManagerConfig.disable: feeManagerConfig is on already at this point; disable it first or remove the entry",
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowListConfig":{"blockTimestamp":1700000001}},{"txAllowListConfig":{"blockTimestamp":1700000002}}]}"#,
            "upgrade file: precompileUpgrades[1].txAllowListConfig.disable: txAllowListConfig is on already at this point; disable it first or remove the entry",
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowListConfig":{"blockTimestamp":1700000001}},{"txAllowListConfig":{"blockTimestamp":1700000001,"disable":true}}]}"#,
            "upgrade file: precompileUpgrades[1].txAllowListConfig.blockTimestamp: got 1700000001, expected more than 1700000001, the time of the change before it",
        ),
        (
            r#"{"precompileUpgrades":[{"feeManagerConfig":{"blockTimestamp":1700000000,"disable":true}}]}"#,
            "upgrade file: precompileUpgrades[0].feeManagerConfig.blockTimestamp: got 1700000000, expected more than 1700000000, the time of the change before it",
        ),
        (
            r#"{"precompileUpgrades":[{"txAllowListConfig":{"blockTimestamp":1600000000,"managerAddresses":["0x00000000000000000000000000000000000000aa"]}}]}"#,
            "upgrade file: precompileUpgrades[0].txAllowListConfig.managerAddresses: has managers at 1600000000, but Durango is active from 1607144400; give a later time or no managers",
        ),
        (
            r#"{"precompileUpgrades":[{"warpConfig":{"blockTimestamp":1600000000}}]}"#,
            "upgrade file: precompileUpgrades[0].warpConfig.blockTimestamp: is switched at 1600000000, but Durango is active from 1607144400; give a later time",
        ),
        (
            r#"{"stateUpgrades":[{}]}"#,
            "upgrade file: stateUpgrades[0].blockTimestamp: is missing; give a time in Unix seconds, more than 0",
        ),
        (
            r#"{"stateUpgrades":[{"blockTimestamp":0,"accounts":{}}]}"#,
            "upgrade file: stateUpgrades[0].blockTimestamp: got 0, expected a time in Unix seconds, more than 0",
        ),
        (
            r#"{"stateUpgrades":[{"blockTimestamp":5},{"blockTimestamp":5}]}"#,
            "upgrade file: stateUpgrades[1].blockTimestamp: got 5, expected more than 5, the time of the change before it",
        ),
        (
            r#"{"stateUpgrades":[{"blockTimestamp":5,"accounts":{"aa":{}}}]}"#,
            r#"upgrade file: stateUpgrades[0].accounts.aa: got the key "aa", expected an address in quotes: 0x and 40 hex digits"#,
        ),
        (
            r#"{"stateUpgrades":[{"blockTimestamp":5,"accounts":{"0x00000000000000000000000000000000000000aa":{"balance":1}}}]}"#,
            "upgrade file: stateUpgrades[0].accounts.0x00000000000000000000000000000000000000aa.balance: no such key; did you mean balanceChange?",
        ),
        (
            r#"{"stateUpgrades":[{"blockTimestamp":5,"accounts":{"0x00000000000000000000000000000000000000aa":{"balanceChange":"-0x1"}}}]}"#,
            r#"upgrade file: stateUpgrades[0].accounts.0x00000000000000000000000000000000000000aa.balanceChange: got "-0x1", expected a number: hex with 0x or decimal, quoted or not"#,
        ),
        (
            r#"{"stateUpgrades":[{"blockTimestamp":5,"accounts":{"0x00000000000000000000000000000000000000aa":{"storage":{"0x00":"0x00"}}}}]}"#,
            r#"upgrade file: stateUpgrades[0].accounts.0x00000000000000000000000000000000000000aa.storage.0x00: got the key "0x00", expected 32 bytes in quotes: 0x and 64 hex digits"#,
        ),
        (
            r#"{"stateUpgrades":[{"blockTimestamp":5,"accounts":{"0x00000000000000000000000000000000000000aa":null}}]}"#,
            "upgrade file: stateUpgrades[0].accounts.0x00000000000000000000000000000000000000aa: got null, expected an object {…}",
        ),
        (r#"{"stateUpgrades":[],"stateUpgrades":[]}"#, "upgrade file: stateUpgrades: is given twice; keep one"),
    ]
}

/// Host, fields of `config`, upgrade file, text.
fn times() -> Vec<(Option<HostUpgrades>, &'static str, &'static str, &'static str)> {
    let (local, mainnet) = (Some(HostUpgrades::LOCAL), Some(HostUpgrades::MAINNET));
    vec![
        (
            local,
            r#""durangoTimestamp":1607144399"#,
            "",
            "genesis: config.durangoTimestamp: got 1607144399, but the host has this fork from 1607144400; give 1607144400 or later, or leave it out of both files for 1607144400",
        ),
        (
            mainnet,
            r#""graniteTimestamp":1607144400"#,
            "",
            "genesis: config.graniteTimestamp: got 1607144400, but the host has this fork from 1763568000; give 1763568000 or later, or leave it out of both files for 1763568000",
        ),
        (
            local,
            "",
            r#"{"networkUpgradeOverrides":{"etnaTimestamp":5}}"#,
            "upgrade file: networkUpgradeOverrides.etnaTimestamp: got 5, but the host has this fork from 1607144400; give 1607144400 or later, or leave it out of both files for 1607144400",
        ),
        (
            mainnet,
            "",
            r#"{"networkUpgradeOverrides":{"durangoTimestamp":0}}"#,
            "upgrade file: networkUpgradeOverrides.durangoTimestamp: got 0, but the host has this fork from 1709740800; give 1709740800 or later, or leave it out of both files for 1709740800",
        ),
        (
            local,
            r#""durangoTimestamp":1700000000"#,
            "",
            "genesis: config.durangoTimestamp: etna at 1607144400 would come before durango at 1700000000; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
        (
            local,
            "",
            r#"{"networkUpgradeOverrides":{"etnaTimestamp":1700000000}}"#,
            "upgrade file: networkUpgradeOverrides.etnaTimestamp: granite at 1607144400 would come before etna at 1700000000; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
        (
            local,
            r#""fortunaTimestamp":1607144399"#,
            "",
            "genesis: config.fortunaTimestamp: fortuna at 1607144399 would come before etna at 1607144400; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
        (
            local,
            r#""fortunaTimestamp":1700000000"#,
            "",
            "genesis: config.fortunaTimestamp: granite at 1607144400 would come before fortuna at 1700000000; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
        (
            local,
            r#""durangoTimestamp":1700000001,"quasarTimestamp":1700000000,"graniteTimestamp":1700000001"#,
            "",
            "genesis: config.quasarTimestamp: etna at 1700000000 would come before durango at 1700000001; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
        (
            local,
            r#""heliconTimestamp":1700000000,"graniteTimestamp":1700000000"#,
            "",
            "genesis: config.heliconTimestamp: got 1700000000, but the host has this fork from 253399622400; give 253399622400 or later, or leave it out of both files for 253399622400",
        ),
        (
            None,
            r#""durangoTimestamp":5"#,
            "",
            "genesis: config.durangoTimestamp: etna at 0 would come before durango at 5; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
        (
            Some(HostUpgrades { granite: Some(1_607_144_399), ..HostUpgrades::LOCAL }),
            "",
            "",
            "host: upgrade times: granite at 1607144399 would come before etna at 1607144400; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
        (
            Some(HostUpgrades { durango: None, ..HostUpgrades::LOCAL }),
            "",
            "",
            "host: upgrade times: etna at 1607144400 would come before durango at never; give times in the order durango, etna, fortuna, granite, helicon (one left out gets the host's)",
        ),
    ]
}

const FEES: &str = r#""feeConfig":{"gasLimit":15000000,"targetBlockRate":2,"minBaseFee":1000000000,"targetGas":75000000,"baseFeeChangeDenominator":36,"minBlockGasCost":0,"maxBlockGasCost":1000000,"blockGasCostStep":200000}"#;

fn plain() -> String {
    top("")
}

fn with_fee_manager() -> String {
    config(r#""feeManagerConfig":{"blockTimestamp":1700000000}"#)
}

/// A valid genesis with further fields at the top.
fn top(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"config":{{"chainId":1,{FEES}}},"gasLimit":"0xe4e1c0","difficulty":0,"alloc":{{}}{comma}{fields}}}"#)
}

/// A valid genesis with further fields in `config`.
fn config(fields: &str) -> String {
    let comma = if fields.is_empty() { "" } else { "," };
    format!(r#"{{"config":{{"chainId":1,{FEES}{comma}{fields}}},"gasLimit":"0xe4e1c0","difficulty":0,"alloc":{{}}}}"#)
}

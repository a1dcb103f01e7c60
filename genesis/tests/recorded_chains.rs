//! The genesis and upgrade files of chains that the Go node ran, against the first header that it made of each.

use alloy_primitives::{Address, B256, Bytes, U256, address, hex};
use pars_genesis::forks::{HostUpgrades, INITIALLY_ACTIVE, UNSCHEDULED};
use pars_genesis::{Genesis, parse};
use pars_precompiles::registry::{TABLE, rows_of};
use serde_json::Value;
use std::path::Path;

#[test]
fn each_header_says_what_the_go_node_wrote() {
    let chains = chains();
    assert_eq!(chains.len(), 12);
    for (name, chain) in &chains {
        let Genesis { spec, header, notes, .. } = parsed(chain);
        let fields: Vec<Vec<u8>> = chain["header"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|field| hex::decode(field.as_str().expect("hex")).expect("hex"))
            .collect();
        let number = |index: usize| U256::from_be_slice(&fields[index]);
        assert_eq!(header.parent, B256::from_slice(&fields[0]), "{name}");
        assert_eq!(header.coinbase, Address::from_slice(&fields[2]), "{name}");
        assert_eq!(header.difficulty, number(7), "{name}");
        assert_eq!(U256::from(header.number), number(8), "{name}");
        assert_eq!(U256::from(header.gas_limit), number(9), "{name}");
        assert_eq!(U256::from(header.gas_used), number(10), "{name}");
        assert_eq!(U256::from(header.time), number(11), "{name}");
        assert_eq!(header.extra, Bytes::from(fields[12].clone()), "{name}");
        assert_eq!(header.mix, B256::from_slice(&fields[13]), "{name}");
        assert_eq!(U256::from(header.nonce), number(14), "{name}");
        assert_eq!(header.base_fee, number(15), "{name}");
        let rules = spec.rules(header.time);
        let expected = match (rules.etna, rules.granite) {
            (false, false) => 16,
            (true, false) => 20,
            (_, true) => 22,
        };
        assert_eq!(fields.len(), expected, "{name}: {rules:?}");
        assert_eq!(notes, Vec::<String>::new(), "{name}");
        assert_eq!(spec.chain_id, 6133, "{name}");
        assert_eq!(spec.forks.helicon, Some(UNSCHEDULED), "{name}");
    }
}

#[test]
fn forks_of_a_file_and_of_the_host() {
    let forks = |name: &str| parsed(&chain(name)).spec.forks;
    assert_eq!(forks("classic-11").durango, Some(INITIALLY_ACTIVE));
    assert_eq!(forks("classic-11").granite, Some(UNSCHEDULED));
    assert_eq!(forks("granite-11").granite, Some(INITIALLY_ACTIVE));
    assert_eq!(forks("granite-11").fortuna, None);
    let times = forks("forks-11").times();
    assert_eq!(
        times,
        [Some(1_795_582_752), Some(1_795_582_787), Some(1_795_582_802), Some(1_795_582_822), Some(UNSCHEDULED)]
    );
}

#[test]
fn switches_and_state_upgrades() {
    let Genesis { spec, header, .. } = parsed(&chain("granite-precompiles-11"));
    // By the last byte of the address.
    let last = |row: usize| TABLE[row].at[19];
    let switched: Vec<_> = spec.switches.iter().map(|switch| (last(switch.row), switch.to.is_some())).collect();
    let at_genesis = [(0, true), (1, true), (3, true), (4, true), (5, true)];
    let later = [(2, true), (0, false), (4, false), (2, false), (4, true)];
    assert_eq!(switched, [at_genesis, later].concat());
    assert_eq!(spec.switches(None, header.time).len(), at_genesis.len());
    let list = rows_of("txAllowListConfig").next().expect("a row");
    assert!(spec.enabled(list, header.time).is_none());
    assert!(spec.enabled(list, 1_795_583_215).is_some() && spec.enabled(list, 1_795_583_255).is_none());
    let [upgrade] = spec.state_upgrades.as_slice() else { panic!("one state upgrade") };
    assert_eq!(upgrade.time, 1_795_583_225);
    let given = upgrade.accounts[&address!("347846837768491e2c4ea9b5bb058954144a13b7")].balance_change;
    assert_eq!(given, U256::from(100_000_000_000_000_000_000_u128));
    let coded = &upgrade.accounts[&address!("00000000000000000000000000000000c0de0001")];
    assert_eq!(coded.code, Bytes::from(hex!("600160005500")));
    assert_eq!(coded.storage[&B256::with_last_byte(7)], B256::with_last_byte(9));
}

#[test]
fn accounts() {
    let Genesis { alloc, header, spec, .. } = parsed(&chain("probes-granite"));
    assert_eq!(alloc.len(), 5);
    assert_eq!(
        alloc[&address!("00000000000000000000000000000000000000ee")],
        Default::default(),
        "an empty account stays"
    );
    assert_eq!(alloc[&address!("0200000000000000000000000000000000000002")].balance, U256::from(7));
    assert_eq!(header.base_fee, U256::from(20_000_000_000_u64), "of the file");
    assert_eq!(spec.fee.min_base_fee, U256::from(1_000_000_000));
    let Genesis { alloc, .. } = parsed(&chain("classic-11"));
    let coded = &alloc[&address!("00000000000000000000000000000000c0de0002")];
    assert_eq!((coded.balance, coded.nonce), (U256::from(1), 3));
    assert_eq!(coded.storage[&B256::ZERO], B256::with_last_byte(5), "short words are aligned right");
}

fn parsed(chain: &Value) -> Genesis {
    let (genesis, upgrade) = (chain["genesis"].to_string(), chain["upgrade"].to_string());
    parse::genesis(genesis.as_bytes(), upgrade.as_bytes(), Some(&HostUpgrades::LOCAL), None).expect("valid for Go")
}

fn chain(name: &str) -> Value {
    chains().into_iter().find(|(file, _)| file == name).expect("recorded").1
}

fn chains() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/subnet-evm");
    let mut chains: Vec<(String, Value)> = std::fs::read_dir(folder)
        .expect("the folder is checked in")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("readable");
            let name = path.file_stem().expect("named").to_string_lossy().into_owned();
            (name, serde_json::from_str(&text).expect("JSON"))
        })
        .collect();
    chains.sort_by(|a, b| a.0.cmp(&b.0));
    chains
}

//! What holds for every row, whatever it does.

use alloy_json_abi::JsonAbi;
use alloy_primitives::{Address, B256, Bytes};
use pars_precompiles::interface::Function;
use pars_precompiles::port::memory::Memory;
use pars_precompiles::port::{Call, Facts, Gas, Halt, Rows, Stop};
use pars_precompiles::registry::{Entry, TABLE, rows_of};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn rows_are_sorted_by_address() {
    assert!(TABLE.is_sorted_by_key(|entry| entry.at));
}

#[test]
fn nothing_is_named_twice() {
    let addresses: Vec<Address> =
        TABLE.iter().flat_map(|entry| [entry.at].into_iter().chain(entry.also.iter().copied())).collect();
    assert_eq!(BTreeSet::from_iter(&addresses).len(), addresses.len());
    assert_eq!(TABLE.iter().map(|entry| entry.name).collect::<BTreeSet<_>>().len(), TABLE.len());
}

/// What one key switches has one configuration; and what is kept about rows has a bit for each.
#[test]
fn rows_of_a_key_are_switched_together() {
    assert!(TABLE.len() <= 64);
    for entry in TABLE {
        for row in rows_of(entry.config_key) {
            assert_eq!((TABLE[row].config, TABLE[row].pure), (entry.config, entry.pure), "{}", entry.config_key);
        }
        let all: Rows = rows_of(entry.config_key).collect();
        assert!(all.has(entry.config_key) && !Rows::default().has(entry.config_key));
    }
    let several = |key: &&str| rows_of(key).count() > 1;
    let shared: BTreeSet<&str> = TABLE.iter().map(|entry| entry.config_key).filter(several).collect();
    assert_eq!(shared, BTreeSet::from(["blsConfig", "hybridVerify", "mldsaEip8355"]));
}

/// The public interface of subnet-evm: address, key, selectors.
#[test]
fn the_six_rows_are_those_of_subnet_evm() {
    let list = ["eb54dae1", "704b6c02", "0aaf7043", "d0ebdbe7", "8c6bfb3b"];
    let expected: [(u8, &str, bool, &[&str]); 6] = [
        (0, "contractDeployerAllowListConfig", true, &[]),
        (1, "contractNativeMinterConfig", true, &["4f5aaaba"]),
        (2, "txAllowListConfig", true, &[]),
        (3, "feeManagerConfig", true, &["5fbbc0d2", "9e05549a", "8f10b586"]),
        (4, "rewardManagerConfig", true, &["0329099f", "f6542b2e", "e915608b", "bc178628", "5e00e679"]),
        (5, "warpConfig", false, &["4213cf78", "6f825350", "ce7f5929", "ee5b48eb"]),
    ];
    assert_eq!(TABLE.iter().filter(|entry| !entry.pure).count(), expected.len());
    for (last, key, listed, own) in expected {
        let entry = &TABLE[rows_of(key).next().expect(key)];
        let mut address = [0; 20];
        (address[0], address[19]) = (2, last);
        assert_eq!((entry.at, entry.also, entry.config_key), (Address::new(address), &[][..], key));
        let selectors: Vec<String> =
            functions(entry).map(|function| alloy_primitives::hex::encode(function.selector)).collect();
        let all: Vec<&str> = list.iter().take_while(|_| listed).chain(own).copied().collect();
        assert_eq!(selectors, all, "{}", entry.name);
    }
}

#[test]
fn selectors_and_topics_are_those_of_the_declarations() {
    for entry in TABLE {
        let abi = abi(entry);
        for function in functions(entry) {
            let declared = abi.functions().find(|declared| declared.selector() == function.selector);
            let name = declared.map(|declared| declared.name.as_str());
            assert!(
                name.is_some_and(|name| function.solidity.starts_with(&format!("function {name}("))),
                "{}: {} has another selector than {:02x?}",
                entry.name,
                function.solidity,
                function.selector
            );
        }
        let events: Vec<_> = entry.interface.iter().flat_map(|part| part.events).collect();
        assert_eq!(abi.events().count(), events.len(), "{}", entry.name);
        for event in events {
            assert!(abi.events().any(|declared| declared.selector() == event.topic), "{}", event.solidity);
        }
    }
}

#[test]
fn known_selectors_run_and_unknown_ones_halt() {
    for entry in TABLE.iter().filter(|entry| !entry.pure) {
        let known: BTreeSet<[u8; 4]> = functions(entry).map(|function| function.selector).collect();
        assert_eq!(known.len(), functions(entry).count(), "{}: a selector twice", entry.name);
        for selector in &known {
            for tail in [0, 1, 31, 32, 64, 256] {
                let input = [selector.as_slice(), &vec![0x5a; tail]].concat();
                assert_ne!(
                    run(entry, &input),
                    Err(Stop::Halt(Halt::UnknownSelector)),
                    "{} {selector:02x?}",
                    entry.name
                );
            }
            // One bit off is another function, or none.
            for bit in 0..32 {
                let other = (u32::from_be_bytes(*selector) ^ (1 << bit)).to_be_bytes();
                if !known.contains(&other) {
                    assert_eq!(run(entry, &other), Err(Stop::Halt(Halt::UnknownSelector)), "{}", entry.name);
                }
            }
        }
        for input in [&[][..], &[0], &[0xeb, 0x54, 0xda]] {
            assert_eq!(run(entry, input), Err(Stop::Halt(Halt::UnknownSelector)), "{}", entry.name);
        }
    }
}

#[test]
fn every_declaration_is_explained() {
    for entry in TABLE {
        let explained = |text: &str| text.ends_with('.') && text.starts_with(char::is_uppercase);
        assert!(explained(entry.about), "{}", entry.name);
        assert!(functions(entry).all(|function| explained(function.about)), "{}", entry.name);
        assert!(entry.interface.iter().flat_map(|part| part.events).all(|event| explained(event.about)));
    }
}

/// Folders of seeds say which rows the fuzzer runs; `scripts/fuzz --seeds` writes them.
#[test]
fn every_row_that_only_computes_is_fuzzed() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds");
    let folders = std::fs::read_dir(seeds).expect("seeds").map(|folder| folder.expect("a name").file_name());
    let fuzzed = folders.filter_map(|name| Some(name.to_str()?.strip_prefix("row.")?.to_owned()));
    let pure = TABLE.iter().filter(|entry| entry.pure).map(|entry| entry.name.to_owned());
    assert_eq!(fuzzed.collect::<BTreeSet<_>>(), pure.collect());
}

fn functions(entry: &Entry) -> impl Iterator<Item = &'static Function> {
    entry.interface.iter().flat_map(|part| part.functions)
}

/// The declarations of a row as an ABI library of others understands them. It knows tuples but no structs.
fn abi(entry: &Entry) -> JsonAbi {
    let lines = entry.interface.iter().flat_map(|part| {
        let functions = part.functions.iter().map(|function| function.solidity);
        let events = part.events.iter().map(|event| event.solidity);
        functions.chain(events).map(|line| part.structs.iter().fold(line.to_owned(), |line, one| expand(&line, one)))
    });
    let lines: Vec<String> = lines.collect();
    JsonAbi::parse(lines.iter().map(String::as_str)).unwrap_or_else(|error| panic!("{}: {error}", entry.name))
}

/// Puts the types of the fields of a struct where a declaration names it.
fn expand(line: &str, declared: &str) -> String {
    let (name, fields) = declared.strip_prefix("struct ").and_then(|rest| rest.split_once(" { ")).expect("a struct");
    let fields = fields.strip_suffix("; }").expect("closed").split("; ");
    let types: Vec<&str> = fields.filter_map(|field| field.split(' ').next()).collect();
    let fields = types.join(",");
    [" ", "("].iter().fold(line.to_owned(), |line, before| {
        line.replace(&format!("{before}{name} "), &format!("{before}({fields}) "))
    })
}

fn run(entry: &Entry, input: &[u8]) -> Result<Bytes, Stop> {
    let facts = Facts {
        number: 1,
        time: 1,
        durango: true,
        granite: true,
        network_id: 1,
        blockchain_id: B256::ZERO,
        rows: Rows::all(),
        ..Facts::default()
    };
    (entry.run)(&mut Call {
        state: &mut Memory::default(),
        facts: &facts,
        input,
        at: entry.at,
        caller: Address::ZERO,
        read_only: false,
        gas: Gas::new(1_000_000),
        predicates: &[],
    })
}

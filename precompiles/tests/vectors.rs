//! Every row with state answers its vectors, and what follows from each of them for gas, static calls and disks.

use alloy_primitives::{Address, B256, Bytes, U256};
use pars_precompiles::port::memory::Memory;
use pars_precompiles::port::{Call, Facts, Fatal, Gas, Halt, Predicate, Stop};
use pars_precompiles::registry::{Entry, TABLE};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
fn every_row_answers_its_vectors() {
    for entry in TABLE.iter().filter(|entry| !entry.pure) {
        let cases = cases(entry);
        assert!(cases.iter().any(|case| case.halt.is_none()), "{}: no case that succeeds", entry.name);
        assert!(cases.iter().any(|case| case.halt.is_some()), "{}: no case that fails", entry.name);
        for case in cases {
            case.check(entry);
        }
    }
}

#[test]
fn a_call_needs_all_of_its_gas() {
    for (entry, case) in successes() {
        let (_, result, _) = case.run(entry, Setting { gas: case.gas - 1, ..case.setting() });
        assert_eq!(result, Err(Stop::Halt(Halt::OutOfGas)), "{}", case.title(entry));
        let (_, result, spent) = case.run(entry, Setting { gas: case.gas, ..case.setting() });
        assert_eq!((result, spent), (Ok(case.output.clone()), case.gas), "{}", case.title(entry));
    }
}

#[test]
fn a_static_call_writes_nothing() {
    for (entry, case) in successes() {
        let (before, _) = case.before();
        let (state, result, _) = case.run(entry, Setting { read_only: true, ..case.setting() });
        let view = is_view(entry, &case.input);
        let expected = if view { Ok(case.output.clone()) } else { Err(Stop::Halt(Halt::ReadOnly)) };
        assert_eq!(result, expected, "{}", case.title(entry));
        assert_eq!(state, before, "{}", case.title(entry));
    }
}

#[test]
fn a_broken_disk_is_no_answer() {
    for (entry, case) in successes() {
        let mut accesses = 0;
        loop {
            let (_, result, _) = case.run(entry, Setting { accesses_left: Some(accesses), ..case.setting() });
            if result == Ok(case.output.clone()) {
                break;
            }
            assert_eq!(result, Err(Stop::Fatal(Fatal)), "{} after {accesses} accesses", case.title(entry));
            accesses += 1;
            assert!(accesses < 64, "{}: never ends", case.title(entry));
        }
        let touches = case.writes.len() + case.balances_after.len();
        assert!(usize::try_from(accesses).is_ok_and(|accesses| accesses >= touches), "{}", case.title(entry));
    }
}

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    name: String,
    origin: String,
    fork: Fork,
    caller: Address,
    #[serde(default)]
    number: u64,
    #[serde(default)]
    network_id: u32,
    #[serde(default)]
    blockchain_id: B256,
    #[serde(default)]
    balances_before: BTreeMap<Address, U256>,
    #[serde(default)]
    storage: BTreeMap<B256, B256>,
    #[serde(default)]
    predicates: Vec<Carried>,
    input: Bytes,
    #[serde(default = "plenty")]
    given: u64,
    halt: Option<Reason>,
    #[serde(default)]
    gas: u64,
    #[serde(default)]
    output: Bytes,
    #[serde(default)]
    logs: Vec<Log>,
    #[serde(default)]
    writes: BTreeMap<B256, B256>,
    #[serde(default)]
    balances_after: BTreeMap<Address, U256>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
enum Fork {
    Apricot,
    Durango,
    Granite,
}

#[derive(Deserialize, Clone, Copy)]
enum Reason {
    OutOfGas,
    UnknownSelector,
    BadInput,
    NotAllowed,
    Refused,
}

#[derive(Deserialize)]
struct Carried {
    chunks: Vec<B256>,
    valid: bool,
}

#[derive(Deserialize)]
struct Log {
    topics: Vec<B256>,
    data: Bytes,
}

/// What a run may change beside the case itself.
struct Setting {
    gas: u64,
    read_only: bool,
    accesses_left: Option<u32>,
}

impl Case {
    fn title(&self, entry: &Entry) -> String {
        format!("{}: {} ({}, input {})", entry.name, self.name, self.origin, self.input)
    }

    const fn setting(&self) -> Setting {
        Setting { gas: self.given, read_only: false, accesses_left: None }
    }

    fn before(&self) -> (Memory, Facts) {
        let state =
            Memory { storage: self.storage.clone(), balances: self.balances_before.clone(), ..Memory::default() };
        let facts = Facts {
            number: self.number,
            time: 0,
            durango: self.fork >= Fork::Durango,
            granite: self.fork >= Fork::Granite,
            network_id: self.network_id,
            blockchain_id: self.blockchain_id,
            ..Facts::default()
        };
        (state, facts)
    }

    fn run(&self, entry: &Entry, setting: Setting) -> (Memory, Result<Bytes, Stop>, u64) {
        let (mut state, facts) = self.before();
        state.accesses_left = setting.accesses_left;
        let predicates: Vec<Predicate> =
            self.predicates.iter().map(|one| Predicate { chunks: one.chunks.clone(), valid: one.valid }).collect();
        let mut call = Call {
            state: &mut state,
            facts: &facts,
            input: &self.input,
            at: entry.at,
            caller: self.caller,
            read_only: setting.read_only,
            gas: Gas::new(setting.gas),
            predicates: &predicates,
        };
        let result = (entry.run)(&mut call);
        let spent = call.gas.spent();
        (state, result, spent)
    }

    fn check(&self, entry: &Entry) {
        let (state, result, spent) = self.run(entry, self.setting());
        let title = self.title(entry);
        if let Some(reason) = self.halt {
            let halt = match reason {
                Reason::OutOfGas => Halt::OutOfGas,
                Reason::UnknownSelector => Halt::UnknownSelector,
                Reason::BadInput => Halt::BadInput,
                Reason::NotAllowed => Halt::NotAllowed,
                Reason::Refused => Halt::Refused,
            };
            assert_eq!(result, Err(Stop::Halt(halt)), "{title}");
            assert_eq!(state, self.before().0, "{title}: a call that fails changes nothing");
            return;
        }
        assert_eq!(result.as_ref(), Ok(&self.output), "{title}");
        assert_eq!(spent, self.gas, "{title}");
        let mut storage = self.storage.clone();
        storage.extend(&self.writes);
        storage.retain(|_, value| !value.is_zero());
        let mut balances = self.balances_before.clone();
        balances.extend(&self.balances_after);
        let logs = self.logs.iter().map(|log| (log.topics.clone(), log.data.clone())).collect();
        assert_eq!(state, Memory { storage, logs, balances, accesses_left: None }, "{title}");
    }
}

fn successes() -> impl Iterator<Item = (&'static Entry, Case)> {
    let stateful = TABLE.iter().filter(|entry| !entry.pure);
    let all = stateful.flat_map(|entry| cases(entry).into_iter().map(move |case| (entry, case)));
    all.filter(|(_, case)| case.halt.is_none())
}

fn cases(entry: &Entry) -> Vec<Case> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/{}.json", snake(entry.name)));
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.cases
}

/// The function that calldata names is declared as one that writes nothing.
fn is_view(entry: &Entry, input: &[u8]) -> bool {
    let mut functions = entry.interface.iter().flat_map(|part| part.functions);
    functions.any(|function| input.starts_with(&function.selector) && function.solidity.contains(" view "))
}

/// Gas enough for every call.
const fn plenty() -> u64 {
    1_000_000
}

/// `NativeMinter` to `native_minter`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

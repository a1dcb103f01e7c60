//! An audit finds every record that is changed, taken out or put in, and names it.

#[allow(dead_code, reason = "each test file uses its part")]
mod support {
    pub(crate) mod context;
    pub(crate) mod record;
}

use alloy_primitives::{B256, Bytes};
use pars_chain::error::Fatal;
use pars_chain::state::audit::{Finding, Listener, Part, Report, verify};
use pars_chain::state::commit::History;
use pars_chain::store::{Batch, Column, Durability, Memory, Read as _, Store};
use pars_genesis::forks::HostUpgrades;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use strum::IntoEnumIterator;
use support::record::Record;

/// Long enough for contracts with storage, short enough for an audit a record.
const HEIGHT: u64 = 16;
/// Records of a column that are changed, spread over it.
const TRIED_MAX: usize = 14;

#[derive(Default)]
struct Heard {
    findings: Vec<Finding>,
    enough_after: Option<usize>,
    parts: BTreeMap<&'static str, (u64, u64)>,
}

impl Listener for Heard {
    fn checked(&mut self, part: Part, done: u64, total: u64) -> ControlFlow<()> {
        assert!(total == 0 || done <= total, "{part:?}: {done} of {total}");
        self.parts.insert(part.into(), (done, total));
        ControlFlow::Continue(())
    }

    fn found(&mut self, finding: Finding) -> ControlFlow<()> {
        self.findings.push(finding);
        if self.enough_after == Some(self.findings.len()) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn run(store: &Memory) -> (Result<Report, Fatal>, Heard) {
    let mut heard = Heard::default();
    let read = store.snapshot().expect("memory reads");
    (verify(read.as_ref(), u64::MAX, &mut heard), heard)
}

fn chain(history: History) -> Memory {
    let record = Record::read("probes-classic");
    let store = Memory::new();
    let mut chain = record.open(Arc::new(store.clone()), history);
    record.advance(&mut chain, HEIGHT);
    store
}

fn put(store: &Memory, column: Column, key: &Bytes, value: Option<Bytes>) {
    let mut batch = Batch::default();
    batch.set(column, key.clone(), value);
    store.commit(batch, Durability::Synced).expect("memory takes it");
}

/// Whether its loss is found. Stores of older builds have no hashes of the files, so that a store may lack them.
fn is_missed(column: Column, key: &[u8]) -> bool {
    column != Column::Meta || key != b"sums"
}

#[test]
fn a_whole_chain_has_no_findings() {
    for history in [History::Archive, History::Pruned(5), History::Pruned(1)] {
        let store = chain(history);
        let (report, heard) = run(&store);
        assert_eq!(heard.findings, [], "{history:?}");
        let report = report.expect("memory reads");
        let of = |column| u64::try_from(store.dump().keys().filter(|key| key.0 == column).count()).expect("few");
        assert_eq!((report.height, report.findings), (HEIGHT, 0));
        assert_eq!((report.accounts, report.slots), (of(Column::Accounts), of(Column::Slots)));
        assert_eq!(report.nodes, of(Column::AccountTrie) + of(Column::StorageTrie));
        assert_eq!((report.transactions, report.history), (of(Column::Transactions), of(Column::History)));
        let kept = HEIGHT - report.oldest;
        assert_eq!(heard.parts["blocks"], (HEIGHT + 1, HEIGHT + 1));
        assert_eq!(heard.parts["history"], (kept, kept));
        assert_eq!(heard.parts["state"].0, report.accounts);
    }
}

/// Every kind of record: another byte in it, or the record gone. One finding at least is about that very record.
#[test]
fn a_changed_record_is_named() {
    let store = chain(History::Archive);
    let whole = store.dump();
    let mut tried = BTreeMap::new();
    for column in Column::iter() {
        let records: Vec<_> = whole.iter().filter(|((of, _), _)| *of == column).collect();
        for ((_, key), value) in records.iter().step_by(records.len().div_ceil(TRIED_MAX).max(1)) {
            let mut flipped = value.to_vec();
            let place = tried.get(&column).copied().unwrap_or(0) % flipped.len().max(1);
            if let Some(byte) = flipped.get_mut(place) {
                *byte ^= 1;
            }
            let changed = (!value.is_empty()).then(|| Some(Bytes::from(flipped)));
            let gone = is_missed(column, key).then_some(None);
            for change in changed.into_iter().chain(gone) {
                put(&store, column, key, change.clone());
                let (report, heard) = run(&store);
                let named = heard.findings.iter().any(|found| found.column == column && found.key == **key);
                let text: Vec<_> = heard.findings.iter().map(ToString::to_string).collect();
                let name = String::from_utf8_lossy(key);
                let unreadable = column == Column::Meta
                    && matches!(&report, Err(Fatal::Corrupt(text)) if text.contains(name.as_ref()));
                assert!(
                    named || unreadable,
                    "{column:?} {key} at byte {place} {}: {report:?} {text:#?}",
                    if change.is_some() { "changed" } else { "gone" }
                );
                *tried.entry(column).or_insert(0) += 1;
            }
            put(&store, column, key, Some((*value).clone()));
        }
    }
    println!("{tried:?}");
    assert_eq!(tried.len(), Column::iter().count(), "each column has records in this chain");
    assert!(store.dump() == whole);
}

/// A record more in every column is found, and named.
#[test]
fn a_record_too_many_is_named() {
    let store = chain(History::Archive);
    let above = Bytes::from((HEIGHT + 1).to_be_bytes().to_vec());
    let strange = B256::repeat_byte(0x5a);
    let value = |column: Column| store.dump().into_iter().find(|((of, _), _)| *of == column).expect("some").1;
    for column in Column::iter().filter(|column| *column != Column::Meta) {
        let key: Bytes = match column {
            Column::Blocks | Column::Ids | Column::Receipts | Column::Changes => above.clone(),
            Column::Heights | Column::Transactions | Column::Accounts | Column::Code => strange.into(),
            Column::Slots => [strange.0, strange.0].concat().into(),
            Column::AccountTrie => vec![2, 0x5a].into(),
            Column::StorageTrie => [strange.as_slice(), &[0]].concat().into(),
            Column::History => [&[0][..], strange.as_slice(), &3_u64.to_be_bytes()].concat().into(),
            Column::Meta => continue,
        };
        put(&store, column, &key, Some(value(column)));
        let (report, heard) = run(&store);
        let [found] = heard.findings.as_slice() else { panic!("{column:?}: {report:?} {:#?}", heard.findings) };
        assert_eq!((found.column, &found.key), (column, &key), "{found}");
        put(&store, column, &key, None);
    }
    assert_eq!(run(&store).1.findings, []);
}

/// A key that no record of its column can have: shorter or longer than all, or empty. It is named, whatever reads it, and
/// the rest is checked.
#[test]
fn a_key_of_another_length_is_named() {
    let store = chain(History::Archive);
    let whole = run(&store).0.expect("memory reads");
    for column in Column::iter().filter(|column| *column != Column::Meta) {
        let ((_, key), value) = store.dump().into_iter().find(|((of, _), _)| *of == column).expect("some");
        let shorter = key.slice(..key.len().saturating_sub(1));
        let longer = Bytes::from([&key[..], &[0]].concat());
        for odd in [shorter, longer, Bytes::new(), Bytes::from_static(&[0; 3])] {
            // The root of a trie has no nibbles.
            if store.dump().contains_key(&(column, odd.clone())) {
                continue;
            }
            put(&store, column, &odd, Some(value.clone()));
            let (report, heard) = run(&store);
            let [found] = heard.findings.as_slice() else {
                panic!("{column:?} {odd}: {report:?} {:#?}", heard.findings)
            };
            assert_eq!((found.column, &found.key), (column, &odd), "{found}");
            let report = report.expect("memory reads");
            assert_eq!((report.accounts, report.slots, report.nodes), (whole.accounts, whole.slots, whole.nodes));
            put(&store, column, &odd, None);
        }
    }
    assert_eq!(run(&store).1.findings, []);
}

/// What the id of a block stands for is its header. Other bytes beside it are named; a list of withdrawals, which a proposer
/// may add to any block, is counted.
#[test]
fn other_bytes_of_a_block_are_named() {
    let store = chain(History::Archive);
    let key = Bytes::from(5_u64.to_be_bytes().to_vec());
    let whole = store.get(Column::Blocks, &key).expect("memory reads").expect("a block");
    let parts = alloy_rlp::Header::decode_bytes(&mut whole.as_ref(), true).expect("a list");
    let mut rest = parts;
    alloy_rlp::Header::decode_bytes(&mut rest, true).expect("a header");
    let header = &parts[..parts.len() - rest.len()];
    let uncle = [&parts[..parts.len() - 1], &list(header)].concat();
    put(&store, Column::Blocks, &key, Some(list(&uncle).into()));
    let (_, heard) = run(&store);
    let [found] = heard.findings.as_slice() else { panic!("{:#?}", heard.findings) };
    assert_eq!((found.column, &found.key, found.block), (Column::Blocks, &key, Some(5)), "{found}");
    for withdrawals in [vec![0xc0], list(&list(&[&[1, 2, 0x94][..], &[3; 20], &[4]].concat()))] {
        put(&store, Column::Blocks, &key, Some(list(&[parts, &withdrawals].concat()).into()));
        let (report, heard) = run(&store);
        assert_eq!(heard.findings, []);
        assert_eq!(report.expect("memory reads").withdrawals, 1);
    }
    put(&store, Column::Blocks, &key, Some(whole));
    assert_eq!(run(&store).0.expect("memory reads").withdrawals, 0);
}

fn list(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    alloy_rlp::Header { list: true, payload_length: payload.len() }.encode(&mut out);
    out.extend(payload);
    out
}

/// An older head is one finding, and no word about the blocks that really are there.
#[test]
fn a_head_that_is_too_low_is_named_alone() {
    let store = chain(History::Archive);
    let name = Bytes::from_static(b"head");
    for height in [10_u64, 0] {
        let id = store.get(Column::Ids, &height.to_be_bytes()).expect("memory reads").expect("an id");
        put(&store, Column::Meta, &name, Some([&height.to_be_bytes()[..], &id].concat().into()));
        let (report, heard) = run(&store);
        let [found] = heard.findings.as_slice() else { panic!("{:#?}", heard.findings) };
        assert_eq!((found.column, &found.key), (Column::Meta, &name));
        let words = format!("meta `head`: it says block {height}, and the chain goes on to block {HEIGHT}");
        assert!(found.to_string().starts_with(&words), "{found}");
        assert_eq!(report.expect("memory reads").height, HEIGHT);
    }
}

type Keys = Vec<Bytes>;

fn changes(store: &Memory, height: u64) -> (Bytes, Keys) {
    let place = Bytes::from(height.to_be_bytes().to_vec());
    let bytes = store.get(Column::Changes, &place).expect("memory reads").expect("a list");
    (place, alloy_rlp::decode_exact(&bytes).expect("a list of keys"))
}

fn kept(key: &Bytes, height: u64) -> Bytes {
    [&key[..], &height.to_be_bytes()].concat().into()
}

/// The list of a block names each key once and in order.
#[test]
fn a_list_of_changes_that_was_not_written_so_is_named() {
    for height in [3, 10] {
        let twice = |keys: &mut Keys| keys.push(keys[0].clone());
        for change in [twice, |keys: &mut Keys| keys.reverse(), |keys: &mut Keys| keys.swap(0, 1)] {
            let store = chain(History::Archive);
            let (place, mut keys) = changes(&store, height);
            change(&mut keys);
            put(&store, Column::Changes, &place, Some(alloy_rlp::encode(&keys).into()));
            let (_, heard) = run(&store);
            let [found] = heard.findings.as_slice() else { panic!("{height}: {:#?}", heard.findings) };
            assert_eq!((found.column, &found.key), (Column::Changes, &place), "{found}");
        }
        // It cannot make up in number for a value that nobody names.
        let store = chain(History::Archive);
        let (place, mut keys) = changes(&store, height);
        twice(&mut keys);
        put(&store, Column::Changes, &place, Some(alloy_rlp::encode(&keys).into()));
        let ((_, account), _) = store.dump().into_iter().find(|((of, _), _)| *of == Column::Accounts).expect("some");
        let stray = kept(&[&[0], &account[..]].concat().into(), 5);
        put(&store, Column::History, &stray, Some(Bytes::new()));
        let (_, heard) = run(&store);
        let names: Vec<_> = heard.findings.iter().map(|found| (found.column, &found.key)).collect();
        assert_eq!(names, [(Column::Changes, &place), (Column::History, &stray)], "{:#?}", heard.findings);
    }
}

/// A key that a block made, of each kind: without its name in the list and its value in the history it would seem to have
/// been there always. The list is named.
#[test]
fn what_a_block_made_and_its_list_does_not_name_is_found() {
    let mut tried = [0_u32; 4];
    let whole = chain(History::Archive);
    for height in 1..=HEIGHT {
        let (place, keys) = changes(&whole, height);
        for (index, key) in keys.iter().enumerate() {
            let kind = usize::from(key[0]);
            let record = kept(key, height);
            let value = whole.get(Column::History, &record).expect("memory reads").expect("a value");
            if !value.is_empty() || tried[kind] >= 20 {
                continue;
            }
            let mut less = keys.clone();
            less.remove(index);
            put(&whole, Column::Changes, &place, Some(alloy_rlp::encode(&less).into()));
            put(&whole, Column::History, &record, None);
            let (_, heard) = run(&whole);
            let named = heard.findings.iter().any(|found| (found.column, &found.key) == (Column::Changes, &place));
            assert!(named, "{key} of block {height}: {:#?}", heard.findings);
            put(&whole, Column::Changes, &place, Some(alloy_rlp::encode(&keys).into()));
            put(&whole, Column::History, &record, Some(value));
            tried[kind] += 1;
        }
    }
    println!("{tried:?}");
    assert!(tried.iter().all(|tried| *tried > 1), "{tried:?}");
    assert_eq!(run(&whole).1.findings, []);
}

/// A name and a value too many: a key that the block did not touch would seem to be new in it.
#[test]
fn what_was_there_before_is_not_said_to_be_new() {
    let store = chain(History::Archive);
    let (place, keys) = changes(&store, HEIGHT);
    // As lists are ordered: account by account, the nodes of the accounts' trie at last.
    let order = |key: &Bytes| (key[0] == 2, if key[0] == 2 { key.clone() } else { key.slice(1..33) }, key.clone());
    let kinds = [(0, Column::Accounts), (1, Column::Slots), (2, Column::AccountTrie), (3, Column::StorageTrie)];
    for (kind, column) in kinds {
        let there = store.dump().into_keys().filter(|(of, _)| *of == column);
        let mut there = there.map(|(_, key)| Bytes::from([&[kind], &key[..]].concat()));
        let key = there.find(|key| !keys.contains(key)).expect("one that the last block did not touch");
        let record = kept(&key, HEIGHT);
        let mut more = keys.clone();
        more.insert(more.partition_point(|other| order(other) < order(&key)), key.clone());
        put(&store, Column::Changes, &place, Some(alloy_rlp::encode(&more).into()));
        put(&store, Column::History, &record, Some(Bytes::new()));
        let (_, heard) = run(&store);
        let named = heard.findings.iter().any(|found| (found.column, &found.key) == (Column::History, &record));
        assert!(named, "{key}: {:#?}", heard.findings);
        put(&store, Column::Changes, &place, Some(alloy_rlp::encode(&keys).into()));
        put(&store, Column::History, &record, None);
    }
    assert_eq!(run(&store).1.findings, []);
}

/// What the chain was opened with: each record that is gone, cut short, emptied or another one is named, and no other.
#[test]
fn what_the_chain_was_opened_with_is_named() {
    let store = chain(History::Archive);
    let whole = store.dump();
    let junk = || Some(Bytes::from_static(b"junk"));
    let other_times = HostUpgrades { helicon: Some(4_000_000_000), ..HostUpgrades::LOCAL }.to_bytes();
    let upgrade = br#"{"networkUpgradeOverrides":{"heliconTimestamp":4000000000}}"#;
    for (name, value) in [
        ("genesis", None),
        ("genesis", Some(Bytes::new())),
        ("upgrade", None),
        ("upgrade", junk()),
        ("upgrade", Some(Bytes::from_static(upgrade))),
        ("host", None),
        ("host", junk()),
        ("host", Some(Bytes::from(other_times))),
        ("airdrop", None),
        ("airdrop", junk()),
        ("place", None),
        ("place", junk()),
        ("place", Some(vec![9; 36].into())),
        ("format", None),
        ("release", None),
        ("release", junk()),
        ("sums", junk()),
        ("nobody", junk()),
    ] {
        let key = Bytes::from_static(name.as_bytes());
        put(&store, Column::Meta, &key, value.clone());
        let (report, heard) = run(&store);
        let names: Vec<_> = heard.findings.iter().map(|found| (found.column, found.key.clone())).collect();
        assert_eq!(names, [(Column::Meta, key.clone())], "{name} {value:?}: {report:?} {:#?}", heard.findings);
        put(&store, Column::Meta, &key, whole.get(&(Column::Meta, key.clone())).cloned());
    }
    assert_eq!(run(&store).1.findings, []);
}

/// A folder that an older build made has no hashes of its files. It is whole, opens, and has them from then on; until then
/// what does not decode is named.
#[test]
fn a_store_of_an_older_build_is_whole() {
    let store = chain(History::Archive);
    let (sums, whole) = (Bytes::from_static(b"sums"), store.dump());
    put(&store, Column::Meta, &sums, None);
    assert_eq!(run(&store).1.findings, []);
    for name in ["upgrade", "host", "place"] {
        let key = Bytes::from_static(name.as_bytes());
        put(&store, Column::Meta, &key, Some(Bytes::from_static(b"junk")));
        let (_, heard) = run(&store);
        let [found] = heard.findings.as_slice() else { panic!("{name}: {:#?}", heard.findings) };
        assert_eq!(found.key, key, "{found}");
        put(&store, Column::Meta, &key, whole.get(&(Column::Meta, key.clone())).cloned());
    }
    drop(Record::read("probes-classic").open(Arc::new(store.clone()), History::Archive));
    assert!(store.dump() == whole);
}

/// A record under another key: the place where it was and the place where it is are both named.
#[test]
fn a_moved_record_is_named_twice() {
    let store = chain(History::Archive);
    for column in [Column::Heights, Column::Transactions] {
        let ((_, key), value) = store.dump().into_iter().find(|((of, _), _)| *of == column).expect("some");
        let moved = Bytes::from(B256::repeat_byte(0x5a));
        put(&store, column, &key, None);
        put(&store, column, &moved, Some(value.clone()));
        let (_, heard) = run(&store);
        let names: Vec<_> = heard.findings.iter().map(|found| (found.column, &found.key)).collect();
        assert_eq!(names, [(column, &key), (column, &moved)], "{:#?}", heard.findings);
        put(&store, column, &moved, None);
        put(&store, column, &key, Some(value));
    }
    assert_eq!(run(&store).1.findings, []);
}

#[test]
fn a_listener_may_have_heard_enough() {
    let store = chain(History::Archive);
    for height in 1..=10_u64 {
        put(&store, Column::Receipts, &height.to_be_bytes().to_vec().into(), None);
    }
    let mut heard = Heard { enough_after: Some(3), ..Heard::default() };
    let report = verify(store.snapshot().expect("memory reads").as_ref(), u64::MAX, &mut heard).expect("memory reads");
    assert_eq!((report.findings, heard.findings.len()), (3, 3));
    assert_eq!(heard.findings[0].to_string(), "receipts 0x000000000000000a, block 10: they are missing");
}

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
use pars_chain::store::{Batch, Column, Durability, Memory, Store};
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

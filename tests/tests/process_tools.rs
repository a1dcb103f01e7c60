//! The operator's tools on folders of recorded chains, and on chains that run.

use alloy_primitives::{Address, B256, Bytes, hex};
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes as Body;
use pars_chain::engine::Chain;
use pars_chain::state::commit::History;
use pars_chain::state::meta;
use pars_chain::store::{Batch, Column, Durability, Read, Store};
use pars_proto::host::vm;
use pars_tests::process::child::{Ended, Running};
use pars_tests::process::dev::Dev;
use pars_tests::process::folder;
use pars_tests::process::hosted::{self, Files, states};
use pars_tests::process::program::pars_vm;
use pars_tests::process::rpc::{Client, outcome};
use pars_tests::process::wallet::{Draft, Wallet};
use pars_vm::folder::IN_HOSTS_FOLDER;
use pars_vm::folder::stored::Stored;
use pars_vm::replay::record::Record;
use pars_vm::store::rocks::Rocks;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use strum::IntoEnumIterator as _;

const TO: Address = Address::repeat_byte(0x77);
/// A tool is through within this time.
const TOOL_MAX: Duration = Duration::from_secs(60);
/// A chain with contracts, precompiles and upgrades.
const RECORD: &str = "vectors/subnet-evm/granite-precompiles-11.json.gz";

fn command(arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(pars_vm()?);
    command.args(arguments);
    Ok(command)
}

fn run(arguments: &[&str]) -> Result<Ended> {
    Running::start(&mut command(arguments)?)?.wait(TOOL_MAX)
}

/// Runs a command that ends well; what it says.
fn well(arguments: &[&str]) -> Result<String> {
    let ended = run(arguments)?;
    ensure!(ended.code() == Some(0), "{arguments:?}: {:?} {} {}", ended.code(), ended.out, ended.err);
    Ok(ended.out)
}

/// Runs a command that ends with code 1; what it complains of.
fn refused(arguments: &[&str]) -> Result<String> {
    let ended = run(arguments)?;
    ensure!(ended.code() == Some(1), "{arguments:?}: {:?} {} {}", ended.code(), ended.out, ended.err);
    ensure!(ended.err.lines().count() == 1, "{arguments:?}: {}", ended.err);
    Ok(ended.err)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// A folder with a recorded chain and all its history.
fn recorded(folder: &Path) -> Result<PathBuf> {
    let data = folder.join("recorded");
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD);
    well(&["replay", "--store", "rocksdb", "--history", "archive", "--data-dir", text(&data), text(&record)])?;
    Ok(data)
}

/// The line of `verify` that says the head.
fn head(data: &Path) -> Result<String> {
    let said = well(&["verify", "--data-dir", text(data)])?;
    let line = said.lines().find_map(|line| line.strip_prefix("head "));
    Ok(line.with_context(|| said.clone())?.to_owned())
}

fn inspect(data: &Path, window: &str) -> Result<Value> {
    Ok(serde_json::from_str(&well(&["inspect", "--data-dir", text(data), "--json", "--window", window])?)?)
}

/// Export, import into a fresh folder, verify: the same head, the same records. What was interrupted goes on.
#[test]
fn process_tools_export_and_import() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let file = folder.path().join("blocks.pars");
    let said = well(&["export", "--data-dir", text(&data), text(&file)])?;
    let expected = head(&data)?;
    ensure!(said.ends_with(&format!("72 blocks, up to {expected}\n")), "{said}");
    let whole = std::fs::read(&file)?;

    // Cut off anywhere, it is gone on with, and the same file comes out.
    for length in [0, 5, 12, 400, whole.len() / 3, whole.len() - 1, whole.len()] {
        let again = folder.path().join("again.pars");
        std::fs::write(folder.path().join("again.pars.part"), whole.get(..length).context("shorter")?)?;
        well(&["export", "--data-dir", text(&data), text(&again)])?;
        ensure!(std::fs::read(&again)? == whole, "cut off at {length}");
        let err = refused(&["export", "--data-dir", text(&data), text(&again)])?;
        ensure!(err.contains("is there already"), "{err}");
        std::fs::remove_file(&again)?;
    }

    let fresh = folder.path().join("fresh");
    let torn = folder.path().join("torn.pars");
    std::fs::write(&torn, whole.get(..whole.len() / 2).context("shorter")?)?;
    let err = refused(&["import", "--data-dir", text(&fresh), "--archive", text(&torn)])?;
    let taken = meta::head(&Rocks::open(&fresh)?)?.height;
    ensure!(taken > 10 && taken < 72, "{taken}");
    let words = format!("{taken} blocks were taken, the last one is {taken}: block {} is cut off", taken + 1);
    ensure!(err.contains(&words), "{err}");
    let mut changed = whole.clone();
    *changed.get_mut(whole.len() - 2_000).context("long enough")? ^= 1;
    std::fs::write(&torn, &changed)?;
    let err = refused(&["import", "--data-dir", text(&fresh), "--archive", text(&torn)])?;
    let further = meta::head(&Rocks::open(&fresh)?)?.height;
    ensure!(further > taken, "{further}");
    ensure!(err.contains(&format!("block {} is changed: its checksum is another", further + 1)), "{err}");

    let said = well(&["import", "--data-dir", text(&fresh), "--archive", text(&file)])?;
    ensure!(said.contains(&format!("{} blocks were taken, the head is {expected}", 72 - further)), "{said}");
    assert_eq!(head(&fresh)?, expected);
    ensure!(well(&["import", "--data-dir", text(&fresh), "--archive", text(&file)])?.contains(" 0 blocks were taken"));
    let (one, other) = (Rocks::open(&data)?, Rocks::open(&fresh)?);
    for column in Column::iter() {
        let records = |store: &Rocks| store.scan(column, &[]).collect::<Result<Vec<_>, _>>();
        ensure!(records(&one)? == records(&other)?, "{column:?}");
    }
    drop((one, other));

    // A part, and a folder that it does not follow.
    let part = folder.path().join("part.pars");
    well(&["export", "--data-dir", text(&data), "--from", "40", "--to", "50", text(&part)])?;
    let err = refused(&["import", "--data-dir", text(&folder.path().join("empty")), text(&part)])?;
    ensure!(err.contains("begins with block 40") && err.contains("ends with block 0"), "{err}");
    let err = refused(&["export", "--data-dir", text(&data), "--to", "73", text(&folder.path().join("x"))])?;
    ensure!(err.contains("--to 73 is above the last block, which is 72"), "{err}");
    Ok(())
}

/// What was imported is served: the host, users and the index of heights see one head, and importing again is no work.
#[tokio::test(flavor = "multi_thread")]
async fn process_report_1_17_an_imported_chain_serves() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("blocks.pars");
    well(&["export", "--data-dir", text(&recorded(folder.path())?), text(&file)])?;
    let record = Record::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(RECORD))?;
    let files = Files::recorded(&folder.path().join("chain"), &record);
    let last = record.blocks.last().context("blocks")?;
    for taken in [last.number, 0] {
        let said = well(&["import", "--data-dir", text(&files.folder.join(IN_HOSTS_FOLDER)), text(&file)])?;
        ensure!(said.contains(&format!(" {taken} blocks were taken")), "{said}");
        let mut hosted = hosted::open(&files).await?;
        let accepted = hosted.enter(states()?.normal).await?;
        assert_eq!((accepted.height, accepted.last_accepted_id.as_ref()), (last.number, last.hash.as_slice()));
        assert_eq!(hosted.call("eth_blockNumber", json!([])).await?, json!(format!("{:#x}", last.number)));
        let request = vm::GetBlockIdAtHeightRequest { height: last.number };
        let at = hosted.plugin.vm.get_block_id_at_height(request).await?.into_inner();
        assert_eq!((at.err, at.blk_id.as_ref()), (0, last.hash.as_slice()));
        assert_eq!(hosted.shut_down().await?.code(), Some(0));
    }
    Ok(())
}

/// A signal ends an import in order, and the same command goes on.
#[test]
fn process_tools_import_is_interrupted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let file = folder.path().join("blocks.pars");
    well(&["export", "--data-dir", text(&data), text(&file)])?;
    let fresh = folder.path().join("fresh");
    // A pipe gives what is written to it, so the import is in the middle when the signal comes.
    let pipe = folder.path().join("pipe");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let whole = std::fs::read(&file)?;
    let (first, rest) = whole.split_at(whole.len() / 2);
    let running = Running::start(&mut command(&["import", "--data-dir", text(&fresh), text(&pipe)])?)?;
    let mut input = std::fs::OpenOptions::new().write(true).open(&pipe)?;
    input.write_all(first)?;
    // Before the first block a signal would end it at once.
    wait_for_blocks(&fresh);
    running.signal("INT")?;
    for piece in rest.chunks(1_000) {
        std::thread::sleep(Duration::from_millis(20));
        // It has ended, as it should.
        if input.write_all(piece).is_err() {
            break;
        }
    }
    drop(input);
    let ended = running.wait(TOOL_MAX)?;
    assert_eq!(ended.code(), Some(130), "{} {}", ended.out, ended.err);
    ensure!(ended.err.contains("the same command goes on from there"), "{}", ended.err);
    let height = meta::head(&Rocks::open(&fresh)?)?.height;
    ensure!(
        height > 0 && height < 72 && ended.err.contains(&format!("stopped after block {height};")),
        "{}",
        ended.err
    );
    let said = well(&["import", "--data-dir", text(&fresh), text(&file)])?;
    ensure!(said.contains(&format!("{} blocks were taken", 72 - height)), "{said}");
    assert_eq!(head(&fresh)?, head(&data)?);
    Ok(())
}

/// Waits until a folder's write-ahead log has something, and has stopped growing.
fn wait_for_blocks(folder: &Path) {
    let mut before = 0;
    loop {
        let logs = folder::files(folder, "log").unwrap_or_default();
        let bytes: u64 = logs.iter().filter_map(|log| log.metadata().ok()).map(|about| about.len()).sum();
        if bytes > 0 && bytes == before {
            return;
        }
        before = bytes;
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// A process has a handler of SIGINT.
fn catches_interrupt(id: u32) -> Result<bool> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).context("caught signals")?;
    Ok(u64::from_str_radix(caught.trim(), 16)? & 0b10 != 0)
}

/// Every file of a folder with its bytes.
fn bytes_of(folder: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(bytes_of(&path)?);
        } else {
            files.insert(path.clone(), std::fs::read(&path)?);
        }
    }
    Ok(files)
}

/// What only looks at a folder writes nothing into it: a backup that was looked at is restored.
#[test]
fn process_tools_that_look_change_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let backup = folder.path().join("backup");
    well(&["backup", "--data-dir", text(&data), text(&backup)])?;
    for place in [&data, &backup] {
        let before = bytes_of(place)?;
        let file = folder.path().join("blocks.pars");
        for arguments in [
            &["verify", "--data-dir", text(place)][..],
            &["inspect", "--data-dir", text(place)],
            &["doctor", "--data-dir", text(place)],
            &["export", "--data-dir", text(place), text(&file)],
        ] {
            if place == &data && arguments.first() == Some(&"inspect") {
                // It measures tables, so it makes them of what the log of a chain holds.
                continue;
            }
            let ended = run(arguments)?;
            // Where the tests run there may be little room, which doctor complains of.
            ensure!(ended.code() == Some(0) || arguments.first() == Some(&"doctor"), "{arguments:?}: {ended:?}");
            ensure!(bytes_of(place)? == before, "{arguments:?} changed the folder");
        }
        std::fs::remove_file(&file)?;
    }
    let restored = folder.path().join("restored");
    well(&["restore", "--from", text(&backup), "--data-dir", text(&restored)])?;
    assert_eq!(head(&restored)?, head(&data)?);
    assert_eq!(head(&backup)?, head(&data)?);
    Ok(())
}

/// What only looks at a folder works where its file system is mounted read-only.
#[test]
fn process_tools_look_at_what_cannot_be_written() -> Result<()> {
    // In a name space of its own: nobody else sees the mount, and it goes with the process.
    const READ_ONLY: &str = r#"mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@""#;
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let (backup, file) = (folder.path().join("backup"), folder.path().join("blocks.pars"));
    well(&["backup", "--data-dir", text(&data), text(&backup)])?;
    for (place, arguments, code, words) in [
        (&data, &["verify", "--data-dir", text(&data)][..], 0, ""),
        (&data, &["export", "--data-dir", text(&data), text(&file)], 0, ""),
        (&data, &["doctor", "--data-dir", text(&data)], 1, "mount it for writing"),
        (&data, &["prune", "--data-dir", text(&data)], 1, "Read-only file system"),
        (&backup, &["inspect", "--data-dir", text(&backup)], 0, ""),
    ] {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh", text(place)]);
        let ended = Running::start(command.arg(pars_vm()?).args(arguments))?.wait(TOOL_MAX)?;
        ensure!(ended.code() == Some(code), "{arguments:?}: {ended:?}");
        ensure!(format!("{}{}", ended.out, ended.err).contains(words), "{arguments:?}: {ended:?}");
    }
    Ok(())
}

/// The folder of another program's database is refused and stays as it is, whatever the command is.
#[test]
fn process_tools_leave_foreign_folders_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let notes = folder.path().join("notes");
    std::fs::create_dir(&notes)?;
    std::fs::write(notes.join("CURRENT"), "what is current")?;
    std::fs::write(notes.join("more"), "and what is not")?;
    let before = bytes_of(&notes)?;
    let (words, out) = ("the store in it is another program's", folder.path().join("out"));
    for arguments in [
        &["inspect", "--data-dir", text(&notes)][..],
        &["export", "--data-dir", text(&notes), text(&out)],
        &["backup", "--data-dir", text(&notes), text(&out)],
        &["prune", "--data-dir", text(&notes)],
        &["dev", "--port", "0", "--data-dir", text(&notes)],
    ] {
        let err = refused(arguments)?;
        ensure!(err.contains(words) && !err.contains("delete"), "{arguments:?}: {err}");
        ensure!(bytes_of(&notes)? == before, "{arguments:?} changed the folder");
    }
    let said = run(&["doctor", "--data-dir", text(&notes)])?.out;
    ensure!(said.contains(words), "{said}");
    ensure!(bytes_of(&notes)? == before, "doctor changed the folder");
    Ok(())
}

/// Every tool listens before it does anything, so Ctrl-C ends it in order at any moment.
#[test]
fn process_tools_end_in_order_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let pipe = folder.path().join("pipe");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success());
    let data = folder.path().join("data");
    // Both wait for what nobody writes.
    for arguments in [&["import", "--data-dir", text(&data), text(&pipe)][..], &["genesis", "check", text(&pipe)]] {
        let running = Running::start(&mut command(arguments)?)?;
        while !catches_interrupt(running.id())? {
            std::thread::sleep(Duration::from_millis(2));
        }
        running.signal("INT")?;
        let ended = running.wait(TOOL_MAX)?;
        assert_eq!((ended.code(), ended.err.as_str()), (Some(130), "pars-vm: stopped\n"), "{arguments:?}");
    }
    Ok(())
}

/// What a store leaves that was ended before it was one is nothing: import and restore go on there.
#[test]
fn process_tools_go_on_where_nothing_was_made() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let (file, backup) = (folder.path().join("blocks.pars"), folder.path().join("backup"));
    well(&["export", "--data-dir", text(&data), text(&file)])?;
    well(&["backup", "--data-dir", text(&data), text(&backup)])?;
    for (name, arguments) in [("imported", ["import", text(&file)]), ("restored", ["restore", text(&backup)])] {
        let begun = folder.path().join(name);
        std::fs::create_dir(&begun)?;
        for left in ["LOCK", "LOG", "LOG.old.1764547200"] {
            std::fs::write(begun.join(left), b"")?;
        }
        let [tool, from] = arguments;
        let from: &[&str] = if tool == "restore" { &["--from", from] } else { &[from] };
        well(&[&[tool, "--data-dir", text(&begun)], from].concat())?;
        assert_eq!(head(&begun)?, head(&data)?);
    }
    // In an empty folder it may be the one where the command is started.
    let here = folder.path().join("here");
    std::fs::create_dir(&here)?;
    let mut restore = command(&["restore", "--from", text(&backup), "--data-dir", "."])?;
    let ended = Running::start(restore.current_dir(&here))?.wait(TOOL_MAX)?;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    assert_eq!(head(&here)?, head(&data)?);
    Ok(())
}

/// What others left under the name of an unfinished copy stays there; what an interrupted run left is gone over.
#[test]
fn process_tools_leave_foreign_parts_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let place = |name: &str| folder.path().join(name);
    let (backup, restored, file) = (place("backup"), place("restored"), place("blocks.pars"));
    let commands = [
        (&backup, vec!["backup", "--data-dir", text(&data), text(&backup)]),
        (&restored, vec!["restore", "--from", text(&backup), "--data-dir", text(&restored)]),
    ];
    for (to, arguments) in &commands {
        let part = to.with_added_extension("part");
        std::fs::create_dir(&part)?;
        std::fs::write(part.join("precious"), b"data")?;
        let err = refused(arguments)?;
        ensure!(err.contains(&format!("{} is there", part.display())), "{err}");
        ensure!(std::fs::read(part.join("precious"))? == b"data", "{arguments:?}");
        // The same with the mark of an interrupted run.
        std::fs::write(part.join("pars-part"), b"")?;
        well(arguments)?;
        ensure!(!part.exists());
    }
    assert_eq!(head(&restored)?, head(&data)?);
    let part = place("blocks.pars.part");
    std::fs::write(&part, "my own half download")?;
    let err = refused(&["export", "--data-dir", text(&data), text(&file)])?;
    ensure!(err.contains("is there, and no export left it"), "{err}");
    ensure!(std::fs::read(&part)? == b"my own half download");

    // A damaged backup leaves nothing, and its own restoring is not advised.
    for manifest in std::fs::read_dir(&backup)? {
        let path = manifest?.path();
        if text(&path).contains("MANIFEST-") {
            folder::flip(&path, 20)?;
        }
    }
    let to = place("again");
    let err = refused(&["restore", "--from", text(&backup), "--data-dir", text(&to)])?;
    ensure!(err.contains("is damaged") && !err.contains("restore the data folder"), "{err}");
    ensure!(!to.exists() && !to.with_added_extension("part").exists());
    Ok(())
}

/// The last record of a column whose key starts so, changed: another last bit in its value.
fn plant(store: &Rocks, column: Column, start: &[u8]) -> Result<(Bytes, Bytes)> {
    let mut records =
        store.scan(column, start).take_while(|item| item.as_ref().is_ok_and(|(key, _)| key.starts_with(start)));
    let found = records.find(|item| item.as_ref().is_ok_and(|(_, value)| value.len() > 4));
    let (key, value) = found.with_context(|| format!("{column:?} has no record"))??;
    drop(records);
    let mut changed = value.to_vec();
    *changed.last_mut().context("a value")? ^= 1;
    put(store, column, &key, Some(changed.into()))?;
    Ok((key, value))
}

fn put(store: &Rocks, column: Column, key: &Bytes, value: Option<Bytes>) -> Result<()> {
    let mut batch = Batch::default();
    batch.set(column, key.clone(), value);
    Ok(store.commit(batch, Durability::Synced)?)
}

/// A record of every kind is changed, and one taken out: verify ends with 1 and names each, and nothing of a whole folder.
#[test]
fn process_tools_verify_names_what_is_planted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let whole = head(&data)?;
    let mut named = 0;
    for (column, start) in [
        (Column::Accounts, &[][..]),
        (Column::Slots, &[]),
        (Column::Code, &[]),
        (Column::AccountTrie, &[]),
        (Column::StorageTrie, &[]),
        (Column::Blocks, &[0, 0, 0, 0, 0, 0, 0, 33]),
        (Column::Ids, &[0, 0, 0, 0, 0, 0, 0, 34]),
        (Column::Heights, &[]),
        (Column::Receipts, &[0, 0, 0, 0, 0, 0, 0, 35]),
        (Column::Transactions, &[]),
        (Column::History, &[0]),
        (Column::History, &[1]),
        (Column::History, &[2]),
        (Column::History, &[3]),
        (Column::Changes, &[0, 0, 0, 0, 0, 0, 0, 36]),
        (Column::Meta, b"head"),
        (Column::Meta, b"oldest"),
        (Column::Meta, b"genesis"),
        (Column::Meta, b"host"),
        (Column::Meta, b"place"),
        (Column::Meta, b"release"),
        (Column::Meta, b"sums"),
    ] {
        let store = Rocks::open(&data)?;
        let (key, value) = plant(&store, column, start)?;
        drop(store);
        let ended = run(&["verify", "--data-dir", text(&data)])?;
        let name = if column == Column::Meta {
            format!("meta `{}`", String::from_utf8_lossy(&key))
        } else {
            format!("{} {}", column.name(), hex::encode_prefixed(&key))
        };
        let line = ended.out.lines().find(|line| line.starts_with(&name)).unwrap_or_default();
        println!("{line}");
        ensure!(ended.code() == Some(1) && !line.is_empty(), "{name}: {:?} {} {}", ended.code(), ended.out, ended.err);
        named += 1;
        put(&Rocks::open(&data)?, column, &key, Some(value))?;
    }
    assert_eq!(named, 22);
    // Gone, a file of the chain is missed too.
    for name in ["upgrade", "host", "airdrop", "place"] {
        let store = Rocks::open(&data)?;
        let value = store.get(Column::Meta, name.as_bytes())?;
        put(&store, Column::Meta, &Bytes::from_static(name.as_bytes()), None)?;
        drop(store);
        let ended = run(&["verify", "--data-dir", text(&data)])?;
        let line = format!("meta `{name}`: it is missing");
        ensure!(ended.code() == Some(1) && ended.out.contains(&line), "{name}: {} {}", ended.out, ended.err);
        put(&Rocks::open(&data)?, Column::Meta, &Bytes::from_static(name.as_bytes()), value)?;
    }
    // Two at once are two.
    let store = Rocks::open(&data)?;
    let (account, value) = plant(&store, Column::Accounts, &[])?;
    let (receipts, others) = plant(&store, Column::Receipts, &[0, 0, 0, 0, 0, 0, 0, 9])?;
    drop(store);
    let out = run(&["verify", "--data-dir", text(&data)])?.out;
    ensure!(
        out.contains(&format!("accounts {account}")) && out.contains("receipts 0x0000000000000009, block 9: "),
        "{out}"
    );
    let store = Rocks::open(&data)?;
    put(&store, Column::Accounts, &account, Some(value))?;
    put(&store, Column::Receipts, &receipts, Some(others))?;
    drop(store);
    assert_eq!(head(&data)?, whole, "everything is as it was");

    // What cannot be read is no finding.
    for table in folder::files(&data, "sst")? {
        folder::flip(&table, 20)?;
    }
    let ended = run(&["verify", "--data-dir", text(&data)])?;
    assert_eq!(ended.code(), Some(2), "{} {}", ended.out, ended.err);
    ensure!(ended.err.contains("restore the data folder from a backup"), "{}", ended.err);
    Ok(())
}

/// The record that says what the folder is gets lost: `verify` names it and checks the rest, and what writes leaves the
/// folder as it is.
#[test]
fn process_tools_begin_no_chain_over_another_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let file = folder.path().join("blocks.pars");
    well(&["export", "--data-dir", text(&data), text(&file)])?;
    let format = Bytes::from_static(b"format");
    let value = Rocks::open(&data)?.get(Column::Meta, &format)?;
    put(&Rocks::open(&data)?, Column::Meta, &format, None)?;
    let records = || -> Result<Vec<_>> {
        let store = Rocks::open(&data)?;
        let mut all = Vec::new();
        for column in Column::iter() {
            all.push(store.scan(column, &[]).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(all)
    };
    let before = records()?;
    let words = "record `format` of the data folder is missing";
    let to = folder.path().join("copy");
    for arguments in [
        ["import", "--archive", text(&file)].as_slice(),
        &["dev", "--port", "0"],
        &["prune"],
        &["inspect"],
        &["backup", text(&to)],
    ] {
        let arguments = [arguments, &["--data-dir", text(&data)]].concat();
        let ended = run(&arguments)?;
        ensure!(
            ended.code() == Some(1) && ended.err.contains(words),
            "{arguments:?}: {:?} {}",
            ended.code(),
            ended.err
        );
        ensure!(records()? == before, "{arguments:?} wrote");
    }
    ensure!(!to.exists());
    let ended = run(&["verify", "--data-dir", text(&data)])?;
    let lines: Vec<_> = ended.out.lines().collect();
    let [found, sum] = lines.as_slice() else { anyhow::bail!("{} {}", ended.out, ended.err) };
    ensure!(found.starts_with("meta `format`: it is missing") && sum.ends_with("1 records do not agree"), "{lines:?}");
    assert_eq!(ended.code(), Some(1));
    put(&Rocks::open(&data)?, Column::Meta, &format, value)?;
    head(&data)?;
    Ok(())
}

/// Prune removes what inspect said, frees about what it said, and what stays is whole.
#[test]
fn process_tools_prune_frees_what_inspect_said() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let before = inspect(&data, "16")?;
    let (promised, size) = (&before["prune"], before["prune"]["diskBytes"].as_u64().context("bytes")?);
    assert_eq!((&before["oldestState"], &promised["blocks"]), (&json!(0), &json!(56)));
    let said = well(&["prune", "--data-dir", text(&data), "--window", "16"])?;
    let removed = format!("removed: {} records, {} bytes", promised["records"], promised["bytes"]);
    ensure!(said.contains(&removed), "{said}{before}");
    let freed = said.lines().find_map(|line| line.strip_prefix("freed: ")?.strip_suffix(" bytes")?.parse::<u64>().ok());
    let freed = freed.with_context(|| said.clone())?;
    println!("inspect said {size} bytes on the disk, prune freed {freed}");
    ensure!(freed.abs_diff(size) * 5 < size, "inspect said {size}, prune freed {freed}");
    let after = inspect(&data, "16")?;
    assert_eq!((&after["oldestState"], &after["prune"]["records"]), (&json!(56), &json!(0)));
    let history = |about: &Value| {
        let column = |name: &str| about["columns"][name]["records"].as_u64();
        column("history").zip(column("changes")).map(|(values, lists)| values + lists)
    };
    let (had, has) = history(&before).zip(history(&after)).context("records")?;
    assert_eq!(json!(had - has), promised["records"]);
    for column in Column::iter().filter(|column| ![Column::History, Column::Changes].contains(column)) {
        let records = |about: &Value| about["columns"][column.name()]["records"].clone();
        assert_eq!(records(&before), records(&after), "{column:?}");
    }
    head(&data)?;
    Ok(())
}

/// Where the removed files are also in a backup, the disk does not have their room yet, and prune says so.
#[test]
fn process_tools_prune_says_what_a_backup_keeps() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    // What is in the log becomes tables, which a backup links.
    drop(Rocks::open(&data)?);
    drop(Rocks::open(&data)?);
    well(&["backup", "--data-dir", text(&data), text(&folder.path().join("backup"))])?;
    let said = well(&["prune", "--data-dir", text(&data), "--window", "16"])?;
    ensure!(said.contains("are also in a backup"), "{said}");
    let said = well(&["prune", "--data-dir", text(&data), "--window", "8"])?;
    ensure!(!said.contains("are also in a backup"), "{said}");
    Ok(())
}

/// A folder that stopped before the file's upgrades were known takes them over; one that is past them is refused with the
/// cause.
#[test]
fn process_tools_import_takes_the_upgrades_of_the_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let file = folder.path().join("blocks.pars");
    well(&["export", "--data-dir", text(&data), text(&file)])?;
    let whole = Stored::read(&Rocks::open(&data)?)?;
    ensure!(!whole.upgrade.is_empty());
    let early = folder.path().join("early");
    let known = Stored { upgrade: Body::new(), ..whole.clone() };
    drop(Chain::open(Arc::new(Rocks::open(&early)?), &known.opening(History::Archive)?)?);
    let ended = run(&["import", "--data-dir", text(&early), "--archive", text(&file)])?;
    ensure!(ended.code() == Some(0) && ended.err.contains("hold in"), "{ended:?}");
    assert_eq!(head(&early)?, head(&data)?);
    assert_eq!(Stored::read(&Rocks::open(&early)?)?, whole);

    let (part, late) = (folder.path().join("part.pars"), folder.path().join("late"));
    well(&["export", "--data-dir", text(&data), "--to", "60", text(&part)])?;
    well(&["import", "--data-dir", text(&late), "--archive", text(&part)])?;
    put(&Rocks::open(&late)?, Column::Meta, &Bytes::from_static(b"upgrade"), Some(Bytes::new()))?;
    let err = refused(&["import", "--data-dir", text(&late), "--archive", text(&file)])?;
    ensure!(err.contains("the upgrades in") && err.contains("differ behind its last block"), "{err}");
    Ok(())
}

/// An older file has nothing for a folder that is longer: its upgrades are older, too, and the folder keeps those it has.
#[test]
fn process_tools_import_of_nothing_changes_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let file = folder.path().join("blocks.pars");
    well(&["export", "--data-dir", text(&data), "--to", "60", text(&file)])?;
    let known = Stored::read(&Rocks::open(&data)?)?;
    let mut upgrade: Value = serde_json::from_slice(&known.upgrade)?;
    let ahead =
        json!({ "blockTimestamp": 4_000_000_000_u64, "accounts": { TO.to_string(): { "balanceChange": "0x1" } } });
    match upgrade["stateUpgrades"].as_array_mut() {
        Some(upgrades) => upgrades.push(ahead),
        None => upgrade["stateUpgrades"] = json!([ahead]),
    }
    let newer = Stored { upgrade: upgrade.to_string().into(), ..known };
    drop(Chain::open(Arc::new(Rocks::open(&data)?), &newer.opening(History::Archive)?)?);
    let ended = run(&["import", "--data-dir", text(&data), "--archive", text(&file)])?;
    ensure!(ended.code() == Some(0) && ended.out.contains(": 0 blocks were taken, the head is 72 "), "{ended:?}");
    ensure!(!ended.err.contains("hold in"), "{}", ended.err);
    assert_eq!(Stored::read(&Rocks::open(&data)?)?, newer);
    head(&data)?;
    // A block that is not the folder's is refused all the same.
    let store = Rocks::open(&data)?;
    let (key, _) = plant(&store, Column::Blocks, &[0, 0, 0, 0, 0, 0, 0, 33])?;
    drop(store);
    let err = refused(&["import", "--data-dir", text(&data), "--archive", text(&file)])?;
    ensure!(err.contains("block 33: the folder has another block there"), "{key}: {err}");
    Ok(())
}

/// A backup is copied from, never opened for writing, wherever it lies: it restores after every command that was tried on it.
#[test]
fn process_tools_leave_backups_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let (file, copy) = (folder.path().join("blocks.pars"), folder.path().join("copy"));
    well(&["export", "--data-dir", text(&data), text(&file)])?;
    let parent = folder.path().join("parent");
    let backup = parent.join(IN_HOSTS_FOLDER);
    std::fs::create_dir(&parent)?;
    well(&["backup", "--data-dir", text(&data), text(&backup)])?;
    let whole = bytes_of(&backup)?;
    for place in [&backup, &parent] {
        for arguments in [
            ["backup", text(&copy)].as_slice(),
            &["prune", "--window", "8"],
            &["import", "--archive", text(&file)],
            &["dev", "--port", "0"],
        ] {
            // It makes a chain of its own in the folder that it is given.
            if place == &parent && arguments.first() == Some(&"dev") {
                continue;
            }
            let err = refused(&[arguments, &["--data-dir", text(place)]].concat())?;
            ensure!(err.contains("is a backup") && err.contains("restore it first"), "{arguments:?}: {err}");
            ensure!(bytes_of(&backup)? == whole, "{arguments:?} changed the backup");
        }
        for tool in ["inspect", "verify"] {
            well(&[tool, "--data-dir", text(place)])?;
            ensure!(bytes_of(&backup)? == whole, "{tool} changed the backup");
        }
    }
    ensure!(!copy.exists());
    let restored = folder.path().join("restored");
    well(&["restore", "--from", text(&backup), "--data-dir", text(&restored)])?;
    assert_eq!(head(&restored)?, head(&data)?);
    Ok(())
}

/// Who looks at a restored folder, or at a copy of one without its lock, keeps those away who would write it.
#[test]
fn process_tools_lock_what_was_restored() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let (backup, restored) = (folder.path().join("backup"), folder.path().join("restored"));
    well(&["backup", "--data-dir", text(&data), text(&backup)])?;
    well(&["restore", "--from", text(&backup), "--data-dir", text(&restored)])?;
    ensure!(restored.join("LOCK").exists());
    let copied = folder.path().join("copied");
    folder::copy(&data, &copied)?;
    std::fs::remove_file(copied.join("LOCK"))?;
    for place in [&restored, &copied] {
        let looking = Rocks::open_read_only(place)?;
        for arguments in [["prune"].as_slice(), &["dev", "--port", "0"]] {
            let err = refused(&[arguments, &["--data-dir", text(place)]].concat())?;
            ensure!(err.contains(&format!("is in use by process {}", std::process::id())), "{arguments:?}: {err}");
        }
        drop(looking);
        well(&["prune", "--data-dir", text(place)])?;
    }
    Ok(())
}

/// Between the renames that end a rebuild there is no folder: every tool says so, and nothing is put there.
#[test]
fn process_tools_know_a_rebuild_that_was_interrupted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let (backup, file) = (folder.path().join("backup"), folder.path().join("blocks.pars"));
    well(&["backup", "--data-dir", text(&data), text(&backup)])?;
    well(&["export", "--data-dir", text(&data), text(&file)])?;
    let store = folder.path().join(IN_HOSTS_FOLDER);
    folder::copy(&data, &store.with_added_extension("replaced"))?;
    std::fs::rename(&data, store.with_added_extension("rebuild"))?;
    let words = "computing its state anew was interrupted at its end";
    for place in [store.as_path(), folder.path()] {
        for arguments in [["inspect"].as_slice(), &["prune"], &["import", text(&file)], &["verify"]] {
            let ended = run(&[arguments, &["--data-dir", text(place)]].concat())?;
            let code = if arguments.first() == Some(&"verify") { 2 } else { 1 };
            ensure!(ended.code() == Some(code) && ended.err.contains(words), "{arguments:?}: {ended:?}");
        }
        let ended = run(&["doctor", "--data-dir", text(place)])?;
        ensure!(ended.code() == Some(1) && ended.out.contains(words), "{}", ended.out);
    }
    let err = refused(&["restore", "--from", text(&backup), "--data-dir", text(&store)])?;
    ensure!(err.contains(words), "{err}");
    ensure!(!store.exists());
    // A folder that somebody made there is no store, and takes no store's place.
    std::fs::create_dir(&store)?;
    pars_vm::rebuild::finish(&store)?;
    head(&store)?;
    let said = run(&["doctor", "--data-dir", text(&store)])?.out;
    ensure!(!said.contains(words), "{said}");
    Ok(())
}

/// Ctrl-C amid a backup or a restore leaves no folder of that name, and the same command begins again.
#[test]
fn process_tools_backup_and_restore_are_interrupted() -> Result<()> {
    const TRIES: usize = 40;
    let folder = tempfile::tempdir()?;
    let data = recorded(folder.path())?;
    let place = |name: &str| folder.path().join(name);
    let (backup, restored) = (place("backup"), place("restored"));
    let expected = head(&data)?;
    for (to, arguments) in [
        (&backup, vec!["backup", "--data-dir", text(&data), text(&backup)]),
        (&restored, vec!["restore", "--from", text(&backup), "--data-dir", text(&restored)]),
    ] {
        let part = to.with_added_extension("part");
        let mut stopped = 0;
        for _ in 0..TRIES {
            let running = Running::start(&mut command(&arguments)?)?;
            // What the last one left is there before this one listens. It may also have ended.
            while !catches_interrupt(running.id()).unwrap_or(true) || !part.exists() && !to.exists() {
                std::thread::sleep(Duration::from_millis(1));
            }
            running.signal("INT")?;
            let ended = running.wait(TOOL_MAX)?;
            if ended.code() == Some(130) {
                ensure!(ended.err == "pars-vm: stopped\n", "{}", ended.err);
                stopped += 1;
            } else {
                ensure!(ended.code() == Some(0), "{ended:?}");
            }
            // It came before the signal, whole.
            if to.exists() {
                assert_eq!(head(to)?, expected);
                std::fs::remove_dir_all(to)?;
            }
            if stopped == 3 {
                break;
            }
        }
        ensure!(stopped > 0, "{arguments:?} was always faster than the signal");
        well(&arguments)?;
        ensure!(!part.exists());
        assert_eq!(head(to)?, expected);
    }
    Ok(())
}

/// What the operator asks, over one HTTP request.
fn ask(dev: &Dev, path: &str, more: &str, body: &Value) -> Result<pars_tests::process::rpc::Response> {
    let mut client = dev.client()?;
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{more}content-length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write(request.as_bytes())?;
    client.receive()
}

fn backup(name: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "admin_backup", "params": [name] })
}

/// A backup taken while blocks come restores to a node that serves, and what was told before it is there.
#[test]
fn process_tools_backup_under_load() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("chain");
    let dev = Dev::start_with(Some(&data), &["--admin"])?;
    let pay = |index: usize, count: usize| -> Result<u64> {
        let (from, mut client) = (Wallet::local(index)?, dev.client()?);
        for _ in 0..count {
            client.pay(&from, TO, 1)?;
        }
        client.height()
    };
    let told = pay(0, 20)?;
    let (answers, ended) = std::thread::scope(|scope| -> Result<(Vec<Value>, u64)> {
        let loads: Vec<_> = (0..3).map(|index| scope.spawn(move || pay(index, 60))).collect();
        let mut answers = Vec::new();
        for name in ["one", "two", "three"] {
            std::thread::sleep(Duration::from_millis(100));
            let response = ask(&dev, "/admin", "", &backup(name))?;
            let answer = serde_json::from_str(&response.body).with_context(|| response.body.clone())?;
            let taken = outcome(&answer, &json!(1))?;
            answers.push(taken.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?);
        }
        let mut height = 0;
        for load in loads {
            height = height.max(load.join().expect("a load does not panic")?);
        }
        Ok((answers, height))
    })?;
    // The same name again, a bad one, another path, a page of another site.
    let error = |response: pars_tests::process::rpc::Response| -> Result<String> {
        let answer: Value = serde_json::from_str(&response.body).with_context(|| response.body.clone())?;
        Ok(outcome(&answer, &json!(1))?.err().context("a refusal")?.message)
    };
    ensure!(error(ask(&dev, "/admin", "", &backup("one"))?)?.contains("is there already"));
    ensure!(error(ask(&dev, "/admin", "", &backup("../out"))?)?.contains("a backup's name has"));
    ensure!(error(ask(&dev, "/", "", &backup("four"))?)?.contains("does not exist"));
    assert_eq!(ask(&dev, "/admin", "origin: http://example.org\r\n", &backup("four"))?.status, 403);
    assert_eq!(dev.stop("TERM")?.code(), Some(0));

    let backups = folder.path().join("chain-backups");
    for (answer, name) in answers.iter().zip(["one", "two", "three"]) {
        assert_eq!(answer["path"], text(&backups.join(name)));
        let height = pars_tests::process::rpc::number(&answer["height"])?;
        ensure!(height >= told && height <= ended, "{height} is not between {told} and {ended}");
        let restored = folder.path().join(name);
        let said = well(&["restore", "--from", text(&backups.join(name)), "--data-dir", text(&restored)])?;
        let expected = format!("{height} {}", answer["hash"].as_str().context("a hash")?);
        ensure!(said.ends_with(&format!("block {expected}\n")), "{said}");
        assert_eq!(head(&restored)?, expected);
        let dev = Dev::start(Some(&restored))?;
        let mut client = dev.client()?;
        assert_eq!(client.height()?, height);
        client.pay(&Wallet::local(0)?, TO, 1)?;
        assert_eq!(client.height()?, height + 1);
        assert_eq!(dev.stop("TERM")?.code(), Some(0));
    }
    println!("backups at {:?}, the load ended at {ended}", answers.iter().map(|it| &it["height"]).collect::<Vec<_>>());
    let err = refused(&["restore", "--from", text(&backups.join("one")), "--data-dir", text(&data)])?;
    ensure!(err.contains("is not empty"), "{err}");

    // The same of a stopped folder.
    let offline = folder.path().join("offline");
    well(&["backup", "--data-dir", text(&data), text(&offline)])?;
    let back = folder.path().join("back");
    well(&["restore", "--from", text(&offline), "--data-dir", text(&back)])?;
    assert_eq!(head(&back)?, head(&data)?);
    Ok(())
}

/// Nobody is asked for what is off: without the option there is no such path.
#[test]
fn process_tools_admin_is_off() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("chain");
    let dev = Dev::start(Some(&data))?;
    let response = ask(&dev, "/admin", "", &backup("one"))?;
    ensure!(response.body.contains("the method admin_backup does not exist/is not available"), "{response:?}");
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    ensure!(!folder.path().join("chain-backups").exists());
    Ok(())
}

/// Under a host: the path is there where the operator wants it, serves the operator's methods alone, and no other path does.
#[tokio::test(flavor = "multi_thread")]
async fn process_tools_backup_under_a_host() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = Files { config: Body::from_static(b"{\"admin-api-enabled\":true}"), ..Files::local(folder.path()) };
    let mut hosted = hosted::open(&files).await?;
    hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(0, TO, 1))?).await?;
    let built = hosted.seal().await?;
    let refusal = hosted.request("admin_backup", json!(["one"])).await?.err().context("a refusal")?;
    assert_eq!(refusal.code, -32_601);
    let address = hosted.proxy("/admin", false).await?;
    let (taken, other) = tokio::task::spawn_blocking(move || -> Result<(Value, i64)> {
        let mut client = Client::connect(address)?;
        let taken = client.call("admin_backup", json!(["one"]))?;
        Ok((taken, client.refusal("eth_blockNumber", json!([]))?.code))
    })
    .await??;
    assert_eq!(other, -32_601, "nothing else is answered there");
    let backup = folder.path().join("pars-backups/one");
    assert_eq!(taken["path"], text(&backup));
    assert_eq!(taken["hash"], json!(B256::from_slice(&built.id)));
    // A host gives the chain a folder, and the tools find the store in it.
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    let restored = folder.path().join("restored/pars");
    well(&["restore", "--from", text(&backup), "--data-dir", text(&restored)])?;
    let moved = Files { folder: folder.path().join("restored"), ..files };
    let hosted = hosted::open(&moved).await?;
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    ensure!(head(&moved.folder)?.starts_with("1 "));

    // Without the key there is no such path.
    let plain = Files::local(&folder.path().join("plain"));
    std::fs::create_dir(&plain.folder)?;
    let hosted = hosted::open(&plain).await?;
    ensure!(hosted.proxy("/admin", false).await.is_err());
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    Ok(())
}

/// A folder in use: every tool names the process that has it.
#[test]
fn process_tools_name_who_has_the_folder() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("chain");
    let dev = Dev::start(Some(&data))?;
    let expected = format!(
        "pars-vm: {} is in use by process {} (pars-vm); stop that one or choose another folder\n",
        data.display(),
        dev.running.id()
    );
    let out = folder.path().join("out");
    let file = folder.path().join("file.pars");
    std::fs::write(&file, pars_vm::blockfile::beginning(&origin(), 1))?;
    for arguments in [
        &["export", "--data-dir", text(&data), text(&out)][..],
        &["import", "--data-dir", text(&data), text(&file)],
        &["verify", "--data-dir", text(&data)],
        &["prune", "--data-dir", text(&data)],
        &["inspect", "--data-dir", text(&data)],
        &["backup", "--data-dir", text(&data), text(&out)],
        &["dev", "--port", "0", "--data-dir", text(&data)],
    ] {
        let ended = run(arguments)?;
        let code = if arguments.first() == Some(&"verify") { 2 } else { 1 };
        assert_eq!((ended.code(), ended.err.as_str()), (Some(code), expected.as_str()), "{arguments:?}");
    }
    ensure!(!out.exists());
    let doctor = run(&["doctor", "--data-dir", text(&data)])?;
    let line = format!("process {} (pars-vm) has {} open", dev.running.id(), data.display());
    ensure!(doctor.out.contains(&line), "{}", doctor.out);
    assert_eq!(dev.stop("TERM")?.code(), Some(0));

    let nowhere = folder.path().join("nowhere");
    let err = refused(&["inspect", "--data-dir", text(&nowhere)])?;
    ensure!(err.contains("holds no chain") && !nowhere.exists(), "{err}");
    folder::with_newer_format(&data)?;
    for tool in ["inspect", "prune"] {
        let err = refused(&[tool, "--data-dir", text(&data)])?;
        ensure!(err.contains("has format 2, which release 9.0.0 or a newer one reads"), "{err}");
    }
    Ok(())
}

const fn origin() -> pars_vm::blockfile::Origin {
    pars_vm::blockfile::Origin {
        genesis: Bytes::new(),
        upgrade: Bytes::new(),
        host: Bytes::new(),
        airdrop: Bytes::new(),
        network_id: 0,
        blockchain_id: B256::ZERO,
        genesis_id: B256::ZERO,
    }
}

/// The program installs itself, says what would keep a host from starting, and doctor says the same.
#[test]
fn process_tools_install_and_doctor() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let plugins = folder.path().join("plugins");
    let err = refused(&["install", "--plugin-dir", text(&plugins)])?;
    ensure!(err.contains("is no folder"), "{err}");
    std::fs::create_dir(&plugins)?;
    let doctor = |code: i32| -> Result<String> {
        let ended = run(&["doctor", "--plugin-dir", text(&plugins)])?;
        ensure!(ended.code() == Some(code), "{:?} {}", ended.code(), ended.out);
        Ok(ended.out)
    };
    ensure!(doctor(1)?.contains("to mend it: pars-vm install --plugin-dir"));
    for round in ["new", "replaced"] {
        ensure!(well(&["install", "--plugin-dir", text(&plugins)])?.contains(round), "{round}");
    }
    let plugin = plugins.join("rVcYw5PbwWxJZA8dXzG8g3AK2tiKp3o1Trj653N1uuBituZoo");
    ensure!(std::fs::read(&plugin)? == std::fs::read(pars_vm()?)?);
    assert_eq!(std::fs::read_dir(&plugins)?.count(), 1, "nothing else is left there");
    let version = Running::start(Command::new(&plugin).arg("--version"))?.wait(TOOL_MAX)?;
    let words = "pars-vm 0.1.0 [rpcchainvm=45 44 46 42] avalanchego 45, ";
    assert!(version.code() == Some(0) && version.out.starts_with(words), "{version:?}");
    doctor(0)?;
    // What is there in its place.
    let whole = std::fs::read(&plugin)?;
    for (bytes, words) in
        [(whole.get(..1 << 20).context("longer")?, ""), (b"#!/bin/sh\n".as_slice(), "another program")]
    {
        std::fs::write(&plugin, bytes)?;
        let said = doctor(1)?;
        ensure!(said.contains(text(&plugin)) && said.contains(words), "{said}");
    }
    std::fs::remove_file(&plugin)?;
    std::fs::create_dir(&plugin)?;
    ensure!(doctor(1)?.contains("is no file"));
    let err = refused(&["install", "--plugin-dir", text(&plugins)])?;
    ensure!(err.contains("renaming to"), "{err}");
    assert_eq!(std::fs::read_dir(&plugins)?.count(), 1, "a failed installation leaves nothing");
    std::fs::remove_dir(&plugin)?;
    well(&["install", "--plugin-dir", text(&plugins)])?;
    let err = refused(&["install", "--plugin-dir", text(&plugins), "--name", "a/b"])?;
    ensure!(err.contains("is no name of a VM"), "{err}");
    std::fs::write(plugins.join("pars-vm.bak"), b"")?;
    let ended = run(&["install", "--plugin-dir", text(&plugins)])?;
    ensure!(ended.code() == Some(1) && ended.out.contains("pars-vm.bak"), "{ended:?}");
    ensure!(doctor(1)?.contains("pars-vm.bak"));
    Ok(())
}

/// A new genesis file is valid, its hash is the chain's, and an error names key and path.
#[test]
fn process_tools_genesis() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("genesis.json");
    let admin = Wallet::local(0)?.address.to_string();
    let new = well(&["genesis", "new", "--chain-id", "4321", "--admin", &admin, "--precompile", "feeManagerConfig"])?;
    std::fs::write(&file, &new)?;
    let said = well(&["genesis", "check", text(&file)])?;
    ensure!(said.contains("precompile    feeManagerConfig on from 1764547200"), "{said}");
    let hash = well(&["genesis", "hash", text(&file)])?;
    let id = hash.lines().find_map(|line| line.strip_prefix("block ")).context("an id")?.to_owned();
    ensure!(said.contains(&id), "{said}");
    let dev = Dev::start_with(Some(&folder.path().join("chain")), &["--genesis", text(&file)])?;
    let block = dev.client()?.call("eth_getBlockByNumber", json!(["0x0", false]))?;
    assert_eq!(block["hash"], json!(id));
    ensure!(hash.contains(block["stateRoot"].as_str().context("a root")?), "{hash}");
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    std::fs::write(&file, new.replace("chainId", "chainID"))?;
    let err = refused(&["genesis", "check", text(&file)])?;
    ensure!(err.contains("config.chainID: no such key; did you mean chainId?"), "{err}");
    Ok(())
}

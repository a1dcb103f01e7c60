//! The chain under hosts of every row, and what only hosts of luxd do.

use alloy_primitives::{Address, B256};
use anyhow::{Context as _, Result, ensure};
use pars_host::dialect::{Dialect, TABLE, Transport};
use pars_host::testhost::Vm;
use pars_host::zap::message::vm as kind;
use pars_tests::process::folder;
use pars_tests::process::hosted::{self, Hosted};
use pars_tests::process::program::pars_vm;
use pars_tests::process::wallet::{Draft, Wallet};
use pars_vm::testhost::given::files;
use pars_vm::testhost::script::STEPS;
use serde_json::json;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn zap() -> Result<&'static Dialect> {
    TABLE.iter().find(|row| row.transport == Transport::Zap).context("a row")
}

/// The script of `pars-vm testhost` over every row, against this program.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_every_row_sees_the_same_chain() -> Result<()> {
    let blocks = if std::env::var_os("PARS_FULL").is_some() { 200 } else { 20 };
    let program = pars_vm()?;
    let ran =
        Command::new(&program).args(["testhost", "--show", "--blocks", &blocks.to_string()]).arg(&program).output()?;
    let (table, said) = (String::from_utf8(ran.stdout)?, String::from_utf8(ran.stderr)?);
    println!("{said}{table}");
    ensure!(ran.status.code() == Some(0), "{}", ran.status);
    for row in TABLE {
        ensure!(table.lines().next().is_some_and(|head| head.contains(&row.to_string())), "{row} is absent");
    }
    let steps: Vec<&str> = table.lines().skip(1).take(STEPS.len()).collect();
    for (step, line) in STEPS.iter().zip(steps) {
        let done = TABLE.iter().filter(|row| step.over.contains(&row.transport)).count();
        ensure!(line.split_whitespace().filter(|cell| *cell == "ok").count() == done, "{line}");
    }
    // All rows could do the same wrong thing.
    for words in [
        "calls before initialize: version told: true, block other, ended with exit status: 0",
        "handlers: chain id \"0x539\"",
        "blocks by id: unknown: not found",
        "blocks by id: malformed: other",
        "preferences: unknown: other",
        "decisions: accept unknown: other",
        "malformed blocks: parse garbage: other",
        "malformed blocks: verify bent: other",
        "state sync: enabled: false",
        "a block of its own: status \"0x1\"",
        "services: the host's database is used: true",
        "questions that nobody knows: refused with -2",
        "capabilities: 1",
        "finality: told None: 0 [String(\"0x0\"), String(\"0x0\")]",
        "finality: told Some(2): 2 [String(\"0x2\"), String(\"0x2\")]",
        "finality: told Some(1): 2 [String(\"0x2\"), String(\"0x2\")]",
        "kill minus nine: ended with signal: 9 (SIGKILL); status \"0x1\"",
        "shutdown and restart: ended with exit status: 0",
        "calls after shutdown: block closed, height closed, accept other, ended with exit status: 0",
    ] {
        ensure!(table.lines().any(|line| line == words), "no {words:?}");
    }
    // Of a block everything counts that a host is told.
    let first = format!(" at 0 on {}, ", B256::ZERO);
    for (step, words) in [
        ("initialize: ", first.as_str()),
        ("blocks while bootstrapping: accepted ", " bytes of hash 0x"),
        ("blocks in normal operation: accepted ", " bytes of hash 0x"),
        ("ancestors: 0x", ""),
        ("batches: 0x", " bytes of hash 0x"),
    ] {
        ensure!(table.lines().any(|line| line.starts_with(step) && line.contains(words)), "no {step}{words}");
    }
    Ok(())
}

/// What does something else is told apart by exit code 1, with a word for each step.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_other_programs_differ() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (silent, forgetful) = (folder.path().join("silent"), folder.path().join("forgetful"));
    let (chains, own) = (folder.path().join("chains"), pars_vm()?);
    std::fs::create_dir(&chains)?;
    write_script(&silent, "exit 0")?;
    let lose = format!("/bin/rm -rf {}/.tmp*/luxd*/pars\nexec {} \"$@\"", chains.display(), own.display());
    write_script(&forgetful, &lose)?;
    let run = |plugin: &Path, row: &str| -> Result<(Option<i32>, String, String)> {
        let mut command = Command::new(&own);
        command.env("TMPDIR", &chains).args(["testhost", "--blocks", "4", "--dialect", row]).arg(plugin);
        let ran = command.output()?;
        Ok((ran.status.code(), String::from_utf8(ran.stdout)?, String::from_utf8(ran.stderr)?))
    };
    let row = "luxd 42 over ZAP";
    let (code, table, _) = run(&silent, row)?;
    let ended = "initialize: the plugin ended with exit status: 0 and announced nothing";
    ensure!(code == Some(1) && table.contains(ended), "{code:?} {table}");
    let steps = STEPS.iter().filter(|step| step.over.contains(&Transport::Zap)).count();
    ensure!(table.matches("  FAILED").count() == steps, "{table}");

    let (code, table, _) = run(&forgetful, row)?;
    ensure!(code == Some(1), "{code:?} {table}");
    for (step, fate) in [("a block of its own", "ok"), ("kill minus nine", "FAILED")] {
        ensure!(table.lines().any(|line| line.starts_with(step) && line.ends_with(fate)), "{step}: {table}");
    }

    let (code, _, said) = run(&own, "luxd 43")?;
    ensure!(code == Some(1) && said.contains("no host \"luxd 43\": expected all, avalanchego 45"), "{said}");
    let (code, _, said) = run(&folder.path().join("absent"), "all")?;
    ensure!(code == Some(1) && said.contains("absent: No such file"), "{said}");
    // What cannot be started is told before anything else is.
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "exit 0")?;
    for (path, words) in [(&chains, "is no file"), (&plain, "is not executable")] {
        let (code, table, said) = run(path, "all")?;
        ensure!(code == Some(1) && table.is_empty() && said.contains(words) && !said.contains("seed"), "{said}");
    }
    // What a plugin says moves no cursor.
    let loud = folder.path().join("loud");
    write_script(&loud, "printf '\\033[31mred' >&2; exit 3")?;
    let (code, table, said) = run(&loud, row)?;
    ensure!(code == Some(1) && table.contains("[31mred"), "{table}");
    ensure!(!table.contains('\u{1b}') && !said.contains('\u{1b}'), "{table}{said}");
    Ok(())
}

/// Answers that are wrong in one byte: their type, where in the body it is, and the step that has to notice.
const LIES: &[(u8, usize, &str)] = &[
    // The parent of the last accepted block, and its bytes.
    (kind::INITIALIZE, 40, "initialize"),
    (kind::INITIALIZE, 84, "initialize"),
    // Id and parent.
    (kind::PARSE_BLOCK, 4, "blocks while bootstrapping"),
    (kind::PARSE_BLOCK, 40, "blocks while bootstrapping"),
    // Bytes.
    (kind::GET_BLOCK, 76, "blocks while bootstrapping"),
    // Nanoseconds.
    (kind::BLOCK_VERIFY, 7, "blocks while bootstrapping"),
    (kind::GET_BLOCK_ID_AT_HEIGHT, 4, "blocks by height"),
    // The first byte of the first block.
    (kind::GET_ANCESTORS, 8, "ancestors"),
    // Id and parent of the first block.
    (kind::BATCHED_PARSE_BLOCK, 8, "batches"),
    (kind::BATCHED_PARSE_BLOCK, 44, "batches"),
    (kind::STATE_SYNC_ENABLED, 0, "state sync"),
    (kind::QUASAR_HEIGHT, 7, "finality"),
];
/// Most of each run is waiting.
const LIARS_AT_ONCE: usize = 4;

/// Whatever a plugin answers wrongly is a difference, and named by its step.
#[test]
fn process_luxd_every_lie_is_noticed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (own, liar) = (pars_vm()?, env!("CARGO_BIN_EXE_lying-plugin"));
    let run = |kind: u8, offset: usize| -> Result<(Option<i32>, String)> {
        let script = folder.path().join(format!("{kind}-{offset}"));
        // A host's signal is for the plugin behind it.
        write_script(&script, &format!("trap '' TERM\nexec {liar} {} {kind} {offset}", own.display()))?;
        let row = zap()?.to_string();
        let ran = Command::new(&own).args(["testhost", "--blocks", "4", "--dialect", &row]).arg(&script).output()?;
        Ok((ran.status.code(), String::from_utf8(ran.stdout)?))
    };
    let noticed = |(kind, offset, step): &(u8, usize, &str)| -> Result<()> {
        let (code, table) = run(*kind, *offset)?;
        // All before it passes: nothing else is changed.
        let noticed = table.lines().skip(1).find(|line| !line.ends_with(" ok") && !line.ends_with(" -"));
        let by_step = noticed.is_some_and(|line| line.starts_with(step));
        ensure!(code == Some(1) && by_step, "{kind} at {offset}: {code:?} {table}");
        Ok(())
    };
    for lies in LIES.chunks(LIARS_AT_ONCE) {
        std::thread::scope(|scope| -> Result<()> {
            let running: Vec<_> = lies.iter().map(|lie| scope.spawn(|| noticed(lie))).collect();
            running.into_iter().try_for_each(|run| run.join().expect("it does not panic"))
        })?;
    }
    // There is no type 0: without a lie the program between makes no difference.
    let (code, table) = run(0, 0)?;
    ensure!(code == Some(0), "{code:?} {table}");
    Ok(())
}

fn write_script(path: &Path, lines: &str) -> Result<()> {
    std::fs::write(path, format!("#!/bin/sh\n{lines}\n"))?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

async fn tagged(hosted: &mut Hosted, tag: &str) -> Result<u64> {
    let block = hosted.call("eth_getBlockByNumber", json!([tag, false])).await?;
    pars_tests::process::rpc::number(&block["number"])
}

/// What a host of ZAP says is final is `finalized` and `safe`, before it says so the first block is, and a restart changes
/// nothing. Other hosts do not say: what is accepted is final.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_finality_is_the_hosts() -> Result<()> {
    for row in TABLE {
        let folder = tempfile::tempdir()?;
        let files = files(folder.path(), 1)?;
        let mut hosted = hosted::open_under(row, &files, BTreeMap::new()).await?;
        let from = Wallet::local(0)?;
        for nonce in 0..5 {
            hosted.submit(&from.sign(&Draft::transfer(nonce, Address::repeat_byte(7), 1))?).await?;
            hosted.seal().await?;
        }
        if row.transport == Transport::Grpc {
            for tag in ["latest", "safe", "finalized"] {
                ensure!(tagged(&mut hosted, tag).await? == 5, "{row}: {tag}");
            }
            hosted.shut_down().await?;
            continue;
        }
        for (told, last) in [(None, 0), (Some(2), 2), (Some(1), 2), (Some(4), 4), (Some(9), 5)] {
            if let Some(height) = told {
                hosted.plugin.vm.set_quasar_finalized(height).await?;
            }
            for tag in ["safe", "finalized"] {
                ensure!(tagged(&mut hosted, tag).await? == last, "{told:?}: {tag}");
            }
            ensure!(hosted.plugin.vm.quasar_height().await? == last, "{told:?}");
            ensure!(tagged(&mut hosted, "latest").await? == 5);
        }
        let logs = json!([{ "fromBlock": "finalized", "toBlock": "latest" }]);
        ensure!(hosted.call("eth_getLogs", logs).await? == json!([]));
        // Kept, also where it is above the last block; and that becomes final as it comes.
        hosted.running.signal("KILL")?;
        drop(hosted);
        let mut hosted = hosted::open_under(row, &files, BTreeMap::new()).await?;
        ensure!(tagged(&mut hosted, "finalized").await? == 5);
        hosted.submit(&from.sign(&Draft::transfer(5, Address::repeat_byte(7), 1))?).await?;
        hosted.seal().await?;
        ensure!(tagged(&mut hosted, "finalized").await? == 6);
        hosted.shut_down().await?;
        folder::check(&folder.path().join("pars"))?;
    }
    Ok(())
}

/// A host that closes its connection is gone: the chain is closed in order, and its folder is free.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_the_end_of_the_connection_closes_the_chain() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = files(folder.path(), 1)?;
    let mut hosted = hosted::open_under(zap()?, &files, BTreeMap::new()).await?;
    hosted.submit(&Wallet::local(0)?.sign(&Draft::transfer(0, Address::repeat_byte(7), 1))?).await?;
    let block = hosted.seal().await?;
    let since = Instant::now();
    let ended = hosted.hang_up().await?;
    ensure!(ended.code() == Some(0) && since.elapsed() < Duration::from_secs(3), "{ended:?}");
    ensure!(ended.err.contains("the host is gone without Shutdown"), "{}", ended.err);
    let mut again = hosted::start_under(zap()?).await?;
    ensure!(again.initialize(&files).await?.last_accepted_id == block.id);
    ensure!(matches!(again.plugin.vm, Vm::Zap(_)));
    again.shut_down().await?;
    Ok(())
}

/// The record beside the host's own is kept in its database, over ZAP too: a database that is put back takes the chain with
/// it.
#[tokio::test(flavor = "multi_thread")]
async fn process_luxd_the_hosts_database_is_followed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = files(folder.path(), 1)?;
    let from = Wallet::local(0)?;
    let mut hosted = hosted::open_under(zap()?, &files, BTreeMap::new()).await?;
    let mut before = BTreeMap::new();
    let mut ids = Vec::new();
    for nonce in 0..6 {
        hosted.submit(&from.sign(&Draft::transfer(nonce, Address::repeat_byte(7), 1))?).await?;
        ids.push(hosted.seal().await?.id);
        if nonce == 2 {
            before = hosted.host().database();
        }
    }
    ensure!(!before.is_empty(), "nothing is kept in the host's database");
    hosted.shut_down().await?;
    let mut hosted = hosted::start_under(zap()?).await?;
    hosted.host().set_database(before);
    let opened = hosted.initialize(&files).await?;
    ensure!(opened.height == 3 && ids.get(2) == Some(&opened.last_accepted_id), "{}", opened.height);
    hosted.shut_down().await?;
    Ok(())
}

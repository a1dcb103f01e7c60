//! Disks that are full and disks that forget: nothing is lost, and nothing wrong is served.

use alloy_primitives::Address;
use anyhow::{Context as _, Result, ensure};
use pars_tests::process::dev::{Dev, STOP_MAX};
use pars_tests::process::disk::SmallDisk;
use pars_tests::process::folder;
use pars_tests::process::hosted::{self, Files};
use pars_tests::process::rpc::{Client, Refusal, number};
use pars_tests::process::wallet::{Draft, Signed, Wallet};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;

/// Fits the filler, the store's own files and some megabytes of blocks.
const DISK_BYTES: u64 = 32 << 20;
/// What the operator removes. Opening copies blocks from the log into tables, so it takes as much as there are blocks.
const FILLER_BYTES: usize = 20 << 20;
/// Data of a transaction, most of what it takes on the disk.
const DATA_BYTES: usize = 120 << 10;
/// More than the disk holds.
const COUNT_MAX: u64 = 400;
const TO: Address = Address::repeat_byte(0x66);

/// A transaction that takes room on the disk: nothing compresses its data.
fn large(from: &Wallet, nonce: u64) -> Result<Signed> {
    let mut state = nonce + 1;
    let data = std::iter::repeat_with(|| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    });
    let data: Vec<u8> = data.take(DATA_BYTES / 8).flatten().collect();
    from.sign(&Draft { gas: 3_000_000, ..Draft::call(nonce, TO, data) })
}

/// Waits until nothing of an account waits for a block.
fn settle(client: &mut Client, account: &Wallet) -> Result<()> {
    let since = Instant::now();
    loop {
        let pending = client.call("eth_getTransactionCount", json!([account.address, "pending"]))?;
        if client.nonce(account.address)? == number(&pending)? {
            return Ok(());
        }
        ensure!(since.elapsed() < STOP_MAX, "transactions go on waiting");
    }
}

fn full(folder: &Path) -> String {
    format!("no space left on the disk that holds {}; free some and start again, nothing is lost", folder.display())
}

/// The process says it and ends; with room again it goes on from the last block that it answered for.
#[test]
fn process_disk_full_under_dev() -> Result<()> {
    let disk = SmallDisk::mount(DISK_BYTES)?;
    let filler = disk.fill("filler", FILLER_BYTES)?;
    let data = disk.path().join("chain");
    let from = Wallet::local(0)?;
    let dev = Dev::start(Some(&data))?;
    let mut client = dev.client()?;
    let mut answered = Vec::new();
    let refusal = loop {
        let nonce = u64::try_from(answered.len())?;
        ensure!(nonce < COUNT_MAX, "the disk does not get full");
        let signed = large(&from, nonce)?;
        match client.request("eth_sendRawTransaction", signed.params())? {
            Ok(_) => answered.push(signed.hash),
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal, Refusal { code: -32_603, message: "the chain has stopped: its log says why".to_owned() });
    let ended = dev.running.wait(STOP_MAX)?;
    assert_eq!(ended.code(), Some(1), "{}", ended.err);
    assert_eq!(ended.err.lines().last(), Some(format!("pars-vm: {}", full(&data)).as_str()));
    println!("full after {} blocks; it ended {:?} later", answered.len(), ended.took);

    // Without any room it says the same.
    let rest = disk.fill_up("rest")?;
    let ended = Dev::refused(Some(&data))?;
    assert_eq!((ended.code(), ended.err), (Some(1), format!("pars-vm: {}\n", full(&data))));

    for file in [filler, rest] {
        std::fs::remove_file(file)?;
    }
    let dev = Dev::start(Some(&data))?;
    let mut client = dev.client()?;
    settle(&mut client, &from)?;
    let height = client.height()?;
    println!("with room again: height {height}");
    let count = u64::try_from(answered.len())?;
    assert!(height == count || height == count + 1, "{count} were answered, the chain is at {height}");
    for hash in &answered {
        assert_eq!(client.call("eth_getTransactionReceipt", json!([hash]))?["status"], "0x1");
    }
    let nonce = client.nonce(from.address)?;
    client.submit(&large(&from, nonce)?)?;
    assert_eq!(client.height()?, height + 1);
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    assert_eq!(folder::check(&data)?.height, height + 1);
    Ok(())
}

/// The plugin answers with it, stays until Shutdown, and takes no block any more: it does not know what was stored.
#[tokio::test(flavor = "multi_thread")]
async fn process_disk_full_under_a_host() -> Result<()> {
    let disk = SmallDisk::mount(DISK_BYTES)?;
    let filler = disk.fill("filler", FILLER_BYTES)?;
    let files = Files::local(disk.path());
    let data = disk.path().join("pars");
    let from = Wallet::local(0)?;
    let mut hosted = hosted::open(&files).await?;
    let mut last = None;
    let health = hosted.plugin.vm.health(()).await.err().context("a disk that is nearly full")?;
    let nearly = format!("the disk that holds {} is nearly full: ", data.display());
    assert!(health.message().starts_with(&nearly) && health.message().ends_with("at least 256 are needed"), "{health}");
    let (height, error) = loop {
        let nonce = last.as_ref().map_or(0, |(height, _)| *height);
        ensure!(nonce < COUNT_MAX, "the disk does not get full");
        hosted.submit(&large(&from, nonce)?).await?;
        hosted.wanted().await?;
        let built = hosted.build().await?;
        hosted.verify(built.bytes).await?;
        hosted.prefer(built.id.clone()).await?;
        match hosted.accept(built.id.clone()).await {
            Ok(()) => last = Some((built.height, built.id)),
            Err(error) => break (nonce, error),
        }
    };
    assert_eq!(error.message(), full(&data));
    assert_eq!(hosted.plugin.vm.health(()).await.err().context("health")?.message(), full(&data));
    assert_eq!(hosted.build().await.err().context("a block")?.message(), full(&data));
    assert_eq!(hosted.call("eth_blockNumber", json!([])).await?, format!("{height:#x}"));
    assert_eq!(hosted.shut_down().await?.code(), Some(0));

    let rest = disk.fill_up("rest")?;
    let mut hosted = hosted::start().await?;
    assert_eq!(hosted.initialize(&files).await.err().context("a full disk")?.message(), full(&data));
    for file in [filler, rest] {
        std::fs::remove_file(file)?;
    }
    let opened = hosted.initialize(&files).await?;
    let (_, id) = last.context("some block")?;
    println!("full after {height} blocks; with room again: height {}", opened.height);
    assert!(opened.height == height + 1 || (opened.height == height && opened.last_accepted_id == id), "{opened:?}");
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    let mut hosted = hosted::open(&files).await?;
    // It may wait already: it was submitted when there was no room for its block.
    let again = hosted.request("eth_sendRawTransaction", large(&from, opened.height)?.params()).await?;
    assert!(again.as_ref().err().is_none_or(|refusal| refusal.message == "already known"), "{again:?}");
    assert_eq!(hosted.seal().await?.height, opened.height + 1);
    assert_eq!(hosted.shut_down().await?.code(), Some(0));
    assert_eq!(folder::check(&data)?.height, opened.height + 1);
    Ok(())
}

/// A disk without any room at the first start.
#[test]
fn process_disk_full_from_the_start() -> Result<()> {
    let disk = SmallDisk::mount(1 << 20)?;
    let filler = disk.fill("filler", (1 << 20) - 8_192)?;
    let data = disk.path().join("chain");
    let ended = Dev::refused(Some(&data))?;
    assert_eq!((ended.code(), ended.err), (Some(1), format!("pars-vm: {}\n", full(&data))));
    std::fs::remove_file(filler)?;
    let dev = Dev::start(Some(&data))?;
    dev.client()?.pay(&Wallet::local(0)?, TO, 1)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok(())
}

type Answers = Vec<Result<Value, Refusal>>;

/// Everything that a client can ask of a chain of a few blocks.
fn everything(client: &mut Client, hashes: &[Value]) -> Result<Answers> {
    let from = Wallet::local(0)?.address;
    let mut calls = vec![("eth_blockNumber", json!([])), ("eth_getBlockByHash", json!([hashes[0], true]))];
    for height in 0..=4 {
        let height = format!("{height:#x}");
        calls.push(("eth_getBlockByNumber", json!([height, true])));
        for account in [from, TO] {
            calls.push(("eth_getBalance", json!([account, height])));
            calls.push(("eth_getTransactionCount", json!([account, height])));
        }
    }
    calls.extend(hashes.iter().skip(1).map(|hash| ("eth_getTransactionReceipt", json!([hash]))));
    calls.into_iter().map(|(method, params)| client.request(method, params)).collect()
}

/// A chain whose columns all hold something in tables on the disk, and what a client can read of it: its answers, and
/// the hashes to ask for.
fn chain(data: &Path) -> Result<(Answers, Vec<Value>)> {
    let from = Wallet::local(0)?;
    let dev = Dev::start(Some(data))?;
    let mut client = dev.client()?;
    let mut hashes = Vec::new();
    // Sets slot 0 to its caller, in a contract that keeps doing so: CALLER PUSH0 SSTORE.
    let create = Draft::create(0, vec![0x33, 0x5f, 0x55, 0x62, 0x33, 0x5f, 0x55, 0x5f, 0x52, 0x60, 3, 0x60, 29, 0xf3]);
    for signed in [
        from.sign(&create)?,
        from.sign(&Draft::transfer(1, TO, 5))?,
        from.sign(&Draft::call(2, from.address.create(0), vec![1; 40]))?,
        from.sign(&Draft::transfer(3, TO, 6))?,
    ] {
        client.submit(&signed)?;
        hashes.push(json!(signed.hash));
    }
    let block = client.call("eth_getBlockByNumber", json!(["0x2", false]))?;
    hashes.insert(0, block["hash"].clone());
    let answers = everything(&mut client, &hashes)?;
    ensure!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    // Opening once more moves everything from the log into tables.
    let dev = Dev::start(Some(data))?;
    assert_eq!(everything(&mut dev.client()?, &hashes)?, answers);
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    Ok((answers, hashes))
}

/// One byte of every table is turned over, one table at a time: the start says so, or the first read of it.
#[test]
fn process_disk_flipped_bytes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let whole = folder.path().join("whole");
    let (expected, hashes) = chain(&whole)?;
    let tables = folder::files(&whole, "sst")?;
    ensure!(tables.len() >= 10, "{} tables", tables.len());
    let (mut at_start, mut at_read, mut at_audit) = (0, 0, 0);
    for table in &tables {
        let data = folder.path().join("copy");
        folder::copy(&whole, &data)?;
        let name = table.file_name().context("a name")?;
        folder::flip(&data.join(name), 20)?;
        match Dev::start(Some(&data)) {
            Err(_) => {
                refused(&data)?;
                at_start += 1;
            }
            Ok(dev) => {
                let mut wrong = 0;
                for (got, expected) in everything(&mut dev.client()?, &hashes)?.into_iter().zip(&expected) {
                    if got != *expected {
                        assert_eq!(got, Err(Refusal { code: -32_603, message: "internal error".to_owned() }));
                        wrong += 1;
                    }
                }
                if wrong > 0 {
                    dev.running
                        .complaint("restore the data folder from a backup, or delete it and sync again", STOP_MAX)?;
                    at_read += 1;
                }
                assert_eq!(dev.stop("TERM")?.code(), Some(0));
                let audited = folder::check(&data).err().context("a flipped byte was not found")?;
                ensure!(audited.to_string().contains(&data.display().to_string()), "{audited}");
                at_audit += usize::from(wrong == 0);
            }
        }
        std::fs::remove_dir_all(&data)?;
    }
    println!(
        "{} tables: found at the start {at_start}, by a read {at_read}, only by the audit {at_audit}",
        tables.len()
    );
    assert!(at_start > 0 && at_read > 0);

    for (name, text) in [("CURRENT", "CURRENT"), ("MANIFEST", "MANIFEST")] {
        let data = folder.path().join(name);
        folder::copy(&whole, &data)?;
        let entries = std::fs::read_dir(&data)?.collect::<std::io::Result<Vec<_>>>()?;
        let files = entries.iter().map(std::fs::DirEntry::path);
        let file = files.filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)));
        let file = file.max().context(text)?;
        folder::flip(&file, 10)?;
        refused(&data)?;
        std::fs::remove_file(&file)?;
        let err = refused(&data)?;
        ensure!(err.contains(text), "{err}");
        // Nothing of it was touched: with the file back it opens.
        std::fs::copy(whole.join(file.file_name().context("a name")?), &file)?;
        assert_eq!(folder::check(&data)?.height, 4);
    }
    Ok(())
}

/// One byte of the write-ahead log: the head is an earlier one, whole, and the log says what was left out.
#[test]
fn process_disk_flipped_byte_of_the_log() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let from = Wallet::local(0)?;
    let dev = Dev::start(Some(folder.path()))?;
    let mut client = dev.client()?;
    for _ in 0..10 {
        client.pay(&from, TO, 1)?;
    }
    dev.running.kill()?;
    let log = folder::files(folder.path(), "log")?.pop().context("a log")?;
    let length = usize::try_from(std::fs::metadata(&log)?.len())?;
    folder::flip(&log, length / 2)?;
    let dev = Dev::start_with(Some(folder.path()), &["--block-time", "1h"])?;
    let mut client = dev.client()?;
    let height = client.height()?;
    println!("10 blocks, the middle of the log is flipped: height {height}");
    assert!(height < 10);
    assert_eq!(client.nonce(from.address)?, height);
    dev.running.complaint("the end of the write-ahead log cannot be read and is left out", STOP_MAX)?;
    assert_eq!(dev.stop("TERM")?.code(), Some(0));
    // The transactions of the blocks that are gone wait, and are mined again.
    let dev = Dev::start(Some(folder.path()))?;
    let mut client = dev.client()?;
    settle(&mut client, &from)?;
    assert_eq!(client.nonce(from.address)?, 10);
    client.pay(&from, TO, 1)?;
    assert_eq!(client.call("eth_getBalance", json!([TO, "latest"]))?, "0xb");
    let ended = dev.stop("TERM")?;
    assert_eq!(ended.code(), Some(0), "{}", ended.err);
    let report = folder::check(folder.path())?;
    assert!(report.height > height && report.transactions == 11, "{report:?}");
    Ok(())
}

/// A start that fails with one line that names the folder and says what to do.
fn refused(data: &Path) -> Result<String> {
    let ended = Dev::refused(Some(data))?;
    assert_eq!((ended.code(), ended.err.lines().count()), (Some(1), 1), "{}", ended.err);
    let name = data.display().to_string();
    let hint = "restore the data folder from a backup, or delete it and sync again";
    ensure!(ended.err.contains(&name) && ended.err.contains(hint), "{}", ended.err);
    Ok(ended.err)
}

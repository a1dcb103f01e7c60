//! Recorded JSON-RPC answers of the Go node, asked again: none differs that is not meant to.

use clap::Parser;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pars_vm::command::{Command, Options, Replay};
use pars_vm::replay::answers::intended::TABLE;
use pars_vm::replay::answers::{self, Tally};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const FILES: [&str; 2] = ["forks-21.json.gz", "granite-precompiles-21.json.gz"];

#[test]
fn recorded_answers() {
    assert_eq!(ask(&FILES.map(recorded)), ExitCode::SUCCESS);
}

/// A row that nothing needs any more would hide a difference that comes back.
#[test]
fn every_row_is_needed() {
    let files = FILES.map(recorded);
    let options = options(&files);
    let mut sum = Tally::default();
    for file in &files {
        sum.add(answers::run(file, &options).expect("checked in"));
    }
    assert!(sum.is_clean());
    assert_eq!(sum.unneeded().map(|row| (row.method, row.what)).collect::<Vec<_>>(), []);
}

/// A changed answer is found: a balance, a code of an error, texts that clients look for, and what stands beside something
/// that is meant to differ.
#[test]
fn a_changed_answer_is_found() {
    let mut text = String::new();
    let file = File::open(recorded(FILES[0])).expect("checked in");
    GzDecoder::new(file).read_to_string(&mut text).expect("gzipped JSON");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (from, to) in [
        (r#""result":"0x17f5""#, r#""result":"0x17f6""#),
        (r#""code":3,"#, r#""code":-32000,"#),
        (r#""message":"already known""#, r#""message":"nonce too low""#),
        (r#""message":"invalid sender""#, r#""message":"insufficient funds for gas * price + value""#),
        (r#"\"jsonrpc\":\"2.0\""#, r#"\"jsonrpc\":\"1.0\""#),
        (r#"{"pending":"0x0","queued":"0x5"}"#, r#"{"pending":"0x7","queued":"0x5"}"#),
        (r#"{"oldestBlock":"0x0","gasUsedRatio":null}"#, r#"{"oldestBlock":"0x9","gasUsedRatio":null}"#),
        (r#""nonce":"0xffffffffffffffff""#, r#""nonce":"0xfffffffffffffffe""#),
        (r#""message":"historical proof query not allowed: block number or hash not provided""#, r#""message":"no""#),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from} is in the file");
        let path = folder.path().join("changed.json.gz");
        let mut out = GzEncoder::new(File::create(&path).expect("writable"), Compression::fast());
        out.write_all(changed.as_bytes()).and_then(|()| out.finish().map(drop)).expect("written");
        assert_eq!(ask(&[path]), ExitCode::FAILURE, "{from} became {to}");
    }
}

#[test]
fn the_readme_shows_every_intended_difference() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("there");
    for row in TABLE {
        let method = if row.method == "*" { "all".to_owned() } else { format!("`{}`", row.method) };
        let line = format!("| {method} | {} | {} |", row.what, row.why);
        assert!(readme.contains(&line), "README.md lacks:\n{line}");
    }
}

#[test]
fn the_readme_names_every_method() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("there");
    let start = readme.find("**JSON-RPC** has these methods:").expect("the list");
    let list = readme[start..].split("\n\n").next().expect("a paragraph");
    let named: Vec<&str> = list.split('`').filter(|word| word.contains('_') && !word.ends_with('_')).collect();
    let built: Vec<&str> = pars_vm::rpc::table::TABLE.iter().map(|method| method.name).collect();
    assert_eq!(named, built);
}

fn ask(files: &[PathBuf]) -> ExitCode {
    pars_vm::replay::run(&options(files)).expect("standard output is open")
}

fn options(files: &[PathBuf]) -> Replay {
    let files = files.iter().map(|file| file.to_str().expect("names are ASCII"));
    let options = Options::parse_from(["pars-vm", "replay", "--answers"].into_iter().chain(files));
    let Some(Command::Replay(options)) = options.command else { panic!("{options:?}") };
    options
}

fn recorded(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/rpc-subnet-evm").join(name)
}

//! Rules of the repository that no compiler and no lint checks.
//!
//! `cargo xtask tidy` prints every offence as `path:line: what`; the test at the bottom finds the same ones. Rules on
//! packages compare [`PACKAGES`] with `cargo metadata`; rules on files read every file that git tracks or would track.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Offence {
    /// Path from the root, or the package.
    place: String,
    /// Line, from 1; 0 for the whole file.
    line: usize,
    /// What is wrong.
    what: String,
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.place, self.what),
            line => write!(f, "{}:{line}: {}", self.place, self.what),
        }
    }
}

/// A package and what it may know.
#[derive(Debug)]
struct Package {
    name: &'static str,
    folder: &'static str,
    /// Our packages that it may depend on.
    ours: &'static [&'static str],
    /// Crates that must not be among its normal dependencies, at any depth. A name that ends in `*` stands for all
    /// names that begin so.
    without: &'static [&'static str],
    /// The same input gives the same result: no clock, environment, files or sockets.
    core: bool,
}

/// Who may depend on whom. An arrow that is not here does not exist.
const PACKAGES: &[Package] = &[
    Package {
        name: "pars-proto",
        folder: "proto",
        ours: &[],
        without: &["revm*", "rocksdb", "librocksdb-sys"],
        core: false,
    },
    Package { name: "pars-crypto", folder: "crypto", ours: &[], without: NO_EVM_AT_ALL, core: true },
    Package { name: "pars-precompiles", folder: "precompiles", ours: &["pars-crypto"], without: NO_REVM, core: true },
    Package { name: "pars-genesis", folder: "genesis", ours: &["pars-precompiles"], without: NO_REVM, core: true },
    Package {
        name: "pars-chain",
        folder: "vm/chain",
        ours: &["pars-crypto", "pars-genesis", "pars-precompiles"],
        without: NO_IO,
        core: true,
    },
    Package { name: "pars-host", folder: "vm/host", ours: &["pars-proto"], without: NO_EVM, core: false },
    Package { name: "pars-overlay", folder: "vm/overlay", ours: &["pars-host"], without: NO_EVM, core: false },
    Package {
        name: "pars-vm",
        folder: "vm",
        ours: &["pars-chain", "pars-genesis", "pars-host", "pars-overlay", "pars-precompiles", "pars-proto"],
        without: OPENSSL,
        core: false,
    },
    Package {
        name: "pars-tests",
        folder: "tests",
        ours: &[
            "pars-chain",
            "pars-crypto",
            "pars-genesis",
            "pars-host",
            "pars-overlay",
            "pars-precompiles",
            "pars-proto",
            "pars-vm",
        ],
        without: OPENSSL,
        core: false,
    },
    Package { name: "pars-fuzz", folder: FUZZ, ours: &[], without: NO_DISK, core: false },
    Package { name: "xtask", folder: "scripts/xtask", ours: &["pars-precompiles"], without: NO_EVM, core: false },
];

/// Workspace of the fuzz targets. Our packages are foreign to it, so its row says whom it may not know.
const FUZZ: &str = "tests/fuzz";

const OPENSSL: &[&str] = &["openssl", "openssl-sys"];
const NO_IO: &[&str] = &["tokio", "tonic", "hyper", "rocksdb", "librocksdb-sys", "mio"];
const NO_REVM: &[&str] = &["tokio", "tonic", "hyper", "rocksdb", "librocksdb-sys", "mio", "revm*"];
const NO_DISK: &[&str] = &["rocksdb", "librocksdb-sys"];
const NO_EVM_AT_ALL: &[&str] = &["tokio", "mio", "revm*", "alloy-*", "rocksdb", "librocksdb-sys"];
const NO_EVM: &[&str] = &["revm*", "alloy-consensus", "alloy-trie", "rocksdb", "librocksdb-sys"];

/// Names that say nothing about the noun inside.
const EMPTY_NAMES: &[&str] = &["mod.rs", "utils.rs", "util.rs", "helpers.rs", "common.rs", "misc.rs"];

/// Largest file, with the folders that may hold larger ones. A clone should stay small; what is larger is made or
/// fetched by whoever needs it.
const FILE_BYTES_MAX: u64 = 512 << 10;
const LARGER: &[(&str, u64)] = &[
    ("tests/vectors/", 24 << 20),
    ("vm/chain/vectors/", 8 << 20),
    ("precompiles/vectors/", 4 << 20),
    ("crypto/tests/vectors/", 4 << 20),
    ("proto/src/generated/", 2 << 20),
];

/// Folders whose files may be executable.
const EXECUTABLE: &[&str] = &["scripts/", ".ci/"];

/// Folders with data of others: no rule on text holds there.
const DATA: &[&str] = &[
    "tests/vectors/",
    "crypto/tests/vectors/",
    "tests/fuzz/seeds/",
    "vm/chain/vectors/",
    "precompiles/vectors/",
    "genesis/vectors/",
];

/// Beginnings of absolute paths that exist on one machine only. Split, so that this file passes.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];

/// Marks of unfinished work. Split, so that this file passes.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];

/// What a core must not use of the standard library. `time::Duration` is a number and is allowed.
const CORE_WITHOUT: &[&str] = &["env", "fs", "net", "process", "time"];

/// Checks the repository.
///
/// # Errors
/// Names every offence, one a line; or says why git, cargo or a file could not be read.
pub(crate) fn run(root: &Path) -> Result<()> {
    let offences = check(root)?;
    let lines: Vec<String> = offences.iter().map(ToString::to_string).collect();
    ensure!(lines.is_empty(), "the repository is not tidy\n{}", lines.join("\n"));
    Ok(())
}

/// All offences in the repository.
fn check(root: &Path) -> Result<Vec<Offence>> {
    let shipped = metadata(root)?;
    let fuzzed = metadata(&root.join(FUZZ)).context("scripts/lint --fix writes its Cargo.lock")?;
    let place = root.to_str().context("the path of the repository is not UTF-8")?;
    let mut offences = packages(place, &shipped)?;
    offences.extend(packages(place, &fuzzed)?);
    offences.extend(versions(&shipped, &fuzzed));
    for path in tracked(root)? {
        file(root, &path, &mut offences).with_context(|| format!("reading {path}"))?;
    }
    let licence = fs::read_to_string(root.join("LICENSE")).context("reading LICENSE")?;
    if !licence.starts_with("MIT License\n") {
        offences.push(Offence { place: "LICENSE".into(), line: 1, what: "is not the MIT licence".into() });
    }
    Ok(offences)
}

/// The output of `cargo metadata` in the workspace of a folder.
fn metadata(folder: &Path) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(folder)
        .output()
        .context("running cargo metadata")?;
    ensure!(out.status.success(), "cargo metadata in {}: {}", folder.display(), String::from_utf8_lossy(&out.stderr));
    Ok(serde_json::from_slice(&out.stdout)?)
}

/// Paths that git tracks, or would if they were added.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let out = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("running git")?;
    ensure!(out.status.success(), "git ls-files: {}", String::from_utf8_lossy(&out.stderr));
    let all = String::from_utf8(out.stdout).context("a path is not UTF-8")?;
    // A file that was deleted but is still in the index has nothing to check.
    Ok(all.split_terminator('\0').filter(|p| root.join(p).is_file()).map(Into::into).collect())
}

/// Rules on the packages of a workspace. `root` is the folder of the repository.
fn packages(root: &str, metadata: &Value) -> Result<Vec<Offence>> {
    let graph = Graph::read(root, metadata)?;
    let mut offences = Vec::new();
    let mut offend = |place: &str, what: String| offences.push(Offence { place: place.into(), line: 0, what });
    for id in &graph.members {
        let node = graph.node(id)?;
        let Some(row) = PACKAGES.iter().find(|p| p.name == node.name) else {
            offend(&node.name, "has no row in PACKAGES of scripts/xtask/src/tidy.rs".into());
            continue;
        };
        if node.folder != row.folder {
            offend(row.name, format!("lies in {}, its row says {}", node.folder, row.folder));
        }
        if node.licence != "MIT" {
            offend(row.name, format!("has licence {:?}, all of ours have MIT", node.licence));
        }
        if !node.unpublished {
            offend(row.name, "could be published: set publish = false".into());
        }
        for dependency in &node.all {
            let dependency = graph.node(dependency)?;
            if dependency.ours && !row.ours.contains(&dependency.name.as_str()) {
                offend(row.name, format!("must not depend on {}", dependency.name));
            }
        }
        for (name, path) in graph.reachable(id)? {
            if row.without.iter().any(|w| matches(w, &name)) {
                offend(row.name, format!("must not have {name} among its dependencies, it comes by {path}"));
            }
        }
    }
    Ok(offences)
}

/// What is fuzzed is what ships: a crate that both workspaces have has one version.
fn versions(shipped: &Value, fuzzed: &Value) -> Vec<Offence> {
    let of = |metadata: &Value| -> BTreeSet<(String, String)> {
        list(&metadata["packages"]).filter_map(|p| Some((text(&p["name"])?, text(&p["version"])?))).collect()
    };
    let shipped = of(shipped);
    let differs = |(name, version): &(String, String)| {
        shipped.iter().any(|(other, _)| other == name) && !shipped.contains(&(name.clone(), version.clone()))
    };
    let offence = |(name, version)| Offence {
        place: format!("{FUZZ}/Cargo.lock"),
        line: 0,
        what: format!("has {name} {version}, Cargo.lock another: copy that file over it, then scripts/lint --fix"),
    };
    of(fuzzed).into_iter().filter(differs).map(offence).collect()
}

/// True if the name is the pattern, or begins with what stands before its `*`.
fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

/// The dependency graph.
struct Graph {
    members: BTreeSet<String>,
    nodes: BTreeMap<String, Node>,
}

/// One package in it.
struct Node {
    name: String,
    licence: String,
    folder: String,
    unpublished: bool,
    ours: bool,
    /// Ids of all dependencies, for tests and building too.
    all: Vec<String>,
    /// Ids of normal dependencies.
    normal: Vec<String>,
}

impl Graph {
    fn read(root: &str, metadata: &Value) -> Result<Self> {
        let members: BTreeSet<String> = list(&metadata["workspace_members"]).filter_map(text).collect();
        let mut nodes = BTreeMap::new();
        for package in list(&metadata["packages"]) {
            let id = text(&package["id"]).context("a package has no id")?;
            let manifest = text(&package["manifest_path"]).unwrap_or_default();
            let folder =
                manifest.strip_prefix(root).unwrap_or(&manifest).trim_end_matches("Cargo.toml").trim_matches('/');
            let node = Node {
                name: text(&package["name"]).context("a package has no name")?,
                licence: text(&package["license"]).unwrap_or_default(),
                folder: folder.into(),
                unpublished: package["publish"].as_array().is_some_and(Vec::is_empty),
                ours: members.contains(&id),
                all: Vec::new(),
                normal: Vec::new(),
            };
            nodes.insert(id, node);
        }
        for resolved in list(&metadata["resolve"]["nodes"]) {
            let id = text(&resolved["id"]).unwrap_or_default();
            let node = nodes.get_mut(&id).with_context(|| format!("{id} is resolved but no package"))?;
            for dependency in list(&resolved["deps"]) {
                let to = text(&dependency["pkg"]).context("a dependency has no package")?;
                if list(&dependency["dep_kinds"]).any(|k| k["kind"].is_null()) {
                    node.normal.push(to.clone());
                }
                node.all.push(to);
            }
        }
        Ok(Self { members, nodes })
    }

    fn node(&self, id: &str) -> Result<&Node> {
        self.nodes.get(id).with_context(|| format!("cargo metadata has no package {id}"))
    }

    /// Names of the normal dependencies at any depth, each with one way that leads to it.
    fn reachable(&self, from: &str) -> Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut open = vec![(from.to_owned(), String::new())];
        while let Some((id, path)) = open.pop() {
            for next in &self.node(&id)?.normal {
                if seen.insert(next.clone()) {
                    let name = &self.node(next)?.name;
                    let path = if path.is_empty() { name.clone() } else { format!("{path} > {name}") };
                    found.insert(name.clone(), path.clone());
                    open.push((next.clone(), path));
                }
            }
        }
        Ok(found)
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(Into::into)
}

/// Rules on one file.
fn file(root: &Path, path: &str, offences: &mut Vec<Offence>) -> Result<()> {
    let full = root.join(path);
    let about = fs::symlink_metadata(&full)?;
    offences.extend(shape(path, about.len(), about.permissions().mode() & 0o111 != 0, about.is_symlink()));
    if DATA.iter().any(|d| path.starts_with(d)) || about.is_symlink() {
        return Ok(());
    }
    let Ok(content) = String::from_utf8(fs::read(&full)?) else {
        return Ok(());
    };
    offences.extend(words(path, &content));
    if PACKAGES.iter().any(|p| p.core && path.starts_with(&format!("{}/src/", p.folder))) {
        offences.extend(core(path, &content));
    }
    if path.ends_with(".md") {
        offences.extend(links(root, path, &content));
    }
    Ok(())
}

/// Rules on name, size and mode.
fn shape(path: &str, bytes: u64, executable: bool, symlink: bool) -> Vec<Offence> {
    let mut offences = Vec::new();
    let mut offend = |what: String| offences.push(Offence { place: path.into(), line: 0, what });
    let name = path.rsplit('/').next().unwrap_or(path);
    if EMPTY_NAMES.contains(&name) {
        offend("name the file after the noun inside".into());
    }
    let max = LARGER.iter().find(|(folder, _)| path.starts_with(folder)).map_or(FILE_BYTES_MAX, |(_, max)| *max);
    if bytes > max {
        offend(format!("has {bytes} bytes, at most {max} are allowed here"));
    }
    if executable && !symlink && !EXECUTABLE.iter().any(|e| path.starts_with(e)) {
        offend("is executable: only scripts are".into());
    }
    offences
}

/// Rules on text.
fn words(path: &str, content: &str) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (line, text) in (1..).zip(content.lines()) {
        let mut offend = |what: String| offences.push(Offence { place: path.into(), line, what });
        for start in MACHINE_PATHS {
            if text.match_indices(start).any(|(at, _)| begins_path(text, at)) {
                offend(format!("an absolute path of one machine: {start}…"));
            }
        }
        for mark in UNFINISHED {
            for (at, _) in text.match_indices(mark) {
                let rest = &text[at + mark.len()..];
                let alone = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                    && !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                if alone && !has_issue(rest) {
                    offend(format!("{mark} without an issue: write {mark}(#1) or do it"));
                }
            }
        }
    }
    offences
}

/// False where the path goes on before the match, as in `$HOME` or an address on the web.
fn begins_path(text: &str, at: usize) -> bool {
    !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "._-~}/".contains(c))
}

/// True for `(#` with a number.
fn has_issue(rest: &str) -> bool {
    rest.strip_prefix("(#").is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
}

/// Rules on the source of a core, its test modules excepted.
fn core(path: &str, content: &str) -> Vec<Offence> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name == "tests.rs" {
        return Vec::new();
    }
    let code = &without_tests(content);
    let mut offences = Vec::new();
    for (at, _) in code.match_indices("std::") {
        let line_start = code[..at].rfind('\n').map_or(0, |n| n + 1);
        if code[line_start..at].contains("//") {
            continue;
        }
        for module in modules(&code[at + "std::".len()..]) {
            if CORE_WITHOUT.contains(&module.split(':').next().unwrap_or_default()) && module != "time::Duration" {
                let line = code[..at].matches('\n').count() + 1;
                offences.push(Offence { place: path.into(), line, what: format!("a core must not use std::{module}") });
            }
        }
    }
    offences
}

/// The source with its test modules emptied; lines keep their numbers. A module ends at the first `}` that begins a line.
fn without_tests(content: &str) -> String {
    let mut code = String::new();
    let mut tests = false;
    let mut previous = "";
    for line in content.lines() {
        tests = tests || (previous == "#[cfg(test)]" && line.starts_with("mod ") && !line.ends_with(';'));
        if !tests {
            code.push_str(line);
        }
        tests = tests && !line.starts_with('}');
        code.push('\n');
        previous = line;
    }
    code
}

/// What a path after `std::` names: itself, or every entry of its group.
fn modules(path: &str) -> Vec<String> {
    let word =
        |s: &str| s.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == ':').collect::<String>();
    if !path.starts_with('{') {
        return vec![word(path)];
    }
    let mut depth = 0_usize;
    let mut entries = vec![String::new()];
    for c in path.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if c == ',' && depth == 1 {
            entries.push(String::new());
        } else if let Some(entry) = entries.last_mut() {
            entry.push(c);
        }
    }
    entries.iter().map(|e| word(e.trim_start_matches('{').trim())).collect()
}

/// Links of a document to files that do not exist.
fn links(root: &Path, path: &str, content: &str) -> Vec<Offence> {
    let folder = Path::new(path).parent().unwrap_or_else(|| Path::new(""));
    let mut offences = Vec::new();
    for (line, text) in (1..).zip(content.lines()) {
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#', ' ']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !root.join(folder).join(target).exists() {
                offences.push(Offence {
                    place: path.into(),
                    line,
                    what: format!("links to {target}, which does not exist"),
                });
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_repository_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("xtask lies in scripts/xtask");
        run(root).unwrap_or_else(|offences| panic!("{offences:#}"));
    }

    /// A workspace of pars-chain, which depends on `first`, which depends on `second` with the given kind.
    fn workspace(first: &str, second: &str, kind: Value, licence: &str) -> Value {
        let package = |name: &str, licence: &str| json!({"id": name, "name": name, "license": licence, "publish": [], "manifest_path": "/r/vm/chain/Cargo.toml"});
        json!({
            "workspace_members": ["pars-chain"],
            "packages": [package("pars-chain", licence), package(first, "MIT"), package(second, "MIT")],
            "resolve": {"nodes": [
                {"id": "pars-chain", "deps": [{"pkg": first, "dep_kinds": [{"kind": null}]}]},
                {"id": first, "deps": [{"pkg": second, "dep_kinds": [{"kind": kind}]}]},
                {"id": second, "deps": []},
            ]},
        })
    }

    fn found(offences: &[Offence]) -> Vec<String> {
        offences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_forbidden_crate_is_found_at_any_depth_with_its_way() {
        let offences = packages("/r", &workspace("revm", "tokio", Value::Null, "MIT")).expect("complete");
        assert_eq!(
            found(&offences),
            ["pars-chain: must not have tokio among its dependencies, it comes by revm > tokio"]
        );
        let offences = packages("/r", &workspace("revm", "tokio", json!("dev"), "MIT")).expect("complete");
        assert_eq!(offences, []);
    }

    #[test]
    fn arrows_turn_back_licences_and_folders_differ() {
        let mut wrong = workspace("pars-host", "prost", Value::Null, "GPL-3.0");
        wrong["workspace_members"] = json!(["pars-chain", "pars-host"]);
        assert_eq!(
            found(&packages("/r", &wrong).expect("complete")),
            [
                "pars-chain: has licence \"GPL-3.0\", all of ours have MIT",
                "pars-chain: must not depend on pars-host",
                "pars-host: lies in vm/chain, its row says vm/host",
            ]
        );
        let unknown = workspace("a", "b", Value::Null, "MIT").to_string().replace("pars-chain", "pars-new");
        let offences = packages("/r", &serde_json::from_str(&unknown).expect("JSON")).expect("complete");
        assert_eq!(found(&offences), ["pars-new: has no row in PACKAGES of scripts/xtask/src/tidy.rs"]);
    }

    #[test]
    fn what_is_fuzzed_is_what_ships() {
        let crates = |crates: &[(&str, &str)]| {
            let packages: Vec<Value> =
                crates.iter().map(|(name, version)| json!({"name": name, "version": version})).collect();
            json!({ "packages": packages })
        };
        let shipped = crates(&[("revm", "43.0.3"), ("sha2", "0.10.9"), ("sha2", "0.11.0")]);
        let fuzzed = crates(&[("revm", "43.0.4"), ("sha2", "0.10.9"), ("libfuzzer-sys", "0.4.13")]);
        assert_eq!(
            found(&versions(&shipped, &fuzzed)),
            [
                "tests/fuzz/Cargo.lock: has revm 43.0.4, Cargo.lock another: copy that file over it, then scripts/lint --fix"
            ]
        );
    }

    #[test]
    fn names_sizes_and_modes() {
        let what = |path: &str, bytes, executable| found(&shape(path, bytes, executable, false));
        assert_eq!(what("vm/src/utils.rs", 1, false), ["vm/src/utils.rs: name the file after the noun inside"]);
        assert_eq!(what("a/b.bin", 524_289, false), ["a/b.bin: has 524289 bytes, at most 524288 are allowed here"]);
        assert_eq!(what("tests/vectors/b.bin", 524_289, false), [""; 0]);
        assert_eq!(what("vm/src/main.rs", 1, true), ["vm/src/main.rs: is executable: only scripts are"]);
        assert_eq!(what("scripts/test", 1, true), [""; 0]);
    }

    #[test]
    fn paths_of_a_machine_and_unfinished_work() {
        let [work, root, ..] = MACHINE_PATHS else { panic!("at least two") };
        assert_eq!(words("a", &format!("one\nsee {work}x")).len(), 1);
        assert_eq!(words("a", &format!("\"{root}x\"")).len(), 1);
        assert_eq!(words("a", &format!("https://example.org{root}x and frame{work}")).len(), 0);
        let mark = UNFINISHED[0];
        assert_eq!(
            found(&words("a", &format!("// {mark}: later"))),
            [format!("a:1: {mark} without an issue: write {mark}(#1) or do it")]
        );
        assert_eq!(words("a", &format!("// {mark}(#12): later and {mark}S")), []);
    }

    #[test]
    fn cores_use_no_clock_files_or_environment() {
        let lines = |code: &str| core("a.rs", code).into_iter().map(|o| o.what).collect::<Vec<_>>();
        assert_eq!(lines("use std::time::Instant;"), ["a core must not use std::time::Instant"]);
        assert_eq!(lines("use std::{fmt, fs::{self, File}, sync::Arc};"), ["a core must not use std::fs::"]);
        assert_eq!(lines("let x = std::env::var(\"A\");"), ["a core must not use std::env::var"]);
        assert_eq!(lines("use std::time::Duration; // std::fs\nuse std::collections::BTreeMap;"), [""; 0]);
        let tests = "fn a() {}\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(lines(tests), [""; 0]);
        assert_eq!(
            found(&core("a.rs", &format!("{tests}use std::net::IpAddr;\n"))),
            ["a.rs:6: a core must not use std::net::IpAddr"]
        );
    }

    #[test]
    fn links_lead_somewhere() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(links(root, "a.md", "[x](src/main.rs#top) [y](https://example.org) [z](#here)"), []);
        assert_eq!(
            found(&links(root, "src/a.md", "\n[x](main.rs) [y](gone.rs)")),
            ["src/a.md:2: links to gone.rs, which does not exist"]
        );
    }
}

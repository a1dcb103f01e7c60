//! Backups: a copy of a store that is whole, with a manifest that says what it must hold; and the way back.
//!
//! A copy is made beside its final name and renamed when everything of it is on the disk, so a folder with its final name
//! is a whole one. Submitted transactions that wait in the pool are not part of it.

use crate::folder::{check_no_rebuild, clear, holder, is_free, parent, sync};
use crate::store::rocks::Rocks;
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use pars_chain::error::Fatal;
use pars_chain::state::meta::{self, FORMAT, Head};
use pars_chain::store::{Checkpoint, Column, Read, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Backups that may lie beside a store. Each keeps the tables of its time on the disk.
pub const BACKUPS_MAX: usize = 16;
/// Letters of a backup's name.
pub const NAME_MAX: usize = 64;
/// File beside the store's own that says what a backup holds.
pub(crate) const MANIFEST: &str = "pars-backup.json";
/// Bytes of that file: a name and a size for each file of a store.
const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// Layout of the manifest.
const VERSION: u32 = 1;
/// Ending of a folder that is not whole yet.
const PART: &str = "part";
/// File that is the first in such a folder, and by which the next run knows it.
const MARK: &str = "pars-part";
/// The store in such a folder.
const STORE: &str = "store";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Layout of the manifest.
    pub version: u32,
    /// Layout of the store.
    pub format: u32,
    /// Height of the last accepted block.
    pub height: u64,
    /// Its id.
    pub head: String,
    /// Id of the first block.
    pub genesis: String,
    /// Sizes of its files, bytes.
    pub files: BTreeMap<String, u64>,
}

/// Makes a backup of an open store in a folder that is not there yet.
///
/// # Errors
/// Where something is there, or the disk fails.
pub fn take(store: &Rocks, to: &Path) -> Result<Manifest> {
    ensure!(is_free(to)?, "{} is there already: remove it, or choose another name", to.display());
    let to = &whole_name(to)?;
    let part = Part::make(to)?;
    let copy = part.store();
    store.copy_to(&copy)?;
    // Opening proves that it opens, and brings what is in its log into tables.
    let copied = Rocks::open(&copy)?;
    let head = meta::head(&copied)?;
    let genesis = copied.get(Column::Ids, &0_u64.to_be_bytes())?.unwrap_or_default();
    let format = meta::format(&copied)?.context("a store without a format")?;
    drop(copied);
    let manifest = Manifest {
        version: VERSION,
        format,
        height: head.height,
        head: head.id.to_string(),
        genesis: genesis.to_string(),
        files: files(&copy)?,
    };
    let path = copy.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest).context("writing JSON")?;
    fs::write(&path, text).with_context(|| path.display().to_string())?;
    part.settle(to)?;
    Ok(manifest)
}

/// Makes a backup of an open store in the folder `…-backups` beside it.
pub(crate) fn take_beside(store: &Rocks, name: &str) -> Result<Checkpoint, StoreError> {
    let failed = |error: anyhow::Error| match error.downcast::<StoreError>() {
        Ok(error) => error,
        Err(error) => StoreError::Io(format!("{error:#}")),
    };
    let made = || -> Result<Checkpoint> {
        check_name(name)?;
        let folder = beside(store.folder());
        let there = fs::read_dir(&folder).map(Iterator::count).unwrap_or_default();
        ensure!(there < BACKUPS_MAX, "there are {there} backups in {}: remove some", folder.display());
        let to = folder.join(name);
        let manifest = take(store, &to)?;
        let id = manifest.head.parse().context("an id")?;
        let head = Head { height: manifest.height, id: pars_chain::block::BlockId(id) };
        Ok(Checkpoint { place: to.display().to_string(), head })
    };
    made().map_err(failed)
}

/// Whether a folder is a backup.
#[must_use]
pub fn is_one(folder: &Path) -> bool {
    folder.join(MANIFEST).exists()
}

/// The folder of a store's backups.
#[must_use]
pub fn beside(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push("-backups");
    folder.with_file_name(name)
}

/// A name that is a name in every file system, and hides nothing.
///
/// # Errors
/// Says what a name may be.
pub fn check_name(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_plain = name.chars().all(plain) && !name.starts_with('.') && !name.ends_with(&format!(".{PART}"));
    ensure!(
        (1..=NAME_MAX).contains(&name.len()) && is_plain,
        "a backup's name has 1 to {NAME_MAX} letters, digits, `-`, `_` and `.`, and begins with none of the last"
    );
    Ok(())
}

/// Puts a backup where a chain is to be: a folder that is not there, or empty.
///
/// # Errors
/// Where something is there, the backup is not what its manifest says, or the disk fails.
pub fn restore(from: &Path, to: &Path) -> Result<Manifest> {
    let manifest = read(from)?;
    check_no_rebuild(to)?;
    ensure!(
        is_free(to)?,
        "{} is not empty: a backup is put where nothing is; move the folder away first",
        to.display()
    );
    let to = &whole_name(to)?;
    let part = Part::make(to)?;
    let copy = part.store();
    fs::create_dir(&copy).with_context(|| copy.display().to_string())?;
    for name in manifest.files.keys() {
        let (source, target) = (from.join(name), copy.join(name));
        fs::copy(&source, &target).with_context(|| format!("copying {} to {}", source.display(), target.display()))?;
    }
    // So that whoever looks at it first keeps those who write away.
    let lock = copy.join("LOCK");
    holder::make(&lock).with_context(|| lock.display().to_string())?;
    let head = Rocks::open_read_only(&copy).map_err(Fatal::from).and_then(|store| meta::head(&store));
    let head = head.map_err(|error| damaged(from, &copy, &error))?;
    ensure!(
        (head.height, head.id.to_string()) == (manifest.height, manifest.head.clone()),
        "{} holds block {} {}, and its manifest says {} {}",
        from.display(),
        head.height,
        head.id,
        manifest.height,
        manifest.head
    );
    part.settle(to)?;
    Ok(manifest)
}

/// Reads the manifest of a backup and compares the files with it.
fn read(from: &Path) -> Result<Manifest> {
    let path = from.join(MANIFEST);
    let name = || path.display().to_string();
    let about =
        fs::metadata(&path).with_context(|| format!("{} is no backup: {} is missing", from.display(), name()))?;
    ensure!(
        about.len() <= MANIFEST_BYTES_MAX,
        "{} has {} bytes, at most {MANIFEST_BYTES_MAX} are read",
        name(),
        about.len()
    );
    let manifest: Manifest = serde_json::from_slice(&fs::read(&path).with_context(name)?).with_context(name)?;
    ensure!(manifest.version == VERSION, "{}: version {}, this release reads {VERSION}", name(), manifest.version);
    ensure!(manifest.format <= FORMAT, "{}: format {}, this release reads {FORMAT}", name(), manifest.format);
    // Names lead nowhere else.
    if let Some(odd) = manifest.files.keys().find(|file| Path::new(file).file_name() != Some(file.as_ref())) {
        bail!("{}: {odd:?} is no name of a file", name());
    }
    let there = files(from)?;
    for (file, size) in &manifest.files {
        match there.get(file) {
            None => bail!("{} is missing", from.join(file).display()),
            Some(got) if got != size => bail!("{} has {got} bytes, expected {size}", from.join(file).display()),
            Some(_) => {}
        }
    }
    Ok(manifest)
}

/// Sizes of the files of a store.
fn files(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let about = entry.metadata()?;
        // A lock is not content, and the store's own log is written on by whoever opens it.
        if about.is_file() && name != MANIFEST && name != "LOCK" && !name.starts_with("LOG") {
            files.insert(name, about.len());
        }
    }
    Ok(files)
}

/// A backup that does not open. What an error of a chain's folder advises, to restore it, is no help here.
fn damaged(from: &Path, copy: &Path, error: &Fatal) -> anyhow::Error {
    let text = error.to_string();
    let what = text.split_once("; restore the data folder").map_or(text.as_str(), |(what, _)| what);
    let what = what.replace(&copy.display().to_string(), &from.display().to_string());
    if matches!(error, Fatal::Store(StoreError::Corrupt(_)) | Fatal::Corrupt(_)) {
        anyhow!("the backup {} is damaged: {what}; take another backup", from.display())
    } else {
        anyhow!("{what}")
    }
}

/// The path of a folder with its last name in it, which `.` is without.
fn whole_name(path: &Path) -> Result<PathBuf> {
    if path.exists() { path.canonicalize().with_context(|| path.display().to_string()) } else { Ok(path.to_owned()) }
}

/// A folder beside the final name, in which a store is made. It goes when nobody needs it any more.
struct Part(PathBuf);

impl Part {
    /// Makes the folder, where nothing is there but what an interrupted run left.
    fn make(to: &Path) -> Result<Self> {
        let path = to.with_added_extension(PART);
        let name = || path.display().to_string();
        if path.exists() {
            ensure!(
                is_ours(&path).with_context(name)?,
                "{} is there, and no interrupted run left it: move it away",
                name()
            );
            fs::remove_dir_all(&path).with_context(|| format!("removing {}", name()))?;
        }
        fs::create_dir_all(&path).with_context(name)?;
        let part = Self(path);
        let mark = part.0.join(MARK);
        fs::write(&mark, b"").with_context(|| mark.display().to_string())?;
        Ok(part)
    }

    /// Where the store is made.
    fn store(&self) -> PathBuf {
        self.0.join(STORE)
    }

    /// Everything of the store reaches the disk, then its final name.
    fn settle(self, to: &Path) -> Result<()> {
        let store = self.store();
        for entry in fs::read_dir(&store).with_context(|| store.display().to_string())? {
            sync(&entry?.path())?;
        }
        sync(&store)?;
        clear(to)?;
        fs::rename(&store, to).with_context(|| format!("renaming {} to {}", store.display(), to.display()))?;
        sync(parent(to))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // What stays is known by its mark, and removed by the next run.
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A folder of an interrupted run has the mark. One that was interrupted before the mark is empty.
fn is_ours(path: &Path) -> std::io::Result<bool> {
    Ok(path.join(MARK).is_file() || fs::read_dir(path)?.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let long = "a".repeat(NAME_MAX);
        for name in ["a", "2026-11-26", "before_upgrade.1", &long] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", ".hidden", "a/b", "../a", "a b", "a.part", "ü", &format!("{long}a")] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(beside(Path::new("/chain/pars")), Path::new("/chain/pars-backups"));
    }

    #[test]
    fn a_backup_that_is_not_what_its_manifest_says_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("backup"), folder.path().join("chain"));
        fs::create_dir(&from).unwrap();
        fs::write(from.join("a.sst"), b"1234").unwrap();
        let refusal = || restore(&from, &to).unwrap_err().to_string();
        assert!(refusal().contains("is no backup"), "{}", refusal());
        let write = |text: &str| fs::write(from.join(MANIFEST), text).unwrap();
        let with = |files: &str| {
            write(&format!(r#"{{"version":1,"format":1,"height":0,"head":"","genesis":"","files":{{{files}}}}}"#));
        };
        for (files, text) in [
            (r#""a.sst":5"#, "a.sst has 4 bytes, expected 5"),
            (r#""b.sst":5"#, "b.sst is missing"),
            (r#""../a.sst":4"#, "\"../a.sst\" is no name of a file"),
            (r#""/a.sst":4"#, "\"/a.sst\" is no name of a file"),
            (r#""":4"#, "\"\" is no name of a file"),
        ] {
            with(files);
            assert!(refusal().ends_with(text), "{}", refusal());
        }
        write(r#"{"version":2,"format":1,"height":0,"head":"","genesis":"","files":{}}"#);
        assert!(refusal().ends_with("version 2, this release reads 1"), "{}", refusal());
        write(r#"{"version":1,"format":2,"height":0,"head":"","genesis":"","files":{}}"#);
        assert!(refusal().ends_with("format 2, this release reads 1"), "{}", refusal());
        write("{");
        assert!(refusal().contains(MANIFEST));
        assert!(!to.exists());
        with(r#""a.sst":4"#);
        fs::create_dir(&to).unwrap();
        fs::write(to.join("other"), b"").unwrap();
        assert!(refusal().contains("is not empty"), "{}", refusal());
    }
}

//! [`Folder`]: the data folder of a chain that is not running: found, opened, and asked what it was opened with.
//!
//! | file | what lives there |
//! |---|---|
//! | `holder.rs` | which process has it open |
//! | `stored.rs` | what the chain was last opened with |

pub mod holder;
pub mod stored;

use crate::backup;
use crate::folder::holder::Shared;
use crate::rebuild;
use crate::store::rocks::Rocks;
use anyhow::{Context as _, Result, bail, ensure};
use pars_chain::error::Fatal;
use pars_chain::state::format::{self, FormatError, MIGRATIONS};
use pars_chain::state::meta::{self, FORMAT, Head};
use pars_chain::store::{Read, Store};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folder of the store inside the one that a host gives a chain.
pub const IN_HOSTS_FOLDER: &str = "pars";

/// The data folder of a chain that is not running.
#[derive(Debug)]
pub struct Folder {
    /// Where the store is.
    pub path: PathBuf,
    /// The store.
    pub store: Rocks,
}

impl Folder {
    /// Opens the folder of a chain, its own or the one that a host gave it, only to look: nothing in it is written.
    ///
    /// # Errors
    /// Where there is no chain, another process writes it, or its format is not this release's.
    pub fn look(path: &Path) -> Result<Self> {
        let path = locate(path)?;
        let store = Rocks::open_read_only(&path)?;
        Self::read(path, store)
    }

    /// Opens it in the same way, but also where the record of its format is lost or damaged: who checks everything names
    /// that record, and what it was is this release's as far as anybody knows.
    ///
    /// # Errors
    /// Where there is no chain, another process writes it, or its format is not this release's.
    pub fn look_at_damage(path: &Path) -> Result<Self> {
        let path = locate(path)?;
        let store = Rocks::open_read_only(&path)?;
        match meta::format(&store) {
            Err(Fatal::Corrupt(_)) => Ok(Self { path, store }),
            Ok(None) if !format::is_empty(&store)? => Ok(Self { path, store }),
            Ok(_) | Err(_) => Self::read(path, store),
        }
    }

    fn read(path: PathBuf, store: Rocks) -> Result<Self> {
        let stored = format::check(&store, MIGRATIONS).with_context(|| path.display().to_string())?;
        let stored = stored.with_context(|| format!("{} holds no chain: it has no first block", path.display()))?;
        ensure!(
            stored == FORMAT,
            "{} has format {stored}, which starting the node brings up to {FORMAT}; this command only looks",
            path.display()
        );
        Ok(Self { path, store })
    }

    /// Opens the folder of a chain, its own or the one that a host gave it, to change it.
    ///
    /// # Errors
    /// Where there is no chain, another process has it, or its format is not this release's.
    pub fn open(path: &Path) -> Result<Self> {
        let path = locate(path)?;
        let store = Rocks::open(&path)?;
        Self::brought_up(&store).with_context(|| path.display().to_string())?;
        ensure!(meta::format(&store)?.is_some(), "{} holds no chain: it has no first block", path.display());
        Ok(Self { path, store })
    }

    /// Opens it to measure its tables. What its log holds becomes tables first, but a backup stays as it is, and its log holds
    /// nothing.
    ///
    /// # Errors
    /// Where there is no chain, another process has it, or its format is not this release's.
    pub fn measure(path: &Path) -> Result<Self> {
        if backup::is_one(&locate(path)?) { Self::look(path) } else { Self::open(path) }
    }

    /// Opens the folder of a chain, or makes one where there is nothing yet.
    ///
    /// # Errors
    /// Where there is something else, another process has it, or its format is not this release's.
    pub fn open_or_make(path: &Path) -> Result<Self> {
        check_no_rebuild(path)?;
        if is_free(path)? {
            return Ok(Self { path: path.to_owned(), store: Rocks::open(path)? });
        }
        let path = locate(path)?;
        let store = Rocks::open(&path)?;
        Self::brought_up(&store).with_context(|| path.display().to_string())?;
        Ok(Self { path, store })
    }

    fn brought_up(store: &Rocks) -> Result<(), FormatError> {
        format::bring_up(store, MIGRATIONS).map(drop)
    }

    /// A picture of everything in it.
    ///
    /// # Errors
    /// When the store failed.
    pub fn snapshot(&self) -> Result<Arc<dyn Read>> {
        Ok(self.store.snapshot()?)
    }

    /// Last accepted block.
    ///
    /// # Errors
    /// When the store failed, or holds something else.
    pub fn head(&self) -> Result<Head> {
        Ok(meta::head(&self.store)?)
    }
}

/// The folder of the store, where that is this one or the one in it.
fn locate(path: &Path) -> Result<PathBuf> {
    let inner = path.join(IN_HOSTS_FOLDER);
    for folder in [path, &inner] {
        check_no_rebuild(folder)?;
        match folder.join("CURRENT").try_exists() {
            Ok(true) => return Ok(folder.to_owned()),
            Ok(false) => {}
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            // A folder that may not be read is not taken for none.
            Err(error) => return Err(error).with_context(|| folder.display().to_string()),
        }
    }
    // A store that lost that file is not taken for none: opening it says so.
    if fs::read_dir(path).is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| is_table(&entry)))) {
        return Ok(path.to_owned());
    }
    bail!(
        "{} holds no chain: give the folder that `dev --data-dir` had, or `{IN_HOSTS_FOLDER}` in the one of a host's chain",
        path.display()
    )
}

/// Nothing is looked for, and nothing put, where a rebuild was interrupted between its renames: the store lies beside, and the
/// next start of the node puts it in its place and removes what it replaces.
///
/// # Errors
/// Where one was.
pub fn check_no_rebuild(folder: &Path) -> Result<()> {
    ensure!(
        !rebuild::is_between(folder),
        "{} is not there: computing its state anew was interrupted at its end, and both stores lie beside it; start the node, \
         which finishes it",
        folder.display()
    );
    Ok(())
}

fn is_table(entry: &fs::DirEntry) -> bool {
    Path::new(&entry.file_name()).extension().is_some_and(|ending| ending == "sst")
}

/// Nothing is there yet, or what RocksDB leaves where it was ended before there was a store.
///
/// # Errors
/// When the system does not say.
pub fn is_free(path: &Path) -> Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.all(|entry| entry.is_ok_and(|entry| is_leftover(&entry)))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Removes what [`is_free`] passes over.
///
/// # Errors
/// When the disk fails, or another process is making a store there.
pub fn clear(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let _shared = Shared::take(path)?;
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let entry = entry?;
        if is_leftover(&entry) {
            fs::remove_file(entry.path()).with_context(|| entry.path().display().to_string())?;
        }
    }
    Ok(())
}

/// RocksDB makes these before the file `CURRENT`, with which a store begins.
fn is_leftover(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    let known = ["LOCK", "LOG", "IDENTITY"].contains(&name.as_ref())
        || ["LOG.old.", "MANIFEST-"].iter().any(|start| name.starts_with(start))
        || name.ends_with(".dbtmp");
    known && entry.file_type().is_ok_and(|kind| kind.is_file())
}

/// Makes sure that a file's or a folder's name, or contents, outlive a loss of power.
///
/// # Errors
/// When the disk fails.
pub fn sync(path: &Path) -> Result<()> {
    let failed = || format!("syncing {}", path.display());
    fs::File::open(path).with_context(failed)?.sync_all().with_context(failed)
}

/// The folder that a path is in.
#[must_use]
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Bytes of the files in a folder, as the disk counts them.
///
/// # Errors
/// When it cannot be read.
pub fn disk_bytes(path: &Path) -> Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let about = entry?.metadata()?;
        if about.is_file() {
            bytes = bytes.saturating_add(about.len());
        }
    }
    Ok(bytes)
}

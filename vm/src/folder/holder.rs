//! Which process has a store open. The store is locked by a record lock on its file `LOCK`, which the system lists.

use crate::backup;
use crate::store::rocks::locked;
use pars_chain::store::StoreError;
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A process that has a store open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its name, where the system says.
    pub name: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(out, "process {} ({name})", self.pid),
            None => write!(out, "process {}", self.pid),
        }
    }
}

/// The process that has the store in this folder open. None where nobody has, or the system does not say: it lists the
/// processes of the same machine alone.
#[must_use]
pub fn of(folder: &Path) -> Option<Holder> {
    let inode = std::fs::metadata(folder.join("LOCK")).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    let pid = holder_of(&locks, inode)?;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok();
    Some(Holder { pid, name: name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()) })
}

/// Keeps those who write a store away while it is read. Those who read it do not keep each other away.
#[derive(Debug)]
pub struct Shared {
    /// The system takes the lock back when it is closed. None where nobody can open the store for writing.
    _file: Option<File>,
}

impl Shared {
    /// Takes the lock. It needs the right to read alone, and works where nothing can be written. A copy of a store may have
    /// no lock yet: it is made, so that nobody begins to write meanwhile. A backup needs none, as nobody opens it to write.
    ///
    /// # Errors
    /// Where another process writes the store, or the system gives no lock.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("LOCK");
        let failed = |error: &dyn fmt::Display| StoreError::Io(format!("{}: {error}", path.display()));
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound && backup::is_one(folder) => {
                return Ok(Self { _file: None });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => match make(&path) {
                Ok(file) => file,
                Err(error) if is_closed(&error) => return Ok(Self { _file: None }),
                Err(error) => return Err(failed(&error)),
            },
            Err(error) => return Err(failed(&error)),
        };
        match fcntl_lock(&file, FlockOperation::NonBlockingLockShared) {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(Errno::AGAIN | Errno::ACCESS) => Err(locked(folder)),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// Makes the file of a store's lock, or opens the one that another process made meanwhile.
///
/// # Errors
/// Where nothing can be written there.
pub(crate) fn make(path: &Path) -> std::io::Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    // The store's owner has to open it, whoever looked first.
    if let Some(store) = path.parent().and_then(|folder| folder.join("CURRENT").metadata().ok()) {
        drop(std::os::unix::fs::fchown(&file, Some(store.uid()), Some(store.gid())));
    }
    Ok(file)
}

/// Nothing can be written there, so nobody can begin to. Another user may: that one cannot be kept away.
fn is_closed(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied)
}

/// Who holds a file in the system's list: `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`.
fn holder_of(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Who waits for a lock has an arrow in the second field.
        let [_, "POSIX", _, "WRITE" | "READ", pid, file, ..] = fields.as_slice() else { return None };
        let (_, number) = file.rsplit_once(':')?;
        if number.parse() == Ok(inode) { pid.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_in_the_systems_list() {
        let locks = "1: POSIX  ADVISORY  READ  11 08:01:43 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 12 08:01:42 0 EOF\n\
                     3: -> POSIX  ADVISORY  WRITE 13 08:01:42 0 EOF\n\
                     4: POSIX  ADVISORY  WRITE 14 08:01:421 0 EOF\n\
                     5: POSIX  ADVISORY  WRITE 15 08:01:42 0 EOF\n";
        assert_eq!(holder_of(locks, 42), Some(15));
        assert_eq!(holder_of(locks, 421), Some(14));
        assert_eq!(holder_of(locks, 43), Some(11), "a tool that only looks keeps a node away too");
        assert_eq!(holder_of(locks, 4), None);
        assert_eq!(holder_of("garbage\n\n1: POSIX", 4), None);
    }
}

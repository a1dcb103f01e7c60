//! Which process has a store open. The store is locked by a record lock on its file `LOCK`, which the system lists.

use std::fmt;
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

/// Who holds a file in the system's list: `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`.
fn holder_of(locks: &str, inode: u64) -> Option<u32> {
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Who waits for a lock has an arrow in the second field.
        let [_, "POSIX", _, "WRITE", pid, file, ..] = fields.as_slice() else { return None };
        let (_, number) = file.rsplit_once(':')?;
        if number.parse() == Ok(inode) { pid.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_in_the_systems_list() {
        let locks = "1: POSIX  ADVISORY  READ  11 08:01:42 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 12 08:01:42 0 EOF\n\
                     3: -> POSIX  ADVISORY  WRITE 13 08:01:42 0 EOF\n\
                     4: POSIX  ADVISORY  WRITE 14 08:01:421 0 EOF\n\
                     5: POSIX  ADVISORY  WRITE 15 08:01:42 0 EOF\n";
        assert_eq!(holder_of(locks, 42), Some(15));
        assert_eq!(holder_of(locks, 421), Some(14));
        assert_eq!(holder_of(locks, 4), None);
        assert_eq!(holder_of("garbage\n\n1: POSIX", 4), None);
    }
}

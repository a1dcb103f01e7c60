//! What the system says of this process and of its disk.

use rustix::fs::{StatVfsMountFlags, statvfs};
use std::path::Path;

/// The disk that holds a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskRoom {
    /// Bytes that this user may still write.
    pub free: u64,
    /// Nothing can be written at all.
    pub read_only: bool,
}

/// Room on the disk that holds a folder; none where the system does not say.
#[must_use]
pub fn disk_room(folder: &Path) -> Option<DiskRoom> {
    let disk = statvfs(folder).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    Some(DiskRoom { free, read_only: disk.f_flag.contains(StatVfsMountFlags::RDONLY) })
}

/// Bytes of memory that this process has; none where the system does not say.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.saturating_mul(1_024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_answers() {
        let room = disk_room(&std::env::temp_dir()).unwrap();
        assert!(room.free > 0 && !room.read_only, "{room:?}");
        assert_eq!(disk_room(Path::new("/nowhere/at/all")), None);
        let resident = resident_bytes().unwrap();
        assert!((1 << 20..1 << 40).contains(&resident), "{resident}");
    }
}

//! The folders of the chain and of the plugins.

use super::Finding;
use crate::command::progress::bytes;
use crate::command::{Doctor, install};
use crate::folder::{Folder, IN_HOSTS_FOLDER, holder, parent};
use pars_host::Id;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Less room than this is soon none.
const ROOM_MIN_BYTES: u64 = 2_000_000_000;
/// Numbers of file systems that forget, or that do not keep what they say (statfs(2)).
const FILE_SYSTEMS: &[(u64, &str, Kind)] = &[
    (0x0102_1994, "tmpfs", Kind::Forgets),
    (0x8584_58f6, "ramfs", Kind::Forgets),
    (0x6969, "NFS", Kind::Remote),
    (0xff53_4d42, "CIFS", Kind::Remote),
    (0xfe53_4d42, "SMB2", Kind::Remote),
    (0x0102_1997, "9p", Kind::Remote),
    (0x00c3_6400, "Ceph", Kind::Remote),
    (0x6573_5546, "FUSE", Kind::Remote),
    (0xef53, "ext4", Kind::Good),
    (0x5846_5342, "XFS", Kind::Good),
    (0x9123_683e, "Btrfs", Kind::Good),
    (0x2fc1_2fc1, "ZFS", Kind::Good),
];

/// What is known of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Forgets,
    Remote,
}

/// The folder of the store.
fn data(options: &Doctor) -> Option<PathBuf> {
    let given = options.data_dir.as_ref()?;
    let inner = given.join(IN_HOSTS_FOLDER);
    Some(if inner.join("CURRENT").exists() { inner } else { given.clone() })
}

/// The folder, or the nearest one above that is there.
fn there(path: &Path) -> &Path {
    let mut at = path;
    while !at.exists() && parent(at) != at {
        at = parent(at);
    }
    at
}

pub(super) fn permissions(options: &Doctor) -> Option<Finding> {
    let data = data(options)?;
    let folder = there(&data);
    Some(match tempfile::tempfile_in(folder) {
        Ok(_) => Finding::Good(format!("{} can be written", folder.display())),
        Err(error) => Finding::Wrong(
            format!("{} cannot be written: {error}", folder.display()),
            format!("as root: chown -R USER {}, where USER is who runs the host", folder.display()),
        ),
    })
}

pub(super) fn room(options: &Doctor) -> Option<Finding> {
    let data = data(options)?;
    let Ok(about) = rustix::fs::statvfs(there(&data)) else {
        return Some(Finding::Note("the system does not say how much room there is".to_owned()));
    };
    Some(judge_room(about.f_bavail.saturating_mul(about.f_frsize)))
}

fn judge_room(free: u64) -> Finding {
    if free >= ROOM_MIN_BYTES {
        return Finding::Good(format!("{} free", bytes(free)));
    }
    let mend = "free some, or pars-vm prune; a node stops when the disk is full, and goes on when there is room";
    Finding::Wrong(format!("{} free, less than {}", bytes(free), bytes(ROOM_MIN_BYTES)), mend.to_owned())
}

pub(super) fn file_system(options: &Doctor) -> Option<Finding> {
    let data = data(options)?;
    let Ok(about) = rustix::fs::statfs(there(&data)) else {
        return Some(Finding::Note("the system does not say which it is".to_owned()));
    };
    Some(judge_file_system(u64::try_from(about.f_type).unwrap_or_default() & u64::from(u32::MAX)))
}

fn judge_file_system(number: u64) -> Finding {
    match FILE_SYSTEMS.iter().find(|(known, ..)| *known == number) {
        None => Finding::Note(format!("number {number:#x}, which this program does not know")),
        Some((_, name, Kind::Good)) => Finding::Good((*name).to_owned()),
        Some((_, name, Kind::Forgets)) => Finding::Wrong(
            format!("{name}: it is in memory, and gone when the machine starts again"),
            "put the data folder on a disk".to_owned(),
        ),
        Some((_, name, Kind::Remote)) => Finding::Wrong(
            format!("{name}: what is synced there may be lost all the same, and locks may not hold"),
            "put the data folder on a disk of this machine".to_owned(),
        ),
    }
}

pub(super) fn lock(options: &Doctor) -> Option<Finding> {
    let data = data(options)?;
    Some(match holder::of(&data) {
        // A node that runs is no fault.
        Some(holder) => Finding::Note(format!("{} has {} open", holder, data.display())),
        None => Finding::Good(format!("nobody has {} open", data.display())),
    })
}

pub(super) fn format(options: &Doctor) -> Option<Finding> {
    let data = data(options)?;
    if !data.join("CURRENT").exists() || holder::of(&data).is_some() {
        return None;
    }
    Some(match Folder::open(&data).and_then(|folder| folder.head()) {
        Ok(head) => Finding::Good(format!("read by this release; the head is {}", head.height)),
        Err(error) => Finding::Wrong(
            format!("{error:#}"),
            "use the release that it names; where the folder is damaged, pars-vm restore, or delete it and sync again"
                .to_owned(),
        ),
    })
}

pub(super) fn plugins(options: &Doctor) -> Option<Finding> {
    let folder = options.plugin_dir.as_ref()?;
    Some(match judge_plugins(folder) {
        Ok(finding) => finding,
        Err(error) => Finding::Wrong(format!("{error:#}"), "give the host's plugin folder".to_owned()),
    })
}

fn judge_plugins(folder: &Path) -> anyhow::Result<Finding> {
    let strangers = install::strangers(folder)?;
    if let Some(first) = strangers.first() {
        let text = format!("{} files are no plugins, the first is {}", strangers.len(), first.display());
        let mend = "move them into a folder of their own: a host does not start with them".to_owned();
        return Ok(Finding::Wrong(text, mend));
    }
    let mut ours = Vec::new();
    for vm in ["parsevm", "subnetevm"] {
        let path = folder.join(Id::of_vm(vm)?.to_string());
        let Ok(about) = std::fs::metadata(&path) else { continue };
        if about.permissions().mode() & 0o111 == 0 {
            let text = format!("{} is not executable", path.display());
            return Ok(Finding::Wrong(text, format!("chmod 755 {}", path.display())));
        }
        ours.push(vm);
    }
    if ours.is_empty() {
        let text = format!("{} has neither parsevm nor subnetevm", folder.display());
        let mend = format!("pars-vm install --plugin-dir {}", folder.display());
        return Ok(Finding::Wrong(text, mend));
    }
    Ok(Finding::Good(format!("{} in {}", ours.join(" and "), folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_and_file_systems() {
        assert_eq!(judge_room(3_000_000_000), Finding::Good("3.0 GB free".to_owned()));
        assert!(matches!(judge_room(1_000), Finding::Wrong(..)));
        assert_eq!(judge_file_system(0xef53), Finding::Good("ext4".to_owned()));
        for number in [0x0102_1994, 0x6969, 0xff53_4d42] {
            assert!(matches!(judge_file_system(number), Finding::Wrong(..)), "{number:#x}");
        }
        assert!(matches!(judge_file_system(1), Finding::Note(_)));
    }

    #[test]
    fn plugin_folders() {
        let folder = tempfile::tempdir().unwrap();
        let text = |finding: Finding| match finding {
            Finding::Wrong(text, _) | Finding::Good(text) | Finding::Note(text) => text,
        };
        let judged = || text(judge_plugins(folder.path()).unwrap());
        assert!(judged().ends_with("has neither parsevm nor subnetevm"));
        let plugin = folder.path().join(install::file_name("parsevm").unwrap());
        std::fs::write(&plugin, b"").unwrap();
        assert!(judged().ends_with("is not executable"));
        std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::create_dir(folder.path().join("side-files")).unwrap();
        assert!(judged().starts_with("parsevm in "));
        std::fs::write(folder.path().join("pars-vm.old"), b"").unwrap();
        assert!(judged().contains("pars-vm.old"));
    }
}

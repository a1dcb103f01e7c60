//! The folders of the chain and of the plugins.

use super::Finding;
use crate::command::progress::bytes;
use crate::command::{Doctor, install};
use crate::folder::{Folder, IN_HOSTS_FOLDER, check_no_rebuild, holder, parent};
use pars_chain::error::Fatal;
use pars_chain::state::format::FormatError;
use pars_chain::store::StoreError;
use pars_host::{Id, dialect};
use serde_json::Value;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Less room than this is soon none.
const ROOM_MIN_BYTES: u64 = 2_000_000_000;
/// With less room `prune` may not get through.
const ROOM_TO_PRUNE_BYTES: u64 = 256_000_000;
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
        Err(error) => {
            Finding::Wrong(format!("{} cannot be written: {error}", folder.display()), mend_of_io(&error, folder))
        }
    })
}

/// What helps where the system did not let us. Nothing is wrong with what is in the folder then.
fn mend_of_io(error: &std::io::Error, folder: &Path) -> String {
    let (folder, kind) = (folder.display(), error.kind());
    if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        MAKE_ROOM.to_owned()
    } else if kind == ErrorKind::ReadOnlyFilesystem {
        format!("mount it for writing: mount -o remount,rw, at the file system of {folder}")
    } else {
        format!("as root: chown -R USER {folder}, where USER is who runs the host")
    }
}

const MAKE_ROOM: &str = "make room: move other files away, or give the disk more; a node goes on when there is room";

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
    // Pruning writes before it frees.
    let prune = if free >= ROOM_TO_PRUNE_BYTES { "; or pars-vm prune" } else { "" };
    Finding::Wrong(format!("{} free, less than {}", bytes(free), bytes(ROOM_MIN_BYTES)), format!("{MAKE_ROOM}{prune}"))
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
    if let Some(finding) = rebuilt(options, &data) {
        return Some(finding);
    }
    if !data.join("CURRENT").exists() || holder::of(&data).is_some() {
        return None;
    }
    Some(match Folder::look(&data).and_then(|folder| folder.head()) {
        Ok(head) => Finding::Good(format!("read by this release; the head is {}", head.height)),
        Err(error) => Finding::Wrong(format!("{error:#}"), mend_of(&error, &data)),
    })
}

/// A rebuild of the store that was interrupted between its renames. The folder is not there then.
fn rebuilt(options: &Doctor, data: &Path) -> Option<Finding> {
    let inner = options.data_dir.as_ref()?.join(IN_HOSTS_FOLDER);
    let error = [data, &inner].into_iter().find_map(|folder| check_no_rebuild(folder).err())?;
    Some(Finding::Wrong(format!("{error:#}"), "start the node on it; restore nothing there before".to_owned()))
}

/// How to mend what keeps a folder from being opened. Only what is damaged is replaced.
fn mend_of(error: &anyhow::Error, folder: &Path) -> String {
    let fatal = |error: &Fatal| match error {
        Fatal::Store(error) => mend_of_store(error, folder),
        Fatal::Corrupt(_) => REPLACE.to_owned(),
        Fatal::Unsupported(_) | Fatal::Bug(_) | Fatal::Interrupted | _ => LOOK.to_owned(),
    };
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return mend_of_store(error, folder);
    }
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return mend_of_io(error, folder);
    }
    match (error.downcast_ref::<Fatal>(), error.downcast_ref::<FormatError>()) {
        (Some(error), _) | (None, Some(FormatError::Fatal(error))) => fatal(error),
        (None, Some(_)) => "use the release that it names".to_owned(),
        (None, None) => LOOK.to_owned(),
    }
}

fn mend_of_store(error: &StoreError, folder: &Path) -> String {
    match error {
        StoreError::DiskFull(_) => MAKE_ROOM.to_owned(),
        StoreError::Corrupt(_) => REPLACE.to_owned(),
        StoreError::Io(text) if text.contains("Permission denied") => {
            mend_of_io(&ErrorKind::PermissionDenied.into(), folder)
        }
        StoreError::Io(_) | StoreError::Locked { .. } | _ => LOOK.to_owned(),
    }
}

const REPLACE: &str = "pars-vm restore, or delete it and sync again";
const LOOK: &str = "see whether it is the folder of a chain, and whether its disk is whole and can be read (dmesg)";

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
        if !about.is_file() {
            return Ok(Finding::Wrong(format!("{} is no file", path.display()), again(&path, folder, vm)));
        }
        if about.permissions().mode() & 0o111 == 0 {
            let text = format!("{} is not executable", path.display());
            return Ok(Finding::Wrong(text, format!("chmod 755 {}", path.display())));
        }
        if let Err(what) = answers(&path) {
            return Ok(Finding::Wrong(format!("{} {what}", path.display()), again(&path, folder, vm)));
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

fn again(path: &Path, folder: &Path, vm: &str) -> String {
    format!("move {} away, then pars-vm install --plugin-dir {} --name {vm}", path.display(), folder.display())
}

/// The file is this program, of whatever release: it says so itself, as it would to a host. Otherwise what is wrong.
fn answers(path: &Path) -> Result<(), String> {
    let mut command = Command::new(path);
    command.args(["version", "--json"]).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("does not start: {error}"))?;
    let out = child.stdout.take();
    let (send, receive) = mpsc::channel();
    // What it started may keep its output open, so that reading it has no end.
    let read = move || {
        let mut bytes = Vec::new();
        let read = out.map(|out| out.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes));
        drop((send.send(bytes), read));
    };
    let started = std::thread::Builder::new().spawn(read).is_ok();
    let said = if started { receive.recv_timeout(ANSWER_MAX).ok() } else { None };
    // It has said what it has to say, or takes too long.
    drop((child.kill(), child.wait()));
    let said = said.ok_or_else(|| format!("does not say its version within {} s", ANSWER_MAX.as_secs()))?;
    let about: Value = serde_json::from_slice(&said).unwrap_or_default();
    if about["application"] != "pars-vm" {
        return Err("is another program, or damaged: it does not say that it is pars-vm".to_owned());
    }
    let speaks = |number: &u32| about["rpcchainvm"].as_array().is_some_and(|known| known.contains(&(*number).into()));
    if dialect::numbers().iter().any(speaks) { Ok(()) } else { Err("speaks no protocol of this release".to_owned()) }
}

/// Time that a program has to say its version.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// Bytes of that answer.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_and_file_systems() {
        assert_eq!(judge_room(3_000_000_000), Finding::Good("3.0 GB free".to_owned()));
        let mend = |free| match judge_room(free) {
            Finding::Wrong(_, mend) => mend,
            other @ (Finding::Good(_) | Finding::Note(_)) => panic!("{other:?}"),
        };
        assert!(mend(1_000).contains("make room") && !mend(1_000).contains("prune"), "{}", mend(1_000));
        assert!(mend(1_000_000_000).contains("prune"));
        assert_eq!(judge_file_system(0xef53), Finding::Good("ext4".to_owned()));
        for number in [0x0102_1994, 0x6969, 0xff53_4d42] {
            assert!(matches!(judge_file_system(number), Finding::Wrong(..)), "{number:#x}");
        }
        assert!(matches!(judge_file_system(1), Finding::Note(_)));
    }

    #[test]
    fn only_what_is_damaged_is_replaced() {
        let mend = |error: anyhow::Error| mend_of(&error, Path::new("/chain"));
        assert!(mend(StoreError::Corrupt(String::new()).into()).contains("delete"));
        assert!(mend(Fatal::Corrupt(String::new()).into()).contains("delete"));
        let io = |kind: ErrorKind| std::io::Error::from(kind);
        for (error, text) in [
            (StoreError::DiskFull(String::new()).into(), "make room"),
            (Fatal::Store(StoreError::DiskFull(String::new())).into(), "make room"),
            (anyhow::Error::from(io(ErrorKind::StorageFull)).context("x"), "make room"),
            (io(ErrorKind::ReadOnlyFilesystem).into(), "remount,rw"),
            (io(ErrorKind::PermissionDenied).into(), "chown"),
            (StoreError::Io("LOCK: Permission denied".to_owned()).into(), "chown"),
            (StoreError::Io("Input/output error".to_owned()).into(), "dmesg"),
            (FormatError::Newer { stored: 9, reader: None }.into(), "release"),
        ] {
            let mend = mend(error);
            assert!(mend.contains(text) && !mend.contains("delete") && !mend.contains("prune"), "{mend}");
        }
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
        assert!(judged().contains("does not start") || judged().contains("is another program"), "{}", judged());
        let say = |text: &str| std::fs::write(&plugin, format!("#!/bin/sh\n{text}\n")).unwrap();
        say("echo pars-vm");
        assert!(judged().contains("is another program"), "{}", judged());
        say("sleep 20");
        assert!(judged().contains("does not say its version within 2 s"), "{}", judged());
        say("echo '{\"application\":\"pars-vm\",\"rpcchainvm\":[7]}'");
        assert!(judged().contains("speaks no protocol"), "{}", judged());
        say(&format!("echo '{}'", crate::version::json()));
        std::fs::create_dir(folder.path().join("side-files")).unwrap();
        assert!(judged().starts_with("parsevm in "));
        std::fs::write(folder.path().join("pars-vm.old"), b"").unwrap();
        assert!(judged().contains("pars-vm.old"));
    }
}

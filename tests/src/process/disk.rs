//! A small disk that can be full.

use anyhow::{Context as _, Result, ensure};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A mounted disk in memory. It is unmounted when this value goes.
#[derive(Debug)]
pub struct SmallDisk {
    at: TempDir,
}

impl SmallDisk {
    /// A disk of so many bytes.
    ///
    /// # Errors
    /// When this user may not mount: the test cannot run then, and says so.
    pub fn mount(bytes: u64) -> Result<Self> {
        let at = tempfile::tempdir().context("a folder to mount at")?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "pars-test"]).arg(at.path());
        let output = mount.output().context("running mount")?;
        ensure!(
            output.status.success(),
            "this test fills a disk of its own and has to mount it, which takes root (CAP_SYS_ADMIN): {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(Self { at })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.at.path()
    }

    /// A file that takes up room.
    ///
    /// # Errors
    /// When there is less.
    pub fn fill(&self, name: &str, bytes: usize) -> Result<PathBuf> {
        let file = self.path().join(name);
        File::create(&file)?.write_all(&vec![7; bytes]).with_context(|| format!("writing {bytes} bytes"))?;
        Ok(file)
    }

    /// A file that takes up all the room that is left.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn fill_up(&self, name: &str) -> Result<PathBuf> {
        let path = self.path().join(name);
        let mut file = File::create(&path)?;
        let mut piece = vec![7; 1 << 20];
        while !piece.is_empty() {
            if file.write_all(&piece).is_err() {
                piece.truncate(piece.len() / 2);
            }
        }
        Ok(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that a failed test left open must not keep it. What is in memory then goes with it.
        drop(Command::new("umount").arg("--lazy").arg(self.at.path()).status());
    }
}

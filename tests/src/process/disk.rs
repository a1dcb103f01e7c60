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
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that a failed test left open must not keep it. What is in memory then goes with it.
        drop(Command::new("umount").arg("--lazy").arg(self.at.path()).status());
    }
}

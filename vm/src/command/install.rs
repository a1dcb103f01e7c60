//! `pars-vm install`: this program into a host's plugin folder, under the name that the host looks for.

use crate::command::Install;
use crate::folder::sync;
use anyhow::{Context as _, Result, bail, ensure};
use pars_host::Id;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A folder inside the plugin folder where the copy is made. Hosts read names of files there, and pass over folders.
const PART: &str = "pars-install";

/// Copies this program, and says which other files there would keep a host from starting.
///
/// # Errors
/// Where the name is none, or the folder cannot be written.
pub fn run(options: &Install) -> Result<ExitCode> {
    let name = file_name(&options.name)?;
    let folder = &options.plugin_dir;
    ensure!(folder.is_dir(), "{} is no folder: give the host's plugin folder", folder.display());
    let program = std::env::current_exe().context("the path of this program")?;
    let target = folder.join(&name);
    let replaced = target.exists();
    if target.canonicalize().ok() != Some(program.canonicalize()?) {
        copy(&program, folder, &target)?;
    }
    let mut out = std::io::stdout();
    let how =
        if replaced { "replaced; a host that runs goes on with the old one until it starts again" } else { "new" };
    writeln!(out, "{}: {} for the VM {} ({how})", target.display(), crate::rpc::web3::CLIENT, options.name)?;
    let odd = strangers(folder)?;
    for path in &odd {
        writeln!(
            out,
            "{}: its name is no id of a VM: unless the host has an alias of that name, it does not start; move it into a \
             folder of its own",
            path.display()
        )?;
    }
    Ok(if odd.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The name of the plugin's file: the id of a VM of this name.
///
/// # Errors
/// Where there is no such VM, or the name is an id already.
pub fn file_name(vm: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if vm.parse::<Id>().is_ok() {
        bail!("{vm} is the id of a VM, not its name: give the name that was hashed into it, such as parsevm");
    }
    ensure!(!vm.is_empty() && vm.chars().all(plain), "{vm:?} is no name of a VM: it has letters, digits, `-` and `_`");
    Ok(Id::of_vm(vm).with_context(|| vm.to_owned())?.to_string())
}

fn copy(program: &Path, folder: &Path, target: &Path) -> Result<()> {
    let part = folder.join(PART);
    fs::create_dir_all(&part).with_context(|| part.display().to_string())?;
    let file = part.join("pars-vm");
    let copied = copy_through(program, &file, target);
    if copied.is_err() {
        // What is not whole is of no use to anybody.
        drop(fs::remove_file(&file));
    }
    let removed = fs::remove_dir(&part).with_context(|| part.display().to_string());
    copied.and(removed)?;
    sync(folder)
}

fn copy_through(program: &Path, file: &Path, target: &Path) -> Result<()> {
    let name = || file.display().to_string();
    fs::copy(program, file).with_context(|| format!("copying to {}", file.display()))?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).with_context(name)?;
    sync(file)?;
    fs::rename(file, target).with_context(|| format!("renaming to {}", target.display()))
}

/// Files of a plugin folder whose names are no ids. A host reads each name without its ending, and does not start where
/// one is neither an id nor an alias that it knows.
///
/// # Errors
/// When the folder cannot be read.
pub fn strangers(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut strangers = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() && is_strange(&entry.file_name()) {
            strangers.push(entry.path());
        }
    }
    strangers.sort();
    Ok(strangers)
}

fn is_strange(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let stem = name.rsplit_once('.').map_or_else(|| name.as_ref(), |(stem, _)| stem);
    // The host passes over what is only an ending.
    !stem.is_empty() && stem.parse::<Id>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let known = [
            ("parsevm", "rVcYw5PbwWxJZA8dXzG8g3AK2tiKp3o1Trj653N1uuBituZoo"),
            ("subnetevm", "srEXiWaHuhNyGwPUi444Tu47ZEDwxTWrbQiuD7FmgSAQ6X7Dy"),
        ];
        for (vm, file) in known {
            assert_eq!(file_name(vm).unwrap(), file);
            assert!(file_name(file).unwrap_err().to_string().contains("is the id of a VM"));
            assert!(!is_strange(file.as_ref()) && !is_strange(format!("{file}.exe").as_ref()));
        }
        for vm in ["", "pars vm", "../parsevm", "pärs", &"p".repeat(33)] {
            assert!(file_name(vm).is_err(), "{vm}");
        }
        for name in ["pars-vm", "README.md", "srEXi", ".pars.toml"] {
            assert!(is_strange(name.as_ref()), "{name}");
        }
        assert!(!is_strange(".pars".as_ref()));
    }
}

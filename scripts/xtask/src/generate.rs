//! Files that are made from other files. Each generator owns folders or files of the repository whole; what it does
//! not make is removed from there.

mod map;
mod proto;
mod solidity;

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// THE TABLE. A new generator is a file in `generate/` and a row here.
const GENERATORS: &[Generator] = &[
    Generator { name: "proto", owns: &["proto/src/generated"], make: proto::make },
    Generator { name: "solidity", owns: &[solidity::FOLDER], make: solidity::make },
    Generator { name: "map", owns: &[map::README, map::TYPESCRIPT], make: map::make },
];

/// Something that makes checked-in files.
struct Generator {
    /// For messages.
    name: &'static str,
    /// Folders and files, relative to the repository, that hold nothing else.
    owns: &'static [&'static str],
    /// Makes every file anew from the sources in the repository.
    make: fn(&Path) -> Result<Files>,
}

/// Contents by path relative to the repository.
type Files = BTreeMap<PathBuf, String>;

/// Writes all generated files and removes stale ones.
pub(crate) fn write(root: &Path) -> Result<()> {
    for generator in GENERATORS {
        let wanted = fresh(generator, root)?;
        for path in present(generator, root)?.keys().filter(|path| !wanted.contains_key(*path)) {
            fs::remove_file(root.join(path)).with_context(|| format!("removing {}", path.display()))?;
        }
        for (path, text) in wanted {
            let target = root.join(&path);
            if let Some(folder) = target.parent() {
                fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
            }
            fs::write(&target, text).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}

/// Fails, naming each file, if a fresh run would change anything.
pub(crate) fn check(root: &Path) -> Result<()> {
    let mut differences = Vec::new();
    for generator in GENERATORS {
        let wanted = fresh(generator, root)?;
        differences.extend(compare(&wanted, &present(generator, root)?));
    }
    if differences.is_empty() {
        return Ok(());
    }
    bail!("generated files differ, run `cargo xtask gen`:\n  {}", differences.join("\n  "))
}

fn fresh(generator: &Generator, root: &Path) -> Result<Files> {
    let files = (generator.make)(root).with_context(|| format!("generator `{}`", generator.name))?;
    for path in files.keys() {
        if !generator.owns.iter().any(|owned| path.starts_with(owned)) {
            bail!("generator `{}` made {}, which it does not own", generator.name, path.display());
        }
    }
    Ok(files)
}

fn present(generator: &Generator, root: &Path) -> Result<Files> {
    let mut files = Files::new();
    for owned in generator.owns {
        collect(root, Path::new(owned), &mut files)?;
    }
    Ok(files)
}

fn collect(root: &Path, path: &Path, files: &mut Files) -> Result<()> {
    let full = root.join(path);
    let kind = match fs::metadata(&full) {
        Ok(kind) => kind,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("looking at {}", path.display())),
    };
    if kind.is_dir() {
        for entry in fs::read_dir(&full).with_context(|| format!("listing {}", path.display()))? {
            collect(root, &path.join(entry?.file_name()), files)?;
        }
    } else {
        let bytes = fs::read(&full).with_context(|| format!("reading {}", path.display()))?;
        files.insert(path.to_path_buf(), String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(())
}

fn compare(wanted: &Files, present: &Files) -> Vec<String> {
    let mut differences = Vec::new();
    for (path, text) in wanted {
        match present.get(path) {
            None => differences.push(format!("{}: missing", path.display())),
            Some(found) if found != text => differences.push(format!("{}: differs", path.display())),
            Some(_) => {}
        }
    }
    for path in present.keys().filter(|path| !wanted.contains_key(*path)) {
        differences.push(format!("{}: made by nothing", path.display()));
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checked_in_files_equal_a_fresh_run() {
        check(&crate::repository()).unwrap();
    }

    #[test]
    fn every_kind_of_difference_is_named() {
        let file = |name: &str, text: &str| (PathBuf::from(name), text.to_owned());
        let wanted = Files::from([file("same", "1"), file("new", "2"), file("changed", "3")]);
        let present = Files::from([file("same", "1"), file("changed", "4"), file("old", "5")]);
        assert_eq!(compare(&wanted, &present), ["changed: differs", "new: missing", "old: made by nothing"]);
    }
}

//! Where the program is, and whether it was built from the sources at hand.

use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};

/// The program `pars-vm`, which the build of the workspace puts beside the folder of the test programs.
///
/// # Errors
/// When it is not there, or older than one of its sources: then a test would say nothing about them.
pub fn pars_vm() -> Result<PathBuf> {
    let test = std::env::current_exe().context("the path of this test program")?;
    let folder = test.parent().and_then(Path::parent).context("the folder of built programs")?;
    let program = folder.join("pars-vm");
    let hint = "build it first: cargo build --release --package pars-vm";
    let built = modified(&program).with_context(|| hint.to_owned())?;
    let list = std::fs::read_to_string(program.with_extension("d")).with_context(|| hint.to_owned())?;
    let sources = list.split_once(": ").map(|(_, sources)| sources).unwrap_or_default();
    for source in sources.split_whitespace() {
        let changed = modified(Path::new(source)).with_context(|| hint.to_owned())?;
        ensure!(changed <= built, "{} is older than {source}; {hint}", program.display());
    }
    Ok(program)
}

fn modified(file: &Path) -> Result<std::time::SystemTime> {
    let metadata = std::fs::metadata(file).with_context(|| format!("looking for {}", file.display()))?;
    metadata.modified().with_context(|| format!("the age of {}", file.display()))
}

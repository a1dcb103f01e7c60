//! `.proto` files to Rust, without `protoc`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::Files;

/// THE TABLE: a folder of `.proto` files (also their import root) and the folder of the Rust made from it.
const SETS: &[(&str, &str)] = &[("proto/host", "proto/src/generated/host")];

/// The file of a set that nests its packages as modules.
const TREE: &str = "tree.rs";

/// Client and server of every set; bytes fields are `Bytes`, so that a block is not copied out of its message.
pub(super) fn make(root: &Path) -> Result<Files> {
    let mut files = Files::new();
    for (source, target) in SETS {
        let include = root.join(source);
        let mut sources = Vec::new();
        list(&include, &mut sources)?;
        ensure!(!sources.is_empty(), "no .proto files under {source}");
        sources.sort();
        let descriptors = protox::compile(&sources, [&include]).with_context(|| format!("compiling {source}"))?;
        let out = tempfile::tempdir().context("creating a temporary folder")?;
        tonic_prost_build::configure()
            .bytes(".")
            .out_dir(out.path())
            .include_file(TREE)
            .compile_fds(descriptors)
            .with_context(|| format!("generating Rust for {source}"))?;
        for entry in fs::read_dir(out.path())? {
            let path = entry?.path();
            let name = path.file_name().context("a generated file has a name")?;
            files.insert(Path::new(target).join(name), fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

fn list(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    Ok(())
}

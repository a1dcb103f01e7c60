//! Vectors out of their archives, in memory: nothing is unpacked to disk.

use crate::conformance::Error;
use flate2::read::GzDecoder;
use lzma_rust2::XzReader;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Path in the archive.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Path of a checked-in vector file, relative to `tests/vectors`.
#[must_use]
pub fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(relative)
}

/// JSON files of a `.tar.xz` in the order of the archive, where the path is wanted.
///
/// # Errors
/// When the archive cannot be read to its end.
pub fn tar_xz(file: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<Member>, Error> {
    let read = || -> std::io::Result<Vec<Member>> {
        let mut archive = tar::Archive::new(XzReader::new(BufReader::new(File::open(file)?), true));
        let mut members = Vec::new();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().into_owned();
            if !path.ends_with(".json") || !wanted(&path) {
                continue;
            }
            let mut bytes = Vec::new();
            entry.by_ref().take(MEMBER_BYTES_MAX).read_to_end(&mut bytes)?;
            members.push(Member { path, bytes });
        }
        Ok(members)
    };
    read().map_err(|cause| failed(file, cause))
}

/// Content of a `.gz`.
///
/// # Errors
/// When it cannot be read to its end.
pub fn gz(file: &Path) -> Result<Vec<u8>, Error> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        GzDecoder::new(File::open(file)?).take(MEMBER_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|cause| failed(file, cause))
}

fn failed(file: &Path, cause: std::io::Error) -> Error {
    Error::File { file: file.display().to_string(), cause }
}

/// No file of these sets is larger; one that is gets cut and so fails as JSON.
const MEMBER_BYTES_MAX: u64 = 64 * 1024 * 1024;

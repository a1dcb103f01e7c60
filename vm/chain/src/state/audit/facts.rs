//! The facts of the store as a whole: each is there and can be read, none is there that nobody knows, and the files that the
//! chain was opened with make its first block.

use super::{Audit, Step};
use crate::block::Block;
use crate::engine::genesis_block;
use crate::error::Fatal;
use crate::state::meta::{self, FINAL, FORMAT, FORMAT_RELEASE, OPENED_WITH, OTHERS, SUMS};
use crate::store::Column;
use alloy_primitives::{Bytes, keccak256};
use pars_genesis::error::File;
use pars_genesis::forks::HostUpgrades;

impl Audit<'_> {
    pub(super) fn check_facts(&mut self) -> Step {
        let before = self.report.findings;
        self.check_names()?;
        self.check_layout()?;
        self.check_opened_with()?;
        // Files that are known to be damaged make no first block, or another one: that says nothing more.
        if self.report.findings == before { self.check_genesis() } else { Ok(()) }
    }

    /// All are there, and no others.
    fn check_names(&mut self) -> Step {
        for name in OPENED_WITH.into_iter().chain(OTHERS) {
            if meta::file(self.read, name)?.is_none() {
                self.fact(name, "it is missing")?;
            }
        }
        // Stores of older builds have no hashes, and nothing is lost with them.
        let is_known =
            |key: &[u8]| OPENED_WITH.into_iter().chain(OTHERS).chain([SUMS, FINAL]).any(|name| name.as_bytes() == key);
        for item in self.read.scan(Column::Meta, &[]) {
            let (key, _) = item?;
            if !is_known(&key) {
                self.found(Column::Meta, key, None, "no record has this name")?;
            }
        }
        Ok(())
    }

    /// The layout is the one that this program reads, and names the release that does.
    fn check_layout(&mut self) -> Step {
        match meta::format(self.read) {
            Ok(None | Some(FORMAT)) => {}
            Ok(Some(other)) => self.fact("format", format!("it is {other}, expected {FORMAT}"))?,
            Err(error) => self.undecodable("format", error)?,
        }
        let release = meta::file(self.read, "release")?;
        if release.is_some_and(|release| release.as_ref() != FORMAT_RELEASE.as_bytes()) {
            self.fact("release", format!("it is not {FORMAT_RELEASE}"))?;
        }
        Ok(())
    }

    /// What the chain was opened with is what it was.
    fn check_opened_with(&mut self) -> Step {
        match meta::sums(self.read) {
            Ok(None) => {}
            Ok(Some(sums)) => {
                for (name, sum) in OPENED_WITH.into_iter().zip(sums) {
                    let record = meta::file(self.read, name)?;
                    if record.is_some_and(|record| keccak256(record) != sum) {
                        self.fact(name, "it is not what the chain was last opened with")?;
                    }
                }
            }
            Err(error) => self.undecodable(SUMS, error)?,
        }
        if let Err(error) = meta::place(self.read) {
            self.undecodable("place", error)?;
        }
        match meta::final_height(self.read) {
            Ok(_) => Ok(()),
            Err(error) => self.undecodable(FINAL, error),
        }
    }

    /// The files that the chain was opened with make its first block.
    fn check_genesis(&mut self) -> Step {
        let file = |name| -> Step<Bytes> { Ok(meta::file(self.read, name)?.unwrap_or_default()) };
        let (genesis, upgrade, host, airdrop) = (file("genesis")?, file("upgrade")?, file("host")?, file("airdrop")?);
        let times = if host.is_empty() { Some(None) } else { HostUpgrades::from_bytes(&host).map(Some) };
        let Some(times) = times else { return self.fact("host", "no upgrade times of a host") };
        let airdrop = Some(airdrop.as_ref()).filter(|airdrop| !airdrop.is_empty());
        let made = match pars_genesis::parse::genesis(&genesis, &upgrade, times.as_ref(), airdrop) {
            Ok(parsed) => genesis_block(&parsed)?.0.id(),
            Err(error) => return self.fact(record_of(error.file), error.to_string()),
        };
        let stored = self.read.get(Column::Ids, &0_u64.to_be_bytes())?;
        if stored.is_some_and(|id| id.as_ref() == made.0.as_slice()) {
            return Ok(());
        }
        // Where the index is wrong, it is found with the block.
        let block = self.read.get(Column::Blocks, &0_u64.to_be_bytes())?;
        if block.is_some_and(|bytes| Block::decode(bytes).is_ok_and(|it| it.id() == made)) {
            return Ok(());
        }
        self.found(Column::Meta, &b"genesis"[..], Some(0), format!("the files make {made}, which is not block 0"))
    }

    fn fact(&mut self, name: &'static str, what: impl Into<String>) -> Step {
        self.found(Column::Meta, Bytes::from_static(name.as_bytes()), None, what)
    }

    /// A record that does not decode is a finding; a store that failed is not.
    fn undecodable(&mut self, name: &'static str, error: Fatal) -> Step {
        if matches!(error, Fatal::Corrupt(_)) { self.fact(name, "it does not decode") } else { Err(error.into()) }
    }
}

/// The record that keeps a file.
const fn record_of(file: File) -> &'static str {
    match file {
        File::Genesis => "genesis",
        File::Upgrade => "upgrade",
        File::Airdrop => "airdrop",
        File::Host => "host",
    }
}

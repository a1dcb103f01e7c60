//! What a chain was last opened with, from its own records: a stopped folder knows its rules.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use pars_chain::engine::Opening;
use pars_chain::execution::executor::Place;
use pars_chain::state::commit::History;
use pars_chain::state::meta;
use pars_chain::store::Read;
use pars_genesis::forks::HostUpgrades;

/// What makes a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Genesis file.
    pub genesis: Bytes,
    /// Upgrade file, empty for none.
    pub upgrade: Bytes,
    /// Upgrade times that the host sent; empty for none.
    pub host: Bytes,
    /// Airdrop file, empty for none.
    pub airdrop: Bytes,
    /// What the chain is on its host.
    pub place: Place,
}

impl Stored {
    /// Reads the records of a folder.
    ///
    /// # Errors
    /// Where one is missing, or the store failed.
    pub fn read(read: &dyn Read) -> Result<Self> {
        let file = |name| -> Result<Bytes> { Ok(meta::file(read, name)?.unwrap_or_default().0) };
        let genesis = meta::file(read, "genesis")?.context("the folder keeps no genesis file")?.0;
        let place = meta::place(read)?;
        let place = place.context(
            "the folder does not say which network and chain it is of: an older release wrote it; start the node on it once \
             with this one",
        )?;
        Ok(Self { genesis, upgrade: file("upgrade")?, host: file("host")?, airdrop: file("airdrop")?, place })
    }

    /// What the chain is opened with.
    ///
    /// # Errors
    /// Where the host's upgrade times are none.
    pub fn opening(&self, history: History) -> Result<Opening<'_>> {
        let times = || HostUpgrades::from_bytes(&self.host).context("the upgrade times of the host do not decode");
        let host = if self.host.is_empty() { None } else { Some(times()?) };
        Ok(Opening {
            genesis: &self.genesis,
            upgrade: &self.upgrade,
            host,
            airdrop: Some(self.airdrop.as_ref()).filter(|airdrop| !airdrop.is_empty()),
            place: self.place,
            history,
            skip_upgrade_check: false,
        })
    }
}

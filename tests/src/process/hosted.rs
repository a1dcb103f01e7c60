//! The plugin under a host for tests.

use crate::process::program::pars_vm;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use pars_host::dialect::{Dialect, StateNumbers, TABLE};
use std::collections::BTreeMap;
use std::process::Command;

pub use pars_vm::testhost::hosted::{Built, END_MAX, Files, Hosted, NOT_FOUND};

/// Starts the plugin as a host does: with the host's address, and nothing else of its environment.
///
/// # Errors
/// When it does not announce itself.
pub async fn start() -> Result<Hosted> {
    start_as(|plugin| plugin).await
}

/// The same by a command that is made of the plugin's.
///
/// # Errors
/// When it does not announce itself.
pub async fn start_as(make: impl FnOnce(Command) -> Command) -> Result<Hosted> {
    Hosted::start(&pars_vm()?, dialect()?, make).await
}

/// The same under a host of another row.
///
/// # Errors
/// When it does not announce itself.
pub async fn start_under(dialect: &'static Dialect) -> Result<Hosted> {
    Hosted::start(&pars_vm()?, dialect, |plugin| plugin).await
}

/// Starts the plugin, opens a chain and goes to normal operation on its last accepted block.
///
/// # Errors
/// When some call fails.
pub async fn open(files: &Files) -> Result<Hosted> {
    open_with(files, BTreeMap::new()).await
}

/// The same, under a host whose database holds this.
///
/// # Errors
/// When some call fails.
pub async fn open_with(files: &Files, database: BTreeMap<Bytes, Bytes>) -> Result<Hosted> {
    open_under(dialect()?, files, database).await
}

/// The same under a host of another row.
///
/// # Errors
/// When some call fails.
pub async fn open_under(dialect: &'static Dialect, files: &Files, database: BTreeMap<Bytes, Bytes>) -> Result<Hosted> {
    let mut hosted = start_under(dialect).await?;
    hosted.host().set_database(database);
    let request = hosted.initialize_request(files);
    hosted.begin(request).await?;
    Ok(hosted)
}

/// The newest host.
fn dialect() -> Result<&'static Dialect> {
    TABLE.first().context("a dialect")
}

/// How that host numbers the states of a chain.
///
/// # Errors
/// When the table of dialects is empty.
pub fn states() -> Result<StateNumbers> {
    Ok(dialect()?.states)
}

//! [`Given`]: the blocks that hosts give to a plugin.

use crate::gossip::chance::Chance;
use crate::testhost::hosted::{Files, Hosted};
use crate::testhost::wallet::{Draft, Wallet};
use alloy_primitives::{Address, bytes};
use anyhow::{Result, ensure};
use bytes::Bytes;
use pars_genesis::presets;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Blocks in the order in which hosts give them: some are decided against.
#[derive(Debug, Clone)]
pub struct Given {
    /// The block.
    pub bytes: Bytes,
    /// Whether it is accepted.
    pub accepted: bool,
}

/// Blocks are apart by so much where two of them have the same parent, so that their times differ.
const SIBLING_PAUSE: Duration = Duration::from_millis(1_100);

/// A genesis that names every fork, so that no host has to say anything of them, for blocks that are at least so far apart.
///
/// # Errors
/// When the preset is no JSON.
pub fn files(folder: &Path, min_delay_ms: u64) -> Result<Files> {
    let mut files = Files::local(folder);
    let mut genesis: Value = serde_json::from_slice(&presets::local(min_delay_ms))?;
    if let Some(config) = genesis.get_mut("config").and_then(Value::as_object_mut) {
        let durango = config.get("durangoTimestamp").cloned().unwrap_or_default();
        config.insert("fortunaTimestamp".to_owned(), durango);
        config.insert("heliconTimestamp".to_owned(), json!(NEVER));
    }
    files.genesis = genesis.to_string().into();
    Ok(files)
}

/// The year 9999, as hosts write it.
const NEVER: u64 = 253_399_622_400;

/// A chain of random transactions, so many blocks long, by a plugin that runs. One in three heights has a sibling that
/// loses.
///
/// # Errors
/// When some call fails.
pub async fn make(mut hosted: Hosted, files: &Files, blocks: u64, chance: &mut Chance) -> Result<Vec<Given>> {
    let request = hosted.initialize_request(files);
    hosted.begin(request).await?;
    let mut given = Vec::new();
    let mut nonces = [0_u64; 4];
    for _ in 0..blocks {
        for (index, nonce) in nonces.iter_mut().enumerate() {
            let from = Wallet::local(index)?;
            for _ in 0..chance.below(4).max(usize::from(index == 0)) {
                let draft = match chance.below(4) {
                    0 => Draft::transfer(*nonce, Address::repeat_byte(7), 1),
                    // A slot is set: PUSH1 1, CALLDATASIZE, SSTORE.
                    1 => Draft { gas: 200_000, ..Draft::create(*nonce, bytes!("60013655")) },
                    // It ends in vain: INVALID.
                    2 => Draft { gas: 100_000, ..Draft::create(*nonce, bytes!("fe")) },
                    _ => Draft::transfer(*nonce, from.address, 0),
                };
                hosted.submit(&from.sign(&draft)?).await?;
                *nonce += 1;
            }
        }
        hosted.wanted().await?;
        let mut winner = hosted.build().await?;
        hosted.verify(winner.bytes.clone()).await?;
        if chance.below(3) == 0 {
            tokio::time::sleep(SIBLING_PAUSE).await;
            let second = hosted.build().await?;
            ensure!(second.id != winner.id && second.parent == winner.parent, "no sibling");
            hosted.verify(second.bytes.clone()).await?;
            hosted.prefer(second.id.clone()).await?;
            hosted.accept(second.id.clone()).await?;
            hosted.reject(winner.id).await?;
            given.push(Given { bytes: winner.bytes, accepted: false });
            winner = second;
        } else {
            hosted.prefer(winner.id.clone()).await?;
            hosted.accept(winner.id.clone()).await?;
        }
        given.push(Given { bytes: winner.bytes, accepted: true });
    }
    ensure!(hosted.shut_down().await?.code() == Some(0), "the plugin that made the blocks does not stop");
    Ok(given)
}

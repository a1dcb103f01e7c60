//! `pars-vm genesis`: checking a genesis file, the id of its first block, and a new file.

use crate::command::{GenesisCommand, GenesisFiles, GenesisNew};
use anyhow::{Context as _, Result, ensure};
use pars_chain::block::Block;
use pars_chain::engine::genesis_block;
use pars_genesis::Genesis;
use pars_genesis::forks::HostUpgrades;
use pars_genesis::presets;
use pars_precompiles::registry::{self, TABLE};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// Runs one of them.
///
/// # Errors
/// What is wrong with a file, by key and path.
pub fn run(command: &GenesisCommand) -> Result<ExitCode> {
    let mut out = std::io::stdout();
    match command {
        GenesisCommand::Check(files) => {
            let (genesis, block) = read(files)?;
            write!(out, "{}", about(&genesis, &block))?;
        }
        GenesisCommand::Hash(files) => {
            let (_, block) = read(files)?;
            writeln!(out, "block {}\nstate {}", block.id(), block.header.state_root)?;
        }
        GenesisCommand::New(options) => writeln!(out, "{}", new(options)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(files: &GenesisFiles) -> Result<(Genesis, Block)> {
    let load = |path: &Path| std::fs::read(path).with_context(|| path.display().to_string());
    let genesis = load(&files.file)?;
    let upgrade = files.upgrade.as_deref().map(load).transpose()?.unwrap_or_default();
    let airdrop = files.airdrop.as_deref().map(load).transpose()?;
    let parsed = pars_genesis::parse::genesis(&genesis, &upgrade, Some(&HostUpgrades::LOCAL), airdrop.as_deref());
    // The error says which of the files, in words of its own.
    let parsed = parsed.with_context(|| files.file.display().to_string())?;
    let (block, _) = genesis_block(&parsed)?;
    Ok((parsed, block))
}

fn about(genesis: &Genesis, block: &Block) -> String {
    let Genesis { spec, header, alloc, notes, .. } = genesis;
    let mut out = format!(
        "chain id      {}\nblock         {}\nstate root    {}\ntime          {}\naccounts      {}\n",
        spec.chain_id,
        block.id(),
        block.header.state_root,
        header.time,
        alloc.len()
    );
    for switch in &spec.switches {
        let key = TABLE.get(switch.row).map_or("unknown", |row| row.config_key);
        let what = if switch.to.is_some() { "on" } else { "off" };
        out += &format!("precompile    {key} {what} from {}\n", switch.time);
    }
    for note in notes {
        out += &format!("note          {note}\n");
    }
    out
}

/// A genesis file, which is checked before it is given.
fn new(options: &GenesisNew) -> Result<String> {
    let mut file: Value = serde_json::from_slice(&presets::local(options.min_delay_ms)).context("the preset")?;
    file["config"]["chainId"] = options.chain_id.into();
    let mut alloc = serde_json::Map::new();
    // The proxy that tools deploy through is on every chain of ours.
    if let Some(accounts) = file["alloc"].as_object() {
        alloc.extend(
            accounts.iter().filter(|(_, account)| account.get("code").is_some()).map(|(k, v)| (k.clone(), v.clone())),
        );
    }
    let wei = alloy_primitives::U256::from(options.coins) * alloy_primitives::U256::from(10).pow(18_u64.try_into()?);
    ensure!(
        !alloc.keys().any(|address| address.parse() == Ok(options.admin)),
        "--admin {} is the proxy that tools deploy through: it has code, and nobody has its key",
        options.admin
    );
    alloc.insert(options.admin.to_string(), json!({ "balance": format!("{wei:#x}") }));
    file["alloc"] = alloc.into();
    for key in &options.precompile {
        let row = TABLE.iter().find(|row| row.config_key == key).with_context(|| {
            let keys: Vec<_> = registry::keys().map(|(_, row)| row.config_key).collect();
            format!("--precompile {key}: there is none of this key; there are {}", keys.join(", "))
        })?;
        let mut config = json!({ "blockTimestamp": file["config"]["durangoTimestamp"] });
        if row.config.has_roles() {
            config["adminAddresses"] = json!([options.admin]);
        }
        file["config"][key] = config;
    }
    let text = serde_json::to_string_pretty(&file).context("writing JSON")?;
    pars_genesis::parse::genesis(text.as_bytes(), b"", Some(&HostUpgrades::LOCAL), None)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    fn options(precompile: &[&str]) -> GenesisNew {
        GenesisNew {
            chain_id: 4_321,
            admin: Address::repeat_byte(7),
            coins: 1_000,
            min_delay_ms: 400,
            precompile: precompile.iter().map(|&key| key.to_owned()).collect(),
        }
    }

    #[test]
    fn a_new_file_is_a_chain() {
        let keys = ["feeManagerConfig", "txAllowListConfig"];
        let text = new(&options(&keys)).unwrap();
        let parsed = pars_genesis::parse::genesis(text.as_bytes(), b"", Some(&HostUpgrades::LOCAL), None).unwrap();
        assert_eq!((parsed.spec.chain_id, parsed.spec.initial_min_delay_ms), (4_321, Some(400)));
        assert_eq!(parsed.spec.switches.len(), 2);
        let wei = alloy_primitives::U256::from(1_000_000_000_000_000_000_000_u128);
        assert_eq!(parsed.alloc[&Address::repeat_byte(7)].balance, wei);
        assert_eq!(parsed.alloc.len(), 2, "and the proxy that tools deploy through");
        let error = new(&options(&["feeManager"])).unwrap_err().to_string();
        assert!(error.contains("feeManager"), "{error}");
        for row in TABLE {
            assert!(new(&options(&[row.config_key])).is_ok(), "{}", row.config_key);
        }
        let error = new(&options(&["chainId"])).unwrap_err().to_string();
        assert!(error.contains("--precompile chainId: there is none"), "{error}");
        let proxy = "0x4e59b44847b379578588920cA78FbF26c0B4956C".parse().unwrap();
        let error = new(&GenesisNew { admin: proxy, ..options(&[]) }).unwrap_err().to_string();
        assert!(error.contains("is the proxy that tools deploy through"), "{error}");
    }
}

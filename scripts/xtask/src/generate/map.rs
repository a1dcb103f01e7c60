//! The table of precompiles for readers, and for programs in TypeScript.

use std::path::{Path, PathBuf};

use anyhow::Result;
use pars_precompiles::interface::Function;
use pars_precompiles::registry::{Entry, TABLE};

use super::{Files, solidity};

/// The map for readers.
pub(super) const README: &str = "precompiles/README.md";
/// The map for programs.
pub(super) const TYPESCRIPT: &str = "contracts/precompiles.ts";

/// Both.
pub(super) fn make(_: &Path) -> Result<Files> {
    Ok(Files::from([(PathBuf::from(README), readme()), (PathBuf::from(TYPESCRIPT), typescript())]))
}

fn readme() -> String {
    let mut out = "# Precompiles\n\n\
        <!-- Made by `cargo xtask gen` from the table of precompiles. Do not edit. -->\n\n\
        Every precompile of the Pars EVM beyond Ethereum's own, by canonical address. A row is off until its key stands in the\n\
        `config` of the genesis file or in `precompileUpgrades` of the upgrade file; rows of one key are switched together.\n\
        Layouts, results, prices and errors of the rows that only compute are described in [PIPs](../PIPs); Solidity\n\
        interfaces are in [contracts/src/precompiles](../contracts/src/precompiles), contracts that call them in\n\
        [solidity](solidity).\n\n\
        | address | name | what | also at | key | state |\n|---|---|---|---|---|---|\n"
        .to_owned();
    for entry in TABLE {
        let Entry { name, about, at, also, config_key, pure, .. } = entry;
        let also: Vec<String> = also.iter().map(|alias| format!("`{alias}`")).collect();
        let state = if *pure { "no" } else { "yes" };
        out += &format!("| `{at}` | {name} | {about} | {} | `{config_key}` | {state} |\n", also.join("<br>"));
    }
    out += "\n## Functions\n";
    for entry in TABLE {
        let mut functions = functions(entry).peekable();
        if functions.peek().is_none() {
            continue;
        }
        out += &format!("\n### {}\n\n| selector | function | what |\n|---|---|---|\n", entry.name);
        for Function { selector, solidity, about, .. } in functions {
            let selector: String = selector.iter().map(|byte| format!("{byte:02x}")).collect();
            let declared = solidity.trim_start_matches("function ");
            out += &format!("| `{selector}` | `{declared}` | {about} |\n");
        }
    }
    out
}

fn typescript() -> String {
    let mut out = "// Made by `cargo xtask gen` from the table of precompiles. Do not edit.\n\n\
        /** Precompiles by name: where they live, where else they answer, and the key that switches them on. */\n\
        export const precompiles = {\n"
        .to_owned();
    for entry in TABLE {
        let also: Vec<String> = entry.also.iter().map(|alias| format!("\"{alias}\"")).collect();
        out += &format!(
            "  {}: {{\n    address: \"{}\",\n    aliases: [{}],\n    configKey: \"{}\",\n  }},\n",
            solidity::constant(entry.name),
            entry.at,
            also.join(", "),
            entry.config_key
        );
    }
    out + "} as const;\n"
}

fn functions(entry: &Entry) -> impl Iterator<Item = &'static Function> {
    entry.interface.iter().flat_map(|part| part.functions)
}

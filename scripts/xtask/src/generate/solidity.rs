//! The table of precompiles to Solidity: one interface a row, and a library with their addresses.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pars_precompiles::pure::ERRORS;
use pars_precompiles::registry::{Entry, TABLE};

use super::Files;

/// The folder that holds nothing else.
pub(super) const FOLDER: &str = "contracts/src/precompiles";

/// One file a row that has functions, and `Addresses.sol`.
pub(super) fn make(_: &Path) -> Result<Files> {
    let folder = PathBuf::from(FOLDER);
    let mut files = Files::from([(folder.join("Addresses.sol"), addresses())]);
    for entry in TABLE.iter().filter(|entry| !entry.interface.is_empty()) {
        let text = interface(entry).with_context(|| format!("row {}", entry.name))?;
        files.insert(folder.join(format!("I{}.sol", entry.name)), text);
    }
    Ok(files)
}

fn addresses() -> String {
    let mut out = head();
    out.push_str("/// @title Addresses\n/// @notice Where the precompiles live.\nlibrary Addresses {\n");
    for (index, entry) in TABLE.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        note(&mut out, INDENT, "@dev", &format!("{}{}", entry.about, aliases(entry)));
        let name = constant(entry.name);
        out.push_str(&format!("{INDENT}address internal constant {name} = {};\n", entry.at));
    }
    out.push_str("}\n");
    out
}

fn interface(entry: &Entry) -> Result<String> {
    let mut out = head();
    out.push_str(&format!("/// @title I{}\n", entry.name));
    note(&mut out, "", "@notice", entry.about);
    let place = format!("Lives at {}. Its configuration key is {}.{}", entry.at, entry.config_key, aliases(entry));
    note(&mut out, "", "@dev", &place);
    out.push_str(&format!("interface I{} {{\n", entry.name));
    let mut items = Vec::new();
    if entry.pure {
        for (declared, _) in ERRORS {
            items.push(explained(about(declared), declared)?);
        }
    }
    for part in entry.interface {
        for declared in part.structs {
            items.push(structure(declared)?);
        }
    }
    for part in entry.interface {
        for event in part.events {
            items.push(explained(event.about, event.solidity)?);
        }
    }
    for part in entry.interface {
        for function in part.functions {
            items.push(explained(function.about, function.solidity)?);
        }
    }
    out.push_str(&items.join("\n"));
    out.push_str("}\n");
    Ok(out)
}

/// Where else a row answers, as a further sentence.
fn aliases(entry: &Entry) -> String {
    let aliases: Vec<String> = entry.also.iter().map(ToString::to_string).collect();
    if aliases.is_empty() { String::new() } else { format!(" Also at {}.", aliases.join(", ")) }
}

/// When a row that only computes reverts with an error of this declaration.
fn about(declared: &str) -> &'static str {
    match declared {
        "error MalformedInput()" => "The arguments do not decode, or a number among them has no meaning.",
        "error OnChainSecretsDisabled()" => {
            "The function shows a secret to everybody, which this chain does not allow."
        }
        "error SeedRequired()" => "The function needs a seed: a chain has no randomness of its own.",
        "error InvalidKey()" => "The key, or the ciphertext for it, is none of its set.",
        _ => "There is no such function.",
    }
}

fn head() -> String {
    "// SPDX-License-Identifier: MIT\n\
     // Made by `cargo xtask gen` from the table of precompiles. Do not edit.\n\
     pragma solidity ^0.8.24;\n\n"
        .to_owned()
}

fn explained(about: &str, declaration: &str) -> Result<String> {
    let mut out = String::new();
    note(&mut out, INDENT, "@notice", about);
    out.push_str(&broken(declaration)?);
    Ok(out)
}

/// A struct with a line for each field.
fn structure(declared: &str) -> Result<String> {
    let (title, fields) = declared.split_once(" { ").context("a struct has fields")?;
    let fields = fields.strip_suffix("; }").context("a struct ends with its last field")?;
    let mut out = format!("{INDENT}{title} {{\n");
    for field in fields.split("; ") {
        out.push_str(&format!("{INDENT}{INDENT}{field};\n"));
    }
    out.push_str(&format!("{INDENT}}}\n"));
    Ok(out)
}

/// A declaration, broken as `forge fmt` breaks it where it is too long for one line: what follows the parameters of a
/// function goes first, the parameters go if that is not enough.
fn broken(declaration: &str) -> Result<String> {
    let whole = format!("{INDENT}{declaration};");
    if whole.len() <= WIDTH {
        return Ok(whole + "\n");
    }
    let (name, rest) = declaration.split_once('(').context("a declaration has parameters")?;
    let (parameters, rest) = rest.split_once(')').context("the parameters end")?;
    let (deep, deeper) = (INDENT.repeat(2), INDENT.repeat(3));
    let first = format!("{INDENT}{name}({parameters})");
    if first.len() > WIDTH || rest.is_empty() {
        let lines = folded(&deep, parameters, rest.is_empty());
        return Ok(format!("{INDENT}{name}(\n{lines}\n{INDENT}){rest};\n"));
    }
    let (modifiers, results) = rest.split_once(" returns (").context("what is long has results")?;
    let results = results.strip_suffix(')').context("the results end")?;
    let modifiers: String = modifiers.split_whitespace().map(|modifier| format!("\n{deep}{modifier}")).collect();
    let last = format!("{deep}returns ({results});");
    if last.len() <= WIDTH {
        return Ok(format!("{first}{modifiers}\n{last}\n"));
    }
    let lines = folded(&deeper, results, false);
    Ok(format!("{first}{modifiers}\n{deep}returns (\n{lines}\n{deep});\n"))
}

/// A list on one line of its own where that is allowed and fits, else on one line each.
fn folded(indent: &str, list: &str, together: bool) -> String {
    let line = format!("{indent}{list}");
    if together && line.len() <= WIDTH { line } else { line.replace(", ", &format!(",\n{indent}")) }
}

/// A natspec comment, wrapped.
fn note(out: &mut String, indent: &str, tag: &str, text: &str) {
    let mut line = format!("{indent}/// {tag}");
    for word in text.split_whitespace() {
        if line.len() + 1 + word.len() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = format!("{indent}///");
        }
        line.push(' ');
        line.push_str(word);
    }
    out.push_str(&line);
    out.push('\n');
}

/// `NativeMinter` to `NATIVE_MINTER`, `PQCrypto` to `PQ_CRYPTO`.
pub(super) fn constant(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let after_word = before.is_some_and(|before| !before.is_uppercase());
        let before_word = before.is_some() && letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (after_word || before_word) {
            out.push('_');
        }
        out.extend(letter.to_uppercase());
    }
    out
}

const INDENT: &str = "    ";
/// Columns of a line, as in the Rust sources.
const WIDTH: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_declarations_stay_on_their_line() -> Result<()> {
        assert_eq!(broken("function a() external")?, "    function a() external;\n");
        Ok(())
    }

    #[test]
    fn long_declarations_break_behind_the_parameters_then_at_them() -> Result<()> {
        let long = "uint256 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, uint256 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
        let (a, b) = long.split_once(", ").context("two")?;

        let text = broken(&format!("event Emitted({long}, uint256 c)"))?;
        assert_eq!(text, format!("    event Emitted(\n        {long}, uint256 c\n    );\n"));

        let text = broken(&format!("function a() external view returns ({long})"))?;
        assert_eq!(text, format!("    function a()\n        external\n        view\n        returns ({long});\n"));

        let text = broken(&format!("function a() external returns ({long}, uint256 c)"))?;
        let lines = format!("            {a},\n            {b},\n            uint256 c\n");
        assert_eq!(text, format!("    function a()\n        external\n        returns (\n{lines}        );\n"));

        let text = broken(&format!("function a({long}, uint256 c) external view"))?;
        let lines = format!("        {a},\n        {b},\n        uint256 c\n");
        assert_eq!(text, format!("    function a(\n{lines}    ) external view;\n"));
        Ok(())
    }

    #[test]
    fn constants_have_a_line_between_words() {
        for (name, expected) in [
            ("NativeMinter", "NATIVE_MINTER"),
            ("MLDSA", "MLDSA"),
            ("PQCrypto", "PQ_CRYPTO"),
            ("MLDSA44Eip8355", "MLDSA44_EIP8355"),
        ] {
            assert_eq!(constant(name), expected);
        }
    }

    #[test]
    fn a_struct_has_a_line_a_field() -> Result<()> {
        let text = structure("struct A { uint256 b; bytes c; }")?;
        assert_eq!(text, "    struct A {\n        uint256 b;\n        bytes c;\n    }\n");
        assert!(structure("struct A").is_err());
        Ok(())
    }
}

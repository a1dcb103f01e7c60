//! Which keys a file may have, and what happens to the others.

use crate::error::{Error, Offence};
use crate::parse::json::{Node, Object};
use pars_precompiles::registry;

/// Refuses every key of an object that is not in `known`.
pub(crate) fn only(object: &Object<'_>, known: &[&'static str]) -> Result<(), Error> {
    only_or_ignored(object, known, |_| false, &mut Notes::default())
}

/// As [`only`], but keys for which `ignored` holds have no effect and are noted.
pub(crate) fn only_or_ignored(
    object: &Object<'_>,
    known: &[&'static str],
    ignored: impl Fn(&str) -> bool,
    notes: &mut Notes,
) -> Result<(), Error> {
    for node in object.iter().filter(|node| !known.contains(&node.key())) {
        let key = node.key();
        let foreign = ETHEREUM_FORKS.iter().find(|(name, _)| *name == key);
        if ignored(key) {
            notes.ignored(&node);
        } else if node.is_null() && (foreign.is_some() || is_unbuilt(key)) {
            // A name that means something, saying nothing.
        } else if let Some((_, instead)) = foreign {
            return Err(node.error(Offence::EthereumFork { instead }));
        } else if is_unbuilt(key) {
            return Err(node.error(Offence::NotInRelease));
        } else {
            return Err(node.error(Offence::Unknown { nearest: nearest(key, known) }));
        }
    }
    Ok(())
}

/// What was read and has no effect, for the log; the first few.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<String>);

impl Notes {
    /// A value that has no effect.
    pub(crate) fn ignored(&mut self, node: &Node<'_>) {
        self.push(|| format!("{}: {}: ignored, it has no effect on this chain", node.origin(), node.path()));
    }

    /// Anything else.
    pub(crate) fn push(&mut self, note: impl FnOnce() -> String) {
        if self.0.len() < NOTES_MAX {
            self.0.push(note());
        }
    }

    /// The lines.
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.0
    }
}

/// Configuration keys of all rows, in table order.
pub(crate) fn rows() -> Vec<&'static str> {
    registry::keys().map(|(_, entry)| entry.config_key).collect()
}

/// Keys of `config` that other chains' tools write and that mean nothing here.
pub(crate) fn is_foreign(key: &str) -> bool {
    const NAMES: [&str; 8] = [
        "daoForkSupport",
        "blobSchedule",
        "shanghaiTime",
        "cancunTime",
        "eip150Hash",
        "ethash",
        "clique",
        "depositContractAddress",
    ];
    NAMES.contains(&key) || key.starts_with("terminalTotalDifficulty") || key.ends_with("Block")
}

fn is_unbuilt(key: &str) -> bool {
    UNBUILT.contains(&key) || key.starts_with("bls12381")
}

/// The known key that differs least, if little enough to be a slip.
fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    if key.len() > KEY_BYTES_MAX {
        return None;
    }
    let key = key.to_ascii_lowercase();
    let allowed = key.len() / 3;
    known
        .iter()
        .map(|name| {
            let lower = name.to_ascii_lowercase();
            let begins = key.len() >= BEGINNING_BYTES_MIN && lower.starts_with(&key);
            (if begins { 0 } else { distance(key.as_bytes(), lower.as_bytes()) }, *name)
        })
        .filter(|(edits, _)| *edits <= allowed)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// Levenshtein distance, one row at a time.
fn distance(from: &[u8], to: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, a) in from.iter().enumerate() {
        let mut left = index.saturating_add(1);
        let mut diagonal = index;
        for (cell, b) in row.iter_mut().skip(1).zip(to) {
            let substituted = diagonal.saturating_add(usize::from(a != b));
            diagonal = *cell;
            left = substituted.min(left.min(diagonal).saturating_add(1));
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = index.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// Enough for all that geth's tools write, and no file can fill the log.
const NOTES_MAX: usize = 64;

/// A beginning shorter than this could be that of many keys.
const BEGINNING_BYTES_MIN: usize = 6;

/// Longer than any known key with slips.
const KEY_BYTES_MAX: usize = 64;

/// Ethereum's names of forks that have their own key here.
const ETHEREUM_FORKS: [(&str, &str); 2] = [("pragueTime", "pragueTimestamp"), ("osakaTime", "osakaTimestamp")];

/// Names that have a meaning in a later release or in another implementation: taking the file without them would run
/// another chain than its author meant.
const UNBUILT: [&str; 29] = [
    "pragueTimestamp",
    "osakaTimestamp",
    "feeSplitTimestamp",
    "skipPostMergeFields",
    "gasPriceManagerConfig",
    "stakeWeightConfig",
    "aiMiningConfig",
    "teleportConfig",
    "modelRegistryConfig",
    "teeConfig",
    "dexConfig",
    "graphConfig",
    "blake3Config",
    "fheConfig",
    "ringConfig",
    "hpkeConfig",
    "eciesConfig",
    "ringtailThreshold",
    "zkConfig",
    "poseidonConfig",
    "pedersenConfig",
    "starkConfig",
    "kzgConfig",
    "parsCultureConfig",
    "sealedBallotsConfig",
    "deadZeroConfig",
    "deadConfig",
    "deadFullConfig",
    "routerConfig",
];

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn distances() {
        for (a, b, edits) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("same", "same", 0),
        ] {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), edits, "{a} {b}");
        }
    }

    #[test]
    fn nearest_is_a_slip_not_a_guess() {
        let known = ["chainId", "feeConfig", "durangoTimestamp"];
        assert_eq!(nearest("chainID", &known), Some("chainId"));
        assert_eq!(nearest("durangoTimstamp", &known), Some("durangoTimestamp"));
        assert_eq!(nearest("feeCon", &known), Some("feeConfig"));
        assert_eq!(nearest("c", &known), None);
        assert_eq!(nearest("somethingElse", &known), None);
        assert_eq!(nearest(&"é".repeat(1_000), &known), None);
    }
}

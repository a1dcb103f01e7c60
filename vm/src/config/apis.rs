//! Names in `eth-apis`: groups of methods as the Go node names them, now and formerly.

use crate::config::nearest::nearest;
use crate::rpc::table::Group;
use std::str::FromStr;

/// What a name in `eth-apis` switches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Methods that are here.
    Group(Group),
    /// A group of the Go node that has no method here.
    Absent(&'static str),
}

/// A name's meaning, or what was expected.
pub(super) fn named(name: &str) -> Result<Named, String> {
    let now = ALIASES.iter().find(|(former, _)| *former == name).map_or(name, |(_, now)| *now);
    if let Ok(group) = Group::from_str(now) {
        return Ok(Named::Group(group));
    }
    let absent = ABSENT.iter().find(|absent| **absent == now);
    absent.map(|absent| Named::Absent(absent)).ok_or_else(|| {
        let meant = nearest(name, known()).unwrap_or_default();
        format!("names of API groups; did you mean \"{meant}\" by {name:?}?")
    })
}

/// Every name.
fn known() -> impl Iterator<Item = &'static str> {
    use strum::IntoEnumIterator;
    Group::iter().map(Into::into).chain(ABSENT).chain(ALIASES.iter().map(|(former, _)| *former))
}

/// Groups of the Go node without a method here.
const ABSENT: [&str; 6] = ["debug", "debug-tracer", "debug-file-tracer", "debug-handler", "admin", "internal-personal"];

/// Former names.
const ALIASES: [(&str, &str); 13] = [
    ("internal-public-eth", "internal-eth"),
    ("internal-public-blockchain", "internal-blockchain"),
    ("internal-public-transaction-pool", "internal-transaction"),
    ("internal-public-tx-pool", "internal-tx-pool"),
    ("internal-public-debug", "internal-debug"),
    ("internal-private-debug", "internal-debug"),
    ("internal-public-account", "internal-account"),
    ("internal-private-personal", "internal-personal"),
    ("public-eth", "eth"),
    ("public-eth-filter", "eth-filter"),
    ("private-admin", "admin"),
    ("public-debug", "debug"),
    ("private-debug", "debug"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_go_node() {
        for (name, meaning) in [
            ("eth", Named::Group(Group::Eth)),
            ("eth-filter", Named::Group(Group::EthFilter)),
            ("net", Named::Group(Group::Net)),
            ("web3", Named::Group(Group::Web3)),
            ("internal-eth", Named::Group(Group::InternalEth)),
            ("internal-blockchain", Named::Group(Group::InternalBlockchain)),
            ("internal-transaction", Named::Group(Group::InternalTransaction)),
            ("internal-tx-pool", Named::Group(Group::InternalTxPool)),
            ("internal-debug", Named::Group(Group::InternalDebug)),
            ("internal-account", Named::Group(Group::InternalAccount)),
            ("internal-personal", Named::Absent("internal-personal")),
            ("admin", Named::Absent("admin")),
            ("debug", Named::Absent("debug")),
            ("debug-tracer", Named::Absent("debug-tracer")),
            ("debug-file-tracer", Named::Absent("debug-file-tracer")),
            ("debug-handler", Named::Absent("debug-handler")),
            ("public-eth", Named::Group(Group::Eth)),
            ("public-eth-filter", Named::Group(Group::EthFilter)),
            ("public-debug", Named::Absent("debug")),
            ("private-debug", Named::Absent("debug")),
            ("private-admin", Named::Absent("admin")),
            ("internal-public-transaction-pool", Named::Group(Group::InternalTransaction)),
            ("internal-public-tx-pool", Named::Group(Group::InternalTxPool)),
            ("internal-private-personal", Named::Absent("internal-personal")),
        ] {
            assert_eq!(named(name), Ok(meaning), "{name}");
        }
        for (_, now) in ALIASES {
            assert!(named(now).is_ok(), "{now}");
        }
        let text = "names of API groups; did you mean \"internal-tx-pool\" by \"internal-txpool\"?";
        assert_eq!(named("internal-txpool"), Err(text.to_owned()));
        assert_eq!(named("Eth").map_err(|text| text.contains("\"eth\"")), Err(true));
    }
}

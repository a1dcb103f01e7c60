//! Fork times from genesis, upgrade file and host.

use crate::error::{Error, File, Offence};
use crate::forks::{Forks, HostUpgrades, INITIALLY_ACTIVE};
use crate::parse::json::{Node, Object};

/// Keys of fork times in both vocabularies.
pub(crate) const KEYS: [&str; 8] = [
    "subnetEVMTimestamp",
    "evmTimestamp",
    "durangoTimestamp",
    "etnaTimestamp",
    "quasarTimestamp",
    "fortunaTimestamp",
    "graniteTimestamp",
    "heliconTimestamp",
];

/// What one object says of each fork, in the order of [`Forks::times`].
pub(crate) type Times = [Option<Given>; 5];

/// A time and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    time: u64,
    file: File,
    path: String,
}

/// Reads the fork times of `config` or `networkUpgradeOverrides`.
pub(crate) fn read(object: &Object<'_>) -> Result<Times, Error> {
    if let Some((node, got)) = either(object, ["subnetEVMTimestamp", "evmTimestamp"])?
        && got != 0
    {
        return Err(node.error(Offence::NotFromStart { got }));
    }
    let mut times = Times::default();
    for (slot, names) in times.iter_mut().zip(NAMES) {
        *slot = either(object, names)?.map(|(node, time)| Given { time, file: node.origin(), path: node.path() });
    }
    Ok(times)
}

/// Times of a genesis without `config`: those of Avalanche's main network, as if the file gave them.
pub(crate) fn without_config() -> Times {
    let host = HostUpgrades::MAINNET;
    [host.durango, host.etna, None, host.granite, host.helicon]
        .map(|time| time.map(|time| Given { time, file: File::Genesis, path: "config".to_owned() }))
}

/// The times that hold: overrides, else genesis where neither absent nor 0, else the defaults.
pub(crate) fn resolve(genesis: &Times, overrides: &Times, host: Option<&HostUpgrades>) -> Result<Forks, Error> {
    let defaults = defaults(host);
    let mut times = [None; 5];
    let mut sources: Times = Times::default();
    for index in 0..times.len() {
        let given = |times: &'_ Times| times.get(index).cloned().flatten();
        let default = defaults.get(index).copied().flatten();
        let source = given(overrides).or_else(|| given(genesis).filter(|given| given.time != 0));
        if let (Some(given), Some(host)) = (&source, default)
            && given.time < host
            && !(given.time == 0 && host <= INITIALLY_ACTIVE)
        {
            return Err(given.error(Offence::BeforeHost { got: given.time, host }));
        }
        if let (Some(time), Some(slot)) = (times.get_mut(index), sources.get_mut(index)) {
            *time = source.as_ref().map(|given| given.time).or(default);
            *slot = source;
        }
    }
    let forks = Forks::from_times(times);
    check_order(&forks, &sources)?;
    Ok(forks)
}

fn check_order(forks: &Forks, sources: &Times) -> Result<(), Error> {
    let Some((earlier, later)) = forks.disorder() else {
        return Ok(());
    };
    let time = |index: usize| forks.times().get(index).copied().flatten();
    let name = |index: usize| Forks::NAMES.get(index).copied().unwrap_or_default();
    let offence = Offence::ForkOrder {
        earlier: name(earlier),
        earlier_time: time(earlier).map_or_else(|| "never".to_owned(), |time| time.to_string()),
        later: name(later),
        later_time: time(later).unwrap_or_default(),
    };
    let source = |index: usize| sources.get(index).and_then(Option::as_ref);
    Err(match source(later).or_else(|| source(earlier)) {
        Some(given) => given.error(offence),
        None => Error { file: File::Host, path: "upgrade times".to_owned(), offence },
    })
}

/// Fortuna has none: it has no effect, no Go chain gets it from its host, and at 0 it would come before an Etna that a
/// file sets later.
fn defaults(host: Option<&HostUpgrades>) -> [Option<u64>; 5] {
    host.map_or([Some(0), Some(0), None, Some(0), None], |host| {
        [host.durango, host.etna, None, host.granite, host.helicon]
    })
}

/// Value of a key that has two names. Same value twice is one value.
fn either<'s>(object: &'s Object<'_>, names: [&str; 2]) -> Result<Option<(Node<'s>, u64)>, Error> {
    let mut found: Option<(Node<'s>, u64)> = None;
    for name in names {
        let Some(node) = object.get(name) else {
            continue;
        };
        let time = node.plain_u64()?;
        if let Some((other, other_time)) = &found
            && *other_time != time
        {
            return Err(node.error(Offence::Differs { other: other.path() }));
        }
        found = found.or(Some((node, time)));
    }
    Ok(found)
}

impl Given {
    fn error(&self, offence: Offence) -> Error {
        Error { file: self.file, path: self.path.clone(), offence }
    }
}

/// Names of each fork's key: subnet-evm's and luxfi's.
const NAMES: [[&str; 2]; 5] = [
    ["durangoTimestamp", "durangoTimestamp"],
    ["etnaTimestamp", "quasarTimestamp"],
    ["fortunaTimestamp", "fortunaTimestamp"],
    ["graniteTimestamp", "graniteTimestamp"],
    ["heliconTimestamp", "heliconTimestamp"],
];

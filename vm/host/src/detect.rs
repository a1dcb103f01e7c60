//! Which host started this process: from its environment and its [`Numbers`], before any dial.

use std::collections::BTreeMap;

use crate::dialect::{Dialect, TABLE, spoken};
use crate::numbers::ASKING;
use crate::{Numbers, ServeError, Source};

/// Chooses the protocol number among the rows of one host. Its prefix is one that hosts pass on to plugins.
pub const PROTOCOL_OVERRIDE: &str = "GRPC_PARS_PROTOCOL";

/// The variables that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

/// A host and where it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detected {
    /// The row of the table.
    pub dialect: &'static Dialect,
    /// The host's address, `host:port`.
    pub addr: String,
    /// What chose the row among those of this host.
    pub source: Source,
}

impl Environment {
    /// This process's environment. Variables that are empty or not Unicode count as absent.
    #[must_use]
    pub fn of_process() -> Self {
        let names = TABLE.iter().map(|row| row.env).chain([PROTOCOL_OVERRIDE, ASKING]).chain(FOREIGN.iter().copied());
        names.filter_map(|name| Some((name, std::env::var(name).ok()?))).collect()
    }

    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(vars: T) -> Self {
        Self(vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// The host that the environment names. A number that is known and has no row is the host's all the same: it is told the
/// first one of the table, and says what is wrong.
///
/// # Errors
/// None is named, or one that is not spoken here, or its address is not one, or the operator chose a number without a row.
pub async fn detect(environment: &Environment, numbers: &Numbers) -> Result<Detected, ServeError> {
    let Some(env) = TABLE.iter().map(|row| row.env).find(|env| environment.var(env).is_some()) else {
        return Err(absent(environment));
    };
    let addr = environment.var(env).unwrap_or_default().to_owned();
    if !is_address(&addr) {
        return Err(ServeError::Address { env, got: addr });
    }
    let row = |number: u32| TABLE.iter().find(|row| row.env == env && row.protocol == number);
    let unknown = |place: String, got: &str| ServeError::Protocol { place, got: got.to_owned(), spoken: spoken() };
    let (dialect, source) = match environment.var(PROTOCOL_OVERRIDE) {
        Some(text) => {
            let dialect = text.parse().ok().and_then(row);
            (Some(dialect.ok_or_else(|| unknown(PROTOCOL_OVERRIDE.to_owned(), text))?), Source::Variable)
        }
        None => match numbers.find(environment).await? {
            Some((number, Source::File(file))) => {
                let place = format!("{}: protocol ", file.display());
                (Some(row(number).ok_or_else(|| unknown(place, &format!(" {number}")))?), Source::File(file))
            }
            Some((number, source)) => (row(number), source),
            None => (None, Source::Default),
        },
    };
    let dialect = dialect.or_else(|| TABLE.iter().find(|row| row.env == env)).ok_or_else(|| absent(environment))?;
    Ok(Detected { dialect, addr, source })
}

fn absent(environment: &Environment) -> ServeError {
    if let Some(env) = FOREIGN.iter().find(|env| environment.var(env).is_some()) {
        return ServeError::ForeignHost { env, spoken: spoken() };
    }
    let mut wanted: Vec<&'static str> = TABLE.iter().map(|row| row.env).collect();
    wanted.dedup();
    ServeError::NoHost { wanted }
}

fn is_address(text: &str) -> bool {
    text.parse::<http::uri::Authority>().is_ok_and(|authority| authority.port_u16().is_some())
}

/// Variables of hosts without a row, so that the message can say what was found.
const FOREIGN: &[&str] = &["VM_RUNTIME_ENGINE_ADDR", "LUX_VM_RUNTIME_ENGINE_ADDR"];

#[cfg(test)]
mod tests {
    use super::*;

    const AVALANCHE: &str = "AVALANCHE_VM_RUNTIME_ENGINE_ADDR";

    fn environment<const N: usize>(vars: [(&str, &str); N]) -> Environment {
        vars.into_iter().collect()
    }

    async fn found(environment: &Environment) -> Result<Detected, String> {
        detect(environment, &Numbers::default()).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn avalanchego_is_found() {
        let found = found(&environment([(AVALANCHE, "127.0.0.1:4711")])).await.unwrap();
        assert_eq!((found.dialect.name, found.dialect.protocol), ("avalanchego", 45));
        assert_eq!((found.addr.as_str(), found.source), ("127.0.0.1:4711", Source::Default));
    }

    #[tokio::test]
    async fn a_row_wins_over_hosts_without_one() {
        let both = [(AVALANCHE, "127.0.0.1:1"), ("LUX_VM_RUNTIME_ENGINE_ADDR", "127.0.0.1:2")];
        assert_eq!(found(&environment(both)).await.unwrap().addr, "127.0.0.1:1");
    }

    #[tokio::test]
    async fn the_override_chooses_among_the_rows() {
        let vars = |number| environment([(AVALANCHE, "127.0.0.1:1"), (PROTOCOL_OVERRIDE, number)]);
        for (number, protocol) in [("44", 44), ("45", 45), ("46", 46), ("", 45)] {
            assert_eq!(found(&vars(number)).await.unwrap().dialect.protocol, protocol);
        }
        for number in ["43", "x"] {
            let text = format!(
                "GRPC_PARS_PROTOCOL={number}: this release speaks avalanchego 45, avalanchego 44, avalanchego 46"
            );
            assert_eq!(found(&vars(number)).await.unwrap_err(), text);
        }
    }

    #[tokio::test]
    async fn what_is_known_chooses_among_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let numbers = Numbers::new(folder.path().to_owned(), folder.path().join("absent"));
        let vars = environment([(AVALANCHE, "127.0.0.1:1")]);
        // A number without a row: the host is told ours, and says what is wrong.
        for (noted, protocol) in [(46, 46), (44, 44), (43, 45)] {
            assert!(numbers.note(noted));
            let found = detect(&vars, &numbers).await.unwrap();
            assert_eq!((found.dialect.protocol, found.source), (protocol, Source::Note));
        }
        let file = folder.path().join("host.toml");
        std::fs::write(&file, "protocol = 44").unwrap();
        let found = detect(&vars, &numbers).await.unwrap();
        assert_eq!((found.dialect.protocol, found.source), (44, Source::File(file.clone())));
        std::fs::write(&file, "protocol = 43").unwrap();
        let text = detect(&vars, &numbers).await.unwrap_err().to_string();
        let spoken = "this release speaks avalanchego 45, avalanchego 44, avalanchego 46";
        assert_eq!(text, format!("{}: protocol = 43: {spoken}", file.display()));
    }

    #[tokio::test]
    async fn what_is_missing_or_wrong_is_named() {
        for (vars, text) in [
            (environment([]), "this is a plugin and is started by a host, which sets AVALANCHE_VM_RUNTIME_ENGINE_ADDR"),
            (
                environment([(AVALANCHE, "")]),
                "this is a plugin and is started by a host, which sets AVALANCHE_VM_RUNTIME_ENGINE_ADDR",
            ),
            (
                environment([("VM_RUNTIME_ENGINE_ADDR", "127.0.0.1:1")]),
                "VM_RUNTIME_ENGINE_ADDR is set by a host that is not in this release, which speaks avalanchego 45, \
                 avalanchego 44, avalanchego 46",
            ),
            (
                environment([(AVALANCHE, "nowhere")]),
                "AVALANCHE_VM_RUNTIME_ENGINE_ADDR=\"nowhere\" is not an address: expected host:port",
            ),
        ] {
            assert_eq!(found(&vars).await.unwrap_err(), text);
        }
    }
}

//! Which host started this process: from the environment alone, before any dial.

use std::collections::BTreeMap;

use crate::ServeError;
use crate::dialect::{Dialect, TABLE, spoken};

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
}

impl Environment {
    /// This process's environment. Variables that are empty or not Unicode count as absent.
    #[must_use]
    pub fn of_process() -> Self {
        let names = TABLE.iter().map(|row| row.env).chain([PROTOCOL_OVERRIDE]).chain(FOREIGN.iter().copied());
        names.filter_map(|name| Some((name, std::env::var(name).ok()?))).collect()
    }

    fn var(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(vars: T) -> Self {
        Self(vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// The host that the environment names.
///
/// # Errors
/// None is named, or one that is not spoken here, or its address is not one.
pub fn detect(environment: &Environment) -> Result<Detected, ServeError> {
    let Some(env) = TABLE.iter().map(|row| row.env).find(|env| environment.var(env).is_some()) else {
        return Err(absent(environment));
    };
    let mut rows = TABLE.iter().filter(|row| row.env == env);
    let dialect = match environment.var(PROTOCOL_OVERRIDE) {
        None => rows.next(),
        Some(number) => rows.find(|row| number.parse() == Ok(row.protocol)),
    };
    let Some(dialect) = dialect else {
        let got = environment.var(PROTOCOL_OVERRIDE).unwrap_or_default().to_owned();
        return Err(ServeError::Protocol { got, spoken: spoken() });
    };
    let addr = environment.var(env).unwrap_or_default().to_owned();
    if !is_address(&addr) {
        return Err(ServeError::Address { env, got: addr });
    }
    Ok(Detected { dialect, addr })
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

    #[test]
    fn avalanchego_is_found() {
        let found = detect(&environment([(AVALANCHE, "127.0.0.1:4711")])).unwrap();
        assert_eq!((found.dialect.name, found.dialect.protocol), ("avalanchego", 45));
        assert_eq!(found.addr, "127.0.0.1:4711");
    }

    #[test]
    fn a_row_wins_over_hosts_without_one() {
        let both = [(AVALANCHE, "127.0.0.1:1"), ("LUX_VM_RUNTIME_ENGINE_ADDR", "127.0.0.1:2")];
        assert_eq!(detect(&environment(both)).unwrap().addr, "127.0.0.1:1");
    }

    #[test]
    fn the_override_chooses_among_the_rows() {
        let vars = |number| environment([(AVALANCHE, "127.0.0.1:1"), (PROTOCOL_OVERRIDE, number)]);
        assert_eq!(detect(&vars("45")).unwrap().dialect.protocol, 45);
        assert_eq!(detect(&vars("")).unwrap().dialect.protocol, 45);
        for number in ["44", "x"] {
            let text = detect(&vars(number)).unwrap_err().to_string();
            assert_eq!(text, format!("GRPC_PARS_PROTOCOL={number}: this release speaks avalanchego 45"));
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (vars, text) in [
            (environment([]), "this is a plugin and is started by a host, which sets AVALANCHE_VM_RUNTIME_ENGINE_ADDR"),
            (
                environment([(AVALANCHE, "")]),
                "this is a plugin and is started by a host, which sets AVALANCHE_VM_RUNTIME_ENGINE_ADDR",
            ),
            (
                environment([("VM_RUNTIME_ENGINE_ADDR", "127.0.0.1:1")]),
                "VM_RUNTIME_ENGINE_ADDR is set by a host that is not in this release, which speaks avalanchego 45",
            ),
            (
                environment([(AVALANCHE, "nowhere")]),
                "AVALANCHE_VM_RUNTIME_ENGINE_ADDR=\"nowhere\" is not an address: expected host:port",
            ),
        ] {
            assert_eq!(detect(&vars).unwrap_err().to_string(), text);
        }
    }
}

//! Which host started this process: from its environment, from who speaks first at its address, and from its
//! [`Numbers`], before anything is said to it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use crate::dialect::{Dialect, TABLE, Transport, in_words, spoken, unloadable};
use crate::http::Connection;
use crate::numbers::{ASKING, Choice};
use crate::zap::address;
use crate::zap::hello::{self, Heard};
use crate::{Numbers, ServeError, Source, age};

/// Chooses the protocol number among the rows of one host. Its prefix is one that hosts pass on to plugins.
pub const PROTOCOL_OVERRIDE: &str = "GRPC_PARS_PROTOCOL";
/// Chooses the transport among the rows of one host.
pub const TRANSPORT_OVERRIDE: &str = "GRPC_PARS_TRANSPORT";

/// Names of the same for hosts that pass everything on; the first that is set counts.
const PROTOCOL_OVERRIDES: [&str; 2] = [PROTOCOL_OVERRIDE, "PARS_VM_PROTOCOL"];
const TRANSPORT_OVERRIDES: [&str; 2] = [TRANSPORT_OVERRIDE, "PARS_VM_TRANSPORT"];

/// The host ends a plugin that is not heard within so long of its start.
const HOST_PATIENCE: Duration = Duration::from_secs(5);
/// What is wrong is said before that.
const PATIENCE: Duration = Duration::from_millis(4_500);
/// A host is waited for so long all the same: it may be as late as its plugin.
const PATIENCE_MIN: Duration = Duration::from_secs(1);

/// Where luxd says how it speaks. Any word but `zap` leaves that to be found out.
const TRANSPORTS: [&str; 2] = ["VM_TRANSPORT", "LUX_VM_TRANSPORT"];

/// What this process was started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The variables that matter here.
    vars: BTreeMap<String, String>,
    /// How long ago that was.
    age: Duration,
}

/// A host and where it waits.
pub struct Detected {
    /// The row of the table.
    pub dialect: &'static Dialect,
    /// The host's address.
    pub addr: String,
    /// What chose the row among those of this host.
    pub source: Source,
    /// The host's own number, where that is known and has no row.
    pub(crate) other: Option<u32>,
    /// Where the operator said how the host speaks, in words, if it could be otherwise.
    pub(crate) said: Option<String>,
    /// The connection on which it was silent: it takes no second one. A mutex lets the rest be shared.
    pub(crate) connection: Mutex<Option<Box<dyn Connection>>>,
}

impl std::fmt::Debug for Detected {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dialect, addr, source, other, said, connection: _ } = self;
        out.debug_struct("Detected")
            .field("dialect", dialect)
            .field("addr", addr)
            .field("source", source)
            .field("other", other)
            .field("said", said)
            .finish_non_exhaustive()
    }
}

impl Environment {
    /// This process's environment. Variables that are empty or not Unicode count as absent.
    #[must_use]
    pub fn of_process() -> Self {
        let names = TABLE.iter().flat_map(|row| row.envs.iter().copied());
        let names = names.chain(PROTOCOL_OVERRIDES).chain(TRANSPORT_OVERRIDES).chain(TRANSPORTS).chain([ASKING]);
        let vars: Self = names.filter_map(|name| Some((name, std::env::var(name).ok()?))).collect();
        Self { age: age::of_process(), ..vars }
    }

    /// For how long the host may be waited for.
    pub(crate) fn patience(&self) -> Duration {
        // The host would have ended an older one: it took the place of a program that was not started by a host.
        let age = if self.age < HOST_PATIENCE { self.age } else { Duration::ZERO };
        PATIENCE.saturating_sub(age).max(PATIENCE_MIN)
    }

    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The first of some variables that is set, and its value.
    fn first(&self, names: &[&'static str]) -> Option<(&'static str, &str)> {
        names.iter().find_map(|name| Some((*name, self.var(name)?)))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(vars: T) -> Self {
        let vars = vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { vars, age: Duration::ZERO }
    }
}

/// The host that the environment names. A number that is known and has no row is the host's all the same: it is told the
/// first one of the table, and says what is wrong.
///
/// # Errors
/// None is named, or its address is not one, or nobody is there, or it loads no plugins, or the operator chose something
/// without a row.
pub async fn detect(environment: &Environment, numbers: &Numbers) -> Result<Detected, ServeError> {
    let named = name(environment)?;
    let (choice, place) = chosen(environment, numbers)?;
    let only = named.only();
    let said = choice.transport.filter(|_| only.is_none()).map(|it| format!("{}{}", place.transport, it.name()));
    let fixed = choice.transport.or(named.says).or(only);
    let (transport, connection) = match fixed {
        Some(transport) => (transport, None),
        None => named.listen().await?,
    };
    let found = match choice.protocol {
        Some(number) => Some((number, place.protocol)),
        None => numbers.find(environment).await,
    };
    // The operator may be wrong; a host knows its own number.
    if let Some((number, Source::Note | Source::Asked)) = found
        && let Some(advice) = unloadable(named.host, transport, number)
    {
        return Err(ServeError::Unloadable { host: named.host, number, advice });
    }
    let of_host = || TABLE.iter().filter(|row| row.envs.contains(&named.env));
    let rows = || of_host().filter(|row| row.transport == transport);
    let unknown = |place: String, got: String| ServeError::Choice { place, got, expected: in_words(of_host()) };
    let Some(first) = rows().next() else {
        return Err(unknown(place.transport, format!("{} for {}", transport.name(), named.host)));
    };
    let row = |number: u32| rows().find(|row| row.protocol == number);
    let (dialect, source, other) = match found {
        None => (first, Source::Default, None),
        Some((number, source)) => match (row(number), &source) {
            (Some(dialect), _) => (dialect, source, None),
            (None, Source::Variable(name)) => return Err(unknown(format!("{name}="), number.to_string())),
            (None, Source::File(file)) => {
                return Err(unknown(format!("{}: protocol = ", file.display()), number.to_string()));
            }
            (None, Source::Note | Source::Asked | Source::Default) => (first, source, Some(number)),
        },
    };
    if transport == Transport::Grpc && !address::is_tcp(named.addr) {
        return Err(ServeError::Address { env: named.env, got: named.addr.to_owned(), expected: address::TCP });
    }
    Ok(Detected { dialect, addr: named.addr.to_owned(), source, other, said, connection: Mutex::new(connection) })
}

/// A host as its variables name it.
struct Named<'a> {
    host: &'static str,
    env: &'static str,
    addr: &'a str,
    /// How it says that it speaks.
    says: Option<Transport>,
}

impl Named<'_> {
    /// How it speaks where all of its rows say the same.
    fn only(&self) -> Option<Transport> {
        let mut rows = TABLE.iter().filter(|row| row.envs.contains(&self.env));
        let first = rows.next()?.transport;
        rows.all(|row| row.transport == first).then_some(first)
    }

    /// How it speaks by who speaks first.
    async fn listen(&self) -> Result<(Transport, Option<Box<dyn Connection>>), ServeError> {
        match hello::listen(self.addr).await {
            Ok(Heard::Grpc) => Ok((Transport::Grpc, None)),
            Ok(Heard::Silent(connection)) => Ok((Transport::Zap, Some(connection))),
            Err(error) => Err(ServeError::Dial {
                addr: self.addr.to_owned(),
                reason: error.to_string(),
                spoken: spoken(),
                advice: String::new(),
            }),
        }
    }
}

/// Where several hosts are named, as under a test runner that runs in another host: who says `zap` first, then the first
/// row of the table.
fn name(environment: &Environment) -> Result<Named<'_>, ServeError> {
    let says_zap = TRANSPORTS.iter().any(|name| environment.var(name) == Some(Transport::Zap.name()));
    let zap_first = TABLE.iter().filter(|row| says_zap && row.transport == Transport::Zap);
    let named = zap_first.chain(TABLE).find_map(|row| Some((row, environment.first(row.envs)?)));
    let Some((row, (env, addr))) = named else {
        let mut wanted: Vec<&'static str> = Vec::new();
        for env in TABLE.iter().flat_map(|row| row.envs) {
            if !wanted.contains(env) {
                wanted.push(env);
            }
        }
        return Err(ServeError::NoHost { wanted });
    };
    if !address::is_address(addr) {
        let speaks_zap = TABLE.iter().any(|row| row.envs.contains(&env) && row.transport == Transport::Zap);
        let expected = if speaks_zap { address::ANY } else { address::TCP };
        return Err(ServeError::Address { env, got: addr.to_owned(), expected });
    }
    let says = (says_zap && row.transport == Transport::Zap).then_some(Transport::Zap);
    Ok(Named { host: row.name, env, addr, says })
}

/// Where a choice was found.
struct Place {
    protocol: Source,
    /// In words, up to the value.
    transport: String,
}

/// What the operator chose: variables count before the file.
fn chosen(environment: &Environment, numbers: &Numbers) -> Result<(Choice, Place), ServeError> {
    let (mut choice, file) = numbers.of_operator()?;
    let transport = format!("{}: transport = ", file.display());
    let mut place = Place { protocol: Source::File(file), transport };
    let wrong = |name: &str, got: &str, expected: &str| ServeError::Choice {
        place: format!("{name}="),
        got: got.to_owned(),
        expected: expected.to_owned(),
    };
    if let Some((name, text)) = environment.first(&PROTOCOL_OVERRIDES) {
        choice.protocol = Some(text.parse().map_err(|_| wrong(name, text, "a number, as 42"))?);
        place.protocol = Source::Variable(name);
    }
    if let Some((name, text)) = environment.first(&TRANSPORT_OVERRIDES) {
        let found = Transport::ALL.into_iter().find(|transport| transport.name() == text);
        choice.transport = Some(found.ok_or_else(|| wrong(name, text, "grpc or zap"))?);
        place.transport = format!("{name}=");
    }
    Ok((choice, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    const AVALANCHE: &str = "AVALANCHE_VM_RUNTIME_ENGINE_ADDR";
    const NEW: &str = "VM_RUNTIME_ENGINE_ADDR";
    const OLD: &str = "LUX_VM_RUNTIME_ENGINE_ADDR";
    /// How the refusal of an operator's choice ends.
    const ADVICE: &str = "change it, or remove it to let this program find out";

    fn environment<const N: usize>(vars: [(&str, &str); N]) -> Environment {
        vars.into_iter().collect()
    }

    async fn found(environment: &Environment) -> Result<Detected, String> {
        detect(environment, &Numbers::default()).await.map_err(|error| error.to_string())
    }

    #[test]
    fn a_host_is_waited_for_until_it_waits_no_longer() {
        for (age, patience) in
            [(0, 4_500), (300, 4_200), (4_400, 1_000), (4_990, 1_000), (5_000, 4_500), (90_000, 4_500)]
        {
            let environment = Environment { age: Duration::from_millis(age), ..Environment::default() };
            assert_eq!(environment.patience(), Duration::from_millis(patience), "{age}");
        }
    }

    /// What waits at an address: a host of gRPC, which speaks first, or one of ZAP.
    async fn waiting(how: Transport) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap().to_string();
        drop(tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                if how == Transport::Grpc {
                    stream.write_all(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0]).await.unwrap();
                }
                kept.push(stream);
            }
        }));
        addr
    }

    #[tokio::test]
    async fn the_override_chooses_among_the_rows() {
        let vars = |name: &'static str, number| environment([(AVALANCHE, "127.0.0.1:1"), (name, number)]);
        for name in [PROTOCOL_OVERRIDE, "PARS_VM_PROTOCOL"] {
            for (number, protocol) in [("44", 44), ("45", 45), ("46", 46), ("", 45)] {
                assert_eq!(found(&vars(name, number)).await.unwrap().dialect.protocol, protocol);
            }
            let ours = "avalanchego 45, avalanchego 44, avalanchego 46";
            for (number, expected) in [("43", ours), ("42", ours), ("x", "a number, as 42")] {
                let text = format!("{name}={number}: expected {expected}; {ADVICE}");
                assert_eq!(found(&vars(name, number)).await.unwrap_err(), text);
            }
        }
        // What an operator says of luxd is no word of luxd's.
        let addr = waiting(Transport::Grpc).await;
        let text = found(&environment([(OLD, &addr), (PROTOCOL_OVERRIDE, "43")])).await.unwrap_err();
        assert_eq!(text, format!("{PROTOCOL_OVERRIDE}=43: expected luxd 42 over ZAP, luxd 42 over gRPC; {ADVICE}"));
        // A transport that is chosen is not looked for, and one without a row is told.
        for (name, transport, row) in
            [(TRANSPORT_OVERRIDE, "zap", "luxd 42 over ZAP"), ("PARS_VM_TRANSPORT", "grpc", "luxd 42 over gRPC")]
        {
            let vars = environment([(NEW, "127.0.0.1:1"), (name, transport)]);
            assert_eq!(found(&vars).await.unwrap().dialect.to_string(), row);
        }
        for (transport, text, expected) in [
            ("zap", "zap for avalanchego", "avalanchego 45, avalanchego 44, avalanchego 46"),
            ("both", "both", "grpc or zap"),
        ] {
            let vars = environment([(AVALANCHE, "127.0.0.1:1"), (TRANSPORT_OVERRIDE, transport)]);
            let text = format!("{TRANSPORT_OVERRIDE}={text}: expected {expected}; {ADVICE}");
            assert_eq!(found(&vars).await.unwrap_err(), text);
        }
    }

    #[tokio::test]
    async fn what_is_known_chooses_among_the_rows() {
        let folder = tempfile::tempdir().unwrap();
        let numbers = Numbers::new(folder.path().to_owned(), folder.path().join("absent"));
        let vars = environment([(AVALANCHE, "127.0.0.1:1")]);
        // A number without a row: the host is told ours, and says what is wrong.
        for (noted, protocol, other) in [(46, 46, None), (44, 44, None), (43, 45, Some(43))] {
            assert!(numbers.note(noted));
            let found = detect(&vars, &numbers).await.unwrap();
            assert_eq!((found.dialect.protocol, found.source, found.other), (protocol, Source::Note, other));
        }
        let file = folder.path().join("host.toml");
        std::fs::write(&file, "protocol = 44").unwrap();
        let found = detect(&vars, &numbers).await.unwrap();
        assert_eq!((found.dialect.protocol, found.source), (44, Source::File(file.clone())));
        for (text, wrong) in
            [("protocol = 43", "protocol = 43"), ("transport = \"zap\"", "transport = zap for avalanchego")]
        {
            std::fs::write(&file, text).unwrap();
            let text = detect(&vars, &numbers).await.unwrap_err().to_string();
            let ours = "avalanchego 45, avalanchego 44, avalanchego 46";
            assert_eq!(text, format!("{}: {wrong}: expected {ours}; {ADVICE}", file.display()));
        }
    }

    /// One that loads no plugins is named, before anything is said to it.
    #[tokio::test]
    async fn luxd_of_august_2025_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let numbers = Numbers::new(folder.path().to_owned(), folder.path().join("absent"));
        assert!(numbers.note(43));
        let addr = waiting(Transport::Grpc).await;
        let text = detect(&environment([(OLD, &addr)]), &numbers).await.unwrap_err().to_string();
        assert!(text.starts_with("luxd of protocol 43 started this process: luxd of August 2025 loads no"), "{text}");
        assert!(text.ends_with("install a later one, whose protocol is 42"), "{text}");
        // Over ZAP that number is one of a later host.
        let addr = waiting(Transport::Zap).await;
        let found = detect(&environment([(NEW, &addr)]), &numbers).await.unwrap();
        assert_eq!((found.dialect.to_string().as_str(), found.other), ("luxd 42 over ZAP", Some(43)));
    }

    #[tokio::test]
    async fn addresses_are_looked_at() {
        let (tcp, any) = ("ip:port or localhost:port", "ip:port, localhost:port, or a path or @name of a socket");
        for (env, got, expected) in
            [(AVALANCHE, "nowhere", tcp), (AVALANCHE, "/run/vm.sock", tcp), (NEW, "127.0.0.1", any), (OLD, "x:y", any)]
        {
            let vars = environment([(env, got)]);
            let text = format!(
                "{env}={got:?} is not an address: expected {expected}; a host sets it, so remove it from where the \
                 host starts"
            );
            assert_eq!(found(&vars).await.unwrap_err(), text);
        }
        // A socket with a path: old plugins dial none, so luxd gives it only when it is told to.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vm.sock");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let host = found(&environment([(NEW, path.to_str().unwrap())])).await.unwrap();
        assert_eq!(
            (host.dialect.to_string().as_str(), host.connection.lock().unwrap().is_some()),
            ("luxd 42 over ZAP", true)
        );
    }
}

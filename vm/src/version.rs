//! What this program says about itself. Hosts and tools look for `rpcchainvm=` and take the number behind it.

use pars_host::dialect;
use serde_json::json;
use std::io::{self, Write as _};
use std::sync::LazyLock;

/// Release, protocol numbers and hosts, as in `0.1.0 [rpcchainvm=45 42] avalanchego 45, luxd 42 over ZAP`; the number of the
/// host in most use comes first.
pub static TEXT: LazyLock<String> = LazyLock::new(|| {
    let numbers: Vec<String> = dialect::numbers().iter().map(u32::to_string).collect();
    format!("{} [rpcchainvm={}] {}", env!("CARGO_PKG_VERSION"), numbers.join(" "), dialect::spoken())
});

/// The same as one JSON object, with the library that speaks with hosts and the schemas it was made from: a fix that went
/// into a host does not reach a plugin that was built before it.
#[must_use]
pub fn json() -> String {
    json!({
        "application": "pars-vm",
        "version": env!("CARGO_PKG_VERSION"),
        "rpcchainvm": dialect::numbers(),
        "hosts": dialect::TABLE.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "library": { "name": "pars-host", "version": pars_host::VERSION },
        "proto_sha256": pars_proto::HOST_SCHEMAS_SHA256,
    })
    .to_string()
}

/// Prints one of them on standard output.
///
/// # Errors
/// When that is closed.
pub fn print(as_json: bool) -> io::Result<()> {
    let text = if as_json { json() } else { format!("pars-vm {}", *TEXT) };
    writeln!(io::stdout(), "{text}")
}

//! The wire between a host (avalanchego) and a chain. This package knows bytes, not blocks.
//!
//! A host starts the plugin as a child process and puts one address into its environment. From there:
//!
//! 1. [`detect`] finds the row of the [dialect table](dialect::TABLE) that the host speaks, before any dial: the
//!    environment names the host, and [`Numbers`] tells its protocol number.
//! 2. The plugin listens on a port of loopback, calls the host at that address and says its protocol number and where
//!    it listens. The host wants exactly its own number; on a mismatch one line on stderr names both.
//! 3. The host calls the chain: every call becomes one call of [`ChainVm`]. HTTP requests of users come in as messages
//!    too and go to the tower services of [`ChainVm::handlers`], which may take over the connection of one that asks for
//!    another protocol.
//! 4. What the host lends comes back the other way, through [`Host`]: its database, messages to peers, the validator sets
//!    and signatures with the node's key.
//! 5. `Shutdown` ends the process, and so does the death of the parent; signals alone do not.
//!
//! [`serve`] is all of this. A new protocol number is a row of the table; the tests run one script of calls over every
//! row, against the [`testhost`] that also serves the tests of others.

pub mod dialect;
pub mod id;
pub mod metric;
pub mod testhost;

mod age;
mod calls;
mod detect;
mod error;
mod grpc;
mod handshake;
mod host;
mod http;
mod lifecycle;
mod numbers;
mod panics;
mod peer;
mod serve;
mod text;
mod validators;
mod vm;
pub mod zap;

pub use bytes::Bytes;
pub use detect::{Detected, Environment, PROTOCOL_OVERRIDE, TRANSPORT_OVERRIDE, detect};
pub use error::{HostError, ServeError, VmError};
pub use host::{Answer, Host};
pub use http::{Connection, HttpHandler, HttpService, Upgrade, port};
pub use id::{Id, NodeId};
pub use numbers::{Numbers, Source};
pub use peer::{AppError, AppRequest, PeerVersion, Recipients, Validator};
pub use serve::{run, serve};
pub use validators::SubnetValidators;
pub use vm::{Block, BlockContext, BlockMeta, ChainVm, Event, InitArgs, LastAccepted, NetworkUpgrades, Phase};

/// The release of this package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

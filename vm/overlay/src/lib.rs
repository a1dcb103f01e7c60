//! The authenticated network between validators, for hosts that lend none. It carries what a host's own network carries:
//! requests, answers, refusals and messages without an answer.
//!
//! A connection is QUIC, and lives so:
//!
//! 1. Each side shows a transport key in TLS 1.3, an Ed25519 key without anything around it (RFC 7250). The keys of the
//!    connection are agreed by X25519MLKEM768 and nothing else, so what is recorded today stays secret from a quantum
//!    computer. *Authentication is classical*: whoever can break Ed25519 or BLS12-381 while a connection is made can pose as
//!    a validator.
//! 2. Each side sends its [`Certificate`], in which a validator's BLS key says: this transport key is mine, on this chain,
//!    until then. The other compares it with the transport key of the connection and with the [`Set`] of validators.
//!    Until then nothing else is read, and not more than a few hundred bytes.
//! 3. Each side welcomes the other. Only now the other is a peer, and messages pass, each on a stream of its own.
//! 4. It ends when either side closes it, when nothing is heard for half a minute, when the certificate expires, or when
//!    the validator leaves the set.
//!
//! [`State`] decides all of this: it is given times and what happened, and says what is to be done. It has no clock, tasks
//! or sockets. [`Overlay`] drives it.
//!
//! | file | what lives there |
//! |---|---|
//! | `bls.rs` | keys of validators |
//! | `certificate.rs` | who a transport key belongs to |
//! | `set.rs` | who validates |
//! | `refusal.rs` | the table of reasons for which a connection is refused, and their codes |
//! | `frame.rs` | the messages |
//! | `address.rs` | which addresses are believed |
//! | `book.rs` | where peers may be, and when to try |
//! | `budget.rs` | how many handshakes an address may have |
//! | `pending.rs` | questions that are under way |
//! | `state.rs` | who is connected, and what is done with each event |
//! | `identity.rs` | this node's transport key and certificate, in their files |
//! | `tls.rs` | how keys are shown and agreed |
//! | `transport.rs` | bounds of the endpoint and of each connection |
//! | `room.rs` | bytes that are on their way, of one peer and of all |
//! | `link.rs` | the life of a connection |
//! | `overlay.rs` | the tasks of a running overlay |
//! | `validators.rs` | where the set comes from |
//!
//! Without the feature `quic` there are only parsers and decisions, which is what fuzz targets need.

pub mod address;
pub mod bls;
pub mod book;
pub mod budget;
pub mod certificate;
pub mod frame;
pub mod pending;
pub mod refusal;
pub mod set;
pub mod state;

#[cfg(feature = "quic")]
pub mod identity;
#[cfg(feature = "quic")]
mod link;
#[cfg(feature = "quic")]
pub mod overlay;
#[cfg(feature = "quic")]
mod room;
#[cfg(feature = "quic")]
pub mod tls;
#[cfg(feature = "quic")]
pub mod transport;
#[cfg(feature = "quic")]
pub mod validators;

pub use certificate::{Certificate, Claim};
pub use refusal::Refusal;
pub use set::Set;
pub use state::State;

#[cfg(feature = "quic")]
pub use identity::{Identity, TransportKey};
#[cfg(feature = "quic")]
pub use overlay::{Event, Options, Overlay, Report, StartError};
#[cfg(feature = "quic")]
pub use validators::Validators;

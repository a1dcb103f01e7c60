//! ZAP, as luxd of 2026 speaks it: frames over one TCP connection, numbers big-endian, no schema on the wire.
//!
//! | file | what lives there |
//! |---|---|
//! | `frame.rs` | frames, and what a connection's bytes are cut into |
//! | `wire.rs` | numbers, bytes and lists |
//! | `message.rs` | the messages, by the names of the public Go package |
//! | `hello.rs` | the handshake, and what a host does when it is only connected to |
//! | `address.rs` | an address of either kind |
//! | `server.rs` | the host's connection: each request becomes one call of the chain |
//! | `client.rs` | what the host lends |
//! | `recorded.rs` | recorded handshakes, for tests of both sides |

pub mod frame;
pub mod message;
pub mod wire;

pub(crate) mod address;
pub(crate) mod client;
pub(crate) mod hello;
#[cfg(test)]
pub(crate) mod recorded;
pub(crate) mod server;

//! JSON-RPC over real connections, in one process: WebSockets, subscriptions, clients that do not read, and HTTP as browsers
//! and clients of the Go node use it.
//!
//! | file | what lives there |
//! |---|---|
//! | `server.rs` | a chain with a port |
//! | `client.rs` | a client of it |
//! | `protocol.rs` | RFC 6455, frame by frame |
//! | `follow.rs` | what subscriptions tell |
//! | `slow.rs` | clients that do not read, do not answer, or ask for too much |
//! | `exchanges.rs` | recorded HTTP exchanges |
//! | `browser.rs` | CORS, gzip, bodies of any length |
//! | `bodies.rs` | requests that mean nothing |
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

mod bodies;
mod browser;
mod client;
mod exchanges;
mod follow;
mod protocol;
mod server;
mod slow;
#[allow(dead_code, reason = "shared with the tests of the methods that read")]
#[path = "../reads/world.rs"]
mod world;

//! JSON-RPC: one table of methods, one service that answers the host's requests and `dev`'s port alike.
//!
//! | file | what lives there |
//! |---|---|
//! | `table.rs` | the table |
//! | `api.rs` | what requests are answered from |
//! | `dispatch.rs` | bytes to bytes: one call or a batch, limits, panics |
//! | `service.rs` | HTTP request to HTTP response |
//! | `session.rs` | a client that stays connected |
//! | `limits.rs` | every bound |
//! | `error.rs` | codes and texts |
//! | `params.rs` | reading of parameters |
//! | `hex.rs` | hexadecimal values inside objects |
//! | `listen.rs` | `dev`'s own port |
//! | `debug.rs`, `eth.rs`, `eth/`, `modules.rs`, `net.rs`, `txpool.rs`, `web3.rs` | the methods, one file a namespace |

pub mod api;
pub mod debug;
pub mod dispatch;
pub mod error;
pub mod eth;
pub mod hex;
pub mod limits;
pub mod listen;
pub mod modules;
pub mod net;
pub mod params;
pub mod service;
pub mod session;
pub mod table;
pub mod txpool;
pub mod web3;

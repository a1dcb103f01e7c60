//! JSON-RPC: one table of methods, one service that answers the host's requests and `dev`'s port alike.
//!
//! | file | what lives there |
//! |---|---|
//! | `table.rs` | the table |
//! | `api.rs` | what requests are answered from |
//! | `dispatch.rs`, `call.rs` | bytes to bytes: one call or a batch, limits, panics |
//! | `service.rs`, `media.rs` | HTTP request to HTTP response |
//! | `ws.rs` | a connection that became a WebSocket |
//! | `session.rs`, `hub.rs` | a client that stays connected; what all of them share |
//! | `subscribe.rs` | what a client follows |
//! | `limits.rs`, `budget.rs` | every bound; bytes that all clients together have here |
//! | `error.rs` | codes and texts |
//! | `params.rs` | reading of parameters |
//! | `listen.rs`, `cors.rs` | `dev`'s own port, also for pages of other sites |
//! | `hex.rs` | hexadecimal values inside objects |
//! | `admin.rs`, `debug.rs`, `eth.rs`, `eth/`, `modules.rs`, `net.rs`, `txpool.rs`, `web3.rs` | the methods, one file a namespace |

pub mod admin;
pub mod api;
pub(crate) mod batch;
pub mod budget;
pub(crate) mod call;
pub mod cors;
pub mod debug;
pub mod dispatch;
pub mod error;
pub mod eth;
pub mod hex;
pub mod hub;
pub mod limits;
pub mod listen;
pub(crate) mod media;
pub mod modules;
pub mod net;
pub mod params;
pub mod service;
pub mod session;
pub mod subscribe;
pub mod table;
pub mod txpool;
pub mod web3;
pub(crate) mod ws;

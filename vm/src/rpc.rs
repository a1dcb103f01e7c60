//! JSON-RPC: one table of methods, one service that answers the host's requests and `dev`'s port alike.
//!
//! | file | what lives there |
//! |---|---|
//! | `table.rs` | the table |
//! | `service.rs` | HTTP request to HTTP response: batches, limits, panics |
//! | `error.rs` | codes and texts |
//! | `params.rs` | reading of parameters |
//! | `listen.rs` | `dev`'s own port |
//! | `eth.rs`, `eth/`, `net.rs`, `web3.rs` | the methods, one file a namespace |

pub mod error;
pub mod eth;
pub mod listen;
pub mod net;
pub mod params;
pub mod service;
pub mod table;
pub mod web3;

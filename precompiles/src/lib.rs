//! Every stateful precompile of the Pars EVM.
//!
//! A precompile is one row of [`registry::TABLE`]: where it lives, which key of the genesis or upgrade file switches
//! it on, and the function that runs it. Life of a row: a block whose time reaches the configured timestamp calls
//! [`registry::Entry::configure`]; from then on a call to its address builds a [`port::Call`] and runs
//! [`registry::Entry::run`] until a later change disables it, which wipes its account.
//!
//! This package knows neither revm nor disks: it sees the chain only through [`port::State`].
//!
//! | file | what lives there |
//! |---|---|
//! | `registry.rs` | the table |
//! | `port.rs`, `port/memory.rs` | what a precompile sees of the chain, and how a call ends; a state in memory |
//! | `config.rs` | what genesis and upgrade files may say about a row |
//! | `fee.rs` | the eight fee fields and their bounds |
//! | `interface.rs` | functions and events of a row; dispatch by selector |
//! | `abi.rs`, `gas.rs` | decoding as Go's ABI package does it; gas schedule |
//! | `codec.rs`, `bits.rs` | the wire format of warp messages and predicate results |
//! | `predicate_results.rs` | which predicates of a block failed, in its header |
//! | `subnet/` | the six precompiles of subnet-evm |
//! | `pure.rs` | what rows share that only compute |
//! | `pq/` | post-quantum signatures and key encapsulation |
//! | `threshold/` | signatures of several signers |
//! | `curves/` | BLS signatures |
//! | `governance/` | signed ballots |

pub mod abi;
pub mod bits;
pub mod codec;
pub mod config;
pub mod curves;
pub mod fee;
pub mod gas;
pub mod governance;
pub mod interface;
pub mod port;
pub mod pq;
pub mod predicate_results;
pub mod pure;
pub mod registry;
pub mod subnet;
pub mod threshold;

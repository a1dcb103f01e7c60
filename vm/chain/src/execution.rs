//! Execution: revm with this chain's fees, precompiles and validity rules.
//!
//! | file | what lives there |
//! |---|---|
//! | `executor.rs` | a block from its start-of-block changes to its last transaction |
//! | `evm.rs` | revm's handler: no refunds, full fee to the coinbase, own checks before a transaction, deployer list |
//! | `call.rs` | calls from outside, which change nothing |
//! | `precompiles.rs` | revm's precompile provider, and `port::State` over revm's journal |
//! | `upgrade.rs` | precompiles switched on and off, state upgrades |
//! | `receipt.rs` | receipts and their consensus encoding |
//! | `interrupt.rs` | ends a call from outside |

pub mod call;
pub mod evm;
pub mod executor;
pub mod interrupt;
pub mod precompiles;
pub mod receipt;
pub mod upgrade;

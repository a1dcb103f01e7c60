//! What a plugin has to do under every host, as a script over the real program: `pars-vm testhost`, and the tests' way to
//! start processes.
//!
//! | file | what lives there |
//! |---|---|
//! | `script.rs` | the table of steps, and what a step has at hand |
//! | `chain.rs` | steps: a chain that is given, and one that goes on |
//! | `answers.rs` | steps: what is answered to odd questions |
//! | `trouble.rs` | steps: hosts that stall, hang up and kill |
//! | `given.rs` | the blocks that are given |
//! | `report.rs` | outcomes side by side |
//! | `hosted.rs` | the plugin under a host for tests |
//! | `child.rs` | a running process: signals, what it says, its end |
//! | `outcome.rs` | answers of JSON-RPC |
//! | `wallet.rs` | signed transactions |

mod answers;
mod chain;
pub mod child;
pub mod given;
pub mod hosted;
pub mod outcome;
pub mod report;
pub mod script;
mod trouble;
pub mod wallet;

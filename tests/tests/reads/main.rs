//! The methods that read, through the whole dispatch and without a network: what they answer about mined and pending
//! transactions, what they refuse and how, and what clients once stumbled over (the numbers 5.x in the names of tests).
//!
//! | file | what lives there |
//! |---|---|
//! | `world.rs` | a chain whose blocks come when a test says so |
//! | `shapes.rs` | recorded answers, in `shapes/` |
//! | `reports.rs` | what clients once stumbled over |
//! | `malformed.rs` | every method, with everything that it does not expect |
//! | `unknown.rs` | blocks that are not there, not yet there, or whose state is gone |
//! | `logs.rs` | `eth_getLogs` against a search of everything, ranges and bounds |
//! | `filters.rs` | nothing is missed or told twice |
//! | `calls.rs` | `eth_call` and `eth_estimateGas` |
//! | `fees.rs` | what gas costs |
//! | `kept.rs` | blocks that are kept decoded |
//! | `abuse.rs` | requests that no honest client sends |
//! | `visible.rs` | a block is visible at once or not at all |

mod abuse;
mod calls;
mod fees;
mod filters;
mod kept;
mod logs;
mod malformed;
mod reports;
mod shapes;
mod unknown;
mod visible;
mod world;

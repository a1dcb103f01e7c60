//! Gossip: how transactions come to all nodes, in the formats of Go subnet-evm.
//!
//! What is submitted to this node is pushed to peers as soon as it is executable, and again now and then while it waits.
//! Besides, a validator asks one other for what it does not know, every second, and answers those who ask. What arrives
//! is not pushed on. Nobody is waited for, and nobody takes more than an allowance.
//!
//! [`State`] decides: it is given times, messages and what the pool holds, and returns what is to be sent. It has no clock,
//! threads or sockets, so a whole network of them runs in one test. [`Gossip`] drives it.
//!
//! | file | what lives there |
//! |---|---|
//! | `service.rs` | the tasks, threads and queues of a running node |
//! | `network.rs` | the way to peers |
//! | `state.rs` | what is done with each message and each tick |
//! | `settings.rs` | what an operator chooses |
//! | `message.rs` | the messages |
//! | `bloom.rs` | the filter by which a node says what it knows |
//! | `peers.rs` | who is connected, who validates |
//! | `allowance.rs` | how much a peer may take, and how fast this node pushes |
//! | `push.rs` | transactions of this node, and when they are told |
//! | `pulls.rs` | questions that are under way |
//! | `inbox.rs` | transactions that wait for a worker, fairly by peer |
//! | `held.rs` | what is asked of the pool |
//! | `chance.rs` | numbers out of a seed |

pub mod allowance;
pub mod bloom;
pub mod chance;
pub mod held;
pub mod inbox;
pub mod message;
pub mod network;
pub mod peers;
pub mod pulls;
pub mod push;
pub mod service;
pub mod settings;
pub mod state;

pub use network::Network;
pub use service::Gossip;
pub use settings::Settings;
pub use state::State;

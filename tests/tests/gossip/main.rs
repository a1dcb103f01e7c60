//! Gossip without processes: messages against those of avalanchego, and whole networks in one thread.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

mod network;
mod network_sim;
mod refusals;
mod service;
mod vectors;

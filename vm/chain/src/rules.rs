//! What makes a block valid: one function a rule, each a pure function of headers, fee configuration and time.
//!
//! The order in which a verifier asks them is [`crate::engine`]'s; what they say is subnet-evm's consensus.

pub mod fee;
pub mod header;
pub mod intrinsic;
pub mod predicate;
pub mod syntax;
pub mod time;

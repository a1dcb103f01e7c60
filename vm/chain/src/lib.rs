//! The chain: blocks, rules, execution, state and pool of the Pars EVM, as a pure library.
//!
//! Nothing here has a clock, a socket, a runtime or randomness: bytes and time come in as arguments, and the only
//! door to a disk is [`store::Store`].
//!
//! Life of a block:
//! 1. [`block::Block::decode`] turns bytes into a [`block::Block`]; it needs no parent.
//! 2. [`engine::Chain::verify`] checks it against its parent ([`rules`]), executes it ([`execution`]) and keeps the
//!    differences as a [`state::layer::Layer`] in memory; or [`engine::Chain::build`] makes it, already executed.
//! 3. [`engine::Chain::accept`] writes everything of it in one atomic batch, then shows it: the next
//!    [`view::View`] is handed out only after the batch is stored. [`engine::Chain::reject`] drops the layer.
//!
//! A block that is wrong is an answer ([`error::Invalid`]); a disk that fails is a [`error::Fatal`] and never becomes
//! a verdict.

pub mod block;
pub mod engine;
pub mod error;
pub mod execution;
pub mod limits;
pub mod pool;
pub mod rules;
pub mod state;
pub mod store;
pub mod tx;
pub mod view;

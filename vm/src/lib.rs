//! The shell of the Pars EVM: everything that touches the world. It moves bytes and time into [`pars_chain`] and out.
//!
//! | file | what lives there |
//! |---|---|
//! | `command.rs` | the command line |
//! | `store/rocks.rs` | the store over RocksDB |
//! | `replay.rs` | recorded chains, compared block by block |

pub mod command;
pub mod replay;
pub mod store;

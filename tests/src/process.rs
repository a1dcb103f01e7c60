//! The real `pars-vm` as a process of its own, from outside: what it prints, answers and leaves on the disk.
//!
//! | file | what lives there |
//! |---|---|
//! | `program.rs` | where the program is, and whether it was built from the sources at hand |
//! | `dev.rs` | `pars-vm dev` |
//! | `hosted.rs` | the plugin under a host for tests |
//! | `rpc.rs` | JSON-RPC over a connection of its own |
//! | `disk.rs` | a small disk that can be full |
//! | `folder.rs` | data folders of other chains, of newer formats, with flipped bytes |
//!
//! Processes and signed transactions are those of `pars-vm testhost`.

pub mod dev;
pub mod disk;
pub mod folder;
pub mod hosted;
pub mod program;
pub mod rpc;

pub use pars_vm::testhost::{child, wallet};

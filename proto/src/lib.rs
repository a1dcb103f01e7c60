//! Wire schemas and the Rust that is generated from them.
//!
//! The sources are the `.proto` files beside `src`; `cargo xtask gen` writes `src/generated`, and a test compares the
//! two. Modules are nested as the packages are on the wire, so `vm.runtime.Runtime` is found under
//! [`host::vm::runtime`].

/// Services between a host (avalanchego) and its plugins, at host protocols 44 to 46.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::restriction,
    clippy::pedantic,
    clippy::nursery,
    reason = "generated code follows its generator's style"
)]
pub mod host {
    include!("generated/host/tree.rs");
}

/// SHA-256 of the schemas of [`host`], hex: which wire a program was built with.
pub const HOST_SCHEMAS_SHA256: &str = include!("generated/host/digest.rs");

//! Bounds of the chain, each with its reason.

/// Bytes of a block that are decoded. The host's network carries 2 MiB a message; files and tests may hold more.
pub const BLOCK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of transactions that the builder puts into a block: the host's message cap less headers, as the Go node has it.
pub const BUILD_BYTES_MAX: usize = 1_800 * 1024;

/// How far a block may lie ahead of the clock, milliseconds.
pub const FUTURE_MS_MAX: u64 = 10_000;

/// Blocks whose state `pruned` mode keeps behind the head, which is also how far it can rewind.
pub const HISTORY_WINDOW: u64 = 1_024;

/// Ancestors that BLOCKHASH sees.
pub const BLOCK_HASH_DEPTH: u64 = 256;

/// Processing blocks that are held at once. The host limits itself to far less.
pub const PROCESSING_MAX: usize = 4_096;

/// EIP-3860: bytes of initcode.
pub const INITCODE_BYTES_MAX: usize = 49_152;

/// Gas of a system call (EIP-4788).
pub const SYSTEM_CALL_GAS: u64 = 30_000_000;

/// Blocks whose history is dropped with one accepted block, so that a switch from `archive` to `pruned` catches up
/// without a long pause.
pub const FORGET_AT_ONCE_MAX: u64 = 64;

//! The end of the process that waits for nobody.
#![allow(unsafe_code, reason = "the standard library has no exit without destructors")]

use std::io::{Write as _, stderr, stdout};
use std::process::ExitCode;

/// Ends the process at once. The usual end runs the destructors of RocksDB's globals while threads may still read the
/// store, which crashes; whoever still works at this point works for nobody. What was accepted is on the disk.
pub fn now(code: ExitCode) -> ! {
    with(u8::from(code != ExitCode::SUCCESS))
}

/// The same with a code of its own.
pub fn with(code: u8) -> ! {
    // There is nobody left to tell that they are closed.
    drop((stdout().flush(), stderr().flush()));
    let code = i32::from(code);
    // SAFETY: `_exit` takes any number, touches no memory of ours and does not return.
    unsafe { libc::_exit(code) }
}

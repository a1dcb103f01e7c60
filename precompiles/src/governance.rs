//! Rows for governance.

pub mod ballots;

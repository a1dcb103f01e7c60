//! Rows that only compute: what is in the table of operations holds at every address of a row, for every bad input that
//! can be made of a good one; and known answers of others through the rows.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail their test")]

mod calling;
#[path = "../../../crypto/tests/support/group.rs"]
mod group;
mod groups;
mod known_answers;
mod largest;
#[path = "../../../crypto/tests/support/load.rs"]
mod load;
#[allow(dead_code, reason = "the benches read the rest")]
mod operations;
mod points;
mod refusals;
mod rules;
#[allow(dead_code, reason = "each test file uses its part")]
#[path = "../../../crypto/tests/support/vectors.rs"]
mod vectors;

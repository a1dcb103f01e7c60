//! What an audit says.

use crate::store::Column;
use alloy_primitives::{Bytes, hex};
use std::fmt;
use std::ops::ControlFlow;

/// A record that does not agree with the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its column.
    pub column: Column,
    /// Its key.
    pub key: Bytes,
    /// The block that it belongs to; for a record of the state, the block whose state it is.
    pub block: Option<u64>,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.column.name();
        match self.column {
            Column::Meta => write!(out, "{column} `{}`", String::from_utf8_lossy(&self.key))?,
            Column::Blocks
            | Column::Ids
            | Column::Heights
            | Column::Receipts
            | Column::Transactions
            | Column::Accounts
            | Column::Slots
            | Column::Code
            | Column::AccountTrie
            | Column::StorageTrie
            | Column::History
            | Column::Changes => write!(out, "{column} {}", hex::encode_prefixed(&self.key))?,
        }
        if let Some(block) = self.block {
            write!(out, ", block {block}")?;
        }
        write!(out, ": {}", self.what)
    }
}

/// A part of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// Blocks and their indices, counted in blocks.
    Blocks,
    /// State of the head, counted in accounts; their number is not known before.
    State,
    /// States of older blocks, counted in blocks.
    History,
}

/// Who is told.
pub trait Listener {
    /// So much of a part is checked; 0 for a total that is not known. `Break` ends the audit.
    fn checked(&mut self, part: Part, done: u64, total: u64) -> ControlFlow<()>;

    /// A record does not agree. `Break` ends the audit.
    fn found(&mut self, finding: Finding) -> ControlFlow<()>;
}

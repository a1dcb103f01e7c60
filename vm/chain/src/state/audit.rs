//! Recomputes everything that is stored from its sources: blocks from the head down by their ids, indices from the
//! blocks, tries from the flat tables up to the state root, and older states from the reverse diffs. For tests of crashes
//! and for operators.
//!
//! It says what it finds as it goes, record by record, and holds no table in memory.
//!
//! | file | what lives there |
//! |---|---|
//! | `finding.rs` | what does not agree, and who is told |
//! | `facts.rs` | the facts of the store as a whole, and the files that the chain was opened with |
//! | `blocks.rs` | blocks, receipts and the three indices |
//! | `walk.rs` | a trie from its root down: each node by its hash, each flat value as the leaf that it must be |
//! | `flat.rs` | the state root by another implementation of the trie; code; records that nothing leads to |
//! | `past.rs` | the states of older blocks |
//! | `made.rs` | what a block made, of which the state before it knows nothing |

mod blocks;
mod facts;
mod finding;
mod flat;
mod made;
mod past;
mod walk;

pub use finding::{Finding, Listener, Part};

use crate::error::Fatal;
use crate::state::meta;
use crate::store::{Column, Read, StoreError};
use alloy_primitives::Bytes;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Height of the head.
    pub height: u64,
    /// Oldest height whose state is kept.
    pub oldest: u64,
    /// Transactions in all blocks.
    pub transactions: u64,
    /// Accounts of the head.
    pub accounts: u64,
    /// Slots of the head.
    pub slots: u64,
    /// Trie nodes of the head.
    pub nodes: u64,
    /// Values that the history keeps.
    pub history: u64,
    /// Blocks with a list of withdrawals. It has no meaning and the header does not cover it, so a proposer may add one: such
    /// a block is kept as it came, and nothing says whether it came so.
    pub withdrawals: u64,
    /// What does not agree.
    pub findings: u64,
}

/// Checks a store; older states for `depth` blocks behind the head. What does not agree is told to the listener, which
/// may have heard enough.
///
/// # Errors
/// A store that failed, or that holds nothing which could be checked. Records that do not decode are findings.
pub fn verify(read: &dyn Read, depth: u64, listener: &mut dyn Listener) -> Result<Report, Fatal> {
    let mut audit = Audit {
        read,
        listener,
        report: Report::default(),
        right: Right::default(),
        bad_blocks: BTreeSet::new(),
        lacking: BTreeSet::new(),
        told: BTreeSet::new(),
    };
    match audit.run(depth) {
        Ok(()) | Err(Stop::Enough) => Ok(audit.report),
        Err(Stop::Fatal(fatal)) => Err(fatal),
    }
}

/// Checks a store in the same way up to the first finding.
///
/// # Errors
/// That finding, or a store that failed.
#[expect(clippy::needless_pass_by_value, reason = "callers have just taken the snapshot")]
pub fn audit(read: std::sync::Arc<dyn Read>, depth: u64) -> Result<Report, Fatal> {
    #[derive(Default)]
    struct First(Option<Finding>);
    impl Listener for First {
        fn checked(&mut self, _: Part, _: u64, _: u64) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
        fn found(&mut self, finding: Finding) -> ControlFlow<()> {
            self.0 = Some(finding);
            ControlFlow::Break(())
        }
    }
    let mut first = First::default();
    let report = verify(read.as_ref(), depth, &mut first)?;
    first.0.map_or(Ok(report), |finding| Err(Fatal::Corrupt(finding.to_string())))
}

/// An audit that goes on.
struct Audit<'a> {
    read: &'a dyn Read,
    listener: &'a mut dyn Listener,
    report: Report,
    right: Right,
    /// Heights whose block is not what it was: nothing is compared with its header.
    bad_blocks: BTreeSet<u64>,
    /// Blocks whose list of changes names a value that is not kept.
    lacking: BTreeSet<u64>,
    /// Records that were told of: once is enough. The listener bounds them.
    told: BTreeSet<(Column, Bytes)>,
}

/// Records of the indices that were met as they must be.
#[derive(Default)]
struct Right {
    heights: u64,
    transactions: u64,
}

/// Why an audit ends before its end.
enum Stop {
    Fatal(Fatal),
    /// The listener has heard enough.
    Enough,
}

type Step<T = ()> = Result<T, Stop>;

impl From<Fatal> for Stop {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Fatal(error.into())
    }
}

impl Audit<'_> {
    fn run(&mut self, depth: u64) -> Step {
        let head = meta::head(self.read)?;
        let oldest = meta::oldest(self.read)?;
        let head = self.check_head(head)?;
        self.report.height = head.height;
        self.report.oldest = oldest;
        self.check_facts()?;
        self.check_blocks(head)?;
        if oldest > head.height {
            let what = format!("the oldest state is that of block {oldest}, above the head at {}", head.height);
            return self.found(Column::Meta, &b"oldest"[..], None, what);
        }
        let before = self.report.findings;
        let broken = self.check_state(head.height)?;
        self.check_unreachable(head.height, &broken)?;
        self.check_code()?;
        // A second opinion on a state of which nothing was said so far.
        if self.report.findings == before {
            self.check_flat_root(head.height)?;
        }
        self.check_past(head.height, oldest, oldest.max(head.height.saturating_sub(depth)))
    }

    /// Tells of a record that does not agree.
    fn found(&mut self, column: Column, key: impl Into<Bytes>, block: Option<u64>, what: impl Into<String>) -> Step {
        let key = key.into();
        if !self.told.insert((column, key.clone())) {
            return Ok(());
        }
        self.report.findings = self.report.findings.saturating_add(1);
        let finding = Finding { column, key, block, what: what.into() };
        if self.listener.found(finding).is_break() { Err(Stop::Enough) } else { Ok(()) }
    }

    /// Tells how far it is.
    fn checked(&mut self, part: Part, done: u64, total: u64) -> Step {
        if self.listener.checked(part, done, total).is_break() { Err(Stop::Enough) } else { Ok(()) }
    }
}

//! State tests of Ethereum's shape through the chain's own execution path.
//!
//! Life of a case: [`fixture`] reads it, [`setting::Setting`] writes its `pre` state through the functions that write
//! genesis, [`run::block`] executes its transactions in the chain's `Executor` under one [`rule_set::RuleSet`],
//! [`compare::Differences`] holds the outcome against the vector, and [`tally::Tally`] counts.
//!
//! | file | what lives there |
//! |---|---|
//! | `archive.rs` | vectors out of their archives, in memory |
//! | `fixture.rs`, `fixture/` | the JSON of state tests and of block sequences |
//! | `rule_set.rs` | the table of rule sets |
//! | `go.rs` | the few cases where the Go node, and so this chain, has another outcome |
//! | `setting.rs` | what a case starts from |
//! | `run.rs` | execution |
//! | `compare.rs` | outcome against expectation, and the first account that differs |
//! | `suite.rs` | whole sets, on all cores |
//! | `tally.rs` | what ran, passed, was refused, did not run and why |

pub mod archive;
pub mod compare;
pub mod fixture;
pub mod go;
pub mod rule_set;
pub mod run;
pub mod setting;
pub mod suite;
pub mod tally;

/// Why a set could not be run at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read.
    #[error("reading {file}: {cause}")]
    File {
        /// Its path.
        file: String,
        /// The system's words.
        cause: std::io::Error,
    },
    /// A file with other content than a set has.
    #[error("{file}: {cause}")]
    Json {
        /// Its path.
        file: String,
        /// The parser's words.
        cause: serde_json::Error,
    },
    /// No threads.
    #[error("starting threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

//! `pars-vm doctor`: what is wrong on this machine, and how to mend it.
//!
//! | file | what lives there |
//! |---|---|
//! | `machine.rs` | limits, clock, processor |
//! | `place.rs` | the folders of the chain and of the plugins |

mod machine;
mod place;

use crate::command::Doctor;
use anyhow::Result;
use pars_host::dialect;
use std::io::Write;
use std::process::ExitCode;

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    /// As it should be.
    Good(String),
    /// This machine does not say, or it could be better.
    Note(String),
    /// What is wrong, and how to mend it.
    Wrong(String, String),
}

/// A check and its name.
struct Check {
    name: &'static str,
    run: fn(&Doctor) -> Option<Finding>,
}

/// Every check, in the order in which they are told. None: it was not asked for.
const TABLE: &[Check] = &[
    Check { name: "open files", run: machine::open_files },
    Check { name: "clock", run: machine::clock },
    Check { name: "processor", run: machine::processor },
    Check { name: "data folder", run: place::permissions },
    Check { name: "disk", run: place::room },
    Check { name: "file system", run: place::file_system },
    Check { name: "in use", run: place::lock },
    Check { name: "format", run: place::format },
    Check { name: "plugin folder", run: place::plugins },
    Check { name: "hosts", run: |_| Some(Finding::Good(format!("this release is a plugin of {}", dialect::spoken()))) },
];

/// Prints a line a check; exit code 1 where something is wrong.
///
/// # Errors
/// Only when standard output is closed.
pub fn run(options: &Doctor) -> Result<ExitCode> {
    let mut out = std::io::stdout();
    let mut code = ExitCode::SUCCESS;
    for check in TABLE {
        let Some(finding) = (check.run)(options) else { continue };
        let (mark, text) = match &finding {
            Finding::Good(text) => ("ok", text),
            Finding::Note(text) => ("note", text),
            Finding::Wrong(text, _) => ("wrong", text),
        };
        writeln!(out, "{mark:<6}{:<14}{text}", check.name)?;
        if let Finding::Wrong(_, mend) = &finding {
            writeln!(out, "{:<20}to mend it: {mend}", "")?;
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

//! `pars-vm verify`: everything in a stopped folder against everything else in it.

use crate::command::Verify;
use crate::command::progress::Progress;
use crate::command::stop::Stop;
use crate::folder::Folder;
use anyhow::Result;
use pars_chain::state::audit::{Finding, Listener, Part, verify};
use std::io::Write;
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Findings that are printed. What is wrong in so many places is wrong as a whole.
const FINDINGS_MAX: u64 = 1_000;
/// Exit code where something could not be read.
const UNREADABLE: u8 = 2;

/// Prints what does not agree, a line a record; exit code 1 where there is any, 2 where the folder cannot be read.
///
/// # Errors
/// Only when standard output is closed.
pub fn run(options: &Verify, stop: &Stop) -> Result<ExitCode> {
    match check(options, stop) {
        Ok(code) => Ok(code),
        Err(error) if error.is::<std::io::Error>() => Err(error),
        Err(error) => {
            super::complain(&error);
            Ok(ExitCode::from(UNREADABLE))
        }
    }
}

fn check(options: &Verify, stop: &Stop) -> Result<ExitCode> {
    let folder = Folder::look_at_damage(&options.data_dir)?;
    stop.work_in_steps();
    let mut listener = Printer { progress: None, stop, findings: 0, closed: false };
    let report = verify(folder.snapshot()?.as_ref(), options.depth.unwrap_or(u64::MAX), &mut listener)?;
    if let Some((_, mut progress)) = listener.progress.take() {
        progress.end();
    }
    if stop.came() {
        super::complain(&anyhow::anyhow!("stopped before everything was checked"));
        return Ok(Stop::code());
    }
    let mut out = std::io::stdout();
    if report.findings > 0 {
        let more = if listener.findings >= FINDINGS_MAX { ", and there may be more" } else { "" };
        writeln!(out, "{}: {} records do not agree{more}", folder.path.display(), report.findings)?;
        return Ok(ExitCode::FAILURE);
    }
    let head = folder.head()?;
    writeln!(
        out,
        "{}: everything agrees\nhead {} {}\noldest state {}\n{} transactions, {} accounts, {} slots, {} trie nodes, {} \
         values of history",
        folder.path.display(),
        head.height,
        head.id,
        report.oldest,
        report.transactions,
        report.accounts,
        report.slots,
        report.nodes,
        report.history
    )?;
    if report.withdrawals > 0 {
        writeln!(out, "{} blocks have withdrawals, which mean nothing and which no hash covers", report.withdrawals)?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Printer<'a> {
    progress: Option<(Part, Progress)>,
    stop: &'a Stop,
    findings: u64,
    /// Nobody reads any more.
    closed: bool,
}

impl Listener for Printer<'_> {
    fn checked(&mut self, part: Part, done: u64, total: u64) -> ControlFlow<()> {
        let unit = match part {
            Part::Blocks => "blocks",
            Part::State => "accounts",
            Part::History => "blocks of history",
        };
        let progress = match &mut self.progress {
            Some((of, progress)) if *of == part => progress,
            other => &mut other.insert((part, Progress::new(unit))).1,
        };
        progress.at(done, total);
        if self.stop.came() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn found(&mut self, finding: Finding) -> ControlFlow<()> {
        if let Some((_, progress)) = &mut self.progress {
            progress.end();
        }
        self.findings = self.findings.saturating_add(1);
        self.closed |= writeln!(std::io::stdout(), "{finding}").is_err();
        let enough = self.findings >= FINDINGS_MAX || self.closed || self.stop.came();
        if enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

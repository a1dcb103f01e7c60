//! `pars-vm testhost`: hosts for tests, and a plugin under each of them.

use crate::command::TestHost;
use crate::command::stop::Stop;
use crate::gossip::chance::Chance;
use crate::testhost::given;
use crate::testhost::hosted::Hosted;
use crate::testhost::report::Report;
use crate::testhost::script::Run;
use alloy_primitives::B256;
use anyhow::{Context as _, Result, bail, ensure};
use pars_host::dialect::{Dialect, TABLE, spoken};
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Runs it.
///
/// # Errors
/// When there is no such host or plugin, or this program itself does not do what its script says.
pub fn run(options: &TestHost, stop: &Stop) -> Result<ExitCode> {
    let rows = chosen(&options.dialect)?;
    let plugin = executable(&options.plugin).with_context(|| options.plugin.display().to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting threads")?;
    stop.work_in_steps();
    let report = runtime.block_on(async {
        tokio::select! {
            report = script(&rows, &plugin, options) => report.map(Some),
            // Processes and folders go with the script.
            () = stopped(stop) => Ok(None),
        }
    })?;
    let Some(report) = report else {
        say("stopped");
        return Ok(Stop::code());
    };
    let expected = if options.show { report.expected() } else { String::new() };
    write!(std::io::stdout(), "{report}{expected}")?;
    Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The path of a program, from wherever it is started.
fn executable(path: &Path) -> Result<PathBuf> {
    let path = path.canonicalize()?;
    let metadata = path.metadata()?;
    ensure!(metadata.is_file(), "it is no file");
    ensure!(metadata.permissions().mode() & 0o111 != 0, "it is not executable");
    Ok(path)
}

/// The rows of a name: `all`, all of a host, or one as the table prints it.
fn chosen(name: &str) -> Result<Vec<&'static Dialect>> {
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', " ");
    let named = |row: &&Dialect| {
        name.eq_ignore_ascii_case("all") || row.name == plain(name) || plain(&row.to_string()) == plain(name)
    };
    let rows: Vec<_> = TABLE.iter().filter(named).collect();
    if rows.is_empty() {
        bail!("no host {name:?}: expected all, {}", spoken());
    }
    Ok(rows)
}

async fn script(rows: &[&'static Dialect], plugin: &Path, options: &TestHost) -> Result<Report> {
    let own = std::env::current_exe().context("the path of this program")?;
    let folder = tempfile::tempdir().context("a folder for chains")?;
    let at = |name: &str| -> Result<PathBuf> {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    };
    let delay = options.min_delay_ms;
    let seed = options.seed.unwrap_or_else(B256::random);
    say(&format!("seed {seed}"));
    let newest = TABLE.first().context("a host")?;
    let maker = Hosted::start(&own, newest, |plugin| plugin).await?;
    let files = given::files(&at("made")?, delay)?;
    let given = given::make(maker, &files, options.blocks, &mut Chance::new(seed.0)).await.context("making blocks")?;
    say(&format!("{} blocks for a chain of {}", given.len(), options.blocks));

    // What is expected is what this program does, over each transport.
    let mut report = Report::default();
    for row in TABLE {
        if TABLE.iter().find(|other| other.transport == row.transport) != Some(row) {
            continue;
        }
        let folder = at(&format!("expected {row}"))?;
        let outcomes = Run::all(&own, row, given::files(&folder, delay)?, &given).await;
        report.expect(&outcomes).map_err(|words| anyhow::anyhow!("{words}")).context(format!("this program, {row}"))?;
    }
    for row in rows {
        let files = given::files(&at(&row.to_string())?, delay)?;
        let outcomes = Run::all(plugin, row, files, &given).await;
        say(&format!("{row}: {} steps, {:.1} s", outcomes.steps.len(), outcomes.took.as_secs_f32()));
        report.compare(row, &outcomes);
    }
    Ok(report)
}

async fn stopped(stop: &Stop) {
    while !stop.came() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How far it is, on standard error.
fn say(line: &str) {
    // Nobody is left to tell when standard error is closed.
    drop(writeln!(std::io::stderr(), "{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_by_name() {
        let count = |name| chosen(name).map(|rows| rows.len()).ok();
        assert_eq!(count("all"), Some(TABLE.len()));
        for row in TABLE {
            assert_eq!(chosen(&row.to_string()).unwrap(), [row]);
            assert_eq!(chosen(&row.to_string().replace(' ', "-").to_uppercase()).unwrap(), [row]);
        }
        assert_eq!(count("luxd"), Some(2));
        let refused = chosen("luxd 43").unwrap_err().to_string();
        assert!(refused.contains("luxd 43") && refused.contains("luxd 42 over ZAP"), "{refused}");
    }
}

//! [`STEPS`]: what a plugin has to do, and [`Run`]: what a step has at hand.

use crate::testhost::given::Given;
use crate::testhost::hosted::{Files, Hosted};
use crate::testhost::{answers, chain, trouble};
use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use pars_host::dialect::{Dialect, Transport};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Something that a host does. It gives what the host sees of it, without what differs from run to run.
#[derive(Debug)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// Hosts that do it.
    pub over: &'static [Transport],
    run: for<'a> fn(&'a mut Run<'_>) -> BoxFuture<'a, Result<String>>,
}

macro_rules! steps {
    ($($over:ident { $($file:ident::$name:ident,)* })*) => {
        &[$($(Step { name: stringify!($name), over: $over, run: |run| Box::pin($file::$name(run)) },)*)*]
    };
}

const ALL: &[Transport] = &Transport::ALL;
const GRPC: &[Transport] = &[Transport::Grpc];
const ZAP: &[Transport] = &[Transport::Zap];

/// THE TABLE. The steps of a run follow one another, on one chain.
pub const STEPS: &[Step] = steps![
    ALL {
        answers::calls_before_initialize,
        chain::initialize,
        chain::handlers,
        chain::bootstrapping,
        chain::blocks_while_bootstrapping,
        chain::normal_operation,
        chain::blocks_in_normal_operation,
        chain::head,
        answers::blocks_by_id,
        answers::blocks_by_height,
        answers::preferences,
        answers::decisions,
        answers::malformed_blocks,
        answers::ancestors,
        answers::batches,
        answers::state_sync,
        answers::health,
        answers::peers,
        chain::a_block_of_its_own,
        answers::services,
        trouble::services_that_stall,
    }
    GRPC {
        answers::measurements,
        answers::questions_that_nobody_knows,
    }
    ZAP {
        chain::capabilities,
        chain::finality,
        trouble::stray_answers_of_services,
        trouble::a_cut_line_to_the_services,
        trouble::a_host_that_does_not_listen,
        trouble::a_host_that_closes_its_half,
    }
    ALL {
        trouble::kill_minus_nine,
        trouble::shutdown_and_restart,
        chain::a_block_after_all_that,
        trouble::calls_after_shutdown,
    }
];

/// Time of a step.
const STEP_MAX: Duration = Duration::from_secs(120);

/// What a step has at hand.
#[derive(Debug)]
pub struct Run<'a> {
    /// The plugin's program.
    pub program: &'a Path,
    /// The host.
    pub row: &'static Dialect,
    /// What the chain is opened with.
    pub files: Files,
    /// The blocks that it is given.
    pub given: &'a [Given],
    pub(super) hosted: Option<Hosted>,
    /// Verified, and neither accepted nor rejected.
    pub(super) siblings: Vec<Bytes>,
    /// Transactions of the account that pays for the plugin's own blocks.
    pub(super) nonce: u64,
}

/// What the steps of one run gave, in their order, and how long all took.
#[derive(Debug)]
pub struct Outcomes {
    /// By name.
    pub steps: Vec<(&'static str, Result<String, String>)>,
    /// How long all took.
    pub took: Duration,
}

impl<'a> Run<'a> {
    /// Does every step that hosts of this row do.
    pub async fn all(program: &'a Path, row: &'static Dialect, files: Files, given: &'a [Given]) -> Outcomes {
        let mut run = Self { program, row, files, given, hosted: None, siblings: Vec::new(), nonce: 0 };
        let since = Instant::now();
        let mut steps = Vec::new();
        for step in STEPS.iter().filter(|step| step.over.contains(&row.transport)) {
            let outcome = match tokio::time::timeout(STEP_MAX, (step.run)(&mut run)).await {
                Ok(outcome) => outcome.map_err(|error| run.explained(&error)),
                Err(_) => Err(format!("not within {} s", STEP_MAX.as_secs())),
            };
            steps.push((step.name, outcome));
        }
        Outcomes { steps, took: since.elapsed() }
    }

    /// The plugin.
    pub(super) fn hosted(&mut self) -> Result<&mut Hosted> {
        self.hosted.as_mut().context("no plugin runs")
    }

    pub(super) fn take(&mut self) -> Result<Hosted> {
        self.hosted.take().context("no plugin runs")
    }

    /// Another process of the plugin, that no chain is opened in.
    pub(super) async fn another(&self) -> Result<Hosted> {
        Hosted::start(self.program, self.row, |plugin| plugin).await
    }

    /// Starts the plugin anew, with what its host had in its database. The last accepted block.
    pub(super) async fn restart(&mut self, database: BTreeMap<Bytes, Bytes>) -> Result<Bytes> {
        let mut hosted = self.another().await?;
        hosted.host().set_database(database);
        let request = hosted.initialize_request(&self.files);
        let id = hosted.begin(request).await?;
        self.hosted = Some(hosted);
        Ok(id)
    }

    /// An error, and the last that the plugin said.
    fn explained(&self, error: &anyhow::Error) -> String {
        let said = self.hosted.as_ref().map(|hosted| hosted.running.err()).unwrap_or_default();
        let last = said.lines().last().unwrap_or_default();
        if last.is_empty() { format!("{error:#}") } else { format!("{error:#}; the plugin's last line: {last}") }
    }
}

/// What a host learns from an answer.
pub(super) fn class<T>(answer: Result<T, tonic::Status>, err: impl FnOnce(&T) -> i32) -> &'static str {
    match answer.as_ref().map(err) {
        Ok(0) => "none",
        Ok(1) => "closed",
        Ok(2) => "not found",
        Ok(_) | Err(_) => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_step_has_a_name_of_its_own() {
        let names: BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn classes_are_those_of_hosts() {
        let answer = |err| Ok::<i32, tonic::Status>(err);
        let classes = [0, 1, 2, 3, 9].map(|err| class(answer(err), |err| *err));
        assert_eq!(classes, ["none", "closed", "not found", "other", "other"]);
        assert_eq!(class(Err::<i32, _>(tonic::Status::unknown("")), |err| *err), "other");
    }
}

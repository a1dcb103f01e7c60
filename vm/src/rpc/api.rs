//! [`Api`]: what requests are answered from. One for a chain, shared by every transport.

use crate::blocks::Mined;
use crate::clock::Clock;
use crate::node::Node;
use crate::rpc::budget::Budget;
use crate::rpc::eth::fee::LastTip;
use crate::rpc::eth::filter::Filters;
use crate::rpc::limits::{ANSWERS_BYTES_MAX, Limits, REQUESTS_BYTES_MAX};
use crate::rpc::table::Group;
use pars_chain::error::Fatal;
use pars_chain::view::View;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What requests are answered from.
#[derive(Debug)]
pub struct Api {
    node: Arc<Node>,
    limits: Limits,
    groups: BTreeSet<Group>,
    clock: Clock,
    readers: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    requests: Arc<Budget>,
    answers: Arc<Budget>,
    last_tip: LastTip,
    filters: Filters,
}

impl Api {
    /// Over this node.
    #[must_use]
    pub fn new(node: Arc<Node>, limits: Limits, groups: impl IntoIterator<Item = Group>, clock: Clock) -> Self {
        // As many as there are cores: more would only take them from the chain's thread.
        let workers = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
        let [readers, workers] = [workers; 2].map(|many| Arc::new(Semaphore::new(many)));
        let [requests, answers] = [REQUESTS_BYTES_MAX, ANSWERS_BYTES_MAX].map(|most| Arc::new(Budget::new(most)));
        let groups = groups.into_iter().collect();
        let (last_tip, filters) = (LastTip::default(), Filters::default());
        Self { node, limits, groups, clock, readers, workers, requests, answers, last_tip, filters }
    }

    /// The last suggestion of a tip.
    pub(crate) const fn last_tip(&self) -> &LastTip {
        &self.last_tip
    }

    /// Waits for a turn to read.
    pub async fn reader(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.readers).acquire_owned().await.ok()
    }

    /// Bytes of requests that are received or worked on.
    #[must_use]
    pub const fn requests(&self) -> &Arc<Budget> {
        &self.requests
    }

    /// Bytes of answers that grow or are not sent.
    #[must_use]
    pub const fn answers(&self) -> &Arc<Budget> {
        &self.answers
    }

    /// Waits for a turn to compute or to search, which may take long.
    pub async fn worker(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.workers).acquire_owned().await.ok()
    }

    /// The chain that runs.
    #[must_use]
    pub const fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Last accepted block.
    #[must_use]
    pub fn head(&self) -> View {
        self.node.head()
    }

    /// An accepted block of this picture; none where there is none of this height.
    pub(crate) fn block(&self, view: &View, height: u64) -> Result<Option<Arc<Mined>>, Fatal> {
        self.node.blocks().get(view, height)
    }

    /// How much is asked and answered.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether a group of methods is on.
    #[must_use]
    pub fn offers(&self, group: Group) -> bool {
        group == Group::Rpc || self.groups.contains(&group)
    }

    /// Groups that are on.
    pub fn groups(&self) -> impl Iterator<Item = Group> {
        self.groups.iter().copied()
    }

    /// What clients that ask again and again have been told.
    #[must_use]
    pub const fn filters(&self) -> &Filters {
        &self.filters
    }

    /// Unix milliseconds.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }
}

//! [`Session`]: one client that stays connected, and what it subscribed to.

use crate::rpc::api::Api;
use std::sync::Arc;

/// One client that stays connected.
#[derive(Debug)]
pub struct Session {
    api: Arc<Api>,
}

impl Session {
    /// A client without subscriptions.
    #[must_use]
    pub const fn new(api: Arc<Api>) -> Self {
        Self { api }
    }

    /// What its requests are answered from.
    #[must_use]
    pub const fn api(&self) -> &Arc<Api> {
        &self.api
    }
}

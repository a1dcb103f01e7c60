//! [`SubnetValidators`]: who validates a chain, asked of its host again and again.

use std::sync::{Arc, OnceLock};

use crate::{Host, HostError, Id, Validator};

/// The validators of the subnet that validates a chain.
#[derive(Debug)]
pub struct SubnetValidators {
    host: Arc<dyn Host>,
    chain: Id,
    subnet: OnceLock<Id>,
}

impl SubnetValidators {
    /// Of a chain. Where its subnet is not known, all zeros, the host is asked until it says so.
    #[must_use]
    pub fn new(host: Arc<dyn Host>, chain: Id, subnet: Id) -> Self {
        let known = if subnet == Id::default() { OnceLock::new() } else { OnceLock::from(subnet) };
        Self { host, chain, subnet: known }
    }

    /// Who validates now.
    ///
    /// # Errors
    /// The host's.
    pub async fn current(&self) -> Result<Vec<Validator>, HostError> {
        let subnet = match self.subnet.get() {
            Some(subnet) => *subnet,
            None => {
                let subnet = self.host.subnet_of(self.chain).await?;
                *self.subnet.get_or_init(|| subnet)
            }
        };
        let height = self.host.current_height().await?;
        self.host.validators(height, subnet).await
    }
}

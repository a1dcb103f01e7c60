//! The forks of a chain and when they are active.

/// Activation times, Unix seconds; none = never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forks {
    /// Shanghai, warp, manager role.
    pub durango: Option<u64>,
    /// Cancun.
    pub etna: Option<u64>,
    /// No effect in the EVM.
    pub fortuna: Option<u64>,
    /// Millisecond time, minimum delay, no block gas cost, P256VERIFY.
    pub granite: Option<u64>,
    /// No effect yet.
    pub helicon: Option<u64>,
}

/// Which forks are active in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one flag a fork")]
pub struct Rules {
    /// See [`Forks::durango`].
    pub durango: bool,
    /// See [`Forks::etna`].
    pub etna: bool,
    /// See [`Forks::granite`].
    pub granite: bool,
}

impl Forks {
    /// Forks active at a block time, Unix seconds.
    #[must_use]
    pub fn at(&self, time: u64) -> Rules {
        let active = |fork: Option<u64>| fork.is_some_and(|start| start <= time);
        Rules { durango: active(self.durango), etna: active(self.etna), granite: active(self.granite) }
    }
}

/// Upgrade times that a host sends at Initialize, Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostUpgrades {
    /// Durango.
    pub durango: Option<u64>,
    /// Etna.
    pub etna: Option<u64>,
    /// Fortuna.
    pub fortuna: Option<u64>,
    /// Granite.
    pub granite: Option<u64>,
    /// Helicon.
    pub helicon: Option<u64>,
}

//! [`Settings`]: how often, and to how many.

use std::time::Duration;

/// What an operator chooses. The defaults are the Go node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// New transactions are pushed this often.
    pub push_every: Duration,
    /// To the validators that have so many millionths of the stake …
    pub push_stake_ppm: u64,
    /// … so many more …
    pub push_validators: u64,
    /// … and so many other peers.
    pub push_peers: u64,
    /// A transaction that waits is pushed again after this time …
    pub again_after: Duration,
    /// … to so many validators …
    pub again_validators: u64,
    /// … and so many other peers.
    pub again_peers: u64,
    /// A validator asks another this often. Go nodes refuse more.
    pub pull_every: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            push_every: Duration::from_millis(100),
            push_stake_ppm: 900_000,
            push_validators: 100,
            push_peers: 0,
            again_after: Duration::from_secs(30),
            again_validators: 10,
            again_peers: 0,
            pull_every: Duration::from_secs(1),
        }
    }
}

/// Validators or peers that one message may be sent to, by number.
pub const RECIPIENTS_MAX: u64 = 10_000;
/// Nothing is done more often.
pub const PERIOD_MIN: Duration = Duration::from_millis(10);

pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

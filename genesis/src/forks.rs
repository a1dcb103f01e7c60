//! The forks of a chain, their order, and when the known hosts have them.

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
pub struct Rules {
    /// See [`Forks::durango`].
    pub durango: bool,
    /// See [`Forks::etna`].
    pub etna: bool,
    /// See [`Forks::granite`].
    pub granite: bool,
}

impl Forks {
    /// Names in their order, as [`Self::times`].
    pub const NAMES: [&'static str; 5] = ["durango", "etna", "fortuna", "granite", "helicon"];

    /// Forks active at a block time, Unix seconds.
    #[must_use]
    pub fn at(&self, time: u64) -> Rules {
        let active = |fork: Option<u64>| fork.is_some_and(|start| start <= time);
        Rules { durango: active(self.durango), etna: active(self.etna), granite: active(self.granite) }
    }

    /// Times in the order of the forks.
    #[must_use]
    pub const fn times(&self) -> [Option<u64>; 5] {
        [self.durango, self.etna, self.fortuna, self.granite, self.helicon]
    }

    /// From times in the order of the forks.
    #[must_use]
    pub const fn from_times(times: [Option<u64>; 5]) -> Self {
        let [durango, etna, fortuna, granite, helicon] = times;
        Self { durango, etna, fortuna, granite, helicon }
    }

    /// The first pair out of order: indices of the fork that has to come first and of the one that comes too early.
    /// Every fork but Fortuna needs those before it; Fortuna may be left out.
    #[must_use]
    pub fn disorder(&self) -> Option<(usize, usize)> {
        let mut before: Option<(usize, Option<u64>)> = None;
        for (index, time) in self.times().into_iter().enumerate() {
            if let (Some(time), Some((earlier, earlier_time))) = (time, before)
                && earlier_time.is_none_or(|earlier_time| time < earlier_time)
            {
                return Some((earlier, index));
            }
            let fortuna_left_out = index == FORTUNA && time.is_none();
            let missing_before = before.is_some_and(|(_, time)| time.is_none());
            if !fortuna_left_out && !missing_before {
                before = Some((index, time));
            }
        }
        None
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

impl HostUpgrades {
    /// A local or custom network that sets no times of its own: all since 2020-12-05 05:00 UTC.
    pub const LOCAL: Self = Self {
        durango: Some(INITIALLY_ACTIVE),
        etna: Some(INITIALLY_ACTIVE),
        fortuna: Some(INITIALLY_ACTIVE),
        granite: Some(INITIALLY_ACTIVE),
        helicon: Some(UNSCHEDULED),
    };

    /// Avalanche's main network.
    pub const MAINNET: Self = Self {
        durango: Some(1_709_740_800),
        etna: Some(1_734_368_400),
        fortuna: Some(1_744_124_400),
        granite: Some(1_763_568_000),
        helicon: Some(UNSCHEDULED),
    };

    /// Avalanche's test network.
    pub const FUJI: Self = Self {
        durango: Some(1_707_840_000),
        etna: Some(1_732_550_400),
        fortuna: Some(1_741_878_000),
        granite: Some(1_761_750_000),
        helicon: Some(UNSCHEDULED),
    };
}

/// 2020-12-05 05:00 UTC: what hosts write for upgrades that a network had from its start.
pub const INITIALLY_ACTIVE: u64 = 1_607_144_400;

/// 9999-12-01 00:00 UTC: what hosts write for upgrades that have no date yet.
pub const UNSCHEDULED: u64 = 253_399_622_400;

const FORTUNA: usize = 2;

impl HostUpgrades {
    /// Stored form: for each time in the order of the fields, whether it is there (1) and the time (8).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [self.durango, self.etna, self.fortuna, self.granite, self.helicon]
            .iter()
            .flat_map(|time| [u8::from(time.is_some())].into_iter().chain(time.unwrap_or_default().to_be_bytes()))
            .collect()
    }

    /// Reads the stored form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut times = bytes.chunks_exact(9).map(|chunk| {
            let (present, time) = chunk.split_first()?;
            let time = u64::from_be_bytes(time.try_into().ok()?);
            Some((*present == 1).then_some(time))
        });
        let mut next = || times.next().flatten();
        let upgrades = Self { durango: next()?, etna: next()?, fortuna: next()?, granite: next()?, helicon: next()? };
        (bytes.len() == 45).then_some(upgrades)
    }
}

#[cfg(test)]
mod tests {
    use super::{Forks, HostUpgrades, INITIALLY_ACTIVE, UNSCHEDULED};

    #[test]
    fn order() {
        let table = [
            ([Some(1), Some(1), Some(1), Some(1), Some(1)], None),
            ([Some(1), Some(2), None, Some(3), Some(4)], None),
            ([Some(1), Some(2), Some(3), None, None], None),
            ([None; 5], None),
            ([Some(2), Some(1), None, None, None], Some((0, 1))),
            ([None, Some(1), None, None, None], Some((0, 1))),
            ([Some(1), None, Some(2), None, None], Some((1, 2))),
            ([Some(1), Some(2), Some(1), None, None], Some((1, 2))),
            ([Some(1), Some(2), Some(4), Some(3), None], Some((2, 3))),
            ([Some(1), Some(2), None, Some(1), None], Some((1, 3))),
            ([Some(1), Some(2), None, None, Some(3)], Some((3, 4))),
            ([Some(1), None, None, None, Some(3)], Some((1, 4))),
        ];
        for (times, expected) in table {
            assert_eq!(Forks::from_times(times).disorder(), expected, "{times:?}");
        }
    }

    #[test]
    fn known_hosts_are_in_order() {
        for host in [HostUpgrades::LOCAL, HostUpgrades::MAINNET, HostUpgrades::FUJI] {
            let HostUpgrades { durango, etna, fortuna, granite, helicon } = host;
            assert_eq!(Forks { durango, etna, fortuna, granite, helicon }.disorder(), None);
        }
    }

    #[test]
    fn a_fork_begins_at_its_second() {
        let at = |time| Forks::from_times([Some(10), Some(20), None, Some(UNSCHEDULED), None]).at(time);
        assert!(!at(9).durango && at(10).durango && !at(19).etna && at(20).etna && !at(INITIALLY_ACTIVE).granite);
    }
}

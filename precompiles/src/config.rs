//! What genesis and upgrade files may say about a row: values only; parsing is genesis' work.

use crate::fee::FeeConfig;
use alloy_primitives::{Address, U256};

/// Which fields the configuration object of a row has beside `blockTimestamp` and `disable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `adminAddresses`, `managerAddresses`, `enabledAddresses`.
    AllowList,
    /// As the allow list, and `initialMint`.
    NativeMinter,
    /// As the allow list, and `initialFeeConfig`.
    FeeManager,
    /// As the allow list, and `initialRewardConfig`.
    RewardManager,
    /// `quorumNumerator`, `requirePrimaryNetworkSigners`.
    Warp,
    /// Nothing.
    Plain,
    /// `allowOnChainSecrets`.
    Secrets,
}

impl Kind {
    /// Whether the configuration names who holds which role.
    #[must_use]
    pub const fn has_roles(self) -> bool {
        match self {
            Self::AllowList | Self::NativeMinter | Self::FeeManager | Self::RewardManager => true,
            Self::Warp | Self::Plain | Self::Secrets => false,
        }
    }
}

/// Configuration of a row at its activation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a chain has a handful of these, read once a block")]
pub enum Config {
    /// [`Kind::AllowList`].
    AllowList(Roles),
    /// [`Kind::NativeMinter`]: roles, and wei minted at activation, sorted by address.
    NativeMinter(Roles, Vec<(Address, U256)>),
    /// [`Kind::FeeManager`]: roles, and the fees that it starts with (none: the chain's).
    FeeManager(Roles, Option<FeeConfig>),
    /// [`Kind::RewardManager`]: roles, and how it starts (none: as the chain's `allowFeeRecipients` says).
    RewardManager(Roles, Option<InitialReward>),
    /// [`Kind::Warp`].
    Warp(Warp),
    /// [`Kind::Plain`].
    Plain,
    /// [`Kind::Secrets`]: whether functions run whose secrets everybody sees.
    Secrets(bool),
}

/// Who holds which role from the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Roles {
    /// May set any role.
    pub admins: Vec<Address>,
    /// May toggle between none and enabled (from Durango on).
    pub managers: Vec<Address>,
    /// May use the precompile.
    pub enabled: Vec<Address>,
}

/// `initialRewardConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitialReward {
    /// Block builders choose the recipient. Not together with a non-zero `reward_address`.
    pub allow_fee_recipients: bool,
    /// Recipient of all fees; zero: rewards are disabled.
    pub reward_address: Address,
}

/// `warpConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warp {
    /// Required weight in percent: 0 (means 67) or 33..=100.
    pub quorum_numerator: u64,
    /// Messages of the primary network need its own signers.
    pub require_primary_network_signers: bool,
}

/// What the chain's own configuration gives to rows that start without a value of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// The chain's `feeConfig`.
    pub fee: FeeConfig,
    /// The chain's `allowFeeRecipients`.
    pub allow_fee_recipients: bool,
    /// Number of the activating block.
    pub number: u64,
}

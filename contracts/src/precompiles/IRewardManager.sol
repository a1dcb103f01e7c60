// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IRewardManager
/// @notice Who receives the fees of a block. A change takes effect from the next block on.
/// @dev Lives at 0x0200000000000000000000000000000000000004. Its configuration key is rewardManagerConfig.
interface IRewardManager {
    /// @notice A role was set, also if it was the same before.
    event RoleSet(uint256 indexed role, address indexed account, address indexed sender, uint256 oldRole);

    /// @notice Builders choose from the next block on.
    event FeeRecipientsAllowed(address indexed sender);

    /// @notice An account receives all fees from the next block on.
    event RewardAddressChanged(
        address indexed sender, address indexed oldRewardAddress, address indexed newRewardAddress
    );

    /// @notice The blackhole receives all fees from the next block on.
    event RewardsDisabled(address indexed sender);

    /// @notice Role of an account: 0 none, 1 enabled, 2 admin, 3 manager.
    function readAllowList(address account) external view returns (uint256 role);

    /// @notice Makes an account an admin. For admins.
    function setAdmin(address account) external;

    /// @notice Enables an account. For admins, and for managers if the account has no role.
    function setEnabled(address account) external;

    /// @notice Makes an account a manager. For admins. From Durango on.
    function setManager(address account) external;

    /// @notice Takes the role of an account away. For admins, and for managers if the account is enabled.
    function setNone(address account) external;

    /// @notice Lets the builder of each block choose who receives its fees. For those who hold a role.
    function allowFeeRecipients() external;

    /// @notice Whether builders choose.
    function areFeeRecipientsAllowed() external view returns (bool isAllowed);

    /// @notice Who receives all fees; zero if builders choose.
    function currentRewardAddress() external view returns (address rewardAddress);

    /// @notice Sends all fees to the blackhole. For those who hold a role.
    function disableRewards() external;

    /// @notice Sends all fees to an account, which is not zero. For those who hold a role.
    function setRewardAddress(address account) external;
}

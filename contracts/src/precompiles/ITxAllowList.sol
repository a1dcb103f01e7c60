// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title ITxAllowList
/// @notice Who may send transactions.
/// @dev Lives at 0x0200000000000000000000000000000000000002. Its configuration key is txAllowListConfig.
interface ITxAllowList {
    /// @notice A role was set, also if it was the same before.
    event RoleSet(uint256 indexed role, address indexed account, address indexed sender, uint256 oldRole);

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
}
